"""The watch on a real InfluxDB finds what it finds on the embedded store: all that it tells is equal."""

from __future__ import annotations

import pytest

from tests.api.lighting_watch.conftest import HOUR_US, Platform
from tests.api.lighting_watch.test_cabinets import NIGHTS, POWER, REGISTER, metered
from tests.api.lighting_watch.test_lamps import START, WRONG, Measured, simulated


def told(platform: Platform) -> list[tuple[str, str, str, int, object]]:
    """Of each alarm of street lights what a person sees."""
    kinds = ("lamps-out", "feeder-out", "lamps-day-burning", "lamp-fault", "cabinet-voltage")
    return [(one.kind, one.subject, one.state, one.began_us, one.facts)
            for kind in kinds for one in platform.alarms(kind, living=False)]  # fmt: skip


@pytest.mark.parametrize("which", [POWER, REGISTER])
def test_a_cabinet_s_meter(platform: Platform, on_influx: Platform, which: int) -> None:
    for one in (metered(platform, which), metered(on_influx, which)):
        at = one.platform
        one.tell(0, 60 * 96)
        at.look(one.quarter_us(60 * 96) + HOUR_US)
        at.look(int(one.town.clock.dawn_us[60]) + HOUR_US)
        # The night's readings come in the morning.
        one.tell(60 * 96, NIGHTS * 96)
        at.look(int(one.town.clock.dawn_us[60]) + 3 * HOUR_US)
        at.restart()
        at.look(int(one.town.clock.dawn_us[61]) + HOUR_US)
    assert [one[:3] for one in told(on_influx)] == [("lamps-out", "cab", "open")]
    assert told(on_influx) == told(platform)
    assert on_influx.watching() == platform.watching()


def test_single_lamps(platform: Platform, on_influx: Platform) -> None:
    town = simulated()
    for at in (platform, on_influx):
        one = Measured(at, *town)
        one.register()
        one.tell(0, 36)
        one.look(START)
        one.look(35 * 96 - 48)
        assert one.found() == WRONG
    assert told(on_influx) == told(platform)
    assert on_influx.watching() == platform.watching()
