"""Change-point models: what they recover, what they refuse, and that no other method finds a better one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from scipy import optimize

from bypuls.analysis.energy import change_point as cp
from bypuls.analysis.errors import BadInput

Array = npt.NDArray[np.float64]


def weather(seed: int = 1, n: int = 365, mean: float = 9.0) -> Array:
    rng = np.random.default_rng(seed)
    temps: Array = mean - 9.0 * np.cos(2 * np.pi * np.arange(n) / 365.25) + rng.normal(0.0, 3.0, n)
    return temps


def truth(kind: cp.Kind) -> cp.ChangePointModel:
    parameters: dict[cp.Kind, tuple[float, float | None, float | None, float | None, float | None]] = {
        "1P": (50.0, None, None, None, None),
        "2P": (100.0, 2.0, None, None, None),
        "3PH": (50.0, 8.0, None, 14.0, None),
        "3PC": (50.0, None, 6.0, None, 12.0),
        "4P": (60.0, 8.0, 3.0, 13.0, 13.0),
        "5P": (50.0, 8.0, 6.0, 8.0, 16.0),
    }
    return cp.ChangePointModel(kind, *parameters[kind], 365, 0.0)


@pytest.mark.parametrize("kind", list(cp.PARAMETERS))
def test_exact_data_give_the_exact_model(kind: cp.Kind) -> None:
    temps = weather(mean=11.0)
    expected = truth(kind)
    found = cp.fit(kind, temps, expected.predict(temps))
    assert found is not None
    assert found.sse < 0.05
    assert found.base == pytest.approx(expected.base, abs=0.01)
    for name in ("heating_slope", "cooling_slope", "heating_balance_c", "cooling_balance_c"):
        wanted = getattr(expected, name)
        got = getattr(found, name)
        assert (got is None) == (wanted is None)
        if wanted is not None:
            assert got == pytest.approx(wanted, abs=0.01)
    assert (found.kind, found.n, found.p) == (kind, 365, int(kind[0]))


@pytest.mark.parametrize("kind", ["3PH", "3PC", "4P", "5P"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_scipy_finds_no_better_balance_temperature(kind: cp.Kind, seed: int) -> None:
    """Against scipy's global search over balance temperatures with numpy's least squares in it."""
    temps = weather(seed, mean=11.0)
    use = truth(kind).predict(temps) + np.random.default_rng(seed).normal(0.0, 12.0, temps.size)

    def sse(balance: Array) -> float:
        at_h, at_c = float(balance[0]), float(balance[-1])
        columns = [np.ones_like(temps)]
        if kind != "3PC":
            columns.append(np.maximum(0.0, at_h - temps))
        if kind != "3PH":
            columns.append(np.maximum(0.0, temps - at_c))
        design = np.stack(columns, axis=1)
        beyond = [(column > 0).sum() for column in columns[1:]]
        if at_h > at_c or min(beyond) < 10 or (kind != "4P" and temps.size - sum(beyond) < 10):
            return 1e12
        solution = np.linalg.lstsq(design, use, rcond=None)[0]
        return float(((use - design @ solution) ** 2).sum())

    span = [(float(temps.min()), float(temps.max()))] * (2 if kind == "5P" else 1)
    other = optimize.differential_evolution(sse, span, seed=1, tol=1e-10, popsize=12, maxiter=60)
    found = cp.fit(kind, temps, use)
    assert found is not None
    assert found.sse == pytest.approx(float(other.fun), rel=2e-4)


def test_the_line_is_numpys() -> None:
    temps = weather()
    use = 100.0 - 2.0 * temps + np.random.default_rng(1).normal(0.0, 5.0, temps.size)
    slope, at_zero = np.polyfit(temps, use, 1)
    found = cp.fit("2P", temps, use)
    assert found is not None
    assert found.heating_slope == pytest.approx(-slope)
    assert found.base == pytest.approx(at_zero)
    cooled = cp.fit("2P", temps, 200.0 - use)
    assert cooled is not None
    assert cooled.cooling_slope == pytest.approx(-slope)
    assert cooled.predict(temps) == pytest.approx(200.0 - found.predict(temps))


def test_a_base_below_zero_is_held_at_zero() -> None:
    temps = weather()
    use = np.maximum(0.0, 8.0 * (13.0 - temps)) + np.random.default_rng(2).normal(-6.0, 3.0, temps.size)
    found = cp.fit("3PH", temps, use)
    assert found is not None
    assert found.base == 0.0
    assert found.heating_balance_c is not None
    x = np.maximum(0.0, found.heating_balance_c - temps)
    assert found.heating_slope == pytest.approx(float(x @ use / (x @ x)))


def test_signs_that_are_not_physical_are_refused() -> None:
    temps = weather()
    falling = 500.0 - truth("3PH").predict(temps)
    assert cp.fit("3PH", temps, falling) is None
    assert cp.fit("5P", temps, 500.0 - truth("5P").predict(temps)) is None
    assert cp.fit("4P", temps, 500.0 - truth("4P").predict(temps)) is None  # use that saturates in the cold
    assert cp.fit("2P", temps, 10.0 - 2.0 * temps) is None  # below 0 in summer
    assert cp.fit("1P", temps, np.full(365, -1.0)) is None


def test_each_branch_needs_days_and_degree_days() -> None:
    summer = np.linspace(15.0, 25.0, 100)
    cold_days = np.full(9, 5.0)
    temps = np.concatenate((summer, cold_days))
    use = np.concatenate((np.full(100, 50.0), np.full(9, 150.0)))
    found = cp.fit("3PH", temps, use)
    # Nine cold days alone can't carry a branch: its balance temperature must reach a tenth.
    assert found is None or (temps < (found.heating_balance_c or 0.0)).sum() >= 10
    mild = np.concatenate((np.linspace(16.0, 25.0, 100), np.full(12, 15.0)))
    for temperature in np.arange(15.0, 17.0, 0.1):
        assert np.maximum(0.0, temperature - mild[-12:]).sum() < 12 * 2.0
    carried = cp.fit("3PH", mild, np.where(mild < 15.5, 60.0, 50.0))
    assert carried is not None
    assert np.maximum(0.0, (carried.heating_balance_c or 0.0) - mild).sum() >= 20.0 - 1e-9
    assert cp.fit("2P", np.full(30, 10.0), np.full(30, 5.0)) is None
    assert cp.fit("1P", np.full(9, 10.0), np.full(9, 5.0)) is None
    assert cp.fit_all(np.full(9, 10.0), np.full(9, 5.0)) == []


def test_unknown_temperatures_predict_unknown_use() -> None:
    for kind in cp.PARAMETERS:
        found = truth(kind).predict([np.nan, 10.0])
        assert np.isnan(found[0])
        assert np.isfinite(found[1])


def test_bic_weighs_parameters_by_days() -> None:
    values = [cp.bic(100.0, 50, p) for p in range(1, 6)]
    assert [b - a for a, b in pairwise(values)] == pytest.approx([np.log(50)] * 4)
    assert cp.bic(0.0, 50, 1) == -np.inf


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(BadInput, match=r"use\[1\]"):
        cp.fit("3PH", [1.0, 2.0], [1.0, np.nan])
    with pytest.raises(BadInput, match="kind"):
        cp.fit("6P", [1.0], [1.0])  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="lengths"):
        cp.fit_all([1.0, 2.0], [1.0])
