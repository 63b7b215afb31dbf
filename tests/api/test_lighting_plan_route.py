"""The what-if of street lights through the API."""

from __future__ import annotations

from typing import Any

import pytest

PATH = "/lighting/what-if"


def test_a_plan_names_its_assumptions_and_its_total(client: Any) -> None:
    told = client.told(PATH, watt_share=0.5, schedule="22:00-06:00=50", cost_dkk=4000, by="cabinet")
    assert told["assumptions"]["schedule"] == "22:00-06:00=50"
    assert told["assumptions"]["burning_h"] == pytest.approx(3720, abs=40)
    assert told["total"]["lamps"] == sum(row["lamps"] for row in told["rows"])
    assert told["by"] == "cabinet"


def test_a_table_is_a_file_of_the_same_rows(client: Any) -> None:
    found = client.get(f"/api/v1{PATH}?watt_share=0.5&format=csv&lang=da")
    assert found.status_code == 200
    assert found.headers["content-type"].startswith("text/csv")
    assert found.content.decode("utf-8-sig").splitlines()[-1].startswith("i alt;")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("schedule=night", "schedule"),
        ("watts=70", "watts"),
        ("gear=HPS=2", "gear"),
        ("watt_share=0", "watt_share"),
        ("burning=moon", "burning"),
        ("watt_share=0.5&types=HPX", "types"),
        ("watt_share=0.5&gear=HPX=0.1", "gear"),
    ],
)
def test_wrong_values_are_named(client: Any, query: str, field: str) -> None:
    found = client.get(f"/api/v1{PATH}?{query}")
    assert found.status_code == 422
    assert found.json()["errors"][0]["field"] == field


def test_no_lamps_no_plan(client: Any) -> None:
    assert client.get(f"/api/v1{PATH}?cabinet=nowhere").status_code == 409
