"""Faults of single lamps, rule by rule: what opens them, what closes them, what silence does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bypuls.analysis.errors import BadInput
from bypuls.analysis.lighting.ageing import AgeingLimits, AgeingWatch
from bypuls.analysis.lighting.expectation import learn, medians_by, voltage_factor
from bypuls.analysis.lighting.findings import Finding
from bypuls.analysis.lighting.lamp_rules import LampLimits, LampRound
from bypuls.analysis.lighting.lamps import LampState, evaluate, standing
from bypuls.analysis.lighting.plan import commanded_pct, night_and_day

LAMPS = 6
MINUTE_US = 60_000_000
LIMITS = LampLimits()


def round_of(minute: int, **changed: Any) -> LampRound:
    """Six healthy LED lamps of 60 W at night, on one cabinet."""
    n = LAMPS
    normal: dict[str, Any] = {
        "reported": np.ones(n, np.bool_),
        "power_w": np.full(n, 60.0),
        "night": np.ones(n, np.bool_),
        "day": np.zeros(n, np.bool_),
        "commanded_pct": np.full(n, 100.0),
        "expected_w": np.full(n, 60.0),
        "full_w": np.full(n, 60.0),
        "nominal_w": np.full(n, 60.0),
        "exponent": np.zeros(n),
        "voltage_v": np.full(n, 230.0),
        "power_factor": np.full(n, 0.95),
        "temp_c": np.full(n, 40.0),
        "lit_share": np.full(n, np.nan),
        "switched_on": np.full(n, np.nan),
        "cabinet": np.zeros(n, np.int64),
        "cabinet_dark": np.full(1, -1),
    }
    unknown = set(changed) - set(normal) - {"said"}
    assert not unknown
    return LampRound(t_us=minute * MINUTE_US, **(normal | changed))


def first(value: float, otherwise: float) -> Any:
    return np.array([value] + [otherwise] * (LAMPS - 1))


def played(rounds: Iterable[LampRound]) -> tuple[LampState, list[Finding]]:
    state, found = LampState.of(LAMPS, 1, 0, LIMITS), []
    for one in rounds:
        done = evaluate(state, one, LIMITS)
        state = done.state
        found += done.findings
    return state, found


def names(found: Iterable[Finding]) -> list[tuple[str, str, int]]:
    return [(one.name, one.of, one.index) for one in found]


def test_outage_needs_half_an_hour_and_three_samples() -> None:
    dark = [round_of(t, power_w=first(1.0, 60.0)) for t in (0, 15, 30)]
    _, found = played(dark)
    assert names(found) == [("lampFailure", "lamp", 0)]
    assert (found[0].from_us, found[0].confirmed_us) == (0, 30 * MINUTE_US)
    assert played(dark[:2])[1] == []
    assert played([round_of(0, power_w=first(1.0, 60.0)), round_of(40, power_w=first(1.0, 60.0))])[1] == []


def test_outage_closes_by_light_alone_never_by_day_or_silence() -> None:
    out = [round_of(t, power_w=first(0.0, 60.0)) for t in (0, 15, 30)]
    day = [round_of(t, power_w=np.zeros(LAMPS), night=np.zeros(LAMPS, np.bool_)) for t in range(45, 600, 15)]
    silent = [
        round_of(t, power_w=first(np.nan, 60.0), reported=first(False, True).astype(np.bool_))
        for t in range(600, 900, 15)
    ]
    state, found = played([*out, *day, *silent])
    assert names(found) == [("lampFailure", "lamp", 0), ("communicationFailure", "lamp", 0)]
    held = [one for one in standing(state, 885 * MINUTE_US, LIMITS) if one.name == "lampFailure"]
    assert [(one.status, one.silent_since_us) for one in held] == [("unknown", 585 * MINUTE_US)]
    lit = [round_of(t) for t in (900, 915, 930)]
    _, found = played([*out, *day, *silent, *lit])
    closed = [one for one in found if one.to_us is not None]
    assert {(one.name, one.to_us) for one in closed} == {
        ("lampFailure", 900 * MINUTE_US),
        ("communicationFailure", 900 * MINUTE_US),
    }


def test_whole_cabinet_dark_is_one_alarm() -> None:
    _, found = played([round_of(t, power_w=np.zeros(LAMPS)) for t in (0, 15, 30, 45)])
    assert names(found) == [("supplyLoss", "cabinet", 0)]
    assert found[0].lamps == LAMPS


@pytest.mark.parametrize(("dark", "expected"), [(1, "supplyLoss"), (-1, "communicationFailure")])
def test_whole_cabinet_silent_is_one_alarm_named_by_its_meter(dark: int, expected: str) -> None:
    silent = [
        round_of(
            t,
            power_w=np.full(LAMPS, np.nan),
            reported=np.zeros(LAMPS, np.bool_),
            cabinet_dark=np.array([dark]),
        )
        for t in range(15, 200, 15)
    ]
    _, found = played([round_of(0), *silent])
    assert names(found) == [(expected, "cabinet", 0)]


def test_a_lamp_whose_first_word_after_the_cabinet_is_back_was_lost_is_not_silent() -> None:
    nobody = {"power_w": np.full(LAMPS, np.nan), "reported": np.zeros(LAMPS, np.bool_)}
    gone = [round_of(t, cabinet_dark=np.array([1]), **nobody) for t in range(15, 200, 15)]
    others = {"power_w": first(np.nan, 60.0), "reported": first(False, True).astype(np.bool_)}
    back = [round_of(195, **others), *(round_of(t) for t in (210, 225, 240))]
    _, found = played([round_of(0), *gone, *back])
    assert {(one.name, one.of) for one in found} == {("supplyLoss", "cabinet")}
    _, found = played([round_of(0), *gone, *(round_of(t, **others) for t in range(195, 300, 15))])
    assert ("communicationFailure", "lamp", 0) in names(found)  # one that stays away is


def test_day_burner_only_by_day() -> None:
    by_day = {"night": np.zeros(LAMPS, np.bool_), "day": np.ones(LAMPS, np.bool_)}
    burning = [round_of(t, power_w=first(60.0, 0.0), **by_day) for t in (0, 15, 30)]
    assert names(played(burning)[1]) == [("lampUnexpectedOn", "lamp", 0)]
    twilight = [replace(one, day=np.zeros(LAMPS, np.bool_)) for one in burning]
    assert played(twilight)[1] == []


def test_cycling_by_readings_and_by_operating_time() -> None:
    seen = [round_of(t, power_w=first(60.0 if t // 10 % 2 else 0.0, 60.0)) for t in range(0, 60, 10)]
    assert ("cyclingFailure", "lamp", 0) in names(played(seen)[1])
    between = [round_of(t, lit_share=first(0.5, 1.0)) for t in range(0, 60, 15)]
    assert names(played(between)[1]) == [("cyclingFailure", "lamp", 0)]
    once = [round_of(0), round_of(15, power_w=first(0.0, 60.0)), *(round_of(t) for t in range(30, 90, 15))]
    assert played(once)[1] == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"commanded_pct": np.full(6, 50.0), "expected_w": np.full(6, 32.0), "power_w": first(60.0, 32.0)},
         ["dimmingFailure"]),
        ({"power_w": first(36.0, 60.0)}, ["lampPowerTooLow"]),
        ({"power_w": first(80.0, 60.0)}, ["lampPowerTooHigh"]),
        ({"power_factor": first(0.6, 0.95)}, ["powerFactorTooLow"]),
        ({"power_factor": first(0.6, 0.95), "commanded_pct": np.full(6, 40.0)}, []),
        ({"voltage_v": first(200.0, 230.0)}, ["lampVoltageTooLow"]),
        ({"voltage_v": first(256.0, 230.0)}, ["lampVoltageTooHigh"]),
        ({"temp_c": first(95.0, 40.0)}, ["highTemperature"]),
        ({"switched_on": first(0.0, 1.0)}, ["relayFailure"]),
        ({"expected_w": np.full(6, np.nan), "power_w": first(45.0, 60.0)}, []),
        # At 215 V a sodium lamp draws 10 % less than at 230 V, and that is as it should be.
        ({"exponent": np.full(6, 1.6), "voltage_v": np.full(6, 210.0), "power_w": np.full(6, 40.0)}, ["low"] * 0),
    ],
)  # fmt: skip
def test_rules(changed: dict[str, Any], expected: list[str]) -> None:
    _, found = played([round_of(t, **changed) for t in (0, 15, 30)])
    assert [one.name for one in found] == expected


def test_what_a_lamp_says_itself_opens_at_once() -> None:
    said = {"highTemperature": first(True, False).astype(np.bool_)}
    assert names(played([round_of(0, said=said)])[1]) == [("highTemperature", "lamp", 0)]


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadInput, match=r"power_w: shape \(2,\)"):
        played([round_of(0, power_w=np.zeros(2))])
    with pytest.raises(BadInput, match="said"):
        played([round_of(0, said={"lampGone": np.zeros(LAMPS, np.bool_)})])


def test_medians_by_agree_with_numpy() -> None:
    rng = np.random.default_rng(5)
    group, value = rng.integers(0, 7, 400), rng.standard_normal(400)
    value[::17] = np.nan
    found = medians_by(group, value, 8)
    for one in range(7):
        own = value[(group == one) & ~np.isnan(value)]
        assert found.median[one] == pytest.approx(np.median(own))
        assert found.sigma[one] == pytest.approx(1.4826 * np.median(np.abs(own - np.median(own))))
    assert np.isnan(found.median[7])
    assert found.n[7] == 0


def test_learned_by_hour_then_by_level_then_as_told() -> None:
    lamp, level, hour = np.zeros(30, int), np.full(30, 50.0), np.repeat([0, 1, 2], 10)
    learned = learn(lamp, level, hour, np.repeat([10.0, 20.0, 30.0], 10), count=1)
    assert learned.expected_w(50.0, 1).tolist() == [20.0]
    assert learned.expected_w(50.0, 9).tolist() == [20.0]
    assert learned.expected_w(100.0, 1, 44.0).tolist() == [44.0]
    assert np.isnan(learned.expected_w(100.0, 1)).all()


def test_voltage_moves_sodium_not_led() -> None:
    assert voltage_factor(220.0, 1.6) == pytest.approx((220 / 230) ** 1.6)
    assert voltage_factor(220.0, 0.0) == 1.0
    assert voltage_factor(np.nan, 1.6) == 1.0


def test_ageing_by_the_median_of_28_nights() -> None:
    watch, found = AgeingWatch.of(2, AgeingLimits()), []
    for night in range(80):
        watch, some = watch.night([1.0, 1.0 - 0.004 * night], night)
        found += some
    assert [(one.name, one.index) for one in found] == [("lampPowerTooLow", 1)]
    assert found[0].from_us == pytest.approx(25 + 14, abs=1)
    for night in range(80, 100):
        watch, some = watch.night([1.0, 1.0], night)
        found += some
    assert found[-1].to_us is not None
    unknown, nothing = AgeingWatch.of(1, AgeingLimits()).night([np.nan], 0)
    assert nothing == ()
    assert not unknown.aged.any()


def test_profile_and_night() -> None:
    assert commanded_pct([0, 359, 360, 1319, 1320], [360, 1320], [100.0, 50.0]).tolist() == [50, 50, 100, 100, 50]
    with pytest.raises(BadInput, match="starts"):
        commanded_pct([0], [1320, 360], [100.0, 50.0])
    hour = 3_600_000_000
    t = np.arange(0, 48) * hour
    night, day = night_and_day(t, [16 * hour, 40 * hour], [31 * hour, 55 * hour])
    assert np.flatnonzero(night).tolist() == [*range(16, 32), *range(40, 48)]
    assert np.flatnonzero(day).tolist() == list(range(32, 40))
