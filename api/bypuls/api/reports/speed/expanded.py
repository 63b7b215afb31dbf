"""The year's average day of a short count: of full days, or of the hours that were watched where no day is full."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np

from bypuls.analysis.traffic.expansion import HOURS_TO_DAY, WEEK_TO_YEAR, Counted, Missing, to_year
from bypuls.analysis.traffic.volumes import STEP_TO_YEAR_SOURCE
from bypuls.api.reports.speed.local_days import LocalDays
from bypuls.api.reports.speed.model import Traffic
from bypuls.api.reports.speed.population import Population
from bypuls.api.reports.speed.settings import Settings
from bypuls.api.reports.speed.tables import counts_by_quarter

NO_FACTORS = "no_expansion_factors"


def expanded(settings: Settings, counts: Sequence[Counted], counted_mean: float) -> Traffic | str:
    """ÅDT of counts, or why there is none.

    counted_mean : what the shown factor is to be multiplied by [vehicles]."""
    chosen = settings.expansion
    if chosen is None or not chosen.factors:
        return NO_FACTORS
    found = to_year(counts, chosen.factors, chosen.traffic_type)
    if isinstance(found, Missing):
        return f"no_factor_{found.step}"
    share = found.uncertainty
    return Traffic(
        "aadt",
        found.value,
        share,
        None if share is None else found.value * (1.0 - share),
        None if share is None else found.value * (1.0 + share),
        len({one.day for one in counts}),
        found.value / counted_mean if counted_mean > 0.0 else None,
        "; ".join([*found.sources, STEP_TO_YEAR_SOURCE]),
        "mean_of_weekdays_times_factor" if found.steps == (WEEK_TO_YEAR,) else "counts_times_factors",
    )


def of_hours(people: Population, settings: Settings, days: LocalDays, by_hour: np.ndarray[Any, Any]) -> Traffic | None:
    """ÅDT where no day is full: of the longest stretch of hours that a factor is there for and that was watched; None
    without one."""
    if settings.expansion is None:
        return None
    spans = {(one.first, one.last) for one in settings.expansion.factors if one.step == HOURS_TO_DAY}
    longest = sorted(spans, key=lambda span: (span[0] - span[1], span[0]))
    watched = _watched_hours(people, settings, days, by_hour)
    counts = []
    for at, day in enumerate(days.days):
        span = next((one for one in longest if watched[at, one[0] : one[1]].all()), None)
        if span is not None:
            counts.append(Counted(day, float(by_hour[at, span[0] : span[1]].sum()), *span))
    if not counts:
        return None
    found = expanded(settings, counts, float(np.mean([one.vehicles for one in counts])))
    return found if isinstance(found, Traffic) else None


def _watched_hours(
    people: Population, settings: Settings, days: LocalDays, by_hour: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """(days, 24) hours that were watched from their first to their last minute: with vehicles in each quarter, or a
    sensor that said so. Where the period was told, hours inside of it only need one vehicle."""
    seen = by_hour > 0.0
    if people.classed is not None:
        rows = people.classed
        told = rows.watched & (rows.hour >= 0)
        seen[rows.day[told], rows.hour[told]] = True
    if people.singles is None:
        return seen
    quarters, fine = counts_by_quarter(people, days.days)
    if fine and (settings.start is None or settings.end is None):
        # Nobody told when the count began and ended: an hour that it cut has no vehicles at its end.
        parts = quarters.reshape(len(days.days), 24, 4) > 0.0
        edges = np.pad(seen, ((0, 0), (1, 1)))
        seen &= (edges[:, :-2] | parts[:, :, 0]) & (edges[:, 2:] | parts[:, :, 3])
        return seen
    for at, day in enumerate(days.days):
        for hour in range(24):
            begins = datetime.combine(day, time(hour), days.tz)
            before = settings.start is not None and begins < settings.start
            after = settings.end is not None and begins + timedelta(hours=1) > settings.end
            seen[at, hour] &= not (before or after)
    return seen
