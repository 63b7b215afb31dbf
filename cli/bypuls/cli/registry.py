"""`bypuls registry` and `bypuls keys`: what stands in the town, and who may read it."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bypuls.api.reports.reading.errors import FileProblem
from bypuls.cli.register_maps import load_register_map
from bypuls.cli.register_preview import mapped
from bypuls.cli.services import told
from bypuls.cli.settings import DATA_DIR, DataDir, now, registry_of
from bypuls.store.registry import (
    ENTITIES,
    RegistryError,
    check,
    create_key,
    export_csv,
    import_csv,
    keys,
    latest_day,
    revoke_key,
    seed_alarm_rules,
    seed_factors,
)

app = typer.Typer(no_args_is_help=True, help="Sites, lamps, buildings, sensors, factors, targets: in and out as CSV.")
keys_app = typer.Typer(no_args_is_help=True, help="Keys of the API: made, listed, revoked.")
console = Console()

Entity = Annotated[str, typer.Argument(help=f"One of: {', '.join(ENTITIES)}.")]


@app.command("import")
def import_file(
    entity: Entity,
    file: Path,
    map_: Annotated[
        str | None,
        typer.Option("--map", help="The file is somebody else's register: a saved mapping, such as dc-register."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --map: write. Without it nothing is written.")] = False,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Create or change rows from a CSV file; the whole file or, where a line is wrong, nothing.

    With --map a foreign register is read by a saved mapping and shown first; cells that can't be taken are counted and
    stay unknown."""
    source: Path | StringIO = file
    try:
        if map_ is not None:
            found = mapped(console, entity, file, load_register_map(data_dir, map_), latest_day(now()))
            if not yes:
                console.print("Nothing was written. The same command with --yes writes.")
                return
            if not found.rows:
                raise ValueError(f"{file}: no line can be taken; expected at least one")
            source = found.as_csv()
        with registry_of(data_dir) as registry:
            report = import_csv(registry, entity, source)
    except (RegistryError, FileProblem, ValueError, OSError) as error:
        raise told(error) from error
    if report.errors:
        for wrong in report.errors:
            console.print(f"{file}: {wrong}", markup=False)
        console.print(f"Nothing was changed: {len(report.errors)} cells are wrong.")
        raise typer.Exit(1)
    console.print(f"{entity}: {report.created} created, {report.changed} changed, {report.unchanged} unchanged.")


@app.command("export")
def export_file(
    entity: Annotated[str, typer.Argument(help="A table, or `all` for every one of them.")],
    target: Annotated[Path, typer.Argument(help="A file, or with `all` a folder.")],
    data_dir: DataDir = DATA_DIR,
    danish: Annotated[
        bool, typer.Option("--danish", help="Semicolons and decimal commas, for a Danish Excel.")
    ] = False,
) -> None:
    """Write a table as CSV; importing the file again changes nothing."""
    try:
        with registry_of(data_dir) as registry:
            if entity == "all":
                target.mkdir(parents=True, exist_ok=True)
                for name in ENTITIES:
                    count = export_csv(registry, name, target / f"{name}.csv", danish=danish)
                    console.print(f"{target / name}.csv: {count} rows")
            else:
                console.print(f"{target}: {export_csv(registry, entity, target, danish=danish)} rows")
    except (RegistryError, OSError) as error:
        raise told(error) from error


@app.command("check")
def check_registry(data_dir: DataDir = DATA_DIR) -> None:
    """Say what is incomplete or contradicts itself."""
    with registry_of(data_dir) as registry:
        findings = check(registry)
    for finding in findings:
        console.print(str(finding), markup=False)
    console.print(f"{len(findings)} findings." if findings else "Nothing to complain about.")
    if findings:
        raise typer.Exit(1)


@app.command("seed-factors")
def seed(data_dir: DataDir = DATA_DIR) -> None:
    """Import the published emission factors that come with bypuls, each with its source."""
    with registry_of(data_dir) as registry:
        report = seed_factors(registry)
    console.print(f"factor: {report.created} created, {report.changed} changed, {report.unchanged} unchanged.")


@app.command("seed-alarm-rules")
def seed_rules(data_dir: DataDir = DATA_DIR) -> None:
    """Bring in the rules of alarms that come with bypuls; those that are there stay as they are."""
    with registry_of(data_dir) as registry:
        report = seed_alarm_rules(registry)
    console.print(f"alarm_rule: {report.created} created.")


@keys_app.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="Whose key it is, or what for.")],
    scope: Annotated[list[str], typer.Option(help="read, export, write or admin; may be given several times.")],
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; without, it does not.")] = None,
    data_dir: DataDir = DATA_DIR,
) -> None:
    """Make a key and print its token, once: only its digest is kept."""
    expires: datetime | None = now() + timedelta(days=days) if days is not None else None
    try:
        with registry_of(data_dir) as registry:
            token = create_key(registry, name, scope, expires)
    except RegistryError as error:
        raise told(error) from error
    typer.echo(token)


@keys_app.command("list")
def list_keys(data_dir: DataDir = DATA_DIR) -> None:
    """Show every key without its token."""
    with registry_of(data_dir) as registry:
        found = keys(registry)
    table = Table("id", "name", "scopes", "created", "expires", "revoked", box=None, pad_edge=False)
    for key in found:
        moments = [f"{t:%Y-%m-%d %H:%M}Z" if t else "" for t in (key.created, key.expires, key.revoked)]
        table.add_row(key.id, key.name, ", ".join(sorted(key.scopes)), *moments)
    if found:
        console.print(table)
    else:
        console.print("There is no key yet: bypuls keys add NAME --scope read")


@keys_app.command("revoke")
def revoke(key: str, data_dir: DataDir = DATA_DIR) -> None:
    """Make a key useless from now on."""
    try:
        with registry_of(data_dir) as registry:
            revoke_key(registry, key)
    except RegistryError as error:
        raise told(error) from error
    console.print(f"{key} is revoked.")
