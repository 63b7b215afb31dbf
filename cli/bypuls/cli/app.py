"""The commands, one module each. A command's module is loaded when it is named: `bypuls ingest` needs no web server."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version as version_of
from types import MappingProxyType
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command

# Command → its module and what in there is the command: a function, or an application of several.
COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "up": ("up", "up"),
        "ingest": ("services", "ingest"),
        "api": ("services", "api"),
        "replay": ("replay", "replay_command"),
        "import": ("imports", "app"),
        "report": ("report", "app"),
        "reports": ("reports", "app"),
        "climate": ("climate", "app"),
        "alarms": ("alarms", "app"),
        "results": ("results", "app"),
        "sim": ("town", "app"),
        "registry": ("registry", "app"),
        "keys": ("registry", "keys_app"),
        "grafana": ("grafana", "app"),
        "dead-letters": ("letters", "app"),
        "devices": ("devices", "app"),
        "backup": ("backup", "backup"),
        "restore": ("backup", "restore"),
        "broker": ("broker", "broker"),
    }
)
_HIDDEN = ("broker",)


class LateCommands(TyperGroup):
    """Loads a command's module when the command is asked for. late : command → module and what in there it is."""

    late: ClassVar[Mapping[str, tuple[str, str]]] = COMMANDS

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command, in the order in which a newcomer meets them."""
        return [name for name in self.late if name not in _HIDDEN] + super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name; one whose libraries are missing says what to install."""
        if cmd_name not in self.late:
            return super().get_command(ctx, cmd_name)
        module, attribute = self.late[cmd_name]
        try:
            found = getattr(import_module(f"bypuls.cli.{module}"), attribute)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.startswith("bypuls"):
                raise
            found = _absent(error.name)
        if not isinstance(found, typer.Typer):
            single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            settings = {"ignore_unknown_options": True, "allow_extra_args": True} if found.__name__ == "absent" else {}
            single.command(cmd_name, context_settings=settings)(found)
            found = single
        command = get_command(found)
        command.name = cmd_name
        return command


def _absent(library: str) -> Any:
    def absent() -> None:
        """Needs libraries that are not installed."""
        typer.echo(f"bypuls: the library {library} is missing. pip install 'bypuls[server,sim]'", err=True)
        raise typer.Exit(1)

    return absent


app = typer.Typer(
    name="bypuls",
    cls=LateCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The pulse of the town: sensors, MQTT, a store, an API, a page and dashboards.",
)


@app.callback()
def _bypuls() -> None:
    """The pulse of the town: sensors, MQTT, a store, an API, a page and dashboards."""


@app.command()
def version() -> None:
    """Print the release."""
    typer.echo(version_of("bypuls"))
