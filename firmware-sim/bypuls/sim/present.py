"""The town now: what each meter, lamp and street shows at a moment. Registers go on exactly where history ends."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from bypuls.sim.draws import QUARTER_US, FloatArray, fraction
from bypuls.sim.history import REGISTERS, meter_quarters
from bypuls.sim.lighting import MINUTES, LampMinutes, energy_wh
from bypuls.sim.streets import DIRECTIONS, Direction, vehicles
from bypuls.sim.town import Sensor, Town
from bypuls.wire import from_us, to_us

_MINUTE_US = 60_000_000
_CHUNK = 96 * 31  # quarters added up at a time: a year of minutes at once would fill the memory


@dataclass(frozen=True, slots=True)
class MeterNow:
    """What a meter shows; None where it has no such value. Units as in the names; negative power is delivered."""

    power_w: float
    import_wh: float | None = None
    export_wh: float | None = None
    volume_m3: float | None = None
    flow_m3c: float | None = None
    return_m3c: float | None = None
    flow_temp_c: float | None = None
    return_temp_c: float | None = None


@dataclass(frozen=True, slots=True)
class LampNow:
    """What a lamp's electronics show. `fault` is a TALQ event, or None; without supply they show
    nothing."""

    on: bool
    level_pct: float
    power_w: float
    energy_wh: float
    operating_s: float
    fault: str | None
    supplied: bool = True


@dataclass(frozen=True, slots=True)
class WeatherNow:
    """Outdoors, now."""

    temp_c: float
    irradiance_wm2: float
    ambient_lux: float


@dataclass(frozen=True, slots=True)
class Passing:
    """A vehicle that passes a radar at `t_us` [µs since 1970] with `speed_kmh` [km/h]."""

    t_us: int
    direction: Direction
    speed_kmh: float


class Present:
    """Answers for any moment of the town, from any thread; moments that rise are answered quickly.

    A register is its first value plus the sum of all quarters since the town's first day; within a quarter it rises
    with the power that is shown.
    """

    def __init__(self, town: Town) -> None:
        self._town = town
        self._lock = threading.RLock()
        # Per sensor: the quarter up to which its registers are added up, and what they show there.
        self._totals: dict[str, tuple[int, dict[str, float]]] = {}
        self._at_reset: dict[tuple[str, int], MeterNow] = {}

    def warm(self, t: datetime) -> None:
        """Adds up every register up to `t`, so that the first question is answered as quickly as the next ones."""
        until = self._town.quarter(t)
        counted = [sensor for sensor in self._town.sensors.values() if sensor.kind in ("meter", "lamp")]
        at = self._town.first_quarter
        with self._lock:
            # All sensors a month at a time: they share the sun, the weather and the lamps of their cabinet.
            while at < until:
                at = min(until, at + _CHUNK)
                for sensor in counted:
                    self._totals_at(sensor, at)

    def meter(self, sensor_id: str, t: datetime) -> MeterNow:
        """The meter at `t`. Raises KeyError for an unknown sensor, ValueError before the town's first day."""
        now = self._counted(sensor_id, t)
        reset_us = self._town.orders.reset_before(sensor_id, to_us(t))
        if reset_us is None:
            return now
        with self._lock:
            if (sensor_id, reset_us) not in self._at_reset:
                self._at_reset[sensor_id, reset_us] = self._counted(sensor_id, from_us(reset_us))
            then = self._at_reset[sensor_id, reset_us]
        since = {
            name: value - (getattr(then, name) or 0.0)
            for name in REGISTERS
            if (value := getattr(now, name)) is not None
        }
        return replace(now, **since)

    def _counted(self, sensor_id: str, t: datetime) -> MeterNow:
        """The meter at `t` as if it had never been reset."""
        sensor = self._town.sensors[sensor_id]
        quarter = self._town.quarter(t)
        within_us = to_us(t) - quarter * QUARTER_US
        with self._lock:
            totals = self._totals_at(sensor, quarter)
            if sensor.cabinet_meter:
                minutes = self._town.lighting.cabinet_power(sensor.asset or "", quarter, quarter + 1)[0]
                power_w = float(minutes[within_us // _MINUTE_US])
                return MeterNow(power_w, totals["import_wh"] + _energy_wh(minutes, within_us))
            now = meter_quarters(self._town, sensor, quarter, quarter + 1)
        share = within_us / QUARTER_US
        shown = {
            name: totals[name] + share * float(amount[0])
            for name in REGISTERS
            if (amount := getattr(now, name)) is not None
        }
        return MeterNow(
            0.0 if now.power_w is None else float(now.power_w[0]),
            **shown,
            flow_temp_c=None if now.flow_temp_c is None else float(now.flow_temp_c[0]),
            return_temp_c=None if now.return_temp_c is None else float(now.return_temp_c[0]),
        )

    def lamp(self, lamp: str, t: datetime) -> LampNow:
        """The lamp at `t`. Raises KeyError for an unknown lamp, ValueError before the town's first day."""
        quarter = self._town.quarter(t)
        within_us = to_us(t) - quarter * QUARTER_US
        with self._lock:
            totals = self._totals_at(self._town.sensors[lamp], quarter)
            minutes = self._town.lighting.minutes(lamp, quarter, quarter + 1)
        minute = within_us // _MINUTE_US
        power = minutes.power_w[0]
        return LampNow(
            on=bool(minutes.on[0, minute]),
            level_pct=float(minutes.level_pct[0, minute]),
            power_w=float(power[minute]),
            energy_wh=totals["energy_wh"] + _energy_wh(power, within_us),
            operating_s=totals["operating_s"] + _energy_wh((power > 0.0) * 3600.0, within_us),
            fault=minutes.fault[0],
            supplied=bool(minutes.supplied[0, minute]),
        )

    def weather(self, t: datetime) -> WeatherNow:
        """The weather at `t`."""
        quarter = self._town.quarter(t)
        with self._lock:
            now = self._town.weather.quarters(quarter, quarter + 1)
        return WeatherNow(float(now.temp_c[0]), float(now.irradiance_wm2[0]), float(now.ambient_lux[0]))

    def passing(self, street: str, quarter: int) -> list[Passing]:
        """All vehicles of a street in one quarter [since 1970], both directions, rising in time."""
        found = []
        for direction in DIRECTIONS:
            seen = vehicles(self._town.seed, self._town.streets[street], direction, quarter, quarter + 1)
            for t_us, speed in zip(seen.t_us.tolist(), seen.speed_kmh.tolist(), strict=True):
                found.append(Passing(t_us, direction, speed))
        return sorted(found, key=lambda one: one.t_us)

    def _totals_at(self, sensor: Sensor, quarter: int) -> dict[str, float]:
        """What the sensor's registers show at a quarter's beginning."""
        at, totals = self._totals.get(sensor.id, (self._town.first_quarter, self._first(sensor)))
        if quarter < at:
            at, totals = self._town.first_quarter, self._first(sensor)
        totals = dict(totals)
        while at < quarter:
            until = min(quarter, at + _CHUNK)
            for name, amount in self._amounts(sensor, at, until).items():
                totals[name] += float(amount.sum())
            at = until
        self._totals[sensor.id] = (at, totals)
        return totals

    def _amounts(self, sensor: Sensor, first: int, last: int) -> dict[str, FloatArray]:
        if sensor.kind == "lamp":
            minutes: LampMinutes = self._town.lighting.minutes(sensor.id, first, last)
            return {
                "energy_wh": energy_wh(minutes.power_w),
                "operating_s": 60.0 * (minutes.power_w > 0.0).sum(axis=1).astype(np.float64),
            }
        measured = meter_quarters(self._town, sensor, first, last)
        return {name: amount for name in REGISTERS if (amount := getattr(measured, name)) is not None}

    def _first(self, sensor: Sensor) -> dict[str, float]:
        """What the registers showed on the town's first day: the meter was not new."""
        used = fraction(self._town.seed, "register", sensor.id)
        lamp = {"energy_wh": float(round(200_000 * used)), "operating_s": 60.0 * round(120_000 * used)}
        return {
            "import_wh": float(round(50_000_000 * used)),
            "export_wh": 0.0,
            "volume_m3": float(round(900 * used)),
            "flow_m3c": float(round(60_000 * used)),
            "return_m3c": float(round(36_000 * used)),
            **lamp,
        }


def _energy_wh(power_w: FloatArray, within_us: int) -> float:
    """Energy [Wh] of a quarter's first `within_us`, from its minutes' power [W]."""
    whole = within_us // _MINUTE_US
    rest = (within_us - whole * _MINUTE_US) / _MINUTE_US * float(power_w[min(whole, MINUTES - 1)])
    return (float(np.sum(power_w[:whole])) + rest) / 60.0
