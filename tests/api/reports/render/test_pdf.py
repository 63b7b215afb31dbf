"""The PDF: what is on it, that it is accessible, that nothing users wrote is taken for markup."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from pypdf import PageObject, PdfReader

from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.reports.speed.render import pdf

Reports = Callable[[str], SpeedReport]
Made = Callable[[str, str, str], bytes]


def words_of(reader: PdfReader, page: int | None = None) -> str:
    pages = reader.pages if page is None else [reader.pages[page]]
    return " ".join(" ".join(part.extract_text() for part in pages).replace("\xa0", " ").replace("\u200b", "").split())


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("da", ("Hastighedsrapport", "53,3", "50 km/t", "Ingen handling", "95 %-interval", "mod sensoren", "Ballerup")),
        ("en", ("Speed report", "53.3", "50 km/h", "No action called for", "95 % interval", "toward the sensor")),
    ],
)
def test_first_page_tells_the_verdict(made: Made, lang: str, said: tuple[str, ...]) -> None:
    found = words_of(PdfReader(io.BytesIO(made("pdf", "week", lang))), 0)
    assert [part for part in said if part not in found] == []
    assert "Måløv Hovedgade 32" in found


def test_pages_language_title_version_and_fingerprint(made: Made) -> None:
    reader = PdfReader(io.BytesIO(made("pdf", "week", "da")))
    total = len(reader.pages)
    assert 5 <= total <= 7
    for at in range(total):
        found = words_of(reader, at)
        assert f"Side {at + 1} af {total}" in found
        assert "bypuls 0.1.0" in found
    assert reader.metadata is not None
    assert reader.metadata.title == "Hastighedsrapport – Måløv Hovedgade 32"
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "da"
    assert root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid" in root["/Metadata"].get_data()
    assert {page.mediabox.width // 1 for page in reader.pages} == {595}


def test_charts_are_vectors_and_typefaces_are_inside(made: Made) -> None:
    reader = PdfReader(io.BytesIO(made("pdf", "comparison", "da")))
    assert [image for page in reader.pages for image in page.images] == []
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"].get("/Font", {}).values()]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor), font["/BaseFont"]


def test_same_report_gives_same_bytes(report: Reports, made: Made) -> None:
    assert pdf.render(report("one_day"), "en") == made("pdf", "one_day", "en")


def test_hours_without_data_are_na_and_an_expired_calibration_is_told(made: Made) -> None:
    reader = PdfReader(io.BytesIO(made("pdf", "month", "da")))
    assert "02–03 N/A N/A" in words_of(reader)
    assert "udløb den 1. nov. 2026" in words_of(reader, 0)
    assert "UDLØBET" in words_of(reader, 0)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("empty", "No verdict"),
        ("no_times", "the data carry no times"),
        ("no_limit", "No single posted limit is known"),
        ("one_direction", "Measures called for"),
        ("uncertain", "The interval of V85 spans a threshold"),
        ("association", "this is an association, not an effect"),
        ("comparison", "Effect on V85, beyond the change at the control sites"),
    ],
)
def test_every_shape_has_its_first_page(made: Made, shape: str, said: str) -> None:
    assert said in words_of(PdfReader(io.BytesIO(made("pdf", shape, "en"))), 0)


def test_a_refused_comparison_says_why_and_shows_no_change(made: Made) -> None:
    found = words_of(PdfReader(io.BytesIO(made("pdf", "refused", "en"))))
    assert "The comparison is refused: fewer than 100 vehicles." in found
    assert "Change at the site" not in found


def test_what_users_wrote_stays_text(made: Made, hostile: str) -> None:
    reader = PdfReader(io.BytesIO(made("pdf", "hostile", "da")))
    assert {page.mediabox.width // 1 for page in reader.pages} == {595}
    found = words_of(reader, 0)
    for part in (
        "=cmd|'/c calc'!A0",
        "#set page(width: 1pt)",
        "$x^2$",
        "@ref *b* _i_",
        "<script>alert(1)</script>",
        "{{7*7}}",
    ):
        assert part in found
    assert "\u202e" not in found
    right = max(_ends(page) for page in reader.pages)
    assert right < 595 - 40, "text runs out of the page"
    assert "W" * 60 in hostile


def _ends(page: PageObject) -> float:
    """Where the rightmost piece of text begins [pt]."""
    found = [0.0]

    def note(text: str, _cm: object, matrix: list[float], *_: object) -> None:
        if text.strip():
            found.append(matrix[4])

    page.extract_text(visitor_text=note)
    return max(found)


def test_another_language_is_refused(report: Reports) -> None:
    with pytest.raises(ValueError, match="lang: 'de'; expected da or en"):
        pdf.render(report("week"), "de")
