"""Speed statistics of one sample: single speeds, or the histogram of many quarters. Methods differ between agencies, so
every summary names its own. Samples of different times are merged, their percentiles never averaged."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from bypuls.analysis import histogram as classed
from bypuls.analysis.arrays import FloatArray, finite_column
from bypuls.analysis.errors import BadInput, InOpenClass, NotEnoughVehicles
from bypuls.analysis.histogram import SpeedHistogram

Method: TypeAlias = Literal[
    "linear",
    "hazen",
    "weibull",
    "median_unbiased",
    "normal_unbiased",
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
]
"""numpy's names of the percentile definitions (Hyndman & Fan 1996)."""

EXCESS_BANDS_KMH = (10.0, 20.0, 30.0)
"""Upper bounds [km/h] of the bands of excess; above the last one is the open band."""

_COUNTED_KMH = 10_000.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The window of speeds that holds most vehicles."""

    lower_kmh: float
    upper_kmh: float
    n: float
    share: float


@dataclass(frozen=True, slots=True)
class OverLimit:
    """Vehicles strictly over a limit.

    bands : vehicles per band of excess 0–10, 10–20, 20–30 and above 30 km/h; a band holds lower < excess ≤ upper.
    share_30_pct : share of all vehicles that are more than 30 % over the limit.
    mean_kmh : mean speed of those over; None where there are none.
    """

    limit_kmh: float
    n: int
    share: float
    bands: tuple[int, ...]
    share_30_pct: float
    mean_kmh: float | None


@dataclass(frozen=True, slots=True)
class SpeedSummary:
    """One sample's figures [km/h]. None = unknown: s_kmh of a single vehicle, whatever lies in an open class, the
    maximum of a histogram, the share over a limit that wasn't given."""

    n: float
    mean_kmh: float | None
    s_kmh: float | None
    v15_kmh: float | None
    v50_kmh: float | None
    v85_kmh: float | None
    v95_kmh: float | None
    v98_kmh: float | None
    max_kmh: float | None
    limit_kmh: float | None
    over_limit_n: float | None
    over_limit_share: float | None
    method: str


def percentile(speeds_kmh: npt.ArrayLike, p: float, method: Method = "linear") -> float:
    """The speed [km/h] that `p` percent of the vehicles don't exceed.

    speeds_kmh : (n,) [km/h].  p : [%], 0 … 100, 85 for V85.
    Raises NotEnoughVehicles, BadInput.  Source: Hyndman & Fan 1996, by numpy."""
    speeds = _sample(speeds_kmh)
    if not 0.0 <= p <= 100.0:
        raise BadInput(f"p: {p}; expected 0 … 100 %")
    if method not in get_args(Method):
        raise BadInput(f"method: {method!r}; expected one of {', '.join(get_args(Method))}")
    return float(np.percentile(speeds, p, method=method))


def pace(speeds_kmh: npt.ArrayLike, *, width_kmh: float = 10.0, step_kmh: float = 1.0) -> Pace:
    """The window [a, a + width) that holds most vehicles; a slides over the multiples of `step_kmh`, ties go to the
    lower window.

    speeds_kmh : (n,) [km/h], ≥ 0.  Raises NotEnoughVehicles, BadInput.  Source: FHWA Speed Concepts (2009), ch. 5."""
    speeds = _sample(speeds_kmh)
    if not (0.0 < step_kmh < np.inf and 0.0 < width_kmh < np.inf):
        raise BadInput(f"width_kmh {width_kmh}, step_kmh {step_kmh}; expected > 0 and finite")
    if (lowest := float(speeds.min())) < 0.0:
        raise BadInput(f"speeds_kmh: {lowest:g}; expected ≥ 0")
    if step_kmh == 1.0 and width_kmh.is_integer() and speeds.max() < _COUNTED_KMH:
        return _pace_by_counting(speeds, int(width_kmh))
    speeds = np.sort(speeds)
    first = max(np.floor((speeds[0] - width_kmh) / step_kmh), 0.0)
    lower = np.arange(first, np.floor(speeds[-1] / step_kmh) + 1.0) * step_kmh
    counts = np.searchsorted(speeds, lower + width_kmh, "left") - np.searchsorted(speeds, lower, "left")
    best = int(np.argmax(counts))
    return Pace(
        float(lower[best]), float(lower[best] + width_kmh), int(counts[best]), float(counts[best]) / speeds.size
    )


def _pace_by_counting(speeds: FloatArray, width: int) -> Pace:
    """`pace` with whole km/h: a window is the sum of its km/h, and millions of speeds need no sorting."""
    counts = np.bincount(speeds.astype(np.int64))
    sums = np.convolve(counts, np.ones(width, dtype=np.int64))  # sums[i]: the window that ends with km/h i
    first = max(int(np.argmax(counts > 0)) - width, 0)
    windows = sums[width - 1 + first :]
    best = int(np.argmax(windows))
    n = int(windows[best])
    return Pace(float(first + best), float(first + best + width), n, n / speeds.size)


def pace_of_histogram(histogram: SpeedHistogram, *, width_kmh: float = 10.0) -> Pace:
    """The window (a, a + width] of whole classes that holds most vehicles; ties go to the lower window.

    histogram : uniform, its class width a divisor of `width_kmh`.
    Raises NotEnoughVehicles, BadInput.  Source: FHWA Speed Concepts (2009), ch. 5."""
    step = histogram.width_kmh
    if not step > 0.0:
        raise BadInput("histogram: irregular classes; expected classes of equal width for a pace")
    classes = round(width_kmh / step)
    if classes < 1 or abs(classes * step - width_kmh) > 1e-6 * width_kmh:
        raise BadInput(f"width_kmh: {width_kmh:g}; expected a multiple of the class width {step:g}")
    closed = np.isfinite(histogram.upper_edges_kmh)
    lower, counts = histogram.lower_edges_kmh[closed], histogram.counts[closed]
    if not counts.size:
        raise NotEnoughVehicles("n: 0 in closed classes; expected at least one vehicle")
    number = np.rint((lower - lower[0]) / step).astype(np.int64)
    # No window may begin below 0, so there are fewer empty classes in front when speeds are low.
    front = min(classes - 1, max(round(float(lower[0]) / step), 0))
    dense = np.zeros(front + int(number[-1]) + classes)
    dense[front + number] = counts
    sums = np.convolve(dense, np.ones(classes), mode="valid")
    best = int(np.argmax(sums > sums.max() * (1.0 - 1e-12)))
    bottom = float(lower[0]) + (best - front) * step
    return Pace(bottom, bottom + width_kmh, float(sums[best]), float(sums[best]) / histogram.total)


def over_limit(speeds_kmh: npt.ArrayLike, limit_kmh: float) -> OverLimit:
    """Vehicles strictly over `limit_kmh` [km/h], in bands of excess.

    speeds_kmh : (n,) [km/h].  Raises NotEnoughVehicles, BadInput."""
    return over_limit_of_sorted(np.sort(_sample(speeds_kmh)), limit_kmh)


def over_limit_of_sorted(speeds_kmh: FloatArray, limit_kmh: float) -> OverLimit:
    """`over_limit` of speeds that are ascending, finite and at least one, which nobody checks again.

    Raises BadInput for the limit."""
    _check_limit(limit_kmh)
    n = speeds_kmh.size
    # Compared as speeds, not as differences: 50.3 − 40.3 isn't 10 in floats.
    bounds = [limit_kmh, *(limit_kmh + excess for excess in EXCESS_BANDS_KMH)]
    within = [int(found) for found in np.searchsorted(speeds_kmh, bounds, "right")] + [n]
    over = speeds_kmh[within[0] :]
    return OverLimit(
        limit_kmh=limit_kmh,
        n=int(over.size),
        share=over.size / n,
        bands=tuple(upper - lower for lower, upper in pairwise(within)),
        share_30_pct=(n - int(np.searchsorted(speeds_kmh, limit_kmh * 1.3, "right"))) / n,
        mean_kmh=float(over.mean()) if over.size else None,
    )


def summary(speeds_kmh: npt.ArrayLike, limit_kmh: float | None = None, method: Method = "linear") -> SpeedSummary:
    """The figures of single speeds.

    speeds_kmh : (n,) [km/h].  limit_kmh : [km/h], None = unknown.  Raises NotEnoughVehicles, BadInput."""
    # Sorted once, percentiles of millions of speeds take no time.
    speeds = np.sort(_sample(speeds_kmh))
    over = None if limit_kmh is None else over_limit_of_sorted(speeds, limit_kmh)
    if method not in get_args(Method):
        raise BadInput(f"method: {method!r}; expected one of {', '.join(get_args(Method))}")
    v15, v50, v85, v95, v98 = (float(v) for v in np.percentile(speeds, (15, 50, 85, 95, 98), method=method))
    return SpeedSummary(
        n=float(speeds.size),
        mean_kmh=float(speeds.mean()),
        s_kmh=float(speeds.std(ddof=1)) if speeds.size > 1 else None,
        v15_kmh=v15,
        v50_kmh=v50,
        v85_kmh=v85,
        v95_kmh=v95,
        v98_kmh=v98,
        max_kmh=float(speeds.max()),
        limit_kmh=limit_kmh,
        over_limit_n=None if over is None else float(over.n),
        over_limit_share=None if over is None else over.share,
        method=f"single speeds, {method}",
    )


def summary_of_histogram(
    histogram: SpeedHistogram,
    limit_kmh: float | None = None,
    *,
    sum_kmh: float | None = None,
    sum_kmh2: float | None = None,
    max_kmh: float | None = None,
) -> SpeedSummary:
    """The figures of a histogram, percentiles interpolated inside the class.

    limit_kmh : [km/h], None = unknown.
    sum_kmh, sum_kmh2 : [km/h], [km²/h²] Σv and Σv² of the same vehicles where they were kept; then mean and s are
        exact, otherwise they come from the middles of the classes.
    max_kmh : [km/h] the highest speed where it was kept.
    Raises NotEnoughVehicles, BadInput."""
    n = histogram.total
    if n <= 0.0:
        raise NotEnoughVehicles("n: 0; expected at least one vehicle")
    if limit_kmh is not None:
        _check_limit(limit_kmh)

    def closed(p: float) -> float | None:
        try:
            return classed.percentile(histogram, p)
        except InOpenClass:
            return None

    try:
        over = None if limit_kmh is None else classed.over_limit(histogram, limit_kmh)
    except InOpenClass:
        over = None
    mean_kmh, s_kmh = _moments(histogram, sum_kmh, sum_kmh2)
    width = histogram.width_kmh
    return SpeedSummary(
        n=n,
        mean_kmh=mean_kmh,
        s_kmh=s_kmh,
        v15_kmh=closed(15),
        v50_kmh=closed(50),
        v85_kmh=closed(85),
        v95_kmh=closed(95),
        v98_kmh=closed(98),
        max_kmh=max_kmh,
        limit_kmh=limit_kmh,
        over_limit_n=over,
        over_limit_share=None if over is None else over / n,
        method=f"classes of {width:g} km/h, interpolated" if width else "irregular classes, interpolated",
    )


def _moments(
    histogram: SpeedHistogram, sum_kmh: float | None, sum_kmh2: float | None
) -> tuple[float | None, float | None]:
    n = histogram.total
    middle: float | None
    spread: float | None
    try:
        middle = classed.mean(histogram)
        spread = classed.std(histogram) if n > 1.0 else None
    except InOpenClass:
        middle = spread = None
    if sum_kmh is None:
        return middle, spread
    if sum_kmh2 is not None and n > 1.0:
        spread = float(np.sqrt(max(sum_kmh2 - sum_kmh**2 / n, 0.0) / (n - 1.0)))
    return sum_kmh / n, spread


def _sample(speeds_kmh: npt.ArrayLike) -> FloatArray:
    speeds = finite_column("speeds_kmh", speeds_kmh)
    if not speeds.size:
        raise NotEnoughVehicles("n: 0; expected at least one vehicle")
    return speeds


def _check_limit(limit_kmh: float) -> None:
    if not 0.0 < limit_kmh < np.inf:
        raise BadInput(f"limit_kmh: {limit_kmh}; expected > 0 and finite")
