"""Outdoor temperature of local days, from the town's own station."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bypuls.api.buildings.source import Days, Floats, Source
from bypuls.store.registry import Sensor

LEAST_COVERAGE = 0.8
"""Share of a day's usual readings that its mean must rest on."""
_NAMES = ("temp_c_n", "temp_c_sum")


@dataclass(frozen=True, slots=True)
class Weather:
    """station : the sensor's id, None = there is none.  mean_c : (days,) [°C] daily means, NaN = unknown."""

    station: str | None
    days: Days
    mean_c: Floats


def station_of(source: Source) -> Sensor | None:
    """The sensor that stands for the town's weather: one that belongs to no place before one at a building, the one
    with a registered normal year before others, then by id. None where there is none."""
    sensors = source.directory.sensors_of(kinds=("weather",))
    normal = {year.sensor for year in source.directory.normal_years}
    return min(sensors, key=lambda one: (one.id not in normal, one.asset is not None, one.id), default=None)


def weather_days(source: Source, days: Days) -> Weather:
    """The days' temperatures."""
    station = station_of(source)
    if station is None:
        return Weather(None, days, np.full(days.count, np.nan))
    sums = source.store.sums("weather", [station.id], days.edges_us, _NAMES, keep_before_us=source.settled_us)
    n, total = np.nan_to_num(sums["temp_c_n"][0]), sums["temp_c_sum"][0]
    heard = n[n > 0.0]
    usual = float(np.median(heard)) if heard.size else 0.0
    enough = (n > 0.0) & (n >= LEAST_COVERAGE * usual)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Weather(station.id, days, np.where(enough, total / n, np.nan))
