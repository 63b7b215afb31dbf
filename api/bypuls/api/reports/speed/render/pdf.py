"""A speed report as PDF: A4, tagged (PDF/UA-1) and fit for the archive (PDF/A-2a), charts as vectors.

Typst sets it. What users wrote goes in as data, never as markup.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from bypuls.api.reports.layout import pdf
from bypuls.api.reports.layout.cells import Block, Chart, Paragraphs, Table
from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.reports.speed.render import charts
from bypuls.api.reports.speed.render.content import document
from bypuls.api.reports.speed.render.words import Words

TEMPLATE = "speed.typ"


def render(report: SpeedReport, lang: str) -> bytes:
    """The report as PDF, dated by the last day of its period, so that the same report gives the same bytes.

    lang : da, en.  Raises ValueError for another language."""
    words = Words(lang)
    shown = document(report, words)
    payload = {
        "lang": shown.lang,
        "kicker": shown.kicker,
        "title": shown.title,
        "subtitle": shown.subtitle,
        "headline": {
            "v85": shown.headline.v85,
            "unit": shown.headline.unit,
            "word": shown.headline.word,
            "mark": shown.headline.mark,
            "reason": shown.headline.reason,
            "comparison": shown.headline.comparison,
            "facts": shown.headline.facts,
            "directions": pdf.table(shown.headline.directions, words) if shown.headline.directions else None,
            "strip": charts.draw("strip", report, words, charts.PRINT) if shown.headline.strip else None,
            "strip_alt": shown.headline.strip,
        },
        "warnings": shown.warnings,
        "facts": pdf.table(shown.facts, words),
        "map": None if shown.map is None else _block(shown.map, report, words),
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


def _block(block: Block, report: SpeedReport, words: Words) -> dict[str, Any]:
    if isinstance(block, Table):
        return {"kind": "table", **pdf.table(block, words)}
    if isinstance(block, Chart):
        drawn = charts.draw(block.id, report, words, charts.PRINT)
        return {"kind": "chart", "title": block.title, "alt": block.alt, "svg": drawn}
    if isinstance(block, Paragraphs):
        return {"kind": "text", "texts": block.texts, "mark": block.mark}
    raise TypeError(f"{type(block).__name__}; expected a table, a chart or text")
