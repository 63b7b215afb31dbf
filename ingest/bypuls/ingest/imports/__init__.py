"""Imports of files: amounts of intervals and temperatures go the way of readings, without a broker."""

from bypuls.ingest.imports.register_runs import Interval, merged, register_of, told
from bypuls.ingest.imports.taking import Imported, Planned, plan_meter, plan_readings, plan_weather, take_in

__all__ = [
    "Imported",
    "Interval",
    "Planned",
    "merged",
    "plan_meter",
    "plan_readings",
    "plan_weather",
    "register_of",
    "take_in",
    "told",
]
