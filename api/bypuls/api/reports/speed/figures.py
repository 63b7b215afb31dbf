"""The statistics of a population: all, one direction, the free-flowing part."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bypuls.analysis import speed
from bypuls.analysis.errors import BadInput, NotEnoughVehicles
from bypuls.analysis.traffic import days as by_day
from bypuls.analysis.traffic.excess import Excess, add_up, excess_of_histogram, excess_of_sorted
from bypuls.analysis.traffic.verdict import U_MEAN, least_sample, verdict
from bypuls.api.reports.speed.day_sums import edges_of, histogram_of, sums_by
from bypuls.api.reports.speed.intervals import day_intervals
from bypuls.api.reports.speed.model import (
    Band,
    Count,
    LeastSample,
    OverLimit,
    Pace,
    Statistics,
    VerdictDetail,
)
from bypuls.api.reports.speed.observations import Bools
from bypuls.api.reports.speed.population import Classed, Population, Singles
from bypuls.api.reports.speed.settings import Settings

PERCENTILES = (15, 50, 85, 95, 98)
CLASSES = "class_interpolated"
_NOBODY = speed.SpeedSummary(0.0, None, None, None, None, None, None, None, None, None, None, None, "none")


def statistics(people: Population, settings: Settings, full: Bools | None) -> Statistics:
    """All figures of a population.

    full : (days,) which of its days are full; None = without times.  Raises BadInput."""
    found = _figures(people, settings)
    over = excess_of(people)
    limit = _one_limit(people)
    n = found.n
    known = over.of > 0.0 and abs(over.of - n) <= 1e-6 * n
    stated = {
        "mean_kmh": found.mean_kmh,
        "v50_kmh": found.v50_kmh,
        "v85_kmh": found.v85_kmh,
        "v95_kmh": found.v95_kmh,
        "over_limit_share": over.n / n if known and over.n is not None else None,
    }
    intervals = day_intervals(people, full, stated)
    at_v85 = intervals["v85_kmh"]
    span = None if at_v85.low is None or at_v85.high is None else (at_v85.low, at_v85.high)
    said = verdict(found.v85_kmh, limit, n, span, thresholds=settings.thresholds)
    if limit is None and said.reason == "no_single_limit" and over.of == 0.0:
        said = type(said)(None, "no_limit")
    thresholds = None if limit is None else settings.thresholds.speeds_kmh(limit)
    relative = [s.relative_uncertainty for s in settings.sensors if s.relative_uncertainty is not None]
    return Statistics(
        n=count(n),
        mean_kmh=found.mean_kmh,
        s_kmh=found.s_kmh,
        v15_kmh=found.v15_kmh,
        v50_kmh=found.v50_kmh,
        v85_kmh=found.v85_kmh,
        v95_kmh=found.v95_kmh,
        v98_kmh=found.v98_kmh,
        max_kmh=found.max_kmh,
        limit_kmh=limit,
        pace=_pace(people, settings),
        over_limit=_over_limit(over, n) if known else None,
        bands=_bands(over, n) if known else None,
        mean_over_kmh=over.mean_kmh if known else None,
        verdict=said.level,
        verdict_detail=VerdictDetail(
            limit_kmh=limit,
            assess_kmh=None if thresholds is None else thresholds[0],
            measures_kmh=None if thresholds is None else thresholds[1],
            basis=None if said.level is None else "point" if span is None else "interval",
            reason=said.reason,
        ),
        intervals=intervals,
        calibration_kmh=max(relative) * found.v85_kmh if relative and found.v85_kmh is not None else None,
        least_sample=_least_sample(found.s_kmh, settings.tolerance_kmh),
        methods=methods(people, settings),
    )


def methods(people: Population, settings: Settings) -> Mapping[str, str]:
    """Identifiers of the methods that the figures of this population were computed by."""
    classes = people.classed is not None and people.classed.counts.sum() > 0.0
    return {
        "percentiles": CLASSES if classes else settings.percentile_method,
        "mean": "class_middles" if classes and people.classed is not None and not _sums_kept(people.classed) else "sum",
        "pace": "whole_classes" if classes else "sliding_1_kmh_half_open_ties_lower",
        "over_limit": "strictly_more_interpolated" if classes else "strictly_more",
        "intervals": by_day.METHOD,
        "verdict": "v85_over_limit_hedensted",
        "least_sample": "iowa_tr_455",
    }


def excess_of(people: Population) -> Excess:
    """Vehicles over the limits that held for them."""
    parts: list[Excess] = []
    if people.singles is not None:
        limits = people.singles.limit
        for limit in np.unique(limits[~np.isnan(limits)]):
            mine = limits == limit
            speeds = people.singles.speed
            parts.append(excess_of_sorted(speeds if mine.all() else speeds[mine], float(limit)))
    if people.classed is not None:
        rows = people.classed
        for limit in np.unique(rows.limit[~np.isnan(rows.limit)]):
            counts = rows.counts[rows.limit == limit].sum(axis=0)
            held = histogram_of(rows.lower, rows.upper, counts)
            parts.append(excess_of_histogram(held, float(limit), shift_kmh=rows.shift_kmh))
    return add_up(parts)


def count(value: float) -> Count:
    """A count as a whole number where it is one."""
    return int(value) if float(value).is_integer() else float(value)


def _figures(people: Population, settings: Settings) -> speed.SpeedSummary:
    singles, rows = people.singles, people.classed
    n_single = 0 if singles is None else singles.speed.size
    n_classed = 0.0 if rows is None else float(rows.counts.sum())
    if n_single + n_classed == 0.0:
        return _NOBODY
    if singles is not None and n_classed == 0.0:
        return speed.summary(singles.speed, None, settings.percentile_method)
    whole = sums_by(
        people,
        None if singles is None else np.zeros(n_single, dtype=np.int64),
        None if rows is None else np.zeros(len(rows.counts), dtype=np.int64),
        1,
    )
    sum_kmh2, max_kmh = _second_moment_and_max(singles, rows)
    summed = whole.sum_kmh[0]
    return speed.summary_of_histogram(
        histogram_of(whole.lower, whole.upper, whole.counts[0]),
        sum_kmh=None if np.isnan(summed) else float(summed),
        sum_kmh2=sum_kmh2,
        max_kmh=max_kmh,
    )


def _second_moment_and_max(singles: Singles | None, rows: Classed | None) -> tuple[float | None, float | None]:
    """Σv² and the maximum of both forms together, where they were kept; Σv² else from the middles of classes."""
    sum_kmh2, max_kmh = 0.0, -math.inf
    if singles is not None and singles.speed.size:
        sum_kmh2, max_kmh = float(singles.speed @ singles.speed), float(singles.speed[-1])
    if rows is None:
        return sum_kmh2, max_kmh
    held = rows.counts.sum(axis=1) > 0.0
    is_open = np.isinf(rows.upper)
    middle = (rows.lower + np.where(is_open, np.nan, rows.upper)) / 2.0
    from_classes = np.where(rows.counts > 0.0, rows.counts * middle**2, 0.0).sum(axis=1)
    kept = ~np.isnan(rows.sum_kmh2) & ~np.isnan(rows.sum_kmh)
    squares = float(np.where(kept, rows.sum_kmh2, from_classes)[held].sum())
    highest = rows.max_kmh[held]
    known_max = highest.size > 0 and not np.isnan(highest).any()
    return (
        None if np.isnan(squares) else sum_kmh2 + squares,
        max(max_kmh, float(highest.max())) if known_max else None,
    )


def _pace(people: Population, settings: Settings) -> Pace | None:
    if people.classed is None or people.classed.counts.sum() == 0.0:
        if people.singles is None or not people.singles.speed.size:
            return None
        found = speed.pace(people.singles.speed, width_kmh=settings.pace_width_kmh)
    else:
        lower, upper = edges_of(people)
        whole = sums_by(
            people,
            None if people.singles is None else np.zeros(people.singles.speed.size, dtype=np.int64),
            np.zeros(len(people.classed.counts), dtype=np.int64),
            1,
        )
        try:
            found = speed.pace_of_histogram(
                histogram_of(lower, upper, whole.counts[0]), width_kmh=settings.pace_width_kmh
            )
        except (BadInput, NotEnoughVehicles):
            # Classes that no window of this width is made of: the pace is unknown.
            return None
    return Pace(found.lower_kmh, found.upper_kmh, count(found.n), found.share)


def _over_limit(over: Excess, n: float) -> OverLimit | None:
    if over.n is None or over.n_30_pct is None:
        return None
    return OverLimit(count(over.n), over.n / n, count(over.n_30_pct), over.n_30_pct / n)


def _bands(over: Excess, n: float) -> tuple[Band, ...] | None:
    bounds = (0.0, *speed.EXCESS_BANDS_KMH, None)
    found = []
    for at, held in enumerate(over.bands):
        lower = bounds[at]
        if held is None or lower is None:
            return None
        found.append(Band(lower, bounds[at + 1], count(held), held / n))
    return tuple(found)


def _least_sample(s_kmh: float | None, tolerance_kmh: float) -> LeastSample:
    if s_kmh is None:
        return LeastSample(tolerance_kmh, None, None)
    return LeastSample(tolerance_kmh, least_sample(s_kmh, tolerance_kmh), least_sample(s_kmh, tolerance_kmh, u=U_MEAN))


def _one_limit(people: Population) -> float | None:
    """The limit that held for all, else None."""
    found: set[float] = set()
    for part in (people.singles, people.classed):
        if part is not None and part.limit.size:
            found |= {float(limit) for limit in np.unique(part.limit)}
    return found.pop() if len(found) == 1 and not math.isnan(next(iter(found))) else None


def _sums_kept(rows: Classed) -> bool:
    held = rows.counts.sum(axis=1) > 0.0
    return bool(held.any() and not np.isnan(rows.sum_kmh[held]).any())
