"""Tables for spreadsheets: columns as CSV, in the way of a language."""

from __future__ import annotations

import csv
import io
from typing import Any

from bypuls.api.reports.layout.inert import inert


def table_of(starts: list[str], columns: dict[str, Any], *, danish: bool, first: str = "t") -> bytes:
    """Columns as CSV beside their `starts`, which are called `first`; Danish ones with semicolons, decimal commas and a
    byte order mark, as spreadsheets expect. Unknown is empty; text that would be a formula is text."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if danish else ",", lineterminator="\r\n")
    writer.writerow([first, *columns])
    cells = [[_cell(value, danish) for value in list(column)] for column in columns.values()]
    writer.writerows(zip(starts, *cells, strict=True))
    return text.getvalue().encode("utf-8-sig" if danish else "utf-8")


def _cell(value: float | str, danish: bool) -> str:
    if isinstance(value, str):
        return inert(value)
    if value != value:  # NaN
        return ""
    text = f"{value:.10g}"
    return text.replace(".", ",") if danish else text
