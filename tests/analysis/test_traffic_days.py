"""Intervals from days, differences of differences, the mix of weekdays."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from bypuls.analysis.errors import BadInput
from bypuls.analysis.histogram_rows import percentile_rows
from bypuls.analysis.traffic import days
from bypuls.analysis.traffic.days import DayEstimate
from bypuls.analysis.traffic.matching import match_weekdays

UPPER = np.arange(1.0, 131.0)


def week_of(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


def test_jackknife_of_a_mean_is_its_standard_error() -> None:
    x = np.random.default_rng(4).normal(50, 3, 9)
    without = (x.sum() - x) / 8
    found = days.jackknife(float(x.mean()), without)
    assert found.se == pytest.approx(stats.sem(x))
    low, high = stats.t.interval(0.95, 8, x.mean(), stats.sem(x))
    assert found.half_width() == pytest.approx((high - low) / 2)
    assert (found.df, found.days) == (8.0, 9)
    ratio = days.ratio_of_days(x, np.ones(9))
    assert ratio is not None
    assert (ratio.value, ratio.se) == (pytest.approx(x.mean()), pytest.approx(stats.sem(x)))


def test_half_width_is_at_least_half_the_resolution() -> None:
    same = np.tile(np.bincount([40, 45, 50], minlength=130).astype(float), (4, 1))
    found = days.percentile_of_days(same, UPPER - 1, UPPER, 85)
    assert found is not None
    assert found.se == 0.0
    assert (found.half_width(resolution=5.0), found.half_width()) == (2.5, 0.0)


def test_fewer_than_three_days_have_no_interval() -> None:
    with pytest.raises(BadInput, match="2 days; expected at least 3"):
        days.jackknife(50.0, [49.0, 51.0])


def test_an_open_class_gives_no_interval() -> None:
    counts = np.tile([80.0, 20.0], (3, 1))
    assert days.percentile_of_days(counts, [0.0, 50.0], [50.0, np.inf], 85) is None
    assert days.percentile_of_days(counts, [0.0, 50.0], [50.0, np.inf], 50) is not None


@pytest.mark.parametrize("count", [3, 5, 7])
def test_v85_interval_covers(count: int) -> None:
    """Simulated: V85 of streets whose days differ; nominal 95 %, 94–96 % in long runs."""
    rng = np.random.default_rng(20 + count)
    true = float(stats.norm.ppf(0.85, 48.0, np.hypot(7.0, 1.5)))
    hits, runs = 0, 400
    for _ in range(runs):
        centres = rng.normal(48.0, 1.5, count)
        speeds = rng.normal(centres[:, None], 7.0, (count, 150)).clip(1.0, 129.0)
        classes = np.ceil(speeds).astype(int) - 1 + 130 * np.arange(count)[:, None]
        counts = np.bincount(classes.ravel(), minlength=130 * count).reshape(count, 130)
        found = days.percentile_of_days(counts, UPPER - 1, UPPER, 85)
        assert found is not None
        hits += abs(found.value - true) <= found.half_width(resolution=0.1)
    assert 0.90 <= hits / runs <= 0.985


def test_difference_is_welchs() -> None:
    """With one figure per day the difference of means and its interval are Welch's."""
    rng = np.random.default_rng(5)
    a, b = rng.normal(50, 2, 6), rng.normal(47, 4, 9)
    before, after = (days.ratio_of_days(x, np.ones_like(x)) for x in (a, b))
    assert before is not None
    assert after is not None
    found = days.difference(after, before)
    independent = stats.ttest_ind(b, a, equal_var=False)
    interval = independent.confidence_interval(0.95)
    assert found.df == pytest.approx(independent.df)
    assert found.value - found.half_width() == pytest.approx(interval.low)
    assert found.value + found.half_width() == pytest.approx(interval.high)


def test_the_classic_case_of_warned_sites() -> None:
    """V85 43 → 44 mph while the controls rose 45 → 46.9: a rise where the signs took 0.9 mph off."""
    cell = lambda value: DayEstimate(value, 0.2, 6.0, 7)  # noqa: E731
    treated, control = (cell(43.0), cell(44.0)), (cell(45.0), cell(46.9))
    assert days.difference(treated[1], treated[0]).value == pytest.approx(1.0)
    found = days.effect(treated, [control])
    assert found.value == pytest.approx(-0.9)
    assert found.se == pytest.approx(0.4)  # four cells of 0.2
    assert found.df == pytest.approx(24.0)


def test_controls_weigh_equally_and_all_variances_add() -> None:
    treated = (DayEstimate(50.0, 0.3, 6.0, 7), DayEstimate(46.0, 0.4, 6.0, 7))
    controls = [
        (DayEstimate(60.0, 0.1, 6.0, 7), DayEstimate(61.0, 0.1, 6.0, 7)),
        (DayEstimate(40.0, 0.5, 6.0, 7), DayEstimate(43.0, 0.5, 6.0, 7)),
    ]
    found = days.effect(treated, controls)
    assert found.value == pytest.approx(-4.0 - (1.0 + 3.0) / 2)
    assert found.se**2 == pytest.approx(0.09 + 0.16 + (0.02 + 0.50) / 4)
    with pytest.raises(BadInput, match="controls: none"):
        days.effect(treated, [])


def test_weights_bring_the_mix_of_weekdays_together() -> None:
    before = week_of(date(2026, 3, 2), 7)  # Monday to Sunday
    after = week_of(date(2026, 3, 9), 14)
    found = match_weekdays(before, after)
    assert found is not None
    assert found.level == "weekday"
    assert found.before.tolist() == [1.0] * 7
    assert found.after.tolist() == [0.5] * 14
    weekend_too = match_weekdays(week_of(date(2026, 3, 2), 5), before)
    assert weekend_too is not None
    assert weekend_too.after.tolist() == [1.0] * 5 + [0.0] * 2


def test_other_weekdays_are_matched_as_working_days_or_not_at_all() -> None:
    found = match_weekdays(week_of(date(2026, 3, 2), 3), week_of(date(2026, 3, 11), 3))  # Mon–Wed against Wed–Fri
    assert found is not None
    assert (found.level, found.days) == ("working_day", (3, 3))
    weekend = [date(2026, 3, 7), date(2026, 3, 8), date(2026, 3, 14)]
    assert match_weekdays(week_of(date(2026, 3, 2), 3), weekend) is None
    # A public holiday on a Wednesday isn't a Wednesday.
    with_holiday = match_weekdays(week_of(date(2026, 3, 2), 4), week_of(date(2026, 3, 9), 4), {date(2026, 3, 11)})
    assert with_holiday is not None
    assert with_holiday.after.tolist() == [1.0, 1.0, 0.0, 1.0]


def test_a_change_of_the_mix_is_no_change_of_speed() -> None:
    """Weekends are 10 km/h faster; the second period has more of them, and nothing else changed."""
    before, after = week_of(date(2026, 3, 2), 7), week_of(date(2026, 3, 14), 9)
    matched = match_weekdays(before, after)
    assert matched is not None

    def mean(of: list[date], weights: list[float] | np.ndarray) -> float:
        speeds = np.array([60.0 if day.isoweekday() > 5 else 50.0 for day in of])
        found = days.ratio_of_days(speeds * 100, np.full(len(of), 100.0), weights=weights)
        assert found is not None
        return found.value

    assert mean(after, [1.0] * 9) - mean(before, [1.0] * 7) > 1.0
    assert mean(after, matched.after) == pytest.approx(mean(before, matched.before))


def test_effective_days_of_unequal_weights() -> None:
    found = days.jackknife(50.0, [49.0, 50.0, 51.0, 50.0], weights=[1.0, 1.0, 0.5, 0.5])
    assert found.df == pytest.approx(3.0**2 / 2.5 - 1)


def test_percentile_rows_against_numpy() -> None:
    rng = np.random.default_rng(6)
    counts = rng.integers(1, 5, (20, 40)).astype(float)
    upper = np.cumsum(rng.uniform(0.5, 6.0, 40))
    lower = np.concatenate(([0.0], upper[:-1]))
    found = percentile_rows(counts, lower, upper, 85)
    for row, v85 in zip(counts, found, strict=True):
        curve = np.concatenate(([0.0], np.cumsum(row)))
        assert v85 == pytest.approx(np.interp(0.85 * curve[-1], curve, np.concatenate(([0.0], upper))), abs=1e-6)
    assert np.isnan(percentile_rows(np.zeros((1, 40)), lower, upper, 85)).all()
