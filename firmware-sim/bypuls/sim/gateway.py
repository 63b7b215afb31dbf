"""The lamps' gateway: a device of its own that speaks the contract over MQTT, as a vendor's gateway would.

It has no disk: what waits for the broker is bounded, the oldest goes first and is counted. The lamps' registers make up
for it.
"""

from __future__ import annotations

import heapq
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from bypuls.sim.courier import Courier, Link
from bypuls.sim.flight import fits
from bypuls.sim.mqtt_link import Broker, MqttLink
from bypuls.sim.present import Present
from bypuls.sim.town import LAMP_GATEWAY, Sensor, Town
from bypuls.wire import Health, Lamp, Reading, Weather, encode_reading

log = logging.getLogger("bypuls.sim")

_ROOM = 20_000  # readings: eight hours of forty lamps
_SUPPLY_V = 230.0


class LampGateway:
    """Publishes every lamp, the weather station and its own health, each at its interval, spread over it."""

    def __init__(
        self,
        town: Town,
        present: Present,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        room: int = _ROOM,
    ) -> None:
        self._present = present
        self._now = now
        self._clock = clock
        self._sensors = [sensor for sensor in town.sensors.values() if sensor.device == LAMP_GATEWAY]
        self._waiting: deque[bytes] = deque()
        self._room = room
        self._begun_s = clock()
        self.dropped = 0
        self.stop = threading.Event()
        # (due [s], place in the list): all at once in the beginning, then spread, so that no second is busier.
        self._due = [(self._begun_s, index) for index in range(len(self._sensors))]

    def run(self, broker: Broker) -> None:
        """Publishes until `stop` is set."""
        epoch = f"gw-{secrets.token_hex(8)}"
        with MqttLink(broker, LAMP_GATEWAY, epoch) as link:
            self.serve(link, epoch)

    def serve(self, link: Link, epoch: str) -> None:
        """Publishes over `link` until `stop` is set; waits for the broker as long as it takes."""
        courier = Courier(link, LAMP_GATEWAY, epoch, patience_s=float("inf"), clock=self._clock, now=self._now)
        told = 0
        while not self.stop.is_set():
            self.collect()
            while self._waiting and courier.connected and courier.flight.room:
                courier.send(self._batch())
            if len(courier.flight.refused) > told:
                told = len(courier.flight.refused)
                log.warning("the platform refused %d readings, the last: %s", told, courier.flight.refused[-1].reason)
            courier.poll(0.2)

    def collect(self) -> int:
        """Reads every sensor that is due; the number of readings that wait."""
        now_s = self._clock()
        while self._due[0][0] <= now_s:
            due_s, index = self._due[0]
            sensor = self._sensors[index]
            interval_s = sensor.interval_s or 60.0
            if due_s == self._begun_s:
                next_s = due_s + interval_s * (index + 1) / len(self._sensors)
            else:
                # After a pause the missed turns are left out: a lamp can't be asked about the past.
                next_s = due_s + (int((now_s - due_s) // interval_s) + 1) * interval_s
            heapq.heapreplace(self._due, (next_s, index))
            if len(self._waiting) >= self._room:
                self._waiting.popleft()
                self.dropped += 1
            reading = self.read(sensor)
            if reading is not None:
                self._waiting.append(encode_reading(reading))
        return len(self._waiting)

    def read(self, sensor: Sensor) -> Reading | None:
        """The sensor's reading at this moment; None where a lamp without supply doesn't answer."""
        now = self._now()
        match sensor.kind:
            case "lamp":
                lamp = self._present.lamp(sensor.id, now)
                if not lamp.supplied:
                    return None
                return Lamp(
                    sensor=sensor.id,
                    t=now,
                    on=lamp.on,
                    level_pct=lamp.level_pct,
                    power_w=lamp.power_w,
                    energy_wh=round(lamp.energy_wh, 3),
                    operating_s=round(lamp.operating_s, 0),
                    voltage_v=_SUPPLY_V,
                    current_a=round(lamp.power_w / _SUPPLY_V, 4),
                    faults=() if lamp.fault is None else (lamp.fault,),
                )
            case "weather":
                weather = self._present.weather(now)
                return Weather(
                    sensor=sensor.id,
                    t=now,
                    temp_c=weather.temp_c,
                    ambient_lux=weather.ambient_lux,
                    irradiance_wm2=weather.irradiance_wm2,
                )
            case _:
                return Health(
                    sensor=sensor.id,
                    t=now,
                    uptime_s=round(self._clock() - self._begun_s, 1),
                    clock_synced=True,
                    outbox_rows=len(self._waiting),
                    dropped=self.dropped,
                )

    def _batch(self) -> list[bytes]:
        batch: list[bytes] = []
        size = 0
        while self._waiting and fits(len(batch) + 1, size + len(self._waiting[0])):
            size += len(self._waiting[0])
            batch.append(self._waiting.popleft())
        return batch
