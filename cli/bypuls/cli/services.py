"""`bypuls ingest` and `bypuls api`: the platform's two services, each a process of its own."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import structlog
import typer
from prometheus_client import CollectorRegistry, start_http_server

from bypuls.cli.settings import (
    DATA_DIR,
    REPORTS,
    BrokerHost,
    BrokerPort,
    DataDir,
    InfluxUrl,
    ReportDays,
    broker_settings,
    now,
    opened,
    webhook_names,
)
from bypuls.cli.wording import in_words
from bypuls.ingest.asset_names import AssetNames
from bypuls.ingest.plants import crash_moment, receipts_first
from bypuls.ingest.retention import AT_LEAST, KEEP_REPORTS
from bypuls.ingest.service import Ingest, IngestSettings
from bypuls.ingest.status import StatusBoard
from bypuls.store.influx import InfluxStore
from bypuls.store.protocol import Misconfigured, StoreError

log = structlog.get_logger("bypuls")


def stop_on_signals() -> threading.Event:
    """Set by SIGINT, SIGTERM and, unless it is ignored (nohup), by the terminal's end (SIGHUP)."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: stop.set())
    return stop


@contextmanager
def worker_name(data_dir: Path) -> Iterator[str]:
    """A name that no other ingest worker has, on this machine or another: two never take each other's session."""
    data_dir.mkdir(parents=True, exist_ok=True)
    host = "".join(c if c.isalnum() else "-" for c in socket.gethostname().lower()).strip("-")[:40] or "host"
    # Two platforms of one machine may share a broker; their folders tell them apart.
    place = hashlib.blake2b(str(data_dir.resolve()).encode(), digest_size=3).hexdigest()
    number = 1
    while True:
        with (data_dir / f"ingest-{number}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                number += 1
                continue
            yield f"{host}-{place}-{number}"
            return


def make_buckets(store: InfluxStore) -> float:
    """Makes the buckets where they are missing; in how many seconds to try again, 0 = done."""
    try:
        store.setup()
    except StoreError as error:
        pause_s = 30.0 if isinstance(error, Misconfigured) else 3.0
        log.error("the buckets can't be looked after yet", reason=str(error), again_in_s=pause_s)
        return pause_s
    return 0.0


def _go_on_making_buckets(store: InfluxStore, stop: threading.Event, pause_s: float) -> None:
    """Ingest runs meanwhile: a token that may write may have no right to see buckets, which the operator made then."""
    while pause_s and not stop.wait(pause_s):
        pause_s = make_buckets(store)


def ingest(
    data_dir: DataDir = DATA_DIR,
    influx_url: InfluxUrl = None,
    broker_host: BrokerHost = "127.0.0.1",
    broker_port: BrokerPort = 1883,
    share: Annotated[
        str | None, typer.Option(help="Group of a shared subscription, for several workers on one broker.")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of Prometheus metrics on 127.0.0.1.")
    ] = None,
    keep_passages_days: Annotated[
        int, typer.Option(help="Days that single passages are kept (2 or more; 0 = for ever). Their bins stay anyway.")
    ] = 30,
    citizen_reports_days: ReportDays = KEEP_REPORTS.days,
    rollup_every: Annotated[float, typer.Option(help="Seconds between rollups while there is no backlog.")] = 5.0,
) -> None:
    """Take readings over from the broker into the store, and keep the quarter-hour bins."""
    if 0 < keep_passages_days < AT_LEAST.days or keep_passages_days < 0:
        raise told(ValueError(f"--keep-passages-days: {keep_passages_days} — expected {AT_LEAST.days} or more, or 0"))
    stop = stop_on_signals()
    collectors = CollectorRegistry()
    if metrics_port is not None:
        free_port_or_exit("127.0.0.1", metrics_port, option="--metrics-port")
        start_http_server(metrics_port, addr="127.0.0.1", registry=collectors)
    with opened(data_dir, influx_url) as platform, worker_name(data_dir) as worker:
        helpers: list[threading.Thread] = []
        if isinstance(platform.store, InfluxStore):
            store, pause_s = platform.store, make_buckets(platform.store)
            keeper = AssetNames(store, platform.registry, clock=now)
            helpers = [
                threading.Thread(target=_go_on_making_buckets, args=(store, stop, pause_s), name="buckets"),
                threading.Thread(target=keeper.run, args=(stop,), name="asset-names"),
            ]
            for thread in helpers:
                thread.start()
        settings = IngestSettings(
            broker=broker_settings(broker_host, broker_port),
            worker=worker,
            share=share,
            rollup_every_s=rollup_every,
            keep_passages=timedelta(days=keep_passages_days) if keep_passages_days else None,
            keep_reports=timedelta(days=citizen_reports_days),
        )
        service = Ingest(
            settings,
            platform.store,
            platform.registry,
            platform.book,
            clock=now,
            collectors=collectors,
            moment=crash_moment(),
            hasty=receipts_first(),
        )
        log.info("ingest runs", worker=worker, store=influx_url or str(data_dir), broker=f"{broker_host}:{broker_port}")
        try:
            service.run(stop)
        finally:
            stop.set()
            for thread in helpers:
                thread.join()
    log.info("ingest is at rest")


def api(
    data_dir: DataDir = DATA_DIR,
    influx_url: InfluxUrl = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page and the API.")] = 8080,
    open_on_loopback: Annotated[
        bool, typer.Option("--open", help="For a demo: this machine may read without a key. Refused with another host.")
    ] = False,
    tz: Annotated[str, typer.Option(help="Zone of local days.")] = "Europe/Copenhagen",
    public_traffic: Annotated[
        bool,
        typer.Option(
            "--public-traffic", help="Strangers may see speed reports, without cells of fewer than 5 vehicles."
        ),
    ] = False,
    citizen_reports: Annotated[
        bool, typer.Option("--citizen-reports", help="Strangers may report dark or unsafe places at /report-light.")
    ] = False,
    citizen_reports_days: ReportDays = KEEP_REPORTS.days,
    tiles: Annotated[
        str | None,
        typer.Option(
            envvar="BYPULS_TILES_URL",
            help="Tile server for the map of streets, asked by browsers: https://tiles.town.example/{z}/{x}/{y}.png.",
        ),
    ] = None,
    tiles_attribution: Annotated[
        str | None, typer.Option(envvar="BYPULS_TILES_ATTRIBUTION", help="What must stand below its tiles.")
    ] = None,
    reports_dir: Annotated[
        Path | None,
        typer.Option(
            envvar="BYPULS_REPORTS_DIR",
            help="Where `bypuls reports` puts its files, to fetch them from; `reports` in the data folder without.",
        ),
    ] = None,
    broker_host: BrokerHost = "127.0.0.1",
    broker_port: BrokerPort = 1883,
) -> None:
    """Serve the API under /api/v1/ and the web page."""
    # Here and not above: without the API's libraries ingest starts, and after a fault goes on, in half the time.
    import uvicorn

    from bypuls.api import ApiContext, ApiSettings, create_app

    try:
        settings = ApiSettings(
            host=host, open_on_loopback=open_on_loopback, tz=tz, public_traffic=public_traffic, tiles_url=tiles,
            tiles_attribution=tiles_attribution, citizen_reports=citizen_reports,
            citizen_reports_days=citizen_reports_days, alarm_webhooks=webhook_names(),
            reports=reports_dir or data_dir / REPORTS,
        )  # fmt: skip
    except ValueError as error:
        raise told(error) from error
    free_port_or_exit(host, port)
    with opened(data_dir, influx_url) as platform:
        board = StatusBoard(broker_settings(broker_host, broker_port))
        context = ApiContext(
            platform.store,
            platform.registry,
            platform.book,
            settings=settings,
            clock=now,
            online=board.online,
            broker_up=board.connected,
        )
        board.start()
        try:
            log.info("the page is served", address=f"http://{host}:{port}/")
            uvicorn.run(create_app(context), host=host, port=port, log_level="warning", timeout_graceful_shutdown=2)
        finally:
            board.stop()


def free_port_or_exit(host: str, port: int, option: str = "--port") -> None:
    """Ends the command in plain words where the port is taken or the address is none of this machine's."""
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise told(OSError(f"port {port} is taken by another program; choose another with {option}")) from error
        raise told(OSError(f"{host}:{port} can't be listened on: {error.strerror}")) from error


def told(error: Exception) -> typer.Exit:
    """Says in plain words what is wrong, and ends the command with 1."""
    print(f"bypuls: {in_words(error)}", file=sys.stderr)  # noqa: T201 - the command's own answer
    return typer.Exit(1)
