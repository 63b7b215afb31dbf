"""CSV files into the registry: a file is taken as a whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any, TypeVar

from sqlalchemy import Column, select
from sqlalchemy.orm import Session

from bypuls.store.registry.cells import BadCell, read_cell
from bypuls.store.registry.errors import nearest
from bypuls.store.registry.exporting import entity_named
from bypuls.store.registry.journal import record
from bypuls.store.registry.registry import Registry
from bypuls.store.registry.tables import ENTITIES, Base, Sensor
from bypuls.store.registry.validation import column_fault, columns, faults, key_of, parent_loops

_Row = TypeVar("_Row", bound=Base)
MOST_ERRORS = 1000
"""So many errors are told; a file with more is not worth reading on."""


@dataclass(frozen=True, slots=True)
class CellError:
    """What is wrong with one cell. `line` counts from 1, the header; `field` is empty where the whole line is wrong."""

    line: int
    field: str
    value: str
    expected: str

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"line {self.line}: {field}{self.value!r} — expected {self.expected}"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. With any error nothing was changed, and the counts are 0."""

    created: int
    changed: int
    unchanged: int
    errors: tuple[CellError, ...] = ()


def import_csv(
    registry: Registry, entity: str, file: Path | IO[bytes] | IO[str], *, actor: str = "local"
) -> ImportReport:
    """Create or change the rows of `entity` that the file names by their key; rows that it doesn't name stay.

    UTF-8, with or without a byte order mark, separated by commas or semicolons (then numbers may have decimal
    commas). The first line names the columns, in any order; a column that is not there is left as it is, an empty
    cell is unknown, or the column's default where it can't be. Raises UnknownEntity, OSError.
    """
    table = entity_named(entity)
    raw = file.read_bytes() if isinstance(file, Path) else file.read()
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
    except UnicodeDecodeError as error:
        return ImportReport(0, 0, 0, (_not_utf8(error),))
    with registry.session() as session:
        reading = _Reading(session, table)
        reading.take(text.removeprefix("\ufeff"))
        if reading.errors:
            session.rollback()
            return ImportReport(0, 0, 0, tuple(reading.errors[:MOST_ERRORS]))
        report = ImportReport(reading.created, reading.changed, reading.unchanged)
        detail = {"created": report.created, "changed": report.changed, "unchanged": report.unchanged}
        record(session, registry.clock(), actor, "import", entity, "*", detail)
        return report


def read_csv(
    table: type[_Row], file: Path, given: Mapping[str, object] | None = None
) -> tuple[list[_Row], list[CellError]]:
    """The rows of a file as `import_csv` would take them, without a registry: what they refer to isn't looked up.

    given : values of columns that the file need not have. Raises OSError."""
    try:
        text = file.read_bytes().decode()
    except UnicodeDecodeError as error:
        return [], [_not_utf8(error)]
    reading = _Reading(None, table, given)
    reading.take(text.removeprefix("\ufeff"))
    if reading.errors:
        return [], reading.errors[:MOST_ERRORS]
    return [row for row in reading.present.values() if isinstance(row, table)], []


def _not_utf8(error: UnicodeDecodeError) -> CellError:
    line = error.object[: error.start].count(b"\n") + 1
    bad = repr(error.object[error.start : error.end])
    return CellError(line, "", bad, "text in UTF-8 (in Excel: CSV UTF-8)")


class _Reading:
    """One file on its way into one table; without a session its rows are only made."""

    def __init__(self, session: Session | None, table: type[Base], given: Mapping[str, object] | None = None) -> None:
        self.session = session
        self.table = table
        self.latest: date | None = None if session is None else session.info.get("latest")
        self.columns = columns(table)
        self.given = dict(given or {})
        rows: Iterable[Base] = [] if session is None else session.scalars(select(table))
        self.present: dict[tuple[object, ...], Base] = {key_of(row): row for row in rows}
        self.known = {} if session is None else self._known_ids(session)
        self.lines: dict[tuple[object, ...], int] = {}
        self.waiting: list[tuple[int, str, str]] = []
        self.errors: list[CellError] = []
        self.created = self.changed = self.unchanged = 0

    def take(self, text: str) -> None:
        """Read all of the file; what is wrong is in `errors`."""
        header, _, _ = text.lstrip("\r\n").partition("\n")
        self.delimiter = ";" if ";" in header else ","
        records = self._records(text)
        first = next(records, None)
        if first is None:
            if not self.errors:
                self._refuse(1, "", "", f"a first line that names the columns: {', '.join(self.columns)}")
            return
        names = [name.strip() for name in first[1]]
        self._check_header(first[0], names)
        if self.errors:
            return
        with nullcontext() if self.session is None else self.session.no_autoflush:
            for line, cells in records:
                self._take_row(line, names, cells)
                if len(self.errors) >= MOST_ERRORS:
                    return
        self._check_references()

    def _records(self, text: str) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=True)
        line = 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            self._refuse(line, "", str(error), "a well-formed CSV line, quotes closed and doubled inside")

    def _check_header(self, line: int, names: list[str]) -> None:
        for number, name in enumerate(names):
            if name not in self.columns:
                self._refuse(
                    line, name, name, f"one of the columns {', '.join(self.columns)}{nearest(name, self.columns)}"
                )
            elif name in names[:number]:
                self._refuse(line, name, name, "each column once")
        for name, column in self.columns.items():
            needed = column.primary_key and column.default is None and name not in self.given
            if name not in names and needed:
                self._refuse(line, name, "", "this column, since it is part of the key")

    def _take_row(self, line: int, names: list[str], cells: list[str]) -> None:
        if len(cells) != len(names):
            self._refuse(
                line, "", self.delimiter.join(cells)[:80], f"{len(names)} cells as in the first line, not {len(cells)}"
            )
            return
        texts = dict(zip(names, cells, strict=True))
        values: dict[str, Any] = {name: value for name, value in self.given.items() if name not in texts}
        given = len(values)
        for name, text in texts.items():
            column = self.columns[name]
            try:
                value = read_cell(text, column, decimal_comma=self.delimiter == ";")
            except BadCell as error:
                self._refuse(line, name, text, str(error))
                continue
            if value is None and not column.nullable:
                value = _default(column)
            expected = column_fault(column, value, self.latest)
            if expected is None:
                values[name] = value
            else:
                self._refuse(line, name, text, expected)
        if len(values) == len(texts) + given:
            self._upsert(line, texts, values)

    def _upsert(self, line: int, texts: dict[str, str], values: dict[str, Any]) -> None:
        for name, column in self.columns.items():
            if name not in values and column.primary_key:
                values[name] = _default(column)
        key = tuple(values[name] for name, column in self.columns.items() if column.primary_key)
        row = self.present.get(key)
        before = None if row is None else {name: getattr(row, name) for name in values}
        if row is None:
            row = self._new_row(values)
        else:
            for name, value in values.items():
                if getattr(row, name) != value:
                    setattr(row, name, value)
        found = list(faults(row, self.latest))
        for field, value, expected in found:
            self._refuse(line, field, texts.get(field, "" if value is None else str(value)), expected)
        if key in self.lines:
            self._refuse(
                line, "", ", ".join(map(str, key)), f"each key once; it stands on line {self.lines[key]} already"
            )
        if found or key in self.lines:
            return
        self.lines[key] = line
        if before is None:
            self.created += 1
            self.present[key] = row
            if self.session is not None:
                self.session.add(row)
        elif before == values:
            self.unchanged += 1
        else:
            self.changed += 1
        self.waiting += [(line, name, values[name]) for name in self.known if values.get(name) is not None]

    def _new_row(self, values: dict[str, Any]) -> Base:
        # Every column that the file does not name gets its default, or None: the fault is told, not raised.
        given = {name: values.get(name, _default(column)) for name, column in self.columns.items()}
        return self.table(**given)

    def _known_ids(self, session: Session) -> dict[str, set[str]]:
        known = {}
        for name, column in self.columns.items():
            for reference in column.foreign_keys:
                target = ENTITIES[reference.column.table.name]
                known[name] = set(session.scalars(select(columns(target)["id"])))
        return known

    def _check_references(self) -> None:
        own = {str(key[0]) for key in self.present}
        for line, name, value in self.waiting:
            (reference,) = self.columns[name].foreign_keys
            target = reference.column.table.name
            known = self.known[name] | own if target == self.table.__tablename__ else self.known[name]
            if value not in known:
                self._refuse(line, name, value, f"the id of a {target} in the registry{nearest(value, known)}")
        if self.table is Sensor and not self.errors:
            parents = {row.id: row.parent for row in self.present.values() if isinstance(row, Sensor)}
            for looping in sorted(parent_loops(parents)):
                if (looping,) in self.lines:
                    self._refuse(
                        self.lines[looping,], "parent", parents[looping] or "", "a meter that is not behind this one"
                    )

    def _refuse(self, line: int, field: str, value: str, expected: str) -> None:
        self.errors.append(CellError(line, field, value[:80], expected))


def _default(column: Column[Any]) -> object:
    default: Any = column.default
    return default.arg if default is not None and default.is_scalar else None
