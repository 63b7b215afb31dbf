"""Spans behave as the set of whole numbers that they stand for."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from bypuls.edge.spans import Spans

pairs = st.tuples(st.integers(1, 60), st.integers(0, 15)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(st.tuples(st.booleans(), pairs), max_size=30), pairs)
def test_spans_are_a_set(steps: list[tuple[bool, tuple[int, int]]], window: tuple[int, int]) -> None:
    spans, numbers = Spans(), set[int]()
    for put, (first, last) in steps:
        if put:
            spans.add(first, last)
            numbers |= set(range(first, last + 1))
        else:
            spans.remove(first, last)
            numbers -= set(range(first, last + 1))
    assert [n for a, b in spans for n in range(a, b + 1)] == sorted(numbers)
    assert all(b + 1 < c for (_, b), (c, _) in itertools.pairwise(spans)), "spans that touch are one"
    assert spans.count() == len(numbers)
    assert list(reversed(spans)) == list(spans)[::-1]
    inside = {n for a, b in spans.within(*window) for n in range(a, b + 1)}
    assert inside == numbers & set(range(window[0], window[1] + 1))
    assert all((n in spans) == (n in numbers) for n in range(80))
    twin = spans.copy()
    twin.add(500, 501)
    assert 500 not in spans
    assert twin != spans
