"""Intervals of a population's figures, from its full days."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bypuls.analysis.traffic import days as by_day
from bypuls.api.reports.speed.day_sums import day_of, sums_by
from bypuls.api.reports.speed.model import Interval
from bypuls.api.reports.speed.observations import Bools, Ints
from bypuls.api.reports.speed.population import Population


def day_intervals(people: Population, full: Bools | None, stated: Mapping[str, float | None]) -> dict[str, Interval]:
    """Intervals around the `stated` figures: mean, V50, V85, V95 and the share over the limit, from full days.

    full : (days,) which days are full; None = without times."""
    days = 0 if full is None else int(full.sum())
    if full is None or days < by_day.MIN_DAYS:
        reason = "no_times" if full is None else "fewer_than_3_full_days"
        return dict.fromkeys(stated, no_interval(reason, days))
    index: Ints = np.where(full, np.cumsum(full) - 1, -1)
    sums = sums_by(people, day_of(people.singles, index), day_of(people.classed, index), days)
    if not (sums.n > 0.0).all():
        return dict.fromkeys(stated, no_interval("full_day_without_vehicles", days))
    step = resolution_of(people, stated.get("v85_kmh"))
    found: dict[str, by_day.DayEstimate | None] = {
        f"v{p}_kmh": by_day.percentile_of_days(sums.counts, sums.lower, sums.upper, p) for p in (50, 85, 95)
    }
    found["mean_kmh"] = None if np.isnan(sums.sum_kmh).any() else by_day.ratio_of_days(sums.sum_kmh, sums.n)
    limited = np.allclose(sums.limited, sums.n) and not np.isnan(sums.over).any()
    found["over_limit_share"] = by_day.ratio_of_days(sums.over, sums.n) if limited else None
    return {
        name: _interval(found[name], value, 0.0 if name.endswith("share") else step, days)
        for name, value in stated.items()
    }


def no_interval(reason: str, days: int) -> Interval:
    """An interval that can't be given."""
    return Interval(None, None, None, None, None, days, by_day.CONFIDENCE, by_day.METHOD, reason)


def _interval(estimate: by_day.DayEstimate | None, value: float | None, step: float, days: int) -> Interval:
    if estimate is None or value is None:
        return no_interval("unknown_figure", days)
    half = estimate.half_width(resolution=step)
    return Interval(value - half, value + half, half, estimate.se, estimate.df, days, by_day.CONFIDENCE, by_day.METHOD)


def resolution_of(people: Population, at_kmh: float | None) -> float:
    """The step of the speeds [km/h], at least the width of the class that holds `at_kmh` where there are classes
    without a known resolution."""
    if people.resolution_kmh is not None:
        return people.resolution_kmh
    if people.classed is None:
        return 0.0
    widths = np.where(np.isinf(people.classed.upper), 0.0, people.classed.upper - people.classed.lower)
    if at_kmh is None:
        return float(widths.max())
    at = int(np.searchsorted(people.classed.upper, at_kmh, "left"))
    return float(widths[min(at, widths.size - 1)])
