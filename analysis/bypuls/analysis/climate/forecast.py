"""Where the accounts lead if they go on as they did: Theil–Sen on the complete years, with an interval.

Not a promise: a trend knows nothing of what is planned. Measures that already run are in the years that it is drawn
through, so they add nothing to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, IntArray, integer_column
from bypuls.analysis.climate.targets import ROUNDING, Target, finite_tonnes
from bypuls.analysis.errors import BadInput
from bypuls.analysis.student import t_quantile

LEAST_YEARS = 5
CONFIDENCE = 0.90


@dataclass(frozen=True, slots=True)
class Trend:
    """The line through the known years: tonnes of `middle_year` [t] and their change [t a year], which holds the middle
    of all slopes between two years.

    slope_low, slope_high : interval of the change, by the ranks of the slopes.
    scatter_t : standard deviation of single years around the line, n − 2 [t].  years : that it was drawn through.
    """

    first_year: int
    middle_year: float
    middle_t: float
    at_first_t: float
    slope_t: float
    slope_low_t: float
    slope_high_t: float
    scatter_t: float
    years: int
    confidence: float

    @property
    def falling(self) -> bool:
        """Whether the whole interval of the change lies below 0."""
        return self.slope_high_t < 0.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """(n,) years with what the trend makes of them [t]; `low_t` … `high_t` should hold a single year's account in
    `confidence` of the cases. A trend below 0 is told as 0."""

    year: IntArray
    tonnes: FloatArray
    low_t: FloatArray
    high_t: FloatArray
    confidence: float


def trend(emitted_t: Mapping[int, float | None], *, confidence: float = CONFIDENCE) -> Trend | None:
    """Theil–Sen through the years that are known; None below 5.

    emitted_t : [t] by year, complete years only; None = unknown.  Raises BadInput.
    Source: Sen 1968 (slope and its interval by ranks); Theil 1950.
    """
    if not 0.0 < confidence < 1.0:
        raise BadInput(f"confidence: {confidence}; expected between 0 and 1")
    known = {year: finite_tonnes(emitted, year) for year, emitted in sorted(emitted_t.items()) if emitted is not None}
    if len(known) < LEAST_YEARS:
        return None
    from scipy import stats  # a second to load, and most who load this module draw no trend

    tonnes = np.array(list(known.values()), dtype=np.float64)
    first = next(iter(known))
    # Counted from the first year: an intercept two thousand years away would cost digits.
    after = np.array(list(known), dtype=np.float64) - first
    slope, intercept, low, high = (float(one) for one in stats.theilslopes(tonnes, after, confidence))
    scatter = float(np.sqrt(((tonnes - intercept - slope * after) ** 2).sum() / (after.size - 2)))
    return Trend(
        first_year=first,
        middle_year=first + float(np.median(after)),
        middle_t=float(np.median(tonnes)),
        at_first_t=intercept,
        slope_t=slope,
        slope_low_t=low,
        slope_high_t=high,
        scatter_t=scatter,
        years=len(known),
        confidence=confidence,
    )


def forecast(found: Trend, years: npt.ArrayLike) -> Forecast:
    """The trend in `years`, with the interval of a single year's account: the interval of the change, turned around the
    middle year, and the scatter of single years (Student's t, n − 2), independent of each other.

    years : (n,) integers.  Raises BadInput.
    """
    year = integer_column("years", years)
    away = year - found.middle_year
    line = found.at_first_t + found.slope_t * (year - found.first_year)
    t = t_quantile(found.confidence, found.years - 2)
    single = t * found.scatter_t * np.sqrt(1.0 + 1.0 / found.years)
    steeper, flatter = (found.slope_t - found.slope_low_t) * away, (found.slope_high_t - found.slope_t) * away
    ahead = away >= 0.0
    low = line - np.hypot(np.where(ahead, steeper, flatter), single)
    high = line + np.hypot(np.where(ahead, flatter, steeper), single)
    return Forecast(year, np.maximum(line, 0.0), np.maximum(low, 0.0), np.maximum(high, 0.0), found.confidence)


def projected_year(target: Target, emitted_t: Mapping[int, float | None]) -> int | None:
    """The first year in which the trend is down to the target. None below 5 years, or where it isn't falling.

    emitted_t : [t] by year, complete years only.  Raises BadInput.
    """
    found = trend(emitted_t)
    if found is None or not found.slope_t < -ROUNDING * target.baseline_t:
        return None
    return found.first_year + int(np.ceil((target.target_t - found.at_first_t) / found.slope_t - ROUNDING))
