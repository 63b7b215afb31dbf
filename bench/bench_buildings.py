"""The portfolio of 200 buildings through the API: a real server, SQLite, a year and a half of quarter-hour bins."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
from platform_of import free_port  # type: ignore[import-not-found]
from rows import Row

from bypuls.store.protocol import Bins
from bypuls.store.registry import Building, Device, HeatedArea, NormalYear, Price, Sensor, create_key, open_registry
from bypuls.store.sqlite import SqliteStore

BUILDINGS = 200
DAYS = 500
QUARTER_US = 900_000_000
USES = ("office", "education", "day-care", "sports")


def _fill(folder: Path) -> str:
    """Bins and registry, and a key. Bins are written as one an hour with 3,600 s covered: the store sums days of the
    past once, and what is read later is the same."""
    rng = np.random.default_rng(1)
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    t_us = (int(end.timestamp()) - 3600 * np.arange(24 * DAYS, 0, -1, dtype=np.int64)) * 1_000_000
    day = np.arange(t_us.size) // 24
    temp_c = 9.0 - 8.0 * np.cos(2 * np.pi * day / 365.25) + rng.normal(0, 3, DAYS)[day]
    ones, hour_s = np.ones(t_us.size), np.full(t_us.size, 3600.0)
    store = SqliteStore(folder)
    with open_registry(folder / "registry.db") as registry:
        with registry.session() as session:
            session.add(Device(id="pi", name="Pi"))
            session.add(Sensor(id="station", device="pi", kind="weather", name="Station"))
            session.add(
                NormalYear(
                    id="own",
                    name="Own",
                    station="Town",
                    sensor="station",
                    rule="all year",
                    degree_days=3000.0,
                    source="made for the bench",
                )
            )
            for medium, value in (("electricity", 1.8), ("heat", 0.7)):
                session.add(Price(medium=medium, valid_from=date(2020, 1, 1), unit="dkk_per_kwh", value=value))
            for number in range(BUILDINGS):
                one = f"building-{number}"
                session.add(Building(id=one, name=f"Building {number}", use=USES[number % len(USES)]))
                session.add(HeatedArea(building=one, valid_from=date(2010, 1, 1), area_m2=1000.0 + 10 * number))
                for medium in ("electricity", "heat"):
                    sensor = f"{one}-{medium}"
                    session.add(Sensor(id=sensor, device="pi", kind="meter", name=sensor, building=one, medium=medium))
        weather = Bins("weather", "station", t_us, {"n": ones, "temp_c_n": ones, "temp_c_sum": temp_c})
        store.replace_bins("weather", "station", 0, 2**61, [weather])
        for number in range(BUILDINGS):
            scatter = rng.normal(1.0, 0.05, DAYS)[day]
            heat = 1000.0 * (2.0 + np.maximum(0.0, 16.0 - temp_c)) * scatter
            for medium, wh in (("electricity", 5000.0 * scatter), ("heat", heat)):
                sensor = f"building-{number}-{medium}"
                columns = {"n": ones, "import_wh_delta": wh, "import_wh_covered_s": hour_s}
                bins = Bins("meter", sensor, t_us, columns, {"medium": medium})
                store.replace_bins("meter", sensor, 0, 2**61, [bins])
        key = create_key(registry, "bench", ["read"])
    store.close()
    return key


def run() -> list[Row]:
    """The first answer after history was written, the first of a new process, and a building's figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key = _fill(folder)
        took = [_asked(folder, key) for _ in range(2)]
    (first, _), (cold, one) = took
    return [
        Row("portfolio of 200 buildings, days added up", first, "s"),
        Row("portfolio of 200 buildings, cold", cold, "s", "< 1"),
        Row("figures of one building, a year", one, "s"),
    ]


def _asked(folder: Path, key: str) -> tuple[float, float]:
    """Seconds of the portfolio and of a building's figures, each the first that a new server is asked for."""
    port = free_port()
    command = [sys.executable, "-m", "bypuls.cli", "api", "--data-dir", str(folder), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}, timeout=300.0
            ) as client:
                _wait(client)
                found = []
                for path in ("/api/v1/portfolio", "/api/v1/buildings/building-7/figures"):
                    started = time.perf_counter()
                    client.get(path).raise_for_status()
                    found.append(time.perf_counter() - started)
                return found[0], found[1]
        finally:
            server.terminate()


def _wait(client: httpx.Client) -> None:
    until = time.monotonic() + timedelta(seconds=60).total_seconds()
    while time.monotonic() < until:
        try:
            client.get("/api/v1/version").raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise TimeoutError("the API didn't answer within 60 s")
