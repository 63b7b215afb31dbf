"""The computers at the edge: who speaks, who is silent, and what became of every reading that they sent."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import Response

from bypuls.api.context import ApiContext, the_context, the_directory
from bypuls.api.directory import Directory
from bypuls.api.latest import Latest, latest_of
from bypuls.api.parameters import Id
from bypuls.api.routes.registered import device_entries, known
from bypuls.api.web.pages import now_values, refused, render
from bypuls.api.web.period import Period, Picked, Shows, picked_of
from bypuls.store.book import HourLine
from bypuls.wire import from_us, to_us

router = APIRouter(include_in_schema=False)

Own = Literal["night", "day"]
DEVICES = Shows(None, longest=366, over=False)
NIGHT_FROM_H, NIGHT_TO_H = 18, 8
_HOUR = timedelta(hours=1)
_MOST_BARS = 15 * 24
_STRIP_PX = 24.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What the platform took over from one device within some hours.

    missing : numbers within its epochs that have not come by now; None = the ledger doesn't know the device.
    by_hour : received in each hour; None before the device was heard for the first time.
    quiet_h : whole hours without a reading.
    """

    device: str
    received: int
    stored: int
    duplicate: int
    refused: int
    missing: int | None
    waiting_letters: int
    by_hour: tuple[int | None, ...]
    quiet_h: int

    @property
    def heard(self) -> bool:
        """Whether any of the hours lies after the device was first heard."""
        return any(count is not None for count in self.by_hour)


def hours_of(own: Own, now: datetime, zone: ZoneInfo) -> list[datetime]:
    """The beginnings of the hours [UTC] of the last night (18 to 8 o'clock; while it lasts, of what is over of it), or
    of the last 24 hours, which end with the one that runs."""
    running = now.replace(minute=0, second=0, microsecond=0)
    if own == "day":
        return [running - number * _HOUR for number in reversed(range(24))]
    local = now.astimezone(zone)
    evening = local.date() - timedelta(days=0 if local.hour >= NIGHT_FROM_H else 1)
    morning = evening + timedelta(days=1)
    at = datetime(evening.year, evening.month, evening.day, NIGHT_FROM_H, tzinfo=zone).astimezone(now.tzinfo)
    end = datetime(morning.year, morning.month, morning.day, NIGHT_TO_H, tzinfo=zone).astimezone(now.tzinfo)
    return _hours(at, min(end, running + _HOUR))


def hours_in(period: Period, now: datetime, zone: ZoneInfo) -> list[datetime]:
    """The beginnings of the hours [UTC] of local days, up to the one that runs."""
    start, end = (at.replace(minute=0) for at in period.moments(zone))
    return _hours(start, min(end, now.replace(minute=0, second=0, microsecond=0) + _HOUR))


def _hours(start: datetime, end: datetime) -> list[datetime]:
    return [start + number * _HOUR for number in range(math.ceil((end - start) / _HOUR))]


def bars_of(
    by_hour: Sequence[int | None], hours: Sequence[datetime], zone: ZoneInfo
) -> list[tuple[datetime, int | None]]:
    """What is drawn: each hour, or each local day where there are too many hours. None = not heard yet."""
    if len(hours) <= _MOST_BARS:
        return list(zip(hours, by_hour, strict=True))
    days: dict[date, tuple[datetime, int | None]] = {}
    for hour, count in zip(hours, by_hour, strict=True):
        start, before = days.setdefault(hour.astimezone(zone).date(), (hour, None))
        days[hour.astimezone(zone).date()] = start, before if count is None else count + (before or 0)
    return list(days.values())


def taken_of(context: ApiContext, devices: list[str], hours: list[datetime]) -> list[Taken]:
    """What was taken over from each device within `hours`, in their order."""
    only = devices[0] if len(devices) == 1 else None
    end = hours[-1] + _HOUR
    lines: dict[str, list[HourLine]] = {device: [] for device in devices}
    for line in context.book.hours(only, start_us=to_us(hours[0]), end_us=to_us(end)):
        if line.device in lines:
            lines[line.device].append(line)
    missing, letters = context.book.missing_by_device(), context.book.waiting_letters_by_device()
    heard = {device: from_us(first_us) for device, first_us in context.book.first_heard_by_device().items()}
    now = context.clock()
    found = []
    for device, own in lines.items():
        received = Counter[datetime]()
        for line in own:
            received[from_us(line.hour_us)] += line.received
        since = heard.get(device, end)
        found.append(
            Taken(
                device,
                received=sum(line.received for line in own),
                stored=sum(line.stored for line in own),
                duplicate=sum(line.duplicate for line in own),
                refused=sum(line.refused for line in own),
                missing=missing.get(device),
                waiting_letters=letters.get(device, 0),
                by_hour=tuple(received[hour] if hour + _HOUR > since else None for hour in hours),
                quiet_h=sum(not received[hour] for hour in hours if since <= hour and hour + _HOUR <= now),
            )
        )
    return found


def strip(counts: Sequence[int | None]) -> list[dict[str, float | bool]]:
    """Hours or days as bars: places in per cent of the width, heights in pixels. One without a reading is marked, one
    from before the first reading ever is left out."""
    most, width = max((count or 1 for count in counts), default=1), 100.0 / len(counts)
    return [
        {
            "x": round(number * width, 3),
            "width": round(width * 0.8, 3),
            "height": round(max(_STRIP_PX * count / most, 1.0 if count else 3.0), 1),
            "quiet": not count,
        }
        for number, count in enumerate(counts)
        if count is not None
    ]


def _asked(context: ApiContext, picked: Picked) -> list[datetime]:
    """The hours of the page: those of its period, else its own."""
    now, zone = context.clock(), context.settings.zone
    return hours_of(_own(context), now, zone) if picked.period is None else hours_in(picked.period, now, zone)


def _own(context: ApiContext) -> Own:
    """The night; the last 24 hours where nothing was heard before it ended."""
    night = hours_of("night", context.clock(), context.settings.zone)
    first_us = min(context.book.first_heard_by_device().values(), default=None)
    return "day" if first_us is not None and first_us >= to_us(night[-1] + _HOUR) else "night"


def _asset(one: Latest, directory: Directory) -> tuple[str, str | None]:
    """What a sensor measures, by name, and its page."""
    kind, id = one.sensor.asset or (None, "")
    rows: dict[str | None, tuple[dict[str, Any], str | None]] = {
        "site": (directory.sites, "/sites/"),
        "building": (directory.buildings, "/buildings/"),
        "cabinet": (directory.cabinets, "/lights/cabinets/"),
        "lamp": (directory.lamps, "/lights/lamps/"),
    }
    known_rows, page = rows.get(kind, ({}, None))
    row = known_rows.get(id)
    return (row.name, f"{page}{id}") if row is not None else (id, None)


@router.get("/devices")
def devices(request: Request) -> Response:
    """Every device, the sensors that are silent, and what became of the readings of the last night."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    picked = picked_of(request, DEVICES)
    hours = _asked(context, picked)
    taken = taken_of(context, list(directory.devices), hours) if directory.devices else []
    values = now_values(request, context, directory)
    return render(
        request, "devices.html", picked.status, picked=picked, own=_own(context), taken=taken,
        strip=lambda one: strip([count for _, count in bars_of(one.by_hour, hours, context.settings.zone)]),
        hours=hours, by_day=len(hours) > _MOST_BARS, end=hours[-1] + _HOUR,
        names={row.id: row.name for row in directory.devices.values()},
        mute=[one for one in values["devices"] if one["state"] != "current"],
        waiting=context.book.waiting_letters(), **values,
    )  # fmt: skip


@router.get("/devices/{id}")
def device(request: Request, id: Id) -> Response:
    """One device: how it is, its sensors, and its ledger hour by hour."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    known("id", id, directory.devices)
    picked = picked_of(request, DEVICES)
    hours = _asked(context, picked)
    (taken,) = taken_of(context, [id], hours)
    own = [sensor for sensor in directory.sensors.values() if sensor.device == id and sensor.kind != "health"]
    latest = latest_of(context.store, own, context.clock())
    bars = bars_of(taken.by_hour, hours, context.settings.zone)
    return render(
        request, "device.html", picked.status, device=device_entries(context, directory, [id])[0], picked=picked,
        own=_own(context), taken=taken, bars=bars, strip=strip([count for _, count in bars]), hours=hours,
        by_day=len(hours) > _MOST_BARS, end=hours[-1] + _HOUR,
        epochs=context.book.epochs(id), reasons=context.book.waiting_reasons(id),
        sensors=[(one, *_asset(one, directory)) for one in latest], at=from_us,
    )  # fmt: skip
