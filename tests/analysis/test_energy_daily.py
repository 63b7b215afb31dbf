"""Days for models: scaled where half is measured, zeros that are none."""

from __future__ import annotations

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from bypuls.analysis.energy.daily import Medium, missing_zero_days, missing_zeros, use_for_model
from bypuls.analysis.energy.signature import signature
from bypuls.analysis.errors import BadInput

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("BYPULS_REAL_DATA") or _BESIDE)
DAYS = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
Array = npt.NDArray[np.float64]


def weather() -> Array:
    noise = np.random.default_rng(1).normal(0.0, 3.0, 365)
    temps: Array = 9.0 - 9.0 * np.cos(2 * np.pi * np.arange(365) / 365.25) + noise
    return temps


def read(name: str) -> Array:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"no {name}: set BYPULS_REAL_DATA to the folder with the real data")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return np.array([float(row[1]) for row in list(csv.reader(lines))[1:]])


def test_days_are_scaled_from_half_a_day_on() -> None:
    found = use_for_model([10.0, 10.0, 10.0, np.nan], [1.0, 0.5, 0.49, 0.0])
    np.testing.assert_array_equal(found, [10.0, 20.0, np.nan, np.nan])
    with pytest.raises(BadInput, match=r"coverage\[0\]"):
        use_for_model([1.0], [1.5])


def test_electricity_is_never_zero_but_with_own_generation() -> None:
    temps, use = weather(), np.full(365, 100.0)
    use[[5, 200]] = 0.0
    assert np.flatnonzero(missing_zero_days("electricity", DAYS, temps, use)).tolist() == [5, 200]
    assert not missing_zero_days("electricity", DAYS, temps, use, own_generation=True).any()
    assert not missing_zero_days("water", DAYS, temps, use).any()
    with pytest.raises(BadInput, match="medium"):
        missing_zero_days("steam", DAYS, temps, use)  # type: ignore[arg-type]


@pytest.mark.parametrize("medium", ["heat", "gas"])
def test_heat_zeros_are_missing_where_use_is_predicted(medium: Medium) -> None:
    temps = weather()
    noise = np.random.default_rng(2).normal(0.0, 5.0, 365)
    resting = np.maximum(0.0, 8.0 * (14.0 - temps) + np.where(temps < 13.0, noise, 0.0))
    resting[[10, 20, 30]] = 0.0
    cold = temps < 10.0
    found = missing_zero_days(medium, DAYS, temps, resting)
    assert set(np.flatnonzero(found)) >= {10, 20, 30}
    assert not (found & (temps > 14.0)).any()  # the boiler rests in summer: zeros are zeros

    outage = np.maximum(1.0, 8.0 * (14.0 - temps) + 20.0 + noise)
    outage[0:60] = 0.0
    assert np.flatnonzero(missing_zero_days(medium, DAYS, temps, outage) & cold).tolist() == list(
        np.flatnonzero(cold[:60])
    )
    hot_water = outage.copy()
    hot_water[0:60] = 100.0
    hot_water[200] = 0.0
    assert np.flatnonzero(missing_zero_days(medium, DAYS, temps, hot_water)).tolist() == [200]


def test_without_a_signature_no_zero_is_judged() -> None:
    use = np.zeros(365)
    use[:5] = 10.0
    assert not missing_zero_days("heat", DAYS, weather(), use).any()


def test_single_hours_are_missing_but_a_nightly_rest_is_not() -> None:
    temps = weather()
    day, hour = np.repeat(np.arange(365), 24), np.tile(np.arange(24), 365)
    use = np.repeat(np.maximum(0.0, 14.0 - temps) + 2.0, 24)
    use[hour < 5] = 0.0
    gone = [24 * 30 + 12, 24 * 30 + 13, 24 * 200 + 8]
    use[gone] = 0.0
    assert np.flatnonzero(missing_zeros("heat", day, hour, use, DAYS, temps)).tolist() == gone
    assert np.flatnonzero(missing_zeros("electricity", day, hour, use, DAYS, temps)).size == 365 * 5 + 3
    with pytest.raises(BadInput, match="day_number"):
        missing_zeros("heat", day + 1, hour, use, DAYS, temps)


@pytest.mark.parametrize(("building", "zeros"), [("b31", 48 + 96 + 53), ("b109", 46 + 1 + 96 + 24)])
def test_missing_gas_of_two_buildings_is_recognised(building: str, zeros: int) -> None:
    """The source wrote missing values as 0; neither building's gas ever rests for an hour."""
    years = (2018, 2019, 2020, 2021, 2022)
    use = np.concatenate([read(f"energy/cambridge/{building}_gas_{year}.csv.gz") for year in years])
    temps = np.concatenate([read(f"energy/cambridge/weather_bedford_{year}.csv.gz") for year in years])
    days = np.arange("2018-01-01", "2023-01-01", dtype="datetime64[D]")
    means = temps.reshape(-1, 24).mean(axis=1)
    day, hour = np.repeat(np.arange(days.size), 24), np.tile(np.arange(24), days.size)
    missing = missing_zeros("gas", day, hour, use, days, means)
    assert (use == 0).sum() == zeros
    assert missing.sum() == zeros

    known = np.where(missing, np.nan, use).reshape(-1, 24)
    coverage = (~np.isnan(known)).mean(axis=1)
    daily = use_for_model(np.where(coverage > 0, np.nansum(known, axis=1), np.nan), coverage)
    found = signature(days[:365], means[:365], daily[:365], day_type=(days[:365].astype(np.int64) + 3) % 7 >= 5)
    assert found.quality.n >= 363
    assert (found.quality.cv_rmse or 9) < 0.45
    assert all((part.model.heating_slope or 0) > 0 for part in found.parts)


@pytest.mark.parametrize(("building", "zeros"), [("b31", 148), ("b109", 222)])
def test_missing_electricity_of_two_buildings_is_recognised(building: str, zeros: int) -> None:
    years = (2017, 2018, 2019, 2020, 2021, 2022)
    use = np.concatenate([read(f"energy/cambridge/{building}_electricity_{year}.csv.gz") for year in years])
    days = np.arange("2017-01-01", "2023-01-01", dtype="datetime64[D]")
    day, hour = np.repeat(np.arange(days.size), 24), np.tile(np.arange(24), days.size)
    assert missing_zeros("electricity", day, hour, use, days, np.full(days.size, np.nan)).sum() == zeros
