"""Lines of single vehicles, read in columns: a million lines in seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.reading.moments import NONEXISTENT, UNKNOWN, Moments
from bypuls.api.reports.reading.table import Table
from bypuls.api.reports.reading.times import reader_of_times, times_of
from bypuls.api.reports.speed.observations import Bools, Floats, Ints, Vehicles
from bypuls.api.reports.speed.reading.options import MPH_KMH, FileOptions
from bypuls.api.reports.speed.reading.tally import Tally

CHUNK = 10_000
DECIMALS_OF = 500  # lines of a chunk that tell the step of its speeds


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Usable lines; t_us None = a file without times. direction, vehicle_class : codes of `Collected.codes`."""

    speed_kmh: Floats
    t_us: Ints | None
    direction: Ints | None
    length_m: Floats | None
    vehicle_class: Ints | None


@dataclass(slots=True)
class Collected:
    """What was read so far. decimals : of the speeds, most that were seen.  seen : hashes of used lines.
    codes : of the texts of directions and classes."""

    chunks: list[Chunk] = field(default_factory=list)
    decimals: int = 0
    unit_kmh: float = 1.0
    seen: set[int] = field(default_factory=set)
    codes: dict[str, int] = field(default_factory=lambda: {"": 0})


@dataclass(frozen=True, slots=True)
class _Batch:
    """Lines that have the columns, by column."""

    places: Sequence[int]
    columns: Sequence[Sequence[str]]
    prefix: str

    def drop(self, mask: Bools, reason: str, tally: Tally) -> None:
        """Counts the marked lines."""
        for position in np.flatnonzero(mask).tolist():
            tally.drop(reason, f"{self.prefix}{self.places[position]}")


def read_singles(table: Table, options: FileOptions, tally: Tally, kept: Collected, prefix: str) -> None:
    """Adds a table's vehicles.  Raises FileProblem where its dates may be read in two ways."""
    moments = reader_of_times(table, options.timezone, options.date_format)
    drop = moments is not None and (moments.has_seconds if options.drop_duplicates is None else options.drop_duplicates)
    tally.duplicates_dropped = drop or bool(tally.duplicates_dropped)
    kept.unit_kmh = MPH_KMH if options.mph else 1.0
    highest = UNKNOWN
    before = len(kept.chunks)
    for batch in _batches(table, tally, prefix):
        found = _used(batch, table, options, tally, kept, moments, drop)
        if found is None:
            continue
        chunk, positions = found
        if chunk.t_us is not None:
            highest = _count_out_of_order(chunk.t_us, highest, batch, positions, tally)
        kept.chunks.append(chunk)
    if moments is not None:
        tally.times_assumed += moments.assumed
    if before and len({chunk.t_us is not None for chunk in kept.chunks}) > 1:
        raise FileProblem(f"{table.name}: files with times and files without; report them one by one")


def collected_vehicles(kept: Collected) -> tuple[Vehicles, float]:
    """All vehicles in order of time, and the step of their speeds [km/h]."""
    speed = np.concatenate([chunk.speed_kmh for chunk in kept.chunks])
    times = [chunk.t_us for chunk in kept.chunks if chunk.t_us is not None]
    t_us = np.concatenate(times) if times else None
    order: Ints | slice = slice(None) if t_us is None else np.argsort(t_us, kind="stable")
    texts = np.array(list(kept.codes))
    direction: Ints | None = None
    names: tuple[str, ...] = ()
    codes = _codes(kept, "direction")
    if codes is not None:
        held = sorted(str(texts[code]) for code in np.unique(codes) if code)
        names = tuple(held)
        new = np.array([held.index(text) if text in held else -1 for text in texts.tolist()], dtype=np.int64)
        direction = new[codes][order]
    lengths = None
    if any(chunk.length_m is not None for chunk in kept.chunks):
        lengths = np.concatenate(
            [np.full(c.speed_kmh.size, np.nan) if c.length_m is None else c.length_m for c in kept.chunks]
        )[order]
    classes = _codes(kept, "vehicle_class")
    found = Vehicles(
        speed[order],
        None if t_us is None else t_us[order],
        direction,
        names,
        lengths,
        None if classes is None else texts[classes][order],
    )
    return found, 10.0**-kept.decimals * kept.unit_kmh


def number(text: str) -> float:
    """A number with point or comma; NaN for what isn't one."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return float("nan")


def _batches(table: Table, tally: Tally, prefix: str) -> Iterator[_Batch]:
    """The table in columns; lines that lack one, or that `where` leaves out, are counted here."""
    width = len(table.headings) or max(table.columns.values()) + 1
    needed = max(table.columns[key] for key in ("speed", "time", "date") if key in table.columns)
    for places, rows in table.batches(CHUNK):
        lengths = set(map(len, filter(None, rows)))
        whole = None not in rows and [] not in rows and lengths and min(lengths) >= width and not table.where
        if whole and all(row[needed] or any(row) for row in rows if row is not None):
            tally.lines += len(rows)
            kept = [row for row in rows if row is not None]
        else:
            places, kept = _filtered(places, rows, needed, width, table, tally, prefix)
        if kept:
            yield _Batch(places, list(zip(*kept, strict=False)), prefix)


def _filtered(
    places: Sequence[int],
    rows: Sequence[list[str] | None],
    needed: int,
    width: int,
    table: Table,
    tally: Tally,
    prefix: str,
) -> tuple[list[int], list[list[str]]]:
    kept_places, kept_rows = [], []
    for place, row in zip(places, rows, strict=True):
        if row is not None and not any(text.strip() for text in row):
            tally.empty += 1
            continue
        tally.lines += 1
        if row is None or len(row) <= needed:
            tally.drop("unparsable", f"{prefix}{place}")
        elif any(len(row) <= index or row[index].strip() != value for index, value in table.where.items()):
            tally.drop("filtered", f"{prefix}{place}")
        else:
            kept_places.append(place)
            kept_rows.append(row + [""] * (width - len(row)))
    return kept_places, kept_rows


def _used(
    batch: _Batch,
    table: Table,
    options: FileOptions,
    tally: Tally,
    kept: Collected,
    moments: Moments | None,
    drop: bool,
) -> tuple[Chunk, Ints] | None:
    """The usable lines of a batch, and where in it they stand; the others are counted by their first reason."""
    texts = batch.columns[table.columns["speed"]]
    speeds = _numbers(texts) * kept.unit_kmh
    good: Bools = np.isfinite(speeds)
    t_us = None if moments is None else times_of(batch.columns, table, moments)
    if t_us is not None:
        good &= t_us != UNKNOWN
        batch.drop(~good, "unparsable", tally)
        batch.drop(good & (t_us == NONEXISTENT), "nonexistent_time", tally)
        good &= t_us != NONEXISTENT
    else:
        batch.drop(~good, "unparsable", tally)
    with np.errstate(invalid="ignore"):
        possible = (speeds >= options.lowest_kmh - 1e-9) & (speeds <= options.highest_kmh + 1e-9)
    batch.drop(good & ~possible, "impossible_speed", tally)
    good &= possible
    if t_us is not None:
        within = inside(t_us, options)
        batch.drop(good & ~within, "outside_period", tally)
        good &= within
    if drop:
        good &= ~_repeated(batch, good, kept, tally)
    used = np.flatnonzero(good)
    if not used.size:
        return None
    if kept.decimals < 3:
        told = used[:: max(used.size // DECIMALS_OF, 1)].tolist()
        kept.decimals = max(kept.decimals, *(_decimals(texts[at]) for at in told))
    chunk = Chunk(
        speeds[used],
        None if t_us is None else t_us[used],
        _coded(batch, table.columns.get("direction"), used, kept),
        _lengths(batch, table.columns.get("length"), used),
        _coded(batch, table.columns.get("class"), used, kept),
    )
    return chunk, used


def _repeated(batch: _Batch, good: Bools, kept: Collected, tally: Tally) -> Bools:
    """Lines that are exactly like a used one before them."""
    keys = list(map(hash, zip(*batch.columns, strict=True)))
    repeated: Bools = np.zeros(len(keys), dtype=bool)
    fresh = set(keys)
    if len(fresh) < len(keys) or not kept.seen.isdisjoint(fresh):
        for position in np.flatnonzero(good).tolist():
            if keys[position] in kept.seen:
                repeated[position] = True
            else:
                kept.seen.add(keys[position])
        batch.drop(repeated, "duplicate", tally)
    elif good.all():
        kept.seen |= fresh
    else:
        kept.seen.update(keys[position] for position in np.flatnonzero(good).tolist())
    return repeated


def _count_out_of_order(t_us: Ints, highest: int, batch: _Batch, positions: Ints, tally: Tally) -> int:
    before = np.maximum(np.concatenate(([highest], np.maximum.accumulate(t_us)[:-1])), highest)
    late = np.flatnonzero(t_us < before)
    tally.out_of_order += int(late.size)
    for at in late[:5].tolist():
        tally.example("out_of_order", f"{batch.prefix}{batch.places[int(positions[at])]}")
    return max(highest, int(t_us.max()))


def inside(t_us: Ints, options: FileOptions) -> Bools:
    """Which times lie in the period that was asked for."""
    found: Bools = np.ones(t_us.size, dtype=bool)
    if options.start is not None:
        found &= t_us >= round(options.start.timestamp() * 1e6)
    if options.end is not None:
        found &= t_us < round(options.end.timestamp() * 1e6)
    return found


def _numbers(texts: Sequence[str]) -> Floats:
    try:
        return np.array(list(map(float, texts)))
    except ValueError:
        return np.array([number(text) for text in texts])


def _decimals(text: str) -> int:
    _, _, decimals = text.strip().replace(",", ".").partition(".")
    return min(len(decimals.rstrip("0")), 3)


def _coded(batch: _Batch, column: int | None, used: Ints, kept: Collected) -> Ints | None:
    if column is None:
        return None
    texts = [text.strip() for text in batch.columns[column]]
    for text in sorted(set(texts) - kept.codes.keys()):
        kept.codes[text] = len(kept.codes)
    return np.array(list(map(kept.codes.__getitem__, texts)), dtype=np.int64)[used]


def _lengths(batch: _Batch, column: int | None, used: Ints) -> Floats | None:
    if column is None:
        return None
    found = _numbers(batch.columns[column])[used]
    return np.where(np.isfinite(found) & (found > 0.0), found, np.nan)


def _codes(kept: Collected, name: str) -> Ints | None:
    columns = [getattr(chunk, name) for chunk in kept.chunks]
    if all(column is None for column in columns):
        return None
    return np.concatenate(
        [
            np.zeros(chunk.speed_kmh.size, dtype=np.int64) if column is None else column
            for chunk, column in zip(kept.chunks, columns, strict=True)
        ]
    )
