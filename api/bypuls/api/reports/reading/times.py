"""The columns of a table that tell the time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from bypuls.analysis.arrays import IntArray as Ints
from bypuls.api.reports.reading.moments import Moments, combined, needs_all
from bypuls.api.reports.reading.table import Table

SAMPLE = 5_000
_ISO_LENGTHS = {16, 19, 21, 22, 23, 24, 25, 26}  # YYYY-MM-DDTHH:MM, with seconds, with 1 to 6 decimals


def reader_of_times(table: Table, timezone: str, date_format: str | None, *, each_once: bool = False) -> Moments | None:
    """A reader of the table's times; None where it has none. Arguments as of `Moments`.
    Raises FileProblem for dates of two readings."""
    if "time" not in table.columns and "date" not in table.columns:
        return None
    sample = [when(row, table) for _, row in islice(table.rows(), SAMPLE) if row is not None]
    if date_format is None and needs_all(sample):
        # Whether the day or the month comes first may show in the last lines alone.
        days = {when(row, table)[:10]: None for _, row in table.rows() if row is not None}
        sample = [*days, *sample]
    return Moments(timezone, date_format, sample, each_once=each_once)


def when(row: Sequence[str], table: Table) -> str:
    """The text of one line's time; empty where the line lacks it."""
    found = [
        row[table.columns[key]] for key in ("date", "time") if key in table.columns and table.columns[key] < len(row)
    ]
    return combined(*found) if len(found) == 2 else "".join(found).strip()


def times_of(columns: Sequence[Sequence[str]], table: Table, moments: Moments) -> Ints:
    """Times of many lines as µs UTC, or moments.UNKNOWN, NONEXISTENT."""
    date_at, time_at = table.columns.get("date"), table.columns.get("time")
    if date_at is not None and time_at is not None:
        local = moments.local_columns(columns[date_at], columns[time_at])
        if local is not None:
            return moments.to_utc(local, None)
        texts: Sequence[str] = [combined(*pair) for pair in zip(columns[date_at], columns[time_at], strict=True)]
    else:
        texts = columns[time_at if time_at is not None else date_at or 0]
        local = _iso(texts) if moments.reads_iso else None
        if local is not None:
            return moments.to_utc(local, None)
    pairs = [moments.local_us(text) for text in texts]
    return moments.to_utc(np.array([local for local, _ in pairs], dtype=np.int64), [offset for _, offset in pairs])


def _iso(texts: Sequence[str]) -> Ints | None:
    """Local times by numpy where all are plain ISO 8601; None otherwise."""
    if not set(map(len, texts)) <= _ISO_LENGTHS:
        return None
    if any(text[-1] == "Z" or "+" in text or "-" in text[16:] for text in texts):
        return None  # numpy would take a zone's offset for granted and lose it
    try:
        return np.array(texts, dtype="datetime64[us]").astype(np.int64)
    except ValueError:
        return None
