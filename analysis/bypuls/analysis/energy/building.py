"""Figures of one building: use per square metre, night base load, weekend share, load duration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, integer_column, known_column, same_length
from bypuls.analysis.errors import BadInput

NIGHT_HOURS = (0, 1, 2, 3)
"""Local hours of the night base load: 00–04."""
NIGHT_DAYS = 14
NIGHT_PERCENTILE = 5.0
LEAST_NIGHT_SHARE = 0.5
"""Share of the nights' intervals that must be known."""


@dataclass(frozen=True, slots=True)
class WeekendShare:
    """share : of the known use that falls on weekends.  expected : share of the known time that does; a building that
    doesn't sleep on weekends has share = expected.  ratio : mean use of a weekend's day over that of a working day;
    None where a side has no known day or working days used nothing."""

    share: float
    expected: float
    ratio: float | None


@dataclass(frozen=True, slots=True)
class LoadDuration:
    """Loads from the highest to the lowest. power : (k,) in the unit handed in.  hours : (k,) [h] for which the load
    was at least so high.  known_share : of the intervals."""

    power: FloatArray
    hours: FloatArray
    known_share: float


def eui(use_kwh: float, heated_m2: float) -> float:
    """Use per heated area [kWh/m²]: of twelve months, raw or corrected to normal weather. Raises BadInput."""
    if not np.isfinite(use_kwh):
        raise BadInput(f"use_kwh: {use_kwh}; expected a finite number")
    if not 0.0 < heated_m2 < np.inf:
        raise BadInput(f"heated_m2: {heated_m2}; expected > 0 and finite")
    return use_kwh / heated_m2


def night_base_load(day: npt.ArrayLike, hour: npt.ArrayLike, power: npt.ArrayLike) -> float | None:
    """5th percentile of the power from 00 to 04 local time over the last 14 days up to the newest; None where less than
    half of those nights is known.

    day : (n,) number of the local day.  hour : (n,) local hour 0 … 23.  power : (n,) mean of the interval [any unit],
    NaN = unknown.  Equal intervals; absent ones are unknown.  Raises BadInput."""
    days, hours, load = integer_column("day", day), integer_column("hour", hour), known_column("power", power)
    same_length(day=days, hour=hours, power=load)
    wrong = np.flatnonzero((hours < 0) | (hours > 23))
    if wrong.size:
        raise BadInput(f"hour[{wrong[0]}]: {hours[wrong[0]]}; expected 0 … 23")
    if not days.size:
        return None
    night = (days > days.max() - NIGHT_DAYS) & np.isin(hours, NIGHT_HOURS)
    known = load[night & np.isfinite(load)]
    # The commonest number of intervals per day and hour tells how many there ought to be.
    per_hour = np.bincount(np.unique(days * 24 + hours, return_counts=True)[1]).argmax()
    if known.size < LEAST_NIGHT_SHARE * NIGHT_DAYS * len(NIGHT_HOURS) * per_hour:
        return None
    return float(np.percentile(known, NIGHT_PERCENTILE))


def weekend_share(use: npt.ArrayLike, weekend: npt.ArrayLike) -> WeekendShare | None:
    """How much of the use falls on weekends (and holidays, where they are marked so). None without a known use above 0.

    use : (n,) per day (or equal interval), NaN = unknown.  weekend : (n,) whether it is one.  Raises BadInput."""
    used, free = known_column("use", use), np.asarray(weekend)
    if free.dtype.kind != "b" or free.ndim != 1:
        raise BadInput(f"weekend: {free.dtype}, {free.ndim} dimensions; expected booleans in 1 dimension")
    same_length(use=used, weekend=free)
    known = np.isfinite(used)
    total = float(used[known].sum())
    if not total > 0.0:
        return None
    on, off = used[known & free], used[known & ~free]
    ratio = float(on.mean() / off.mean()) if on.size and off.size and off.mean() > 0.0 else None
    return WeekendShare(float(on.sum()) / total, on.size / int(known.sum()), ratio)


def load_duration(power: npt.ArrayLike, interval_h: float) -> LoadDuration | None:
    """The duration curve of equal intervals. Unknown ones are left out and counted. None where nothing is known.

    power : (n,) mean of each interval [any unit], NaN = unknown.  interval_h : [h].  Raises BadInput."""
    load = known_column("power", power)
    if not 0.0 < interval_h < np.inf:
        raise BadInput(f"interval_h: {interval_h}; expected > 0 and finite")
    known = np.sort(load[np.isfinite(load)])[::-1]
    if not known.size:
        return None
    return LoadDuration(known, np.arange(1, known.size + 1, dtype=np.float64) * interval_h, known.size / load.size)
