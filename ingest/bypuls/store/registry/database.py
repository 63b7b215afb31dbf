"""Opening the registry's database: SQLite with its settings, PostgreSQL by URL, both migrated under a lock."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from bypuls.store.registry.errors import BadDatabase

if TYPE_CHECKING:
    from alembic.config import Config

BUSY_TIMEOUT_MS = 30_000
"""How long a writer waits for another one on SQLite [ms]."""

_WRITING = "bypuls_writing"
# Any number will do, as long as every process takes the same one.
_WRITE_LOCK = 0x62797075
# Alembic keeps the migration under way in a global of its module: one at a time, whatever the database.
_ALEMBIC = threading.Lock()


def database_url(url_or_path: str | Path) -> URL:
    """The URL of a registry: a path is an SQLite file. Raises BadDatabase."""
    if isinstance(url_or_path, Path) or "://" not in url_or_path:
        return URL.create("sqlite", database=str(url_or_path))
    try:
        url = make_url(url_or_path)
    except ArgumentError as error:
        raise BadDatabase(
            "the registry's URL can't be read — expected like sqlite:////var/lib/bypuls/registry.db"
        ) from error
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise BadDatabase(f"{backend!r} — expected sqlite or postgresql as the registry's database")
    if backend == "sqlite" and url.database in (None, "", ":memory:"):
        raise BadDatabase("a registry in memory — expected a file, since several processes share it")
    return url


def open_engine(url: URL) -> Engine:
    """An engine for `url`. On SQLite foreign keys are on and commits are durable before they return."""
    if url.get_backend_name() != "sqlite":
        engine = create_engine(url, pool_pre_ping=True)
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that will write: one at a time, whichever the database.

    On SQLite they take the write lock at once: a reader that turns writer after somebody else wrote can only fail. On
    PostgreSQL a lock of our own keeps two workers from booking the same number at once.
    """
    return engine.execution_options(**{_WRITING: True})


def snapshots(engine: Engine) -> Engine:
    """The same engine for transactions whose reads all see one moment, as those of SQLite always do."""
    if engine.dialect.name != "postgresql":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ")


def _set_up_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # The driver's own transactions begin too late and end at every DDL statement: we say BEGIN ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    # FULL: a receipt is sent once a commit returned, so the commit must have reached the disk.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITING, False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")


def alembic_config(url: URL | None = None) -> Config:
    """Alembic's settings in code; with `url` also for its command line."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "bypuls.store.registry:migrations")
    config.set_main_option("path_separator", "os")
    if url is not None:
        config.set_main_option("sqlalchemy.url", url.render_as_string(hide_password=False).replace("%", "%%"))
    return config


def migrate(engine: Engine) -> None:
    """Bring the database to the newest migration; of several processes one migrates and the others wait.

    Raises BadDatabase where a newer release made it, or where the file is no database.
    """
    with _sole_migrator(engine), _ALEMBIC:
        if engine.dialect.name == "sqlite":
            _use_wal(engine)
        with writing(engine).begin() as connection:
            if not _is_newest(connection):
                # Here and not above: Alembic is slow to load, and of most starts nothing is left for it to do.
                from alembic import command

                config = alembic_config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")


def _is_newest(connection: Connection) -> bool:
    known = revisions()
    present = set()
    if inspect(connection).has_table("alembic_version"):
        present = set(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars())
    for revision in present - set(known):
        raise BadDatabase(f"the registry's revision is {revision!r}, made by a newer release — expected a known one")
    return present == {known[-1]}


@cache
def revisions() -> tuple[str, ...]:
    """The migrations in their order: each is named like its file, and follows the one before."""
    folder = files("bypuls.store.registry.migrations.versions")
    names = (Path(one.name) for one in folder.iterdir())
    return tuple(sorted(name.stem for name in names if name.suffix == ".py" and name.stem[0].isdigit()))


@contextmanager
def _sole_migrator(engine: Engine) -> Iterator[None]:
    """On SQLite a lock file: turning WAL on fails at once, without waiting, where another connection is open."""
    if engine.dialect.name != "sqlite":
        yield
        return
    file = Path(engine.url.database or "")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _use_wal(engine: Engine) -> None:
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        # Databases keep the setting, so this writes once in a file's life.
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.close()
    finally:
        raw.close()
