"""The service's answers and files: JSON, or CSV, with times in UTC or local without a zone. Bytes in, arrays out.

BadRecords (ValueError)  the file: names line, column, value and what was expected
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
MOST_BYTES = 512 * 1024 * 1024
_ABSURD_G_PER_KWH = 3000.0
# UTC before local time, which can't tell the doubled hour of October by itself.
_UTC_COLUMNS = ("HourUTC", "Minutes5UTC", "TimeUTC", "t")
_LOCAL_COLUMNS = ("HourDK", "Minutes5DK", "TimeDK")
_VALUE_COLUMNS = ("CO2PerkWh", "CO2Emission", "g_per_kwh")
_AREA_COLUMNS = ("PriceArea", "area")
_METHOD_COLUMNS = ("FuelAllocationMethod", "method")


class BadRecords(ValueError):
    """What was read isn't what it should be."""


@dataclass(frozen=True, slots=True)
class Series:
    """Emission of one area by one method.

    t_us : (n,) [µs UTC] rising.  g_per_kwh : (n,) finite.
    method : such as `125 %`; None where the records don't say.
    unclear : local hours that can't be told from each other, left out.
    """

    area: str
    method: str | None
    t_us: npt.NDArray[np.int64]
    g_per_kwh: npt.NDArray[np.float64]
    unclear: int = 0


def read_records(content: bytes) -> list[Series]:
    """Every area and method of an answer (JSON with `records`) or a file (CSV, gzipped or not), by area and method.

    Times: HourUTC where it is there; else HourDK, local time without a zone: the doubled hour of October is told by the
    order of the lines, and left out where it stands there once.  Raises BadRecords.
    """
    records = list(_records(_plain(content)))
    if not records:
        raise BadRecords("no records; expected at least one line")
    first = records[0][1]
    time_name = _one_of(first, (*_UTC_COLUMNS, *_LOCAL_COLUMNS), "a time")
    value_name = _one_of(first, _VALUE_COLUMNS, "an emission")
    area_name = _one_of(first, _AREA_COLUMNS, "a price area")
    method_name = next((name for name in _METHOD_COLUMNS if name in first), None)
    grouped: dict[tuple[str, str | None], list[tuple[int, datetime, float]]] = {}
    for line, record in records:
        value = _number(record.get(value_name), line, value_name)
        if value is None:
            continue
        area = str(record.get(area_name) or "").strip()
        if not area:
            raise BadRecords(f"line {line}: {area_name}: nothing; expected a price area such as DK2")
        method = _method(record[method_name]) if method_name and record.get(method_name) else None
        at = _time(record.get(time_name), line, time_name)
        grouped.setdefault((area, method), []).append((line, at, value))
    local = time_name in _LOCAL_COLUMNS
    return [
        _series(area, method, _in_utc(rows) if local else (_as_utc(rows), 0))
        for (area, method), rows in sorted(grouped.items(), key=lambda one: (one[0][0], one[0][1] or ""))
    ]


def _plain(content: bytes) -> bytes:
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        with gzip.open(io.BytesIO(content)) as file:
            plain = file.read(MOST_BYTES + 1)
    except (OSError, EOFError) as error:
        raise BadRecords(f"the gzip file is damaged: {error}") from error
    if len(plain) > MOST_BYTES:
        raise BadRecords(f"more than {MOST_BYTES} bytes unpacked; expected a smaller file")
    return plain


def _records(content: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each record with its line (of JSON: its number)."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRecords(f"byte {error.start}: expected text in UTF-8") from error
    if text.lstrip()[:1] in ("{", "["):
        try:
            found = json.loads(text)
        except ValueError as error:
            raise BadRecords(f"not JSON: {error}") from error
        records = found.get("records") if isinstance(found, dict) else found
        if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
            raise BadRecords("records: expected a list of objects, as the service answers")
        yield from enumerate(records, 1)
        return
    header, _, _ = text.partition("\n")
    delimiter = ";" if ";" in header else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise BadRecords(f"line {reader.line_num}: expected as many cells as the first line has")
            yield reader.line_num, row
    except csv.Error as error:
        raise BadRecords(f"line {reader.line_num}: {error}") from error


def _one_of(record: Mapping[str, Any], names: Sequence[str], what: str) -> str:
    found = next((name for name in names if name in record), None)
    if found is None:
        raise BadRecords(f"columns {', '.join(map(str, record))}: no column with {what}; expected {' or '.join(names)}")
    return found


def _number(value: Any, line: int, name: str) -> float | None:
    """None where nothing is said."""
    if value is None or value == "":
        return None
    try:
        found = float(value.replace(",", ".") if isinstance(value, str) else value)
    except (TypeError, ValueError) as error:
        raise BadRecords(f"line {line}: {name}: {value!r}; expected a number [g/kWh]") from error
    if not math.isfinite(found) or abs(found) > _ABSURD_G_PER_KWH:
        raise BadRecords(f"line {line}: {name}: {value!r}; expected at most {_ABSURD_G_PER_KWH:g} g/kWh")
    return found


def _time(value: Any, line: int, name: str) -> datetime:
    """The time as written: naive, but of a column in UTC that says so itself."""
    try:
        found = datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        raise BadRecords(f"line {line}: {name}: {value!r}; expected a time like 2022-10-30T02:00:00") from error
    if found.tzinfo is not None:
        if name in _LOCAL_COLUMNS:
            raise BadRecords(f"line {line}: {name}: {value!r}; expected local time without a zone")
        found = found.astimezone(UTC).replace(tzinfo=None)
    return found


def _method(text: Any) -> str:
    """`125%` as the registry writes it: `125 %`."""
    word = str(text).strip()
    return f"{word[:-1].strip()} %" if word.endswith("%") else word


def _as_utc(rows: list[tuple[int, datetime, float]]) -> list[tuple[int, datetime, float]]:
    return [(line, at.replace(tzinfo=UTC), value) for line, at, value in rows]


def _in_utc(rows: list[tuple[int, datetime, float]]) -> tuple[list[tuple[int, datetime, float]], int]:
    """Local times in UTC, and how many can't be told. Doubled ones are told by the lines' direction."""
    rising = sum(later[1] > earlier[1] for earlier, later in pairwise(rows))
    falling = sum(later[1] < earlier[1] for earlier, later in pairwise(rows))
    ordered = rows if rising >= falling else rows[::-1]
    seen: dict[datetime, int] = {}
    for _, at, _ in ordered:
        seen[at] = seen.get(at, 0) + 1
    found, unclear, met = [], 0, dict.fromkeys(seen, 0)
    for line, at, value in ordered:
        early, late = (at.replace(tzinfo=COPENHAGEN, fold=fold) for fold in (0, 1))
        if early.utcoffset() == late.utcoffset():
            found.append((line, early.astimezone(UTC), value))
        elif early.astimezone(UTC).astimezone(COPENHAGEN).replace(tzinfo=None) != at:
            raise BadRecords(f"line {line}: {at:%Y-%m-%d %H:%M}: expected a local hour that exists; the clock skips it")
        elif seen[at] == 1:
            unclear += 1
        elif rising and falling:
            raise BadRecords(
                f"line {line}: {at:%Y-%m-%d %H:%M} stands twice, and the lines neither rise nor fall "
                f"({rising} steps up, {falling} down); expected one direction, or a column HourUTC"
            )
        else:
            if met[at] > 1:
                raise BadRecords(f"line {line}: {at:%Y-%m-%d %H:%M}: a third time; expected this local hour twice")
            found.append((line, (early, late)[met[at]].astimezone(UTC), value))
            met[at] += 1
    return found, unclear


def _series(area: str, method: str | None, told: tuple[list[tuple[int, datetime, float]], int]) -> Series:
    rows, unclear = told
    by_time: dict[datetime, float] = {}
    for line, at, value in rows:
        before = by_time.setdefault(at, value)
        if before != value:
            raise BadRecords(f"line {line}: {area} {at:%Y-%m-%d %H:%M}Z: {value:g} after {before:g}; expected one")
    times = sorted(by_time)
    t_us = np.array([round(at.timestamp()) * 1_000_000 for at in times], dtype=np.int64)
    return Series(area, method, t_us, np.array([by_time[at] for at in times]), unclear)
