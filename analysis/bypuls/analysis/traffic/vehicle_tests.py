"""Tests that take vehicles as independent. Those of one day aren't: for orientation beside the intervals of `days`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from bypuls.analysis.errors import BadInput

LABEL = "vehicles_taken_as_independent"


@dataclass(frozen=True, slots=True)
class TestResult:
    """A statistic with its two-sided p; `df` None where it has no degrees of freedom."""

    __test__ = False  # pytest collects classes that begin with Test

    statistic: float
    p: float
    df: float | None = None


def welch(mean_a: float, s_a: float, n_a: float, mean_b: float, s_b: float, n_b: float) -> TestResult:
    """Welch's t of two means [km/h] with standard deviations s [km/h] and n vehicles each: 52 ± 8 (100) against
    49 ± 8 (100) gives t 2.652.  Raises BadInput."""
    if min(n_a, n_b) <= 1.0 or s_a < 0.0 or s_b < 0.0 or s_a == s_b == 0.0:
        raise BadInput(f"n: {n_a:g}, {n_b:g}, s: {s_a:g}, {s_b:g}; expected n > 1 each and a spread")
    from scipy import stats  # a second to load, and only comparisons need it

    t, p = stats.ttest_ind_from_stats(mean_a, s_a, n_a, mean_b, s_b, n_b, equal_var=False)
    var_a, var_b = s_a**2 / n_a, s_b**2 / n_b
    df = (var_a + var_b) ** 2 / (var_a**2 / (n_a - 1.0) + var_b**2 / (n_b - 1.0))
    return TestResult(float(t), float(p), float(df))


def mann_whitney(speeds_a: npt.ArrayLike, speeds_b: npt.ArrayLike) -> TestResult:
    """Mann–Whitney's U of two samples of single speeds, normal approximation with ties.  Raises BadInput."""
    a, b = np.asarray(speeds_a, dtype=np.float64), np.asarray(speeds_b, dtype=np.float64)
    if not (a.size and b.size):
        raise BadInput(f"n: {a.size}, {b.size}; expected at least one vehicle each")
    from scipy import stats

    u, p = stats.mannwhitneyu(a, b, method="asymptotic", use_continuity=False)
    return TestResult(float(u), float(p))


def mann_whitney_of_counts(counts_a: npt.ArrayLike, counts_b: npt.ArrayLike) -> TestResult:
    """Mann–Whitney's U of two histograms with the same classes, all of a class being tied.

    counts_a, counts_b : (k,) vehicles.  Raises BadInput."""
    a, b = np.asarray(counts_a, dtype=np.float64), np.asarray(counts_b, dtype=np.float64)
    if a.shape != b.shape or a.sum() <= 0.0 or b.sum() <= 0.0:
        raise BadInput(f"counts: {a.shape} with {a.sum():g}, {b.shape} with {b.sum():g}; expected equal classes, n > 0")
    n_a, n_b = a.sum(), b.sum()
    n = n_a + n_b
    u = float(a @ (np.cumsum(b) - b / 2.0))
    both = a + b
    variance = n_a * n_b / 12.0 * (n + 1.0 - float((both**3 - both).sum()) / (n * (n - 1.0)))
    if variance <= 0.0:
        raise BadInput("counts: all in one class; expected a spread")
    z = (u - n_a * n_b / 2.0) / np.sqrt(variance)
    return TestResult(u, float(2.0 * special.ndtr(-abs(z))))
