"""What a report says of files: the signature that made them, the saving, and every planted fault by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import numpy as np
import numpy.typing as npt
import pytest

from bypuls.analysis.energy.events import NonRoutineEvent
from bypuls.analysis.energy.normal_year import DANSK_FJERNVARME, NormalYear
from bypuls.analysis.errors import BadInput
from bypuls.api.reports.energy.model import EnergyReport
from bypuls.api.reports.energy.settings import Days
from bypuls.api.reports.energy.to_json import to_json
from bypuls.api.reports.reading.errors import FileProblem

from .conftest import AFTER, heat, temperatures

Array = npt.NDArray[np.float64]
Report = Callable[..., EnergyReport]


def findings(found: EnergyReport) -> dict[str, int]:
    return {one.code: one.n for one in found.quality.findings}


def codes(found: EnergyReport) -> list[str]:
    assert found.savings.kwh is None
    return [one.code for one in found.savings.refused]


def test_the_signature_and_the_saving_of_the_files_are_found(report: Report) -> None:
    found = report()
    assert found.model is not None
    model = found.model.parts[0].model
    assert (model.kind, found.model_of) == ("3PH", "baseline")
    assert model.base == pytest.approx(40.0, abs=2.0)
    assert model.heating_slope == pytest.approx(12.0, abs=0.5)
    assert model.heating_balance_c == pytest.approx(15.0, abs=0.5)
    saving = found.savings
    assert saving.interval is not None
    assert saving.interval[0] < 0.1 < saving.interval[1]
    assert saving.interval[1] - saving.interval[0] < 0.05
    assert saving.significant
    assert saving.modelled_kwh == pytest.approx((saving.actual_kwh or 0) + (saving.kwh or 0))
    assert found.quality.findings == ()
    assert (found.quality.days, found.quality.days_known, found.quality.coverage) == (731, 731, 1.0)


def test_json_has_the_keys_that_the_guide_names(report: Report) -> None:
    found = json.loads(json.dumps(to_json(report())))
    assert {"quality", "model", "savings", "degree_days", "figures", "daily"} <= found.keys()
    assert {"kind", "coefficients", "cv_rmse", "nmbe", "r2", "adjusted_r2", "balance_temperatures", "n"} <= found[
        "model"
    ].keys()
    assert found["model"]["balance_temperatures"]["heating_c"] == pytest.approx(15.0, abs=0.5)
    low, high = found["savings"]["interval"]
    assert low < found["savings"]["share"] < high
    assert found["savings"]["refused"] == []
    assert len(found["daily"]["days"]) == len(found["daily"]["model_kwh"]) == 731


def test_a_jump_of_the_unit_is_named_and_never_a_silent_number(report: Report) -> None:
    use = heat(temperatures(731))
    use[500:530] *= 1000.0
    found = report(use)
    assert findings(found)["unit_jump"] == 1
    jump = found.quality.unit_jumps[0]
    assert (jump.start, jump.end, jump.value) == ("2025-05-15", "2025-06-13", pytest.approx(1000.0))
    assert found.savings.kwh is not None  # 30 of 365 days are left out
    assert found.savings.interval is not None
    assert found.savings.share == pytest.approx(0.1, abs=0.02)
    assert found.savings.days == 335


def test_half_a_year_of_gaps_refuses_the_saving(report: Report) -> None:
    use = heat(temperatures(731))
    use[60:240] = np.nan
    found = report(use)
    assert codes(found) == ["baseline days"]
    assert found.savings.refused[0].found == "180 of 365 missing"
    assert findings(found)["gap"] == 1
    assert found.quality.gaps[0].start == "2024-03-01T00:00+01:00"
    assert found.model is not None  # a model all the same, as the page shows it


def test_zeros_in_winter_stand_for_missing_ones_and_values_may_stand_still(report: Report) -> None:
    use = heat(temperatures(731))
    use[20:25] = 0.0
    use[400:412] = 123.4
    found = report(use)
    assert findings(found)["zero_for_missing"] == found.quality.zeros_missing == 5
    assert findings(found)["stuck"] == 1
    assert (found.quality.stuck[0].value, found.quality.stuck[0].hours) == (123.4, 288.0)
    assert found.savings.kwh is not None


def test_no_periods_give_the_signature_of_all_days(report: Report) -> None:
    found = report(settings={"baseline": None, "reporting": None})
    assert codes(found) == ["periods"]
    assert (found.model_of, found.model.quality.n if found.model else None) == ("all", 731)
    only = report(settings={"baseline": None})
    assert only.savings.baseline is not None
    assert (only.savings.baseline.first_day, only.savings.baseline.days) == (date(2024, 1, 2), 365)


def test_periods_that_cannot_be(report: Report) -> None:
    with pytest.raises(FileProblem, match=r"--reporting 2030-01-01 2030-12-31: no day of it is in the files"):
        report(settings={"reporting": Days(date(2030, 1, 1), date(2030, 12, 31))})
    with pytest.raises(FileProblem, match="expected after the baseline's last day 2024-12-30"):
        report(settings={"reporting": Days(date(2024, 6, 1), date(2025, 6, 1))})
    with pytest.raises(FileProblem, match="--medium water"):
        report(settings={"medium": "water"})
    with pytest.raises(BadInput, match="country: 'XX'"):
        report(settings={"holidays": "XX"})


def test_events_refuse_or_are_left_out(report: Report) -> None:
    closed = NonRoutineEvent("closed", date(2025, 2, 1), date(2025, 2, 28))
    assert codes(report(settings={"events": (closed,)})) == ["non-routine event"]
    left_out = NonRoutineEvent("closed", date(2025, 2, 1), date(2025, 2, 28), "left out")
    assert report(settings={"events": (left_out,)}).savings.days == 337


def normal(total: float, station: str = "vejr") -> NormalYear:
    return NormalYear("own", station, "all year", total, "test")


def test_twelve_months_are_corrected_to_normal_weather(report: Report) -> None:
    found = report(settings={"normal": normal(3500.0), "area_m2": 100.0})
    fixed = found.degree_days.correction
    assert fixed is not None
    assert (fixed.first_day, fixed.last_day, fixed.independent_source) == (AFTER.first, AFTER.last, "summer")
    assert fixed.kwh == pytest.approx(
        fixed.independent_kwh + (fixed.raw_kwh - fixed.independent_kwh) * 3500.0 / fixed.actual
    )
    assert fixed.eui_kwh_m2 == pytest.approx(fixed.kwh / 100.0)
    assert found.figures.eui_kwh_m2 == pytest.approx((found.figures.year_kwh or 0) / 100.0)
    reporting = found.degree_days.reporting
    assert reporting is not None
    assert reporting.total == pytest.approx(fixed.actual)
    holes = heat(temperatures(731))
    holes[400:410] = np.nan
    assert report(holes, settings={"normal": normal(3500.0)}).degree_days.correction is not None
    holes[400:430] = np.nan
    refused = report(holes, settings={"normal": normal(3500.0)}).degree_days
    assert refused.correction is None
    assert [one.code for one in refused.refused] == ["twelve months"]


def test_a_normal_year_of_another_station_is_refused(report: Report) -> None:
    found = report(settings={"normal": DANSK_FJERNVARME})
    assert found.degree_days.correction is None
    assert "expected those of the normal year: Dansk Fjernvarme" in found.degree_days.refused[0].found
    own = report(settings={"normal": "own"})
    assert own.degree_days.refused[0].code == "normal year"
    assert "years of own: 2; expected at least 10" in own.degree_days.refused[0].found
