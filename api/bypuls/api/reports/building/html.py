"""A building's report as a part of a page: tables and charts, light and dark, without scripts or inline styles."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from bypuls.api.reports.building import charts
from bypuls.api.reports.building.document import Document
from bypuls.api.reports.building.words import Words
from bypuls.api.reports.layout import svg
from bypuls.api.reports.layout.cells import Chart, Paragraphs, Table

KINDS = {Table: "table", Chart: "chart", Paragraphs: "text"}


def fragment(shown: Document, foot: Callable[[str], Markup] | None = None) -> Markup:
    """The report without head and style sheet, to stand in a page that links the reports' style sheet. foot : what
    stands below a chart, by its id."""
    words = Words(shown.lang)

    def chart(name: str, alt: str) -> Markup:
        # Ids inside an SVG are letters alone.
        return Markup(svg.for_page(shown.draw[name](charts.SCREEN), name.replace("-", ""), alt))

    made = _environment().get_template("report.html").render(
        report=shown, cell=words.cell, chart=chart, foot=foot, kind=lambda block: KINDS[type(block)]
    )  # fmt: skip
    return Markup(made)


def style_sheet() -> str:
    """What the buildings' reports need beside the shared style sheet of reports."""
    return files(__package__).joinpath("templates", "building.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
