"""What was taken over and what was refused: ledger, dead letters, single readings."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bypuls.api.access import Caller, Reader, administering, reading, require
from bypuls.api.answers import answer
from bypuls.api.context import Context, Registered
from bypuls.api.models import Page
from bypuls.api.models_kept import LedgerModel, LetterModel, ReadingsModel
from bypuls.api.parameters import ID_PATTERN, From, IdFilter, Limit, Offset, To, Tz
from bypuls.api.periods import interval, local_text, zone_of
from bypuls.api.problems import Problem
from bypuls.api.routes.readings import SensorId
from bypuls.api.routes.registered import known
from bypuls.api.tables import table_of
from bypuls.store.book import DeadLetter
from bypuls.wire import Reading, format_time, from_us, to_us

router = APIRouter(prefix="/api/v1")

_DAY_US = 86_400_000_000
_HOURS_SHOWN = 7 * 24
_LONGEST_US = 31 * _DAY_US


@router.get(
    "/ledger", response_model=LedgerModel, tags=["ledger"], dependencies=[Reader],
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)  # fmt: skip
def ledger(
    request: Request,
    context: Context,
    device: Annotated[str | None, Query(pattern=ID_PATTERN, description="only this device")] = None,
    start: From = None,
    to: To = None,
    tz: Tz = None,
    limit: Limit = 1000,
    offset: Offset = 0,
    format: Annotated[Literal["json", "csv"], Query(description="JSON, or all hours as a table")] = "json",
    lang: Annotated[
        Literal["en", "da"], Query(description="of a table: `da` has semicolons and decimal commas")
    ] = "en",
) -> Response:
    """What became of every sequence number: per device and epoch, and per UTC hour of taking over (the last week by
    default). `missing` are numbers between an epoch's first and last that never came."""
    now_us = context.now_us()
    zone = zone_of(tz or context.settings.tz)
    default = (from_us(now_us - _HOURS_SHOWN * 3_600_000_000), from_us(now_us + 1))
    first, last = interval(start, to, zone, default=default)
    hours = context.book.hours(device, start_us=to_us(first), end_us=to_us(last))
    if format == "csv":
        counts = ("device", "epoch", "received", "stored", "duplicate", "refused")
        columns = {name: [getattr(line, name) for line in hours] for name in counts}
        body = table_of([local_text(line.hour_us, zone) for line in hours], columns, danish=lang == "da")
        headers = {"Content-Disposition": 'attachment; filename="ledger.csv"'}
        return answer(request, body, media_type="text/csv; charset=utf-8", headers=headers)
    names = ("device", "epoch", "first", "last", "received", "stored", "duplicate", "refused", "missing")
    return answer(
        request,
        {
            "epochs": [
                {name: getattr(line, name) for name in names}
                | {
                    "first_seen_t": format_time(from_us(line.first_seen_us)),
                    "last_seen_t": format_time(from_us(line.last_seen_us)),
                }
                for line in context.book.epochs(device)
            ],
            "hours_total": len(hours),
            "hours": [
                {
                    "device": line.device,
                    "epoch": line.epoch,
                    "hour": format_time(from_us(line.hour_us)),
                    "received": line.received,
                    "stored": line.stored,
                    "duplicate": line.duplicate,
                    "refused": line.refused,
                }
                for line in hours[offset : offset + limit]
            ],
        },
    )


@router.get("/dead-letters", response_model=Page[LetterModel], tags=["ledger"], dependencies=[Depends(administering)])
def dead_letters(
    request: Request,
    context: Context,
    device: IdFilter = None,
    readmitted: Annotated[bool, Query(description="those, too, that were stored after all")] = False,
    limit: Limit = 100,
) -> Response:
    """What was refused, newest first, with its bytes and the reason. Needs the scope admin."""
    found = context.book.dead_letters(device=device, readmitted=readmitted, newest=limit)
    items = [_letter(letter) for letter in found]
    return answer(
        request, {"total": max(context.book.waiting_letters(), len(items)), "limit": limit, "offset": 0, "items": items}
    )


def _letter(letter: DeadLetter) -> dict[str, Any]:
    try:
        text = letter.raw.decode()
    except UnicodeDecodeError:
        text = None
    return {
        "id": letter.id,
        "t": format_time(from_us(letter.t_us)),
        "device": letter.device,
        "epoch": letter.epoch,
        "seq": letter.seq,
        "reason": letter.reason.encode("utf-8", "backslashreplace").decode(),
        "text": text,
        "base64": base64.b64encode(letter.raw).decode(),
        "times": letter.times,
        "readmitted_t": format_time(from_us(letter.readmitted_us)) if letter.readmitted_us is not None else None,
    }


@router.get("/readings", response_model=ReadingsModel, tags=["readings"])
def readings(
    request: Request,
    context: Context,
    directory: Registered,
    caller: Annotated[Caller, Depends(reading)],
    sensor: SensorId,
    start: From = None,
    to: To = None,
    tz: Tz = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="at most so many readings")] = 1000,
) -> Response:
    """A sensor's single readings as they came (the last day by default, 31 days at most), rising in time; `next` is
    the `from` of what follows. Single passages need the scope export."""
    row = known("sensor", sensor, directory.sensors)
    if row.kind == "passage":
        require(caller, "export")
    zone = zone_of(tz or context.settings.tz)
    now = from_us(context.now_us() + 1)
    first, last = interval(start, to, zone, default=(from_us(to_us(now) - _DAY_US), now))
    if to_us(last) - to_us(first) > _LONGEST_US:
        raise Problem(
            422, "too-long", "The period is too long", faults=[("to", last.isoformat(), "at most 31 days after from")]
        )
    found = context.store.readings(row.kind, row.id, to_us(first), to_us(last))
    shown, rest = _whole_moments(found, limit)
    items = [{"t": format_time(one.t), **one.values()} for one in shown if one.t is not None]
    follows = rest[0].t if rest else None
    return answer(
        request,
        {
            "sensor": row.id,
            "kind": row.kind,
            "items": items,
            "next": format_time(follows) if follows is not None else None,
        },
    )


def _whole_moments(found: list[Reading], limit: int) -> tuple[list[Reading], list[Reading]]:
    """The first `limit` readings and the rest; readings of one moment stay together."""
    at = min(limit, len(found))
    while 0 < at < len(found) and found[at].t == found[at - 1].t:
        at += 1
    return found[:at], found[at:]
