"""The export's route: its scope, its pages, its type."""

from __future__ import annotations

from typing import Any

PATH = "/api/v1/exports/ngsi-ld"


def test_it_needs_the_scope_export(make_client: Any, town: Any) -> None:
    assert make_client(key=town.keys["read"]).get(f"{PATH}?type=Streetlight").status_code == 403
    found = make_client(key=town.keys["export"]).get(f"{PATH}?type=Streetlight")
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/ld+json"
    assert int(found.headers["NGSILD-Results-Count"]) >= len(found.json())


def test_pages_and_wrong_types(make_client: Any, town: Any) -> None:
    client = make_client(key=town.keys["export"])
    whole = client.get(f"{PATH}?type=TrafficFlowObserved")
    assert client.get(f"{PATH}?type=TrafficFlowObserved&offset=1").json() == whole.json()[1:]
    assert client.get(f"{PATH}?type=Lamp").status_code == 422
    assert client.get(PATH).status_code == 422
