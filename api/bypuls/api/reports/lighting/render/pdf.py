"""A lighting report as PDF: A4, tagged (PDF/UA-1) and fit for the archive (PDF/A-2a), charts as vectors."""

from __future__ import annotations

from bypuls.api.reports.layout import pdf
from bypuls.api.reports.lighting.model import LightingReport
from bypuls.api.reports.lighting.render import charts
from bypuls.api.reports.lighting.render.content import document
from bypuls.api.reports.lighting.render.words import Words

TEMPLATE = "lighting.typ"


def render(report: LightingReport, lang: str) -> bytes:
    """The report as PDF, dated by the last day of its data. Raises ValueError for another language."""
    words = Words(lang)
    shown = document(report, words)
    return pdf.set_document(
        pdf.template_of(__package__, TEMPLATE),
        shown,
        words,
        draw=lambda chart: charts.draw(chart, report, words),
        headline={"name": shown.name, "figure": shown.figure, "word": shown.word, "mark": shown.mark},
        facts=shown.facts,
    )
