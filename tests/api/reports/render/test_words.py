"""Texts, numbers and dates of the reports."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from bypuls.api.reports.layout.cells import clean
from bypuls.api.reports.speed import render
from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.reports.speed.render.content import document, fingerprint
from bypuls.api.reports.speed.render.words import Words

SOURCES = Path(str(files(render)))
CATALOGUE = SOURCES / "locale" / "da" / "LC_MESSAGES"


def marked() -> set[str]:
    """Every text in the sources that is to be translated, also those inside f-strings."""
    found: set[str] = set()
    for path in SOURCES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.func if isinstance(node, ast.Call) else None
            called = name.id if isinstance(name, ast.Name) else name.attr if isinstance(name, ast.Attribute) else ""
            if isinstance(node, ast.Call) and called.strip("_") in ("words", "N", "plural"):
                found |= {
                    part.value
                    for part in node.args[:2]
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                }
    return found


def test_every_text_is_in_danish() -> None:
    with (CATALOGUE / "reports.po").open("rb") as file:
        catalogue = read_po(file, locale="da")
    known = {part for message in catalogue for part in ([message.id] if isinstance(message.id, str) else message.id)}
    assert len(known) > 250
    assert marked() - known == set()
    untranslated = [m.id for m in catalogue if m.id and not (m.string if isinstance(m.string, str) else all(m.string))]
    assert untranslated == []
    assert [message.id for message in catalogue if message.fuzzy and message.id] == []
    for message in catalogue:
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id:
            assert sorted(_fields(message.id)) == sorted(_fields(message.string)), message.id


def _fields(text: str) -> list[str]:
    return [part.split("}")[0] for part in text.split("{")[1:]]


def test_the_compiled_catalogue_is_of_the_committed_texts() -> None:
    with (CATALOGUE / "reports.po").open("rb") as po, (CATALOGUE / "reports.mo").open("rb") as mo:
        written, compiled = read_po(po, locale="da"), read_mo(mo)
    assert _texts(written) == _texts(compiled)


def _texts(catalogue: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    def several(text: str | Sequence[str]) -> tuple[str, ...]:
        return (text,) if isinstance(text, str) else tuple(text)

    return {several(message.id): several(message.string) for message in catalogue if message.id}


@pytest.mark.parametrize(
    ("lang", "number", "share", "day", "speed"),
    [
        ("da", "1.234,5", "12,3 %", "23. nov. 2026", "52,5 km/t"),
        ("en", "1,234.5", "12.3 %", "23 Nov 2026", "52.5 km/h"),
    ],
)
def test_numbers_and_dates(lang: str, number: str, share: str, day: str, speed: str) -> None:
    words = Words(lang)
    assert words.num(1234.5, 1) == number
    assert words.share(0.1234).replace("\xa0", " ") == share
    assert words.day(date(2026, 11, 23)).replace("\xa0", " ") == day
    assert words.speed(52.5).replace("\xa0", " ") == speed
    assert words.num(-0.04, 1) in ("0,0", "0.0")
    assert words.num(None) == "–"


def test_the_same_figures_have_the_same_fingerprint_in_both_languages(
    report: Callable[[str], SpeedReport],
) -> None:
    shown = [document(report("week"), Words(lang)) for lang in ("da", "en")]
    assert shown[0].fingerprint == shown[1].fingerprint == fingerprint(report("week"))
    assert fingerprint(report("month")) != fingerprint(report("week"))


def test_text_that_no_format_can_hold_is_replaced() -> None:
    assert clean("a\x00b\nc\u202ed\ud800 æ€😀") == "a\N{REPLACEMENT CHARACTER}b cd\N{REPLACEMENT CHARACTER} æ€😀"
