"""Amounts of intervals as a register: whatever the order of files, the platform's own rules read the amounts back, and
what is missing is unknown."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.analysis.registers import quarter_energy
from bypuls.ingest.imports.register_runs import BASE, Interval, changes, merged, register_of, told

HOUR_US = 3_600_000_000


def hours(amounts: dict[int, str]) -> list[Interval]:
    return [Interval(h * HOUR_US, (h + 1) * HOUR_US, Decimal(amount)) for h, amount in sorted(amounts.items())]


def read(shown: dict[int, Decimal], last_hour: int) -> tuple[list[float], list[float]]:
    """Hourly amounts and how much of each hour is known, by the rules of the platform's roll-ups."""
    times = np.array(sorted(shown), dtype=np.int64)
    values = np.array([float(shown[int(t)]) for t in times])
    bins = quarter_energy(times, values, start_us=0, end_us=last_hour * HOUR_US, nominal_s=3600.0, bin_s=3600)
    return bins.delta.tolist(), bins.covered_s.tolist()


def test_a_hole_is_unknown_and_never_zero() -> None:
    amounts = hours({0: "5", 1: "7.125", 3: "100", 4: "0", 5: "2"})
    delta, covered = read(register_of(amounts), 6)
    assert delta == pytest.approx([5.0, 7.125, 0.0, 100.0, 0.0, 2.0])
    assert covered == [3600.0, 3600.0, 0.0, 3600.0, 3600.0, 3600.0]


@pytest.mark.parametrize(
    "amounts",
    [
        {0: "0", 2: "0", 4: "0"},  # runs that use nothing end where they began
        {0: "1", 2: "1000", 4: "1", 6: "1000000"},
        {0: "0.001", 2: "0.001", 4: "5"},
        {0: "0", 1: "0", 3: "9", 5: "0", 7: "1"},
    ],
)
def test_short_runs_stay_apart(amounts: dict[int, str]) -> None:
    delta, covered = read(register_of(hours(amounts)), 9)
    for hour in range(9):
        assert covered[hour] == (3600.0 if hour in amounts else 0.0)
        assert delta[hour] == pytest.approx(float(amounts.get(hour, "0")), abs=1e-6)


AMOUNTS = st.dictionaries(
    st.integers(0, 40), st.decimals(0, 100_000, places=3, allow_nan=False).map(str), min_size=1, max_size=40
)


@given(AMOUNTS)
def test_what_a_register_tells_is_what_went_in(amounts: dict[int, str]) -> None:
    shown = register_of(hours(amounts))
    delta, covered = read(shown, 41)
    for hour in range(41):
        assert covered[hour] == (3600.0 if hour in amounts else 0.0)
        assert delta[hour] == pytest.approx(float(amounts.get(hour, "0")), abs=2e-4)
    again = register_of(merged(told(sorted(shown.items())), []), also_at=shown)
    assert changes(again, shown) == []


@given(st.lists(AMOUNTS, min_size=1, max_size=4))
def test_files_in_a_row_tell_the_newest_word_and_twice_changes_nothing(files: list[dict[str, str]]) -> None:
    stored: dict[int, Decimal] = {}
    newest: dict[int, str] = {}
    for amounts in files:
        newest |= amounts  # type: ignore[arg-type]
        for _ in range(2):
            shown = register_of(merged(told(sorted(stored.items())), hours(amounts)), also_at=stored)  # type: ignore[arg-type]
            fresh = changes(shown, stored)
            stored |= {t: shown[t] for t in fresh}
        assert fresh == []
    delta, covered = read(stored, 41)
    for hour in range(41):
        assert covered[hour] == (3600.0 if hour in newest else 0.0)
        assert delta[hour] == pytest.approx(float(newest.get(hour, "0")), abs=0.01)


def test_finer_intervals_replace_a_part_of_a_coarse_one() -> None:
    day = [Interval(0, 24 * HOUR_US, Decimal(24_000))]
    found = merged(day, hours({6: "500", 7: "700"}))
    assert [(one.start_us // HOUR_US, one.end_us // HOUR_US, one.amount) for one in found] == [
        (0, 6, Decimal(6000)), (6, 7, Decimal(500)), (7, 8, Decimal(700)), (8, 24, Decimal(16_000)),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="expected not before"):
        merged([], [Interval(0, 2 * HOUR_US, Decimal(1)), Interval(HOUR_US, 3 * HOUR_US, Decimal(1))])


def test_the_first_run_begins_at_the_base() -> None:
    assert register_of(hours({3: "5"})) == {3 * HOUR_US: BASE, 4 * HOUR_US: BASE + 5}
    assert register_of([]) == {}
