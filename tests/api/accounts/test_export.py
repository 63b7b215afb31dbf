"""The yearly account as a document: the account's numbers in every form and both languages, inert and reproducible."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pypdf
import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from bypuls.api.accounts.account import Question
from bypuls.api.accounts.factors import VIEWS
from bypuls.api.accounts.registers import registers_of
from bypuls.api.accounts.to_json import told_account
from bypuls.api.reports import accounts as package
from bypuls.api.reports.accounts.formats import rendered
from bypuls.wire import Meter, from_us
from tests.api.accounts.conftest import FRAME, Place, wh

SOURCES = Path(package.__file__).parent
CATALOGUE = SOURCES / "locale/da/LC_MESSAGES"


@pytest.fixture
def told(place: Place) -> dict[str, Any]:
    amounts = wh(100.0)
    amounts[2000:9000] = np.nan
    place.meter("hall-el", amounts, serial="12345")
    place.rows("sensor", {"id": "hall-el", "device": "pi", "kind": "meter", "name": "=Hall, main", "building": "hall",
                          "medium": "electricity", "serial": "12345"})  # fmt: skip
    place.meter("pool-heat", wh(500.0), medium="heat", building="pool")
    place.factor("electricity", 0.2, source="made up <b>for</b> #the test")
    place.factor("electricity", 0.35, factor_set="residual", scope="2-market", method="residual mix")
    readings = [
        Meter(sensor="hall-el", t=from_us(FRAME.start_us - 60_000_000), medium="electricity", import_wh=1_000_000.0),
        Meter(sensor="hall-el", t=from_us(FRAME.start_us + 60_000_000), medium="electricity", import_wh=1_000_100.0),
        Meter(sensor="hall-el", t=from_us(FRAME.end_us), medium="electricity", import_wh=4_500_000.0),
        Meter(sensor="hall-el", t=from_us(FRAME.end_us + 60_000_000), medium="electricity", import_wh=4_500_100.0),
    ]
    place.store.write(readings)
    found = [place.account(view=view) for view in VIEWS]
    registers = registers_of(place.store, place.directory, [line for one in found for line in one.lines], FRAME)
    return told_account(Question(2025), found, registers=registers)


def test_registers_around_the_turns_of_the_year(told: dict[str, Any]) -> None:
    lines = {line["id"]: line for line in told["views"]["location"]["lines"]}
    registers = lines["hall-el"]["registers"]
    assert registers["start"] == {"t": "2024-12-31T23:59:00+01:00", "value": 1_000_000.0}
    assert registers["end"] == {"t": "2026-01-01T00:00:00+01:00", "value": 4_500_000.0}
    assert (registers["serial"], registers["difference_kwh"]) == ("12345", pytest.approx(3500.0))
    assert lines["pool-heat"]["registers"]["start"] is None


@pytest.mark.parametrize(("lang", "delimiter", "word"), [("da", ";", "Klimaregnskab"), ("en", ",", "Climate account")])
def test_csv(told: dict[str, Any], lang: str, delimiter: str, word: str) -> None:
    content = rendered(told, None, "csv", lang)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=delimiter))
    assert rows[0][0] == word
    line = next(row for row in rows if row and row[0] == "'=Hall, main")
    kg = told["views"]["location"]["lines"][0]["emitted_kg"]
    shown = float(line[7].replace(",", ".") if lang == "da" else line[7])
    assert shown == pytest.approx(kg, abs=1e-6)
    assert not any(cell.startswith("=") for row in rows for cell in row)


@pytest.mark.parametrize("lang", ["da", "en"])
def test_xlsx(told: dict[str, Any], lang: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(rendered(told, "Whose", "xlsx", lang)))
    names = {"da": ["Oversigt", "Linjer", "Tællere", "Bemærkninger", "Faktorer", "Metode"],
             "en": ["Summary", "Lines", "Registers", "Remarks", "Factors", "Method"]}  # fmt: skip
    assert book.sheetnames == names[lang]
    lines = {row[0]: row for row in book[names[lang][1]].iter_rows(values_only=True)}
    assert lines["=Hall, main"][7] == pytest.approx(told["views"]["location"]["lines"][0]["emitted_kg"])
    assert lines["=Hall, main"][8] == pytest.approx(told["views"]["market"]["lines"][0]["emitted_kg"])
    assert lines["Pool-Heat"][7] is None, "unknown is empty, never zero"
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("da", ["Klimaregnskab", "Kommunen", "Kalenderåret 2025", "Ingen emissionsfaktor for fjernvarme i 2025.",
                "4.500,0", "Side 1 af"]),
        ("en", ["Climate account", "The municipality", "Calendar year 2025", "No emission factor for district heating",
                "4,500.0", "Page 1 of"]),
    ],
)  # fmt: skip
def test_pdf(told: dict[str, Any], lang: str, words: list[str]) -> None:
    content = rendered(told, None, "pdf", lang)
    text = " ".join("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages).split())
    for word in words:
        assert word in text, word
    assert "made up <b>for</b> #the test" in text, "what users wrote is no markup"


@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
def test_the_same_account_gives_the_same_bytes(told: dict[str, Any], form: str) -> None:
    assert rendered(told, None, form, "da") == rendered(told, None, form, "da")


def test_other_forms_and_languages_are_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected one of csv, xlsx, pdf"):
        rendered(told, None, "doc", "da")
    with pytest.raises(ValueError, match="expected da or en"):
        rendered(told, None, "csv", "de")


def test_every_text_is_translated_and_compiled() -> None:
    marked = {
        node.args[0].value
        for path in SOURCES.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name | ast.Attribute)
        and (node.func.id if isinstance(node.func, ast.Name) else node.func.attr)
        in ("words", "_words", "self", "plural")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }
    assert len(marked) > 60
    with (CATALOGUE / "accounts.po").open("rb") as po, (CATALOGUE / "accounts.mo").open("rb") as mo:
        written, compiled = read_po(po, locale="da"), read_mo(mo)
    for text in marked:
        found = written.get(text)
        assert found is not None, text
        assert all([found.string] if isinstance(found.string, str) else found.string), text
        again = compiled.get(text)
        assert again is not None
        assert list(again.string) == list(found.string)
