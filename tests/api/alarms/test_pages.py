"""The page of alarms: what it shows in both languages, and whose word it takes."""

from __future__ import annotations

from typing import Any

import pytest

from bypuls.api import ApiSettings
from bypuls.store.registry import create_key, journal

LOCAL = {"address": "127.0.0.1", "host": "127.0.0.1:8000"}
OWN = {"Origin": "http://127.0.0.1:8000"}


@pytest.fixture
def alarmed(works: Any) -> Any:
    """A silent meter, and an offline device."""
    works.round()
    works.speaking -= {"hall-heat", "pi-b", "radar"}
    works.round(minutes=10, times=5)
    return works


@pytest.fixture
def open_page(alarmed: Any, make_client: Any) -> Any:
    """A browser on this machine, in the demo's open mode."""
    settings = ApiSettings(rate_per_s=1e6, burst=1_000_000, open_on_loopback=True)
    parts = {"store": alarmed.store, "registry": alarmed.registry, "book": alarmed.book, "clock": alarmed.clock}
    return make_client(settings=settings, **LOCAL, **parts)


@pytest.fixture
def closed_page(alarmed: Any, make_client: Any) -> Any:
    """A browser elsewhere: it needs a key."""
    settings = ApiSettings(rate_per_s=1e6, burst=1_000_000)
    parts = {"store": alarmed.store, "registry": alarmed.registry, "book": alarmed.book, "clock": alarmed.clock}
    return make_client(settings=settings, host="bypuls.example", **parts)


def number(alarmed: Any, kind: str) -> int:
    return next(one.id for key, one in alarmed.living().items() if key[0] == kind)


def test_the_most_urgent_first_in_both_languages(open_page: Any) -> None:
    english = open_page.get("/alarms?lang=en").text
    assert "2 things call for somebody." in english
    assert english.index("Device offline: Pi B") < english.index("Meter silent: Hall, heat")
    assert "cost unknown" in english
    danish = open_page.get("/alarms?lang=da").text
    assert "2 ting kræver en indsats." in danish
    assert "Måler tavs: Hall, heat" in danish
    only = open_page.get("/alarms?lang=en&domain=energy").text
    assert "Meter silent" in only
    assert "Device offline" not in only
    for state, words in (
        ("acknowledged", "Nobody has taken on an alarm"), ("unknown", "Of no alarm the data are missing"),
        ("closed", "No alarm has closed yet"), ("nonsense", "Device offline"),
    ):  # fmt: skip
        assert words in open_page.get(f"/alarms?lang=en&state={state}").text
    assert "2 open alarms" in open_page.get("/?lang=en").text


def test_one_is_acknowledged_on_the_page(open_page: Any, alarmed: Any) -> None:
    id = number(alarmed, "meter-silent")
    form = {"deed": "acknowledge", "note": "The <b>caretaker</b> looks"}
    answer = open_page.request("POST", f"/alarms/{id}", data=form, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/alarms/{id}")
    text = open_page.get(f"/alarms/{id}?lang=da").text
    assert "kvitteret" in text
    assert "bruger på denne maskine" in text
    assert "The &lt;b&gt;caretaker&lt;/b&gt; looks" in text
    assert alarmed.states()["meter-silent hall-heat"] == "acknowledged"
    assert journal(alarmed.registry)[0].actor == "local-user"
    again = open_page.request("POST", f"/alarms/{id}", data={"deed": "acknowledge"}, headers=OWN)
    assert again.status_code == 409
    assert "may have changed meanwhile" in open_page.request(
        "POST", f"/alarms/{id}?lang=en", data={"deed": "acknowledge"}, headers=OWN
    ).text  # fmt: skip


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"deed": "note", "note": ""}, 422), ({"deed": "close", "note": " "}, 422),
        ({"deed": "close", "note": "x"}, 409),
        ({"deed": "burn", "note": "x"}, 404), ({}, 404), ({"deed": "note", "note": "x" * 2001}, 404),
    ],
)  # fmt: skip
def test_bad_forms(open_page: Any, alarmed: Any, form: dict[str, str], status: int) -> None:
    path = f"/alarms/{number(alarmed, 'meter-silent')}"
    answer = open_page.request("POST", path, data=form, headers=OWN | {"Accept": "text/html"})
    assert answer.status_code == status
    assert alarmed.history("meter-silent", "hall-heat") == ["opened"]


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:9999"},
        OWN | {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    ],
)  # fmt: skip
def test_a_form_of_another_site_is_refused(open_page: Any, alarmed: Any, headers: dict[str, str]) -> None:
    path = f"/alarms/{number(alarmed, 'meter-silent')}"
    answer = open_page.request("POST", path, data={"deed": "acknowledge"}, headers=headers)
    assert answer.status_code == 403
    assert alarmed.states()["meter-silent hall-heat"] == "open"


def test_keys_by_their_scopes(closed_page: Any, alarmed: Any) -> None:
    path = f"/alarms/{number(alarmed, 'meter-silent')}"
    own = {"Origin": "http://bypuls.example"}
    assert closed_page.get("/alarms").status_code == 303
    assert closed_page.request("POST", path, data={"deed": "acknowledge"}, headers=own).status_code == 401
    readers, handlers = (create_key(alarmed.registry, name, scopes) for name, scopes in
                         (("Reader", ["read"]), ("Bodil", ["read", "write"])))  # fmt: skip
    reading = {"Cookie": f"byp_key={readers}"}
    assert "sign in with a key that has the scope write" in closed_page.get(f"{path}?lang=en", headers=reading).text
    refused = closed_page.request("POST", path, data={"deed": "acknowledge"}, headers=own | reading)
    assert refused.status_code == 403
    writing = {"Cookie": f"byp_key={handlers}"}
    answer = closed_page.request("POST", path, data={"deed": "acknowledge"}, headers=own | writing)
    assert answer.status_code == 303
    # The history names the key as people do.
    assert "Bodil" in closed_page.get(path, headers=writing).text
    # To the API a cookie is still good for reading alone.
    api = closed_page.request("POST", f"/api/v1{path}/notes", json={"note": "x"}, headers=writing)
    assert api.status_code == 403


def test_there_is_no_such_alarm(open_page: Any) -> None:
    assert open_page.get("/alarms/999", headers={"Accept": "text/html"}).status_code == 404
    answer = open_page.request("POST", "/alarms/999", data={"deed": "note", "note": "x"}, headers=OWN)
    assert answer.status_code == 404
