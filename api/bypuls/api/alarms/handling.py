"""What a person does with an alarm: acknowledge, close, note. Each is one transaction with its step of the history and
its entry in the audit."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from bypuls.analysis.alarms import Change, Watch, acknowledge, close_by_person
from bypuls.analysis.errors import NotAllowedNow
from bypuls.api.alarms.keeping import row_of, watch_of
from bypuls.api.alarms.notices import Channels, announce
from bypuls.api.alarms.telling import closable
from bypuls.store.book import Alarm, AlarmBook, AlarmChanges, WatchRow
from bypuls.store.registry import Registry
from bypuls.wire import to_us

LONGEST_NOTE = 2000


class Handling:
    """People's words on the alarms of a registry. channels : where a change is told, too."""

    def __init__(self, registry: Registry, book: AlarmBook, channels: Channels) -> None:
        self._registry, self._book, self._channels = registry, book, channels

    def acknowledge(self, alarm_id: int, actor: str, note: str | None) -> Alarm | None:
        """Takes an alarm on; None where there is none.  Raises NotAllowedNow."""
        with self._book.changing() as changes:
            alarm, row = self._of(changes, alarm_id)
            if alarm is None:
                return None
            watch, change = acknowledge(watch_of(row))
            self._keep(changes, alarm, row, watch, change, actor, note, acknowledged_by=actor)
            return changes.alarm(alarm_id)

    def close(self, alarm_id: int, actor: str, note: str) -> Alarm | None:
        """Ends an alarm where a person may; None where there is none.  Raises NotAllowedNow."""
        with self._book.changing() as changes:
            alarm, row = self._of(changes, alarm_id)
            if alarm is None:
                return None
            now_us = to_us(self._registry.clock())
            watch, change = close_by_person(watch_of(row), now_us, closable=closable(alarm))
            self._keep(changes, alarm, row, watch, change, actor, note, closed_us=now_us, part_of=None)
            if alarm.kind == "cloned-card":
                changes.forget_device_alarm(alarm.subject, "cloned-card")
            return changes.alarm(alarm_id)

    def note(self, alarm_id: int, actor: str, note: str) -> Alarm | None:
        """Adds a note to the history of an alarm, in whatever state; None where there is none."""
        with self._book.changing() as changes:
            alarm = changes.alarm(alarm_id)
            if alarm is None:
                return None
            now_us = to_us(self._registry.clock())
            changes.note(alarm_id, now_us, "noted", alarm.state, alarm.state, actor=actor, text=note)
            changes.audit(self._registry, actor, "noted", alarm_id, {"kind": alarm.kind, "subject": alarm.subject})
            return alarm

    def _of(self, changes: AlarmChanges, alarm_id: int) -> tuple[Alarm | None, WatchRow]:
        """An alarm and what is remembered of its condition."""
        alarm = changes.alarm(alarm_id)
        if alarm is None:
            return None, WatchRow("", "")
        row = changes.watch_of(alarm_id)
        if row is None:
            raise NotAllowedNow(f"state: {alarm.state}; expected the newest alarm of its kind, which isn't closed")
        return alarm, row

    def _keep(
        self, changes: AlarmChanges, alarm: Alarm, row: WatchRow, watch: Watch, change: Change | None, actor: str,
        note: str | None, **values: object,
    ) -> None:  # fmt: skip
        assert change is not None
        now_us = to_us(self._registry.clock())
        changes.remember(row_of(row, watch))
        since_us = now_us if change.after != change.before else alarm.since_us
        changes.change(alarm.id, state=change.after, since_us=since_us, **values)
        event = changes.note(
            alarm.id, now_us, change.action, change.before, change.after, actor=actor, text=note
        )  # fmt: skip
        detail = {"kind": alarm.kind, "subject": alarm.subject, "before": change.before, "after": change.after}
        changes.audit(self._registry, actor, change.action, alarm.id, detail)
        kept = changes.alarm(alarm.id)
        assert kept is not None
        # A person did this now: no quiet hours hold it.
        announce(changes, self._channels, None, kept, event, change.action, None, now_us, ZoneInfo("UTC"))
