"""What an import reads: files as one sensor's values each, shown while they are read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rich.console import Console

from bypuls.api.reports.energy.reading import (
    MeterOptions,
    MeterRows,
    Series,
    Weather,
    WeatherOptions,
    read_meter_rows,
    read_weather,
    series_of,
)
from bypuls.api.reports.energy.reading.options import KWH_PER, VOLUME, ZONE
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.cli.import_maps import ImportMap
from bypuls.cli.import_preview import show_files, show_meter, show_weather
from bypuls.ingest.imports.taking import RegisterField
from bypuls.wire import Meter, from_us

WH = Decimal(1000)  # of one kWh


class What(StrEnum):
    """What a file is of."""

    meter = "meter"
    weather = "weather"


@dataclass(frozen=True, slots=True)
class Target:
    """One sensor's values, ready to be planned: amounts of a series, readings of a register, or temperatures.

    interval_s : usual time between them [s].  field : the register that amounts belong to.
    meter : its name in the file, "" where it has none."""

    sensor: str
    kind: str
    medium: str | None
    interval_s: float
    series: Series | None
    field: RegisterField = "import_wh"
    readings: tuple[Meter, ...] = ()
    meter: str = ""
    weather: Weather | None = None


def read_targets(
    console: Console, files: Sequence[Path], mapping: ImportMap, what: What | None, degrees: str | None
) -> list[Target]:
    """Reads the files, and shows what they hold. Raises FileProblem, ValueError, OSError."""
    if degrees not in (None, "C", "F"):
        raise ValueError(f"--temperature-unit {degrees!r}: expected C or F")
    for name, value, choices in (
        ("--medium", mapping.medium, ("electricity", "heat", "gas", "water")),
        ("--stamp", mapping.stamp, ("start", "end")),
        ("--decimal", mapping.decimal, (".", ",")),
    ):
        if value is not None and value not in choices:
            raise ValueError(f"{name} {value!r}: expected {' or '.join(choices)}")
    if what is What.weather or "temperature" in mapping.columns:
        return [_weather(console, files, mapping, degrees)]
    options = MeterOptions(
        columns=mapping.columns, delimiter=mapping.delimiter, encoding=mapping.encoding, decimal=mapping.decimal,
        timezone=mapping.tz, date_format=mapping.date_format, unit=mapping.unit, where=mapping.where,
        values="register" if mapping.values == "register" else "interval" if mapping.values else None,
        stamp="end" if mapping.stamp == "end" else "start",
    )  # fmt: skip
    try:
        rows = read_meter_rows(files, options)
    except FileProblem:
        if what is None and not mapping.columns and mapping.unit is None and _is_weather(files, mapping, degrees):
            return [_weather(console, files, mapping, degrees)]
        raise
    if what is None and mapping.unit is None and not rows.unit_told and _is_weather(files, mapping, degrees):
        return [_weather(console, files, mapping, degrees)]
    return _meters(console, rows, options, mapping)


def _is_weather(files: Sequence[Path], mapping: ImportMap, degrees: str | None) -> bool:
    try:
        found = read_weather(files, _weather_options(mapping, degrees))
    except FileProblem:
        return False
    return found.unit_told or "temp" in found.column.casefold() or found.column.casefold().startswith("middel")


def _weather_options(mapping: ImportMap, degrees: str | None) -> WeatherOptions:
    chosen: Literal["C", "F"] | None = "F" if degrees == "F" else "C" if degrees == "C" else None
    return WeatherOptions(
        columns=mapping.columns, delimiter=mapping.delimiter, encoding=mapping.encoding, decimal=mapping.decimal,
        timezone=mapping.tz or ZONE, date_format=mapping.date_format, unit=chosen, where=mapping.where,
        stamp="end" if mapping.stamp == "end" else "start",
    )  # fmt: skip


def _weather(console: Console, files: Sequence[Path], mapping: ImportMap, degrees: str | None) -> Target:
    found = read_weather(files, _weather_options(mapping, degrees))
    show_weather(console, found, mapping.tz or ZONE)
    sensor = mapping.sensors.get("") or f"weather-{slug(files[0].name.split('.')[0])}"
    return Target(sensor, "weather", None, found.step_s, None, weather=found)


def _meters(console: Console, rows: MeterRows, options: MeterOptions, mapping: ImportMap) -> list[Target]:
    medium = mapping.medium or rows.told_medium
    show_files(console, rows)
    if medium is None:
        raise ValueError("medium: neither file name nor headings tell it; say --medium electricity, heat, gas or water")
    say(console, "medium", medium + ("" if mapping.medium else " (as names and headings tell)"))
    volume = rows.unit == VOLUME
    field: RegisterField = "volume_m3" if volume else "export_wh" if mapping.register == "export" else "import_wh"
    targets = []
    for meter in rows.meters:
        series = series_of(rows, options, medium="water" if volume else medium, meter=meter)
        if series.step == "month":
            raise ValueError(
                f"{', '.join(rows.files)}: monthly values; expected daily ones or finer: the platform would spread a "
                "month evenly over its quarter hours"
            )
        if mapping.zero_is_missing:
            series = replace(series, kwh=np.where(series.kwh == 0.0, np.nan, series.kwh))
        sensor = mapping.sensors.get(meter) or (mapping.sensors.get("") if len(rows.meters) == 1 else None)
        sensor = sensor or slug(f"{medium}-{meter or rows.files[0].split('.')[0]}")
        zeros = medium == "electricity" and not mapping.zero_is_missing
        show_meter(console, meter or "(one)", series, unit="m³" if volume else "kWh", zeros_count=zeros)
        readings = _register_readings(rows, series, meter, sensor, medium, field)
        every_s = series.read_every_s or series.step_s
        targets.append(Target(sensor, "meter", medium, every_s, series, field, readings, meter))
    return targets


def _register_readings(
    rows: MeterRows, series: Series, meter: str, sensor: str, medium: str, field: RegisterField
) -> tuple[Meter, ...]:
    """Readings of a register go in as they are: the platform finds resets itself."""
    if series.values != "register":
        return ()
    factor = Decimal(1) if rows.unit == VOLUME else Decimal(str(KWH_PER[rows.unit])) * WH
    found = {}
    for at in np.flatnonzero((rows.meter == meter) & np.isfinite(rows.value)).tolist():
        found[int(rows.t_us[at])] = float(Decimal(repr(float(rows.value[at]))) * factor)
    return tuple(_shown(sensor, medium, t_us, {field: value}) for t_us, value in sorted(found.items()))


def _shown(sensor: str, medium: str, t_us: int, register: dict[str, Any]) -> Meter:
    return Meter(sensor=sensor, t=from_us(t_us), medium=medium, **register)


def say(console: Console, name: str, text: str) -> None:
    console.print(f"{name:<13} {text}", markup=False, highlight=False, soft_wrap=True)


def slug(text: str) -> str:
    """An id made of a name: lower case, ASCII, dashes."""
    folded = text.casefold().replace("æ", "ae").replace("ø", "oe").replace("å", "aa")
    plain = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63] or "imported"
