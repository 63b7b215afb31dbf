"""Batches on their way: which wait for a receipt, which are to be sent again. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bypuls.wire import MAX_BATCH_BYTES, MAX_READINGS, Receipt, Refusal

MAX_IN_FLIGHT = 20
AGAIN_S = 30.0
_FRAME_BYTES = 400  # more than a batch's frame takes


@dataclass(slots=True)
class InFlight:
    """A batch: `first` sequence number, its readings, when it was sent last [s], and what still lacks a receipt."""

    first: int
    readings: Sequence[bytes]
    sent_s: float
    missing: set[int] = field(init=False)

    def __post_init__(self) -> None:
        self.missing = set(range(self.first, self.first + len(self.readings)))


class Flight:
    """At most 20 batches of one epoch without a receipt. What no receipt names is sent again after 30 s, as it was."""

    def __init__(self, epoch: str, *, limit: int = MAX_IN_FLIGHT, again_s: float = AGAIN_S) -> None:
        self._epoch = epoch
        self._limit = limit
        self._again_s = again_s
        self._batches: dict[int, InFlight] = {}
        self.next_seq = 1
        self.stored = 0
        self.foreign = 0
        self.refused: list[Refusal] = []

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def room(self) -> bool:
        """Whether another batch may leave."""
        return len(self._batches) < self._limit

    def take_off(self, readings: Sequence[bytes], now_s: float) -> InFlight:
        """The next batch, numbered. Raises ValueError without room, or beyond a batch's limits."""
        if not self.room:
            raise ValueError(f"batch: {len(self._batches)} wait for a receipt — expected fewer than {self._limit}")
        if not fits(len(readings), sum(map(len, readings))) or not readings:
            raise ValueError(
                f"batch: {len(readings)} readings — expected 1…{MAX_READINGS} within {MAX_BATCH_BYTES} bytes"
            )
        batch = InFlight(self.next_seq, readings, now_s)
        self._batches[batch.first] = batch
        self.next_seq += len(readings)
        return batch

    def land(self, receipt: Receipt) -> int:
        """Takes a receipt in; the count of readings newly settled. One of another epoch is counted as foreign."""
        if receipt.epoch != self._epoch:
            self.foreign += 1
            return 0
        settled = 0
        refusals = {refusal.seq: refusal for refusal in receipt.refused}
        for batch in list(self._batches.values()):
            last = batch.first + len(batch.readings) - 1
            named: set[int] = set()
            for first, end in receipt.stored:
                named.update(range(max(first, batch.first), min(end, last) + 1))
            named &= batch.missing
            self.stored += len(named)
            refused = batch.missing & refusals.keys() - named
            self.refused.extend(refusals[seq] for seq in sorted(refused))
            batch.missing -= named | refused
            settled += len(named) + len(refused)
            if not batch.missing:
                del self._batches[batch.first]
        return settled

    def again(self, now_s: float, *, all_of_them: bool = False) -> list[InFlight]:
        """Those to be sent again now: receipt overdue, or all after a new connection. They count as sent now."""
        overdue = [one for one in self._batches.values() if all_of_them or now_s - one.sent_s >= self._again_s]
        for batch in overdue:
            batch.sent_s = now_s
        return overdue


def fits(count: int, size: int) -> bool:
    """Whether `count` readings of together `size` bytes fit into one batch."""
    return count <= MAX_READINGS and size + count + _FRAME_BYTES <= MAX_BATCH_BYTES
