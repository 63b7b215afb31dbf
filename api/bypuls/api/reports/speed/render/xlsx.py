"""A speed report as a workbook: real numbers and dates, native charts, nothing that could be taken for a formula."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

from bypuls.api.reports.layout.cells import Section, Table, clean, count, number
from bypuls.api.reports.layout.sheets import COLOURS, INERT, Sheets
from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.reports.speed.render import sheet_charts
from bypuls.api.reports.speed.render.content import document
from bypuls.api.reports.speed.render.document import Document
from bypuls.api.reports.speed.render.labels import direction
from bypuls.api.reports.speed.render.words import Words


def render(report: SpeedReport, lang: str) -> bytes:
    """The report as XLSX, dated by the last day of its period, so that the same report gives the same bytes.

    lang : da, en.  Raises ValueError for another language."""
    words = Words(lang)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, INERT) as book:
        _Writer(book, report, document(report, words), words).write()
    return buffer.getvalue()


class _Writer(Sheets):
    """One workbook while it is written."""

    def __init__(self, book: Any, report: SpeedReport, shown: Document, words: Words) -> None:
        super().__init__(book, words, shown.foot)
        self._report, self._shown, self.words = report, shown, words

    def write(self) -> None:
        shown, words = self._shown, self.words
        self._dated(
            shown.day,
            {"title": f"{shown.kicker} – {shown.title}"[:255],
             "comments": f"{shown.words['fingerprint']}: {shown.fingerprint}"},
        )  # fmt: skip
        parts = {section.id: section for section in shown.sections}
        self._summary()
        self._tables(words("Directions"), parts.get("statistics"))
        self._hours(parts.get("hours"))
        self._tables(words("Volumes"), parts.get("volumes"))
        self._days(parts.get("days"))
        self._histogram()
        self._tables(words("Light and speed"), parts.get("light"))
        self._tables(words("Comparison"), parts.get("comparison"))
        self._tables(words("Quality and methods"), parts.get("quality"))

    def _summary(self) -> None:
        shown, words, head = self._shown, self.words, self._shown.headline
        sheet = self._sheet(words("Summary"), (34, 24, 16, 22, 16, 16, 24))
        sheet.write_string(0, 0, shown.kicker, self._format(font_color=COLOURS["soft"]))
        sheet.set_row(1, 27)
        sheet.write_string(1, 0, shown.title, self._format(bold=True, font_size=18))
        sheet.write_string(2, 0, shown.subtitle, self._format(font_color=COLOURS["soft"]))
        at = 4
        mark = self._format(bold=True, font_size=14, font_color=COLOURS[head.mark])
        sheet.write_string(at, 0, words("Verdict"), self._format(font_size=14))
        sheet.write_string(at, 1, head.word, mark)
        sheet.write_string(at + 1, 1, head.reason)
        at += 3
        found = self._report.statistics.all
        for name, cell in (
            (f"V85, {words('km/h')}", number(found.v85_kmh, 1)),
            (f"{words('Posted limit')}, {words('km/h')}", number(found.limit_kmh, 0)),
            (words("Vehicles"), count(found.n)),
        ):
            sheet.write_string(at, 0, name)
            self._cell(sheet, at, 1, cell, bold=True, align="left")
            at += 1
        for said in (*shown.warnings, *([head.comparison] if head.comparison else [])):
            colour = COLOURS["bad"] if said in shown.warnings else "#1b2426"
            sheet.write_string(at, 0, said, self._format(bold=True, font_color=colour))
            at += 1
        at += 1
        for table in (head.directions, shown.facts):
            if table is not None:
                at = self._table(sheet, table, at)

    def _hours(self, section: Section | None) -> None:
        found = [block for block in section.blocks if isinstance(block, Table)] if section else []
        if not found:
            return
        sheet = self._sheet(self.words("Hours"), [column.width for column in found[0].columns])
        sheet.freeze_panes(2, 1)
        at = 0
        for table in found:
            at = self._table(sheet, table, at)
        bins = len(self._report.speed_bins)
        chart = sheet_charts.hours(self._book, sheet.get_name(), self.words, rows=(2, 25), total=bins + 1)
        sheet.insert_chart(at, 0, chart)

    def _days(self, section: Section | None) -> None:
        found = [block for block in section.blocks if isinstance(block, Table)] if section else []
        if not found:
            return
        sheet = self._sheet(self.words("Days"), [column.width for column in found[0].columns])
        sheet.freeze_panes(2, 1)
        self._table(sheet, found[0], 0)
        rows = len(found[0].rows)
        sheet.autofilter(1, 0, 1 + rows, len(found[0].columns) - 1)
        limit = self._report.statistics.all.limit_kmh
        if rows > 1:
            chart = sheet_charts.days(self._book, sheet.get_name(), self.words, rows=(2, rows + 1), limit_kmh=limit)
            sheet.insert_chart(1, len(found[0].columns) + 1, chart)

    def _histogram(self) -> None:
        found, words = self._report.histogram, self.words
        sheet = self._sheet(words("Histogram"), (14, 14, 12, *(22 for _ in found.directions)))
        heads = [words("over, km/h"), words("up to, km/h"), words("All")]
        heads += [clean(direction(name, words)) for name in found.directions]
        sheet.write_string(0, 0, words("Vehicles per class of speed"), self._format(bold=True))
        for column, head in enumerate(heads):
            sheet.write_string(1, column, head, self._head(end=True))
        parts = (found.all, *found.directions.values())
        seen = [at for at in range(len(found.lower_kmh)) if any(part[at] for part in parts)]
        first, last = (seen[0], seen[-1]) if seen else (0, -1)
        for row, at in enumerate(range(first, last + 1), 2):
            self._cell(sheet, row, 0, number(found.lower_kmh[at], 0 if found.lower_kmh[at].is_integer() else 1))
            self._cell(
                sheet, row, 1, number(found.upper_kmh[at], 0 if (found.upper_kmh[at] or 0.0).is_integer() else 1)
            )
            for column, part in enumerate(parts, 2):
                self._cell(sheet, row, column, count(part[at]))
        sheet.freeze_panes(2, 1)
        if seen:
            chart = sheet_charts.histogram(self._book, sheet.get_name(), words, rows=(2, last - first + 2))
            sheet.insert_chart(1, len(heads) + 1, chart)
