"""What a lamp or a cabinet should draw: medians of the nights before, by dimming level and hour of the night.

Power at other voltages is brought to the nominal one first: that of a discharge lamp follows V^1.6, an LED's driver
takes the same whatever the voltage. Source for 1.6: measured on high-pressure sodium lamps with magnetic ballasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, IntArray, integer_column, known_column, same_length
from bypuls.analysis.errors import BadInput

NOMINAL_V = 230.0
HPS_EXPONENT, LED_EXPONENT = 1.6, 0.0
LEVEL_STEP_PCT = 5.0
_LEVELS, _HOURS = 21, 24
MAD_TO_SIGMA = 1.4826
"""Of a normal distribution: σ over the median absolute deviation."""


def voltage_factor(voltage_v: npt.ArrayLike, exponent: npt.ArrayLike) -> FloatArray:
    """Power at a voltage over power at 230 V; 1 where the voltage is unknown (NaN).

    exponent : 1.6 of discharge lamps, 0 of LED."""
    ratio = np.asarray(voltage_v, dtype=np.float64) / NOMINAL_V
    return np.where(np.isfinite(ratio), ratio, 1.0) ** np.asarray(exponent, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """(groups,) each: median, σ from the median absolute deviation, and count. NaN where a group is empty."""

    median: FloatArray
    sigma: FloatArray
    n: IntArray


def medians_by(group: npt.ArrayLike, values: npt.ArrayLike, groups: int) -> Groups:
    """Median and spread of `values` (n,) by `group` (n,) in 0 … groups − 1; NaN is left out. Raises BadInput."""
    index, value = integer_column("group", group), known_column("values", values)
    same_length(group=index, values=value)
    if index.size and (index.min() < 0 or index.max() >= groups):
        raise BadInput(f"group: {index.min()} … {index.max()}; expected 0 … {groups - 1}")
    known = ~np.isnan(value)
    index, value = index[known], value[known]
    n = np.bincount(index, minlength=groups)
    median = _medians(index, value, n)
    return Groups(median, MAD_TO_SIGMA * _medians(index, np.abs(value - median[index]), n), n)


def column_medians(values: npt.ArrayLike) -> Groups:
    """Median, spread and count of each column of `values` (samples, n); NaN is left out."""
    columns = np.asarray(values, dtype=np.float64)
    n = columns.shape[1]
    return medians_by(np.broadcast_to(np.arange(n), columns.shape).ravel(), columns.ravel(), n)


def _medians(index: IntArray, value: FloatArray, n: IntArray) -> FloatArray:
    found = np.full(n.shape, np.nan)
    filled = np.flatnonzero(n)
    if filled.size:
        ranked = value[np.lexsort((value, index))]
        first = np.cumsum(n)[filled] - n[filled]
        found[filled] = (ranked[first + (n[filled] - 1) // 2] + ranked[first + n[filled] // 2]) / 2.0
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What each of `count` lamps (or cabinets) drew [W at 230 V], by level and hour, else by level alone."""

    count: int
    by_hour: Groups
    by_level: Groups
    least: int

    def expected_w(
        self, level_pct: npt.ArrayLike, hour: npt.ArrayLike, otherwise_w: npt.ArrayLike = np.nan
    ) -> FloatArray:
        """Expected power at 230 V of every lamp, (count,) [W].

        level_pct, hour : (count,) or one for all, the hour within the night.  otherwise_w : where fewer than `least`
        samples were seen at the level: the nominal power, or NaN = unknown."""
        every = np.arange(self.count)
        level = every * _LEVELS + _level(level_pct)
        fine = level * _HOURS + _hour(hour)
        found = np.where(self.by_level.n[level] >= self.least, self.by_level.median[level], otherwise_w)
        return np.where(self.by_hour.n[fine] >= self.least, self.by_hour.median[fine], found)

    def at_level_w(self, level_pct: npt.ArrayLike) -> FloatArray:
        """Expected power at 230 V by level alone, (count,) [W]; NaN where too little was seen."""
        level = np.arange(self.count) * _LEVELS + _level(level_pct)
        return np.where(self.by_level.n[level] >= self.least, self.by_level.median[level], np.nan)


def learn(
    lamp: npt.ArrayLike,
    level_pct: npt.ArrayLike,
    hour: npt.ArrayLike,
    power_w: npt.ArrayLike,
    *,
    count: int,
    least: int = 8,
) -> Learned:
    """Learns from samples of past nights, in any order.

    lamp : (n,) 0 … count − 1.  level_pct : (n,) commanded.  hour : (n,) within the night.  power_w : (n,) at 230 V;
    NaN for what isn't to be learned from: unknown, or while a fault stood. A fault shorter than half of the nights
    doesn't move a median.  Raises BadInput."""
    which = integer_column("lamp", lamp)
    level = which * _LEVELS + _level(known_column("level_pct", level_pct))
    fine = level * _HOURS + _hour(integer_column("hour", hour))
    power = known_column("power_w", power_w)
    return Learned(
        count,
        medians_by(fine, power, count * _LEVELS * _HOURS),
        medians_by(level, power, count * _LEVELS),
        least,
    )


def _level(level_pct: npt.ArrayLike) -> IntArray:
    level = np.nan_to_num(np.asarray(level_pct, dtype=np.float64), nan=0.0)
    return np.clip(np.rint(level / LEVEL_STEP_PCT), 0, _LEVELS - 1).astype(np.int64)


def _hour(hour: npt.ArrayLike) -> IntArray:
    return np.clip(np.asarray(hour, dtype=np.int64), 0, _HOURS - 1)
