"""The outbox's file: its tables, opening it, telling whether it is sound, and putting a damaged one aside.

OutboxError (OSError)
├── OutboxBusy          another edge has this outbox open: the operator acts
├── OutboxUnwritable    disk full, read-only, broken card: the operator acts; the edge goes on trying
└── OutboxDamaged       the file is no sound database; it was put aside and a new one begun
"""

from __future__ import annotations

import fcntl
import logging
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)

VERSION = 1
_LAST_CONCEIVABLE = 99  # a layout beyond it is a flipped bit

# SQLite does not notice a bit flipped in a value: each row carries a checksum of what else it holds.
# `rows` keeps what was committed; which of them wait follows from the other tables, so that a receipt for 500 rows
# writes one row. A sequence number belongs to the last epoch that began at or before it.
_SCHEMA = f"""
CREATE TABLE rows (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- never comes back
  key INTEGER,                            -- hash of what must differ within one µs; NULL: nothing must
  t_us INTEGER,                           -- NULL: held, or never known
  crc INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE UNIQUE INDEX moments ON rows(key, t_us) WHERE key IS NOT NULL AND t_us IS NOT NULL;
CREATE TABLE epochs (first INTEGER NOT NULL, epoch TEXT PRIMARY KEY, crc INTEGER NOT NULL);
CREATE TABLE held (seq INTEGER PRIMARY KEY, boot TEXT NOT NULL, mono_us INTEGER NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE anchors (
  boot TEXT PRIMARY KEY, mono_us INTEGER NOT NULL, wall_us INTEGER NOT NULL, crc INTEGER NOT NULL
);
CREATE TABLE receipted (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, at_us INTEGER, crc INTEGER NOT NULL);
CREATE TABLE gone (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE damaged (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
PRAGMA user_version = {VERSION};
"""


def _layout(db: sqlite3.Connection) -> set[str]:
    """The text of every table and index: a bit flipped in one of them is damage that quick_check does not see."""
    return {text for (text,) in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}


def _expected_layout() -> set[str]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(_SCHEMA)
        return _layout(db)


_LAYOUT = _expected_layout()
_NOTES = {
    "epochs": "first, epoch",
    "held": "seq, boot, mono_us",
    "anchors": "boot, mono_us, wall_us",
    "receipted": "first, last, at_us",
    "gone": "first, last",
}


def _crc(*values: object) -> int:
    return zlib.crc32(repr(values).encode())


class OutboxError(OSError):
    """The outbox can't do what was asked of it."""


class OutboxBusy(OutboxError):
    """Another edge has this outbox open."""


class OutboxUnwritable(OutboxError):
    """The disk takes no more just now."""


class OutboxDamaged(OutboxError):
    """The file is no sound database."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file itself is broken, not merely that it can't be written just now."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return False
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)


def lock(path: Path) -> IO[bytes]:
    """The lock of the outbox at `path`, held until it is closed. Raises OutboxBusy."""
    file = path.with_name(path.name + ".lock").open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise OutboxBusy(f"outbox {path}: another edge has it open; stop that one first") from error
    return file


def open_sound(path: Path, *, fsync: bool = True) -> sqlite3.Connection:
    """The database at `path`, made where there is none. Raises OutboxDamaged, OutboxUnwritable."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        db.text_factory = lambda data: data.decode("utf-8", "replace")  # damaged text must not raise
        db.create_function("crc", -1, _crc, deterministic=True)
        _check(db, path)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {'FULL' if fsync else 'OFF'}")
        db.execute("PRAGMA journal_size_limit = 4194304")
    except sqlite3.Error as error:
        db.close()
        # SQLITE_ERROR: what is asked here fails on a sound file only where a table is not what we made.
        if is_damage(error) or getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
            raise OutboxDamaged(f"outbox {path}: {error}") from error
        raise OutboxUnwritable(f"outbox {path}: {error}") from error
    except UnicodeDecodeError as error:  # Python reading SQLite's complaint about a damaged name
        db.close()
        raise OutboxDamaged(f"outbox {path}: {error}") from error
    except OutboxError:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection, path: Path) -> None:
    verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise OutboxDamaged(f"outbox {path}: {verdict}")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    layout = _layout(db)
    if version == 0 and not layout:
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
    elif VERSION < version <= _LAST_CONCEIVABLE:
        raise OutboxError(f"outbox {path}: written by a newer release (layout {version}); install that release")
    elif version == VERSION and layout == _LAYOUT:
        for table, columns in _NOTES.items():
            if db.execute(f"SELECT 1 FROM {table} WHERE crc IS NOT crc({columns})").fetchone():
                raise OutboxDamaged(f"outbox {path}: a note in {table} is not what was written")
    else:
        raise OutboxDamaged(f"outbox {path}: its tables (layout {version}) are not an outbox's")


def put_aside(path: Path, stamp: str) -> Path:
    """Renames a damaged file and its WAL to `<name>.damaged-<stamp>`, for the operator to look at; says where it is."""
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    for ending in ("", "-wal"):
        source = path.with_name(path.name + ending)
        if source.exists():
            source.rename(aside.with_name(aside.name + ending))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return aside
