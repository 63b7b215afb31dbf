"""A cabinet's whole series: steps, day burners, supply, cycling, and what isn't a fault."""

from __future__ import annotations

import numpy as np
import pytest

from bypuls.analysis.arrays import FloatArray
from bypuls.analysis.errors import NotEnoughDays
from bypuls.analysis.lighting.segments import segments, split_of
from bypuls.analysis.lighting.series import SeriesFaults, assess

HOUR = 3600
DAY = 86_400
LAMPS, WATT, OWN = 40, 60.0, 15.0


def cabinet(days: int, step_s: int = 900, noise: float = 0.004, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    """[s] from noon, and the power of a cabinet that burns from 17 to 7 and dims to half from 22 to 6."""
    t = np.arange(0, days * DAY, step_s, dtype=np.float64)
    clock = (t / HOUR + 12.0) % 24.0
    burning = (clock >= 17.0) | (clock < 7.0)
    level = np.where((clock >= 22.0) | (clock < 6.0), 0.5, 1.0)
    rng = np.random.default_rng(seed)
    return t, burning * level * LAMPS * WATT * (1.0 + noise * rng.standard_normal(t.size)) + OWN


def judged(t: FloatArray, power: FloatArray, lamps: int | None = LAMPS, watt: float | None = WATT) -> SeriesFaults:
    nights = np.arange(-1, int(t[-1] // DAY) + 2)
    us = (t * 1e6).astype(np.int64)
    return assess(
        us,
        power,
        ((t / 900.0 + 48).astype(np.int64)) % 96,
        ((nights * 24 + 5) * HOUR * 1_000_000).astype(np.int64),
        ((nights * 24 + 19) * HOUR * 1_000_000).astype(np.int64),
        interval_s=float(t[1] - t[0]),
        lamps=lamps,
        lamp_w=watt,
    )


def hours(us: int | None) -> float:
    assert us is not None
    return us / 1e6 / HOUR


def test_a_healthy_cabinet_has_no_events() -> None:
    t, power = cabinet(30)
    found = judged(t, power)
    assert found.findings == ()
    assert found.own_w == pytest.approx(OWN)
    assert found.full_w == pytest.approx(LAMPS * WATT, rel=0.02)
    assert found.detectable == 1
    assert np.nanmedian(found.switching.on_us / 1e6 % DAY) == pytest.approx(5 * HOUR, abs=900)


@pytest.mark.parametrize("step_s", [60, 900, 3600])
def test_steps_are_dated_and_counted(step_s: int) -> None:
    t, power = cabinet(30, step_s)
    dark = (t >= 8 * DAY + 10 * HOUR) & (t < 14 * DAY + 9 * HOUR)
    power[dark] = (power[dark] - OWN) * (1.0 - 3 / LAMPS) + OWN
    (one,) = judged(t, power).findings
    assert (one.name, one.lamps, one.status) == ("lampFailure", 3, "closed")
    assert hours(one.from_us) == pytest.approx(8 * 24 + 10, abs=1.1)
    assert hours(one.to_us) == pytest.approx(14 * 24 + 9, abs=1.1)
    assert one.confidence == pytest.approx(1.0, abs=1e-6)


def test_a_step_that_stays_is_open_and_two_are_two() -> None:
    t, power = cabinet(30)
    for day, lamps in ((10, 1), (20, 2)):
        power[t >= day * DAY] -= (power[t >= day * DAY] - OWN) * lamps / LAMPS
    found = judged(t, power).findings
    assert [(one.lamps, one.status) for one in found] == [(1, "open"), (2, "open")]
    assert [round(hours(one.from_us) / 24) for one in found] == [10, 20]


def test_without_lamps_and_watt_steps_are_shares() -> None:
    t, power = cabinet(20)
    power[t >= 10 * DAY] = (power[t >= 10 * DAY] - OWN) * 0.9 + OWN
    found = judged(t, power, None, None)
    assert [(one.name, one.lamps) for one in found.findings] == [("lampFailure", None)]
    assert found.detectable is None
    assert [one.lamps for one in judged(t, power, None, WATT).findings] == [4]


def test_no_supply_is_one_event_over_several_nights_and_no_lamp_failure() -> None:
    t, power = cabinet(20)
    power[(t >= 9 * DAY) & (t < 12 * DAY)] = OWN
    (one,) = judged(t, power).findings
    assert (one.name, one.lamps) == ("supplyLoss", LAMPS)
    assert hours(one.from_us) == pytest.approx(9 * 24 + 5, abs=0.3)
    assert hours(one.to_us) == pytest.approx(11 * 24 + 19, abs=0.3)


def test_day_burners_are_counted() -> None:
    t, power = cabinet(20)
    by_day = (t >= 9.5 * DAY) & (t < 11.5 * DAY)
    power[by_day] = np.maximum(power[by_day], OWN + 2 * WATT)
    (one,) = judged(t, power).findings
    assert (one.name, one.lamps) == ("lampUnexpectedOn", 2)
    assert 9.4 < hours(one.from_us) / 24 < 10.0


def test_day_burners_that_burn_on_most_days_are_not_the_cabinets_own_power() -> None:
    t, power = cabinet(20)
    by_day = t >= 4.5 * DAY
    power[by_day] = np.maximum(power[by_day], OWN + WATT)
    (one,) = judged(t, power).findings
    assert (one.name, one.lamps) == ("lampUnexpectedOn", 1)


def test_a_lamp_that_cycles() -> None:
    t, power = cabinet(10, 300, noise=0.0005)
    here = (t >= 5 * DAY + 11 * HOUR) & (t < 5 * DAY + 15 * HOUR)
    power[here & (t // 600 % 2 == 0)] -= WATT / 2
    found = judged(t, power, LAMPS, WATT).findings
    assert ("cyclingFailure", 1) in {(one.name, one.lamps) for one in found}


def test_a_clock_an_hour_late_is_no_fault() -> None:
    t, power = cabinet(30)
    late = (t >= 10 * DAY) & (t < 20 * DAY)
    power[late] = np.roll(power, 4)[late]
    assert judged(t, power).findings == ()


def test_readings_lost_and_a_supply_that_wavers_change_nothing() -> None:
    rng = np.random.default_rng(4)
    t, power = cabinet(60, noise=0.012, seed=9)
    out = (t >= 30 * DAY) & (t < 40 * DAY)
    power[out] = (power[out] - OWN) * (1.0 - 4 / LAMPS) + OWN
    gone = (t >= 50 * DAY + 8 * HOUR) & (t < 50 * DAY + 11 * HOUR)
    power[gone] = OWN
    power[rng.random(t.size) < 0.02] = np.nan
    found = judged(t, power).findings
    assert [(one.name, one.lamps) for one in found] == [("lampFailure", 4), ("supplyLoss", LAMPS)]


def test_gaps_are_unknown() -> None:
    t, power = cabinet(20)
    power[(t >= 9 * DAY) & (t < 12 * DAY)] = np.nan
    assert judged(t, power).findings == ()


def test_too_short_and_never_lit_are_refused() -> None:
    with pytest.raises(NotEnoughDays, match="1 nights; expected at least 2"):
        judged(*cabinet(1))
    t, _ = cabinet(5)
    with pytest.raises(NotEnoughDays, match="no more power by night"):
        judged(t, np.full(t.size, OWN))


@pytest.mark.parametrize("days", [2, 3, 4])
def test_steps_of_lamps_are_unknown_of_less_than_four_nights(days: int) -> None:
    t, power = cabinet(days)
    late = t >= (days - 2) * DAY  # the last two nights, or all
    power[late] = (power[late] - OWN) * (1.0 - 3 / LAMPS) + OWN
    power[(t >= (days - 1) * DAY + 10 * HOUR) & (t < (days - 1) * DAY + 13 * HOUR)] = OWN
    found = judged(t, power)
    names = [(one.name, one.lamps) for one in found.findings]
    if days < 4:
        assert names == [("supplyLoss", LAMPS)]
        assert (found.sigma, found.detectable) == (None, None)
    else:
        assert names == [("lampFailure", 3), ("supplyLoss", LAMPS)]
        assert found.detectable == 1
        # σ of four nights may be small by chance.
        assert found.findings[0].confidence is not None
        assert found.findings[0].confidence < 0.9


@pytest.mark.parametrize("hours_off", [-9, -3, -2, 2, 3, 6])
def test_where_lamps_never_switch_by_the_sun_nothing_is_sure(hours_off: int) -> None:
    t, power = cabinet(20)
    power = np.roll(power, hours_off * 4)
    found = judged(t, power)
    assert not found.fits_sun
    assert found.withheld + len(found.findings) > 10
    assert all(one.confidence is not None and one.confidence <= 0.5 for one in found.findings)
    assert all((one.to_us or 1 << 62) - one.from_us >= DAY * 1_000_000 for one in found.findings)


def test_a_cabinet_that_is_hours_late_for_some_nights_is_told() -> None:
    t, power = cabinet(20)
    late = (t >= 12 * DAY) & (t < 15 * DAY)
    power[late] = np.roll(power, 12)[late]
    found = judged(t, power)
    assert found.fits_sun
    assert ("supplyLoss", 1.0) in {(one.name, round(one.confidence or 0.0, 6)) for one in found.findings}


def test_lamps_that_are_off_from_one_to_dawn_fit_the_sun() -> None:
    t, power = cabinet(20)
    clock = (t / HOUR + 12.0) % 24.0
    power[(clock >= 1.0) & (clock < 12.0)] = OWN
    found = judged(t, power)
    assert found.fits_sun
    assert found.findings == ()


def test_segments_are_the_best_of_all_partitions() -> None:
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.standard_normal(20), rng.standard_normal(15) - 6.0, rng.standard_normal(20)])
    assert segments(values, 16.0) == [(0, 20), (20, 35), (35, 55)]
    assert segments(rng.standard_normal(60), 16.0) == [(0, 60)]
    assert split_of(np.array([0.0, 0.1, np.nan, -0.9, -1.0]), 0.0, -1.0) == 3
