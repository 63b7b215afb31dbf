"""Dirt of series of amounts: what stands still, jumps of the unit, spikes, gaps; and what only looks like it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.analysis.energy.dirt import gaps, spikes, stuck, unit_jumps
from bypuls.analysis.errors import BadInput

HOUR_US = 3_600_000_000
Array = npt.NDArray[np.float64]


def year(seed: int = 1) -> Array:
    """Days of a heated building: 200 kWh in winter, 20 in summer."""
    rng = np.random.default_rng(seed)
    season = 110.0 + 90.0 * np.cos(2.0 * np.pi * np.arange(365) / 365.0)
    return np.asarray(season * rng.uniform(0.7, 1.3, 365))


def hours(n: int, seed: int = 1) -> tuple[npt.NDArray[np.int64], Array]:
    return np.arange(n, dtype=np.int64) * HOUR_US, np.random.default_rng(seed).uniform(1.0, 9.0, n)


def test_a_value_that_stands_still_for_a_day_is_found() -> None:
    t_us, use = hours(500)
    use[100:124] = 4.2
    use[300:323] = 4.2  # an hour less than a day
    (found,) = stuck(t_us, use, 3600.0)
    assert (found.first, found.last, found.value, found.n) == (100, 123, 4.2, 24)


def test_zeros_coarse_values_and_holes_do_not_stand_still() -> None:
    t_us, use = hours(500)
    use[100:200] = 0.0
    assert stuck(t_us, use, 3600.0) == []
    use[100:124] = 4.2
    t_us[110:] += HOUR_US  # a gap in the middle: 10 and 14 hours
    assert stuck(t_us, use, 3600.0) == []
    coarse = np.repeat([1.0, 2.0, 1.0, 3.0], 100)
    assert stuck(np.arange(400) * HOUR_US, coarse, 3600.0) == []
    with pytest.raises(BadInput, match="interval_s: 0"):
        stuck(t_us, use, 0.0)


def test_days_stand_still_after_a_week() -> None:
    use = year()
    use[50:57] = 33.0
    use[80:86] = 33.0
    days = np.arange(365, dtype=np.int64) * 24 * HOUR_US
    assert [(one.first, one.n) for one in stuck(days, use, 86_400.0)] == [(50, 7)]


@pytest.mark.parametrize(
    ("first", "last", "factor"), [(100, 129, 1000.0), (200, 230, 0.001), (340, 364, 1000.0), (0, 9, 1e6)]
)
def test_a_jump_of_the_unit_is_found_with_its_days(first: int, last: int, factor: float) -> None:
    use = year()
    use[first : last + 1] *= factor
    (found,) = unit_jumps(use)
    assert (found.first, found.last, found.factor) == (first, last, pytest.approx(factor))


def test_seasons_holidays_and_short_standstills_are_no_jumps() -> None:
    use = year()
    assert unit_jumps(use) == []
    use[150:200] = 0.0
    use[100:104] /= 1000.0  # the boiler off, its pilot light on
    assert unit_jumps(use) == []
    assert unit_jumps(np.full(10, np.nan)) == []


@given(seed=st.integers(0, 10_000), first=st.integers(10, 300), days=st.integers(8, 50))
def test_whatever_month_is_a_thousand_times_too_high_is_named(seed: int, first: int, days: int) -> None:
    use = year(seed)
    use[first : first + days] *= 1000.0
    (found,) = unit_jumps(use)
    assert (found.first, found.last) == (first, min(first + days, 365) - 1)


def test_spikes_are_far_above_everything_else() -> None:
    _, use = hours(1000)
    use[17] = 5000.0
    assert np.flatnonzero(spikes(use)).tolist() == [17]
    assert not spikes(use[:40]).any()


def test_gaps_lie_between_known_intervals() -> None:
    t_us, _ = hours(10)
    known = np.ones(10, dtype=np.bool_)
    known[[0, 4, 5, 9]] = False
    (found,) = gaps(t_us, t_us + HOUR_US, known)
    assert (found.start_us, found.end_us, found.seconds) == (4 * HOUR_US, 6 * HOUR_US, 7200.0)
    assert gaps(t_us[:1], t_us[:1] + HOUR_US, known[:1]) == []
