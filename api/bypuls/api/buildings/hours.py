"""Hours of a building's medium: the carpet of hour by day, the load's duration, its peak, the nights' base load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from bypuls.analysis.energy.building import NIGHT_DAYS, NIGHT_HOURS, LoadDuration, load_duration, night_base_load
from bypuls.analysis.localtime import local_hour_edges_us
from bypuls.api.buildings.meters import MeterDays
from bypuls.api.buildings.source import Bools, Days, Floats, Int64, Source
from bypuls.store.registry import Sensor
from bypuls.wire import to_us

_HOUR_US = 3_600_000_000
_WHOLE = 0.99
HOURS = 24


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of local days, one after the other. use : (hours,) [kWh], of water [m³]; NaN = unknown.  coverage :
    (hours,) measured share.  length_h : (hours,) [h].  day, hour : the local day's number, the clock's hour."""

    days: Days
    start_us: Int64
    use: Floats
    coverage: Floats
    length_h: Floats
    day: Int64
    hour: Int64

    @property
    def power(self) -> Floats:
        """(hours,) mean of the hours that are measured whole [kW, m³/h]; NaN = others."""
        return np.where(self.coverage >= _WHOLE, self.use / self.length_h, np.nan)


@dataclass(frozen=True, slots=True)
class Carpet:
    """use : (days, 24) of each hour by the clock; the doubled hour of autumn holds both, the missing one of spring
    none.  length_h : (days, 24) [h] how long it was: 0, 1 or 2.  Known cells add up to what was measured."""

    days: Days
    use: Floats
    length_h: Floats
    coverage: float

    @property
    def power(self) -> Floats:
        """(days, 24) mean [kW, m³/h]; NaN = unknown, or an hour that wasn't."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.length_h > 0.0, self.use / self.length_h, np.nan)


@dataclass(frozen=True, slots=True)
class Peak:
    """The hour of the highest mean load."""

    power: float
    start: datetime


def hours_of(source: Source, meters: Sequence[MeterDays], days: Days) -> Hours:
    """The hours of the meters that count, summed with their signs; days that a meter's jump or spike spoils are its
    days' business."""
    edges = local_hour_edges_us(source.zone, days.first, days.last)
    n = len(edges) - 1
    use, covered, asked = np.full(n, np.nan), np.zeros(n), np.zeros(n)
    every_s = 900 if (edges % _HOUR_US).any() else 3600
    for meter in meters:
        register = "volume_m3" if meter.by_volume else "import_wh"
        names = (f"{register}_delta", f"{register}_covered_s")
        table = source.store.bins(
            "meter", [meter.sensor.id], int(edges[0]), int(edges[-1]), names,
            every_s=3600 if every_s == 3600 else 900,
        )  # fmt: skip
        row = np.searchsorted(edges, table.t_us, "right") - 1
        delta, seconds = table.columns[names[0]], np.nan_to_num(table.columns[names[1]])
        known = np.isfinite(delta) & (seconds > 0.0)
        total = np.bincount(row[known], delta[known], minlength=n)
        scale = 1.0 if meter.by_volume else 1e-3
        mine = np.where(np.bincount(row[known], minlength=n) > 0, total * scale, np.nan)
        mine = _without_spikes(mine, meter, edges)
        use = np.where(np.isnan(use), meter.sign * mine, use + meter.sign * np.nan_to_num(mine))
        covered += np.where(np.isnan(mine), 0.0, np.bincount(row[known], seconds[known], minlength=n))
        asked += _there_s(meter.sensor, edges, to_us(source.now))
    with np.errstate(divide="ignore", invalid="ignore"):
        coverage = np.where(asked > 0.0, np.minimum(covered / asked, 1.0), 0.0)
    offset, clock = _clock(source, edges)
    return Hours(days, edges[:-1], use, coverage, np.diff(edges) / 3.6e9, offset, clock)


def _without_spikes(mine: Floats, meter: MeterDays, edges: Int64) -> Floats:
    """Gas by volume as energy, and hours of impossible days unknown, as the meter's days have them."""
    at = np.searchsorted(meter.days.edges_us, edges[:-1], "right") - 1
    inside = (at >= 0) & (at < meter.days.count)
    spoiled: Bools = np.zeros(mine.shape, dtype=np.bool_)
    spoiled[inside] = meter.spikes[at[inside]]
    if meter.by_volume and meter.sensor.medium == "gas":
        per_m3 = np.full(mine.shape, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            per_m3[inside] = (meter.use / meter.volume_m3)[at[inside]]
        mine = mine * per_m3
    return np.where(spoiled, np.nan, mine)


def _there_s(sensor: Sensor, edges: Int64, now_us: int) -> Floats:
    first = to_us(sensor.valid_from) if sensor.valid_from is not None else int(edges[0])
    last = min(to_us(sensor.valid_to) if sensor.valid_to is not None else int(edges[-1]), now_us)
    found: Floats = np.maximum(np.minimum(edges[1:], last) - np.maximum(edges[:-1], first), 0) / 1e6
    return found


def _clock(source: Source, edges: Int64) -> tuple[Int64, Int64]:
    """Each hour's local day, counted from 1970, and its hour by the clock."""
    local = [datetime.fromtimestamp(us // 1_000_000, source.zone) for us in edges[:-1].tolist()]
    day = np.array([at.date().toordinal() for at in local], dtype=np.int64)
    return day, np.array([at.hour for at in local], dtype=np.int64)


def carpet_of(hours: Hours) -> Carpet:
    """Hours as a table of days by hours of the clock."""
    count = hours.days.count
    cell = (hours.day - hours.days.first.toordinal()) * HOURS + hours.hour
    known = np.isfinite(hours.use)
    total = np.bincount(cell[known], hours.use[known], minlength=count * HOURS)
    some = np.bincount(cell[known], minlength=count * HOURS) > 0
    length = np.bincount(cell, hours.length_h, minlength=count * HOURS).astype(np.float64)
    asked = float(hours.length_h.sum())
    covered = float((hours.coverage * hours.length_h).sum()) / asked if asked else 0.0
    use = np.where(some, total, np.nan)
    return Carpet(hours.days, use.reshape(count, HOURS), length.reshape(count, HOURS), covered)


def duration_of(hours: Hours) -> LoadDuration | None:
    """The load's duration curve, from hours that are measured whole."""
    return load_duration(hours.power, 1.0)


def peak_of(source: Source, hours: Hours) -> Peak | None:
    """The highest mean hour; None where none is measured whole."""
    power = hours.power
    if np.isnan(power).all():
        return None
    at = int(np.nanargmax(power))
    return Peak(float(power[at]), datetime.fromtimestamp(int(hours.start_us[at]) // 1_000_000, source.zone))


def night_base_of(hours: Hours) -> float | None:
    """5th percentile of the hours 00–04 of the last 14 days [kW, m³/h]; None where less than half is known."""
    return night_base_load(hours.day, hours.hour, hours.power)


def night_edges(days: Days) -> tuple[Int64, Int64]:
    """Edges of the hours 00–04 of the last 14 of `days`, and of the rest of each day between; and the rows that are
    such hours. For sums that the store keeps."""
    edges: list[int] = []
    rows: list[int] = []
    first = max(days.first, days.last - timedelta(days=NIGHT_DAYS - 1))
    midnights = days.part(first, days.last).edges_us.tolist()
    for start in midnights[:-1]:
        for hour in NIGHT_HOURS:
            rows.append(len(edges))
            edges.append(start + hour * _HOUR_US)
        edges.append(start + len(NIGHT_HOURS) * _HOUR_US)
    edges.append(midnights[-1])
    return np.array(edges, dtype=np.int64), np.array(rows, dtype=np.int64)
