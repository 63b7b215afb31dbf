"""`bypuls backup` and `bypuls restore`: the embedded platform's files, copied while it runs, and back."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bypuls.cli.services import told
from bypuls.cli.settings import DATA_DIR, DataDir, Environment, now
from bypuls.store.backup import BackupError, back_up
from bypuls.store.backup import restore as bring_back
from bypuls.wire import format_time

console = Console()

# What was measured before the copy may have arrived after it: so much is asked for again, and stored once.
_ON_THE_WAY = timedelta(hours=1)


def backup(
    target: Annotated[Path, typer.Argument(help="A new folder for the copy.")], data_dir: DataDir = DATA_DIR
) -> None:
    """Copy registry, readings and bins as they are at this moment, while everything goes on running."""
    environment = Environment()
    try:
        if environment.registry_url is not None:
            raise ValueError("BYPULS_REGISTRY_URL is set: back that database up with its own tool (pg_dump)")
        with console.status("Copying …") as status:
            made = back_up(data_dir, target, now, told=lambda name: status.update(f"Copying {name} …"))
    except (BackupError, ValueError, OSError) as error:
        raise told(error) from error
    size = sum(made.bytes_of.values()) / 1e6
    console.print(
        f"{target}: {', '.join(made.bytes_of)} as of {format_time(made.taken)} ({size:,.1f} MB).", soft_wrap=True
    )
    if environment.influx_url is not None:
        console.print("InfluxDB's buckets are not in it: influx backup copies those.", soft_wrap=True)


def restore(
    source: Annotated[Path, typer.Argument(help="A folder made by `bypuls backup`.")], data_dir: DataDir = DATA_DIR
) -> None:
    """Bring a backup into a data folder that has no platform in it, and say how the devices fill up what came since."""
    try:
        with _nobody_runs(data_dir):
            made = bring_back(source, data_dir)
    except (BackupError, OSError) as error:
        raise told(error) from error
    console.print(f"{data_dir} is as it was at {format_time(made.taken)}.", soft_wrap=True)
    console.print(
        "Start the platform; then let the devices send again what came since (they keep 48 h of it):", soft_wrap=True
    )
    since = format_time(made.taken - _ON_THE_WAY)
    console.print(f"  bypuls devices send-again --all --since {since}", markup=False, soft_wrap=True)
    console.print(
        "After an outage at that time, ask from its beginning. The ledger shows what is missing still.", soft_wrap=True
    )


@contextmanager
def _nobody_runs(data_dir: Path) -> Iterator[None]:
    """Raises OSError while `bypuls up` runs in the folder."""
    lock = data_dir / "up.lock"
    if not lock.exists():
        yield
        return
    with lock.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(f"--data-dir {data_dir}: `bypuls up` runs in this folder; stop it first") from None
        yield
