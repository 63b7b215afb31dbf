"""An alarm as answers, pages and mails tell it."""

from __future__ import annotations

from typing import Any

from bypuls.api.alarms.words import AlarmWords
from bypuls.api.context import ApiContext
from bypuls.api.directory import Directory
from bypuls.store.book import Alarm, AlarmBook, AlarmEvent, AlarmFilter
from bypuls.store.registry import ALARM_KINDS
from bypuls.wire import format_time, from_us

_MOST_COUNTED, _UNKNOWN_DKK = 5000, 10.0
_WEIGHTS = {"critical": 1000.0, "major": 100.0, "minor": 10.0, "warning": 1.0}


def urgency(alarm: Alarm) -> float:
    """What should be done first: severity × cost. Each severity weighs ten times the next one; an unknown cost counts
    as ten kroner a day: what nobody can price is not for free."""
    return weight(alarm.severity, alarm.cost.get("dkk_per_day"))


def weight(severity: str, dkk_per_day: float | None) -> float:
    """The urgency of whatever has this severity and cost; None = unknown."""
    return _WEIGHTS.get(severity, 1.0) * max(1.0, dkk_per_day if dkk_per_day is not None else _UNKNOWN_DKK)


def by_urgency(alarms: list[Alarm]) -> list[Alarm]:
    """The most urgent first; of equal ones the older."""
    return sorted(alarms, key=lambda one: (-urgency(one), one.opened_us, one.id))


def name_of(directory: Directory, kind: str | None, id: str | None) -> str:
    """The name of a thing of the registry; its id where it is no longer there."""
    rows: dict[str, Any] = {
        "sensor": directory.sensors, "device": directory.devices, "site": directory.sites,
        "building": directory.buildings, "cabinet": directory.cabinets, "lamp": directory.lamps,
        "target": directory.targets,
    }  # fmt: skip
    row = rows.get(kind or "", {}).get(id)
    return str(row.name) if row is not None else (id or "")


def moment(us: int | None) -> str | None:
    """A moment for machines."""
    return None if us is None else format_time(from_us(us))


def entry(alarm: Alarm, directory: Directory, words: AlarmWords) -> dict[str, Any]:
    """An alarm for machines, with the texts of one language."""
    names = ("id", "kind", "domain", "severity", "state", "subject_kind", "subject", "place_kind", "place", "device",
             "rule", "owner", "acknowledged_by", "reopened", "part_of")  # fmt: skip
    return {name: getattr(alarm, name) for name in names} | {
        "title": words.kind(alarm.kind),
        "subject_name": subject_name(alarm, directory, words),
        "place_name": name_of(directory, alarm.place_kind, alarm.place) or None,
        "text": words.sentence(alarm),
        "since": moment(alarm.since_us),
        "began": moment(alarm.began_us),
        "beginning_seen": alarm.beginning_seen,
        "opened": moment(alarm.opened_us),
        "closed": moment(alarm.closed_us),
        "closable": closable(alarm),
        "urgency": urgency(alarm),
        "facts": dict(alarm.facts),
        "cost": {
            **{name: alarm.cost.get(name) for name in
               ("kwh_per_day", "kg_co2_per_day", "dkk_per_day", "vehicles_per_day")},
            "how": words.how(alarm.cost) or None,
            "basis": alarm.cost.get("basis") or {},
        },
    }  # fmt: skip


def subject_name(alarm: Alarm, directory: Directory, words: AlarmWords) -> str:
    """What an alarm is about, by its name."""
    if alarm.subject_kind == "platform":
        return words("The platform")
    return name_of(directory, alarm.subject_kind, alarm.subject)


def closable(alarm: Alarm) -> bool:
    """Whether a person may close it now."""
    if alarm.state == "closed":
        return False
    kind = ALARM_KINDS.get(alarm.kind)
    return alarm.state == "unknown" or kind is None or kind.closable


def event_entry(event: AlarmEvent, words: AlarmWords) -> dict[str, Any]:
    """A step of the history."""
    return {
        "t": moment(event.t_us),
        "action": event.action,
        "title": words.word(event.action),
        "before": event.before,
        "after": event.after,
        "actor": event.actor,
        "note": event.note,
        "facts": dict(event.facts),
    }


def alarm_badge(context: ApiContext) -> dict[str, int]:
    """What the overview says of alarms: how many are open, those under others left out, and how many are critical."""
    _, found = AlarmBook(context.registry).listed(AlarmFilter(("open",)), limit=_MOST_COUNTED)
    found = [one for one in found if one.part_of is None]
    return {"open": len(found), "critical": sum(one.severity == "critical" for one in found)}
