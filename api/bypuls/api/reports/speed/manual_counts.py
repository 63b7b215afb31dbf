"""Vehicles counted by hand held against what the sensor counted in the same intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.traffic.counting import counting_accuracy
from bypuls.api.periods import Span
from bypuls.api.reports.speed.model import CountCheck
from bypuls.api.reports.speed.observations import Bools, Floats, Ints, Observations
from bypuls.api.vehicles import observed
from bypuls.store.protocol import Store
from bypuls.store.registry import ManualCount, Sensor
from bypuls.store.registry.rules import clock_minutes
from bypuls.wire.bins import TRAFFIC

ALL, BOTH = "all", "both"
_QUARTER_US = 900_000_000

Names = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Interval:
    """One interval of a count by hand: [start, end) [µs UTC], vehicles by direction (`both` where not told apart)."""

    day: date
    start_us: int
    end_us: int
    by_direction: Mapping[str, int]


def intervals_of(counts: Sequence[ManualCount], zone: ZoneInfo) -> list[Interval]:
    """The intervals in order. Classes add up, unless there is a row for all of them; so do directions."""
    found: dict[tuple[date, str, str], dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for row in counts:
        found[row.date, row.from_clock, row.to_clock][row.direction][row.vehicle_class] = row.vehicles
    intervals = []
    for (day, start, end), parts in found.items():
        sums = {name: classes.get(ALL, sum(classes.values())) for name, classes in parts.items()}
        sums = {BOTH: sums[BOTH]} if BOTH in sums else sums
        intervals.append(Interval(day, _us(day, start, zone), _us(day, end, zone), sums))
    return sorted(intervals, key=lambda one: one.start_us)


def _us(day: date, clock: str, zone: ZoneInfo) -> int:
    minutes = clock_minutes(clock)
    moment = datetime.combine(day + timedelta(days=minutes // 1440), time(minutes // 60 % 24, minutes % 60), zone)
    return round(moment.timestamp()) * 1_000_000


def check_of_observations(counts: Sequence[ManualCount], observations: Observations, zone: ZoneInfo) -> CountCheck:
    """Counts by hand against a report's own observations.  Raises ValueError where none of the intervals is in them."""
    times: list[Ints] = []
    ends: list[Ints] = []
    names: list[Names] = []
    weights: list[Floats] = []
    one, rows = observations.vehicles, observations.bins
    if one is not None and one.t_us is not None:
        times.append(one.t_us)
        ends.append(one.t_us + 1)
        names.append(_named(one.direction, one.directions, one.t_us.size))
        weights.append(np.ones(one.t_us.size))
    if rows is not None and rows.t_us is not None:
        period_s = np.full(rows.t_us.size, 3600.0) if rows.period_s is None else rows.period_s
        times.append(rows.t_us)
        ends.append(rows.t_us + (period_s * 1e6).astype(np.int64))
        names.append(_named(rows.direction, rows.directions, rows.t_us.size))
        weights.append(rows.counts.sum(axis=1))
    if not times:
        raise ValueError("manual count: the data carry no times; expected data with times to compare it with")
    t_us, end_us, name, n = np.concatenate(times), np.concatenate(ends), np.concatenate(names), np.concatenate(weights)
    first_us, last_us = int(t_us.min()), int(end_us.max())
    kept: list[Interval] = []
    by_sensor: list[float] = []
    every = intervals_of(counts, zone)
    for interval in every:
        inside = (t_us >= interval.start_us) & (t_us < interval.end_us)
        # A row that reaches over an edge of the interval can't be shared out.
        whole = not (
            (t_us < interval.end_us) & (end_us > interval.start_us) & ~(inside & (end_us <= interval.end_us))
        ).any()
        if whole and interval.start_us >= first_us - _QUARTER_US and interval.end_us <= last_us + _QUARTER_US:
            kept.append(interval)
            by_sensor.append(float(n[inside & _of(interval, name)].sum()))
    if not kept:
        raise ValueError(
            f"manual count: none of its {len(every)} intervals lies in the data; expected intervals of the counted "
            "days, in the time zone of --tz, that no row of the data reaches over"
        )
    return _check(kept, by_sensor, len(every))


def check_of_sensor(store: Store, sensor: Sensor, counts: Sequence[ManualCount], zone: ZoneInfo) -> CountCheck | None:
    """Counts by hand against a sensor's bins. Intervals in which it isn't known to have watched are left out; None
    where that is all of them.  Raises StoreError."""
    every = intervals_of(counts, zone)
    kept: list[Interval] = []
    by_sensor: list[float] = []
    for day in sorted({one.day for one in every}):
        of_day = [one for one in every if one.day == day]
        start_us, end_us = min(one.start_us for one in of_day), max(one.end_us for one in of_day)
        edges = np.arange(start_us, end_us + 1, _QUARTER_US, dtype=np.int64)
        span = Span("15min", zone, edges)
        table = store.bins(TRAFFIC, [sensor.id], start_us, end_us, ("n", "uptime_s"), by=("direction", "vehicle_class"))
        watched_s = observed(store, [sensor], table, span)
        name = table.tags["direction"]
        for interval in of_day:
            quarters = (edges[:-1] >= interval.start_us) & (edges[:-1] < interval.end_us)
            inside = (table.t_us >= interval.start_us) & (table.t_us < interval.end_us)
            if not (np.nan_to_num(watched_s[quarters]) > 0.0).all() and not inside.any():
                continue
            kept.append(interval)
            by_sensor.append(float(np.nansum(table.columns["n"][inside & _of(interval, name)])))
    return _check(kept, by_sensor, len(every)) if kept else None


def _named(codes: Ints | None, directions: tuple[str, ...], size: int) -> Names:
    return np.full(size, "") if codes is None else np.array([*directions, ""])[codes]


def _of(interval: Interval, names: Names) -> Bools:
    found: Bools = np.isin(names, list(interval.by_direction)) | (BOTH in interval.by_direction)
    return found


def _check(kept: Sequence[Interval], by_sensor: Sequence[float], intervals: int) -> CountCheck:
    found = counting_accuracy([sum(one.by_direction.values()) for one in kept], by_sensor)
    return CountCheck(
        manual_n=round(found.manual_n),
        sensor_n=round(found.sensor_n),
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        deviation=found.deviation,
        intervals=found.intervals,
        left_out=intervals - found.intervals,
        first_day=kept[0].day,
        last_day=kept[-1].day,
        reason=found.reason,
    )
