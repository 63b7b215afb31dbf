"""Which rows of an outbox wait, without reading the rows; and the counts that the operator and `health` see."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bypuls.edge.outbox_file import OutboxError
from bypuls.edge.spans import Spans


@dataclass(slots=True)
class State:
    """What the tables say about the rows, without reading the rows."""

    waiting: Spans
    held: Spans
    epochs: list[tuple[int, str]]
    dropped: int


def read_state(db: sqlite3.Connection) -> State:
    """The state of an outbox. Raises sqlite3.Error."""
    low, high = db.execute("SELECT (SELECT min(seq) FROM rows), (SELECT max(seq) FROM rows)").fetchone()
    waiting = Spans() if low is None else Spans([(low, high)])
    held = Spans((seq, seq) for (seq,) in db.execute("SELECT seq FROM held ORDER BY seq"))
    for first, last in [*held, *db.execute("SELECT first, last FROM gone UNION ALL SELECT first, last FROM receipted")]:
        waiting.remove(first, last)
    epochs = list(db.execute("SELECT first, epoch FROM epochs ORDER BY first, rowid"))
    dropped = db.execute("SELECT coalesce(sum(value), 0) FROM counters WHERE name = 'dropped'").fetchone()[0]
    return State(waiting, held, epochs, dropped)


def used_bytes(db: sqlite3.Connection) -> int:
    """Bytes of the file that hold something [bytes]; free pages inside it don't count."""
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


@dataclass(frozen=True, slots=True)
class Stats:
    """What waits, for the operator and for `health`."""

    waiting: int  # rows without receipt, held ones included
    held: int  # of these: without a trusted time
    receipted: int  # kept to be asked for again
    dropped: int  # readings refused since the file was made
    damaged: int  # rows whose bytes no longer matched their checksum
    bytes: int
    oldest_us: int | None  # time of the oldest row that waits [µs since 1970], where it has one
    epochs: dict[str, int]  # rows without receipt, by epoch


def read_stats(db: sqlite3.Connection, state: State) -> Stats:
    """The counts of an outbox in `state`. Raises sqlite3.Error."""
    receipted = db.execute("SELECT coalesce(sum(last - first + 1), 0) FROM receipted").fetchone()[0]
    damaged = db.execute("SELECT count(*) FROM damaged").fetchone()[0]
    oldest = None
    for first, _ in state.waiting:
        (oldest,) = db.execute("SELECT t_us FROM rows WHERE seq = ?", (first,)).fetchone() or (None,)
        break
    epochs: dict[str, int] = {}
    for at, (first, epoch) in enumerate(state.epochs, 1):
        end = state.epochs[at][0] - 1 if at < len(state.epochs) else 2**63 - 1
        parts = state.waiting.within(first, end) + state.held.within(first, end)
        if parts:
            epochs[epoch] = sum(b - a + 1 for a, b in parts)
    held = state.held.count()
    return Stats(state.waiting.count() + held, held, receipted, state.dropped, damaged, used_bytes(db), oldest, epochs)


def inspect(path: Path) -> Stats:
    """The counts of the outbox at `path`, also while an edge has it open. Raises OutboxError."""
    if not path.exists():
        raise OutboxError(f"outbox {path}: no such file; has this edge run yet?")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as db:
            db.text_factory = lambda data: data.decode("utf-8", "replace")
            db.execute("BEGIN")
            return read_stats(db, read_state(db))
    except sqlite3.Error as error:
        raise OutboxError(f"outbox {path}: {error}") from error
