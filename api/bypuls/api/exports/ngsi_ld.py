"""Street lights, cabinets and traffic as NGSI-LD entities of the Smart Data Models, in the simplified form.

What isn't known has no attribute. Where the model asks for it, the entity is left out and counted: a silent lamp is not
`ok`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.api.directory import Directory
from bypuls.api.latest import Latest, latest_of
from bypuls.api.periods import Span
from bypuls.api.vehicles import KINDS, vehicle_rows
from bypuls.store.protocol import Store
from bypuls.wire import Lamp, Meter, format_time, from_us, to_us
from bypuls.wire.bins import QUARTER_US

EntityType: TypeAlias = Literal["Streetlight", "StreetlightControlCabinet", "TrafficFlowObserved"]
Entity: TypeAlias = dict[str, Any]
_CONTEXT = "https://raw.githubusercontent.com/smart-data-models/dataModel.{}/master/context.jsonld"
_LIGHTING, _TRAFFIC = _CONTEXT.format("Streetlighting"), _CONTEXT.format("Transportation")
DEFECTIVE_LAMP = frozenset({"lampFailure", "cyclingFailure", "lampPowerTooLow"})
BROKEN_LANTERN = frozenset(
    {"dimmingFailure", "relayFailure", "lampUnexpectedOn", "lampPowerTooHigh", "powerFactorTooLow", "highTemperature"}
)
"""TALQ's faults as `status`. Those of the supply and of the link say nothing of the light itself: its status is unknown
then. No fault here tells a `columnIssue`."""
_PHASES = "RST"


def lamp_status(faults: Sequence[str] | None) -> str | None:
    """`ok`, `defectiveLamp` or `brokenLantern` by a lamp's own diagnosis; None where it gives none."""
    if faults is None:
        return None
    if not faults:
        return "ok"
    if DEFECTIVE_LAMP.intersection(faults):
        return "defectiveLamp"
    return "brokenLantern" if BROKEN_LANTERN.intersection(faults) else None


def power_state(on: bool | None, level_pct: float | None) -> str | None:
    """`off`, `on` or `low` (lit below full level); None where it isn't known. No reading tells `bootingUp`."""
    if on is None:
        return None
    if not on:
        return "off"
    return "low" if level_pct is not None and level_pct < 100.0 else "on"


def entities(
    kind: EntityType, store: Store, directory: Directory, now: datetime, zone: ZoneInfo
) -> tuple[list[Entity], int]:
    """All entities of a type by id, and how many were left out since something that the model asks for is unknown."""
    made: Mapping[EntityType, Callable[[], list[Entity | None]]] = {
        "Streetlight": lambda: _streetlights(store, directory, now, zone),
        "StreetlightControlCabinet": lambda: _cabinets(store, directory, now),
        "TrafficFlowObserved": lambda: _flows(store, directory, now, zone),
    }
    found = made[kind]()
    whole = [{name: value for name, value in one.items() if value is not None} for one in found if one is not None]
    return whole, len(found) - len(whole)


def _urn(kind: str, id: str) -> str:
    return f"urn:ngsi-ld:{kind}:{id}"


def _point(lat: float | None, lon: float | None) -> dict[str, Any] | None:
    return None if lat is None or lon is None else {"type": "Point", "coordinates": [lon, lat]}


def _at(latest: Sequence[Latest], kind: type) -> dict[str, tuple[Latest, Any]]:
    """The current reading of each place, the newest where it has several sensors."""
    found: dict[str, tuple[Latest, Any]] = {}
    for one in sorted(latest, key=lambda one: -(one.age_s or 0.0)):
        asset = one.sensor.asset
        if asset is not None and isinstance(one.current, kind):
            found[asset[1]] = (one, one.current)
    return found


def _streetlights(store: Store, directory: Directory, now: datetime, zone: ZoneInfo) -> list[Entity | None]:
    heard = _at(latest_of(store, directory.sensors_of(kinds=("lamp",)), now), Lamp)
    found: list[Entity | None] = []
    for row in directory.lamps.values():
        place = _point(row.lat, row.lon)
        one, said = heard.get(row.id, (None, None))
        status = lamp_status(said.faults) if said is not None else None
        if place is None or status is None or said is None or one is None:
            found.append(None)
            continue
        level = said.level_pct / 100.0 if said.level_pct is not None else None
        found.append(
            {
                "id": _urn("Streetlight", row.id),
                "type": "Streetlight",
                "name": row.name,
                "location": place,
                "status": status,
                "powerState": power_state(said.on, said.level_pct),
                "illuminanceLevel": 0.0 if said.on is False else level if level is None or level <= 1.0 else None,
                "powerConsumption": said.power_w,
                "powerRating": row.watt,
                "voltage": said.voltage_v,
                "current": said.current_a,
                "powerFactor": said.power_factor,
                "observationDateTime": format_time(said.t),
                "lanternHeight": row.pole_height_m,
                "dateLastLampChange": _first_moment(row.installed, zone),
                "refStreetlightControlCabinet": _urn("StreetlightControlCabinet", row.cabinet) if row.cabinet else None,
                "refStreetlightGroup": _urn("StreetlightGroup", row.lamp_group) if row.lamp_group else None,
                "refDevice": [_urn("Device", one.sensor.device)],
                "@context": [_LIGHTING],
            }
        )
    return found


def _first_moment(day: date | None, zone: ZoneInfo) -> str | None:
    return None if day is None else format_time(datetime(day.year, day.month, day.day, tzinfo=zone))


def _cabinets(store: Store, directory: Directory, now: datetime) -> list[Entity | None]:
    meters = [one for one in directory.sensors_of(kinds=("meter",)) if one.cabinet and one.parent is None]
    heard = _at(latest_of(store, [one for one in meters if one.medium == "electricity"], now), Meter)
    groups: dict[str, set[str]] = {}
    for lamp in directory.lamps.values():
        if lamp.cabinet is not None and lamp.lamp_group is not None:
            groups.setdefault(lamp.cabinet, set()).add(lamp.lamp_group)
    found: list[Entity | None] = []
    for row in directory.cabinets.values():
        place, fed = _point(row.lat, row.lon), sorted(groups.get(row.id, ()))
        if place is None or not fed or row.working_mode is None:
            found.append(None)
            continue
        entity: Entity = {
            "id": _urn("StreetlightControlCabinet", row.id),
            "type": "StreetlightControlCabinet",
            "name": row.name,
            "location": place,
            "refStreetlightGroup": [_urn("StreetlightGroup", group) for group in fed],
            "workingMode": row.working_mode,
        }
        one, said = heard.get(row.id, (None, None))
        if one is not None and said is not None:
            entity |= _metered(said, one.sensor.multiplier, one.sensor.device)
        found.append(entity | {"@context": [_LIGHTING]})
    return found


def _metered(said: Meter, multiplier: float, device: str) -> Entity:
    """A cabinet's meter: kW and kWh, behind its transformer's ratio; phases as R, S, T."""

    def kilo(value: float | None) -> float | None:
        # The model knows no power below zero.
        return None if value is None or value < 0.0 else value * multiplier / 1000.0

    entity: Entity = {
        "totalActivePower": kilo(said.power_w),
        "lastMeterReading": kilo(said.import_wh),
        "cosPhi": said.power_factor,
        "serialNumber": said.serial,
        "refDevice": [_urn("Device", device)],
    }
    for phase, value in zip(_PHASES, said.voltage_v or (), strict=False):
        entity[f"voltage{phase}"] = value
    for phase, value in zip(_PHASES, said.current_a or (), strict=False):
        entity[f"intensity{phase}"] = value * multiplier if value >= 0.0 else None
    return entity


def _flows(store: Store, directory: Directory, now: datetime, zone: ZoneInfo) -> list[Entity | None]:
    """Each street's last whole quarter of an hour."""
    end_us = to_us(now) // QUARTER_US * QUARTER_US
    span = Span("15min", zone, np.array([end_us - QUARTER_US, end_us], dtype=np.int64))
    first, last = (format_time(from_us(one)) for one in (span.start_us, span.end_us))
    found: list[Entity | None] = []
    for site in directory.sites.values():
        sensors = directory.sensors_of(kinds=KINDS, site=site.id)
        if not sensors:
            continue
        rows = vehicle_rows(store, directory, sensors, span, speeds=False)
        if np.isnan(rows.n[0]):
            found.append(None)
            continue
        mean = float(rows.mean_kmh[0])
        found.append(
            {
                "id": _urn("TrafficFlowObserved", site.id),
                "type": "TrafficFlowObserved",
                "name": site.name,
                "location": _point(site.lat, site.lon),
                "dateObserved": f"{first}/{last}",
                "dateObservedFrom": first,
                "dateObservedTo": last,
                "intensity": float(rows.n[0]),
                "averageVehicleSpeed": None if np.isnan(mean) else round(mean, 1),
                "@context": [_TRAFFIC],
            }
        )
    return found
