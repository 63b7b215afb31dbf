"""What the benches run against: mosquitto, `bypuls ingest`, InfluxDB, each a process of its own with its own folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

REPOSITORY = Path(__file__).resolve().parents[1]
INFLUX_TOKEN = "bench:bench-only"
_INFLUX_CONF = """
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


@dataclass(frozen=True)
class Running:
    """A broker and an ingest worker on a data folder."""

    folder: Path
    broker_port: int


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Running]:
    """Starts both, ends both. What is published before ingest listens would be sent again half a minute later only, so
    this waits for its word. Raises RuntimeError where mosquitto isn't installed or one of them doesn't start."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise RuntimeError("this bench needs mosquitto: apt install mosquitto")
    port = free_port()
    conf = folder / "mosquitto.conf"
    conf.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 200\nmax_queued_messages 100000\n"
    )
    with contextlib.ExitStack() as stack:
        broker = subprocess.Popen([program, "-c", str(conf)], stderr=subprocess.DEVNULL)
        stack.callback(broker.wait, 20)
        stack.callback(broker.terminate)
        deadline = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise RuntimeError("mosquitto does not answer") from None
                time.sleep(0.05)
        words = ["ingest", "--data-dir", str(folder), "--broker-port", str(port)]
        told = folder / "ingest.log"
        with told.open("w") as log:
            ingest = subprocess.Popen([sys.executable, "-m", "bypuls.cli", *words], stdout=log, stderr=log)
        stack.callback(ingest.wait, 20)
        stack.callback(ingest.terminate)
        deadline = time.monotonic() + 60
        while "connected to the broker" not in (said := told.read_text("utf-8")):
            if ingest.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"ingest does not connect:\n{said}")
            time.sleep(0.05)
        yield Running(folder, port)


def influxd() -> str | None:
    """Where InfluxDB's program is; None where there is none."""
    folders = f"{REPOSITORY / '.cache' / 'bin'}:{os.environ.get('PATH', '')}"
    return os.environ.get("BYPULS_INFLUXD") or shutil.which("influxd", path=folders)


@contextlib.contextmanager
def influxdb(program: str, folder: Path) -> Iterator[str]:
    """An InfluxDB of the bench's own, with the user of INFLUX_TOKEN; its address. Raises RuntimeError where it doesn't
    start."""
    port = free_port()
    conf, url = folder / "influxdb.conf", f"http://127.0.0.1:{port}"
    conf.write_text(_INFLUX_CONF.format(folder=folder, port=port))
    name, password = INFLUX_TOKEN.split(":")
    statement = f"CREATE USER {name} WITH PASSWORD '{password}' WITH ALL PRIVILEGES"
    with (folder / "influxd.log").open("w") as log:
        server = subprocess.Popen([program, "-config", str(conf)], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.post(f"{url}/query", data={"q": statement}, timeout=5).raise_for_status()
                break
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise RuntimeError("InfluxDB does not answer") from None
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(30)
