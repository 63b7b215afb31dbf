"""Vehicles over the limit that held for them: counts that add up over dates, directions and classes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis import histogram as classed
from bypuls.analysis import speed
from bypuls.analysis.arrays import FloatArray, finite_column
from bypuls.analysis.errors import InOpenClass
from bypuls.analysis.speed_classes import SpeedHistogram

MUCH_OVER = 1.3  # more than 30 % over the limit


@dataclass(frozen=True, slots=True)
class Excess:
    """Vehicles strictly over a limit; adds up.

    of : vehicles whose limit is known.  n : those over it.  n_30_pct : those more than 30 % over.
    bands : vehicles per band of excess, upper bounds `speed.EXCESS_BANDS_KMH`, the last open.
    sum_kmh : Σ of the speeds over [km/h]; None where part of it lies in an open class.
    A count that lies in an open class is None."""

    of: float
    n: float | None
    n_30_pct: float | None
    bands: tuple[float | None, ...]
    sum_kmh: float | None

    @property
    def mean_kmh(self) -> float | None:
        """Mean speed of those over the limit [km/h]; None where there are none, or it is unknown."""
        return self.sum_kmh / self.n if self.n and self.sum_kmh is not None else None


NOTHING = Excess(0.0, 0.0, 0.0, (0.0,) * (len(speed.EXCESS_BANDS_KMH) + 1), 0.0)


def excess(speeds_kmh: npt.ArrayLike, limit_kmh: float) -> Excess:
    """Single speeds [km/h] over one limit [km/h].  Raises BadInput."""
    return excess_of_sorted(np.sort(finite_column("speeds_kmh", speeds_kmh)), limit_kmh)


def excess_of_sorted(speeds: FloatArray, limit_kmh: float) -> Excess:
    """`excess` of ascending, finite speeds [km/h], which nobody checks again."""
    if not speeds.size:
        return NOTHING
    found = speed.over_limit_of_sorted(speeds, limit_kmh)
    return Excess(
        float(speeds.size),
        float(found.n),
        float(round(found.share_30_pct * speeds.size)),
        tuple(float(band) for band in found.bands),
        0.0 if found.mean_kmh is None else found.mean_kmh * found.n,
    )


def excess_of_histogram(histogram: SpeedHistogram, limit_kmh: float, *, shift_kmh: float = 0.0) -> Excess:
    """Classed speeds over one limit, interpolated in the classes that are cut.

    shift_kmh : 0.5 where speeds were rounded to whole km/h before they were classed; more than 60 begins at 60.5."""

    def over(bound_kmh: float) -> float | None:
        try:
            return classed.over_limit(histogram, bound_kmh + shift_kmh)
        except InOpenClass:
            return None

    bounds = [over(limit_kmh), *(over(limit_kmh + excess_kmh) for excess_kmh in speed.EXCESS_BANDS_KMH)]
    bands = [
        None if lower is None or upper is None else lower - upper
        for lower, upper in zip(bounds, [*bounds[1:], 0.0], strict=True)
    ]
    return Excess(
        histogram.total,
        bounds[0],
        over(round(limit_kmh * MUCH_OVER, 9)),
        tuple(bands),
        _sum_over(histogram, limit_kmh + shift_kmh),
    )


def add_up(parts: Iterable[Excess]) -> Excess:
    """Those of several limits together; what is unknown in one part is unknown in the sum."""
    total = NOTHING
    for part in parts:
        total = Excess(
            total.of + part.of,
            _plus(total.n, part.n),
            _plus(total.n_30_pct, part.n_30_pct),
            tuple(_plus(a, b) for a, b in zip(total.bands, part.bands, strict=True)),
            _plus(total.sum_kmh, part.sum_kmh),
        )
    return total


def _sum_over(histogram: SpeedHistogram, limit_kmh: float) -> float | None:
    lower, upper = histogram.lower_edges_kmh, histogram.upper_edges_kmh
    over = (upper > limit_kmh) & (histogram.counts > 0.0)
    if np.isinf(upper[over]).any():
        return None
    bottom = np.maximum(lower[over], limit_kmh)
    held = histogram.counts[over] * (upper[over] - bottom) / (upper[over] - lower[over])
    return float(held @ ((bottom + upper[over]) / 2.0))


def _plus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b
