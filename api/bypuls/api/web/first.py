"""The overview's list of what to do first, in the words of a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from bypuls.api.alarms.engine import LEASE
from bypuls.api.alarms.telling import subject_name
from bypuls.api.alarms.words import AlarmWords
from bypuls.api.alarms.work_list import REASONS
from bypuls.api.climate import against_road
from bypuls.api.context import ApiContext
from bypuls.api.directory import Directory
from bypuls.api.do_first import MOST, Todo, do_first
from bypuls.store.book import AlarmBook, AlarmFilter

_MOST_READ = 5000

Entries = Sequence[Mapping[str, Any]]


def first_told(
    context: ApiContext, directory: Directory, words: AlarmWords, crew: Callable[[], Entries],
    climate: Sequence[Mapping[str, Any]] | None,
) -> dict[str, Any]:  # fmt: skip
    """The list and what it rests on.

    crew : the crew's list.  climate : every target's view, the headline first; None while they are added up.
    first : at most five rows.  looked : whether somebody evaluates the alarms.  in_doubt : alarms without data.
    """
    book = AlarmBook(context.registry)
    _, found = book.listed(AlarmFilter(("open", "unknown")), limit=_MOST_READ)
    found = [one for one in found if one.part_of is None]
    open_now = [one for one in found if one.state == "open"]
    until_us = book.lease_until(LEASE)
    todo = do_first(open_now, crew(), climate[0] if climate else None)
    return {
        "first": [_row(one, directory, words) for one in todo[:MOST]],
        "looked": until_us is not None and until_us >= context.now_us(),
        "in_doubt": len(found) - len(open_now),
        "on_track": any(one["status"] == "on track" for one in (climate or ())[:1]),
        "adding_up": climate is None and bool(directory.targets),
        "first_words": words,
    }


def _row(todo: Todo, directory: Directory, words: AlarmWords) -> dict[str, Any]:
    row = {
        "severity": todo.severity, "cost": words.costs(todo.cost or {}), "more": todo.more, "target": None, "risks": [],
    }  # fmt: skip
    if todo.target is not None:
        emitted, allowed = against_road(todo.target)
        facts = {"year": todo.target["status_year"], "emitted_t": emitted, "allowed_t": allowed}
        text = words.seen("off-track", facts) if emitted is not None and allowed is not None else None
        return row | {"target": todo.target, "text": text, "link": _climate_link(todo.target), "more_link": "/climate"}
    if todo.entry is not None:
        row["risks"] = [words(REASONS[name]) for name in todo.entry["reasons"]]
    if todo.alarm is not None:
        alarm = todo.alarm
        return row | {
            "title": words.kind(alarm.kind), "name": subject_name(alarm, directory, words),
            "text": words.sentence(alarm), "link": f"/alarms/{alarm.id}",
            "more_link": f"/alarms?{urlencode({'domain': alarm.domain})}",
        }  # fmt: skip
    entry = todo.entry or {}
    return row | {
        "title": entry["title"], "name": entry["name"], "text": entry["text"], "link": "/lights", "more_link": "/lights"
    }  # fmt: skip


def _climate_link(target: Mapping[str, Any]) -> str:
    """Where one finds what is missing."""
    last = target["accounts"][-1] if target["accounts"] else None
    media = last["media"].values() if last is not None else ()
    if target["status"] == "insufficient data" and any(
        one["emitted_t"] is None and one["kwh"] is not None for one in media
    ):
        return "/factors"
    return f"/climate?{urlencode({'target': target['target']})}"
