"""Taking over: what is stored, kept as a dead letter and receipted, and in which order."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from bypuls.ingest.gate import Gate
from bypuls.ingest.intake import Intake, Outcome
from bypuls.ingest.messages import Message
from bypuls.store.book import Book, DeadLettersFull, Taken, Tally
from bypuls.store.protocol import Misconfigured, Unavailable
from bypuls.store.registry import Sensor
from bypuls.wire import MAX_BATCH_BYTES, Lamp, Passage, Reading, encode_reading, to_us
from bypuls.wire.batches import MAX_SEQUENCE
from bypuls.wire.messages import decode_receipt

MOMENTS = ["ingest.before_store", "ingest.after_store", "ingest.after_book"]
EVER = (0, 2**62)
# Of tests/ingest/conftest.py.
Platform = Any
Make = Callable[..., Message]


class RecordingBook(Book):
    """A book that says when it booked."""

    events: list[str]

    def take(self, batches: Sequence[Taken], refused: Any, windows: Any, now_us: int) -> Tally:
        tally = super().take(batches, refused, windows, now_us)
        self.events.append("booked")
        return tally


def an_intake(platform: Platform, *, book: Book | None = None, moment: Callable[[str], None] | None = None) -> Intake:
    return Intake(
        platform.store,
        book or platform.book,
        gate=lambda: Gate(platform.registry.admission(platform.clock())),
        clock=platform.clock,
        moment=moment or (lambda _name: None),
    )


@pytest.fixture
def intake(platform: Platform) -> Intake:
    return an_intake(platform)


def lamps(platform: Platform, count: int, sensor: str = "lamp-1") -> list[Lamp]:
    return [Lamp(sensor=sensor, t=platform.now - timedelta(seconds=n), power_w=n) for n in range(count)]


def receipts(outcome: Outcome) -> list[tuple[str, list[tuple[int, int]], list[int]]]:
    """(device, stored ranges, refused numbers) of each receipt."""
    found = [(answer.device, decode_receipt(answer.payload)) for answer in outcome.answers]
    return [(device, list(r.stored), [one.seq for one in r.refused]) for device, r in found]


def stored(platform: Platform, kind: str = "lamp", sensor: str = "lamp-1") -> list[Reading]:
    found: list[Reading] = platform.store.readings(kind, sensor, *EVER)
    return found


def test_store_then_book_then_answers(platform: Platform, message: Make) -> None:
    book = RecordingBook(platform.registry)
    book.events = platform.events
    intake = an_intake(platform, book=book, moment=platform.events.append)
    outcome = intake.take([message(lamps(platform, 3), first=11)])
    assert platform.events == [MOMENTS[0], "stored", MOMENTS[1], "booked", MOMENTS[2]]
    assert receipts(outcome) == [("pi-1", [(11, 13)], [])]
    assert outcome.tally == Tally(stored=3, duplicate=0, refused=0, new_letters=0, alarms=())
    assert stored(platform) == lamps(platform, 3)[::-1]
    (window,) = platform.book.dirty()
    assert (window.kind, window.sensor) == ("lamp", "lamp-1")
    assert window.start_us <= to_us(platform.now - timedelta(seconds=2)) < window.end_us


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("at", MOMENTS)
def test_a_crash_at_any_moment_is_made_good_by_the_next_delivery(platform: Platform, message: Make, at: str) -> None:
    def crash(name: str) -> None:
        if name == at:
            raise Crash

    sent = message([*lamps(platform, 3), b'{"kind":"lump"}'])
    with pytest.raises(Crash):
        an_intake(platform, moment=crash).take([sent])
    booked = at == "ingest.after_book"
    assert platform.book.waiting_letters() == booked
    outcome = an_intake(platform).take([sent])
    assert receipts(outcome) == [("pi-1", [(1, 3)], [4])]
    assert (outcome.tally.stored, outcome.tally.duplicate) == ((0, 4) if booked else (3, 0))
    assert stored(platform) == lamps(platform, 3)[::-1]
    (letter,) = platform.book.dead_letters()
    assert letter.raw == b'{"kind":"lump"}'
    (line,) = platform.book.epochs()
    assert (line.first, line.last, line.stored, line.refused, line.missing) == (1, 4, 3, 1, 0)


@pytest.mark.parametrize("failure", [Unavailable("down"), Misconfigured("no bucket")])
def test_a_store_that_fails_books_and_answers_nothing(platform: Platform, message: Make, failure: OSError) -> None:
    platform.store.failures.append(failure)
    sent = message([*lamps(platform, 2), b"{}"])
    with pytest.raises(type(failure)):
        an_intake(platform).take([sent])
    assert (platform.book.epochs(), platform.book.waiting_letters(), platform.book.dirty_marks()) == ([], 0, 0)
    assert receipts(an_intake(platform).take([sent])) == [("pi-1", [(1, 2)], [3])]


def test_one_bad_reading_of_500_costs_that_reading(platform: Platform, intake: Intake, message: Make) -> None:
    readings: list[Reading | bytes] = list(lamps(platform, 500))
    readings[250] = b'{"kind": "lamp",  "sensor":"lamp-1","power_w":-1}'
    outcome = intake.take([message(readings, first=1001)])
    assert receipts(outcome) == [("pi-1", [(1001, 1250), (1252, 1500)], [1251])]
    assert len(stored(platform)) == 499
    (letter,) = platform.book.dead_letters()
    assert (letter.raw, letter.device, letter.epoch, letter.seq) == (readings[250], "pi-1", "e1", 1251)
    assert letter.reason.startswith("power_w: -1")


def test_what_the_store_rejects_is_refused_by_its_own_number(platform: Platform, message: Make) -> None:
    """The store sees admitted readings of several batches alone: its indices aren't the batches'."""
    platform.store.rejects = lambda reading: reading.power_w == 2
    first = message([b"{}", *lamps(platform, 4)], first=1)
    second = message([*lamps(platform, 2, "lamp-2"), b"{}", *lamps(platform, 4, "lamp-2")], device="pi-2", first=71)
    outcome = an_intake(platform).take([first, second])
    assert receipts(outcome) == [
        ("pi-1", [(2, 3), (5, 5)], [1, 4]),
        ("pi-2", [(71, 72), (74, 75), (77, 77)], [73, 76]),
    ]
    letters = {letter.seq: letter for letter in platform.book.dead_letters()}
    assert letters[4].raw == encode_reading(lamps(platform, 4)[2])
    assert letters[76].raw == encode_reading(lamps(platform, 4, "lamp-2")[2])
    assert {letters[4].reason, letters[76].reason} == {"the store can't"}
    assert (outcome.tally.stored, outcome.tally.refused) == (8, 4)


UNREADABLE = {
    "no JSON": b"\x00\xff",
    "not UTF-8": b'{"v":"\xff"}',
    "no batch": b"[]",
    "empty": b"",
    "deep": b"[" * 100_000,
    "unknown version": b'{"v":2,"device":"pi-1"}',
    "too large": b"x" * 300_000,
}


@pytest.mark.parametrize("payload", UNREADABLE.values(), ids=UNREADABLE)
def test_what_nobody_can_decode_becomes_a_letter_without_receipt(
    platform: Platform, intake: Intake, message: Make, payload: bytes
) -> None:
    good = message(lamps(platform, 2))
    outcome = intake.take([Message("bypuls/v1/pi-1/readings", payload), good])
    assert receipts(outcome) == [("pi-1", [(1, 2)], [])]
    assert outcome.undecodable == 1
    (letter,) = platform.book.dead_letters()
    assert (letter.raw, letter.device, letter.epoch, letter.seq) == (payload, "pi-1", None, None)
    intake.take([Message("bypuls/v1/pi-1/readings", payload)])
    assert [letter.times for letter in platform.book.dead_letters()] == [2]


def test_a_batch_on_another_devices_topic_is_a_letter_of_that_topic(
    platform: Platform, intake: Intake, message: Make
) -> None:
    outcome = intake.take([message(lamps(platform, 2), device="pi-1", on="pi-2")])
    assert (outcome.answers, stored(platform), platform.book.epochs()) == ((), [], [])
    (letter,) = platform.book.dead_letters()
    assert (letter.device, letter.reason) == ("pi-2", "device: 'pi-1' — expected pi-2, on whose topic the batch came")


@pytest.mark.parametrize("topic", ["bypuls/v1/Pi 1/readings", "bypuls/v1/" + "x" * 500 + "/readings", "else", "ø"])
def test_a_topic_that_is_none_of_ours_is_a_letter_too(
    platform: Platform, intake: Intake, message: Make, topic: str
) -> None:
    payload = message(lamps(platform, 1)).payload
    assert intake.take([Message(topic, payload)]).answers == ()
    (letter,) = platform.book.dead_letters()
    assert (letter.device, letter.raw) == (topic[:200], payload)


def test_retained_messages_are_never_stored(platform: Platform, intake: Intake, message: Make) -> None:
    sent = message(lamps(platform, 2))
    outcome = intake.take([Message(sent.topic, sent.payload, retained=True)])
    assert (outcome.retained, outcome.undecodable, outcome.answers, stored(platform)) == (1, 0, (), [])
    assert platform.book.dead_letters()[0].reason.startswith("retained")


def test_duplicates_are_receipted_as_stored_and_change_nothing(
    platform: Platform, intake: Intake, message: Make
) -> None:
    sent = message([*lamps(platform, 3), b"{}"])
    first = intake.take([sent])
    again = intake.take([sent, sent])
    assert receipts(again) == receipts(first) * 2
    assert (again.tally.stored, again.tally.duplicate, again.tally.new_letters) == (0, 8, 0)
    assert stored(platform) == lamps(platform, 3)[::-1]
    assert [letter.times for letter in platform.book.dead_letters()] == [3]


def test_reversed_shuffled_and_repeated_deliveries_store_the_same(
    platform: Platform, intake: Intake, message: Make
) -> None:
    batches = [message([lamps(platform, 40)[n] for n in range(at, at + 10)], first=at + 1) for at in range(0, 40, 10)]
    for order in itertools.permutations(batches, 3):
        intake.take(order)
    assert stored(platform) == lamps(platform, 40)[::-1]
    (line,) = platform.book.epochs()
    assert (line.stored, line.missing, line.refused) == (40, 0, 0)


def test_a_receipt_of_500_refusals_fits_into_a_message(platform: Platform, intake: Intake, message: Make) -> None:
    bad = json.dumps({"kind": "lamp", "sensor": "lamp-1", "ærø" * 20: '"\\' * 20}, ensure_ascii=False).encode()
    outcome = intake.take([message([bad] * 500, first=MAX_SEQUENCE - 499)])
    (answer,) = outcome.answers
    assert len(answer.payload) <= MAX_BATCH_BYTES
    assert receipts(outcome) == [("pi-1", [], list(range(MAX_SEQUENCE - 499, MAX_SEQUENCE + 1)))]
    assert platform.book.waiting_letters() == 500


def test_full_dead_letters_book_nothing_and_answer_nothing(platform: Platform, message: Make) -> None:
    intake = an_intake(platform, book=Book(platform.registry, most_letters=1))
    with pytest.raises(DeadLettersFull):
        intake.take([message([*lamps(platform, 2), b"{}", b"{}"])])
    assert (platform.book.epochs(), platform.book.waiting_letters()) == ([], 0)
    assert receipts(intake.take([message([*lamps(platform, 2), b"{}"])])) == [("pi-1", [(1, 2)], [3])]


def test_windows_are_marked_for_every_kind_and_sensor(platform: Platform, intake: Intake, message: Make) -> None:
    passage = Passage(sensor="radar-1", t=platform.now - timedelta(days=400), speed_kmh=50)
    intake.take([message([passage, *lamps(platform, 2)]), message(lamps(platform, 1, "lamp-2"), device="pi-2")])
    marked = {(w.kind, w.sensor) for w in platform.book.dirty()}
    assert marked == {("passage", "radar-1"), ("lamp", "lamp-1"), ("lamp", "lamp-2")}


def test_unknown_sensors_never_reach_the_store(platform: Platform, intake: Intake, message: Make) -> None:
    strangers = [Lamp(sensor=f"stranger-{n}", t=platform.now, on=True) for n in range(500)]
    outcome = intake.take([message(strangers)])
    assert (outcome.tally.refused, platform.store.written) == (500, 0)
    assert platform.book.dirty_marks() == 0


def test_one_look_at_the_registry_makes_a_fresh_sensor_known(platform: Platform, message: Make) -> None:
    old = Gate(platform.registry.admission())
    looks: list[int] = []

    def look_again() -> Gate:
        looks.append(1)
        return Gate(platform.registry.admission())

    intake = Intake(platform.store, platform.book, gate=lambda: old, look_again=look_again, clock=platform.clock)
    with platform.registry.session() as session:
        session.add(Sensor(id="lamp-9", device="pi-1", kind="lamp", name="new"))
    fresh = message(lamps(platform, 2, "lamp-9"))
    stranger = message(lamps(platform, 2, "lamp-10"), first=3)
    assert receipts(intake.take([fresh, stranger, stranger])) == [
        ("pi-1", [(1, 2)], []),
        ("pi-1", [], [3, 4]),
        ("pi-1", [], [3, 4]),
    ]
    assert looks == [1]
