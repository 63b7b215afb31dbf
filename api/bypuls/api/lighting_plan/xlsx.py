"""A plan as a workbook: a sheet for each part, real numbers, nothing that could be taken for a formula."""

from __future__ import annotations

import io

import xlsxwriter

from bypuls.api.lighting_plan.words import PlanWords
from bypuls.api.reports.accounts.content import Document
from bypuls.api.reports.layout.sheets import INERT, Sheets


def render(shown: Document, words: PlanWords) -> bytes:
    """The document as XLSX, dated by its day, so that the same plan gives the same bytes."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, INERT) as book:
        _Writer(book, words, shown.foot).write(shown)
    return buffer.getvalue()


class _Writer(Sheets):
    def write(self, shown: Document) -> None:
        self._dated(shown.day, {"title": shown.title, "comments": f"{shown.words['fingerprint']}: {shown.fingerprint}"})
        for section in shown.sections:
            self._tables(section.title, section)
