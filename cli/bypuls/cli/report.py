"""`bypuls report`: reports from files of any logger, without a platform."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from bypuls.analysis.errors import AnalysisError
from bypuls.analysis.speed import Method
from bypuls.analysis.traffic.radar import calibration_uncertainty
from bypuls.analysis.traffic.volumes import STEP_TO_YEAR
from bypuls.api.reports.speed.build import build_report
from bypuls.api.reports.speed.bundle import verify_bundle, write_bundle
from bypuls.api.reports.speed.compare import Pair
from bypuls.api.reports.speed.formats import LANGUAGES, formats, rendered
from bypuls.api.reports.speed.model import CountCheck, Limit, Sensor, Site
from bypuls.api.reports.speed.observations import Observations
from bypuls.api.reports.speed.reading import FileOptions, FileProblem, read_files
from bypuls.api.reports.speed.reading.options import HIGHEST_KMH, LOWEST_KMH, MPH_KMH
from bypuls.api.reports.speed.settings import Expansion, Settings
from bypuls.cli.app import LateCommands
from bypuls.cli.option_texts import parse_pairs
from bypuls.cli.wording import in_words


class ReportCommands(LateCommands):
    """Libraries of energy and lighting are loaded for their reports alone."""

    late: ClassVar[Mapping[str, tuple[str, str]]] = {
        "energy": ("report_energy", "energy"),
        "lighting": ("report_lighting", "lighting"),
        "lighting-plan": ("report_lighting_plan", "lighting_plan"),
    }


app = typer.Typer(
    cls=ReportCommands, no_args_is_help=True, help="Reports from files of other loggers; no platform is needed."
)

Format = Enum("Format", {name: name for name in formats()}, type=str)  # type: ignore[misc]
Lang = Enum("Lang", {name: name for name in LANGUAGES}, type=str)  # type: ignore[misc]
Percentiles = Enum("Percentiles", {name: name for name in get_args(Method)}, type=str)  # type: ignore[misc]
# Speeds are counted in classes of 1 km/h up to the fastest: a bound without one would take memory without end.
MOST_KMH = 1000.0
JSON, DANISH, LINEAR = Format("json"), Lang("da"), Percentiles("linear")


class Unit(StrEnum):
    """Of the speeds in the files."""

    kmh = "kmh"
    mph = "mph"


def parse_limit(text: str) -> Limit:
    """A limit like 50, 30mph, toward=50, 50@2026-03-01, toward=40@2026-03-01.  Raises ValueError."""
    rest, _, day = text.partition("@")
    direction, _, value = rest.rpartition("=")
    unit = MPH_KMH if value.endswith("mph") else 1.0
    try:
        limit_kmh = float(value.removesuffix("mph").removesuffix("kmh").strip()) * unit
        valid_from = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise ValueError(f"--limit {text!r}: expected 50, 30mph, toward=50 or 50@2026-03-01") from error
    if not 0.0 < limit_kmh <= 250.0:
        raise ValueError(f"--limit {text!r}: {limit_kmh:g} km/h; expected above 0 and at most 250")
    return Limit(direction or "both", limit_kmh, valid_from)


def parse_moment(name: str, text: str, zone: ZoneInfo, *, end: bool) -> datetime:
    """A date or local time; a date as an end includes its day.  Raises ValueError."""
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return datetime(day.year, day.month, day.day, tzinfo=zone)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{name} {text!r}: expected a date or time like 2026-03-01 or 2026-03-01T07:00") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


@app.command()
def speed(
    files: Annotated[list[Path], typer.Argument(help="CSV files of one site: single vehicles, or counts in classes.")],
    limit: Annotated[
        list[str], typer.Option(help="Posted limit [km/h]: 50, 30mph, toward=50, 50@2026-03-01 (from that day).")
    ] = [],  # noqa: B006  typer copies it
    format_: Annotated[Format, typer.Option("--format", "-f", help="Form of the report.")] = JSON,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; otherwise standard output.")
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of csv, xlsx, pdf and html.")] = DANISH,
    from_: Annotated[str | None, typer.Option("--from", help="First day, or local time, of the period.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Last day (included), or local time (excluded).")] = None,
    compare: Annotated[
        list[Path], typer.Option(help="The same site in another period; the earlier one is 'before'.")
    ] = [],  # noqa: B006
    control_before: Annotated[list[Path], typer.Option(help="A control site before; one file per site.")] = [],  # noqa: B006
    control_after: Annotated[list[Path], typer.Option(help="The same control sites after, in the same order.")] = [],  # noqa: B006
    map_: Annotated[
        list[str],
        typer.Option(
            "--map",
            help="Column of time, date, speed, direction, length, class, count, histogram or uptime: "
            "speed=HEADING, or speed=2 by number.",
        ),
    ] = [],  # noqa: B006
    where: Annotated[list[str], typer.Option(help="Only lines with this value: COLUMN=VALUE.")] = [],  # noqa: B006
    unit: Annotated[
        Unit, typer.Option(help="Unit of the speeds in the files; limits and bounds stay in km/h.")
    ] = Unit.kmh,
    min_kmh: Annotated[float, typer.Option(help="Slower is impossible and dropped [km/h].")] = LOWEST_KMH,
    max_kmh: Annotated[float, typer.Option(help="Faster is impossible and dropped [km/h].")] = HIGHEST_KMH,
    tz: Annotated[str, typer.Option(help="Time zone of the files' times, and of the report.")] = "Europe/Copenhagen",
    date_format: Annotated[
        str | None, typer.Option(help="Like %d-%m-%Y or %d-%m-%Y %H:%M:%S (strptime), epoch or epoch_ms.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="; or , or tab; otherwise found out.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Otherwise UTF-8, or Latin-1 where it isn't that.")] = None,
    drop_duplicates: Annotated[
        bool | None,
        typer.Option(
            "--drop-duplicates/--keep-duplicates",
            help="Exact duplicate lines; dropped by default where times carry seconds. Never without times.",
        ),
    ] = None,
    site: Annotated[str | None, typer.Option(help="Name of the site; otherwise that of the file.")] = None,
    surveyor: Annotated[str | None, typer.Option(help="Who measured.")] = None,
    angle: Annotated[float | None, typer.Option(help="The radar's mounting angle [degrees].")] = None,
    angle_uncertainty: Annotated[float | None, typer.Option(help="Its uncertainty [degrees].")] = None,
    method: Annotated[Percentiles, typer.Option(help="Percentiles of single speeds (numpy's names).")] = LINEAR,
    pace_width: Annotated[int, typer.Option(min=1, max=100, help="Width of the pace [km/h].")] = 10,
    min_headway: Annotated[float, typer.Option(min=0.0, help="Headway from which a vehicle drives freely [s].")] = 5.0,
    length_bounds: Annotated[str | None, typer.Option(help="Boundaries of length classes [m]: 5.8,12.5")] = None,
    motor_from: Annotated[float | None, typer.Option(help="Motor vehicles are at least this long [m].")] = None,
    country: Annotated[str, typer.Option(help="Whose public holidays count.")] = "DK",
    traffic_type: Annotated[
        str | None, typer.Option(help=f"For the year's average day: {', '.join(STEP_TO_YEAR)}.")
    ] = None,
    factors: Annotated[
        Path | None,
        typer.Option(help="Expansion factors: a CSV file like the registry's expansion_factor, or a data folder."),
    ] = None,
    expansion_factor: Annotated[
        float | None, typer.Option(help="In place of --factors: average day of the week to that of the year.")
    ] = None,
    expansion_source: Annotated[str, typer.Option(help="Where the factor is from, with its date.")] = "as given",
    chosen_for_speed: Annotated[
        bool,
        typer.Option(
            "--chosen-for-speed/--not-chosen-for-speed", help="Whether the site was picked because it was fast."
        ),
    ] = True,
    manual_count: Annotated[
        Path | None,
        typer.Option(
            help="Vehicles counted by hand beside the sensor: CSV with date, from_clock, to_clock, vehicles, and where "
            "wanted direction and vehicle_class."
        ),
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="Also write data, settings and hashes, for `report verify`.")
    ] = None,
) -> None:
    """Speeds of one site: percentiles with intervals, pace, over the limit, volumes, before and after.

    Limits, bounds and results are in km/h."""
    try:
        zone = _zone(tz)
        start = None if from_ is None else parse_moment("--from", from_, zone, end=False)
        end = None if to is None else parse_moment("--to", to, zone, end=True)
        if start is not None and end is not None and end <= start:
            raise ValueError(f"--from {from_} --to {to}: expected a period that ends after it begins")
        if not 0.0 <= min_kmh < max_kmh <= MOST_KMH:
            raise ValueError(
                f"--min-kmh {min_kmh:g} --max-kmh {max_kmh:g}: expected 0 or more, a maximum above the minimum, "
                f"and at most {MOST_KMH:g}"
            )
        columns = parse_pairs("--map", map_)
        options = FileOptions(
            columns, delimiter, unit is Unit.mph, min_kmh, max_kmh, tz, date_format, drop_duplicates,
            where=parse_pairs("--where", where), encoding=encoding,
        )  # fmt: skip
        settings = Settings(
            site=Site(site or files[0].name.split(".")[0]),
            limits=tuple(parse_limit(text) for text in limit),
            surveyor=surveyor,
            timezone=tz,
            start=start,
            end=end,
            country=country,
            percentile_method=method.value,
            pace_width_kmh=float(pace_width),
            min_headway_s=min_headway,
            length_bounds_m=_bounds(length_bounds),
            motor_from_m=motor_from,
            expansion=_expansion(traffic_type, factors, expansion_factor, expansion_source),
            chosen_for_speed=chosen_for_speed,
        )
        if len(control_before) != len(control_after):
            raise ValueError(
                f"--control-before {len(control_before)} files, --control-after {len(control_after)}; expected as many"
            )
        own = read_files(files, replace(options, start=start, end=end))
        settings = replace(settings, sensors=_sensors(angle, angle_uncertainty, _checked(manual_count, own, zone)))
        other = read_files(compare, options) if compare else None
        controls = [
            Pair(before.stem, read_files([before], options), read_files([after], options))
            for before, after in zip(control_before, control_after, strict=True)
        ]
        if controls and other is None:
            raise ValueError("--control-before: expected --compare too, since controls belong to a comparison")
        report = build_report(own, settings, other=other, controls=controls)
        content = rendered(report, format_.value, lang.value)
        if bundle is not None:
            bundle.write_bytes(write_bundle(report, own, settings, other=other, controls=controls))
        if output is not None:
            output.write_bytes(content)
    except (FileProblem, AnalysisError, ValueError, OSError) as error:
        typer.echo(f"bypuls report: {in_words(error)}", err=True)
        raise typer.Exit(2) from error
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()


@app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="A bundle that `bypuls report speed --bundle` wrote.")],
) -> None:
    """Checks a bundle's hashes, computes its report again and compares every figure. Exit code 1 where it differs."""
    try:
        found = verify_bundle(bundle)
    except (ValueError, OSError) as error:
        typer.echo(f"bypuls report: {in_words(error)}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"sha256   {found.sha256}")
    typer.echo(f"version  {found.version_then} wrote it, {found.version_now} checks it")
    for place in found.differences:
        typer.echo(f"differs  {place}")
    typer.echo("holds    every figure follows from the data" if found.holds else "does not hold")
    if not found.holds:
        raise typer.Exit(1)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"--tz {name!r}: expected a zone like Europe/Copenhagen or UTC") from error


def _sensors(angle: float | None, uncertainty: float | None, count_check: CountCheck | None) -> tuple[Sensor, ...]:
    if angle is not None and not -90.0 < angle < 90.0:
        raise ValueError(f"--angle {angle:g}: expected degrees between -90 and 90")
    if uncertainty is not None and not 0.0 <= uncertainty < 90.0:
        raise ValueError(f"--angle-uncertainty {uncertainty:g}: expected degrees from 0 to below 90")
    if angle is None and count_check is None:
        return ()
    relative = None if angle is None or uncertainty is None else calibration_uncertainty(angle, uncertainty)
    return (
        Sensor(
            "sensor", angle_deg=angle, angle_uncertainty_deg=uncertainty, relative_uncertainty=relative,
            count_check=count_check,
        ),
    )  # fmt: skip


def _checked(file: Path | None, own: Observations, zone: ZoneInfo) -> CountCheck | None:
    if file is None:
        return None
    # Here and not above: most reports need no registry, whose libraries take a second to load.
    from bypuls.api.reports.speed.manual_counts import check_of_observations
    from bypuls.cli.report_files import manual_counts_of

    return check_of_observations(manual_counts_of(file), own, zone)


def _expansion(traffic_type: str | None, file: Path | None, factor: float | None, source: str) -> Expansion | None:
    if traffic_type is None and file is None and factor is None:
        return None
    from bypuls.cli.report_files import expansion_of

    return expansion_of(traffic_type, file, factor, source)


def _bounds(text: str | None) -> tuple[float, ...]:
    try:
        bounds = tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError as error:
        raise ValueError(f"--length-bounds {text!r}: expected lengths in m like 5.8,12.5") from error
    if list(bounds) != sorted(set(bounds)) or any(bound <= 0.0 for bound in bounds):
        raise ValueError(f"--length-bounds {text!r}: expected rising lengths above 0")
    return bounds
