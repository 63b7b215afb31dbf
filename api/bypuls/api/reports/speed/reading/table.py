"""Finding the table of a speed survey in a file: the lines before it, its headings, its classes."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.reading.table import HEAD_LINES, Table, delimiters, fields_of, is_number, lines_of, where_of
from bypuls.api.reports.speed.reading.options import KEYS, FileOptions

ALIASES: Mapping[str, tuple[str, ...]] = {
    "speed": (
        "speed", "speed_kmh", "speed_mph", "speed (km/h)", "speed (mph)", "speed [km/h]", "speed km/h", "kmh", "km/h",
        "mph", "velocity", "hastighed", "hastighed (km/t)", "hastighed [km/t]", "hastighed km/t", "hastighed_kmt",
        "fart", "km/t", "vehicle speed", "v_kmh",
    ),
    "date": ("date", "dato"),
    "time": (
        "time", "timestamp", "datetime", "date time", "date/time", "date_time", "tid", "tidspunkt", "klokkeslæt", "kl",
        "kl.", "dato/tid", "dato tid", "dato og tid", "t", "start", "starttid", "start time",
    ),
    "direction": ("direction", "dir", "retning", "lane", "vognbane", "spor"),
    "length": ("length", "length_m", "length (m)", "length [m]", "længde", "længde (m)", "laengde", "længde_m"),
    "class": ("class", "vehicle_class", "klasse", "køretøjsklasse", "vehicle class"),
    "histogram": ("car_speed_hist_0to120plus",),
    "count": (),
    "uptime": ("uptime",),
}  # fmt: skip
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_UNIT = r"\s*(?:km/?[ht]|kmh|kmt|mph)?"
_RANGE = re.compile(rf"{_NUMBER}\s*(?:-|–|—|to|til|\.\.)\s*{_NUMBER}{_UNIT}", re.IGNORECASE)
_ABOVE = re.compile(rf"(?:(?:>=?|≥|over|above)\s*{_NUMBER}|{_NUMBER}\s*\+){_UNIT}", re.IGNORECASE)
_BELOW = re.compile(rf"(?:<=?|≤|under|below)\s*{_NUMBER}{_UNIT}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ClassColumn:
    """A column that counts a speed class, as its heading says; None = open."""

    index: int
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class SpeedTable(Table):
    """A file's table, with its columns of speed classes."""

    classes: tuple[ClassColumn, ...]


def read_table(path: Path, options: FileOptions) -> SpeedTable:
    """Opens a file and finds its table.  Raises FileProblem, OSError."""
    unknown = set(options.columns) - set(KEYS)
    if unknown:
        raise FileProblem(f"--map {sorted(unknown)[0]}: expected one of {', '.join(KEYS)}")
    lines = lines_of(path, options.encoding)
    if not any(line.strip() for line in lines):
        raise FileProblem(f"{path.name}: empty; expected a table with speeds")
    for delimiter in delimiters(lines, options.delimiter):
        found = _with_headings(path.name, lines, delimiter, options) or _without_headings(
            path.name, lines, delimiter, options
        )
        if found is not None:
            return found
    shown = next(line for line in lines if line.strip())[:80]
    raise FileProblem(
        f"{path.name}: no column with speeds found; the first line is {shown!r}. Name the column: --map speed=HEADING, "
        "or --map speed=2 where there are no headings; --delimiter where it is neither ; nor , nor tab"
    )


def _with_headings(name: str, lines: list[str], delimiter: str, options: FileOptions) -> SpeedTable | None:
    for at, line in enumerate(lines[:HEAD_LINES]):
        fields = fields_of(line, delimiter)
        if fields is None:
            continue
        headings = tuple(field.strip() for field in fields)
        columns = _columns(headings, options)
        if columns is None:
            continue
        named = [_class_column(index, text) for index, text in enumerate(headings) if index not in columns.values()]
        classes = tuple(column for column in named if column is not None)
        if "speed" in columns and not _numbers_follow(lines[at + 1 : at + 21], delimiter, columns["speed"]):
            continue
        if "speed" in columns or "histogram" in columns or (len(classes) >= 2 and "speed" not in options.columns):
            where = where_of(headings, options.where, name)
            if "speed" in columns:
                classes = ()
            return SpeedTable(name, lines[at + 1 :], at + 2, at, delimiter, columns, headings, where, classes)
    return None


def _numbers_follow(lines: list[str], delimiter: str, column: int) -> bool:
    """Whether a number stands under the heading soon: a word in the lines before the table is no heading."""
    filled = [row for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if any(row)]
    return not filled or any(len(row) > column and is_number(row[column]) for row in filled)


def _columns(headings: tuple[str, ...], options: FileOptions) -> dict[str, int] | None:
    """The keys' columns; None where one that was asked for by its heading isn't there."""
    folded = [heading.casefold() for heading in headings]
    columns: dict[str, int] = {}
    for key, asked in options.columns.items():
        if asked.casefold() in folded:
            columns[key] = folded.index(asked.casefold())
        elif asked.isdecimal() and 1 <= int(asked) <= len(headings) and "speed" in options.columns:
            return None  # by numbers: as a table without headings
        else:
            return None
    for key in KEYS:
        if key not in columns:
            known = next((alias for alias in ALIASES[key] if alias in folded), None)
            if known is not None and folded.index(known) not in columns.values():
                columns[key] = folded.index(known)
    return columns


def _without_headings(name: str, lines: list[str], delimiter: str, options: FileOptions) -> SpeedTable | None:
    """Columns by number; the table begins at the first line that has a number in the speed's column."""
    if not options.columns.get("speed", "").isdecimal():
        return _single_column(name, lines, delimiter, options)
    if any(not asked.isdecimal() or int(asked) < 1 for asked in options.columns.values()):
        return None
    columns = {key: int(asked) - 1 for key, asked in options.columns.items()}
    return _from_first_number(name, lines, delimiter, columns, options)


def _single_column(name: str, lines: list[str], delimiter: str, options: FileOptions) -> SpeedTable | None:
    """A bare list of speeds needs no map."""
    if options.columns:
        return None
    numbers = [line for line in lines if line.strip()]
    if not all(is_number(line) for line in numbers[:HEAD_LINES]):
        return None
    return _from_first_number(name, lines, "\t" if delimiter == "," else delimiter, {"speed": 0}, options)


def _from_first_number(
    name: str, lines: list[str], delimiter: str, columns: dict[str, int], options: FileOptions
) -> SpeedTable | None:
    for at, line in enumerate(lines[:HEAD_LINES]):
        row = fields_of(line, delimiter) or []
        if len(row) > max(columns.values()) and is_number(row[columns["speed"]]):
            return SpeedTable(
                name, lines[at:], at + 1, at, delimiter, columns, (), where_of((), options.where, name), ()
            )
    return None


def _class_column(index: int, heading: str) -> ClassColumn | None:
    text = heading.strip()
    if match := _RANGE.fullmatch(text):
        return ClassColumn(index, _value(match[1]), _value(match[2]))
    if match := _ABOVE.fullmatch(text):
        return ClassColumn(index, _value(match[1] or match[2]), None)
    if match := _BELOW.fullmatch(text):
        return ClassColumn(index, None, _value(match[1]))
    return None


def _value(text: str) -> float:
    return float(text.replace(",", "."))
