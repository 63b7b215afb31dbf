"""The nights of a cabinet and of a lamp have their data beside them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.test_charts import ZONE, checked


@pytest.mark.parametrize("lang", ["da", "en"])
@pytest.mark.parametrize("path", ["/lights/cabinets/cab", "/lights/lamps/l-1"])
def test_the_nights(street: Any, ask: Any, path: str, lang: str) -> None:
    street.rounds()
    today = street.now[0].astimezone(ZONE).date()
    assert len(checked(ask(), path, lang)) == 7
    assert len(checked(ask(), path, lang, (today - timedelta(days=4), today - timedelta(days=2)))) == 3
