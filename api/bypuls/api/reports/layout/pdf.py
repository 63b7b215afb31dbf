"""A report's data set by Typst as PDF: A4, tagged (PDF/UA-1) and fit for the archive (PDF/A-2a).

What users wrote goes in as data, never as markup."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from typing import Any

import typst

from bypuls.api.reports.layout.cells import Cell, Table
from bypuls.api.reports.layout.fonts import folders
from bypuls.api.reports.layout.words import Words

FRAME = "frame.typ"
STANDARDS: list[Any] = ["a-2a", "ua-1"]
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


def compiled(template: bytes, payload: dict[str, Any], day: date | None) -> bytes:
    """The PDF of a template inside the shared frame; the same data give the same bytes.

    payload : what the template reads as `report`; the frame needs `lang`, `kicker`, `title`, `foot`, `fingerprint` and
    `words.page`.  day : the file's date, None = none."""
    made = typst.compile(
        _frame() + template,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(payload, ensure_ascii=False)},
        format="pdf",
        pdf_standards=STANDARDS,
        timestamp=datetime.combine(day, time(), UTC) if day else UNDATED,
    )
    if not isinstance(made, bytes):
        raise TypeError(f"typst: {type(made).__name__}; expected one document as bytes")
    return made


@cache
def _frame() -> bytes:
    return files(__package__).joinpath(FRAME).read_bytes()


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(False, False, list(folders()))


def table(shown: Table, words: Words) -> dict[str, Any]:
    """A table as the frame reads it."""
    return {
        "title": shown.title,
        "facts": shown.facts,
        "dense": shown.dense,
        "columns": [{"title": c.title, "align": c.align, "wide": c.wide, "width": c.width} for c in shown.columns],
        "rows": [[_cell(cell, words) for cell in row] for row in shown.rows],
        "strong": [[_cell(cell, words) for cell in row] for row in shown.strong],
        "notes": shown.notes,
    }


def _cell(cell: Cell, words: Words) -> dict[str, Any]:
    return {"text": words.cell(cell), "mark": cell.mark, "level": cell.level}
