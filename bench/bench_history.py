"""Two years of the simulated town written as bins: into SQLite, and into InfluxDB where an influxd is to be had."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from platform_of import INFLUX_TOKEN, influxd, influxdb  # type: ignore[import-not-found]
from rows import Row

from bypuls.cli.town import found, write_history
from bypuls.store.influx import InfluxSettings, InfluxStore
from bypuls.store.protocol import Store
from bypuls.store.sqlite import SqliteStore


def _written(store: Store, folder: Path) -> tuple[int, float]:
    town = found(folder, 1, 730, datetime.now(UTC))
    started = time.monotonic()
    count = write_history(town, folder, store, lambda _done: None)
    return count, time.monotonic() - started


def run() -> list[Row]:
    """Writes the same town into each store."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        store = SqliteStore(Path(name))
        count, seconds = _written(store, Path(name))
        store.close()
        rows += [Row("bins", count, "bins"), Row("two years into SQLite", seconds, "s", "< 60")]
    program = influxd()
    if program is None:
        print("no influxd on this machine: the history on InfluxDB is not measured")  # noqa: T201 - a bench speaks
        return rows
    with tempfile.TemporaryDirectory() as name:
        rows.append(Row("two years into InfluxDB", _on_influx(program, Path(name)), "s", "< 180"))
    return rows


def _on_influx(program: str, folder: Path) -> float:
    with influxdb(program, folder) as url:
        store = InfluxStore(InfluxSettings(url, INFLUX_TOKEN, timeout_s=60.0, patience_s=60.0))
        store.setup()
        _, seconds = _written(store, folder)
        store.close()
        return seconds
