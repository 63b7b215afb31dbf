"""Emission of the hours that are known, with its coverage."""

from __future__ import annotations

import numpy as np
import pytest

from bypuls.analysis.climate import emission as climate
from bypuls.analysis.errors import BadInput


def test_emission_of_known_hours_with_its_coverage() -> None:
    found = climate.emission([1000.0, 2000.0, np.nan, 4000.0], [100.0, 50.0, 70.0, np.nan])
    assert (found.emitted_kg, found.hours, found.hours_known, found.coverage) == (pytest.approx(0.2), 4, 2, 0.5)
    nothing = climate.emission([np.nan], [100.0])
    assert (nothing.emitted_kg, nothing.coverage) == (None, 0.0)
    assert climate.emission([], []).emitted_kg is None
    with pytest.raises(BadInput, match="activity_wh 1, factor_g_per_kwh 2"):
        climate.emission([1.0], [1.0, 2.0])
    with pytest.raises(BadInput, match=r"factor_g_per_kwh\[0\]: inf"):
        climate.emission([1.0], [np.inf])
