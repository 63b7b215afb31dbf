"""The outbox: readings on disk until the platform's receipt.

What it promises: a reading whose `append` returned it as accepted is in the file, across a power cut, and stays there
until its receipt (and 48 h longer, while there is room). Its sequence number never comes back and its time, once
committed, never changes. Beyond the byte limit, and while the disk takes nothing, new readings are refused and counted.
What it does not promise: that the SD card is sound. A damaged file is put aside and a new one begun.
"""

from __future__ import annotations

import bisect
import logging
import secrets
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bypuls.edge import outbox_file, outbox_rows
from bypuls.edge.clock import Anchor
from bypuls.edge.crash import crash_point
from bypuls.edge.outbox_file import OutboxDamaged, OutboxError, OutboxUnwritable
from bypuls.edge.outbox_state import Stats, read_state, read_stats, used_bytes
from bypuls.edge.plants import Plants
from bypuls.edge.spans import Span, Spans
from bypuls.edge.witness import NoWitness, Witness
from bypuls.wire import MAX_BATCH_BYTES, MAX_READINGS, Reading, encode_reading

log = logging.getLogger(__name__)

# A batch's bytes beside its readings: the frame with the longest names and numbers.
_FRAME_BYTES = 300
# What a row costs beside its body: its cell, its entry in the index.
_ROW_BYTES = 60
# Pages that a commit may touch beside its rows: splits of the index, notes, counters.
_RESERVE_BYTES = 32 * 1024
_NO_END = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Arrival:
    """A reading on its way in. Where its time is unknown: taken at `mono_us` [µs since boot `boot`]."""

    reading: Reading
    boot: str
    mono_us: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Contiguous rows of one epoch, encoded, from sequence number `first`."""

    epoch: str
    first: int
    bodies: tuple[bytes, ...]

    @property
    def last(self) -> int:
        """The last row's sequence number."""
        return self.first + len(self.bodies) - 1


def _total(spans: Iterable[Span]) -> int:
    return sum(last - first + 1 for first, last in spans)


class Outbox:
    """One device's outbox. Safe to use from several threads.

    path : the file.  max_bytes : [bytes], the WAL (≤ 8 MB) not counted.  Raises OutboxBusy, OutboxUnwritable.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int,
        new_epoch: Callable[[], str] = lambda: secrets.token_hex(8),
        witness: Witness | None = None,
        plants: Plants | None = None,
    ) -> None:
        self.path = path
        self.quarantined: list[Path] = []
        self._max_bytes = max_bytes
        self._new_epoch = new_epoch
        self._witness = witness or NoWitness()
        self._fsync = not (plants or Plants()).no_fsync
        self._mutex = threading.RLock()
        self._uncounted = 0
        self._refused = 0
        self._shut = True
        self._file_lock = outbox_file.lock(path)
        try:
            self._open()
        except BaseException:
            self._file_lock.close()
            raise

    def _open(self) -> None:
        try:
            self._db = outbox_file.open_sound(path=self.path, fsync=self._fsync)
            self._load()
        except OutboxDamaged as damage:
            self._put_aside(str(damage))
            self._db = outbox_file.open_sound(path=self.path, fsync=self._fsync)
            self._load()

    def _load(self) -> None:
        try:
            self._state = read_state(self._db)
        except sqlite3.Error as error:
            self._db.close()
            raise OutboxDamaged(f"outbox {self.path}: {error}") from error
        for first, _ in self._state.waiting:
            if not self._state.epochs or self._state.epochs[0][0] > first:
                self._db.close()
                raise OutboxDamaged(f"outbox {self.path}: row {first} is of no epoch")
            break
        self.epoch = self._new_epoch()
        self._begun = False
        self._shut = False

    def _put_aside(self, reason: str) -> None:
        aside = outbox_file.put_aside(self.path, datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"))
        self.quarantined.append(aside)
        log.critical("ALARM: outbox damaged (%s); put aside as %s, a new one is begun", reason, aside)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction; what SQLite raises becomes OutboxUnwritable, or OutboxDamaged with a new file in place."""
        with self._mutex:
            if self._shut:
                self._open()
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                    self._db.execute("COMMIT")
                except BaseException:
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                if not outbox_file.is_damage(error):
                    raise OutboxUnwritable(f"outbox {self.path}: {error}") from error
                self._db.close()
                self._shut = True
                self._put_aside(str(error))
                self._open()
                raise OutboxDamaged(f"outbox {self.path}: {error}") from error

    def append(self, arrivals: Sequence[Arrival]) -> int:
        """Commits `arrivals` in their order; the number accepted. The rest, from the end, is refused and counted."""
        with self._mutex:
            try:
                accepted = self._append(arrivals)
            except OutboxDamaged:
                accepted = self._append(arrivals)
            except OutboxUnwritable as error:
                self._uncounted += len(arrivals)
                self._state.dropped += len(arrivals)
                self._tell_refused(len(arrivals), str(error))
                return 0
        return accepted

    def _tell_refused(self, refused: int, reason: str) -> None:
        """Logs when refusing begins and when it is over; `dropped` counts meanwhile."""
        if refused and not self._refused:
            log.error("outbox %s: %s; readings are refused and counted", self.path, reason)
        elif self._refused and not refused:
            log.warning("outbox %s: room again; %d readings were refused", self.path, self._refused)
        self._refused = self._refused + refused if refused else 0

    def _append(self, arrivals: Sequence[Arrival]) -> int:
        sizes = [len(encode_reading(item.reading)) + _ROW_BYTES for item in arrivals]
        room = self._make_room(sum(sizes))
        rows: list[tuple[int, bytes]] = []
        held: list[int] = []
        with self._transaction() as db:
            for item, size in zip(arrivals, sizes, strict=True):
                room -= size
                if room < 0:
                    break
                seq, body = outbox_rows.insert(db, item.reading)
                rows.append((seq, body))
                if item.reading.t is None:
                    held.append(seq)
                    db.execute("INSERT INTO held VALUES (?1, ?2, ?3, crc(?1, ?2, ?3))", (seq, item.boot, item.mono_us))
            refused = len(arrivals) - len(rows)
            if rows and not self._begun:
                db.execute("INSERT INTO epochs VALUES (?1, ?2, crc(?1, ?2))", (rows[0][0], self.epoch))
            if refused or self._uncounted:
                outbox_rows.count(db, "dropped", refused + self._uncounted)
            crash_point("outbox.before_commit")
        crash_point("outbox.after_commit")
        self._uncounted = 0
        self._state.dropped += refused
        self._tell_refused(refused, f"full at {self._max_bytes} bytes")
        if rows:
            if not self._begun:
                self._state.epochs.append((rows[0][0], self.epoch))
                self._begun = True
            self._state.waiting.add(rows[0][0], rows[-1][0])
            for seq in held:
                self._state.waiting.remove(seq, seq)
                self._state.held.add(seq, seq)
            self._witness.committed(self.epoch, rows)
        return len(rows)

    def _make_room(self, size: int) -> int:
        """Bytes left for new rows, after receipted ones gave way to `size` [bytes]."""
        while True:
            with self._transaction() as db:
                room = self._max_bytes - _RESERVE_BYTES - used_bytes(db)
            if room >= size:
                return room
            crash_point("outbox.before_delete")
            with self._transaction() as db:
                deleted = outbox_rows.delete_receipted(db)
            if not deleted:
                return room
            crash_point("outbox.after_delete")

    def waiting(self) -> Spans:
        """The rows that may be sent and have no receipt, by sequence number."""
        with self._mutex:
            return self._state.waiting.copy()

    def held(self) -> bool:
        """Whether rows wait for the clock."""
        with self._mutex:
            return bool(self._state.held)

    def batch(self, first: int, last: int) -> Rows | None:
        """The rows from `first`, at most to `last`, that fit one batch: one epoch, ≤ 500 readings, ≤ 128 KB.

        None where the first of them turned out damaged, or nothing is left to send.
        Raises OutboxDamaged, OutboxUnwritable.
        """
        with self._mutex:
            first, last = next(iter(self._state.waiting.within(first, min(last, first + MAX_READINGS - 1))), (0, 0))
            if not first:
                return None
            epoch, end = self._epoch_of(first)
            with self._transaction() as db:
                found = db.execute(
                    "SELECT seq, crc, CAST(body AS BLOB) FROM rows WHERE seq BETWEEN ? AND ? ORDER BY seq",
                    (first, min(last, end)),
                ).fetchall()
            bodies: list[bytes] = []
            size = _FRAME_BYTES
            for expected, (seq, crc, body) in enumerate(found, first):
                size += len(body) + 1
                if seq != expected or zlib.crc32(body) != crc:
                    self._lose(expected)
                    break
                if size > MAX_BATCH_BYTES:
                    break
                bodies.append(body)
            else:
                if not found:
                    self._lose(first)
        return Rows(epoch, first, tuple(bodies)) if bodies else None

    def _lose(self, seq: int) -> None:
        with self._transaction() as db:
            outbox_rows.lose(db, seq)
        self._state.waiting.remove(seq, seq)

    def _epoch_of(self, seq: int) -> tuple[str, int]:
        """(epoch, last sequence number that can be of it)."""
        epochs = self._state.epochs
        at = bisect.bisect_right(epochs, seq, key=lambda entry: entry[0]) - 1
        if at < 0:
            raise OutboxError(f"outbox {self.path}: no epoch for row {seq}")
        return epochs[at][1], epochs[at + 1][0] - 1 if at + 1 < len(epochs) else _NO_END

    def bounds(self, epoch: str) -> Span | None:
        """The sequence numbers that can be of `epoch`; None for an epoch that is not ours."""
        with self._mutex:
            for first, name in self._state.epochs:
                if name == epoch:
                    return first, self._epoch_of(first)[1]
            return None

    def receipt(self, spans: Iterable[Span], at_us: int | None) -> int:
        """Marks the waiting rows among `spans` as taken over by the platform; how many. Kept until `prune`.

        at_us : now [µs since 1970], None while nobody knows.  Raises OutboxDamaged, OutboxUnwritable.
        """
        with self._mutex:
            parts = [part for first, last in spans for part in self._state.waiting.within(first, last)]
            if not parts:
                return 0
            with self._transaction() as db:
                for first, last in parts:
                    outbox_rows.receipt(db, first, last, at_us)
            crash_point("outbox.after_receipt")
            for first, last in parts:
                self._state.waiting.remove(first, last)
        return _total(parts)

    def again(self, spans: Iterable[Span]) -> int:
        """Lets receipted rows among `spans` wait once more; how many. Raises OutboxDamaged, OutboxUnwritable."""
        with self._mutex:
            with self._transaction() as db:
                back = outbox_rows.take_back(db, list(spans))
            for first, last in back:
                self._state.waiting.add(first, last)
        return _total(back)

    def since(self, t_us: int) -> Spans:
        """The rows whose time is `t_us` [µs since 1970] or later. Raises OutboxDamaged, OutboxUnwritable."""
        with self._transaction() as db:
            rows = db.execute("SELECT seq FROM rows WHERE t_us >= ? ORDER BY seq", (t_us,))
            return Spans((seq, seq) for (seq,) in rows)

    def stamp(self, anchor: Anchor) -> int:
        """Gives the held rows of the anchor's boot their time and lets them out; how many. Keeps the anchor, for rows
        of this boot that are found held after the next. Raises OutboxDamaged, OutboxUnwritable.
        """
        stamped = 0
        with self._mutex:
            while True:
                with self._transaction() as db:
                    now = (anchor.boot, anchor.mono_us, anchor.wall_us)
                    db.execute("INSERT OR REPLACE INTO anchors VALUES (?1, ?2, ?3, crc(?1, ?2, ?3))", now)
                    dated = outbox_rows.date_held(db, anchor)
                crash_point("outbox.after_stamp")
                for seq in dated.lost:
                    self._state.held.remove(seq, seq)
                for seq, body in dated.stamped:
                    self._state.held.remove(seq, seq)
                    self._state.waiting.add(seq, seq)
                    self._witness.committed(self._epoch_of(seq)[0], [(seq, body)])
                stamped += len(dated.stamped)
                if not dated.stamped and not dated.lost:
                    return stamped

    def release(self, boot: str) -> int:
        """Lets held rows of boots before `boot` out: with their time where that boot once knew it, else without; how
        many went without. Raises OutboxDamaged, OutboxUnwritable.
        """
        with self._mutex:
            with self._transaction() as db:
                anchors = [Anchor(*row) for row in db.execute("SELECT boot, mono_us, wall_us FROM anchors")]
            for anchor in anchors:
                if anchor.boot != boot:
                    self.stamp(anchor)
            with self._transaction() as db:
                db.execute("DELETE FROM anchors WHERE boot <> ?", (boot,))
                untimed = [seq for (seq,) in db.execute("SELECT seq FROM held WHERE boot <> ?", (boot,))]
                db.execute("DELETE FROM held WHERE boot <> ?", (boot,))
            for seq in untimed:
                self._state.held.remove(seq, seq)
                self._state.waiting.add(seq, seq)
        return len(untimed)

    def prune(self, now_us: int, keep_s: float, most: int = 20_000) -> int:
        """Deletes rows receipted more than `keep_s` [s] before `now_us` [µs since 1970], at most about `most`; how
        many. Raises OutboxDamaged, OutboxUnwritable.
        """
        deleted = 0
        with self._mutex:
            while deleted < most:
                crash_point("outbox.before_delete")
                with self._transaction() as db:
                    undated = (
                        "UPDATE receipted SET at_us = ?1, crc = crc(first, last, ?1) WHERE at_us IS NULL OR at_us > ?1"
                    )
                    # Receipted while nobody knew the time, or while the clock was ahead: their age counts from now.
                    db.execute(undated, (now_us,))
                    some = outbox_rows.delete_receipted(db, now_us - int(keep_s * 1e6))
                if not some:
                    break
                deleted += some
                crash_point("outbox.after_delete")
        return deleted

    def stats(self) -> Stats:
        """The counts of now. Raises OutboxDamaged, OutboxUnwritable."""
        with self._transaction() as db:
            return read_stats(db, self._state)

    def close(self) -> None:
        """Closes the file; what was committed stays."""
        with self._mutex:
            self._db.close()
            self._file_lock.close()
