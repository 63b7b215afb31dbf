"""Keeps the bins true: whatever window late readings touched is computed again from the raw readings.

One worker at a time rolls up (a lease in the book); what it reads it clears by the marks' own numbers, so that a
reading which comes meanwhile marks the window anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import numpy as np
import structlog

from bypuls.analysis.registers import CONTEXT_READINGS
from bypuls.ingest.retention import Retention
from bypuls.ingest.rollups.quantities import NO_LIMITS, quantity_bins, registers_of
from bypuls.ingest.rollups.traffic import CONTEXT_US, COUNT_FIELDS, PASSAGE_FIELDS, count_bins, passage_bins
from bypuls.store.book import Book, Seal, Window
from bypuls.store.protocol import Bins, Columns, Store, StoreError
from bypuls.store.registry import Admission, SensorEntry
from bypuls.wire import KINDS, to_us
from bypuls.wire.bins import QUARTER_US, TRAFFIC

LEASE = "rollup"
LEASE_S = 60.0

# Where the registry doesn't say how often a sensor speaks [s]: a quarter, as utilities' meters do.
DEFAULT_INTERVAL_S = 900.0

# A register's amount is spread between readings at most 2 intervals apart, judged by 3 readings on either side.
_NEAR_INTERVALS = 2 * (CONTEXT_READINGS + 1)

# So many marks are read at a time.
_MOST_MARKS = 2000

# Longer windows are taken in pieces: bounded memory, whatever was replayed.
_PIECE_US = 31 * 86_400_000_000

log = structlog.get_logger("bypuls.rollup")


def _down(t_us: int) -> int:
    return t_us - t_us % QUARTER_US


def _up(t_us: int) -> int:
    return -(-t_us // QUARTER_US) * QUARTER_US


def roll_up(
    store: Store,
    kind: str,
    sensor: str,
    start_us: int,
    end_us: int,
    entry: SensorEntry | None,
    seal: Seal | None = None,
) -> int:
    """Computes the bins that readings in [start, end) have a part in, and replaces them. Returns how many there are.

    kind : of the readings.  start_us, end_us : whole quarters [µs UTC].  entry : of the registry.
    seal : before it raw readings are gone but for late ones, which make a part of their own.
    Raises Unavailable, Misconfigured.
    """
    asset = (entry.asset_id if entry else None) or ""
    if kind in ("passage", "traffic_bin"):
        if kind == "passage":
            # A late vehicle decides whether the next one drove freely.
            end_us += CONTEXT_US
            raw = store.columns(kind, sensor, start_us - CONTEXT_US, end_us, PASSAGE_FIELDS)
            found = passage_bins(raw, start_us, end_us, sensor=sensor, asset=asset)
        else:
            raw = store.columns(kind, sensor, start_us, end_us, COUNT_FIELDS)
            found = count_bins(raw, start_us, end_us, sensor=sensor, asset=asset)
        sealed_us = min(max(seal.until_us if seal is not None else start_us, start_us), end_us)
        if seal is not None and sealed_us > start_us:
            late = [_cut(block, start_us, sealed_us, seal.part) for block in found]
            store.replace_bins(TRAFFIC, sensor, start_us, sealed_us, late, seal.part)
        if sealed_us < end_us:
            open_bins = [_cut(block, sealed_us, end_us, 0) for block in found]
            store.replace_bins(TRAFFIC, sensor, sealed_us, end_us, open_bins)
        return sum(len(block.t_us) for block in found)

    nominal_s = (entry.interval_s if entry else None) or DEFAULT_INTERVAL_S
    registers = _active(store, kind, sensor, start_us, end_us, nominal_s)
    start_us, end_us = _reach(store, kind, sensor, start_us, end_us, registers)
    # What is replaced now may hold further registers, that the first window knew nothing of.
    registers = _active(store, kind, sensor, start_us, end_us, nominal_s)
    first, last = _reach(store, kind, sensor, start_us, end_us, registers)
    # The reading exactly on the far edge ends the last bin.
    raw = store.columns(kind, sensor, first, last + 1, list(KINDS[kind].specs))
    bins: list[Bins] = []
    for tags, of_tags in _by_tags(kind, raw):
        bins += quantity_bins(
            kind,
            of_tags,
            start_us,
            end_us,
            sensor=sensor,
            asset=asset,
            nominal_s=nominal_s,
            multiplier=entry.multiplier if entry else 1.0,
            limits=entry.limits if entry else NO_LIMITS,
            tags=tags,
        )
    store.replace_bins(kind, sensor, start_us, end_us, bins)
    return sum(len(block.t_us) for block in bins)


def _cut(block: Bins, start_us: int, end_us: int, part: int) -> Bins:
    """The bins of a block within [start, end), as a part."""
    inside = (block.t_us >= start_us) & (block.t_us < end_us)
    columns = {name: column[inside] for name, column in block.columns.items()}
    return Bins(block.kind, block.sensor, block.t_us[inside], columns, block.tags, part, block.asset)


def _active(store: Store, kind: str, sensor: str, start_us: int, end_us: int, nominal_s: float) -> tuple[str, ...]:
    """The registers that are told in the window or near enough to it to have a part in its bins."""
    names = registers_of(kind)
    if not names:
        return ()
    near_us = int(_NEAR_INTERVALS * nominal_s * 1e6)
    near = store.columns(kind, sensor, start_us - near_us, end_us + near_us, names)
    return tuple(name for name in names if not np.isnan(near.values[name]).all())


def _reach(
    store: Store, kind: str, sensor: str, start_us: int, end_us: int, registers: tuple[str, ...]
) -> tuple[int, int]:
    """[start, end) widened to the third reading of a register on either side: as far as its bins can change."""
    if not registers:
        return start_us, end_us
    # Each register by itself: a meter may tell some of them more often than others.
    before = min(_third(store, kind, sensor, name, start_us, before=True) for name in registers)
    after = max(_third(store, kind, sensor, name, end_us, before=False) for name in registers)
    return _down(before), _up(after)


def _third(store: Store, kind: str, sensor: str, register: str, t_us: int, *, before: bool) -> int:
    """Time of the third reading of a register before `t_us`, or just after the third from it on; else of the last."""
    for _ in range(CONTEXT_READINGS):
        found = store.neighbour(kind, sensor, t_us, before=before, having=(register,))
        if found is None:
            break
        t_us = found if before else found + 1
    return t_us


def _by_tags(kind: str, raw: Columns) -> Iterator[tuple[dict[str, str], Columns]]:
    """The readings of each medium; kinds without such a tag stay whole."""
    if kind != "meter":
        yield {}, raw
        return
    for medium in sorted(set(raw.values["medium"])):
        of_medium = raw.values["medium"] == medium
        yield (
            {"medium": medium},
            Columns(raw.t_us[of_medium], {name: column[of_medium] for name, column in raw.values.items()}),
        )


def _pieces(window: Window) -> Iterator[tuple[int, int]]:
    at = window.start_us
    while at < window.end_us:
        yield at, min(at + _PIECE_US, window.end_us)
        at += _PIECE_US


class RollupWorker:
    """Rolls up whatever is marked, until it is stopped."""

    def __init__(
        self,
        store: Store,
        book: Book,
        *,
        admission: Callable[[], Admission],
        clock: Callable[[], datetime],
        owner: str,
        every_s: float = 5.0,
        rolled: Callable[[int], None] = lambda _bins: None,
        failed: Callable[[], None] = lambda: None,
        retention: Retention | None = None,
    ) -> None:
        self._store = store
        self._book = book
        self._admission = admission
        self._clock = clock
        self._owner = owner
        self._every_s = every_s
        self._rolled = rolled
        self._failed = failed
        self._retention = retention
        self._leased_us = 0
        self._set_aside: set[int] = set()

    def run(self, stop: threading.Event) -> None:
        """Works until `stop`. An outage is waited out; marks stay until their bins are stored."""
        try:
            while not stop.is_set():
                try:
                    worked = self.once(stop)
                except StoreError as error:
                    log.warning("rollup waits", reason=str(error))
                    worked = False
                # While there is a backlog there is no pause.
                stop.wait(0.0 if worked else self._every_s)
        finally:
            self._leased_us = 0
            try:
                self._book.release_lease(LEASE, self._owner)
            except StoreError as error:
                log.warning("the lease was not given back; it runs out by itself", reason=str(error))

    def once(self, stop: threading.Event | None = None) -> bool:
        """Rolls up what is marked now; whether a backlog of more than a moment's marks was there.

        Raises Unavailable, Misconfigured: marks stay. A window that trips a fault of this release is set aside until
        the service starts anew; its marks stay too.
        """
        if not self._lease():
            return False
        windows = [window for window in self._book.dirty(_MOST_MARKS) if not self._set_aside.issuperset(window.marks)]
        admission = self._admission()
        sensors, seals = admission.sensors, self._book.seals({window.sensor for window in windows})
        for window in windows:
            if stop is not None and stop.is_set():
                return False
            entry = sensors.get(window.sensor)
            try:
                for start_us, end_us in _pieces(window):
                    # Whoever holds no lease might overwrite newer bins with older ones.
                    if not self._lease(at_least_s=LEASE_S / 2):
                        return False
                    self._rolled(self._roll_up(window, start_us, end_us, entry, seals))
            except StoreError:
                raise
            except Exception:  # a fault of ours: it may hold up the window that trips it, never the others
                self._failed()
                self._set_aside.update(window.marks)
                log.exception("a window can't be rolled up", kind=window.kind, sensor=window.sensor)
                continue
            interval_s = (entry.interval_s if entry else None) or DEFAULT_INTERVAL_S
            self._book.clean([window], reach_us=int(max(interval_s * (CONTEXT_READINGS + 1), 86_400.0) * 1e6))
        if self._retention is not None and self._lease():
            self._retention.run(admission, stop)
        # Fewer than were asked for: that was all of it. What came meanwhile may wait and be rolled up together.
        return sum(len(window.marks) for window in windows) >= _MOST_MARKS

    def _roll_up(
        self, window: Window, start_us: int, end_us: int, entry: SensorEntry | None, seals: Mapping[str, Seal]
    ) -> int:
        seal = seals.get(window.sensor)
        return roll_up(self._store, window.kind, window.sensor, start_us, end_us, entry, seal)

    def _lease(self, *, at_least_s: float = LEASE_S) -> bool:
        """Whether the lease is held for `at_least_s` [s] more; it is prolonged where it isn't."""
        now_us = to_us(self._clock())
        if self._leased_us - now_us > at_least_s * 1e6:
            return True
        if not self._book.take_lease(LEASE, self._owner, now_us, LEASE_S):
            return False
        self._leased_us = now_us + int(LEASE_S * 1e6)
        return True
