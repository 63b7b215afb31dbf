"""A report's data set by Typst as PDF: A4, tagged (PDF/UA-1) and fit for the archive (PDF/A-2a).

What users wrote goes in as data, never as markup."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

import typst

from bypuls.api.reports.layout.cells import Block, Cell, Paragraphs, Section, Table
from bypuls.api.reports.layout.fonts import folders
from bypuls.api.reports.layout.words import Words

FRAME = "frame.typ"
STANDARDS: list[Any] = ["a-2a", "ua-1"]
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


Draw = Callable[[str], str]


class Document(Protocol):
    """What every report tells the frame. day : the last day that it speaks of, from which the file is dated."""

    @property
    def lang(self) -> str: ...
    @property
    def kicker(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def subtitle(self) -> str: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...
    @property
    def sections(self) -> tuple[Section, ...]: ...
    @property
    def foot(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def words(self) -> dict[str, str]: ...
    @property
    def day(self) -> date | None: ...


def set_document(template: bytes, shown: Document, words: Words, *, draw: Draw | None = None, **more: Any) -> bytes:
    """A report's PDF by its own template. draw : a chart as SVG, by its id.  more : what the template reads besides."""
    payload = {
        "lang": shown.lang,
        "kicker": shown.kicker,
        "title": shown.title,
        "subtitle": shown.subtitle,
        "warnings": shown.warnings,
        "sections": [
            {
                "title": section.title,
                "fresh": section.fresh,
                "blocks": [block(one, words, draw) for one in section.blocks],
            }
            for section in shown.sections
        ],
        "foot": shown.foot,
        "fingerprint": shown.fingerprint,
        "words": shown.words,
        **more,
    }
    return compiled(template, payload, shown.day)


def block(shown: Block, words: Words, draw: Draw | None) -> dict[str, Any]:
    """A table, a chart or paragraphs as the frame reads them. Raises TypeError for a chart that nobody draws."""
    if isinstance(shown, Table):
        return {"kind": "table", **table(shown, words)}
    if isinstance(shown, Paragraphs):
        return {"kind": "text", "texts": shown.texts, "mark": shown.mark}
    if draw is None:
        raise TypeError(f"chart {shown.id!r}: this report has nobody who draws")
    return {"kind": "chart", "title": shown.title, "alt": shown.alt, "svg": draw(shown.id)}


@cache
def template_of(package: str, name: str) -> bytes:
    """A template that lies in a package."""
    return files(package).joinpath(name).read_bytes()


def compiled(template: bytes, payload: dict[str, Any], day: date | None) -> bytes:
    """The PDF of a template inside the shared frame; the same data give the same bytes.

    payload : what the template reads as `report`; the frame needs `lang`, `kicker`, `title`, `foot`, `fingerprint` and
    `words.page`.  day : the file's date, None = none."""
    made = typst.compile(
        template_of(__package__, FRAME) + template,
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
