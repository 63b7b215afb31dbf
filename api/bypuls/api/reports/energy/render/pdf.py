"""An energy report as PDF: A4, tagged (PDF/UA-1) and fit for the archive (PDF/A-2a), charts as vectors."""

from __future__ import annotations

from bypuls.api.reports.energy.model import EnergyReport
from bypuls.api.reports.energy.render import charts
from bypuls.api.reports.energy.render.content import document
from bypuls.api.reports.energy.render.words import Words
from bypuls.api.reports.layout import pdf

TEMPLATE = "energy.typ"


def render(report: EnergyReport, lang: str) -> bytes:
    """The report as PDF, dated by the last day of its data, so that the same report gives the same bytes.

    lang : da, en.  Raises ValueError for another language."""
    words = Words(lang)
    shown = document(report, words)
    head = shown.headline
    return pdf.set_document(
        pdf.template_of(__package__, TEMPLATE),
        shown,
        words,
        draw=lambda chart: charts.draw(chart, report, words),
        headline={
            "name": head.name,
            "figure": head.figure,
            "word": head.word,
            "mark": head.mark,
            "reason": head.reason,
            "facts": head.facts,
            "reasons": head.reasons,
        },
        facts=pdf.table(shown.facts, words),
    )
