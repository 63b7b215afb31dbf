"""What the schedules made, on the page and in the API: booked files alone, and what is said when one is gone."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from playwright.sync_api import Browser

from bypuls.store.book import ReportRun
from bypuls.store.registry import create_key
from tests.api.report_schedules.conftest import Office

NOVEMBER = datetime(2026, 11, 2, 7, tzinfo=UTC)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES = "/api/v1/reports/schedules/hall-monthly/files"
CSV = "hall-energy-2026-10-01-2026-10-31-da.csv"


@pytest.fixture
def made(hall: Office) -> Office:
    """Two schedules in November, the hall's of September and October made."""
    hall.add(
        id="hall-monthly", building="hall", every="month", formats="json csv", recipients="a@t.example b@t.example"
    )
    hall.clock.now = datetime(2026, 10, 2, 7, tzinfo=UTC)
    hall.run_files_only()
    hall.clock.now = NOVEMBER
    hall.run_files_only()
    hall.add(id="lane-weekly", every="week", weekday=3, formats="json")
    return hall


def test_files_are_had_as_they_were_made(hall: Office, portal: BlockingPortal) -> None:
    hall.add(id="hall-monthly", building="hall", every="month", formats="pdf xlsx")
    hall.clock.now = NOVEMBER
    hall.run()
    page = hall.client(portal)
    for root in (FILES, "/reports/files/hall-monthly"):
        for form, media in (("pdf", "application/pdf"), ("xlsx", XLSX)):
            answer = page.get(f"{root}/2026-10-01/{form}")
            assert answer.status_code == 200
            assert answer.headers["content-type"] == media
            name = f"hall-energy-2026-10-01-2026-10-31-da.{form}"
            assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.content == (hall.folder / "hall-monthly" / name).read_bytes()
    told = {"If-None-Match": answer.headers["etag"]}
    assert page.get(f"{FILES}/2026-10-01/xlsx", headers=told).status_code == 304


def test_the_api_tells_what_was_made_and_what_comes(made: Office, portal: BlockingPortal) -> None:
    key = create_key(made.registry, "reader", ["read"])
    client = made.client(portal, key=key)
    told = client.told("/reports/schedules")
    assert (told["total"], [one["id"] for one in told["items"]]) == (2, ["hall-monthly", "lane-weekly"])
    hall, lane = told["items"]
    size = (made.folder / "hall-monthly" / CSV).stat().st_size
    assert {name: hall[name] for name in ("report", "site", "building", "name", "every", "recipients", "formats")} == {
        "report": "energy", "site": None, "building": "hall", "name": "The hall", "every": "month", "recipients": 2,
        "formats": ["json", "csv"],
    }  # fmt: skip
    assert hall["next"] == {
        "first_day": "2026-11-01", "last_day": "2026-11-30", "t": "2026-12-01T04:00:00Z", "state": "planned"
    }  # fmt: skip
    assert (hall["last"]["first_day"], hall["last"]["last_day"], hall["last"]["state"]) == (
        "2026-10-01", "2026-10-31", "done"
    )  # fmt: skip
    assert hall["last"]["files"][1] == {
        "format": "csv", "name": CSV, "media_type": "text/csv; charset=utf-8", "bytes": size,
        "href": f"{FILES}/2026-10-01/csv",
    }  # fmt: skip
    assert client.get(hall["last"]["files"][1]["href"]).status_code == 200
    assert lane["last"] is None
    assert lane["next"] == {
        "first_day": "2026-10-19", "last_day": "2026-10-25", "t": "2026-10-28T04:00:00Z", "state": "due"
    }  # fmt: skip
    runs = client.told("/reports/schedules/hall-monthly")["runs"]
    assert [run["first_day"] for run in runs] == ["2026-10-01", "2026-09-01"]
    assert client.get("/api/v1/reports/schedules/hall-weekly").status_code == 404


def test_nobody_gets_them_without_a_key(made: Office, portal: BlockingPortal) -> None:
    stranger = made.client(portal, key="")
    for path in ("/api/v1/reports/schedules", "/api/v1/reports/schedules/hall-monthly", f"{FILES}/2026-10-01/pdf"):
        assert stranger.get(path).status_code == 401
    away = stranger.get("/reports/files/hall-monthly/2026-10-01/pdf", follow_redirects=False)
    assert (away.status_code, away.headers["location"]) == (303, "/sign-in")


WRONG = (
    ("hall-monthly/2026-08-01/csv", 404, "2026-10-01, 2026-09-01"),
    ("hall-monthly/2026-10-01/pdf", 404, "json, csv"),
    ("hall-monthli/2026-10-01/csv", 404, "the nearest is hall-monthly"),
    ("hall-monthly/2026-10-01/exe", 422, "pdf"),
    ("hall-monthly/yesterday/csv", 422, "date"),
    ("..%2f..%2fetc/2026-10-01/csv", 404, ""),
    ("%2e%2e/2026-10-01/csv", 422, "id"),
    ("hall-monthly/2026-10-01/..%2f..%2fregistry.db", 404, ""),
    ("hall-monthly/2026-10-01/csv%00", 422, "csv"),
    ("HALL-MONTHLY/2026-10-01/csv", 422, "id"),
)


def test_nothing_else_is_had(made: Office, portal: BlockingPortal) -> None:
    page = made.client(portal)
    for path, status, said in WRONG:
        id, _, rest = path.partition("/")
        answer = page.get(f"/api/v1/reports/schedules/{id}/files/{rest}")
        assert answer.status_code == status, (path, answer.text)
        assert said in answer.text, path
        assert page.get(f"/reports/files/{path}").status_code in (404, 422), path


BOOKED = (
    "hall-monthly/../../registry.db", "../registry.db", "/etc/passwd", "hall-monthly/notes.csv", "registry.db",
    "hall-monthly/hall-energy-2026-10-01-2026-13-31-da.csv", "hall-monthly/.hall-energy-2026-10-01-2026-10-31-da.csv",
)  # fmt: skip


def test_a_booked_name_that_isnt_of_our_making_is_no_file(made: Office, portal: BlockingPortal) -> None:
    (made.folder / "hall-monthly" / "notes.csv").write_bytes(b"not ours")
    page = made.client(portal)
    for booked in BOOKED:
        made.book.note_report_run(ReportRun("hall-monthly", date(2026, 10, 1), "done", 1, 0, 0, files=booked))
        assert page.get(f"{FILES}/2026-10-01/csv").status_code == 404, booked
        assert page.told("/reports/schedules/hall-monthly")["runs"][0]["files"] == [], booked


def in_place_of(path: Path, kind: str) -> None:
    path.unlink()
    if kind == "link":
        path.symlink_to(path.parent.parent.parent / "registry.db")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)


@pytest.mark.parametrize("kind", ["nothing", "link", "folder", "pipe"])
def test_a_file_that_is_gone(made: Office, portal: BlockingPortal, kind: str) -> None:
    in_place_of(made.folder / "hall-monthly" / CSV, kind)
    page = made.client(portal)
    answer = page.get(f"{FILES}/2026-10-01/csv")
    assert (answer.status_code, answer.json()["type"]) == (410, "urn:bypuls:problem:file-gone")
    assert CSV in answer.json()["detail"]
    assert page.told("/reports/schedules/hall-monthly")["last"]["files"][1]["bytes"] is None
    for lang, said in (("en", "The file is gone."), ("da", "Filen er væk.")):
        shown = page.get(f"/reports/files/hall-monthly/2026-10-01/csv?lang={lang}")
        assert (shown.status_code, shown.headers["content-type"]) == (410, "text/html; charset=utf-8")
        assert said in shown.text
    again = "/api/v1/buildings/hall/report?from=2026-10-01&amp;to=2026-11-01&amp;lang=da&amp;format=csv"
    assert f'href="{again}"' in shown.text
    assert page.get(again.replace("&amp;", "&")).status_code == 200
    assert "/reports/files/hall-monthly/2026-10-01/csv" not in page.get("/reports?lang=en").text
    assert page.get(f"{FILES}/2026-10-01/json").status_code == 200


def test_a_folder_that_moved_away(made: Office, portal: BlockingPortal, tmp_path: Path) -> None:
    page = made.client(portal, reports=tmp_path / "elsewhere")
    assert page.get(f"{FILES}/2026-10-01/csv").status_code == 410
    (tmp_path / "a-file").write_bytes(b"")
    assert made.client(portal, reports=tmp_path / "a-file").get(f"{FILES}/2026-10-01/csv").status_code == 410


def test_the_page_lists_each_schedule(made: Office, portal: BlockingPortal) -> None:
    text = made.client(portal).get("/reports?lang=en").text
    assert "2 reports are scheduled." in text
    for word in ("The hall", "Energy report, every month", "by mail to 2 addresses", "October 2026", "November 2026",
                 'href="/reports/files/hall-monthly/2026-10-01/csv"',
                 'href="/reports/files/hall-monthly/2026-09-01/json"',
                 "The lane", "Speed report, every week", "nothing yet", "due since 28 Oct 2026 05:00"):  # fmt: skip
        assert word in text, word
    assert "a@t.example" not in text
    danish = made.client(portal).get("/reports?lang=da").text
    for word in ("Energirapport, hver måned", "Oktober 2026", "Senest lavet", "mangler siden 28. okt. 2026 05:00"):
        assert word in danish, word


def test_a_schedule_that_is_gone_leaves_its_files(made: Office, portal: BlockingPortal) -> None:
    with made.registry.session() as session:
        for row in made.registry.report_schedules():
            session.delete(session.merge(row))
    page = made.client(portal)
    assert page.told("/reports/schedules")["items"] == []
    text = page.get("/reports?lang=en").text
    assert "No longer scheduled" in text
    assert page.get("/reports/files/hall-monthly/2026-10-01/csv").status_code == 200


def test_what_failed_and_what_was_given_up(made: Office, portal: BlockingPortal) -> None:
    waiting = ReportRun("lane-weekly", date(2026, 10, 19), "waiting", 2, 1_793_608_000_000_000, 0, detail="no server")
    made.book.note_report_run(waiting)
    page = made.client(portal)
    (lane,) = [one for one in page.told("/reports/schedules")["items"] if one["id"] == "lane-weekly"]
    assert (lane["last"]["state"], lane["next"]["state"]) == ("waiting", "retry")
    assert "waits to be tried again" in page.get("/reports?lang=en").text
    made.clock.now += timedelta(weeks=2)
    (lane,) = [one for one in page.told("/reports/schedules")["items"] if one["id"] == "lane-weekly"]
    assert (lane["last"]["state"], lane["next"]["first_day"]) == ("given-up", "2026-11-02")
    assert "given up: a newer one came" in page.get("/reports?lang=en").text


def test_without_schedules_the_page_says_how_one_is_made(office: Office, portal: BlockingPortal) -> None:
    page = office.client(portal)
    assert "bypuls registry import report_schedule FILE" in page.get("/reports?lang=en").text
    assert page.told("/reports/schedules") == {"total": 0, "limit": 100, "offset": 0, "items": []}


@pytest.mark.browser
def test_axe_finds_nothing(
    made: Office,
    browser: Browser,
    serve: Callable[[FastAPI], str],
    portal: BlockingPortal,
    axe_finds: Callable[..., list[str]],
) -> None:
    (made.folder / "hall-monthly" / CSV).unlink()
    made.book.note_report_run(ReportRun("gone", date(2026, 10, 1), "failed", 24, 0, 0, detail="no server"))
    address = serve(made.client(portal).app)
    found: list[str] = []
    for lang, scheme, width in (("da", "light", 1280), ("en", "dark", 390)):
        page: Any = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.goto(f"{address}/reports/files/hall-monthly/2026-10-01/csv?lang={lang}")
        page.locator(".scheduled summary").click()
        found += axe_finds(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.close()
    assert found == []
