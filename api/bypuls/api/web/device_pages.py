"""The computers at the edge: who speaks, who is silent, and what became of every reading that they sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import Response

from bypuls.api.context import ApiContext, the_context, the_directory
from bypuls.api.directory import Directory
from bypuls.api.latest import Latest, latest_of
from bypuls.api.parameters import Id
from bypuls.api.problems import Problem, bad_parameter
from bypuls.api.routes.registered import device_entries, known
from bypuls.api.web.pages import now_values, refused, render
from bypuls.store.book import HourLine
from bypuls.wire import from_us, to_us

router = APIRouter(include_in_schema=False)

Span = Literal["night", "day", "week"]
SPANS: tuple[Span, ...] = get_args(Span)
NIGHT_FROM_H, NIGHT_TO_H = 18, 8
_HOUR = timedelta(hours=1)
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


def hours_of(span: Span, now: datetime, zone: ZoneInfo) -> list[datetime]:
    """The beginnings of the hours [UTC] of the last night (18 to 8 o'clock; while it lasts, of what is over of it), of
    the last 24 hours or of the last seven days; the last two end with the hour that runs."""
    running = now.replace(minute=0, second=0, microsecond=0)
    if span != "night":
        count = 24 if span == "day" else 7 * 24
        return [running - number * _HOUR for number in reversed(range(count))]
    local = now.astimezone(zone)
    evening = local.date() - timedelta(days=0 if local.hour >= NIGHT_FROM_H else 1)
    morning = evening + timedelta(days=1)
    at = datetime(evening.year, evening.month, evening.day, NIGHT_FROM_H, tzinfo=zone).astimezone(now.tzinfo)
    end = datetime(morning.year, morning.month, morning.day, NIGHT_TO_H, tzinfo=zone).astimezone(now.tzinfo)
    found = []
    while at < min(end, running + _HOUR):
        found.append(at)
        at += _HOUR
    return found


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


def strip(by_hour: tuple[int | None, ...]) -> list[dict[str, float | bool]]:
    """Hours as bars: places in per cent of the width, heights in pixels. An hour without a reading is marked, one from
    before the first reading ever is left out."""
    most, width = max((count or 1 for count in by_hour), default=1), 100.0 / len(by_hour)
    return [
        {
            "x": round(number * width, 3),
            "width": round(width * 0.8, 3),
            "height": round(max(_STRIP_PX * count / most, 1.0 if count else 3.0), 1),
            "quiet": not count,
        }
        for number, count in enumerate(by_hour)
        if count is not None
    ]


def _span(request: Request, context: ApiContext) -> tuple[Span, str | None]:
    """The span that the address names; the night, and what is wrong, where it names another word."""
    asked = request.query_params.get("span")
    try:
        return (_usual(context) if asked is None else _named(asked)), None
    except Problem as problem:
        return "night", problem.detail


def _named(asked: str) -> Span:
    found = next((span for span in SPANS if span == asked), None)
    if found is None:
        bad_parameter("span", asked, "night, day or week")
    return found


def _usual(context: ApiContext) -> Span:
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
    span, error = _span(request, context)
    hours = hours_of(span, context.clock(), context.settings.zone)
    taken = taken_of(context, list(directory.devices), hours) if directory.devices else []
    values = now_values(request, context, directory)
    return render(
        request, "devices.html", span=span, spans=SPANS, error=error, taken=taken, strip=strip, hours=hours,
        end=hours[-1] + _HOUR, names={row.id: row.name for row in directory.devices.values()},
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
    span, error = _span(request, context)
    hours = hours_of(span, context.clock(), context.settings.zone)
    (taken,) = taken_of(context, [id], hours)
    own = [sensor for sensor in directory.sensors.values() if sensor.device == id and sensor.kind != "health"]
    latest = latest_of(context.store, own, context.clock())
    return render(
        request, "device.html", device=device_entries(context, directory, [id])[0], span=span, spans=SPANS,
        error=error, taken=taken, bars=strip(taken.by_hour), hours=hours, end=hours[-1] + _HOUR,
        epochs=context.book.epochs(id), reasons=context.book.waiting_reasons(id),
        sensors=[(one, *_asset(one, directory)) for one in latest], at=from_us,
    )  # fmt: skip
