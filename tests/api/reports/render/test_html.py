"""The web page: self-contained, escaped, fit for a strict content policy as a part of another page."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.reports.speed.render import html

Reports = Callable[[str], SpeedReport]
Made = Callable[[str, str, str], bytes]


class Tags(HTMLParser):
    """Every start tag with its attributes, and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_self_contained_in_both_languages(made: Made) -> None:
    for lang, said in (("da", "Ingen handling"), ("en", "No action called for")):
        page = made("html", "week", lang).decode()
        found = Tags(page)
        assert ("html", {"lang": lang}) in found.tags
        assert said in page
        assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in found.tags}
        outside = [
            value for _, attrs in found.tags for key, value in attrs.items() if key in ("href", "src", "xlink:href")
        ]
        assert all(value is not None and value.startswith("#") for value in outside)
        assert "url(http" not in page


def test_the_fragment_has_no_inline_style_and_ids_of_its_own(report: Reports) -> None:
    found = Tags(str(html.fragment(report("comparison"), "da")))
    assert [attrs for _, attrs in found.tags if "style" in attrs] == []
    assert "style" not in {tag for tag, _ in found.tags}
    ids = [attrs["id"] for _, attrs in found.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    used = {value for _, attrs in found.tags for value in attrs.values() if value and value.startswith(("url(#", "#"))}
    wanted = {re.sub(r"^url\(#|\)$|^#", "", value) for value in used if not re.fullmatch("#[0-9a-f]{6}", value)}
    assert wanted
    assert wanted <= set(ids)


def test_charts_speak_and_take_the_page_s_colours(report: Reports) -> None:
    found = Tags(str(html.fragment(report("comparison"), "en")))
    drawn = [attrs for tag, attrs in found.tags if tag == "svg"]
    assert len(drawn) == 7
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in drawn)
    colours = {attrs.get("fill") for _, attrs in found.tags} | {attrs.get("stroke") for _, attrs in found.tags}
    assert any(colour and colour.startswith("var(--traffic") for colour in colours)


def test_what_users_wrote_is_escaped(made: Made, hostile: str) -> None:
    page = made("html", "hostile", "en").decode()
    found = Tags(page)
    assert "script" not in {tag for tag, _ in found.tags}
    assert "{{7*7}}" in page
    assert "\u202e" not in page
    assert any("<script>alert(1)</script>" in part for part in found.text)
    assert "W" * 60 in hostile


def test_same_report_gives_same_bytes(report: Reports, made: Made) -> None:
    assert html.render(report("week"), "en") == made("html", "week", "en")


@pytest.mark.parametrize("shape", ["empty", "no_times", "no_limit", "refused"])
def test_what_is_not_there_is_no_gap(made: Made, shape: str) -> None:
    page = Tags(made("html", shape, "da").decode())
    headings = [tag for tag, _ in page.tags if tag in ("h1", "h2", "h3")]
    assert headings[0] == "h1"
    assert "None" not in " ".join(page.text)
    assert "nan" not in " ".join(page.text).split()
