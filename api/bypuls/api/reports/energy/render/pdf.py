"""An energy report as PDF: A4, tagged (PDF/UA-1) and fit for the archive (PDF/A-2a), charts as vectors."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from bypuls.api.reports.energy.model import EnergyReport
from bypuls.api.reports.energy.render import charts
from bypuls.api.reports.energy.render.content import document
from bypuls.api.reports.energy.render.words import Words
from bypuls.api.reports.layout import pdf
from bypuls.api.reports.layout.cells import Block, Chart, Paragraphs, Table

TEMPLATE = "energy.typ"


def render(report: EnergyReport, lang: str) -> bytes:
    """The report as PDF, dated by the last day of its data, so that the same report gives the same bytes.

    lang : da, en.  Raises ValueError for another language."""
    words = Words(lang)
    shown = document(report, words)
    head = shown.headline
    payload = {
        "lang": shown.lang,
        "kicker": shown.kicker,
        "title": shown.title,
        "subtitle": shown.subtitle,
        "headline": {
            "name": head.name,
            "figure": head.figure,
            "word": head.word,
            "mark": head.mark,
            "reason": head.reason,
            "facts": head.facts,
            "reasons": head.reasons,
        },
        "warnings": shown.warnings,
        "facts": pdf.table(shown.facts, words),
        "sections": [
            {
                "title": section.title,
                "fresh": section.fresh,
                "blocks": [_block(block, report, words) for block in section.blocks],
            }
            for section in shown.sections
        ],
        "foot": shown.foot,
        "fingerprint": shown.fingerprint,
        "words": shown.words,
    }
    return pdf.compiled(_template(), payload, shown.day)


@cache
def _template() -> bytes:
    return files(__package__).joinpath(TEMPLATE).read_bytes()


def _block(block: Block, report: EnergyReport, words: Words) -> dict[str, Any]:
    if isinstance(block, Table):
        return {"kind": "table", **pdf.table(block, words)}
    if isinstance(block, Chart):
        return {"kind": "chart", "title": block.title, "alt": block.alt, "svg": charts.draw(block.id, report, words)}
    if isinstance(block, Paragraphs):
        return {"kind": "text", "texts": block.texts, "mark": block.mark}
    raise TypeError(f"{type(block).__name__}; expected a table, a chart or text")
