"""Dead letters again: after the sensor was registered or the release was mended, what was refused is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bypuls.ingest.gate import Gate
from bypuls.store.book import Book, DeadLetter, as_windows
from bypuls.store.protocol import Store
from bypuls.wire import Reading, WireError, decode_batch, decode_reading, to_us

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Readmitted:
    """What came of it: letters now in the store, and (letter, reason) of those still refused."""

    stored: tuple[int, ...]
    refused: tuple[tuple[int, str], ...]


def readmit(
    letters: Sequence[DeadLetter], store: Store, book: Book, gate: Gate, *, clock: Callable[[], datetime]
) -> Readmitted:
    """Decodes and admits letters once more; a whole batch only if every reading of it is welcome now.

    Letters are stored and booked a thousand at a time. Raises Unavailable, Misconfigured: then those of the thousand
    under way and after it are not booked, and repeating is harmless.
    """
    done = [_some(letters[at : at + _AT_ONCE], store, book, gate, clock()) for at in range(0, len(letters), _AT_ONCE)]
    return Readmitted(
        tuple(letter for some in done for letter in some.stored), tuple(pair for some in done for pair in some.refused)
    )


def _some(letters: Sequence[DeadLetter], store: Store, book: Book, gate: Gate, now: datetime) -> Readmitted:
    fit: list[tuple[int, Reading]] = []
    refused: dict[int, str] = {}
    for letter in letters:
        try:
            readings = _readings(letter)
        except WireError as error:
            refused[letter.id] = str(error)
            continue
        reasons = [reason for r in readings if (reason := gate.refusal(letter.device, r, now)) is not None]
        if reasons:
            refused[letter.id] = reasons[0]
        else:
            fit += [(letter.id, reading) for reading in readings]
    windows = as_windows((r.kind, r.sensor, to_us(r.t)) for _, r in fit if r.t is not None)
    if windows:
        book.open_late(windows)
    for rejected in store.write([reading for _, reading in fit]) if fit else ():
        refused.setdefault(fit[rejected.index][0], rejected.reason)
    stored = tuple(dict.fromkeys(letter for letter, _ in fit if letter not in refused))
    if fit:
        # Also of a batch that is still refused: what of it the store took is there.
        book.readmit(stored, windows, to_us(now))
    return Readmitted(stored, tuple(refused.items()))


def _readings(letter: DeadLetter) -> list[Reading]:
    if letter.seq is not None:
        return [decode_reading(letter.raw)]
    batch = decode_batch(letter.raw)
    if batch.device != letter.device:
        raise WireError(f"device: {batch.device!r} — expected {letter.device}, on whose topic the batch came")
    readings: list[Reading] = []
    for reading in batch.readings:
        if not isinstance(reading, Reading):
            raise reading.error
        readings.append(reading)
    return readings
