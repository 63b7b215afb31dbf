"""Quarter-hour bins of single vehicles: counts, sums and 1 km/h histograms as text, fast enough for years."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bypuls.sim.draws import QUARTER_US, FloatArray, IntArray
from bypuls.sim.streets import FASTEST_KMH, Vehicles

_CLASSES = int(FASTEST_KMH) + 1  # index = upper edge [km/h]; a class holds lower < v ≤ upper


def traffic_columns(vehicles: Vehicles, first: int, last: int) -> dict[str, npt.NDArray[np.generic]]:
    """The columns of a `traffic` bin (names of wire's BIN_FIELDS) for the quarters first ≤ q < last.

    A quarter without vehicles has n = 0, no sums (NaN) and no histogram (None): the radar was up and saw none.
    """
    size = last - first
    quarter = vehicles.t_us // QUARTER_US - first
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for prefix, keep in (("", slice(None)), ("ff_", vehicles.free)):
        counted = _counted(quarter[keep], vehicles.speed_kmh[keep], size)
        columns |= {f"{prefix}{name}": column for name, column in counted.items()}
    for name, value in (("width_kmh", 1.0), ("period_s", 900.0), ("uptime_s", 900.0)):
        columns[name] = np.full(size, value)
    return columns


def _counted(quarter: IntArray, speed: FloatArray, size: int) -> dict[str, npt.NDArray[np.generic]]:
    n = np.bincount(quarter, minlength=size).astype(np.float64)
    some = n > 0
    # Tenths of km/h as whole numbers: their sums are exact in any order.
    tenths = np.rint(speed * 10.0)
    sums = np.bincount(quarter, tenths, minlength=size) / 10.0
    squares = np.bincount(quarter, tenths * tenths, minlength=size) / 100.0
    highest = np.full(size, np.nan)
    if len(speed):
        starts = np.concatenate(([0], np.cumsum(n[some]).astype(np.int64)[:-1]))
        highest[some] = np.maximum.reduceat(speed, starts)
    return {
        "n": n,
        "sum_kmh": np.where(some, sums, np.nan),
        "sum_kmh2": np.where(some, squares, np.nan),
        "max_kmh": highest,
        "hist": histogram_texts(quarter, speed, size),
    }


def histogram_texts(quarter: IntArray, speed: FloatArray, size: int) -> npt.NDArray[np.object_]:
    """`31:2,38:5` per quarter: upper edge [km/h] and count of the 1 km/h classes that hold any; else None."""
    classes = np.ceil(speed).astype(np.int64)
    counts = np.bincount(quarter * _CLASSES + classes, minlength=size * _CLASSES)
    held = np.flatnonzero(counts)
    number = counts[held]
    fragments = _fragments(max(64, 1 << int(number.max(initial=1)).bit_length()))[held % _CLASSES, number].tolist()
    ends = np.searchsorted(held, np.arange(size + 1) * _CLASSES).tolist()
    texts = np.empty(size, dtype=np.object_)
    texts[:] = [",".join(fragments[a:b]) if a < b else None for a, b in pairwise(ends)]
    return texts


@lru_cache(maxsize=4)
def _fragments(width: int) -> npt.NDArray[np.object_]:
    """`edge:count` for every class and count below `width`; made once, since formatting is what takes the time."""
    table = np.empty((_CLASSES, width), dtype=np.object_)
    table[:] = [[f"{edge}:{count}" for count in range(width)] for edge in range(_CLASSES)]
    return table
