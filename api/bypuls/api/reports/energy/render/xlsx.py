"""An energy report as a workbook: real numbers and dates, native charts, nothing that could be taken for a formula."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

from bypuls.api.reports.energy.model import EnergyReport
from bypuls.api.reports.energy.render import tables
from bypuls.api.reports.energy.render.content import Document, document, of_hours
from bypuls.api.reports.energy.render.labels import expected_by
from bypuls.api.reports.energy.render.words import Words
from bypuls.api.reports.layout.cells import number, share
from bypuls.api.reports.layout.sheets import COLOURS, INERT, Sheets
from bypuls.api.reports.layout.svg import BLUE, LINE, SOFT, TRAFFIC

FONT = {"color": SOFT, "size": 9}
HEAD = 2  # rows above a table's body: its title and its headings


def render(report: EnergyReport, lang: str) -> bytes:
    """The report as XLSX, dated by the last day of its data, so that the same report gives the same bytes.

    lang : da, en.  Raises ValueError for another language."""
    words = Words(lang)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, INERT) as book:
        _Writer(book, report, document(report, words), words).write()
    return buffer.getvalue()


class _Writer(Sheets):
    """One workbook while it is written."""

    def __init__(self, book: Any, report: EnergyReport, shown: Document, words: Words) -> None:
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
        self._tables(words("Hourly model") if of_hours(self._report) else words("Signature"), parts.get("signature"))
        self._months()
        self._days()
        self._tables(words("Degree days"), parts.get("degree_days"))
        self._tables(words("Quality of the data"), parts.get("quality"))
        self._tables(words("Methods"), parts.get("methods"))

    def _summary(self) -> None:
        shown, words, head = self._shown, self.words, self._shown.headline
        saving = self._report.savings
        sheet = self._sheet(words("Summary"), (38, 60))
        sheet.write_string(0, 0, shown.kicker, self._format(font_color=COLOURS["soft"]))
        sheet.set_row(1, 27)
        sheet.write_string(1, 0, shown.title, self._format(bold=True, font_size=18))
        sheet.write_string(2, 0, shown.subtitle, self._format(font_color=COLOURS["soft"]))
        sheet.write_string(4, 0, head.name, self._format(font_size=14))
        sheet.write_string(4, 1, head.word, self._format(bold=True, font_size=14, font_color=COLOURS[head.mark]))
        wrapped = self._format(text_wrap=True, valign="top")
        sheet.write_string(5, 1, head.reason, wrapped)
        at = 6
        for reason in head.reasons:
            sheet.write_string(at, 1, reason, self._format(bold=True, font_color=COLOURS["bad"], text_wrap=True))
            at += 1
        low, high = saving.interval or (None, None)
        low_kwh, high_kwh = saving.interval_kwh or (None, None)
        for name, cell in (
            (words("Saving"), share(saving.share)),
            (words("Its interval, from"), share(low)),
            (words("Its interval, to"), share(high)),
            (words("Saved, kWh"), number(saving.kwh)),
            (words("Its interval, from, kWh"), number(low_kwh)),
            (words("Its interval, to, kWh"), number(high_kwh)),
            (words("Expected by the baseline's model, kWh"), number(saving.modelled_kwh)),
            (words("Used, kWh"), number(saving.actual_kwh)),
        ):
            sheet.write_string(at, 0, name)
            self._cell(sheet, at, 1, cell, bold=True, align="left")
            at += 1
        for warning in shown.warnings:
            sheet.write_string(at, 1, warning, self._format(bold=True, font_color=COLOURS["warn"], text_wrap=True))
            at += 1
        self._table(sheet, shown.facts, at + 1)

    def _months(self) -> None:
        words = self.words
        table = tables.months(self._report, words)
        sheet = self._sheet(words("Months"), [column.width for column in table.columns])
        sheet.freeze_panes(HEAD, 1)
        self._table(sheet, table, 0)
        last = HEAD + len(table.rows) - 1
        name = sheet.get_name()
        chart = self._book.add_chart({"type": "column"})
        for column, colour, title in ((3, BLUE, words("measured")), (4, TRAFFIC, expected_by(self._report, words))):
            if column == 4 and self._report.model is None:
                continue
            chart.add_series(
                {
                    "name": title,
                    "categories": [name, HEAD, 0, last, 0],
                    "values": [name, HEAD, column, last, column],
                    "fill": {"color": colour},
                    "gap": 40,
                }
            )
        self._finish(chart, words("Measured and expected use by month"), "", "kWh")
        sheet.insert_chart(1, len(table.columns) + 1, chart)

    def _days(self) -> None:
        words = self.words
        table = tables.days(self._report, words)
        sheet = self._sheet(words("Days"), [column.width for column in table.columns])
        sheet.freeze_panes(HEAD, 1)
        self._table(sheet, table, 0)
        last = HEAD + len(table.rows) - 1
        sheet.autofilter(HEAD - 1, 0, last, len(table.columns) - 1)
        name = sheet.get_name()
        lines = self._book.add_chart({"type": "line"})
        points = self._book.add_chart({"type": "scatter"})
        for column, colour, title in ((1, BLUE, words("measured")), (2, TRAFFIC, expected_by(self._report, words))):
            if column == 2 and self._report.model is None:
                continue
            values = [name, HEAD, column, last, column]
            lines.add_series(
                {"name": title, "categories": [name, HEAD, 0, last, 0], "values": values,
                 "line": {"color": colour, "width": 1}}
            )  # fmt: skip
            size = 3 if column == 1 else 2
            marker = {"type": "circle", "size": size, "fill": {"color": colour}, "border": {"none": True}}
            points.add_series(
                {"name": title, "categories": [name, HEAD, 3, last, 3], "values": values, "marker": marker}
            )
        self._finish(lines, words("Measured and expected use, day by day"), "", "kWh")
        lines.set_x_axis({"date_axis": True, "num_format": "mmm yyyy", "num_font": FONT, "line": {"color": LINE}})
        self._finish(points, words("Use against outdoor temperature, day by day"), "°C", "kWh")
        sheet.insert_chart(1, len(table.columns) + 1, lines)
        sheet.insert_chart(22, len(table.columns) + 1, points)

    def _finish(self, chart: Any, title: str, x_title: str, y_title: str) -> None:
        chart.set_title({"name": title, "name_font": {"size": 12, "bold": False}})
        chart.set_x_axis({"name": x_title, "name_font": FONT, "num_font": FONT, "line": {"color": LINE}})
        chart.set_y_axis(
            {"name": y_title, "name_font": FONT, "num_font": FONT, "line": {"none": True}, "num_format": "#,##0",
             "major_gridlines": {"visible": True, "line": {"color": LINE, "width": 0.75}}}
        )  # fmt: skip
        chart.set_legend({"position": "top", "font": FONT})
        chart.set_size({"width": 900, "height": 380})
        chart.show_na_as_empty_cell()
