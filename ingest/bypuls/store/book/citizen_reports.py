"""What people reported of the light. No name, address of a computer or other trace of who wrote it is kept.

Promise: a report is forgotten when its retention is over, closed or not. Not a promise of what people write into it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, func, select, update

from bypuls.store.book.book import as_store_errors
from bypuls.store.book.tables import citizen_report
from bypuls.store.registry import Registry


@dataclass(frozen=True, slots=True)
class CitizenReport:
    """One report. t_us : when it came, to the whole minute.  closed_us : None = nobody has seen to it."""

    id: int
    t_us: int
    category: str
    text: str
    address: str
    lamp: str | None
    lat: float | None
    lon: float | None
    closed_us: int | None = None


class CitizenReports:
    """The reports of a registry's database. most : that wait at the same time; further ones are refused."""

    def __init__(self, registry: Registry, *, most: int = 5000) -> None:
        self._registry, self._most = registry, most

    def add(self, report: CitizenReport) -> int | None:
        """Keeps a report; its id is given here. None where too many wait.  Raises Unavailable, Misconfigured."""
        values = asdict(report)
        del values["id"]
        with self._writing() as connection:
            waiting = select(func.count()).where(citizen_report.c.closed_us.is_(None))
            if int(connection.scalar(waiting) or 0) >= self._most:
                return None
            made = connection.execute(citizen_report.insert().values(**values)).inserted_primary_key
            assert made is not None
            return int(made[0])

    def waiting(self) -> list[CitizenReport]:
        """Those that nobody has seen to, the oldest first."""
        query = select(citizen_report).where(citizen_report.c.closed_us.is_(None)).order_by(citizen_report.c.id)
        with self._writing() as connection:
            return [CitizenReport(**row) for row in connection.execute(query).mappings()]

    def close(self, id: int, now_us: int) -> bool:
        """Somebody has seen to it; False where there is none that waits."""
        mine = (citizen_report.c.id == id) & citizen_report.c.closed_us.is_(None)
        with self._writing() as connection:
            return connection.execute(update(citizen_report).where(mine).values(closed_us=now_us)).rowcount > 0

    def forget(self, before_us: int) -> int:
        """Deletes those that came earlier; how many."""
        with self._writing() as connection:
            return connection.execute(citizen_report.delete().where(citizen_report.c.t_us < before_us)).rowcount

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with as_store_errors(), self._registry.session() as session:
            yield session.connection()
