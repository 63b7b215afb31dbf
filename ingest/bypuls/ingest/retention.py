"""Retention: single passages are deleted after their time; the bins keep every statistic, for ever. Citizens' reports
are deleted after theirs, seen to or not.

Raw readings go only once their bins are final: nothing waits to be rolled up, and the seal says from when on late
readings make a part of their own. A reading that the ledger has and that comes again is receipted, not written: its
part in the sealed bin stays the only one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from bypuls.store.book import Book, CitizenReports
from bypuls.store.protocol import Store
from bypuls.store.registry import Admission
from bypuls.wire import to_us
from bypuls.wire.bins import QUARTER_US

log = structlog.get_logger("bypuls.retention")

# Kinds whose bins of one quarter add up from parts; registers' differences don't.
KINDS = ("passage",)
AT_LEAST = timedelta(days=2)
KEEP_REPORTS = timedelta(days=365)


class Retention:
    """Deletes raw readings of each kind after its time, and citizens' reports after `keep_reports`. Runs within the
    roll-ups' lease, one sensor after another."""

    def __init__(
        self,
        store: Store,
        book: Book,
        *,
        keep: Mapping[str, timedelta],
        clock: Callable[[], datetime],
        reports: CitizenReports | None = None,
        keep_reports: timedelta = KEEP_REPORTS,
    ) -> None:
        for kind, time in keep.items():
            if kind not in KINDS:
                raise ValueError(f"keep: {kind!r} — expected one of {', '.join(KINDS)}")
            if time < AT_LEAST:
                raise ValueError(f"keep {kind}: {time.days} days — expected {AT_LEAST.days} days or more")
        if keep_reports <= timedelta(0):
            raise ValueError(f"keep reports: {keep_reports.days} days — expected a number above 0")
        self._store = store
        self._book = book
        self._keep = keep
        self._clock = clock
        self._reports = reports
        self._keep_reports = keep_reports
        self._done: datetime | None = None

    def run(self, admission: Admission, stop: threading.Event | None = None) -> int:
        """Deletes what is over its time, once an hour; of how many sensors. Raises Unavailable, Misconfigured."""
        now = self._clock()
        if self._done is not None and now - self._done < timedelta(hours=1):
            return 0
        if self._reports is not None:
            forgotten = self._reports.forget(to_us(now - self._keep_reports))
            if forgotten:
                log.info("citizens' reports deleted", count=forgotten, after_days=self._keep_reports.days)
        count = 0
        for sensor, entry in admission.sensors.items():
            time = self._keep.get(entry.kind)
            if time is None:
                continue
            if stop is not None and stop.is_set():
                return count
            count += self.delete(entry.kind, sensor, to_us(now - time))
        self._done = now
        return count

    def delete(self, kind: str, sensor: str, before_us: int) -> bool:
        """Seals a sensor up to the quarter of `before_us` and deletes its raw readings; whether that was possible."""
        until_us = before_us - before_us % QUARTER_US
        sealed = self._book.seals([sensor]).get(sensor)
        if sealed is None or not sealed.deleting:  # else a deletion was cut short: it goes on
            oldest = self._store.neighbour(kind, sensor, 0, before=False)
            if oldest is None or oldest >= until_us:
                return False
            if not self._book.begin_deleting(kind, sensor, until_us):
                return False  # something waits to be rolled up: next time
            sealed = self._book.seals([sensor])[sensor]
        self._store.delete_readings(kind, sealed.until_us, sensor)
        self._book.end_deleting(kind, sensor)
        log.info("raw readings deleted", kind=kind, sensor=sensor, until_us=sealed.until_us, part=sealed.part)
        return True
