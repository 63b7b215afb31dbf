"""A speed report as PDF: A4, tagged (PDF/UA-1) and fit for the archive (PDF/A-2a), charts as vectors.

Typst sets it. What users wrote goes in as data, never as markup.
"""

from __future__ import annotations

from bypuls.api.reports.layout import pdf
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
    head = shown.headline

    def draw(chart: str) -> str:
        return charts.draw(chart, report, words, charts.PRINT)

    return pdf.set_document(
        pdf.template_of(__package__, TEMPLATE),
        shown,
        words,
        draw=draw,
        headline={
            "v85": head.v85,
            "unit": head.unit,
            "word": head.word,
            "mark": head.mark,
            "reason": head.reason,
            "comparison": head.comparison,
            "facts": head.facts,
            "directions": pdf.table(head.directions, words) if head.directions else None,
            "strip": draw("strip") if head.strip else None,
            "strip_alt": head.strip,
        },
        facts=pdf.table(shown.facts, words),
        map=None if shown.map is None else pdf.block(shown.map, words, draw),
    )
