"""A year's account: activity × factor by the hour, each kWh once, and every gap told, never a silent number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bypuls.api.accounts.account import Accounts
from bypuls.api.accounts.meters import Part
from bypuls.api.accounts.model import Line
from tests.api.accounts.conftest import FRAME, G_PER_KWH, HOURS, QUARTERS, Place, wh


def codes(line: Line) -> list[str]:
    return [reason.code for reason in line.reasons]


def hourly_wh(amounts: np.ndarray) -> np.ndarray:
    return amounts.reshape(HOURS, 4).sum(axis=1)


def test_hourly_activity_times_hourly_factor(place: Place) -> None:
    amounts = wh(100.0, 60.0)
    place.meter("hall-el", amounts)
    place.hourly()
    line = place.line("hall-el")
    assert line.emitted_kg == pytest.approx(float(hourly_wh(amounts) @ G_PER_KWH) / 1e6, rel=1e-12)
    assert line.amount == pytest.approx(amounts.sum() / 1000.0)
    assert (line.coverage, line.reasons) == (1.0, ())
    assert line.months.sum() == pytest.approx(line.emitted_kg)
    assert line.factor is not None
    assert (line.factor.factor_set, line.factor.versions, line.factor.steps) == ("grid", ("1",), ("hour",))
    assert line.factor.mean == pytest.approx(G_PER_KWH.mean() / 1000.0)
    total = place.account().total
    assert total.emitted_t == pytest.approx((line.emitted_kg or 0.0) / 1000.0)
    assert (total.completeness, total.with_factor) == (1.0, 1.0)


def test_a_year_has_its_local_hours() -> None:
    assert HOURS == 8760
    assert FRAME.month_s.tolist()[2] == (31 * 24 - 1) * 3600
    assert FRAME.month_s.tolist()[9] == (31 * 24 + 1) * 3600


def test_a_missing_factor_is_unknown_never_zero(place: Place) -> None:
    place.meter("hall-el", wh(100.0))
    place.meter("hall-heat", wh(500.0), medium="heat")
    place.factor("electricity", 0.2)
    account = place.account()
    heat = place.line("hall-heat")
    assert (heat.emitted_kg, codes(heat)) == (None, ["no factor"])
    assert str(heat.reasons[0]) == (
        "no factor: none for CO2 of heat in 2025; expected one in the registry, location-based"
    )
    assert account.total.emitted_t is None
    assert account.total.known_t == pytest.approx(wh(100.0).sum() / 1000.0 * 0.2 / 1000.0)
    assert account.total.with_factor == pytest.approx(0.5)


def test_half_a_year_of_gaps_is_a_total_of_half_the_year(place: Place) -> None:
    amounts = wh(100.0)
    amounts[: len(amounts) // 2] = np.nan
    place.meter("hall-el", amounts)
    place.factor("electricity", 0.2)
    line = place.line("hall-el")
    assert codes(line) == ["gaps"]
    assert line.reasons[0].found == "50.0% of the meter's time in 2025"
    assert line.coverage == pytest.approx(0.5)
    assert line.emitted_kg == pytest.approx(np.nansum(amounts) / 1000.0 * 0.2)
    assert place.account().total.completeness == pytest.approx(0.5)


def test_what_a_gap_came_to_is_told_apart(place: Place) -> None:
    amounts = wh(100.0)
    place.meter("hall-el", amounts)
    gap = np.zeros(len(QUARTERS))
    gap[7000] = 5000.0
    amounts[6000:7000] = np.nan
    place.measure("hall-el", amounts, import_wh_gap=gap)
    place.factor("electricity", 0.2)
    line = place.line("hall-el")
    assert (line.gap_amount, line.gap_kg) == (pytest.approx(5.0), pytest.approx(1.0))
    assert line.emitted_kg == pytest.approx(np.nansum(amounts) / 1000.0 * 0.2), "the gap isn't in it"


def test_a_silent_meter_lowers_what_the_total_is_of(place: Place) -> None:
    place.meter("hall-el", wh(100.0))
    place.rows("sensor", {"id": "pool-el", "device": "pi", "kind": "meter", "name": "P", "building": "pool",
                          "medium": "electricity"})  # fmt: skip
    place.factor("electricity", 0.2)
    assert codes(place.line("pool-el")) == ["no reading"]
    total = place.account().total
    assert (total.completeness, total.emitted_t) == (pytest.approx(0.5), total.known_t)


def test_missing_hours_of_the_factor_are_counted(place: Place) -> None:
    values = G_PER_KWH.copy()
    values[100:196] = np.nan
    place.meter("hall-el", wh(100.0))
    place.hourly(values)
    line = place.line("hall-el")
    assert codes(line) == ["factor hours"]
    assert line.reasons[0].found == "no factor for 96 of 8760 hours of grid in 2025"
    assert line.with_factor_s == pytest.approx((HOURS - 96) * 3600.0)
    assert line.emitted_kg == pytest.approx(0.4 * np.nansum(values) / 1000.0)


def test_factors_of_a_scenario_are_refused(place: Place) -> None:
    place.meter("hall-el", wh(100.0))
    place.factor("electricity", 0.135, factor_set="br18-tabel-8", scope="life-cycle", method="forecast",
                 purpose="scenario")  # fmt: skip
    line = place.line("hall-el")
    assert (line.emitted_kg, codes(line)) == (None, ["scenario"])
    place.rows("factor_choice", {"view": "location", "carrier": "electricity", "factor_set": "br18-tabel-8"})
    assert codes(place.line("hall-el")) == ["scenario"], "not even where it is chosen"


def test_factors_that_differ_are_chosen_between_by_the_registry_alone(place: Place) -> None:
    place.meter("hall-el", wh(100.0))
    place.hourly(area="DK1")
    place.hourly(G_PER_KWH * 2.0, area="DK2")
    line = place.line("hall-el")
    assert (line.emitted_kg, codes(line)) == (None, ["several factors"])
    assert "grid (125 %, DK1); grid (125 %, DK2)" in line.reasons[0].found
    place.rows("factor_choice", {"view": "location", "carrier": "electricity", "factor_set": "grid", "area": "DK2"})
    assert place.line("hall-el").emitted_kg == pytest.approx(0.4 * 2.0 * G_PER_KWH.sum() / 1000.0)


GAS: dict[str, Any] = {"scope": "1", "method": "combustion", "factor_set": "fuels", "area": "DK"}


def test_the_heating_value_of_gas_must_be_that_of_the_factor(place: Place) -> None:
    place.meter("hall-gas", wh(100.0), medium="gas")
    place.factor("gas", 0.204, basis="lower", **GAS)
    line = place.line("hall-gas")
    assert (line.emitted_kg, codes(line)) == (None, ["basis"])
    assert "no calorific value in the registry" in line.reasons[0].found
    place.rows("calorific_value", {"valid_from": "2020-01-01", "basis": "upper", "kwh_per_m3": 12.2})
    line = place.line("hall-gas")
    assert (line.emitted_kg, line.reasons[0].found) == (
        None, "gas on the upper heating value, the factor of fuels on the lower",
    )  # fmt: skip
    place.rows("calorific_value", {"valid_from": "2020-01-01", "basis": "lower", "kwh_per_m3": 11.0})
    m3 = wh(0.01)
    place.measure("hall-gas", wh(122.0), medium="gas", volume_m3_delta=m3,
                  volume_m3_covered_s=np.full(len(m3), 900.0))  # fmt: skip
    line = place.line("hall-gas")
    assert line.amount == pytest.approx(m3.sum() * 11.0), "a volume has no heating value: the factor's is taken"
    assert line.emitted_kg == pytest.approx(m3.sum() * 11.0 * 0.204)


def test_behind_a_counted_meter_kwh_move_between_domains(place: Place) -> None:
    place.meter("hall-el", wh(100.0))
    place.meter("charger", wh(30.0), parent="hall-el", domain="charging")
    place.meter("kitchen", wh(20.0), parent="hall-el")
    place.meter("tenant", wh(10.0), parent="hall-el", sign=-1)
    place.meter("box-el", wh(5.0), cabinet="box")
    place.factor("electricity", 0.2)
    account = place.account()
    quarters = len(QUARTERS)
    tonnes = {name: total.emitted_t for name, total in account.by_domain.items()}
    per_wh = quarters / 1000.0 * 0.2 / 1000.0
    assert tonnes == pytest.approx({"buildings": 60 * per_wh, "charging": 30 * per_wh, "lighting": 5 * per_wh})
    assert account.total.emitted_t == pytest.approx(95 * per_wh), "each kWh once"
    assert {line.id: line.kind for line in account.lines} == {
        "box-el": "meter", "charger": "moved", "hall-el": "meter", "tenant": "meter",
    }  # fmt: skip
    charging = place.account(part=Part("domain", "charging"))
    assert charging.total.emitted_t == pytest.approx(30 * per_wh)
    buildings = place.account(part=Part("domain", "buildings"))
    assert buildings.total.emitted_t == pytest.approx(60 * per_wh)
    assert place.account(part=Part("building", "pool")).lines == ()


def test_a_lamp_is_in_its_cabinets_meter_or_counts_itself(place: Place) -> None:
    place.rows("cabinet", {"id": "dark", "name": "Without a meter"})
    place.rows(
        "lamp", {"id": "lamp-1", "name": "1", "cabinet": "box"}, {"id": "lamp-2", "name": "2", "cabinet": "dark"}
    )
    for name in ("lamp-1", "lamp-2"):
        place.rows("sensor", {"id": name, "device": "pi", "kind": "lamp", "name": name, "lamp": name})
    place.meter("box-el", wh(5.0), cabinet="box")
    place.factor("electricity", 0.2)
    assert [line.id for line in place.account().lines] == ["box-el", "lamp-2"]


def test_solar_is_shown_apart(place: Place) -> None:
    amounts, export = wh(100.0), wh(0.0, 40.0)
    place.meter("hall-el", amounts)
    place.measure("hall-el", amounts, export_wh_delta=export)
    place.hourly()
    line = place.line("hall-el")
    assert line.export_kwh == pytest.approx(export.sum() / 1000.0)
    assert line.avoided_kg == pytest.approx(float(hourly_wh(export) @ G_PER_KWH) / 1e6)
    assert line.emitted_kg == pytest.approx(float(hourly_wh(amounts) @ G_PER_KWH) / 1e6), "never netted"
    assert place.account().total.avoided_t == pytest.approx((line.avoided_kg or 0.0) / 1000.0)


def test_what_was_bought_beside_what_the_grid_delivered(place: Place) -> None:
    place.meter("hall-el", wh(100.0))
    place.meter("hall-heat", wh(500.0), medium="heat")
    place.factor("electricity", 0.2)
    place.factor("heat", 0.1)
    market = place.account(view="market")
    by_id = {line.id: line for line in market.lines}
    assert codes(by_id["hall-el"]) == ["no contract"], "without a contract nobody knows"
    assert by_id["hall-heat"].emitted_kg == place.line("hall-heat").emitted_kg
    assert market.total.emitted_t is None
    place.factor("electricity", 0.0, factor_set="wind-contract", scope="2-market", method="contract")
    place.factor("electricity", 0.4, factor_set="residual-mix", scope="2-market", method="residual mix")
    assert codes(place.line("hall-el", view="market")) == ["several factors"]
    place.rows("factor_choice", {"view": "market", "carrier": "electricity", "factor_set": "residual-mix"})
    assert place.line("hall-el", view="market").emitted_kg == pytest.approx(wh(100.0).sum() / 1000.0 * 0.4)
    assert place.line("hall-el").emitted_kg == pytest.approx(wh(100.0).sum() / 1000.0 * 0.2)


def activity(**more: Any) -> dict[str, Any]:
    return {"id": "fleet", "name": "Vans", "domain": "fleet", "carrier": "diesel", "valid_from": "2025-01-01",
            "valid_to": "2026-01-01", "amount": 1000, "unit": "l", "source": "fuel cards"} | more  # fmt: skip


def test_litres_of_the_fleet(place: Place) -> None:
    place.rows("activity", activity(), activity(id="half", valid_from="2024-07-02", valid_to="2025-07-02"))
    place.factor("diesel", 2.66, unit="kg/l", scope="1", method="tank-to-wheel", factor_set="fuels")
    place.factor("diesel", 3.41, unit="kg/l", scope="1+3", method="well-to-wheel", factor_set="fuels", gas="CO2e")
    assert place.line("fleet").emitted_kg == pytest.approx(2660.0)
    assert place.line("half").emitted_kg == pytest.approx(2660.0 * 182 / 365)
    assert place.account().by_domain["fleet"].emitted_t == pytest.approx(2.66 * (1 + 182 / 365))
    assert place.account().total.completeness is None, "litres have no hours"
    assert codes(place.line("fleet", gas="CO2e")) == ["no factor"], "well to wheel is never mixed in"


@pytest.mark.parametrize(
    ("change", "code", "kg"),
    [
        ({"unit": "kWh", "carrier": "gas", "basis": "lower"}, None, 204.0),
        ({"unit": "kWh", "carrier": "gas", "basis": "upper"}, "basis", None),
        ({"unit": "kWh", "carrier": "gas"}, "basis", None),
        ({"unit": "m3", "carrier": "gas"}, "unit", None),
        ({"unit": "t", "carrier": "waste", "gas": "CO2", "amount": 12}, None, 12_000.0),
        ({"unit": "t", "carrier": "waste", "gas": "CO2e"}, "unit", None),
        ({"carrier": "kerosene"}, "no factor", None),
        ({"unit": "kWh", "carrier": "electricity", "building": "hall"}, "also measured", 0.0),
    ],
)
def test_imported_amounts(place: Place, change: dict[str, Any], code: str | None, kg: float | None) -> None:
    place.meter("hall-el", wh(100.0))
    place.factor("electricity", 0.2)
    place.factor("gas", 0.204, basis="lower", **GAS)
    place.rows("activity", activity(**change))
    line = place.line("fleet")
    assert codes(line) == ([code] if code else [])
    assert line.emitted_kg == (None if kg is None else pytest.approx(kg))


def test_a_swapped_meter_is_asked_for_its_own_time(place: Place) -> None:
    first, second = wh(100.0), wh(100.0)
    half = len(first) // 2
    first[half:], second[:half] = np.nan, np.nan
    moment = "2025-07-02T11:00:00Z"
    place.meter("old", first, valid_to=moment)
    place.meter("new", second, valid_from=moment)
    place.factor("electricity", 0.2)
    account = place.account()
    assert account.total.completeness == pytest.approx(1.0, abs=0.001)
    assert account.total.kwh == pytest.approx(wh(100.0).sum() / 1000.0)


def test_a_year_is_added_up_once_until_its_bins_change(place: Place, again: Callable[[], Accounts]) -> None:
    place.meter("hall-el", wh(100.0))
    place.hourly()
    before = place.account()
    assert place.account() is before
    place.measure("hall-el", wh(200.0), told=False)
    again()
    assert place.account().total == before.total, "nobody said that the bins changed"
    place.book.note_changes([("meter", "hall-el", FRAME.start_us, FRAME.start_us + 1)])
    assert place.account().total.emitted_t == pytest.approx(2.0 * (before.total.emitted_t or 0.0))


def test_an_empty_town_has_an_empty_account(place: Place) -> None:
    account = place.account()
    assert (account.lines, account.total.emitted_t, account.total.known_t) == ((), None, None)
