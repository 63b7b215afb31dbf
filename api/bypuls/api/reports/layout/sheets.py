"""What all reports' workbooks share: sheets with tables of real numbers and dates, nothing that could be taken for a
formula."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from bypuls.api.reports.layout.cells import Cell, Column, Paragraphs, Section, Table
from bypuls.api.reports.layout.words import DASH, NO_DATA, Words

INERT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
UNDATED = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook knows no zones
COLOURS = {"good": "#1d6b3f", "warn": "#8a5a00", "bad": "#a92a22", "soft": "#566265", "shaded": "#6b7679"}
NAME_LENGTH = 31
TEXT_WIDTH = 60


class Sheets:
    """One workbook while it is written. foot : stands at the foot of every page."""

    def __init__(self, book: Any, words: Words, foot: str) -> None:
        self._book, self._words, self._foot = book, words, foot
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def _dated(self, day: date | None, properties: dict[str, Any]) -> None:
        """The file's properties; its date is `day`, so that the same report gives the same bytes."""
        created = datetime.combine(day, time()) if day else UNDATED
        self._book.set_properties({"author": self._foot, "created": created, **properties})

    def _sheet(self, name: str, widths: Sequence[int]) -> Any:
        sheet = self._book.add_worksheet(name[:NAME_LENGTH])
        for at, width in enumerate(widths):
            sheet.set_column(at, at, width)
        sheet.hide_gridlines(2)
        sheet.set_paper(9)  # A4
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L&8{self._foot.replace('&', '&&')}&R&8&P / &N")
        return sheet

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
            shape = "d. mmm yyyy" if self._words.lang == "da" else "d mmm yyyy"
            sheet.write_datetime(row, column, datetime.combine(value, time()), self._format(num_format=shape, **style))
        else:
            factor = 100.0 if cell.kind == "points" else 1.0
            sheet.write_number(row, column, value * factor, self._format(num_format=self._shape(cell), **style))

    def _shape(self, cell: Cell) -> str:
        plain = "#,##0" + ("." + "0" * cell.digits if cell.digits else "")
        if cell.kind == "share":
            plain = f"{plain} %"
        elif cell.kind == "points":
            plain = f'{plain} "{self._words("pp")}"'
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
