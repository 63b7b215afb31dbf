"""When to use power: the hours of a forecast in which the grid emits least."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, IntArray, known_column, same_length, time_column
from bypuls.analysis.errors import BadInput


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of time [start, end) [µs UTC] and its mean emission [g/kWh]."""

    start_us: int
    end_us: int
    mean_g_per_kwh: float


def best_run(t_us: npt.ArrayLike, g_per_kwh: npt.ArrayLike, *, step_us: int, duration_us: int) -> Run | None:
    """The stretch of `duration_us` with the lowest mean; the earliest of equals. None where no stretch of that length
    is known without a gap.

    t_us : (n,) [µs UTC] starts of the steps, rising.  g_per_kwh : (n,) [g/kWh], NaN = unknown.
    duration_us : whole steps, at least one.  Raises BadInput."""
    times, values = _checked(t_us, g_per_kwh, step_us)
    if duration_us <= 0 or duration_us % step_us:
        raise BadInput(f"duration_us: {duration_us}; expected whole steps of {step_us} µs, at least one")
    length = duration_us // step_us
    if times.size < length:
        return None
    sums = np.concatenate([[0.0], np.cumsum(np.nan_to_num(values))])
    unknown = np.concatenate([[0], np.cumsum(np.isnan(values))])
    total = sums[length:] - sums[:-length]
    whole = (unknown[length:] == unknown[:-length]) & (times[length - 1 :] - times[: times.size - length + 1]
                                                       == (length - 1) * step_us)  # fmt: skip
    if not whole.any():
        return None
    # Sums of thousands of steps differ in their last digits; equals stay equals.
    at = int(np.argmin(np.where(whole, np.round(total / length, 9), np.inf)))
    return Run(int(times[at]), int(times[at]) + duration_us, float(values[at : at + length].mean()))


def best_steps(t_us: npt.ArrayLike, g_per_kwh: npt.ArrayLike, *, step_us: int, count: int) -> list[Run]:
    """The `count` steps with the lowest emission, in order of time; fewer where fewer are known. Of equals the earlier.
    Arguments as for `best_run`."""
    times, values = _checked(t_us, g_per_kwh, step_us)
    if count < 1:
        raise BadInput(f"count: {count}; expected at least 1")
    known = np.flatnonzero(~np.isnan(values))
    chosen = np.sort(known[np.argsort(values[known], kind="stable")[:count]])
    return [Run(int(times[at]), int(times[at]) + step_us, float(values[at])) for at in chosen.tolist()]


def means_of_steps(
    t_us: npt.ArrayLike, g_per_kwh: npt.ArrayLike, *, step_us: int, wide_us: int
) -> tuple[IntArray, FloatArray]:
    """Steps folded into wider ones that start on whole multiples: starts [µs UTC] and means [g/kWh]; NaN where a part
    is unknown.  wide_us : a multiple of `step_us`.  Raises BadInput."""
    times, values = _checked(t_us, g_per_kwh, step_us)
    if wide_us <= 0 or wide_us % step_us:
        raise BadInput(f"wide_us: {wide_us}; expected whole steps of {step_us} µs")
    starts, index = np.unique(times - times % wide_us, return_inverse=True)
    count = np.bincount(index[~np.isnan(values)], minlength=starts.size)
    total = np.bincount(index, weights=np.nan_to_num(values), minlength=starts.size)
    return starts, np.where(count == wide_us // step_us, total / np.maximum(count, 1), np.nan)


def _checked(t_us: npt.ArrayLike, g_per_kwh: npt.ArrayLike, step_us: int) -> tuple[IntArray, FloatArray]:
    times, values = time_column("t_us", t_us), known_column("g_per_kwh", g_per_kwh)
    same_length(t_us=times, g_per_kwh=values)
    if step_us <= 0:
        raise BadInput(f"step_us: {step_us}; expected > 0")
    close = np.flatnonzero(np.diff(times) < step_us)
    if close.size:
        raise BadInput(f"t_us[{close[0] + 1}]: {times[close[0] + 1]}; expected a step after {times[close[0]]}")
    return times, values
