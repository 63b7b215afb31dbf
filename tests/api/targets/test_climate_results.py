"""Results of climate are the API's figures: target, road, accounts, changes, measures. Unknown has its reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bypuls.api import ApiContext
from bypuls.api.results.runner import ResultsRunner
from bypuls.store.results import Result, ResultsInMemory

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


@pytest.fixture(scope="module")
def board(planned_town: ApiContext) -> ResultsInMemory:
    """Climate worked out once."""
    made = ResultsInMemory()
    of = planned_town
    runner = ResultsRunner(of.store, made, of.registry, of.book, clock=of.clock)
    ran = runner.run(["climate", "savings", "happenings"])
    runner.rest()
    assert ran is not None
    assert [one.reason for one in ran] == [None, None, None]
    return made


def one(board: ResultsInMemory, topic: str, **tags: str) -> Result:
    [found] = [result for result in board.results(topic) if tags.items() <= result.tags.items()]
    return found


def year_of(result: Result) -> int:
    return datetime.fromtimestamp(result.t_us / 1e6, COPENHAGEN).year


def test_a_target_stands_as_the_api_says(board: ResultsInMemory, roads: Any) -> None:
    view, gap = roads.told("/climate/town"), roads.told("/climate/town/measures")["gap"]
    target = one(board, "target", target="town")
    assert target.texts["status"] == view["status"]
    for name, expected in {
        "status_year": view["status_year"], "base_t": view["base_tonnes"], "target_t": view["target_t"],
        "completeness": view["completeness"], "scope_share": view["scope_share"],
        "remaining_budget_t": view["remaining_budget_t"], "required_share_per_year": view["required_share_per_year"],
        "reached_share": view["reached_reduction"], "gap_t": gap["gap_t"], "planned_t": gap["planned_t"],
        "left_t": gap["left_t"],
    }.items():  # fmt: skip
        assert target.numbers.get(name) == (None if expected is None else pytest.approx(expected)), name
    assert target.numbers["missing_share"] == pytest.approx(0.85 - view["reached_reduction"])
    assert target.texts["gas"] == "CO₂"


def test_a_target_without_status_says_why_in_both_languages(board: ResultsInMemory) -> None:
    area = one(board, "target", target="area")
    assert area.texts["status"] == "insufficient data"
    assert "The registry has no baseline for this target." in area.texts["reason_en"]
    assert "Registret har intet udgangspunkt for dette mål." in area.texts["reason_da"]
    assert "off_track" not in area.numbers
    assert "target_t" not in area.numbers
    # Ranked as the page ranks them.
    assert one(board, "target", target="town").numbers["rank"] == 0


def test_the_road_is_that_of_the_api(board: ResultsInMemory, roads: Any) -> None:
    columns = roads.told("/climate/town/scenario")["columns"]
    years = {year_of(result): result for result in board.results("target_year") if result.tags["target"] == "town"}
    assert sorted(years) == columns["year"]
    for at, year in enumerate(columns["year"]):
        for name in ("trajectory_t", "emitted_t", "forecast_t", "forecast_low_t", "scenario_t"):
            expected = columns[name][at]
            assert years[year].numbers.get(name) == (None if expected is None else pytest.approx(expected)), (
                year,
                name,
            )


def test_accounts_have_both_views_and_every_domain(board: ResultsInMemory, roads: Any) -> None:
    account = roads.told("/climate/accounts", year=2025, target="town")
    found = {
        (result.tags["view"], result.tags["domain"]): result
        for result in board.results("account")
        if result.tags["target"] == "town" and year_of(result) == 2025
    }
    location = account["views"]["location"]
    assert found["location", "all"].numbers["emitted_t"] == pytest.approx(location["total"]["emitted_t"])
    for domain, total in location["by_domain"].items():
        assert found["location", domain].numbers.get("emitted_t") == (
            None if total["emitted_t"] is None else pytest.approx(total["emitted_t"])
        )
    assert {view for view, _ in found} == {"location", "market"}


def test_a_change_is_split_and_adds_up(board: ResultsInMemory, roads: Any) -> None:
    told = roads.told("/climate/decomposition", before=2024, after=2025, target="town")
    found = {
        result.tags["line"]: result
        for result in board.results("change")
        if result.tags["target"] == "town" and year_of(result) == 2025
    }
    whole = found.pop("all").numbers
    assert whole["change_t"] == pytest.approx(told["total"]["change_kg"] / 1000.0)
    assert whole["change_t"] == pytest.approx(whole["activity_t"] + whole["factor_t"] + whole["timing_t"])
    assert whole["after_t"] - whole["before_t"] == pytest.approx(whole["change_t"])
    compared = {id: line for id, line in found.items() if "change_t" in line.numbers}
    assert len(compared) == len(told["lines"])
    assert sum(line.numbers["change_t"] for line in compared.values()) == pytest.approx(whole["change_t"])
    left_out = [line for id, line in found.items() if id not in compared]
    assert len(left_out) == len(told["left_out"])
    assert all(line.texts["reason_en"] != line.texts["reason_da"] for line in left_out)


def test_measures_have_what_was_measured_or_why_not(board: ResultsInMemory, roads: Any) -> None:
    items = {item["id"]: item for item in roads.told("/climate/town/measures")["items"]}
    found = {result.tags["measure"]: result for result in board.results("measure") if result.tags["target"] == "town"}
    assert set(found) == set(items)
    walls = found["walls"]
    assert walls.numbers["saved_kwh_per_year"] == pytest.approx(items["walls"]["measured"][0]["kwh_per_year"])
    assert walls.numbers["saved_low_kwh_per_year"] < walls.numbers["saved_kwh_per_year"]
    assert "reason_en" not in walls.texts
    assert found["barn-roof"].texts["reason_da"] == "Ingen måler viser det."
    assert found["vans"].texts["state"] == "planned"
    assert "saved_kwh_per_year" not in found["vans"].numbers


def test_a_saving_has_its_interval(board: ResultsInMemory) -> None:
    saving = one(board, "saving", building="school", intervention="walls", medium="heat")
    assert saving.numbers["low_kwh"] < saving.numbers["saved_kwh"] < saving.numbers["high_kwh"]
    assert saving.numbers["significant"] == 1.0
    assert saving.texts["what"] == "insulation"
