"""The forms of the reports of buildings."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from types import MappingProxyType

import orjson

from bypuls.api.buildings.portfolio import Portfolio
from bypuls.api.buildings.report import BuildingReport
from bypuls.api.buildings.to_json import figures_json, plain, portfolio_table
from bypuls.api.reports.building import content, pdf, side_by_side, xlsx
from bypuls.api.reports.building.words import Words

FORMATS = ("json", "csv", "xlsx", "pdf")
MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "json": "application/json",
        "csv": "text/csv; charset=utf-8",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pdf": "application/pdf",
    }
)
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_INDENT_2


def rendered(report: BuildingReport, form: str, lang: str) -> bytes:
    """A building's report in one form. Raises ValueError for another form or language."""
    words = Words(lang)
    match form:
        case "json":
            return orjson.dumps(figures_json(report), option=_OPTIONS)
        case "csv":
            return days_table(report, danish=lang == "da")
        case "xlsx":
            return xlsx.render(content.document(report, words), report)
        case "pdf":
            return pdf.render(content.document(report, words))
    raise ValueError(f"format: {form!r}; expected one of {', '.join(FORMATS)}")


def rendered_portfolio(found: Portfolio, form: str, lang: str) -> bytes:
    """The portfolio's report in one form. Raises ValueError for another form or language."""
    words = Words(lang)
    match form:
        case "json":
            return orjson.dumps(plain(found), option=_OPTIONS)
        case "csv":
            return portfolio_table(found.rows, danish=lang == "da")
        case "xlsx":
            return xlsx.render(side_by_side.document(found, words))
        case "pdf":
            return pdf.render(side_by_side.document(found, words))
    raise ValueError(f"format: {form!r}; expected one of {', '.join(FORMATS)}")


def days_table(report: BuildingReport, *, danish: bool) -> bytes:
    """The days as CSV; Danish with semicolons, decimal commas and a byte order mark. Unknown is empty."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if danish else ",", lineterminator="\r\n")
    names = [f"{one.medium}_{'m3' if one.unit == 'm3' else 'kwh'}" for one in report.media]
    writer.writerow(["day", *(cell for name in names for cell in (name, f"{name.rsplit('_', 1)[0]}_coverage"))])
    for at, day in enumerate(report.media[0].dates if report.media else ()):
        cells = []
        for one in report.media:
            use = float(one.use[at])
            cells += ["" if use != use else f"{use:.10g}", f"{float(one.coverage[at]):.6g}"]
        writer.writerow([day.isoformat(), *(cell.replace(".", ",") if danish else cell for cell in cells)])
    return text.getvalue().encode("utf-8-sig" if danish else "utf-8")
