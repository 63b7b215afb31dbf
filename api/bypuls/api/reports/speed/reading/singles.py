"""Lines of single vehicles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from bypuls.api.reports.speed.observations import Bools, Floats, Ints, Vehicles
from bypuls.api.reports.speed.reading.errors import FileProblem
from bypuls.api.reports.speed.reading.moments import NONEXISTENT, UNKNOWN, Moments, combined
from bypuls.api.reports.speed.reading.options import MPH_KMH, FileOptions
from bypuls.api.reports.speed.reading.table import Table
from bypuls.api.reports.speed.reading.tally import Tally

CHUNK = 50_000
SAMPLE = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Usable lines; t_us None = a file without times."""

    speed_kmh: Floats
    t_us: Ints | None
    direction: list[str] | None
    length_m: Floats | None
    vehicle_class: list[str] | None


@dataclass(slots=True)
class Collected:
    """What was read so far. decimals : of the speeds, most that were seen.  seen : hashes of used lines."""

    chunks: list[Chunk] = field(default_factory=list)
    decimals: int = 0
    unit_kmh: float = 1.0
    seen: set[int] = field(default_factory=set)


def read_singles(table: Table, options: FileOptions, tally: Tally, kept: Collected, prefix: str) -> None:
    """Adds a table's vehicles.  Raises FileProblem where its dates may be read in two ways."""
    moments = reader_of_times(table, options)
    drop = options.drop_duplicates
    if moments is None:
        drop = False
    elif drop is None:
        drop = moments.has_seconds
    tally.duplicates_dropped = drop or bool(tally.duplicates_dropped)
    kept.unit_kmh = MPH_KMH if options.mph else 1.0
    highest = UNKNOWN
    rows = _rows(table, tally, prefix)
    before = len(kept.chunks)
    while batch := list(islice(rows, CHUNK)):
        chunk, highest = _chunk(batch, table, options, tally, kept, moments, drop, highest, prefix)
        if chunk is not None:
            kept.chunks.append(chunk)
    if moments is not None:
        tally.times_assumed += moments.assumed
    timed = {chunk.t_us is not None for chunk in kept.chunks}
    if len(timed) > 1 and before:
        raise FileProblem(f"{table.name}: files with times and files without; report them one by one")


def collected_vehicles(kept: Collected) -> tuple[Vehicles, float]:
    """All vehicles in order of time, and the step of their speeds [km/h]."""
    speed = np.concatenate([chunk.speed_kmh for chunk in kept.chunks])
    times = [chunk.t_us for chunk in kept.chunks if chunk.t_us is not None]
    t_us = np.concatenate(times) if times else None
    texts = _texts(kept, "direction")
    direction, names = (None, ()) if texts is None else coded(texts)
    lengths = None
    if any(chunk.length_m is not None for chunk in kept.chunks):
        lengths = np.concatenate(
            [np.full(c.speed_kmh.size, np.nan) if c.length_m is None else c.length_m for c in kept.chunks]
        )
    classes = _texts(kept, "vehicle_class")
    vehicle_class = None if classes is None else np.array(classes)
    if t_us is not None:
        order = np.argsort(t_us, kind="stable")
        speed, t_us = speed[order], t_us[order]
        direction = None if direction is None else direction[order]
        lengths = None if lengths is None else lengths[order]
        vehicle_class = None if vehicle_class is None else vehicle_class[order]
    return Vehicles(speed, t_us, direction, names, lengths, vehicle_class), 10.0**-kept.decimals * kept.unit_kmh


def _rows(table: Table, tally: Tally, prefix: str) -> Iterator[tuple[int, list[str]]]:
    """Lines that have the columns; others are counted here."""
    needed = max(table.columns[key] for key in ("speed", "time", "date") if key in table.columns)
    for line, row in table.rows():
        if row is not None and not any(field.strip() for field in row):
            tally.empty += 1
            continue
        tally.lines += 1
        if row is None or len(row) <= needed:
            tally.drop("unparsable", f"{prefix}{line}")
        elif any(len(row) <= index or row[index].strip() != value for index, value in table.where.items()):
            tally.drop("filtered", f"{prefix}{line}")
        else:
            yield line, row


def reader_of_times(table: Table, options: FileOptions) -> Moments | None:
    if "time" not in table.columns and "date" not in table.columns:
        return None
    sample = [when(row, table) for _, row in islice(table.rows(), SAMPLE) if row and _has_time(row, table)]
    if options.date_format is None:
        # Whether day or month comes first may show in the last lines alone.
        sample = [when(row, table) for _, row in table.rows() if row and _has_time(row, table)]
        sample = list(dict.fromkeys(text[:10] for text in sample)) + sample[:SAMPLE]
    return Moments(options.timezone, options.date_format, sample)


def _has_time(row: list[str], table: Table) -> bool:
    return all(len(row) > table.columns[key] for key in ("time", "date") if key in table.columns)


def when(row: list[str], table: Table) -> str:
    columns = table.columns
    if "date" in columns and "time" in columns:
        return combined(row[columns["date"]], row[columns["time"]])
    return row[columns.get("time", columns.get("date", 0))].strip()


def _chunk(
    batch: list[tuple[int, list[str]]],
    table: Table,
    options: FileOptions,
    tally: Tally,
    kept: Collected,
    moments: Moments | None,
    drop: bool,
    highest: int,
    prefix: str,
) -> tuple[Chunk | None, int]:
    rows = [row for _, row in batch]
    at = table.columns["speed"]
    speeds = np.array([number(row[at]) for row in rows]) * kept.unit_kmh
    good: Bools = np.isfinite(speeds)
    _drop(~good, "unparsable", batch, tally, prefix)
    t_us: Ints | None = None
    if moments is not None:
        pairs = [moments.local_us(when(row, table)) for row in rows]
        local = np.array([local for local, _ in pairs], dtype=np.int64)
        t_us = moments.to_utc(local, [offset for _, offset in pairs])
        _drop(good & (t_us == UNKNOWN), "unparsable", batch, tally, prefix)
        good &= t_us != UNKNOWN
        _drop(good & (t_us == NONEXISTENT), "nonexistent_time", batch, tally, prefix)
        good &= t_us != NONEXISTENT
    impossible = good & ~((speeds >= options.lowest_kmh - 1e-9) & (speeds <= options.highest_kmh + 1e-9))
    _drop(impossible, "impossible_speed", batch, tally, prefix)
    good &= ~impossible
    if t_us is not None:
        outside = good & ~inside(t_us, options)
        _drop(outside, "outside_period", batch, tally, prefix)
        good &= ~outside
    if drop:
        for position in np.flatnonzero(good):
            key = hash(tuple(rows[position]))
            if key in kept.seen:
                tally.drop("duplicate", f"{prefix}{batch[position][0]}")
                good[position] = False
            kept.seen.add(key)
    used = np.flatnonzero(good)
    if t_us is not None and used.size:
        before = np.concatenate(([highest], np.maximum.accumulate(t_us[used])[:-1]))
        late = t_us[used] < np.maximum(before, highest)
        tally.out_of_order += int(late.sum())
        for position in used[late][:5]:
            tally.example("out_of_order", f"{prefix}{batch[position][0]}")
        highest = max(highest, int(t_us[used].max()))
    if not used.size:
        return None, highest
    if kept.decimals < 3:
        kept.decimals = max(kept.decimals, *(_decimals(rows[i][at]) for i in used[:: max(used.size // 500, 1)]))
    columns = table.columns
    chunk = Chunk(
        speeds[used],
        None if t_us is None else t_us[used],
        _text(rows, used, columns.get("direction")),
        _numbers(rows, used, columns.get("length")),
        _text(rows, used, columns.get("class")),
    )
    return chunk, highest


def _drop(mask: Bools, reason: str, batch: list[tuple[int, list[str]]], tally: Tally, prefix: str) -> None:
    for position in np.flatnonzero(mask):
        tally.drop(reason, f"{prefix}{batch[position][0]}")


def inside(t_us: Ints, options: FileOptions) -> Bools:
    found: Bools = np.ones(t_us.size, dtype=bool)
    if options.start is not None:
        found &= t_us >= round(options.start.timestamp() * 1e6)
    if options.end is not None:
        found &= t_us < round(options.end.timestamp() * 1e6)
    return found


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        try:
            return float(text.strip().replace(",", "."))
        except ValueError:
            return float("nan")


def _decimals(text: str) -> int:
    _, _, decimals = text.strip().replace(",", ".").partition(".")
    return min(len(decimals.rstrip("0")), 3)


def _text(rows: list[list[str]], used: Ints, column: int | None) -> list[str] | None:
    return None if column is None else [rows[at][column].strip() if len(rows[at]) > column else "" for at in used]


def _numbers(rows: list[list[str]], used: Ints, column: int | None) -> Floats | None:
    texts = _text(rows, used, column)
    if texts is None:
        return None
    found = np.array([number(text) for text in texts])
    return np.where(found > 0.0, found, np.nan)


def _texts(kept: Collected, name: str) -> list[str] | None:
    columns = [getattr(chunk, name) for chunk in kept.chunks]
    if all(column is None for column in columns):
        return None
    return [
        text
        for chunk, column in zip(kept.chunks, columns, strict=True)
        for text in ([""] * chunk.speed_kmh.size if column is None else column)
    ]


def coded(texts: list[str]) -> tuple[Ints, tuple[str, ...]]:
    names = tuple(sorted(set(texts) - {""}))
    codes = {name: at for at, name in enumerate(names)} | {"": -1}
    return np.array([codes[text] for text in texts], dtype=np.int64), names
