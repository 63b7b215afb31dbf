"""Recordings as readings: JSON Lines of the contract's readings, CSV or Parquet through a mapping. Also gzipped.

A row that can't be read is not dropped silently: it is listed with its reason. What is missing is left out.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from bypuls.sim.column_times import Unreadable, column_times
from bypuls.sim.mapping import ColumnMapping, Counts, Quantity, ReadingRule
from bypuls.sim.registers import Register
from bypuls.wire import KINDS, BadField, Reading, WireError, decode_reading, to_us


class RecordingError(ValueError):
    """A file that is no recording; for whoever gave it."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that gave no reading: where, and why."""

    file: str
    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Recording:
    """Readings rising in time, the rows that could not be read, and the digest of files and mapping."""

    readings: Sequence[Reading]
    rejected: Sequence[RejectedRow]
    digest: str

    @property
    def sensors(self) -> dict[str, str]:
        """The kind of each sensor that speaks in it."""
        return {reading.sensor: reading.kind for reading in self.readings}


def load_recording(paths: Sequence[Path], mapping: ColumnMapping | None = None) -> Recording:
    """The readings of all files together; registers run on from one file to the next, in the order of time.

    Raises RecordingError, OSError."""
    if not paths:
        raise RecordingError("recording: no file — expected one or more")
    digest = hashlib.blake2b(digest_size=12)
    rejected: list[RejectedRow] = []
    readings: list[Reading] = []
    rows: list[_Row] = []
    for path in paths:
        data = path.read_bytes()
        digest.update(hashlib.blake2b(data).digest())
        plain = gzip.decompress(data) if path.name.endswith(".gz") else data
        name = path.name.removesuffix(".gz")
        if name.endswith((".jsonl", ".ndjson")):
            readings.extend(_json_lines(path.name, plain, rejected))
        elif mapping is None:
            raise RecordingError(f"{path}: expected JSON Lines (.jsonl), or a mapping that says what the columns are")
        else:
            rows.extend(_rows(path.name, name, plain, mapping))
    if rows and mapping is not None:
        digest.update(mapping.text.encode())
        readings.extend(_mapped(rows, mapping, rejected))
    readings.sort(key=_time_of)
    if not readings and not rejected:
        hint = "the files are empty" if mapping is None else "do the mapping's columns exist?"
        raise RecordingError(f"{', '.join(str(path) for path in paths)}: no readings — {hint}")
    return Recording(readings, rejected, digest.hexdigest())


def _time_of(reading: Reading) -> tuple[int, str]:
    return (to_us(reading.t) if reading.t is not None else 0), reading.sensor


def _json_lines(file: str, data: bytes, rejected: list[RejectedRow]) -> Iterator[Reading]:
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            reading = decode_reading(line)
        except WireError as error:
            rejected.append(RejectedRow(file, number, str(error)))
            continue
        if reading.t is None:
            rejected.append(RejectedRow(file, number, "t: expected a time in a recording"))
        else:
            yield reading


@dataclass(frozen=True, slots=True)
class _Row:
    file: str
    number: int
    cells: Mapping[str, str]
    names: Mapping[str, str]
    decimal: str


def _rows(file: str, name: str, data: bytes, mapping: ColumnMapping) -> Iterator[_Row]:
    names: dict[str, str] = {}
    if mapping.file is not None:
        found = mapping.file.match(name)
        if found is None:
            raise RecordingError(f"{file}: expected a name like {mapping.file.pattern}")
        names = {key: value.lower() for key, value in found.groupdict().items() if value is not None}
    table = _parquet(data) if name.endswith(".parquet") else _csv(file, data, mapping.delimiter)
    for number, cells in enumerate(table, 2):
        yield _Row(file, number, cells, names, mapping.decimal)


def _csv(file: str, data: bytes, delimiter: str) -> Iterator[dict[str, str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordingError(f"{file}: byte {error.start} is not UTF-8") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    for row in reader:
        row.pop(None, None)  # cells beyond the header have no name
        yield row


def _parquet(data: bytes) -> Iterator[dict[str, str]]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise RecordingError("Parquet needs pyarrow: pip install 'bypuls[parquet]'") from error
    for row in parquet.read_table(io.BytesIO(data)).to_pylist():
        yield {name: "" if value is None else str(value) for name, value in row.items()}


@dataclass(slots=True)
class _Series:
    """The rows of one sensor by one rule."""

    rule: ReadingRule
    sensor: str
    rows: list[_Row] = field(default_factory=list)


def _mapped(rows: Sequence[_Row], mapping: ColumnMapping, rejected: list[RejectedRow]) -> Iterator[Reading]:
    series: dict[tuple[int, str], _Series] = {}
    used = {mapping.time.column}
    for row in rows:
        if mapping.time.column not in row.cells:
            raise RecordingError(f"{row.file}: no column {mapping.time.column!r} — it has {', '.join(row.cells)}")
        for index, rule in enumerate(mapping.readings):
            if rule.columns <= row.cells.keys():
                used |= rule.columns
                sensor = _template(rule.sensor, row)
                series.setdefault((index, sensor), _Series(rule, sensor)).rows.append(row)
    reported: set[tuple[str, int, str]] = set()
    for one in series.values():
        yield from _series(one, mapping, rejected, reported)


def _series(
    series: _Series, mapping: ColumnMapping, rejected: list[RejectedRow], reported: set[tuple[str, int, str]]
) -> Iterator[Reading]:
    times = column_times([row.cells[mapping.time.column] for row in series.rows], mapping.time)
    covers = timedelta(seconds=mapping.time.interval_s or 0)
    dated: list[tuple[datetime, _Row]] = []
    for row, time in zip(series.rows, times, strict=True):
        if isinstance(time, Unreadable):
            _reject(row, f"{mapping.time.column}: {time.text!r} — expected {time.expected}", rejected, reported)
        else:
            dated.append((time - covers if mapping.time.stamps == "end" else time, row))
    dated.sort(key=lambda one: one[0])
    registers = {name: Register() for name in series.rule.registers}
    for start, row in dated:
        try:
            yield from _readings(series, row, start, start + covers, registers)
        except BadField as error:
            _reject(row, str(error), rejected, reported)


def _reject(row: _Row, reason: str, rejected: list[RejectedRow], reported: set[tuple[str, int, str]]) -> None:
    """Once for a row and a reason, however many readings the row would have given."""
    if (row.file, row.number, reason) not in reported:
        reported.add((row.file, row.number, reason))
        rejected.append(RejectedRow(row.file, row.number, reason))


def _readings(
    series: _Series, row: _Row, start: datetime, end: datetime, registers: Mapping[str, Register]
) -> Iterator[Reading]:
    rule = series.rule
    at: dict[datetime, dict[str, Any]] = {}
    values = {name: float(value) for name, q in rule.fields.items() if (value := _number(row, q)) is not None}
    if rule.counts is not None:
        counted = _traffic(row, rule.counts)
        if counted is None:
            return
        at[start] = counted | values | {"period_s": int((end - start).total_seconds())}
    elif values:
        at[start] = dict(values)
    amounts = {name: _number(row, quantity) for name, quantity in rule.registers.items()}
    for name, amount in amounts.items():
        if amount is not None and amount < 0:  # a register that falls would be taken for a reset of the meter
            column = rule.registers[name].column
            raise BadField(column, row.cells[column], "an amount of 0 or more: it adds to a register")
    for name, amount in amounts.items():
        for time, shown in registers[name].add(start, end, amount):
            at.setdefault(time, {})[name] = float(shown)
    for time, known in sorted(at.items()):
        yield KINDS[rule.kind](sensor=series.sensor, t=time, **rule.constants, **known)


_GROUPED = re.compile(r"[+-]?\d{1,3}(\.\d{3})*(,\d*)?|[+-]?\d*(,\d*)?", re.ASCII)  # 1.234,5 and 1234,5


def _number(row: _Row, quantity: Quantity) -> Decimal | None:
    text = row.cells[quantity.column].strip()
    if not text or text.lower() in ("nan", "null", "none"):
        return None
    plain = text
    if row.decimal == ",":
        if _GROUPED.fullmatch(text) is None:
            raise BadField(quantity.column, text, "a number with a decimal comma")
        plain = text.replace(".", "").replace(",", ".")
    try:
        value = Decimal(plain)
    except InvalidOperation as error:
        raise BadField(quantity.column, text, "a number") from error
    if not value.is_finite():
        raise BadField(quantity.column, text, "a finite number")
    if value == 0 and quantity.zero_is_missing:
        return None
    return value * quantity.factor + quantity.offset


def _traffic(row: _Row, counts: Counts) -> dict[str, Any] | None:
    """The counts of a row; None where the source has no count."""
    total = _number(row, Quantity(counts.column))
    if total is None:
        return None
    n = float(total)
    open_class = {"upper_edges_kmh": (), "counts": (n,), "open_top": True}
    if counts.percent is None or not row.cells[counts.percent].strip():
        return open_class
    try:
        shares = [float(share) for share in json.loads(row.cells[counts.percent])]
    except (ValueError, TypeError) as error:
        raise BadField(counts.percent, row.cells[counts.percent], "a list of shares in percent") from error
    if len(shares) != len(counts.upper_edges_kmh) + 1 or min(shares) < 0.0:
        raise BadField(counts.percent, shares, f"{len(counts.upper_edges_kmh) + 1} shares, none negative")
    if sum(shares) <= 0.0:
        return open_class
    return {"upper_edges_kmh": counts.upper_edges_kmh, "counts": tuple(apportion(n, shares)), "open_top": True}


def apportion(total: float, shares: Sequence[float]) -> list[float]:
    """`total` split by `shares` (any scale) so that the parts add up to it exactly, in whichever order.

    All parts but the largest are multiples of 2⁻²⁰; the largest takes what is left."""
    scale = total / sum(shares)
    parts = [round(share * scale * 2**20) / 2**20 for share in shares]
    largest = max(range(len(parts)), key=parts.__getitem__)
    parts[largest] = 0.0
    parts[largest] = max(0.0, total - sum(parts))
    return parts


_PLACEHOLDER = re.compile(r"\{([^{}:]+)(?::(int))?\}")


def _template(text: str, row: _Row) -> str:
    def fill(found: re.Match[str]) -> str:
        name, kind = found[1], found[2]
        value = row.names.get(name, row.cells.get(name))
        if value is None:
            raise RecordingError(f"{row.file}: sensor {text!r} — no column and no part of the file's name is {name!r}")
        if kind != "int":
            return value
        try:
            return str(int(Decimal(value)))
        except (InvalidOperation, ValueError, OverflowError) as error:
            raise RecordingError(
                f"{row.file}, row {row.number}: {name} = {value!r} — expected a whole number"
            ) from error

    return _PLACEHOLDER.sub(fill, text)
