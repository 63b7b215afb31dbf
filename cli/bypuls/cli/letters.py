"""`bypuls dead-letters`: look at what was refused, admit it again after the fix, or throw it away."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bypuls.cli.settings import DATA_DIR, DataDir, InfluxUrl, now, opened
from bypuls.ingest.gate import Gate
from bypuls.ingest.readmit import readmit
from bypuls.wire import from_us

app = typer.Typer(no_args_is_help=True, help="What ingest refused: its bytes, the reason, and a way back.")
console = Console()

Ids = Annotated[list[int] | None, typer.Argument(help="Numbers of letters, as `list` shows them.")]
Device = Annotated[str | None, typer.Option(help="Only letters of this device.")]
_ALL = 10_000_000


@app.command("list")
def list_letters(
    data_dir: DataDir = DATA_DIR,
    device: Device = None,
    newest: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    readmitted: Annotated[bool, typer.Option("--readmitted", help="Also those that were admitted again.")] = False,
) -> None:
    """Show the newest dead letters with the reason."""
    with opened(data_dir, None) as platform:
        letters = platform.book.dead_letters(device=device, newest=newest, readmitted=readmitted)
        waiting = platform.book.waiting_letters()
    table = Table("no.", "came (UTC)", "device", "seq", "times", "reason", box=None, pad_edge=False)
    for column in table.columns[:5]:
        column.no_wrap = True
    for letter in letters:
        seq = "" if letter.seq is None else str(letter.seq)
        when = f"{from_us(letter.t_us):%Y-%m-%d %H:%M:%S}"
        table.add_row(str(letter.id), when, letter.device, seq, str(letter.times), letter.reason)
    if letters:
        console.print(table)
    console.print(f"{waiting} dead letters wait." if waiting else "No dead letters wait.")


@app.command()
def show(letter: int, data_dir: DataDir = DATA_DIR) -> None:
    """Print one dead letter's bytes as they came."""
    with opened(data_dir, None) as platform:
        found = platform.book.dead_letters(ids=[letter], readmitted=True)
    if not found:
        console.print(f"{letter} — there is no dead letter of this number; `bypuls dead-letters list` shows them.")
        raise typer.Exit(1)
    typer.echo(found[0].raw.decode("utf-8", errors="backslashreplace"))


@app.command("readmit")
def readmit_letters(
    ids: Ids = None, data_dir: DataDir = DATA_DIR, influx_url: InfluxUrl = None, device: Device = None
) -> None:
    """Admit dead letters again, after the sensor was registered or the fault mended: all, or those named."""
    with opened(data_dir, influx_url) as platform:
        letters = platform.book.dead_letters(ids=ids, device=device, newest=_ALL)
        gate = Gate(platform.registry.admission(now()))
        outcome = readmit(letters, platform.store, platform.book, gate, clock=now)
    console.print(f"{len(outcome.stored)} stored, {len(outcome.refused)} still refused.")
    by_reason: dict[str, list[int]] = {}
    for letter, reason in outcome.refused:
        by_reason.setdefault(reason, []).append(letter)
    for reason, letters_of_it in sorted(by_reason.items(), key=lambda pair: -len(pair[1]))[:20]:
        console.print(f"  {len(letters_of_it)} ({letters_of_it[0]}, …): {reason}", markup=False)
    if outcome.refused:
        raise typer.Exit(1)


@app.command()
def delete(ids: Annotated[list[int], typer.Argument(help="Numbers of letters.")], data_dir: DataDir = DATA_DIR) -> None:
    """Throw dead letters away for good."""
    with opened(data_dir, None) as platform:
        count = platform.book.delete_letters(ids)
    console.print(f"{count} dead letters deleted.")
