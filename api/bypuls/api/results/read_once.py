"""A store whose bins of one stretch are read once and cut as they are asked for: a month's days, weeks and directions
are made of the same bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bypuls.store.protocol import BinTable, Every, Store


class ReadOnce:
    """Bins of [start, end) [µs UTC] out of memory; everything else is the store's own."""

    def __init__(self, store: Store, start_us: int, end_us: int) -> None:
        self._store, self._start_us, self._end_us = store, start_us, end_us
        self._held: dict[tuple[Any, ...], BinTable] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def bins(
        self,
        kind: str,
        sensors: Sequence[str],
        start_us: int,
        end_us: int,
        names: Sequence[str],
        *,
        every_s: Every = 900,
        by: Sequence[str] = (),
    ) -> BinTable:
        """See Store."""
        if start_us < self._start_us or end_us > self._end_us:
            return self._store.bins(kind, sensors, start_us, end_us, names, every_s=every_s, by=by)
        key = (kind, tuple(sensors), tuple(names), every_s, tuple(by))
        if key not in self._held:
            self._held[key] = self._store.bins(
                kind, sensors, self._start_us, self._end_us, names, every_s=every_s, by=by
            )
        whole = self._held[key]
        here = (whole.t_us >= start_us) & (whole.t_us < end_us)
        return BinTable(
            whole.sensor[here],
            whole.t_us[here],
            {name: column[here] for name, column in whole.tags.items()},
            {name: column[here] for name, column in whole.columns.items()},
        )
