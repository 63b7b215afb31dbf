"""Periods of daily use with the weather of each day, as comparisons of years take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    finite_column,
    integer_column,
    known_column,
    same_length,
)
from bypuls.analysis.energy.normal_year import DayArray, day_column
from bypuls.analysis.errors import BadInput


@dataclass(frozen=True, slots=True)
class Period:
    """Days of a building, dates rising. Absent days are unknown days.

    days : (n,) dates.  use : (n,) per day, NaN = unknown; days with holes scaled by `use_for_model`, zeros that stand
    for missing values made NaN.  mean_c : (n,) [°C].  day_type : (n,) integers, None = all alike.
    coverage : (n,) measured share of each day 0 … 1, None = whole days."""

    days: npt.ArrayLike
    use: npt.ArrayLike
    mean_c: npt.ArrayLike
    day_type: npt.ArrayLike | None = None
    coverage: npt.ArrayLike | None = None


@dataclass(frozen=True, slots=True)
class CheckedDays:
    """A period whose columns were checked."""

    days: DayArray
    use: FloatArray
    mean_c: FloatArray
    day_type: IntArray | None
    coverage: FloatArray | None

    @property
    def known(self) -> BoolArray:
        """Days whose use and temperature are known."""
        return np.isfinite(self.use) & np.isfinite(self.mean_c)

    @property
    def span(self) -> int:
        """Days from the first to the last, absent ones too."""
        return int((self.days[-1] - self.days[0]).astype(np.int64)) + 1 if self.days.size else 0


def checked_days(name: str, period: Period) -> CheckedDays:
    """The columns of `period`. Raises BadInput naming the one of `name` that can't be."""
    days = day_column(f"days of {name}", period.days)
    use, means = known_column(f"use of {name}", period.use), known_column(f"mean_c of {name}", period.mean_c)
    same_length(days=days, use=use, mean_c=means)
    types: IntArray | None = None
    if period.day_type is not None:
        types = integer_column(f"day_type of {name}", period.day_type)
        same_length(days=days, day_type=types)
    coverage = None if period.coverage is None else finite_column(f"coverage of {name}", period.coverage)
    if coverage is not None:
        same_length(days=days, coverage=coverage)
        wrong = np.flatnonzero((coverage < 0.0) | (coverage > 1.0 + 1e-9))
        if wrong.size:
            raise BadInput(f"coverage of {name}[{wrong[0]}]: {coverage[wrong[0]]}; expected 0 … 1")
    return CheckedDays(days, use, means, types, coverage)


def last_days(period: CheckedDays, count: int) -> CheckedDays:
    """The last `count` days of a period, counted by the calendar."""
    if not period.days.size:
        return period
    keep = period.days > period.days[-1] - np.timedelta64(count, "D")
    types = None if period.day_type is None else period.day_type[keep]
    coverage = None if period.coverage is None else period.coverage[keep]
    return CheckedDays(period.days[keep], period.use[keep], period.mean_c[keep], types, coverage)
