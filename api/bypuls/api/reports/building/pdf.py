"""A report of buildings as PDF, charts as vectors."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from bypuls.api.reports.building import charts
from bypuls.api.reports.building.document import Document
from bypuls.api.reports.building.words import Words
from bypuls.api.reports.layout import pdf
from bypuls.api.reports.layout.cells import Block, Chart, Paragraphs, Table

TEMPLATE = "building.typ"


def render(shown: Document) -> bytes:
    """The document as PDF, dated by the last day of its period, so that the same report gives the same bytes."""
    words = Words(shown.lang)
    head = shown.headline
    payload = {
        "lang": shown.lang,
        "kicker": shown.kicker,
        "title": shown.title,
        "subtitle": shown.subtitle,
        "headline": {
            "word": head.word,
            "mark": head.mark,
            "reason": head.reason,
            "keys": head.keys,
            "actions": head.actions,
            "table": pdf.table(head.table, words) if head.table else None,
        },
        "warnings": shown.warnings,
        "sections": [
            {
                "title": section.title,
                "fresh": section.fresh,
                "blocks": [_block(block, shown, words) for block in section.blocks],
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


def _block(block: Block, shown: Document, words: Words) -> dict[str, Any]:
    if isinstance(block, Table):
        return {"kind": "table", **pdf.table(block, words)}
    if isinstance(block, Chart):
        return {"kind": "chart", "title": block.title, "alt": block.alt, "svg": shown.draw[block.id](charts.PRINT)}
    if isinstance(block, Paragraphs):
        return {"kind": "text", "texts": block.texts, "mark": block.mark}
    raise TypeError(f"{type(block).__name__}; expected a table, a chart or text")
