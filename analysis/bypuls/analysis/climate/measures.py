"""Measures: what they are planned to save in a year, what was measured before and after, which belong together, and
what they make of a forecast.

A measured saving is in the accounts already: it explains them and is never subtracted from them. A measure that runs is
in the years of the trend, so it adds nothing to the forecast either; only what hasn't started yet does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, known_column, same_length
from bypuls.analysis.energy.normal_year import day_column
from bypuls.analysis.energy.savings import effective_days
from bypuls.analysis.errors import BadInput
from bypuls.analysis.student import t_quantile

CONFIDENCE = 0.90
LEAST_DAYS = 30
SAME_WEEKDAY = 364
"""Days back to the day that another one is held against: 52 weeks, the same weekday, the sun a day off."""
APART_DAYS = 365
"""Two measures on one meter this far apart leave a whole year between them: each can be told by itself."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no saving is stated: a code to translate, what was found and what was expected."""

    code: Literal["reporting length", "pairs", "use before"]
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.code}: {self.found}; expected {self.expected}"


@dataclass(frozen=True, slots=True)
class PairedSaving:
    """Σ(before − after) over pairs of days in the unit of the use; positive = saved. low, high : interval of
    `confidence`.  share, share_low, share_high : of the use before.  days : pairs."""

    saved: float
    low: float
    high: float
    share: float
    share_low: float
    share_high: float
    before: float
    after: float
    days: int
    confidence: float

    @property
    def significant(self) -> bool:
        """Whether the interval leaves 0 out."""
        return not self.low <= 0.0 <= self.high


def paired_saving(
    days: npt.ArrayLike, use: npt.ArrayLike, start: date, *, confidence: float = CONFIDENCE
) -> PairedSaving | Refusal:
    """What the days from `start` on used less than the same weekday 52 weeks before (or as many years before as it
    takes to lie ahead of `start`), over the pairs whose days are both known. For what follows the calendar and the sun,
    such as street lights; weather isn't corrected for.

    The saving is taken as one share of the use before, k = Σafter/Σbefore; the interval is Student's t on what single
    days differ from it, after − k·before. Days resemble their neighbours: n are worth n·(1 − ρ)/(1 + ρ).

    days : (n,) dates, rising.  use : (n,) per day, NaN = unknown.  Raises BadInput.
    """
    if not 0.0 < confidence < 1.0:
        raise BadInput(f"confidence: {confidence}; expected between 0 and 1")
    dates, used = day_column("days", days), known_column("use", use)
    same_length(days=dates, use=used)
    first = np.datetime64(start, "D")
    after = dates >= first
    span = int((dates[-1] - first).astype(np.int64)) + 1 if after.any() else 0
    if span < LEAST_DAYS:
        return Refusal("reporting length", f"{span} days since {start}", f"at least {LEAST_DAYS}")
    known = dict(zip(dates.tolist(), used.tolist(), strict=True))
    pairs = [
        (known.get(day - timedelta(days=SAME_WEEKDAY * ((day - start).days // SAME_WEEKDAY + 1)), np.nan), value)
        for day, value in zip(dates[after].tolist(), used[after].tolist(), strict=True)
    ]
    both = np.array([pair for pair in pairs if np.isfinite(pair).all()], dtype=np.float64).reshape(-1, 2)
    count = len(both)
    if count < LEAST_DAYS:
        return Refusal("pairs", f"{count} of {span} days have a known day before", f"at least {LEAST_DAYS}")
    before_sum, after_sum = (float(one) for one in both.sum(axis=0))
    if not before_sum > 0.0:
        return Refusal("use before", f"{before_sum:g} in {count} days", "a use above 0")
    rest = both[:, 1] - after_sum / before_sum * both[:, 0]
    # Where all days lean the same way, what they lean by is all that is known of the scatter: two days' worth.
    worth = max(effective_days(count, _neighbours(rest)), 2.0)
    width = t_quantile(confidence, worth - 1.0) * float(rest.std(ddof=1) / np.sqrt(worth)) * count
    saved = before_sum - after_sum
    return PairedSaving(
        saved, saved - width, saved + width, saved / before_sum, (saved - width) / before_sum,
        (saved + width) / before_sum, before_sum, after_sum, count, confidence,
    )  # fmt: skip


def together(starts: Sequence[date]) -> list[list[int]]:
    """Which of the measures on one meter must be reported jointly: those that follow another one within a year, since
    neither the year before nor the year after would be free of it. Indices into `starts`, groups by time."""
    groups: list[list[int]] = []
    for index in sorted(range(len(starts)), key=lambda one: (starts[one], one)):
        if groups and (starts[index] - starts[groups[-1][-1]]).days < APART_DAYS:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def year_share(start: date, year: int) -> float:
    """The share of `year` in which what starts on `start` works, 0 … 1."""
    first, last = date(year, 1, 1), date(year + 1, 1, 1)
    return max((last - max(start, first)).days, 0) / (last - first).days


@dataclass(frozen=True, slots=True)
class Plan:
    """What a measure is to save of one carrier in a whole year, negative = it uses more: `t_per_year` [t] as somebody
    computed it, else `kwh_per_year` [kWh] times a factor.  start : the first day on which it works."""

    start: date
    kwh_per_year: float | None
    t_per_year: float | None

    def tonnes(self, year: int, kg_per_kwh: float | None) -> float | None:
        """What it saves in `year` [t]; None where only a factor would tell and there is none."""
        share = year_share(self.start, year)
        if self.t_per_year is not None:
            return share * self.t_per_year
        if self.kwh_per_year is None or kg_per_kwh is None:
            return None
        return share * self.kwh_per_year * kg_per_kwh / 1000.0


def falling_factor(
    now_kg_per_kwh: float, now_year: int, scenario_kg_per_kwh: Mapping[int, float], year: int
) -> float | None:
    """The accounts' factor of `now_year`, falling as a scenario's factors do: F · S(year)/S(now_year) [kg/kWh]. Only
    the scenario's course is taken over, not its level, which may be of another gas, scope or method. Before the first
    and after the last year of the scenario its nearest value holds. None where the scenario has none above 0 now.

    scenario_kg_per_kwh : by year.
    """
    if not scenario_kg_per_kwh:
        return None
    years = sorted(scenario_kg_per_kwh)
    column = [scenario_kg_per_kwh[one] for one in years]
    then, base = (float(np.interp(one, years, column)) for one in (year, now_year))
    return now_kg_per_kwh * then / base if base > 0.0 else None


def scenario(forecast_t: npt.ArrayLike, saved_t: Sequence[npt.ArrayLike]) -> FloatArray:
    """The forecast less what measures that haven't started yet save, never below 0 [t].

    forecast_t : (n,) by year.  saved_t : (n,) of each measure.  Raises BadInput.
    """
    line = known_column("forecast_t", forecast_t)
    for one in saved_t:
        column = known_column("saved_t", one)
        same_length(forecast_t=line, saved_t=column)
        line = line - column
    return np.maximum(line, 0.0)


def root_sum_square(half_widths: npt.ArrayLike) -> float:
    """The half-width of a sum of independent parts."""
    return float(np.sqrt((known_column("half_widths", half_widths) ** 2).sum()))


def _neighbours(values: FloatArray) -> float:
    """Correlation of each value with the next one; 0 where nothing varies."""
    centred = values - values.mean()
    total = float(centred @ centred)
    return float(centred[:-1] @ centred[1:]) / total if total > 0.0 else 0.0
