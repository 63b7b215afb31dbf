"""Why an emission changed, how sure a sum is, and when the grid is greenest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.analysis.climate.decomposition import Emitted, decompose
from bypuls.analysis.climate.greenest import best_run, best_steps, means_of_steps
from bypuls.analysis.climate.uncertainty import Part, combined_kg
from bypuls.analysis.errors import BadInput

HOUR = 3_600_000_000


def test_the_published_example() -> None:
    found = decompose(Emitted(100.0, 0.2, 20.0), Emitted(80.0, 0.1, 8.0))
    assert (found.activity_kg, found.factor_kg) == (pytest.approx(-3.0), pytest.approx(-9.0))
    assert found.timing_kg == pytest.approx(0.0, abs=1e-12)
    assert (found.weather_kg, found.rest_kg) == (None, None)


def test_weather_is_not_work() -> None:
    found = decompose(Emitted(100.0, 0.2, 20.0, 95.0), Emitted(80.0, 0.1, 8.0, 90.0))
    assert found.rest_kg == pytest.approx(-5.0 * 0.15)
    assert found.weather_kg == pytest.approx(-15.0 * 0.15)


amounts = st.floats(0.0, 1e9)


@given(amounts, st.floats(0.0, 10.0), amounts, amounts, st.floats(0.0, 10.0), amounts)
def test_the_parts_add_up(a0: float, f0: float, e0: float, a1: float, f1: float, e1: float) -> None:
    found = decompose(Emitted(a0, f0, e0, a0 / 2), Emitted(a1, f1, e1, a1 / 2))
    scale = max(abs(e0), abs(e1), a0 * f0, a1 * f1, a0 * f1, a1 * f0, 1.0)
    assert found.activity_kg + found.factor_kg + found.timing_kg == pytest.approx(e1 - e0, abs=1e-9 * scale)
    assert found.weather_kg is not None
    assert found.rest_kg is not None
    assert found.weather_kg + found.rest_kg == pytest.approx(found.activity_kg, abs=1e-9 * scale)
    back = decompose(Emitted(a1, f1, e1), Emitted(a0, f0, e0))
    assert back.factor_kg == pytest.approx(-found.factor_kg), "the same the other way round"


def test_timing_is_when_it_was_used() -> None:
    grid = np.array([0.1, 0.3])
    before, after = np.array([10.0, 10.0]), np.array([20.0, 0.0])
    found = decompose(
        Emitted(before.sum(), grid.mean(), before @ grid), Emitted(after.sum(), grid.mean(), after @ grid)
    )
    assert (found.activity_kg, found.factor_kg) == (0.0, 0.0)
    assert found.timing_kg == pytest.approx(-2.0)


def test_infinite_amounts_are_refused() -> None:
    with pytest.raises(BadInput, match="factor: nan"):
        Emitted(1.0, float("nan"), 1.0)


def test_independent_parts_cancel_shared_factors_dont() -> None:
    independent = [Part(100.0, 0.03, 0.0, "a"), Part(100.0, 0.04, 0.0, "b")]
    assert combined_kg(independent) == pytest.approx(5.0)
    shared = [Part(100.0, 0.0, 0.05, "grid"), Part(100.0, 0.0, 0.05, "grid")]
    assert combined_kg(shared) == pytest.approx(10.0)
    apart = [Part(100.0, 0.0, 0.05, "grid"), Part(100.0, 0.0, 0.05, "heat")]
    assert combined_kg(apart) == pytest.approx(np.hypot(5.0, 5.0))
    assert combined_kg([*independent, *shared]) == pytest.approx(np.hypot(5.0, 10.0))
    assert combined_kg([]) == 0.0
    with pytest.raises(BadInput, match="activity_share: -1"):
        Part(1.0, -1.0, 0.0, "a")


def test_uncertainty_agrees_with_chance() -> None:
    rng = np.random.default_rng(1)
    emitted = np.array([100.0, 250.0, 40.0])
    grids = np.array([0, 0, 1])
    factors = 1.0 + 0.05 * rng.standard_normal((200_000, 2))
    activity = 1.0 + 0.02 * rng.standard_normal((200_000, 3))
    drawn = (emitted * activity * factors[:, grids]).sum(axis=1)
    told = combined_kg([Part(e, 0.02, 0.05, str(g)) for e, g in zip(emitted.tolist(), grids.tolist(), strict=True)])
    assert told == pytest.approx(drawn.std(), rel=0.01)


T = np.arange(8, dtype=np.int64) * HOUR


def test_the_greenest_stretch() -> None:
    values = [9.0, 5.0, 4.0, 6.0, 3.0, 8.0, 8.0, 8.0]
    run = best_run(T, values, step_us=HOUR, duration_us=3 * HOUR)
    assert run is not None
    assert (run.start_us, run.end_us, run.mean_g_per_kwh) == (2 * HOUR, 5 * HOUR, pytest.approx(13 / 3))
    flat = best_run(T, np.full(8, 0.1), step_us=HOUR, duration_us=3 * HOUR)
    assert flat is not None
    assert flat.start_us == 0, "of equals the earliest"


def test_no_stretch_over_a_gap() -> None:
    values = np.array([9.0, 5.0, np.nan, 6.0, 3.0, 8.0, 8.0, 8.0])
    run = best_run(T, values, step_us=HOUR, duration_us=3 * HOUR)
    assert run is not None
    assert run.start_us == 3 * HOUR
    holed = np.delete(T, 3)
    run = best_run(holed, np.arange(7.0), step_us=HOUR, duration_us=3 * HOUR)
    assert run is not None
    assert run.start_us == 0
    assert best_run(holed, np.arange(7.0), step_us=HOUR, duration_us=5 * HOUR) is None
    assert best_run([], [], step_us=HOUR, duration_us=HOUR) is None


def test_the_greenest_hours_one_by_one() -> None:
    found = best_steps(T, [9.0, 5.0, np.nan, 6.0, 3.0, 8.0, 3.0, 8.0], step_us=HOUR, count=3)
    assert [run.start_us // HOUR for run in found] == [1, 4, 6]
    assert len(best_steps(T, np.full(8, np.nan), step_us=HOUR, count=3)) == 0


@given(st.lists(st.floats(0.0, 1000.0), min_size=1, max_size=60), st.integers(1, 8))
def test_no_other_stretch_is_greener(values: list[float], length: int) -> None:
    t_us = np.arange(len(values), dtype=np.int64) * HOUR
    run = best_run(t_us, values, step_us=HOUR, duration_us=length * HOUR)
    if len(values) < length:
        assert run is None
        return
    assert run is not None
    means = [float(np.mean(values[at : at + length])) for at in range(len(values) - length + 1)]
    assert run.mean_g_per_kwh == pytest.approx(min(means), abs=1e-6)


def test_five_minutes_become_hours() -> None:
    t_us = np.arange(30, dtype=np.int64) * HOUR // 12
    starts, means = means_of_steps(t_us, np.arange(30.0), step_us=HOUR // 12, wide_us=HOUR)
    assert starts.tolist() == [0, HOUR, 2 * HOUR]
    assert means[:2].tolist() == [5.5, 17.5]
    assert np.isnan(means[2]), "an hour of which a part is unknown is unknown"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"duration_us": 0}, "whole steps"),
        ({"duration_us": HOUR + 1}, "whole steps"),
        ({"step_us": 2 * HOUR}, "a step after"),
    ],
)
def test_what_is_refused(change: dict[str, int], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        best_run(T, np.zeros(8), **({"step_us": HOUR, "duration_us": 2 * HOUR} | change))
