"""Activity × factor: what the hours that are known emitted, and which share of all hours these are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, known_column, same_length


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


def emitted_kg(activity_wh: npt.ArrayLike, factor_g_per_kwh: npt.ArrayLike) -> FloatArray:
    """(n,) [kg] activity × factor, hour by hour; NaN where one of them is unknown: it is never zero.

    activity_wh : (n,) [Wh], NaN = missing.  factor_g_per_kwh : (n,) [g/kWh], NaN = missing.  Raises BadInput.
    """
    activity = known_column("activity_wh", activity_wh)
    factor = known_column("factor_g_per_kwh", factor_g_per_kwh)
    same_length(activity_wh=activity, factor_g_per_kwh=factor)
    # Wh · g/kWh = mg
    found: FloatArray = activity * factor / 1e6
    return found


def emission(activity_wh: npt.ArrayLike, factor_g_per_kwh: npt.ArrayLike) -> Emission:
    """E = Σ activity × factor over the hours in which both are known. Arguments as for `emitted_kg`."""
    each = emitted_kg(activity_wh, factor_g_per_kwh)
    known = ~np.isnan(each)
    count = int(known.sum())
    return Emission(float(each[known].sum()) if count else None, int(each.size), count)
