"""The whole report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bypuls.api.reports.speed.model.comparison import Comparison
from bypuls.api.reports.speed.model.figures import ByDirection
from bypuls.api.reports.speed.model.light import LightAndSpeed
from bypuls.api.reports.speed.model.place import Intervention, Limit, Period, Quality, Sensor, Site, Software
from bypuls.api.reports.speed.model.tables import (
    DayGroup,
    DayRow,
    Histogram,
    HourRow,
    LengthClass,
    SpeedBin,
    VolumesByDirection,
    WeekCell,
)


@dataclass(frozen=True, slots=True)
class SpeedReport:
    """All that a report says; see the classes of its parts. `intervention` is the one that a comparison is about.
    light : None where no lamp reports at the street."""

    title: str
    software: Software
    site: Site
    period: Period
    limits: tuple[Limit, ...]
    sensors: tuple[Sensor, ...]
    surveyor: str | None
    statistics: ByDirection
    speed_bins: tuple[SpeedBin, ...]
    hours: tuple[HourRow, ...]
    days: tuple[DayRow, ...]
    day_groups: Mapping[str, DayGroup]
    week: tuple[WeekCell, ...]
    volumes: VolumesByDirection
    classes: tuple[LengthClass, ...]
    histogram: Histogram
    quality: Quality
    comparison: Comparison | None
    intervention: Intervention | None
    methods: Mapping[str, str]
    notes: tuple[str, ...] = ()
    light: LightAndSpeed | None = None
