"""What happens to rows inside one transaction: dating held ones, taking receipted and damaged ones away."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from bypuls.edge.clock import Anchor
from bypuls.wire import Reading, TrafficBin, decode_reading, encode_reading, from_us, to_us

log = logging.getLogger(__name__)

_CHUNK = 1_000
_NOTE_RECEIPTED = "INSERT INTO receipted VALUES (?1, ?2, ?3, crc(?1, ?2, ?3))"


def key_of(reading: Reading) -> int | None:
    """What must differ within one µs (kind, sensor, the kind's own key) as a 64-bit number. None for bins: the same
    bin said twice is one bin.
    """
    if isinstance(reading, TrafficBin):
        return None
    text = "|".join([reading.kind, reading.sensor, *(str(getattr(reading, name)) for name in reading.key)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def at_free_moment(db: sqlite3.Connection, key: int | None, reading: Reading) -> tuple[Reading, int | None]:
    """`reading` at its time, or at the next µs that no other of its key has; and that time [µs since 1970]."""
    if reading.t is None:
        return reading, None
    t_us = wanted = to_us(reading.t)
    while key is not None and db.execute("SELECT 1 FROM rows WHERE key = ? AND t_us = ?", (key, t_us)).fetchone():
        t_us += 1
    return (reading if t_us == wanted else reading.replace_t(from_us(t_us))), t_us


def insert(db: sqlite3.Connection, reading: Reading) -> tuple[int, bytes]:
    """Adds `reading`, moved by 1 µs where its moment is taken; its sequence number and JSON."""
    key = key_of(reading)
    reading, t_us = at_free_moment(db, key, reading)
    body = encode_reading(reading)
    statement = "INSERT INTO rows(key, t_us, crc, body) VALUES (?, ?, ?, ?)"
    seq = db.execute(statement, (key, t_us, zlib.crc32(body), body)).lastrowid
    assert seq is not None
    return seq, body


def count(db: sqlite3.Connection, name: str, more: int) -> None:
    """Adds `more` to a counter that outlives restarts."""
    add = "INSERT INTO counters VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value"
    db.execute(add, (name, more))


@dataclass(frozen=True, slots=True)
class Dated:
    """Rows that no longer are held: `stamped` [(seq, JSON)] got their time, `lost` were damaged."""

    stamped: list[tuple[int, bytes]]
    lost: list[int]


def date_held(db: sqlite3.Connection, anchor: Anchor, most: int = 500) -> Dated:
    """Gives up to `most` held rows of the anchor's boot their time."""
    held = (
        "SELECT held.seq, held.mono_us, rows.key, rows.crc, CAST(rows.body AS BLOB)"
        " FROM held LEFT JOIN rows USING (seq) WHERE held.boot = ? ORDER BY held.seq LIMIT ?"
    )
    dated = Dated([], [])
    for seq, mono_us, key, crc, body in db.execute(held, (anchor.boot, most)).fetchall():
        if body is None or zlib.crc32(body) != crc:
            lose(db, seq)
            dated.lost.append(seq)
            continue
        reading = decode_reading(body).replace_t(anchor.at(mono_us))
        reading, t_us = at_free_moment(db, key, reading)
        body = encode_reading(reading)
        db.execute("UPDATE rows SET t_us = ?, crc = ?, body = ? WHERE seq = ?", (t_us, zlib.crc32(body), body, seq))
        db.execute("DELETE FROM held WHERE seq = ?", (seq,))
        dated.stamped.append((seq, body))
    return dated


def lose(db: sqlite3.Connection, seq: int) -> None:
    """Takes a row that no longer is what was committed out of the way; its bytes stay for the operator."""
    db.execute("INSERT OR REPLACE INTO damaged SELECT seq, body FROM rows WHERE seq = ?", (seq,))
    db.execute("DELETE FROM rows WHERE seq = ?", (seq,))
    db.execute("DELETE FROM held WHERE seq = ?", (seq,))
    db.execute("INSERT OR REPLACE INTO gone VALUES (?1, ?1, crc(?1, ?1))", (seq,))
    log.critical("ALARM: row %d was damaged on the disk; it is not sent", seq)


def delete_receipted(db: sqlite3.Connection, before_us: int | None = None) -> int:
    """Deletes up to 1,000 of the oldest receipted rows, with `before_us` those receipted before it; how many."""
    oldest = "SELECT first, last FROM receipted WHERE ? IS NULL OR at_us < ? ORDER BY first LIMIT 1"
    found = db.execute(oldest, (before_us, before_us)).fetchone()
    if found is None:
        return 0
    first, last = found[0], min(found[1], found[0] + _CHUNK - 1)
    db.execute("DELETE FROM rows WHERE seq BETWEEN ? AND ?", (first, last))
    if last == found[1]:
        db.execute("DELETE FROM receipted WHERE first = ?", (first,))
    else:
        db.execute("UPDATE receipted SET first = ?1, crc = crc(?1, last, at_us) WHERE first = ?2", (last + 1, first))
    low = db.execute("SELECT min(seq) FROM rows").fetchone()[0]
    if low is not None and low < first:
        # A hole between rows: without this note it would look like rows that wait.
        grown = db.execute("UPDATE gone SET last = ?1, crc = crc(first, ?1) WHERE last = ?2", (last, first - 1))
        if not grown.rowcount:
            db.execute("INSERT INTO gone VALUES (?1, ?2, crc(?1, ?2))", (first, last))
    else:
        db.execute("DELETE FROM gone WHERE last < ?", (last if low is None else low,))
    return int(last - first + 1)


def take_back(db: sqlite3.Connection, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Takes `spans` out of what is receipted; the parts that were."""
    back: list[tuple[int, int]] = []
    overlapping = "SELECT first, last, at_us FROM receipted WHERE first <= ? AND last >= ?"
    for first, last in spans:
        for a, b, at_us in db.execute(overlapping, (last, first)).fetchall():
            db.execute("DELETE FROM receipted WHERE first = ?", (a,))
            for left, right in ((a, first - 1), (last + 1, b)):
                if left <= right:
                    db.execute(_NOTE_RECEIPTED, (left, right, at_us))
            back.append((max(a, first), min(b, last)))
    return back


def receipt(db: sqlite3.Connection, first: int, last: int, at_us: int | None) -> None:
    """Notes first…last as receipted at `at_us`; one note grows for an hour, `prune` needs the age no finer."""
    hour_us = 3_600_000_000
    grown = db.execute(
        "UPDATE receipted SET last = ?1, crc = crc(first, ?1, at_us) WHERE last = ?2 AND at_us / ?3 IS ?4 / ?3",
        (last, first - 1, hour_us, at_us),
    )
    if not grown.rowcount:
        db.execute(_NOTE_RECEIPTED, (first, last, at_us))
