"""The ledger: what was taken over, what is missing, and when a card must have been copied."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypuls.store.book import Book, Letter, Taken, Window
from bypuls.store.book.ledger import HOUR_US
from bypuls.store.registry import Registry, open_registry
from bypuls.wire.batches import MAX_SEQUENCE

NOW_US = 1_800_000_000_000_000 // HOUR_US * HOUR_US
MINUTE_US = 60_000_000

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Shared: every test has a device of its own."""
    with open_registry(tmp_path_factory.mktemp("book") / "registry.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def book(registry: Registry) -> Book:
    return Book(registry)


def a_device() -> str:
    return f"pi-{next(_numbers)}"


Take = Callable[..., tuple[int, int, int]]


@pytest.fixture
def take(book: Book) -> Take:
    """Takes one batch over a minute after the one before: (stored, duplicate, refused)."""
    minutes = itertools.count()

    def one(device: str, epoch: str, first: int, last: int, refused: tuple[int, ...] = ()) -> tuple[int, int, int]:
        now_us = NOW_US + next(minutes) * MINUTE_US
        tally = book.take([Taken(device, epoch, first, last, refused)], [], [], now_us)
        return tally.stored, tally.duplicate, tally.refused

    return one


spans = st.tuples(st.integers(1, 60), st.integers(0, 25)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(spans, min_size=1, max_size=12), st.sets(st.integers(1, 85), max_size=8))
def test_the_ledger_is_a_set_of_numbers(book: Book, batches: list[tuple[int, int]], bad: set[int]) -> None:
    device = a_device()
    model: set[int] = set()
    stored = duplicate = refused = 0
    for first, last in batches:
        numbers = set(range(first, last + 1))
        tally = book.take([Taken(device, "e", first, last, tuple(sorted(numbers & bad)))], [], [], NOW_US)
        new = numbers - model
        assert (tally.stored, tally.duplicate, tally.refused) == (
            len(new - bad),
            len(numbers & model),
            len(new & bad),
        )
        model |= numbers
        stored, duplicate, refused = stored + tally.stored, duplicate + tally.duplicate, refused + tally.refused
    (line,) = book.epochs(device)
    assert (line.first, line.last) == (min(model), max(model))
    assert line.missing == max(model) - min(model) + 1 - len(model)
    assert (line.stored, line.duplicate, line.refused) == (stored, duplicate, refused)
    assert line.received == stored + duplicate + refused
    assert stored + refused == len(model)


def test_a_batch_that_overlaps_partially_counts_only_what_is_new(book: Book, take: Take) -> None:
    device = a_device()
    assert take(device, "e", 10, 20, (15,)) == (10, 0, 1)
    assert take(device, "e", 5, 12) == (5, 3, 0)
    assert take(device, "e", 15, 30, (15, 25)) == (9, 6, 1)
    assert take(device, "e", 40, 41) == (2, 0, 0)
    (line,) = book.epochs(device)
    assert (line.first, line.last, line.missing) == (5, 41, 9)


def test_the_same_batch_twice_in_one_transaction_is_stored_once(book: Book) -> None:
    device = a_device()
    tally = book.take([Taken(device, "e", 1, 5), Taken(device, "e", 1, 5)], [], [], NOW_US)
    assert (tally.stored, tally.duplicate) == (5, 5)


def test_the_highest_sequence_number_is_a_number_like_others(book: Book, take: Take) -> None:
    device = a_device()
    assert take(device, "e", MAX_SEQUENCE - 1, MAX_SEQUENCE) == (2, 0, 0)
    assert take(device, "e", MAX_SEQUENCE, MAX_SEQUENCE) == (0, 1, 0)
    (line,) = book.epochs(device)
    assert (line.last, line.missing) == (MAX_SEQUENCE, 0)


def test_hours_are_those_in_which_ingest_took_over(book: Book) -> None:
    device = a_device()
    book.take([Taken(device, "e", 1, 10, (3,))], [], [], NOW_US)
    book.take([Taken(device, "e", 1, 12)], [], [], NOW_US + HOUR_US - 1)
    book.take([Taken(device, "e", 13, 13)], [], [], NOW_US + HOUR_US)
    lines = book.hours(device)
    assert [(x.hour_us, x.received, x.stored, x.duplicate, x.refused) for x in lines] == [
        (NOW_US, 22, 11, 10, 1),
        (NOW_US + HOUR_US, 1, 1, 0, 0),
    ]
    assert book.hours(device, start_us=NOW_US + HOUR_US) == lines[1:]
    assert book.hours(device, end_us=NOW_US + HOUR_US) == lines[:1]
    assert book.hours("nobody") == []


def alarms_of(book: Book, device: str) -> list[dict[str, object]]:
    return [alarm for alarm in book.alarms() if alarm["device"] == device]


def test_a_backlog_of_an_older_epoch_is_no_clone(book: Book, take: Take) -> None:
    device = a_device()
    take(device, "old", 1, 100)
    take(device, "new", 501, 510)
    take(device, "old", 101, 500)
    take(device, "new", 511, 520)
    assert alarms_of(book, device) == []


def test_live_readings_that_come_before_an_unheard_backlog_are_no_clone(book: Book, take: Take) -> None:
    """A device that was first switched on without a network and restarted sends its newest epoch first."""
    device = a_device()
    take(device, "new", 501, 510)
    take(device, "old", 1, 20)
    take(device, "new", 511, 520)
    take(device, "old", 21, 500)
    take(device, "new", 521, 530)
    assert alarms_of(book, device) == []


def test_an_outbox_that_was_set_aside_and_begins_at_1_is_no_clone(book: Book, take: Take) -> None:
    device = a_device()
    take(device, "before", 1, 1000)
    take(device, "after", 1, 10)
    take(device, "after", 11, 2000)
    take(device, "later", 2001, 2010)
    take(device, "later", 2011, 2020)
    take(device, "before", 1, 1000)  # delivered once more: nothing new
    assert alarms_of(book, device) == []


def test_two_epochs_that_grow_over_each_other_are_a_clone(book: Book, take: Take) -> None:
    device = a_device()
    take(device, "one", 501, 510)
    take(device, "two", 501, 505)
    assert alarms_of(book, device) == []  # one device may have followed the other
    take(device, "one", 511, 520)
    take(device, "two", 506, 530)
    take(device, "one", 521, 530)
    (alarm,) = alarms_of(book, device)
    assert (alarm["alarm"], alarm["count"]) == ("cloned-card", 2)
    assert "one" in str(alarm["detail"])
    assert "two" in str(alarm["detail"])


def test_clones_that_start_in_the_same_moment_are_found(book: Book) -> None:
    device = a_device()
    book.take([Taken(device, "one", 1, 5), Taken(device, "two", 1, 5)], [], [], NOW_US)
    tally = book.take([Taken(device, "one", 6, 9), Taken(device, "two", 6, 9)], [], [], NOW_US)
    assert len(tally.alarms) == 2
    assert all(alarm.startswith(f"{device}: ") for alarm in tally.alarms)


@st.composite
def _one_device(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """Batches of one outbox with restarts, in any order."""
    batches: list[tuple[str, int, int]] = []
    at = 1
    for epoch in range(draw(st.integers(1, 4))):
        for _ in range(draw(st.integers(1, 4))):
            length = draw(st.integers(1, 9))
            batches.append((f"e{epoch}", at, at + length - 1))
            at += length
    return draw(st.permutations(batches))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_one_device(), st.integers(0, 3))
def test_one_outbox_never_alarms_in_whatever_order_it_is_heard(
    book: Book, batches: list[tuple[str, int, int]], together: int
) -> None:
    device = a_device()
    for number, batch in enumerate(batches):
        now_us = NOW_US + number // (together + 1)  # some of them at the same moment
        assert book.take([Taken(device, *batch)], [], [], now_us).alarms == ()


def test_a_transaction_is_rolled_back_as_a_whole(registry: Registry) -> None:
    book = Book(registry, most_letters=0)
    device = a_device()
    window = Window("lamp", f"lamp-of-{device}", 0, 900_000_000)
    letter = Letter(device, "no such field", b"{}", "e", 2)
    with pytest.raises(OSError, match="dead letters"):
        book.take([Taken(device, "e", 1, 2, (2,))], [letter], [window], NOW_US)
    assert book.epochs(device) == []
    assert book.hours(device) == []
    assert book.dead_letters(device=device) == []
    assert [w for w in book.dirty() if w.sensor == window.sensor] == []
