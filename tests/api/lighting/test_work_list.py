"""The crew's list: by risk, in every form, in both languages; taken on and noted through the alarms."""

from __future__ import annotations

from typing import Any

from bypuls.api.models_lighting import WorkModel


def test_by_risk_with_what_people_did(street: Any, ask: Any) -> None:
    assert ask().told("/lighting/work-list") == {"total": 0, "limit": 100, "offset": 0, "items": []}
    street.rounds()
    client = ask(key=street.keys["both"])
    found = client.told("/lighting/work-list")["items"]
    for one in found:
        WorkModel.model_validate(one)
    # The third lamp lights a cycle path, too.
    assert [(one["lamp"], one["risk"]) for one in found] == [("l-3", 14), ("l-2", 12)]
    assert found[0]["reasons"] == ["dark-stretch", "school-way", "cycle-path"]
    assert found[0]["geo"] == "geo:55.730000,12.361500"
    number = found[0]["alarm"]
    assert client.request("POST", f"/api/v1/alarms/{number}/acknowledge", json={"note": "=1+1"}).status_code == 200
    again = ask().told("/lighting/work-list")["items"][0]
    assert again["state"] == "acknowledged"
    assert [note["text"] for note in again["notes"]] == ["=1+1"]


def test_as_a_file(street: Any, ask: Any) -> None:
    street.rounds()
    client = ask()
    for lang, out, sign in (("da", "Lampe slukket", ";"), ("en", "Lamp out", ",")):
        answer = client.get("/api/v1/lighting/work-list", params={"format": "csv", "lang": lang})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.content.startswith(b"\xef\xbb\xbf")
        assert f"{out}{sign}" in answer.text
        assert "geo:55.730000,12.361500" in answer.text
        pdf = client.get("/api/v1/lighting/work-list", params={"format": "pdf", "lang": lang})
        assert pdf.content.startswith(b"%PDF")


def test_an_empty_list_is_a_page(ask: Any) -> None:
    assert ask().get("/api/v1/lighting/work-list?format=pdf&lang=da").content.startswith(b"%PDF")
