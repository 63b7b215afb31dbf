"""Changes of unit and impossible days are found; weather, holidays and gaps aren't taken for them."""

from __future__ import annotations

import numpy as np
import pytest

from bypuls.analysis.energy.jumps import implausible_days

DAYS = np.arange("2024-01-01", "2026-01-01", dtype="datetime64[D]")


def heat(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    season = 1.0 + np.cos(2 * np.pi * (np.arange(DAYS.size) - 15) / 365.25)
    return 12.0 + 300.0 * season * rng.uniform(0.7, 1.3, DAYS.size)


@pytest.mark.parametrize("factor", [1000.0, 1e-3, 277.8])
def test_a_change_of_unit_is_found_with_its_day_and_factor(factor: float) -> None:
    use = heat()
    use[400:] *= factor
    use[395:398] = np.nan
    found = implausible_days(DAYS, use)
    assert [one.day for one in found.jumps] == [DAYS[400]]
    assert found.jumps[0].factor == pytest.approx(factor, rel=0.6)
    assert not found.spikes.any()


def test_a_register_that_was_set_anew_is_one_day() -> None:
    use = heat()
    use[200], use[500] = 4.1e6, 9e5
    found = implausible_days(DAYS, use)
    assert found.jumps == ()
    assert np.flatnonzero(found.spikes).tolist() == [200, 500]


def test_a_jump_with_the_register_s_own_leap_is_a_jump() -> None:
    use = heat()
    use[300:] *= 1000.0
    use[300] = 5e8  # the register itself, in the new unit, less what it showed in the old one
    assert [one.day for one in implausible_days(DAYS, use).jumps] == [DAYS[301 if found_spike(use) else 300]]


def found_spike(use: np.ndarray) -> bool:
    return bool(implausible_days(DAYS, use).spikes[300])


def test_weather_closures_and_gaps_are_none() -> None:
    for seed in range(5):
        use = heat(seed)
        use[150:240] *= 0.02  # a summer without hot water
        use[300:320] = 0.0
        use[350:360] = np.nan
        found = implausible_days(DAYS, use)
        assert found.jumps == ()
        assert not found.spikes.any()
    assert implausible_days(DAYS[:3], [1.0, 1000.0, 1000.0]).jumps == ()
    assert implausible_days(DAYS[:0], []).jumps == ()
