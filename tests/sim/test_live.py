"""The town alive: registers go on where history ends, the gateway keeps the contract, the edge reads all of it."""

import itertools
import queue
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bypuls.sim.courier import Connected, Event, Lost
from bypuls.sim.draws import QUARTER_US
from bypuls.sim.gateway import LampGateway
from bypuls.sim.history import sensor_history
from bypuls.sim.live import LiveTown, StreetFeed
from bypuls.sim.mqtt_link import Broker
from bypuls.sim.present import Present
from bypuls.sim.town import LAMP_GATEWAY, Town
from bypuls.wire import Batch, Health, Lamp, Meter, Receipt, Weather, decode_batch, from_us

NOW = datetime(2026, 11, 23, 15, 7, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def town() -> Town:
    return Town(7, date(2026, 11, 1))


@pytest.mark.parametrize(
    ("sensor", "register"),
    [
        ("raadhus-electricity", "import_wh"),
        ("myretuen-electricity", "export_wh"),
        ("plejehjem-heat", "volume_m3"),
        ("kulturhus-gas", "volume_m3"),
        ("raadhus-water", "volume_m3"),
        ("cabinet-3-meter", "import_wh"),
        ("lamp-2-05", "energy_wh"),
        ("lamp-2-05", "operating_s"),
    ],
)
def test_registers_rise_by_what_history_says(town: Town, sensor: str, register: str) -> None:
    """Read at both ends of any quarter, the difference is the bin's, to the bit; inside it rises with the power."""
    first = town.quarter(NOW) - 60
    (block,) = sensor_history(town, town.sensors[sensor], first, first + 60)
    deltas = block.columns[f"{register}_delta"]
    present = Present(town)

    def shown(t_us: int) -> float:
        look = present.lamp if town.sensors[sensor].kind == "lamp" else present.meter
        return float(getattr(look(sensor, from_us(t_us)), register))

    at = [shown((first + index) * QUARTER_US) for index in range(61)]
    assert np.diff(at).tolist() == deltas.tolist()
    assert deltas.sum() > 0 or register == "export_wh"
    inside = [shown((first + 59) * QUARTER_US + step * 60_000_000) for step in range(16)]
    assert inside == sorted(inside)
    assert inside[-1] == pytest.approx(at[-1])
    assert shown(first * QUARTER_US) == at[0], "asked again about the past"


def test_warming_changes_nothing(town: Town) -> None:
    warmed, cold = Present(town), Present(town)
    warmed.warm(NOW)
    for sensor in ("raadhus-electricity", "cabinet-1-meter", "maaloev-skole-heat"):
        assert warmed.meter(sensor, NOW) == cold.meter(sensor, NOW)
    assert warmed.lamp("lamp-4-10", NOW) == cold.lamp("lamp-4-10", NOW)


def test_a_radar_is_told_each_vehicle_once(town: Town) -> None:
    start = NOW - timedelta(minutes=20)
    clock = itertools.count()
    feed = StreetFeed(Present(town), "ballerup-boulevard", lambda: start + timedelta(seconds=next(clock) * 0.5))
    told = [vehicle for _ in range(2 * 30 * 60) for vehicle in feed()]
    present = Present(town)
    passed = [
        one
        for quarter in range(town.quarter(start), town.quarter(start) + 4)
        for one in present.passing("ballerup-boulevard", quarter)
        if start < from_us(one.t_us) <= start + timedelta(minutes=30)
    ]
    assert [vehicle.speed_kmh for vehicle in told] == [one.speed_kmh for one in passed][: len(told)]
    assert len(passed) - len(told) <= 1
    assert {vehicle.toward for vehicle in told} == {True, False}


def test_what_passed_during_a_pause_is_not_made_up(town: Town) -> None:
    moments = iter([NOW, NOW, NOW + timedelta(minutes=40)])
    feed = StreetFeed(Present(town), "ballerup-boulevard", lambda: next(moments))
    assert feed() == []
    assert len(feed()) < 5


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.now_s - 100.0)


class Platform:
    """Receipts what comes; after `stop_after` batches it asks the gateway to stop."""

    def __init__(self, gateway: LampGateway, clock: Clock, *, up: bool = True, stop_after: int = 3) -> None:
        self.incoming: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.incoming.put(Connected() if up else Lost("away"))
        self.batches: list[Batch] = []
        self._gateway = gateway
        self._clock = clock
        self._stop_after = stop_after

    def publish(self, payload: bytes) -> None:
        batch = decode_batch(payload)
        self.batches.append(batch)
        self.incoming.put(Receipt(batch.epoch, ((batch.first, batch.last),)).encode())
        self._clock.now_s += 60.0
        if len(self.batches) >= self._stop_after:
            self._gateway.stop.set()


def test_the_gateway_speaks_for_every_lamp(town: Town) -> None:
    clock = Clock()
    gateway = LampGateway(town, Present(town), now=clock.now, clock=clock)
    link = Platform(gateway, clock)
    gateway.serve(link, "gw-1")
    assert [batch.device for batch in link.batches] == [LAMP_GATEWAY] * 3
    first = link.batches[0].readings
    mine = {sensor.id for sensor in town.sensors.values() if sensor.device == LAMP_GATEWAY}
    assert {reading.sensor for reading in first if isinstance(reading, Lamp | Weather | Health)} == mine
    assert [batch.first for batch in link.batches] == [
        1,
        1 + len(first),
        1 + len(first) + len(link.batches[1].readings),
    ]
    lamps = {reading.sensor: reading for reading in first if isinstance(reading, Lamp)}
    assert len(lamps) == 40
    # At 16:07 on a November day it is still light; an hour later it is not.
    assert sum(bool(lamp.on) for lamp in lamps.values()) in (0, 40)
    later = {one.sensor: one for one in link.batches[2].readings if isinstance(one, Lamp)}
    assert all(
        lamp.energy_wh is not None and lamp.energy_wh >= (lamps[lamp.sensor].energy_wh or 0) for lamp in later.values()
    )


def test_the_gateway_counts_what_it_must_drop(town: Town) -> None:
    clock = Clock()
    gateway = LampGateway(town, Present(town), now=clock.now, clock=clock, room=50)
    waiting = gateway.collect()
    assert waiting == 42
    for _ in range(3):
        clock.now_s += 60.0
        waiting = gateway.collect()
    assert waiting == 50
    assert gateway.dropped > 60
    link = Platform(gateway, clock, stop_after=1)
    gateway.serve(link, "gw-1")
    assert len(link.batches[0].readings) >= 50


def test_the_edge_reads_what_is_simulated(town: Town, tmp_path: Path) -> None:
    """Each edge.toml passes the edge's own check, and its drivers read what the town shows. The broker is away."""
    config = pytest.importorskip("bypuls.edge.config", reason="the edge is not installed")
    driver = pytest.importorskip("bypuls.edge.driver")
    with LiveTown(town, tmp_path, Broker(port=1), now=lambda: NOW) as live:
        assert [file.device for file in live.edge_files] == ["pi-streets-north", "pi-streets-south", "pi-energy"]
        read: dict[str, Meter | Weather] = {}
        sensors = []
        for file in live.edge_files:
            assert tomllib.loads(file.path.read_text("utf-8"))["device"] == file.device
            loaded = config.load(file.path)
            sensors += [(sensor.id, sensor.driver) for sensor in loaded.sensors]
            for sensor in loaded.sensors:
                made = driver.configure(sensor.id, sensor.driver, sensor.options)
                if sensor.id in (
                    "raadhus-electricity",
                    "raadhus-heat",
                    "rosenhuset-gas",
                    "raadhus-water",
                    "outdoor-raadhus",
                ):
                    try:
                        yielded = next(one for one in made.readings() if one is not None)
                        read[sensor.id] = getattr(yielded, "reading", yielded)
                    finally:
                        made.close()
        expected = {
            one.id
            for one in town.sensors.values()
            if one.device != LAMP_GATEWAY and one.kind != "health" and one.silent_from is None
        }
        assert {name for name, _ in sensors} == expected
        assert ("myretuen-electricity", "han") in sensors
        present = live.present
        power, heat = read["raadhus-electricity"], read["raadhus-heat"]
        gas, water, outdoor = read["rosenhuset-gas"], read["raadhus-water"], read["outdoor-raadhus"]
        assert isinstance(power, Meter)
        assert isinstance(heat, Meter)
        now = present.meter("raadhus-electricity", NOW)
        # The meter's registers are 32-bit floats in kWh.
        assert power.import_wh == pytest.approx(now.import_wh, rel=1e-7)
        assert power.power_w == pytest.approx(now.power_w, rel=1e-6)
        now = present.meter("raadhus-heat", NOW)
        assert heat.import_wh == pytest.approx(now.import_wh, abs=1.0)
        assert (heat.flow_temp_c, heat.return_temp_c) == (now.flow_temp_c, now.return_temp_c)
        assert isinstance(gas, Meter)
        assert isinstance(water, Meter)
        assert (gas.medium, water.medium) == ("gas", "water")
        assert water.volume_m3 == pytest.approx(present.meter("raadhus-water", NOW).volume_m3, abs=0.001)
        assert isinstance(outdoor, Weather)
        assert outdoor.temp_c == pytest.approx(present.weather(NOW).temp_c, abs=0.0626)
    live.stop()
