"""`bypuls import`: files of meters and of weather into the platform, shown before they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from bypuls.analysis.errors import AnalysisError
from bypuls.api.reports.energy.reading.options import UNITS
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.cli.import_maps import ImportMap, load_map, map_path, save_map
from bypuls.cli.import_preview import registry_rows
from bypuls.cli.import_reading import WH, Target, What, read_targets, say
from bypuls.cli.option_texts import parse_pairs
from bypuls.cli.services import told
from bypuls.cli.settings import DATA_DIR, DataDir, InfluxUrl, Opened, now, opened
from bypuls.ingest.imports import Imported, Interval, Planned, plan_meter, plan_readings, plan_weather, take_in
from bypuls.store.protocol import StoreError
from bypuls.store.registry import Device, RegistryError, Sensor
from bypuls.wire.fields import ID

app = typer.Typer(no_args_is_help=True, help="Files of meters and of weather into the platform.")
console = Console()

DEVICE = "import"
_SAID = (
    "unit", "medium", "tz", "date_format", "decimal", "delimiter", "encoding", "values", "stamp", "register",
)  # fmt: skip
LITRES = Decimal(1000)  # of one m³


@app.callback()
def _several() -> None:
    """Files of meters and of weather into the platform."""


@app.command()
def energy(
    files: Annotated[list[Path], typer.Argument(help="CSV of any meter, Eloverblik's CSV or JSON, CSV of weather.")],
    map_: Annotated[
        list[str],
        typer.Option(
            "--map",
            help="A saved mapping, or COLUMN=HEADING for time, date, value, unit, quality, meter.",
        ),
    ] = [],  # noqa: B006  typer copies it
    save_as: Annotated[str | None, typer.Option("--save-map", help="Keep this way of reading under a name.")] = None,
    sensor: Annotated[
        list[str], typer.Option(help="The sensor that the values belong to; METER=SENSOR where a file has several.")
    ] = [],  # noqa: B006
    what: Annotated[What | None, typer.Option(help="Otherwise what the columns tell.")] = None,
    medium: Annotated[str | None, typer.Option(help="electricity, heat, gas or water; else what names tell.")] = None,
    unit: Annotated[str | None, typer.Option(help=f"{', '.join(UNITS)}; else what headings tell.")] = None,
    temperature_unit: Annotated[str | None, typer.Option(help="C or F; else what the heading tells, else C.")] = None,
    tz: Annotated[str | None, typer.Option(help="Zone of times without one; else Europe/Copenhagen.")] = None,
    date_format: Annotated[str | None, typer.Option(help="Like %d-%m-%Y %H:%M (strptime), epoch or epoch_ms.")] = None,
    decimal: Annotated[str | None, typer.Option(help=", or . ; otherwise found out.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="; or , or tab; otherwise found out.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Otherwise UTF-8, or Latin-1.")] = None,
    where: Annotated[list[str], typer.Option(help="Only lines with this value: COLUMN=VALUE.")] = [],  # noqa: B006
    register: Annotated[
        bool | None, typer.Option("--register/--interval", help="Readings of a register, or amounts; else found out.")
    ] = None,
    stamp: Annotated[str | None, typer.Option(help="Whether a time is the start or the end of its interval.")] = None,
    export: Annotated[bool, typer.Option("--export", help="What was delivered to the grid.")] = False,
    zero_is_missing: Annotated[bool, typer.Option("--zero-is-missing", help="A 0 stands for a missing value.")] = False,
    register_sensors: Annotated[
        bool, typer.Option("--register-sensors", help="Make the registry's rows that are missing.")
    ] = False,
    building: Annotated[str | None, typer.Option(help="Building of the sensors that --register-sensors makes.")] = None,
    unregistered: Annotated[
        bool,
        typer.Option("--unregistered", help="Write though the registry lacks the sensor: it waits as dead letters."),
    ] = False,
    device: Annotated[str, typer.Option(help="The device that imported sensors belong to.")] = DEVICE,
    yes: Annotated[bool, typer.Option("--yes", help="Write. Without it nothing is written.")] = False,
    data_dir: DataDir = DATA_DIR,
    influx_url: InfluxUrl = None,
) -> None:
    """Show what files of energy or weather hold, and with --yes take it into the platform. Twice stores once."""
    try:
        mapping = _mapping(
            data_dir, map_,
            ImportMap(
                unit=unit, medium=medium, tz=tz, date_format=date_format, decimal=decimal, delimiter=delimiter,
                encoding=encoding, where=parse_pairs("--where", where), stamp=stamp,
                values=None if register is None else "register" if register else "interval",
                register="export" if export else None, zero_is_missing=zero_is_missing,
            ),
        )  # fmt: skip
        mapping = replace(mapping, sensors={**mapping.sensors, **_sensors(sensor)})
        targets = read_targets(console, files, mapping, what, temperature_unit)
        with opened(data_dir, influx_url) as platform:
            complete = _check_registry(platform, targets, device, register_sensors and yes, building)
            if yes and not complete and not unregistered:
                raise ValueError(
                    "nothing was written: the registry lacks the rows above; expected them to be there, or "
                    "--register-sensors, or --unregistered to keep the values as dead letters until they are"
                )
            _take(platform, targets, device, yes)
        if save_as is not None:
            path = map_path(data_dir, save_as)
            save_map(path, replace(mapping, sensors=_named(mapping, targets)))
            console.print(f"Saved as --map {save_as} ({path}).", markup=False, highlight=False)
    except (FileProblem, AnalysisError, ValueError, OSError, StoreError, RegistryError) as error:
        raise told(error) from error


def _mapping(data_dir: Path, texts: Sequence[str], asked: ImportMap) -> ImportMap:
    """Saved mappings with what the command line says beside them; that wins."""
    names = [text for text in texts if "=" not in text]
    if len(names) > 1:
        raise ValueError(f"--map {names[0]} and {names[1]}: expected one saved mapping, and COLUMN=HEADING beside it")
    found = load_map(data_dir, names[0]) if names else ImportMap()
    columns = parse_pairs("--map", [text for text in texts if "=" in text])
    said = {
        name: value
        for name in (
            "unit",
            "medium",
            "tz",
            "date_format",
            "decimal",
            "delimiter",
            "encoding",
            "values",
            "stamp",
            "register",
        )
        if (value := getattr(asked, name)) is not None
    }
    return replace(
        found,
        **said,
        columns={**found.columns, **columns},
        where={**found.where, **asked.where},
        zero_is_missing=found.zero_is_missing or asked.zero_is_missing,
    )


def _sensors(texts: Sequence[str]) -> dict[str, str]:
    """By meter of the file; "" = whatever meter there is."""
    found = {}
    for text in texts:
        meter, mark, name = text.rpartition("=")
        if ID.fullmatch(name) is None:
            raise ValueError(f"--sensor {text!r}: expected an id of a–z, 0–9 and -, or METER=ID")
        found[meter if mark else ""] = name
    return found


def _named(mapping: ImportMap, targets: Sequence[Target]) -> dict[str, str]:
    """Meters that files name are kept by their names, beside those known before: another meter's file finds no sensor
    that isn't its own."""
    found = {meter: sensor for meter, sensor in mapping.sensors.items() if meter}
    return found | {target.meter: target.sensor for target in targets}


def _check_registry(platform: Opened, targets: Sequence[Target], device: str, make: bool, building: str | None) -> bool:
    """Whether the registry has device and sensors; with `make` those missing are made.

    Raises ValueError where sensors belong to something else."""
    missing: list[Target] = []
    with platform.registry.reading() as session:
        has_device = session.get(Device, device) is not None
        for target in targets:
            row = session.get(Sensor, target.sensor)
            if row is None:
                missing.append(target)
            elif row.device != device:
                raise ValueError(
                    f"sensor {target.sensor}: belongs to device {row.device}, which tells it itself; expected one of "
                    f"device {device}: name another with --sensor, or the device with --device"
                )
            elif row.kind != target.kind or (row.medium or target.medium) != target.medium:
                registered = f"{row.kind} {row.medium or ''}".strip()
                raise ValueError(
                    f"sensor {target.sensor}: registered as {registered}; the file is of "
                    f"{f'{target.kind} {target.medium or str()}'.strip()}"
                )
    if not missing and has_device:
        return True
    if make:
        with platform.registry.session() as session:
            if not has_device:
                session.add(Device(id=device, name="Imported files"))
                session.flush()
            for target in missing:
                session.add(
                    Sensor(
                        id=target.sensor, device=device, kind=target.kind, name=target.sensor, medium=target.medium,
                        interval_s=target.interval_s, building=building if target.kind == "meter" else None,
                    )
                )  # fmt: skip
        say(console, "registered", ", ".join(target.sensor for target in missing) or device)
        return True
    console.print("\nThe registry lacks these rows; bypuls registry import takes them as files:", markup=False)
    if not has_device:
        console.print(
            "device.csv:\n" + registry_rows([{"id": device, "name": "Imported files"}]), markup=False, soft_wrap=True
        )
    if missing:
        rows = [
            {
                "id": target.sensor, "device": device, "kind": target.kind, "name": target.sensor,
                "medium": target.medium or "", "interval_s": f"{target.interval_s:g}", "building": building or "",
            }
            for target in missing
        ]  # fmt: skip
        console.print("sensor.csv:\n" + registry_rows(rows), markup=False, soft_wrap=True)
    console.print("Or let them be made: --register-sensors --yes [--building ID]\n", markup=False)
    return False


def _take(platform: Opened, targets: Sequence[Target], device: str, yes: bool) -> None:
    refused = False
    for target in targets:
        planned = _planned(platform, target)
        told_now = f"{planned.new:,} new readings, {planned.changed:,} correct stored ones, "
        say(console, target.sensor, told_now + f"{planned.known:,} are stored already")
        if not yes or not planned.readings:
            continue
        done = take_in(planned, device, platform.store, platform.registry, platform.book, clock=now)
        refused |= _tell(done)
    if not yes:
        console.print("Nothing was written. The same command with --yes writes.", markup=False, soft_wrap=True)
    if refused:
        raise typer.Exit(1)


def _planned(platform: Opened, target: Target) -> Planned:
    if target.weather is not None:
        temps = target.weather.temp_c.round(3).tolist()
        return plan_weather(platform.store, target.sensor, target.weather.t_us.tolist(), temps)
    if target.readings:
        return plan_readings(platform.store, target.readings)
    assert target.series is not None
    series = target.series
    per = LITRES if target.field == "volume_m3" else WH
    intervals = [
        Interval(int(series.start_us[at]), int(series.end_us[at]), Decimal(repr(float(series.kwh[at]))) * per)
        for at in np.flatnonzero(series.known).tolist()
    ]
    return plan_meter(platform.store, target.sensor, target.medium or "", target.field, intervals)


def _tell(done: Imported) -> bool:
    rolled = "" if done.rolled_up else "; the running ingest computes the bins within seconds"
    console.print(f"  {done.stored:,} stored, {done.duplicate:,} had been taken before{rolled}.", markup=False)
    for reason, count in sorted(done.refused.items(), key=lambda pair: -pair[1])[:10]:
        console.print(f"  refused {count}: {reason}", markup=False, soft_wrap=True)
    if done.refused:
        console.print("  They lie among the dead letters: bypuls dead-letters list", markup=False)
    return bool(done.refused)
