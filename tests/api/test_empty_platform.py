"""A platform on its first day: nothing registered, nothing stored. Every page says so in words, in both languages."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Browser, expect

from bypuls.api import ApiContext, ApiSettings, create_app
from bypuls.store.book import Book
from bypuls.store.registry import open_registry
from bypuls.store.sqlite import SqliteStore

ARTEFACTS = Path(__file__).resolve().parents[2] / "test-artefacts"
OPEN = ApiSettings(open_on_loopback=True, rate_per_s=1e6, burst=1_000_000, citizen_reports=True, live_every_s=0.05)

ALWAYS_THERE = {"/about", "/api", "/sign-in", "/report-light", "/report.css"}
"""What a page on the first day has like any other day: nothing of the registry is shown there."""

IN_OTHER_WORDS = {
    "/": r"No sensors are registered yet|Ingen sensorer er registreret endnu",
    "/reports": r"No building is registered yet|Ingen bygning er registreret endnu",
    "/reports/made": r"expected one of",
    "/fragments/now": r"No reading has arrived yet|Ingen måling er kommet endnu",
    "/fragments/devices": r"No devices are registered.*No sensor is registered|Ingen enheder.*Ingen sensor",
    "/fragments/first": r"what is to be done first is unknown|hvad der skal gøres først, er ukendt",
    "/fragments/lights/now": r"No lamp is registered yet|Der er ingen lamper i registret endnu",
    "/fragments/lights/states": r"W\s+(of|fra) 0",
    "/fragments/lights/cabinets": r"No cabinet is registered|Der er ingen tændskabe i registret",
    "/fragments/climate": r"No target is registered yet|Intet mål er registreret endnu",
    "/fragments/lights/energy": r"Nothing of the lamps is measured|Intet af lamperne er målt",
    "/fragments/greenest": r"There is no forecast|Der er endnu ingen prognose",
}
"""What pages and parts of pages without an `.empty` section say."""

# The English word begins sentences: “None is registered”.
RAW_VALUES = re.compile(r"\b(None(?! is (registered|scheduled))|nan|NaN|inf|Infinity|undefined|null)\b")


class Words(HTMLParser):
    """What a page says, scripts and styles left out, attributes that are read aloud included; `empty`: what it says in
    sections of the class `empty`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.empty: list[str] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.said += [found[name] or "" for name in ("content", "title", "aria-label", "alt") if name in found]
        if tag in ("script", "style", "section"):
            self._inside.append("empty" if "empty" in (found.get("class") or "").split() else tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "section"):
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not data.strip() or {"script", "style"} & set(self._inside):
            return
        self.said.append(data.strip())
        if "empty" in self._inside:
            self.empty.append(data.strip())


@pytest.fixture(scope="module")
def empty(town: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiContext]:
    """A platform of which only the clock is set."""
    folder = tmp_path_factory.mktemp("empty")
    registry = open_registry(folder / "registry.db", clock=town.context.clock)
    store = SqliteStore(folder / "store")
    yield replace(town.context, registry=registry, store=store, book=Book(registry), settings=OPEN)
    store.close()
    registry.close()


def page_paths(app: FastAPI) -> list[str]:
    """Every page's path and every part's, as the application has them."""
    found = [one.path for one in iter_route_contexts(app.routes) if "GET" in (one.methods or ())]
    return sorted({path for path in found if path is not None and not path.startswith("/api/")})


def test_every_page_says_that_nothing_is_there(empty: ApiContext, make_client: Any) -> None:
    client = make_client(
        address="127.0.0.1", host="127.0.0.1:8000", settings=OPEN, store=empty.store, registry=empty.registry,
        book=empty.book,
    )  # fmt: skip
    paths = page_paths(client.app)
    assert {"/", "/traffic", "/sites/{id}", "/lights/lamps/{id}", "/alarms/{id}", "/factors/{table}.csv"} <= {*paths}
    faults = []
    for path in paths:
        unknown = "{" in path or path.endswith(".svg")  # no lamp, no map
        for language in ("da", "en"):
            answer = client.get(
                re.sub(r"\{\w+\}", "1", path), params={"lang": language}, headers={"Accept": "text/html"}
            )
            words = Words(answer.text)
            said = " ".join(words.said)
            wanted = 404 if unknown else 422 if path == "/reports/made" else 200
            if answer.status_code != wanted:
                faults.append(f"{path} {language}: {answer.status_code}, not {wanted}")
            if raw := RAW_VALUES.search(said):
                faults.append(f"{path} {language}: {raw[0]!r} in the text")
            if unknown and not re.search("There is no such page|Den side findes ikke", said):
                faults.append(f"{path} {language}: not the page for what isn't there")
            designed = words.empty if path not in IN_OTHER_WORDS else re.search(IN_OTHER_WORDS[path], said)
            if not designed and path not in ALWAYS_THERE:
                faults.append(f"{path} {language}: doesn't say what is missing")
    assert faults == []


@pytest.mark.browser
@pytest.mark.parametrize(("language", "width"), [("da", 390), ("en", 1280)])
def test_main_pages_open_in_a_browser(
    browser: Browser, empty: ApiContext, serve: Any, language: str, width: int
) -> None:
    address = serve(create_app(empty))
    page: Any = browser.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    page.on("response", lambda answer: said.append(f"{answer.url}: {answer.status}") if answer.status >= 400 else None)
    page.goto(f"{address}/?lang={language}")
    links = page.locator("header nav a, footer a").evaluate_all("links => links.map(link => link.pathname)")
    ARTEFACTS.mkdir(exist_ok=True)
    for path in dict.fromkeys(links):
        page.goto(f"{address}{path}")
        page.wait_for_load_state("networkidle")
        expect(page.locator("main h1").first).to_be_visible()
        if raw := RAW_VALUES.search(page.locator("body").inner_text()):
            said.append(f"{path}: {raw[0]!r} in the text")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        name = path.strip("/") or "town"
        page.screenshot(path=ARTEFACTS / f"empty-{name}-{language}-{width}.png", full_page=path != "/api")
    page.close()
    assert len({*links}) >= 10
    assert said == []
