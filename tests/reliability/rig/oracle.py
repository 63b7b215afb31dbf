"""The oracle: accepted − stored − dead-lettered − waiting = ∅, equal to the bit, nothing twice, nothing invented.

It holds at any moment, also while everything runs: what is read first can only move on to what is read later.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from rig.load import passage, produced

from bypuls.edge.outbox_state import read_state
from bypuls.store.book import Book
from bypuls.store.protocol import Store
from bypuls.wire import Passage, Reading, decode_reading, encode_reading, to_us

Row = tuple[str, str, int]  # device, epoch, sequence number
_END_US = 4_102_444_800_000_000  # 2100
_SHOWN = 5


class PromiseBroken(AssertionError):
    """A reading was lost, changed, stored twice or invented."""


@dataclass(slots=True)
class Findings:
    """What became of everything that was accepted."""

    accepted: int = 0
    stored: int = 0
    dead_lettered: int = 0
    waiting: int = 0
    unwitnessed: int = 0  # stored, committed by an edge that was killed before the witness heard of it
    faults: list[str] = field(default_factory=list)

    def demand(self, what: str, wrong: Sequence[object]) -> None:
        """Notes a fault with its first cases."""
        if wrong:
            cases = "\n".join(f"    {case}" for case in wrong[:_SHOWN])
            more = f"\n    … and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
            self.faults.append(f"  {len(wrong)} {what}:\n{cases}{more}")


def witnessed(files: Iterable[Path]) -> dict[Row, bytes]:
    """{row: JSON} of every row whose commit returned; a later line replaces an earlier one."""
    rows: dict[Row, bytes] = {}
    for file in files:
        if not file.exists():
            continue
        for line in file.read_bytes().split(b"\n")[:-1]:  # what follows the last newline was cut off by a kill
            said = json.loads(line)
            rows[said["device"], said["epoch"], said["seq"]] = said["json"].encode()
    return rows


def outbox_rows(device: str, file: Path) -> dict[Row, bytes]:
    """{row: JSON} of what waits in an outbox, held rows included."""
    if not file.exists():
        return {}
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as db:
        db.execute("BEGIN")
        state = read_state(db)
        rows: dict[Row, bytes] = {}
        for first, last in [*state.waiting, *state.held]:
            for seq, body in db.execute("SELECT seq, body FROM rows WHERE seq BETWEEN ? AND ?", (first, last)):
                epoch = next(name for start, name in reversed(state.epochs) if start <= seq)
                rows[device, epoch, seq] = bytes(body)
        return rows


def _stored(store: Store, kind: str, sensors: Iterable[str]) -> list[Reading]:
    return [reading for sensor in sensors for reading in store.readings(kind, sensor, 0, _END_US)]


def examine(
    *,
    witnesses: Sequence[Path],
    outboxes: Iterable[tuple[str, Path]],
    journals: dict[str, Path],
    store: Store,
    book: Book,
    devices: Iterable[str],
) -> Findings:
    """What became of every accepted row. `journals`: what each sensor's load produced; `outboxes`: (device, file)."""
    found = Findings()
    accepted = witnessed(witnesses)
    waiting: dict[Row, bytes] = {}
    for device, file in outboxes:
        waiting |= outbox_rows(device, file)
    readings = _stored(store, "passage", journals) + _stored(store, "health", devices)
    letters = {
        (letter.device, letter.epoch, letter.seq): letter.raw
        for letter in book.dead_letters(newest=10_000_000)
        if letter.epoch is not None and letter.seq is not None
    }
    made = {sensor: produced(journal) for sensor, journal in journals.items()}

    held = {
        (reading.kind, reading.sensor, to_us(reading.t)): encode_reading(reading) for reading in readings if reading.t
    }
    lost, changed, not_timed = [], [], []
    for row, body in accepted.items():
        reading = decode_reading(body)
        key = (reading.kind, reading.sensor, to_us(reading.t)) if reading.t is not None else None
        if row in waiting:
            if waiting[row] != body:
                changed.append(f"{row}: {body!r} waits as {waiting[row]!r}")
        elif row in letters:
            if letters[row] != body:
                changed.append(f"{row}: {body!r} is dead-lettered as {letters[row]!r}")
        elif key is None:
            not_timed.append(f"{row}: {body!r} neither waits nor is dead-lettered, and has no time")
        elif key not in held:
            lost.append(f"{row}: {body!r}")
        elif held[key] != body:
            changed.append(f"{row}: {body!r} is stored as {held[key]!r}")
    found.demand("accepted rows are LOST: not stored, not dead-lettered, not waiting", lost + not_timed)
    found.demand("rows are CHANGED", changed)

    bodies = set(witnessed(witnesses).values())  # anew: rows were committed meanwhile
    numbers: Counter[tuple[str, int]] = Counter()
    invented = []
    for reading in readings:
        if isinstance(reading, Passage):
            number = int(reading.magnitude if reading.magnitude is not None else -1)
            numbers[reading.sensor, number] += 1
            if number not in made[reading.sensor] or reading != passage(reading.sensor, number).replace_t(reading.t):
                invented.append(encode_reading(reading))
        if encode_reading(reading) not in bodies:
            found.unwitnessed += 1
    found.demand("readings are stored TWICE", [f"{key}: {n} times" for key, n in numbers.items() if n > 1])
    found.demand("readings are INVENTED: stored, never produced", invented)
    found.accepted, found.stored = len(accepted), len(readings)
    found.dead_lettered, found.waiting = len(letters), len(waiting)
    return found


def judge(found: Findings, *, killed: int = 0) -> None:
    """Raises PromiseBroken with everything that is wrong.

    killed : how often an edge was killed: each time one commit (≤ 100 rows) may have missed the witness.
    """
    if found.unwitnessed > killed * 100:
        found.faults.append(f"  {found.unwitnessed} stored readings that no witness saw, with {killed} edges killed")
    if found.faults:
        counts = f"{found.accepted} accepted, {found.stored} stored"
        counts += f", {found.dead_lettered} dead-lettered, {found.waiting} waiting"
        raise PromiseBroken("\n".join([f"The promise is broken ({counts}):", *found.faults]))
