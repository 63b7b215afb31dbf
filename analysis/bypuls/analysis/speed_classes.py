"""The classes of a speed histogram. A class holds lower < v ≤ upper; the top class may be open (upper edge = inf)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, finite_column, float_column, same_length
from bypuls.analysis.errors import BadHistogram

DECIMALS = 9  # edges are rounded to this many decimals, so that 3 · 0.1 is the edge 0.3
ON_GRID = 1e-6  # of a width: how far an edge may lie from the grid of its histogram


@dataclass(frozen=True, eq=False, slots=True)
class SpeedHistogram:
    """Counts per speed class.

    lower_edges_kmh, upper_edges_kmh : (k,) [km/h], ascending; the last upper edge may be inf (open top).
    counts : (k,) [vehicles], ≥ 0, decimals allowed.
    width_kmh : [km/h] the width of every closed class; then empty classes are dropped and the edges lie on one grid.
        0 = irregular: contiguous classes from 0 on, empty ones kept.
    Raises BadHistogram.
    """

    lower_edges_kmh: FloatArray
    upper_edges_kmh: FloatArray
    counts: FloatArray
    width_kmh: float = 0.0

    def __post_init__(self) -> None:
        lower = np.round(finite_column("lower_edges_kmh", self.lower_edges_kmh), DECIMALS)
        upper = np.round(float_column("upper_edges_kmh", self.upper_edges_kmh), DECIMALS)
        counts = np.array(finite_column("counts", self.counts))
        same_length(lower_edges_kmh=lower, upper_edges_kmh=upper, counts=counts)
        if not 0.0 <= self.width_kmh < np.inf:
            raise BadHistogram(f"width_kmh: {self.width_kmh}; expected ≥ 0 and finite")
        _check_classes(lower, upper, counts)
        if self.width_kmh > 0.0:
            _check_grid(lower, upper, self.width_kmh)
            held = counts > 0.0
            lower, upper, counts = lower[held], upper[held], counts[held]
        else:
            _check_contiguous(lower, upper)
        for name, column in (("lower_edges_kmh", lower), ("upper_edges_kmh", upper), ("counts", counts)):
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpeedHistogram):
            return NotImplemented
        return (
            self.width_kmh == other.width_kmh
            and np.array_equal(self.upper_edges_kmh, other.upper_edges_kmh)
            and np.array_equal(self.lower_edges_kmh, other.lower_edges_kmh)
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment]  # holds arrays

    @property
    def total(self) -> float:
        """Vehicles in all classes, the open top included."""
        return float(self.counts.sum())

    @property
    def open_top(self) -> bool:
        """Whether the last class has no upper edge."""
        return bool(self.upper_edges_kmh.size and np.isinf(self.upper_edges_kmh[-1]))

    @classmethod
    def from_edges(
        cls, upper_edges_kmh: npt.ArrayLike, counts: npt.ArrayLike, *, open_top: bool = False
    ) -> SpeedHistogram:
        """All classes of a sensor in order, contiguous from 0. Classes that turn out to be equally wide give a uniform
        histogram, others an irregular one.

        upper_edges_kmh : (k,) [km/h], the last may be inf.
        counts : (k,) [vehicles]; (k + 1,) with `open_top`, the last above the last edge. Vehicles counted without a
            speed are one open class without edges.
        Raises BadHistogram, BadInput."""
        upper = float_column("upper_edges_kmh", upper_edges_kmh)
        if open_top:
            upper = np.append(upper, np.inf)
        if not upper.size:
            raise BadHistogram("upper_edges_kmh: empty; expected at least one class, or an open top")
        lower = np.concatenate(([0.0], upper[:-1]))
        closed = upper[np.isfinite(upper)]
        width = 0.0
        if closed.size:
            widths = np.diff(closed, prepend=0.0)
            if widths[0] > 0.0 and np.allclose(widths, widths[0], rtol=0.0, atol=ON_GRID * widths[0]):
                width = float(np.round(widths[0], DECIMALS))
        return cls(lower, upper, float_column("counts", counts), width)


def _check_classes(lower: FloatArray, upper: FloatArray, counts: FloatArray) -> None:
    for at in np.flatnonzero(~(upper > np.maximum(lower, 0.0))):
        raise BadHistogram(
            f"upper_edges_kmh[{at}]: {upper[at]:g}; expected above 0 and above its lower edge {lower[at]:g}"
        )
    for at in np.flatnonzero(counts < 0.0):
        raise BadHistogram(f"counts[{at}]: {counts[at]:g}; expected ≥ 0")
    for at in np.flatnonzero(lower[1:] < upper[:-1]):
        raise BadHistogram(
            f"lower_edges_kmh[{at + 1}]: {lower[at + 1]:g}; expected {upper[at]:g} or above: classes overlap"
        )


def _check_grid(lower: FloatArray, upper: FloatArray, width_kmh: float) -> None:
    closed = np.isfinite(upper)
    slack = ON_GRID * width_kmh
    for at in np.flatnonzero(closed & (np.abs(upper - lower - width_kmh) > slack)):
        raise BadHistogram(f"class up to {upper[at]:g}: {upper[at] - lower[at]:g} km/h wide; expected {width_kmh:g}")
    steps = (lower - lower[:1]) / width_kmh
    for at in np.flatnonzero(np.abs(steps - np.rint(steps)) > ON_GRID):
        raise BadHistogram(
            f"lower_edges_kmh[{at}]: {lower[at]:g}; expected {lower[0]:g} and a multiple of {width_kmh:g} km/h"
        )


def _check_contiguous(lower: FloatArray, upper: FloatArray) -> None:
    if not lower.size:
        raise BadHistogram("classes: none; expected all classes where width_kmh is 0")
    before = np.concatenate(([0.0], upper[:-1]))
    for at in np.flatnonzero(lower != before):
        raise BadHistogram(
            f"lower_edges_kmh[{at}]: {lower[at]:g}; expected {before[at]:g}, where the class before ends"
        )
