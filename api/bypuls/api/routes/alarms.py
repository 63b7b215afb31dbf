"""Alarms: what is wrong, since when, what it costs, and what a person does about it."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from bypuls.analysis.errors import NotAllowedNow
from bypuls.api.access import Caller, Reader, needing
from bypuls.api.alarms.handling import Handling
from bypuls.api.alarms.notices import Channels
from bypuls.api.alarms.telling import by_urgency, entry, event_entry, moment
from bypuls.api.alarms.words import AlarmWords
from bypuls.api.answers import answer
from bypuls.api.context import ApiContext, Context, Registered
from bypuls.api.directory import Directory
from bypuls.api.models import Page
from bypuls.api.models_alarms import AlarmDetailModel, AlarmModel, NoteModel, OptionalNoteModel
from bypuls.api.parameters import IdFilter, Limit, Offset, Tz
from bypuls.api.periods import moment as moment_of
from bypuls.api.periods import zone_of
from bypuls.api.problems import Problem, bad_parameter
from bypuls.store.book import Alarm, AlarmBook, AlarmFilter, Notice
from bypuls.wire import to_us

router = APIRouter(prefix="/api/v1", tags=["alarms"])

_MOST_SORTED = 5000

State = Literal["open", "acknowledged", "unknown", "closed"]
Domain = Literal["platform", "energy", "traffic", "lighting", "climate"]
AlarmId = Annotated[int, Path(ge=1, le=2**62, description="an alarm's number", examples=[17])]
Lang = Annotated[Literal["da", "en"], Query(description="language of the texts")]
writing = needing("write")
Writer = Annotated[Caller, Depends(writing)]


@router.get("/alarms", response_model=Page[AlarmModel], dependencies=[Reader])
def alarms(
    request: Request,
    context: Context,
    directory: Registered,
    state: Annotated[
        list[State] | None, Query(description="only in these states (may be given several times); all without")
    ] = None,
    domain: Annotated[Domain | None, Query(description="only of this domain")] = None,
    kind: Annotated[str | None, Query(pattern="^[a-zA-Z][a-zA-Z0-9-]{0,62}$", description="only of this kind")] = None,
    severity: Annotated[
        Literal["critical", "major", "minor", "warning"] | None, Query(description="only of this severity")
    ] = None,
    place: IdFilter = None,
    since: Annotated[
        str | None,
        Query(max_length=40, description="opened or changed at or after: a local day, or a time with its offset",
              examples=["2026-11-01"]),
    ] = None,
    order: Annotated[
        Literal["changed", "urgency"],
        Query(description="changed: what changed last first; urgency: severity × cost, of at most 5000 alarms"),
    ] = "changed",
    lang: Lang = "en",
    tz: Tz = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:  # fmt: skip
    """Alarms. `place` is a building, site, cabinet, device or sensor. Those with `part_of` are said by another one
    already."""
    zone = zone_of(tz or context.settings.tz)
    since_us = None if since is None else to_us(moment_of("since", since, zone))
    wanted = AlarmFilter(tuple(state or ()), domain, kind, severity, place, since_us)
    book = AlarmBook(context.registry)
    if order == "urgency":
        total, found = book.listed(wanted, limit=_MOST_SORTED)
        found = by_urgency(found)[offset : offset + limit]
    else:
        total, found = book.listed(wanted, limit=limit, offset=offset)
    words = AlarmWords(lang, zone)
    items = [entry(one, directory, words) for one in found]
    return answer(request, {"total": total, "limit": limit, "offset": offset, "items": items})


@router.get("/alarms/{id}", response_model=AlarmDetailModel, dependencies=[Reader])
def alarm(
    request: Request, context: Context, directory: Registered, id: AlarmId, lang: Lang = "en", tz: Tz = None
) -> Response:
    """One alarm with its history, what was told of it, and the alarms shown under it."""
    found = AlarmBook(context.registry).alarm(id)
    if found is None:
        raise _no_such(id)
    return answer(request, detail(context, directory, found, AlarmWords(lang, zone_of(tz or context.settings.tz))))


@router.post("/alarms/{id}/acknowledge", response_model=AlarmDetailModel)
def acknowledge(
    request: Request, context: Context, directory: Registered, caller: Writer, id: AlarmId,
    body: OptionalNoteModel | None = None,
) -> Response:  # fmt: skip
    """Takes an alarm on: it is being looked after. Needs the scope write; 409 where there is nothing to take on."""
    note = body.note if body is not None else None
    return _done(request, context, directory, lambda handling: handling.acknowledge(id, caller.who, plain(note)), id)


@router.post("/alarms/{id}/close", response_model=AlarmDetailModel)
def close(
    request: Request, context: Context, directory: Registered, caller: Writer, id: AlarmId, body: NoteModel
) -> Response:
    """Ends an alarm that tells of an event (a copied card, a meter that started anew), or one whose data are gone. All
    others end by themselves when their condition is seen gone. Needs the scope write; 409 where a person may not."""
    return _done(
        request, context, directory, lambda handling: handling.close(id, caller.who, plain(body.note) or ""), id
    )


@router.post("/alarms/{id}/notes", response_model=AlarmDetailModel)
def note(
    request: Request, context: Context, directory: Registered, caller: Writer, id: AlarmId, body: NoteModel
) -> Response:
    """Adds a note to an alarm's history. Needs the scope write."""
    return _done(
        request, context, directory, lambda handling: handling.note(id, caller.who, plain(body.note) or ""), id
    )


def detail(context: ApiContext, directory: Directory, found: Alarm, words: AlarmWords) -> dict[str, Any]:
    """An alarm with all that is known of it."""
    book = AlarmBook(context.registry)
    _, living = book.listed(AlarmFilter(("open", "acknowledged", "unknown")))
    return entry(found, directory, words) | {
        "events": [event_entry(one, words) for one in book.events(found.id)],
        "notices": [_notice(one) for one in book.notices(found.id)],
        "members": [one.id for one in living if one.part_of == found.id],
    }


def handling_of(context: ApiContext) -> Handling:
    """People's words on the alarms of the context's registry."""
    return Handling(
        context.registry, AlarmBook(context.registry), Channels(webhooks=context.settings.alarm_webhooks)
    )  # fmt: skip


def plain(note: str | None) -> str | None:
    """A note without surrounding blanks; None for none.  Raises Problem (422) for control characters."""
    text = (note or "").replace("\r\n", "\n").strip()
    if any(unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\t" for one in text):
        bad_parameter("note", note, "plain text without control characters")
    if note is not None and not text:
        bad_parameter("note", note, "some words")
    return text or None


def _done(request: Request, context: ApiContext, directory: Directory, deed: Any, id: int) -> Response:
    try:
        found = deed(handling_of(context))
    except NotAllowedNow as error:
        raise Problem(409, "not-allowed-now", "The alarm's state doesn't allow it", str(error)) from error
    if found is None:
        raise _no_such(id)
    return answer(request, detail(context, directory, found, AlarmWords("en", context.settings.zone)))


def _no_such(id: int) -> Problem:
    return Problem(404, "not-found", "There is no such thing", faults=[("id", id, "the number of an alarm")])


def _notice(one: Notice) -> dict[str, Any]:
    names = ("key", "channel", "target", "state", "attempts", "detail")
    return {name: getattr(one, name) for name in names} | {"next": moment(one.next_us)}


__all__ = ["detail", "handling_of", "plain", "router"]
