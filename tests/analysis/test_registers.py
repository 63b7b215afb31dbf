"""Registers to bins: conservation, judgement of drops, and recomputing windows piece by piece."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.analysis.errors import BadInput
from bypuls.analysis.registers import CONTEXT_READINGS, RegisterBins, quarter_energy

S = 1_000_000
Q = 900 * S
DAY = 96 * Q


def bins(
    minutes: list[float], register: list[float], *, quarters: int = 8, nominal_min: float = 15, **more: Any
) -> RegisterBins:
    t_us = (np.array(minutes) * 60 * S).astype(np.int64)
    return quarter_energy(t_us, register, start_us=0, end_us=quarters * Q, nominal_s=nominal_min * 60, **more)


def test_readings_on_the_edges_give_their_differences() -> None:
    b = bins([0, 15, 30], [100, 101, 105], quarters=3)
    assert b.delta.tolist() == [1, 4, 0]
    assert b.covered_s.tolist() == [900, 900, 0]
    assert b.t_us.tolist() == [0, Q, 2 * Q]


def test_odd_times_are_interpolated_to_the_edges() -> None:
    b = bins([-10, 5, 20], [0, 15, 45], quarters=2)
    assert b.delta == pytest.approx([5 + 20, 10])
    assert b.covered_s.tolist() == [900, 300]


def test_hourly_readings_spread_over_quarters() -> None:
    b = bins([0, 60, 120], [0, 4, 12], nominal_min=60)
    assert b.delta.tolist() == [1, 1, 1, 1, 2, 2, 2, 2]


def test_two_intervals_are_bridged_more_are_a_gap_booked_where_it_ends() -> None:
    b = bins([0, 30, 75, 80], [0, 2, 9, 10])
    assert b.delta == pytest.approx([1, 1, 0, 0, 0, 1, 0, 0])
    assert b.covered_s.tolist() == [900, 900, 0, 0, 0, 300, 0, 0]
    assert b.gap_delta.tolist() == [0, 0, 0, 0, 7, 0, 0, 0]  # ends at 75 min, where the fifth quarter ends
    assert b.gap_s.tolist() == [0, 0, 0, 0, 45 * 60, 0, 0, 0]


def test_a_gap_that_began_before_the_window_is_kept_whole() -> None:
    b = bins([-600, 20], [0, 77], quarters=2)
    assert (b.gap_delta.tolist(), b.gap_s.tolist()) == ([0, 77], [0, 620 * 60])
    assert bins([-600, 0], [0, 77], quarters=2).gap_delta.tolist() == [0, 0]  # ended by the bin before


@pytest.mark.parametrize("max_rate", [None, 1.0])
def test_a_zero_that_recovers_books_one_not_a_thousand(max_rate: float | None) -> None:
    b = bins([0, 15, 30], [1000, 0, 1001], quarters=2, max_rate_per_s=max_rate)
    assert b.delta == pytest.approx([0.5, 0.5])
    assert (b.refused.tolist(), b.resets.sum(), b.covered_s.sum()) == ([1, 0], 0, 1800)


def test_a_spike_that_recovers_is_left_out() -> None:
    b = bins([0, 15, 30], [1000, 9e9, 1001], quarters=2, max_rate_per_s=1.0)
    assert b.delta.sum() == 1
    assert (b.refused.sum(), b.resets.sum()) == (1, 0)


def test_zeros_and_readings_in_turn_leave_the_readings() -> None:
    b = bins([0, 15, 30, 45, 60, 75, 90], [1000, 0, 1001, 0, 1002, 0, 1003], max_rate_per_s=0.1)
    assert b.delta.sum() == pytest.approx(3)
    assert b.refused.sum() == 3


def test_a_meter_that_stays_at_zero_is_reset_and_its_return_refused() -> None:
    b = bins([0, 15, 30, 45, 60], [1000, 0, 0, 1001, 1002], max_rate_per_s=0.1)
    assert b.delta.tolist() == [0, 0, 0, 1, 0, 0, 0, 0]
    assert b.covered_s.tolist() == [0, 900, 0, 900, 0, 0, 0, 0]
    assert (b.resets.tolist()[0], b.refused.tolist()[2]) == (1, 1)


def test_a_drop_is_a_reset_the_interval_unknown_the_new_value_the_base() -> None:
    b = bins([0, 15, 30, 45], [500, 501, 3, 5], modulus=100_000)
    assert b.delta.tolist()[:3] == [1, 0, 2]
    assert b.covered_s.tolist()[:3] == [900, 0, 900]
    assert (b.resets.tolist()[:3], b.rollovers.sum()) == ([0, 1, 0], 0)


def test_a_drop_near_the_modulus_is_a_rollover() -> None:
    b = bins([0, 15, 30, 45], [99_990, 99_998, 6, 9], modulus=100_000)
    assert b.delta.tolist()[:3] == [8, 8, 3]
    assert (b.rollovers.tolist()[:3], b.resets.sum()) == ([0, 1, 0], 0)


@pytest.mark.parametrize(
    ("last", "new", "modulus"),
    [(99_998, 50_000, 100_000), (80_000, 5, 100_000), (99_998, 5, None), (150_000, 5, 100_000)],
)
def test_other_drops_are_no_rollover(last: float, new: float, modulus: float | None) -> None:
    b = bins([0, 15, 30], [last, new, new + 1], modulus=modulus, quarters=2)
    assert (b.resets.sum(), b.rollovers.sum(), b.delta.sum()) == (1, 0, 1)


def test_a_rollover_beyond_the_maximum_is_refused() -> None:
    b = bins([0, 15], [95_000, 5_000], modulus=100_000, max_rate_per_s=1.0, quarters=1)
    assert (b.rollovers.sum(), b.refused.sum(), b.covered_s.sum()) == (0, 1, 0)


def test_a_rise_of_exactly_the_maximum_passes_and_a_step_of_the_register_too() -> None:
    assert bins([0, 15], [0, 900 * 0.1], max_rate_per_s=0.1, quarters=1).refused.sum() == 0
    assert bins([0, 15], [0, 901 * 0.1], max_rate_per_s=0.1, quarters=1).refused.sum() == 1
    coarse: dict[str, Any] = {"max_rate_per_s": 11.0, "quarters": 1, "nominal_min": 1 / 6}
    assert bins([0, 1 / 6], [0, 1000], **coarse).refused.sum() == 1
    assert bins([0, 1 / 6], [0, 1000], **coarse, resolution=1000).delta.sum() == 1000


def test_a_swapped_meter_is_a_reset_even_where_the_new_one_shows_more() -> None:
    b = bins([0, 15, 30, 45], [1000, 1001, 5000, 5002], quarters=3, meter=[0, 0, 1, 1])
    assert b.delta.tolist() == [1, 0, 2]
    assert (b.covered_s.tolist(), b.resets.tolist()) == ([900, 0, 900], [0, 1, 0])


def test_no_dip_or_spike_is_seen_across_a_swap() -> None:
    b = bins([0, 15, 30, 45], [1000, 3, 4, 1001], quarters=3, meter=[0, 1, 1, 2], max_rate_per_s=1e-2)
    assert (b.delta.tolist(), b.resets.tolist(), b.refused.sum()) == ([0, 1, 0], [1, 0, 1], 0)


def test_a_meter_that_is_not_told_is_no_swap() -> None:
    b = bins([0, 15, 30, 45], [1, 2, 3, 4], quarters=3, meter=[0, -1, 0, 0])
    assert (b.delta.tolist(), b.resets.sum()) == ([1, 1, 1], 0)


@pytest.mark.parametrize("max_rate", [None, 10.0])
def test_a_unit_jump_of_a_thousand_is_never_an_amount(max_rate: float | None) -> None:
    """Wh told as kWh, and back."""
    b = bins([0, 15, 30, 45], [5000, 5001, 5002e3, 5003e3], quarters=3, max_rate_per_s=max_rate)
    assert (b.delta[:2].tolist(), b.refused[1], b.covered_s[1]) == ([1, 0], 1, 0)
    b = bins([0, 15, 30, 45], [5000e3, 5001e3, 5002, 5003], quarters=3, max_rate_per_s=max_rate)
    assert (b.delta[1:].tolist(), b.resets[1], b.covered_s[1]) == ([0, 1], 1, 0)


def test_a_new_meters_first_thousand_is_no_unit_jump() -> None:
    b = bins([0, 15, 30], [0, 1, 1000], quarters=2)
    assert (b.delta.tolist(), b.refused.sum()) == ([1, 999], 0)


def test_equal_times_count_once_and_contradictions_are_counted() -> None:
    b = bins([0, 0, 15, 15, 30], [1, 1, 3, 9, 4], quarters=2)
    assert b.delta.tolist() == [2, 1]
    assert b.refused.tolist() == [1, 0]


def test_nan_is_no_reading() -> None:
    assert bins([0, 15, 30], [0, np.nan, 4], quarters=2).delta.tolist() == [2, 2]


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_known_from_less_than_two_readings(n: int) -> None:
    b = bins([3.0] * n, [5.0] * n)
    assert b.covered_s.sum() == b.gap_s.sum() == 0
    assert b.delta.shape == (8,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"end_us": 0}, "window"),
        ({"start_us": 1}, "window"),
        ({"nominal_s": 0}, "nominal_s: 0"),
        ({"modulus": 0}, "modulus: 0"),
        ({"max_rate_per_s": float("nan")}, "max_rate_per_s: nan"),
        ({"resolution": -1}, "resolution: -1"),
        ({"bin_s": 0}, "bin_s: 0"),
        ({"register": [1.0]}, "t_us 2, register 1"),
        ({"register": [1.0, np.inf]}, r"register\[1\]: inf"),
        ({"t_us": [0.5, 1.0]}, "t_us: float64"),
    ],
)
def test_arguments_that_are_wrong_are_named(change: dict[str, Any], message: str) -> None:
    call: dict[str, Any] = {
        "t_us": [0, Q],
        "register": [0.0, 1.0],
        "start_us": 0,
        "end_us": Q,
        "nominal_s": 900,
    } | change
    with pytest.raises(BadInput, match=message):
        quarter_energy(**call)


@st.composite
def readings(draw: st.DrawFn, *, clean: bool) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A day of readings at odd times; unless clean with zeros, spikes, resets, rollovers."""
    n = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    t_us = np.sort(rng.choice(DAY // S, n, replace=False)) * S
    register = draw(st.sampled_from([0.0, 99_900.0, 1e9])) + np.cumsum(rng.uniform(0, 20, n).round(2))
    if not clean:
        register %= 100_000
        for _ in range(draw(st.integers(0, 6))):
            at = draw(st.integers(0, n - 1))
            match draw(st.sampled_from(["zero", "spike", "reset"])):
                case "zero":
                    register[at] = 0
                case "spike":
                    register[at] += 90_000
                case _:
                    register[at:] -= register[at]
        register = np.abs(register)
    return t_us, register


@given(readings(clean=True), st.data())
def test_dropped_doubled_shuffled_the_amounts_add_up(
    series: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]], data: st.DataObject
) -> None:
    t_us, register = series
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    inner = rng.permutation(np.arange(1, t_us.size - 1))[: rng.integers(0, t_us.size)]
    sent = np.concatenate(([0, t_us.size - 1], inner, rng.permutation(inner)[: inner.size // 2], [0]))
    rng.shuffle(sent)
    b = quarter_energy(
        t_us[sent], register[sent], start_us=0, end_us=DAY, nominal_s=data.draw(st.sampled_from([60, 900, 7200]))
    )
    assert (b.delta + b.gap_delta).sum() == pytest.approx(register[-1] - register[0], abs=1e-6)
    assert (b.delta >= 0).all()
    assert (b.covered_s.sum() + b.gap_s.sum()) == pytest.approx((t_us[-1] - t_us[0]) / S)
    assert ((b.covered_s >= 0) & (b.covered_s <= 900)).all()


@given(readings(clean=True), st.integers(0, 94), st.integers(1, 95), st.sampled_from([900, 7200, 43_200]))
def test_any_covered_span_is_the_registers_difference(
    series: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]], first: int, length: int, nominal_s: int
) -> None:
    t_us, register = series
    last = min(first + length, 96)
    b = quarter_energy(t_us, register, start_us=0, end_us=DAY, nominal_s=nominal_s)
    if (b.covered_s[first:last] == 900).all():
        shown = np.interp([first * Q, last * Q], t_us, register)
        assert b.delta[first:last].sum() == pytest.approx(shown[1] - shown[0], abs=1e-6)


def in_pieces(
    t_us: np.ndarray[Any, Any], register: np.ndarray[Any, Any], cuts: list[int], context: int, **how: Any
) -> list[RegisterBins]:
    pieces = []
    for start, end in zip([0, *cuts], [*cuts, 96], strict=True):
        first = max(np.searchsorted(t_us, start * Q, "left") - context, 0)
        last = np.searchsorted(t_us, end * Q, "left") + context
        pieces.append(quarter_energy(t_us[first:last], register[first:last], start_us=start * Q, end_us=end * Q, **how))
    return pieces


def assert_same(whole: RegisterBins, pieces: list[RegisterBins]) -> None:
    for field in dataclasses.fields(RegisterBins):
        if field.name != "bin_s":
            joined = np.concatenate([getattr(piece, field.name) for piece in pieces])
            np.testing.assert_array_equal(getattr(whole, field.name), joined, err_msg=field.name)


cuts_of_the_day = st.sets(st.integers(1, 95), max_size=8).map(sorted)


@given(readings(clean=False), cuts_of_the_day, st.sampled_from([None, 0.05, 1.0]), st.sampled_from([300, 1800, 7200]))
def test_windows_with_context_equal_the_whole(
    series: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]], cuts: list[int], max_rate: float | None, nominal_s: int
) -> None:
    how: dict[str, Any] = {"nominal_s": nominal_s, "modulus": 100_000, "max_rate_per_s": max_rate, "resolution": 1.0}
    whole = quarter_energy(*series, start_us=0, end_us=DAY, **how)
    assert_same(whole, in_pieces(*series, cuts, CONTEXT_READINGS, **how))


@given(readings(clean=True), cuts_of_the_day)
def test_one_reading_of_context_suffices_for_a_register_that_only_rises(
    series: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]], cuts: list[int]
) -> None:
    whole = quarter_energy(*series, start_us=0, end_us=DAY, nominal_s=900)
    assert_same(whole, in_pieces(*series, cuts, 1, nominal_s=900))


def test_too_little_context_is_noticed_by_the_comparison() -> None:
    t_us, register = np.arange(6) * Q, np.array([0.0, 1000, 0, 1001, 1002, 1003])
    how: dict[str, Any] = {"nominal_s": 900}
    whole = quarter_energy(t_us, register, start_us=0, end_us=DAY, **how)
    with pytest.raises(AssertionError):
        assert_same(whole, in_pieces(t_us, register, [3], 0, **how))


@given(readings(clean=False), st.integers(0, 59), st.sampled_from([None, 0.05]))
def test_a_late_reading_changes_bins_near_it_only(
    series: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]], late: int, max_rate: float | None
) -> None:
    t_us, register = series
    late %= t_us.size
    how: dict[str, Any] = {"start_us": 0, "end_us": DAY, "nominal_s": 1800, "max_rate_per_s": max_rate}
    before = quarter_energy(np.delete(t_us, late), np.delete(register, late), **how)
    after = quarter_energy(t_us, register, **how)
    lowest = t_us[late - CONTEXT_READINGS] if late >= CONTEXT_READINGS else 0
    highest = t_us[late + CONTEXT_READINGS] if late + CONTEXT_READINGS < t_us.size else DAY
    far = (after.t_us + Q <= lowest) | (after.t_us >= highest)
    for name in ("delta", "covered_s", "gap_delta", "gap_s", "resets", "rollovers", "refused"):
        np.testing.assert_array_equal(getattr(before, name)[far], getattr(after, name)[far], err_msg=name)


def year_of_hours() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(3)
    t_us = np.arange(35_041) * 3600 * S + rng.integers(-60 * S, 60 * S, 35_041)
    return t_us, 1e9 + np.cumsum(rng.uniform(0, 50_000, 35_041))


def test_years_of_a_large_register_add_up_to_a_millionth() -> None:
    t_us, register = year_of_hours()
    b = quarter_energy(t_us, register, start_us=-4 * Q, end_us=140_168 * Q, nominal_s=3600)
    assert abs(b.delta.sum() - (register[-1] - register[0])) < 1e-6
    edges = np.arange(4 * 2, 140_160 - 8) * Q  # an independent computation: interpolate the register itself
    expected = np.diff(np.interp(edges, t_us, register))
    inside = (b.t_us >= edges[0]) & (b.t_us < edges[-1])
    np.testing.assert_allclose(b.delta[inside], expected, atol=1e-5)


def test_years_of_hours_take_milliseconds() -> None:
    t_us, register = year_of_hours()
    took = []
    for _ in range(5):
        began = time.process_time()  # what others do on this machine is not measured
        quarter_energy(t_us, register, start_us=0, end_us=140_160 * Q, nominal_s=3600, modulus=1e12, max_rate_per_s=1e3)
        took.append(time.process_time() - began)
    assert min(took) < 0.06
