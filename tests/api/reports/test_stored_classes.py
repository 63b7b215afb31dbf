"""Rollups' texts as one table of counts: even classes, open tops, irregular ones, and what doesn't add up."""

import numpy as np
import pytest

from bypuls.analysis.errors import MixedWidths
from bypuls.api.reports.speed.stored_classes import count_table, has_speeds


def table(
    texts: list[str], width: float, at: list[int], rows: int
) -> tuple[list[float], list[float], list[list[float]]]:
    lower, upper, counts = count_table(texts, np.full(len(texts), width), np.array(at), rows)
    return lower.tolist(), upper.tolist(), counts.tolist()


def test_even_classes_are_added_up_by_row() -> None:
    lower, upper, counts = table(["1:2,3:1", "2:5", "3:1"], 1.0, [0, 2, 0], 3)
    assert (lower, upper) == ([0, 1, 2], [1, 2, 3])
    assert counts == [[2, 0, 2], [0, 0, 0], [0, 5, 0]]


@pytest.mark.parametrize("texts", [["5:2,10:1,>15:4", "15:3"], ["15:3", "5:2,10:1,>15:4"], ["5:2,10:1,15:3", ">15:4"]])
def test_an_open_top_is_a_class_of_its_own(texts: list[str]) -> None:
    lower, upper, counts = table(texts, 5.0, [0, 0], 1)
    assert (lower, upper) == ([0, 5, 10, 15], [5, 10, 15, np.inf])
    assert counts == [[2, 1, 3, 4]]


def test_irregular_classes() -> None:
    lower, upper, counts = table(["10:1,30:2,>30:0", "10:0,30:1,>30:5"], 0.0, [0, 1], 2)
    assert (lower, upper) == ([0, 10, 30], [10, 30, np.inf])
    assert counts == [[1, 2, 0], [0, 1, 5]]


@pytest.mark.parametrize(
    ("texts", "widths"),
    [
        (["1:1", "5:1"], [1.0, 5.0]), (["1:1", "2:1"], [1.0, np.nan]), (["10:1,30:2", "10:1,40:2"], [0.0, 0.0]),
        ([">15:1", ">20:1"], [5.0, 5.0]), (["20:1", ">15:1"], [5.0, 5.0]),
    ],
)  # fmt: skip
def test_what_does_not_add_up_is_refused(texts: list[str], widths: list[float]) -> None:
    with pytest.raises(MixedWidths, match="expected"):
        count_table(texts, np.array(widths), np.zeros(len(texts), dtype=np.int64), 1)


def test_counts_without_speeds_are_told_apart() -> None:
    assert has_speeds(["5:1", ">0:12", None, "", "5:1,>70:1"]).tolist() == [True, False, False, False, True]
    lower, upper, counts = table([], 1.0, [], 2)
    assert (lower, upper, counts) == ([0], [1], [[0], [0]])
