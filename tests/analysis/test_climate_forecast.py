"""The trend held to scipy, its interval to simulated towns, and the year in which it meets the target."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bypuls.analysis.climate import forecast as climate
from bypuls.analysis.climate.targets import Basis, Target, trajectory
from bypuls.analysis.errors import BadInput

TARGET = Target(2015, 100.0, 2030, 0.85, Basis("CO2", "125 %", "the area"))


def on_the_line(last: int) -> dict[int, float]:
    return dict(zip(range(2016, last + 1), trajectory(TARGET, range(2016, last + 1)).tolist(), strict=True))


@given(st.dictionaries(st.integers(1990, 2025), st.floats(0.0, 1e6), min_size=5))
def test_the_trend_is_scipys(emitted: dict[int, float]) -> None:
    found = climate.trend(emitted, confidence=0.95)
    assert found is not None
    years = sorted(emitted)
    slope, intercept, low, high = stats.theilslopes([emitted[year] for year in years], years, 0.95)
    assert (found.slope_t, found.slope_low_t, found.slope_high_t) == pytest.approx((slope, low, high))
    line = climate.forecast(found, [2030]).tonnes[0]
    assert line == pytest.approx(max(intercept + slope * 2030, 0.0), rel=1e-6, abs=1e-3)


def test_the_trend_of_a_straight_line_is_the_line() -> None:
    found = climate.trend(on_the_line(2025))
    assert found is not None
    assert found.slope_t == pytest.approx(-85 / 15)
    assert found.falling
    made = climate.forecast(found, [2026, 2030, 2040])
    assert made.tonnes == pytest.approx([37.667, 15.0, 0.0], abs=0.001)  # never below nothing
    assert made.low_t == pytest.approx(made.tonnes, abs=1e-9)
    assert made.high_t == pytest.approx(made.tonnes, abs=1e-9)


def test_the_interval_widens_with_the_years_ahead() -> None:
    rng = np.random.default_rng(3)
    found = climate.trend({2016 + i: 1000.0 - 40.0 * i + 12.0 * float(rng.standard_normal()) for i in range(9)})
    assert found is not None
    made = climate.forecast(found, range(2020, 2031))
    width = made.high_t - made.low_t
    assert np.all(np.diff(width) > 0.0)
    assert np.all((made.low_t < made.tonnes) & (made.tonnes < made.high_t))


@pytest.mark.parametrize("years", [5, 8, 12])
def test_the_interval_holds_what_comes(years: int) -> None:
    """Of 300 towns that fall by 4 t a year with a scatter of 5 t, about nine in ten next accounts lie inside."""
    rng = np.random.default_rng(years)
    inside = 0
    for _ in range(300):
        past = {2010 + i: float(100.0 - 4.0 * i + rng.normal(0.0, 5.0)) for i in range(years)}
        found = climate.trend(past)
        assert found is not None
        made = climate.forecast(found, [2010 + years + 2])
        real = 100.0 - 4.0 * (years + 2) + rng.normal(0.0, 5.0)
        inside += bool(made.low_t[0] <= real <= made.high_t[0])
    assert 0.87 <= inside / 300 <= 0.98


def test_one_wild_year_does_not_turn_the_trend() -> None:
    calm = {year: 100.0 - 4.0 * (year - 2015) for year in range(2016, 2026)}
    plain, wild = climate.trend(calm), climate.trend(calm | {2020: 300.0})
    assert plain is not None
    assert wild is not None
    assert wild.slope_t == pytest.approx(plain.slope_t)
    assert wild.scatter_t > 50.0 > plain.scatter_t


def test_what_is_no_trend() -> None:
    assert climate.trend({2020: 1.0, 2021: 2.0, 2022: 3.0, 2023: 4.0, 2024: None}) is None
    with pytest.raises(BadInput, match="emitted_t of 2021: nan"):
        climate.trend({2020: 1.0, 2021: float("nan")})
    with pytest.raises(BadInput, match="confidence: 90"):
        climate.trend({}, confidence=90.0)


def test_projected_year() -> None:
    assert climate.projected_year(TARGET, on_the_line(2025)) == 2030
    slower = {year: 100.0 - 4.0 * (year - 2015) for year in range(2016, 2026)}
    assert climate.projected_year(TARGET, slower) == 2037  # 15 is reached after 21.25 years
    one_wild_year = slower | {2025: 5.0}
    assert climate.projected_year(TARGET, one_wild_year) == 2037  # least squares: 2029


@pytest.mark.parametrize(
    "emitted",
    [
        {},
        {year: 100.0 - year % 100 for year in range(2016, 2020)},
        dict.fromkeys(range(2016, 2026), 50.0),
        {year: float(year) for year in range(2016, 2026)},
        {2016: 90.0, 2017: None, 2018: 70.0, 2019: 60.0, 2020: 50.0},
    ],
)
def test_no_projection_below_five_years_or_without_a_fall(emitted: dict[int, float | None]) -> None:
    assert climate.projected_year(TARGET, emitted) is None
