"""What the watch on street lights keeps between rounds, and what it tells of each thing that it watches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import select, update

from bypuls.store.book.book import as_store_errors
from bypuls.store.book.tables import lighting_watch
from bypuls.store.registry import Registry


@dataclass(frozen=True, slots=True)
class Watched:
    """One watched thing. unit : its name.  basis : JSON of what the registry said of it.  next_us : the first quarter
    that `state` doesn't know [µs UTC].  told : JSON of what is known of it now."""

    unit: str
    basis: str
    next_us: int
    state: bytes
    told: str


class LightingWatchBook:
    """The rows in a registry's database. One process at a time writes them: the one that evaluates alarms."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def kept(self) -> dict[str, Watched]:
        """All that is kept, by unit.  Raises Unavailable."""
        with as_store_errors(), self._registry.engine.connect() as connection:
            return {row["unit"]: Watched(**row) for row in connection.execute(select(lighting_watch)).mappings()}

    def told(self) -> dict[str, str]:
        """What is known of each unit, without what is kept for the next round.  Raises Unavailable."""
        with as_store_errors(), self._registry.engine.connect() as connection:
            rows = connection.execute(select(lighting_watch.c.unit, lighting_watch.c.told))
            return {row.unit: row.told for row in rows}

    def keep(self, whole: Sequence[Watched], told: Sequence[tuple[str, str]], gone: Iterable[str] = ()) -> None:
        """Writes units in place of what stood there, of others what is told alone, and forgets some; in one
        transaction.  Raises Unavailable."""
        table = lighting_watch.c
        with as_store_errors(), self._registry.writing_engine.begin() as connection:
            for unit in (*gone, *(one.unit for one in whole)):
                connection.execute(lighting_watch.delete().where(table.unit == unit))
            if whole:
                connection.execute(lighting_watch.insert(), [asdict(one) for one in whole])
            for unit, text in told:
                connection.execute(update(lighting_watch).where(table.unit == unit).values(told=text))


__all__ = ["LightingWatchBook", "Watched"]
