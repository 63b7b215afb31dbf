"""`bypuls results`: the official figures, laid down in InfluxDB for dashboards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated

import structlog
import typer

from bypuls.api.results.runner import JOBS, Ran, ResultsRunner
from bypuls.cli.alarms import process_name
from bypuls.cli.services import stop_on_signals, told
from bypuls.cli.settings import DATA_DIR, DataDir, InfluxUrl, Opened, now, opened
from bypuls.store.influx import InfluxStore
from bypuls.store.protocol import StoreError
from bypuls.store.results import NOW_US, TOPICS, Result, ResultBoard, ResultsInMemory
from bypuls.wire import format_time, from_us

log = structlog.get_logger("bypuls.results")

app = typer.Typer(
    no_args_is_help=True, help="Official figures for dashboards: worked out by the platform, laid down in InfluxDB."
)

Zone = Annotated[str, typer.Option(help="Zone of local days.")]


def _board(platform: Opened) -> ResultBoard:
    if isinstance(platform.store, InfluxStore):
        return platform.store
    raise told(ValueError("results are for dashboards, which read an InfluxDB — expected --influx-url"))


def _runner(platform: Opened, board: ResultBoard, tz: str, halted: Callable[[], bool] | None = None) -> ResultsRunner:
    try:
        return ResultsRunner(
            platform.store, board, platform.registry, platform.book, clock=now, tz=tz, owner=process_name(),
            halted=halted or (lambda: False),
        )  # fmt: skip
    except (ValueError, KeyError) as error:
        raise told(ValueError(f"--tz: {tz!r} — expected a zone such as Europe/Copenhagen")) from error


@app.command()
def serve(
    data_dir: DataDir = DATA_DIR,
    influx_url: InfluxUrl = None,
    every: Annotated[float, typer.Option(min=1.0, help="Seconds between looking for what is due.")] = 15.0,
    tz: Zone = "Europe/Copenhagen",
) -> None:
    """Work out again and again what is due, until stopped. Of several processes one works at a time."""
    stop: threading.Event = stop_on_signals()
    with opened(data_dir, influx_url) as platform:
        runner = _runner(platform, _board(platform), tz, stop.is_set)
        log.info("results are worked out", store=influx_url)
        runner.serve(stop, every_s=every)


@app.command()
def run(
    jobs: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(JOBS)}; all without.")] = None,
    data_dir: DataDir = DATA_DIR,
    influx_url: InfluxUrl = None,
    tz: Zone = "Europe/Copenhagen",
) -> None:
    """Work out everything once, and end: for a timer of the machine's own."""
    for job in jobs or ():
        if job not in JOBS:
            raise told(ValueError(f"{job!r} — expected one of {', '.join(JOBS)}"))
    with opened(data_dir, influx_url) as platform:
        try:
            runner = _runner(platform, _board(platform), tz)
            ran = runner.run(jobs or list(JOBS))
            runner.rest()
        except StoreError as error:
            raise told(error) from error
    if ran is None:
        raise told(RuntimeError("another process works out results just now"))
    for one in ran:
        typer.echo(_line(one))
    if any(one.reason is not None for one in ran):
        raise typer.Exit(1)


def _line(one: Ran) -> str:
    failed = f" — {one.reason}" if one.reason is not None else ""
    return f"{one.job}: {one.results} results in {one.seconds:.1f} s{failed}"


@app.command()
def show(
    topic: Annotated[str, typer.Argument(help=f"One of {', '.join(TOPICS)}.")],
    data_dir: DataDir = DATA_DIR,
    influx_url: InfluxUrl = None,
    tz: Zone = "Europe/Copenhagen",
) -> None:
    """Show a topic: as it stands in InfluxDB; without one it is worked out now and laid down nowhere."""
    if topic not in TOPICS:
        raise told(ValueError(f"{topic!r} — expected one of {', '.join(TOPICS)}"))
    with opened(data_dir, influx_url) as platform:
        try:
            board: ResultBoard
            if isinstance(platform.store, InfluxStore):
                board = platform.store
            else:
                board = ResultsInMemory()
                runner = _runner(platform, board, tz)
                runner.run([name for name, _ in JOBS.items()])
                runner.rest()
            found = board.results(topic)
        except StoreError as error:
            raise told(error) from error
    for one in found:
        typer.echo(_told(one))
    if not found:
        typer.echo(f"No results of {topic}.")


def _told(one: Result) -> str:
    when = "" if one.t_us == NOW_US else f" {format_time(from_us(one.t_us))}"
    values = ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value!r}"
                       for name, value in one.fields.items())  # fmt: skip
    return f"{', '.join(one.tags[name] for name in TOPICS[one.topic].tags)}{when}: {values}".lstrip(", ")
