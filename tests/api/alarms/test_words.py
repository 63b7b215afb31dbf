"""Texts of alarms: every one in Danish, figures in the language's own way."""

from __future__ import annotations

import ast
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from bypuls.api import alarms
from bypuls.api.alarms.words import KINDS, AlarmWords
from bypuls.store.book import Alarm
from bypuls.store.registry import ALARM_KINDS

SOURCES = Path(str(files(alarms)))
CATALOGUE = SOURCES / "locale" / "da" / "LC_MESSAGES"
ZONE = ZoneInfo("Europe/Copenhagen")


def marked() -> set[str]:
    """Every text in the sources that is to be translated."""
    found: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.func if isinstance(node, ast.Call) else None
            called = name.id if isinstance(name, ast.Name) else name.attr if isinstance(name, ast.Attribute) else ""
            if isinstance(node, ast.Call) and called in ("words", "N", "plural", "self"):
                found |= {
                    part.value
                    for part in node.args[:2]
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                }
    return found


def test_every_text_is_in_danish() -> None:
    with (CATALOGUE / "alarms.po").open("rb") as po, (CATALOGUE / "alarms.mo").open("rb") as mo:
        written, compiled = read_po(po, locale="da"), read_mo(mo)
    known = {part for one in written for part in ([one.id] if isinstance(one.id, str) else one.id) if part}
    assert known == marked()
    for one in written:
        if not one.id:
            continue
        strings = (one.string,) if isinstance(one.string, str) else one.string
        ids = (one.id,) if isinstance(one.id, str) else one.id
        assert all(strings), one.id
        for id, string in zip(ids, strings, strict=True):
            assert sorted(_fields(id)) == sorted(_fields(string)), id
        held = compiled.get(one.id)
        assert held is not None
        assert tuple(held.string) == tuple(one.string or ""), "compile the catalogue anew: make texts"


def _fields(text: str) -> list[str]:
    return [part.split("}")[0] for part in text.split("{")[1:]]


def alarm(kind: str, **facts: object) -> Alarm:
    return Alarm(
        id=1, kind=kind, domain="energy", subject_kind="sensor", subject="s", place_kind=None, place=None, device=None,
        rule="r", severity="minor", owner=None, state="open", since_us=0, began_us=0, opened_us=0, facts=facts,
    )  # fmt: skip


@pytest.mark.parametrize("lang", ["da", "en"])
@pytest.mark.parametrize("kind", sorted(ALARM_KINDS))
def test_every_kind_has_a_name_and_a_sentence(lang: str, kind: str) -> None:
    """Also where a figure is unknown."""
    words = AlarmWords(lang, ZONE)
    assert kind in KINDS
    said = words.sentence(alarm(kind))
    assert said.endswith(".")
    assert "{" not in said
    assert words.kind(kind) != kind


def test_figures_and_times() -> None:
    danish, english = AlarmWords("da", ZONE), AlarmWords("en", ZONE)
    silent = alarm("meter-silent", spoke_us=1_774_861_500_000_000)
    assert english.sentence(silent) == "Silent since 30 Mar 2026 11:05: what it measures is unknown."
    assert danish.sentence(silent) == "Tavs siden 30. mar. 2026 kl. 11.05: det, den måler, er ukendt."
    water = alarm("water-never-zero", hours=24, least_l_h=12.84)
    assert "13 l/t" in danish.sentence(water)
    cost = {"dkk_per_day": 1234.4, "kwh_per_day": None, "kg_co2_per_day": 2.25, "how": "night-hours",
            "basis": {"price": 2.1, "price_unit": "dkk_per_kwh", "missing": ["factor"]}}  # fmt: skip
    assert danish.costs(cost).replace("\N{NO-BREAK SPACE}", " ") == "1.234 kr., 2,2 kg CO₂ om dagen"
    assert english.costs({}) == ""
    assert "2.10 kr/kWh" in english.how(cost)
    assert "no single emission factor" in english.how(cost)
    offline = alarm("device-offline", spoke_us=0, members_n=1)
    assert english.sentence(offline).endswith("1 other is silent with it.")
    with pytest.raises(ValueError, match="expected da or en"):
        AlarmWords("de", ZONE)
