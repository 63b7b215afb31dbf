"""Dead letters, dirty windows and leases; several processes and threads on one database."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st

from bypuls.store.book import Book, DeadLettersFull, Letter, Taken, Window, as_windows
from bypuls.store.protocol import Misconfigured, Unavailable
from bypuls.store.registry import Registry, metadata, open_registry
from bypuls.store.registry.database import database_url, open_engine
from bypuls.wire.bins import QUARTER_US

NOW_US = 1_800_000_000_000_000


@pytest.fixture
def registry(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[Registry]:
    with open_registry(place_registry(tmp_path)) as opened:
        yield opened


@pytest.fixture
def book(registry: Registry) -> Book:
    return Book(registry)


def refused(seq: int, raw: bytes = b'{"kind":"lump"}', device: str = "pi-1") -> Letter:
    return Letter(device, f"kind: 'lump' {seq}", raw, "e", seq)


def keep(book: Book, *letters: Letter, now_us: int = NOW_US) -> int:
    return book.take([], letters, [], now_us).new_letters


# Dead letters


def test_a_letter_is_kept_once_and_counted(book: Book) -> None:
    assert keep(book, refused(1), refused(2)) == 2
    assert keep(book, refused(2), refused(2), refused(3), now_us=NOW_US + 1) == 1
    found = {letter.seq: letter for letter in book.dead_letters()}
    assert {seq: letter.times for seq, letter in found.items()} == {1: 1, 2: 3, 3: 1}
    assert found[2].t_us == NOW_US
    assert (found[2].device, found[2].epoch, found[2].raw) == ("pi-1", "e", b'{"kind":"lump"}')
    assert book.waiting_letters() == 3


def test_the_first_bytes_of_a_number_are_kept(book: Book) -> None:
    keep(book, refused(1, b"first"), refused(1, b"second"))
    keep(book, refused(1, b"third"))
    (letter,) = book.dead_letters()
    assert (letter.raw, letter.times) == (b"first", 3)


def test_what_nobody_can_decode_is_told_apart_by_its_bytes_and_device(book: Book) -> None:
    letters = [Letter("pi-1", "no JSON", b"\xff\x00"), Letter("pi-1", "no JSON", b"\xff\x01")]
    assert keep(book, *letters, Letter("pi-2", "no JSON", b"\xff\x00"), letters[0]) == 3
    assert sorted(letter.times for letter in book.dead_letters()) == [1, 1, 2]


def test_letters_are_listed_newest_first_by_device_and_number(book: Book) -> None:
    keep(book, *(refused(seq) for seq in range(1, 6)), refused(1, device="pi-2"))
    assert [letter.seq for letter in book.dead_letters(device="pi-1", newest=2)] == [5, 4]
    ids = [letter.id for letter in book.dead_letters(device="pi-1")]
    assert [letter.id for letter in book.dead_letters(ids=[*ids[3:], *ids[:2]])] == [*ids[:2], *ids[3:]]
    assert book.dead_letters(ids=[]) == []


def test_full_is_an_outage_and_nothing_is_booked(registry: Registry) -> None:
    book = Book(registry, most_letters=3)
    keep(book, refused(1), refused(2))
    taken = [Taken("pi-1", "e", 3, 4, (3, 4))]
    with pytest.raises(DeadLettersFull, match=r"2 dead letters .* dead-letters list"):
        book.take(taken, [refused(3), refused(4)], [Window("lamp", "l", 0, QUARTER_US)], NOW_US)
    assert (book.waiting_letters(), book.epochs(), book.dirty_marks()) == (2, [], 0)
    assert issubclass(DeadLettersFull, Unavailable)
    # Those that are there already need no room.
    assert keep(book, refused(1), refused(2)) == 0
    assert keep(book, refused(3)) == 1
    book.delete_letters([book.dead_letters(newest=1)[0].id])
    assert keep(book, refused(4)) == 1


def test_full_counts_bytes_too(registry: Registry) -> None:
    book = Book(registry, most_letter_bytes=1000)
    keep(book, refused(1, b"x" * 600))
    with pytest.raises(DeadLettersFull, match="600 bytes"):
        keep(book, refused(2, b"y" * 401))
    assert keep(book, refused(2, b"y" * 400)) == 1


def test_readmitted_letters_make_room_and_are_shown_on_request(registry: Registry) -> None:
    book = Book(registry, most_letters=2)
    keep(book, refused(1), refused(2))
    first = book.dead_letters()[1]
    book.readmit([first.id], [Window("lamp", "l", 0, QUARTER_US)], NOW_US + 5)
    assert [letter.seq for letter in book.dead_letters()] == [2]
    assert [letter.readmitted_us for letter in book.dead_letters(readmitted=True)] == [None, NOW_US + 5]
    assert (book.waiting_letters(), book.dirty_marks()) == (1, 1)
    assert keep(book, refused(3)) == 1


def test_any_number_of_letters_is_readmitted_and_deleted_at_once(registry: Registry, book: Book) -> None:
    """Databases take only so many values in one statement."""
    count = 300_000
    with registry.writing_engine.begin() as connection:
        connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO dead_letter (fingerprint, t_us, device, reason, raw, size, times) "
            "SELECT 'f' || i, 0, 'pi-1', 'r', x'', 0, 1 FROM n",
            (count,),
        )
    ids = range(1, count + 1)
    book.readmit(ids, [], NOW_US)
    assert book.waiting_letters() == 0
    assert len(book.dead_letters(ids=ids[:40_000], readmitted=True, newest=count)) == 40_000
    assert book.delete_letters(ids) == count


# Dirty windows


def window(*quarters: int, sensor: str = "s", kind: str = "lamp") -> Window:
    return Window(kind, sensor, quarters[0] * QUARTER_US, (quarters[-1] + 1) * QUARTER_US)


def bare(windows: list[Window]) -> list[Window]:
    return [Window(w.kind, w.sensor, w.start_us, w.end_us) for w in windows]


def test_near_quarters_are_one_window() -> None:
    touched = [("lamp", "s", n * QUARTER_US + 7) for n in (0, 9, 19, 1)]
    assert as_windows(touched) == [window(0, 9), window(19)]
    assert as_windows([("lamp", "b", 0), ("lamp", "a", 0), ("meter", "a", 0)]) == [
        window(0, sensor="a"),
        window(0, sensor="b"),
        window(0, sensor="a", kind="meter"),
    ]
    assert as_windows([]) == []


@given(st.lists(st.integers(0, 200), min_size=1, max_size=20))
def test_windows_hold_every_reading_and_little_else(quarters: list[int]) -> None:
    windows = as_windows(("lamp", "s", n * QUARTER_US + 1) for n in quarters)
    held = {at // QUARTER_US for w in windows for at in range(w.start_us, w.end_us, QUARTER_US)}
    assert set(quarters) <= held
    assert all(min(abs(n - q) for q in quarters) <= 8 for n in held)
    assert all(b.start_us > a.end_us for a, b in itertools.pairwise(windows))


def test_marks_are_joined_when_read_whatever_they_were_made_of(book: Book) -> None:
    book.mark([window(5, 6), window(0, 1)])
    book.mark([window(1, 2), window(40), window(0, sensor="other")])
    marked = sorted(book.dirty(), key=lambda w: (w.sensor, w.start_us))
    assert bare(marked) == [window(0, sensor="other"), window(0, 6), window(40)]
    assert [len(w.marks) for w in marked] == [1, 3, 1]


def test_a_mark_made_between_reading_and_cleaning_survives(book: Book) -> None:
    book.mark([window(0)])
    read = book.dirty()
    book.mark([window(0)])
    book.clean(read)
    assert bare(book.dirty()) == [window(0)]
    assert book.dirty_marks() == 1
    book.clean(read)  # a second time: those numbers never come back
    assert book.dirty_marks() == 1
    book.clean(book.dirty())
    assert (book.dirty(), book.dirty_marks()) == ([], 0)


def test_numbers_of_marks_never_come_back(book: Book) -> None:
    book.mark([window(0)])
    (first,) = book.dirty()
    book.clean([first])
    book.mark([window(0)])
    (second,) = book.dirty()
    assert second.marks > first.marks


def test_the_oldest_marks_sensors_come_with_all_their_windows(book: Book) -> None:
    for n in range(3):
        book.mark([window(n * 100, sensor=f"s-{n}")])
    book.mark([window(900, sensor="s-0")])
    found = book.dirty(most_marks=2)
    assert {w.sensor for w in found} == {"s-0", "s-1"}
    assert window(900, sensor="s-0") in bare(found)


# Leases


def test_one_worker_at_a_time(book: Book) -> None:
    assert book.take_lease("rollup", "a", NOW_US, 60)
    assert not book.take_lease("rollup", "b", NOW_US, 60)
    assert book.take_lease("rollup", "a", NOW_US + 50_000_000, 60)  # its own: longer
    assert not book.take_lease("rollup", "b", NOW_US + 109_000_000, 60)
    assert book.take_lease("rollup", "b", NOW_US + 111_000_000, 60)  # ran out
    assert not book.take_lease("rollup", "a", NOW_US + 112_000_000, 60)
    book.release_lease("rollup", "a")  # no longer its own
    assert not book.take_lease("rollup", "a", NOW_US + 113_000_000, 60)
    book.release_lease("rollup", "b")
    assert book.take_lease("rollup", "a", NOW_US + 113_000_000, 60)
    assert book.take_lease("another", "b", NOW_US, 60)


# The database


def test_the_tables_of_a_fresh_database_are_those_of_the_code(registry: Registry) -> None:
    ours = {"ledger_range", "ledger_epoch", "ledger_hour", "device_alarm", "dead_letter", "dirty_window", "lease"}
    with registry.engine.connect() as connection:
        options = {
            "compare_type": True,
            "include_object": lambda thing, name, kind, *_: (name if kind == "table" else thing.table.name) in ours,
        }
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_a_locked_database_is_an_outage(tmp_path: Path, registry: Registry) -> None:
    impatient = open_engine(database_url(tmp_path / "registry.db"))
    try:
        book = Book(Registry(impatient))
        with impatient.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 1")
        with registry.writing_engine.begin(), pytest.raises(Unavailable, match="locked"):
            book.mark([window(0)])
        book.mark([window(0)])
    finally:
        impatient.dispose()


def test_a_database_without_the_tables_is_the_operators(tmp_path: Path) -> None:
    path = tmp_path / "no.db"
    path.write_bytes(b"this is not a database, however long it may be" * 40)
    engine = open_engine(database_url(path))
    try:
        with pytest.raises(Misconfigured, match="not a database"):
            Book(Registry(engine)).dirty_marks()
    finally:
        engine.dispose()


CHILD = """
import sys
from bypuls.store.book import Book, Letter, Taken, Window
from bypuls.store.registry import open_registry
path, worker = sys.argv[1], int(sys.argv[2])
with open_registry(path) as registry:
    book = Book(registry)
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(40):
        first = 1 + 10 * n
        letter = Letter("pi-1", "r", b"{}", "e", first)
        book.take([Taken("pi-1", "e", first, first + 14, (first,))], [letter], [Window("lamp", "s", 0, 9)], n)
        own = Taken(f"pi-{worker + 2}", "e", n + 1, n + 1)
        book.take([own], [], [], n)
"""


def test_two_processes_take_over_the_same_without_losing_or_doubling(tmp_path: Path, book: Book) -> None:
    command = [sys.executable, "-W", "error", "-c", CHILD, str(tmp_path / "registry.db")]
    children = [
        subprocess.Popen([*command, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for n in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0
    shared, *own = book.epochs()
    assert (shared.first, shared.last, shared.missing) == (1, 405, 0)
    assert shared.stored + shared.refused == 405
    assert shared.received == 2 * 40 * 15
    assert [(line.device, line.stored) for line in own] == [("pi-2", 40), ("pi-3", 40)]
    assert book.waiting_letters() == 40
    assert {letter.times for letter in book.dead_letters()} == {2}
    assert book.dirty_marks() == 80


def test_threads_share_a_book(book: Book) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for n in range(20):
                book.take([Taken("pi-1", "e", n * 4 + number + 1, n * 4 + number + 1)], [], [], NOW_US)
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    (line,) = book.epochs("pi-1")
    assert (line.first, line.last, line.stored, line.duplicate, line.missing) == (1, 80, 80, 0, 0)
