"""The commands, one module each."""

from __future__ import annotations

from importlib.metadata import version as version_of

import typer

from bypuls.cli import letters, registry, replay, services

app = typer.Typer(
    name="bypuls",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The pulse of the town: sensors, MQTT, a store, an API, a page and dashboards.",
)
app.command()(services.ingest)
app.command("replay")(replay.replay_command)
app.add_typer(registry.app, name="registry")
app.add_typer(registry.keys_app, name="keys")
app.add_typer(letters.app, name="dead-letters")


@app.command()
def version() -> None:
    """Print the release."""
    typer.echo(version_of("bypuls"))
