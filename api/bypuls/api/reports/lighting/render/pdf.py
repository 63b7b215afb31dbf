"""A lighting report as PDF: A4, tagged (PDF/UA-1) and fit for the archive (PDF/A-2a), charts as vectors."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from bypuls.api.reports.layout import pdf
from bypuls.api.reports.layout.cells import Block, Chart, Paragraphs, Table
from bypuls.api.reports.lighting.model import LightingReport
from bypuls.api.reports.lighting.render import charts
from bypuls.api.reports.lighting.render.content import document
from bypuls.api.reports.lighting.render.words import Words

TEMPLATE = "lighting.typ"


def render(report: LightingReport, lang: str) -> bytes:
    """The report as PDF, dated by the last day of its data. Raises ValueError for another language."""
    words = Words(lang)
    shown = document(report, words)
    payload = {
        "lang": shown.lang,
        "kicker": shown.kicker,
        "title": shown.title,
        "subtitle": shown.subtitle,
        "headline": {"name": shown.name, "figure": shown.figure, "word": shown.word, "mark": shown.mark},
        "facts": shown.facts,
        "warnings": shown.warnings,
        "sections": [
            {"title": one.title, "fresh": one.fresh, "blocks": [_block(block, report, words) for block in one.blocks]}
            for one in shown.sections
        ],
        "foot": shown.foot,
        "fingerprint": shown.fingerprint,
        "words": shown.words,
    }
    return pdf.compiled(_template(), payload, shown.day)


def _block(block: Block, report: LightingReport, words: Words) -> dict[str, Any]:
    if isinstance(block, Table):
        return {"kind": "table", **pdf.table(block, words)}
    if isinstance(block, Chart):
        return {"kind": "chart", "title": block.title, "alt": block.alt, "svg": charts.draw(block.id, report, words)}
    if isinstance(block, Paragraphs):
        return {"kind": "text", "texts": block.texts, "mark": block.mark}
    raise TypeError(f"{type(block).__name__}; expected a table, a chart or text")


@cache
def _template() -> bytes:
    return files(__package__).joinpath(TEMPLATE).read_bytes()
