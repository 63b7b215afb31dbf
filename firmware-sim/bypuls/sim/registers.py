"""Amounts of intervals become the readings of a cumulative register, as the meter would have shown them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(slots=True)
class Register:
    """A register in the making. Exact: amounts are decimal, so that a year's sum is the source's to the last digit."""

    total: Decimal = ZERO
    _read_at: datetime | None = None

    def add(self, start: datetime, end: datetime, amount: Decimal | None) -> list[tuple[datetime, Decimal]]:
        """What the meter shows for an interval [start, end): (time, register). None = missing: nothing is shown.

        After a gap, and at first, the register is read at the interval's start too: what was used during a gap is
        unknown, and nothing of the next interval may be booked on it. A gap of one or two intervals still looks covered
        to who takes readings two intervals apart as following each other: a register has no way to say 'unknown'."""
        if amount is None:
            return []
        shown = [] if self._read_at == start else [(start, self.total)]
        self.total += amount
        self._read_at = end
        return [*shown, (end, self.total)]
