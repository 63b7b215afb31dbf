"""What-if over a register, against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bypuls.analysis.errors import BadInput
from bypuls.analysis.lighting.what_if import (
    class_reached,
    hours_at_levels,
    payback_years,
    year_kwh,
)


def evenings(first_h: int, last_h: int, days: int = 365) -> np.ndarray:
    """Lit every day from one hour to another of the next day."""
    minutes = np.arange(1440)
    lit = (minutes >= first_h * 60) | (minutes < last_h * 60)
    return np.where(lit, days / 60.0, 0.0)


def test_a_profile_by_hand() -> None:
    """18–06 all year: 4 h full and 8 h at 50 % a day. 60 W in proportion: 365 · (4 · 60 + 8 · 30) Wh = 175.2 kWh."""
    found = hours_at_levels(evenings(18, 6), [360, 1320], [100, 50])
    assert found.level.tolist() == [0.5, 1.0]
    assert found.hours == pytest.approx([365 * 8, 365 * 4])
    assert found.burning_h == pytest.approx(4380)
    assert found.lowest == 0.5
    assert year_kwh([60.0], [found.full_load_h(0.0)]) == pytest.approx([175.2])
    # A gear with 10 % of base load takes 55 % at half light: 365 · (4 · 60 + 8 · 33) Wh.
    assert year_kwh([60.0], [found.full_load_h(0.1)]) == pytest.approx([183.96])


def test_three_levels_and_darkness_by_hand() -> None:
    """50 % 22:00–01:30, off to 04:45, 50 % to 06:00, lit 18–06: 4 h full, 4.75 h half, 3.25 h dark."""
    found = hours_at_levels(evenings(18, 6), [90, 285, 360, 1320], [0, 50, 100, 50])
    assert found.level.tolist() == [0.0, 0.5, 1.0]
    assert found.hours == pytest.approx([365 * 3.25, 365 * 4.75, 365 * 4.0])
    assert found.burning_h == pytest.approx(365 * 8.75)
    # What is off has no base load either.
    assert found.full_load_h(0.2) == pytest.approx(365 * (4.0 + 4.75 * 0.6))


def test_an_undimmed_lamp_is_watt_times_hours() -> None:
    found = hours_at_levels(evenings(16, 8), [0], [100])
    assert found.full_load_h(0.3) == pytest.approx(365 * 16)
    assert year_kwh([100.0, np.nan], [4000.0, 4000.0])[0] == 400.0
    assert np.isnan(year_kwh([100.0, np.nan], [4000.0, 4000.0])[1])


@pytest.mark.parametrize(
    ("now", "share", "reached"),
    [
        ("M3", 1.0, "M3"), ("M3", 2.0, "M3"), ("M3", 0.75, "M4"), ("M3", 0.5, "M5"), ("m3", 0.29, None),
        ("P1", 0.5, "P3"), ("P4", 0.5, "P6"), ("C0", 0.61, "C1"), ("M6", 0.99, None), ("M4", 0.0, None),
    ],
)  # fmt: skip
def test_a_class_follows_the_light_that_is_left(now: str, share: float, reached: str | None) -> None:
    assert class_reached(now, share) == reached


@pytest.mark.parametrize("name", ["M0", "M7", "E2", "", "P", "C6", "Mx"])
def test_an_unknown_class_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="lighting_class"):
        class_reached(name, 1.0)


def test_payback() -> None:
    assert payback_years(1000.0, 250.0) == 4.0
    assert payback_years(1000.0, 0.0) is None
    assert payback_years(1000.0, -5.0) is None
    with pytest.raises(BadInput):
        payback_years(float("nan"), 5.0)


def test_bad_input_is_named() -> None:
    with pytest.raises(BadInput, match="lit_h"):
        hours_at_levels([1.0], [0], [100])
    with pytest.raises(BadInput, match="base_share"):
        hours_at_levels(evenings(18, 6), [0], [100]).full_load_h(1.5)
