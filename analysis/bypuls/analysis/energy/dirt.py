"""What is wrong with a series of amounts: values that stand still, jumps of the unit, impossible spikes, gaps.

What is found here is left out of models and said; nothing is mended."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray, known_column, same_length, time_column
from bypuls.analysis.errors import BadInput

STUCK_S = 86_400
"""A value that doesn't change for so long is a source that stands still [s]; of days it takes a week."""
LEAST_STUCK = 7
COARSE_SHARE = 0.2
"""Where more of the series than this stands still, its values are rounded coarsely, and none is called stuck."""
JUMP = 1000.0
"""A jump of the unit: kWh for MWh, Wh for kWh."""
_TOLERANCE = 2.5  # times by which a jump may miss the thousand: the load itself goes on changing
_BEFORE, _AFTER = 7, 3  # known days that a jump is judged by
_LEAST_DOWN = 7  # known days of a jump downwards: a heating that is off for some days uses a thousandth too
SPIKE = 20.0
"""Times the 99.5th percentile above which an amount is impossible."""
_LEAST_FOR_SPIKES = 48
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """first, last : indices, both included.  value : of all of them."""

    first: int
    last: int
    value: float

    @property
    def n(self) -> int:
        """How many there are."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class UnitJump:
    """Days whose use is about `factor` times (1000, 0.001, …) what the others have. first, last : indices, included."""

    first: int
    last: int
    factor: float


@dataclass(frozen=True, slots=True)
class Gap:
    """A time that no interval covers [µs UTC)."""

    start_us: int
    end_us: int

    @property
    def seconds(self) -> float:
        """Its length [s]."""
        return (self.end_us - self.start_us) / _US


def stuck(start_us: npt.ArrayLike, use: npt.ArrayLike, interval_s: float) -> list[Stretch]:
    """Stretches of one value other than 0, for a day or longer (of daily values a week), in intervals that follow each
    other. Empty where more than a fifth of the series stands still: then its values are coarse.

    start_us : (n,) [µs UTC] rising.  use : (n,), NaN = unknown.  interval_s : [s].  Raises BadInput."""
    times, used = time_column("start_us", start_us), known_column("use", use)
    same_length(start_us=times, use=used)
    if not 0.0 < interval_s < np.inf:
        raise BadInput(f"interval_s: {interval_s}; expected > 0 and finite")
    if used.size < 2:
        return []
    least = max(LEAST_STUCK, int(np.ceil(STUCK_S / interval_s)))
    # Days are 23 to 25 hours apart.
    follows = np.diff(times) <= 1.25 * interval_s * _US
    same = follows & (used[1:] == used[:-1]) & (used[1:] != 0.0)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8)))
    found = [
        Stretch(int(first), int(last), float(used[first]))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
        if last - first + 1 >= least
    ]
    known = int(np.isfinite(used).sum())
    return found if sum(stretch.n for stretch in found) <= COARSE_SHARE * known else []


def unit_jumps(use: npt.ArrayLike) -> list[UnitJump]:
    """Stretches of days whose use jumps from one day to the next by about a thousand (or a million) and stays there.
    The level that most days have counts as right. Zeros and unknown days say nothing; a jump downwards is one from 7
    known days on.

    use : (n,) per day, NaN = unknown.  Raises BadInput."""
    used = known_column("use", use)
    days = np.flatnonzero(np.isfinite(used) & (used > 0.0))
    logs = np.log10(used[days])
    level = np.zeros(days.size, dtype=np.int64)
    start = 0
    for at in range(1, days.size):
        level[at] = level[at - 1]
        before = float(np.median(logs[max(start, at - _BEFORE) : at]))
        steps = _thousands(logs[at] - before)
        if steps and _thousands(float(np.median(logs[at : at + _AFTER])) - before) == steps:
            level[at] += steps
            start = at
    if not days.size or (level == level[0]).all():
        return []
    levels, counts = np.unique(level, return_counts=True)
    right = int(levels[np.argmax(counts)])
    edges = [0, *(np.flatnonzero(np.diff(level)) + 1).tolist(), days.size]
    return [
        UnitJump(int(days[first]), int(days[end - 1]), JUMP ** int(level[first] - right))
        for first, end in pairwise(edges)
        if level[first] > right or (level[first] < right and end - first >= _LEAST_DOWN)
    ]


def spikes(use: npt.ArrayLike) -> BoolArray:
    """Amounts of more than 20 times the 99.5th percentile of those above 0. None of fewer than 48.

    use : (n,), NaN = unknown.  Raises BadInput."""
    used = known_column("use", use)
    above = used[np.isfinite(used) & (used > 0.0)]
    if above.size < _LEAST_FOR_SPIKES:
        return np.zeros(used.shape, dtype=np.bool_)
    found: BoolArray = used > SPIKE * np.percentile(above, 99.5)
    return found


def gaps(start_us: npt.ArrayLike, end_us: npt.ArrayLike, known: npt.ArrayLike) -> list[Gap]:
    """The times between the first and the last known interval that no known one covers, rising.

    start_us, end_us : (n,) [µs UTC], rising starts.  known : (n,) booleans.  Raises BadInput."""
    starts, ends = time_column("start_us", start_us), time_column("end_us", end_us)
    same_length(start_us=starts, end_us=ends)
    has = np.asarray(known, dtype=np.bool_)
    same_length(start_us=starts, known=has)
    begin, end = starts[has], ends[has]
    if begin.size < 2:
        return []
    covered_to: IntArray = np.maximum.accumulate(end)[:-1]
    holes = np.flatnonzero(begin[1:] > covered_to)
    return [Gap(int(covered_to[at]), int(begin[at + 1])) for at in holes]


def _thousands(difference: FloatArray | float) -> int:
    """How many times a thousand a difference of logarithms is; 0 where it is none."""
    steps = round(float(difference) / 3.0)
    return steps if steps and abs(float(difference) - 3.0 * steps) <= np.log10(_TOLERANCE) else 0
