"""Sums of a population by group: counts per class, Σv, vehicles over their limit. What intervals and tables rest on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bypuls.analysis.speed_classes import SpeedHistogram
from bypuls.api.reports.speed.observations import Floats, Ints
from bypuls.api.reports.speed.population import Classed, Population, Singles

FINE_KMH = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Per group: (groups, k) counts in the classes lower < v ≤ upper; n, Σv [km/h], vehicles over their limit and
    vehicles whose limit is known (groups,). NaN where an open class hides a sum."""

    lower: Floats
    upper: Floats
    counts: Floats
    n: Floats
    sum_kmh: Floats
    over: Floats
    limited: Floats


def edges_of(population: Population) -> tuple[Floats, Floats]:
    """The classes that all of a population fits into: the bins' own, widened at both ends where single vehicles lie
    outside; 1 km/h from 0 where there are no bins."""
    singles, classed = population.singles, population.classed
    if classed is None:
        top = float(np.ceil(singles.speed[-1])) if singles is not None and singles.speed.size else 1.0
        upper = np.arange(1.0, max(top, 1.0) + 1.0) * FINE_KMH
        return upper - FINE_KMH, upper
    lower, upper = classed.lower, classed.upper
    if singles is not None and singles.speed.size:
        if singles.speed[0] <= lower[0] and lower[0] > 0.0:
            lower, upper = np.concatenate(([0.0], lower)), np.concatenate(([lower[0]], upper))
        if singles.speed[-1] > upper[-1]:
            lower, upper = np.append(lower, upper[-1]), np.append(upper, np.inf)
    return lower, upper


def sums_by(population: Population, singles_at: Ints | None, classed_at: Ints | None, groups: int) -> Sums:
    """The sums of each group 0 … groups − 1; members with −1 belong to none."""
    lower, upper = edges_of(population)
    k = upper.size
    counts = np.zeros((groups, k))
    n, sum_kmh, over, limited = (np.zeros(groups) for _ in range(4))
    if population.singles is not None and singles_at is not None:
        one, at = population.singles, singles_at
        if (at < 0).any():
            one, at = one.where(at >= 0), at[at >= 0]
        in_class = np.searchsorted(upper, one.speed, "left")
        counts += np.bincount(at * k + in_class, minlength=groups * k).reshape(groups, k)
        n += np.bincount(at, minlength=groups)
        sum_kmh += np.bincount(at, one.speed, groups)
        over += np.bincount(at, one.speed > one.limit, groups)
        limited += np.bincount(at, ~np.isnan(one.limit), groups)
    if population.classed is not None and classed_at is not None:
        rows, at = population.classed, classed_at
        if (at < 0).any():
            rows, at = rows.where(at >= 0), at[at >= 0]
        from scipy.sparse import csr_array  # slow to load, and single vehicles need it not

        first = int(np.searchsorted(upper, rows.upper[0], "left"))
        members = csr_array((np.ones(at.size), (at, np.arange(at.size))), shape=(groups, at.size))
        counts[:, first : first + rows.counts.shape[1]] += members @ rows.counts
        vehicles = rows.counts.sum(axis=1)
        n += np.bincount(at, vehicles, groups)
        sum_kmh += np.bincount(at, sum_of_rows(rows), groups)
        over += np.bincount(at, over_of_rows(rows), groups)
        limited += np.bincount(at, np.where(np.isnan(rows.limit), 0.0, vehicles), groups)
    return Sums(lower, upper, counts, n, sum_kmh, over, limited)


def over_of_rows(rows: Classed) -> Floats:
    """(r,) vehicles over each row's limit; 0 where the limit is unknown, NaN where an open class hides them."""
    over = np.zeros(len(rows.counts))
    for limit in np.unique(rows.limit[~np.isnan(rows.limit)]):
        mine = rows.limit == limit
        counts = rows.counts if mine.all() else rows.counts[mine]
        over[mine] = over_bound(rows.lower, rows.upper, counts, float(limit) + rows.shift_kmh)
    return over


def over_bound(lower: Floats, upper: Floats, counts: Floats, bound_kmh: float) -> Floats:
    """(r,) vehicles strictly over one speed, interpolated in the class that holds it; NaN where that is an open class
    with vehicles."""
    is_open = np.isinf(upper)
    width = np.where(is_open, 1.0, upper - lower)
    share = np.clip((np.where(is_open, lower + 1.0, upper) - bound_kmh) / width, 0.0, 1.0)
    share[is_open & (lower < bound_kmh)] = np.nan
    return _weighted(counts, share)


def sum_of_rows(rows: Classed) -> Floats:
    """(r,) Σv of each row as kept, else from the middles of its classes; NaN where an open class holds vehicles."""
    missing = np.isnan(rows.sum_kmh)
    if not missing.any():
        return rows.sum_kmh
    is_open = np.isinf(rows.upper)
    middle = np.where(is_open, np.nan, (rows.lower + np.where(is_open, rows.lower, rows.upper)) / 2.0)
    found = rows.sum_kmh.copy()
    found[missing] = _weighted(rows.counts[missing], middle)
    return found


def _weighted(counts: Floats, weights: Floats) -> Floats:
    """(r,) Σ counts · weights; NaN where vehicles are in a class whose weight is unknown."""
    unknown = np.isnan(weights)
    found: Floats = counts @ np.where(unknown, 0.0, weights)
    if unknown.any():
        found[(counts[:, unknown] > 0.0).any(axis=1)] = np.nan
    return found


def histogram_of(lower: Floats, upper: Floats, counts: Floats) -> SpeedHistogram:
    """Classes as a histogram: uniform where all closed ones are equally wide, otherwise from 0 on.

    Raises BadHistogram."""
    closed = np.isfinite(upper)
    widths = (upper - lower)[closed]
    if widths.size and np.allclose(widths, widths[0], rtol=0.0, atol=1e-6 * widths[0]):
        return SpeedHistogram(lower, upper, counts, float(np.round(widths[0], 9)))
    if lower[0] > 0.0:
        lower, upper, counts = (
            np.concatenate(([first], column)) for first, column in ((0.0, lower), (lower[0], upper), (0.0, counts))
        )
    return SpeedHistogram(lower, upper, counts)


def day_of(part: Singles | Classed | None, index: Ints) -> Ints | None:
    """The new number of each member's day by `index` (days,), −1 where it has none."""
    if part is None:
        return None
    table = np.append(index, -1)
    return table[np.where(part.day < 0, index.size, part.day)]
