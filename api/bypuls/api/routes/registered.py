"""What stands in the town and what measures it: sites, cabinets, lamps, buildings, sensors, devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.answers import answer
from bypuls.api.context import ApiContext, Context, Registered
from bypuls.api.directory import Directory, in_force
from bypuls.api.latest import Latest, latest_of
from bypuls.api.models import (
    BuildingModel,
    CabinetModel,
    DeviceModel,
    LampGroupModel,
    LampModel,
    Page,
    SensorModel,
    SiteModel,
)
from bypuls.api.parameters import Id, IdFilter, Kind, Limit, Offset
from bypuls.api.problems import not_found
from bypuls.store.registry import REGISTER_LIMITS, Sensor
from bypuls.wire import Health, format_time, from_us

router = APIRouter(prefix="/api/v1", tags=["registry"], dependencies=[Reader])


def page(request: Request, rows: Sequence[Any], limit: int, offset: int, entry: Callable[[Any], Any]) -> Response:
    """A part of a list as an answer."""
    items = [entry(row) for row in rows[offset : offset + limit]]
    return answer(request, {"total": len(rows), "limit": limit, "offset": offset, "items": items})


def known(field: str, value: str, rows: Mapping[str, Any]) -> Any:
    """The row with that id. Raises Problem (404)."""
    row = rows.get(value)
    if row is None:
        not_found(field, value, rows)
    return row


def _today(context: ApiContext) -> date:
    return context.clock().astimezone(context.settings.zone).date()


def _sensors_at(directory: Directory, kind: str, place: str) -> list[str]:
    return [sensor.id for sensor in directory.sensors.values() if getattr(sensor, kind) == place]


def _site(context: ApiContext, directory: Directory) -> Callable[[Any], dict[str, Any]]:
    def entry(site: Any) -> dict[str, Any]:
        names = ("id", "name", "kind", "road_class", "school_way", "lanes", "lat", "lon")
        limit = directory.limit_kmh(site.id, None, _today(context))
        return {name: getattr(site, name) for name in names} | {
            "limit_kmh": limit,
            "sensors": _sensors_at(directory, "site", site.id),
        }

    return entry


def _cabinet(directory: Directory) -> Callable[[Any], dict[str, Any]]:
    names = ("id", "name", "site", "lat", "lon", "lamp_count", "working_mode")
    return lambda row: (
        {name: getattr(row, name) for name in names} | {"sensors": _sensors_at(directory, "cabinet", row.id)}
    )


def _group(context: ApiContext, directory: Directory) -> Callable[[Any], dict[str, Any]]:
    names = ("id", "name", "cabinet", "site", "owner", "note")
    lamps = Counter(lamp.lamp_group for lamp in directory.lamps.values())
    dated = ("valid_from", "valid_to", "schedule")

    def entry(row: Any) -> dict[str, Any]:
        profiles = directory.dimming_profiles.get(row.id, [])
        return {name: getattr(row, name) for name in names} | {
            "lamps": lamps[row.id],
            "schedule": in_force(profiles, _today(context)),
            "profiles": [{name: getattr(one, name) for name in dated} for one in profiles],
        }

    return entry


def _lamp(context: ApiContext, directory: Directory) -> Callable[[Any], dict[str, Any]]:
    names = (
        "id", "name", "cabinet", "site", "lat", "lon", "watt", "lamp_type", "pole_height_m", "lighting_class",
        "road_class", "school_way", "cycle_path", "lamp_group", "installed", "street", "pole_type", "luminaires",
        "flux_lm", "note",
    )  # fmt: skip
    return lambda row: (
        {name: getattr(row, name) for name in names}
        | {
            "schedule": directory.schedule_of(row, _today(context)),
            "sensors": _sensors_at(directory, "lamp", row.id),
        }
    )


def _building(context: ApiContext, directory: Directory) -> Callable[[Any], dict[str, Any]]:
    names = ("id", "name", "use", "address", "lat", "lon", "built_year")
    return lambda row: (
        {name: getattr(row, name) for name in names}
        | {
            "heated_area_m2": directory.heated_area_m2(row.id, _today(context)),
            "sensors": _sensors_at(directory, "building", row.id),
        }
    )


def sensor_entry(sensor: Sensor) -> dict[str, Any]:
    """A sensor as answers tell it."""
    asset = sensor.asset
    names = (
        "id", "device", "kind", "name", "medium", "interval_s", "parent", "sign", "multiplier", *REGISTER_LIMITS,
        "serial",
    )  # fmt: skip
    return {name: getattr(sensor, name) for name in names} | {
        "asset_kind": asset[0] if asset else None,
        "asset": asset[1] if asset else None,
        "valid_from": format_time(sensor.valid_from) if sensor.valid_from else None,
        "valid_to": format_time(sensor.valid_to) if sensor.valid_to else None,
    }


def device_entries(context: ApiContext, directory: Directory, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Devices with their health, alarms and what their status message said."""
    probes = [
        directory.sensors.get(device) or Sensor(id=device, device=device, kind="health", name=device) for device in ids
    ]
    heard = {one.sensor.id: one for one in latest_of(context.store, probes, context.clock())}
    mute = {device for device, one in heard.items() if one.state == "never"}
    # Not every device tells its health (a replay, a foreign gateway): then its sensors' readings say when it spoke.
    others = [sensor for sensor in directory.sensors.values() if sensor.device in mute and sensor.kind != "health"]
    for one in latest_of(context.store, others, context.clock()) if others else ():
        before = heard[one.sensor.device]
        if one.age_s is not None and (before.age_s is None or one.age_s < before.age_s):
            heard[one.sensor.device] = one
    online = context.online() if context.online is not None else {}
    alarms: dict[str, list[dict[str, Any]]] = {}
    for row in context.book.alarms():
        alarms.setdefault(str(row["device"]), []).append(
            {
                "alarm": row["alarm"],
                "detail": row["detail"],
                "first_t": format_time(from_us(int(str(row["first_us"])))),
                "last_t": format_time(from_us(int(str(row["last_us"])))),
                "count": row["count"],
            }
        )
    return [_device(directory, device, heard[device], online.get(device), alarms.get(device, [])) for device in ids]


def _device(
    directory: Directory, device: str, latest: Latest, online: bool | None, alarms: list[dict[str, Any]]
) -> dict[str, Any]:
    row = directory.devices[device]
    reading = latest.reading if isinstance(latest.reading, Health) else None
    t, age_s = latest.reading.t if latest.reading is not None else None, latest.age_s
    if reading is None and t is not None and age_s is not None:
        # It may be a passing vehicle's moment, which isn't everybody's to know.
        t, age_s = t.replace(second=0, microsecond=0), round(age_s / 60.0) * 60.0
    # A silent device's last figures are history: its backlog has most likely grown.
    now = reading if latest.state == "current" else None
    return {
        "id": row.id,
        "name": row.name,
        "lat": row.lat,
        "lon": row.lon,
        "retired_at": format_time(row.retired_at) if row.retired_at else None,
        "online": online,
        "state": latest.state,
        "t": format_time(t) if t is not None else None,
        "age_s": age_s,
        "silent_after_s": latest.silent_after_s,
        "outbox_rows": now.outbox_rows if now else None,
        "outbox_oldest_s": now.outbox_oldest_s if now else None,
        "dropped": now.dropped if now else None,
        "clock_synced": now.clock_synced if now else None,
        "cpu_temp_c": now.cpu_temp_c if now else None,
        "disk_free_mb": now.disk_free_mb if now else None,
        "release": reading.version if reading else None,
        "failing": list(now.failing) if now and now.failing is not None else None,
        "sensors": sum(sensor.device == device for sensor in directory.sensors.values()),
        "alarms": alarms,
    }


@router.get("/sites", response_model=Page[SiteModel])
def sites(
    request: Request, context: Context, directory: Registered, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """Streets where something is measured, by id."""
    return page(request, list(directory.sites.values()), limit, offset, _site(context, directory))


@router.get("/sites/{id}", response_model=SiteModel)
def site(request: Request, context: Context, directory: Registered, id: Id) -> Response:
    """One street."""
    return answer(request, _site(context, directory)(known("id", id, directory.sites)))


@router.get("/cabinets", response_model=Page[CabinetModel])
def cabinets(request: Request, directory: Registered, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Lighting cabinets, by id."""
    return page(request, list(directory.cabinets.values()), limit, offset, _cabinet(directory))


@router.get("/cabinets/{id}", response_model=CabinetModel)
def cabinet(request: Request, directory: Registered, id: Id) -> Response:
    """One lighting cabinet."""
    return answer(request, _cabinet(directory)(known("id", id, directory.cabinets)))


@router.get("/lamps", response_model=Page[LampModel])
def lamps(
    request: Request,
    context: Context,
    directory: Registered,
    cabinet: IdFilter = None,
    site: IdFilter = None,
    group: IdFilter = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """Street lights, by id; of one cabinet, site or group where given."""
    rows = [
        row
        for row in directory.lamps.values()
        if cabinet in (None, row.cabinet) and site in (None, row.site) and group in (None, row.lamp_group)
    ]
    return page(request, rows, limit, offset, _lamp(context, directory))


@router.get("/lamps/{id}", response_model=LampModel)
def lamp(request: Request, context: Context, directory: Registered, id: Id) -> Response:
    """One street light."""
    return answer(request, _lamp(context, directory)(known("id", id, directory.lamps)))


@router.get("/lamp-groups", response_model=Page[LampGroupModel])
def lamp_groups(
    request: Request, context: Context, directory: Registered, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """Groups of street lights that are dimmed alike, by id."""
    return page(request, list(directory.lamp_groups.values()), limit, offset, _group(context, directory))


@router.get("/lamp-groups/{id}", response_model=LampGroupModel)
def lamp_group(request: Request, context: Context, directory: Registered, id: Id) -> Response:
    """One group of street lights."""
    return answer(request, _group(context, directory)(known("id", id, directory.lamp_groups)))


@router.get("/buildings", response_model=Page[BuildingModel])
def buildings(
    request: Request, context: Context, directory: Registered, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """Buildings whose energy is measured, by id."""
    return page(request, list(directory.buildings.values()), limit, offset, _building(context, directory))


@router.get("/buildings/{id}", response_model=BuildingModel)
def building(request: Request, context: Context, directory: Registered, id: Id) -> Response:
    """One building."""
    return answer(request, _building(context, directory)(known("id", id, directory.buildings)))


@router.get("/sensors", response_model=Page[SensorModel])
def sensors(
    request: Request,
    directory: Registered,
    kind: Kind = None,
    site: IdFilter = None,
    building: IdFilter = None,
    cabinet: IdFilter = None,
    device: IdFilter = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """Sources of readings, by id."""
    rows = matching(directory, kind=kind, site=site, building=building, cabinet=cabinet, device=device)
    return page(request, rows, limit, offset, sensor_entry)


def matching(directory: Directory, **wanted: str | None) -> list[Sensor]:
    """Sensors whose named attributes are as wanted; None = any."""
    asked = {name: value for name, value in wanted.items() if value is not None}
    return [row for row in directory.sensors.values() if all(getattr(row, name) == asked[name] for name in asked)]


@router.get("/sensors/{id}", response_model=SensorModel)
def sensor(request: Request, directory: Registered, id: Id) -> Response:
    """One source of readings."""
    return answer(request, sensor_entry(known("id", id, directory.sensors)))


@router.get("/devices", response_model=Page[DeviceModel])
def devices(
    request: Request, context: Context, directory: Registered, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """Computers at the edge and how they are, by id."""
    ids = list(directory.devices)[offset : offset + limit]
    items = device_entries(context, directory, ids)
    return answer(request, {"total": len(directory.devices), "limit": limit, "offset": offset, "items": items})


@router.get("/devices/{id}", response_model=DeviceModel)
def device(request: Request, context: Context, directory: Registered, id: Id) -> Response:
    """One computer at the edge and how it is."""
    known("id", id, directory.devices)
    return answer(request, device_entries(context, directory, [id])[0])


__all__ = ["device_entries", "known", "matching", "page", "router", "sensor_entry"]
