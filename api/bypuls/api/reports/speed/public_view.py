"""What strangers may see: figures that no combination of answers can trace back to fewer than k vehicles.

The rule. Before anything is added up, two tables are made of the site's data:

- counts by local day, hour and direction, without those from 1 to k − 1 (0 stays 0);
- speed histograms by local day and direction, of the vehicles in the counts that were kept, whose neighbouring classes
  are put together from slow to fast until each holds k vehicles or none; they stand at the class of their mean.

Every public figure is computed from these two tables alone. Whoever asks for overlapping periods and takes differences
gets cells of the tables back, never less: each holds k vehicles or more. Totals are totals of what is shown, so no
hidden cell follows from them either. For this to hold, public periods are whole local days of the platform's own zone
that are over. It isn't a promise against who asks before and after late data came in: single vehicles of such data
could show.

The price: quiet hours are missing, maxima are unknown, hours have counts but no speeds. Not for signing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bypuls.analysis.traffic.small_cells import MIN_CELL
from bypuls.api.reports.speed.local_days import LocalDays
from bypuls.api.reports.speed.model import Quality
from bypuls.api.reports.speed.observations import Bins, Bools, Floats, Ints, Observations

_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class PublicTables:
    """counts : vehicles by hour, without speeds.  speeds : by day.  hidden : how many counts were left out."""

    counts: Observations
    speeds: Observations
    hidden: int


def public_tables(observations: Observations, days: LocalDays, *, k: int = MIN_CELL) -> PublicTables:
    """The two tables. observations : of rows with times, none longer than an hour; k : least vehicles [-]."""
    bins = observations.bins
    if bins is None or bins.t_us is None:
        raise ValueError("observations: no rows with times; expected those of the store")
    sides = len(bins.directions) + 1
    day = days.day_of(bins.t_us)
    passed = (bins.t_us - days.edges_us[day]) // _HOUR_US
    hours = int(passed.max(initial=0)) + 1
    direction = np.where(_codes(bins) < 0, sides - 1, _codes(bins))
    cell = (day * hours + passed) * sides + direction
    size = len(days.days) * hours * sides
    n: Floats = np.bincount(cell, bins.counts.sum(axis=1), size).astype(np.float64)
    small = (n > 0.0) & (n < k)
    counts = _count_rows(bins, days, cell, n, small, hours, sides)
    shown = ~small[cell]
    by_day = np.zeros((len(days.days) * sides, bins.counts.shape[1]))
    np.add.at(by_day, (day * sides + direction)[shown], bins.counts[shown])
    told = round(float(n[~small].sum()))
    quality = Quality(lines=told, used=told, dropped={})
    return PublicTables(
        replace(observations, bins=counts, free_flow=None, quality=quality),
        replace(observations, bins=_day_rows(bins, days, by_day, sides, k), free_flow=None, quality=quality),
        int(small.sum()),
    )


def _codes(bins: Bins) -> Ints:
    return np.full(len(bins.counts), -1, dtype=np.int64) if bins.direction is None else bins.direction


def _count_rows(bins: Bins, days: LocalDays, cell: Ints, n: Floats, small: Bools, hours: int, sides: int) -> Bins:
    """A row per day, hour and direction that was watched and isn't hidden; all vehicles in one class without bounds."""
    watched = np.ones(len(bins.counts)) if bins.uptime_s is None else np.nan_to_num(bins.uptime_s, nan=1.0)
    told = np.bincount(cell, watched, n.size) > 0.0
    keep = np.flatnonzero((told | (n > 0.0)) & ~small)
    if not keep.size:
        keep = np.array([0])
    day, rest = np.divmod(keep, hours * sides)
    passed, side = np.divmod(rest, sides)
    return Bins(
        lower_kmh=np.zeros(1),
        upper_kmh=np.array([np.inf]),
        counts=np.where(small[keep], 0.0, n[keep])[:, None],
        t_us=days.edges_us[day] + passed * _HOUR_US,
        period_s=np.full(keep.size, 3600.0),
        direction=np.where(side == sides - 1, -1, side),
        directions=bins.directions,
        uptime_s=np.where(told[keep], 3600.0, 0.0),
    )


def _day_rows(bins: Bins, days: LocalDays, by_day: Floats, sides: int, k: int) -> Bins:
    rows = np.array([together(row, k) for row in by_day])
    day, side = np.divmod(np.arange(len(rows)), sides)
    known = side < sides - 1
    kept = known | (rows.sum(axis=1) > 0.0)
    return Bins(
        lower_kmh=bins.lower_kmh,
        upper_kmh=bins.upper_kmh,
        counts=rows[kept],
        t_us=days.edges_us[day][kept],
        period_s=days.length_h[day][kept] * 3600.0,
        direction=np.where(side == sides - 1, -1, side)[kept],
        directions=bins.directions,
    )


def together(counts: Floats, k: int) -> Floats:
    """Neighbouring classes put together from slow to fast, so that each holds k vehicles or none; a group stands at the
    class of its mean. counts : (classes,), in all 0 or at least k."""
    groups: list[tuple[float, float]] = []
    n = weight = 0.0
    for at in np.flatnonzero(counts > 0.0).tolist():
        n += float(counts[at])
        weight += at * float(counts[at])
        if n >= k:
            groups.append((n, weight))
            n = weight = 0.0
    if n > 0.0 and groups:
        last = groups.pop()
        groups.append((last[0] + n, last[1] + weight))
    found = np.zeros_like(counts)
    for total, summed in groups:
        found[round(summed / total)] += total
    return found
