"""Taking over: decode → admit → store → book → receipts. No MQTT, no threads; what waits for what is decided here.

Promise: a number stands in a receipt only after its reading is in the store, or in the dead letters with its bytes and
the reason, and the book says so. Not a promise that the receipt arrives: the edge sends again, and that is harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bypuls.ingest.gate import Gate
from bypuls.ingest.messages import Answer, Message
from bypuls.ingest.retention import KINDS
from bypuls.store.book import Book, Letter, Taken, Tally, as_windows
from bypuls.store.protocol import Store
from bypuls.wire import Batch, Reading, Receipt, Refusal, RefusedReading, WireError, decode_batch, to_us
from bypuls.wire.batches import raw_readings
from bypuls.wire.messages import ranges
from bypuls.wire.topics import parse_topic

# Readings of these kinds are deleted after their time, but none younger than this.
RETAINED, SETTLED = KINDS, timedelta(days=1)

# Named moments, in order; a test may end the process at any of them.
Moment = Callable[[str], None]


def no_moment(_name: str) -> None:
    """Nothing happens at a moment, unless a test asks for it."""


@dataclass(slots=True)
class _Work:
    """One batch on its way through."""

    batch: Batch
    payload: bytes
    admitted: list[tuple[int, Reading]]
    refused: dict[int, str]
    raws: list[bytes] = field(default_factory=list)

    def letters(self) -> list[Letter]:
        batch = self.batch
        return [
            Letter(batch.device, reason, self._raw(seq - batch.first), batch.epoch, seq)
            for seq, reason in sorted(self.refused.items())
        ]

    def _raw(self, index: int) -> bytes:
        """A reading's bytes as they came: the codec has those that it refused, the others are looked for once."""
        reading = self.batch.readings[index]
        if isinstance(reading, RefusedReading):
            return reading.raw
        if not self.raws:
            self.raws = raw_readings(self.payload)
        return self.raws[index]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a handful of messages."""

    answers: tuple[Answer, ...]
    tally: Tally
    undecodable: int
    retained: int


class Intake:
    """Takes messages over into a store and a book."""

    def __init__(
        self,
        store: Store,
        book: Book,
        *,
        gate: Callable[[], Gate],
        look_again: Callable[[], Gate] | None = None,
        clock: Callable[[], datetime],
        moment: Moment = no_moment,
    ) -> None:
        self._store = store
        self._book = book
        self._gate = gate
        self._look_again = look_again
        self._clock = clock
        self._moment = moment

    def take(self, messages: Sequence[Message]) -> Outcome:
        """Takes all messages over and says what to answer. Harmless to repeat.

        Raises Unavailable, Misconfigured (store or book), DeadLettersFull: then nothing may be answered.
        """
        now, gate = self._clock(), self._gate()
        works: list[_Work] = []
        letters: list[Letter] = []
        retained = 0
        looked = False
        for message in messages:
            device = message.topic[:200]
            try:
                device = parse_topic(message.topic)[0]
                if message.retained:
                    retained += 1
                    letters.append(Letter(device, "retained: readings are never retained", message.payload))
                    continue
                batch = decode_batch(message.payload)
            except WireError as error:
                letters.append(Letter(device, str(error), message.payload))
                continue
            if batch.device != device:
                reason = f"device: {batch.device!r} — expected {device}, on whose topic the batch came"
                letters.append(Letter(device, reason, message.payload))
                continue
            judged = gate.judge(batch, now)
            if judged.strangers and not looked and self._look_again is not None:
                # Registered a moment ago, perhaps: nobody is refused for a snapshot that is a second old.
                gate, looked = self._look_again(), True
                judged = gate.judge(batch, now)
            works.append(_Work(batch, message.payload, judged.admitted, dict(judged.refused)))
        undecodable = len(letters) - retained

        late = self._open_late(works, now)
        self._moment("ingest.before_store")
        origin = [(work, seq) for work in works for seq, _ in work.admitted if (work.batch.epoch, seq) not in late]
        readings = [reading for work in works for seq, reading in work.admitted if (work.batch.epoch, seq) not in late]
        for rejected in self._store.write(readings) if readings else ():
            work, seq = origin[rejected.index]
            work.refused[seq] = rejected.reason
        self._moment("ingest.after_store")

        windows = as_windows((r.kind, r.sensor, to_us(r.t)) for r in readings if r.t is not None)
        taken = [
            Taken(w.batch.device, w.batch.epoch, w.batch.first, w.batch.last, tuple(sorted(w.refused))) for w in works
        ]
        for work in works:
            letters += work.letters()
        tally = self._book.take(taken, letters, windows, to_us(now))
        self._moment("ingest.after_book")
        return Outcome(tuple(_answers(works)), tally, undecodable, retained)

    def _open_late(self, works: Sequence[_Work], now: datetime) -> set[tuple[str, int]]:
        """Readings of a time whose raw readings may be deleted: (epoch, seq) of those that are in a sealed bin already.

        Such a reading was stored, rolled up and deleted. Were it written again it would count twice.
        """
        before = now - SETTLED
        late = [
            (work, seq, reading)
            for work in works
            for seq, reading in work.admitted
            if reading.kind in RETAINED and reading.t is not None and reading.t < before
        ]
        if not late:
            return set()
        windows = as_windows((r.kind, r.sensor, to_us(r.t)) for _, _, r in late if r.t is not None)
        seals = self._book.open_late(windows)
        known: dict[int, list[tuple[int, int]]] = {}
        found: set[tuple[str, int]] = set()
        for work, seq, reading in late:
            seal = seals.get(reading.sensor)
            if seal is None or reading.t is None or to_us(reading.t) >= seal.until_us:
                continue
            batch = work.batch
            if id(work) not in known:
                known[id(work)] = self._book.taken_already(batch.device, batch.epoch, batch.first, batch.last)
            if any(first <= seq <= last for first, last in known[id(work)]):
                found.add((batch.epoch, seq))
        return found


def _answers(works: Sequence[_Work]) -> list[Answer]:
    """One receipt for each batch: well below the size that a message may have."""
    answers: list[Answer] = []
    for work in works:
        batch = work.batch
        stored = ranges(seq for seq in range(batch.first, batch.last + 1) if seq not in work.refused)
        refused = tuple(Refusal(seq, reason) for seq, reason in sorted(work.refused.items()))
        answers.append(Answer(batch.device, Receipt(batch.epoch, stored, refused).encode()))
    return answers
