"""Street lights, cabinets and traffic as NGSI-LD entities of the Smart Data Models, in the simplified form.

What isn't known has no attribute. Where the model asks for it, the entity is left out and counted: a silent lamp is not
`ok`. A lamp's state comes from where the pages have it, judged readings and open alarms, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.api.directory import Directory
from bypuls.api.latest import Latest, latest_of
from bypuls.api.lighting.cabinet_meters import main_meters, power_now
from bypuls.api.lighting.lamps_now import OUT, LampNow
from bypuls.api.lighting.night import FULL_PCT
from bypuls.api.lighting.town import Town, alarm_faults
from bypuls.api.periods import Span
from bypuls.api.vehicles import KINDS, vehicle_rows
from bypuls.store.protocol import Store
from bypuls.store.registry import Sensor
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
_SUPPLY = "supplyLoss"
_PHASES = "RST"


def status_of(faults: Collection[str]) -> str | None:
    """`ok` without a fault, else `defectiveLamp` or `brokenLantern`; None where the faults aren't the light's own."""
    if not faults:
        return "ok"
    if DEFECTIVE_LAMP.intersection(faults):
        return "defectiveLamp"
    return "brokenLantern" if BROKEN_LANTERN.intersection(faults) else None


def lamp_status(town: Town, lamp: str) -> str | None:
    """A lamp's `status` by its own diagnosis and its alarms; None where it isn't known.

    What a single reading lets suspect is no fault until its alarm is open, and nothing is `ok` while it is suspected:
    that asks for a diagnosis without a fault, or for a lamp that is seen burning at night."""
    now = town.lamps[lamp]
    said = _heard(town, now)
    if said is None:
        return None
    alarms = town.by_lamp.get(lamp, ())
    told = {name for one in alarms if one.state != "unknown" for name in alarm_faults(one)}
    if _SUPPLY in told:
        # It is dark since its feeder is.
        told.discard(OUT)
    found = {*now.said, *told}
    if found:
        return status_of(found)
    if now.inferred or alarms:
        return None
    burns = bool(now.lit) and now.sky is not None and now.sky.night
    return "ok" if burns or said.faults is not None else None


def _heard(town: Town, now: LampNow) -> Lamp | None:
    """What a lamp says; None where it is silent or nobody listens."""
    heard = town.latest.get(now.sensor.id) if now.sensor is not None else None
    return heard.current if heard is not None and isinstance(heard.current, Lamp) else None


def power_state(lit: bool | None, level_pct: float | None) -> str | None:
    """`off`, `on` or `low` (lit below full level); None where it isn't known. No reading tells `bootingUp`."""
    if lit is None:
        return None
    if not lit:
        return "off"
    return "low" if level_pct is not None and level_pct < FULL_PCT else "on"


def entities(
    kind: EntityType, store: Store, directory: Directory, now: datetime, zone: ZoneInfo, town: Callable[[], Town]
) -> tuple[list[Entity], int]:
    """All entities of a type by id, and how many were left out since something that the model asks for is unknown.

    town : the lights as they are, asked for where they are wanted."""
    made: Mapping[EntityType, Callable[[], list[Entity | None]]] = {
        "Streetlight": lambda: _streetlights(town(), zone),
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


def _streetlights(town: Town, zone: ZoneInfo) -> list[Entity | None]:
    found: list[Entity | None] = []
    for id, now in town.lamps.items():
        row = now.lamp
        said = _heard(town, now)
        place, status = _point(row.lat, row.lon), lamp_status(town, id)
        if place is None or status is None or said is None or said.t is None or now.sensor is None:
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
                "powerState": power_state(now.lit, said.level_pct),
                "illuminanceLevel": 0.0 if now.lit is False else level if level is None or level <= 1.0 else None,
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
                "refDevice": [_urn("Device", now.sensor.device)],
                "@context": [_LIGHTING],
            }
        )
    return found


def _first_moment(day: date | None, zone: ZoneInfo) -> str | None:
    return None if day is None else format_time(datetime(day.year, day.month, day.day, tzinfo=zone))


def _cabinets(store: Store, directory: Directory, now: datetime) -> list[Entity | None]:
    meters = {id: main_meters(directory, id, now) for id in directory.cabinets}
    latest = latest_of(store, [one for mine in meters.values() for one in mine], now)
    heard = {one.sensor.id: one for one in latest}
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
        entity |= _metered(meters[row.id], heard)
        found.append(entity | {"@context": [_LIGHTING]})
    return found


def _metered(meters: Sequence[Sensor], latest: Mapping[str, Latest]) -> Entity:
    """What a cabinet's meters say: kW and kWh, behind their transformers' ratios; phases as R, S, T. Of several meters
    only the power adds up."""

    def kilo(value: float | None) -> float | None:
        # The model knows no power below zero.
        return None if value is None or value < 0.0 else value / 1000.0

    power_w = power_now(meters, latest)
    devices = [_urn("Device", one) for one in sorted({one.device for one in meters})]
    if len(meters) != 1:
        return {} if power_w is None else {"totalActivePower": kilo(power_w), "refDevice": devices}
    said, multiplier = latest[meters[0].id].current, meters[0].multiplier
    if not isinstance(said, Meter):
        return {}
    entity: Entity = {
        "totalActivePower": kilo(power_w),
        "lastMeterReading": kilo(None if said.import_wh is None else said.import_wh * multiplier),
        "cosPhi": said.power_factor,
        "serialNumber": said.serial,
        "refDevice": devices,
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
