"""Average days, peak hours, expansion; small cells of public tables."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linprog

from bypuls.analysis.errors import BadInput
from bypuls.analysis.traffic import volumes
from bypuls.analysis.traffic.small_cells import hidden_cells


def test_which_days_count_for_hdt() -> None:
    holidays = {date(2026, 5, 14)}  # Ascension Day
    year = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    counted = [day for day in year if volumes.is_hdt_day(day, holidays)]
    assert date(2026, 5, 14) not in counted
    assert date(2026, 5, 15) in counted
    assert {day.month for day in counted} == {1, 2, 3, 4, 5, 9, 10, 11, 12}
    assert all(day.isoweekday() <= 5 for day in counted)


def test_days_of_little_coverage_are_left_out() -> None:
    assert volumes.full_days([1.0, 0.95, 0.9499, np.nan]).tolist() == [True, True, False, False]


def test_the_average_day_of_a_week_weighs_weekdays_equally() -> None:
    week = [date(2026, 3, 2) + timedelta(days=number) for number in range(8)]  # two Mondays
    assert volumes.average_week_day(week, [700, 0, 0, 0, 0, 0, 0, 1400]) == pytest.approx(150.0)
    assert volumes.average_week_day(week[:6], [1] * 6) is None


@pytest.mark.parametrize(("weeks", "share"), [(1, 0.08), (2, 0.06), (3, 0.05), (4, 0.04), (60, 0.03)])
def test_uncertainty_of_the_step_to_the_year(weeks: int, share: float) -> None:
    assert volumes.step_to_year("local", weeks) == share


def test_step_to_year_refuses() -> None:
    with pytest.raises(BadInput, match="traffic_type: 'lokal'; expected one of commuter, local"):
        volumes.step_to_year("lokal", 1)
    with pytest.raises(BadInput, match="weeks: 0"):
        volumes.step_to_year("local", 0)


def test_expansion_of_the_manuals_example() -> None:
    """Six hours on a commuters' road: 6.5, 5, 4 and 8 % make 12 %; 1,077 lies within 948 … 1,206."""
    steps = [volumes.Step(name, 1.0, share, "manual") for name, share in zip("abcd", (0.065, 0.05, 0.04, 0.08))]  # noqa: B905
    found = volumes.expand(1077.0, steps)
    assert found.uncertainty == pytest.approx(0.12, abs=0.002)
    assert found.value * (1 - round(found.uncertainty or 0, 2)) == pytest.approx(948, abs=0.5)
    unknown = volumes.expand(100.0, [volumes.Step("a", 1.1, None, "x"), volumes.Step("b", 0.9, 0.05, "x")])
    assert (unknown.value, unknown.uncertainty) == (pytest.approx(99.0), None)


def test_peak_hour_factor() -> None:
    assert volumes.peak_hour_factor([100, 120, 140, 120]) == pytest.approx(480 / 560)
    assert volumes.peak_hour_factor([0, 0, 0, 0]) is None
    with pytest.raises(BadInput, match="expected four counts"):
        volumes.peak_hour_factor([1, 2, 3])


def test_small_cells_are_hidden_with_others() -> None:
    hidden = hidden_cells([[20, 3, 40], [30, 25, 60], [10, 22, 31]])
    assert hidden[0, 1]
    # Alone in its row and column it would follow from the totals.
    assert hidden[:-1, :-1][0].sum() >= 2
    assert hidden[:-1, :-1][:, 1].sum() >= 2


def test_two_small_cells_that_together_are_small_arent_left_alone() -> None:
    """1 + 2 = 3: hidden together, their row's total would still say that both are below 5."""
    hidden = hidden_cells([[50, 1, 2, 40]])
    assert hidden[0, :4].sum() >= 3


def test_nothing_small_hides_nothing() -> None:
    assert not hidden_cells([[5, 0], [12, 7]]).any()
    with pytest.raises(BadInput, match="expected a table"):
        hidden_cells([1, 2])


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.int64, (4, 3), elements=st.integers(0, 12)), st.integers(2, 5))
def test_no_hidden_cell_can_be_bounded_below_k(table: np.ndarray, k: int) -> None:
    hidden = hidden_cells(table, k=k)
    full = np.block([[table, table.sum(1, keepdims=True)], [table.sum(0, keepdims=True), table.sum(keepdims=True)]])
    small = (full > 0) & (full < k)
    assert not (small & ~hidden).any()
    if hidden.all() or (hidden == (full > 0)).all():
        return
    # An attacker: every field a variable, shown ones fixed, lines add up to their totals.
    rows, columns = full.shape
    lines = []
    for row in range(rows):
        line = np.zeros(full.shape)
        line[row, :-1], line[row, -1] = 1, -1
        lines.append(line.ravel())
    for column in range(columns):
        line = np.zeros(full.shape)
        line[:-1, column], line[-1, column] = 1, -1
        lines.append(line.ravel())
    bounds = [(0, None) if h else (v, v) for h, v in zip(hidden.ravel().tolist(), full.ravel().tolist(), strict=True)]
    for at in np.flatnonzero(small.ravel()):
        aim = np.zeros(full.size)
        aim[at] = -1
        found = linprog(aim, A_eq=np.array(lines), b_eq=np.zeros(len(lines)), bounds=bounds, method="highs")
        assert found.status == 3 or -found.fun >= k - 1e-6
