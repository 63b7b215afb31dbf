"""The pages of buildings: periods and order in the address, what is wrong or missing said in words."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from bypuls.api.web.building_pages import BUILDING
from bypuls.api.web.period import NAMES, Period, days_of, named


def names(text: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/buildings/([a-z-]+)"', text)


def test_the_portfolio_is_sorted_by_its_address(visitor: Any) -> None:
    by_name = names(visitor.get("/buildings?sort=name&lang=en").text)
    assert by_name == sorted(by_name, key=lambda one: "=jumping" if one == "jumping" else one)
    assert names(visitor.get("/buildings?sort=name&falling=false&lang=en").text) == by_name[::-1]
    ranked = visitor.told("/portfolio", order="night_load")["items"]
    known = [row["building"] for row in ranked if row["night_w_m2"] is not None]
    assert names(visitor.get("/buildings?sort=night_load&lang=en").text)[: len(known)] == known
    assert len(names(visitor.get("/buildings?sort=beauty&lang=en").text)) == 8


def test_the_portfolio_says_what_is_unknown(visitor: Any) -> None:
    text = visitor.get("/buildings?lang=en").text
    assert "its unit seems to have changed" in text
    assert "no heated area is registered" in text
    assert "intet opvarmet areal er registreret" in visitor.get("/buildings?lang=da").text
    assert " style=" not in text


def test_a_building_s_page_holds_its_period(visitor: Any) -> None:
    text = visitor.get("/buildings/hall?from=2025-10-01&to=2025-10-31&lang=en").text
    assert 'value="2025-10-01"' in text
    assert "report?from=2025-10-01&amp;to=2025-11-01&amp;format=pdf" in text
    fragment = visitor.get("/fragments/buildings/hall?from=2025-10-01&last=2025-10-31&lang=en").text
    assert "October 2025" in fragment
    for part in ("use", "load", "signature", "savings", "cooling", "submeters", "quality"):
        assert f'id="part-{part}"' in fragment
    assert fragment.count("<svg") == 3 + 2 + 1 + 2
    assert "Hall-heat is silent since 12 Mar 2026." in fragment.replace("\xa0", " ")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=2026-03-20", "isn't over yet"),
        ("from=yesterday", "a day like"),
        ("from=2025-02-02&to=2025-02-01", "Expected: 2025-02-02 or later"),
    ],
)
def test_a_wrong_period_is_said_on_the_page(visitor: Any, query: str, said: str) -> None:
    answer = visitor.get(f"/buildings/hall?{query}&lang=en")
    assert answer.status_code == 422
    assert said in answer.text
    assert 'role="alert"' in answer.text


def test_a_building_without_meters(visitor: Any) -> None:
    text = visitor.get("/buildings/empty?lang=en").text
    assert "No meter is registered here" in text
    assert "hx-get" not in text
    assert visitor.get("/buildings/nowhere?lang=en", headers={"Accept": "text/html"}).status_code == 404


def test_the_periods_that_are_offered_are_over() -> None:
    for today in (date(2026, 1, 1), date(2026, 1, 2), date(2024, 2, 29), date(2026, 11, 26)):
        for name in NAMES:
            period = named(name, today)
            assert period.first <= period.last < today, (name, today)
        twelve = named("12m", today)
        assert twelve.last.replace(day=1) != today.replace(day=1)
        assert days_of({}, today, BUILDING) == twelve
    assert days_of({"to": "2024-02-29"}, date(2026, 1, 1), BUILDING) == Period(date(2023, 3, 1), date(2024, 2, 29))
