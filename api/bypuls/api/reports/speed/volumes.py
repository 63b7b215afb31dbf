"""How much traffic there is: average days and peak hours, from full days alone and never scaled by uptime."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from bypuls.analysis.traffic import volumes as method
from bypuls.analysis.traffic.expansion import Counted
from bypuls.api.reports.speed.expanded import expanded, of_hours
from bypuls.api.reports.speed.local_days import LocalDays
from bypuls.api.reports.speed.model import PeakHour, Traffic, Volumes, VolumesByDirection
from bypuls.api.reports.speed.observations import Bools
from bypuls.api.reports.speed.population import Population
from bypuls.api.reports.speed.settings import Settings
from bypuls.api.reports.speed.survey import Survey
from bypuls.api.reports.speed.tables import counts_by_day, counts_by_hour, counts_by_quarter

YEAR_DAYS = 365
NO_FULL_DAY = "no_full_day"
HOURS_UNKNOWN = "hours_not_watched"


def volumes_by_direction(
    people: Population,
    settings: Settings,
    days: LocalDays | None,
    watched: Survey | None,
    holidays: Mapping[date, str],
) -> VolumesByDirection:
    """Volumes of both directions together and of each."""
    return VolumesByDirection(
        _volumes(people, settings, days, watched, holidays),
        {
            name: _volumes(people.of_direction(index), settings, days, watched, holidays)
            for index, name in enumerate(people.directions)
        },
    )


def _volumes(
    people: Population,
    settings: Settings,
    days: LocalDays | None,
    watched: Survey | None,
    holidays: Mapping[date, str],
) -> Volumes:
    if days is None or watched is None:
        none = {name: Traffic(name, None, reason="no_times") for name in ("average_day_of_period", "hdt", "jdt")}
        return Volumes(
            none["average_day_of_period"], none["hdt"], none["jdt"], None, None, None, None, None, None
        )  # fmt: skip
    full = watched.full
    by_day = counts_by_day(people, days.days)
    by_hour = counts_by_hour(people, days.days)
    working = np.array([method.is_working_day(day, holidays) for day in days.days], dtype=bool)
    hdt = full & np.array([method.is_hdt_day(day, holidays) for day in days.days], dtype=bool)
    july = full & np.array([day.month == method.JULY for day in days.days], dtype=bool)
    whole_day = _hours_known(people, by_hour, 6, 22)
    average = (
        _average_day(settings, days, full, by_day)
        if whole_day and full.any()
        else of_hours(people, settings, days, by_hour)
    )
    unknown = NO_FULL_DAY if not full.any() else HOURS_UNKNOWN
    morning, evening = _peaks(people, days, full & working, by_hour)
    return Volumes(
        average_day=average or Traffic("average_day_of_period", None, days=int(full.sum()), reason=unknown),
        hdt=_mean("hdt", by_day, hdt, "mean_of_working_days_outside_june_july_august", whole_day),
        jdt=_mean("jdt", by_day, july, "mean_of_july", whole_day),
        **{f"total_{name}": _span_total(people, by_hour, by_day, full, span) for name, span in method.SPANS.items()},
        morning_peak=morning,
        evening_peak=evening,
    )


def _average_day(settings: Settings, days: LocalDays, full: Bools, by_day: np.ndarray[Any, Any]) -> Traffic:
    count = int(full.sum())
    mean = float(by_day[full].mean())
    if count >= method.MIN_COVERAGE * YEAR_DAYS:
        return Traffic("aadt", mean, days=count, method="mean_of_year")
    counts = [
        Counted(day, n) for day, n, is_full in zip(days.days, by_day.tolist(), full.tolist(), strict=True) if is_full
    ]
    found = expanded(settings, counts, mean)
    if isinstance(found, Traffic):
        return found
    return Traffic("average_day_of_period", mean, days=count, method="mean_of_full_days", reason=found)


def _mean(name: str, by_day: np.ndarray[Any, Any], chosen: Bools, how: str, known: bool) -> Traffic:
    count = int(chosen.sum())
    if not count or not known:
        return Traffic(name, None, days=count, method=how, reason=HOURS_UNKNOWN if count else NO_FULL_DAY)
    return Traffic(name, float(by_day[chosen].mean()), days=count, method=how)


def _hours_known(people: Population, by_hour: np.ndarray[Any, Any], first: int, end: int) -> bool:
    """Whether each hour of the span was watched on some day: vehicles, or a sensor that said 0. Rows of whole days
    know no hours and are taken at their word."""
    if people.classed is not None and (people.classed.hour < 0).any():
        return True
    told = by_hour.sum(axis=0) > 0.0
    if people.classed is not None:
        told[np.unique(people.classed.hour[people.classed.watched])] = True
    return bool(told[first:end].all())


def _span_total(
    people: Population,
    by_hour: np.ndarray[Any, Any],
    by_day: np.ndarray[Any, Any],
    full: Bools,
    span: tuple[int, int],
) -> float | None:
    if not full.any():
        return None
    coarse = people.classed is not None and bool((people.classed.hour < 0).any())
    if span == (0, 24):
        return float(by_day[full].mean()) if _hours_known(people, by_hour, 6, 22) else None
    if coarse or not _hours_known(people, by_hour, max(span[0], 6), min(span[1], 22)):
        return None
    return float(by_hour[full, span[0] : span[1]].sum(axis=1).mean())


def _peaks(
    people: Population, days: LocalDays, chosen: Bools, by_hour: np.ndarray[Any, Any]
) -> tuple[PeakHour | None, PeakHour | None]:
    """Morning and evening peak of the average working day."""
    if not chosen.any() or by_hour.sum() == 0.0:
        return None, None
    hours = by_hour[chosen].mean(axis=0)
    quarters, fine = counts_by_quarter(people, days.days)
    average = quarters[chosen].mean(axis=0)

    def peak(first: int, end: int) -> PeakHour | None:
        at = first + int(np.argmax(hours[first:end]))
        if hours[at] == 0.0:
            return None
        factor = method.peak_hour_factor(average[at * 4 : at * 4 + 4]) if fine else None
        return PeakHour(at, float(hours[at]), factor)

    return peak(0, 12), peak(12, 24)
