"""Degree days by season, normal years and the correction: published values, and what must be refused."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bypuls.analysis.energy import normal_year as ny
from bypuls.analysis.errors import BadInput, NotComparable

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("BYPULS_REAL_DATA") or _BESIDE)
YEAR = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")


def actual(total: float | None, **changes: object) -> ny.ActualYear:
    year = ny.ActualYear(total, 365, 365, "Dansk Fjernvarme", "all year")
    return replace(year, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("use", "degree_days", "expected"), [(3808.4, 2571.0, 4409.43), (4065.1, 2740.7, 4478.14), (100.0, 3112.0, 100.0)]
)
def test_published_corrections(use: float, degree_days: float, expected: float) -> None:
    found = ny.corrected_use(use, actual(degree_days), ny.DANSK_FJERNVARME, independent_share=0.25)
    assert found.corrected == pytest.approx(expected, abs=0.005)
    assert found.raw == use
    assert found.independent == pytest.approx(0.25 * use)
    assert found.normal is ny.DANSK_FJERNVARME


@pytest.mark.parametrize(
    "year",
    [
        actual(2571.0, station="Kastrup"),
        actual(2571.0, rule="season"),
        actual(2571.0, base_c=16.0),
        actual(2571.0, days_known=364),
        actual(40.0, days=31, days_known=31),
        actual(None),
        actual(0.0),
    ],
)
def test_what_does_not_compare_is_refused(year: ny.ActualYear) -> None:
    with pytest.raises(NotComparable, match="expected"):
        ny.corrected_use(100.0, year, ny.DANSK_FJERNVARME, independent_share=0.25)


@pytest.mark.parametrize(("use", "share"), [(-1.0, 0.2), (np.nan, 0.2), (1.0, 1.2), (1.0, np.nan)])
def test_corrections_of_impossible_figures(use: float, share: float) -> None:
    with pytest.raises(BadInput, match="expected"):
        ny.corrected_use(use, actual(2571.0), ny.DANSK_FJERNVARME, independent_share=share)


def test_normal_years_as_published() -> None:
    assert sum(ny.DANSK_FJERNVARME.monthly) == ny.DANSK_FJERNVARME.total == 3112
    institute = ny.TEKNOLOGISK_INSTITUT_1991_2020
    assert (institute.total, institute.station, institute.rule) == (2552, "Landbohøjskolen", "season")
    with pytest.raises(BadInput, match="monthly"):
        ny.NormalYear("x", "y", "all year", 3112, "z", monthly=(1.0,) * 12)


def test_own_normal_years_need_ten_of_a_kind() -> None:
    years = [actual(2900.0 + 10 * number) for number in range(10)]
    own = ny.own_normal_year("own", years, source="own readings")
    assert (own.total, own.station) == (2945.0, "Dansk Fjernvarme")
    with pytest.raises(BadInput, match="at least 10"):
        ny.own_normal_year("own", years[:9], source="own readings")
    with pytest.raises(NotComparable, match="season"):
        ny.own_normal_year("own", [*years, actual(2000.0, rule="season")], source="own readings")
    with pytest.raises(NotComparable, match="300 of 365"):
        ny.own_normal_year("own", [*years, actual(2000.0, days_known=300)], source="own readings")


def test_the_season_ends_and_begins_after_three_days() -> None:
    temps = np.full(365, 5.0)
    spring, autumn = 100, 280
    temps[40:43] = 11.0  # a mild February isn't the end of winter
    temps[spring - 5 : spring - 3] = 15.0  # two days are too few
    temps[spring:autumn] = 10.0
    temps[autumn - 10 : autumn] = 12.1
    on = ny.heating_season(YEAR, temps)
    # 12 °C and less from August on is cold already, though 10 °C was warm enough in spring.
    august = 212
    assert np.flatnonzero(~on).tolist() == list(range(spring + 3, august + 1))
    temps[spring:autumn] = 15.0
    assert np.flatnonzero(~ny.heating_season(YEAR, temps)).tolist() == list(range(spring + 3, autumn + 3))


def test_an_unknown_or_absent_day_breaks_a_row() -> None:
    temps = np.full(365, 5.0)
    temps[100:280] = 15.0
    temps[101] = np.nan
    assert np.argmin(ny.heating_season(YEAR, temps)) == 105
    keep = np.arange(365) != 101
    assert YEAR[keep][np.argmin(ny.heating_season(YEAR[keep], temps[keep]))] == YEAR[105]
    absent = ny.degree_day_year(YEAR[keep], temps[keep], station="s", rule="all year")
    assert (absent.days, absent.days_known) == (365, 364)


def test_a_series_that_begins_in_summer_begins_unheated() -> None:
    temps = np.where(np.arange(365) < 280, 15.0, 5.0)
    assert np.flatnonzero(ny.heating_season(YEAR[200:], temps[200:]))[0] == 83
    assert ny.heating_season(YEAR[300:], temps[300:]).all()
    assert ny.heating_season(YEAR[:0], temps[:0]).size == 0


def test_typical_year_at_kastrup_by_both_rules() -> None:
    path = DATA / "climate/weather_copenhagen/DNK_HS_Copenhagen-Kastrup.AP.061800_TMYx.2011-2025.mos.gz"
    if not path.is_file():
        pytest.skip("no weather: set BYPULS_REAL_DATA to the folder with the real data")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        means = np.array([float(line.split()[1]) for line in lines if line[0].isdigit()]).reshape(-1, 24).mean(axis=1)
    for rule, expected in (("all year", 2682.0), ("season", 2358.0)):
        year = ny.degree_day_year(YEAR, means, station="Kastrup", rule=rule)  # type: ignore[arg-type]
        assert year.total == pytest.approx(expected, abs=0.5)
        assert (year.days, year.days_known) == (365, 365)


def test_the_independent_share_is_measured_in_warm_months() -> None:
    degree_days = np.array(ny.DANSK_FJERNVARME.monthly)
    use = 10.0 + 0.1 * np.where(degree_days <= 60, 0.0, degree_days)
    assert ny.independent_share(use, degree_days) == pytest.approx(120.0 / use.sum())
    use[3] = np.nan
    assert ny.independent_share(use, degree_days) is None
    assert ny.independent_share(np.ones(12), np.full(12, 300.0)) is None


@pytest.mark.parametrize("days", [["2023-01-02", "2023-01-01"], ["2023-01-01", "NaT"], [1.5, 2.5], ["x", "y"]])
def test_days_that_are_none(days: list[object]) -> None:
    with pytest.raises(BadInput, match="days"):
        ny.heating_season(days, [1.0, 2.0])  # type: ignore[arg-type]
