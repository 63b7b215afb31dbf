"""`bypuls up`: everything on this machine, with a simulated town unless it is told not to."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bypuls.cli import town as towns
from bypuls.cli.children import Child, stop_all
from bypuls.cli.services import free_port_or_exit, stop_on_signals, told
from bypuls.cli.settings import DATA_DIR, DataDir, InfluxUrl, now, open_store, registry_of
from bypuls.store.protocol import StoreError

console = Console()

_HOST = "127.0.0.1"
_READY_WITHIN_S = 60.0
_STOP_WITHIN_S = 2.5

# Where Debian and Ubuntu put a daemon that is no user's command.
_PLACES = ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto")


def mosquitto() -> str | None:
    """The mosquitto of this machine; None where there is none."""
    return shutil.which("mosquitto") or next((place for place in _PLACES if os.access(place, os.X_OK)), None)


def mosquitto_conf(port: int) -> str:
    """A broker for this machine alone. It keeps nothing on disk: the edges hold what isn't receipted."""
    return "\n".join(
        [
            f"listener {port} {_HOST}",
            "allow_anonymous true",
            "persistence false",
            "max_inflight_messages 200",
            "max_queued_messages 100000",
            "max_packet_size 262144",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "",
        ]
    )


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server((_HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def alone_in(data_dir: Path) -> Iterator[None]:
    """Holds the data folder; a second `bypuls up` in it is told so."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "up.lock").open("a")
    except OSError as error:
        raise told(OSError(f"--data-dir {data_dir}: {error.strerror}")) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            reason = f"--data-dir {data_dir}: another `bypuls up` runs in this folder; name another one"
            raise told(OSError(reason)) from error
        yield


def answers(url: str) -> str | None:
    """What keeps the page from being of use, as the API says it; "" where it doesn't answer, None where all is well."""
    try:
        with urllib.request.urlopen(url, timeout=2.0) as response:
            return None if response.status == 200 else ""
    except urllib.error.HTTPError as error:
        with error:
            try:
                state = json.load(error)
            except ValueError:
                return ""
        return f"store: {state.get('store')}, broker: {state.get('broker')}" if isinstance(state, dict) else ""
    except OSError:
        return ""


def up(
    data_dir: DataDir = DATA_DIR,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page and the API.")] = 8080,
    broker_port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the broker; 0 = any free one.")] = 0,
    python_broker: Annotated[
        bool, typer.Option("--python-broker", help="The broker in Python, even where mosquitto is installed.")
    ] = False,
    influx_url: InfluxUrl = None,
    town: Annotated[bool, typer.Option(help="With the simulated town.")] = True,
    seed: towns.Seed = towns.SEED,
    history_days: towns.Days = towns.DAYS,
) -> None:
    """Run the whole platform on this machine: broker, ingest, API and a simulated town. Ctrl-C stops it."""
    stop = stop_on_signals()
    free_port_or_exit(_HOST, port)
    if broker_port:
        free_port_or_exit(_HOST, broker_port, option="--broker-port")
    if influx_url is not None:
        try:
            open_store(data_dir, influx_url).close()
        except StoreError as error:
            raise told(error) from error
    with alone_in(data_dir):
        data = ["--data-dir", str(data_dir)]
        store = ["--influx-url", influx_url] if influx_url else []
        broker = broker_port or free_port()
        conf = data_dir / "mosquitto.conf"
        daemon = None if python_broker else mosquitto()
        if daemon is not None:
            conf.write_text(mosquitto_conf(broker), "utf-8")
            broker_command = [daemon, "-c", str(conf)]
        else:
            if not python_broker:
                console.print("mosquitto isn't installed: a broker in Python (amqtt) takes its place.")
            broker_command = _bypuls("broker", "--port", str(broker))
        if town:
            with console.status("Founding the town …"):
                file = towns.found(data_dir, seed, history_days, now())
                with registry_of(data_dir) as registry:
                    towns.register(registry, file)
        reach = ["--broker-port", str(broker)]
        services = [
            Child("ingest", _bypuls("ingest", *data, *store, *reach), _log(data_dir, "ingest")),
            Child(
                "api",
                _bypuls("api", *data, *store, *reach, "--port", str(port), "--open", "--citizen-reports"),
                _log(data_dir, "api"),
            ),
            Child("alarms", _bypuls("alarms", "serve", *data, *store), _log(data_dir, "alarms")),
        ]
        if influx_url is not None:
            # For dashboards, which read InfluxDB alone.
            services.append(Child("results", _bypuls("results", "serve", *data, *store), _log(data_dir, "results")))
        history = None
        if town:
            written = _bypuls("sim", "history", *data, *store)
            history = Child("history", written, _log(data_dir, "history"), once=True)
            services.append(Child("town", _bypuls("sim", "live", *data, *reach), _log(data_dir, "town")))
            services.append(history)
        # Not before the past is there: a report is made once, and would be of the part that was written by then.
        reports = _bypuls("reports", "serve", *data, *store)
        services.append(Child("reports", reports, _log(data_dir, "reports"), after=history))
        broker_child = Child("broker", broker_command, _log(data_dir, "broker"))
        try:
            _run(stop, broker_child, services, f"http://{_HOST}:{port}/", broker, data_dir)
        finally:
            console.print("Stopping …")
            stop_all(services, within_s=_STOP_WITHIN_S)
            stop_all([broker_child], within_s=1.0)
    console.print("Stopped.")


def _run(
    stop: threading.Event, broker: Child, services: list[Child], page: str, broker_port: int, data_dir: Path
) -> None:
    broker.start()
    _wait_for_broker(stop, broker, broker_port)
    for child in services:
        if child.after is None:
            child.start()
    deadline = time.monotonic() + _READY_WITHIN_S
    told_ready = False
    while not stop.wait(0.25):
        for child in (broker, *services):
            # What waits for another doesn't compete with the page's start, either.
            if told_ready or child.after is None:
                child.watch(time.monotonic())
        if told_ready:
            continue
        trouble = answers(f"{page}api/v1/health")
        if trouble is None:
            told_ready = True
            console.print(f"\n  [bold]{page}[/bold]   the page")
            console.print(f"  {page}api   the API's description")
            console.print(f"  mqtt://{_HOST}:{broker_port}   the broker")
            console.print(f"  {data_dir / 'logs'}   the logs\n\nCtrl-C stops everything.")
        elif time.monotonic() > deadline:
            blamed = next(child for child in services if child.name == ("ingest" if trouble else "api"))
            what = f"the platform can't work ({trouble})" if trouble else "the page does not answer"
            raise told(TimeoutError(f"{what}; the end of {blamed.log_file}:\n{blamed.last_words()}"))


def _wait_for_broker(stop: threading.Event, broker: Child, port: int) -> None:
    deadline = time.monotonic() + 15.0
    while not stop.wait(0.05):
        try:
            socket.create_connection((_HOST, port), timeout=1.0).close()
        except OSError:
            if not broker.running or time.monotonic() > deadline:
                reason = f"the broker does not start; the end of {broker.log_file}:\n{broker.last_words()}"
                raise told(OSError(reason)) from None
        else:
            return


def _log(data_dir: Path, name: str) -> Path:
    return data_dir / "logs" / f"{name}.log"


def _bypuls(*words: str) -> list[str]:
    return [sys.executable, "-m", "bypuls.cli", *words]
