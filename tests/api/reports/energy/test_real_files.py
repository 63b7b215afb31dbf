"""Reports on measured files: OpenDSM's samples (Apache-2.0), buildings in Cambridge (MIT), a building's quarters from
LBNL (BSD-3). Skipped where they are absent."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bypuls.api.reports.energy.build import build_report
from bypuls.api.reports.energy.model import EnergyReport
from bypuls.api.reports.energy.reading import MeterOptions, WeatherOptions, read_meter_rows, read_weather
from bypuls.api.reports.energy.settings import Days, Settings

_BESIDE = Path(__file__).resolve().parents[4].parent / "shared" / "data"
DATA = Path(os.environ.get("BYPULS_REAL_DATA") or _BESIDE) / "energy"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no energy data: set BYPULS_REAL_DATA to the real data")


def report(meters: Sequence[str], weather: Sequence[str], unit: Any = None, **settings: Any) -> EnergyReport:
    options = MeterOptions(timezone=settings.pop("timezone", None))
    rows = read_meter_rows([DATA / name for name in meters], options)
    temps = read_weather([DATA / name for name in weather], WeatherOptions(timezone=rows.zone, unit=unit))
    return build_report(rows, options, temps, Settings("building", **settings))


def counted(found: EnergyReport) -> dict[str, int]:
    return {one.code: one.n for one in found.quality.findings}


@pytest.mark.parametrize("name", ["daily", "hourly"])
def test_the_illinois_sample_saves_ten_percent(name: str) -> None:
    """365 days on each side of the blackout; therms, °F, local times with their offsets."""
    found = report(
        [f"opendsm/il-gas-hdd-only-{name}.csv.gz"],
        ["opendsm/il-tempF.csv.gz"],
        baseline=Days(date(2015, 12, 27), date(2016, 12, 25)),
        reporting=Days(date(2017, 1, 5), date(2018, 1, 4)),
    )
    saving = found.savings
    assert saving.interval is not None
    low, high = saving.interval
    assert low < 0.10 < high
    assert (high - low) / 2 <= 0.05
    assert saving.significant
    assert found.quality.timezone == "America/Chicago"
    assert found.quality.medium == "gas"
    assert found.model is not None
    assert found.model.parts[0].model.heating_balance_c == pytest.approx((60 - 32) / 1.8, abs=1.0)


@pytest.mark.parametrize(
    ("name", "medium", "cv_rmse", "zeros"),
    [
        ("b109_electricity", "electricity", 0.13, 140),
        ("b109_gas", "gas", 0.06, 40),
        ("b31_electricity", "electricity", 0.09, 100),
        ("b31_gas", "gas", 0.28, 40),
    ],
)
def test_cambridge_buildings_have_signatures_and_their_zeros_are_missing_values(
    name: str, medium: str, cv_rmse: float, zeros: int
) -> None:
    years = (2018, 2019)
    found = report(
        [f"cambridge/{name}_{year}.csv.gz" for year in years],
        [f"cambridge/weather_bedford_{year}.csv.gz" for year in years],
        timezone="UTC",
    )
    assert found.quality.medium == medium
    assert found.model is not None
    assert found.model.quality.cv_rmse is not None
    assert found.model.quality.cv_rmse < cv_rmse
    assert zeros < counted(found)["zero_for_missing"] == found.quality.zeros_missing == found.quality.zeros
    assert found.quality.known == 17_520 - found.quality.zeros_missing
    assert "gap" not in counted(found)


def test_quarters_in_local_time_without_a_zone_and_mean_power() -> None:
    found = report(
        ["loadshape/test_kw.csv"], ["loadshape/test_temp.csv"], unit="F", timezone="America/Los_Angeles",
    )  # fmt: skip
    quality = found.quality
    assert (quality.unit, quality.interval_s, quality.medium) == ("kW", 900.0, "electricity")
    assert counted(found)["missing_value"] == 743
    assert found.model is not None
    assert found.model.split
    assert quality.days_known == 48
    assert found.daily.kwh[0] == pytest.approx(198.239)  # Σ kW · ¼ h


def test_households_that_heat_little_keep_their_zeros() -> None:
    """Hourly gas of a British home: nights and summers without heating; four days away with the pilot light on."""
    found = report(
        ["opendsm/uk-gas-hdd-only-hourly-sample-0.csv.gz"], ["opendsm/uk-tempC-sample-0.csv.gz"],
        baseline=Days(date(2020, 4, 2), date(2021, 4, 1)), reporting=Days(date(2021, 4, 2), date(2022, 4, 1)),
    )  # fmt: skip
    assert found.quality.timezone == "UTC"
    assert found.quality.zeros_missing < 0.1 * found.quality.zeros
    assert "unit_jump" not in counted(found)
    assert found.model is not None
    assert found.model.parts[0].model.kind == "3PH"


def test_opendsm_says_the_same_of_its_own_sample() -> None:
    """OpenDSM 1.2.7, DailyModel, on the same days: what it models and saves, and its adjusted CV(RMSE)."""
    found = report(
        ["opendsm/il-gas-hdd-only-daily.csv.gz"],
        ["opendsm/il-tempF.csv.gz"],
        baseline=Days(date(2015, 12, 27), date(2016, 12, 25)),
        reporting=Days(date(2017, 1, 5), date(2018, 1, 4)),
    )
    assert found.savings.modelled_kwh is not None
    # The file names no unit, so its therms are taken as they stand.
    assert found.savings.modelled_kwh == pytest.approx(1052.8777, rel=1e-3)
    assert found.savings.share == pytest.approx(0.08696, abs=1e-3)
    assert found.model is not None
    assert found.model.quality.cv_rmse == pytest.approx(0.31455, abs=1e-2)
