"""From a cabinet's bins to its alarms: lamps go out, are found within the night, and are repaired."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bypuls.sim.noisy_cabinets import CabinetFault, Kind, NoisyCabinets
from bypuls.store.registry import Lamp
from tests.api.lighting_watch.conftest import DAY_US, HOUR_US, Metered, Platform

FIRST_DAY = 20_000  # 4 October 2024
NIGHTS, BROKEN, REPAIRED = 74, 60 * 96 + 8, 66 * 96 + 4  # by day, before dusk
POWER, REGISTER = 1, 3  # of four cabinets with LED: one that tells its power, one by its register alone


def metered(platform: Platform, which: int = POWER, kind: Kind = "lamps-out", nights: int = NIGHTS) -> Metered:
    town = NoisyCabinets(204, FIRST_DAY, nights, cabinets=4, faults=0)
    town.lamps[which] = 40
    town.faults = (CabinetFault(kind, which, BROKEN, REPAIRED, 2),)
    made = Metered(platform, town, which)
    made.register()
    return made


@pytest.mark.parametrize("which", [POWER, REGISTER])
def test_two_lamps_of_forty(platform: Platform, which: int) -> None:
    one = metered(platform, which)
    dusk_us, dawn_us = int(one.town.clock.dusk_us[60]), int(one.town.clock.dawn_us[60])
    one.tell(0, NIGHTS * 96)
    platform.look(dusk_us)
    assert platform.alarms("lamps-out") == []
    known = platform.watching().cabinets["cab"]
    assert known.learned
    assert known.detectable_lamps == 1.0
    assert known.nights_n == known.nights_needed
    # The whole night is needed, and the readings have time to arrive.
    platform.look(dawn_us + 600_000_000)
    assert platform.alarms("lamps-out") == []
    platform.look(dawn_us + HOUR_US)
    (alarm,) = platform.alarms("lamps-out")
    assert (alarm.subject, alarm.state) == ("cab", "open")
    assert alarm.began_us == pytest.approx(dusk_us, abs=60_000_000)
    assert (alarm.facts["lamps_out"], alarm.facts["lamps_n"]) == (2, 40)
    assert alarm.facts["confidence"] > 0.99
    platform.restart()
    platform.look(dawn_us + 30 * HOUR_US)
    assert platform.alarms("lamps-out") == [alarm]
    platform.look(int(one.town.clock.dawn_us[65]) + HOUR_US)
    assert platform.alarms("lamps-out") == [alarm]
    platform.look(int(one.town.clock.dawn_us[66]) + HOUR_US)
    (alarm,) = platform.alarms("lamps-out", living=False)
    assert alarm.state == "closed"


def test_silence_ends_nothing(platform: Platform) -> None:
    one = metered(platform)
    one.tell(0, 62 * 96)
    platform.look(one.quarter_us(62 * 96) + HOUR_US // 2)
    (alarm,) = platform.alarms("lamps-out")
    assert alarm.state == "open"
    for nights in (1, 10):
        platform.look(one.quarter_us((62 + nights) * 96))
        assert platform.alarms("lamps-out") == [replace(alarm, state="unknown", since_us=one.quarter_us(63 * 96))]
    # What was repaired meanwhile is seen when the meter speaks again.
    one.tell(72 * 96, NIGHTS * 96)
    platform.look(one.quarter_us(NIGHTS * 96))
    assert platform.alarms("lamps-out") == []


def test_a_feeder_without_supply_is_one_alarm(platform: Platform) -> None:
    one = metered(platform, kind="feeder-off", nights=64)
    one.tell(0, 64 * 96)
    platform.look(one.quarter_us(60 * 96))
    assert platform.alarms("feeder-out") == []
    dusk_us = int(one.town.clock.dusk_us[60])
    platform.look(dusk_us + 3 * HOUR_US)
    (alarm,) = platform.alarms("feeder-out")
    assert alarm.state == "open"
    assert dusk_us <= alarm.began_us <= dusk_us + 2 * HOUR_US
    platform.look(int(one.town.clock.dawn_us[61]) + HOUR_US)
    assert platform.alarms("feeder-out") == [alarm]
    assert platform.alarms("lamps-out") == []


def test_lamps_that_burn_by_day_waste(platform: Platform) -> None:
    one = metered(platform, kind="day-burner", nights=64)
    one.tell(0, 64 * 96)
    platform.look(int(one.town.clock.dusk_us[61]))
    (alarm,) = platform.alarms("lamps-day-burning")
    assert alarm.facts == {"lamps_burning": 2, "lamps_n": 40}
    # About eight hours of light on a day of December, at two lamps' power and what the cables take.
    watt = 2 * 1.02 * float(one.town.watt[POWER])
    assert alarm.cost["kwh_per_day"] == pytest.approx(watt * 8.6 / 1000.0, rel=0.1)


def test_what_hangs_there_otherwise_is_learned_anew(platform: Platform) -> None:
    one = metered(platform)
    one.tell(0, NIGHTS * 96)
    platform.look(one.quarter_us(62 * 96))
    assert [alarm.state for alarm in platform.alarms("lamps-out")] == ["open"]
    with platform.registry.session() as session:
        session.merge(Lamp(id="l-0", name="L 0", cabinet="cab", watt=11.0, lamp_type="LED"))
    platform.look(one.quarter_us(62 * 96 + 8))
    for restarts in range(2):
        platform.look(one.quarter_us(62 * 96 + 16 + 8 * restarts))
        assert [alarm.state for alarm in platform.alarms("lamps-out")] == ["unknown"]
        known = platform.watching().cabinets["cab"]
        assert not known.learned
        assert known.nights_n < 3
        platform.restart()


def test_history_that_comes_after_the_watch_is_learned_from(platform: Platform) -> None:
    one = metered(platform)
    one.tell(59 * 96, 59 * 96 + 40)
    platform.look(one.quarter_us(59 * 96 + 40))
    assert not platform.watching().cabinets["cab"].learned
    one.tell(0, 59 * 96 + 60)
    platform.look(one.quarter_us(59 * 96 + 42))
    platform.look(one.quarter_us(59 * 96 + 60))
    assert platform.watching().cabinets["cab"].learned
    assert platform.watching().cabinets["cab"].begun_us < one.begin_us + DAY_US
