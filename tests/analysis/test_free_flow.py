"""Headways per direction, and who drives freely."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.analysis.errors import BadInput
from bypuls.analysis.free_flow import free_flow_mask, headway_s

S = 1_000_000


def test_headway_is_to_the_vehicle_before_in_the_same_direction() -> None:
    t_us = np.array([0, 1, 4, 7, 12]) * S
    found = headway_s(t_us, ["toward", "away", "toward", "away", "toward"])
    np.testing.assert_array_equal(found, [np.nan, np.nan, 4, 6, 8])


def test_first_after_start_and_gap_is_left_out() -> None:
    t_us = np.array([0, 4, 9, 9 + 3600, 9 + 3600 + 3601, 9 + 7201 + 6]) * S
    assert free_flow_mask(t_us, np.zeros(6, int)).tolist() == [False, False, True, True, False, True]


def test_nothing_is_known_of_nobody_or_one() -> None:
    assert headway_s([], []).tolist() == []
    assert free_flow_mask([5], [1]).tolist() == [False]


passages = st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 1)), max_size=60, unique_by=lambda p: p[0])


@given(passages)
def test_order_does_not_matter(sent: list[tuple[int, int]]) -> None:
    t_us, direction = np.array(sent, dtype=np.int64).reshape(-1, 2).T
    order = np.argsort(t_us)
    np.testing.assert_array_equal(headway_s(t_us * S, direction)[order], headway_s(t_us[order] * S, direction[order]))


@given(passages, st.integers(0, 40_000), st.sampled_from([60, 3600]))
def test_the_gaps_length_before_a_window_is_context_enough(sent: list[tuple[int, int]], start: int, gap_s: int) -> None:
    t_us, direction = np.array(sorted(sent), dtype=np.int64).reshape(-1, 2).T
    whole = free_flow_mask(t_us * S, direction, gap_s=gap_s)[t_us >= start]
    near = t_us >= start - gap_s
    part = free_flow_mask(t_us[near] * S, direction[near], gap_s=gap_s)[t_us[near] >= start]
    np.testing.assert_array_equal(part, whole)


def test_arguments_that_are_wrong_are_named() -> None:
    with pytest.raises(BadInput, match="t_us 2, direction 1"):
        headway_s([0, 1], [0])
    with pytest.raises(BadInput, match="gap_s: 0"):
        headway_s([0, 1], [0, 0], gap_s=0)
    with pytest.raises(BadInput, match=r"min_headway_s: 5\.0; expected 0 … gap_s 4"):
        free_flow_mask([0, 1], [0, 0], gap_s=4)
    with pytest.raises(BadInput, match="direction: 2 dimensions"):
        headway_s([0, 1], [[0], [0]])
