"""From a short count to the year: T → DT → UDT → ÅDT by factors of the street's type of traffic.

Each count of a day, of some hours or of all, becomes a year's average day by three factors; what several counts say is
weighed by their hours. A week that was counted whole needs the last step alone, since its seven weekdays are known.

Source: Vejdirektoratet, Trafiktællinger (rapport 315/2006), chapter 10; the weighing by hours: Vejledning i manuelle
trafiktællinger (rapport 24/1995), section 5.3. The uncertainties are of motor vehicles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np

from bypuls.analysis.errors import BadInput
from bypuls.analysis.traffic.volumes import STEP_TO_YEAR, step_to_year

HOURS_TO_DAY, DAY_TO_WEEK, WEEK_TO_YEAR = "hours_to_day", "day_to_week", "week_to_year"
TUESDAY, THURSDAY = 2, 4

# Uncertainty (share, 95 %) of T → DT of a normal working day, after 4, 6 and 12 counted hours: table 10.1.
HOURS_UNCERTAINTY: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "commuter": (0.116, 0.065, 0.047),
        "local": (0.110, 0.095, 0.088),
        "regional": (0.110, 0.084, 0.043),
        "long_distance": (0.063, 0.060, 0.059),
        "some_holiday": (0.098, 0.074, 0.057),
        "much_holiday": (0.130, 0.110, 0.067),
        "holiday_cottages": (0.130, 0.110, 0.067),
    }
)
# Of DT (Tuesday to Thursday) → the average working day, and on to UDT, of a normal week: tables 10.2 and 10.3.
WEEK_UNCERTAINTY: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "commuter": (0.05, 0.04),
        "local": (0.05, 0.04),
        "regional": (0.06, 0.04),
        "long_distance": (0.04, 0.04),
        "some_holiday": (0.08, 0.06),
        "much_holiday": (0.09, 0.06),
        "holiday_cottages": (0.11, 0.13),
    }
)
_HOURS = (4, 6, 12)


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of a step.

    first, last : o'clock (7 to 19) of hours_to_day, ISO weekdays of day_to_week, ISO weeks of week_to_year.
    factor : [-].  uncertainty : share, 95 %; None = as the tables of this module say.
    valid_from, valid_to : of the counted day, the latter excluded."""

    step: str
    first: int
    last: int
    factor: float
    source: str
    uncertainty: float | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def holds(self, day: date) -> bool:
        """Whether it is of this day's time."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted on a day from `first_hour` to `end_hour` o'clock [vehicles]."""

    day: date
    vehicles: float
    first_hour: int = 0
    end_hour: int = 24


@dataclass(frozen=True, slots=True)
class Year:
    """An annual average day.

    value : [vehicles/day].  uncertainty : share, 95 %, of all steps together; None = unknown.
    steps : those that were taken.  sources : of their factors."""

    value: float
    uncertainty: float | None
    steps: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no annual average day: the step whose factor is missing, and for what."""

    step: str
    first: int
    last: int


def to_year(counts: Sequence[Counted], factors: Sequence[Factor], traffic_type: str) -> Year | Missing:
    """ÅDT of counts; `Missing` names the first factor that isn't there.  Raises BadInput.

    factors : of this type of traffic. Of several that hold, the one that begins last counts, then the narrowest."""
    if traffic_type not in STEP_TO_YEAR:
        raise BadInput(f"traffic_type: {traffic_type!r}; expected one of {', '.join(STEP_TO_YEAR)}")
    if not counts:
        raise BadInput("counts: none; expected at least one")
    whole = all(one.first_hour == 0 and one.end_hour == 24 for one in counts)
    week = whole and {one.day.isoweekday() for one in counts} == set(range(1, 8))
    used: dict[str, list[Factor]] = {}
    expanded = []
    for one in counts:
        value = one.vehicles
        for step, first, last in _steps(one, week=week):
            factor = _chosen(factors, step, first, last, one.day)
            if factor is None:
                return Missing(step, first, last)
            if not 0.0 < factor.factor < math.inf:
                raise BadInput(f"factor of {step}: {factor.factor}; expected > 0 and finite")
            used.setdefault(step, []).append(factor)
            value *= factor.factor
        expanded.append(value)
    if week:
        weekday = np.array([one.day.isoweekday() for one in counts])
        value = float(np.mean([np.array(expanded)[weekday == number].mean() for number in range(1, 8)]))
    else:
        value = float(np.average(expanded, weights=[one.end_hour - one.first_hour for one in counts]))
    parts = [_uncertainty(step, held, counts, traffic_type) for step, held in used.items()]
    known = [part for part in parts if part is not None]
    sources = dict.fromkeys(factor.source for held in used.values() for factor in held)
    return Year(
        value, math.sqrt(sum(part * part for part in known)) if len(known) == len(parts) else None,
        tuple(used), tuple(sources),
    )  # fmt: skip


def _steps(one: Counted, *, week: bool) -> list[tuple[str, int, int]]:
    number, weekday = one.day.isocalendar().week, one.day.isoweekday()
    found = []
    if (one.first_hour, one.end_hour) != (0, 24):
        found.append((HOURS_TO_DAY, one.first_hour, one.end_hour))
    if not week:
        found.append((DAY_TO_WEEK, weekday, weekday))
    return [*found, (WEEK_TO_YEAR, number, number)]


def _chosen(factors: Sequence[Factor], step: str, first: int, last: int, day: date) -> Factor | None:
    exact = step == HOURS_TO_DAY
    held = [
        one
        for one in factors
        if one.step == step
        and one.holds(day)
        and ((one.first, one.last) == (first, last) if exact else one.first <= first and last <= one.last)
    ]
    return max(held, key=lambda one: (one.valid_from or date.min, one.first - one.last), default=None)


def _uncertainty(step: str, held: Sequence[Factor], counts: Sequence[Counted], traffic_type: str) -> float | None:
    """Of one step: as its factors say, the largest of them; else of the tables."""
    told = [one.uncertainty for one in held if one.uncertainty is not None]
    if len(told) == len(held):
        return max(told)
    if step == WEEK_TO_YEAR:
        weeks = {one.day.isocalendar()[:2] for one in counts}
        days = {one.day for one in counts}
        return step_to_year(traffic_type, max(len(days) // 7, 1) if len(days) >= 7 else len(weeks))
    if step == HOURS_TO_DAY:
        fewest = min(one.end_hour - one.first_hour for one in counts)
        at = sum(fewest >= hours for hours in _HOURS) - 1
        return HOURS_UNCERTAINTY[traffic_type][at] if at >= 0 else None
    if all(TUESDAY <= one.day.isoweekday() <= THURSDAY for one in counts):
        return math.hypot(*WEEK_UNCERTAINTY[traffic_type])
    return None
