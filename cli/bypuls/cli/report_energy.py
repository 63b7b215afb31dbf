"""`bypuls report energy`: a building's signature and saving from files of any meter, without a platform."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import typer

from bypuls.analysis.energy.daily import MEDIA
from bypuls.analysis.energy.events import NonRoutineEvent
from bypuls.analysis.energy.normal_year import (
    DANSK_FJERNVARME,
    INDEPENDENT_SHARE,
    TEKNOLOGISK_INSTITUT_1991_2020,
    NormalYear,
)
from bypuls.analysis.errors import AnalysisError
from bypuls.api.reports.energy.build import build_report
from bypuls.api.reports.energy.formats import LANGUAGES, formats, rendered
from bypuls.api.reports.energy.opendsm_hourly import OpendsmMissing, require_opendsm
from bypuls.api.reports.energy.reading import MeterOptions, WeatherOptions, read_meter_rows, read_weather
from bypuls.api.reports.energy.reading.options import STAMPS, UNITS
from bypuls.api.reports.energy.settings import MODELS, Days, Settings
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.cli.option_texts import parse_day, parse_pairs
from bypuls.cli.wording import in_words

Format = Enum("Format", {name: name for name in formats()}, type=str)  # type: ignore[misc]
Lang = Enum("Lang", {name: name for name in LANGUAGES}, type=str)  # type: ignore[misc]
Medium = Enum("Medium", {name: name for name in MEDIA if name != "water"}, type=str)  # type: ignore[misc]
Unit = Enum("Unit", {name: name for name in UNITS}, type=str)  # type: ignore[misc]
Degrees = Enum("Degrees", {"C": "C", "F": "F"}, type=str)
Stamp = Enum("Stamp", {name: name for name in STAMPS}, type=str)  # type: ignore[misc]
Rule = Enum("Rule", {"all-year": "all-year", "season": "season"}, type=str)
Use = Enum("Use", {name: name for name in INDEPENDENT_SHARE}, type=str)  # type: ignore[misc]
Model = Enum("Model", {name: name for name in MODELS}, type=str)  # type: ignore[misc]
JSON, DANISH, START, DAILY = Format("json"), Lang("da"), Stamp("start"), Model("daily")

NORMAL_YEARS = {"teknologisk-institut": TEKNOLOGISK_INSTITUT_1991_2020, "dansk-fjernvarme": DANSK_FJERNVARME}
_PERIODS = "Two days, both included: FROM TO."


def energy(
    meters: Annotated[
        list[Path],
        typer.Argument(help="Files of one meter, one after the other in time: CSV, or JSON of Eloverblik."),
    ],
    weather: Annotated[
        list[Path], typer.Option(help="Outdoor temperature, hourly or daily; may be given several times.")
    ],
    baseline: Annotated[tuple[str, str] | None, typer.Option(help=f"The year before the measure. {_PERIODS}")] = None,
    reporting: Annotated[tuple[str, str] | None, typer.Option(help=f"The time after it. {_PERIODS}")] = None,
    model: Annotated[
        Model,
        typer.Option(
            help="Of the saving: the signature of days, or OpenDSM's model of hours, which needs hourly values and "
            "temperatures and is installed by make opendsm (x86_64 alone)."
        ),
    ] = DAILY,
    format_: Annotated[Format, typer.Option("--format", "-f", help="Form of the report.")] = JSON,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; otherwise standard output.")
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of pdf and xlsx.")] = DANISH,
    medium: Annotated[
        Medium | None, typer.Option(help="What is measured; otherwise what names and headings say, else heat.")
    ] = None,
    unit: Annotated[
        Unit | None,
        typer.Option(help="Of the values; otherwise what the heading says, else kWh. kW: mean power of an interval."),
    ] = None,
    temperature_unit: Annotated[
        Degrees | None, typer.Option(help="Of the temperatures; otherwise what the heading says, else C.")
    ] = None,
    map_: Annotated[
        list[str],
        typer.Option(
            "--map",
            help="Column of time, date, value, unit, quality or meter: value=HEADING, or value=2 by number; "
            "value=HEADING+HEADING adds up columns.",
        ),
    ] = [],  # noqa: B006  typer copies it
    weather_map: Annotated[
        list[str], typer.Option(help="Column of time, date or temperature in the weather files.")
    ] = [],  # noqa: B006
    where: Annotated[list[str], typer.Option(help="Only lines with this value: COLUMN=VALUE.")] = [],  # noqa: B006
    weather_where: Annotated[list[str], typer.Option(help="The same for the weather files.")] = [],  # noqa: B006
    tz: Annotated[
        str | None,
        typer.Option(
            help="Zone of times without one, and of the local days; otherwise the one that the times' own offsets fit, "
            "else Europe/Copenhagen."
        ),
    ] = None,
    weather_tz: Annotated[str | None, typer.Option(help="Zone of the weather's times; otherwise the meter's.")] = None,
    date_format: Annotated[
        str | None, typer.Option(help="Like %d-%m-%Y or %d-%m-%Y %H:%M:%S (strptime), epoch or epoch_ms.")
    ] = None,
    weather_date_format: Annotated[str | None, typer.Option(help="The same for the weather files.")] = None,
    decimal: Annotated[str | None, typer.Option(help=", or . ; otherwise what the numbers themselves decide.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="; or , or tab; otherwise found out.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Otherwise UTF-8, or Latin-1 where it isn't that.")] = None,
    register: Annotated[
        bool | None,
        typer.Option(
            "--register/--interval", help="Readings of a cumulative register, or amounts; otherwise found out."
        ),
    ] = None,
    stamp: Annotated[Stamp, typer.Option(help="Whether a time is the start or the end of its interval.")] = START,
    calorific: Annotated[float | None, typer.Option(help="Calorific value of gas in m3 [kWh/m³].")] = None,
    own_generation: Annotated[
        bool, typer.Option("--own-generation", help="Solar cells behind the meter: a 0 is real, not missing.")
    ] = False,
    area: Annotated[float | None, typer.Option(help="Heated area [m²].")] = None,
    normal_year: Annotated[
        str | None,
        typer.Option(
            help=f"For correction to normal weather: {', '.join(NORMAL_YEARS)}, own (the weather's whole years, at "
            "least 10), or the degree days of a year [K·d]."
        ),
    ] = None,
    station: Annotated[
        str | None, typer.Option(help="Where the temperatures were taken; must be the normal year's.")
    ] = None,
    degree_day_rule: Annotated[
        Rule | None, typer.Option(help="Which days count; otherwise the normal year's rule, else all-year.")
    ] = None,
    building_use: Annotated[
        Use | None, typer.Option(help="For the share that weather doesn't move, where summer doesn't tell it.")
    ] = None,
    holidays: Annotated[
        str | None,
        typer.Option(help="Country whose public holidays are free days; DK in Copenhagen's zone, else none."),
    ] = None,
    day_types: Annotated[
        bool, typer.Option("--day-types/--no-day-types", help="Whether working and free days may differ in the model.")
    ] = True,
    leave_out: Annotated[
        list[str], typer.Option(help="Days that aren't routine: FROM..TO=WHY, such as 2020-03-20..2020-06-30=closed.")
    ] = [],  # noqa: B006
    event: Annotated[
        list[str],
        typer.Option(
            help="Something that changed the use: FROM..TO=WHAT refuses the saving, FROM..TO=WHAT=KWH corrects by so "
            "many kWh a day. Without TO it lasts."
        ),
    ] = [],  # noqa: B006
    title: Annotated[str | None, typer.Option(help="Name of the building; otherwise that of the file.")] = None,
) -> None:
    """A building's energy signature, its saving with an interval or why it is refused, degree days, quality of data."""
    try:
        chosen = next(name for name in MODELS if name == model.value)
        if chosen == "opendsm-hourly":
            require_opendsm()
        options = MeterOptions(
            columns=parse_pairs("--map", map_),
            delimiter=delimiter,
            encoding=encoding,
            decimal=_decimal(decimal),
            timezone=tz,
            date_format=date_format,
            unit=unit.value if unit is not None else None,
            calorific_kwh_m3=calorific,
            values=None if register is None else "register" if register else "interval",
            stamp=stamp.value,
            where=parse_pairs("--where", where),
        )
        rows = read_meter_rows(meters, options)
        temperatures = read_weather(
            weather,
            WeatherOptions(
                columns=parse_pairs("--weather-map", weather_map),
                delimiter=delimiter,
                encoding=encoding,
                decimal=_decimal(decimal),
                timezone=weather_tz or rows.zone,
                date_format=weather_date_format,
                unit=temperature_unit.value if temperature_unit is not None else None,
                where=parse_pairs("--weather-where", weather_where),
            ),
        )
        settings = Settings(
            title=title or meters[0].name.split(".")[0],
            medium=medium.value if medium is not None else None,
            baseline=_days("--baseline", baseline),
            reporting=_days("--reporting", reporting),
            area_m2=_above_zero("--area", area),
            normal=_normal(normal_year, station or weather[0].name.split(".")[0]),
            station=station,
            rule=None if degree_day_rule is None else "season" if degree_day_rule.value == "season" else "all year",
            building_use=building_use.value if building_use is not None else None,
            holidays=holidays or ("DK" if rows.zone == "Europe/Copenhagen" and rows.zone_told else None),
            day_types=day_types,
            own_generation=own_generation,
            events=(*(_left_out(text) for text in leave_out), *(_event(text) for text in event)),
            model=chosen,
        )
        content = rendered(build_report(rows, options, temperatures, settings), format_.value, lang.value)
        if output is not None:
            output.write_bytes(content)
    except (FileProblem, AnalysisError, OpendsmMissing, ValueError, OSError) as error:
        typer.echo(f"bypuls report: {in_words(error)}", err=True)
        raise typer.Exit(2) from error
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()


def _days(name: str, texts: tuple[str, str] | None) -> Days | None:
    if texts is None:
        return None
    first, last = (parse_day(name, text) for text in texts)
    if last < first:
        raise ValueError(f"{name} {first} {last}: expected a last day that isn't before the first")
    return Days(first, last)


def _decimal(text: str | None) -> str | None:
    if text not in (None, ",", "."):
        raise ValueError(f"--decimal {text!r}: expected , or .")
    return text


def _above_zero(name: str, value: float | None) -> float | None:
    if value is not None and not 0.0 < value < float("inf"):
        raise ValueError(f"{name} {value:g}: expected above 0")
    return value


def _normal(text: str | None, station: str) -> NormalYear | Literal["own"] | None:
    if text is None:
        return None
    if text == "own":
        return "own"
    if text in NORMAL_YEARS:
        return NORMAL_YEARS[text]
    try:
        total = float(text)
    except ValueError as error:
        raise ValueError(
            f"--normal-year {text!r}: expected {', '.join(NORMAL_YEARS)}, own, or degree days such as 2906"
        ) from error
    if not 0.0 < total <= 20_000.0:
        raise ValueError(f"--normal-year {text!r}: expected degree days above 0 and at most 20000, such as 2906")
    return NormalYear("as given", station, "all year", total, "as given")


def _span(name: str, text: str) -> tuple[Days, list[str], bool]:
    span, *words = text.split("=")
    first, mark, last = span.partition("..")
    if not mark or not words or not words[0].strip():
        raise ValueError(f"{name} {text!r}: expected FROM..TO=WHAT, such as 2020-03-20..2020-06-30=closed")
    begin = parse_day(name, first)
    end = parse_day(name, last) if last.strip() else begin
    if end < begin:
        raise ValueError(f"{name} {text!r}: expected a last day that isn't before the first")
    return Days(begin, end), [word.strip() for word in words], not last.strip()


def _left_out(text: str) -> NonRoutineEvent:
    days, words, lasts = _span("--leave-out", text)
    return NonRoutineEvent(words[0], days.first, None if lasts else days.last, "left out")


def _event(text: str) -> NonRoutineEvent:
    days, words, lasts = _span("--event", text)
    last = None if lasts else days.last
    if len(words) == 1:
        return NonRoutineEvent(words[0], days.first, last)
    try:
        return NonRoutineEvent(words[0], days.first, last, "adjusted", float(words[1]))
    except ValueError as error:
        raise ValueError(f"--event {text!r}: {words[1]!r}; expected kWh a day such as -120") from error
