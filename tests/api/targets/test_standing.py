"""Where accounts stand: what counts as a whole year, and what can be said without a baseline."""

from typing import Any

import pytest

from bypuls.api.accounts.model import Line
from bypuls.api.targets.scope import covered_parts, share_of
from bypuls.api.targets.standing import standing
from bypuls.store.registry import ScopePart, Target

YEAR_S = 365 * 86_400.0


def target(**changed: Any) -> Target:
    values: dict[str, Any] = {
        "id": "t", "name": "T", "kind": "organisation", "scope": "all", "base_year": 2015, "base_tonnes": 100.0,
        "reduction": 0.85, "target_year": 2030, "gas": "CO2", "method": "125 %", "source": "a report", "note": None,
    }  # fmt: skip
    return Target(**(values | changed))


def year(number: int, tonnes: float | None, **changed: Any) -> dict[str, Any]:
    return {
        "year": number, "emitted_t": tonnes, "completeness": 1.0, "scope_share": 1.0, "methods": ["125 %"],
    } | changed  # fmt: skip


def on_the_line(last: int = 2025) -> list[dict[str, Any]]:
    return [year(one, 100.0 * (1 - 0.85 * (one - 2015) / 15)) for one in range(2016, last + 1)]


def test_years_on_the_line() -> None:
    found = standing(target(), on_the_line(), 2026)
    assert (found["status"], found["status_year"], found["reasons"]) == ("on track", 2025, [])
    assert found["remaining_budget_t"] == pytest.approx(131.67, abs=0.005)
    assert found["projected_year"] == 2030
    assert found["reached_reduction"] == pytest.approx(0.5667, abs=0.0001)
    assert found["target_t"] == pytest.approx(15)
    assert found["forecast"]["year"].tolist() == [2026, 2027, 2028, 2029, 2030]
    assert found["forecast"]["tonnes"] == pytest.approx([37.67, 32.0, 26.33, 20.67, 15.0], abs=0.01)
    assert found["constant_rate_share_per_year"] == pytest.approx(0.1188, abs=0.00005)
    assert found["trajectory"]["constant_rate_t"][11] == pytest.approx(24.88, abs=0.005)


@pytest.mark.parametrize("changed", [{"completeness": 0.5}, {"scope_share": 0.5}, {"scope_share": None},
                                     {"methods": ["200 %"]}, {"emitted_t": None}])  # fmt: skip
def test_a_year_that_is_not_whole_is_in_no_figure(changed: dict[str, Any]) -> None:
    years = on_the_line()
    years[-1] |= {"emitted_t": 5.0} | changed
    found = standing(target(), years, 2026)
    assert found["status"] == "insufficient data"
    assert found["reasons"]
    assert (found["reached_reduction"], found["required_share_per_year"]) == (None, None)
    assert found["remaining_budget_t"] is None or found["whole_years"][-1] == 2024
    assert found["projected_year"] == 2030  # of the years before


def test_an_imported_account_has_no_meters_to_be_complete() -> None:
    years = [one | {"completeness": None, "methods": []} for one in on_the_line()]
    assert standing(target(), years, 2026)["status"] == "on track"


def test_fuels_burn_alike_whatever_the_grid_is_counted_by() -> None:
    years = [one | {"methods": ["125 %", "combustion", "tank-to-wheel"]} for one in on_the_line()]
    assert standing(target(), years, 2026)["status"] == "on track"
    mixed = [one | {"methods": ["125 %", "200 %"]} for one in on_the_line()]
    assert [reason["code"] for reason in standing(target(), mixed, 2026)["reasons"]] == ["basis", "years"]


def test_without_a_baseline_there_is_still_a_trend() -> None:
    found = standing(target(base_year=None, base_tonnes=None), on_the_line(), 2026)
    assert (found["status"], found["trajectory"], found["remaining_budget_t"]) == ("insufficient data", None, None)
    assert [(reason["code"], reason["found"]) for reason in found["reasons"]] == [("baseline", "no base_year")]
    assert found["forecast"]["t_per_year"] == pytest.approx(-85 / 15)
    partial = [one | {"scope_share": None} for one in on_the_line()]
    found = standing(target(base_tonnes=None), partial, 2026)
    assert [reason["code"] for reason in found["reasons"]] == ["baseline", "scope share"]
    assert found["forecast"] is None


def test_no_trend_from_four_years() -> None:
    found = standing(target(), on_the_line()[-4:], 2026)
    assert (found["forecast"], found["projected_year"], found["remaining_budget_t"]) == (None, None, None)
    assert found["status"] == "on track"


def line(kind: str, carrier: str, asked_s: float = YEAR_S, months: int = 0, kg: float | None = 1.0) -> Line:
    import numpy as np

    column = np.zeros(12)
    column[:months] = 1.0
    return Line(
        kind=kind, id="x", name="x", domain="buildings", moved_from=None, place=("building", "hall"), carrier=carrier,
        sign=1, amount=1.0, unit="kWh", asked_s=asked_s, covered_s=asked_s, with_factor_s=asked_s, factor=None,
        months=column, emitted_kg=kg, gap_amount=0.0, gap_kg=None, export_kwh=0.0, avoided_kg=None, reasons=(),
    )  # type: ignore[arg-type]  # fmt: skip


def test_a_meter_that_came_in_november_covers_no_year() -> None:
    late = line("meter", "heat", asked_s=YEAR_S / 10)
    assert covered_parts([late], YEAR_S) == set()
    assert covered_parts([late, line("activity", "heat", 0.0, months=11)], YEAR_S) == {("buildings", "heat")}
    assert covered_parts([line("activity", "heat", 0.0, months=6)], YEAR_S) == set()
    assert covered_parts([line("meter", "heat")], YEAR_S) == {("buildings", "heat")}
    # A swap: two sensors, each for its time, at one place.
    swapped = [line("meter", "heat", asked_s=YEAR_S / 2), line("meter", "heat", asked_s=YEAR_S / 2)]
    assert covered_parts(swapped, YEAR_S) == {("buildings", "heat")}
    assert covered_parts([line("meter", "gas", kg=None)], YEAR_S) == set()


def test_the_scope_share_is_of_the_baseline() -> None:
    parts = [
        ScopePart(target="t", domain="buildings", carrier="heat", base_tonnes=60.0),
        ScopePart(target="t", domain="fleet", carrier="diesel", base_tonnes=40.0),
    ]
    assert share_of(parts, {("buildings", "heat")}) == pytest.approx(0.6)
    assert share_of(parts, {("buildings", "heat"), ("fleet", "diesel"), ("other", "wood")}) == 1.0
    assert share_of(parts, set()) == 0.0
    assert share_of([], {("buildings", "heat")}) is None
