"""Free flow: the vehicles whose speed their driver chose, not the vehicle in front."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray, same_length, time_column
from bypuls.analysis.errors import BadInput

MIN_HEADWAY_S = 5.0
GAP_S = 3600.0


def headway_s(t_us: npt.ArrayLike, direction: npt.ArrayLike, *, gap_s: float = np.inf) -> FloatArray:
    """Time [s] since the previous vehicle of the same direction; NaN = unknown: the first of its direction, or one that
    follows more than `gap_s` [s] later, since a sensor that was off looks the same as an empty road.

    t_us : (n,) [µs UTC] in any order.  direction : (n,) codes or names.  Raises BadInput.

    **Context.** With the passages of the `gap_s` seconds before a window, those inside it get the same headways as in
    the whole series."""
    times, codes = time_column("t_us", t_us), np.asarray(direction)
    if codes.ndim != 1:
        raise BadInput(f"direction: {codes.ndim} dimensions; expected 1")
    same_length(t_us=times, direction=codes)
    if not gap_s > 0.0:
        raise BadInput(f"gap_s: {gap_s}; expected > 0")
    found = np.full(times.shape, np.nan)
    if times.size < 2:
        return found
    order = np.lexsort((times, codes))
    since = np.diff(times[order]) / 1e6
    follows = codes[order][1:] == codes[order][:-1]
    found[order[1:]] = np.where(follows & (since <= gap_s), since, np.nan)
    return found


def free_flow_mask(
    t_us: npt.ArrayLike, direction: npt.ArrayLike, *, min_headway_s: float = MIN_HEADWAY_S, gap_s: float = GAP_S
) -> BoolArray:
    """Which vehicles are known to drive freely: headway ≥ `min_headway_s` [s]. The first of a direction and the first
    after a gap are left out, their headway being unknown. Arguments and context as for `headway_s`. Raises BadInput."""
    if not 0.0 <= min_headway_s < gap_s:
        raise BadInput(f"min_headway_s: {min_headway_s}; expected 0 … gap_s {gap_s}")
    free: BoolArray = headway_s(t_us, direction, gap_s=gap_s) >= min_headway_s
    return free
