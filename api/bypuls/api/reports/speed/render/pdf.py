"""A speed report as PDF: A4, tagged (PDF/UA-1) and fit for the archive (PDF/A-2a), charts as vectors.

Typst sets it. What users wrote goes in as data, never as markup.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from functools import cache
from importlib.resources import files
from typing import Any

import typst

from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.reports.speed.render import charts
from bypuls.api.reports.speed.render.cells import Block, Cell, Chart, Paragraphs, Table
from bypuls.api.reports.speed.render.content import document
from bypuls.api.reports.speed.render.fonts import folders
from bypuls.api.reports.speed.render.words import Words

TEMPLATE = "speed.typ"
STANDARDS: list[Any] = ["a-2a", "ua-1"]
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


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
            "directions": _table(shown.headline.directions, words) if shown.headline.directions else None,
            "strip": charts.draw("strip", report, words, charts.PRINT) if shown.headline.strip else None,
            "strip_alt": shown.headline.strip,
        },
        "warnings": shown.warnings,
        "facts": _table(shown.facts, words),
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
    day = datetime.combine(shown.day, time(), UTC) if shown.day else UNDATED
    made = typst.compile(
        _template(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(payload, ensure_ascii=False)},
        format="pdf",
        pdf_standards=STANDARDS,
        timestamp=day,
    )
    if not isinstance(made, bytes):
        raise TypeError(f"typst: {type(made).__name__}; expected one document as bytes")
    return made


@cache
def _template() -> bytes:
    return files(__package__).joinpath(TEMPLATE).read_bytes()


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(False, False, list(folders()))


def _block(block: Block, report: SpeedReport, words: Words) -> dict[str, Any]:
    if isinstance(block, Table):
        return {"kind": "table", **_table(block, words)}
    if isinstance(block, Chart):
        drawn = charts.draw(block.id, report, words, charts.PRINT)
        return {"kind": "chart", "title": block.title, "alt": block.alt, "svg": drawn}
    if isinstance(block, Paragraphs):
        return {"kind": "text", "texts": block.texts, "mark": block.mark}
    raise TypeError(f"{type(block).__name__}; expected a table, a chart or text")


def _table(table: Table, words: Words) -> dict[str, Any]:
    return {
        "title": table.title,
        "facts": table.facts,
        "dense": table.dense,
        "columns": [{"title": c.title, "align": c.align, "wide": c.wide, "width": c.width} for c in table.columns],
        "rows": [[_cell(cell, words) for cell in row] for row in table.rows],
        "strong": [[_cell(cell, words) for cell in row] for row in table.strong],
        "notes": table.notes,
    }


def _cell(cell: Cell, words: Words) -> dict[str, Any]:
    return {"text": words.cell(cell), "mark": cell.mark, "level": cell.level}
