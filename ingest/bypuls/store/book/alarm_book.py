"""The book's alarms: a round is one transaction, a person's word is one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, func, select

from bypuls.store.book import alarms, dirty
from bypuls.store.book.alarms import Alarm, AlarmEvent, AlarmFilter, Facts, Notice, WatchRow
from bypuls.store.book.book import as_store_errors
from bypuls.store.book.tables import dead_letter, device_alarm, lease, ledger_hour
from bypuls.store.protocol import Unavailable
from bypuls.store.registry import Registry
from bypuls.store.registry.tables import Audit


class LeaseLost(Unavailable):
    """Another process evaluates meanwhile: nothing of this round is written."""


class AlarmChanges:
    """What may be changed within one transaction: all of it is kept when it ends, or nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def watches(self) -> dict[tuple[str, str], WatchRow]:
        """All that is remembered, by kind and subject."""
        return alarms.watches(self._connection)

    def watch_of(self, alarm_id: int) -> WatchRow | None:
        """What is remembered of an alarm's condition; None where a newer alarm took its place."""
        return alarms.watch_of(self._connection, alarm_id)

    def living(self) -> dict[int, Alarm]:
        """Alarms that aren't closed."""
        return alarms.living(self._connection)

    def alarm(self, alarm_id: int) -> Alarm | None:
        """One alarm."""
        return alarms.one(self._connection, alarm_id)

    def remember(self, row: WatchRow) -> None:
        """Writes what is remembered."""
        alarms.keep_watch(self._connection, row)

    def wells(self) -> set[tuple[str, str]]:
        """Kind and subject of every condition that was ever seen absent."""
        return alarms.wells(self._connection)

    def well_since(self, kind: str, subject: str) -> int | None:
        """When a condition was first seen absent [µs]; None = never."""
        return alarms.well_since(self._connection, kind, subject)

    def keep_wells(self, keys: Iterable[tuple[str, str]], since_us: int) -> None:
        """Conditions that are seen absent for the first time."""
        alarms.keep_wells(self._connection, keys, since_us)

    def forget_wells(self, keys: Iterable[tuple[str, str]]) -> None:
        """Conditions that nobody watches any more."""
        alarms.forget_wells(self._connection, keys)

    def add(self, new: Alarm) -> int:
        """Opens an alarm; its id."""
        return alarms.add(self._connection, new)

    def change(self, alarm_id: int, **values: Any) -> None:
        """Writes columns of an alarm."""
        alarms.change(self._connection, alarm_id, **values)

    def note(
        self, alarm_id: int, t_us: int, action: str, before: str | None, after: str, *, actor: str,
        text: str | None = None, facts: Facts | None = None,
    ) -> int:  # fmt: skip
        """Adds a step to an alarm's history; its number."""
        return alarms.note(self._connection, alarm_id, t_us, action, before, after, actor, text, facts or {})

    def announce(self, notice: Notice) -> bool:
        """Adds something to be told; False where it is there already."""
        return alarms.announce(self._connection, notice)

    def audit(self, registry: Registry, actor: str, action: str, alarm_id: int, detail: dict[str, Any]) -> None:
        """Writes a person's deed to the audit."""
        row = {
            "t": registry.clock(), "actor": actor, "action": action, "entity": "alarm", "entity_id": str(alarm_id),
            "detail": detail,
        }  # fmt: skip
        self._connection.execute(Audit.__table__.insert().values(**row))  # type: ignore[attr-defined]

    def forget_device_alarm(self, device: str, alarm: str) -> None:
        """Takes away what ingest noted of a device: a person has seen to it. Ingest notes it anew where it goes on."""
        mine = (device_alarm.c.device == device) & (device_alarm.c.alarm == alarm)
        self._connection.execute(device_alarm.delete().where(mine))


class AlarmBook:
    """Alarms in a registry's database; for several threads and processes."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @contextmanager
    def round(self, lease_name: str, owner: str, now_us: int) -> Iterator[AlarmChanges]:
        """One round of the evaluator that holds the lease: kept whole when it ends, or not at all.

        Raises LeaseLost where another took the lease meanwhile, Unavailable."""
        with self.changing() as changes, as_store_errors():
            connection = changes._connection
            held = select(lease.c.owner).where(lease.c.name == lease_name, lease.c.until_us >= now_us).with_for_update()
            if connection.scalar(held) != owner:
                raise LeaseLost(f"{lease_name}: another process holds the lease")
            yield changes

    @contextmanager
    def changing(self) -> Iterator[AlarmChanges]:
        """One transaction.  Raises Unavailable."""
        with as_store_errors(), self._registry.writing_engine.begin() as connection:
            yield AlarmChanges(connection)

    def take_lease(self, name: str, owner: str, now_us: int, seconds: float) -> bool:
        """Whether `owner` alone may do `name` for the next `seconds`."""
        with as_store_errors(), self._registry.writing_engine.begin() as connection:
            return dirty.take_lease(connection, name, owner, now_us, now_us + int(seconds * 1e6))

    def release_lease(self, name: str, owner: str) -> None:
        """Lets the next one take the lease at once."""
        with as_store_errors(), self._registry.writing_engine.begin() as connection:
            dirty.release_lease(connection, name, owner)

    def lease_until(self, name: str) -> int | None:
        """Until when somebody alone may do `name` [µs]; None where nobody holds the lease."""
        with self._reading() as connection:
            found = connection.scalar(select(lease.c.until_us).where(lease.c.name == name))
        return None if found is None else int(found)

    def alarm(self, alarm_id: int) -> Alarm | None:
        """One alarm; None where there is none."""
        with self._reading() as connection:
            return alarms.one(connection, alarm_id)

    def listed(
        self, wanted: AlarmFilter | None = None, *, limit: int | None = None, offset: int = 0
    ) -> tuple[int, list[Alarm]]:
        """How many alarms fit, and those asked for, what changed last first."""
        with self._reading() as connection:
            return alarms.listed(connection, wanted or AlarmFilter(), limit, offset)

    def withdrawn(self, since_us: int) -> set[tuple[int, int]]:
        """Alarm and time [µs] of each withdrawal since then: the registry ended it, nothing was repaired."""
        with self._reading() as connection:
            return alarms.withdrawn(connection, since_us)

    def events(self, alarm_id: int) -> list[AlarmEvent]:
        """An alarm's history from its beginning."""
        with self._reading() as connection:
            return alarms.events(connection, alarm_id)

    def event(self, number: int) -> AlarmEvent | None:
        """One step of a history."""
        with self._reading() as connection:
            return alarms.event(connection, number)

    def counts(self) -> list[tuple[str, str, str, int]]:
        """(state, domain, severity, how many) of all alarms."""
        with self._reading() as connection:
            return alarms.counts(connection)

    def due(self, now_us: int, most: int = 100) -> list[Notice]:
        """What is to be told now."""
        with self._reading() as connection:
            return alarms.due(connection, now_us, most)

    def notices(self, alarm_id: int | None = None) -> list[Notice]:
        """What was or is to be told, newest first."""
        with self._reading() as connection:
            return alarms.notices(connection, alarm_id)

    def notice_counts(self) -> dict[tuple[str, str], int]:
        """How many notices there are by channel and state."""
        with self._reading() as connection:
            return alarms.notice_counts(connection)

    def settle(self, key: str, **values: Any) -> None:
        """Writes what became of a notice; durable when it returns."""
        with as_store_errors(), self._registry.writing_engine.begin() as connection:
            alarms.settle(connection, key, **values)

    def letters_since(self, since_us: int) -> tuple[int, Sequence[str]]:
        """How many dead letters came since then and still wait, and the devices of them, most letters first."""
        table = dead_letter.c
        query = (
            select(table.device, func.count())
            .where(table.t_us >= since_us, table.readmitted_us.is_(None))
            .group_by(table.device)
            .order_by(func.count().desc(), table.device)
        )
        with self._reading() as connection:
            found = connection.execute(query).all()
        return sum(int(n) for _, n in found), [str(device) for device, _ in found]

    def taken_since(self, since_us: int) -> int:
        """How many readings were taken over in the hours since then (whole UTC hours)."""
        with self._reading() as connection:
            total = connection.scalar(select(func.sum(ledger_hour.c.received)).where(ledger_hour.c.hour_us >= since_us))
        return int(total or 0)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with as_store_errors(), self._registry.engine.connect() as connection:
            yield connection
