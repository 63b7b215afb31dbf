"""Seals: up to when a sensor's raw readings are gone and its bins final, and which part late readings make."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, and_, select, update

from bypuls.store.book.tables import dirty_window, seal


@dataclass(frozen=True, slots=True)
class Seal:
    """A sensor's seal. `part`: of bins before `until_us` that are computed from readings that came after it."""

    kind: str
    sensor: str
    until_us: int
    part: int
    deleting: bool


def of(connection: Connection, sensors: Collection[str]) -> dict[str, Seal]:
    """The seals of sensors that have one."""
    found: dict[str, Seal] = {}
    names = sorted(sensors)
    for at in range(0, len(names), 500):
        query = select(seal).where(seal.c.sensor.in_(names[at : at + 500]))
        found |= {row["sensor"]: Seal(**row) for row in connection.execute(query).mappings()}
    return found


def begin(connection: Connection, kind: str, sensor: str, until_us: int) -> bool:
    """Sets the seal and its `deleting`, where no window of the sensor waits to be rolled up."""
    waiting = select(dirty_window.c.id).where(dirty_window.c.sensor == sensor, dirty_window.c.start_us < until_us)
    if connection.scalar(waiting.limit(1)) is not None:
        return False
    here = and_(seal.c.kind == kind, seal.c.sensor == sensor)
    known = connection.execute(select(seal).where(here).with_for_update()).mappings().first()
    if known is None:
        values = {"kind": kind, "sensor": sensor, "until_us": until_us, "part": 0, "deleting": True}
        connection.execute(seal.insert().values(values))
    else:
        until_us = max(until_us, known["until_us"])
        connection.execute(update(seal).where(here).values(until_us=until_us, deleting=True))
    return True


def end(connection: Connection, kind: str, sensor: str) -> None:
    """The deletion is done: what comes from now on is a further part."""
    here = and_(seal.c.kind == kind, seal.c.sensor == sensor)
    connection.execute(update(seal).where(here).values(deleting=False, part=seal.c.part + 1))
