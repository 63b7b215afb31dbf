"""The commands, one module each."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version as version_of

import typer

from bypuls.cli import grafana, letters, registry, report, reports, services

app = typer.Typer(
    name="bypuls",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The pulse of the town: sensors, MQTT, a store, an API, a page and dashboards.",
)


def _add_simulation() -> None:
    """The commands that simulate or replay. A server in production goes without their libraries."""
    try:
        up, town, replay, broker = (import_module(f"bypuls.cli.{name}") for name in ("up", "town", "replay", "broker"))
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith("bypuls"):
            raise
        missing = error.name

        def absent() -> None:
            """Needs the simulation's libraries, which are not installed."""
            typer.echo(f"bypuls: the library {missing} is missing. pip install 'bypuls[server,sim]'", err=True)
            raise typer.Exit(1)

        for name in ("up", "sim", "replay"):
            settings = {"ignore_unknown_options": True, "allow_extra_args": True}
            app.command(name, context_settings=settings)(absent)
        return
    app.command()(up.up)
    app.command("replay")(replay.replay_command)
    app.add_typer(town.app, name="sim")
    app.command(hidden=True)(broker.broker)


_add_simulation()
app.command()(services.ingest)
app.command()(services.api)
app.add_typer(registry.app, name="registry")
app.add_typer(registry.keys_app, name="keys")
app.add_typer(grafana.app, name="grafana")
app.add_typer(letters.app, name="dead-letters")
app.add_typer(report.app, name="report")
app.add_typer(reports.app, name="reports")


@app.command()
def version() -> None:
    """Print the release."""
    typer.echo(version_of("bypuls"))
