"""Files of a meter as rows: time as written, value in the file's unit, line; nothing is judged yet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, IntArray
from bypuls.api.reports.energy.reading.columns import DAY_FIRST, METER_KEYS, Asked, FoundTable, find_table, unit_of
from bypuls.api.reports.energy.reading.eloverblik import is_market_document, market_document
from bypuls.api.reports.energy.reading.options import UNITS, ZONE, MeterOptions
from bypuls.api.reports.energy.reading.zones import zone_named, zone_of_offsets
from bypuls.api.reports.reading.amounts import amounts_of
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.reading.moments import NONEXISTENT, UNKNOWN, Moments
from bypuls.api.reports.reading.table import Table, bytes_of
from bypuls.api.reports.reading.tally import LineTally
from bypuls.api.reports.reading.times import SAMPLE, reader_of_times, when

REASONS = ("unparsable", "nonexistent_time", "duplicate", "contradicting", "filtered")
_MEDIA: Mapping[str, tuple[str, ...]] = {
    "gas": ("gas",),
    "electricity": (
        "electric",
        "elforbrug",
        "elmåler",
        "equipment load",
        "_kw",
        "kwh el",
        "strøm",
        "eloverblik",
        "målepunktsid",
    ),
    "heat": ("heat", "varme", "fjernvarme", "district"),
    "water": ("water", "vand"),
}


@dataclass(frozen=True, slots=True, eq=False)
class MeterRows:
    """Rows of files in the order of the lines.

    t_us : (n,) [µs UTC] the times as written.  value : (n,) in `unit`, NaN = missing.  places : (n,) lines.
    meter : (n,) names of the meters where the file tells them, else "".
    quality : how often each mark of quality occurs.
    step_s : [s] that the file states (Eloverblik), None = by the times.  zone : of local days.
    zone_told : whether the times or `--tz` named it.
    told_medium : what file name and headings say, None = nothing.
    """

    t_us: IntArray
    value: FloatArray
    places: tuple[str, ...]
    meter: npt.NDArray[np.object_]
    unit: str
    unit_told: bool
    zone: str
    zone_told: bool
    quality: Mapping[str, int]
    tally: LineTally
    files: tuple[str, ...]
    told_medium: str | None
    columns: Mapping[str, str]
    step_s: float | None = None
    stamps_fixed: bool = False
    first_rows: tuple[tuple[str, ...], ...] = ()
    missing: int = 0

    @property
    def meters(self) -> tuple[str, ...]:
        """The meters that the rows are of."""
        return tuple(sorted(set(self.meter.tolist())))


@dataclass(slots=True)
class _Collected:
    tally: LineTally
    t_us: list[IntArray] = field(default_factory=list)
    value: list[FloatArray] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    meter: list[str] = field(default_factory=list)
    quality: Counter[str] = field(default_factory=Counter)
    units: dict[str, str] = field(default_factory=dict)
    zones: dict[str, str] = field(default_factory=dict)
    zone_told: bool = True
    steps: set[float] = field(default_factory=set)
    words: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    first_rows: list[tuple[str, ...]] = field(default_factory=list)
    documents: int = 0
    missing: int = 0


def read_meter_rows(paths: Sequence[Path], options: MeterOptions) -> MeterRows:
    """The rows of all files. Raises FileProblem where a file can't be read or files contradict each other, OSError."""
    if not paths:
        raise FileProblem("files: none; expected at least one")
    if options.unit is not None and options.unit not in UNITS:
        raise FileProblem(f"--unit {options.unit!r}: expected one of {', '.join(UNITS)}")
    if options.timezone is not None:
        zone_named(options.timezone)
    kept = _Collected(LineTally(REASONS))
    for path in paths:
        prefix = f"{path.name}:" if len(paths) > 1 else ""
        kept.words.append(path.name)
        if is_market_document(path):
            _document(path, options, kept, prefix)
        else:
            _table(path, options, kept, prefix)
    names = tuple(path.name for path in paths)
    unit = options.unit
    if unit is None:
        if len(set(kept.units.values())) > 1:
            shown = ", ".join(f"{file} {unit}" for file, unit in kept.units.items())
            raise FileProblem(f"files of several units: {shown}; report them one by one, or say --unit for all")
        unit = next(iter(kept.units.values()), None)
    if len(set(kept.zones.values())) > 1:
        shown = ", ".join(f"{file} {zone}" for file, zone in kept.zones.items())
        raise FileProblem(f"files of several time zones: {shown}; say which holds: --tz ZONE")
    if not kept.value or not sum(part.size for part in kept.value):
        dropped = ", ".join(f"{reason} {n}" for reason, n in kept.tally.by_reason.items() if n) or "no lines"
        example = ", ".join(next(iter(kept.tally.examples.values()), ("–",)))
        raise FileProblem(
            f"{', '.join(names)}: none of {kept.tally.lines} lines is usable ({dropped}; for example line {example}). "
            "Check --map, --date-format, --decimal and --where"
        )
    if len(kept.steps) > 1:
        shown = ", ".join(f"{step:g} s" for step in sorted(kept.steps))
        raise FileProblem(f"{', '.join(names)}: several resolutions ({shown}); import them one by one")
    return MeterRows(
        t_us=np.concatenate(kept.t_us),
        value=np.concatenate(kept.value),
        places=tuple(kept.places),
        meter=np.array(kept.meter, dtype=np.object_),
        unit=unit or "kWh",
        unit_told=unit is not None,
        zone=next(iter(kept.zones.values())),
        zone_told=kept.zone_told,
        quality=dict(kept.quality),
        tally=kept.tally,
        files=names,
        told_medium=medium_of(" ".join(kept.words)),
        columns=kept.columns,
        step_s=next(iter(kept.steps), None),
        stamps_fixed=kept.documents == len(paths),
        first_rows=tuple(kept.first_rows[:5]),
        missing=kept.missing,
    )


def medium_of(words: str) -> str | None:
    """The medium that names and headings speak of; None where they speak of none, or of several."""
    folded = words.casefold()
    found = [medium for medium, signs in _MEDIA.items() if any(sign in folded for sign in signs)]
    if "heating load" in folded and "gas" in found:
        found = ["gas"]
    return found[0] if len(found) == 1 else None


def _table(path: Path, options: MeterOptions, kept: _Collected, prefix: str) -> None:
    found = find_table(
        path,
        Asked(
            METER_KEYS, "value", "amounts of energy", options.columns, options.delimiter, options.encoding,
            options.where,
        ),
    )  # fmt: skip
    table = found.table
    kept.tally.skipped_before_table += table.skipped
    kept.words += table.headings
    rows = _used_rows(table, found, kept.tally, prefix)
    if not rows:
        return
    places, cells = zip(*rows, strict=True)
    value = np.zeros(len(rows))
    wrong = np.zeros(len(rows), dtype=np.bool_)
    for index in found.values:
        part, bad = amounts_of([row[index] for row in cells], options.decimal, path.name)
        value, wrong = value + part, wrong | bad
    texts = [when(row, table) for row in cells]
    date_format = options.date_format
    if date_format is None and any(heading.casefold() in DAY_FIRST for heading in table.headings):
        date_format = "%d-%m-%Y %H:%M:%S"
    asked = reader_of_times(table, options.timezone or ZONE, date_format, each_once=True)
    assert asked is not None  # a table is found by its times
    local, zone, told = _local_times(texts, asked, options, path.name)
    meters = _column(cells, table, "meter", "")
    moments = Moments(zone, date_format, [*texts[:SAMPLE], *_days(texts)], each_once=True)
    t_us = np.full(len(rows), UNKNOWN, dtype=np.int64)
    names = np.array(meters, dtype=np.object_)
    for name in set(meters):  # the doubled hour is told by the order of one meter's lines
        own = np.flatnonzero(names == name)
        t_us[own] = moments.to_utc(np.array([local[i][0] for i in own], dtype=np.int64), [local[i][1] for i in own])
    kept.tally.times_assumed += moments.assumed
    good = np.ones(len(rows), dtype=np.bool_)
    for mask, reason in ((wrong | (t_us == UNKNOWN), "unparsable"), (t_us == NONEXISTENT, "nonexistent_time")):
        for index in np.flatnonzero(mask & good).tolist():
            kept.tally.drop(reason, places[index])
        good &= ~mask
    _unit(found, cells, table, path, options, kept)
    kept.zones[path.name] = zone
    kept.zone_told &= told
    at = np.flatnonzero(good)
    _out_of_order(t_us[at], names[at], [places[i] for i in at.tolist()], kept.tally)
    kept.t_us.append(t_us[at])
    kept.value.append(value[at])
    kept.missing += int(np.isnan(value[at]).sum())
    kept.places += [places[i] for i in at.tolist()]
    kept.meter += [meters[i] for i in at.tolist()]
    kept.quality.update(mark for mark in _column(cells, table, "quality", "") if mark)
    kept.columns |= {
        key: table.headings[index] if table.headings else str(index + 1) for key, index in table.columns.items()
    }
    if len(found.values) > 1:
        kept.columns["value"] = " + ".join(table.headings[i] if table.headings else str(i + 1) for i in found.values)
    kept.first_rows += [tuple(row) for row in cells[:5]]


def _used_rows(table: Table, found: FoundTable, tally: LineTally, prefix: str) -> list[tuple[str, list[str]]]:
    needed = max([*found.values, *(table.columns[key] for key in ("time", "date") if key in table.columns)])
    width = max(needed, *table.columns.values(), *(table.where or {0: ""})) + 1
    kept = []
    for line, row in table.rows():
        if row is not None and not any(text.strip() for text in row):
            tally.empty += 1
            continue
        tally.lines += 1
        place = f"{prefix}{line}"
        if row is None or len(row) <= needed:
            tally.drop("unparsable", place)
            continue
        row = row + [""] * (width - len(row))
        if any(row[index].strip() != value for index, value in table.where.items()):
            tally.drop("filtered", place)
            continue
        kept.append((place, row))
    return kept


def _local_times(
    texts: Sequence[str], moments: Moments, options: MeterOptions, name: str
) -> tuple[list[tuple[int, int | None]], str, bool]:
    """The local times, the zone that their days are of, and whether anybody named it."""
    pairs = [moments.local_us(text) for text in texts]
    if options.timezone is not None:
        return pairs, options.timezone, True
    known = [(local, offset) for local, offset in pairs if local > NONEXISTENT]
    offsets = {offset for _, offset in known}
    if None in offsets or not offsets:
        return pairs, ZONE, False
    return pairs, zone_of_offsets([(local, offset or 0) for local, offset in known], name), True


def _unit(
    found: FoundTable,
    cells: Sequence[Sequence[str]],
    table: Table,
    path: Path,
    options: MeterOptions,
    kept: _Collected,
) -> None:
    told = {unit_of(text) or text for text in _column(cells, table, "unit", "") if text}
    if options.unit is None and len(told) > 1:
        raise FileProblem(f"{path.name}: several units ({', '.join(sorted(told))}); choose lines: --where COLUMN=UNIT")
    unit = next(iter(told), None) or (unit_of(found.unit) if found.unit else None)
    unit = unit or unit_of(re.sub(r"(\.\w+)+$", "", path.name))
    if unit is None or options.unit is not None:
        return
    if unit not in UNITS:
        raise FileProblem(f"{path.name}: unit {unit!r}; expected one of {', '.join(UNITS)}: say which: --unit")
    kept.units[path.name] = unit


def _column(cells: Sequence[Sequence[str]], table: Table, key: str, default: str) -> list[str]:
    at = table.columns.get(key)
    return [default] * len(cells) if at is None else [row[at].strip() for row in cells]


def _days(texts: Sequence[str]) -> list[str]:
    return list({text[:10]: None for text in texts})


def _out_of_order(t_us: IntArray, names: npt.NDArray[np.object_], places: Sequence[str], tally: LineTally) -> None:
    for name in set(names.tolist()):
        at = np.flatnonzero(names == name)
        times = t_us[at]
        if times.size > 1 and (np.diff(times) < 0).mean() > 0.5:
            times, at = times[::-1], at[::-1]  # newest first is an order too
        if not times.size:
            continue
        late = np.flatnonzero(times < np.maximum.accumulate(times))
        tally.out_of_order += int(late.size)
        for one in late[:5].tolist():
            tally.example("out_of_order", places[int(at[one])])


def _document(path: Path, options: MeterOptions, kept: _Collected, prefix: str) -> None:
    document = market_document(bytes_of(path), path.name)
    kept.documents += 1
    kept.words.append("eloverblik")
    for point in document.points:
        kept.tally.lines += 1
        kept.places.append(f"{prefix}{point.place}")
        kept.meter.append(document.meters[point.series])
    kept.t_us.append(np.array([point.t_us for point in document.points], dtype=np.int64))
    values = np.array([np.nan if point.value is None else point.value for point in document.points])
    kept.value.append(values)
    kept.missing += int(np.isnan(values).sum())
    kept.quality.update(point.quality for point in document.points if point.quality)
    kept.steps |= document.steps_s
    if document.unit is not None and options.unit is None:
        kept.units[path.name] = document.unit
    kept.zones[path.name] = options.timezone or ZONE
    kept.columns |= {
        "time": "Period.timeInterval.start + Point.position",
        "value": "out_Quantity.quantity",
        "quality": "out_Quantity.quality",
    }
    kept.first_rows += [(point.place, str(point.value), point.quality) for point in document.points[:5]]
