"""A year of hours of one sensor through the API: a real server, a real request, SQLite."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
from platform_of import free_port  # type: ignore[import-not-found]
from rows import Row

from bypuls.store.protocol import Bins
from bypuls.store.registry import Device, Sensor, create_key, open_registry
from bypuls.store.sqlite import SqliteStore

SENSORS = 20
QUARTERS = 35_040
START_US = 1_704_067_200_000_000  # 2024-01-01
REQUESTS = 60


def _fill(folder: Path) -> str:
    """A year of quarter-hour bins of several meters, and a key."""
    rng = np.random.default_rng(1)
    t_us = START_US + np.arange(QUARTERS, dtype=np.int64) * 900_000_000
    store = SqliteStore(folder)
    with open_registry(folder / "registry.db") as registry:
        with registry.session() as session:
            session.add(Device(id="pi", name="Pi"))
            for index in range(SENSORS):
                sensor = f"meter-{index}"
                session.add(
                    Sensor(id=sensor, device="pi", kind="meter", name=sensor, medium="electricity", interval_s=60)
                )
                power = rng.uniform(1e3, 5e4, QUARTERS)
                columns = {
                    "n": np.full(QUARTERS, 15.0),
                    "import_wh_delta": power / 4,
                    "import_wh_covered_s": np.full(QUARTERS, 900.0),
                    "import_wh_gap_s": np.zeros(QUARTERS),
                    "import_wh_resets": np.zeros(QUARTERS),
                    "power_w_n": np.full(QUARTERS, 15.0),
                    "power_w_sum": power * 15,
                    "power_w_min": power * 0.9,
                    "power_w_max": power * 1.1,
                }
                bins = Bins("meter", sensor, t_us, columns, {"medium": "electricity"})
                store.replace_bins("meter", sensor, int(t_us[0]), int(t_us[-1]) + 1, [bins])
        key = create_key(registry, "bench", ["read"])
    store.close()
    return key


def run() -> list[Row]:
    """Asks for the year of one meter after another."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key, port = _fill(folder), free_port()
        words = ["api", "--data-dir", name, "--port", str(port)]
        with (folder / "api.log").open("w") as log:
            api = subprocess.Popen([sys.executable, "-m", "bypuls.cli", *words], stdout=log, stderr=log)
        try:
            seconds = _asked(f"http://127.0.0.1:{port}", key)
        finally:
            api.terminate()
            api.wait(20)
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
    return [
        Row("a year of hours of one meter, median", float(p50), "ms"),
        Row("a year of hours of one meter, p95", float(p95), "ms", "< 100"),
    ]


def _asked(url: str, key: str) -> list[float]:
    seconds: list[float] = []
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        deadline = time.monotonic() + 60
        while True:
            try:
                client.get("/api/v1/version")
                break
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        for number in range(REQUESTS):
            query = {
                "sensor": f"meter-{number % SENSORS}",
                "every": "hour",
                "from": "2024-01-01",
                "to": "2024-12-31",
                "fields": "import_wh",
            }
            started = time.monotonic()
            answer = client.get("/api/v1/series", params=query)
            seconds.append(time.monotonic() - started)
            if answer.status_code != 200 or answer.json()["rows"] < 8_700:
                raise RuntimeError(f"{answer.status_code}: {answer.text[:300]}")
            time.sleep(0.06)  # below the rate limit of a key
    return seconds
