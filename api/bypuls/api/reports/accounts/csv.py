"""The account as CSV for a spreadsheet: tables one under the other. Danish: `;` and decimal comma; English: `,` and
point. UTF-8 with a byte order mark; text that a spreadsheet would take for a formula is text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from bypuls.api.reports.accounts.content import Document
from bypuls.api.reports.accounts.words import Words
from bypuls.api.reports.layout.cells import Cell, Paragraphs, Table
from bypuls.api.reports.layout.inert import inert


def render(shown: Document, words: Words) -> bytes:
    """The document's tables as CSV."""
    danish = words.lang == "da"
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";" if danish else ",", lineterminator="\r\n")
    for row in _rows(shown):
        writer.writerow([inert(cell) if isinstance(cell, str) else _number(cell, danish) for cell in row])
    return file.getvalue().encode("utf-8-sig")


def _rows(shown: Document) -> Iterable[list[str | Cell]]:
    yield [shown.kicker, shown.title]
    yield [shown.subtitle]
    for name, figure, of in shown.headline:
        yield [name, figure, of]
    for warning in shown.warnings:
        yield [warning]
    for section in shown.sections:
        yield []
        for block in section.blocks:
            if isinstance(block, Paragraphs):
                yield [section.title]
                for said in block.texts:
                    yield [said]
            elif isinstance(block, Table):
                yield [block.title]
                yield [column.title for column in block.columns]
                for row in (*block.rows, *block.strong):
                    yield list(row)
                for note in block.notes:
                    yield [note]
                yield []
    yield [shown.words["fingerprint"], shown.fingerprint]
    yield [shown.foot]


def _number(cell: Cell, danish: bool) -> str:
    value = cell.value
    if value is None or cell.kind in ("unknown", "missing"):
        return ""
    if isinstance(value, str):
        return inert(value)
    if isinstance(value, float):
        shown = f"{value:.6f}".rstrip("0").rstrip(".") if value % 1.0 else f"{value:.0f}"
        return shown.replace(".", ",") if danish else shown
    return str(value)
