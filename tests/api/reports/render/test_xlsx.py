"""The workbook: real values, inert text, charts, the same numbers as the report."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.reports.speed.render import xlsx

Reports = Callable[[str], SpeedReport]


def opened(report: SpeedReport, lang: str = "en") -> Any:
    return load_workbook(io.BytesIO(xlsx.render(report, lang)))


def test_sheets_in_both_languages(report: Reports) -> None:
    assert opened(report("comparison")).sheetnames == [
        "Summary", "Directions", "Hours", "Volumes", "Days", "Histogram", "Comparison", "Quality and methods",
    ]  # fmt: skip
    assert opened(report("week"), "da").sheetnames == [
        "Oversigt", "Retninger", "Timer", "Trafikmængder", "Døgn", "Histogram", "Kvalitet og metoder",
    ]  # fmt: skip


def test_numbers_and_dates_are_real_and_the_head_is_frozen(report: Reports) -> None:
    shown = report("week")
    book = opened(shown)
    days = book["Days"]
    assert days.freeze_panes == "B3"
    assert days["A3"].value.date() == date(2026, 11, 2)
    assert days["C3"].value == shown.days[0].n
    assert days["F3"].value == pytest.approx(shown.days[0].v85_kmh)
    assert days["G3"].value == pytest.approx(shown.days[0].over_limit_share)
    assert "%" in days["G3"].number_format
    hours = book["Hours"]
    assert hours.freeze_panes == "B3"
    assert [hours.cell(row, 16).value for row in range(3, 27)] == [row.n for row in shown.hours]
    assert hours.cell(27, 16).value == shown.statistics.all.n
    assert days.column_dimensions["I"].width > 30
    histogram = book["Histogram"]
    assert sum(row[2].value for row in histogram.iter_rows(min_row=3)) == sum(shown.histogram.all)


def test_hours_without_data_are_na(report: Reports) -> None:
    hours = opened(report("month"))["Hours"]
    assert {hours.cell(5, column).value for column in range(2, 20)} == {"N/A"}


def test_native_charts(report: Reports) -> None:
    with zipfile.ZipFile(io.BytesIO(xlsx.render(report("week"), "en"))) as parts:
        charts = [name for name in parts.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == 3


def test_what_users_wrote_is_no_formula_and_no_link(report: Reports) -> None:
    made = xlsx.render(report("hostile"), "en")
    book = load_workbook(io.BytesIO(made))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    assert any(str(cell.value).startswith("=cmd|") and cell.data_type == "s" for cell in cells)
    assert [cell.coordinate for cell in cells if cell.hyperlink] == []
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        assert not any(
            b"<f>" in parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/sheet")
        )


def test_same_report_gives_same_bytes(report: Reports) -> None:
    assert xlsx.render(report("week"), "da") == xlsx.render(report("week"), "da")


def test_every_shape_opens(report: Reports, shapes: tuple[str, ...]) -> None:
    for shape in shapes:
        assert opened(report(shape), "da").sheetnames[0] == "Oversigt", shape
