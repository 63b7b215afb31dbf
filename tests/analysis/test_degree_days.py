"""Degree days base 17 °C."""

from __future__ import annotations

import numpy as np
import pytest

from bypuls.analysis.degree_days import DegreeDaySum, degree_day_sum, degree_days
from bypuls.analysis.errors import BadInput


def test_published_values() -> None:
    assert degree_days([16.0, 17.0, -10.0, 4.8, 25.0]) == pytest.approx([1.0, 0.0, 27.0, 12.2, 0.0])


def test_an_unknown_day_is_unknown_and_said() -> None:
    assert np.isnan(degree_days([np.nan])).all()
    assert degree_day_sum([16.0, np.nan, 7.0]) == DegreeDaySum(11.0, 3, 2)
    assert degree_day_sum([np.nan]) == DegreeDaySum(None, 1, 0)
    assert degree_day_sum([]) == DegreeDaySum(None, 0, 0)


@pytest.mark.parametrize("mean_c", [[-999.0], [np.inf], ["cold"], [[1.0]]])
def test_temperatures_that_are_none(mean_c: list[object]) -> None:
    with pytest.raises(BadInput, match="mean_c"):
        degree_days(mean_c)  # type: ignore[arg-type]
