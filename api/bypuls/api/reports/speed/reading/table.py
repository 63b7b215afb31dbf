"""Finding the table in a file: encoding, delimiter, the lines before it, its headings."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from bypuls.api.reports.speed.reading.errors import FileProblem
from bypuls.api.reports.speed.reading.options import DELIMITERS, KEYS, FileOptions

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
HEAD_LINES = 200
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class ClassColumn:
    """A column that counts a speed class, as its heading says; None = open."""

    index: int
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A file's table. first_line : number of its first line of data, 1 = the file's first.

    columns : index of each key that was found.  classes : columns of speed classes.  where : index → value."""

    name: str
    lines: list[str]
    first_line: int
    skipped: int
    delimiter: str
    columns: Mapping[str, int]
    headings: tuple[str, ...]
    classes: tuple[ClassColumn, ...]
    where: Mapping[int, str]

    def rows(self) -> Iterator[tuple[int, list[str] | None]]:
        """Line number and fields; None for a line that the CSV reader refuses."""
        reader = csv.reader(iter(self.lines), delimiter=self.delimiter, skipinitialspace=True)
        before = 0
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield self.first_line + before, None
                before = reader.line_num
                continue
            yield self.first_line + before, row
            before = reader.line_num

    def batches(self, size: int) -> Iterator[tuple[Sequence[int], list[list[str] | None]]]:
        """Line numbers and fields, `size` lines at a time. Without quotes a line is a row, and a batch one call."""
        quoted = any('"' in line for line in self.lines)
        if quoted:
            rows = self.rows()
            while batch := list(islice(rows, size)):
                yield [number for number, _ in batch], [row for _, row in batch]
            return
        for first in range(0, len(self.lines), size):
            lines = self.lines[first : first + size]
            places = range(self.first_line + first, self.first_line + first + len(lines))
            try:
                yield places, list(csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True))
            except csv.Error:
                part = replace(self, lines=lines, first_line=places[0])
                found = list(part.rows())
                yield [number for number, _ in found], [row for _, row in found]


def read_table(path: Path, options: FileOptions) -> Table:
    """Opens a file and finds its table.  Raises FileProblem, OSError."""
    unknown = set(options.columns) - set(KEYS)
    if unknown:
        raise FileProblem(f"--map {sorted(unknown)[0]}: expected one of {', '.join(KEYS)}")
    lines = _text(path, options).splitlines()
    if not any(line.strip() for line in lines):
        raise FileProblem(f"{path.name}: empty; expected a table with speeds")
    for delimiter in _delimiters(lines, options):
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


def _text(path: Path, options: FileOptions) -> str:
    raw = path.read_bytes()
    if raw.startswith(_GZIP):
        raw = gzip.decompress(raw)
    if options.encoding is not None:
        try:
            return raw.decode(options.encoding)
        except (UnicodeDecodeError, LookupError) as error:
            raise FileProblem(f"{path.name}: {error}; expected text in {options.encoding}") from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    if b"\x00" in raw[:4096]:
        raise FileProblem(f"{path.name}: not a text file; export it as CSV first")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")  # every byte is a letter there


def _delimiters(lines: list[str], options: FileOptions) -> list[str]:
    if options.delimiter is not None:
        if options.delimiter not in DELIMITERS:
            raise FileProblem(f"--delimiter {options.delimiter!r}: expected ; or , or tab")
        return [DELIMITERS[options.delimiter]]
    head = lines[:HEAD_LINES]
    # Where ; or a tab divides most lines, a comma is a decimal comma.
    filled = sum(1 for line in head if line.strip())
    often = [mark for mark in (";", "\t") if sum(mark in line for line in head) * 2 > filled]
    return [*often, *(mark for mark in (";", "\t", ",") if mark not in often)]


def _with_headings(name: str, lines: list[str], delimiter: str, options: FileOptions) -> Table | None:
    for at, line in enumerate(lines[:HEAD_LINES]):
        try:
            fields = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
        except (csv.Error, StopIteration):
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
            where = _where(headings, options, name)
            if "speed" in columns:
                classes = ()
            return Table(name, lines[at + 1 :], at + 2, at, delimiter, columns, headings, classes, where)
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


def _without_headings(name: str, lines: list[str], delimiter: str, options: FileOptions) -> Table | None:
    """Columns by number; the table begins at the first line that has a number in the speed's column."""
    if not options.columns.get("speed", "").isdecimal():
        return _single_column(name, lines, delimiter, options)
    if any(not asked.isdecimal() or int(asked) < 1 for asked in options.columns.values()):
        return None
    columns = {key: int(asked) - 1 for key, asked in options.columns.items()}
    return _from_first_number(name, lines, delimiter, columns, options)


def _single_column(name: str, lines: list[str], delimiter: str, options: FileOptions) -> Table | None:
    """A bare list of speeds needs no map."""
    if options.columns:
        return None
    numbers = [line for line in lines if line.strip()]
    if not all(is_number(line) for line in numbers[:HEAD_LINES]):
        return None
    return _from_first_number(name, lines, "\t" if delimiter == "," else delimiter, {"speed": 0}, options)


def _from_first_number(
    name: str, lines: list[str], delimiter: str, columns: dict[str, int], options: FileOptions
) -> Table | None:
    for at, line in enumerate(lines[:HEAD_LINES]):
        row = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
        if len(row) > max(columns.values()) and is_number(row[columns["speed"]]):
            return Table(name, lines[at:], at + 1, at, delimiter, columns, (), (), _where((), options, name))
    return None


def _where(headings: tuple[str, ...], options: FileOptions, name: str) -> dict[int, str]:
    found = {}
    folded = [heading.casefold() for heading in headings]
    for asked, value in options.where.items():
        if asked.casefold() in folded:
            found[folded.index(asked.casefold())] = value
        elif asked.isdecimal() and int(asked) >= 1:
            found[int(asked) - 1] = value
        else:
            raise FileProblem(
                f"--where {asked}={value}: no such column in {name}; expected one of {', '.join(headings)}"
            )
    return found


def is_number(text: str) -> bool:
    """Whether a field is a number, with point or comma."""
    try:
        float(text.strip().replace(",", "."))
    except ValueError:
        return False
    return True


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
