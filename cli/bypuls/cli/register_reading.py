"""A register's file by a saved mapping: rows of the registry, and every cell that couldn't be taken, counted."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from sqlalchemy import Column

from bypuls.api.reports.reading.amounts import amounts_of
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.reading.table import delimiters, fields_of, lines_of, where_of
from bypuls.cli.import_reading import slug
from bypuls.cli.register_maps import UNITS, ColumnMap, RegisterMap
from bypuls.store.registry.cells import write_cell
from bypuls.store.registry.errors import nearest
from bypuls.store.registry.exporting import entity_named
from bypuls.store.registry.validation import column_fault, columns

_UNIT_AFTER = re.compile(r"\s*[a-z]+\.?\s*$", re.IGNORECASE)
EXAMPLES = 3


@dataclass
class Dirt:
    """What couldn't be taken of one column: how often, with a few of the texts and what was expected."""

    count: int = 0
    texts: list[str] = field(default_factory=list)
    expected: str = ""

    def add(self, text: str, expected: str) -> None:
        """One more."""
        self.count += 1
        self.expected = expected
        if text not in self.texts and len(self.texts) < EXAMPLES:
            self.texts.append(text)


@dataclass(frozen=True, slots=True)
class MappedRegister:
    """Rows of the registry by column; None = unknown.

    lines : of data in the file.  elsewhere : left out by `where`.  left_out : lines that can't be a row, by reason.
    unknown : cells by column where the file itself says nothing.  dirt : those that were left unknown, by column.
    words : by column, how the file's words were taken, with how often.  unused : headings that no column takes.
    """

    rows: list[dict[str, object]]
    lines: int
    elsewhere: int
    left_out: Mapping[str, Dirt]
    unknown: Mapping[str, int]
    dirt: Mapping[str, Dirt]
    words: Mapping[str, Counter[tuple[str, str]]]
    unused: Sequence[str]

    def as_csv(self) -> io.StringIO:
        """The rows as the registry's own file."""
        made = io.StringIO(newline="")
        names = list(self.rows[0]) if self.rows else []
        writer = csv.writer(made, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([write_cell(row[name]) for name in names] for row in self.rows)
        made.seek(0)
        return made


def read_register(path: Path, mapping: RegisterMap, latest: date | None = None) -> MappedRegister:
    """A file's rows. A cell that can't be what its column holds is unknown and counted, a line without its key or with
    one that stands above is left out and counted.  latest : day that has been, where days can't be to come.

    Raises FileProblem, UnknownEntity, ValueError, OSError."""
    table = columns(entity_named(mapping.entity))
    headings, records, ragged = _records(path, mapping)
    place = {name: at for at, name in enumerate(headings)}
    _check(mapping, table, headings, path.name)
    wanted = where_of(headings, mapping.where, path.name)
    kept = [one for one in records if all(one[at].strip() == value for at, value in wanted.items())]
    reading = _Cells(kept, place, {"", *(one.casefold() for one in mapping.unknown)}, mapping.decimal, path.name)
    made: dict[str, list[object]] = {}
    unknown: dict[str, int] = {}
    dirt: dict[str, Dirt] = {}
    words: dict[str, Counter[tuple[str, str]]] = {}
    for name, one in mapping.columns.items():
        dirt[name], words[name] = Dirt(), Counter()
        made[name], unknown[name] = reading.column(one, table[name], dirt[name], words[name], latest)
    _whole_places(made, dirt)
    required = [name for name, column in table.items() if name in made and not column.nullable]
    keys = [name for name, column in table.items() if column.primary_key]
    left_out: dict[str, Dirt] = {}
    if ragged.count:
        left_out["cells"] = ragged
    rows: list[dict[str, object]] = []
    seen: set[tuple[object, ...]] = set()
    for at in range(len(kept)):
        row = {name: values[at] for name, values in made.items()}
        missing = next((name for name in required if row[name] is None), None)
        key = tuple(row[name] for name in keys)
        if missing is not None:
            left_out.setdefault(missing, Dirt()).add(_told(kept[at]), f"a line with its {missing}")
        elif key in seen:
            left_out.setdefault("twice", Dirt()).add(", ".join(map(str, key)), "each key once; the first line counts")
        else:
            seen.add(key)
            rows.append(row)
    used = {one for column in mapping.columns.values() for one in (*column.headings, column.times)} | set(mapping.where)
    return MappedRegister(
        rows,
        len(records) + ragged.count,
        len(records) - len(kept),
        left_out,
        {name: count for name, count in unknown.items() if count},
        {name: one for name, one in dirt.items() if one.count},
        {name: one for name, one in words.items() if one},
        [name for name in headings if name not in used],
    )


def _whole_places(made: Mapping[str, list[object]], dirt: Mapping[str, Dirt]) -> None:
    """Half a place is none: where one of lat and lon is unknown, the other becomes so and is counted."""
    if "lat" not in made or "lon" not in made:
        return
    for at, pair in enumerate(zip(made["lat"], made["lon"], strict=True)):
        if (pair[0] is None) != (pair[1] is None):
            given = "lon" if pair[0] is None else "lat"
            dirt[given].add(str(made[given][at]), "both lat and lon, or neither")
            made[given][at] = None


def _told(cells: Sequence[str]) -> str:
    return ", ".join(cells)[:40]


def _records(path: Path, mapping: RegisterMap) -> tuple[list[str], list[list[str]], Dirt]:
    lines = lines_of(path, mapping.encoding)
    first = next((at for at, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise FileProblem(f"{path.name}: empty; expected a first line that names the columns")
    asked = [one for column in mapping.columns.values() for one in column.headings]
    best: tuple[int, str, list[str]] | None = None
    for delimiter in delimiters(lines, mapping.delimiter):
        headings = [one.strip() for one in fields_of(lines[first], delimiter) or []]
        hits = sum(one in headings for one in asked)
        if best is None or hits > best[0]:
            best = (hits, delimiter, headings)
    assert best is not None  # `delimiters` gives at least one
    _, delimiter, headings = best
    records: list[list[str]] = []
    ragged = Dirt()
    try:
        # A quoted cell may hold line ends, so the reader gets them back.
        for cells in csv.reader((f"{line}\n" for line in lines[first + 1 :]), delimiter=delimiter):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) == len(headings):
                records.append(cells)
            else:
                ragged.add(_told(cells), f"{len(headings)} cells as in the first line")
    except csv.Error as error:
        raise FileProblem(f"{path.name}: {error}; expected well-formed CSV") from error
    return headings, records, ragged


def _check(mapping: RegisterMap, table: Mapping[str, Column[Any]], headings: Sequence[str], name: str) -> None:
    for column, one in mapping.columns.items():
        if column not in table:
            raise ValueError(
                f"columns.{column}: no column of {mapping.entity}{nearest(column, table)}; "
                f"expected one of {', '.join(table)}"
            )
        for heading in (*one.headings, *([one.times] if one.times else [])):
            if heading not in headings:
                raise FileProblem(
                    f"{name}: no column {heading!r}{nearest(heading, headings)}; columns.{column} expects it"
                )
    for column, row in table.items():
        if row.primary_key and row.default is None and column not in mapping.columns:
            raise ValueError(f"columns.{column}: missing, expected since it is part of the key")


class _Cells:
    """The cells of the kept lines. missing : what stands for nothing, folded."""

    def __init__(
        self,
        records: Sequence[Sequence[str]],
        place: Mapping[str, int],
        missing: set[str],
        decimal: str | None,
        name: str,
    ) -> None:
        self.records, self.place, self.missing, self.decimal, self.name = records, place, missing, decimal, name

    def column(
        self,
        one: ColumnMap,
        column: Column[Any],
        dirt: Dirt,
        words: Counter[tuple[str, str]],
        latest: date | None = None,
    ) -> tuple[list[object], int]:
        """The values of one column and how many are unknown in the file."""
        texts = [one.value] * len(self.records) if one.value is not None else self._texts(one.headings)
        kind = column.type.python_type
        values: Sequence[object]
        if kind in (float, int):
            values = self._numbers(texts, one, dirt, whole=kind is int)
        else:
            values = [None if text is None else self._read(text, one, column, dirt, words) for text in texts]
        found: list[object] = []
        for text, value in zip(texts, values, strict=True):
            expected = None if value is None else column_fault(column, value, latest)
            if expected is not None:
                dirt.add(text or "", expected)
            found.append(value if expected is None else None)
        return found, sum(text is None for text in texts)

    def _texts(self, headings: Sequence[str]) -> list[str | None]:
        places = [self.place[one] for one in headings]
        made: list[str | None] = []
        for cells in self.records:
            known = (text for at in places if (text := cells[at].strip()).casefold() not in self.missing)
            made.append(next(known, None))
        return made

    def _numbers(self, texts: Sequence[str | None], one: ColumnMap, dirt: Dirt, *, whole: bool) -> list[object]:
        values = self._amounts(texts, one, dirt)
        if one.times is not None:
            factors = self._amounts(self._texts([one.times]), one, dirt)
            values = [None if a is None or b is None else a * b for a, b in zip(values, factors, strict=True)]
        scale = UNITS[one.unit] if one.unit is not None else 1.0
        made: list[object] = []
        for value in values:
            if value is not None and whole and value == int(value):
                made.append(int(value))
            else:
                # 16 ft are 4.8768 m, not 4.876800000000001.
                made.append(None if value is None else round(value * scale, 9))
        return made

    def _amounts(self, texts: Sequence[str | None], one: ColumnMap, dirt: Dirt) -> list[float | None]:
        bare = ["" if text is None else self._without_unit(text, one) for text in texts]
        found, _ = amounts_of(bare, self.decimal, self.name)
        made: list[float | None] = []
        for text, value in zip(texts, found.tolist(), strict=True):
            known = isfinite(value)
            if text is not None and not known:
                dirt.add(text, "a number" + (f", in {one.unit}" if one.unit else ""))
            made.append(value if known else None)
        return made

    @staticmethod
    def _without_unit(text: str, one: ColumnMap) -> str:
        """`16 ft` to `16` where the mapping names that unit; what names another one is left to be refused."""
        unit = _UNIT_AFTER.search(text)
        if unit is None or one.unit is None or unit[0].strip().rstrip(".").casefold() != one.unit.casefold():
            return text
        return text[: unit.start()]

    @staticmethod
    def _read(text: str, one: ColumnMap, column: Column[Any], dirt: Dirt, words: Counter[tuple[str, str]]) -> object:
        if one.names:
            word = one.names.get(text)
            if word is None:
                dirt.add(text, f"one of the mapping's names {', '.join(one.names)}")
                return None
            words[text, word] += 1
            text = word
        kind = column.type.python_type
        if kind is date and one.date_format is not None:
            try:
                return datetime.strptime(text, one.date_format).date()  # noqa: DTZ007  a day has no zone
            except ValueError:
                dirt.add(text, f"a date like {one.date_format}")
                return None
        if kind is date:
            try:
                return date.fromisoformat(text)
            except ValueError:
                dirt.add(text, "a day like 2026-11-23; say date_format in the mapping")
                return None
        if kind is bool:
            known = {
                "true": True,
                "yes": True,
                "ja": True,
                "1": True,
                "false": False,
                "no": False,
                "nej": False,
                "0": False,
            }
            if text.casefold() not in known:
                dirt.add(text, "true or false; say names in the mapping")
            return known.get(text.casefold())
        return f"{one.prefix}{slug(text)}"[:63] if one.make == "id" else f"{one.prefix}{text}"
