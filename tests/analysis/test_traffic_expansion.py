"""From a count to the year, and how well a sensor counts."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest

from bypuls.analysis.errors import BadInput
from bypuls.analysis.traffic import expansion
from bypuls.analysis.traffic.counting import counting_accuracy
from bypuls.analysis.traffic.expansion import Counted, Factor, Missing, Year, to_year
from bypuls.analysis.traffic.volumes import STEP_TO_YEAR

HOURS = Factor("hours_to_day", 11, 17, 2.46, "by hand")
WEEK = Factor("day_to_week", 2, 4, 0.78, "by hand")
YEAR = Factor("week_to_year", 17, 17, 0.86, "by hand")
DAY = date(1993, 4, 27)  # a Tuesday of week 17


def year(found: Year | Missing) -> Year:
    assert isinstance(found, Year)
    return found


def test_the_example_of_the_manual_of_1995() -> None:
    """92 lorries counted from 11 to 17 o'clock, factors 2.46, 0.78 and 0.86: 152 on an average day."""
    found = year(to_year([Counted(DAY, 92.0, 11, 17)], [HOURS, WEEK, YEAR], "long_distance"))
    assert round(found.value) == 152
    assert found.steps == ("hours_to_day", "day_to_week", "week_to_year")
    assert found.sources == ("by hand",)
    assert found.uncertainty == pytest.approx(math.sqrt(0.06**2 + 0.04**2 + 0.04**2 + 0.09**2))


def test_the_uncertainty_of_the_manual_of_2006() -> None:
    """Six hours on a commuter's road, one week: 1,077 means 948 to 1,206."""
    plain = [Factor(step, first, last, 1.0, "x") for step, first, last in (
        ("hours_to_day", 11, 17), ("day_to_week", 1, 7), ("week_to_year", 1, 53),
    )]  # fmt: skip
    found = year(to_year([Counted(DAY, 1077.0, 11, 17)], plain, "commuter"))
    assert found.uncertainty is not None
    share = round(found.uncertainty, 2)
    assert (round(1077 * (1 - share)), round(1077 * (1 + share))) == (948, 1206)


def test_a_week_that_was_counted_whole_needs_the_last_step_alone() -> None:
    monday = date(2026, 4, 20)  # week 17
    days = [monday + timedelta(days=at) for at in range(14)]
    counts = [Counted(day, 1000.0 if day.isoweekday() <= 5 else 400.0) for day in days]
    factors = [YEAR, Factor("week_to_year", 18, 18, 0.90, "later")]
    found = year(to_year(counts, factors, "local"))
    assert found.value == pytest.approx((5 * 1000 + 2 * 400) / 7 * (0.86 + 0.90) / 2)
    assert found.steps == ("week_to_year",)
    assert found.uncertainty == STEP_TO_YEAR["local"][1]


def test_counts_are_weighed_by_their_hours() -> None:
    factors = [
        Factor("hours_to_day", 7, 19, 1.25, "a"), Factor("hours_to_day", 14, 18, 3.0, "a"),
        Factor("day_to_week", 1, 7, 1.0, "b"), Factor("week_to_year", 1, 53, 1.0, "c"),
    ]  # fmt: skip
    counts = [Counted(DAY, 800.0, 7, 19), Counted(DAY + timedelta(days=1), 400.0, 14, 18)]
    found = year(to_year(counts, factors, "local"))
    assert found.value == pytest.approx((1000.0 * 12 + 1200.0 * 4) / 16)
    assert found.sources == ("a", "b", "c")


def test_what_is_missing_is_named() -> None:
    count = Counted(DAY, 92.0, 11, 17)
    assert to_year([count], [WEEK, YEAR], "local") == Missing("hours_to_day", 11, 17)
    assert to_year([count], [HOURS, YEAR], "local") == Missing("day_to_week", 2, 2)
    assert to_year([count], [HOURS, WEEK], "local") == Missing("week_to_year", 17, 17)
    assert to_year([Counted(DAY, 1.0, 10, 17)], [HOURS, WEEK, YEAR], "local") == Missing("hours_to_day", 10, 17)


def test_dates_and_own_uncertainties_of_factors() -> None:
    old = Factor("week_to_year", 1, 53, 2.0, "old", valid_to=date(1993, 1, 1))
    new = Factor("week_to_year", 1, 53, 3.0, "new", 0.2, valid_from=date(1993, 1, 1))
    narrow = Factor("week_to_year", 17, 17, 4.0, "narrow", 0.3, valid_from=date(1993, 1, 1))
    day = Factor("day_to_week", 1, 7, 1.0, "day", 0.0)
    assert year(to_year([Counted(DAY, 10.0)], [day, old, new], "local")).value == 30.0
    found = year(to_year([Counted(DAY, 10.0)], [day, new, narrow, old], "local"))
    assert (found.value, found.uncertainty) == (40.0, 0.3)
    assert to_year([Counted(DAY, 10.0)], [day, old], "local") == Missing("week_to_year", 17, 17)


def test_an_uncertainty_that_nobody_published_is_unknown() -> None:
    sunday = Counted(date(1993, 5, 2), 100.0)
    any_day = Factor("day_to_week", 1, 7, 1.1, "x")
    assert year(to_year([sunday], [any_day, YEAR], "local")).uncertainty is None
    short = Factor("hours_to_day", 7, 9, 5.0, "x")
    assert year(to_year([Counted(DAY, 10.0, 7, 9)], [short, WEEK, YEAR], "local")).uncertainty is None


def test_bad_input_of_expansion() -> None:
    with pytest.raises(BadInput, match="traffic_type: 'rural'"):
        to_year([Counted(DAY, 1.0)], [], "rural")
    with pytest.raises(BadInput, match="counts: none"):
        to_year([], [], "local")
    with pytest.raises(BadInput, match="factor of day_to_week: 0"):
        to_year([Counted(DAY, 1.0)], [Factor("day_to_week", 1, 7, 0.0, "x"), YEAR], "local")
    assert set(expansion.HOURS_UNCERTAINTY) == set(expansion.WEEK_UNCERTAINTY) == set(STEP_TO_YEAR)


def test_counting_accuracy_of_equal_misses() -> None:
    found = counting_accuracy([100, 200, 50, 150], [90, 195, 45, 140])
    assert (found.manual_n, found.sensor_n, found.intervals) == (500.0, 470.0, 4)
    assert found.ratio == pytest.approx(0.94)
    assert found.deviation == pytest.approx(30 / 500)
    # By hand: the ratio without one interval is 380/400, 275/300, 425/450, 330/350.
    without = np.array([380 / 400, 275 / 300, 425 / 450, 330 / 350])
    error = math.sqrt(3 / 4 * ((without - without.mean()) ** 2).sum())
    assert found.low == pytest.approx(0.94 - 3.182446 * error, abs=1e-6)
    assert found.high == pytest.approx(0.94 + 3.182446 * error, abs=1e-6)


def test_the_interval_covers_a_known_ratio() -> None:
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(400):
        manual = rng.poisson(60, 16)
        found = counting_accuracy(manual, rng.binomial(manual, 0.93))
        covered += found.low is not None and found.high is not None and found.low <= 0.93 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_what_counting_accuracy_can_not_say() -> None:
    nobody = counting_accuracy([0, 0, 0], [1, 0, 0])
    assert (nobody.ratio, nobody.reason) == (None, "nothing_counted_by_hand")
    few = counting_accuracy([10, 12], [9, 12])
    assert few.ratio == pytest.approx(21 / 22)
    assert (few.low, few.reason) == (None, "fewer_than_3_intervals")
    assert counting_accuracy([5, 5, 5], [5, 5, 5]).reason == "all_intervals_alike"
    with pytest.raises(BadInput, match="sensor: 2 intervals; expected 3"):
        counting_accuracy([1, 2, 3], [1, 2])
    with pytest.raises(BadInput, match="below 0"):
        counting_accuracy([1, -2], [1, 2])
