"""What running measures were measured to save, or why that can't be said. Measures that follow each other within a year
on one meter are told jointly.

A measured saving explains the accounts, which have it already; nothing is subtracted from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.climate.measures import APART_DAYS, Refusal, paired_saving, together
from bypuls.analysis.energy.daily import use_for_model
from bypuls.analysis.energy.savings import BASELINE_DAYS, MOST_REPORTING_DAYS, measured_saving
from bypuls.api.buildings.meters import MediumDays, behind, jump_in, medium_days, meter_days
from bypuls.api.buildings.model_days import ModelDays, model_days
from bypuls.api.buildings.refusals import events_of
from bypuls.api.buildings.solar import Solar, solar_amounts, solar_of
from bypuls.api.buildings.source import DAY, Days, Floats, Source
from bypuls.api.buildings.weather import weather_days
from bypuls.api.directory import Directory
from bypuls.api.energy import ENERGY_MEDIA, counted_meters
from bypuls.store.protocol import Store
from bypuls.store.registry import Measure, MeasureEffect, Sensor

_LEAST_DAYS = 30
_WEATHER = "signature of the year before, IPMVP option C"
_PAIRED = "the same weekday 52 weeks before"
_OWN_USE = "own use of the power made, measured"


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
    source = Source(store, directory, now, zone)
    shown = [
        _Shown(measure, effect.carrier, tuple(_meters(directory, measure, effect)))
        for measure in directory.measures.values()
        if is_running(measure, source.today)
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
            told = _told(source, members, later)
            for one in members:
                others = [other.measure.id for other in members if other is not one]
                found.setdefault(one.measure.id, []).append(told | {"carrier": one.carrier, "jointly_with": others})
    return found


def _told(source: Source, members: Sequence[_Shown], later: date | None) -> dict[str, Any]:
    """The saving since the last of `members` began, against the year before the first of them."""
    first, last = members[0].measure.start, members[-1].measure.start
    yesterday = source.today - DAY
    end = min(yesterday, last + MOST_REPORTING_DAYS * DAY, later - DAY if later is not None else yesterday)
    carrier, meters = members[0].carrier, members[0].meters
    if end < last:
        return _refused(carrier, [_reason("reporting length", "0 days", "at least 30")])
    days = Days(source.zone, first - (APART_DAYS + 1) * DAY, end)
    read = meter_days(source, meters, days)
    found = medium_days(carrier, [read[meter.id] for meter, _ in meters], days)
    jump = jump_in(found, days.within(days.first, end))
    if jump is not None:
        return _refused(carrier, [_reason(jump.code, str(jump), "one unit all the time")])
    building = members[0].measure.building or meters[0][0].building
    if building is None:
        return _by_pairs(found, first, last)
    solar = _solar(source, building, found) if carrier == "electricity" else None
    if solar is not None and all(one.measure.kind == "solar" for one in members):
        return _own_use(found, solar, days.within(last, end))
    return _by_weather(source, building, model_days(found, weather_days(source, days), solar), first, last)


def _solar(source: Source, building: str, found: MediumDays) -> Solar | None:
    counted = [meter.sensor for meter in found.meters]
    children = [one for listed in behind(source, building, counted).values() for one in listed]
    read = meter_days(source, [(child, 1) for child in children], found.days)
    return solar_of(found, list(read.values()))


def _own_use(found: MediumDays, solar: Solar, rows: slice) -> dict[str, Any]:
    """What a roof made and the building used itself: that much less was bought. It is measured, not modelled."""
    made = solar_amounts(solar, found, rows)
    if made.own_use_kwh is None or made.days < _LEAST_DAYS:
        reason = _reason("own generation", f"{made.days} days with production and exchange", f"at least {_LEAST_DAYS}")
        return _refused(found.medium, [reason])
    kwh, share = made.own_use_kwh, made.self_sufficiency or 0.0
    return _saved(
        found, rows, _OWN_USE, (kwh, kwh, kwh), (share, share, share), made.days, None, kwh / made.days * BASELINE_DAYS
    )


def _by_weather(source: Source, building: str, days: ModelDays, first: date, last: date) -> dict[str, Any]:
    if np.isnan(days.mean_c).all():
        return _refused(days.medium, [_reason("no weather", "no outdoor temperature", "a weather sensor")])
    if days.own_use_unknown:
        reason = _reason("own generation", "own power whose use nobody measures", "a meter of the production")
        return _refused(days.medium, [reason])
    before, after = days.days.within(days.days.first, first - DAY), days.days.within(last, days.days.last)
    events = events_of(source, building, days.medium)
    made = measured_saving(days.period(before), days.period(after), events=events)
    saving = made.saving
    if saving is None:
        return _refused(days.medium, [_reason(one.code, one.found, one.expected) for one in made.refused])
    return _saved(
        days, after, _WEATHER, (saving.saved, saving.low, saving.high),
        (saving.share, saving.share_low, saving.share_high), saving.days, saving.confidence,
        _year_of(days.use[before]), outside_days=saving.outside_days,
    )  # fmt: skip


def _by_pairs(found: MediumDays, first: date, last: date) -> dict[str, Any]:
    use = use_for_model(found.use, np.minimum(found.coverage, 1.0))
    use = np.where(use == 0.0, np.nan, use)  # an electricity meter's zero is a missing value
    before, after = found.days.within(found.days.first, first - DAY), found.days.within(last, found.days.last)
    # What lies between the first and the last of joint measures is neither before nor after.
    dates, column = found.days.dates, np.concatenate((use[before], use[after]))
    made = paired_saving(np.concatenate((dates[before], dates[after])), column, last)
    if isinstance(made, Refusal):
        return _refused(found.medium, [_reason(made.code, made.found, made.expected)])
    return _saved(
        found, after, _PAIRED, (made.saved, made.low, made.high), (made.share, made.share_low, made.share_high),
        made.days, made.confidence, _year_of(use[before]),
    )  # fmt: skip


def _saved(
    of: MediumDays | ModelDays,
    rows: slice,
    method: str,
    kwh: tuple[float, float, float],
    share: tuple[float, float, float],
    days: int,
    confidence: float | None,
    of_year_kwh: float | None,
    *,
    outside_days: int | None = None,
) -> dict[str, Any]:
    """A saving as answers tell it. kwh, share : the figure, and its interval.  of_year_kwh : the use of a year before;
    of own power what it makes in a year."""
    dates = of.days.dates[rows]
    yearly = [None if of_year_kwh is None else one * of_year_kwh for one in share]
    if confidence is None:
        yearly = [of_year_kwh] * 3
    return _refused(of.medium, []) | {
        "kwh": kwh[0],
        "low_kwh": kwh[1],
        "high_kwh": kwh[2],
        "share": share[0],
        "share_low": share[1],
        "share_high": share[2],
        "significant": not kwh[1] <= 0.0 <= kwh[2],
        "kwh_per_year": yearly[0],
        "kwh_per_year_low": yearly[1],
        "kwh_per_year_high": yearly[2],
        "days": days,
        "outside_days": outside_days,
        "first_day": str(dates[0]),
        "last_day": str(dates[-1]),
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


def _year_of(use: Floats) -> float | None:
    """The use of the last 365 days, unknown ones like the known ones [kWh]."""
    known = use[-BASELINE_DAYS:]
    known = known[~np.isnan(known)]
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
