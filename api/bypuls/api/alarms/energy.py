"""Alarms of energy by days and nights: use at night, heating in summer, deviation from the signature, meters that jump.

Each says what it costs a day, as far as it was measured; nothing is extrapolated over hours that nobody looked at."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bypuls.analysis.alarms import Seen
from bypuls.api.alarms.costs import cost_of_energy
from bypuls.api.alarms.finding import UNKNOWN_COST, Asked, Finding, Parameters
from bypuls.api.alarms.meter_history import MeterHistory, Nights, end_us
from bypuls.api.alarms.scene import Scene
from bypuls.api.buildings.meters import MeterDays, jump_in, medium_days
from bypuls.api.buildings.model_days import model_days
from bypuls.api.buildings.signatures import Deviation, deviation_of
from bypuls.api.buildings.source import Floats
from bypuls.store.registry import Sensor

_BASE_PERCENTILE = 25.0
_LEAST_NIGHTS, _LEAST_WARM_DAYS, _RECENT_WARM = 28, 10, 3
_NIGHT_H = 4.0
_RECENT_DAYS = 14
_DAYS_OF_DEVIATION = 30
_JUMP_DAYS = 60


def night_use(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Electricity between 00 and 04 above what the building manages with: the 25th percentile of its earlier nights of
    two years, or of those since its last non-routine event."""
    nights = scene.nights([scene.sensors[id] for id in asked])
    for id, parameters in asked.items():
        yield _night(scene, scene.sensors[id], nights[id], parameters)


def _night(scene: Scene, meter: Sensor, nights: Nights, parameters: Parameters) -> Finding:
    count = int(parameters["nights"] or 3)
    recent, earlier = nights.kw[-count:], nights.kw[:-count].copy()
    changed = scene.changed(meter.building)
    if changed is not None:
        earlier[: max(0, (changed - nights.first).days)] = np.nan
    known, before = recent[np.isfinite(recent)], earlier[np.isfinite(earlier)]
    if known.size * 2 < count or before.size < _LEAST_NIGHTS:
        return Finding(meter.id, "unknown")
    base, now = float(np.percentile(before, _BASE_PERCENTILE)), float(np.median(known))
    share = (parameters["above_pct"] or 0.0) / 100.0
    least = max(base * share, parameters["least_kw"] or 0.0)
    newest = int(nights.ends_us[np.flatnonzero(np.isfinite(nights.kw))[-1]])
    if now - base < least / 2.0:
        return Finding(meter.id, "absent", evidence_us=newest)
    if now - base < least or float(known.min()) - base < least / 2.0:
        return Finding(meter.id, "holding", evidence_us=newest)
    # Back to the first night of the run that is above.
    below = np.flatnonzero(nights.kw - base < least / 2.0)
    begins = int(below[-1]) + 1 if below.size else 0
    facts = {"nights": int(known.size), "night_kw": round(now, 2), "base_kw": round(base, 2)}
    cost = cost_of_energy(scene, meter, (now - base) * _NIGHT_H, "night-hours")
    return Finding(meter.id, "present", int(nights.ends_us[begins]), newest, facts, cost)


def summer_heating(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Heat or gas on warm days above what the building uses on such days otherwise (hot water, kitchens). Without warm
    days lately nobody can tell."""
    history = scene.meter_history
    means = history.weather.mean_c
    for id, parameters in asked.items():
        meter, days = scene.sensors[id], history.meters[id]
        use = _whole_days(days)
        warm = np.flatnonzero((means >= (parameters["warm_c"] or 18.0)) & np.isfinite(use))
        recent = warm[warm >= history.days.count - _RECENT_DAYS]
        earlier = warm[warm < history.days.count - _RECENT_DAYS]
        if recent.size < _RECENT_WARM or earlier.size < _LEAST_WARM_DAYS:
            yield Finding(id, "unknown")
            continue
        base, now = float(np.percentile(use[earlier], _BASE_PERCENTILE)), float(np.median(use[recent]))
        least = max(base * (parameters["above_pct"] or 0.0) / 100.0, parameters["least_kwh"] or 0.0)
        newest = end_us(history.days, int(recent[-1]))
        if now - base < least:
            seen: Seen = "absent" if now - base < least / 2.0 else "holding"
            yield Finding(id, seen, evidence_us=newest)
            continue
        facts = {"warm_c": parameters["warm_c"], "day_kwh": round(now, 1), "base_kwh": round(base, 1)}
        cost = cost_of_energy(scene, meter, now - base, "above-base")
        yield Finding(id, "present", end_us(history.days, int(recent[0]) - 1), newest, facts, cost)


def deviations(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """The last 30 days against what the signature of the year before expects in their weather, beyond its interval."""
    history = scene.meter_history
    for id, parameters in asked.items():
        meter, days = scene.sensors[id], history.meters[id]
        found = scene.remembered(("deviation", id), history.days.last, days.use, partial(_deviation, scene, meter))
        if found is None or found.share is None or found.expected is None or found.actual is None:
            yield Finding(id, "unknown")
            continue
        newest = end_us(history.days, history.days.count - 1)
        least = (parameters["least_pct"] or 0.0) / 100.0
        if not found.significant or abs(found.share) < least:
            calm = abs(found.share) < least / 2.0 or not found.significant
            yield Finding(id, "absent" if calm else "holding", evidence_us=newest)
            continue
        width = (found.high - found.low) / 2.0 * found.expected  # type: ignore[operator]
        facts = {
            "days": (found.last - found.first).days + 1, "actual_kwh": round(found.actual),
            "expected_kwh": round(found.expected), "interval_kwh": round(abs(width)),
            "direction": "above" if found.share > 0.0 else "below",
        }  # fmt: skip
        excess = (found.actual - found.expected) / facts["days"]
        cost = cost_of_energy(scene, meter, excess, "beyond-model") if excess > 0.0 else UNKNOWN_COST
        begins = history.days.within(found.first, found.last).start
        yield Finding(id, "present", int(history.days.edges_us[begins]), newest, facts, cost)


def _deviation(scene: Scene, meter: Sensor) -> Deviation | None:
    history = scene.meter_history
    days = history.meters[meter.id]
    if np.nan_to_num(days.export_kwh).any():
        return None  # what it makes itself isn't known here: see the building's page
    medium = medium_days(meter.medium or "", [days], history.days)
    last = history.days.last
    first = history.days.dates[-_DAYS_OF_DEVIATION].astype(object)
    jump = jump_in(medium, slice(history.days.count - 365 - _DAYS_OF_DEVIATION, history.days.count))
    model = model_days(medium, history.weather, None)
    return deviation_of(scene.source, meter.building or "", model, first, last, jump)


def meter_resets(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Registers that dropped or jumped impossibly lately. A person tells what it was, and ends the alarm."""
    history = scene.meter_history
    for id, parameters in asked.items():
        rows = np.flatnonzero(history.meters[id].resets > 0.0)
        rows = rows[rows >= history.days.count - int(parameters["days"] or 7)]
        if not rows.size:
            yield Finding(id, "holding")
            continue
        at_us = end_us(history.days, int(rows[-1]))
        count = int(history.meters[id].resets[rows].sum())
        facts = {"at_us": int(history.days.edges_us[rows[-1]]), "resets": count}
        yield Finding(id, "present", facts["at_us"], at_us, facts)


def unit_jumps(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Meters whose days became a hundred times as large or small from one day to the next, lately."""
    history = scene.meter_history
    for id in asked:
        days = history.meters[id]
        recent = [one for one in days.jumps if one.day > history.days.dates[-1] - np.timedelta64(_JUMP_DAYS, "D")]
        if not recent:
            yield Finding(id, "holding")
            continue
        row = int(np.searchsorted(history.days.dates, recent[-1].day))
        before, after = (days.use[part][np.isfinite(days.use[part])] for part in _sides(row))
        facts = {
            "factor": float(f"{recent[-1].factor:.3g}"),
            "day_kwh": round(float(np.median(after)), 2) if after.size else None,
            "before_kwh": round(float(np.median(before)), 2) if before.size else None,
        }
        at_us = int(history.days.edges_us[row])
        yield Finding(id, "present", at_us, at_us, facts)


def _sides(row: int) -> tuple[slice, slice]:
    return slice(max(0, row - _RECENT_DAYS), row), slice(row, row + _RECENT_DAYS)


def _whole_days(days: MeterDays) -> Floats:
    """Use of days that are measured by nine tenths, scaled; all others unknown."""
    coverage = days.coverage
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((coverage >= 0.9) & (days.asked_s > 0.0), days.use / coverage, np.nan)


__all__ = ["MeterHistory", "deviations", "meter_resets", "night_use", "summer_heating", "unit_jumps"]
