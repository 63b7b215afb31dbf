"""Activity × factor: what the hours that are known emitted, and which share of all hours these are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import float_column, same_length
from bypuls.analysis.errors import BadInput


@dataclass(frozen=True, slots=True)
class Emission:
    """Emission of the hours that are known.

    emitted_kg : [kg]; None where no hour is known.
    coverage : 0 … 1 share of the hours with both activity and factor; below 1 the total is a total of that share.
    """

    emitted_kg: float | None
    hours: int
    hours_known: int

    @property
    def coverage(self) -> float:
        return self.hours_known / self.hours if self.hours else 0.0


def emission(activity_wh: npt.ArrayLike, factor_g_per_kwh: npt.ArrayLike) -> Emission:
    """E = Σ activity × factor over the hours in which both are known. A missing value is unknown, never zero.

    activity_wh : (n,) [Wh] per hour, NaN = missing.  factor_g_per_kwh : (n,) [g/kWh], NaN = missing.  Raises BadInput.
    """
    activity, factor = float_column("activity_wh", activity_wh), float_column("factor_g_per_kwh", factor_g_per_kwh)
    same_length(activity_wh=activity, factor_g_per_kwh=factor)
    for name, column in (("activity_wh", activity), ("factor_g_per_kwh", factor)):
        endless = np.flatnonzero(np.isinf(column))
        if endless.size:
            raise BadInput(f"{name}[{endless[0]}]: {column[endless[0]]}; expected a finite number, or NaN for missing")
    known = ~(np.isnan(activity) | np.isnan(factor))
    count = int(known.sum())
    # Wh · g/kWh = mg
    return Emission(float(activity[known] @ factor[known]) / 1e6 if count else None, int(known.size), count)
