"""Street lamps that follow the sun and a dimming profile, minute by minute, and the meters of their cabinets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from bypuls.sim.draws import FloatArray, IntArray, exact, fraction, quarter_normals
from bypuls.sim.fault_orders import LATE_QUARTERS, Orders
from bypuls.sim.local_time import local_quarters
from bypuls.sim.sun import elevation_deg

MINUTES = 15  # in a quarter
SWITCHING_ELEVATION_DEG = -2.5  # lamps burn while the sun stands lower: about 20 minutes after sunset
SCHEDULE = "22:00-06:00=50"  # local time: the usual Danish night dimming
_DIMMED_FROM, _DIMMED_TO, _DIMMED_PCT = 88, 24, 50.0  # the same in quarters of the local day
_EPOCH = date(1970, 1, 1)
_FAULT_WINDOW_DAYS = 60
_FAULT_CHANCE = 0.10  # of a lamp, per window

Fault = Literal["lampFailure", "lampUnexpectedOn", "lampPowerTooLow"]


@dataclass(frozen=True, slots=True)
class Lantern:
    """What hangs on the pole: `watt` [W] at full level, the driver included; `dims` = follows the night schedule."""

    lamp_type: str
    watt: float
    dims: bool

    def power_w(self, level_pct: FloatArray) -> FloatArray:
        """Power while lit at a level [%]: an LED's driver keeps a base load of 6 %; HPS burns full or not at all."""
        power: FloatArray = self.watt * (0.06 + 0.94 * level_pct / 100.0 if self.dims else np.ones_like(level_pct))
        return power


@dataclass(frozen=True, slots=True)
class Lamp:
    """One pole. `before` is the lantern that hung there until `renovated`."""

    id: str
    name: str
    cabinet: str
    site: str
    lat: float
    lon: float
    lantern: Lantern
    pole_height_m: float
    lighting_class: str
    road_class: str
    school_way: bool
    installed: date
    before: Lantern | None = None
    renovated: date | None = None


@dataclass(frozen=True, slots=True)
class LampFault:
    """What is wrong with a lamp from `start` up to `end` (local dates [days since 1970])."""

    lamp: str
    fault: Fault
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """What all lamps do in a range of minutes; arrays of shape (quarters, 15). level_pct is that of dimmable ones."""

    on: npt.NDArray[np.bool_]
    level_pct: FloatArray


@dataclass(frozen=True, slots=True)
class LampMinutes:
    """One lamp, minute by minute; arrays of shape (quarters, 15). `fault` [quarters] says what it reports, or None.
    supplied : False where it has no voltage and can't speak."""

    on: npt.NDArray[np.bool_]
    level_pct: FloatArray
    power_w: FloatArray
    fault: npt.NDArray[np.object_]
    supplied: npt.NDArray[np.bool_]


@lru_cache(maxsize=4)
def schedule(first: int, last: int) -> Schedule:
    """The switching and dimming of the quarters first ≤ q < last [quarters since 1970]."""
    minute = np.arange(first * MINUTES, last * MINUTES, dtype=np.float64)
    on = (elevation_deg(minute * 60.0 + 30.0) < SWITCHING_ELEVATION_DEG).reshape(-1, MINUTES)
    clock = local_quarters(first, last).quarter
    dimmed = (clock >= _DIMMED_FROM) | (clock < _DIMMED_TO)
    level = np.where(on, np.where(dimmed, _DIMMED_PCT, 100.0)[:, None], 0.0)
    return Schedule(on, level)


class Lighting:
    """The lamps of the town of `seed`; `day_burner` is one lamp with a fault at a known date."""

    def __init__(self, seed: int, lamps: tuple[Lamp, ...], day_burner: LampFault, orders: Orders | None = None) -> None:
        self._seed = seed
        self._orders = orders
        self.lamps = {lamp.id: lamp for lamp in lamps}
        self._day_burner = day_burner
        self._wobble = lru_cache(maxsize=16)(self._compute_wobble)
        self._minutes = lru_cache(maxsize=len(lamps) + 1)(self._compute_minutes)

    def faults(self, lamp: str, first_day: int, last_day: int) -> tuple[LampFault, ...]:
        """The lamp's faults that touch the local dates first ≤ day < last [days since 1970], by date."""
        found = [] if self._day_burner.lamp != lamp else [self._day_burner]
        for window in range(first_day // _FAULT_WINDOW_DAYS - 1, (last_day - 1) // _FAULT_WINDOW_DAYS + 1):
            fault = self._fault(lamp, window)
            if fault is not None:
                found.append(fault)
        touching = (fault for fault in found if fault.start < last_day and fault.end > first_day)
        return tuple(sorted(touching, key=lambda fault: fault.start))

    def _fault(self, lamp: str, window: int) -> LampFault | None:
        luck = fraction(self._seed, "lamp-fault", lamp, str(window))
        if luck >= _FAULT_CHANCE:
            return None
        start = window * _FAULT_WINDOW_DAYS + int(40 * fraction(self._seed, "lamp-fault-start", lamp, str(window)))
        length = 3 + int(12 * fraction(self._seed, "lamp-fault-length", lamp, str(window)))
        kind: Fault = "lampFailure" if luck < 0.8 * _FAULT_CHANCE else "lampPowerTooLow"
        return LampFault(lamp, kind, start, start + length)

    def minutes(self, lamp: str, first: int, last: int) -> LampMinutes:
        """The lamp in the quarters first ≤ q < last [quarters since 1970]."""
        return self._minutes(lamp, first, last)

    def _compute_minutes(self, lamp_id: str, first: int, last: int) -> LampMinutes:
        lamp = self.lamps[lamp_id]
        plan = schedule(first, last)
        day = local_quarters(first, last).day
        on, level = plan.on, plan.level_pct
        late = None if self._orders is None else self._orders.switched_late(lamp.cabinet, first, last)
        if late is not None:
            hour_ago = schedule(first - LATE_QUARTERS, last - LATE_QUARTERS)
            on, level = np.where(late, hour_ago.on, on), np.where(late, hour_ago.level_pct, level)
        fault = np.full(last - first, None, dtype=np.object_)
        weak = np.ones(last - first)
        for found in self.faults(lamp_id, int(day[0]), int(day[-1]) + 1):
            here = (day >= found.start) & (day < found.end)
            fault[here] = found.fault
            if found.fault == "lampUnexpectedOn":
                on = on | here[:, None]
                level = np.where(here[:, None], 100.0, level)
            elif found.fault == "lampFailure":
                weak[here] = 0.0
            else:
                weak[here] = 0.55
        strength = weak * self._wobble(lamp.cabinet, first, last)
        burnt, by_minute = level, strength[:, None]
        supplied = np.ones(on.shape, dtype=np.bool_)
        spoilt = None if self._orders is None else self._orders.spoil(lamp_id, first, last, on, level, fault)
        if spoilt is not None:
            on, level, burnt, fault = spoilt.on, spoilt.level_pct, spoilt.burnt_pct, spoilt.said
            supplied = spoilt.supplied
            by_minute = by_minute * spoilt.strength
        power = np.where(on, self._full_power(lamp, burnt, day), 0.0) * by_minute
        dims = np.full(last - first, lamp.lantern.dims)
        if lamp.before is not None:
            dims = np.where(day < _days(lamp.renovated), lamp.before.dims, dims)
        level = np.where(on & ~dims[:, None], 100.0, level)
        # Multiples of 15/16 W: a minute's energy then is a whole number of 1/64 Wh, and sums are exact.
        return LampMinutes(on, level, np.rint(power * 16 / 15) * 15 / 16, fault, supplied)

    def _full_power(self, lamp: Lamp, level: FloatArray, day: IntArray) -> FloatArray:
        own = 1.0 + 0.03 * (fraction(self._seed, "lamp-own", lamp.id) - 0.5)
        now = lamp.lantern.power_w(level) * own
        if lamp.before is None:
            return now
        return np.where((day < _days(lamp.renovated))[:, None], lamp.before.power_w(level) * own, now)

    def _compute_wobble(self, cabinet: str, first: int, last: int) -> FloatArray:
        wobble: FloatArray = 1.0 + 0.006 * quarter_normals(self._seed, f"supply-{cabinet}", first, last)
        return wobble

    def cabinet_power(self, cabinet: str, first: int, last: int) -> FloatArray:
        """The cabinet meter's power by minute (quarters, 15) [W]: its lamps, 2 % in the cables, 15 W of its own."""
        lamps = [lamp.id for lamp in self.lamps.values() if lamp.cabinet == cabinet]
        total = sum((self.minutes(lamp, first, last).power_w for lamp in lamps), np.zeros((last - first, MINUTES)))
        power: FloatArray = np.rint((1.02 * total + 15.0) * 16 / 15) * 15 / 16
        return power


def energy_wh(power_w: FloatArray) -> FloatArray:
    """Energy of each quarter [Wh] from its minutes' power (quarters, 15) [W]."""
    return exact(power_w.sum(axis=1) / 60.0)


def _days(day: date | None) -> int:
    return ((day or date.max) - _EPOCH) // timedelta(days=1)
