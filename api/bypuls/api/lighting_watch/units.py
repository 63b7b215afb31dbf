"""What is watched: the lamps of each cabinet that are measured one by one, and the meter of each cabinet that feeds
lamps which aren't. A cabinet all of whose lamps tell for themselves isn't judged twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from bypuls.analysis.arrays import FloatArray
from bypuls.analysis.lighting.expectation import HPS_EXPONENT, LED_EXPONENT
from bypuls.api.directory import Directory
from bypuls.api.lighting.cabinet_meters import main_meters
from bypuls.api.lighting.lamps_now import lamp_sensors, place_of
from bypuls.api.lighting.night import FULL_PCT, Profiles
from bypuls.store.registry import Lamp, Sensor
from bypuls.wire import from_us


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that is watched. id : the cabinet; of lamps without one, their place.  lamps : of `lamps` parallel to
    `sensors`, of `meter` those that it feeds.  lamps_n : that it feeds.  basis : what learning rests on: another one
    is learned anew."""

    kind: Literal["meter", "lamps"]
    id: str
    place: tuple[float, float]
    sensors: tuple[Sensor, ...]
    lamps: tuple[Lamp, ...]
    lamps_n: int
    basis: tuple[str, ...]

    @property
    def name(self) -> str:
        """As it is kept."""
        return f"{self.kind} {self.id}"


def units_of(directory: Directory, now: datetime) -> dict[str, Unit]:
    """Everything that is watched, by name. Without a place nobody knows when it is night: such lamps are left out."""
    sensors = lamp_sensors(directory, now)
    fed: dict[str, list[Lamp]] = {}
    told: dict[str, list[Lamp]] = {}
    for lamp in directory.lamps.values():
        lat, lon = place_of(directory, lamp)
        if lamp.cabinet is not None:
            fed.setdefault(lamp.cabinet, []).append(lamp)
        if lamp.id in sensors and lat is not None and lon is not None:
            told.setdefault(lamp.cabinet or f"{lat:.1f} {lon:.1f}", []).append(lamp)
    found = []
    for id, lamps in told.items():
        lat, lon = place_of(directory, lamps[0])
        assert lat is not None
        assert lon is not None
        mine = tuple(sensors[one.id] for one in lamps)
        basis = tuple(f"{one.id} {sensor.id} {_hung(one)}" for one, sensor in zip(lamps, mine, strict=True))
        found.append(Unit("lamps", id, (lat, lon), mine, tuple(lamps), len(lamps), basis))
    for id, row in directory.cabinets.items():
        lamps, meters = fed.get(id, []), main_meters(directory, id, now)
        lamps_n = max(len(lamps), row.lamp_count or 0)
        site = directory.sites.get(row.site or "")
        places = [(one.lat, one.lon) for one in (row, site) if one is not None]
        places += [place_of(directory, one) for one in lamps[:1]]
        place = next(((lat, lon) for lat, lon in places if lat is not None and lon is not None), None)
        measured = lamps_n == len(lamps) and all(one.id in sensors for one in lamps)
        if not meters or not lamps_n or place is None or measured:
            continue
        measured_by = (f"{one.id} × {one.sign * one.multiplier:g}" for one in meters)
        basis = (f"{lamps_n} lamps", *measured_by, *sorted(map(_hung, lamps)))
        found.append(Unit("meter", id, place, tuple(meters), tuple(lamps), lamps_n, basis))
    return {one.name: one for one in found}


def _hung(lamp: Lamp) -> str:
    return f"{'?' if lamp.watt is None else f'{lamp.watt:g}'} W {lamp.lamp_type or '?'}"


def exponents(lamps: tuple[Lamp, ...]) -> FloatArray:
    """(n,) of the voltage in the lamps' power. Only discharge lamps follow it; an unknown type is taken for LED."""
    led = [one.lamp_type is None or one.lamp_type.upper().startswith("LED") for one in lamps]
    return np.where(np.array(led, dtype=np.bool_), LED_EXPONENT, HPS_EXPONENT)


class Levels:
    """The levels that dimming profiles want, each looked up once for all lamps that are dimmed alike."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles
        self._held: dict[tuple[str, int], float] = {}

    def of(self, lamp: Lamp, t_us: int) -> float:
        """In the quarter that begins at `t_us` [%]; NaN where the lamp has no profile."""
        alike = self._profiles.alike(lamp)
        if alike is None:
            return float("nan")
        if len(self._held) > 500_000:
            self._held.clear()
        level = self._held.get((alike, t_us))
        if level is None:
            wanted = self._profiles.level_pct(lamp, from_us(t_us))
            level = self._held[alike, t_us] = float("nan") if wanted is None else wanted
        return level

    def of_cabinet(self, lamps: tuple[Lamp, ...], t_us: list[int]) -> FloatArray:
        """(quarters,) of its lamps together [%], by their power; lamps without a profile burn at full level."""
        shares: dict[str | None, tuple[Lamp, float]] = {}
        for one in lamps:
            alike = self._profiles.alike(one)
            shares[alike] = (one, shares.get(alike, (one, 0.0))[1] + (one.watt or 1.0))
        if not shares:
            return np.full(len(t_us), FULL_PCT)
        weights = np.array([weight for _, weight in shares.values()])
        level = np.array([[self.of(lamp, at) for lamp, _ in shares.values()] for at in t_us])
        found: FloatArray = np.nan_to_num(level, nan=FULL_PCT) @ weights / weights.sum()
        return found
