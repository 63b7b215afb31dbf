"""A simulated radar and the driver that knows nothing of it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from bypuls.edge.driver import Garbage, Silent, Timed, Unplugged, configure
from bypuls.sim.radar import RadarSimulator, Site, Vehicle, echoes
from bypuls.wire import Passage


def road(*arrivals: tuple[float, Vehicle]) -> Iterator[list[Vehicle]]:
    """Vehicles that come into view so many seconds after the first question."""
    began = time.monotonic()
    waiting = sorted(arrivals, key=lambda arrival: arrival[0])
    while True:
        now = time.monotonic() - began
        due = [vehicle for at, vehicle in waiting if at <= now]
        waiting = [arrival for arrival in waiting if arrival[0] > now]
        yield due


def passages(
    radar: RadarSimulator, number: int, options: dict[str, object] | None = None, within_s: float = 10
) -> list[tuple[Passage, float]]:
    """The first `number` passages with their ages [s]; fewer when the time is over."""
    # A long gap, so that a machine that is busy elsewhere for half a second doesn't make two vehicles of one.
    given = {"port": radar.path, "azimuth_deg": radar.site.azimuth_deg, "gap_s": 1.0}
    driver = configure("radar-1", "ops243", given | (options or {}))
    found: list[tuple[Passage, float]] = []
    ends = time.monotonic() + within_s
    for item in driver.readings():
        if item is not None:
            reading, age_s = (item.reading, item.age_s) if isinstance(item, Timed) else (item, 0.0)
            assert isinstance(reading, Passage)
            found.append((reading, age_s))
        if len(found) == number or time.monotonic() > ends:
            driver.close()
    return found


def test_vehicles_are_passages_with_their_speed_and_direction() -> None:
    """Two cars, one each way; the moment of the passage is when the car was strongest."""
    vehicles = road((0.0, Vehicle(54)), (1.8, Vehicle(38, toward=False)))
    radar = RadarSimulator(lambda: next(vehicles), site=Site(30, 4), rate_hz=32)
    with radar:
        (first, first_age), (second, _) = passages(radar, 2)
    assert (first.direction, second.direction) == ("toward", "away")
    assert first.speed_kmh == pytest.approx(54, rel=0.03)
    assert second.speed_kmh == pytest.approx(38, rel=0.03)
    assert first.raw_kmh is not None
    assert first.speed_kmh == pytest.approx(first.raw_kmh / 0.8660254, rel=1e-6)
    assert first.magnitude is not None
    assert 80 < first.magnitude < 150
    assert 1.0 < first_age < 2.5
    assert {"OJ", "UK", "OM", "R|", "R>5", "OS", "Oc"} <= set(radar.commands)


def test_object_messages_are_taken_as_they_come() -> None:
    vehicles = road((0.0, Vehicle(72, toward=False, length_m=11.5)))
    with RadarSimulator(lambda: next(vehicles), site=Site(30, 4), rate_hz=32) as radar:
        ((passage, _),) = passages(radar, 1, {"mode": "objects"})
    assert (passage.direction, passage.length_m) == ("away", 11.5)
    assert passage.raw_kmh == pytest.approx(max(e.speed_kmh for e in echoes(Vehicle(72), Site(30, 4))), abs=0.5)


def test_what_is_slower_than_the_filter_is_not_reported() -> None:
    vehicles = road((0.0, Vehicle(12)), (0.5, Vehicle(60)))
    with RadarSimulator(lambda: next(vehicles), site=Site(30, 3), rate_hz=32) as radar:
        ((passage, _),) = passages(radar, 1, {"least_kmh": 20})
    assert passage.speed_kmh == pytest.approx(60, rel=0.1)


def test_garbage_on_the_line_is_borne_for_a_while_and_then_raised() -> None:
    with RadarSimulator() as radar:
        driver = configure("radar-1", "ops243", {"port": radar.path, "azimuth_deg": 20})
        readings = driver.readings()
        assert next(readings) is None
        radar.send(b"\xff\x00\x80\r\n" * 9)
        assert next(readings) is None
        radar.send(b"\xff\x00\x80\r\n" * 10)
        with pytest.raises(Garbage, match="radar-1"):
            list(readings)


def test_a_radar_that_answers_no_question_is_silent() -> None:
    with RadarSimulator() as radar:
        driver = configure("radar-1", "ops243", {"port": radar.path, "azimuth_deg": 20, "timeout_s": 2})
        readings = driver.readings()
        assert next(readings) is None
        radar.fault = "silence"
        with pytest.raises(Silent):
            list(readings)
        assert "?V" in radar.commands


def test_an_unplugged_radar_is_unplugged_and_works_again_on_another_port() -> None:
    radar = RadarSimulator().start()
    driver = configure("radar-1", "ops243", {"port": radar.path, "azimuth_deg": 20})
    readings = driver.readings()
    assert next(readings) is None
    radar.stop()
    with pytest.raises(Unplugged, match="radar-1"):
        list(readings)
    with pytest.raises(Unplugged):
        list(driver.readings())
    vehicles = road((0.0, Vehicle(90)))
    with RadarSimulator(lambda: next(vehicles), site=Site(30, 3)) as again:
        assert len(passages(again, 1)) == 1


def test_only_one_reader_has_the_port() -> None:
    with RadarSimulator() as radar:
        options = {"port": radar.path, "azimuth_deg": 20}
        readings = configure("radar-1", "ops243", options).readings()
        assert next(readings) is None
        with pytest.raises(Unplugged, match="lock"):
            next(configure("radar-2", "ops243", options).readings())


def test_a_driver_closed_from_another_thread_ends() -> None:
    with RadarSimulator() as radar:
        driver = configure("radar-1", "ops243", {"port": radar.path, "azimuth_deg": 20})
        readings = driver.readings()
        next(readings)
        driver.close()
        driver.close()
        assert list(readings) == []


@pytest.mark.parametrize(("setup", "line"), [((), b"."), ((b"OJ", b"OM"), b"magnitude")])
def test_the_radar_speaks_as_it_was_told(setup: tuple[bytes, ...], line: bytes) -> None:
    import serial

    vehicles = road((0.2, Vehicle(60)))
    with (
        RadarSimulator(lambda: next(vehicles), rate_hz=32) as radar,
        serial.Serial(radar.path, 19_200, timeout=3) as port,
    ):
        for command in (*setup, b"US"):
            port.write(command)
        said = port.readline()
        while b"Units" in said or b"Output" in said:
            said = port.readline()
        assert line in said
        assert (b'"unit":"mph"' in said) == bool(setup)
