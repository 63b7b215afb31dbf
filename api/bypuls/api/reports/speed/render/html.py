"""A speed report as one web page without anything from elsewhere: style sheet and charts inside, light and dark, for
screens, phones and the printer; or the same as a part of another page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from bypuls.api.reports.layout import svg
from bypuls.api.reports.layout.cells import Chart, Paragraphs, Table
from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.reports.speed.render import charts
from bypuls.api.reports.speed.render.content import document
from bypuls.api.reports.speed.render.words import Words

KINDS = {Table: "table", Chart: "chart", Paragraphs: "text"}


def render(report: SpeedReport, lang: str) -> bytes:
    """The report as one self-contained HTML file in UTF-8.

    lang : da, en.  Raises ValueError for another language."""
    return _made("page.html", report, lang).encode()


def fragment(report: SpeedReport, lang: str, foot: Callable[[str], Markup] | None = None) -> Markup:
    """The report without head and style sheet, to stand in a page that links `style_sheet()`. It has no inline styles
    and no scripts, so a strict content policy lets it pass. foot : what stands below a chart, by its id. Raises
    ValueError for another language."""
    return Markup(_made("report.html", report, lang, foot))


def style_sheet() -> str:
    """The report's CSS; everything is inside `.speed-report`."""
    return files(__package__).joinpath("templates", "report.css").read_text(encoding="utf-8")


def _made(template: str, report: SpeedReport, lang: str, foot: Callable[[str], Markup] | None = None) -> str:
    words = Words(lang)
    shown = document(report, words)

    def chart(name: str, alt: str) -> Markup:
        drawn = charts.draw(name, report, words, charts.SCREEN)
        return Markup(svg.for_page(drawn, name, alt))

    return _environment().get_template(template).render(
        report=shown, words=words, cell=words.cell, chart=chart, foot=foot, kind=lambda block: KINDS[type(block)],
        css=Markup(style_sheet()),
    )  # fmt: skip


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
