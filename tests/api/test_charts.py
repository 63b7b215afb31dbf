"""Every chart of every page has its data for a spreadsheet, of the same days, and says source, method and coverage."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import orjson
import pytest

from bypuls.store.book import GridForecast
from bypuls.wire import to_us

ZONE = ZoneInfo("Europe/Copenhagen")
SAYS = ("source", "method", "coverage")
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
HOURS_US = 3_600_000_000


@dataclass
class Holder:
    """What stands around a chart: a figure, or a part of the page that says that it is one."""

    charts: list[str] = field(default_factory=list)
    csv: list[str] = field(default_factory=list)
    says: dict[str, str] = field(default_factory=dict)


class Charts(HTMLParser):
    """The charts of a page by their holders: drawings that are pictures, plots that a script draws, bars in tables.
    Maps are none: they show places. outside : charts without a holder."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.holders: list[Holder] = []
        self.outside: list[str] = []
        self.parts: list[str] = []
        self._open: list[tuple[str, Holder | None]] = []
        self._saying: tuple[Holder, str, int] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        classes = told.get("class", "").split()
        if "load" in told.get("hx-trigger", "") and told.get("hx-get"):
            self.parts.append(told["hx-get"])
        inside = next((holder for _, holder in reversed(self._open) if holder is not None), None)
        holder = None
        if tag not in VOID:
            is_one = tag == "figure" or (tag == "section" and ("chart" in classes or "data-chart" in told))
            holder = Holder() if is_one and "map-figure" not in classes and "map" not in classes else None
            if holder is not None:
                self.holders.append(holder)
            self._open.append((tag, holder))
        drawn = tag == "svg" and (told.get("role") == "img" or "minibar" in classes) and "map" not in classes
        if drawn or "data-src" in told:
            name = " ".join(classes) or told.get("id", tag)
            self.outside.append(name) if inside is None else inside.charts.append(name)
        if inside is not None and "data-csv" in told:
            inside.csv.append(told["href"])
        if inside is not None and "data-says" in told:
            self._saying = inside, told["data-says"], len(self._open)
            inside.says[told["data-says"]] = ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if self._saying is not None and len(self._open) < self._saying[2]:
            self._saying = None

    def handle_data(self, data: str) -> None:
        if self._saying is not None:
            holder, name, _ = self._saying
            holder.says[name] += data


def day_of(text: str) -> date:
    """A day of a link, which may say it as a moment."""
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text).astimezone(ZONE).date()


def checked(client: Any, path: str, lang: str, period: tuple[date, date] | None = None) -> list[str]:
    """The charts of a page and of its parts, each checked.

    period : what the address asks for; then each chart's data are of these days."""
    address = f"{path}{'&' if '?' in path else '?'}lang={lang}"
    if period is not None:
        address += f"&from={period[0]}&to={period[1]}"
    answer = client.get(address)
    if 'hx-select="#main"' in answer.text:
        answer = client.get(address, headers={"HX-Request": "true"})
    assert answer.status_code == 200, path
    texts = [answer.text]
    for part in Charts(answer.text).parts:
        shown = client.get(part, headers={"Accept-Language": lang})
        assert shown.status_code == 200, part
        texts.append(shown.text)
    found = []
    for charts in map(Charts, texts):
        assert charts.outside == [], path
        for holder in (one for one in charts.holders if one.charts):
            found += holder.charts
            assert len(holder.csv) == 1, (path, holder.charts)
            assert all(len(holder.says.get(name, "").strip()) > 3 for name in SAYS), (path, holder)
            assert "–" not in holder.says["coverage"], (path, holder.charts)
            table = client.get(unescape(holder.csv[0]))
            assert table.status_code == 200, (path, holder.csv)
            assert table.headers["content-type"].startswith("text/csv")
            if lang == "da":
                # What a Danish Excel opens as columns.
                assert table.content.startswith(b"\xef\xbb\xbf"), holder.csv
                assert ";" in table.text.splitlines()[0], holder.csv
            _same_period(holder.csv[0], period)
    return found


def _same_period(link: str, period: tuple[date, date] | None) -> None:
    parts = urlsplit(unescape(link))
    if period is None or parts.path.startswith("/api/v1/climate/"):
        return  # years, and the hours to come
    told = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert day_of(told["to"]) == period[1] + timedelta(days=1), link
    if not parts.path.endswith("/signature"):
        assert day_of(told["from"]) == period[0], link


@pytest.fixture
def forecast(town: Any) -> None:
    """A forecast of the grid's emission for the coming day."""
    start = to_us(town.context.clock()) // HOURS_US * HOURS_US
    body = {"t_us": [start + n * HOURS_US for n in range(30)], "g_per_kwh": [100.0 + n for n in range(30)]}
    text = orjson.dumps(body | {"step_us": HOURS_US}).decode()
    town.context.book.keep_grid_forecast(GridForecast("DK2", "made for the test", to_us(town.context.clock()), text))


MARCH = date(2026, 3, 28), date(2026, 3, 29)
YEAR = date(2025, 1, 1), date(2025, 12, 31)
PAGES: dict[tuple[str, tuple[date, date] | None], set[str]] = {
    ("/", None): {"gauge", "plot"},
    ("/", MARCH): {"gauge", "plot"},
    ("/", YEAR): {"gauge", "plot"},
    ("/climate?target=house", YEAR): {"road-chart wide", "road-chart narrow", "greenest"},
    ("/sites/high-street", None): {"plot-svg histogram", "plot-svg hours", "plot-svg strip"},
    ("/sites/high-street", MARCH): {"plot-svg histogram", "plot-svg hours", "plot"},
    ("/sites/high-street", (date(2025, 5, 31), date(2025, 6, 4))): {"plot-svg days", "plot-svg week", "plot"},
    ("/buildings", None): {"minibar"},
    ("/buildings", MARCH): {"minibar"},
    ("/buildings/hall", YEAR): {"plot-svg useelectricity", "plot-svg carpetheat", "plot-svg durationelectricity"},
    ("/devices", None): set(),
    ("/devices/pi-1", MARCH): {"strip"},
    ("/devices/pi-1", YEAR): {"strip"},
    ("/traffic", None): set(),
    ("/lights", None): set(),
}


@pytest.mark.parametrize(("path", "period"), PAGES)
@pytest.mark.parametrize("lang", ["da", "en"])
@pytest.mark.usefixtures("forecast")
def test_every_chart_has_its_data_and_says_how_it_is_made(
    page: Any, path: str, period: tuple[date, date] | None, lang: str
) -> None:
    found = checked(page, path, lang, period)
    missing = PAGES[path, period] - {name.strip() for name in found}
    assert missing == set(), found


def test_a_chart_without_its_foot_is_found() -> None:
    whole = '<figure><svg role="img"></svg><a href="/x" data-csv>CSV</a><p data-says="source">Radar</p></figure>'
    charts = Charts(f'<svg role="img" class="lost"/>{whole}<figure class="map"><svg role="img"></svg></figure>')
    assert charts.outside == ["lost", "svg"]
    assert charts.holders[0] == Holder(["svg"], ["/x"], {"source": "Radar"})
