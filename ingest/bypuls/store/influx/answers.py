"""Flux answers: CSV into tables of one series and field, and tables into rows that share a time.

Source: InfluxData, "Annotated CSV", https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from bypuls.store.influx.line_protocol import NUMBERS, decode_cells
from bypuls.store.protocol import Column, Int64, Unavailable
from bypuls.wire import Reading
from bypuls.wire.fields import Spec

_NOT_TAGS = frozenset({"", "result", "table", "_time", "_value", "_field"})


@dataclass(frozen=True, slots=True)
class Table:
    """One series' values of one field: times [µs since 1970] and cells as text."""

    tags: Mapping[str, str]
    field: str
    t_us: Int64
    cells: Sequence[str]


def read_tables(text: str) -> Iterator[Table]:
    """The tables of an answer. Raises Unavailable where the server broke it off with an error."""
    for header, columns in _blocks(text):
        if header[1:2] == ["error"]:
            raise Unavailable(f"InfluxDB broke off a query: {columns[1][0]}")
        yield from _tables(dict(zip(header, columns, strict=True)))


def _blocks(text: str) -> Iterator[tuple[list[str], list[Sequence[str]]]]:
    """Headers and the columns below them: a blank line says that another header follows."""
    if '"' in text:
        rows = list(csv.reader(io.StringIO(text, newline="")))
        ends = [-1, *(i for i, row in enumerate(rows) if not row), len(rows)]
        for before, end in pairwise(ends):
            if end - before > 2:
                yield rows[before + 1], list(zip(*rows[before + 2 : end], strict=True))
        return
    # Without quotes every comma parts two cells: one flat list, cut by strides, takes half the time of csv.
    for block in text.split("\r\n\r\n"):
        head, _, body = block.strip("\r\n").partition("\r\n")
        if body:
            header = head.split(",")
            cells = body.replace("\r\n", ",").split(",")
            yield header, [cells[i :: len(header)] for i in range(len(header))]


def _tables(columns: Mapping[str, Sequence[str]]) -> Iterator[Table]:
    """A table is a run of rows with one number; its tags and field stand in each of them."""
    times, values = columns.get("_time"), columns.get("_value", ())
    tags = [name for name in columns if name not in _NOT_TAGS]
    known: tuple[Sequence[str], Int64] = ([], np.zeros(0, dtype=np.int64))
    start = 0
    for _, same in groupby(zip(columns["result"], columns["table"], strict=True)):
        end = start + sum(1 for _ in same)
        if times is None:
            t_us = np.zeros(end - start, dtype=np.int64)
        else:
            # Fields of one series mostly know the same times.
            if times[start:end] != known[0]:
                known = (times[start:end], times_us(times[start:end]))
            t_us = known[1]
        of_table = {name: columns[name][start] for name in tags if columns[name][start]}
        field = columns["_field"][start] if "_field" in columns else ""
        yield Table(of_table, field, t_us, values[start:end])
        start = end


def times_us(texts: Sequence[str]) -> Int64:
    """UTC times with `Z` and at most 6 decimals [µs since 1970]."""
    return np.array([text[:-1] for text in texts], dtype="datetime64[us]").astype(np.int64)


@dataclass(frozen=True, slots=True)
class Aligned:
    """Rows that several tables share: their rising (major, minor) keys, and at which row each table's cells stand."""

    major: Int64
    minor: Int64
    rows: Sequence[npt.NDArray[np.intp]]


def align(majors: Sequence[Int64], minors: Sequence[Int64]) -> Aligned:
    """One row for each different pair (major, minor), sorted."""
    if not majors:
        empty = np.zeros(0, dtype=np.int64)
        return Aligned(empty, empty, [])
    major, minor = np.concatenate(majors), np.concatenate(minors)
    order = np.lexsort((minor, major))
    major, minor = major[order], minor[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(major) != 0) | (np.diff(minor) != 0)
    row = np.empty(len(order), dtype=np.intp)
    row[order] = np.cumsum(first) - 1
    bounds = np.cumsum([len(one) for one in majors])[:-1]
    return Aligned(major[first], minor[first], np.split(row, bounds))


def numbers(cells: Sequence[str]) -> Column:
    """Cells as float64."""
    return np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))


def objects(cells: Sequence[object]) -> Column:
    """Anything as a column of objects."""
    return np.fromiter(cells, dtype=object, count=len(cells))


def blank(length: int, *, is_number: bool) -> Column:
    """A column in which nothing is known yet."""
    return np.full(length, np.nan) if is_number else np.full(length, None, dtype=object)


@dataclass(frozen=True, slots=True)
class RawRows:
    """Readings of one kind and sensor: one row each, sorted by time and key; `fields` by name, absent = no cell."""

    t_us: Int64
    keys: Sequence[Mapping[str, str]]
    tables: Sequence[tuple[str, npt.NDArray[np.intp], Sequence[str]]]

    def decoded(self, name: str, spec: Spec) -> list[Any]:
        """A field's values as a reading holds them, None where it isn't known."""
        column: list[Any] = [None] * len(self.t_us)
        for field, rows, cells in self.tables:
            if field == name:
                for row, value in zip(rows.tolist(), decode_cells(spec.role, cells), strict=True):
                    column[row] = value
        return column

    def column(self, name: str, spec: Spec, *, is_key: bool) -> Column:
        """A field's column: float64 (flags 0 and 1) or objects."""
        if is_key:
            found: list[Any] = [tags.get(name) for tags in self.keys]
            found = [cell if cell is None else decode_cells(spec.role, [cell])[0] for cell in found]
        elif spec.role in ("gauge", "register", "count"):
            column = blank(len(self.t_us), is_number=True)
            for field, rows, cells in self.tables:
                if field == name:
                    column[rows] = numbers(cells)
            return column
        else:
            found = self.decoded(name, spec)
        if spec.role in NUMBERS or spec.role == "flag":
            return np.array(found, dtype=np.float64)
        return objects(found)


def raw_rows(cls: type[Reading], tables: Sequence[Table]) -> RawRows:
    """The rows of a sensor's tables."""

    def rank_of(tags: Mapping[str, str]) -> tuple[Any, ...]:
        return tuple((int(tags.get(k, 0)) if cls.specs[k].role == "count" else tags.get(k, "")) for k in cls.key)

    ranks = {rank: i for i, rank in enumerate(sorted({rank_of(table.tags) for table in tables}))}
    of_rank = {ranks[rank_of(table.tags)]: table.tags for table in tables}
    aligned = align(
        [table.t_us for table in tables],
        [np.full(len(table.t_us), ranks[rank_of(table.tags)], dtype=np.int64) for table in tables],
    )
    placed = [(table.field, rows, table.cells) for table, rows in zip(tables, aligned.rows, strict=True)]
    return RawRows(aligned.major, [of_rank[rank] for rank in aligned.minor.tolist()], placed)
