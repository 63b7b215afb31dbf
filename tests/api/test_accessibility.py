"""axe-core finds nothing on any page, in both languages, light and dark, wide and narrow; the keyboard suffices.

The page of an alarm is looked at in tests/api/alarms, where there are alarms.
"""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser

PATHS = (
    "/", "/alarms", "/traffic", "/sites/high-street?from=2026-03-26", "/lights", "/lights/plan",
    "/lights/cabinets/cabinet-1", "/lights/lamps/lamp-1", "/report-light", "/buildings", "/buildings/hall", "/climate",
    "/reports", "/factors", "/devices", "/devices/pi-1", "/about", "/api", "/sign-in", "/no-such-page",
)  # fmt: skip
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
COLOURS = ("color-contrast", "link-in-text-block")
# Colours depend on scheme and width, all the rest on language and width: each pair is looked at.
LOOKS: dict[str, tuple[tuple[str, dict[str, int], dict[str, bool]], ...]] = {
    "da": (("light", DESK, {}), ("dark", DESK, {}), ("light", PHONE, {})),
    "en": (("dark", PHONE, {}), ("light", DESK, dict.fromkeys(COLOURS, False))),
}
# Hours of the day look alike; and each call is a button with another one inside, as Swagger UI makes it.
LEFT_OUT = ("table.dense tbody tr:nth-child(n + 4)", ".opblock-tag-section:nth-child(n + 3)")
NOT_OURS = {"/api": {"nested-interactive": False}}


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing(browser: Browser, open_server: str, path: str, axe_finds: Callable[..., list[str]]) -> None:
    found: list[str] = []
    for language, looks in LOOKS.items():
        page: Any = browser.new_page(viewport=looks[0][1], color_scheme=looks[0][0])
        page.goto(f"{open_server}{path}{'&' if '?' in path else '?'}lang={language}")
        page.wait_for_load_state("networkidle")
        for scheme, size, rules in looks:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            asked = rules | NOT_OURS.get(path, {})
            found += [f"{scheme} {one}" for one in axe_finds(page, leave_out=LEFT_OUT, rules=asked)]
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
