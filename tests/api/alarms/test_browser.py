"""In a real browser: from the overview to an alarm that somebody takes on, without a word in the console."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from bypuls.api import ApiContext, ApiSettings, create_app

pytestmark = pytest.mark.browser

ARTEFACTS = Path(__file__).resolve().parents[3] / "test-artefacts"


def test_from_the_overview_to_an_acknowledged_alarm(
    works: Any, serve: Any, browser: Browser, axe_finds: Callable[..., list[str]]
) -> None:
    works.round()
    works.speaking -= {"hall-heat", "pi-b", "radar"}
    works.round(minutes=10, times=5)
    settings = ApiSettings(open_on_loopback=True, rate_per_s=1e6, burst=1_000_000)
    address = serve(create_app(ApiContext(works.store, works.registry, works.book, settings, works.clock)))
    ARTEFACTS.mkdir(exist_ok=True)
    page = browser.new_page(viewport={"width": 390, "height": 844})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{address}/?lang=en")
    page.get_by_role("link", name="2 open alarms").click()
    expect(page.locator("h1")).to_have_text("2 things call for somebody.")
    page.get_by_role("link", name="Meter silent: Hall, heat").click()
    page.get_by_label("Note").fill("The caretaker looks.")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".lead")).to_contain_text("acknowledged")
    expect(page.locator(".history")).to_contain_text("The caretaker looks.")
    looks = (
        (1280, "light", "da"), (1280, "dark", "da"), (390, "light", "da"), (390, "dark", "en"), (1280, "light", "en"),
    )  # fmt: skip
    for width, scheme, lang in looks:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path, name in (("/alarms?state=acknowledged&", "alarms"), (f"{page.url.split('?')[0]}?", "alarm")):
            page.goto(f"{address if path.startswith('/') else ''}{path}lang={lang}")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            said += axe_finds(page)
            page.screenshot(path=ARTEFACTS / f"{name}-{lang}-{width}-{scheme}.png", full_page=True)
    assert said == []
    page.close()
    assert works.states()["meter-silent hall-heat"] == "acknowledged"
