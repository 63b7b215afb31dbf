"""The account as PDF: A4, tagged and fit for the archive, inside the frame that all reports share."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from bypuls.api.reports.accounts.content import Document
from bypuls.api.reports.accounts.words import Words
from bypuls.api.reports.layout import pdf
from bypuls.api.reports.layout.cells import Block, Paragraphs, Table

TEMPLATE = "account.typ"


def render(shown: Document, words: Words) -> bytes:
    """The document as PDF, dated by the year's last day, so that the same account gives the same bytes."""
    payload = {
        "lang": shown.lang,
        "kicker": shown.kicker,
        "title": shown.title,
        "subtitle": shown.subtitle,
        "headline": shown.headline,
        "warnings": shown.warnings,
        "sections": [
            {"title": one.title, "fresh": one.fresh, "blocks": [_block(block, words) for block in one.blocks]}
            for one in shown.sections
        ],
        "foot": shown.foot,
        "fingerprint": shown.fingerprint,
        "words": shown.words,
    }
    return pdf.compiled(_template(), payload, shown.day)


def _block(block: Block, words: Words) -> dict[str, Any]:
    if isinstance(block, Table):
        return {"kind": "table", **pdf.table(block, words)}
    if isinstance(block, Paragraphs):
        return {"kind": "text", "texts": block.texts, "mark": block.mark}
    raise TypeError(f"{type(block).__name__}; expected a table or text")


@cache
def _template() -> bytes:
    return files(__package__).joinpath(TEMPLATE).read_bytes()
