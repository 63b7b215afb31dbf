"""Reports of buildings as workbooks: real numbers and dates, native charts, nothing that is taken for a formula."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from bypuls.api.buildings.figures import MediumFigures
from bypuls.api.buildings.report import BuildingReport
from bypuls.api.reports.building.document import Document
from bypuls.api.reports.building.words import Words
from bypuls.api.reports.layout.cells import Cell, Column, Table, day, number, share, text
from bypuls.api.reports.layout.sheets import COLOURS, INERT, Sheets

BLUE = "#24598c"
SIZE = {"width": 860, "height": 320}
HOURS = 24


def render(shown: Document, report: BuildingReport | None = None) -> bytes:
    """The document as XLSX; of a building with its days and hours, each a sheet with a chart or shades."""
    words = Words(shown.lang)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, INERT) as book:
        _Writer(book, shown, words).write(report)
    return buffer.getvalue()


class _Writer(Sheets):
    """One workbook while it is written."""

    def __init__(self, book: Any, shown: Document, words: Words) -> None:
        super().__init__(book, words, shown.foot)
        self._shown, self.words = shown, words

    def write(self, report: BuildingReport | None) -> None:
        shown = self._shown
        self._dated(
            shown.day,
            {"title": f"{shown.kicker} – {shown.title}"[:255],
             "comments": f"{shown.words['fingerprint']}: {shown.fingerprint}"},
        )  # fmt: skip
        self._summary()
        for section in shown.sections:
            if any(isinstance(block, Table) for block in section.blocks):
                self._tables(section.title, section)
        if report is not None:
            self._days(report.media)
            for one in report.media:
                if one.medium != "water":
                    self._hours(one)

    def _summary(self) -> None:
        shown, head = self._shown, self._shown.headline
        sheet = self._sheet(self.words("Summary"), (34, 22, 18, 18, 18, 16, 14))
        sheet.write_string(0, 0, shown.kicker, self._format(font_color=COLOURS["soft"]))
        sheet.set_row(1, 27)
        sheet.write_string(1, 0, shown.title, self._format(bold=True, font_size=18))
        sheet.write_string(2, 0, shown.subtitle, self._format(font_color=COLOURS["soft"]))
        sheet.write_string(4, 0, head.word, self._format(bold=True, font_size=14, font_color=COLOURS[head.mark]))
        sheet.write_string(5, 0, head.reason)
        at = 7
        for name, value, remark in head.keys:
            sheet.write_string(at, 0, name, self._format(font_color=COLOURS["soft"]))
            sheet.write_string(at, 1, value, self._format(bold=True))
            sheet.write_string(at, 2, remark, self._format(font_color=COLOURS["soft"]))
            at += 1
        at += 1
        for title, lines, colour in (
            ("", shown.warnings, COLOURS["bad"]),
            (shown.words["actions"], head.actions, "#1b2426"),
        ):
            if lines and title:
                sheet.write_string(at, 0, title, self._format(bold=True))
                at += 1
            for line in lines:
                sheet.write_string(at, 0, line, self._format(font_color=colour))
                at += 1
        if head.table is not None:
            self._table(sheet, head.table, at + 1)

    def _days(self, media: Sequence[MediumFigures]) -> None:
        if not media:
            return
        words = self.words
        columns = [Column(words("Date"), "start", width=14)]
        for one in media:
            unit = "m³" if one.unit == "m3" else "kWh"
            medium = words.medium(one.medium, capital=True)
            columns += [Column(f"{medium}, {unit}", width=18), Column(words("measured"), width=12)]
        rows: list[tuple[Cell, ...]] = []
        for at, when in enumerate(media[0].dates):
            cells = [day(when)]
            for one in media:
                cells += [number(_known(one.use[at]), 2 if one.unit == "m3" else 1), share(float(one.coverage[at]), 0)]
            rows.append(tuple(cells))
        table = Table("days", words("Days"), tuple(columns), tuple(rows))
        sheet = self._sheet(words("Days"), [column.width for column in columns])
        sheet.freeze_panes(2, 1)
        self._table(sheet, table, 0)
        sheet.autofilter(1, 0, 1 + len(rows), len(columns) - 1)
        for place, one in enumerate(media):
            chart = self._book.add_chart({"type": "column"})
            name = sheet.get_name()
            chart.add_series(
                {"name": words.medium(one.medium, capital=True), "categories": [name, 2, 0, len(rows) + 1, 0],
                 "values": [name, 2, 1 + 2 * place, len(rows) + 1, 1 + 2 * place], "fill": {"color": BLUE}, "gap": 20}
            )  # fmt: skip
            chart.set_title({"name": columns[1 + 2 * place].title, "name_font": {"size": 12, "bold": False}})
            chart.set_legend({"none": True})
            chart.set_y_axis({"num_format": "#,##0", "line": {"none": True}})
            chart.show_na_as_empty_cell()
            chart.set_size(SIZE)
            sheet.insert_chart(1 + place * 17, len(columns) + 1, chart)

    def _hours(self, one: MediumFigures) -> None:
        """Days by hours, shaded like a carpet."""
        words, made = self.words, one.load.carpet
        medium = words.medium(one.medium)
        sheet = self._sheet(words("Hours, {medium}", medium=medium), [14, *([7] * HOURS)])
        sheet.write_string(0, 0, words("Hours of {medium}, kWh", medium=medium), self._format(bold=True))
        for hour in range(HOURS):
            sheet.write_string(1, 1 + hour, f"{hour:02d}", self._head(end=True))
        for row, when in enumerate(one.dates):
            self._cell(sheet, 2 + row, 0, day(when))
            for hour in range(HOURS):
                value = _known(made.use[row, hour])
                there = made.length_h[row, hour] > 0.0
                self._cell(sheet, 2 + row, 1 + hour, number(value, 1) if value is not None or there else text(None))
        sheet.freeze_panes(2, 1)
        scale = {"type": "2_color_scale", "min_color": "#f4f7fa", "max_color": BLUE}
        sheet.conditional_format(2, 1, 1 + len(one.dates), HOURS, scale)


def _known(value: float) -> float | None:
    return None if value != value else float(value)
