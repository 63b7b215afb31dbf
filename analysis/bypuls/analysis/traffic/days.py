"""Intervals from days. Vehicles of one day share its weather, its light and its queues, so they aren't independent: the
day is what is left out and what is counted.

A delete-one-day jackknife with Student's t of D − 1 holds its 95 % down to 3 days, where a bootstrap of days covers
48 … 91 % (simulated)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, finite_column
from bypuls.analysis.errors import BadInput
from bypuls.analysis.histogram_rows import percentile_rows
from bypuls.analysis.student import t_quantile

MIN_DAYS = 3
CONFIDENCE = 0.95
METHOD = "delete_one_day_jackknife"


@dataclass(frozen=True, slots=True)
class DayEstimate:
    """A figure with the standard error that its days give it.

    se : ≥ 0, in the unit of the figure.  df : degrees of freedom, > 0.  days : days it rests on."""

    value: float
    se: float
    df: float
    days: int

    def half_width(self, *, resolution: float = 0.0, confidence: float = CONFIDENCE) -> float:
        """Half of the interval: t(df) · se, at least half the resolution of what was measured."""
        t = t_quantile(confidence, self.df)
        return max(t * self.se, resolution / 2.0)


def jackknife(value: float, without: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> DayEstimate:
    """The standard error of `value` from the same figure `without` each day: se² = (D−1)/D · Σ(θᵢ − θ̄)².

    without : (D,) the figure without day i.  weights : (D,) of the days; with unequal ones the degrees of freedom are
    those of the effective number of days (Σw)²/Σw².
    Raises BadInput for fewer than 3 days, or a figure that isn't finite.  Source: Efron & Tibshirani 1993, ch. 11."""
    left_out = finite_column("without", without)
    days = left_out.size
    if days < MIN_DAYS:
        raise BadInput(f"without: {days} days; expected at least {MIN_DAYS}")
    if not math.isfinite(value):
        raise BadInput(f"value: {value}; expected a finite number")
    effective = float(days)
    if weights is not None:
        weight = finite_column("weights", weights)
        effective = float(weight.sum() ** 2 / (weight @ weight))
    spread = float(((left_out - left_out.mean()) ** 2).sum())
    return DayEstimate(value, math.sqrt((days - 1) / days * spread), max(effective - 1.0, 1.0), days)


def percentile_of_days(
    counts: npt.ArrayLike,
    lower_edges_kmh: npt.ArrayLike,
    upper_edges_kmh: npt.ArrayLike,
    p: float,
    *,
    weights: npt.ArrayLike | None = None,
) -> DayEstimate | None:
    """A percentile [km/h], interpolated in the classes, with its standard error from days.

    counts : (D, k) vehicles per day and class, edges (k,).  p : [%].  weights : (D,) of the days.
    None where a needed percentile lies in an open class.  Raises BadInput."""
    rows: FloatArray = np.asarray(counts, dtype=np.float64)
    if weights is not None:
        rows = rows * finite_column("weights", weights)[:, None]
    whole = rows.sum(axis=0)
    found = percentile_rows(np.vstack([whole, whole - rows]), lower_edges_kmh, upper_edges_kmh, p)
    return None if np.isnan(found).any() else jackknife(float(found[0]), found[1:], weights)


def ratio_of_days(
    numerator: npt.ArrayLike, denominator: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> DayEstimate | None:
    """A ratio of sums over days (Σv/n is the mean speed, Σover/n a share) with its standard error from days.

    numerator, denominator : (D,).  None where a denominator without one day is 0.  Raises BadInput."""
    above, below = finite_column("numerator", numerator), finite_column("denominator", denominator)
    if weights is not None:
        weight = finite_column("weights", weights)
        above, below = above * weight, below * weight
    rest = below.sum() - below
    if below.sum() <= 0.0 or (rest <= 0.0).any():
        return None
    return jackknife(float(above.sum() / below.sum()), (above.sum() - above) / rest, weights)


def difference(after: DayEstimate, before: DayEstimate) -> DayEstimate:
    """`after` − `before`: standard errors add as root of squares, degrees of freedom by Welch–Satterthwaite."""
    return combine([(1.0, after), (-1.0, before)])


def effect(
    treated: tuple[DayEstimate, DayEstimate], controls: Sequence[tuple[DayEstimate, DayEstimate]]
) -> DayEstimate:
    """Difference of differences: the change of the treated site less the mean change of its control sites, all controls
    weighing equally; the variances of all cells add.

    treated, controls : (before, after).  Raises BadInput without a control."""
    if not controls:
        raise BadInput("controls: none; expected at least one control site")
    share = 1.0 / len(controls)
    cells = [(1.0, treated[1]), (-1.0, treated[0])]
    for before, after in controls:
        cells += [(-share, after), (share, before)]
    return combine(cells)


def combine(parts: Sequence[tuple[float, DayEstimate]]) -> DayEstimate:
    """A weighted sum of independent estimates; degrees of freedom by Welch–Satterthwaite."""
    value = sum(weight * part.value for weight, part in parts)
    variances = [(weight * part.se) ** 2 for weight, part in parts]
    total = sum(variances)
    squares = sum(v**2 / part.df for v, (_, part) in zip(variances, parts, strict=True))
    df = total**2 / squares if squares > 0.0 else min(part.df for _, part in parts)
    return DayEstimate(value, math.sqrt(total), df, min(part.days for _, part in parts))
