"""The account as a workbook: a sheet for each part, real numbers, nothing that could be taken for a formula."""

from __future__ import annotations

import io

import xlsxwriter

from bypuls.api.reports.accounts.content import Document
from bypuls.api.reports.accounts.words import Words
from bypuls.api.reports.layout.cells import Paragraphs, Table
from bypuls.api.reports.layout.sheets import COLOURS, INERT, Sheets


def render(shown: Document, words: Words) -> bytes:
    """The document as XLSX, dated by the year's last day, so that the same account gives the same bytes."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, INERT) as book:
        _Writer(book, words, shown.foot).write(shown)
    return buffer.getvalue()


class _Writer(Sheets):
    def write(self, shown: Document) -> None:
        words = self._words
        self._dated(
            shown.day,
            {
                "title": f"{shown.kicker} – {shown.title}"[:255],
                "comments": f"{shown.words['fingerprint']}: {shown.fingerprint}",
            },
        )
        self._summary(shown)
        parts = {section.id: section for section in shown.sections}
        for name, title in (
            ("lines", words("Lines")), ("registers", words("Registers")), ("remarks", words("Remarks")),
            ("factors", words("Factors")), ("method", words("Method")),
        ):  # fmt: skip
            self._tables(title, parts.get(name))

    def _summary(self, shown: Document) -> None:
        sheet = self._sheet(self._words("Summary"), (30, 20, 20, 16, 14, 14))
        sheet.write_string(0, 0, shown.kicker, self._format(font_color=COLOURS["soft"]))
        sheet.set_row(1, 27)
        sheet.write_string(1, 0, shown.title, self._format(bold=True, font_size=18))
        sheet.write_string(2, 0, shown.subtitle, self._format(font_color=COLOURS["soft"]))
        at = 4
        for name, figure, of in shown.headline:
            sheet.write_string(at, 0, name, self._format(font_size=12))
            sheet.write_string(at, 1, figure, self._format(bold=True, font_size=12))
            sheet.write_string(at, 2, of, self._format(font_color=COLOURS["soft"]))
            at += 1
        for warning in shown.warnings:
            sheet.write_string(at, 0, warning, self._format(bold=True, font_color=COLOURS["bad"]))
            at += 1
        at += 1
        for block in shown.sections[0].blocks:
            if isinstance(block, Table):
                at = self._table(sheet, block, at)
            elif isinstance(block, Paragraphs):
                for said in block.texts:
                    sheet.write_string(at, 0, said)
                    at += 1
        at += 1
        sheet.write_string(at, 0, f"{shown.words['fingerprint']}: {shown.fingerprint}", self._format(font_size=9))
