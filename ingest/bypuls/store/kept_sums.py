"""Sums of bins per span of time, kept by the SQLite store, so that a year of days is read as 365 rows, not 35,040.

A sum is kept in the file of its bins and goes, in the same transaction, when one of its bins is replaced: what is read
is always what the bins add up to."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import islice, pairwise
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from bypuls.wire import KINDS
from bypuls.wire.bins import BIN_FIELDS

KINDS_KEPT = ("meter", "weather")
LONGEST_US = 26 * 3_600_000_000
"""Longest span that is kept [µs]: a local day has 25 hours at most."""

_ROLES = {"meter": ("register",), "weather": ("gauge",)}
# Spans made in one transaction: others wait for the file meanwhile.
_AT_ONCE = 1000


class SumFile(Protocol):
    """The database file that holds bins and sums."""

    def select(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query."""

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """One transaction that writes; others that write wait."""


def kept_fields(kind: str) -> tuple[str, ...]:
    """The fields whose sums are kept: registers of meters, gauges of the weather."""
    roles = _ROLES.get(kind, ())
    names = tuple(name for name, spec in KINDS[kind].specs.items() if spec.role in roles)
    return tuple(
        field.name
        for field in BIN_FIELDS[kind].values()
        if field.fold == "sum" and any(field.name.startswith(f"{name}_") for name in names)
    )


def table_of(kind: str) -> tuple[str, dict[str, str]]:
    """How the kept sums of a kind are made, and the columns that a later release may add."""
    fields = kept_fields(kind)
    columns = ", ".join(f'"{name}" REAL' for name in fields)
    create = (
        f"CREATE TABLE IF NOT EXISTS sum_{kind} (sensor TEXT NOT NULL, start_us INTEGER NOT NULL, "
        f"end_us INTEGER NOT NULL, {columns}, PRIMARY KEY (sensor, start_us, end_us)) WITHOUT ROWID"
    )
    return create, dict.fromkeys(fields, "REAL")


def forgetting(kind: str, sensor: str, start_us: int, end_us: int) -> tuple[str, tuple[Any, ...]] | None:
    """What forgets the sums that a bin of [start, end) is part of; None where none are kept."""
    if kind not in KINDS_KEPT:
        return None
    query = f"DELETE FROM sum_{kind} WHERE sensor = ? AND start_us > ? AND start_us < ? AND end_us > ?"
    return query, (sensor, start_us - LONGEST_US - 1, end_us, start_us)


def read_sums(
    file: SumFile,
    kind: str,
    sensors: Sequence[str],
    edges_us: npt.NDArray[np.int64],
    names: Sequence[str],
    keep_before_us: int | None,
) -> dict[str, npt.NDArray[np.float64]]:
    """See Store.sums; sums that are missing are made, and kept where they may be."""
    spans = list(pairwise(edges_us.tolist()))
    rank = {span: at for at, span in enumerate(spans)}
    kept_kind = kind in KINDS_KEPT and set(names) <= set(kept_fields(kind))
    until = keep_before_us if kept_kind and keep_before_us is not None else int(edges_us[0])
    keepable = {span for span in spans if span[1] <= until and span[1] - span[0] <= LONGEST_US}
    found = np.full((len(names), len(sensors), len(spans)), np.nan)
    if keepable:
        first, last = min(start for start, _ in keepable), max(end for _, end in keepable)
        have = _have(file, kind, sensors, names, first, last)
        wanted = [(one, *span) for one in dict.fromkeys(sensors) for span in keepable if span not in have[one]]
        if wanted:
            _make(file, kind, wanted)
            have |= _have(file, kind, list(dict.fromkeys(one for one, *_ in wanted)), names, first, last)
        for at, sensor in enumerate(sensors):
            mine = [(rank[span], values) for span, values in have[sensor].items() if span in keepable]
            if mine:
                found[:, at, [place for place, _ in mine]] = np.array([v for _, v in mine], dtype=np.float64).T
    sums = ", ".join(f'SUM("{name}")' for name in names)
    query = f"SELECT {sums} FROM bin_{kind} WHERE sensor = ? AND t >= ? AND t < ?"
    for at, sensor in enumerate(sensors):
        for place, span in enumerate(spans):
            if span not in keepable:
                found[:, at, place] = np.array(file.select(query, (sensor, *span))[0], dtype=np.float64)
    return dict(zip(names, found, strict=True))


def _have(
    file: SumFile, kind: str, sensors: Sequence[str], names: Sequence[str], first_us: int, last_us: int
) -> dict[str, dict[tuple[int, int], tuple[Any, ...]]]:
    """Each sensor's kept sums within [first, last] by span."""
    selected = ", ".join(["start_us", "end_us", *(f'"{name}"' for name in names)])
    query = f"SELECT {selected} FROM sum_{kind} WHERE sensor = ? AND start_us >= ? AND start_us < ? AND end_us <= ?"
    return {
        sensor: {row[:2]: row[2:] for row in file.select(query, (sensor, first_us, last_us, last_us))}
        for sensor in sensors
    }


def _make(file: SumFile, kind: str, wanted: Sequence[tuple[str, int, int]]) -> None:
    """Makes sums and keeps them, while the file's write lock holds their bins still."""
    fields = kept_fields(kind)
    names, sums = ", ".join(f'"{name}"' for name in fields), ", ".join(f'SUM("{name}")' for name in fields)
    query = (
        f"INSERT OR REPLACE INTO sum_{kind} (sensor, start_us, end_us, {names}) "
        f"SELECT ?, ?, ?, {sums} FROM bin_{kind} WHERE sensor = ? AND t >= ? AND t < ?"
    )
    rest = iter(wanted)
    while part := list(islice(rest, _AT_ONCE)):
        with file.transaction() as connection:
            connection.executemany(query, [(*one, *one) for one in part])
