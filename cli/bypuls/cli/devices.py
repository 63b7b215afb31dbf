"""`bypuls devices`: ask a device to make itself known, or to send again what it had receipted."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from bypuls.cli.services import told
from bypuls.cli.settings import DATA_DIR, BrokerHost, BrokerPort, DataDir, broker_settings, registry_of
from bypuls.ingest.commanding import command
from bypuls.store.registry import Device, RegistryError
from bypuls.wire import Identify, SendAgain, WireError, parse_time

app = typer.Typer(no_args_is_help=True, help="Commands to the computers at the edge.")
console = Console()

_SAID = {True: "asked", False: "away, not asked", None: "asked; whether it is connected it never said"}
Named = Annotated[list[str] | None, typer.Argument(help="Ids of devices.")]


@app.command()
def identify(
    devices: Annotated[list[str], typer.Argument(help="Ids of devices.")],
    data_dir: DataDir = DATA_DIR,
    broker_host: BrokerHost = "127.0.0.1",
    broker_port: BrokerPort = 1883,
) -> None:
    """Let devices make themselves known: a line in their log, and their lamp where they have one."""
    try:
        _command(devices, Identify(), data_dir, broker_host, broker_port)
    except (ValueError, OSError, RegistryError) as error:
        raise told(error) from error


@app.command("send-again")
def send_again(
    devices: Named = None,
    every_one: Annotated[bool, typer.Option("--all", help="Every registered device.")] = False,
    since: Annotated[
        str | None, typer.Option(help="Everything measured since then, like 2026-11-23T08:15:00Z.")
    ] = None,
    epoch: Annotated[str | None, typer.Option(help="Or, of one epoch of the ledger, …")] = None,
    first: Annotated[int | None, typer.Option("--from", help="… from this number …")] = None,
    last: Annotated[int | None, typer.Option("--to", help="… to this one.")] = None,
    data_dir: DataDir = DATA_DIR,
    broker_host: BrokerHost = "127.0.0.1",
    broker_port: BrokerPort = 1883,
) -> None:
    """Ask devices for readings that they had receipted; they keep 48 h of them. What is stored isn't doubled."""
    try:
        if bool(devices) == every_one:
            raise ValueError("devices: expected ids, or --all")
        asked = SendAgain(
            epoch=epoch, first=first, last=last, since=parse_time("--since", since) if since is not None else None
        )
        _command(None if every_one else devices, asked, data_dir, broker_host, broker_port)
    except WireError as error:
        raise told(ValueError(str(error))) from error
    except (ValueError, OSError, RegistryError) as error:
        raise told(error) from error


def _command(devices: list[str] | None, asked: Identify | SendAgain, data_dir: DataDir, host: str, port: int) -> None:
    with registry_of(data_dir) as registry, registry.session() as session:
        known = sorted(device.id for device in session.query(Device) if device.retired_at is None)
    named = known if devices is None else devices
    for device in named:
        if device not in known:
            there = ", ".join(known[:10]) or "there is none"
            raise ValueError(f"device: {device!r} — expected a registered one: {there}")
    answers = command(broker_settings(host, port), dict.fromkeys(named, asked))
    for device, online in answers.items():
        console.print(f"{device}: {_SAID[online]}")
    if False in answers.values():
        raise typer.Exit(1)
