"""The commands, one module each."""

from __future__ import annotations

from importlib.metadata import version as version_of

import typer

from bypuls.cli import broker, grafana, letters, registry, replay, services, town, up

app = typer.Typer(
    name="bypuls",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The pulse of the town: sensors, MQTT, a store, an API, a page and dashboards.",
)
app.command()(up.up)
app.command(hidden=True)(broker.broker)
app.command()(services.ingest)
app.command()(services.api)
app.command("replay")(replay.replay_command)
app.add_typer(town.app, name="sim")
app.add_typer(registry.app, name="registry")
app.add_typer(registry.keys_app, name="keys")
app.add_typer(grafana.app, name="grafana")
app.add_typer(letters.app, name="dead-letters")


@app.command()
def version() -> None:
    """Print the release."""
    typer.echo(version_of("bypuls"))
