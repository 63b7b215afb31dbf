"""Where the mean of a series changes: the partition of least squares with a penalty for every change."""

from __future__ import annotations

import numpy as np

from bypuls.analysis.arrays import FloatArray


def segments(values: FloatArray, penalty: float) -> list[tuple[int, int]]:
    """[first, end) of the parts with means of their own.

    values : (n,) in units of their noise's σ.  penalty : by how much a further change has to lower the sum of squares.
    Exact, O(n²). Source: Jackson et al. 2005, An algorithm for optimal partitioning of data on an interval."""
    n = values.size
    total = np.concatenate(([0.0], np.cumsum(values)))
    squares = np.concatenate(([0.0], np.cumsum(values**2)))
    best = np.full(n + 1, np.inf)
    best[0] = -penalty
    came = np.zeros(n + 1, dtype=np.int64)
    for end in range(1, n + 1):
        first = np.arange(end)
        cost = squares[end] - squares[first] - (total[end] - total[first]) ** 2 / (end - first)
        whole = best[first] + cost + penalty
        came[end] = int(whole.argmin())
        best[end] = whole[came[end]]
    found: list[tuple[int, int]] = []
    end = n
    while end > 0:
        found.append((int(came[end]), end))
        end = int(came[end])
    return found[::-1]


def split_of(values: FloatArray, before: float, after: float) -> int:
    """The place from which `values` are nearer to `after` than to `before`: least squares, NaN left out."""
    gain = np.nan_to_num((values - after) ** 2 - (values - before) ** 2)
    after_it = np.cumsum(gain[::-1])  # by how much `after` is worse for the last 1, 2, … values
    return int(values.size - 1 - np.argmin(after_it))
