"""The page in a real browser: both languages, both widths, light and dark, without a word in the console.

Pictures are kept in test-artefacts/ for whoever wants to look.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, Route, expect

from bypuls.api import ApiSettings, create_app

pytestmark = pytest.mark.browser

ARTEFACTS = Path(__file__).resolve().parents[2] / "test-artefacts"
PATHS = (
    "/sites/high-street", "/buildings", "/buildings/hall", "/climate", "/about", "/devices", "/devices/pi-1",
    "/reports", "/factors",
)  # fmt: skip
TITLES = {"da": "Byen nu", "en": "The town now"}


def watched(browser: Browser, **options: Any) -> tuple[Page, list[str]]:
    """A page whose time can be moved, and what its console says."""
    page = browser.new_page(**options)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.clock.install()
    return page, said


def fits(page: Page) -> bool:
    """Whether nothing is wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("language", ["da", "en"])
def test_the_town_now(browser: Browser, open_server: str, language: str) -> None:
    page, said = watched(browser, viewport={"width": 1440, "height": 900})
    page.goto(f"{open_server}/?lang={language}")
    expect(page).to_have_title(f"{TITLES[language]} · bypuls")
    assert page.evaluate("document.documentElement.lang") == language
    expect(page.locator("#climate .shares").first).to_be_visible(timeout=15_000)
    for chart in ("#traffic-today canvas", "#power-today canvas"):
        expect(page.locator(chart)).to_be_visible()
    # What changes is fetched again by itself.
    with page.expect_response("**/fragments/now") as answer:
        page.clock.fast_forward(61_000)
    assert answer.value.ok
    # Charts have their numbers for those who can't see them.
    table = page.locator("[data-table]").first
    table.locator("summary").click()
    expect(table.locator("tbody tr")).to_have_count(96)
    table.locator("summary").click()
    ARTEFACTS.mkdir(exist_ok=True)
    for width, scheme in ((1440, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert fits(page), width
        # Charts are drawn anew a moment after the screen changed.
        wide = page.evaluate("document.querySelector('#traffic-today').clientWidth")
        expect(page.locator("#traffic-today .uplot")).to_have_css("width", f"{wide}px")
        page.screenshot(path=ARTEFACTS / f"town-{language}-{width}-{scheme}.png", full_page=True)
    assert said == []
    page.close()


@pytest.mark.parametrize("path", PATHS)
def test_the_other_pages(browser: Browser, open_server: str, path: str) -> None:
    page, said = watched(browser, viewport={"width": 390, "height": 844})
    page.goto(f"{open_server}{path}?lang=da", wait_until="load")
    expect(page.locator('[hx-select="#main"]')).to_have_count(0, timeout=30_000)  # it has fetched itself
    for chart in page.locator(".plot:not([hidden])").all():
        expect(chart.locator("canvas")).to_be_visible()
    assert fits(page)
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{path.strip('/').replace('/', '-')}.png", full_page=True)
    assert said == []
    page.close()


def test_a_lost_connection_is_said(browser: Browser, open_server: str) -> None:
    page, _ = watched(browser)
    page.goto(f"{open_server}/?lang=en")
    expect(page.locator("#lost")).to_be_hidden()
    page.route("**/fragments/**", lambda route: route.abort())
    page.clock.fast_forward(61_000)
    expect(page.locator("#lost")).to_be_visible()
    page.unroute("**/fragments/**")
    page.clock.fast_forward(61_000)
    expect(page.locator("#lost")).to_be_hidden()
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_api_is_described_and_can_be_tried(browser: Browser, open_server: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if width < 500 else "light")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{open_server}/api?lang=da")
    expect(page.locator(".opblock").first).to_be_visible(timeout=30_000)
    page.screenshot(path=ARTEFACTS / f"api-{width}.png")
    call = page.locator("#operations-registry-sites_api_v1_sites_get")
    call.locator(".opblock-summary").click()
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table")).to_contain_text("high-street", timeout=15_000)
    assert fits(page)
    page.screenshot(path=ARTEFACTS / f"api-tried-{width}.png")
    assert said == []
    page.close()


TILE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256">'
    b'<rect width="256" height="256" fill="#e9ece4" stroke="#c8cfc0"/></svg>'
)


@pytest.mark.parametrize(("language", "width"), [("da", 1440), ("en", 390)])
def test_streets_on_tiles(
    browser: Browser, town: Any, serve: Callable[[FastAPI], str], language: str, width: int
) -> None:
    settings = ApiSettings(
        open_on_loopback=True, rate_per_s=1e6, burst=1_000_000, tiles_attribution="© <i>Town</i>",
        tiles_url="https://tiles.town.example/{z}/{x}/{y}.svg",
    )  # fmt: skip
    address = serve(create_app(replace(town.context, settings=settings)))
    page, said = watched(browser, viewport={"width": width, "height": 900})
    asked: list[str] = []

    def tile(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=TILE, content_type="image/svg+xml")

    page.route(lambda url: not url.startswith(address), tile)
    page.goto(f"{address}/traffic?lang={language}")
    expect(page.locator(".tiles .leaflet-tile-loaded").first).to_be_visible()
    expect(page.locator(".tiles .street-number").first).to_have_text("1")
    expect(page.locator(".leaflet-control-attribution")).to_have_text("© <i>Town</i>")
    expect(page.locator(".map > svg")).to_have_count(0)
    assert asked
    assert all(url.startswith("https://tiles.town.example/") for url in asked)
    assert fits(page)
    page.wait_for_timeout(300)
    page.screenshot(path=ARTEFACTS / f"tiles-{language}-{width}.png", full_page=True)
    page.locator(".tiles .street-number").first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/sites/"))
    assert said == []
