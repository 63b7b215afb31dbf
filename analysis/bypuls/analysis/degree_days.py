"""Degree days (graddage): how much heat the weather asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, float_column
from bypuls.analysis.errors import BadInput

BASE_C = 17.0
"""Danish base temperature [°C]. Source: Teknologisk Institut, graddage."""


@dataclass(frozen=True, slots=True)
class DegreeDaySum:
    """total : Σ over the days that are known [K·d]; None where none is. days, days_known : how many there are."""

    total: float | None
    days: int
    days_known: int


def degree_days(mean_c: npt.ArrayLike, base_c: float = BASE_C) -> FloatArray:
    """max(0, base − mean day temperature) per day [K·d]; NaN (unknown) stays NaN.

    mean_c : (n,) [°C] daily means.  Raises BadInput.  Source: Teknologisk Institut, graddage."""
    means = float_column("mean_c", mean_c)
    absurd = np.flatnonzero(np.abs(means) > 100.0)
    if absurd.size:
        raise BadInput(f"mean_c[{absurd[0]}]: {means[absurd[0]]}; expected −100 … 100 °C")
    if not np.isfinite(base_c):
        raise BadInput(f"base_c: {base_c}; expected a finite number")
    return np.maximum(0.0, base_c - means)


def degree_day_sum(mean_c: npt.ArrayLike, base_c: float = BASE_C) -> DegreeDaySum:
    """The sum of a period, with the days that it rests on: a sum with days missing is too low and never to be compared
    with a normal year as it stands. Arguments as for `degree_days`. Raises BadInput."""
    each = degree_days(mean_c, base_c)
    known = each[~np.isnan(each)]
    return DegreeDaySum(float(known.sum()) if known.size else None, int(each.size), int(known.size))
