"""The climate page: status in words, the drawing, scenarios by address, and empty states that say what to do."""

import re
from typing import Any

import pytest

FETCHED = {"HX-Request": "true"}  # as the page fetches itself while the meters are added up


def page(roads: Any, query: str = "", lang: str = "en") -> str:
    answer = roads.get(f"/climate?lang={lang}{query}", headers=FETCHED)
    assert answer.status_code == 200, answer.text
    text: str = answer.text.replace("\N{NO-BREAK SPACE}", " ")
    return text


def test_the_road_is_drawn(roads: Any) -> None:
    text = page(roads)
    for part in ("line", "constant", "trend", "band", "actual", "scenario"):
        assert f'class="{part}" points="' in text, part
    assert len(re.findall(r'class="step step-\d"', text)) > 2
    assert text.count('<circle class="mark"') >= 14  # seven years, twice: wide and narrow
    assert "The aim: from 1,000 t CO₂ in 2018 to 150 t in 2030" in text
    assert "The baseline is from: an account &lt;i&gt;" in text
    assert "<b>" not in text
    assert "Box &lt;1&gt;" in text


def test_measured_share_budget_and_rate_are_always_there(roads: Any) -> None:
    for target in ("town", "area", "lights", "barn"):
        text = page(roads, f"&target={target}")
        for name in ("Measured", "Of the scope", "Left of the budget", "Needed every year", "The trend"):
            assert f"<dt>{name}</dt>" in text, (target, name)


def test_in_danish_with_danish_numbers(roads: Any) -> None:
    text = page(roads, lang="da")
    assert "Målet: fra 1.000 t CO₂ i 2018 til 150 t i 2030" in text
    assert "Hvad planerne ville betyde" in text


def test_measures_are_chosen_by_the_address(roads: Any) -> None:
    every, one = page(roads), page(roads, "&target=town&measures=vans")
    assert every.count(" checked") == 3
    assert one.count(" checked") == 1
    assert "scenario?measures=vans&amp;format=csv" in one
    assert page(roads, "&target=town&chosen=1&measure=vans&measure=pump").count(" checked") == 2
    assert page(roads, "&target=town&chosen=1").count(" checked") == 0
    began = page(roads, "&target=town&measures=walls")
    assert 'role="alert"' in began
    assert "the trend has it" in began


def test_what_was_measured_comes_when_it_is_added_up(roads: Any) -> None:
    text = roads.get("/fragments/climate/town/measures?lang=en").text
    assert re.search(r"2[3-7]\s% less district heating", text)
    assert "jointly with led" in text
    assert "no meter shows it" in text
    assert "not started" in text
    assert "is being added up" not in page(roads)  # held from now on


def test_unknown_targets(roads: Any) -> None:
    assert roads.get("/climate?target=nowhere", headers={"accept": "text/html"}).status_code == 404
    assert roads.get("/fragments/climate/nowhere/measures").status_code == 404


def test_no_baseline_says_what_can_be_said(roads: Any) -> None:
    text = page(roads, "&target=area")
    assert "From what, nobody has said: the registry has no baseline." in text
    assert "Nobody has said how much of the target's scope the meters cover." in text
    assert 'class="line"' not in text
    assert 'class="mark part"' in text


def test_a_baseline_without_a_source_is_told(roads: Any) -> None:
    assert "Nobody has said where the baseline is from." in page(roads, "&target=lights")


TARGET = {
    "id": "t", "name": "T", "kind": "organisation", "base_year": 2018, "base_tonnes": 1000, "reduction": 0.85,
    "target_year": 2030, "gas": "CO2",
}  # fmt: skip


@pytest.mark.parametrize("lang", ["da", "en"])
def test_nothing_registered(bare: Any, lang: str) -> None:
    text = page(bare({}), lang=lang)
    assert "bypuls registry import target" in text
    assert '<svg class="road-chart' not in text


def test_no_meters_and_no_account(bare: Any) -> None:
    text = page(bare({"target": [TARGET]}))
    assert "No finished year is measured yet." in text
    assert 'class="line"' in text  # what is asked for can be drawn
    assert "The registry has no measures for this target." in text
    assert "no finished year yet" in text


def test_neither_baseline_nor_account(bare: Any) -> None:
    text = page(bare({"target": [TARGET | {"base_year": None, "base_tonnes": None}]}))
    assert "There is no account and no baseline to draw yet." in text


def test_one_year_alone(bare: Any) -> None:
    rows = {
        "target": [TARGET],
        "scope_part": [{"target": "t", "domain": "fleet", "carrier": "diesel", "base_tonnes": 1000}],
        "activity": [
            {"id": "a", "name": "A", "domain": "fleet", "carrier": "diesel", "valid_from": "2025-01-01",
             "valid_to": "2026-01-01", "amount": 600, "unit": "t", "gas": "CO2", "source": "test"}
        ],
    }  # fmt: skip
    text = page(bare(rows))
    assert "Fewer than three comparable years are known." in text
    assert "needs five complete years" in text
    assert "−24.2 %" in text  # 600 to 150 in five years
    assert "From the last account of 600 t to the target of 150 t in 2030, 450 t are missing." in text


def test_the_town_page_leads_to_it(roads: Any) -> None:
    text = roads.get("/fragments/climate?lang=en").text
    assert 'href="/climate?target=town"' in text
    assert text.count("<h1>") == 1
    assert 'class="further-targets"' in text


def test_the_last_account_by_domain_and_to_be_followed(roads: Any) -> None:
    text = page(roads)
    assert "Vehicles and machines" in text
    assert "as the grid delivered" in text
    assert "/api/v1/climate/accounts?year=2025&amp;target=town&amp;format=pdf&amp;lang=en" in text
    told = roads.told("/climate/accounts", year=2025, target="town")
    assert told["year"] == 2025


@pytest.mark.parametrize(
    ("base", "labels"),
    [(1000, ["0", "250", "500"]), (20, ["0", "5", "10"]), (2, ["0.0", "0.5", "1.0"]), (9, ["0.0", "2.5"])],
)
def test_the_drawing_is_labelled_in_round_numbers(bare: Any, base: float, labels: list[str]) -> None:
    text = page(bare({"target": [TARGET | {"base_tonnes": base}]}))
    shown = re.findall(r'text-anchor="end">([^<]+)</text>', text)
    assert shown[: len(labels)] == labels


def test_while_the_meters_are_added_up_the_page_says_so(bare: Any) -> None:
    target = {"id": "t", "name": "T", "kind": "geography", "reduction": 0.85, "target_year": 2030, "gas": "CO2"}
    anew = bare({"target": [target]})
    waiting = anew.get("/climate?lang=en&target=t").text
    assert "Adding up the town" in waiting
    assert 'hx-get="/climate?lang=en&amp;target=t"' in waiting
    for headers in (FETCHED, {}):
        text = anew.get("/climate?lang=en&target=t", headers=headers).text
        assert "Adding up the town" not in text
        assert "baseline" in text
