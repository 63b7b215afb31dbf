"""Hours of a meter for a model of hours, and what its report tells; with a model that needs no library."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import openpyxl
import pytest
from pypdf import PdfReader

from bypuls.analysis.energy.events import NonRoutineEvent
from bypuls.api.reports.energy.formats import rendered
from bypuls.api.reports.energy.hours import HOUR_US, HourlyFit, Hours
from bypuls.api.reports.energy.model import EnergyReport
from bypuls.api.reports.energy.opendsm_hourly import REMARKS, OpendsmMissing, require_opendsm
from bypuls.api.reports.energy.render.labels import REASONS
from bypuls.api.reports.energy.settings import Days
from bypuls.api.reports.energy.to_json import to_json
from bypuls.api.reports.reading.errors import FileProblem

from .conftest import AFTER, BEFORE, hourly_heat, hourly_temperatures, straight_fit

Report = Callable[..., EnergyReport]


class Listening:
    """The straight model; keeps what it was asked."""

    def __init__(self) -> None:
        self.baseline: Hours
        self.reporting: Hours | None = None
        self.asked: dict[str, Any] = {}

    def __call__(self, baseline: Hours, reporting: Hours | None, **asked: Any) -> HourlyFit:
        self.baseline, self.reporting, self.asked = baseline, reporting, asked
        return straight_fit(baseline, reporting, **asked)


def codes(report: EnergyReport) -> list[str]:
    assert report.savings.kwh is None
    return [reason.code for reason in report.savings.refused]


def test_hours_are_whole_local_days_of_the_periods(hourly_report: Report) -> None:
    fit = Listening()
    temps = hourly_temperatures()
    hourly_report(fit=fit)
    assert fit.reporting is not None
    # 2024-01-01 … 2024-12-30 and 2025-01-01 … 2025-12-31, of which two days have 23 and 25 hours.
    assert fit.baseline.start_us.size == fit.reporting.start_us.size == 365 * 24
    assert fit.baseline.start_us[0] == np.datetime64("2023-12-31T23:00", "us").astype(np.int64)
    assert set(np.diff(fit.baseline.start_us)) == {HOUR_US}
    assert fit.baseline.temp_c == pytest.approx(temps[: 365 * 24], abs=1e-4)
    assert fit.baseline.kwh == pytest.approx(hourly_heat(temps)[: 365 * 24], abs=1e-6)
    lengths = np.bincount(fit.baseline.day)
    assert (lengths.min(), lengths.max()) == (23, 25)
    assert fit.baseline.day_share * lengths[fit.baseline.day] == pytest.approx(1.0)
    assert fit.asked == {"zone": "Europe/Copenhagen", "electricity": False, "confidence": 0.90}


@pytest.mark.parametrize(
    ("settings", "electricity"),
    [
        ({"medium": "electricity"}, True),
        ({"medium": "electricity", "own_generation": True}, False),
        ({"medium": "gas"}, False),
    ],
)
def test_zeros_are_missing_of_electricity_alone(
    hourly_report: Report, settings: dict[str, Any], electricity: bool
) -> None:
    fit = Listening()
    hourly_report(fit=fit, settings=settings)
    assert fit.asked["electricity"] is electricity


def test_a_longer_baseline_counts_with_its_last_year(hourly_report: Report) -> None:
    fit = Listening()
    settings = {"baseline": Days(date(2024, 1, 1), date(2025, 2, 28)), "reporting": Days(date(2025, 3, 1), AFTER.last)}
    report = hourly_report(fit=fit, settings=settings)
    assert report.savings.baseline is not None
    assert report.savings.baseline.first_day == date(2024, 3, 1)
    assert np.unique(fit.baseline.day).size == 365


def test_the_saving_in_all_fields(hourly_report: Report) -> None:
    report = hourly_report()
    saving = report.savings
    assert saving.kwh is not None
    assert saving.modelled_kwh is not None
    assert saving.actual_kwh == pytest.approx(hourly_heat(hourly_temperatures())[366 * 24 :].sum(), rel=1e-6)
    assert saving.kwh == pytest.approx(saving.modelled_kwh - saving.actual_kwh)
    assert saving.share == pytest.approx(saving.kwh / saving.modelled_kwh)
    assert saving.interval == pytest.approx((saving.share - 0.02, saving.share + 0.02))
    assert (saving.days, saving.hours, saving.significant) == (365, 8760, True)
    assert saving.refused == ()
    assert (saving.baseline is not None, saving.reporting is not None) == (True, True)
    days = report.daily
    modelled = [kwh for kwh, period in zip(days.model_kwh, days.period, strict=True) if period == "reporting"]
    assert sum(kwh or 0.0 for kwh in modelled) == pytest.approx(saving.modelled_kwh)
    assert days.model_kwh[365] is None  # 2024-12-31 lies between the periods


def test_hours_half_measured_or_without_temperature_dont_count(hourly_report: Report) -> None:
    use = hourly_heat(hourly_temperatures())
    use[9_000:9_100] = np.nan
    report = hourly_report(use)
    assert report.savings.hours == 8760 - 100
    assert report.savings.actual_kwh == pytest.approx(np.nansum(use[366 * 24 :]), rel=1e-6)


def test_events_are_taken_out_hour_by_hour(hourly_report: Report) -> None:
    known = NonRoutineEvent("solar", date(2025, 6, 1), date(2025, 6, 30), "adjusted", -24.0, half_width_per_day=10.0)
    plain = hourly_report().savings
    adjusted = hourly_report(settings={"events": (known,)}).savings
    assert adjusted.adjustment_kwh == pytest.approx(-24.0 * 30)
    assert plain.kwh is not None
    assert adjusted.kwh == pytest.approx(plain.kwh - 24.0 * 30)
    assert plain.interval_kwh is not None
    assert adjusted.interval_kwh is not None
    (low, high), (wide_low, wide_high) = plain.interval_kwh, adjusted.interval_kwh
    assert (wide_high - wide_low) / 2 == pytest.approx(np.hypot((high - low) / 2, 300.0))
    out = NonRoutineEvent("closed", date(2025, 3, 30), date(2025, 3, 30), "left out")
    assert hourly_report(settings={"events": (out,)}).savings.hours == 8760 - 23
    unknown = NonRoutineEvent("extension", date(2025, 3, 1))
    assert codes(hourly_report(settings={"events": (unknown,)})) == ["non-routine event"]


@pytest.mark.parametrize(
    ("known_hours", "last", "reason"),
    [(None, date(2025, 1, 20), "reporting length"), (200 * 24, AFTER.last, "reporting coverage")],
)
def test_a_reporting_period_must_carry_a_saving_whatever_the_model(
    hourly_report: Report, known_hours: int | None, last: date, reason: str
) -> None:
    use = hourly_heat(hourly_temperatures())
    if known_hours is not None:
        use[366 * 24 + known_hours :] = np.nan
        use[-1] = 1.0  # the file still reaches to its last hour
    report = hourly_report(use, settings={"reporting": Days(AFTER.first, last)})
    assert codes(report) == [reason]
    assert report.model is not None


def test_what_the_model_refuses_is_told_in_its_words(hourly_report: Report) -> None:
    use = hourly_heat(hourly_temperatures())
    use[1000:7000] = np.nan
    report = hourly_report(use)
    assert codes(report) == ["straight.too_few"]
    assert report.model is None
    told = to_json(report)
    assert told["model"]["kind"] is None
    assert told["model"]["refused"] == told["savings"]["refused"]
    assert told["savings"]["refused"][0]["found"] == "2760 hours"
    assert "straight.too_few: 2760 hours" in " ".join(page.extract_text() for page in pdf(report, "da").pages)


def test_a_baseline_alone_gives_the_model(hourly_report: Report) -> None:
    report = hourly_report(settings={"reporting": None})
    assert report.model is not None
    assert codes(report) == ["periods"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"every": 24}, "--model opendsm-hourly: the meter's values are daily; expected hourly ones or finer"),
        ({"every": 2}, "the meter's values are 2 hours apart; expected hourly ones"),
        ({"weather_every": 3}, "the temperatures of vejr.csv are 3 hours apart; expected hourly ones"),
        ({"weather_every": 24}, "the temperatures of vejr.csv are 24 hours apart"),
        ({"minutes": 20}, "the meter's intervals of 60 minutes don't add up to the hours of Europe/Copenhagen"),
        ({"settings": {"baseline": None, "reporting": None}}, "no period named; expected --reporting FROM TO"),
    ],
)
def test_data_that_are_not_hourly_are_refused(hourly_report: Report, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(FileProblem) as told:
        hourly_report(**asked)
    assert message in str(told.value)


def test_json_keeps_its_fields_and_says_why_some_are_null(hourly_report: Report, report: Report) -> None:
    found, of_days = to_json(hourly_report()), to_json(report())
    assert found.keys() == of_days.keys()
    for part in ("model", "savings", "figures", "degree_days"):
        assert found[part].keys() == of_days[part].keys()
    assert found["model"]["kind"] == "straight"
    assert (found["model"]["step"], of_days["model"]["step"]) == ("hour", "day")
    unsaid = [name for name, value in found["model"].items() if value is None]
    (why,) = found["model"]["null_because"]
    assert sorted(unsaid) == ["balance_temperatures", "bic", "coefficients", "parts"]
    assert all(name in why["found"] for name in unsaid)
    assert of_days["model"]["null_because"] == []
    assert found["methods"]["model"] == "opendsm-hourly"


def pdf(report: EnergyReport, lang: str) -> PdfReader:
    return PdfReader(io.BytesIO(rendered(report, "pdf", lang)))


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("da", ("Timemodel", "Straight 1, model af timer", "8.760 målte timer", "forventet af timemodellen")),
        ("en", ("Hourly model", "Straight 1, model of hours", "8,760 measured hours", "expected by the hourly model")),
    ],
)
def test_pdf_and_workbook_speak_of_hours(hourly_report: Report, lang: str, said: tuple[str, ...]) -> None:
    report = hourly_report()
    pages = pdf(report, lang).pages
    words = " ".join(" ".join(page.extract_text() for page in pages).replace("\xa0", " ").split())
    assert [text for text in said if text not in words] == []
    book = openpyxl.load_workbook(io.BytesIO(rendered(report, "xlsx", lang)))
    assert said[0] in book.sheetnames
    assert len(book["Dage" if lang == "da" else "Days"]._charts) == 2


def test_months_between_the_periods_have_no_difference(hourly_report: Report) -> None:
    """A month of which half has an expectation is compared over that half."""
    baseline, reporting = Days(BEFORE.first, date(2024, 12, 15)), Days(date(2025, 2, 1), AFTER.last)
    report = hourly_report(settings={"baseline": baseline, "reporting": reporting})
    book = openpyxl.load_workbook(io.BytesIO(rendered(report, "xlsx", "en")))
    rows = {str(row[0]): row for row in book["Months"].iter_rows(min_row=3, values_only=True) if row[0]}
    assert rows["Jan 2025"][3] is not None
    assert rows["Jan 2025"][4:6] == (None, None)
    days = report.daily
    december = [at for at, day in enumerate(days.days) if (day.year, day.month) == (2024, 12) and day.day <= 15]
    less = sum((days.model_kwh[at] or 0.0) - (days.kwh[at] or 0.0) for at in december)
    assert rows["Dec 2024"][5] == pytest.approx(less)


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ("x86_64", ("make opendsm", "pip install 'bypuls[server,opendsm]'")),
        ("aarch64", ("on x86_64 alone", "no wheels for aarch64", "--model daily")),
    ],
)
def test_without_the_extra_it_says_what_installs_it(machine: str, said: tuple[str, ...]) -> None:
    with pytest.raises(OpendsmMissing) as told:
        require_opendsm(lambda _: None, machine)
    assert [text for text in said if text not in str(told.value)] == []


def test_every_remark_of_opendsm_has_words() -> None:
    assert [code for code in REMARKS if code not in REASONS] == []
