"""Degree days by season, normal years, and the correction of a year's use to normal weather.

Actual and normal year must share station, base temperature and rule: a sum over the whole year against a normal of the
heating season would correct by 15 % that never were weather."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, float_column, same_length
from bypuls.analysis.degree_days import BASE_C, degree_days
from bypuls.analysis.errors import BadInput, NotComparable

DayArray: TypeAlias = npt.NDArray[np.datetime64]
Rule: TypeAlias = Literal["all year", "season"]

SEASON_OFF_C = 10.0
"""Heating ends after 3 days in a row at or above this [°C]. Source: Teknologisk Institut, graddage."""
SEASON_ON_C = 12.0
"""Heating begins after 3 days in a row at or below this [°C]. Source: Teknologisk Institut, graddage."""
SEASON_DAYS = 3
LEAST_NORMAL_YEARS = 10
"""Years that an own normal must rest on."""

_SPRING, _AUTUMN = 3, 8  # months from which the end and the beginning of heating are looked for
_SUMMER = (6, 7, 8, 9)  # a series that begins here begins unheated

INDEPENDENT_SHARE = {
    "housing": 0.30,
    "office": 0.18,
    "culture": 0.14,
    "education": 0.19,
    "hospital": 0.29,
    "day-care": 0.28,
    "sports": 0.36,
}
"""Share of the heat that the weather doesn't move (hot water, losses), by use of the building; to be used only where
summer months don't measure it."""


@dataclass(frozen=True, slots=True)
class NormalYear:
    """Degree days of a normal year [K·d], as published or of one's own years.

    station : where the temperatures were taken.  base_c [°C].  monthly : January … December, empty = not published.
    period : the years it rests on, as the source states them, empty = not stated."""

    name: str
    station: str
    rule: Rule
    total: float
    source: str
    base_c: float = BASE_C
    monthly: tuple[float, ...] = ()
    period: str = ""

    def __post_init__(self) -> None:
        if not 0.0 < self.total < np.inf:
            raise BadInput(f"total of {self.name}: {self.total}; expected > 0 and finite")
        if self.monthly and (len(self.monthly) != 12 or not np.isclose(sum(self.monthly), self.total, atol=0.5 * 12)):
            raise BadInput(
                f"monthly of {self.name}: {len(self.monthly)} values, sum {sum(self.monthly):g}; "
                f"expected 12 with the sum {self.total:g}"
            )


TEKNOLOGISK_INSTITUT_1991_2020 = NormalYear(
    name="Teknologisk Institut 1991–2020",
    station="Landbohøjskolen",
    rule="season",
    total=2552.0,
    source="Teknologisk Institut, Graddage, normal year 1991–2020",
    period="1991–2020",
)
DANSK_FJERNVARME = NormalYear(
    name="Dansk Fjernvarme",
    station="Dansk Fjernvarme",
    rule="all year",
    total=3112.0,
    source="Dansk Fjernvarme, graddage, normal year by month",
    monthly=(519.0, 486.0, 444.0, 311.0, 154.0, 58.0, 22.0, 18.0, 91.0, 207.0, 341.0, 461.0),
)


@dataclass(frozen=True, slots=True)
class ActualYear:
    """Degree days of twelve months that were measured [K·d]: total (None = no day known), how many days, how many of
    them known, and what they were measured with."""

    total: float | None
    days: int
    days_known: int
    station: str
    rule: Rule
    base_c: float = BASE_C


@dataclass(frozen=True, slots=True)
class CorrectedUse:
    """A use at normal weather, in the unit of the use, with all that it depends on."""

    corrected: float
    raw: float
    independent: float
    actual_degree_days: float
    normal: NormalYear


def day_column(name: str, days: npt.ArrayLike) -> DayArray:
    """`days` as datetime64[D], rising. Raises BadInput."""
    column = np.asarray(days)
    if column.ndim != 1 or (column.size and column.dtype.kind not in "MOU"):
        raise BadInput(f"{name}: {column.dtype}, {column.ndim} dimensions; expected dates in 1 dimension")
    try:
        dates: DayArray = column.astype("datetime64[D]")
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name}: {error}; expected dates") from error
    if np.isnat(dates).any():
        raise BadInput(f"{name}[{np.flatnonzero(np.isnat(dates))[0]}]: no date; expected a date")
    falls = np.flatnonzero(np.diff(dates) <= np.timedelta64(0, "D"))
    if falls.size:
        raise BadInput(f"{name}[{falls[0] + 1}]: {dates[falls[0] + 1]}; expected after {dates[falls[0]]}")
    return dates


def heating_season(days: npt.ArrayLike, mean_c: npt.ArrayLike) -> BoolArray:
    """Whether each day lies in the heating season: off from the day after 3 days in a row ≥ 10 °C (from 1 March), on
    from the day after 3 days in a row ≤ 12 °C (from 1 August), once a year each. An unknown or absent day breaks a row.
    A series that begins in June … September begins unheated, else heated.

    days : (n,) dates, rising.  mean_c : (n,) [°C] daily means, NaN = unknown.  Raises BadInput.
    Source: Teknologisk Institut, graddage; the typical year at Kastrup gives 2,358 K·d."""
    dates, means = day_column("days", days), float_column("mean_c", mean_c)
    same_length(days=dates, mean_c=means)
    months = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    years = dates.astype("datetime64[Y]").astype(np.int64)
    warm, cold = _row_of_days(dates, means >= SEASON_OFF_C), _row_of_days(dates, means <= SEASON_ON_C)
    on = np.ones(dates.shape, dtype=np.bool_)
    for year in np.unique(years):
        of_year = np.flatnonzero(years == year)
        month = months[of_year]
        off_at = of_year[warm[of_year] & (month >= _SPRING) & (month < _AUTUMN)]
        on_at = of_year[cold[of_year] & (month >= _AUTUMN)]
        if month[0] in _SUMMER:
            start = int(of_year[0])
        elif off_at.size:
            start = int(off_at[0]) + 1
        else:
            continue
        on[start : int(on_at[0]) + 1 if on_at.size else int(of_year[-1]) + 1] = False
    return on


def degree_day_year(
    days: npt.ArrayLike, mean_c: npt.ArrayLike, *, station: str, rule: Rule, base_c: float = BASE_C
) -> ActualYear:
    """The degree days of a period by `rule`, with the days that they rest on.

    days : (n,) dates, rising; absent ones between the first and the last count as unknown.  mean_c : (n,) [°C].
    Raises BadInput.  Source: Teknologisk Institut, graddage."""
    dates, each = day_column("days", days), degree_days(mean_c, base_c)
    same_length(days=dates, mean_c=each)
    if rule == "season":
        off = ~heating_season(dates, mean_c) & ~np.isnan(each)
        each = np.where(off, 0.0, each)
    length = int((dates[-1] - dates[0]).astype(np.int64)) + 1 if dates.size else 0
    known = each[~np.isnan(each)]
    return ActualYear(float(known.sum()) if known.size else None, length, int(known.size), station, rule, base_c)


def own_normal_year(name: str, years: Sequence[ActualYear], *, source: str) -> NormalYear:
    """The mean of ≥ 10 whole years of one station and rule. Raises BadInput, NotComparable."""
    if len(years) < LEAST_NORMAL_YEARS:
        raise BadInput(f"years of {name}: {len(years)}; expected at least {LEAST_NORMAL_YEARS}")
    first = years[0]
    for year in years:
        if (year.station, year.rule, year.base_c) != (first.station, first.rule, first.base_c):
            raise NotComparable(f"year of {name}: {_basis(year)}; expected {_basis(first)}")
    mean = float(np.mean([_check_whole(year) for year in years]))
    return NormalYear(name, first.station, first.rule, mean, source, first.base_c)


def corrected_use(use: float, actual: ActualYear, normal: NormalYear, *, independent_share: float) -> CorrectedUse:
    """independent + dependent · normal / actual, of twelve whole months (calendar or rolling; a summer month alone says
    nothing about the weather).

    use : ≥ 0, any unit.  independent_share : 0 … 1 of the use that the weather doesn't move, measured from summer, else
    `INDEPENDENT_SHARE`.  Raises BadInput; NotComparable where station, base or rule differ, or the months aren't whole.
    Source: Danish practice of degree-day correction; 3,808.4 MWh at 2,571, 25 % independent → 4,409.43 at 3,112."""
    if not 0.0 <= use < np.inf:
        raise BadInput(f"use: {use}; expected ≥ 0 and finite")
    if not 0.0 <= independent_share <= 1.0:
        raise BadInput(f"independent_share: {independent_share}; expected 0 … 1")
    if (actual.station, actual.rule, actual.base_c) != (normal.station, normal.rule, normal.base_c):
        raise NotComparable(
            f"actual degree days: {_basis(actual)}; expected those of the normal year: {_basis(normal)}"
        )
    total = _check_whole(actual)
    independent = use * independent_share
    return CorrectedUse(independent + (use - independent) * normal.total / total, use, independent, total, normal)


def independent_share(
    use: npt.ArrayLike, degree_days_of_month: npt.ArrayLike, *, at_most: float = 60.0
) -> float | None:
    """Share of the use that the weather doesn't move, from the months with hardly any degree days: 12 × their mean over
    the year's use. None unless 12 months are known and at least 2 of them are warm.

    use : (12,) of each month, NaN = unknown.  degree_days_of_month : (12,) [K·d], all year.  at_most : [K·d] of a warm
    month.  Raises BadInput."""
    used, warmth = float_column("use", use), float_column("degree_days_of_month", degree_days_of_month)
    same_length(use=used, degree_days_of_month=warmth)
    warm = warmth <= at_most
    if used.size != 12 or np.isnan(used).any() or np.isnan(warmth).any() or warm.sum() < 2 or not used.sum() > 0.0:
        return None
    return min(1.0, float(12.0 * used[warm].mean() / used.sum()))


def _row_of_days(dates: DayArray, holds: BoolArray) -> BoolArray:
    """Whether each day is the third or later of a row of days that hold."""
    row = np.zeros(dates.shape, dtype=np.bool_)
    count = SEASON_DAYS - 1
    if dates.size > count:
        whole = (dates[count:] - dates[:-count]) == np.timedelta64(count, "D")
        row[count:] = holds[count:] & holds[1:-1] & holds[:-count] & whole
    return row


def _check_whole(year: ActualYear) -> float:
    if year.days not in (365, 366) or year.days_known < year.days:
        raise NotComparable(
            f"degree days at {year.station}: {year.days_known} of {year.days} days known; expected twelve whole months"
        )
    if year.total is None or not year.total > 0.0:
        raise NotComparable(f"degree days at {year.station}: {year.total}; expected > 0")
    return year.total


def _basis(year: ActualYear | NormalYear) -> str:
    return f"{year.station}, {year.rule}, base {year.base_c:g} °C"
