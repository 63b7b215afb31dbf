"""Measures: savings held against the day 52 weeks before, which are told jointly, and what a scenario makes of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from scipy import stats

from bypuls.analysis.climate import measures
from bypuls.analysis.climate.measures import PairedSaving, Plan, Refusal
from bypuls.analysis.errors import BadInput

START = date(2025, 7, 7)


def lamps(days_after: int = 365, saving: float = 0.6, noise: float = 0.0, seed: int = 1) -> tuple[Any, Any]:
    """Street lights: their nights lengthen and shorten; from START on they use `saving` less."""
    days = np.arange(np.datetime64("2024-06-01"), np.datetime64(START) + days_after, dtype="datetime64[D]")
    number = (days - days[0]).astype(int)
    use = 40.0 + 20.0 * np.cos((number + 163.0) / 365.25 * 2 * np.pi)
    use = use * np.where(days >= np.datetime64(START), 1.0 - saving, 1.0)
    return days, use + noise * np.random.default_rng(seed).standard_normal(len(days))


def saving(days: Any, use: Any, **more: Any) -> PairedSaving:
    found = measures.paired_saving(days, use, START, **more)
    assert isinstance(found, PairedSaving)
    return found


def refusal(days: Any, use: Any) -> Refusal:
    found = measures.paired_saving(days, use, START)
    assert isinstance(found, Refusal)
    return found


def test_a_known_saving_is_found() -> None:
    found = saving(*lamps(noise=1.0))
    assert found.share == pytest.approx(0.6, abs=0.005)
    assert found.low < found.saved < found.high
    assert found.significant
    assert found.days == 365
    assert found.saved == pytest.approx(found.before - found.after)
    assert not saving(*lamps(saving=0.0, noise=1.0)).significant


def test_the_interval_is_students_where_days_are_independent() -> None:
    days, use = lamps(days_after=200, saving=0.0)
    use = 50.0 + np.random.default_rng(4).standard_normal(len(days))
    found = saving(days, use)
    after = days >= np.datetime64(START)
    before = np.searchsorted(days, days[after] - 364)
    rest = use[after] - use[after].sum() / use[before].sum() * use[before]
    rho = float(np.corrcoef(rest[:-1], rest[1:])[0, 1])
    worth = 200 * (1 - max(rho, 0)) / (1 + max(rho, 0))
    width = stats.t.interval(0.9, worth - 1, scale=rest.std(ddof=1) / np.sqrt(worth))[1] * 200
    assert found.high - found.saved == pytest.approx(width, rel=0.02)


def test_about_nine_in_ten_intervals_hold_the_truth() -> None:
    inside = 0
    for seed in range(200):
        days, use = lamps(days_after=120, noise=2.0, seed=seed)
        found = saving(days, use)
        true = saving(*lamps(days_after=120)).before - found.after  # the use before is what isn't known exactly
        inside += found.low <= true <= found.high
    assert 0.86 <= inside / 200 <= 0.98


def test_years_later_the_days_before_the_start_still_count() -> None:
    days, use = lamps(days_after=700)
    found = saving(days, use)
    assert found.days == 700
    assert found.share == pytest.approx(0.6, abs=0.01)


def test_no_saving_without_days() -> None:
    assert str(refusal(*lamps(days_after=29))) == "reporting length: 29 days since 2025-07-07; expected at least 30"
    assert refusal(*lamps(days_after=0)).code == "reporting length"
    days, use = lamps(days_after=100)
    use[10:60] = np.nan
    assert refusal(days[-130:], use[-130:]).code == "pairs"  # nothing before
    holes = use.copy()
    holes[-20:] = np.nan
    assert saving(days, holes).days == 57  # pairs that are left
    holes[-75:] = np.nan
    assert refusal(days, holes).code == "pairs"
    assert refusal(days, np.zeros(len(days))).code == "use before"
    with pytest.raises(BadInput, match="confidence: 90"):
        measures.paired_saving(days, use, START, confidence=90)


def test_measures_within_a_year_are_told_jointly() -> None:
    starts = [date(2025, 8, 4), date(2020, 1, 1), date(2025, 1, 15), date(2021, 1, 1), date(2026, 6, 1)]
    assert measures.together(starts) == [[1], [3], [2, 0, 4]]
    assert measures.together([date(2025, 1, 1), date(2026, 1, 1)]) == [[0], [1]]
    assert measures.together([date(2025, 1, 1), date(2025, 12, 31)]) == [[0, 1]]
    assert measures.together([]) == []


@pytest.mark.parametrize(
    ("start", "share"),
    [(date(2026, 1, 1), 1.0), (date(2020, 5, 5), 1.0), (date(2026, 7, 2), 183 / 365), (date(2027, 1, 1), 0.0)],
)
def test_a_first_year_counts_by_its_days(start: date, share: float) -> None:
    assert measures.year_share(start, 2026) == pytest.approx(share)


def test_planned_tonnes() -> None:
    plan = Plan(date(2027, 1, 1), 50_000.0, None)
    assert plan.tonnes(2028, 0.1) == pytest.approx(5.0)
    assert plan.tonnes(2026, 0.1) == 0.0
    assert plan.tonnes(2028, None) is None
    assert Plan(date(2027, 1, 1), 50_000.0, 7.0).tonnes(2028, 0.1) == 7.0
    assert Plan(date(2027, 1, 1), -20_000.0, None).tonnes(2028, 0.1) == pytest.approx(-2.0)


def test_a_factor_falls_as_the_scenario_does() -> None:
    br18 = {2023: 0.187, 2025: 0.135, 2030: 0.047, 2035: 0.0414}
    assert measures.falling_factor(0.1, 2025, br18, 2025) == pytest.approx(0.1)
    assert measures.falling_factor(0.1, 2025, br18, 2030) == pytest.approx(0.1 * 0.047 / 0.135)
    assert measures.falling_factor(0.161, 2024, br18, 2024) == pytest.approx(0.161)
    assert measures.falling_factor(0.1, 2025, br18, 2050) == pytest.approx(0.1 * 0.0414 / 0.135)
    assert measures.falling_factor(0.1, 2025, {}, 2030) is None
    assert measures.falling_factor(0.1, 2025, {2025: 0.0}, 2030) is None


def test_a_scenario_takes_off_what_has_not_started() -> None:
    assert measures.scenario([100.0, 90.0, 5.0], [[0.0, 5.0, 10.0], [1.0, 1.0, 1.0]]) == pytest.approx([99, 84, 0])
    assert measures.scenario([100.0], []) == pytest.approx([100])
    with pytest.raises(BadInput, match="lengths differ"):
        measures.scenario([100.0], [[1.0, 2.0]])


def test_independent_parts_add_by_their_squares() -> None:
    assert measures.root_sum_square([3.0, 4.0]) == pytest.approx(5.0)
    assert measures.root_sum_square([]) == 0.0


def test_the_first_day_after_the_start_has_its_weekday_before() -> None:
    assert (START - timedelta(days=measures.SAME_WEEKDAY)).weekday() == START.weekday()
