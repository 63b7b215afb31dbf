"""One period of one site as a comparison sees it: its full days, and figures of chosen days with their errors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from bypuls.analysis.traffic import days as by_day
from bypuls.analysis.traffic.days import DayEstimate
from bypuls.api.reports.speed.day_sums import day_of, sums_by
from bypuls.api.reports.speed.figures import statistics
from bypuls.api.reports.speed.intervals import resolution_of
from bypuls.api.reports.speed.model import Compared, Statistics
from bypuls.api.reports.speed.observations import Floats, Ints, Observations
from bypuls.api.reports.speed.population import Population, local_days, population
from bypuls.api.reports.speed.settings import Settings
from bypuls.api.reports.speed.survey import survey

PERCENTILES = (15, 50, 85, 95)
FIGURES = ("mean_kmh", *(f"v{p}_kmh" for p in PERCENTILES), "over_limit_share", "vehicles_per_day")


@dataclass(frozen=True, slots=True, eq=False)
class SitePeriod:
    """A site in a period. full : its full days in order.  dates : all its local days."""

    people: Population
    statistics: Statistics
    dates: tuple[date, ...]
    full: tuple[date, ...]
    resolution_kmh: float

    def told(self, matched_days: int) -> Compared:
        """What the report says of it."""
        return Compared(
            self.dates[0] if self.dates else None,
            self.dates[-1] if self.dates else None,
            self.statistics.n,
            len(self.full),
            matched_days,
            self.statistics,
        )


def site_period(observations: Observations, settings: Settings) -> SitePeriod:
    """Prepares a period for comparison."""
    days = local_days(observations, settings)
    people = population(observations, settings, days)
    watched = None if days is None else survey(observations, settings, days)
    found = statistics(people, settings, None if watched is None else watched.full)
    full: tuple[date, ...] = ()
    if days is not None and watched is not None:
        full = tuple(day for day, is_full in zip(days.days, watched.full.tolist(), strict=True) if is_full)
    return SitePeriod(people, found, () if days is None else days.days, full, resolution_of(people, found.v85_kmh))


def estimates(
    period: SitePeriod, chosen: list[date], weights: Floats, settings: Settings
) -> dict[str, DayEstimate | None]:
    """The figures of the chosen days with the errors that days give them.

    chosen : at least 3 full days.  weights : (chosen,) > 0."""
    place = {day: at for at, day in enumerate(chosen)}
    index: Ints = np.array([place.get(day, -1) for day in period.dates], dtype=np.int64)
    people = period.people
    sums = sums_by(people, day_of(people.singles, index), day_of(people.classed, index), len(chosen))
    found: dict[str, DayEstimate | None] = dict.fromkeys(FIGURES)
    if not (sums.n > 0.0).all():
        return found
    found["vehicles_per_day"] = by_day.ratio_of_days(sums.n, np.ones(len(chosen)), weights=weights)
    if not np.isnan(sums.sum_kmh).any():
        found["mean_kmh"] = by_day.ratio_of_days(sums.sum_kmh, sums.n, weights=weights)
    if np.allclose(sums.limited, sums.n) and not np.isnan(sums.over).any():
        found["over_limit_share"] = by_day.ratio_of_days(sums.over, sums.n, weights=weights)
    for p in PERCENTILES:
        estimate = by_day.percentile_of_days(sums.counts, sums.lower, sums.upper, p, weights=weights)
        found[f"v{p}_kmh"] = estimate
        if estimate is not None and people.classed is None and people.singles is not None and (weights == 1.0).all():
            # Where all days weigh the same the figure is that of the speeds themselves, as in the statistics.
            days = np.append(index >= 0, False)
            speeds = people.singles.speed[days[people.singles.day]]
            stated = float(np.percentile(speeds, p, method=settings.percentile_method))
            found[f"v{p}_kmh"] = replace(estimate, value=stated)
    return found
