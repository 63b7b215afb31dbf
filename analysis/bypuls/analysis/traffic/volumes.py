"""How much traffic there is: average days, peak hours, and from a short count to the year.

ÅDT  annual average day: the mean over the days of a year.
HDT  average working day: Monday to Friday outside June, July and August, without public holidays.
JDT  average day of July.
UDT  average day of a week: the mean of the means of its seven weekdays.

Source of the terms: Vejdirektoratet, Trafiktællinger (rapport 315/2006), and the Danish road rules' basic terms."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, finite_column
from bypuls.analysis.errors import BadInput

MIN_COVERAGE = 0.95
SUMMER = (6, 7, 8)
JULY = 7
SPANS = MappingProxyType({"12h": (7, 19), "16h": (6, 22), "18h": (6, 24), "24h": (0, 24)})

STEP_TO_YEAR_SOURCE = "Vejdirektoratet, Trafiktællinger, rapport 315/2006, table 10.4"
# Uncertainty of the step UDT → ÅDT (share, 95 %) by type of traffic for 1, 2, … 8 counted weeks.
STEP_TO_YEAR: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "commuter": (0.08, 0.06, 0.05, 0.04, 0.04, 0.03, 0.03, 0.03),
        "local": (0.08, 0.06, 0.05, 0.04, 0.04, 0.03, 0.03, 0.03),
        "regional": (0.08, 0.06, 0.05, 0.04, 0.04, 0.03, 0.03, 0.03),
        "long_distance": (0.09, 0.06, 0.05, 0.05, 0.04, 0.04, 0.03, 0.03),
        "some_holiday": (0.12, 0.08, 0.07, 0.06, 0.05, 0.05, 0.05, 0.04),
        "much_holiday": (0.16, 0.12, 0.09, 0.08, 0.07, 0.07, 0.06, 0.06),
        "holiday_cottages": (0.37, 0.26, 0.21, 0.18, 0.16, 0.15, 0.14, 0.13),
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an expansion: multiply by `factor`; `uncertainty` share, 95 %, None = unknown."""

    name: str
    factor: float
    uncertainty: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Expanded:
    """value [vehicles/day]; uncertainty (share, 95 %) of the steps together, None where one is unknown."""

    value: float
    uncertainty: float | None


def is_working_day(day: date, holidays: Collection[date] = ()) -> bool:
    """Monday to Friday, and no public holiday."""
    return day.isoweekday() <= 5 and day not in holidays


def is_hdt_day(day: date, holidays: Collection[date] = ()) -> bool:
    """A working day outside June, July and August."""
    return is_working_day(day, holidays) and day.month not in SUMMER


def full_days(coverage: npt.ArrayLike, *, min_coverage: float = MIN_COVERAGE) -> BoolArray:
    """Which days count for average days: coverage known and at least `min_coverage` (share). NaN = unknown = no."""
    known = np.asarray(coverage, dtype=np.float64)
    full: BoolArray = np.nan_to_num(known, nan=-1.0) >= min_coverage
    return full


def average_week_day(days: Sequence[date], vehicles: npt.ArrayLike) -> float | None:
    """UDT [vehicles/day]: the mean of the means of the seven weekdays; None where a weekday is missing.

    days, vehicles : of full days.  Raises BadInput."""
    n = finite_column("vehicles", vehicles)
    if len(days) != n.size:
        raise BadInput(f"days: {len(days)}; expected {n.size}, as many as vehicles")
    weekday = np.array([day.isoweekday() for day in days], dtype=np.int64)
    if set(weekday.tolist()) != set(range(1, 8)):
        return None
    return float(np.mean([n[weekday == number].mean() for number in range(1, 8)]))


def step_to_year(traffic_type: str, weeks: int) -> float:
    """Uncertainty (share, 95 %) of the step UDT → ÅDT alone, after `weeks` counted weeks; more than 8 count as 8.

    Raises BadInput.  Source: `STEP_TO_YEAR_SOURCE`."""
    if traffic_type not in STEP_TO_YEAR:
        raise BadInput(f"traffic_type: {traffic_type!r}; expected one of {', '.join(STEP_TO_YEAR)}")
    if weeks < 1:
        raise BadInput(f"weeks: {weeks}; expected at least 1")
    row = STEP_TO_YEAR[traffic_type]
    return row[min(weeks, len(row)) - 1]


def expand(count: float, steps: Sequence[Step]) -> Expanded:
    """A count times its factors (T → DT → UDT → ÅDT); uncertainties of the steps add as root of squares.

    count : [vehicles], ≥ 0.  Raises BadInput."""
    if not 0.0 <= count < math.inf:
        raise BadInput(f"count: {count}; expected ≥ 0 and finite")
    value, squares = count, 0.0
    known = True
    for step in steps:
        if not 0.0 < step.factor < math.inf:
            raise BadInput(f"factor of {step.name}: {step.factor}; expected > 0 and finite")
        value *= step.factor
        known &= step.uncertainty is not None
        squares += (step.uncertainty or 0.0) ** 2
    return Expanded(value, math.sqrt(squares) if known and steps else None)


def peak_hour_factor(quarters: npt.ArrayLike) -> float | None:
    """PHF = V / (4 · V15) of the four quarters of an hour, 0.25 … 1; None for an hour without vehicles.

    quarters : (4,) [vehicles].  Raises BadInput.  Source: Highway Capacity Manual."""
    counts = finite_column("quarters", quarters)
    if counts.size != 4 or (counts < 0.0).any():
        raise BadInput(f"quarters: {counts.tolist()}; expected four counts ≥ 0")
    peak = float(counts.max())
    return float(counts.sum()) / (4.0 * peak) if peak > 0.0 else None
