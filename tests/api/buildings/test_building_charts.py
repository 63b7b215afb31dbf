"""The charts of a building that has everything, and of the buildings side by side."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.api.test_charts import checked

YEAR = date(2025, 3, 1), date(2026, 2, 28)


@pytest.mark.parametrize("lang", ["da", "en"])
def test_every_chart_of_a_building(visitor: Any, lang: str) -> None:
    found = {name.removeprefix("plot-svg ") for name in checked(visitor, "/buildings/hall", lang, YEAR)}
    assert {"useheat", "carpetelectricity", "durationelectricity", "signatureheat", "cooling"} <= found
    assert checked(visitor, "/buildings", lang, (date(2025, 10, 1), date(2025, 10, 31)))
