"""Two years of the simulated town written as bins: into SQLite, and into InfluxDB where an influxd is to be had."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from platform_of import REPOSITORY, free_port  # type: ignore[import-not-found]
from rows import Row

from bypuls.cli.town import found, write_history
from bypuls.store.influx import InfluxSettings, InfluxStore
from bypuls.store.protocol import Store
from bypuls.store.sqlite import SqliteStore

_CONF = """
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  index-version = "tsi1"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  auth-enabled = true
  flux-enabled = true
  log-enabled = false
"""


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
    influxd = os.environ.get("BYPULS_INFLUXD") or shutil.which(
        "influxd", path=f"{REPOSITORY / '.cache' / 'bin'}:{os.environ.get('PATH', '')}"
    )
    if influxd is None:
        print("no influxd on this machine: the history on InfluxDB is not measured")  # noqa: T201 - a bench speaks
        return rows
    with tempfile.TemporaryDirectory() as name:
        rows.append(Row("two years into InfluxDB", _on_influx(influxd, Path(name)), "s", "< 180"))
    return rows


def _on_influx(influxd: str, folder: Path) -> float:
    port = free_port()
    (folder / "influxdb.conf").write_text(_CONF.format(folder=folder, port=port))
    with (folder / "influxd.log").open("w") as log:
        server = subprocess.Popen([influxd, "-config", str(folder / "influxdb.conf")], stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{url}/ping", timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        statement = "CREATE USER bench WITH PASSWORD 'bench-only' WITH ALL PRIVILEGES"
        urllib.request.urlopen(f"{url}/query", urllib.parse.urlencode({"q": statement}).encode(), timeout=10).close()
        store = InfluxStore(InfluxSettings(url, "bench:bench-only", timeout_s=60.0, patience_s=60.0))
        store.setup()
        _, seconds = _written(store, folder)
        store.close()
        return seconds
    finally:
        server.terminate()
        server.wait(30)
