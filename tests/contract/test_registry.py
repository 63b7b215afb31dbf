"""The registry's databases pass one suite: SQLite, PostgreSQL."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bypuls.sim.roster import registry_rows
from bypuls.sim.town import Town
from bypuls.store.book import Book, Letter, Taken, Window
from bypuls.store.registry import (
    ENTITIES,
    Registry,
    create_key,
    export_csv,
    import_csv,
    metadata,
    open_registry,
    seed_factors,
    verify_key,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
Open = Callable[[], Registry]


@pytest.fixture(params=["sqlite", "postgresql"])
def open_one(request: pytest.FixtureRequest, tmp_path) -> Open:
    """Opens one and the same database, as often as asked, as processes do."""
    if request.param == "sqlite":
        where: str = f"sqlite:///{tmp_path}/registry.db"
    else:
        where = request.getfixturevalue("postgres_server").new_database()
    return lambda: open_registry(where, clock=lambda: NOW)


@pytest.fixture
def registry(open_one: Open) -> Iterator[Registry]:
    with open_one() as opened:
        yield opened


def csv_of(rows: list[dict[str, object]]) -> io.StringIO:
    import csv

    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows({k: str(v).lower() if isinstance(v, bool) else v for k, v in row.items()} for row in rows)
    text.seek(0)
    return text


def test_a_town_goes_in_and_out_and_in_again(registry: Registry, tmp_path) -> None:
    seed_factors(registry)
    for entity, rows in registry_rows(Town(1, date(2024, 11, 1))).items():
        report = import_csv(registry, entity, csv_of(rows))
        assert not report.errors
    told = {}
    for entity in ENTITIES:
        text = io.StringIO(newline="")
        export_csv(registry, entity, text)
        told[entity] = text.getvalue()
    assert len(told["lamp"].splitlines()) == 41
    with open_registry(tmp_path / "other.db", clock=lambda: NOW) as other:
        for entity in ENTITIES:
            assert import_csv(other, entity, io.StringIO(told[entity], newline="")).errors == ()
            again = io.StringIO(newline="")
            export_csv(other, entity, again)
            assert again.getvalue() == told[entity], entity


def test_the_migrations_make_what_the_code_expects(registry: Registry) -> None:
    ours = set(metadata.tables)
    with registry.engine.connect() as connection:
        options = {
            "compare_type": True,
            "include_object": lambda thing, name, kind, *_: (name if kind == "table" else thing.table.name) in ours,
        }
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_a_bad_row_costs_nothing_but_itself_nothing_is_half_done(registry: Registry) -> None:
    report = import_csv(registry, "site", csv_of([{"id": "a", "name": "A"}, {"id": "b", "name": "B", "lanes": -1}]))
    assert [error.field for error in report.errors] == ["lanes"]
    text = io.StringIO(newline="")
    export_csv(registry, "site", text)
    assert len(text.getvalue().splitlines()) == 1


def test_the_ledger_letters_and_marks(open_one: Open, registry: Registry) -> None:
    book = Book(registry)
    letter = Letter("pi-1", "refused", b"{}\x00\xff", "e", 3)
    tally = book.take([Taken("pi-1", "e", 1, 10, (3,))], [letter], [Window("lamp", "s", 0, 9)], 5)
    assert (tally.stored, tally.duplicate, tally.refused) == (9, 0, 1)
    again = book.take([Taken("pi-1", "e", 8, 20)], [letter], [Window("lamp", "s", 5, 12)], 6)
    assert (again.stored, again.duplicate) == (10, 3)
    (line,) = book.epochs()
    assert (line.first, line.last, line.missing) == (1, 20, 0)
    assert [one.raw for one in book.dead_letters()] == [b"{}\x00\xff"]
    windows = book.dirty()
    book.clean(windows)
    assert book.dirty_marks() == 0
    with open_one() as other:
        assert Book(other).epochs() == book.epochs()


def test_one_lease_at_a_time(open_one: Open, registry: Registry) -> None:
    book = Book(registry)
    with open_one() as other:
        second = Book(other)
        assert book.take_lease("rollups", "a", 0, 60.0)
        assert not second.take_lease("rollups", "b", 1, 60.0)
        assert second.take_lease("rollups", "b", 61_000_000, 60.0), "the first one's time is over"


def test_workers_at_once_lose_and_double_nothing(open_one: Open, registry: Registry) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with open_one() as own:
                book = Book(own)
                for n in range(15):
                    first = 1 + 10 * n
                    letter = Letter("pi-1", "r", b"{}", "e", first)
                    book.take([Taken("pi-1", "e", first, first + 14, (first,))], [letter], [], n)
                    book.take([Taken(f"pi-{number + 2}", "e", n + 1, n + 1)], [], [], n)
        except BaseException as error:  # noqa: BLE001 — told by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    book = Book(registry)
    lines = {line.device: line for line in book.epochs()}
    assert (lines["pi-1"].last, lines["pi-1"].missing, lines["pi-1"].received) == (155, 0, 3 * 15 * 15)
    assert {lines[f"pi-{n}"].stored for n in (2, 3, 4)} == {15}
    assert {letter.times for letter in book.dead_letters()} == {3}


def test_keys_are_kept_hashed_and_known_again(open_one: Open, registry: Registry) -> None:
    token = create_key(registry, "reader", ["read"])
    with open_one() as other:
        key = verify_key(other, token, NOW)
        assert key is not None
        assert set(key.scopes) == {"read"}
        assert verify_key(other, token[:-1] + ("a" if token[-1] != "a" else "b"), NOW) is None
