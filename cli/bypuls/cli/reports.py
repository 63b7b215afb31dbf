"""`bypuls reports`: scheduled reports into a folder and by mail."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from bypuls.api.reports.schedule import Mailer, MailSettings
from bypuls.cli.services import stop_on_signals, told
from bypuls.cli.settings import DATA_DIR, REPORTS, DataDir, Environment, InfluxUrl, Opened, now, opened

if TYPE_CHECKING:
    from bypuls.api.reports.schedule import Runner

log = structlog.get_logger("bypuls.reports")

app = typer.Typer(
    no_args_is_help=True, help="Scheduled reports of streets and buildings: what is due is written and sent, once."
)

Folder = Annotated[
    Path | None,
    typer.Option("--folder", envvar="BYPULS_REPORTS_DIR", help="Where files go; `reports` in the data folder without."),
]
Zone = Annotated[str, typer.Option(help="Zone of local days.")]
Surveyor = Annotated[str | None, typer.Option(envvar="BYPULS_SURVEYOR", help="Who answers for speed reports.")]


def runner_of(platform: Opened, data_dir: Path, folder: Path | None, tz: str, surveyor: str | None) -> Runner:
    """The runner that options and environment describe.  Raises ValueError."""
    name = f"{socket.gethostname().lower()[:40]}-{os.getpid()}"
    # Here and not above: alarms are told through this module's mailer, without what draws reports.
    from bypuls.api.reports.schedule import Runner, RunnerSettings

    settings = RunnerSettings(folder=folder or data_dir / REPORTS, tz=tz, owner=name, surveyor=surveyor)
    return Runner(platform.store, platform.registry, platform.book, settings, clock=now, mailer=mailer_of())


def mailer_of() -> Mailer | None:
    """The mailer that the environment describes; None without a mail server.  Raises ValueError."""
    environment = Environment()
    if environment.smtp_host is None:
        return None
    password = environment.smtp_password
    return Mailer(
        MailSettings(
            host=environment.smtp_host,
            port=environment.smtp_port,
            sender=environment.smtp_from or f"bypuls@{socket.getfqdn()}",
            tls=environment.smtp_tls,
            username=environment.smtp_username,
            password=None if password is None else password.get_secret_value(),
        )
    )


@app.command()
def run(
    data_dir: DataDir = DATA_DIR,
    influx_url: InfluxUrl = None,
    folder: Folder = None,
    tz: Zone = "Europe/Copenhagen",
    surveyor: Surveyor = None,
    due: Annotated[
        bool, typer.Option("--due", help="What failed a moment ago waits its time, as for a timer that runs often.")
    ] = False,
) -> None:
    """Make what is due now, and end: for a timer of the machine's own."""
    with opened(data_dir, influx_url) as platform:
        try:
            runs = runner_of(platform, data_dir, folder, tz, surveyor).run_due(at_once=not due)
        except ValueError as error:
            raise told(error) from error
    for one in runs:
        typer.echo(f"{one.schedule} {one.first_day}: {one.state}{f' — {one.detail}' if one.detail else ''}")
        for name in one.files.splitlines():
            typer.echo(f"  {name}")
    if any(one.state != "done" for one in runs):
        raise typer.Exit(1)


@app.command()
def serve(
    data_dir: DataDir = DATA_DIR,
    influx_url: InfluxUrl = None,
    folder: Folder = None,
    tz: Zone = "Europe/Copenhagen",
    surveyor: Surveyor = None,
) -> None:
    """Make reports when they are due, until stopped. Several of them share the work."""
    stop = stop_on_signals()
    with opened(data_dir, influx_url) as platform:
        try:
            made = runner_of(platform, data_dir, folder, tz, surveyor)
        except ValueError as error:
            raise told(error) from error
        log.info("schedules are watched", folder=str(folder or data_dir / REPORTS))
        made.serve(stop)


@app.command("list")
def list_runs(data_dir: DataDir = DATA_DIR, influx_url: InfluxUrl = None) -> None:
    """What became of scheduled reports, newest first."""
    with opened(data_dir, influx_url) as platform:
        for one in platform.book.report_runs():
            detail = f" — {one.detail}" if one.detail else ""
            typer.echo(f"{one.first_day} {one.schedule}: {one.state}, tried {one.attempts} times{detail}")
