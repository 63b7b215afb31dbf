"""The published test values of traffic engineering: radar, percentiles, over the limit, samples, tests, effects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bypuls.analysis import histogram as classed
from bypuls.analysis import speed
from bypuls.analysis.errors import BadInput
from bypuls.analysis.histogram import SpeedHistogram, from_speeds
from bypuls.analysis.traffic import effects, radar, vehicle_tests, verdict
from bypuls.analysis.traffic.excess import Excess, add_up, excess, excess_of_histogram

FIFTEEN = [20, 21, 23, 23, 25, 26, 31, 32, 33, 34, 37, 46, 47, 48, 48]
ROUNDED = SpeedHistogram(
    np.arange(39.5, 114.0, 5.0),
    np.arange(44.5, 119.0, 5.0),
    np.array([5, 8, 12, 10, 15, 21, 16, 11, 10, 4, 5, 4, 5, 1, 3], dtype=float),
    5.0,
)


@pytest.mark.parametrize(("carrier_ghz", "hz_per_kmh"), [(24.125, 44.707), (24.150, 44.753), (10.525, 19.504)])
def test_doppler_shift_of_a_kmh(carrier_ghz: float, hz_per_kmh: float) -> None:
    assert radar.doppler_shift_hz_per_kmh(carrier_ghz * 1e9) == pytest.approx(hz_per_kmh, abs=5e-4)


def test_doppler_speed_of_the_water_surface_example() -> None:
    feet_per_s = radar.doppler_speed_kmh(1055.0, 24.150e9) / 3.6 / 0.3048
    assert feet_per_s == pytest.approx(21.484, abs=1e-3)  # published rounded: 21.5
    assert radar.doppler_speed_kmh(1000.0, 24.15e9, 30.0) == pytest.approx(
        radar.doppler_speed_kmh(1000.0, 24.15e9) / np.cos(np.pi / 6)
    )


@pytest.mark.parametrize(("angle", "too_low_pct"), [(5, 0.4), (10, 1.5), (15, 3.4), (30, 13.4), (45, 29.3)])
def test_cosine_error(angle: float, too_low_pct: float) -> None:
    true = float(radar.cosine_corrected(100.0, angle))
    assert 100.0 * (1.0 - 100.0 / true) == pytest.approx(too_low_pct, abs=0.05)


def test_cosine_correction() -> None:
    assert float(radar.cosine_corrected(129.9, 30.0)) == pytest.approx(150.0, abs=0.01)
    twice = float(radar.cosine_corrected(radar.cosine_corrected(60.0, 20.0), 10.0))
    assert float(radar.cosine_corrected(60.0, 20.0, 10.0)) == pytest.approx(twice)
    with pytest.raises(BadInput, match="azimuth_deg: 90"):
        radar.cosine_corrected([50.0], 90.0)


def test_calibration_uncertainty() -> None:
    assert radar.calibration_uncertainty(20.0, 2.0) == pytest.approx(0.0127, abs=5e-5)
    with pytest.raises(BadInput, match="angle_uncertainty_deg: -1"):
        radar.calibration_uncertainty(20.0, -1.0)


@pytest.mark.parametrize(
    ("method", "v85"), [("linear", 46.9), ("hazen", 47.25), ("weibull", 47.6), ("inverted_cdf", 47.0)]
)
def test_v85_of_fifteen_speeds(method: speed.Method, v85: float) -> None:
    assert speed.percentile(FIFTEEN, 85, method) == pytest.approx(v85)
    assert speed.summary(FIFTEEN, None, method).v85_kmh == pytest.approx(v85)


def test_percentiles_of_twelve_classes() -> None:
    upper = np.arange(15.0, 49.0, 3.0)
    counts = np.array([1, 2, 6, 12, 13, 20, 18, 14, 6, 6, 1, 1], dtype=float)
    found = speed.summary_of_histogram(SpeedHistogram(upper - 3.0, upper, counts, 3.0))
    assert (found.v15_kmh, found.v50_kmh) == (pytest.approx(22.5), pytest.approx(29.4))
    assert found.v85_kmh == pytest.approx(35.79, abs=5e-3)


def test_figures_of_rounded_classes() -> None:
    found = speed.summary_of_histogram(ROUNDED)
    assert found.n == 130
    assert found.mean_kmh == pytest.approx(69.885, abs=5e-4)
    assert found.s_kmh == pytest.approx(16.517, abs=5e-4)
    assert found.v15_kmh == pytest.approx(52.21, abs=5e-3)
    assert found.v50_kmh == pytest.approx(68.07, abs=5e-3)
    assert found.v85_kmh == pytest.approx(87.625, abs=5e-4)
    assert classed.over_limit(ROUNDED, 59.5) / 130 == pytest.approx(0.731, abs=5e-4)
    assert classed.over_limit(ROUNDED, 60.5) / 130 == pytest.approx(0.708, abs=5e-4)


def test_v85_between_two_points_of_the_curve() -> None:
    two = SpeedHistogram.from_edges([42.0, 47.0, 60.0], [84.0, 13.0, 3.0])
    assert classed.percentile(two, 85) == pytest.approx(42.38, abs=5e-3)


def test_welch() -> None:
    found = vehicle_tests.welch(52, 8, 100, 49, 8, 100)
    assert (found.statistic, found.p) == (pytest.approx(2.652, abs=5e-4), pytest.approx(0.00866, abs=5e-6))
    assert found.df == pytest.approx(198.0)
    a, b = np.random.default_rng(1).normal(50, 8, 60), np.random.default_rng(2).normal(47, 5, 90)
    found = vehicle_tests.welch(a.mean(), a.std(ddof=1), 60, b.mean(), b.std(ddof=1), 90)
    independent = stats.ttest_ind(a, b, equal_var=False)
    assert (found.statistic, found.p) == (pytest.approx(independent.statistic), pytest.approx(independent.pvalue))
    assert found.df == pytest.approx(independent.df)


def test_mann_whitney_of_counts_is_that_of_the_speeds() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.integers(30, 60, 200), rng.integers(28, 57, 300)
    counts = [np.bincount(sample, minlength=60) for sample in (a, b)]
    found, single = vehicle_tests.mann_whitney_of_counts(*counts), vehicle_tests.mann_whitney(a, b)
    assert (found.statistic, found.p) == (pytest.approx(single.statistic), pytest.approx(single.p))


@pytest.mark.parametrize(("s", "n"), [(5.3, 19), (6.7, 30)])
def test_least_sample(s: float, n: int) -> None:
    assert verdict.least_sample(s, 3.0) == n
    assert s**2 * 1.96**2 * (2 + 1.04**2) / 18 == pytest.approx({19: 18.47, 30: 29.52}[n], abs=5e-3)
    assert verdict.least_sample(s, 3.0, u=verdict.U_MEAN) < n


@pytest.mark.parametrize(
    ("v85", "interval", "level"),
    [
        (43.9, None, "ok"), (44.0, None, "ok"), (44.1, None, "assess"), (48.0, None, "assess"),
        (48.1, None, "measures"),
        (45.0, (44.5, 45.5), "assess"), (45.0, (43.9, 46.1), "uncertain"), (44.0, (43.0, 44.0), "ok"),
        (47.0, (45.0, 49.0), "uncertain"), (50.0, (48.5, 51.5), "measures"),
    ],
)  # fmt: skip
def test_verdict_at_40(v85: float, interval: tuple[float, float] | None, level: str) -> None:
    assert verdict.Thresholds().speeds_kmh(40.0) == (44.0, 48.0)
    assert verdict.verdict(v85, 40.0, 500, interval).level == level


def test_no_verdict() -> None:
    assert verdict.verdict(60.0, 50.0, 99) == verdict.Verdict(None, "fewer_than_100_vehicles")
    assert verdict.verdict(60.0, None, 500).reason == "no_single_limit"
    assert verdict.verdict(None, 50.0, 500).reason == "v85_unknown"
    with pytest.raises(BadInput, match="thresholds"):
        verdict.Thresholds(0.3, 0.2)


def test_excess_of_speeds_and_classes() -> None:
    found = excess([50.0, 50.1, 60.0, 60.1, 65.0, 65.1, 81.0], 50.0)
    assert found == Excess(7.0, 6.0, 2.0, (2.0, 3.0, 0.0, 1.0), pytest.approx(381.3))
    assert found.mean_kmh == pytest.approx(381.3 / 6)
    assert excess([40.0], 50.0).mean_kmh is None
    halves = excess_of_histogram(SpeedHistogram.from_edges([45.0, 55.0], [10.0, 10.0]), 50.0)
    assert (halves.n, halves.mean_kmh) == (5.0, 52.5)
    top = excess_of_histogram(SpeedHistogram.from_edges([60.0], [5.0, 5.0], open_top=True), 50.0)
    assert top.n == pytest.approx(5.0 + 5.0 * 10 / 60)
    assert (top.mean_kmh, top.n_30_pct, top.bands[1]) == (None, None, None)


@given(
    st.lists(st.integers(1, 150), max_size=60), st.lists(st.integers(1, 150), max_size=60), st.sampled_from([30, 50])
)
def test_excess_adds_up_and_is_that_of_fine_classes(a: list[int], b: list[int], limit: int) -> None:
    together = excess([*a, *b], limit)
    assert add_up([excess(a, limit), excess(b, limit)]) == Excess(
        together.of, together.n, together.n_30_pct, together.bands, pytest.approx(together.sum_kmh)
    )
    if a:
        fine = excess_of_histogram(from_speeds(a), limit)
        assert (fine.n, fine.n_30_pct, fine.bands) == (
            pytest.approx(excess(a, limit).n), pytest.approx(excess(a, limit).n_30_pct), excess(a, limit).bands
        )  # fmt: skip


def test_power_model() -> None:
    found = effects.accidents(50.0, 45.0, effects.INJURY_ACCIDENTS)
    assert found.value == pytest.approx(0.9**1.2 - 1)
    assert (found.low, found.high) == (pytest.approx(0.9**1.7 - 1), pytest.approx(0.9**0.7 - 1))
    rise = effects.accidents(50.0, 55.0, effects.FATAL_ACCIDENTS)
    assert rise.low < rise.value < rise.high
    with pytest.raises(BadInput, match="mean speed"):
        effects.accidents(0.0, 50.0, effects.INJURY_ACCIDENTS)


def test_noise() -> None:
    assert effects.noise_change_db(50.0, 40.0) == pytest.approx(-1.2)
    assert effects.noise_change_db(40.0, 50.0) == pytest.approx(1.2)
    assert effects.noise_change_db(70.0, 50.0) == pytest.approx(-2.9)
    assert effects.noise_change_db(50.0, 45.0) == pytest.approx(-0.6)
    assert effects.noise_change_db(29.0, 40.0) is None


@given(st.lists(st.floats(1.0, 160.0), min_size=1, max_size=300))
def test_v85_of_fine_classes_is_that_of_the_speeds(speeds: list[float]) -> None:
    raw = speed.percentile(speeds, 85, "inverted_cdf")
    assert classed.percentile(from_speeds(speeds), 85) == pytest.approx(raw, abs=1.0)
