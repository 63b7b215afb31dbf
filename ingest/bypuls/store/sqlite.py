"""The embedded store: two SQLite files, `readings.db` and `bins.db`, that several processes may use at once."""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bypuls.store import kept_sums
from bypuls.store.folding import fold_text, rising_edges, summable
from bypuls.store.protocol import Bins, BinTable, Column, Columns, Every, Int64, Misconfigured, Rejected, Unavailable
from bypuls.wire import KINDS, Reading, from_us, to_us
from bypuls.wire.bins import BIN_FIELDS, BIN_TAGS
from bypuls.wire.fields import Spec

_LISTS = ("events", "ids", "phases", "edges", "counts")
_BUSY_MS = 30_000


def _column_type(spec: Spec) -> str:
    if spec.role in ("gauge", "register"):
        return "REAL"
    return "INTEGER" if spec.role in ("count", "flag") else "TEXT"


class _Table:
    """How readings of one kind become rows and rows readings."""

    def __init__(self, cls: type[Reading]) -> None:
        self.cls = cls
        self.name = f"raw_{cls.kind}"
        self.values = [name for name in cls.specs if name not in cls.key]
        self.columns = [*cls.key, *self.values]
        self._lists = {i for i, name in enumerate(self.columns) if cls.specs[name].role in _LISTS}
        self._flags = {i for i, name in enumerate(self.columns) if cls.specs[name].role == "flag"}
        self._get = attrgetter(*self.columns)
        key = ", ".join(f'"{name}" {_column_type(cls.specs[name])} NOT NULL' for name in cls.key)
        body = ", ".join(f'"{name}" {_column_type(cls.specs[name])}' for name in self.values)
        primary = ", ".join(["sensor", "t", *cls.key])
        self.create = (
            f"CREATE TABLE IF NOT EXISTS {self.name} (sensor TEXT NOT NULL, t INTEGER NOT NULL, "
            f"{key + ', ' if key else ''}{body}, PRIMARY KEY ({primary})) WITHOUT ROWID"
        )
        names = ", ".join(["sensor", "t", *(f'"{name}"' for name in self.columns)])
        # What is written again without a field doesn't take the field away: InfluxDB merges in the same way.
        merged = ", ".join(f'"{name}" = COALESCE(excluded."{name}", "{name}")' for name in self.values)
        self.insert = (
            f"INSERT INTO {self.name} ({names}) VALUES ({', '.join('?' * (len(self.columns) + 2))}) "
            f"ON CONFLICT ({primary}) DO UPDATE SET {merged}"
        )
        self.select = f"SELECT {names} FROM {self.name}"

    def row(self, reading: Reading, t_us: int) -> tuple[Any, ...]:
        got = self._get(reading)
        if self._lists or self.cls.key:
            cells = list(got)
            for i in self._lists:
                if cells[i] is not None:
                    cells[i] = json.dumps(cells[i], separators=(",", ":"))
            for i in range(len(self.cls.key)):
                if cells[i] is None:
                    cells[i] = ""
            return (reading.sensor, t_us, *cells)
        return (reading.sensor, t_us, *got)

    def reading(self, row: Sequence[Any]) -> Reading:
        known: dict[str, Any] = {}
        for i, name in enumerate(self.columns):
            value = row[i + 2]
            if value is None or (value == "" and i < len(self.cls.key)):
                continue
            if i in self._lists:
                value = tuple(json.loads(value))
            elif i in self._flags:
                value = bool(value)
            known[name] = value
        return self.cls(sensor=row[0], t=from_us(row[1]), **known)


_TABLES: Mapping[str, _Table] = {kind: _Table(cls) for kind, cls in KINDS.items()}


def _bin_table(kind: str) -> str:
    fields = ", ".join(f'"{f.name}" {"TEXT" if f.is_text else "REAL"}' for f in BIN_FIELDS[kind].values())
    tags = "".join(f", {tag} TEXT NOT NULL" for tag in BIN_TAGS[kind])
    key = ", ".join(["sensor", "t", *BIN_TAGS[kind], "part"])
    return (
        f"CREATE TABLE IF NOT EXISTS bin_{kind} (sensor TEXT NOT NULL, t INTEGER NOT NULL{tags}, "
        f"part INTEGER NOT NULL, asset TEXT NOT NULL, {fields}, PRIMARY KEY ({key})) WITHOUT ROWID"
    )


class _File:
    """One database file: a writer behind a lock, a reader for each thread."""

    def __init__(self, path: Path, tables: Mapping[str, tuple[str, Mapping[str, str]]]) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        # SQLite does not wait where two processes turn the WAL on at once: one of them makes the file.
        with path.with_name(f"{path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._writer = self._open()
            self._make(tables)

    def _make(self, tables: Mapping[str, tuple[str, Mapping[str, str]]]) -> None:
        with self.transaction() as connection:
            for name, (create, columns) in tables.items():
                connection.execute(create)
                # A field that came with a later release.
                have = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
                new = [column for column in columns if column not in have]
                for column in new:
                    connection.execute(f'ALTER TABLE {name} ADD COLUMN "{column}" {columns[column]}')
                if new and name.startswith("sum_"):
                    # Sums that were made without it; they are made again.
                    connection.execute(f"DELETE FROM {name}")

    def _open(self) -> sqlite3.Connection:
        with _told(self.path):
            connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA cache_size = -65536")
            connection.execute("PRAGMA temp_store = MEMORY")
        self._all.append(connection)
        return connection

    @property
    def reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _told(self.path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def select(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with _told(self.path):
            return self.reader.execute(query, parameters).fetchall()

    def close(self) -> None:
        for connection in self._all:
            connection.close()
        self._all.clear()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """SQLite's errors as the store's, with the file's name."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise Misconfigured(f"{path}: {error} — restore this file from a backup") from error


class SqliteStore:
    """A `Store` in a folder. Usable by several threads and processes; one writes at a time, readers never wait."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._raw = _File(
            folder / "readings.db",
            {t.name: (t.create, {n: _column_type(t.cls.specs[n]) for n in t.values}) for t in _TABLES.values()},
        )
        self._bins = _File(
            folder / "bins.db",
            {
                f"bin_{kind}": (_bin_table(kind), {f.name: "TEXT" if f.is_text else "REAL" for f in fields.values()})
                for kind, fields in BIN_FIELDS.items()
            }
            | {f"sum_{kind}": kept_sums.table_of(kind) for kind in kept_sums.KINDS_KEPT},
        )

    def write(self, readings: Sequence[Reading]) -> list[Rejected]:
        """See Store. SQLite takes every reading that the contract allows."""
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for index, reading in enumerate(readings):
            if reading.t is None:
                raise ValueError(f"readings[{index}]: no t — expected readings with their time")
            rows.setdefault(reading.kind, []).append(_TABLES[reading.kind].row(reading, to_us(reading.t)))
        with self._raw.transaction() as connection:
            for kind, of_kind in rows.items():
                connection.executemany(_TABLES[kind].insert, of_kind)
        return []

    def readings(self, kind: str, sensor: str, start_us: int, end_us: int) -> list[Reading]:
        """See Store."""
        table = _TABLES[kind]
        query = f"{table.select} WHERE sensor = ? AND t >= ? AND t < ? ORDER BY t"
        return [table.reading(row) for row in self._raw.select(query, (sensor, start_us, end_us))]

    def columns(self, kind: str, sensor: str, start_us: int, end_us: int, names: Sequence[str]) -> Columns:
        """See Store."""
        specs = KINDS[kind].specs
        selected = ", ".join(["t", *(f'"{name}"' for name in _known(names, specs))])
        rows = self._raw.select(
            f"SELECT {selected} FROM {_TABLES[kind].name} WHERE sensor = ? AND t >= ? AND t < ? ORDER BY t",
            (sensor, start_us, end_us),
        )
        got: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * (len(names) + 1)
        values: dict[str, Column] = {}
        for name, cells in zip(names, got[1:], strict=True):
            spec = specs[name]
            if spec.role in ("gauge", "register", "count", "flag"):
                values[name] = np.array(cells, dtype=np.float64)
            elif spec.role in _LISTS:
                values[name] = _objects([None if cell is None else tuple(json.loads(cell)) for cell in cells])
            else:
                values[name] = _objects([cell or None for cell in cells])
        return Columns(np.array(got[0], dtype=np.int64), values)

    def neighbour(self, kind: str, sensor: str, t_us: int, *, before: bool, having: Sequence[str] = ()) -> int | None:
        """See Store."""
        known = " OR ".join(f'"{name}" IS NOT NULL' for name in _known(having, KINDS[kind].specs))
        side = "t < ? {} ORDER BY t DESC" if before else "t >= ? {} ORDER BY t"
        query = (
            f"SELECT t FROM {_TABLES[kind].name} WHERE sensor = ? AND {side.format(f'AND ({known})' if known else '')}"
        )
        rows = self._raw.select(f"{query} LIMIT 1", (sensor, t_us))
        return int(rows[0][0]) if rows else None

    def latest(self, kind: str, sensors: Iterable[str]) -> dict[str, Reading]:
        """See Store."""
        table = _TABLES[kind]
        found: dict[str, Reading] = {}
        for sensor in sensors:
            for row in self._raw.select(f"{table.select} WHERE sensor = ? ORDER BY t DESC LIMIT 1", (sensor,)):
                found[sensor] = table.reading(row)
        return found

    def replace_bins(
        self, kind: str, sensor: str, start_us: int, end_us: int, bins: Sequence[Bins], part: int = 0
    ) -> None:
        """See Store."""
        with self._bins.transaction() as connection:
            connection.execute(
                f"DELETE FROM bin_{kind} WHERE sensor = ? AND t >= ? AND t < ? AND part = ?",
                (sensor, start_us, end_us, part),
            )
            forgetting = kept_sums.forgetting(kind, sensor, start_us, end_us)
            if forgetting is not None:
                connection.execute(*forgetting)
            for block in bins:
                tags = BIN_TAGS[kind]
                names = ["sensor", "part", "asset", *tags, "t", *(f'"{name}"' for name in block.columns)]
                fixed = (sensor, part, block.asset, *(block.tags.get(tag, "") for tag in tags))
                # NaN is bound as NULL.
                cells = zip(block.t_us.tolist(), *(_cells(column) for column in block.columns.values()), strict=True)
                connection.executemany(
                    f"INSERT INTO bin_{kind} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                    (fixed + row for row in cells),
                )

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
        fields, tags = BIN_FIELDS[kind], BIN_TAGS[kind]
        _known(names, fields)
        _known(by, tags)
        text = [name for name in names if fields[name].is_text]
        if text and (every_s != 900 or set(by) != set(tags)):
            raise ValueError(
                f"names: {', '.join(text)} — text is only had in quarters and by {', '.join(tags) or 'no tags'}"
            )
        sums = ", ".join(_folded(name, fields[name].fold) for name in names)
        every_us = every_s * 1_000_000
        at = "t" if every_s == 900 else f"t - t % {every_us}"
        group = ", ".join(["sensor", *by, "at"])
        known = " OR ".join(f'"{name}" IS NOT NULL' for name in names)
        query = (
            f"SELECT {', '.join(['sensor', f'{at} AS at', *by, sums])} FROM bin_{kind} "
            f"WHERE sensor IN ({', '.join('?' * len(sensors))}) AND t >= ? AND t < ? AND ({known}) "
            f"GROUP BY {group} ORDER BY {group}"
        )
        rows = self._bins.select(query, (*sensors, start_us, end_us)) if sensors and names else []
        width = 2 + len(by) + len(names)
        got: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * width
        columns: dict[str, Column] = {}
        for name, cells in zip(names, got[2 + len(by) :], strict=True):
            fold = fields[name].fold
            if fields[name].is_text:
                columns[name] = _objects([fold_text(fold, cell.split("\n")) if cell else None for cell in cells])
            else:
                columns[name] = np.array(cells, dtype=np.float64)
        found_tags = {tag: _objects(cells) for tag, cells in zip(by, got[2 : 2 + len(by)], strict=True)}
        return BinTable(_objects(got[0]), np.array(got[1], dtype=np.int64), found_tags, columns)

    def sums(
        self,
        kind: str,
        sensors: Sequence[str],
        edges_us: Int64,
        names: Sequence[str],
        *,
        keep_before_us: int | None = None,
    ) -> dict[str, npt.NDArray[np.float64]]:
        """See Store."""
        summable(names, BIN_FIELDS[kind])
        rising_edges(edges_us)
        return kept_sums.read_sums(self._bins, kind, sensors, edges_us, names, keep_before_us)

    def delete_readings(self, kind: str, before_us: int, sensor: str | None = None) -> None:
        """See Store."""
        with self._raw.transaction() as connection:
            if sensor is None:
                connection.execute(f"DELETE FROM {_TABLES[kind].name} WHERE t < ?", (before_us,))
            else:
                connection.execute(f"DELETE FROM {_TABLES[kind].name} WHERE sensor = ? AND t < ?", (sensor, before_us))

    def ping(self) -> None:
        """See Store."""
        self._raw.select("SELECT 1")
        self._bins.select("SELECT 1")

    def close(self) -> None:
        """See Store."""
        self._raw.close()
        self._bins.close()


def _folded(name: str, fold: str) -> str:
    if fold in ("sum", "min", "max"):
        return f'{fold.upper()}("{name}")'
    return f'group_concat("{name}", char(10))'


def _known(names: Sequence[str], known: Iterable[str]) -> Sequence[str]:
    """The names, each of which stands in the schema: what is put into a query text is never a user's."""
    allowed = set(known)
    for name in names:
        if name not in allowed:
            raise ValueError(f"{name!r} — expected one of {', '.join(sorted(allowed))}")
    return names


def _objects(cells: Sequence[Any]) -> Column:
    return np.fromiter(cells, dtype=object, count=len(cells))


def _cells(column: Column) -> list[Any]:
    return list(column.tolist())
