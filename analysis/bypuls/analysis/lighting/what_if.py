"""What-if: other luminaires and another dimming profile over a register, in kWh a year, with the lighting class kept or
not.

Levels are of light; power is not proportional to them: P(level) = P·(base + (1 − base)·level), with a base load of its
own for each kind of gear. An undimmed lamp has level 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, float_column, same_length, sum_by
from bypuls.analysis.errors import BadInput
from bypuls.analysis.lighting.plan import commanded_pct

DAY_MINUTES = 1440
CLASS_LEVELS: dict[str, tuple[float, ...]] = {
    "M": (2.0, 1.5, 1.0, 0.75, 0.5, 0.3),
    "C": (50.0, 30.0, 20.0, 15.0, 10.0, 7.5),
    "P": (15.0, 10.0, 7.5, 5.0, 3.0, 2.0),
}
"""What a class asks for: M1 … M6 luminance [cd/m²], C0 … C5 and P1 … P6 illuminance [lx]. Source: EN 13201-2:2015."""
_FIRST = {"M": 1, "C": 0, "P": 1}


@dataclass(frozen=True, slots=True, eq=False)
class LevelHours:
    """How long lamps burn at which level. level : (k,) 0 … 1, rising.  hours : (k,) [h]."""

    level: FloatArray
    hours: FloatArray

    @property
    def burning_h(self) -> float:
        """Hours with any light [h]."""
        return float(self.hours[self.level > 0.0].sum())

    @property
    def lowest(self) -> float:
        """The lowest level above 0 that is burnt for some time; 1 where there is none."""
        burnt = self.level[(self.hours > 0.0) & (self.level > 0.0)]
        return float(burnt.min()) if burnt.size else 1.0

    def full_load_h(self, base_share: float) -> float:
        """Hours at full power that take the same energy [h]. base_share : of the gear, 0 … 1. Raises BadInput."""
        if not 0.0 <= base_share <= 1.0:
            raise BadInput(f"base_share: {base_share}; expected 0 … 1")
        power = np.where(self.level > 0.0, base_share + (1.0 - base_share) * self.level, 0.0)
        return float(power @ self.hours)


def hours_at_levels(lit_h: npt.ArrayLike, starts: npt.ArrayLike, levels_pct: npt.ArrayLike) -> LevelHours:
    """The hours of a year at each level of a profile.

    lit_h : (1440,) [h] how long lamps burn in that minute of the local day, over the year.  starts, levels_pct : the
    profile, as for `commanded_pct`.  Raises BadInput."""
    lit = float_column("lit_h", lit_h)
    if lit.size != DAY_MINUTES or not (np.isfinite(lit).all() and (lit >= 0.0).all()):
        raise BadInput(f"lit_h: {lit.size} values; expected {DAY_MINUTES} known hours, none below 0")
    level, at = np.unique(commanded_pct(np.arange(DAY_MINUTES), starts, levels_pct) / 100.0, return_inverse=True)
    return LevelHours(level, sum_by(at, lit, level.size))


def year_kwh(watt: npt.ArrayLike, full_load_h: npt.ArrayLike) -> FloatArray:
    """(n,) [kWh] P·t; NaN where one of them is unknown.

    watt : (n,) nominal power with its gear [W].  full_load_h : (n,) [h].  Raises BadInput."""
    power, hours = float_column("watt", watt), float_column("full_load_h", full_load_h)
    same_length(watt=power, full_load_h=hours)
    found: FloatArray = power * hours / 1000.0
    return found


def payback_years(investment: float, saved_per_year: float) -> float | None:
    """How long until what is saved has paid what it cost, at today's prices and without interest [years]; None = never.

    investment, saved_per_year : of one currency.  Raises BadInput."""
    if not (math.isfinite(investment) and investment >= 0.0 and math.isfinite(saved_per_year)):
        raise BadInput(f"investment: {investment}, saved_per_year: {saved_per_year}; expected known, not below 0")
    return investment / saved_per_year if saved_per_year > 0.0 else None


def class_reached(lighting_class: str, light_share: float) -> str | None:
    """The class that is reached where `light_share` (1 = as now) of the light is left of a street that just keeps
    `lighting_class` now; never a better one than that. None where it falls below the lowest class.

    lighting_class : M1 … M6, C0 … C5, P1 … P6.  light_share : ≥ 0.  Raises BadInput for another class.
    Source of the levels: EN 13201-2:2015; their uniformities and glare stay the luminaire's own business."""
    name = lighting_class.strip().upper()
    levels = CLASS_LEVELS.get(name[:1], ())
    index = int(name[1:]) - _FIRST[name[0]] if levels and name[1:].isdecimal() else -1
    if not 0 <= index < len(levels):
        raise BadInput(f"lighting_class: {lighting_class!r}; expected M1 to M6, C0 to C5 or P1 to P6")
    if not light_share >= 0.0:
        raise BadInput(f"light_share: {light_share}; expected at least 0")
    left = levels[index] * light_share
    # Hundredths of a per cent are no other class.
    reached = next((at for at in range(index, len(levels)) if levels[at] <= left * 1.0001), None)
    return None if reached is None else f"{name[0]}{reached + _FIRST[name[0]]}"
