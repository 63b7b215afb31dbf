"""What a round's findings make of the alarms, written within one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

from bypuls.analysis.alarms import Change, Watch, step, withdraw
from bypuls.api.alarms.finding import Finding, Key, Subject
from bypuls.api.alarms.notices import Channels, announce
from bypuls.api.alarms.rulebook import Applied, RuleBook
from bypuls.api.alarms.scene import Scene
from bypuls.store.book import Alarm, AlarmChanges, WatchRow
from bypuls.store.registry import ALARM_KINDS

Found: TypeAlias = Mapping[str, Mapping[str, tuple[Finding, Subject, Applied]]]
"""By kind and subject: what was found, about what, by which rule."""

EVALUATOR = "evaluator"
REGISTRY = "registry"
_MOST_MEMBERS = 200


@dataclass(frozen=True, slots=True)
class _Case:
    """One condition in this round."""

    key: Key
    finding: Finding
    subject: Subject
    applied: Applied


class Keeping:
    """One round's writing."""

    def __init__(self, changes: AlarmChanges, rules: RuleBook, scene: Scene, channels: Channels) -> None:
        self._changes, self._rules, self._scene, self._channels = changes, rules, scene, channels
        self._now_us = scene.now_us
        self._rows = changes.watches()
        self._living = changes.living()
        self._actions: Counter[str] = Counter()

    def keep(self, found: Found) -> Mapping[str, int]:
        """Writes it; actions with how often."""
        cases = [
            _Case((kind, id), finding, subject, applied)
            for kind, of_kind in found.items()
            for id, (finding, subject, applied) in of_kind.items()
        ]
        present = {case.key for case in cases if case.finding.seen == "present"}
        # What isn't looked at in this round is as it was.
        present |= {key for key, row in self._rows.items() if key[0] not in found and watch_of(row).lives}
        outer = {
            case.key: _outermost(case.finding.within, found, present)
            for case in cases
            if case.finding.seen == "present" and case.finding.within is not None and case.finding.within in present
        }
        members: dict[Key, list[str]] = {}
        for key, parent in outer.items():
            members.setdefault(parent, []).append(key[1])
        for case in cases:
            self._look(case, members.get(case.key), covered=case.key in outer)
        self._watch(cases, found)
        self._withdraw_unasked(found)
        for case in cases:
            self._fold(case, outer.get(case.key))
        return dict(self._actions)

    def _watch(self, cases: list[_Case], found: Found) -> None:
        """Notes what is seen absent for the first time: its beginning will be seen. What a round that is lost wrote is
        read again in the next one: the memory holds what was read alone."""
        held = self._scene.memory.wells
        new = {case.key for case in cases if case.finding.seen == "absent"} - held
        if new:
            held |= self._changes.wells()
            self._changes.keep_wells(new - held, self._now_us)
        gone = {key for key in held if key[0] in found and key[1] not in found[key[0]]}
        self._changes.forget_wells(gone)
        held -= gone

    def _look(self, case: _Case, members: list[str] | None, *, covered: bool) -> None:
        row = self._rows.get(case.key, WatchRow(*case.key))
        watch, change = step(watch_of(row), case.finding.look(covered=covered), self._now_us, case.applied.timing)
        facts = dict(case.finding.facts)
        if members:
            facts |= {"members": sorted(members)[:_MOST_MEMBERS], "members_n": len(members)}
        kept = row_of(row, watch)
        if change is not None and change.action == "opened":
            kept = replace(kept, alarm=self._open(case, row, facts))
        if kept != row:
            self._changes.remember(kept)
            self._rows[case.key] = kept
        if kept.alarm is None:
            return
        if change is not None:
            self._record(kept.alarm, change, case, kept, facts)
        elif watch.lives and case.finding.seen == "present":
            self._renew(kept.alarm, case, facts)

    def _open(self, case: _Case, row: WatchRow, facts: Mapping[str, Any]) -> int:
        kind = ALARM_KINDS[case.key[0]]
        place = case.subject.place
        known = [at for at in (case.finding.since_us, row.present_since_us, self._now_us) if at is not None]
        return self._changes.add(
            Alarm(
                id=0,
                kind=case.key[0],
                domain=kind.domain,
                subject_kind=case.subject.kind,
                subject=case.subject.id,
                place_kind=place[0] if place else None,
                place=place[1] if place else None,
                device=case.subject.places.get("device"),
                **self._standing(case),
                state="open",
                since_us=self._now_us,
                began_us=min(known),
                opened_us=self._now_us,
                facts=facts,
                cost=case.finding.cost.told(),
                well_us=self._changes.well_since(*case.key),
            )
        )

    def _standing(self, case: _Case) -> dict[str, Any]:
        """What the rule says of an alarm."""
        domain = ALARM_KINDS[case.key[0]].domain
        owner = self._rules.owner_of(case.applied, domain, case.subject)
        return {"rule": case.applied.rule, "severity": case.applied.severity, "owner": owner}

    def _record(self, alarm: int, change: Change, case: _Case, row: WatchRow, facts: Mapping[str, Any]) -> None:
        """A step of the history, and who is to be told of it."""
        values: dict[str, Any] = {"state": change.after, "since_us": self._now_us, "reopened": row.reopened}
        if change.after == "closed":
            values["closed_us"] = self._now_us
        elif change.action == "reopened":
            values |= {"closed_us": None, **self._standing(case)}
        if case.finding.seen == "present":
            values |= {"facts": facts, "cost": case.finding.cost.told()}
        if change.action != "opened":
            self._changes.change(alarm, **values)
        evidence = {"evidence_us": case.finding.evidence_us} if case.finding.evidence_us is not None else {}
        event = self._changes.note(
            alarm, self._now_us, change.action, change.before if change.action != "opened" else None, change.after,
            actor=EVALUATOR, facts={**case.finding.facts, **evidence},
        )  # fmt: skip
        self._actions[change.action] += 1
        kept = self._changes.alarm(alarm)
        if kept is not None:
            announce(
                self._changes, self._channels, self._rules.owners.get(kept.owner or ""), kept, event, change.action,
                case.applied.quiet_hours, self._now_us, self._scene.zone,
            )  # fmt: skip

    def _renew(self, alarm: int, case: _Case, facts: Mapping[str, Any]) -> None:
        """Newer figures of an alarm that goes on."""
        before = self._living.get(alarm)
        if before is None:
            return
        values = {"facts": facts, "cost": case.finding.cost.told(), **self._standing(case)}
        if any(getattr(before, name) != value for name, value in values.items()):
            self._changes.change(alarm, **values)

    def _fold(self, case: _Case, outer: Key | None) -> None:
        """An alarm that another one says already is shown under that one, while both live."""
        row = self._rows.get(case.key)
        before = self._living.get(row.alarm) if row is not None and row.alarm is not None else None
        if before is None:
            return
        parent = self._rows.get(outer) if outer is not None else None
        under = parent.alarm if parent is not None and watch_of(parent).lives else None
        if before.part_of != under:
            self._changes.change(before.id, part_of=under)

    def _withdraw_unasked(self, found: Found) -> None:
        """Alarms that no rule asks for any more: switched off, or what they speak of isn't registered now."""
        for key, row in list(self._rows.items()):
            if key[0] not in found or key[1] in found[key[0]]:
                continue
            if not watch_of(row).lives or row.alarm is None:
                self._changes.remember(replace(row, state=None, present_since_us=None))
                continue
            watch, change = withdraw(watch_of(row), self._now_us)
            assert change is not None
            self._changes.remember(row_of(row, watch))
            self._changes.change(row.alarm, state="closed", since_us=self._now_us, closed_us=self._now_us, part_of=None)
            self._changes.note(
                row.alarm, self._now_us, change.action, change.before, change.after, actor=REGISTRY
            )  # fmt: skip
            self._actions[change.action] += 1


def _outermost(key: Key, found: Found, present: set[Key]) -> Key:
    """The alarm under which all is shown: that of the device, or, where nobody speaks, that of the platform."""
    seen = {key}
    while True:
        case = found.get(key[0], {}).get(key[1])
        if case is None or case[0].within is None or case[0].within not in present or case[0].within in seen:
            return key
        key = case[0].within
        seen.add(key)


def watch_of(row: WatchRow) -> Watch:
    """A kept row as the machine takes it."""
    return Watch(**{name: value for name, value in asdict(row).items() if name not in ("kind", "subject", "alarm")})


def row_of(row: WatchRow, watch: Watch) -> WatchRow:
    """What the machine made of it, to be kept."""
    return replace(row, **asdict(watch))
