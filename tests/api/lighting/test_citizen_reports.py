"""Reports of citizens: off unless turned on, bounded, counted by address, matched to lamps, hidden after their time."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bypuls.api.models_lighting import WorkModel
from bypuls.store.book import CitizenReport, CitizenReports
from bypuls.store.registry import Lamp

PATH = "/api/v1/lighting/reports"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def stranger(street: Any, ask: Any) -> Any:
    """Somebody without a key, where reports are on."""
    settings = replace(street.context.settings, citizen_reports=True)
    return ask(address="192.0.2.9", host="bypuls.example", settings=settings)


def report(client: Any, **body: Any) -> Any:
    return client.request("POST", PATH, json={"category": "dark", **body})


def test_off_unless_turned_on(ask: Any) -> None:
    client = ask()
    assert report(client, address="Lane 1").status_code == 404
    assert client.get("/report-light").status_code == 404
    assert client.get("/report-light/map.svg").status_code == 404
    assert "/report-light" not in client.get("/lights").text


def test_a_report_reaches_the_crew_and_is_closed(street: Any, ask: Any, stranger: Any) -> None:
    told = report(stranger, lat=55.7301, lon=12.3605, text="  =dark\n here ")
    assert told.json() == {"state": "taken", "lamps": ["l-1", "l-2", "l-3"]}
    assert report(stranger, lamp="Lamp 3", category="unsafe").json()["lamps"] == ["l-3"]
    assert report(stranger, address="Somewhere else").json()["lamps"] == []
    found = ask().told("/lighting/work-list")["items"]
    for one in found:
        WorkModel.model_validate(one)
    assert [(one["title"], one["lamp"], one["risk"]) for one in found] == [
        ("It is dark", "l-1", 6), ("The place feels unsafe", "l-3", 6), ("It is dark", None, 0),
    ]  # fmt: skip
    dark = next(one for one in found if one["text"])
    assert dark["text"] == "=dark here"
    assert dark["reasons"] == ["reported", "school-way", "cycle-path"]
    close = f"{PATH}/{dark['report']}/close"
    assert ask(key=street.keys["read"]).request("POST", close).status_code == 403
    assert ask(key=street.keys["both"]).request("POST", close).status_code == 200
    assert ask(key=street.keys["both"]).request("POST", close).status_code == 404
    assert ask().told("/lighting/work-list")["total"] == 2
    for form in ("csv", "pdf"):
        assert ask().get(f"/api/v1/lighting/work-list?format={form}&lang=da").status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"lat": 55.7}, {"lat": 91, "lon": 12}, {"lamp": "no such"}, {"address": "x", "category": "fire"},
     {"address": "x", "text": "x" * 501}, {"address": "x\x07"}, {"address": "x", "name": "Me"},
     {"address": "x", "photo": "…"}, {"address": "x\u202ey"}, {"lat": 0, "lon": 0}, {"lamp": "x\x00"}],
)  # fmt: skip
def test_what_is_refused(street: Any, stranger: Any, body: dict[str, Any]) -> None:
    answer = report(stranger, **body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert CitizenReports(street.context.registry).waiting() == []


def test_refusals_say_what_to_change(stranger: Any) -> None:
    assert report(stranger, address="x", photo="…").json()["errors"][0]["expected"] == "no such field"
    assert report(stranger, address="x", text="x" * 501).json()["errors"][0]["expected"] == "at most 500 characters"
    assert report(stranger, lat=0, lon=0).json()["detail"].startswith("lat: '0.0' — expected a place within 10 km")


def test_a_name_that_stands_twice_means_all_of_them(street: Any, ask: Any, stranger: Any) -> None:
    with street.context.registry.session() as session:
        (other,) = session.scalars(select(Lamp).where(Lamp.id == "l-4"))
        other.name = "lamp 3"
    assert report(stranger, lamp="Lamp 3").json()["lamps"] == ["l-3", "l-4"]
    (one,) = ask().told("/lighting/work-list")["items"]
    assert (one["name"], one["lamps"]) == ("Lamp 3", ["l-3", "l-4"])
    assert report(stranger, lamp="l-4").json()["lamps"] == ["l-4"]


def test_few_from_one_address_and_no_address_is_kept(street: Any, stranger: Any) -> None:
    statuses = [report(stranger, address="Lane 1").status_code for _ in range(7)]
    assert statuses == [200] * 6 + [429]
    assert int(report(stranger, address="Lane 1").headers["retry-after"]) > 60
    assert {one.name for one in fields(CitizenReport)} == {
        "id", "t_us", "category", "text", "address", "lamp", "lat", "lon", "closed_us",
    }  # fmt: skip
    (first, *_) = CitizenReports(street.context.registry).waiting()
    assert first.t_us % 60_000_000 == 0


def test_reports_are_forgotten(street: Any, ask: Any, stranger: Any) -> None:
    report(stranger, address="Lane 1")
    street.now[0] += timedelta(days=366)
    assert ask().told("/lighting/work-list")["total"] == 0
    # The ingest's retention deletes it: see tests/ingest/test_retention.py.
    report(stranger, address="Lane 2")
    assert [one["name"] for one in ask().told("/lighting/work-list")["items"]] == ["Lane 2"]


def test_a_full_box_says_so(street: Any) -> None:
    box = CitizenReports(street.context.registry, most=1)
    one = CitizenReport(0, 0, "dark", "", "Lane 1", None, None, None)
    assert box.add(one) is not None
    assert box.add(one) is None


def test_the_page_works_without_scripts(street: Any, stranger: Any) -> None:
    shown = stranger.get("/report-light?lang=da")
    assert "Hvor er der mørkt eller utrygt?" in shown.text
    assert "style=" not in shown.text
    svg = stranger.get("/report-light/map.svg")
    assert svg.headers["content-type"].startswith("image/svg+xml")
    # A click in the middle of the picture is the middle of the lamps.
    clicked = stranger.request("POST", "/report-light", content="category=dark&place.x=160&place.y=65", headers=FORM)
    assert 'name="lat" value="55.73' in clicked.text
    sent = stranger.request(
        "POST", "/report-light", content="category=dark&lat=55.73&lon=12.3618&text=<b>", headers=FORM
    )
    assert sent.status_code == 200
    assert "Lamp 4" in sent.text
    assert [one.text for one in CitizenReports(street.context.registry).waiting()] == ["<b>"]
    again = stranger.request("POST", "/report-light", content="category=dark&text=<b>nowhere", headers=FORM)
    assert again.status_code == 422
    assert "&lt;b&gt;nowhere" in again.text
