"""The page of alarms: what to do first, each alarm with its history, and a person's word on it."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from bypuls.analysis.alarms import STATES
from bypuls.analysis.errors import NotAllowedNow
from bypuls.api import access
from bypuls.api.alarms.handling import LONGEST_NOTE
from bypuls.api.alarms.telling import by_urgency, closable, name_of, subject_name
from bypuls.api.alarms.words import AlarmWords
from bypuls.api.context import the_context, the_directory
from bypuls.api.directory import Directory
from bypuls.api.problems import Problem, bad_parameter
from bypuls.api.routes.alarms import handling_of, plain
from bypuls.api.web.language import language_of
from bypuls.api.web.pages import refused, render
from bypuls.store.book import Alarm, AlarmBook, AlarmFilter
from bypuls.store.registry import ALARM_KINDS, keys

router = APIRouter(include_in_schema=False)

_LIVING = ("open", "acknowledged", "unknown")
DOMAINS = ("energy", "lighting", "traffic", "climate", "platform")
_MOST_SHOWN = 200
_MOST_LIVING = 5000


@router.get("/alarms")
def alarms(request: Request) -> Response:
    """Alarms of one state, the most urgent first; closed ones by when they closed."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    query = request.query_params
    state = query.get("state") if query.get("state") in STATES else "open"
    domain = query.get("domain") if query.get("domain") in DOMAINS else None
    book = AlarmBook(context.registry)
    _, living = book.listed(AlarmFilter(_LIVING, domain), limit=_MOST_LIVING)
    counts = Counter(one.state for one in living if one.part_of is None)
    counts["closed"] = sum(n for was, of, _, n in book.counts() if was == "closed" and domain in (None, of))
    limit = _MOST_SHOWN if state == "closed" else _MOST_LIVING
    total, found = book.listed(AlarmFilter((str(state),), domain), limit=limit)
    if state != "closed":
        found = by_urgency(found)
    under = Counter(one.part_of for one in found if one.part_of is not None)
    shown = [one for one in found if one.part_of is None]
    words = AlarmWords(language_of(request), context.settings.zone)
    return render(
        request, "alarms.html", state=state, domain=domain, domains=DOMAINS, counts=counts, total=total,
        alarms=[_told(one, directory, words) | {"under": under[one.id]} for one in shown[:_MOST_SHOWN]],
        hidden=max(0, len(shown) - _MOST_SHOWN) if state != "closed" else total - len(shown),
        rules=bool(context.registry.alarm_rules()), words=words, address=_address,
    )  # fmt: skip


@router.get("/alarms/{id}")
def alarm(request: Request, id: int = Path(ge=1, le=2**62)) -> Response:
    """One alarm: what was seen, what it costs and how that is known, its history, and what can be done."""
    away = refused(request)
    if away is not None:
        return away
    return _page(request, id)


def _page(request: Request, id: int, status: int = 200, error: str | None = None, note: str = "") -> Response:
    context, directory = the_context(request), the_directory(request)
    book = AlarmBook(context.registry)
    found = book.alarm(id)
    if found is None:
        raise Problem(404, "not-found", "There is no such thing", faults=[("id", id, "the number of an alarm")])
    words = AlarmWords(language_of(request), context.settings.zone)
    _, living = book.listed(AlarmFilter(_LIVING), limit=_MOST_LIVING)
    owner = next((one for one in context.registry.alarm_owners() if one.id == found.owner), None)
    names = {key.id: key.name for key in keys(context.registry)}
    return render(
        request, "alarm.html", status, alarm=_told(found, directory, words), words=words, owner=owner, error=error,
        note=note, longest=LONGEST_NOTE, may_write=access.form_caller(request, context).may("write"),
        events=book.events(id), notices=book.notices(id), who=lambda actor: names.get(actor) or words.word(actor),
        members=[_told(one, directory, words) for one in living if one.part_of == id],
        silent=[name_of(directory, _kind_of(one, directory), one) for one in found.facts.get("members", ())[:50]],
    )  # fmt: skip


@router.post("/alarms/{id}")
async def handle(request: Request, id: int = Path(ge=1, le=2**62)) -> Response:
    """Acknowledges, closes or notes, as the form says; only from this page itself."""
    caller = await run_in_threadpool(access.form_filler, request)
    fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10, keep_blank_values=True)
    deed, note = fields.get("deed", [""])[0], fields.get("note", [""])[0]
    return await run_in_threadpool(_handled, request, id, caller.who, deed, note)


def _handled(request: Request, id: int, who: str, deed: str, note: str) -> Response:
    handling = handling_of(the_context(request))
    try:
        words = plain(note) if note.strip() else None
        if words is not None and len(words) > LONGEST_NOTE:
            raise Problem(
                422, "bad-parameter", "A note is too long", f"note: expected at most {LONGEST_NOTE} characters"
            )
        if deed == "acknowledge":
            found = handling.acknowledge(id, who, words)
        elif deed in ("close", "note") and words is None:
            return _page(request, id, 422, error="note")
        elif deed == "close":
            found = handling.close(id, who, words or "")
        elif deed == "note":
            found = handling.note(id, who, words or "")
        else:
            bad_parameter("deed", deed, "acknowledge, close or note")
    except NotAllowedNow:
        return _page(request, id, 409, error="state", note=note)
    if found is None:
        raise Problem(404, "not-found", "There is no such thing", faults=[("id", id, "the number of an alarm")])
    return RedirectResponse(f"/alarms/{id}", 303)


def _told(one: Alarm, directory: Directory, words: AlarmWords) -> dict[str, Any]:
    return {
        "row": one,
        "title": words.kind(one.kind),
        "name": subject_name(one, directory, words),
        "place": name_of(directory, one.place_kind, one.place),
        "place_link": _link(one, directory),
        "text": words.sentence(one),
        "cost": words.costs(one.cost),
        "how": words.how(one.cost),
        "closable": closable(one),
        "event_like": one.kind in ALARM_KINDS and ALARM_KINDS[one.kind].closable,
    }


def _link(one: Alarm, directory: Directory) -> str | None:
    """The page where one sees more of it."""
    if one.place_kind == "building" and one.place in directory.buildings:
        return f"/buildings/{one.place}"
    if one.place_kind == "site" and one.place in directory.sites:
        return f"/sites/{one.place}"
    return "/climate" if one.domain == "climate" else None


def _kind_of(id: str, directory: Directory) -> str:
    return "sensor" if id in directory.sensors else "device"


def _address(**chosen: str | None) -> str:
    return "?" + urlencode({name: value for name, value in chosen.items() if value is not None})
