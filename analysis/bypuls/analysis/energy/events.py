"""Non-routine events: what changed a building's use beside the weather and the measures (an extension, a closure, other
hours, an epidemic)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray
from bypuls.analysis.energy.normal_year import DayArray
from bypuls.analysis.errors import BadInput


@dataclass(frozen=True, slots=True)
class NonRoutineEvent:
    """first_day … last_day, both included; last_day None = it lasts.

    treatment : 'unknown' = its effect isn't known yet, savings that it touches are refused; 'left out' = its days count
    as unknown; 'adjusted' = it added `use_per_day` (negative = took away) on each of its days, ± half_width_per_day
    of the savings' confidence.  Raises BadInput."""

    what: str
    first_day: date
    last_day: date | None = None
    treatment: Literal["unknown", "left out", "adjusted"] = "unknown"
    use_per_day: float | None = None
    half_width_per_day: float = 0.0

    def __post_init__(self) -> None:
        if self.last_day is not None and self.last_day < self.first_day:
            raise BadInput(f"last_day of {self.what}: {self.last_day}; expected not before {self.first_day}")
        if (self.treatment == "adjusted") != (self.use_per_day is not None):
            raise BadInput(f"use_per_day of {self.what}: {self.use_per_day}; expected one if and only if adjusted")
        if self.use_per_day is not None and not np.isfinite(self.use_per_day):
            raise BadInput(f"use_per_day of {self.what}: {self.use_per_day}; expected a finite number")
        if not 0.0 <= self.half_width_per_day < np.inf:
            raise BadInput(f"half_width_per_day of {self.what}: {self.half_width_per_day}; expected ≥ 0")

    def touches(self, days: npt.NDArray[np.datetime64]) -> BoolArray:
        """The days that belong to the event."""
        last = np.datetime64(self.last_day or date.max, "D")
        during: BoolArray = (days >= np.datetime64(self.first_day, "D")) & (days <= last)
        return during


class Corrected(NamedTuple):
    """use : without what the events added, NaN where they are left out.  adjustment : what was taken out per day.
    half_widths : (events, n) uncertainty per event and day."""

    use: FloatArray
    adjustment: FloatArray
    half_widths: FloatArray


def correct_for_events(days: DayArray, use: FloatArray, events: Sequence[NonRoutineEvent]) -> Corrected:
    """The use of `days` as if the events hadn't been; those of unknown effect change nothing."""
    adjustment, left_out = np.zeros(use.shape), np.zeros(use.shape, dtype=np.bool_)
    half_widths = np.zeros((len(events), use.size))
    for number, event in enumerate(events):
        during = event.touches(days)
        if event.treatment == "left out":
            left_out |= during
        elif event.use_per_day is not None:
            adjustment[during] += event.use_per_day
            half_widths[number, during] = event.half_width_per_day
    return Corrected(np.where(left_out, np.nan, use - adjustment), adjustment, half_widths)


def unresolved(events: Sequence[NonRoutineEvent], periods: Sequence[DayArray]) -> list[NonRoutineEvent]:
    """The events of unknown effect that touch one of the periods."""
    return [
        event
        for event in events
        if event.treatment == "unknown" and any(event.touches(period).any() for period in periods)
    ]
