"""What the sensors of a street or of a building say now. One that is silent says so; its last value is history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bypuls.api.latest import Latest, latest_of
from bypuls.store.protocol import Store
from bypuls.store.registry import Sensor
from bypuls.wire import Reading, TrafficBin, to_us

PASSAGES_S = 900
"""Over how long single vehicles are counted [s]."""


@dataclass(frozen=True, slots=True)
class SensorNow:
    """A sensor's word now.

    latest : its newest reading; `latest.current` is None while it is silent.
    vehicles_n : of a sensor of traffic that isn't silent, vehicles within `period_s` [s]; None = unknown.
    """

    latest: Latest
    vehicles_n: float | None = None
    period_s: int | None = None


def sensors_now(store: Store, sensors: Iterable[Sensor], now: datetime) -> list[SensorNow]:
    """The word of each sensor, in their order."""
    return [_word(store, one, now) for one in latest_of(store, sensors, now)]


def _word(store: Store, latest: Latest, now: datetime) -> SensorNow:
    reading = latest.current
    if reading is None or reading.t is None:
        return SensorNow(latest)
    sensor = latest.sensor
    if isinstance(reading, TrafficBin):
        t_us = to_us(reading.t)
        # Each direction and class of a period is a reading of its own.
        parts = store.readings(sensor.kind, sensor.id, t_us, t_us + 1)
        return SensorNow(latest, _counted(parts), reading.period_s)
    if sensor.kind == "passage":
        # To the next second: clocks at the edge may run ahead by a moment.
        end_us = to_us(now) + 1_000_000
        seen = store.columns(sensor.kind, sensor.id, end_us - PASSAGES_S * 1_000_000, end_us, ["speed_kmh"])
        return SensorNow(latest, float(len(seen.t_us)), PASSAGES_S)
    return SensorNow(latest)


def _counted(parts: Iterable[Reading]) -> float | None:
    counts = [sum(one.counts) for one in parts if isinstance(one, TrafficBin) and one.uptime != 0.0]
    return sum(counts) if counts else None
