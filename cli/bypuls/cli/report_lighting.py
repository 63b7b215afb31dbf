"""`bypuls report lighting`: a cabinet's power series against the sun, without a platform."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from bypuls.analysis.errors import AnalysisError
from bypuls.api.reports.energy.reading import MeterOptions
from bypuls.api.reports.energy.reading.options import STAMPS, UNITS
from bypuls.api.reports.lighting.build import Asked, build_report
from bypuls.api.reports.lighting.formats import FORMATS, LANGUAGES, rendered
from bypuls.api.reports.lighting.reading import read_power
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.cli.option_texts import parse_pairs
from bypuls.cli.wording import in_words

Format = Enum("Format", {name: name for name in FORMATS}, type=str)  # type: ignore[misc]
Lang = Enum("Lang", {name: name for name in LANGUAGES}, type=str)  # type: ignore[misc]
Unit = Enum("Unit", {name: name for name in UNITS if name != "m3"}, type=str)  # type: ignore[misc]
Stamp = Enum("Stamp", {name: name for name in STAMPS}, type=str)  # type: ignore[misc]
JSON, DANISH, START = Format("json"), Lang("da"), Stamp("start")


def lighting(
    file: Annotated[Path, typer.Argument(help="A cabinet's power, or its energy, row by row: CSV.")],
    lat: Annotated[float, typer.Option(help="Latitude of the cabinet [°], north positive.")],
    lon: Annotated[float, typer.Option(help="Longitude [°], east positive.")],
    interval: Annotated[
        float | None,
        typer.Option(
            help="Seconds between rows. Needed where the file has no times; there, minutes are recognised where only "
            "they fit the sun."
        ),
    ] = None,
    lamps: Annotated[int | None, typer.Option(help="How many lamps the cabinet feeds.")] = None,
    watt: Annotated[float | None, typer.Option(help="Of one lamp with its gear, at full level [W].")] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="When the first row is, where the file has no times, such as 2026-01-31T16:00; otherwise found from "
            "the sun."
        ),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", "-f", help="Form of the report.")] = JSON,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; otherwise standard output.")
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of pdf.")] = DANISH,
    unit: Annotated[
        Unit | None, typer.Option(help="Of the values; otherwise what the heading says, else W (mean power).")
    ] = None,
    map_: Annotated[
        list[str],
        typer.Option("--map", help="Column of time, date or value: value=HEADING, or value=2 by number."),
    ] = [],  # noqa: B006  typer copies it
    where: Annotated[list[str], typer.Option(help="Only lines with this value: COLUMN=VALUE.")] = [],  # noqa: B006
    tz: Annotated[str | None, typer.Option(help="Zone of times without one; else Europe/Copenhagen.")] = None,
    date_format: Annotated[
        str | None, typer.Option(help="Like %d-%m-%Y or %d-%m-%Y %H:%M:%S (strptime), epoch or epoch_ms.")
    ] = None,
    decimal: Annotated[str | None, typer.Option(help=", or . ; otherwise what the numbers themselves decide.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="; or , or tab; otherwise found out.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Otherwise UTF-8, or Latin-1 where it isn't that.")] = None,
    register: Annotated[
        bool | None,
        typer.Option("--register/--amounts", help="Readings of a cumulative register, or amounts; else found out."),
    ] = None,
    stamp: Annotated[Stamp, typer.Option(help="Whether a time is the start or the end of its interval.")] = START,
    title: Annotated[str | None, typer.Option(help="Name of the cabinet; otherwise that of the file.")] = None,
) -> None:
    """A lighting cabinet's switching against the sun, burning hours, and faults: lamps out, day burners, no supply."""
    try:
        if decimal not in (None, ",", "."):
            raise ValueError(f"--decimal {decimal!r}: expected , or .")
        asked = Asked(
            title or file.name.split(".")[0],
            _within("--lat", lat, 90.0),
            _within("--lon", lon, 180.0),
            lamps if lamps is None else int(_above_zero("--lamps", lamps)),
            watt if watt is None else _above_zero("--watt", watt),
            _moment(start),
        )
        options = MeterOptions(
            columns=parse_pairs("--map", map_),
            delimiter=delimiter,
            encoding=encoding,
            decimal=decimal,
            timezone=tz,
            date_format=date_format,
            unit=unit.value if unit is not None else None,
            values=None if register is None else "register" if register else "interval",
            stamp=stamp.value,
            where=parse_pairs("--where", where),
        )
        series = read_power(file, options, None if interval is None else _above_zero("--interval", interval))
        content = rendered(build_report(series, asked, file.name), format_.value, lang.value)
        if output is not None:
            output.write_bytes(content)
    except (FileProblem, AnalysisError, ValueError, OSError) as error:
        typer.echo(f"bypuls report: {in_words(error)}", err=True)
        raise typer.Exit(2) from error
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()


def _within(name: str, value: float, bound: float) -> float:
    if not -bound <= value <= bound:
        raise ValueError(f"{name} {value:g}: expected −{bound:g} to {bound:g}°")
    return value


def _above_zero(name: str, value: float) -> float:
    if not 0.0 < value < float("inf"):
        raise ValueError(f"{name} {value:g}: expected above 0")
    return value


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"--start {text!r}: expected a time like 2026-01-31T16:00") from error
    if not 1900 <= found.year <= 2200:
        raise ValueError(f"--start {text!r}: expected a time of the years 1900 to 2200")
    return found
