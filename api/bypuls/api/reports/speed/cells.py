"""Tables of a report: speeds and counts by hour of the day, by day, by weekday and hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bypuls.analysis.histogram_rows import percentile_rows
from bypuls.analysis.traffic.verdict import SHADED_BELOW
from bypuls.api.reports.speed.day_sums import Sums, over_bound, sums_by
from bypuls.api.reports.speed.figures import count
from bypuls.api.reports.speed.model import Cell, Count, SpeedBin
from bypuls.api.reports.speed.observations import Bools, Floats, Ints
from bypuls.api.reports.speed.population import Population
from bypuls.api.reports.speed.settings import Settings

PERCENTILES = (15, 50, 85, 95)
_UPPER_KMH = (19.0, 25.0, *(float(edge) for edge in range(30, 81, 5)), 160.0)
SPEED_BINS: tuple[SpeedBin, ...] = (
    SpeedBin("0-19", 0.0, 19.0),
    SpeedBin("20-25", 19.0, 25.0),
    *(
        SpeedBin(f"{lower:.0f}-{upper:.0f}", lower - 1.0, upper)
        for lower, upper in ((e - 4, e) for e in range(30, 81, 5))
    ),
    SpeedBin("81-160", 80.0, 160.0),
    SpeedBin(">160", 160.0, None),
)


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Which group 0 … size − 1 each member belongs to; −1 = none."""

    singles: Ints | None
    classed: Ints | None
    size: int


def cells(people: Population, groups: Groups, settings: Settings, *, bins: bool = False) -> list[Cell]:
    """A cell per group. Without a vehicle and without a word that somebody watched it is unknown, not 0."""
    sums = sums_by(people, groups.singles, groups.classed, groups.size)
    speeds = _percentiles(people, groups, sums, settings)
    in_bins = _in_bins(people, groups) if bins else None
    watched = _watched(people, groups) | (sums.n > 0.0)
    whole = float(sums.n.sum())
    found = []
    for at in range(groups.size):
        n = float(sums.n[at])
        columns = None
        if in_bins is not None and not np.isnan(in_bins[at]).any():
            columns = tuple(count(round(v, 6)) for v in in_bins[at])
        if not watched[at]:
            found.append(Cell(n=None))
        elif n == 0.0:
            found.append(Cell(n=0, share=0.0 if whole else None, bins=columns))
        else:
            found.append(_cell(sums, at, n, whole, columns, speeds[at]))
    return found


def _cell(sums: Sums, at: int, n: float, whole: float, columns: tuple[Count, ...] | None, speeds: Floats) -> Cell:
    known = abs(sums.limited[at] - n) <= 1e-6 * n and not np.isnan(sums.over[at])
    v15, v50, v85, v95 = (None if np.isnan(v) else float(v) for v in speeds)
    return Cell(
        n=count(n),
        share=n / whole,
        bins=columns,
        mean_kmh=None if np.isnan(sums.sum_kmh[at]) else float(sums.sum_kmh[at]) / n,
        v15_kmh=v15,
        v50_kmh=v50,
        v85_kmh=v85,
        v95_kmh=v95,
        over_limit_n=count(float(sums.over[at])) if known else None,
        over_limit_share=float(sums.over[at]) / n if known else None,
        shaded=n < SHADED_BELOW,
    )


def groups_by(people: Population, table: Ints, kind: str) -> Groups:
    """Groups by a `table` of day × quarter, or day × hour for rows of counts: (days, 96); −1 = none.

    kind : `hour` where rows need to fit into an hour, `day` where they need not."""
    singles = classed = None
    if people.singles is not None:
        timed = people.singles.day >= 0
        singles = np.where(timed, table[people.singles.day, people.singles.quarter], -1)
    if people.classed is not None:
        at_hour = people.classed.hour
        known = (people.classed.day >= 0) & ((at_hour >= 0) | (kind == "day"))
        classed = np.where(known, table[people.classed.day, np.maximum(at_hour, 0) * 4], -1)
    return Groups(singles, classed, int(table.max(initial=-1)) + 1)


def by_direction(
    people: Population, groups: Groups, settings: Settings, *, bins: bool = False
) -> Mapping[str, list[Cell]]:
    """Cells of each direction."""
    found = {}
    for index, name in enumerate(people.directions):
        part = people.of_direction(index)
        own = Groups(
            None
            if groups.singles is None or people.singles is None
            else groups.singles[people.singles.direction == index],
            None
            if groups.classed is None or people.classed is None
            else groups.classed[people.classed.direction == index],
            groups.size,
        )
        found[name] = cells(part, own, settings, bins=bins)
    return found


def _percentiles(people: Population, groups: Groups, sums: Sums, settings: Settings) -> Floats:
    """(groups, 4) V15, V50, V85, V95."""
    if people.classed is not None and people.classed.counts.sum() > 0.0:
        return np.column_stack([percentile_rows(sums.counts, sums.lower, sums.upper, p) for p in PERCENTILES])
    found = np.full((groups.size, len(PERCENTILES)), np.nan)
    if people.singles is None or groups.singles is None:
        return found
    # Speeds ascend, and a stable order of groups keeps them so inside each.
    order = np.argsort(groups.singles.astype(np.int32), kind="stable")
    speeds, at = people.singles.speed[order], groups.singles[order]
    bounds = np.searchsorted(at, np.arange(groups.size + 1))
    for group, (first, end) in enumerate(pairwise(bounds.tolist())):
        if end > first:
            found[group] = np.percentile(speeds[first:end], PERCENTILES, method=settings.percentile_method)
    return found


def _in_bins(people: Population, groups: Groups) -> Floats:
    """(groups, bins) vehicles per column of the hourly table; NaN where an open class can't be divided."""
    total = np.zeros((groups.size, len(SPEED_BINS)))
    if people.singles is not None and groups.singles is not None:
        mine = groups.singles >= 0
        column = np.searchsorted(_UPPER_KMH, people.singles.speed[mine], "left")
        flat = groups.singles[mine] * len(SPEED_BINS) + column
        total += np.bincount(flat, minlength=total.size).reshape(total.shape)
    if people.classed is not None and groups.classed is not None:
        mine = groups.classed >= 0
        rows, at = people.classed.where(mine), groups.classed[mine]
        above = [over_bound(rows.lower, rows.upper, rows.counts, bound) for bound in _UPPER_KMH]
        # An open class that begins above 80 km/h can't be divided at 160; it is told by a note of the report.
        above[-1] = np.where(np.isnan(above[-1]) & ~np.isnan(above[-2]), 0.0, above[-1])
        steps = [rows.counts.sum(axis=1), *above, np.zeros(len(at))]
        for number, (over_lower, over_upper) in enumerate(pairwise(steps)):
            total[:, number] += np.bincount(at, over_lower - over_upper, groups.size)
    return total


def _watched(people: Population, groups: Groups) -> Bools:
    found = np.zeros(groups.size, dtype=bool)
    if people.classed is not None and groups.classed is not None:
        told = people.classed.watched & (groups.classed >= 0)
        found[groups.classed[told]] = True
    return found
