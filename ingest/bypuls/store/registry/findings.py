"""What is allowed but probably not meant: told in plain words, changed by nobody."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any

from bypuls.store.registry.registry import Registry
from bypuls.store.registry.tables import Calibration, Device, Sensor

_LIGHTING_CLASS = re.compile(r"M[1-6]|C[0-5]|P[1-7]", re.IGNORECASE)  # EN 13201-2:2015
_ALIKE = 0.01  # baselines and the sum of their parts


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one row that somebody should look at."""

    entity: str
    id: str
    text: str

    def __str__(self) -> str:
        return f"{self.entity} {self.id}: {self.text}"


def check(registry: Registry, today: date | None = None) -> list[Finding]:
    """Everything in the registry that is incomplete or contradicts itself, as of `today` (else the clock's day)."""
    day = registry.clock().date() if today is None else today
    sensors = registry.sensors()
    return [
        *_about_sensors(sensors, registry.devices()),
        *_about_calibrations(sensors, registry.calibrations(), day),
        *_about_lamps(registry, day),
        *_about_streets(registry, sensors, day),
        *_about_buildings(registry, day),
        *_about_accounts(registry, sensors, day),
        *_about_targets(registry),
        *_about_factors(registry),
        *_about_periods(registry),
        *_about_schedules(registry, sensors),
    ]


def _about_sensors(sensors: list[Sensor], devices: list[Device]) -> Iterator[Finding]:
    by_id = {sensor.id: sensor for sensor in sensors}
    retired = {device.id for device in devices if device.retired_at is not None}
    speaking = {sensor.device for sensor in sensors}
    for device in devices:
        if device.id not in speaking and device.retired_at is None:
            yield Finding("device", device.id, "has no sensor")
        own = by_id.get(device.id)
        if own is not None and (own.kind != "health" or own.device != device.id):
            yield Finding("sensor", own.id, "has the id of a device, whose health would be taken for its readings")
    for sensor in sensors:
        if sensor.asset is None and sensor.kind not in ("health", "weather"):
            yield Finding("sensor", sensor.id, "measures at no site, building, cabinet or lamp")
        if sensor.device in retired:
            yield Finding("sensor", sensor.id, f"belongs to device {sensor.device}, which is retired")
        if sensor.kind in ("passage", "traffic_bin") and sensor.site is None and sensor.asset is not None:
            yield Finding("sensor", sensor.id, f"counts traffic at a {sensor.asset[0]}, not at a site")
        if sensor.kind == "meter" and sensor.medium is None:
            yield Finding("sensor", sensor.id, "is a meter of no medium")
        if sensor.kind in ("meter", "lamp", "weather") and sensor.interval_s is None:
            yield Finding("sensor", sensor.id, "has no interval, so its gaps can't be told")
        parent = by_id.get(sensor.parent or "")
        if parent is not None and _medium(parent) != _medium(sensor):
            what = f"measures {_medium(sensor)} behind {parent.id}, which measures {_medium(parent)}"
            yield Finding("sensor", sensor.id, what)
    for serial, group in _grouped((s for s in sensors if s.serial is not None), "serial", "medium"):
        for earlier, later in _overlapping(group, "valid_from", "valid_to", open_ended=True):
            yield Finding("sensor", later.id, f"has serial {serial[0]} at the same time as {earlier.id}")


def _medium(sensor: Sensor) -> str | None:
    """What a sensor measures: a lamp's register counts electricity, whatever the registry leaves open."""
    return "electricity" if sensor.kind == "lamp" else sensor.medium


def _about_calibrations(sensors: list[Sensor], calibrations: list[Calibration], day: date) -> Iterator[Finding]:
    latest = {row.sensor: row for row in calibrations if row.valid_from <= day}
    for sensor in sensors:
        if sensor.kind != "passage":
            continue
        row = latest.get(sensor.id)
        if row is None:
            yield Finding("sensor", sensor.id, "has no calibration")
        elif row.expires is not None and row.expires <= day:
            yield Finding("sensor", sensor.id, f"has a calibration that expired on {row.expires}")


def _about_lamps(registry: Registry, day: date) -> Iterator[Finding]:
    lamps = registry.lamps()
    profiled = {profile.lamp_group for profile in registry.dimming_profiles() if profile.valid_from <= day}
    of_their_own = {profile.lamp for profile in registry.lamp_profiles() if profile.valid_from <= day}
    groups = {group.id: group for group in registry.lamp_groups()}
    standing: dict[str, int] = defaultdict(int)
    by_name: dict[str, str] = {}
    for lamp in lamps:
        standing[lamp.cabinet or ""] += 1
        if lamp.cabinet is None:
            yield Finding("lamp", lamp.id, "has no cabinet")
        if lamp.watt is None:
            yield Finding("lamp", lamp.id, "has no nominal power")
        if lamp.lat is None or lamp.lon is None:
            yield Finding("lamp", lamp.id, "has no position; it is on no map and its nights are unknown")
        if lamp.lighting_class is not None and _LIGHTING_CLASS.fullmatch(lamp.lighting_class.strip()) is None:
            told = f"lighting class {lamp.lighting_class} is none of M1 to M6, C0 to C5 and P1 to P7"
            yield Finding("lamp", lamp.id, f"{told}; whether a plan keeps it is unknown")
        first = by_name.setdefault(lamp.name.casefold(), lamp.id)
        if first != lamp.id:
            yield Finding("lamp", lamp.id, f"is called {lamp.name} as {first} is; a report by that name means both")
        group = groups.get(lamp.lamp_group or "")
        for name, what in (("cabinet", "hangs on cabinet"), ("site", "stands at site")):
            mine, its = getattr(lamp, name), getattr(group, name, None)
            if group is not None and its is not None and mine is not None and mine != its:
                yield Finding("lamp", lamp.id, f"{what} {mine}, its group {group.id} on {its}")
    named = {lamp.lamp_group for lamp in lamps}
    for id in sorted(groups.keys() - named):
        yield Finding("lamp_group", id, "has no lamp")
    relying = {lamp.lamp_group for lamp in lamps if lamp.id not in of_their_own}
    for id in sorted((groups.keys() & relying) - profiled):
        yield Finding("lamp_group", id, "has no dimming profile; its lamps are taken to burn at full level")
    for cabinet in registry.cabinets():
        count = cabinet.lamp_count
        if count is not None and standing[cabinet.id] and count != standing[cabinet.id]:
            yield Finding("cabinet", cabinet.id, f"should feed {count} lamps; {standing[cabinet.id]} are registered")


def _about_streets(registry: Registry, sensors: list[Sensor], day: date) -> Iterator[Finding]:
    limited = {
        row.site
        for row in registry.speed_limits()
        if row.valid_from <= day and (row.valid_to is None or row.valid_to > day)
    }
    measured = {
        sensor.site for sensor in sensors if sensor.kind in ("passage", "traffic_bin") and sensor.site is not None
    }
    for site in sorted(measured - limited):
        yield Finding("site", site, "has traffic measured but no speed limit today")


def _about_buildings(registry: Registry, day: date) -> Iterator[Finding]:
    known = {area.building for area in registry.heated_areas() if area.valid_from <= day}
    for building in registry.buildings():
        if building.id not in known:
            yield Finding("building", building.id, "has no heated area, so no kWh/m²")


def _about_accounts(registry: Registry, sensors: list[Sensor], day: date) -> Iterator[Finding]:
    for target in registry.targets():
        if target.base_year is None:
            yield Finding("target", target.id, "has no baseline year")
        if target.base_tonnes is None:
            yield Finding("target", target.id, "has no baseline tonnes, so no trajectory")
        if target.base_tonnes is not None and target.source is None:
            yield Finding("target", target.id, "does not say where its baseline is from")
        if target.scope is None:
            yield Finding("target", target.id, "does not say what it covers")
    priced = {
        price.medium
        for price in registry.prices()
        if price.valid_from <= day and (price.valid_to is None or price.valid_to > day)
    }
    for medium in sorted({sensor.medium for sensor in sensors if sensor.medium is not None} - priced):
        yield Finding("price", medium, "is measured but has no price today")


def _about_factors(registry: Registry) -> Iterator[Finding]:
    """What would leave a line of the climate accounts unknown."""
    factors = registry.factors()
    for choice in registry.factor_choices():
        told = f"{choice.view} {choice.carrier}"
        of_set = [one for one in factors if (one.factor_set, one.carrier) == (choice.factor_set, choice.carrier)]
        if not of_set:
            yield Finding("factor_choice", told, f"names {choice.factor_set}, which has no factor of it")
        elif all(one.purpose == "scenario" for one in of_set):
            yield Finding("factor_choice", told, f"names {choice.factor_set}, made for scenarios, never for accounts")
    carriers = {one.carrier for one in factors if one.purpose == "accounts"}
    with_basis = {one.carrier for one in factors if one.basis is not None}
    for activity in registry.activities():
        if activity.unit == "t":
            continue
        if activity.carrier not in carriers:
            yield Finding("activity", activity.id, f"is of {activity.carrier}, of which there is no factor")
        elif activity.unit == "kWh" and activity.carrier in with_basis and activity.basis is None:
            yield Finding("activity", activity.id, "does not say on which heating value its kWh are counted")


def _about_targets(registry: Registry) -> Iterator[Finding]:
    parts: dict[str, float] = defaultdict(float)
    for part in registry.scope_parts():
        parts[part.target] += part.base_tonnes
    for target in registry.targets():
        total, base = parts.get(target.id), target.base_tonnes
        if total is not None and base is not None and abs(total - base) > _ALIKE * base:
            yield Finding("target", target.id, f"has a baseline of {base:g} t, and parts of {total:g} t")
    told = {effect.measure for effect in registry.measure_effects()}
    done = {one.id: one for one in registry.interventions()}
    for measure in registry.measures():
        if measure.id not in told:
            yield Finding("measure", measure.id, "has no planned effect")
        linked = done.get(measure.intervention or "")
        if linked is not None and linked.date != measure.start:
            text = f"starts on {measure.start}, its intervention {linked.id} is of {linked.date}"
            yield Finding("measure", measure.id, text)


def _about_periods(registry: Registry) -> Iterator[Finding]:
    dated: tuple[tuple[str, Iterable[Any], tuple[str, ...], str], ...] = (
        ("speed_limit", registry.speed_limits(), ("site", "direction"), "valid_to"),
        ("dimming_profile", registry.dimming_profiles(), ("lamp_group",), "valid_to"),
        ("lamp_profile", registry.lamp_profiles(), ("lamp",), "valid_to"),
        ("price", registry.prices(), ("medium",), "valid_to"),
        (
            "factor",
            registry.factors(),
            ("factor_set", "version", "carrier", "scope", "gas", "method", "area"),
            "valid_to",
        ),
    )
    for entity, rows, key, end in dated:
        for names, group in _grouped(rows, *key):
            for earlier, later in _overlapping(group, "valid_from", end):
                told = " ".join(map(str, names))
                text = f"from {_day(earlier.valid_from)} overlaps the one from {_day(later.valid_from)}"
                yield Finding(entity, told, f"{text}; the later one counts")


def _about_schedules(registry: Registry, sensors: list[Sensor]) -> Iterator[Finding]:
    counted = {sensor.site for sensor in sensors if sensor.kind in ("passage", "traffic_bin")}
    metered = {sensor.building for sensor in sensors if sensor.kind == "meter"}
    for row in registry.report_schedules():
        if row.site is not None and row.site not in counted:
            yield Finding("report_schedule", row.id, f"is of site {row.site}, where no traffic is measured")
        if row.building is not None and row.building not in metered:
            yield Finding("report_schedule", row.id, f"is of building {row.building}, which has no meter")


def _grouped(rows: Iterable[Any], *names: str) -> Iterator[tuple[tuple[Any, ...], list[Any]]]:
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in rows:
        groups[tuple(getattr(row, name) for name in names)].append(row)
    yield from groups.items()


def _overlapping(rows: list[Any], start: str, end: str, *, open_ended: bool = False) -> Iterator[tuple[Any, Any]]:
    """Neighbours in time that overlap. A row without an end lasts until the next one, unless `open_ended`."""
    known = sorted(rows, key=lambda row: (getattr(row, start) is not None, getattr(row, start) or ""))
    for earlier, later in pairwise(known):
        last, first = getattr(earlier, end), getattr(later, start)
        if first is None or (last is None and open_ended) or (last is not None and last > first):
            yield earlier, later


def _day(moment: date | datetime) -> str:
    if not isinstance(moment, datetime):
        return moment.isoformat()
    return f"{moment:%Y-%m-%d}" if moment.time() == time.min else f"{moment:%Y-%m-%d %H:%M}Z"
