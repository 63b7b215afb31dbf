"""Dirty windows: which quarters of which sensor must be rolled up again, and the lease of the one who does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from bypuls.store.book.tables import dirty_window, lease
from bypuls.wire.bins import QUARTER_US

# Quarters at most this far apart are one window: recomputing a few between costs less than a window of their own.
_NEAR_US = 8 * QUARTER_US


@dataclass(frozen=True, slots=True)
class Window:
    """Whole quarters [start, end) of a sensor. `marks`: the ids of the marks that it stands for."""

    kind: str
    sensor: str
    start_us: int
    end_us: int
    marks: tuple[int, ...] = ()


def as_windows(touched: Iterable[tuple[str, str, int]]) -> list[Window]:
    """(kind, sensor, t [µs]) of readings → the windows that they touch, near quarters together."""
    quarters = sorted({(kind, sensor, t_us - t_us % QUARTER_US) for kind, sensor, t_us in touched})
    return _joined(Window(kind, sensor, at, at + QUARTER_US) for kind, sensor, at in quarters)


def _joined(windows: Iterable[Window]) -> list[Window]:
    """Rising windows with near ones made one."""
    found: list[Window] = []
    for window in windows:
        last = found[-1] if found else None
        if (
            last is not None
            and (last.kind, last.sensor) == (window.kind, window.sensor)
            and window.start_us <= last.end_us + _NEAR_US
        ):
            end_us = max(last.end_us, window.end_us)
            found[-1] = Window(last.kind, last.sensor, last.start_us, end_us, last.marks + window.marks)
        else:
            found.append(window)
    return found


def mark(connection: Connection, windows: Iterable[Window]) -> None:
    """Marks windows as dirty."""
    rows = [{"kind": w.kind, "sensor": w.sensor, "start_us": w.start_us, "end_us": w.end_us} for w in windows]
    if rows:
        connection.execute(dirty_window.insert(), rows)


def marked(connection: Connection, most_marks: int) -> list[Window]:
    """The oldest marks' sensors with all their windows, near ones joined."""
    table = dirty_window.c
    oldest = select(table.sensor).order_by(table.id).limit(most_marks).subquery()
    sensors = connection.scalars(select(oldest.c.sensor).distinct()).all()
    windows: list[Window] = []
    for sensor in sensors:
        query = select(dirty_window).where(table.sensor == sensor).order_by(table.kind, table.start_us)
        rows = connection.execute(query).mappings().all()
        windows += _joined(Window(r["kind"], sensor, r["start_us"], r["end_us"], (r["id"],)) for r in rows)
    return windows


def clear(connection: Connection, windows: Iterable[Window]) -> None:
    """Clears the very marks that were read; those made since then stay."""
    ids = [mark_id for window in windows for mark_id in window.marks]
    for at in range(0, len(ids), 500):
        connection.execute(dirty_window.delete().where(dirty_window.c.id.in_(ids[at : at + 500])))


def count(connection: Connection) -> int:
    """How many marks wait."""
    return int(connection.scalar(select(func.count()).select_from(dirty_window)) or 0)


def take_lease(connection: Connection, name: str, owner: str, now_us: int, until_us: int) -> bool:
    """Whether `owner` holds the lease until `until_us`: it was free, run out, or its own."""
    table = lease.c
    mine = and_(table.name == name, or_(table.owner == owner, table.until_us < now_us))
    if connection.execute(update(lease).where(mine).values(owner=owner, until_us=until_us)).rowcount:
        return True
    if connection.scalar(select(table.name).where(table.name == name)) is not None:
        return False
    try:
        with connection.begin_nested():
            connection.execute(lease.insert().values(name=name, owner=owner, until_us=until_us))
    except IntegrityError:
        return False  # another process was faster
    return True


def release_lease(connection: Connection, name: str, owner: str) -> None:
    """Gives the lease back, where it is the owner's."""
    connection.execute(lease.delete().where(lease.c.name == name, lease.c.owner == owner))
