"""A building's monthly report by schedule: of the month before, once, the same as on demand, sent in its own words."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from anyio.from_thread import BlockingPortal

from bypuls.api.reports.schedule import Mailer
from bypuls.store.registry import Building
from tests.api.report_schedules.conftest import Office, Postbox

ENERGY = {"id": "hall-monthly", "building": "hall", "every": "month"}
SECOND = timedelta(seconds=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_month_across_the_change_of_the_clock_is_made_once(hall: Office) -> None:
    hall.add(**ENERGY, lang="en", formats="json")
    hall.clock.now = at("2026-10-25T00:30+02:00")
    assert hall.run() == [("hall-monthly", "2026-09-01", "done")]
    # Through the hour that comes twice, and up to the second before five on the first of November.
    while hall.clock.now < at("2026-10-25T05:30+01:00"):
        hall.clock.now += timedelta(minutes=30)
        assert hall.run() == []
    hall.clock.now = at("2026-11-01T05:00+01:00") - SECOND
    assert hall.run() == []
    hall.clock.now += SECOND
    assert hall.run() == [("hall-monthly", "2026-10-01", "done")]
    assert hall.run() == []
    files = sorted(path.name for path in (hall.folder / "hall-monthly").iterdir())
    assert files == ["hall-energy-2026-09-01-2026-09-30-en.json", "hall-energy-2026-10-01-2026-10-31-en.json"]
    (heat,) = json.loads((hall.folder / "hall-monthly" / files[1]).read_bytes())["media"]
    # 31 days with an hour more, five of them unknown: 745 − 120 hours of 10 kWh.
    assert heat["amount"]["total"] == pytest.approx(6250.0)
    assert heat["amount"]["coverage"] == pytest.approx(625 / 745)


def test_in_spring_five_in_the_morning_is_summer_time(hall: Office) -> None:
    hall.add(**ENERGY, formats="json")
    hall.clock.now = at("2026-04-01T03:00+00:00") - SECOND
    assert hall.run() == [("hall-monthly", "2026-02-01", "done")]
    hall.clock.now += SECOND
    assert hall.run() == [("hall-monthly", "2026-03-01", "done")]
    told = json.loads((hall.folder / "hall-monthly/hall-energy-2026-03-01-2026-03-31-da.json").read_bytes())
    assert told["media"][0]["amount"]["total"] == pytest.approx(743 * 10.0)


def test_of_months_that_were_missed_the_newest_is_made(hall: Office) -> None:
    hall.add(**ENERGY, formats="json", day=15)
    hall.clock.now = at("2026-06-20T12:00+02:00")
    assert hall.run() == [("hall-monthly", "2026-05-01", "done")]
    hall.clock.now = at("2026-10-14T12:00+02:00")
    assert hall.run() == [("hall-monthly", "2026-08-01", "done")]
    assert hall.run() == []
    assert [str(run.first_day) for run in hall.book.report_runs()] == ["2026-08-01", "2026-05-01"]


def test_it_is_the_report_that_is_made_on_demand(hall: Office, portal: BlockingPortal) -> None:
    hall.add(**ENERGY, formats="json csv xlsx pdf", folder="hall")
    hall.clock.now = at("2026-11-02T08:00+01:00")
    assert hall.run() == [("hall-monthly", "2026-10-01", "done")]
    page = hall.client(portal)
    made = {path.suffix[1:]: path.read_bytes() for path in (hall.folder / "hall").iterdir()}
    asked = {
        form: page.get(f"/api/v1/buildings/hall/report?month=2026-10&lang=da&format={form}").content for form in made
    }
    assert json.loads(made["json"]) == json.loads(asked["json"])
    assert made["csv"] == asked["csv"]
    assert words_in(made["xlsx"]) == words_in(asked["xlsx"])
    assert ("Fjernvarme", pytest.approx(625 / 745)) in [
        (row[0], row[6]) for row in words_in(made["xlsx"]) if len(row) > 6
    ]
    assert any("kun 84\u00a0% af perioden er målt" in str(row[0]) for row in words_in(made["xlsx"]))
    assert made["pdf"].startswith(b"%PDF-")
    assert len(made["pdf"]) == pytest.approx(len(asked["pdf"]), rel=0.02)


def words_in(workbook: bytes) -> list[tuple[Any, ...]]:
    """Every row of every sheet."""
    book = openpyxl.load_workbook(io.BytesIO(workbook), read_only=True)
    return [row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]


def test_sent_in_the_reports_own_words(hall: Office, mailer: Mailer, postbox: Postbox) -> None:
    hall.add(**ENERGY, lang="en", formats="pdf xlsx", recipients="energy@town.example")
    hall.clock.now = at("2026-11-02T08:00+01:00")
    postbox.answers = ["451 later, please"]
    assert hall.run(mailer) == [("hall-monthly", "2026-10-01", "waiting")]
    assert hall.run(mailer) == []
    hall.clock.now += timedelta(seconds=61)
    assert hall.run(mailer) == [("hall-monthly", "2026-10-01", "done")]
    assert hall.run(mailer) == []
    (mail,) = postbox.mails
    assert mail["Subject"] == "Energy report: The hall, October 2026"
    body, *files = [part for part in mail.walk() if not part.is_multipart()]
    assert {part.get_filename(): part.get_content_type() for part in files} == {
        "hall-energy-2026-10-01-2026-10-31-en.pdf": "application/pdf",
        "hall-energy-2026-10-01-2026-10-31-en.xlsx":
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }  # fmt: skip
    text = body.get_content()  # type: ignore[attr-defined]
    assert text.startswith("The hall, October 2026: No verdict.")
    assert "District heating: only 84\u00a0% of the period is measured; expected at least 95\u00a0%." in text


def test_a_building_that_nothing_measures_gets_a_report_that_says_so(office: Office) -> None:
    with office.registry.session() as session:
        session.add(Building(id="shed", name="The shed"))
    office.add(id="shed-monthly", building="shed", every="month", formats="json pdf xlsx")
    office.clock.now = at("2026-11-02T08:00+01:00")
    assert office.run() == [("shed-monthly", "2026-10-01", "done")]


def test_a_folder_that_cant_be_written_is_tried_again(hall: Office) -> None:
    hall.add(**ENERGY, formats="json")
    hall.folder.write_text("a file where the folder should be")
    hall.clock.now = at("2026-11-02T08:00+01:00")
    assert hall.run() == [("hall-monthly", "2026-10-01", "waiting")]
    hall.folder.unlink()
    hall.clock.now += timedelta(seconds=61)
    assert hall.run() == [("hall-monthly", "2026-10-01", "done")]


def test_streets_and_buildings_side_by_side(hall: Office) -> None:
    hall.add(**ENERGY, formats="json")
    hall.add(id="lane-monthly", every="month", formats="json")
    hall.add(id="off", building="hall", every="month", formats="json", enabled=False)
    hall.clock.now = at("2026-11-02T08:00+01:00")
    assert hall.run() == [("hall-monthly", "2026-10-01", "done"), ("lane-monthly", "2026-10-01", "done")]
