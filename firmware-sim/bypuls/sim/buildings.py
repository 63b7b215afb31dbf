"""Energy of the simulated buildings: follows the weather, the use of the house, the calendar; some have solar roofs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

import numpy as np

from bypuls.sim.draws import FloatArray, IntArray, exact, quarter_normals, rounded
from bypuls.sim.local_time import SATURDAY, SUNDAY, WORKDAY, LocalQuarters, local_quarters
from bypuls.sim.weather import Weather

Use = Literal["housing", "office", "culture", "education", "hospital", "day-care", "sports", "other"]
Medium = Literal["electricity", "heat", "gas", "water"]

BALANCE_C = 17.0  # outdoor temperature above which nothing is heated
GAS_WH_A_M3 = 11_000.0  # lower heating value [Wh/m³]
_BOILER = 0.93
_FLOW_C, _WATER_WH = 66.0, 1_163.0  # district heat's flow temperature in summer; Wh per m³ and °C
_EPOCH = date(1970, 1, 1)
_SELDOM = 1.2  # of a normal draw: one quarter in nine


@dataclass(frozen=True, slots=True)
class Insulation:
    """From `day` on the house loses `loss_factor` of what it lost before."""

    day: date
    loss_factor: float


@dataclass(frozen=True, slots=True)
class LeftRunning:
    """From `day` on so much of its use (0..1) goes on when nobody is there: ventilation that no clock stops."""

    day: date
    share: float


@dataclass(frozen=True, slots=True)
class Leak:
    """From `day` on so much water runs all the time [l/h]: a toilet whose cistern doesn't close."""

    day: date
    l_h: float


@dataclass(frozen=True, slots=True)
class Submeter:
    """A part of a building's electricity behind the main meter: base_w always, used_w more while the house is used."""

    id: str
    name: str
    base_w: float
    used_w: float


@dataclass(frozen=True, slots=True)
class Building:
    """A municipal building.

    cooling_k : how far its heating cools the district heating water in summer [K].  submeters : parts of its
    electricity that have meters of their own.
    base_w_m2, used_w_m2 : electric load always and while in use [W/m²].  loss_w_k : heat loss [W/°C].
    hot_water_w : mean heat for hot water while in use [W].  solar_kwp : roof's peak power [kW].
    water_l_h : water while in use [l/h]; 0 = not metered.
    """

    id: str
    name: str
    use: Use
    address: str
    lat: float
    lon: float
    built_year: int
    area_m2: float
    base_w_m2: float
    used_w_m2: float
    loss_w_k: float
    hot_water_w: float
    heating: Literal["heat", "gas"] = "heat"
    solar_kwp: float = 0.0
    water_l_h: float = 0.0
    insulation: Insulation | None = None
    cooling_k: float = 32.0
    left_running: LeftRunning | None = None
    leak: Leak | None = None
    submeters: tuple[Submeter, ...] = ()

    @property
    def media(self) -> tuple[Medium, ...]:
        """What is metered."""
        return ("electricity", self.heating, "water") if self.water_l_h else ("electricity", self.heating)


# Opening hours on workdays, Saturdays, Sundays; whether school holidays close it.
_OPEN: MappingProxyType[Use, tuple[tuple[tuple[float, float] | None, ...], bool]] = MappingProxyType(
    {
        "office": (((7.5, 16.5), None, None), False),
        "culture": (((10.0, 20.0), (10.0, 16.0), (11.0, 16.0)), False),
        "education": (((7.5, 16.0), None, None), True),
        "day-care": (((6.5, 17.0), None, None), False),
        "sports": (((8.0, 22.5), (8.0, 20.0), (8.0, 20.0)), False),
        "housing": (((6.0, 23.0), (7.0, 23.5), (7.5, 23.0)), False),
        "hospital": (((0.0, 24.0), (0.0, 24.0), (0.0, 24.0)), False),
        "other": (((6.0, 18.0), (8.0, 14.0), None), False),
    }
)


@dataclass(frozen=True, slots=True)
class MeterQuarters:
    """What one meter measures per quarter; parallel arrays, None where the meter has no such register.

    import_wh, export_wh [Wh], volume_m3 [m³], flow_m3c, return_m3c [m³·°C] : amounts of the quarter.
    power_w [W] : mean; negative = delivered.
    """

    power_w: FloatArray | None = None
    import_wh: FloatArray | None = None
    export_wh: FloatArray | None = None
    volume_m3: FloatArray | None = None
    flow_m3c: FloatArray | None = None
    return_m3c: FloatArray | None = None
    flow_temp_c: FloatArray | None = None
    return_temp_c: FloatArray | None = None


class Energy:
    """The buildings' meters in the town of `seed`."""

    def __init__(self, seed: int, buildings: tuple[Building, ...], weather: Weather) -> None:
        self._seed = seed
        self._weather = weather
        self.buildings = {building.id: building for building in buildings}
        self._felt = lru_cache(maxsize=4)(self._compute_felt)

    def quarters(self, building_id: str, medium: Medium, first: int, last: int) -> MeterQuarters:
        """The building's meter of `medium` in the quarters first ≤ q < last [quarters since 1970].

        Raises ValueError for a medium that the building has no meter of."""
        building = self.buildings[building_id]
        if medium not in building.media:
            raise ValueError(f"medium: {medium!r} — {building_id} has {', '.join(building.media)}")
        clock = local_quarters(first, last)
        in_use = occupancy(building.use, clock)
        noise = quarter_normals(self._seed, f"{building_id}-{medium}", first, last)
        if medium == "electricity":
            if building.left_running is not None:
                since = clock.day >= (building.left_running.day - _EPOCH).days
                in_use = np.where(since, np.maximum(in_use, building.left_running.share), in_use)
            return self._electricity(building, clock, in_use, noise, first, last)
        if medium == "water":
            # Out of hours somebody is there now and then: most of these quarters nothing runs.
            now_and_then = np.where(noise > _SELDOM, 0.1, 0.0)
            litres = building.water_l_h * np.maximum(in_use, now_and_then) * np.maximum(0.0, 1.0 + 0.4 * noise) / 4.0
            if building.leak is not None:
                litres = litres + np.where(clock.day >= (building.leak.day - _EPOCH).days, building.leak.l_h / 4.0, 0.0)
            return MeterQuarters(volume_m3=exact(litres / 1000.0, 1024))
        return self._heating(building, clock, in_use, noise, first, last)

    def _electricity(
        self, building: Building, clock: LocalQuarters, in_use: FloatArray, noise: FloatArray, first: int, last: int
    ) -> MeterQuarters:
        dark = 1.0 + 0.18 * np.cos(clock.season)
        load = building.area_m2 * (building.base_w_m2 + building.used_w_m2 * in_use * dark) * (1.0 + 0.05 * noise)
        if not building.solar_kwp:
            used = exact(np.maximum(load, 0.0) / 4.0)
            return MeterQuarters(power_w=used * 4.0, import_wh=used)
        net = exact((load - self._roof_w(building, first, last)) / 4.0)
        return MeterQuarters(power_w=net * 4.0, import_wh=np.maximum(net, 0.0), export_wh=np.maximum(-net, 0.0))

    def _heating(
        self, building: Building, clock: LocalQuarters, in_use: FloatArray, noise: FloatArray, first: int, last: int
    ) -> MeterQuarters:
        loss = np.full(last - first, float(building.loss_w_k))
        if building.insulation is not None:
            loss[clock.day >= (building.insulation.day - _EPOCH).days] *= building.insulation.loss_factor
        felt = self._felt(first, last)
        room = loss * np.maximum(0.0, BALANCE_C - felt) * (0.88 + 0.18 * in_use)
        water = building.hot_water_w * (0.15 + in_use)
        power = (room + water) * np.maximum(0.0, 1.0 + 0.05 * noise)
        if building.heating == "gas":
            used = exact(power / _BOILER / 4.0)
            return MeterQuarters(power_w=used * 4.0, import_wh=used, volume_m3=exact(used / GAS_WH_A_M3, 1 << 20))
        used = exact(power / 4.0)
        flow = rounded(_FLOW_C + 0.8 * np.maximum(0.0, BALANCE_C - felt), 1)
        back = rounded(flow - building.cooling_k - 0.4 * np.maximum(0.0, BALANCE_C - felt) + 1.5 * noise, 1)
        volume = exact(used / (_WATER_WH * np.maximum(flow - back, 5.0)), 1 << 20)
        # The meter integrates volume × temperature in steps of its registers E8 and E9.
        e8, e9 = exact(volume * flow, 1024), exact(volume * back, 1024)
        return MeterQuarters(
            power_w=used * 4.0, import_wh=used, volume_m3=volume, flow_m3c=e8, return_m3c=e9, flow_temp_c=flow,
            return_temp_c=back,
        )  # fmt: skip

    def submeter(self, building_id: str, submeter_id: str, first: int, last: int) -> MeterQuarters:
        """A submeter of the building's electricity in the quarters first ≤ q < last."""
        building = self.buildings[building_id]
        part = next(one for one in building.submeters if one.id == submeter_id)
        in_use = occupancy(building.use, local_quarters(first, last))
        noise = quarter_normals(self._seed, f"{building_id}-{submeter_id}", first, last)
        load = (part.base_w + part.used_w * in_use) * np.maximum(0.0, 1.0 + 0.04 * noise)
        used = exact(load / 4.0)
        return MeterQuarters(power_w=used * 4.0, import_wh=used)

    def roof(self, building_id: str, first: int, last: int) -> MeterQuarters:
        """The production meter of the building's solar roof."""
        made = exact(self._roof_w(self.buildings[building_id], first, last) / 4.0)
        return MeterQuarters(power_w=-made * 4.0, import_wh=np.zeros(last - first), export_wh=made)

    def _roof_w(self, building: Building, first: int, last: int) -> FloatArray:
        power: FloatArray = building.solar_kwp * 0.85 * self._weather.quarters(first, last).irradiance_wm2
        return power

    def _compute_felt(self, first: int, last: int) -> FloatArray:
        """Outdoor temperature as a house feels it: the mean of the last 12 hours [°C]."""
        behind = 48
        temp = self._weather.quarters(first - behind, last).temp_c
        total = np.cumsum(np.rint(temp * 100.0))
        felt: FloatArray = (total[behind:] - total[:-behind]) / (behind * 100.0)
        return felt


def occupancy(use: Use, clock: LocalQuarters) -> FloatArray:
    """How much of its use a house sees in each quarter, 0..1, with an hour of coming and going."""
    hours, school = _OPEN[use]
    hour = clock.hour
    in_use = np.zeros(len(hour))
    for day_type, span in zip((WORKDAY, SATURDAY, SUNDAY), hours, strict=True):
        if span is not None:
            begin, end = span
            share = np.clip(hour - begin + 0.5, 0.0, 1.0) * np.clip(end - hour + 0.5, 0.0, 1.0)
            in_use = np.where(_is(clock.day_type, day_type), share, in_use)
    if school:
        in_use = np.where(clock.school_free, 0.1 * in_use, in_use)
    elif use in ("office", "day-care"):
        in_use = np.where(clock.school_free & _is(clock.day_type, WORKDAY), 0.7 * in_use, in_use)
    return in_use


def _is(day_type: IntArray, wanted: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    same: np.ndarray[tuple[int], np.dtype[np.bool_]] = day_type == wanted
    return same
