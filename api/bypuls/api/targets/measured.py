"""What running measures were measured to save, or why that can't be said. Measures that follow each other within a year
on one meter are told jointly.

A measured saving explains the accounts, which have it already; nothing is subtracted from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.climate.measures import APART_DAYS, Refusal, paired_saving, together
from bypuls.analysis.energy.events import NonRoutineEvent
from bypuls.analysis.energy.periods import Period
from bypuls.analysis.energy.savings import BASELINE_DAYS, MOST_REPORTING_DAYS, measured_saving
from bypuls.api.directory import Directory
from bypuls.api.energy import ENERGY_MEDIA, counted_meters
from bypuls.api.targets.days import Days, day_span, days_of
from bypuls.store.protocol import Store
from bypuls.store.registry import Measure, MeasureEffect, Sensor

_DAY = timedelta(days=1)
_WEATHER = "signature of the year before, IPMVP option C"
_PAIRED = "the same weekday 52 weeks before"


@dataclass(frozen=True, slots=True)
class _Shown:
    """One measure's effect on one carrier, and the meters that show it."""

    measure: Measure
    carrier: str
    meters: tuple[tuple[Sensor, int], ...]


def is_running(measure: Measure, today: date) -> bool:
    """Whether a measure works already; the others are planned."""
    return measure.start <= today


def measured_effects(
    store: Store, directory: Directory, now: datetime, zone: ZoneInfo
) -> dict[str, list[dict[str, Any]]]:
    """Of each running measure, by its id: one entry for every carrier that it was to save, with what was measured or
    the reasons why nothing is stated."""
    today = now.astimezone(zone).date()
    shown = [
        _Shown(measure, effect.carrier, tuple(_meters(directory, measure, effect)))
        for measure in directory.measures.values()
        if is_running(measure, today)
        for effect in directory.effects.get(measure.id, ())
    ]
    by_meters: dict[tuple[str, ...], list[_Shown]] = {}
    found: dict[str, list[dict[str, Any]]] = {}
    for one in shown:
        if one.meters:
            by_meters.setdefault(tuple(meter.id for meter, _ in one.meters), []).append(one)
        else:
            reason = _reason("no meter", "none of this carrier at its place", "a meter that shows it")
            found.setdefault(one.measure.id, []).append(_refused(one.carrier, [reason]))
    for mine in by_meters.values():
        groups = together([one.measure.start for one in mine])
        for number, group in enumerate(groups):
            later = mine[groups[number + 1][0]].measure.start if number + 1 < len(groups) else None
            members = [mine[index] for index in group]
            told = _told(store, directory, members, later, now, zone)
            for one in members:
                others = [other.measure.id for other in members if other is not one]
                found.setdefault(one.measure.id, []).append(told | {"carrier": one.carrier, "jointly_with": others})
    return found


def _told(
    store: Store, directory: Directory, members: Sequence[_Shown], later: date | None, now: datetime, zone: ZoneInfo
) -> dict[str, Any]:
    """The saving since the last of `members` began, against the year before the first of them."""
    first, last = members[0].measure.start, members[-1].measure.start
    yesterday = now.astimezone(zone).date() - _DAY
    end = min(yesterday, last + MOST_REPORTING_DAYS * _DAY, later - _DAY if later is not None else yesterday)
    carrier, meters = members[0].carrier, members[0].meters
    if end < last:
        return _refused(carrier, [_reason("reporting length", "0 days", "at least 30")])
    days = days_of(store, directory, meters, carrier, day_span(first - (APART_DAYS + 1) * _DAY, end, zone), now)
    building = members[0].measure.building or meters[0][0].building
    if building is not None:
        return _by_weather(directory, building, carrier, days, first, last)
    return _by_pairs(carrier, days, first, last)


def _by_weather(
    directory: Directory, building: str, carrier: str, days: Days, first: date, last: date
) -> dict[str, Any]:
    if np.isnan(days.mean_c).all():
        return _refused(carrier, [_reason("no weather", "no outdoor temperature", "a weather sensor")])
    before, after = days.day < np.datetime64(first), days.day >= np.datetime64(last)
    free = (~np.is_busday(days.day)).astype(np.int64)
    baseline, reporting = (
        Period(days.day[rows], days.use_kwh[rows], days.mean_c[rows], free[rows], days.coverage[rows])
        for rows in (before, after)
    )
    events = [
        NonRoutineEvent(event.kind, event.valid_from, event.valid_to - _DAY if event.valid_to else None)
        for event in directory.events.get(building, ())
    ]
    made = measured_saving(baseline, reporting, events=events)
    saving = made.saving
    if saving is None:
        return _refused(carrier, [_reason(one.code, one.found, one.expected) for one in made.refused])
    of_year = _year_of(days, before)
    return _saved(
        carrier, _WEATHER, days, after, saving.saved, saving.low, saving.high,
        (saving.share, saving.share_low, saving.share_high), saving.days, saving.confidence, of_year,
    ) | {"outside_days": saving.outside_days}  # fmt: skip


def _by_pairs(carrier: str, days: Days, first: date, last: date) -> dict[str, Any]:
    before, after = days.day < np.datetime64(first), days.day >= np.datetime64(last)
    keep = before | after
    # What lies between the first and the last of joint measures is neither before nor after.
    made = paired_saving(days.day[keep], days.use_kwh[keep], last)
    if isinstance(made, Refusal):
        return _refused(carrier, [_reason(made.code, made.found, made.expected)])
    return _saved(
        carrier, _PAIRED, days, after, made.saved, made.low, made.high,
        (made.share, made.share_low, made.share_high), made.days, made.confidence, _year_of(days, before),
    )  # fmt: skip


def _saved(
    carrier: str,
    method: str,
    days: Days,
    after: Any,
    kwh: float,
    low: float,
    high: float,
    shares: tuple[float, float, float],
    count: int,
    confidence: float,
    of_year_kwh: float | None,
) -> dict[str, Any]:
    share, share_low, share_high = shares
    return _refused(carrier, []) | {
        "kwh": kwh,
        "low_kwh": low,
        "high_kwh": high,
        "share": share,
        "share_low": share_low,
        "share_high": share_high,
        "significant": not low <= 0.0 <= high,
        "kwh_per_year": None if of_year_kwh is None else share * of_year_kwh,
        "kwh_per_year_low": None if of_year_kwh is None else share_low * of_year_kwh,
        "kwh_per_year_high": None if of_year_kwh is None else share_high * of_year_kwh,
        "days": count,
        "first_day": str(days.day[after][0]),
        "last_day": str(days.day[after][-1]),
        "confidence": confidence,
        "method": method,
    }


def _refused(carrier: str, reasons: list[dict[str, str]]) -> dict[str, Any]:
    names = (
        "kwh", "low_kwh", "high_kwh", "share", "share_low", "share_high", "significant", "kwh_per_year",
        "kwh_per_year_low", "kwh_per_year_high", "days", "outside_days", "first_day", "last_day", "confidence",
        "method",
    )  # fmt: skip
    return {"carrier": carrier, "jointly_with": [], "reasons": reasons} | dict.fromkeys(names)


def _year_of(days: Days, before: Any) -> float | None:
    """The use of the 365 days before, unknown days like the known ones [kWh]."""
    use = days.use_kwh[before][-BASELINE_DAYS:]
    known = use[~np.isnan(use)]
    return float(known.mean()) * BASELINE_DAYS if known.size else None


def _meters(directory: Directory, measure: Measure, effect: MeasureEffect) -> Iterable[tuple[Sensor, int]]:
    if effect.carrier not in ENERGY_MEDIA:
        return []
    if effect.sensor is not None:
        meter = directory.sensors.get(effect.sensor)
        return [(meter, 1)] if meter is not None and meter.kind == "meter" else []
    if measure.building is None and measure.cabinet is None:
        return []
    there = [
        sensor
        for sensor in directory.sensors_of(kinds=("meter",))
        if sensor.medium == effect.carrier
        and (sensor.building == measure.building if measure.building else sensor.cabinet == measure.cabinet)
    ]
    return counted_meters(directory, there)


def _reason(code: str, found: str, expected: str) -> dict[str, str]:
    return {"code": code, "found": found, "expected": expected}
