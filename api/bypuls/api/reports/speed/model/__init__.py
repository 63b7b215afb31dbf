"""The speed report as plain values: what every form of it shows.

Units stand in the names; shares are 0 … 1; None = unknown or not applicable, with a reason beside it where one helps.
Method names and reasons are stable identifiers: those who render a report translate them. `to_json` writes every field
under its own name.
"""

from __future__ import annotations

from bypuls.api.reports.speed.model.comparison import (
    Change,
    Compared,
    ComparedHour,
    Comparison,
    Control,
    Estimate,
    Independent,
)
from bypuls.api.reports.speed.model.figures import (
    Band,
    ByDirection,
    Count,
    Interval,
    LeastSample,
    OverLimit,
    Pace,
    Statistics,
    VerdictDetail,
)
from bypuls.api.reports.speed.model.light import LightAndSpeed, LightEffect
from bypuls.api.reports.speed.model.place import (
    CountCheck,
    Intervention,
    Limit,
    Neighbour,
    Period,
    Quality,
    Sensor,
    Site,
    Software,
)
from bypuls.api.reports.speed.model.report import SpeedReport
from bypuls.api.reports.speed.model.tables import (
    Cell,
    DayGroup,
    DayRow,
    Histogram,
    HourRow,
    LengthClass,
    PeakHour,
    SpeedBin,
    Traffic,
    Volumes,
    VolumesByDirection,
    WeekCell,
)

__all__ = [
    "Band",
    "ByDirection",
    "Cell",
    "Change",
    "Compared",
    "ComparedHour",
    "Comparison",
    "Control",
    "Count",
    "CountCheck",
    "DayGroup",
    "DayRow",
    "Estimate",
    "Histogram",
    "HourRow",
    "Independent",
    "Interval",
    "Intervention",
    "LeastSample",
    "LengthClass",
    "LightAndSpeed",
    "LightEffect",
    "Limit",
    "Neighbour",
    "OverLimit",
    "Pace",
    "PeakHour",
    "Period",
    "Quality",
    "Sensor",
    "Site",
    "Software",
    "SpeedBin",
    "SpeedReport",
    "Statistics",
    "Traffic",
    "VerdictDetail",
    "Volumes",
    "VolumesByDirection",
    "WeekCell",
]
