"""Amounts of intervals as a cumulative register, in a form that says 'unknown' and that later files can extend.

The contract knows registers alone. Intervals that follow each other are a *run*: within it the register rises by the
amounts. Where an interval is missing the next run begins lower than the last one ended, which the platform takes for
a reset: what was used in between is unknown, not zero. Where a run begins is of no meaning.

The whole series is told anew from what is stored and what a file adds, so that files may come in any order, overlap,
and correct each other: the newest word holds. Telling the same again gives the same readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise

BASE = Decimal(1_000_000_000)
"""Where a run begins [Wh, or litres]: high enough that no first amount multiplies it."""
STEP = Decimal("0.001")
"""What amounts are rounded to [Wh, litres]; a sum stays exact in float64 up to 1 PWh."""


@dataclass(frozen=True, slots=True)
class Interval:
    """[start, end) [µs UTC] with its amount ≥ 0."""

    start_us: int
    end_us: int
    amount: Decimal


def told(readings: Iterable[tuple[int, Decimal]]) -> list[Interval]:
    """The intervals that stored readings (time [µs UTC] and register, rising in time) tell: those where it doesn't
    fall."""
    found: list[Interval] = []
    last: tuple[int, Decimal] | None = None
    for t_us, shown in readings:
        if last is not None and shown >= last[1]:
            found.append(Interval(last[0], t_us, shown - last[1]))
        last = t_us, shown
    return found


def merged(old: Sequence[Interval], new: Sequence[Interval]) -> list[Interval]:
    """Both, rising in time and without overlap; where they overlap the new ones hold, and of an old one stays what lies
    beside them, in proportion. Neither may overlap itself. Raises ValueError."""
    fresh = sorted(new, key=lambda one: one.start_us)
    for before, after in pairwise(fresh):
        if after.start_us < before.end_us:
            raise ValueError(
                f"interval: {after.start_us}; expected not before {before.end_us}, where the last one ends"
            )
    kept: list[Interval] = []
    at = 0
    for one in sorted(old, key=lambda interval: interval.start_us):
        while at < len(fresh) and fresh[at].end_us <= one.start_us:
            at += 1
        start, left, look = one.start_us, one.amount, at
        pieces: list[tuple[int, int]] = []
        while look < len(fresh) and fresh[look].start_us < one.end_us:
            if fresh[look].start_us > start:
                pieces.append((start, fresh[look].start_us))
            start = max(start, fresh[look].end_us)
            look += 1
        if start < one.end_us:
            pieces.append((start, one.end_us))
        if pieces == [(one.start_us, one.end_us)]:
            kept.append(one)
            continue
        length = one.end_us - one.start_us
        for begin, end in pieces:
            kept.append(Interval(begin, end, _rounded(left * (end - begin) / length)))
    return sorted([*kept, *fresh], key=lambda one: one.start_us)


def register_of(intervals: Sequence[Interval], also_at: Iterable[int] = ()) -> dict[int, Decimal]:
    """What the register shows, by time [µs UTC]: at both ends of every interval, and at those of `also_at` that lie
    inside one (readings that are stored already and can't be taken back).

    intervals : rising in time, without overlap."""
    shown: dict[int, Decimal] = {}
    extra = sorted(set(also_at))
    place = 0
    total, end_us = BASE, None
    for one in intervals:
        if one.start_us != end_us:
            if end_us is not None:
                before = total
                # A run that used nothing ended where it began: the next one must begin lower all the same.
                total = BASE if before - BASE >= 1 else before - 1
                shown[one.start_us] = total
                if total + one.amount >= before:
                    # One low reading with a high one behind it would be taken for a misreading, and left out.
                    shown[one.start_us + 1] = total
            else:
                shown[one.start_us] = total
        while place < len(extra) and extra[place] <= one.start_us:
            place += 1
        length = one.end_us - one.start_us
        while place < len(extra) and extra[place] < one.end_us:
            shown[extra[place]] = total + _rounded(one.amount * (extra[place] - one.start_us) / length)
            place += 1
        total += _rounded(one.amount)
        shown[one.end_us] = total
        end_us = one.end_us
    return shown


def changes(shown: Mapping[int, Decimal], stored: Mapping[int, Decimal]) -> list[int]:
    """The times whose reading isn't stored yet, or stored differently; rising."""
    return sorted(t_us for t_us, value in shown.items() if stored.get(t_us) != value)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(STEP, ROUND_HALF_EVEN)
