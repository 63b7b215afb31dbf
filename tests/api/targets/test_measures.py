"""Measures through the API: planned and measured effects, the gap, scenarios, and what is refused."""

import csv
import io
from typing import Any

import pytest

# kWh → t by the account's factors of 2025, falling as BR18 does from 2025 to 2030.
ELECTRICITY_2030 = 0.2 * 0.047 / 0.135
HEAT_2030 = 0.1 * 0.0713 / 0.0878
HEAT_2025_BR18 = 0.0878


@pytest.fixture(scope="module")
def told(roads: Any) -> dict[str, Any]:
    found: dict[str, Any] = roads.told("/climate/town/measures")
    return found


def by_id(told: dict[str, Any]) -> dict[str, Any]:
    return {one["id"]: one for one in told["items"]}


def test_the_target_stands_on_imported_accounts(roads: Any) -> None:
    found = roads.told("/climate/town")
    assert found["status_year"] == 2025
    assert found["scope_share"] == 1.0
    assert found["whole_years"][-1] == 2025
    assert found["status"] in ("on track", "at risk", "off track")


def test_planned_effects_in_tonnes(told: dict[str, Any]) -> None:
    found = by_id(told)
    assert [one["id"] for one in told["items"]][:2] == ["barn-roof", "walls"]
    assert found["vans"]["state"] == "planned"
    assert found["vans"]["t_per_year"] == pytest.approx(40 - 10_000 * 0.2 / 1000)
    assert found["vans"]["t_in_target_year"] == pytest.approx(40 - 10_000 * ELECTRICITY_2030 / 1000)
    assert found["pump"]["t_in_target_year"] == pytest.approx(50_000 * HEAT_2030 / 1000)
    assert found["thought"]["t_per_year"] is None  # nobody knows wood's factor


def test_a_renovation_is_measured_against_the_weather(told: dict[str, Any]) -> None:
    (heat,) = by_id(told)["walls"]["measured"]
    assert heat["reasons"] == []
    assert heat["share_low"] < 0.25 < heat["share_high"]
    assert heat["significant"]
    assert heat["jointly_with"] == []
    assert heat["first_day"] == "2025-06-02"
    assert heat["kwh_per_year_low"] < heat["kwh_per_year"] < heat["kwh_per_year_high"]


def test_two_measures_on_one_meter_are_told_jointly(told: dict[str, Any]) -> None:
    (led,), (dimmed,) = by_id(told)["led"]["measured"], by_id(told)["led-dimmed"]["measured"]
    assert (led["jointly_with"], dimmed["jointly_with"]) == (["led-dimmed"], ["led"])
    assert led["kwh"] == dimmed["kwh"]
    assert led["first_day"] == "2025-09-01"
    assert led["share"] == pytest.approx(0.6, abs=0.02)
    assert led["share_low"] < led["share"] < led["share_high"]


def test_solar_power_is_measured_by_what_the_house_used_of_it(told: dict[str, Any]) -> None:
    (own,) = by_id(told)["barn-solar"]["measured"]
    assert own["reasons"] == []
    assert own["share"] == pytest.approx(0.2)  # 10 of 50 Wh
    assert own["kwh"] == own["low_kwh"] == own["high_kwh"] == pytest.approx(own["days"] * 96 * 0.010, rel=0.01)
    assert own["kwh_per_year"] == pytest.approx(365 * 96 * 0.010, rel=0.01)
    assert own["confidence"] is None


def test_what_no_meter_shows_says_so(told: dict[str, Any]) -> None:
    (roof,) = by_id(told)["barn-roof"]["measured"]
    assert [reason["code"] for reason in roof["reasons"]] == ["no meter"]
    assert roof["kwh"] is None
    assert by_id(told)["vans"]["measured"] == []


def test_measured_effects_together_count_joint_ones_once(told: dict[str, Any]) -> None:
    found, together = by_id(told), told["measured"]
    heat, electricity = found["walls"]["measured"][0], found["led"]["measured"][0]
    own = found["barn-solar"]["measured"][0]
    sums = {one["carrier"]: one for one in together["carriers"]}
    assert sums["heat"]["kwh_per_year"] == pytest.approx(heat["kwh_per_year"])
    assert sums["electricity"]["kwh_per_year"] == pytest.approx(electricity["kwh_per_year"] + own["kwh_per_year"])
    half = (electricity["kwh_per_year_high"] - electricity["kwh_per_year_low"]) / 2
    told_half = (sums["electricity"]["kwh_per_year_high"] - sums["electricity"]["kwh_per_year_low"]) / 2
    assert told_half == pytest.approx(half)  # what is metered itself adds nothing to it
    assert together["t_per_year"] == pytest.approx(sum(one["t_per_year"] for one in together["carriers"]))
    assert (together["effects"], together["refused"]) == (3, 1)


def test_the_gap_counts_only_what_has_not_started(told: dict[str, Any], roads: Any) -> None:
    gap, view = told["gap"], roads.told("/climate/town")
    assert gap["basis"] == "forecast"
    assert gap["gap_t"] == pytest.approx(view["forecast"]["tonnes"][-1] - 150)
    found = by_id(told)
    expected = found["vans"]["t_in_target_year"] + found["pump"]["t_in_target_year"]
    assert (gap["planned"], gap["planned_unknown"]) == (3, 1)
    assert gap["planned_t"] == pytest.approx(expected)
    weighed = 0.5 * found["vans"]["t_in_target_year"] + 0.8 * found["pump"]["t_in_target_year"]
    assert gap["planned_weighed_t"] == pytest.approx(weighed)
    assert gap["left_t"] == pytest.approx(gap["gap_t"] - expected)


def test_measures_belong_to_the_targets_that_count_them(roads: Any) -> None:
    assert {one["id"] for one in roads.told("/climate/barn/measures")["items"]} == {"barn-roof", "barn-solar"}
    assert {one["id"] for one in roads.told("/climate/lights/measures")["items"]} == {"led", "led-dimmed"}


def test_a_scenario_takes_what_is_chosen(roads: Any) -> None:
    every, none = roads.told("/climate/town/scenario"), roads.told("/climate/town/scenario", measures="")
    vans = roads.told("/climate/town/scenario", measures="vans")
    assert every["measures"] == ["pump", "vans", "thought"]
    assert every["unknown"] == ["thought"]
    assert (none["measures"], vans["measures"]) == ([], ["vans"])
    columns = vans["columns"]
    at = columns["year"].index(2030)
    assert columns["year"][0] <= 2019
    assert columns["forecast_t"][at] - columns["scenario_t"][at] == pytest.approx(40 - 10_000 * ELECTRICITY_2030 / 1000)
    assert columns["saved_t"][columns["year"].index(2027)] == 0.0
    assert none["columns"]["scenario_t"] == none["columns"]["forecast_t"]
    assert none["gap_t"] - vans["gap_t"] == pytest.approx(columns["saved_t"][at])
    half = roads.told("/climate/town/scenario", measures="pump")["columns"]
    first, whole = (half["saved_t"][half["year"].index(year)] for year in (2027, 2030))
    assert first / whole == pytest.approx(184 / 365 * (0.1 * 0.0812 / 0.0878) / HEAT_2030, abs=0.01)
    assert vans["factor_course"] == "br18-tabel-8"


def test_a_running_measure_adds_nothing_to_the_trend(roads: Any) -> None:
    answer = roads.get("/api/v1/climate/town/scenario?measures=vans,walls")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "measures"
    assert "it runs since 2025-06-02: the trend has it" in answer.json()["detail"]
    answer = roads.get("/api/v1/climate/town/scenario?measures=vns")
    assert answer.status_code == 404
    assert "the nearest is vans" in answer.json()["detail"]
    assert roads.get("/api/v1/climate/nowhere/measures").status_code == 404
    # Another target's measure isn't this one's.
    assert roads.get("/api/v1/climate/barn/scenario?measures=vans").status_code == 404


def test_the_road_as_a_table(roads: Any) -> None:
    answer = roads.get("/api/v1/climate/town/scenario?format=csv&lang=da")
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="town-road.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    by_year = {row["year"]: row for row in rows}
    assert by_year["2018"]["trajectory_t"] == "1000"
    assert by_year["2030"]["trajectory_t"] == "150"
    assert by_year["2018"]["emitted_t"] == ""
    assert "," in by_year["2028"]["scenario_t"]


def test_without_a_baseline_measures_are_told_all_the_same(roads: Any) -> None:
    found = roads.told("/climate/area/measures")
    assert (found["gap"]["gap_t"], found["gap"]["target_t"]) == (None, None)
    assert found["items"]
    columns = roads.told("/climate/area/scenario")["columns"]
    assert set(columns["trajectory_t"]) == {None}
    assert columns["emitted_t"][columns["year"].index(2020)] is not None
