"""The pages of reports and factors: forms lead to the API's own reports, what is wrong is named, tables go to Excel."""

from typing import Any

import pytest

from bypuls.api.web.report_pages import FORMS


@pytest.mark.parametrize(
    ("query", "address"),
    [
        (
            "report=speed&place=high-street&from=2026-03-01&last=2026-03-28&format=pdf",
            "/api/v1/traffic/high-street/report?from=2026-03-01&to=2026-03-29&format=pdf&lang=en",
        ),
        (
            "report=building&place=hall&from=2025-01-01&last=2025-12-31&format=xlsx",
            "/api/v1/buildings/hall/report?from=2025-01-01&to=2026-01-01&format=xlsx&lang=en",
        ),
        ("report=portfolio&month=2026-02", "/api/v1/portfolio/report?month=2026-02&format=pdf&lang=en"),
        ("report=portfolio", "/api/v1/portfolio/report?format=pdf&lang=en"),
        ("report=account&year=2025&target=house", "/api/v1/climate/accounts?year=2025&target=house&format=pdf&lang=en"),
        ("report=account&year=2025&target=&format=csv", "/api/v1/climate/accounts?year=2025&format=csv&lang=en"),
        ("report=work-list&format=csv", "/api/v1/lighting/work-list?format=csv&lang=en"),
    ],
)
def test_a_form_leads_to_the_report(page: Any, query: str, address: str) -> None:
    answer = page.get(f"/reports/made?{query}&lang=en", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    assert page.get(address).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("report=speed&place=high-street&from=2026-03-08&last=2026-03-01", 422, "2026-03-08 or later"),
        ("report=speed&place=high-street&from=2026-03-08&last=2026-03-30", 422, "a day that is over"),
        ("report=speed&place=high-street&from=&last=2026-03-01", 422, "a day like"),
        ("report=speed&place=high-street&from=2026-03-01&last=2026-03-08&format=docx", 422, "pdf, xlsx, csv"),
        ("report=building&place=nowhere&from=2026-03-01&last=2026-03-08", 404, "nowhere"),
        ("report=account&year=last", 422, "a year like 2025"),
        ("report=weather", 422, ", ".join(FORMS)),
    ],
)
def test_what_is_wrong_is_named_above_the_form(page: Any, query: str, status: int, said: str) -> None:
    answer = page.get(f"/reports/made?{query}&lang=en")
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert said in answer.text
    assert 'action="/reports/made"' in answer.text


def test_what_was_asked_stays_in_the_form(page: Any) -> None:
    text = page.get("/reports/made?report=speed&place=quiet-lane&from=2026-03-08&last=2026-03-01&lang=en").text
    assert 'value="2026-03-08"' in text


def test_factors_with_their_sources(page: Any) -> None:
    text = page.get("/factors?lang=en").text
    assert "What a kilowatt-hour emits and costs" in text
    assert "Source" in text
    assert "Hvad en kilowatt-time udleder og koster" in page.get("/factors?lang=da").text


@pytest.mark.parametrize("table", ["factor", "price", "calorific_value", "normal_year", "factor_choice"])
def test_tables_open_in_excel(page: Any, table: str) -> None:
    english, danish = (page.get(f"/factors/{table}.csv?lang={lang}") for lang in ("en", "da"))
    assert english.headers["content-type"] == "text/csv; charset=utf-8"
    assert danish.content.startswith(b"\xef\xbb\xbf")
    assert "," in english.text.splitlines()[0]
    assert ";" in danish.text.splitlines()[0]


def test_no_other_table_goes_out(page: Any) -> None:
    assert page.get("/factors/key.csv").status_code in (404, 422)
