"""Bins out of InfluxDB, folded over parts and tags: sums add up, minima and maxima stay, text joins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bypuls.store.folding import fold_text
from bypuls.store.influx.answers import Aligned, Table, align, blank, numbers, objects
from bypuls.store.protocol import BinTable, Column, Int64
from bypuls.wire.bins import BinField


def fold_bins(
    tables: Sequence[Table], fields: Mapping[str, BinField], names: Sequence[str], by: Sequence[str], every_us: int
) -> BinTable:
    """One row for each sensor, set of `by` tags and time slot in which one of `names` is known; sorted that way."""
    series = [(table.tags["sensor"], *(table.tags.get(tag, "") for tag in by)) for table in tables]
    known = sorted(set(series))
    rank = {key: i for i, key in enumerate(known)}
    slots = [table.t_us - table.t_us % every_us for table in tables]
    ranks = [np.full(len(table.t_us), rank[key], dtype=np.int64) for table, key in zip(tables, series, strict=True)]
    aligned = align(ranks, slots)
    columns: dict[str, Column] = {}
    for name in names:
        mine = [i for i, table in enumerate(tables) if table.field == name]
        if fields[name].is_text:
            columns[name] = _fold_texts(fields[name], tables, mine, aligned)
        else:
            columns[name] = _fold_numbers(fields[name], tables, mine, aligned)
    return BinTable(
        objects([known[i][0] for i in aligned.major.tolist()]),
        aligned.minor,
        {tag: objects([known[i][1 + at] for i in aligned.major.tolist()]) for at, tag in enumerate(by)},
        columns,
    )


def _fold_numbers(field: BinField, tables: Sequence[Table], mine: Sequence[int], aligned: Aligned) -> Column:
    length = len(aligned.major)
    if not mine:
        return blank(length, is_number=True)
    rows = np.concatenate([aligned.rows[i] for i in mine])
    values = np.concatenate([numbers(tables[i].cells) for i in mine])
    count: Int64 = np.bincount(rows, minlength=length)
    if count.max(initial=0) <= 1:
        folded = blank(length, is_number=True)
        folded[rows] = values
        return folded
    if field.fold == "sum":
        folded = np.bincount(rows, weights=values, minlength=length)
    else:
        extreme, worst = (np.minimum, np.inf) if field.fold == "min" else (np.maximum, -np.inf)
        folded = np.full(length, worst)
        extreme.at(folded, rows, values)
    folded[count == 0] = np.nan
    return folded


def _fold_texts(field: BinField, tables: Sequence[Table], mine: Sequence[int], aligned: Aligned) -> Column:
    column = blank(len(aligned.major), is_number=False)
    texts: dict[int, list[str]] = {}
    for i in sorted(mine, key=lambda i: int(tables[i].tags.get("part", "0"))):
        for row, cell in zip(aligned.rows[i].tolist(), tables[i].cells, strict=True):
            texts.setdefault(row, []).append(cell)
    for row, cells in texts.items():
        column[row] = fold_text(field.fold, cells) or None
    return column
