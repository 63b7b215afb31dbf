"""Readings that come after the dawn count for the night just ended, within the bound; again they change nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bypuls.api.lighting_watch.settings import WatchSettings
from bypuls.api.lighting_watch.view import WatchedCabinet
from bypuls.store.book import LightingWatchBook
from tests.api.lighting_watch.conftest import HOUR_US, Platform
from tests.api.lighting_watch.test_cabinets import POWER, REGISTER, metered

# The night after day 60, in which two lamps are out; its line is down from day 60, 12:00 on.
DOWN, UP = 60 * 96, 61 * 96


def known(platform: Platform) -> WatchedCabinet:
    return platform.watching().cabinets["cab"]


@pytest.mark.parametrize("which", [POWER, REGISTER])
def test_a_night_whose_readings_come_in_the_morning_is_judged(platform: Platform, which: int) -> None:
    one = metered(platform, which)
    dawn_us = int(one.town.clock.dawn_us[60])
    one.tell(0, DOWN)
    platform.look(one.quarter_us(DOWN) + HOUR_US)
    platform.look(dawn_us + HOUR_US)
    assert platform.alarms("lamps-out") == []
    before = known(platform)
    assert before.judged_us is not None
    assert before.judged_us < dawn_us
    # The buffer comes, in two parts; within an hour it is judged, as if it had always been there.
    one.tell(DOWN, DOWN + 20)
    platform.look(dawn_us + 2 * HOUR_US)
    one.tell(DOWN, UP)
    platform.look(dawn_us + 3 * HOUR_US)
    platform.look(dawn_us + 4 * HOUR_US)
    (alarm,) = platform.alarms("lamps-out")
    assert (alarm.state, alarm.facts["lamps_out"]) == ("open", 2)
    assert alarm.began_us == pytest.approx(int(one.town.clock.dusk_us[60]), abs=60_000_000)
    found = known(platform)
    assert found.judged_us == pytest.approx(dawn_us, abs=60_000_000)
    # The same again, and a restart, change nothing.
    one.tell(DOWN, UP)
    platform.look(dawn_us + 6 * HOUR_US)
    again = known(platform)
    assert (again.steps, again.nights_n) == (found.steps, found.nights_n)
    platform.restart()
    platform.look(dawn_us + 6 * HOUR_US)
    assert known(platform) == again
    assert platform.alarms("lamps-out") == [alarm]


def test_what_came_late_is_what_came_in_time(platform: Platform) -> None:
    """All that is told is equal to that of a watch which never missed anything."""
    one = metered(platform, nights=64)
    one.tell(0, DOWN)
    for quarter in range(DOWN, UP + 8, 8):
        platform.look(one.quarter_us(quarter) + HOUR_US)
    one.tell(DOWN, 64 * 96)
    end_us = one.quarter_us(62 * 96) + HOUR_US
    platform.look(end_us)
    platform.look(end_us + HOUR_US)
    late = known(platform)
    with platform.registry.writing_engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM lighting_watch")
    platform.restart()
    platform.look(end_us + HOUR_US)
    assert replace(known(platform), begun_us=late.begun_us) == late


def test_later_than_the_bound_stays_unknown(platform: Platform) -> None:
    one = metered(platform)
    one.tell(0, DOWN)
    for quarter in range(DOWN, 64 * 96, 24):
        platform.look(one.quarter_us(quarter) + HOUR_US)
    before = known(platform)
    one.tell(DOWN, UP)
    platform.look(one.quarter_us(64 * 96) + 2 * HOUR_US)
    platform.look(one.quarter_us(64 * 96) + 4 * HOUR_US)
    assert known(platform).judged_us == before.judged_us
    assert LightingWatchBook(platform.registry).kept()["meter cab"].next_us > one.quarter_us(UP)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("meter_nights", -1, "meter_nights: -1 — expected 0 to 1000 nights"),
        ("lamp_nights", 5000, "lamp_nights: 5000 — expected 0 to 1000 nights"),
        ("lag_s", float("nan"), "lag_s: nan — expected 0 to 21600 seconds"),
        ("late_h", 200.0, "late_h: 200.0 — expected 0 to 168 hours"),
        ("catch_up_s", 0.0, "catch_up_s: 0.0 — expected a number of seconds above 0"),
    ],
)
def test_bad_settings_are_named(field: str, value: float, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        WatchSettings(**{field: value})  # type: ignore[arg-type]
