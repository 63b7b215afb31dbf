"""Plans over a registry, against sums by hand; hours against the almanac's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.analysis.lighting.what_if import hours_at_levels
from bypuls.api.directory import Directory, DirectorySource
from bypuls.api.lighting_plan.forms import as_csv, as_json
from bypuls.api.lighting_plan.plan import plan_of
from bypuls.api.lighting_plan.scenario import Scenario, UnknownType, parse_gear, parse_watts, profile_of
from bypuls.api.lighting_plan.sun_hours import sun_hours
from bypuls.store.registry import DimmingProfile, Factor, Lamp, LampGroup, Price, open_registry

CPH = ZoneInfo("Europe/Copenhagen")
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BALLERUP = (55.7317, 12.3633)


@pytest.fixture
def directory(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[Directory]:
    """Two sodium lamps, an LED, one of unknown type and one of unknown power."""
    with open_registry(place_registry(tmp_path)) as registry:
        with registry.session() as session:
            place = {"lat": BALLERUP[0], "lon": BALLERUP[1], "luminaires": 1}
            session.add_all(
                [
                    Lamp(id="a", name="A", street="Torvet", watt=100, lamp_type="HPS", lighting_class="M3", **place),
                    Lamp(id="b", name="B", street="Torvet", watt=80, lamp_type="HPS", lighting_class="M3",
                         flux_lm=8000, lamp_group="dim", **place),
                    Lamp(id="c", name="C", street="=Vej", watt=40, lamp_type="LED", lamp_group="dim", **place),
                    Lamp(id="d", name="D", street="=Vej", watt=100, **place),
                    Lamp(id="e", name="E", street="=Vej", lamp_type="HPS", **place),
                    LampGroup(id="dim", name="Dimmed"),
                    DimmingProfile(lamp_group="dim", valid_from=date(2020, 1, 1), schedule="22:00-06:00=50"),
                    Price(medium="electricity", valid_from=date(2026, 1, 1), unit="dkk_per_kwh", value=2.0),
                    Factor(factor_set="s", version="1", carrier="electricity", scope="2-location", gas="CO2e",
                           method="m", area="DK", valid_from=datetime(2024, 12, 31, 23, tzinfo=UTC), step="year",
                           valid_to=datetime(2025, 12, 31, 23, tzinfo=UTC), value=0.1, unit="kg/kWh", source="made"),
                ]
            )  # fmt: skip
        yield DirectorySource(registry)()


def test_the_suns_hours_of_2026_are_the_almanacs() -> None:
    assert sun_hours(2026, CPH, *BALLERUP, "civil").total_h == pytest.approx(3719, abs=1)
    assert sun_hours(2026, CPH, *BALLERUP, "sunset").total_h == pytest.approx(4268, abs=1)
    found = sun_hours(2026, CPH, *BALLERUP, "civil")
    assert found.step_h.sum() == pytest.approx(found.total_h)
    # Midnight is dark all year, noon never.
    assert found.lit_h[0] == pytest.approx(365 / 60)
    assert found.lit_h[12 * 60] == 0.0


def test_far_from_greenwich_evenings_lie_on_another_day_of_utc() -> None:
    new_york = ZoneInfo("America/New_York")
    assert sun_hours(2026, new_york, 38.9, -77.03, "civil").total_h == pytest.approx(3955, abs=2)


def test_a_plan_by_hand(directory: Directory) -> None:
    scenario = Scenario(watts={100.0: 40.0}, watt_share=0.5, schedule="00:00-05:00=0", efficacy_lm_w=150.0,
                        useful_share=0.5, cost_dkk=3000.0, gear={"HPS": 0.1})  # fmt: skip
    plan = plan_of(directory, scenario, now=NOW, zone=CPH)
    lit = sun_hours(2026, CPH, 55.73, 12.36, "civil").lit_h
    whole = lit.sum()
    half = lit[22 * 60 :].sum() + lit[: 6 * 60].sum()
    dark = lit[: 5 * 60].sum()
    by_id = {one.lamp.id: one for one in plan.lamps}
    assert by_id["a"].now_kwh == pytest.approx(110 * whole / 1000)
    assert by_id["a"].then_kwh == pytest.approx(40 * (whole - dark) / 1000)
    # Sodium at half light takes 30 % + 70 % · 0.5 of its power; LED 6 % + 94 % · 0.5.
    assert by_id["b"].now_kwh == pytest.approx(88 * (whole - half + 0.65 * half) / 1000)
    assert by_id["b"].then_kwh == pytest.approx(40 * (whole - dark) / 1000)
    assert by_id["c"].now_kwh == pytest.approx(40 * (whole - half + 0.53 * half) / 1000)
    assert by_id["c"].then_kwh == pytest.approx(40 * (whole - dark) / 1000)
    assert by_id["d"].then_kwh is None
    assert by_id["d"].replaced is None
    assert by_id["e"].now_kwh is None
    # 40 W · 150 lm/W against half of 9,600 lm, and half of the register's 8,000 lm.
    assert (by_id["a"].light, by_id["a"].class_state, by_id["b"].light) == ("kept", "kept", "kept")
    total = plan.totals()
    assert (total["lamps"], total["unknown_lamps"], total["replaced_lamps"]) == (5, 2, 2)
    saved = sum((by_id[name].now_kwh or 0.0) - (by_id[name].then_kwh or 0.0) for name in "abc")
    assert total["saved_kwh"] == pytest.approx(saved)
    assert total["saved_dkk"] == pytest.approx(saved * 2.0)
    assert total["saved_co2_kg"] == pytest.approx(saved * 0.1)
    assert total["payback_years"] == pytest.approx(6000.0 / (saved * 2.0))
    assert plan.money.factor == "s 1 (2025)"


def test_less_light_is_a_lower_class_and_unknown_light_is_unknown(directory: Directory) -> None:
    plan = plan_of(directory, Scenario(watts={100.0: 40.0}, efficacy_lm_w=120.0), now=NOW, zone=CPH)
    by_id = {one.lamp.id: one for one in plan.lamps}
    assert (by_id["a"].light, by_id["a"].class_then) == ("lower", "M5")  # 4,800 of 9,600 lm: half of M3
    assert by_id["b"].light == "unknown"
    assert by_id["b"].then_kwh is None
    blind = plan_of(directory, Scenario(watt_share=0.4), now=NOW, zone=CPH)
    assert {one.light for one in blind.lamps if one.replaced} == {"unknown"}
    assert blind.totals()["payback_years"] is None


def test_capitals_of_a_type_do_not_matter_and_a_wrong_word_is_refused(directory: Directory) -> None:
    lamps = directory.lamps.values()
    asked = Scenario(watt_share=0.4, types=(" hps",), gear={"Hps": 0.1}).for_types_of(lamps)
    assert (asked.types, asked.gear) == (("HPS",), {"HPS": 0.1})
    for wrong in (Scenario(types=("sodium",)), Scenario(gear={"sodium": 0.1})):
        with pytest.raises(UnknownType, match=r"'sodium'; expected a lamp type of the registry \(HPS, LED\)"):
            wrong.for_types_of(lamps)


def test_dimming_alone_replaces_nothing(directory: Directory) -> None:
    plan = plan_of(directory, Scenario(replace=False, schedule="20:00-06:00=30"), now=NOW, zone=CPH)
    by_id = {one.lamp.id: one for one in plan.lamps}
    assert by_id["a"].then_kwh == by_id["a"].now_kwh  # sodium doesn't follow the LED's schedule
    assert (by_id["c"].then_kwh or 0) < (by_id["c"].now_kwh or 0)
    assert plan.totals()["replaced_lamps"] == 0


def test_forms_keep_unknown_and_formulas_inert(directory: Directory) -> None:
    plan = plan_of(directory, Scenario(watt_share=0.5), now=NOW, zone=CPH)
    told = as_json(plan, directory, "street")
    assert told["total"]["investment_dkk"] is None
    assert {row["street"] for row in told["rows"]} == {"Torvet", "=Vej"}
    lines = as_csv(plan, directory, "street", danish=True).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("street;lamps;unknown_lamps")
    assert any(line.startswith("'=Vej;") for line in lines)
    assert lines[-1].startswith("i alt;5;2;")


def test_a_register_without_places_says_so(directory: Directory) -> None:
    with pytest.raises(ValueError, match="no lamp has a position"):
        plan_of(directory, Scenario(), now=NOW, zone=CPH, lamps=[Lamp(id="x", name="X")])


def test_profiles_of_schedules() -> None:
    starts, levels = profile_of("22:00-01:30=50 01:30-04:45=10 04:45-06:00=50")
    assert (starts.tolist(), levels.tolist()) == ([90, 285, 360, 1320], [10.0, 50.0, 100.0, 50.0])
    starts, levels = profile_of(None)
    assert (starts.tolist(), levels.tolist()) == ([0], [100.0])
    assert hours_at_levels(np.ones(1440), *profile_of("22:00-06:00=50")).hours.tolist() == [480.0, 960.0]


@pytest.mark.parametrize("text", ["70", "70=", "70=28,70=30", "0=3", "70=-1", "a=b"])
def test_wrong_pairs_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_watts(text)
    with pytest.raises(ValueError, match="expected"):
        parse_gear("HPS=2")
