"""A simulated BH1750 and the driver that knows nothing of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from bypuls.edge.driver import Garbage, Unplugged, configure
from bypuls.edge.drivers.bh1750 import Bh1750, decode_lux
from bypuls.edge.drivers.bus import Bus
from bypuls.edge.drivers.patience import BadFrame
from bypuls.sim.light_sensor import LightSensor


def driver(light: LightSensor, **options: Any) -> Bh1750:
    given = {"opener": light.opener, "turn": Bus(), "sleep": lambda _s: None, "interval_s": 0.001} | options
    return Bh1750("light-1", **given)


def told(one: Bh1750) -> Iterator[Any]:
    return (item for item in one.readings() if item is not None)


def test_published_example() -> None:
    assert decode_lux(bytes.fromhex("8390")) == pytest.approx(28_067, abs=0.5)


@pytest.mark.parametrize("raw", ["", "01", "ffff", "000000"])
def test_what_is_no_measurement_is_refused(raw: str) -> None:
    with pytest.raises(BadFrame):
        decode_lux(bytes.fromhex(raw))


@pytest.mark.parametrize("lux", [0.0, 10.0, 1_234.2, 50_000.0])
def test_what_shines_is_read(lux: float) -> None:
    light = LightSensor(lambda: lux)
    (reading,) = itertools.islice(told(driver(light)), 1)
    assert reading.values() == {"ambient_lux": pytest.approx(lux, abs=0.5)}
    assert light.opened == light.closed == 1


def test_a_cover_is_allowed_for() -> None:
    light = LightSensor(lambda: 500.0)
    (reading,) = itertools.islice(told(driver(light, window=0.5)), 1)
    assert reading.ambient_lux == pytest.approx(1_000, abs=1)


def test_values_are_those_of_the_moment() -> None:
    counter = itertools.count(100, 100)
    readings = itertools.islice(told(driver(LightSensor(lambda: next(counter)))), 3)
    assert [round(reading.ambient_lux) for reading in readings] == [100, 200, 300]


@pytest.mark.parametrize(("fault", "error"), [("unplugged", Unplugged), ("dazzled", Garbage)])
def test_faults_leave_the_bus_released(fault: Any, error: type[Exception]) -> None:
    light = LightSensor(lambda: 1.0)
    light.fault = fault
    with pytest.raises(error, match="light-1"):
        list(driver(light).readings())
    assert light.opened == light.closed


def test_another_address_is_unplugged() -> None:
    with pytest.raises(Unplugged, match="0x5c"):
        list(driver(LightSensor(lambda: 1.0), address=0x5C).readings())


def test_a_pi_without_the_bus_is_told_so() -> None:
    with pytest.raises(Unplugged, match="/dev/i2c-250"):
        list(configure("light-1", "bh1750", {"bus": 250}).readings())
