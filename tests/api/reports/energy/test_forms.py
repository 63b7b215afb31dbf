"""PDF and XLSX of an energy report in both languages: what the first page tells, real numbers and dates, every text in
Danish, nothing that users wrote taken for markup or a formula."""

from __future__ import annotations

import ast
import io
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from pypdf import PdfReader

from bypuls.api.reports.energy import quality as quality_module
from bypuls.api.reports.energy import render
from bypuls.api.reports.energy.formats import formats, rendered
from bypuls.api.reports.energy.model import EnergyReport, Reason
from bypuls.api.reports.energy.reading.meters import REASONS as DROPPED
from bypuls.api.reports.energy.render.labels import FINDINGS, NOTES, REASONS, sentence
from bypuls.api.reports.energy.render.words import Words

from .conftest import heat, temperatures

Report = Callable[..., EnergyReport]
SOURCES = Path(str(files(render)))
CATALOGUE = SOURCES / "locale" / "da" / "LC_MESSAGES"


def words_of(content: bytes, page: int | None = None) -> str:
    reader = PdfReader(io.BytesIO(content))
    pages = reader.pages if page is None else [reader.pages[page]]
    return " ".join(" ".join(part.extract_text() for part in pages).replace("\xa0", " ").replace("\u200b", "").split())


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "da",
            ("Energirapport", "Sparet", "90 %-interval", "Basisperiode", "1. jan. 2025", "Energisignatur"),
        ),
        (
            "en",
            ("Energy report", "Saved", "90 % interval", "Reporting period", "1 Jan 2025", "Energy signature"),
        ),
    ],
)
def test_the_first_page_tells_the_saving(report: Report, lang: str, said: tuple[str, ...]) -> None:
    found = report()
    assert found.savings.share is not None
    first = words_of(rendered(found, "pdf", lang), 0)
    figure = f"{found.savings.share * 100:.1f} %"
    assert [part for part in (*said, figure if lang == "en" else figure.replace(".", ",")) if part not in first] == []


def test_a_refusal_stands_on_the_first_page_with_its_reasons(report: Report) -> None:
    use = heat(temperatures(731))
    use[60:240] = np.nan
    content = rendered(report(use), "pdf", "da")
    first = words_of(content, 0)
    assert "Afvist" in first
    assert "180 af basisperiodens 365 dage mangler; højst 37 må mangle." in first
    assert "huller uden værdier" in words_of(content)


def test_pdf_is_accessible_repeatable_and_takes_nothing_for_markup(report: Report) -> None:
    found = report(settings={"title": "#strong[Skole] $x$ *fed* \u202eabc"})
    content = rendered(found, "pdf", "da")
    assert rendered(found, "pdf", "da") == content
    reader = PdfReader(io.BytesIO(content))
    assert "#strong[Skole] $x$ *fed* abc" in words_of(content, 0)
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "da"
    assert b"pdfuaid" in root["/Metadata"].get_data()
    assert [image for page in reader.pages for image in page.images] == []
    assert {round(page.mediabox.width) for page in reader.pages} == {595}


@pytest.mark.parametrize("lang", ["da", "en"])
def test_the_workbook_has_numbers_dates_frozen_heads_and_charts(report: Report, lang: str) -> None:
    found = report(settings={"title": "=HYPERLINK(1)"})
    book = openpyxl.load_workbook(io.BytesIO(rendered(found, "xlsx", lang)))
    days = book["Dage" if lang == "da" else "Days"]
    assert days.freeze_panes == "B3"
    row = [cell.value for cell in days[3]]
    assert row[0] == datetime(2024, 1, 1)  # noqa: DTZ001 - a workbook knows no zones
    assert row[1] == pytest.approx(found.daily.kwh[0])
    assert row[4] == 1.0
    assert len(days._charts) == 2
    months = book["Måneder" if lang == "da" else "Months"]
    assert (months.freeze_panes, len(months._charts)) == ("B3", 1)
    used = sum(cell.value for (cell,) in months.iter_rows(min_row=3, max_row=26, min_col=4, max_col=4))
    assert used == pytest.approx(sum(value for value in found.daily.kwh if value is not None))
    summary = book[book.sheetnames[0]]
    assert (summary["A2"].value, summary["A2"].data_type) == ("=HYPERLINK(1)", "s")
    shares = [cell.value for (cell,) in summary.iter_rows(min_row=7, max_row=9, min_col=2, max_col=2)]
    assert found.savings.interval is not None
    assert shares == pytest.approx([found.savings.share, *found.savings.interval])


@pytest.mark.parametrize("days", [8, 731])
def test_what_is_not_there_is_said_and_not_drawn(report: Report, days: int) -> None:
    """No periods named; of 8 days no model either."""
    found = report(heat(temperatures(731))[:days], settings={"baseline": None, "reporting": None})
    first = words_of(rendered(found, "pdf", "da"), 0)
    assert "Ikke efterspurgt" in first
    assert ("Ingen model passer" in first) is (days == 8)
    book = openpyxl.load_workbook(io.BytesIO(rendered(found, "xlsx", "en")))
    assert (book["Days"]["C3"].value is None) is (days == 8)


def test_forms_and_languages_are_checked(report: Report) -> None:
    assert formats() == ("json", "pdf", "xlsx")
    with pytest.raises(ValueError, match="lang: 'de'"):
        rendered(report(), "pdf", "de")
    with pytest.raises(ValueError, match="format: 'html'"):
        rendered(report(), "html", "da")


def marked() -> set[str]:
    """Every text in the sources that is to be translated, also those inside f-strings."""
    found: set[str] = set()
    for path in SOURCES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.func if isinstance(node, ast.Call) else None
            called = name.id if isinstance(name, ast.Name) else name.attr if isinstance(name, ast.Attribute) else ""
            if isinstance(node, ast.Call) and called.strip("_") in ("words", "N") and node.args:
                part = node.args[0]
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found.add(part.value)
    return found


def test_every_text_is_in_danish_and_compiled() -> None:
    with (CATALOGUE / "energy.po").open("rb") as po, (CATALOGUE / "energy.mo").open("rb") as mo:
        written, compiled = read_po(po, locale="da"), read_mo(mo)
    texts = {str(one.id): str(one.string) for one in written if one.id}
    assert marked() - texts.keys() == set()
    assert all(texts.values())
    assert texts == {str(one.id): str(one.string) for one in compiled if one.id}
    for text, danish in texts.items():
        fields = [sorted(part.split("}")[0] for part in one.split("{")[1:]) for one in (text, danish)]
        assert fields[0] == fields[1], text


def test_every_identifier_has_words() -> None:
    source = Path(str(quality_module.__file__)).read_text(encoding="utf-8")
    codes = {
        node.args[0].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Finding"
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(codes) > 10
    assert codes | set(DROPPED) <= FINDINGS.keys()
    build = (SOURCES.parent / "build.py").read_text(encoding="utf-8")
    assert all(f'"{note}"' in build for note in NOTES)
    told = sentence(Reason("baseline days", "180 of 365 missing", "at most 37"), Words("en"))
    assert told == "180 of the baseline's 365 days are missing; at most 37 may be."
    assert sentence(Reason("new", "a", "b"), Words("da")) == "new: a; expected b"
    assert {"baseline length", "reporting coverage", "model", "scatter", "autocorrelation"} <= REASONS.keys()
