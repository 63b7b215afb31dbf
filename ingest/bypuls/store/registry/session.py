"""The session that every change goes through: it checks rows and counts the registry's version up."""

from __future__ import annotations

from sqlalchemy import event, select, update
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from bypuls.store.registry.errors import BadValue
from bypuls.store.registry.tables import ENTITIES, ApiKey, Base, RegistryVersion, Sensor
from bypuls.store.registry.validation import parent_loops, refuse_faults

_COUNTED: tuple[type[Base], ...] = (*ENTITIES.values(), ApiKey)


class RegistrySession(Session):
    """A session that refuses bad rows with BadValue, and counts the version up once per change that it flushes.

    `info["latest"]` : the latest day that has been, for days that can't be to come.
    Not a promise for statements that go round the ORM (`engine.connect()`): those must call `count_up` themselves.
    """


def count_up(session: Session) -> None:
    """Tell every process that the registry changed, as soon as this transaction commits."""
    session.connection().execute(update(RegistryVersion.__table__).values(version=RegistryVersion.version + 1))  # type: ignore[arg-type]


@event.listens_for(RegistrySession, "before_flush")
def _look_before_flush(session: Session, _context: UOWTransaction, _instances: object) -> None:
    changed = [row for row in (*session.new, *session.dirty) if session.is_modified(row)]
    for row in changed:
        if isinstance(row, Base):
            refuse_faults(row, session.info.get("latest"))
    if any(isinstance(row, Sensor) and row.parent is not None for row in changed):
        _refuse_parent_loops(session, [row for row in changed if isinstance(row, Sensor)])
    if any(isinstance(row, _COUNTED) for row in (*changed, *session.deleted)):
        count_up(session)


def _refuse_parent_loops(session: Session, changed: list[Sensor]) -> None:
    with session.no_autoflush:
        parents = {row.id: row.parent for row in session.execute(select(Sensor.id, Sensor.parent))}
    parents |= {row.id: row.parent for row in changed}
    for looping in sorted(parent_loops(parents)):
        raise BadValue("sensor", (looping,), "parent", parents[looping], "a meter that is not behind this one")


@event.listens_for(RegistrySession, "do_orm_execute")
def _count_bulk_changes(state: ORMExecuteState) -> None:
    # Bulk updates and deletes never pass a flush. The database's CHECKs still stand behind their values.
    if (state.is_update or state.is_delete or state.is_insert) and any(
        mapper.class_ in _COUNTED for mapper in state.all_mappers
    ):
        count_up(state.session)
