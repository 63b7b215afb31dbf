"""Cumulative registers (energy, volume, operating time) as 15-minute bins.

A register is what the meter shows. Between two readings its difference is known exactly; inside them it is taken as
evenly spread. What lies between readings too far apart is known in total only, and stays a total. Nothing is filled in.

How a reading is judged, looking at no more than its two neighbours on each side:

1. One *dip* (below the reading before, while the reading after is back at or above it) is left out: 1000, 0, 1001 is a
   consumption of 1. So is one *spike*, an impossible rise that the next reading takes back.
2. A drop between the readings that remain is a *rollover* where the last value was near the known modulus and the new
   one is near 0, otherwise a *reset*: the interval is unknown and the new value the new base.
3. A rise beyond the physical maximum × time is *refused*: the interval is unknown, the new value the new base. So is a
   *unit jump*, a rise to a thousand times the value (Wh told as kWh and back); the jump down is a reset by rule 2.
4. Where two neighbours in time say that they come from different meters, the interval between them is a *reset*,
   whatever their values: nothing is judged across it.

Not a promise: a meter that shows nonsense twice in a row is caught by the physical maximum alone. Nor is the newest
reading judged for good: a drop there is a reset until the next reading tells it from a dip.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray, float_column, same_length, sum_by, time_column
from bypuls.analysis.errors import BadInput

CONTEXT_READINGS = 3
"""Readings needed before and after a window, so that its bins equal those of the whole series."""

_JUMP = 1000.0  # between Wh and kWh, l and m³
_JUMP_WITHIN = 0.01  # of the jump: what may have been used meanwhile
_JUMP_FROM = 1000.0  # a new meter's first units rise a thousandfold, too
_NEAR = 0.1  # of the modulus: a rollover leaves from its last tenth and arrives in its first
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class RegisterBins:
    """Bins [start, start + bin_s) in the register's unit. All columns are sums: bins of a day add up to the day.

    t_us : (k,) [µs UTC] start of each bin.
    delta, covered_s : (k,) the amount, and the seconds [s] of the bin for which it is known. 0 in 0 s is unknown, not
        zero.
    gap_delta, gap_s : (k,) amount and whole length [s] of the gaps that end in the bin; the amount belongs to the gap,
        which may have begun long before the bin.
    resets, rollovers, refused : (k,) events; refused counts readings left out and impossible rises.

    What happens at an instant (the end of a gap, a reset) is in the bin that the instant ends: a gap that ends at
    midnight belongs to the day before.
    """

    bin_s: int
    t_us: IntArray
    delta: FloatArray
    covered_s: FloatArray
    gap_delta: FloatArray
    gap_s: FloatArray
    resets: IntArray
    rollovers: IntArray
    refused: IntArray


@dataclass(frozen=True, slots=True)
class _Intervals:
    """Between the readings that were kept: the amount, and what is known of it."""

    t_us: IntArray  # (m + 1,) the readings' times
    amount: FloatArray  # (m,)
    usable: BoolArray
    reset: BoolArray
    rollover: BoolArray
    refused: BoolArray
    left_out_us: IntArray  # times of readings that were left out


def quarter_energy(
    t_us: npt.ArrayLike,
    register: npt.ArrayLike,
    *,
    start_us: int,
    end_us: int,
    nominal_s: float,
    modulus: float | None = None,
    max_rate_per_s: float | None = None,
    resolution: float = 0.0,
    meter: npt.ArrayLike | None = None,
    bin_s: int = 900,
) -> RegisterBins:
    """Amounts per bin in [start_us, end_us), interpolated linearly to the bin edges, conserved exactly.

    t_us : (n,) [µs UTC] in any order. Equal times count once; of different values at one time the lowest counts.
    register : (n,) in the meter's unit; NaN = no reading.
    start_us, end_us : [µs UTC], on edges of bins.
    nominal_s : [s] the usual distance of readings; what is more than 2 · nominal_s apart is a gap.
    modulus : the register's value at which it starts again at 0; None = it has none, every drop is a reset.
    max_rate_per_s : [unit/s] the physical maximum; None = unknown, nothing is refused.
    resolution : the register's step. A rise may exceed the physical maximum by one step (a meter that counts whole kWh
        shows 1 kWh within a second).
    meter : (n,) a number for each meter that the readings come from, -1 where a reading doesn't tell; None = one meter.
    bin_s : [s] length of a bin.

    **Context.** Readings outside the window are context. With the `CONTEXT_READINGS` (3) readings of distinct time that
    precede start_us, and as many from end_us on (one exactly at end_us is the first of them), the bins equal, to the
    bit, those of the whole series. So a late reading at t changes only bins between the third reading before t and the
    third after it; those are to be recomputed.

    Raises BadInput.
    Source: the platform's own rules for registers; linear interpolation conserves every difference by construction.
    """
    times, values = time_column("t_us", t_us), float_column("register", register)
    meters = None if meter is None else np.asarray(meter, dtype=np.int64)
    if meters is None:
        same_length(t_us=times, register=values)
    else:
        same_length(t_us=times, register=values, meter=meters)
    if bin_s <= 0:
        raise BadInput(f"bin_s: {bin_s}; expected > 0")
    bin_us = bin_s * _US
    if end_us <= start_us or start_us % bin_us or end_us % bin_us:
        raise BadInput(f"window: {start_us} … {end_us} µs; expected rising multiples of {bin_us}")
    if not nominal_s > 0.0:
        raise BadInput(f"nominal_s: {nominal_s}; expected > 0")
    for name, value in (("modulus", modulus), ("max_rate_per_s", max_rate_per_s)):
        if value is not None and not 0.0 < value < np.inf:
            raise BadInput(f"{name}: {value}; expected > 0 or None")
    if not 0.0 <= resolution < np.inf:
        raise BadInput(f"resolution: {resolution}; expected ≥ 0")
    wrong = np.flatnonzero(np.isinf(values))
    if wrong.size:
        raise BadInput(f"register[{wrong[0]}]: {values[wrong[0]]}; expected a finite number, or NaN for none")

    between = _intervals(times, values, meters, modulus, max_rate_per_s, resolution)
    known_to = between.t_us[1:]
    length_us = np.diff(between.t_us)
    near = length_us <= 2.0 * nominal_s * _US
    edges = np.arange(start_us, end_us + bin_us, bin_us, dtype=np.int64)
    k = edges.size - 1

    def ending(events_us: IntArray) -> tuple[IntArray, BoolArray]:
        """The bin that each instant ends, and whether it is in the window."""
        inside = (events_us > start_us) & (events_us <= end_us)
        return (events_us[inside] - start_us - 1) // bin_us, inside

    def count(events_us: IntArray) -> IntArray:
        return np.bincount(ending(events_us)[0], minlength=k).astype(np.int64)

    delta, covered_us = _spread(between, near, edges)
    gap = between.usable & ~near
    gap_bin, inside = ending(known_to[gap])
    return RegisterBins(
        bin_s=bin_s,
        t_us=edges[:-1],
        delta=delta,
        covered_s=covered_us / _US,
        gap_delta=sum_by(gap_bin, between.amount[gap][inside], k),
        gap_s=sum_by(gap_bin, length_us[gap][inside] / _US, k),
        resets=count(known_to[between.reset]),
        rollovers=count(known_to[between.rollover]),
        refused=count(known_to[between.refused]) + count(between.left_out_us),
    )


def _intervals(
    times: IntArray,
    values: FloatArray,
    meters: IntArray | None,
    modulus: float | None,
    max_rate: float | None,
    resolution: float,
) -> _Intervals:
    read = ~np.isnan(values)
    times, values = times[read], values[read]
    meters = None if meters is None else meters[read]
    contradicting = times[:0]
    if times.size > 1 and not (np.diff(times) > 0).all():
        order = np.lexsort((values, times))
        times, values = times[order], values[order]
        again = np.concatenate(([False], times[1:] == times[:-1]))
        contradicts = again & np.concatenate(([False], values[1:] != values[:-1]))
        contradicting = times[contradicts]
        times, values = times[~again], values[~again]
        meters = None if meters is None else meters[order][~again]

    swapped = None
    if meters is None:
        outlier = _outliers(times, values, max_rate, resolution)
    else:
        swap = (meters[1:] >= 0) & (meters[:-1] >= 0) & (meters[1:] != meters[:-1])
        outlier = np.zeros(times.shape, dtype=np.bool_)
        for begin, end in pairwise([0, *(np.flatnonzero(swap) + 1).tolist(), times.size]):
            outlier[begin:end] = _outliers(times[begin:end], values[begin:end], max_rate, resolution)
        # The first and last reading of a meter are never left out, so a swap stays between the readings beside it.
        of_meter = np.concatenate(([0], np.cumsum(swap)))[: times.size]
        swapped = np.diff(of_meter[~outlier]) > 0
    left_out = np.concatenate((times[outlier], contradicting))
    times, values = times[~outlier], values[~outlier]

    rise = np.diff(values)
    last, new = values[:-1], values[1:]
    drop = rise < 0.0 if swapped is None else (rise < 0.0) & ~swapped
    rollover = np.zeros_like(drop)
    amount = rise
    if modulus is not None and drop.any():
        rollover = (
            drop & (last >= (1.0 - _NEAR) * modulus) & (last <= modulus) & (new >= 0.0) & (new <= _NEAR * modulus)
        )
        amount = np.where(rollover, (modulus - last) + new, rise)
    reset = drop & ~rollover if swapped is None else (drop & ~rollover) | swapped
    refused = ~reset & _impossible(amount, np.diff(times), max_rate, resolution)
    jump = rise >= 0.9 * _JUMP * _JUMP_FROM
    if jump.any():  # hardly ever: what follows needn't be looked at for every reading
        jump &= (last >= _JUMP_FROM) & (np.abs(new - _JUMP * last) <= _JUMP_WITHIN * _JUMP * last)
        refused |= ~reset & jump
    return _Intervals(times, amount, ~(reset | refused), reset, rollover & ~refused, refused, left_out)


def _impossible(amount: FloatArray, length_us: IntArray, max_rate: float | None, resolution: float) -> BoolArray:
    if max_rate is None:
        return np.zeros(amount.shape, dtype=np.bool_)
    # The factor leaves room for rounding, so that a rise of exactly the maximum passes.
    possible: BoolArray = amount <= (max_rate * (length_us / _US) + resolution) * (1.0 + 1e-9)
    return ~possible


def _outliers(times: IntArray, values: FloatArray, max_rate: float | None, resolution: float) -> BoolArray:
    """Dips and spikes. No two of them are neighbours (a dip's neighbours lie above it, a spike's below), so the
    readings beside an outlier are always kept; this bounds the context."""
    outlier = np.zeros(values.shape, dtype=np.bool_)
    if values.size < 3:
        return outlier
    before, here, after = values[:-2], values[1:-1], values[2:]
    bridge = (after >= before) & ~_impossible(after - before, times[2:] - times[:-2], max_rate, resolution)
    dip = (here < before) & bridge
    outlier[1:-1] = dip
    if max_rate is not None:
        jump = _impossible(here - before, times[1:-1] - times[:-2], max_rate, resolution)
        beside_dip = outlier[:-2] | outlier[2:]
        outlier[1:-1] |= jump & (after < here) & bridge & ~beside_dip
    return outlier


def _spread(between: _Intervals, near: BoolArray, edges: IntArray) -> tuple[FloatArray, FloatArray]:
    """Amount and covered time [µs] per bin. Readings and edges cut the window into segments, each in one interval and
    one bin; a segment's amount is a difference of two points on its interval, so segments add up to the interval."""
    t_us = between.t_us
    inside = t_us[np.searchsorted(t_us, edges[0], "right") : np.searchsorted(t_us, edges[-1], "left")]
    points = np.sort(np.concatenate((edges, inside)), kind="stable")
    begin, end = points[:-1], points[1:]
    at = np.searchsorted(t_us, begin, "right") - 1
    known = (at >= 0) & (at < between.amount.size)
    known[known] &= (between.usable & near)[at[known]]
    begin, end, at = begin[known], end[known], at[known]
    t0 = t_us[at]
    length = t_us[at + 1] - t0
    amount = between.amount[at]
    part = amount * ((end - t0) / length) - amount * ((begin - t0) / length)
    bins = (begin - edges[0]) // (edges[1] - edges[0])
    k = edges.size - 1
    return sum_by(bins, part, k), sum_by(bins, end - begin, k)
