"""Light and speed: a known effect is found, none is told where there is none, and nothing where nothing can be told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bypuls.analysis.errors import BadInput
from bypuls.analysis.lighting.light_and_speed import LightAndSpeed, light_and_speed

EDGES = np.arange(0.0, 121.0)
HOURS = 4
Level = Callable[[int, int], float]


def street(
    rng: np.random.Generator, level: Level, *, nights: int = 30, effect_kmh: float = 0.0, n: int = 25
) -> LightAndSpeed:
    """Nights of four hours, each with its own speed, nights that differ by 1.5 km/h, drivers by 6 km/h."""
    counts, sums, levels, strata, days = [], [], [], [], []
    for night in range(nights):
        weather = rng.normal(0.0, 1.5)
        for hour in range(HOURS):
            at = level(night, hour)
            speeds = rng.normal(48.0 + 2.0 * hour + weather + (effect_kmh if at < 100.0 else 0.0), 6.0, n)
            speeds = np.clip(speeds, 1.0, 119.0)
            counts.append(np.histogram(speeds, EDGES)[0])
            sums.append(speeds.sum())
            levels.append(at)
            strata.append(hour)
            days.append(night)
    return light_and_speed(np.array(counts), sums, levels, strata, days, EDGES[:-1], EDGES[1:])


def alternate(night: int, hour: int) -> float:
    """Every other night dimmed in the late hours; always full early, always dimmed at last."""
    if hour == 0:
        return 100.0
    return 50.0 if hour == HOURS - 1 or night % 2 else 100.0


def test_a_known_effect_is_found() -> None:
    found = street(np.random.default_rng(7), alternate, nights=80, effect_kmh=-2.5)
    (one,) = found.effects
    assert (one.level_pct, one.reference_pct, one.strata) == (50.0, 100.0, 2)
    assert (one.days, one.reference_days) == (40, 40)
    assert one.v85 is not None
    for estimate in (one.mean, one.v85):
        assert abs(estimate.value + 2.5) <= estimate.half_width()
        assert estimate.value + estimate.half_width() < 0.0


def test_hours_that_are_slower_by_themselves_are_not_taken_for_the_light() -> None:
    """The naive difference is above 3 km/h, since later hours are faster and dimmed."""
    found = street(np.random.default_rng(8), alternate, nights=80, n=60)
    (one,) = found.effects
    assert abs(one.mean.value) < 1.0


def test_without_an_effect_the_interval_holds_0_at_its_rate() -> None:
    """95 % of 300 streets, ± 3 standard errors of that number."""
    rng = np.random.default_rng(11)
    held_mean = held_v85 = 0
    for _ in range(300):
        (one,) = street(rng, alternate, nights=16).effects
        assert one.v85 is not None
        held_mean += abs(one.mean.value) <= one.mean.half_width()
        held_v85 += abs(one.v85.value) <= one.v85.half_width()
    assert 0.91 <= held_mean / 300 <= 1.0
    assert 0.91 <= held_v85 / 300 <= 1.0


@pytest.mark.parametrize(
    ("level", "nights", "why", "levels"),
    [
        (lambda _night, _hour: 100.0, 20, "one level", (100.0,)),
        (lambda _night, hour: 100.0 if hour < 2 else 50.0, 20, "never apart", (50.0, 100.0)),
        (lambda night, _hour: 50.0 if night < 2 else 100.0, 20, "too few days", (50.0, 100.0)),
        (lambda _night, _hour: float("nan"), 5, "one level", ()),
    ],
)
def test_what_cant_be_told_isnt(level: Level, nights: int, why: str, levels: tuple[float, ...]) -> None:
    found = street(np.random.default_rng(1), level, nights=nights)
    assert (found.effects, found.why, found.levels_pct) == ((), why, levels)


def test_measured_levels_are_rounded_and_each_is_held_against_the_highest() -> None:
    rng = np.random.default_rng(3)

    def level(night: int, _hour: int) -> float:
        return (99.2, 51.0, 12.0)[night % 3] + rng.uniform(-0.5, 0.5)

    found = street(rng, level)
    assert found.levels_pct == (10.0, 50.0, 100.0)
    assert [(one.level_pct, one.reference_pct) for one in found.effects] == [(50.0, 100.0), (10.0, 100.0)]


def test_bad_input_is_named() -> None:
    with pytest.raises(BadInput, match="level_pct"):
        light_and_speed([[1.0]], [50.0], [0.0], [0], [0], [0.0], [100.0])
    with pytest.raises(BadInput, match="counts"):
        light_and_speed([[-1.0]], [50.0], [50.0], [0], [0], [0.0], [100.0])
