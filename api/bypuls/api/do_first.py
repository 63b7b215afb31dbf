"""What to do first, over all domains: open alarms, the crew's list, and what keeps the climate target off its road.

All are weighed alike, by `alarms.telling.weight`: severity × kroner a day, an unknown cost counting as ten kroner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bypuls.api.alarms.telling import weight
from bypuls.api.climate import against_road
from bypuls.store.book import Alarm

MOST = 5
RISKY = frozenset({"dark-stretch", "school-way"})
"""A light that is out there counts as of the next higher severity."""
_STEP = 10.0
_DAYS_A_YEAR = 365.25
_TARGET_SEVERITY = {"off track": "major", "insufficient data": "major", "at risk": "minor"}
"""As the alarm of a target off track; a target that can't be judged can't be steered for either."""


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do, out of one of three sources.

    alarm, entry : an alarm, with its entry of the crew's list where that knows a risk; or a citizen's report alone.
    target : the view of a target that no alarm speaks of.  cost : what it costs a day, as an alarm's.
    more : further things of its kind that are less urgent.
    """

    kind: str
    severity: str
    urgency: float
    alarm: Alarm | None = None
    entry: Mapping[str, Any] | None = None
    target: Mapping[str, Any] | None = None
    cost: Mapping[str, Any] | None = None
    more: int = 0


def do_first(
    alarms: Sequence[Alarm], crew: Sequence[Mapping[str, Any]], target: Mapping[str, Any] | None
) -> list[Todo]:
    """All that is open, the most urgent first; of each kind the most urgent alone.

    alarms : the open ones.  crew : entries of the crew's list.  target : the headline target's view, where it is known.
    """
    entries = {one["alarm"]: one for one in crew if one["alarm"] is not None}
    found = [_of_alarm(one, entries.get(one.id)) for one in alarms if one.part_of is None]
    found += [_of_report(one) for one in crew if one["alarm"] is None and one["state"] == "open"]
    if target is not None and not any(one.kind == "off-track" and one.subject == target["target"] for one in alarms):
        found += _of_target(target)
    found.sort(key=lambda one: (-one.urgency, one.alarm.opened_us if one.alarm is not None else 0))
    of_kind = Counter(one.kind for one in found)
    first = {one.kind: one for one in reversed(found)}
    return [replace(one, more=of_kind[one.kind] - 1) for one in found if first[one.kind] is one]


def _of_alarm(alarm: Alarm, entry: Mapping[str, Any] | None) -> Todo:
    step = _STEP if entry is not None and entry["risk"] and RISKY & set(entry["reasons"]) else 1.0
    urgency = step * weight(alarm.severity, alarm.cost.get("dkk_per_day"))
    return Todo(alarm.kind, alarm.severity, urgency, alarm=alarm, entry=entry, cost=alarm.cost)


def _of_report(entry: Mapping[str, Any]) -> Todo:
    step = _STEP if RISKY & set(entry["reasons"]) else 1.0
    return Todo(entry["kind"], entry["severity"], step * weight(entry["severity"], None), entry=entry)


def _of_target(target: Mapping[str, Any]) -> list[Todo]:
    severity = _TARGET_SEVERITY.get(target["status"])
    if severity is None:
        return []
    emitted, allowed = against_road(target)
    above_kg = None
    if emitted is not None and allowed is not None and emitted > allowed:
        above_kg = (emitted - allowed) * 1000.0 / _DAYS_A_YEAR
    cost = {"kg_co2_per_day": above_kg}
    return [Todo("target", severity, weight(severity, None), target=target, cost=cost)]
