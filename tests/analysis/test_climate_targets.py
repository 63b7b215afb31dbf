"""The target's trajectory and budget with their published values, and when no status may be given."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.analysis.climate import targets as climate
from bypuls.analysis.climate.targets import Account, Basis, Target
from bypuls.analysis.errors import BadInput

AREA = Basis("CO2", "125 %", "the area")
TARGET = Target(2015, 100.0, 2030, 0.85, AREA)


def on_the_line(last: int) -> dict[int, float]:
    return dict(zip(range(2016, last + 1), climate.trajectory(TARGET, range(2016, last + 1)).tolist(), strict=True))


def accounts(last_t: float | None = 40.0, **last: Any) -> list[Account]:
    years = [Account(year, 50.0, 1.0, 1.0, AREA) for year in (2022, 2023, 2024)]
    return [*years, dataclasses.replace(Account(2025, last_t, 1.0, 1.0, AREA), **last)]


def test_trajectory() -> None:
    found = climate.trajectory(TARGET, [2015, 2020, 2025, 2026, 2030, 2040])
    assert found == pytest.approx([100, 71.67, 43.33, 37.67, 15, 15], abs=0.005)
    with pytest.raises(BadInput, match=r"years\[0\]: 2014; expected from the baseline year 2015 on"):
        climate.trajectory(TARGET, [2014])


def test_constant_rate() -> None:
    assert climate.constant_rate(TARGET) == pytest.approx(0.1188, abs=0.00005)
    found = climate.constant_rate_trajectory(TARGET, [2015, 2026, 2030])
    assert found == pytest.approx([100, 24.88, 15], abs=0.005)


def test_budget() -> None:
    assert climate.full_budget(TARGET) == pytest.approx(820)
    assert climate.remaining_budget(TARGET, on_the_line(2025)) == pytest.approx(131.67, abs=0.005)
    assert climate.remaining_budget(TARGET, on_the_line(2030)) == pytest.approx(0)
    assert climate.remaining_budget(TARGET, {2015: 100.0, **on_the_line(2025)}) == pytest.approx(131.67, abs=0.005)


@pytest.mark.parametrize("emitted", [{}, {2015: 100.0}, {2016: 90.0, 2018: 80.0}, {2016: None, 2017: 80.0}])
def test_the_budget_is_unknown_while_a_year_is_missing(emitted: dict[int, float | None]) -> None:
    assert climate.remaining_budget(TARGET, emitted) is None


def test_required_rate() -> None:
    rate = climate.required_rate(TARGET, 50.0, 2025)
    assert rate is not None
    assert (rate.share_per_year, rate.t_per_year) == (pytest.approx(0.214, abs=0.0005), pytest.approx(7.0))
    assert climate.required_rate(TARGET, 50.0, 2030) is None
    below = climate.required_rate(TARGET, 10.0, 2025)
    assert below is not None
    assert below.t_per_year < 0


@given(st.floats(16.0, 200.0), st.integers(2016, 2029))
def test_the_required_rate_leads_to_the_target(emitted_t: float, year: int) -> None:
    rate = climate.required_rate(TARGET, emitted_t, year)
    assert rate is not None
    assert emitted_t * (1 - rate.share_per_year) ** (2030 - year) == pytest.approx(15.0)
    assert emitted_t - rate.t_per_year * (2030 - year) == pytest.approx(15.0)


@pytest.mark.parametrize(
    ("last_t", "state"),
    [(43.33, "on track"), (130 / 3, "on track"), (43.34, "at risk"), (45.5, "at risk"), (45.51, "off track")],
)
def test_status(last_t: float, state: str) -> None:
    found = climate.status(TARGET, accounts(last_t))
    assert (found.state, found.year, found.actual_t, found.reasons) == (state, 2025, last_t, ())
    assert found.trajectory_t == pytest.approx(43.33, abs=0.005)


@pytest.mark.parametrize(
    ("last", "code", "text"),
    [
        ({"emitted_t": None}, "emission unknown", "2025 unknown"),
        ({"completeness": 0.899}, "completeness", "89.9% in 2025; expected at least 90%"),
        ({"completeness": None}, "completeness", "unknown in 2025"),
        ({"scope_share": 0.9}, "scope share", "90.0% in 2025; expected at least 95%"),
        ({"scope_share": None}, "scope share", "unknown in 2025"),
        (
            {"basis": Basis("CO2e", "125 %", "the area")},
            "basis",
            "CO2e, 125 %, the area; expected CO2, 125 %, the area",
        ),
        ({"basis": Basis("CO2", "200 %", "the area")}, "basis", "200 %"),
        ({"basis": Basis("CO2", "125 %", "lighting")}, "basis", "lighting"),
    ],
)
def test_insufficient_data_with_its_reason(last: dict[str, Any], code: str, text: str) -> None:
    found = climate.status(TARGET, accounts(**last))
    assert found.state == "insufficient data"
    assert [reason.code for reason in found.reasons] == [code]
    assert text in str(found.reasons[0])


def test_completeness_never_makes_up_for_scope() -> None:
    found = climate.status(TARGET, accounts(completeness=0.91, scope_share=0.94))
    assert [reason.code for reason in found.reasons] == ["scope share"]
    found = climate.status(TARGET, accounts(completeness=0.5, scope_share=0.5))
    assert [reason.code for reason in found.reasons] == ["completeness", "scope share"]


def test_too_few_years() -> None:
    found = climate.status(TARGET, accounts()[2:])
    assert [str(reason) for reason in found.reasons] == ["years: 2 complete on the target's basis; expected at least 3"]
    half = [dataclasses.replace(account, completeness=0.5) for account in accounts()[:3]]
    found = climate.status(TARGET, [*half, accounts()[3]])
    assert [str(reason) for reason in found.reasons] == ["years: 1 complete on the target's basis; expected at least 3"]
    assert climate.status(TARGET, []).reasons[0].code == "no account"
    assert climate.status(TARGET, [Account(2014, 9.0, 1.0, 1.0, AREA)]).reasons[0].code == "before baseline"


def test_a_year_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="expected each year once"):
        climate.status(TARGET, [*accounts(), *accounts()])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"baseline_t": 0.0}, "baseline_t: 0.0"),
        ({"baseline_t": float("nan")}, "baseline_t: nan"),
        ({"reduction": 85.0}, "reduction: 85.0; expected a share"),
        ({"target_year": 2015}, "target_year: 2015; expected after baseline_year 2015"),
    ],
)
def test_targets_that_are_none(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        dataclasses.replace(TARGET, **change)


def test_accounts_that_are_none() -> None:
    with pytest.raises(BadInput, match="completeness of 2025: 90; expected 0 … 1"):
        accounts(completeness=90)
    with pytest.raises(BadInput, match="emitted_t of 2025: nan"):
        accounts(emitted_t=float("nan"))
