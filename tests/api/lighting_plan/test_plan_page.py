"""The page of plans: its answer has an address, its files say the same, and what can't be used is named."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

PAGE = "/lights/plan"
ASKED = "power_pct=50&schedule=22:00-06:00%3D50&efficacy_lm_w=140&useful_pct=70&cost_dkk=4000&by=cabinet"


def test_the_first_look_is_a_plan_with_defaults(client: Any) -> None:
    found = client.get(f"{PAGE}?lang=en")
    assert found.status_code == 200
    assert "What would LED and dimming save?" in found.text
    assert 'name="power_pct" inputmode="decimal" size="6" value="50"' in found.text
    assert "/api/v1/lighting/what-if?" in found.text


def test_an_address_asks_the_same_of_page_and_api(client: Any) -> None:
    page = client.get(f"{PAGE}?{ASKED}&lang=en").text
    assert "watt_share=0.5" in page
    assert "useful_share=0.7" in page
    assert '<option value="cabinet" selected>' in page
    # What was left empty stays unsaid: no default creeps in beside what somebody asked.
    assert 'name="cost_dkk" inputmode="decimal" size="8" value=""' in client.get(f"{PAGE}?power_pct=40").text


@pytest.mark.parametrize(
    ("query", "value"),
    [("schedule=night", "night"), ("watts=70", "70"), ("power_pct=0", "0"), ("cabinet=nowhere", "nowhere"),
     ("cost_dkk=nan", "nan"), ("by=moon", "moon")],
)  # fmt: skip
def test_what_cannot_be_used_is_named(client: Any, query: str, value: str) -> None:
    found = client.get(f"{PAGE}?{query}&lang=en")
    assert found.status_code == 422
    assert "That can't be used." in found.text
    assert f"“{value}”" in found.text


def test_the_answer_comes_before_the_form_which_is_folded(client: Any) -> None:
    page = client.get(f"{PAGE}?{ASKED}&lang=en").text
    order = [page.index(part) for part in ("plan-facts", "devices plan stacked", "<form class=", "small-type")]
    assert order == sorted(order)
    assert '<details class="part-fold" open>' not in page
    assert page.count('<details class="part-fold">') >= 4
    # What can't be used is put right in the form.
    assert '<details class="part-fold" open>' in client.get(f"{PAGE}?power_pct=0").text


def test_the_files_are_what_they_are_called(client: Any) -> None:
    pdf = client.get("/api/v1/lighting/what-if?watt_share=0.5&format=pdf&lang=da")
    assert pdf.content.startswith(b"%PDF-")
    assert "lysplan-" in pdf.headers["content-disposition"]
    book = client.get("/api/v1/lighting/what-if?watt_share=0.5&format=xlsx&lang=en")
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(book.content)).namelist()


def test_groups_can_be_rows(client: Any) -> None:
    told = client.told("/lighting/what-if", watt_share=0.5, by="group")
    assert [row["group"] for row in told["rows"]] == [None]
    assert client.get("/api/v1/lighting/what-if?group=nobody").status_code == 409
