"""Taking over without a broker: decode, admit, store and book on SQLite, with and without poison among the readings.

One in a hundred, as 10,000 among a million: readings that break the contract, or whole messages that nobody can decode.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rows import Row

from bypuls.ingest.gate import Gate
from bypuls.ingest.intake import Intake
from bypuls.ingest.messages import Message
from bypuls.store.book import Book
from bypuls.store.registry import Device, Sensor, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Lamp, assemble_batch, encode_reading

NOW = datetime(2026, 11, 23, tzinfo=UTC)
READINGS, PER_BATCH, HANDFUL, SENSORS = 100_000, 500, 32, 50
EVERY = 100
ROUNDS = 5


def lamps() -> Iterator[bytes]:
    """Readings of fifty lamps, a minute apart."""
    for n in range(READINGS):
        t = NOW - timedelta(minutes=n // SENSORS)
        yield encode_reading(Lamp(sensor=f"lamp-{n % SENSORS}", t=t, power_w=n % 60, energy_wh=float(READINGS - n)))


def messages(raws: Sequence[bytes]) -> list[Message]:
    """The batches in which a device sends them."""
    return [
        Message("bypuls/v1/pi-1/readings", assemble_batch("pi-1", "e", at + 1, NOW, raws[at : at + PER_BATCH]))
        for at in range(0, len(raws), PER_BATCH)
    ]


def seconds(sent: Sequence[Message], letters: int) -> tuple[float, float]:
    """Time to take all over into a fresh store, by the clock and of the processor: what others do here at the same time
    disturbs the latter less. Raises RuntimeError where not all poison is a dead letter."""
    with tempfile.TemporaryDirectory() as name, open_registry(Path(name) / "registry.db") as registry:
        with registry.session() as session:
            session.add(Device(id="pi-1", name="bench"))
            session.flush()
            session.add_all(Sensor(id=f"lamp-{n}", device="pi-1", kind="lamp", name="bench") for n in range(SENSORS))
        gate = Gate(registry.admission())
        book, store = Book(registry), SqliteStore(Path(name))
        intake = Intake(store, book, gate=lambda: gate, clock=lambda: NOW)
        began, began_cpu = time.perf_counter(), time.process_time()
        for at in range(0, len(sent), HANDFUL):
            intake.take(sent[at : at + HANDFUL])
        took = time.perf_counter() - began, time.process_time() - began_cpu
        if book.waiting_letters() != letters:
            raise RuntimeError(f"{book.waiting_letters()} dead letters — expected {letters}")
        store.close()
    return took


def run() -> list[Row]:
    """The rate by the clock, and what poison costs by the processor's time: the best of the rounds, taken in turn."""
    clean = list(lamps())
    spoilt = [b'{"kind":"lump","n":%d}' % n if n % EVERY == 7 else raw for n, raw in enumerate(clean)]
    batches = messages(clean)
    mixed = list(batches)
    for n in range(0, len(batches), EVERY):
        mixed.insert(n, Message("bypuls/v1/pi-1/readings", b"\xff poison %d" % n + b"x" * 60_000))
    cases = {
        "clean": (batches, 0),
        "readings": (messages(spoilt), READINGS // EVERY),
        "messages": (mixed, len(mixed) - len(batches)),
    }
    took: dict[str, list[tuple[float, float]]] = {case: [] for case in cases}
    for _ in range(ROUNDS):
        for case, (sent, letters) in cases.items():
            took[case].append(seconds(sent, letters))
    clock = {case: min(wall for wall, _ in rounds) for case, rounds in took.items()}
    work = {case: min(cpu for _, cpu in rounds) for case, rounds in took.items()}

    def lost(case: str) -> float:
        return 100 * (1 - work["clean"] / work[case])

    return [
        Row("taken over by one worker", READINGS / clock["clean"], "readings/s", ">= 10,000"),
        # The worst case: some in every batch, so that every batch is read twice.
        Row("slower with 1 % poison readings, five in every batch", lost("readings"), "%"),
        Row("slower with 1 % poison messages", lost("messages"), "%", "< 10"),
    ]
