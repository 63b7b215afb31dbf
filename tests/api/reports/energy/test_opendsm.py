"""OpenDSM's model of hours: the report says what OpenDSM says, and agrees with the signature. Skipped where the extra
isn't installed; `.ci/run` installs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bypuls.analysis.arrays import FloatArray
from bypuls.api.reports.energy.build import build_report
from bypuls.api.reports.energy.formats import rendered
from bypuls.api.reports.energy.hours import HOUR_US, Hours
from bypuls.api.reports.energy.model import EnergyReport, HourlyModel
from bypuls.api.reports.energy.opendsm_hourly import REMARKS, SEED, fit_hours
from bypuls.api.reports.energy.reading import MeterOptions, WeatherOptions, read_meter_rows, read_weather
from bypuls.api.reports.energy.settings import Days, Settings

from .conftest import hourly_heat, hourly_temperatures

pytestmark = pytest.mark.skipif(find_spec("opendsm") is None, reason="OpenDSM is not installed: make opendsm")

_BESIDE = Path(__file__).resolve().parents[4].parent / "shared" / "data"
DATA = Path(os.environ.get("BYPULS_REAL_DATA") or _BESIDE) / "energy" / "opendsm"
Report = Callable[..., EnergyReport]


def told_by_opendsm(before: Any, after: Any) -> tuple[Any, Any]:
    """(metrics of the baseline, metrics of the saving) of two data frames, by OpenDSM alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from opendsm import eemeter
        from opendsm.common.metrics import ReportingMetrics
        from opendsm.eemeter.models.hourly.settings import BaseHourlySettings

        model = eemeter.HourlyModel(BaseHourlySettings(seed=SEED))
        model.fit(eemeter.HourlyBaselineData(before, is_electricity_data=False))
        told = model.predict(eemeter.HourlyReportingData(after, is_electricity_data=False))
        measured = told[~told["interpolated_observed"] & ~told["interpolated_temperature"]]
        saving = ReportingMetrics(
            baseline_metrics=model.baseline_metrics,
            reporting_df=measured,
            data_frequency="hourly",
            confidence_level=0.90,
            t_tail=2,
        )
        # Read here: they are computed when they are asked for.
        return model.baseline_metrics.model_copy(), saving.model_copy()


def says_the_same(found: EnergyReport, metrics: Any, told: Any, kwh: float = 1.0) -> None:
    """kwh : of the frame's unit."""
    saving, model = found.savings, found.model
    assert isinstance(model, HourlyModel)
    assert (model.kind, model.software.name, model.software.version) == ("opendsm-hourly", "OpenDSM", "1.2.7")
    assert (model.quality.n, model.quality.p) == (metrics.n, metrics.num_model_params)
    quality = (model.quality.cv_rmse, model.quality.nmbe, model.quality.r2, model.quality.adjusted_r2)
    assert quality == pytest.approx(
        (metrics.cvrmse_adj, metrics.nmbe, metrics.r_squared, metrics.r_squared_adj), abs=1e-9
    )
    assert model.quality.rmse == pytest.approx(metrics.rmse_adj * kwh)
    assert saving.effective_n == pytest.approx(metrics.n_prime)
    assert (saving.hours, saving.kwh) == (told.n, pytest.approx(told.savings * kwh))
    assert saving.modelled_kwh == pytest.approx(told.predicted_sum * kwh)
    assert saving.actual_kwh == pytest.approx(told.observed_sum * kwh)
    assert saving.interval_kwh is not None
    low, high = saving.interval_kwh
    assert (high - low) / 2 == pytest.approx(told.total_savings_uncertainty * kwh)


def test_the_illinois_sample_as_opendsm_tells_it() -> None:
    """365 days on each side of the blackout, the true saving 10 %."""
    if not DATA.is_dir():
        pytest.skip("no energy data: set BYPULS_REAL_DATA to the real data")
    import pandas as pd

    meter, weather = DATA / "il-gas-hdd-only-hourly.csv.gz", DATA / "il-tempF.csv.gz"
    options = MeterOptions(unit="therm")
    rows = read_meter_rows([meter], options)
    temps = read_weather([weather], WeatherOptions(timezone=rows.zone))
    settings = Settings(
        "Illinois",
        baseline=Days(date(2015, 12, 27), date(2016, 12, 25)),
        reporting=Days(date(2017, 1, 5), date(2018, 1, 4)),
        model="opendsm-hourly",
    )
    found = build_report(rows, options, temps, settings)
    columns = {}
    for name, path in (("observed", meter), ("temperature", weather)):
        table = pd.read_csv(path)
        times = pd.to_datetime(table.iloc[:, 0], utc=True).dt.tz_convert("America/Chicago")
        columns[name] = pd.Series(table.iloc[:, 1].to_numpy(), index=times)
    frame = pd.DataFrame(columns)
    told = told_by_opendsm(frame.loc["2015-12-27":"2016-12-25"], frame.loc["2017-01-05":"2018-01-04"])
    says_the_same(found, *told, kwh=29.3001)
    assert found.savings.share == pytest.approx(0.0924, abs=1e-3)
    assert found.savings.interval is not None
    assert found.savings.interval[0] < 0.10 < found.savings.interval[1]
    of_days = build_report(rows, options, temps, replace(settings, model="daily"))
    assert of_days.savings.share == pytest.approx(found.savings.share, abs=0.01)


def test_a_simulated_building_as_opendsm_tells_it_with_holes(hourly_report: Report) -> None:
    import pandas as pd

    temps = hourly_temperatures()
    use = hourly_heat(temps)
    use[3_000:3_050] = use[12_000:12_100] = np.nan
    found = hourly_report(use, fit=fit_hours)
    index = pd.date_range("2024-01-01", "2026-01-01", freq="h", tz="Europe/Copenhagen", inclusive="left")
    frame = pd.DataFrame({"observed": use.round(6), "temperature": temps.round(6) * 1.8 + 32.0}, index=index)
    says_the_same(found, *told_by_opendsm(frame.loc["2024-01-01":"2024-12-30"], frame.loc["2025-01-01":"2025-12-31"]))
    assert found.savings.hours == 8760 - 100


@pytest.mark.parametrize("saved", [0.0, 0.1, 0.2])
def test_hours_and_days_agree_on_a_simulated_building(hourly_report: Report, saved: float) -> None:
    """Within 0.2 points of the use of each other, and half a point of the truth."""
    use = hourly_heat(hourly_temperatures(), saved=saved)
    of_hours, of_days = (
        hourly_report(use, fit=fit_hours).savings,
        hourly_report(use, settings={"model": "daily"}).savings,
    )
    assert of_hours.share == pytest.approx(saved, abs=0.005)
    assert of_hours.share == pytest.approx(of_days.share, abs=0.002)


def test_what_opendsm_disqualifies_is_refused_with_its_own_names(hourly_report: Report) -> None:
    use = hourly_heat(hourly_temperatures())
    use[2_000:3_500] = np.nan
    report = hourly_report(use, fit=fit_hours)
    assert report.model is None
    assert report.savings.kwh is None
    prefix = "eemeter.sufficiency_criteria."
    assert {reason.code: reason.found for reason in report.savings.refused} == {
        f"{prefix}too_many_days_with_missing_observed_data": "302 of 365 days measured",
        f"{prefix}too_many_days_with_missing_joint_data": "302 of 365 days with use and temperature",
        f"{prefix}missing_monthly_observed_data": "0.0% of a month's hours measured",
    }
    assert report.model_refused == report.savings.refused
    short = hourly_report(settings={"baseline": Days(date(2024, 1, 1), date(2024, 6, 30))}, fit=fit_hours)
    found = [(reason.code.rpartition(".")[2], reason.found, reason.expected) for reason in short.savings.refused]
    assert found == [("incorrect_number_of_total_days", "182 days", "329 … 366")]


def hours(use: FloatArray, temps: FloatArray) -> Hours:
    start = np.datetime64("2023-12-31T23:00", "us").astype(np.int64)
    day = np.arange(use.size) // 24
    return Hours(start + np.arange(use.size) * HOUR_US, use, temps, day, np.full(use.size, 1 / 24))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("alike", "hours alike"),
        ("none", "eemeter.sufficiency_criteria.no_data"),
        ("scatter", "eemeter.model_fit_metrics"),
        ("below zero", "eemeter.sufficiency_criteria.negative_observed_values"),
    ],
)
def test_hopeless_baselines_are_refused(kind: str, code: str) -> None:
    temps = hourly_temperatures()[: 365 * 24]
    rng = np.random.default_rng(1)
    use = {
        "alike": np.full(temps.size, 2.0),
        "none": np.full(temps.size, np.nan),
        "scatter": np.maximum(0.05, 10.0 - temps) * rng.lognormal(0.0, 1.3, temps.size),
        "below zero": hourly_heat(temps) - 1e-6 - hourly_heat(temps).min(),
    }[kind]
    found = fit_hours(hours(use, temps), None, zone="Etc/GMT-1", electricity=False, confidence=0.9)
    assert [reason.code for reason in found.refused] == [code]
    assert found.saving is None
    assert (found.model is not None) is (kind == "scatter")


def test_what_it_asks_for_is_what_opendsm_asks_for() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from opendsm.eemeter.common.data_settings import HourlyDataSettings

        asked = HourlyDataSettings().sufficiency
    assert REMARKS["eemeter.sufficiency_criteria.incorrect_number_of_total_days"][1] == (
        f"{asked.min_baseline_length:.0f} … {asked.max_baseline_length}"
    )
    shares = {
        asked.temperature.min_pct_daily_coverage,
        asked.temperature.min_pct_monthly_coverage,
        asked.observed.min_pct_daily_coverage,
        asked.observed.min_pct_monthly_coverage,
        asked.joint.min_pct_daily_coverage,
    }
    assert shares == {0.9}
    assert {expected for _, expected in REMARKS.values() if "%" in expected} == {"at least 90 %"}


def test_the_same_hours_give_the_same_report(hourly_report: Report) -> None:
    once, again = (rendered(hourly_report(fit=fit_hours), "json", "da") for _ in range(2))
    assert once == again


def test_nothing_but_the_report_reaches_the_terminal(tmp_path: Path) -> None:
    """Not what numpy warns of, nor what OpenDSM logs."""
    temps = hourly_temperatures()
    at = np.arange("2023-12-31T23", "2025-12-31T23", dtype="datetime64[h]")
    use = hourly_heat(temps)
    use[100] = 60.0  # OpenDSM remarks on it
    for name, heading, values in (("varme", "kWh", use), ("vejr", "temp [degC]", temps)):
        rows = [f"{time}:00:00Z,{value:.4f}" for time, value in zip(at, values, strict=True)]
        (tmp_path / f"{name}.csv").write_text("\n".join([f"time,{heading}", *rows]), encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable, "-m", "bypuls.cli", "report", "energy", "varme.csv", "--weather", "vejr.csv",
            "--tz", "Europe/Copenhagen", "--reporting", "2025-01-01", "2025-12-31", "--model", "opendsm-hourly",
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    model = json.loads(done.stdout)["model"]
    assert model["kind"] == "opendsm-hourly"
    assert [one["code"] for one in model["warnings"]] == ["eemeter.sufficiency_criteria.extreme_values_detected"]
