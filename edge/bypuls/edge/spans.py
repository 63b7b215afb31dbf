"""Sets of sequence numbers as rising, disjoint spans: a week's backlog of millions of rows is one pair of numbers."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator

Span = tuple[int, int]


class Spans:
    """A set of whole numbers, held as inclusive (first, last) pairs that neither touch nor overlap."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in spans:
            self.add(first, last)

    def copy(self) -> Spans:
        """An independent copy."""
        twin = Spans()
        twin._firsts, twin._lasts = self._firsts.copy(), self._lasts.copy()
        return twin

    def add(self, first: int, last: int) -> None:
        """Puts first…last in; spans that touch become one."""
        low = bisect.bisect_left(self._lasts, first - 1)
        high = bisect.bisect_right(self._firsts, last + 1)
        if low < high:
            first = min(first, self._firsts[low])
            last = max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def remove(self, first: int, last: int) -> None:
        """Takes first…last out, as far as it is in."""
        low = bisect.bisect_left(self._lasts, first)
        high = bisect.bisect_right(self._firsts, last)
        if low >= high:
            return
        left = [(self._firsts[low], first - 1)] if self._firsts[low] < first else []
        right = [(last + 1, self._lasts[high - 1])] if self._lasts[high - 1] > last else []
        self._firsts[low:high] = [pair[0] for pair in left + right]
        self._lasts[low:high] = [pair[1] for pair in left + right]

    def within(self, first: int, last: int) -> list[Span]:
        """The parts of first…last that are in, rising."""
        low = bisect.bisect_left(self._lasts, first)
        high = bisect.bisect_right(self._firsts, last)
        return [(max(first, self._firsts[i]), min(last, self._lasts[i])) for i in range(low, high)]

    def count(self) -> int:
        """How many numbers are in."""
        return sum(self._lasts) - sum(self._firsts) + len(self._firsts)

    def __iter__(self) -> Iterator[Span]:
        return zip(self._firsts, self._lasts, strict=True)

    def __reversed__(self) -> Iterator[Span]:
        return zip(reversed(self._firsts), reversed(self._lasts), strict=True)

    def __contains__(self, number: int) -> bool:
        at = bisect.bisect_left(self._lasts, number)
        return at < len(self._firsts) and self._firsts[at] <= number

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spans) and self._firsts == other._firsts and self._lasts == other._lasts

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Spans({list(self)})"
