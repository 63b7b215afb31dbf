"""Lines of counts in speed classes: a column per class, or one column with a list of shares."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.reading.moments import NONEXISTENT, UNKNOWN
from bypuls.api.reports.reading.times import reader_of_times, when
from bypuls.api.reports.speed.observations import Bins, Floats, Ints
from bypuls.api.reports.speed.reading.options import MPH_KMH, FileOptions
from bypuls.api.reports.speed.reading.singles import inside, number
from bypuls.api.reports.speed.reading.table import ClassColumn, SpeedTable
from bypuls.api.reports.speed.reading.tally import Tally

_SPAN = re.compile(r"(\d+)to(\d+)plus", re.IGNORECASE)
_PLACE = re.compile(
    r"segment|site|station|sensor|device|location|place|street|road|sted|vej|gade|placering|instance", re.IGNORECASE
)
HOUR_S = 3600.0


def read_binned(table: SpeedTable, options: FileOptions, tally: Tally, prefix: str) -> Bins:
    """A table's rows of counts.  Raises FileProblem for classes that overlap or leave gaps, and for the same hours of
    several places."""
    unit = MPH_KMH if options.mph else 1.0
    histogram = table.columns.get("histogram")
    if histogram is None:
        lower, upper, half = class_edges(table.classes, table.name)
        lower, upper = lower * unit, upper * unit
    else:
        lower = upper = np.zeros(0)
        half = 0.0
    moments = reader_of_times(table, options.timezone, options.date_format)
    kept: list[list[float]] = []
    local: list[int] = []
    offsets: list[int | None] = []
    numbers: list[int] = []
    direction: list[str] = []
    uptime: list[float] = []
    places: dict[int, list[str]] = {at: [] for at, name in enumerate(table.headings) if _PLACE.search(name)}
    needed = max([*table.columns.values(), *(column.index for column in table.classes)])
    for line, row in table.rows():
        if row is not None and not any(field.strip() for field in row):
            tally.empty += 1
            continue
        tally.lines += 1
        place = f"{prefix}{line}"
        counts = None if row is None or len(row) <= needed else _counts(row, table)
        if row is None or counts is None:
            tally.drop("unparsable", place)
            continue
        if any(row[index].strip() != value for index, value in table.where.items()):
            tally.drop("filtered", place)
            continue
        moment, offset = (0, None) if moments is None else moments.local_us(when(row, table))
        if moment == UNKNOWN:
            tally.drop("unparsable", place)
            continue
        kept.append(counts)
        local.append(moment)
        offsets.append(offset)
        numbers.append(line)
        for column, told in places.items():
            told.append(row[column].strip() if column < len(row) else "")
        direction.append(row[table.columns["direction"]].strip() if "direction" in table.columns else "")
        uptime.append(number(row[table.columns["uptime"]]) if "uptime" in table.columns else float("nan"))
    if histogram is not None and kept:
        lower, upper = _listed_edges(table.headings[histogram], len(kept[0]), unit, table.name)
    good = np.ones(len(kept), dtype=bool)
    t_us: Ints | None = None
    if moments is not None:
        t_us = moments.to_utc(np.array(local, dtype=np.int64), offsets)
        tally.times_assumed += moments.assumed
        good = t_us != NONEXISTENT
        for at in np.flatnonzero(~good):
            tally.drop("nonexistent_time", f"{prefix}{numbers[at]}")
        outside = good & ~inside(t_us, options)
        for at in np.flatnonzero(outside):
            tally.drop("outside_period", f"{prefix}{numbers[at]}")
        good &= ~outside
        t_us = t_us[good]
        late = t_us < np.maximum.accumulate(t_us) if t_us.size else np.zeros(0, dtype=bool)
        tally.out_of_order += int(late.sum())
    counts_of: Floats = np.array(kept, dtype=np.float64).reshape(len(kept), upper.size)[good]
    names = tuple(sorted(set(direction) - {""}))
    codes = np.array([names.index(name) if name else -1 for name in direction], dtype=np.int64)
    if t_us is not None:
        _one_place(table, t_us, codes[good], {at: np.array(told)[good] for at, told in places.items()})
    period = _period_s(t_us)
    share = np.array(uptime, dtype=np.float64)[good]
    return Bins(
        lower, upper, counts_of, t_us, np.full(len(counts_of), period), codes[good], names,
        None if np.isnan(share).all() else np.where(share <= 0.0, 0.0, share) * period,
        shift_kmh=half * unit,
    )  # fmt: skip


def _one_place(table: SpeedTable, t_us: Ints, direction: Ints, places: Mapping[int, npt.NDArray[np.str_]]) -> None:
    """Two places' counts of the same hours would be added up to a street that nobody drove in. Raises FileProblem."""
    hours = set(zip(t_us.tolist(), direction.tolist(), strict=True))
    repeated = t_us.size - len(hours)
    for at, told in places.items():
        names = np.unique(told)
        apart = len(set(zip(told.tolist(), t_us.tolist(), direction.tolist(), strict=True)))
        # An hour that the clock repeats may stand twice at each place as well.
        if names.size > 1 and t_us.size - apart < 0.1 * repeated:
            heading = table.headings[at]
            shown = ", ".join(names[:5].tolist()) + (", …" if names.size > 5 else "")
            raise FileProblem(
                f"{table.name}: {names.size} places tell of the same hours ({heading}: {shown}); expected one: "
                f"--where {shlex.quote(f'{heading}={names[0]}')}"
            )


def class_edges(classes: tuple[ClassColumn, ...], name: str) -> tuple[Floats, Floats, float]:
    """True boundaries of the classes, and how far they lie above the labels.

    0–10, 10–20 are meant as they stand. 40–44, 45–49 count speeds that were rounded to whole numbers: the true
    boundaries are 39.5, 44.5, 49.5, and more than 60 begins at 60.5.  Raises FileProblem."""
    columns = sorted(classes, key=lambda column: -1.0 if column.lower is None else column.lower)
    lower = np.array([0.0 if column.lower is None else column.lower for column in columns])
    upper = np.array([np.inf if column.upper is None else column.upper for column in columns])
    gaps = lower[1:] - upper[:-1]
    half = 0.0
    if gaps.size and np.allclose(gaps[np.isfinite(gaps)], 1.0):
        half = 0.5
        lower = np.where(lower > 0.0, lower - half, 0.0)
        upper = upper + half
    elif gaps.size and not np.allclose(gaps, 0.0):
        at = int(np.argmax(np.abs(gaps) > 1e-9))
        raise FileProblem(
            f"{name}: a class up to {upper[at]:g}, then one from {lower[at + 1]:g}; expected classes without gaps"
        )
    return lower, upper, half


def _counts(row: list[str], table: SpeedTable) -> list[float] | None:
    listed = table.columns.get("histogram")
    if listed is None:
        counts = [
            number(row[column.index]) if row[column.index].strip() else 0.0
            for column in sorted(table.classes, key=lambda column: -1.0 if column.lower is None else column.lower)
        ]
    else:
        try:
            counts = [float(value) for value in json.loads(row[listed])]
        except (ValueError, TypeError):
            return None
        if "count" in table.columns:
            vehicles = number(row[table.columns["count"]])
            counts = [share / 100.0 * vehicles for share in counts]
    return counts if all(np.isfinite(value) and value >= 0.0 for value in counts) else None


def _listed_edges(heading: str, classes: int, unit: float, name: str) -> tuple[Floats, Floats]:
    """`…_0to120plus` with 25 values: 24 classes of 5 from 0, and one above 120."""
    match = _SPAN.search(heading)
    if match is None or classes < 2:
        raise FileProblem(f"{name}: column {heading!r}; expected a name that ends in …0to120plus, for its classes")
    edges = np.linspace(float(match[1]), float(match[2]), classes) * unit
    return edges, np.append(edges[1:], np.inf)


def _period_s(t_us: Ints | None) -> float:
    """The commonest step between rows [s]; an hour where there is one row only."""
    if t_us is None:
        return HOUR_S
    steps = np.diff(np.unique(t_us))
    return Counter(steps.tolist()).most_common(1)[0][0] / 1e6 if steps.size else HOUR_S
