"""A copy of the embedded platform's files while it runs, and its way back.

All files are copied as they were at one moment, in an order that leaves nothing unsaid: readings first, then the
registry, whose ledger and dirty marks speak of readings that are in the copy already, then the bins, which are never
older than the marks. What a device had receipted after that moment, it sends again when asked.

BackupError
├── NotABackup (ValueError)      the folder holds no whole backup, or one that was changed
└── InTheWay (FileExistsError)   something is already where the files should go
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bypuls.wire import format_time, parse_time

FILES = ("readings.db", "registry.db", "bins.db")
_BESIDE = ("town.json",)  # what the simulated town remembers; it isn't there in a real one
_MANIFEST = "backup.json"
_VERSION = 1


class BackupError(Exception):
    """The copy can't be made or used."""


class NotABackup(BackupError, ValueError):
    """The folder holds no whole backup."""


class InTheWay(BackupError, FileExistsError):
    """Something is already there."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. taken : the moment of the copy.  bytes_of : each file's length [bytes]."""

    taken: datetime
    bytes_of: dict[str, int]


def back_up(
    data_dir: Path, target: Path, now: Callable[[], datetime], *, told: Callable[[str], None] = lambda _name: None
) -> Backup:
    """Copies the data folder's files into the new folder `target`, checked. told : called with each file's name.

    Raises InTheWay, NotABackup (a damaged source), OSError.
    """
    there = [name for name in FILES if (data_dir / name).exists()]
    if "registry.db" not in there:
        raise NotABackup(f"{data_dir}: no registry.db — expected the data folder of a platform")
    if target.exists():
        raise InTheWay(f"{target} is there already — expected a new folder for the backup")
    draft = target.with_name(f"{target.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    with ExitStack() as open_files:
        sources = {}
        for name in there:
            source = open_files.enter_context(closing(_connected(data_dir / name)))
            # The transaction's first read fixes the moment that it sees; writers are not kept waiting.
            source.execute("BEGIN")
            source.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            sources[name] = source
        taken = now()
        for name, source in sources.items():
            told(name)
            try:
                _copy(source, draft / name)
            except sqlite3.DatabaseError as error:
                raise NotABackup(f"{data_dir / name} is damaged: {error}") from error
    for name in _BESIDE:
        if (data_dir / name).exists():
            shutil.copyfile(data_dir / name, draft / name)
            there.append(name)
    sizes = {name: (draft / name).stat().st_size for name in there}
    files = {name: {"bytes": size, "sha256": _digest(draft / name)} for name, size in sizes.items()}
    manifest = {"bypuls_backup": _VERSION, "taken": format_time(taken), "files": files}
    (draft / _MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    draft.rename(target)
    return Backup(taken, sizes)


def verify(folder: Path) -> Backup:
    """Holds every file of a backup against what was noted of it. Raises NotABackup."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text("utf-8"))
        version, files = manifest["bypuls_backup"], manifest["files"]
        taken = parse_time("taken", manifest["taken"])
        noted = {str(name): (int(one["bytes"]), str(one["sha256"])) for name, one in files.items()}
    except OSError as error:
        expected = "expected a folder made by bypuls backup"
        raise NotABackup(f"{folder}: no readable {_MANIFEST} in it ({error.strerror}) — {expected}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        expected = "expected a folder made by bypuls backup"
        raise NotABackup(f"{folder}: no readable {_MANIFEST} ({error}) — {expected}") from None
    if version != _VERSION:
        raise NotABackup(f"{folder}: bypuls_backup {version!r} — expected {_VERSION}")
    for name, (_, digest) in noted.items():
        if name not in (*FILES, *_BESIDE):
            raise NotABackup(f"{folder}: file {name!r} — expected {', '.join((*FILES, *_BESIDE))}")
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise NotABackup(f"{folder / name} is missing or was changed after the backup")
    return Backup(taken, {name: size for name, (size, _) in noted.items()})


def restore(folder: Path, data_dir: Path) -> Backup:
    """Brings a backup's files into a data folder that has none yet. Raises NotABackup, InTheWay, OSError."""
    backup = verify(folder)
    there = sorted(path.name for path in data_dir.glob("*.db*")) if data_dir.exists() else []
    if there:
        raise InTheWay(f"{data_dir} holds {', '.join(there)} — expected a data folder without a platform in it")
    data_dir.mkdir(parents=True, exist_ok=True)
    for name in backup.bytes_of:
        draft = data_dir / f"{name}.part"
        shutil.copyfile(folder / name, draft)
        draft.rename(data_dir / name)
    return backup


def _copy(source: sqlite3.Connection, target: Path) -> None:
    with closing(_connected(target)) as copy:
        source.backup(copy)
        found = copy.execute("PRAGMA quick_check").fetchone()
        if found != ("ok",):
            raise sqlite3.DatabaseError(found[0])
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a WAL beside it


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30.0)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
