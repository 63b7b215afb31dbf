"""A medium's days as models take them: holes scaled up, zeros that stand for missing values unknown, solar power that
the building used itself added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from bypuls.analysis.energy.daily import Medium, missing_zero_days, missing_zeros, use_for_model
from bypuls.analysis.energy.periods import Period
from bypuls.api.buildings.hours import Hours
from bypuls.api.buildings.meters import MediumDays
from bypuls.api.buildings.solar import Solar
from bypuls.api.buildings.source import Bools, Days, Floats
from bypuls.api.buildings.weather import Weather

_ALL = 0.999  # a swap leaves seconds between two meters, and clocks differ a little


@dataclass(frozen=True, slots=True)
class ModelDays:
    """use : (days,) per day.  zeros : (days,) with zeros that stand for missing values.  own_use_unknown : it makes
    power, and nobody knows how much of it the building uses itself: its electricity can't be modelled."""

    medium: str
    days: Days
    use: Floats
    coverage: Floats
    mean_c: Floats
    zeros: Bools
    own_use_unknown: bool

    def period(self, rows: slice, *, by_day_type: bool = True) -> Period:
        """The days of `rows` for signatures and savings; without day types all days are alike."""
        return Period(
            self.days.dates[rows], self.use[rows], self.mean_c[rows],
            day_type=self.days.free[rows].astype(np.int64) if by_day_type else None, coverage=self.coverage[rows],
        )  # fmt: skip


def model_days(found: MediumDays, weather: Weather, solar: Solar | None, hours: Hours | None = None) -> ModelDays:
    """The days of a medium. solar : of electricity, where the building makes power.  hours : of the same days, so that
    single hours whose zero stands for a missing value are found too; without, whole days alone."""
    generates = solar is not None and found.medium == "electricity"
    coverage = np.minimum(found.coverage, found.least_coverage)
    coverage = np.where(coverage > _ALL, 1.0, coverage)
    total = found.use
    if generates and solar is not None and solar.own_use_kwh is not None:
        total = total + solar.own_use_kwh
    medium = cast(Medium, found.medium)
    hollow = np.zeros(coverage.shape)
    if hours is not None:
        hollow = _zero_hours(medium, hours, weather, generates=generates)
        coverage = coverage * (1.0 - hollow)
    use = use_for_model(total, coverage)
    zeros = missing_zero_days(medium, found.days.dates, weather.mean_c, use, own_generation=generates)
    unknown = generates and solar is not None and solar.own_use_kwh is None
    return ModelDays(
        found.medium,
        found.days,
        np.where(zeros, np.nan, use),
        coverage,
        weather.mean_c,
        zeros | (hollow > 0.0),
        unknown,
    )


def _zero_hours(medium: Medium, hours: Hours, weather: Weather, *, generates: bool) -> Floats:
    """(days,) share of the day's measured hours whose zero stands for a missing value."""
    day = hours.day - hours.days.first.toordinal()
    slot = np.arange(day.size) - np.searchsorted(day, day)
    missing = missing_zeros(
        medium, day, slot, hours.use, hours.days.dates, weather.mean_c, own_generation=generates
    )  # fmt: skip
    count = hours.days.count
    known = np.bincount(day[np.isfinite(hours.use)], minlength=count)
    found: Floats = np.bincount(day[missing], minlength=count) / np.maximum(known, 1)
    return np.where(found < 1.0, found, 0.0)  # whole days are told by their sum
