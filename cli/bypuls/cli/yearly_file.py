"""Yearly accounts from a CSV file: `year,tonnes[,completeness,scope_share]`, as a spreadsheet saves it."""

from __future__ import annotations

import csv
import difflib
import io
import re
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("year", "tonnes", "completeness", "scope_share")
_DANISH = {"år": "year", "ton": "tonnes", "tons": "tonnes", "datadækning": "completeness"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1800, 2200
MOST_TONNES = 1e12


class FileProblem(ValueError):
    """The file can't be read; the message names line, column, value and what was expected."""


@dataclass(frozen=True, slots=True)
class YearRow:
    """One year as the file has it; None = unknown. tonnes : [t].  completeness, scope_share : 0 … 1."""

    year: int
    tonnes: float | None
    completeness: float | None
    scope_share: float | None


def read_years(path: Path) -> list[YearRow]:
    """The file's rows, rising by year. Commas or semicolons; with semicolons or tabs numbers may have decimal commas.
    An empty cell is unknown.  Raises FileProblem."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FileProblem(f"{path}: {error.strerror} — expected a file that can be read") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise FileProblem(f"{path.name}: the file is empty — expected a first line {','.join(COLUMNS)}")
    delimiter = next((one for one in (";", "\t") if one in lines[0][1]), ",")
    names = _header(lines[0], delimiter)
    found: dict[int, YearRow] = {}
    for number, line in lines[1:]:
        row = _row(number, next(csv.reader(io.StringIO(line), delimiter=delimiter)), names, delimiter)
        if row.year in found:
            raise _wrong(number, "year", str(row.year), "each year once")
        found[row.year] = row
    if not found:
        raise FileProblem(f"{path.name}: no year follows the first line — expected one line a year")
    return [found[year] for year in sorted(found)]


def _header(line: tuple[int, str], delimiter: str) -> list[str]:
    number, text = line
    names = [cell.strip().lower() for cell in next(csv.reader(io.StringIO(text), delimiter=delimiter))]
    names = [_DANISH.get(name, name) for name in names]
    for name in names:
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, 1)
            hint = f"; the nearest is {near[0]}" if near else ""
            raise _wrong(number, "column", name, f"one of {', '.join(COLUMNS)}{hint}")
        if names.count(name) > 1:
            raise _wrong(number, "column", name, "each column once")
    for name in ("year", "tonnes"):
        if name not in names:
            raise _wrong(number, "column", text[:60], f"a column {name}")
    return names


def _row(number: int, cells: list[str], names: list[str], delimiter: str) -> YearRow:
    if len(cells) != len(names):
        raise _wrong(number, "line", delimiter.join(cells)[:60], f"{len(names)} cells as in the first line")
    texts = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
    comma = delimiter != ","
    if re.fullmatch(r"\d{4}", texts["year"]) is None or not FIRST_YEAR <= int(texts["year"]) <= LAST_YEAR:
        raise _wrong(number, "year", texts["year"], f"a year like 2025, {FIRST_YEAR} to {LAST_YEAR}")
    tonnes = _number(number, "tonnes", texts["tonnes"], f"tonnes a year, 0 to {MOST_TONNES:g}, or empty", comma=comma)
    if tonnes is not None and not 0.0 <= tonnes <= MOST_TONNES:
        raise _wrong(number, "tonnes", texts["tonnes"], f"tonnes a year, 0 to {MOST_TONNES:g}")
    shares = [_share(number, name, texts.get(name, ""), comma=comma) for name in COLUMNS[2:]]
    return YearRow(int(texts["year"]), tonnes, shares[0], shares[1])


def _share(line: int, name: str, text: str, *, comma: bool) -> float | None:
    expected = "a share from 0 to 1 such as 0.95, or 95 %"
    whole = text.endswith("%")
    share = _number(line, name, text.removesuffix("%").strip(), expected, comma=comma)
    if share is not None and whole:
        share /= 100.0
    if share is not None and not 0.0 <= share <= 1.0:
        raise _wrong(line, name, text, expected)
    return share


def _number(line: int, name: str, text: str, expected: str, *, comma: bool) -> float | None:
    if not text:
        return None
    plain = text.replace(",", ".") if comma and "." not in text else text
    if _NUMBER.fullmatch(plain) is None:
        how = "a decimal point or comma" if comma else "a decimal point"
        raise _wrong(line, name, text, f"{expected}, with {how} and nothing between thousands")
    return float(plain)


def _wrong(line: int, name: str, value: str, expected: str) -> FileProblem:
    return FileProblem(f"line {line}: {name}: {value!r} — expected {expected}")
