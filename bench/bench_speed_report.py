"""Speed reports: a million vehicles from a file, ten million speeds, a site's month out of 50 sites of two years."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import numpy as np
from platform_of import free_port  # type: ignore[import-not-found]
from rows import Row

from bypuls.analysis.speed import summary
from bypuls.store.protocol import Bins
from bypuls.store.registry import Device, Sensor, Site, SpeedLimit, create_key, open_registry
from bypuls.store.sqlite import SqliteStore

SITES = 50
QUARTERS = 2 * 35_040
START_US = 1_704_067_200_000_000  # 2024-01-01
VEHICLES = 1_000_000


def run() -> list[Row]:
    """All three."""
    return [*_from_a_file(), _ten_million(), *_from_the_platform()]


def _from_a_file() -> list[Row]:
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "vehicles.csv", Path(name) / "report.pdf"
        # 60 days, each vehicle with its second.
        seconds = np.sort(rng.integers(0, 60 * 86_400, VEHICLES)).astype("timedelta64[s]")
        stamps = np.datetime_as_string(np.datetime64("2026-05-01T00:00:00") + seconds)
        speeds = np.clip(rng.normal(46, 8, VEHICLES), 5, 140).round(1)
        directions = rng.choice(["toward", "away"], VEHICLES)
        with source.open("w") as file:
            file.write("time,speed,direction\n")
            lines = zip(stamps.tolist(), speeds.tolist(), directions.tolist(), strict=True)
            file.writelines(f"{t},{v},{d}\n" for t, v, d in lines)
        words = ["report", "speed", str(source), "--limit", "50", "--format", "pdf", "-o", str(target)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        started = time.monotonic()
        subprocess.run([sys.executable, "-m", "bypuls.cli", *words], check=True, stdout=subprocess.DEVNULL)
        seconds_taken = time.monotonic() - started
        peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        if not target.read_bytes().startswith(b"%PDF"):
            raise RuntimeError("no PDF came out")
    rows = [Row("a million vehicles from CSV to PDF", seconds_taken, "s", "< 10")]
    if before < peak_mb * 1024:  # the largest child so far was this one
        rows.append(Row("the same, memory", peak_mb, "MB", "< 600"))
    return rows


def _ten_million() -> Row:
    speeds = np.random.default_rng(2).normal(46, 8, 10_000_000).clip(1, 200)
    started = time.monotonic()
    summary(speeds, 50.0)
    return Row("statistics of ten million speeds", time.monotonic() - started, "s", "< 1")


def _from_the_platform() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key = _fill(folder)
        with _served(folder, key) as client:
            json_s = _asked(client, "json", 40)
            pdf_s = _asked(client, "pdf", 5)
    return [
        Row("a site's month as JSON, p95", float(np.percentile(json_s, 95)) * 1000, "ms", "< 300"),
        Row("a site's month as JSON, median", float(np.median(json_s)) * 1000, "ms"),
        Row("a site's month as PDF, median", float(np.median(pdf_s)), "s", "< 2"),
    ]


def _fill(folder: Path) -> str:
    """50 sites with a radar each and two years of quarter-hour bins in two directions; a key to read them."""
    rng = np.random.default_rng(3)
    t_us = START_US + np.arange(QUARTERS, dtype=np.int64) * 900_000_000
    blocks = {direction: _columns(rng) for direction in ("toward", "away")}
    store = SqliteStore(folder)
    with open_registry(folder / "registry.db") as registry:
        with registry.session() as session:
            session.add(Device(id="pi", name="Pi"))
            for index in range(SITES):
                site, sensor = f"street-{index}", f"radar-{index}"
                session.add(Site(id=site, name=f"Street {index}"))
                session.add(SpeedLimit(site=site, direction="both", limit_kmh=50, valid_from=date(2020, 1, 1)))
                session.add(Sensor(id=sensor, device="pi", kind="passage", name=sensor, site=site))
        for index in range(SITES):
            sensor = f"radar-{index}"
            bins = [Bins("traffic", sensor, t_us, columns, {"direction": d}) for d, columns in blocks.items()]
            store.replace_bins("traffic", sensor, int(t_us[0]), int(t_us[-1]) + 1, bins)
        key = create_key(registry, "bench", ["read"])
    store.close()
    return key


def _columns(rng: np.random.Generator) -> dict[str, np.ndarray]:
    counts = rng.poisson(12, QUARTERS)
    speeds = [np.clip(rng.normal(46, 8, n), 5, 120) for n in counts.tolist()]
    texts = []
    for one in speeds:
        edges, numbers = np.unique(np.ceil(one).astype(int), return_counts=True)
        texts.append(",".join(f"{edge}:{n}" for edge, n in zip(edges.tolist(), numbers.tolist(), strict=True)) or None)
    return {
        "n": counts.astype(float),
        "sum_kmh": np.array([one.sum() for one in speeds]),
        "sum_kmh2": np.array([(one * one).sum() for one in speeds]),
        "max_kmh": np.array([one.max() if len(one) else np.nan for one in speeds]),
        "hist": np.array(texts, dtype=object),
        "width_kmh": np.ones(QUARTERS),
        "period_s": np.full(QUARTERS, 900.0),
        "uptime_s": np.full(QUARTERS, 900.0),
    }


@contextlib.contextmanager
def _served(folder: Path, key: str) -> Iterator[httpx.Client]:
    port = free_port()
    words = ["api", "--data-dir", str(folder), "--port", str(port)]
    with (folder / "api.log").open("w") as log:
        api = subprocess.Popen([sys.executable, "-m", "bypuls.cli", *words], stdout=log, stderr=log)
    try:
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            deadline = time.monotonic() + 60
            while True:
                try:
                    client.get("/api/v1/version")
                    break
                except httpx.TransportError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.1)
            yield client
    finally:
        api.terminate()
        api.wait(20)


def _asked(client: httpx.Client, form: str, times: int) -> list[float]:
    """Another site and another month each time: nothing that was asked before is asked again."""
    seconds: list[float] = []
    for number in range(times):
        month = number % 11 + 1
        query = {"from": f"2025-{month:02d}-01", "to": f"2025-{month + 1:02d}-01", "format": form}
        started = time.monotonic()
        answer = client.get(f"/api/v1/traffic/street-{number % SITES}/report", params=query)
        seconds.append(time.monotonic() - started)
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code}: {answer.text[:300]}")
        if form == "json" and answer.json()["statistics"]["all"]["n"] < 50_000:
            raise RuntimeError("the month's vehicles are missing from the report")
        time.sleep(0.06)  # below the rate limit of a key
    return seconds
