"""Figures by hour, by day and by class, and volumes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from bypuls.api.reports.speed.model.figures import Count


@dataclass(frozen=True, slots=True)
class SpeedBin:
    """A column of the hourly table: lower < v ≤ upper; `label` counts in whole km/h. upper None = open."""

    label: str
    lower_kmh: float
    upper_kmh: float | None


@dataclass(frozen=True, slots=True)
class Cell:
    """Vehicles of one hour of the day, or of one day, summed over the period.

    n : None = nobody watched (shown as N/A), which isn't 0.
    bins : vehicles per `speed_bins`.
    shaded : fewer vehicles than a figure of speed should rest on.
    """

    n: Count | None
    share: float | None = None
    bins: tuple[Count, ...] | None = None
    mean_kmh: float | None = None
    v15_kmh: float | None = None
    v50_kmh: float | None = None
    v85_kmh: float | None = None
    v95_kmh: float | None = None
    over_limit_n: Count | None = None
    over_limit_share: float | None = None
    shaded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HourRow(Cell):
    """An hour of the day 0 … 23 over all days. n_per_day : on average over the days that were watched in it."""

    hour: int
    n_per_day: float | None
    directions: Mapping[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow(Cell):
    """A local day.

    weekday : ISO, 1 = Monday.  holiday : name of the public holiday.  length_h : 23 or 25 when the clock changes.
    coverage : share that was watched, where the sensor says so.  full : it counts for volumes and intervals.
    left_out : why it doesn't: outside_survey, gap, low_coverage.
    """

    date: dt.date
    weekday: int
    holiday: str | None
    length_h: float
    coverage: float | None
    full: bool
    left_out: str | None
    directions: Mapping[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayGroup(Cell):
    """Working days (Monday to Friday without public holidays) or the others."""

    days: int
    n_per_full_day: float | None


@dataclass(frozen=True, slots=True)
class WeekCell:
    """One field of the week's map: ISO weekday × hour."""

    weekday: int
    hour: int
    n: Count | None
    n_per_day: float | None
    v85_kmh: float | None
    shaded: bool


@dataclass(frozen=True, slots=True)
class Traffic:
    """An average day [vehicles/day].

    name : aadt, average_day_of_period, hdt, jdt.
    uncertainty : share, 95 %, of the step from the count to the year alone; None = unknown.
    low, high : value · (1 ∓ uncertainty).
    days : full days it rests on.  factor, factor_source : expansion, where one was applied.
    """

    name: str
    value: float | None
    uncertainty: float | None = None
    low: float | None = None
    high: float | None = None
    days: int = 0
    factor: float | None = None
    factor_source: str | None = None
    method: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PeakHour:
    """The clock hour of the average working day with most vehicles. phf : V / (4 · V15)."""

    hour: int
    n: float
    phf: float | None


@dataclass(frozen=True, slots=True)
class Volumes:
    """How much traffic there is, from full days only; never scaled by uptime.

    total_12h … total_24h : average full day, 07–19, 06–22, 06–24, 00–24; None where hours weren't watched.
    morning_peak before noon, evening_peak from noon on, of the average working day.
    """

    average_day: Traffic
    hdt: Traffic
    jdt: Traffic
    total_12h: float | None
    total_16h: float | None
    total_18h: float | None
    total_24h: float | None
    morning_peak: PeakHour | None
    evening_peak: PeakHour | None


@dataclass(frozen=True, slots=True)
class VolumesByDirection:
    """Volumes of both directions together and of each."""

    all: Volumes
    directions: Mapping[str, Volumes]


@dataclass(frozen=True, slots=True)
class LengthClass:
    """Vehicles whose length was measured, by configured boundaries; or by a class that the sensor gave."""

    name: str
    from_m: float | None
    to_m: float | None
    n: Count
    share: float
    v85_kmh: float | None


@dataclass(frozen=True, slots=True)
class Histogram:
    """Classes lower < v ≤ upper [km/h]; the last upper may be None (open). counts per direction and `all`."""

    width_kmh: float
    lower_kmh: tuple[float, ...]
    upper_kmh: tuple[float | None, ...]
    all: tuple[Count, ...]
    directions: Mapping[str, tuple[Count, ...]]
