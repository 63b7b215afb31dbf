"""A report of buildings as PDF, charts as vectors."""

from __future__ import annotations

from bypuls.api.reports.building import charts
from bypuls.api.reports.building.document import Document
from bypuls.api.reports.building.words import Words
from bypuls.api.reports.layout import pdf

TEMPLATE = "building.typ"


def render(shown: Document) -> bytes:
    """The document as PDF, dated by the last day of its period, so that the same report gives the same bytes."""
    words = Words(shown.lang)
    head = shown.headline
    headline = {
        "word": head.word,
        "mark": head.mark,
        "reason": head.reason,
        "keys": head.keys,
        "actions": head.actions,
        "table": pdf.table(head.table, words) if head.table else None,
    }
    template = pdf.template_of(__package__, TEMPLATE)
    return pdf.set_document(
        template, shown, words, draw=lambda chart: shown.draw[chart](charts.PRINT), headline=headline
    )
