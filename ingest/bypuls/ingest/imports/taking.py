"""What a file's readings are, compared with what is stored, and how they are taken in: batches of a device through
ingest's own intake. So the ledger knows them, what is refused becomes a dead letter, and the bins are computed anew.

Promise: when `take_in` returns, every planned reading is stored or a dead letter with its reason, as those of a device
are after their receipt. A file that is imported again is sent again, as an edge does without a receipt: it is stored
once, and what an import left undone that died between store and book is done then. Not a promise: two imports of one
sensor at once each plan on what they saw; run the first again where that happened.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from bypuls.ingest.gate import Gate
from bypuls.ingest.imports.register_runs import Interval, changes, merged, register_of, told
from bypuls.ingest.intake import Intake
from bypuls.ingest.messages import Message
from bypuls.ingest.rollups.worker import LEASE, RollupWorker
from bypuls.store.book import Book
from bypuls.store.protocol import Store
from bypuls.store.registry import Registry
from bypuls.wire import MAX_BATCH_BYTES, MAX_READINGS, Meter, Reading, Weather, assemble_batch, encode_reading, from_us
from bypuls.wire import to_us as us_of
from bypuls.wire.messages import decode_receipt
from bypuls.wire.topics import topic

RegisterField: TypeAlias = Literal["import_wh", "export_wh", "volume_m3"]
PER_LITRE = Decimal(1000)
_FRAME_BYTES = 400  # more than a batch's frame takes
_MESSAGES = 16
_EVER = (0, 2**62)


@dataclass(frozen=True, slots=True)
class Planned:
    """Readings to take in, rising in time: of new ones, of those that correct a stored one, and of those that are
    stored as they are there are so many."""

    readings: Sequence[Reading]
    new: int
    changed: int
    known: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import. refused : reasons with their counts; they lie among the dead letters."""

    stored: int
    duplicate: int
    refused: Mapping[str, int]
    epoch: str
    rolled_up: bool


def plan_meter(store: Store, sensor: str, medium: str, field: RegisterField, intervals: Sequence[Interval]) -> Planned:
    """The readings that make the sensor's register tell these intervals beside what it tells already.

    intervals : amounts in Wh, of volumes in litres.  Raises Unavailable, Misconfigured, ValueError (overlaps)."""
    stored: dict[int, Decimal] = {}
    for reading in store.readings("meter", sensor, *_EVER):
        value = getattr(reading, field, None)
        if reading.t is not None and value is not None and getattr(reading, "medium", None) == medium:
            stored[us_of(reading.t)] = _exact(value, field)
    both = merged(told(sorted(stored.items())), intervals)
    shown = register_of(both, also_at=stored)
    fresh = set(changes(shown, stored))
    first = min((one.start_us for one in intervals), default=0)
    last = max((one.end_us for one in intervals), default=-1)
    times = sorted(t_us for t_us in shown if first <= t_us <= last or t_us in fresh)
    readings = [_meter(sensor, medium, field, t_us, _shown(shown[t_us], field)) for t_us in times]
    changed = len(fresh & stored.keys())
    return Planned(readings, len(fresh) - changed, changed, len(readings) - len(fresh))


def plan_readings(store: Store, readings: Sequence[Reading]) -> Planned:
    """The readings beside what is stored. All of one kind and sensor."""
    if not readings:
        return Planned((), 0, 0, 0)
    stored = {_key(one): one for one in store.readings(readings[0].kind, readings[0].sensor, *_EVER)}
    fresh = [one for one in readings if stored.get(_key(one)) != one]
    changed = sum(1 for one in fresh if _key(one) in stored)
    return Planned(readings, len(fresh) - changed, changed, len(readings) - len(fresh))


def _key(reading: Reading) -> tuple[datetime | None, str | None]:
    return reading.t, getattr(reading, "medium", None)


def plan_weather(store: Store, sensor: str, t_us: Sequence[int], temp_c: Sequence[float]) -> Planned:
    """The temperatures beside what is stored."""
    return plan_readings(
        store, [Weather(sensor=sensor, t=from_us(t), temp_c=value) for t, value in zip(t_us, temp_c, strict=True)]
    )


def take_in(
    planned: Planned,
    device: str,
    store: Store,
    registry: Registry,
    book: Book,
    *,
    clock: Callable[[], datetime],
    progress: Callable[[int], None] = lambda _taken: None,
) -> Imported:
    """Takes the readings in as batches of `device`, then computes the bins of what they touched, unless an ingest
    service holds that work: it does it within seconds.

    Raises Unavailable, Misconfigured, DeadLettersFull: what was taken until then is stored; the same again goes on."""
    raws = [encode_reading(reading) for reading in planned.readings]
    # The same readings are the same epoch: sent twice they are duplicates in the ledger.
    digest = hashlib.blake2b(b"\n".join(raws), digest_size=12).hexdigest()
    epoch = f"import-{digest}"
    intake = Intake(store, book, gate=lambda: Gate(registry.admission(clock())), clock=clock)
    stored = duplicate = 0
    refused: Counter[str] = Counter()
    messages: list[Message] = []
    taken = 0

    def flush() -> None:
        nonlocal stored, duplicate
        outcome = intake.take(messages)
        stored, duplicate = stored + outcome.tally.stored, duplicate + outcome.tally.duplicate
        for answer in outcome.answers:
            refused.update(refusal.reason for refusal in decode_receipt(answer.payload).refused)
        messages.clear()
        progress(taken)

    for first, batch in _batches(raws):
        messages.append(Message(topic(device, "readings"), assemble_batch(device, epoch, first, clock(), batch)))
        taken += len(batch)
        if len(messages) == _MESSAGES:
            flush()
    if messages:
        flush()
    return Imported(stored, duplicate, dict(refused), epoch, _roll_up(store, registry, book, clock, epoch))


def _roll_up(store: Store, registry: Registry, book: Book, clock: Callable[[], datetime], owner: str) -> bool:
    """Whether the bins were computed here; otherwise a running service does."""
    worker = RollupWorker(store, book, admission=lambda: registry.admission(clock()), clock=clock, owner=owner)
    if not book.take_lease(LEASE, owner, us_of(clock()), 60.0):
        return False
    try:
        while worker.once():
            pass
    finally:
        book.release_lease(LEASE, owner)
    return True


def _batches(raws: Sequence[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """First sequence number and readings of each batch within the contract's limits."""
    batch: list[bytes] = []
    size, first = _FRAME_BYTES, 1
    for raw in raws:
        if batch and (len(batch) == MAX_READINGS or size + len(raw) + 1 > MAX_BATCH_BYTES):
            yield first, batch
            first, batch, size = first + len(batch), [], _FRAME_BYTES
        batch.append(raw)
        size += len(raw) + 1
    if batch:
        yield first, batch


def _meter(sensor: str, medium: str, field: RegisterField, t_us: int, value: float) -> Meter:
    named: dict[str, Any] = {field: value}
    return Meter(sensor=sensor, t=from_us(t_us), medium=medium, **named)


def _exact(value: float, field: RegisterField) -> Decimal:
    """A stored register as it was planned: floats hold these decimals without loss."""
    shown = Decimal(repr(float(value)))
    return shown * PER_LITRE if field == "volume_m3" else shown


def _shown(value: Decimal, field: RegisterField) -> float:
    return float(value / PER_LITRE if field == "volume_m3" else value)
