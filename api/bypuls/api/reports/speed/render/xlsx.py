"""A speed report as a workbook: real numbers and dates, native charts, nothing that could be taken for a formula."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import xlsxwriter

from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.reports.speed.render import sheet_charts
from bypuls.api.reports.speed.render.cells import (
    Cell,
    Column,
    Document,
    Paragraphs,
    Section,
    Table,
    clean,
    count,
    number,
)
from bypuls.api.reports.speed.render.content import document
from bypuls.api.reports.speed.render.labels import direction
from bypuls.api.reports.speed.render.words import DASH, NO_DATA, Words

INERT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
UNDATED = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook knows no zones
COLOURS = {"good": "#1d6b3f", "warn": "#8a5a00", "bad": "#a92a22", "soft": "#566265", "shaded": "#8b9496"}
NAME_LENGTH = 31
TEXT_WIDTH = 60


def render(report: SpeedReport, lang: str) -> bytes:
    """The report as XLSX, dated by the last day of its period, so that the same report gives the same bytes.

    lang : da, en.  Raises ValueError for another language."""
    words = Words(lang)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, INERT) as book:
        _Writer(book, report, document(report, words), words).write()
    return buffer.getvalue()


class _Writer:
    """One workbook while it is written."""

    def __init__(self, book: Any, report: SpeedReport, shown: Document, words: Words) -> None:
        self._book, self._report, self._shown, self.words = book, report, shown, words
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def write(self) -> None:
        shown, words = self._shown, self.words
        created = datetime.combine(shown.day, time()) if shown.day else UNDATED
        self._book.set_properties(
            {"title": f"{shown.kicker} – {shown.title}"[:255], "author": shown.foot, "created": created,
             "comments": f"{shown.words['fingerprint']}: {shown.fingerprint}"}
        )  # fmt: skip
        parts = {section.id: section for section in shown.sections}
        self._summary()
        self._tables(words("Directions"), parts.get("statistics"))
        self._hours(parts.get("hours"))
        self._tables(words("Volumes"), parts.get("volumes"))
        self._days(parts.get("days"))
        self._histogram()
        self._tables(words("Comparison"), parts.get("comparison"))
        self._tables(words("Quality and methods"), parts.get("quality"))

    def _sheet(self, name: str, widths: Sequence[int]) -> Any:
        sheet = self._book.add_worksheet(name[:NAME_LENGTH])
        for at, width in enumerate(widths):
            sheet.set_column(at, at, width)
        sheet.hide_gridlines(2)
        sheet.set_paper(9)  # A4
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L&8{self._shown.foot.replace('&', '&&')}&R&8&P / &N")
        return sheet

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

    def _tables(self, name: str, section: Section | None) -> None:
        """A sheet with a section's tables and texts one below the other."""
        if section is None:
            return
        found = [block for block in section.blocks if isinstance(block, Table | Paragraphs)]
        wide = max((b.columns for b in found if isinstance(b, Table)), key=len, default=(Column("", width=TEXT_WIDTH),))
        sheet = self._sheet(name, self._widths(wide, [b for b in found if isinstance(b, Table)]))
        at = 0
        for block in found:
            if isinstance(block, Table):
                if at == 0:
                    sheet.freeze_panes(2, 1)
                at = self._table(sheet, block, at)
            else:
                for said in block.texts:
                    colour = COLOURS[block.mark] if block.mark else "#1b2426"
                    sheet.write_string(at, 0, said, self._format(font_color=colour))
                    at += 1
                at += 1

    def _widths(self, columns: Sequence[Column], found: Sequence[Table]) -> list[int]:
        widths = [column.width for column in columns]
        for table in found:
            for at, column in enumerate(table.columns):
                if at < len(widths) and column.width <= TEXT_WIDTH:
                    widths[at] = max(widths[at], column.width)
        return widths

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

    def _table(self, sheet: Any, table: Table, at: int) -> int:
        """Writes a table from row `at` on; the row after it is given back."""
        sheet.write_string(at, 0, table.title, self._format(bold=True))
        at += 1
        if not table.facts:
            for column, head in enumerate(table.columns):
                sheet.write_string(at, column, head.title, self._head(end=head.align == "end"))
            at += 1
        for rows, bold in ((table.rows, False), (table.strong, True)):
            for row in rows:
                for column, cell in enumerate(row):
                    self._cell(sheet, at, column, cell, bold=bold, align=_align(table.columns[column], cell))
                at += 1
        for note in table.notes:
            sheet.write_string(at, 0, note, self._format(font_color=COLOURS["soft"], font_size=9))
            at += 1
        return at + 1

    def _cell(self, sheet: Any, row: int, column: int, cell: Cell, *, bold: bool = False, align: str = "") -> None:
        style: dict[str, Any] = {"bold": bold} if bold else {}
        if cell.mark is not None:
            style["font_color"] = COLOURS[cell.mark]
        if cell.level or (align == "left" and column > 1):
            style["indent"] = 1
        if align:
            style["align"] = align
        value = cell.value
        if cell.kind == "missing":
            sheet.write_string(row, column, NO_DATA, self._format(**{**style, "align": "right"}))
        elif value is None or value == DASH:
            sheet.write_blank(row, column, None, self._format(**style))
        elif isinstance(value, str):
            sheet.write_string(row, column, value, self._format(**style))
        elif isinstance(value, date):
            shape = "d. mmm yyyy" if self.words.lang == "da" else "d mmm yyyy"
            sheet.write_datetime(row, column, datetime.combine(value, time()), self._format(num_format=shape, **style))
        else:
            factor = 100.0 if cell.kind == "points" else 1.0
            sheet.write_number(row, column, value * factor, self._format(num_format=self._shape(cell), **style))

    def _shape(self, cell: Cell) -> str:
        plain = "#,##0" + ("." + "0" * cell.digits if cell.digits else "")
        if cell.kind == "share":
            plain = f"{plain} %"
        elif cell.kind == "points":
            plain = f'{plain} "{self.words("pp")}"'
        return f"+{plain};-{plain};{plain}" if cell.signed else plain

    def _head(self, *, end: bool) -> Any:
        return self._format(
            font_color=COLOURS["soft"], bottom=1, bottom_color="#8b9496", text_wrap=True, valign="bottom",
            align="right" if end else "left",
        )  # fmt: skip

    def _format(self, **style: Any) -> Any:
        """One format for all cells that look the same."""
        key = tuple(sorted(style.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format({"font_name": "Calibri", "font_size": 11, **style})
        return self._formats[key]


def _align(column: Column, cell: Cell) -> str:
    if cell.kind != "text":
        return ""
    return "right" if column.align == "end" else "left"
