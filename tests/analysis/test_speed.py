"""Statistics of single speeds and of histograms, against the published tables and numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bypuls.analysis import speed
from bypuls.analysis.errors import BadInput, NotEnoughVehicles
from bypuls.analysis.histogram import SpeedHistogram, from_speeds, parse_histogram
from bypuls.analysis.speed import Method

FIFTEEN = [20, 21, 23, 23, 25, 26, 31, 32, 33, 34, 37, 46, 47, 48, 48]
speeds_of_a_street = st.lists(st.floats(0.0, 150.0), min_size=1, max_size=80)


@pytest.mark.parametrize(
    ("method", "v85"), [("linear", 46.9), ("hazen", 47.25), ("weibull", 47.6), ("inverted_cdf", 47)]
)
def test_v85_of_fifteen_speeds_by_method(method: Method, v85: float) -> None:
    assert speed.percentile(FIFTEEN, 85, method) == pytest.approx(v85)


def test_percentile_arguments() -> None:
    with pytest.raises(NotEnoughVehicles):
        speed.percentile([], 85)
    with pytest.raises(BadInput, match="p: 101"):
        speed.percentile([50.0], 101)
    with pytest.raises(BadInput, match="method: 'excel'; expected one of linear"):
        speed.percentile([50.0], 85, "excel")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=r"speeds_kmh\[1\]: nan"):
        speed.percentile([50.0, float("nan")], 85)


def test_pace_is_half_open_and_ties_go_to_the_lower_window() -> None:
    assert speed.pace(FIFTEEN) == speed.Pace(17.0, 27.0, 6, 6 / 15)
    assert speed.pace([40.0, 50.0]).n == 1  # [40, 50) doesn't hold 50
    assert speed.pace([40.0, 49.9]) == speed.Pace(40.0, 50.0, 2, 1.0)
    assert speed.pace([3.5]) == speed.Pace(0.0, 10.0, 1, 1.0)
    assert speed.pace([40.2, 44.0, 46.0], width_kmh=5.0).lower_kmh == 40.0


@given(speeds_of_a_street, st.sampled_from([5.0, 10.0, 15.0]))
def test_pace_against_counting(speeds: list[float], width: float) -> None:
    windows = [(sum(a <= v < a + width for v in speeds), -a) for a in range(151)]
    n, lower = max(windows)
    assert speed.pace(speeds, width_kmh=width) == speed.Pace(-lower, -lower + width, n, n / len(speeds))


@given(speeds_of_a_street, st.sampled_from([1.0, 5.0]))
def test_pace_of_a_histogram_against_counting(speeds: list[float], step: float) -> None:
    windows = [
        (sum(a < v <= a + 10.0 or v == 0.0 == a for v in speeds), -a)
        for a in (i * step for i in range(int(151 / step)))
    ]
    n, lower = max(windows)
    found = speed.pace_of_histogram(from_speeds(speeds, step))
    assert (found.lower_kmh, found.n, found.share) == (-lower, n, n / len(speeds))


def test_pace_of_a_histogram_needs_fitting_classes() -> None:
    with pytest.raises(BadInput, match="expected a multiple of the class width 4"):
        speed.pace_of_histogram(parse_histogram("40:2", 4.0))
    with pytest.raises(BadInput, match="irregular"):
        speed.pace_of_histogram(parse_histogram("20:2,50:3", 0.0))
    with pytest.raises(NotEnoughVehicles):
        speed.pace_of_histogram(parse_histogram(">120:3", 5.0))
    assert speed.pace_of_histogram(parse_histogram("45:3,50:3,>120:4", 5.0)).share == 0.6


def test_over_the_limit_is_strictly_more_and_bands_hold_their_upper_edge() -> None:
    over = speed.over_limit([40.0, 40.1, 50.0, 50.1, 60.0, 70.0, 70.1, 90.0], 40.0)
    assert (over.n, over.share, over.bands) == (7, 7 / 8, (2, 2, 1, 2))
    assert over.share_30_pct == 4 / 8  # above 52
    assert over.mean_kmh == pytest.approx(np.mean([40.1, 50.0, 50.1, 60.0, 70.0, 70.1, 90.0]))


def test_nobody_over_the_limit_has_no_mean() -> None:
    over = speed.over_limit([30.0, 40.0], 40.0)
    assert (over.n, over.bands, over.mean_kmh) == (0, (0, 0, 0, 0), None)
    with pytest.raises(BadInput, match="limit_kmh: 0"):
        speed.over_limit([30.0], 0)


@given(speeds_of_a_street, st.sampled_from([30.0, 40.3, 50.0]))
def test_bands_add_up(speeds: list[float], limit: float) -> None:
    over = speed.over_limit(speeds, limit)
    assert sum(over.bands) == over.n == sum(v > limit for v in speeds)


def test_summary_against_scipy() -> None:
    speeds = np.random.default_rng(5).normal(45, 8, 400)
    found = speed.summary(speeds, 40.0)
    described = stats.describe(speeds)
    assert (found.n, found.max_kmh) == (400, described.minmax[1])
    assert found.mean_kmh == pytest.approx(described.mean)
    assert found.s_kmh == pytest.approx(np.sqrt(described.variance))
    assert found.v85_kmh == pytest.approx(stats.scoreatpercentile(speeds, 85))
    assert found.over_limit_share == np.mean(speeds > 40.0)
    assert found.method == "single speeds, linear"


def test_what_one_vehicle_cannot_tell_is_unknown() -> None:
    found = speed.summary([44.0])
    assert (found.v85_kmh, found.s_kmh, found.over_limit_n, found.over_limit_share) == (44.0, None, None, None)
    with pytest.raises(NotEnoughVehicles):
        speed.summary([])


def test_summary_of_a_histogram_is_near_that_of_its_speeds() -> None:
    speeds = np.random.default_rng(6).normal(45, 8, 5000).clip(1)
    exact, found = speed.summary(speeds, 50.0), speed.summary_of_histogram(from_speeds(speeds), 50.0)
    for name in ("mean_kmh", "s_kmh", "v15_kmh", "v50_kmh", "v85_kmh", "v95_kmh"):
        assert getattr(found, name) == pytest.approx(getattr(exact, name), abs=0.2)
    assert (found.over_limit_n, found.over_limit_share) == (exact.over_limit_n, exact.over_limit_share)
    assert found.max_kmh is None
    assert found.method == "classes of 1 km/h, interpolated"


def test_kept_sums_make_the_moments_exact() -> None:
    speeds = np.random.default_rng(7).normal(45, 8, 300).clip(1)
    found = speed.summary_of_histogram(
        from_speeds(speeds, 5.0), sum_kmh=speeds.sum(), sum_kmh2=(speeds**2).sum(), max_kmh=speeds.max()
    )
    assert found.mean_kmh == pytest.approx(speeds.mean())
    assert found.s_kmh == pytest.approx(speeds.std(ddof=1))
    assert found.max_kmh == speeds.max()


def test_the_open_class_leaves_figures_unknown_not_wrong() -> None:
    found = speed.summary_of_histogram(parse_histogram("50:90,>50:10", 0.0), 60.0)
    assert (found.v95_kmh, found.mean_kmh, found.s_kmh, found.over_limit_n) == (None, None, None, None)
    assert found.v85_kmh == pytest.approx(50 * 85 / 90)
    assert speed.summary_of_histogram(parse_histogram("50:90,>50:10", 0.0), 50.0).over_limit_n == 10
    with pytest.raises(NotEnoughVehicles):
        speed.summary_of_histogram(parse_histogram("", 1.0))


def test_decimals_of_extrapolated_counts_are_kept() -> None:
    assert speed.summary_of_histogram(SpeedHistogram.from_edges([5.0, 10.0], [0.25, 0.5])).n == 0.75
