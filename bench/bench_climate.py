"""The targets and the yearly account of a municipality of 200 buildings through the API: a real server, real requests,
SQLite, three finished years of meters."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
from platform_of import free_port  # type: ignore[import-not-found]
from rows import Row

from bypuls.store.protocol import Bins
from bypuls.store.registry import (
    Building,
    Device,
    Factor,
    HourlyLabel,
    Sensor,
    Target,
    create_key,
    keep_hourly_factors,
    open_registry,
)
from bypuls.store.sqlite import SqliteStore

BUILDINGS = 200
YEARS = 3
HOUR_US = 3_600_000_000
REQUESTS = 60
# Bins of hours in place of quarters: what is measured is the page from kept years, not the filling of a database.
BIN_US = HOUR_US


def _start_us(year: int) -> int:
    return round(datetime(year - 1, 12, 31, 23, tzinfo=UTC).timestamp()) * 1_000_000


def _fill(folder: Path, first: int, last: int) -> str:
    rng = np.random.default_rng(1)
    t_us = np.arange(_start_us(first), _start_us(last + 1), BIN_US, dtype=np.int64)
    store = SqliteStore(folder)
    with open_registry(folder / "registry.db") as registry:
        with registry.session() as session:
            session.add(Device(id="pi", name="Pi"))
            for number in range(BUILDINGS):
                session.add(Building(id=f"building-{number}", name=f"Building {number}"))
            for number in range(BUILDINGS):
                for medium in ("electricity", "heat"):
                    session.add(
                        Sensor(
                            id=f"meter-{number}-{medium}", device="pi", kind="meter", name=f"Meter {number} {medium}",
                            building=f"building-{number}", medium=medium, interval_s=3600,
                        )
                    )  # fmt: skip
            for year in range(first, last + 1):
                session.add(
                    Factor(
                        factor_set="bench", version="1", carrier="heat", scope="2-location", gas="CO2", method="125 %",
                        area="DK2", valid_from=datetime(year - 1, 12, 31, 23, tzinfo=UTC),
                        valid_to=datetime(year, 12, 31, 23, tzinfo=UTC), step="year", value=0.05, unit="kg/kWh",
                        source="made for the bench",
                    )
                )  # fmt: skip
            session.add(
                Target(id="town", name="The town", kind="organisation", base_year=first - 5, base_tonnes=5000.0,
                       reduction=0.85, target_year=2030, gas="CO2", method="125 %")
            )  # fmt: skip
        label = HourlyLabel("bench", "DK2", "125 %", "made for the bench")
        keep_hourly_factors(registry, label, t_us, np.round(rng.uniform(20.0, 300.0, len(t_us)), 2))
        key = create_key(registry, "bench", ["read"])
    for number in range(BUILDINGS):
        for medium in ("electricity", "heat"):
            sensor = f"meter-{number}-{medium}"
            columns = {
                "n": np.ones(len(t_us)),
                "import_wh_delta": np.round(rng.uniform(1e3, 5e4, len(t_us))),
                "import_wh_covered_s": np.full(len(t_us), 3600.0),
            }
            block = Bins("meter", sensor, t_us, columns, {"medium": medium})
            store.replace_bins("meter", sensor, int(t_us[0]), int(t_us[-1]) + 1, [block])
    store.close()
    return key


def run() -> list[Row]:
    """Asks for the targets and for accounts of the finished years, first cold, then many times."""
    last = datetime.now(UTC).year - 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key, port = _fill(folder, last - YEARS + 1, last), free_port()
        words = ["api", "--data-dir", name, "--port", str(port)]
        with (folder / "api.log").open("w") as log:
            api = subprocess.Popen([sys.executable, "-m", "bypuls.cli", *words], stdout=log, stderr=log)
        try:
            cold_s, targets, pages, changes, years = _asked(f"http://127.0.0.1:{port}", key, last)
        finally:
            api.terminate()
            api.wait(20)
    return [
        Row(f"targets of {BUILDINGS} buildings, the first time ever", cold_s, "s"),
        Row(f"targets of {BUILDINGS} buildings from kept years, p95", float(np.percentile(targets, 95)), "ms", "< 300"),
        Row(f"the climate page of {BUILDINGS} buildings, p95", float(np.percentile(pages, 95)), "ms", "< 300"),
        Row(f"what moved and why, of {BUILDINGS} buildings, p95", float(np.percentile(changes, 95)), "ms", "< 300"),
        Row(f"a year's account of {BUILDINGS} buildings, p95", float(np.percentile(years, 95)), "ms", "< 300"),
    ]


def _asked(url: str, key: str, last: int) -> tuple[float, list[float], list[float], list[float], list[float]]:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=600) as client:
        deadline = time.monotonic() + 60
        while True:
            try:
                client.get("/api/v1/version")
                break
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        cold_s = _timed(client, "/api/v1/climate") / 1000.0
        targets, pages, changes, years = [], [], [], []
        for number in range(REQUESTS):
            targets.append(_timed(client, "/api/v1/climate"))
            pages.append(_timed(client, "/climate"))
            changes.append(_timed(client, "/fragments/climate/town/changes"))
            years.append(_timed(client, f"/api/v1/climate/accounts?year={last - number % YEARS}"))
            time.sleep(0.06)  # below the rate limit of a key
    return cold_s, targets, pages, changes, years


# As the page fetches itself: what only says that the meters are being added up would be quick to give.
_FETCHED = {"HX-Request": "true"}


def _timed(client: httpx.Client, path: str) -> float:
    started = time.monotonic()
    answer = client.get(path, headers=_FETCHED)
    took_ms = (time.monotonic() - started) * 1000.0
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")
    return took_ms
