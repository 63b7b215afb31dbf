"""Native charts of the workbook."""

from __future__ import annotations

from typing import Any

from bypuls.api.reports.layout.svg import BLUE, LINE, SOFT, TRAFFIC
from bypuls.api.reports.speed.render.words import Words

SIZE = {"width": 900, "height": 380}
FONT = {"color": SOFT, "size": 9}


def hours(book: Any, sheet: str, words: Words, *, rows: tuple[int, int], total: int) -> Any:
    """Vehicles as columns, V50 and V85 as lines, by hour of the day.

    rows : first and last row of the body.  total : column of the total; V50 and V85 follow it."""
    chart = _columns(book, sheet, words("Vehicles"), rows, at=(0, total))
    lines = book.add_chart({"type": "line"})
    for column, name, colour in ((total + 1, "V50", SOFT), (total + 2, "V85", TRAFFIC)):
        lines.add_series(_line(sheet, name, colour, rows, at=(0, column)))
    return _finished(chart, lines, words, words("Vehicles and speeds by hour of the day"), words("Hour"))


def days(book: Any, sheet: str, words: Words, *, rows: tuple[int, int], limit_kmh: float | None) -> Any:
    """Vehicles as columns and V85 as a line, day by day. limit_kmh : named in the title."""
    chart = _columns(book, sheet, words("Vehicles"), rows, at=(0, 2))
    lines = book.add_chart({"type": "line"})
    lines.add_series(_line(sheet, "V85", TRAFFIC, rows, at=(0, 5)))
    title = words("V85 and vehicles day by day")
    if limit_kmh is not None:
        title += f" ({words('limit {kmh}', kmh=words.num(limit_kmh))})"
    return _finished(chart, lines, words, title, words("Date"))


def histogram(book: Any, sheet: str, words: Words, *, rows: tuple[int, int]) -> Any:
    """Vehicles per class of speed."""
    chart = _columns(book, sheet, words("Vehicles"), rows, at=(1, 2), gap=5)
    chart.set_legend({"none": True})
    _axes(chart, words("Distribution of speeds"), words("up to, km/h"), words("Vehicles"))
    return chart


def _columns(book: Any, sheet: str, name: str, rows: tuple[int, int], *, at: tuple[int, int], gap: int = 40) -> Any:
    chart = book.add_chart({"type": "column"})
    chart.add_series(
        {
            "name": name,
            "categories": [sheet, rows[0], at[0], rows[1], at[0]],
            "values": [sheet, rows[0], at[1], rows[1], at[1]],
            "fill": {"color": BLUE},
            "gap": gap,
        }
    )
    return chart


def _line(sheet: str, name: str, colour: str, rows: tuple[int, int], *, at: tuple[int, int]) -> dict[str, Any]:
    return {
        "name": name,
        "categories": [sheet, rows[0], at[0], rows[1], at[0]],
        "values": [sheet, rows[0], at[1], rows[1], at[1]],
        "line": {"color": colour, "width": 2},
        "y2_axis": True,
    }


def _finished(chart: Any, lines: Any, words: Words, title: str, x_title: str) -> Any:
    chart.combine(lines)
    lines.set_y2_axis({"name": words("km/h"), "name_font": FONT, "num_font": FONT, "line": {"none": True}})
    chart.set_legend({"position": "top", "font": FONT})
    _axes(chart, title, x_title, words("Vehicles"))
    return chart


def _axes(chart: Any, title: str, x_title: str, y_title: str) -> None:
    chart.set_title({"name": title, "name_font": {"size": 12, "bold": False}})
    chart.set_x_axis({"name": x_title, "name_font": FONT, "num_font": FONT, "line": {"color": LINE}})
    chart.set_y_axis(
        {"name": y_title, "name_font": FONT, "num_font": FONT, "line": {"none": True},
         "major_gridlines": {"visible": True, "line": {"color": LINE, "width": 0.75}}, "num_format": "#,##0"}
    )  # fmt: skip
    chart.set_size(SIZE)
    chart.show_na_as_empty_cell()
