"""Alarms as they are kept: what is remembered between rounds, each alarm with its history, and what is to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select, update

from bypuls.store.book.tables import alarm, alarm_event, alarm_notice, alarm_watch, alarm_well

Facts = Mapping[str, Any]
"""Figures and words, as JSON holds them."""

LIVING = ("open", "acknowledged", "unknown")


@dataclass(frozen=True, slots=True)
class WatchRow:
    """What is remembered of one condition of one thing; the states are those of the analysis' machine."""

    kind: str
    subject: str
    alarm: int | None = None
    state: str | None = None
    present_since_us: int | None = None
    absent_since_us: int | None = None
    evidence_us: int | None = None
    acknowledged: bool = False
    closed_us: int | None = None
    closed_by_person: bool = False
    reopened: int = 0

    @property
    def empty(self) -> bool:
        """Whether there is nothing to remember."""
        return self.state is None and self.present_since_us is None


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm.

    since_us : when it came into its state.  began_us : since when the condition holds, as far as is known.
    well_us : when the condition was first seen absent, before it came; None = it never was.
    part_of : the alarm that it is shown under.  facts : what its sentence is made of.  cost : what it costs a day.
    """

    id: int
    kind: str
    domain: str
    subject_kind: str
    subject: str
    place_kind: str | None
    place: str | None
    device: str | None
    rule: str
    severity: str
    owner: str | None
    state: str
    since_us: int
    began_us: int
    opened_us: int
    closed_us: int | None = None
    acknowledged_by: str | None = None
    reopened: int = 0
    part_of: int | None = None
    facts: Facts = field(default_factory=dict)
    cost: Facts = field(default_factory=dict)
    well_us: int | None = None

    @property
    def beginning_seen(self) -> bool:
        """Whether it began while it was watched; else nobody knows how long it went unseen."""
        return self.well_us is not None and self.well_us <= self.began_us


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """A step of an alarm's history. before : None = it began with this step."""

    number: int
    alarm: int
    t_us: int
    action: str
    before: str | None
    after: str
    actor: str
    note: str | None
    facts: Facts


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is to be told. state : waiting, sent, failed, dropped.  next_us : not before."""

    key: str
    channel: str
    target: str
    alarm: int | None
    event: int | None
    state: str
    attempts: int
    created_us: int
    next_us: int
    changed_us: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AlarmFilter:
    """Which alarms are asked for; None = any.

    states : any of them.  place : its own id, that of its place, its device or what it is about.
    since_us : opened, or come into its state, at or after.
    """

    states: Sequence[str] = ()
    domain: str | None = None
    kind: str | None = None
    severity: str | None = None
    place: str | None = None
    since_us: int | None = None


def watches(connection: Connection) -> dict[tuple[str, str], WatchRow]:
    """All that is remembered, by kind and subject; held until the transaction ends."""
    rows = connection.execute(select(alarm_watch).with_for_update()).mappings()
    return {(row["kind"], row["subject"]): WatchRow(**row) for row in rows}


def watch_of(connection: Connection, alarm_id: int) -> WatchRow | None:
    """What is remembered of the condition of an alarm, where it is its newest alarm."""
    query = select(alarm_watch).where(alarm_watch.c.alarm == alarm_id).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else WatchRow(**row)


def keep_watch(connection: Connection, row: WatchRow) -> None:
    """Writes what is remembered, in place of what stood there; nothing where there is nothing to remember."""
    mine = (alarm_watch.c.kind == row.kind) & (alarm_watch.c.subject == row.subject)
    if row.empty:
        connection.execute(alarm_watch.delete().where(mine))
        return
    values = asdict(row)
    if not connection.execute(update(alarm_watch).where(mine).values(**values)).rowcount:
        connection.execute(alarm_watch.insert().values(**values))


def wells(connection: Connection) -> set[tuple[str, str]]:
    """Kind and subject of every condition that was ever seen absent."""
    return {
        (str(kind), str(subject))
        for kind, subject in connection.execute(select(alarm_well.c.kind, alarm_well.c.subject))
    }


def well_since(connection: Connection, kind: str, subject: str) -> int | None:
    """When a condition was first seen absent [µs]; None = never."""
    mine = (alarm_well.c.kind == kind) & (alarm_well.c.subject == subject)
    found = connection.scalar(select(alarm_well.c.since_us).where(mine))
    return None if found is None else int(found)


def keep_wells(connection: Connection, keys: Iterable[tuple[str, str]], since_us: int) -> None:
    """Conditions that are seen absent for the first time."""
    rows = [{"kind": kind, "subject": subject, "since_us": since_us} for kind, subject in sorted(keys)]
    if rows:
        connection.execute(alarm_well.insert(), rows)


def forget_wells(connection: Connection, keys: Iterable[tuple[str, str]]) -> None:
    """Conditions that nobody watches any more."""
    for kind, subject in sorted(keys):
        mine = (alarm_well.c.kind == kind) & (alarm_well.c.subject == subject)
        connection.execute(alarm_well.delete().where(mine))


def withdrawn(connection: Connection, since_us: int) -> set[tuple[int, int]]:
    """Alarm and time [µs] of each withdrawal since then: the registry ended it, nothing was repaired."""
    mine = (alarm_event.c.action == "withdrawn") & (alarm_event.c.t_us >= since_us)
    return {
        (int(id), int(t_us))
        for id, t_us in connection.execute(select(alarm_event.c.alarm, alarm_event.c.t_us).where(mine))
    }


def add(connection: Connection, new: Alarm) -> int:
    """Opens an alarm; its id is given here."""
    values = asdict(new)
    del values["id"]
    made = connection.execute(alarm.insert().values(**values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def change(connection: Connection, alarm_id: int, **values: Any) -> None:
    """Writes columns of an alarm."""
    connection.execute(update(alarm).where(alarm.c.id == alarm_id).values(**values))


def note(
    connection: Connection, alarm_id: int, t_us: int, action: str, before: str | None, after: str, actor: str,
    text: str | None, facts: Facts,
) -> int:  # fmt: skip
    """Adds a step to an alarm's history; its number."""
    values = {
        "alarm": alarm_id, "t_us": t_us, "action": action, "before": before, "after": after, "actor": actor,
        "note": text, "facts": dict(facts),
    }  # fmt: skip
    made = connection.execute(alarm_event.insert().values(**values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def living(connection: Connection) -> dict[int, Alarm]:
    """Every alarm that isn't closed, by id."""
    rows = connection.execute(select(alarm).where(alarm.c.state.in_(LIVING))).mappings()
    return {row["id"]: Alarm(**row) for row in rows}


def one(connection: Connection, alarm_id: int) -> Alarm | None:
    """An alarm; None where there is none."""
    row = connection.execute(select(alarm).where(alarm.c.id == alarm_id)).mappings().one_or_none()
    return None if row is None else Alarm(**row)


def listed(connection: Connection, wanted: AlarmFilter, limit: int | None, offset: int) -> tuple[int, list[Alarm]]:
    """How many fit, and those asked for, what changed last first."""
    query = _wanted(select(alarm), wanted)
    total = connection.scalar(select(func.count()).select_from(query.subquery())) or 0
    query = query.order_by(alarm.c.since_us.desc(), alarm.c.id.desc()).offset(offset)
    rows = connection.execute(query if limit is None else query.limit(limit)).mappings()
    return int(total), [Alarm(**row) for row in rows]


def _wanted(query: Select[Any], wanted: AlarmFilter) -> Select[Any]:
    table = alarm.c
    if wanted.states:
        query = query.where(table.state.in_(wanted.states))
    for name in ("domain", "kind", "severity"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(table[name] == value)
    if wanted.place is not None:
        query = query.where(
            or_(table.place == wanted.place, table.subject == wanted.place, table.device == wanted.place)
        )
    if wanted.since_us is not None:
        query = query.where(or_(table.since_us >= wanted.since_us, table.opened_us >= wanted.since_us))
    return query


def events(connection: Connection, alarm_id: int) -> list[AlarmEvent]:
    """An alarm's history from its beginning."""
    query = select(alarm_event).where(alarm_event.c.alarm == alarm_id).order_by(alarm_event.c.number)
    return [AlarmEvent(**row) for row in connection.execute(query).mappings()]


def event(connection: Connection, number: int) -> AlarmEvent | None:
    """One step."""
    row = connection.execute(select(alarm_event).where(alarm_event.c.number == number)).mappings().one_or_none()
    return None if row is None else AlarmEvent(**row)


def counts(connection: Connection) -> list[tuple[str, str, str, int]]:
    """(state, domain, severity, how many); of those closed no severity matters less."""
    table = alarm.c
    query = select(table.state, table.domain, table.severity, func.count()).group_by(
        table.state, table.domain, table.severity
    )
    return [(str(s), str(d), str(v), int(n)) for s, d, v, n in connection.execute(query)]


def announce(connection: Connection, notice: Notice) -> bool:
    """Adds a notice; False where its key is there already."""
    known = select(alarm_notice.c.key).where(alarm_notice.c.key == notice.key)
    if connection.scalar(known) is not None:
        return False
    connection.execute(alarm_notice.insert().values(**asdict(notice)))
    return True


def due(connection: Connection, now_us: int, most: int) -> list[Notice]:
    """Notices whose time has come, the longest due first."""
    table = alarm_notice.c
    query = select(alarm_notice).where(table.state == "waiting", table.next_us <= now_us)
    rows = connection.execute(query.order_by(table.next_us, table.key).limit(most)).mappings()
    return [Notice(**row) for row in rows]


def notices(connection: Connection, alarm_id: int | None) -> list[Notice]:
    """What was or is to be told of an alarm, or the newest thousand of all."""
    query = select(alarm_notice).order_by(alarm_notice.c.created_us.desc(), alarm_notice.c.key).limit(1000)
    if alarm_id is not None:
        query = query.where(alarm_notice.c.alarm == alarm_id)
    return [Notice(**row) for row in connection.execute(query).mappings()]


def settle(connection: Connection, key: str, **values: Any) -> None:
    """Writes what became of a notice."""
    connection.execute(update(alarm_notice).where(alarm_notice.c.key == key).values(**values))


def notice_counts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many notices there are by channel and state."""
    table = alarm_notice.c
    query = select(table.channel, table.state, func.count()).group_by(table.channel, table.state)
    return {(str(channel), str(state)): int(n) for channel, state, n in connection.execute(query)}
