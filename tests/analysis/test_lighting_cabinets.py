"""Cabinets by their meters: steps of the nights' residual, supply, day burners, and what isn't one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bypuls.analysis.errors import BadInput
from bypuls.analysis.lighting.cabinets import (
    CLOCK_S,
    CabinetLimits,
    CabinetRound,
    CabinetState,
    evaluate,
    night_residual,
    own_power,
    steady_part,
)
from bypuls.analysis.lighting.findings import Finding
from bypuls.analysis.lighting.night_steps import StepLimits, StepWatch
from bypuls.analysis.lighting.open_steps import OpenStep, after_rise

HOUR_US = 3_600_000_000
LAMPS = 40


def nights(residuals: list[float]) -> tuple[StepWatch, list[Finding]]:
    """One cabinet of 40 lamps; night n from hour 24 n + 16 to 24 n + 31."""
    watch, found = StepWatch.of([1.0 / LAMPS], StepLimits()), []
    for night, residual in enumerate(residuals):
        dusk = (24 * night + 16) * HOUR_US
        watch, some = watch.night([residual], [12.0], dusk, dusk + 15 * HOUR_US)
        found += some
    return watch, found


def quiet(sigma: float, n: int = 56, seed: int = 3) -> list[float]:
    return (sigma * np.random.default_rng(seed).standard_normal(n)).tolist()


def test_step_of_six_sigma_shows_the_first_night() -> None:
    watch, found = nights([*quiet(0.0125), -0.075])
    assert [(one.name, one.of, one.lamps) for one in found] == [("lampFailure", "cabinet", 3)]
    assert found[0].from_us == (24 * 56 + 16) * HOUR_US
    assert found[0].confirmed_us == found[0].from_us + 15 * HOUR_US
    assert found[0].confidence is not None
    assert found[0].confidence > 0.9
    assert watch.sigma([12.0])[0] == pytest.approx(0.0125, rel=0.25)
    assert watch.detectable_lamps([12.0]).tolist() == [2.0]


def test_step_of_four_sigma_shows_within_five_nights_and_one_of_two_never() -> None:
    noise = quiet(0.0125, 61)
    _, found = nights([*noise[:56], *(one - 0.05 for one in noise[56:])])
    assert found[0].name == "lampFailure"
    assert found[0].lamps in (2, 3)  # one lamp is 2σ of a night here
    assert found[0].confirmed_us <= (24 * 61 + 31) * HOUR_US
    assert nights([*noise[:56], *(one - 0.0125 for one in noise[56:])])[1] == []


def test_what_is_not_detectable_is_remembered_until_another_lamp_makes_it_so() -> None:
    lamp, noise = 1.0 / LAMPS, quiet(0.0105, 86)
    one_out = [*noise[:56], *(one - lamp for one in noise[56:71])]
    watch, found = nights(one_out)
    assert found == []
    assert watch.detectable_lamps([12.0]).tolist() == [2.0]
    assert watch.hidden[0] == pytest.approx(-lamp, abs=0.4 * lamp)
    _, found = nights([*one_out, *(one - 2.0 * lamp for one in noise[71:])])
    assert [(one.name, one.lamps) for one in found] == [("lampFailure", 2)]
    assert found[0].from_us >= (24 * 71 + 16) * HOUR_US


def test_no_number_is_told_that_is_not_detectable() -> None:
    lamp, told = 1.0 / LAMPS, []
    for seed in range(20):
        noise = quiet(0.0125, 66, seed)
        for lamps in (0.5, 1.0, 1.5):
            watch = StepWatch.of([lamp], StepLimits())
            for night, residual in enumerate([*noise[:56], *(one - lamps * lamp for one in noise[56:])]):
                least, dusk = watch.detectable_lamps([12.0])[0], (24 * night + 16) * HOUR_US
                watch, found = watch.night([residual], [12.0], dusk, dusk + 15 * HOUR_US)
                told += [(one.lamps, least) for one in found if one.status == "open"]
    assert told, "some are taken for two: the noise hides which"
    assert all(lamps is not None and lamps >= least for lamps, least in told)


def test_after_a_repair_the_level_is_the_one_from_before() -> None:
    noise = quiet(0.005, 90)
    watch, found = nights([*noise[:56], *(one - 0.075 for one in noise[56:64]), *noise[64:]])
    assert [one.status for one in found] == ["open", "closed"]
    assert watch.shift[0] == 0.0
    assert watch.settled[0] >= 56, "known from long before"


def test_nights_are_rebased_when_more_is_expected() -> None:
    watch, _ = nights(quiet(0.005))
    after = watch.rebased(np.array([0.01]))
    assert np.nanmean(after.clean) < np.nanmean(watch.clean) - 0.01
    assert after.sigma([12.0])[0] == pytest.approx(watch.sigma([12.0])[0])
    assert np.array_equal(watch.rebased(np.array([np.nan])).clean, watch.clean, equal_nan=True)


def test_repair_closes_the_step_and_silence_does_not() -> None:
    noise = quiet(0.005, 80)
    broken = [*noise[:56], *(one - 0.075 for one in noise[56:64])]
    _, found = nights([*broken, *([np.nan] * 10)])
    assert [one.to_us for one in found] == [None]
    _, found = nights([*broken, *noise[64:]])
    assert [(one.status, one.lamps) for one in found] == [("open", 3), ("closed", 3)]
    assert found[1].to_us == (24 * 64 + 16) * HOUR_US


def test_what_began_within_a_night_is_one_fault() -> None:
    noise = quiet(0.004, 60)
    watch, found = nights([*noise[:56], -0.05, *(one - 0.10 for one in noise[57:])])
    assert [one.lamps for one in found] == [2, 4]
    assert found[0].from_us == found[1].from_us
    assert len(watch.open_steps[0]) == 1


def test_less_than_a_lamp_is_no_lamp() -> None:
    noise = quiet(0.001, 62)
    assert nights([*noise[:56], *(one - 0.012 for one in noise[56:])])[1] == []


def test_nothing_is_alarmed_before_sigma_is_learned() -> None:
    assert nights([*quiet(0.01, 15), -0.5])[1] == []


def test_a_rise_ends_the_steps_that_add_up_to_it() -> None:
    one, two, four = (OpenStep(k / 40, k, 0, 1, 0.9) for k in (1, 2, 4))
    assert after_rise((one, two, four), 0.127) == ((two,), (one, four))
    assert after_rise((four,), 0.02) == ((four,), ())
    assert after_rise((), 0.1) == ((), ())


def played(
    power_w: list[float], *, night: bool, since_s: int = 3 * 3600, **changed: Any
) -> tuple[CabinetState, list[Finding]]:
    state, found = CabinetState.of(1), []
    for step, power in enumerate(power_w):
        given: dict[str, Any] = {
            "power_w": np.array([power]),
            "night": night,
            "day": not night,
            "since_s": since_s + 900 * step,
            "left_s": 4 * 3600,
            "expected_w": np.array([1215.0 if night else np.nan]),
            "own_w": np.array([15.0]),
            "own_sigma_w": np.array([0.5]),
            "lamp_w": np.array([30.0]),
            "mean_s": np.array([0]),
        }
        state, some = evaluate(state, CabinetRound(t_us=step * 900_000_000, **(given | changed)), CabinetLimits())
        found += some
    return state, found


def test_no_supply_and_day_burners() -> None:
    assert [(f.name, f.lamps) for f in played([15.0] * 3, night=True)[1]] == [("supplyLoss", None)]
    assert played([1200.0] * 4, night=True)[1] == []
    assert [(f.name, f.lamps) for f in played([75.0] * 3, night=False)[1]] == [("lampUnexpectedOn", 2)]
    assert played([25.0] * 6, night=False)[1] == []
    assert played([np.nan] * 6, night=True)[1] == []


def test_a_clock_that_is_an_hour_wrong_is_no_fault() -> None:
    assert played([15.0, 15.0, 15.0, 15.0, 1215.0, 1215.0], night=True, since_s=0)[1] == []
    assert played([1215.0, 1215.0, 1215.0, 15.0, 15.0], night=False, since_s=1800)[1] == []
    lasting = played([1215.0] * 8, night=False, since_s=1800)[1]
    assert [one.name for one in lasting] == ["lampUnexpectedOn"]
    assert lasting[0].from_us >= (CLOCK_S - 1800) * 1_000_000


def test_supply_that_goes_within_the_night_is_told_at_once() -> None:
    found = played([1215.0, 15.0, 15.0, 15.0], night=True, since_s=0)[1]
    assert [(one.name, one.from_us) for one in found] == [("supplyLoss", 900_000_000)]


def test_what_an_hour_on_the_clock_changes_is_left_out() -> None:
    t = np.arange(0, 60) * 900_000_000
    level = np.where(np.arange(60) < 20, 100.0, 50.0)[:, None]
    steady = steady_part(t, 0, 15 * HOUR_US, level, np.array([0]))[:, 0]
    assert np.flatnonzero(steady).tolist() == [*range(5, 15), *range(25, 56)]
    hourly = steady_part(t, 0, 15 * HOUR_US, level, np.array([3600]))[:, 0]
    assert np.flatnonzero(hourly).tolist() == [*range(9, 15), *range(29, 56)]


def test_residual_leaves_out_what_is_far_off_and_own_power() -> None:
    expected = np.full((20, 1), 1015.0)
    power = np.full((20, 1), 915.0)
    power[3], power[4], power[5] = 15.0, 5000.0, np.nan
    residual, hours = night_residual(power, expected, [15.0], np.ones((20, 1), np.bool_), 0.25)
    assert residual[0] == pytest.approx(-0.1)
    assert hours[0] == pytest.approx(18 * 0.25)
    assert np.isnan(night_residual(power[:1], expected[:1], [15.0], np.ones((1, 1), np.bool_), 0.25)[0][0])


def test_own_power_of_a_coarse_meter_is_between_its_steps() -> None:
    steps = np.array([10.0, 20.0] * 30 + [400.0])[:, None]
    own, sigma = own_power(steps, 10.0)
    assert own[0] == pytest.approx(15.0)
    assert sigma[0] == pytest.approx(5.0)


def test_bad_input_is_named() -> None:
    with pytest.raises(BadInput, match="lamp_share: 0"):
        StepWatch.of([0.0], StepLimits())
    with pytest.raises(BadInput, match="residual: 2 cabinets; expected 1"):
        StepWatch.of([0.1], StepLimits()).night([0.0, 0.0], [1.0, 1.0], 0, 1)
