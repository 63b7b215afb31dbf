"""axe-core finds nothing on any page, in both languages, light and dark, wide and narrow; the keyboard suffices."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser

PATHS = (
    "/", "/alarms", "/traffic", "/sites/high-street", "/lights", "/lights/plan", "/buildings", "/buildings/hall",
    "/climate", "/reports", "/factors", "/devices", "/devices/pi-1", "/about", "/sign-in",
)  # fmt: skip
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing(browser: Browser, open_server: str, path: str) -> None:
    found: list[str] = []
    # Every language, scheme and width is met with each of the others' values once; all eight would take thrice as long.
    for language, scheme, size in (("da", "light", DESK), ("en", "dark", DESK), ("en", "light", PHONE)):
        page: Any = browser.new_page(viewport=size, color_scheme=scheme)
        page.goto(f"{open_server}{path}?lang={language}")
        page.wait_for_load_state("networkidle")
        for one in Axe().run(page, options=RULES).response["violations"]:
            targets = "; ".join(str(node["target"]) for node in one["nodes"][:4])
            found.append(f"{language} {scheme} {size['width']}: {one['id']} ({one['help']}): {targets}")
        page.close()
    assert found == []


def test_the_keyboard_leads_from_the_overview_to_a_street(browser: Browser, open_server: str) -> None:
    page: Any = browser.new_page(viewport=DESK)
    page.goto(f"{open_server}/?lang=en")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.goto(f"{open_server}/traffic?lang=en")
    street = page.locator('table a[href="/sites/high-street"]')
    for _ in range(60):
        page.keyboard.press("Tab")
        if street.evaluate("link => link === document.activeElement"):
            break
    expect(street).to_be_focused()
    assert street.evaluate("link => getComputedStyle(link).outlineStyle") != "none"
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{open_server}/sites/high-street")
    page.close()
