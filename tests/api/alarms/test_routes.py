"""Alarms through the API: lists, history, and what people may do."""

from __future__ import annotations

from typing import Any

import pytest

from bypuls.api import ApiContext, ApiSettings
from bypuls.api.models_alarms import AlarmDetailModel, AlarmModel
from bypuls.store.registry import create_key, journal
from bypuls.wire import to_us


@pytest.fixture
def alarmed(works: Any) -> Any:
    """A silent meter, an offline device with its radar, a copied card."""
    works.round()
    works.speaking -= {"hall-heat", "pi-b", "radar"}
    works.book.alarm("pi-a", "cloned-card", "epochs a and b grow at once", to_us(works.clock()))
    works.round(minutes=10, times=5)
    assert works.states() == {
        "cloned-card pi-a": "open", "device-offline pi-b": "open", "meter-silent hall-heat": "open",
    }  # fmt: skip
    return works


@pytest.fixture
def clients(alarmed: Any, make_client: Any) -> dict[str, Any]:
    settings = ApiSettings(rate_per_s=1e6, burst=1_000_000)
    context = ApiContext(alarmed.store, alarmed.registry, alarmed.book, settings, alarmed.clock)
    keys = {scope: create_key(alarmed.registry, scope, [scope]) for scope in ("read", "write", "admin")}
    keys["both"] = create_key(alarmed.registry, "both", ["read", "write"])
    parts = {"store": context.store, "registry": context.registry, "book": context.book, "clock": context.clock}
    return {name: make_client(key=key, settings=settings, **parts) for name, key in keys.items()}


def ids(answer: Any) -> list[str]:
    return [f"{one['kind']} {one['subject']}" for one in answer["items"]]


def test_lists(clients: dict[str, Any]) -> None:
    client = clients["read"]
    every = client.told("/alarms")
    assert every["total"] == 3
    for one in every["items"]:
        AlarmModel.model_validate(one)
    assert ids(client.told("/alarms", order="urgency")) == [
        "cloned-card pi-a", "device-offline pi-b", "meter-silent hall-heat",
    ]  # fmt: skip
    assert ids(client.told("/alarms", domain="energy")) == ["meter-silent hall-heat"]
    assert ids(client.told("/alarms", place="hall")) == ["meter-silent hall-heat"]
    assert ids(client.told("/alarms", place="pi-b")) == ["device-offline pi-b"]
    assert ids(client.told("/alarms", severity="critical", state="open")) == ["cloned-card pi-a"]
    assert client.told("/alarms", state=["closed", "unknown"])["total"] == 0
    page = client.told("/alarms", limit=1, offset=1)
    assert (page["total"], len(page["items"])) == (3, 1)
    assert client.told("/alarms", since="2026-03-31")["total"] == 0
    assert client.told("/alarms", since="2026-03-30T12:05:00+02:00")["total"] == 3
    heat = client.told("/alarms", domain="energy", lang="da")["items"][0]
    assert heat["title"] == "Måler tavs"
    assert (heat["subject_name"], heat["place_name"]) == ("Hall, heat", "The hall")
    assert heat["cost"]["dkk_per_day"] is None
    assert heat["text"].startswith("Tavs siden 30. mar. 2026 kl. 12.01")


@pytest.mark.parametrize(
    ("query", "status"),
    [({"state": "gone"}, 422), ({"since": "yesterday"}, 422), ({"statte": "open"}, 422), ({"domain": "x"}, 422),
     ({"limit": 0}, 422), ({"tz": "Nowhere/Town"}, 422)],
)  # fmt: skip
def test_bad_questions(clients: dict[str, Any], query: dict[str, Any], status: int) -> None:
    answer = clients["read"].get("/api/v1/alarms", params=query)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def number(alarmed: Any, kind: str) -> int:
    return next(one.id for key, one in alarmed.living().items() if key[0] == kind)


def test_one_is_taken_on(clients: dict[str, Any], alarmed: Any) -> None:
    id = number(alarmed, "meter-silent")
    path = f"/api/v1/alarms/{id}"
    answer = clients["write"].request("POST", f"{path}/acknowledge", json={"note": "I look at it."})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    AlarmDetailModel.model_validate(told)
    assert (told["state"], told["acknowledged_by"]) == ("acknowledged", told["events"][1]["actor"])
    assert [one["action"] for one in told["events"]] == ["opened", "acknowledged"]
    assert (told["events"][1]["before"], told["events"][1]["note"]) == ("open", "I look at it.")
    again = clients["write"].request("POST", f"{path}/acknowledge")
    assert again.status_code == 409
    assert again.json()["type"] == "urn:bypuls:problem:not-allowed-now"
    noted = clients["both"].request("POST", f"{path}/notes", json={"note": "The meter's line is broken."})
    assert noted.json()["events"][-1]["note"] == "The meter's line is broken."
    # Its condition is still seen: a person doesn't end it.
    refused = clients["both"].request("POST", f"{path}/close", json={"note": "Never mind."})
    assert refused.status_code == 409
    assert "It can be acknowledged" in refused.json()["detail"]
    audited = [(row.action, row.entity, row.entity_id) for row in journal(alarmed.registry)][:2]
    assert audited == [("noted", "alarm", str(id)), ("acknowledged", "alarm", str(id))]
    # The evaluator goes on with what the person said.
    alarmed.round()
    assert alarmed.states()["meter-silent hall-heat"] == "acknowledged"
    alarmed.speaking.add("hall-heat")
    alarmed.round()
    assert "meter-silent hall-heat" not in alarmed.states()
    assert clients["read"].told(f"/alarms/{id}")["state"] == "closed"


def test_a_copied_card_is_ended_by_a_person_until_it_is_seen_again(clients: dict[str, Any], alarmed: Any) -> None:
    id = number(alarmed, "cloned-card")
    assert clients["read"].told("/devices/pi-a")["alarms"] != []
    answer = clients["write"].request("POST", f"/api/v1/alarms/{id}/close", json={"note": "One card was written anew."})
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "closed"
    assert clients["read"].told("/devices/pi-a")["alarms"] == []
    alarmed.round(minutes=20, times=2)
    assert "cloned-card pi-a" not in alarmed.states()
    alarmed.book.alarm("pi-a", "cloned-card", "epochs b and c grow at once", to_us(alarmed.clock.forward(minutes=5)))
    alarmed.round()
    assert alarmed.states()["cloned-card pi-a"] == "open"
    assert alarmed.history("cloned-card", "pi-a") == ["opened", "closed", "reopened"]


def test_what_is_unknown_may_be_ended(clients: dict[str, Any], alarmed: Any) -> None:
    alarmed.health["pi-a"] = {"clock_synced": False}
    alarmed.round(minutes=10, times=3)
    alarmed.speaking -= {"pi-a", "hall-el"}
    alarmed.round(minutes=30, times=2)
    id = number(alarmed, "clock-unsynchronised")
    assert clients["read"].told(f"/alarms/{id}")["closable"] is True
    answer = clients["write"].request("POST", f"/api/v1/alarms/{id}/close", json={"note": "The Pi was taken down."})
    assert answer.json()["state"] == "closed"
    alarmed.round(minutes=30, times=2)
    assert "clock-unsynchronised pi-a" not in alarmed.states()


@pytest.mark.parametrize(
    ("who", "method", "path", "body", "status"),
    [
        ("read", "POST", "{id}/acknowledge", None, 403),
        ("write", "GET", "{id}", None, 403),
        ("admin", "GET", "{id}", None, 200),
        ("admin", "POST", "{id}/acknowledge", None, 200),
        ("write", "POST", "{id}/close", None, 422),
        ("write", "POST", "{id}/close", {"note": ""}, 422),
        ("write", "POST", "{id}/close", {"note": "   "}, 422),
        ("write", "POST", "{id}/notes", {"note": "a\u0000b"}, 422),
        ("write", "POST", "{id}/notes", {"note": "x" * 2001}, 422),
        ("write", "POST", "{id}/notes", {"nota": "x"}, 422),
        ("write", "POST", "999/notes", {"note": "x"}, 404),
        ("write", "POST", "999/acknowledge", None, 404),
        ("write", "POST", "999/close", {"note": "x"}, 404),
        ("read", "GET", "999", None, 404),
        ("read", "GET", "0", None, 422),
        ("read", "GET", "x", None, 422),
    ],
)
def test_who_may_and_what_is_wrong(
    clients: dict[str, Any], alarmed: Any, who: str, method: str, path: str, body: Any, status: int
) -> None:
    where = path.format(id=number(alarmed, "meter-silent"))
    answer = clients[who].request(method, f"/api/v1/alarms/{where}", json=body)
    assert answer.status_code == status, answer.text


def test_metrics(clients: dict[str, Any], alarmed: Any) -> None:
    clients["write"].request("POST", f"/api/v1/alarms/{number(alarmed, 'meter-silent')}/acknowledge")
    text = clients["read"].get("/api/v1/metrics").text
    assert 'bypuls_alarms{domain="energy",severity="minor",state="acknowledged"} 1.0' in text
    assert 'bypuls_alarms{domain="platform",severity="critical",state="open"} 1.0' in text
