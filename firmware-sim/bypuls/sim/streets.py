"""Traffic of the simulated streets: single vehicles, drawn per UTC day. Bins are the histogram of the same vehicles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from bypuls.sim.draws import QUARTER_US, QUARTERS_A_DAY, FloatArray, IntArray, day_generator, key, rounded
from bypuls.sim.local_time import SATURDAY, SUNDAY, WORKDAY, LocalQuarters, local_quarters

Direction = Literal["toward", "away"]
DIRECTIONS: tuple[Direction, ...] = ("toward", "away")

FREE_FLOW_S = 5.0  # least headway of a vehicle that chooses its own speed [s]
SLOWEST_KMH, FASTEST_KMH = 6.0, 180.0
_RUSHED_SHARE, _RUSHED_KMH = 0.015, 7.0  # a few drive much faster: mean of what they add [km/h]


@dataclass(frozen=True, slots=True)
class Calming:
    """From `day` on: a new limit and humps. `slower_kmh` off the mean, the spread times `tighter`."""

    day: date
    limit_kmh: int
    slower_kmh: float
    tighter: float


@dataclass(frozen=True, slots=True)
class Street:
    """A street with one radar that sees both directions.

    daily : vehicles on an average day, by direction.  morning : the direction in which the morning peak goes.
    mean_kmh, spread_kmh : free speed by day and its standard deviation [km/h].
    """

    id: str
    name: str
    lat: float
    lon: float
    bearing_deg: float
    road_class: str
    limit_kmh: int
    daily: Mapping[Direction, float]
    mean_kmh: float
    spread_kmh: float
    morning: Direction = "toward"
    school_way: bool = False
    lanes: int = 2
    calming: Calming | None = None


@dataclass(frozen=True, slots=True)
class Vehicles:
    """Single vehicles of one direction, rising in time.

    t_us : [µs since 1970].  speed_kmh : [km/h], one decimal.  free : headway of at least 5 s.
    """

    t_us: IntArray
    speed_kmh: FloatArray
    free: npt.NDArray[np.bool_]

    def between(self, start_us: int, end_us: int) -> Vehicles:
        """Those with start ≤ t < end."""
        a, b = np.searchsorted(self.t_us, [start_us, end_us])
        return Vehicles(self.t_us[a:b], self.speed_kmh[a:b], self.free[a:b])


def _bumps(*bumps: tuple[float, float, float], floor: float) -> FloatArray:
    """A day's shape in quarters from (hour, width [h], height) and a floor by night; sums to 1."""
    hour = (np.arange(QUARTERS_A_DAY) + 0.5) / 4.0
    shape = np.full(QUARTERS_A_DAY, floor)
    for middle, width, height in bumps:
        away = np.abs(hour - middle)
        shape += height * np.exp(-0.5 * (np.minimum(away, 24.0 - away) / width) ** 2)
    normed: FloatArray = shape / shape.sum()
    return normed


_INTO_TOWN = _bumps((7.6, 0.8, 10.0), (12.5, 3.5, 5.0), (16.2, 1.3, 6.5), (20.0, 1.6, 1.6), floor=0.15)
_OUT_OF_TOWN = _bumps((7.7, 0.9, 5.0), (12.5, 3.5, 5.0), (16.0, 1.2, 11.0), (20.0, 1.6, 1.8), floor=0.15)
_SHAPES = {
    (WORKDAY, True): _INTO_TOWN,
    (WORKDAY, False): _OUT_OF_TOWN,
    (SATURDAY, True): _bumps((12.5, 3.4, 8.0), (19.0, 2.5, 2.0), floor=0.3),
    (SATURDAY, False): _bumps((13.5, 3.4, 8.0), (19.5, 2.5, 2.0), floor=0.3),
    (SUNDAY, True): _bumps((14.0, 3.3, 8.0), (19.0, 2.5, 2.0), floor=0.4),
    (SUNDAY, False): _bumps((14.5, 3.3, 8.0), (19.5, 2.5, 2.0), floor=0.4),
}
_DAY_FACTOR = MappingProxyType({WORKDAY: 1.10, SATURDAY: 0.80, SUNDAY: 0.68})


def expected_flow(street: Street, direction: Direction, clock: LocalQuarters) -> FloatArray:
    """Vehicles expected in each quarter."""
    with_peak = direction == street.morning
    flow = np.zeros(len(clock.quarter))
    for kind, factor in _DAY_FACTOR.items():
        here = clock.day_type == kind
        flow[here] = factor * _SHAPES[kind, with_peak][clock.quarter[here]]
    summer_off = np.where(clock.school_free & (clock.day_type == WORKDAY), 0.86, 1.0)
    season = 1.0 - 0.04 * np.cos(clock.season)
    values: FloatArray = flow * summer_off * season * street.daily[direction]
    return values


def expected_speed(street: Street, clock: LocalQuarters, flow: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(mean, spread) [km/h] of free vehicles in each quarter: faster by night, slower in the peak and past a school."""
    hour = clock.hour
    night = 1.0 / (1.0 + np.exp((np.minimum(np.abs(hour - 2.0), np.abs(hour - 26.0)) - 4.0) * 1.5))
    busy = flow / max(1.0, float(max(street.daily.values())) * 0.02)
    mean = street.mean_kmh + 3.0 * night - 2.0 * np.minimum(busy, 1.2)
    spread = street.spread_kmh * (1.0 + 0.15 * night)
    if street.school_way:
        lessons = (clock.day_type == WORKDAY) & ~clock.school_free
        gathering = ((hour > 7.5) & (hour < 8.25)) | ((hour > 14.0) & (hour < 15.25))
        mean = mean - np.where(lessons & gathering, 4.0, 0.0)
    if street.calming is not None:
        calmed = clock.day >= (street.calming.day - date(1970, 1, 1)).days
        mean = mean - np.where(calmed, street.calming.slower_kmh, 0.0)
        spread = spread * np.where(calmed, street.calming.tighter, 1.0)
    return mean, spread


def vehicles(seed: int, street: Street, direction: Direction, first: int, last: int) -> Vehicles:
    """The vehicles of the quarters first ≤ q < last [quarters since 1970]. Depends on nothing but seed, street,
    direction and the quarter; a vehicle's headway looks back across midnight."""
    if last <= first:
        return Vehicles(np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_))
    first_day, last_day = first // QUARTERS_A_DAY, (last - 1) // QUARTERS_A_DAY
    clock = local_quarters((first_day - 1) * QUARTERS_A_DAY, (last_day + 1) * QUARTERS_A_DAY)
    flow = expected_flow(street, direction, clock)
    mean, spread = expected_speed(street, clock, flow)
    name_key = key(seed, "street", street.id, direction)
    times, numbers, scatter, rush = [], [], [], []
    for index, day in enumerate(range(first_day - 1, last_day + 1)):
        rng = day_generator(name_key, day)
        level = np.exp(0.06 * rng.standard_normal())
        n = rng.poisson(flow[index * QUARTERS_A_DAY : (index + 1) * QUARTERS_A_DAY] * level)
        quarter = np.repeat(np.arange(QUARTERS_A_DAY), n)
        at = np.sort(quarter + rng.random(len(quarter)))
        times.append((at * QUARTER_US).astype(np.int64) + day * QUARTERS_A_DAY * QUARTER_US)
        numbers.append(n)
        scatter.append(rng.standard_normal(len(quarter)))
        rush.append(rng.random(len(quarter)))
    t_us = np.concatenate(times)
    per_quarter = np.concatenate(numbers)
    late = np.concatenate(rush)
    speed = np.repeat(mean, per_quarter) + np.repeat(spread, per_quarter) * np.concatenate(scatter)
    rushed = late < _RUSHED_SHARE
    speed[rushed] -= _RUSHED_KMH * np.log((late[rushed] + 1e-12) / _RUSHED_SHARE)
    free = np.diff(t_us, prepend=t_us[:1]) >= FREE_FLOW_S * 1e6
    speed -= np.where(free, 0.0, 1.5)  # who follows closely can't choose
    speed = rounded(np.clip(speed, SLOWEST_KMH, FASTEST_KMH), 1)
    return Vehicles(t_us, speed, free).between(first * QUARTER_US, last * QUARTER_US)
