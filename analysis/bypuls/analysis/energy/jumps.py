"""Days that can't be use: a meter that changed its unit (1,000 times as much from one day on), and single days of a
register that was set anew. Found by size alone; nothing is put right, because nobody knows which side is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray, known_column, same_length
from bypuls.analysis.energy.normal_year import DayArray, day_column

LEAST_RATIO = 100.0
"""From this factor between two fortnights on it is the unit that changed: kWh ↔ Wh are 1,000, kWh ↔ GJ 278 apart."""
_WINDOW, _LEAST = 14, 5  # [d] looked at on either side; of them, days with use
_SPIKE = 50.0  # times the largest day of both fortnights


@dataclass(frozen=True, slots=True)
class UnitJump:
    """From `day` on days are `factor` times as large as before."""

    day: np.datetime64
    factor: float


@dataclass(frozen=True, slots=True)
class Implausible:
    """jumps : changes of the unit.  spikes : (n,) days that are no use: far above all days around them."""

    jumps: tuple[UnitJump, ...]
    spikes: BoolArray


def implausible_days(days: npt.ArrayLike, use: npt.ArrayLike) -> Implausible:
    """Changes of unit and single impossible days.

    A jump : every known use above 0 of the fortnight after is LEAST_RATIO times as large (or small) as that of the
    fortnight before, by medians, and the two don't overlap. At least 5 such days on each side.
    A spike : a day above 50 times the largest day of the fortnights around it.

    days : (n,) dates, rising.  use : (n,) per day, NaN = unknown.  Raises BadInput."""
    dates, used = day_column("days", days), known_column("use", use)
    same_length(days=dates, use=used)
    spikes = _spikes(dates, used)
    return Implausible(tuple(_jumps(dates, np.where(spikes, np.nan, used))), spikes)


def _around(dates: DayArray, at: int, known: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], ...]:
    """Known days of the fortnight before day `at`, and of the one after it."""
    window = np.timedelta64(_WINDOW, "D")
    low = np.searchsorted(dates, dates[at] - window)
    high = np.searchsorted(dates, dates[at] + window, "right")
    return known[(known >= low) & (known < at)], known[(known > at) & (known < high)]


def _spikes(dates: DayArray, used: FloatArray) -> BoolArray:
    spikes = np.zeros(used.shape, dtype=np.bool_)
    known = np.flatnonzero(used > 0.0)
    if known.size <= _LEAST:
        return spikes
    typical = float(np.median(used[known]))
    for at in np.flatnonzero(used > _SPIKE * typical).tolist():
        before, after = _around(dates, at, known)
        beside = np.concatenate((before, after))
        beside = beside[~spikes[beside]]
        # Beside a change of unit one side is as large as the day itself: that is told as a jump.
        if beside.size >= _LEAST and used[at] > _SPIKE * float(used[beside].max()):
            spikes[at] = True
    return spikes


def _jumps(dates: DayArray, used: FloatArray) -> list[UnitJump]:
    known = np.flatnonzero(used > 0.0)
    values, found = used[known], []
    # A step between neighbours of half the ratio (in logarithms) is looked at closely; there are few.
    steps = np.abs(np.diff(np.log10(values)))
    for at in (np.flatnonzero(steps > np.log10(LEAST_RATIO) / 2.0) + 1).tolist():
        before, after = values[max(0, at - _WINDOW) : at], values[at : at + _WINDOW]
        if before.size < _LEAST or after.size < _LEAST:
            continue
        apart = before.max() < after.min() or after.max() < before.min()
        ratio = float(np.median(after) / np.median(before))
        if apart and max(ratio, 1.0 / ratio) >= LEAST_RATIO:
            found.append(UnitJump(dates[known[at]], ratio))
    return found
