"""Reports of buildings: one look tells, every text is in both languages, files open as they should."""

from __future__ import annotations

import ast
import io
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from openpyxl import load_workbook
from pypdf import PdfReader

from bypuls.api.buildings import reasons
from bypuls.api.buildings.portfolio import portfolio
from bypuls.api.buildings.report import BuildingReport, building_report
from bypuls.api.buildings.source import Source
from bypuls.api.reports import building
from bypuls.api.reports.building import content, side_by_side
from bypuls.api.reports.building.formats import rendered, rendered_portfolio
from bypuls.api.reports.building.html import fragment
from bypuls.api.reports.building.words import Words
from bypuls.api.reports.layout.cells import Table

SOURCES = [*Path(str(files(building))).glob("*.py"), Path(reasons.__file__)]
CATALOGUE = Path(str(files(building))) / "locale" / "da" / "LC_MESSAGES"


@pytest.fixture(scope="module")
def hall(source: Source) -> BuildingReport:
    return building_report(source, "hall", date(2026, 2, 1), date(2026, 2, 28))


def marked() -> set[str]:
    """Every text in the sources that is to be translated."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func
                called = name.id if isinstance(name, ast.Name) else name.attr if isinstance(name, ast.Attribute) else ""
                if called.strip("_") in ("words", "N", "plural"):
                    found |= {
                        part.value
                        for part in node.args[:2]
                        if isinstance(part, ast.Constant) and isinstance(part.value, str)
                    }
    return found


def fields(text: str) -> list[str]:
    return sorted(part.split("}")[0] for part in text.split("{")[1:])


def texts(catalogue: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    def several(text: Any) -> tuple[str, ...]:
        return (text,) if isinstance(text, str) else tuple(text)

    return {several(message.id): several(message.string) for message in catalogue if message.id}


def test_every_text_is_in_danish() -> None:
    with (CATALOGUE / "buildings.po").open("rb") as po, (CATALOGUE / "buildings.mo").open("rb") as mo:
        written, compiled = read_po(po, locale="da"), read_mo(mo)
    assert texts(written) == texts(compiled)
    known = {part for id in texts(written) for part in id}
    assert marked() - known == set()
    for id, string in texts(written).items():
        for one, other in zip(id, string, strict=True):
            assert other, one
            assert fields(one) == fields(other), one


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("da", ("Energirapport", "Hall", "februar 2026", "Hvad der bør gøres", "afkøles 20,0 °C", "kr.", "Fjernvarme",
                "hall-heat har været tavs siden 12. mar. 2026")),
        ("en", ("Energy report", "Hall", "February 2026", "What to do", "cooled by 20.0 °C", "DKK", "District heating",
                "Hall-heat is silent since 12 Mar 2026")),
    ],
)  # fmt: skip
def test_the_first_page_tells_how_much_and_what_to_do(hall: BuildingReport, lang: str, said: tuple[str, ...]) -> None:
    reader = PdfReader(io.BytesIO(rendered(hall, "pdf", lang)))
    first = " ".join(reader.pages[0].extract_text().replace("\xa0", " ").replace("\u200b", "").split())
    for one in said:
        assert one.casefold() in first.casefold(), one
    assert reader.trailer["/Root"]["/Lang"].startswith(lang)
    assert rendered(hall, "pdf", lang) == rendered(hall, "pdf", lang), "the same report is the same bytes"


def test_the_workbook_has_real_numbers_and_the_hours(hall: BuildingReport) -> None:
    book = load_workbook(io.BytesIO(rendered(hall, "xlsx", "da")))
    assert book.sheetnames[0] == "Overblik"
    days = book["Døgn"]
    assert days["A3"].value.date() == date(2026, 2, 1)
    assert days["B3"].value == pytest.approx(float(hall.media[0].use[0]))
    hours = book["Timer, el"]
    assert hours["B3"].value == pytest.approx(float(hall.media[0].load.carpet.use[0, 0]))
    assert sum(cell.value or 0 for row in hours["B3:Y30"] for cell in row) == pytest.approx(hall.media[0].amount.total)
    for sheet in book:
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_the_page_s_part_passes_a_strict_policy(hall: BuildingReport, source: Source) -> None:
    for report in (hall, building_report(source, "jumping", date(2025, 3, 1), date(2026, 2, 28))):
        made = str(fragment(content.document(report, Words("en"))))
        for forbidden in (" style=", "<style", "<script", " onload", "javascript:"):
            assert forbidden not in made
    assert "its unit seems to have changed" in made
    assert "Check the meter" in made


def test_what_is_unknown_is_told_in_both_languages(source: Source) -> None:
    for one in source.directory.buildings:
        report = building_report(source, one, date(2025, 3, 1), date(2026, 2, 28))
        for lang in ("da", "en"):
            shown = content.document(report, Words(lang))
            told = [shown.headline.word, shown.headline.reason, *shown.warnings, *shown.headline.actions]
            assert all(text.strip() and "{" not in text for text in told), told
            for section in shown.sections:
                for block in section.blocks:
                    if isinstance(block, Table):
                        assert all(len(row) == len(block.columns) for row in (*block.rows, *block.strong)), block.id


def test_the_portfolio_s_report(source: Source) -> None:
    found = portfolio(source, order="excess_cost")
    reader = PdfReader(io.BytesIO(rendered_portfolio(found, "pdf", "da")))
    said = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    for one in ("Alle bygninger", "8 bygninger", "Ukendte tal", "enhed ser ud til at være ændret"):
        assert one in said
    book = load_workbook(io.BytesIO(rendered_portfolio(found, "xlsx", "en")))
    names = [cell.value for cell in book["Buildings side by side"]["A"]]
    assert any("=jumping" in str(name) for name in names)
    shown = side_by_side.document(found, Words("en"))
    assert len(shown.charts) == 1


def test_reports_through_the_api(visitor: Any) -> None:
    answer = visitor.get("/api/v1/buildings/hall/report?month=2026-02&format=xlsx&lang=da")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith('hall-energy-2026-02-01-2026-02-28-da.xlsx"')
    again = visitor.get(
        "/api/v1/buildings/hall/report?month=2026-02&format=xlsx&lang=da",
        headers={"If-None-Match": answer.headers["etag"]},
    )
    assert again.status_code == 304
    table = visitor.get("/api/v1/buildings/hall/report?format=csv&lang=en").text.splitlines()
    assert table[0] == "day,electricity_kwh,electricity_coverage,heat_kwh,heat_coverage,water_m3,water_coverage"
    assert len(table) == 29
    assert visitor.get("/api/v1/portfolio/report?format=pdf&lang=en").content[:5] == b"%PDF-"
    for path, named in (
        ("/buildings/hall/report?month=2026-03", "a month that is over, like 2026-02"),
        ("/buildings/hall/report?month=2026-02&from=2026-02-01", "nothing beside month"),
        ("/portfolio/report?month=never", "a month that is over"),
    ):
        answer = visitor.get(f"/api/v1{path}")
        assert answer.status_code == 422
        assert named in answer.text
