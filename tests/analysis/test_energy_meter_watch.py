"""Statements about a meter from its days: swaps, unit jumps, registers not believed; none where all is well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.analysis.energy.meter_watch import meter_statements
from bypuls.analysis.errors import BadInput


def days(use: Any, *, resets: dict[int, int] | None = None, covered: Any = 1.0, serial: Any = None) -> list[Any]:
    use = np.asarray(use, dtype=np.float64)
    events = np.zeros(use.size)
    for row, count in (resets or {}).items():
        events[row] = count
    return meter_statements(use, np.broadcast_to(covered, use.shape), events, serial or [None] * use.size)


@given(st.lists(st.floats(0, 1e6), max_size=60))
def test_a_meter_without_events_says_nothing(use: list[float]) -> None:
    assert days(use) == []


def test_a_swap_is_told_with_both_serial_numbers() -> None:
    (found,) = days([10.0] * 6, resets={3: 1}, serial=["A", None, "A", "B", "B", None])
    assert (found.kind, found.row, found.before, found.after) == ("meter_swapped", 3, "A", "B")


@pytest.mark.parametrize("factor", [1e-3, 1e3, 2e-3, 500.0])
def test_a_unit_jump_is_told_in_either_direction(factor: float) -> None:
    (found,) = days([240.0] * 10 + [100.0] + [240.0 * factor] * 10, resets={10: 1})
    assert (found.kind, found.row) == ("unit_jump", 10)
    assert found.factor == pytest.approx(factor)


@pytest.mark.parametrize("factor", [1.0, 0.1, 30.0, 1e6])
def test_other_changes_are_a_reset_alone(factor: float) -> None:
    (found,) = days([240.0] * 10 + [100.0] + [240.0 * factor] * 10, resets={10: 2})
    assert (found.kind, found.row, found.count) == ("register_reset", 10, 2)


def test_a_thousandfold_change_without_an_event_is_a_buildings_business() -> None:
    assert days([1.0] * 10 + [1000.0] * 10) == []


def test_days_hardly_measured_do_not_count_and_others_are_scaled() -> None:
    use, covered = [240.0] * 5 + [0.0] + [0.12] * 5, [1.0] * 5 + [0.0] + [0.5] * 5
    (found,) = days(use, resets={5: 1}, covered=covered)
    assert found.factor == pytest.approx(1e-3)


def test_a_register_that_is_refused_again_and_again() -> None:
    covered = [1.0] * 5 + [0.1] * 4
    (found,) = days([10.0] * 5 + [1.0] * 4, resets={5: 80, 6: 90, 7: 90, 8: 30}, covered=covered)
    assert (found.kind, found.row, found.count) == ("not_believed", 5, 290)


def test_wrong_lengths_are_named() -> None:
    with pytest.raises(BadInput, match="serial: 1 days"):
        meter_statements([1.0, 2.0], [1.0, 1.0], [0.0, 0.0], ["A"])
