"""Sums of bins per span of time, kept by the SQLite store, so that a year of days is read as 365 rows, not 35,040.

A sum is kept in the file of its bins and goes, in the same transaction, when one of its bins is replaced: what is read
is always what the bins add up to."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
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
        known = np.zeros((len(sensors), len(spans)), dtype=np.bool_)
        _read(file, kind, sensors, names, rank, keepable, found, known)
        wanted = {(sensors[at], *spans[place]) for at, place in zip(*np.nonzero(~known), strict=True)}
        wanted = {one for one in wanted if one[1:] in keepable}
        if wanted:
            _make(file, kind, sorted(wanted))
            _read(file, kind, sensors, names, rank, keepable, found, known)
    sums = ", ".join(f'SUM("{name}")' for name in names)
    query = f"SELECT {sums} FROM bin_{kind} WHERE sensor = ? AND t >= ? AND t < ?"
    for at, sensor in enumerate(sensors):
        for place, span in enumerate(spans):
            if span not in keepable:
                found[:, at, place] = np.array(file.select(query, (sensor, *span))[0], dtype=np.float64)
    return dict(zip(names, found, strict=True))


def _read(
    file: SumFile,
    kind: str,
    sensors: Sequence[str],
    names: Sequence[str],
    rank: Mapping[tuple[int, int], int],
    keepable: AbstractSet[tuple[int, int]],
    found: npt.NDArray[np.float64],
    known: npt.NDArray[np.bool_],
) -> None:
    """Puts the kept sums of the spans into `found`, and which they are into `known`."""
    selected = ", ".join(["start_us", "end_us", *(f'"{name}"' for name in names)])
    query = f"SELECT {selected} FROM sum_{kind} WHERE sensor = ? AND start_us >= ? AND start_us < ? AND end_us <= ?"
    first, last = min(start for start, _ in keepable), max(end for _, end in keepable)
    for at, sensor in enumerate(sensors):
        rows = [row for row in file.select(query, (sensor, first, last, last)) if row[:2] in keepable]
        if rows:
            places = [rank[row[:2]] for row in rows]
            known[at, places] = True
            found[:, at, places] = np.array([row[2:] for row in rows], dtype=np.float64).T


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
