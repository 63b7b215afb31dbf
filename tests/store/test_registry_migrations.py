"""The tables of a migrated database are those of the code, and opening is safe for many at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from bypuls.store.registry import BadDatabase, Device, Registry, Sensor, metadata, open_registry
from bypuls.store.registry.database import alembic_config, database_url, open_engine, revisions
from bypuls.store.registry.tables import ENTITIES

OURS = {*ENTITIES, "api_key", "audit", "registry_version"}


@pytest.fixture(scope="module")
def two_rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """For tests that change nothing; opened once."""
    with open_registry(tmp_path_factory.mktemp("two-rows") / "registry.db") as opened:
        with opened.session() as session:
            session.add(Device(id="pi-1", name="a device"))
            session.add(Sensor(id="s-1", device="pi-1", kind="health", name="its health"))
        yield opened


CHILD = """
import sys
from bypuls.store.registry import Device, open_registry
print("ready", flush=True)
sys.stdin.readline()
with open_registry(sys.argv[1]) as registry:
    with registry.session() as session:
        session.add(Device(id=sys.argv[2], name="a device"))
    print(registry.version(), flush=True)
"""


def child(path: Path, device: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-W", "error", "-c", CHILD, str(path), device]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_fresh_database_has_the_tables_of_the_code(tmp_path: Path) -> None:
    with open_registry(tmp_path / "made" / "on" / "the way" / "registry.db") as registry:
        with registry.engine.connect() as connection:
            options = {
                "compare_type": True,
                "include_object": lambda thing, name, kind, *_: (name if kind == "table" else thing.table.name) in OURS,
            }
            differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        assert differences == []


def checks(engine: Engine) -> dict[str, dict[str, str]]:
    seen = inspect(engine)
    return {
        table: {str(found["name"]): found["sqltext"] for found in seen.get_check_constraints(table)} for table in OURS
    }


def test_the_migrations_hold_every_check_of_the_code(tmp_path: Path) -> None:
    made = open_engine(database_url(tmp_path / "made.db"))
    metadata.create_all(made, tables=[metadata.tables[name] for name in sorted(OURS)])
    with open_registry(tmp_path / "migrated.db") as registry:
        assert checks(registry.engine) == checks(made)
        assert sum(map(len, checks(made).values())) > 50
    made.dispose()


def test_postgresql_can_take_every_table() -> None:
    for name in sorted(OURS):
        written = str(CreateTable(metadata.tables[name]).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
        assert "DATETIME" not in written
        assert "DEFERRABLE INITIALLY DEFERRED" in written or "REFERENCES" not in written


def test_down_and_up_again(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    open_registry(path).close()
    config = alembic_config(database_url(path))
    command.downgrade(config, "base")
    engine = open_engine(database_url(path))
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    with open_registry(path) as registry:
        assert registry.version() == 0


def test_migrations_are_named_like_their_files_and_follow_each_other() -> None:
    linear = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    assert list(revisions()) == [one.revision for one in linear][::-1]


def test_a_registry_that_is_newest_is_opened_without_alembic(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    open_registry(path).close()
    asked = (
        "import sys; from bypuls.store.registry import open_registry;"
        "open_registry(sys.argv[1]).close(); print('alembic' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", asked, str(path)], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with open_registry(path) as registry, registry.session() as session:
        session.add(Device(id="pi-1", name="the first"))
    with open_registry(f"sqlite:///{path}") as registry:
        assert [device.name for device in registry.devices()] == ["the first"]


def test_settings_of_sqlite(tmp_path: Path) -> None:
    with open_registry(tmp_path / "registry.db") as registry, registry.engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 30_000}


def test_several_processes_open_and_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "shared" / "registry.db"
    children = [child(path, f"pi-{number}") for number in range(3)]
    try:
        for process in children:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        answers = []
        for process in children:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in children:
            answers.append(process.communicate(timeout=60)[0])
            assert process.returncode == 0
    finally:
        for process in children:
            process.kill()
            process.wait()
    with open_registry(path) as registry:
        assert len(registry.devices()) == 3
        assert registry.version() == 3
    assert "3\n" in answers


def test_several_threads_open_at_once(tmp_path: Path) -> None:
    start = threading.Barrier(8)
    versions: list[int] = []

    def run() -> None:
        start.wait()
        with open_registry(tmp_path / "registry.db") as registry:
            versions.append(registry.version())

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert versions == [0] * 8


def test_a_change_in_another_process_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with open_registry(path) as registry:
        before = registry.admission()
        process = child(path, "pi-elsewhere")
        process.communicate("go\n", timeout=60)
        assert process.returncode == 0
        assert registry.version() == before.version + 1
        assert registry.admission().devices == {"pi-elsewhere"}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://somewhere/registry", "'mysql' — expected sqlite or postgresql"),
        ("sqlite://", "expected a file"),
        ("sqlite:///:memory:", "expected a file"),
        ("://", "can't be read"),
    ],
)
def test_urls_that_cannot_serve(url: str, words: str) -> None:
    with pytest.raises(BadDatabase, match=words):
        open_registry(url)


def test_a_database_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with open_registry(path) as registry, registry.writing_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_later'"))
    with pytest.raises(BadDatabase, match="'9999_later', made by a newer release"):
        open_registry(path)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO site (id, name, lat) VALUES ('a', 'A', 91)",
        "INSERT INTO site (id, name, lanes) VALUES ('a', 'A', 0)",
        "INSERT INTO sensor (id, device, kind, name, sign, multiplier) VALUES ('a', 'gone', 'meter', 'A', 1, 1)",
        "INSERT INTO sensor (id, device, kind, name, sign, multiplier) VALUES ('a', 'pi-1', 'meter', 'A', 0, 1)",
        "INSERT INTO intervention (id, kind, date, site, cabinet) VALUES ('a', 'hump', '2026-01-02', 's', 'c')",
        "INSERT INTO registry_version (id, version) VALUES (2, 0)",
        "INSERT INTO heated_area (building, valid_from, area_m2) VALUES ('a', '2026-01-02', 0)",
        "INSERT INTO dimming_profile VALUES ('a', '2026-01-02', '2026-01-02', '22:00-06:00=50')",
        "INSERT INTO site (id) VALUES ('a')",
        "DELETE FROM device WHERE id = 'pi-1'",
    ],
)
def test_the_database_itself_refuses_what_goes_round_the_session(two_rows: Registry, statement: str) -> None:
    with pytest.raises(IntegrityError), two_rows.writing_engine.begin() as connection:
        connection.execute(text(statement))
