"""Where and when was measured, with what, and what became of the data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Software:
    """What computed the report."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Intervention:
    """What was done at the site: `kind` as registered (hump, limit, sign, dimming …)."""

    date: dt.date
    kind: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another street of the registry, to find one's way on the map. `geometry` is WKT, longitude before latitude."""

    name: str
    geometry: str


@dataclass(frozen=True, slots=True)
class Site:
    """The street section. `geometry` is WKT, longitude before latitude.

    neighbours : the nearest other streets.
    """

    name: str
    id: str | None = None
    road_class: str | None = None
    school_way: bool | None = None
    lanes: int | None = None
    lat: float | None = None
    lon: float | None = None
    geometry: str | None = None
    note: str | None = None
    interventions: tuple[Intervention, ...] = ()
    traffic_type: str | None = None
    neighbours: tuple[Neighbour, ...] = ()


@dataclass(frozen=True, slots=True)
class CountCheck:
    """Vehicles counted by hand and by the sensor in the same intervals; see `analysis.traffic.counting`.

    ratio : sensor / by hand.  low, high : its 95 % interval; None with `reason`.
    deviation : Σ|difference| / Σ by hand.
    intervals, left_out : compared, and not because the sensor isn't known to have watched them whole.
    """

    manual_n: int
    sensor_n: int
    ratio: float | None
    low: float | None
    high: float | None
    deviation: float | None
    intervals: int
    left_out: int
    first_day: dt.date
    last_day: dt.date
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Sensor:
    """What measured, with the calibration that held in the period.

    expired : the calibration ended before the period did; None where there is none.
    relative_uncertainty : tan θ · Δθ, share of the speed.
    manual_count, counted : vehicles by hand and by the sensor in the same time, where that was registered.
    count_check : the same interval by interval, where a count by hand is registered.
    lat, lon : where it stands [°].  bearing_deg : where it looks, clockwise from north [°].
    """

    id: str
    name: str | None = None
    angle_deg: float | None = None
    angle_uncertainty_deg: float | None = None
    reference: str | None = None
    calibrated: dt.date | None = None
    expires: dt.date | None = None
    expired: bool | None = None
    relative_uncertainty: float | None = None
    manual_count: int | None = None
    counted: int | None = None
    count_check: CountCheck | None = None
    lat: float | None = None
    lon: float | None = None
    bearing_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """The posted limit of a direction (`both` or its name) from one day on, up to but not including `valid_to`."""

    direction: str
    limit_kmh: float
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """What was reported on, in local time. `start` and `end` are ISO 8601 with their offset; None without times.

    weekdays : days with vehicles per ISO weekday "1" (Monday) … "7".
    coverage : share of the period that was watched, where the sensor says so.
    """

    timezone: str
    start: str | None
    end: str | None
    first_day: dt.date | None
    last_day: dt.date | None
    days: int
    full_days: int
    weekdays: Mapping[str, int]
    coverage: float | None


@dataclass(frozen=True, slots=True)
class Quality:
    """What became of the lines.

    lines : of the tables, without headings and empty ones; lines = used + Σ dropped.
    dropped : by reason, all reasons listed: unparsable, impossible_speed, duplicate, nonexistent_time, outside_period,
        filtered.
    out_of_order : lines earlier than one before them; sorted and kept.
    examples : line numbers per reason, the first few, as `file:line` where there are several files.
    skipped_before_table, empty : lines that aren't counted as lines of the table.
    times_assumed : local times of autumn's doubled hour, which of the two was told by the order of lines.
    """

    lines: int
    used: int
    dropped: Mapping[str, int]
    out_of_order: int = 0
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    skipped_before_table: int = 0
    empty: int = 0
    times_assumed: int = 0
    lowest_kmh: float | None = None
    highest_kmh: float | None = None
    duplicates_dropped: bool | None = None
    files: tuple[str, ...] = ()
