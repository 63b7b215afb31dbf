"""How well a sensor counts, held against a count by hand over the same intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import finite_column
from bypuls.analysis.errors import BadInput
from bypuls.analysis.student import t_quantile

MIN_INTERVALS = 3
FEWER_INTERVALS, NOBODY_COUNTED, ALL_ALIKE = "fewer_than_3_intervals", "nothing_counted_by_hand", "all_intervals_alike"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """sensor_n / manual_n with its interval.

    ratio : 1 = as many as by hand; None without any by hand.
    low, high : 95 % interval; None with `reason`.
    deviation : Σ|sensor − manual| / Σ manual: what misses and doubles come to where they don't cancel out.
    intervals : how many were compared."""

    manual_n: float
    sensor_n: float
    ratio: float | None
    low: float | None
    high: float | None
    deviation: float | None
    intervals: int
    reason: str | None = None


def counting_accuracy(manual: npt.ArrayLike, sensor: npt.ArrayLike, *, confidence: float = 0.95) -> Accuracy:
    """The ratio of sums with an interval from leaving out one interval at a time (jackknife, t with k − 1 degrees of
    freedom): intervals, not vehicles, are independent.

    manual, sensor : (k,) vehicles of the same intervals.  Raises BadInput.
    Source: Cochran, Sampling Techniques, 6.17."""
    by_hand, by_sensor = finite_column("manual", manual), finite_column("sensor", sensor)
    if by_hand.size != by_sensor.size:
        raise BadInput(f"sensor: {by_sensor.size} intervals; expected {by_hand.size}, as many as manual")
    if (by_hand < 0.0).any() or (by_sensor < 0.0).any():
        raise BadInput("manual, sensor: a count below 0; expected 0 or more")
    k, m, s = int(by_hand.size), float(by_hand.sum()), float(by_sensor.sum())
    if m == 0.0:
        return Accuracy(m, s, None, None, None, None, k, NOBODY_COUNTED)
    ratio = s / m
    deviation = float(np.abs(by_sensor - by_hand).sum()) / m
    rest = m - by_hand
    if k < MIN_INTERVALS or not (rest > 0.0).all():
        return Accuracy(m, s, ratio, None, None, deviation, k, FEWER_INTERVALS)
    without = (s - by_sensor) / rest
    error = float(np.sqrt((k - 1) / k * ((without - without.mean()) ** 2).sum()))
    if error == 0.0:
        return Accuracy(m, s, ratio, None, None, deviation, k, ALL_ALIKE)
    half = t_quantile(confidence, k - 1) * error
    return Accuracy(m, s, ratio, max(ratio - half, 0.0), ratio + half, deviation, k)
