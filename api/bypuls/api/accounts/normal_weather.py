"""An account at normal weather, beside the raw one: heating corrected by degree days of the town's station, the rest as
it is. Targets are judged by the raw account alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from bypuls.analysis.degree_days import degree_days
from bypuls.analysis.energy.normal_year import (
    INDEPENDENT_SHARE,
    corrected_use,
    degree_day_year,
    independent_share,
)
from bypuls.analysis.errors import BadInput, NotComparable
from bypuls.api.accounts.frame import MONTHS
from bypuls.api.accounts.model import Line, YearAccount
from bypuls.api.buildings.eui import normal_year_of
from bypuls.api.buildings.source import Days, Source
from bypuls.api.buildings.weather import weather_days

HEATING = ("heat", "gas")
LEAST_COVERAGE = 0.95
"""Measured share of the year that a line must have to be corrected."""


@dataclass(frozen=True, slots=True)
class NormalWeather:
    """ratio : by line, what its year would be at normal weather over what it was; lines without are as they are.
    reason : why nothing can be corrected; None where it is.  left_out : heating lines that couldn't be."""

    normal_year: str | None
    normal_degree_days: float | None
    actual_degree_days: float | None
    ratio: Mapping[str, float]
    left_out: tuple[str, ...]
    reason: str | None

    def emitted_t(self, account: YearAccount) -> float | None:
        """The known total at normal weather [t]; None where nothing is known or some heating couldn't be corrected."""
        if self.reason is not None or self.left_out or account.total.known_t is None:
            return None
        return (
            sum(
                (line.emitted_kg or 0.0) * self.ratio.get(line.id, 1.0)
                for line in account.lines
                if line.kind != "moved"
            )
            / 1000.0
        )

    def amounts(self, account: YearAccount) -> dict[tuple[int, str], float]:
        """Each line's amount at normal weather by year and id; those that couldn't be corrected are left out."""
        if self.reason is not None:
            return {}
        return {
            (account.year, line.id): line.amount * self.ratio.get(line.id, 1.0)
            for line in account.lines
            if line.amount is not None and line.kind != "moved" and line.id not in self.left_out
        }

    def to_json(self, account: YearAccount) -> dict[str, Any]:
        """As an object."""
        return {
            "known_t": self.emitted_t(account),
            "normal_year": self.normal_year,
            "normal_degree_days": self.normal_degree_days,
            "actual_degree_days": self.actual_degree_days,
            "corrected_lines": len(self.ratio),
            "left_out": list(self.left_out),
            "reason": self.reason,
        }


def normal_weather(source: Source, account: YearAccount) -> NormalWeather:
    """How the account's heating would have been at normal weather."""
    days = Days(source.zone, date(account.year, 1, 1), date(account.year, 12, 31))
    weather = weather_days(source, days)
    if weather.station is None:
        return _unknown("no weather station is registered")
    row = next((one for one in source.directory.normal_years if one.sensor == weather.station), None)
    if row is None:
        return _unknown(f"no normal year is registered for {weather.station}")
    normal = normal_year_of(row)
    unknown = int(np.isnan(weather.mean_c).sum())
    if unknown:
        return _unknown(f"the temperature of {unknown} days of {account.year} isn't known at {weather.station}")
    actual = degree_day_year(days.dates, weather.mean_c, station=normal.station, rule=normal.rule, base_c=normal.base_c)
    month = np.array([day.month - 1 for day in days.dates.astype(object)])
    warmth = np.bincount(month, weights=degree_days(weather.mean_c), minlength=MONTHS)
    ratio, left_out = {}, []
    for line in account.lines:
        if line.carrier not in HEATING or line.kind == "moved" or line.emitted_kg is None:
            continue
        found = _ratio(source, line, actual, normal, warmth)
        if found is None:
            left_out.append(line.id)
        else:
            ratio[line.id] = found
    return NormalWeather(normal.name, normal.total, actual.total, ratio, tuple(left_out), None)


def _ratio(source: Source, line: Line, actual: Any, normal: Any, warmth: np.ndarray) -> float | None:
    if line.kind == "meter" and (line.coverage or 0.0) < LEAST_COVERAGE:
        return None
    if not line.emitted_kg:
        return 1.0
    months = np.abs(line.months)
    # Of a meter the months say what doesn't follow the weather; an imported amount is spread evenly and says nothing.
    share = independent_share(months, warmth) if line.kind == "meter" else None
    if share is None:
        building = source.directory.buildings.get(line.place[1]) if line.place and line.place[0] == "building" else None
        middle = float(np.median(list(INDEPENDENT_SHARE.values())))
        share = INDEPENDENT_SHARE.get(building.use, middle) if building is not None else middle
    try:
        return corrected_use(1.0, actual, normal, independent_share=share).corrected
    except (NotComparable, BadInput):
        return None


def _unknown(reason: str) -> NormalWeather:
    return NormalWeather(None, None, None, {}, (), reason)
