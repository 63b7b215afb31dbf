"""Pages in turn on a wall's screen: which follows, what is refused, and a lost connection that is said and passes."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from bypuls.api.problems import Problem
from bypuls.api.web.kiosk import PAGES, USUAL, kiosk_of


def turn(path: str, **query: str) -> tuple[str, int]:
    found = kiosk_of(query, path, "da")
    assert found is not None
    return found.turn[0], found.every_s


def test_without_it_nothing_turns() -> None:
    assert kiosk_of({"lang": "da"}, "/", "da") is None


def test_the_usual_pages_follow_each_other_and_begin_again() -> None:
    seen, path = [], "/"
    for _ in USUAL:
        address, every_s = turn(path, kiosk="")
        assert every_s == 30
        path = address.split("?")[0]
        seen.append(path)
    assert seen == [*(PAGES[name] for name in USUAL[1:]), "/"]


def test_chosen_pages_in_their_order_with_their_time() -> None:
    asked = {"kiosk": "lights,climate", "every": "10"}
    assert turn("/lights", **asked) == ("/climate?kiosk=lights%2Cclimate&every=10&lang=da", 10)
    assert turn("/climate", **asked)[0].startswith("/lights?")
    assert turn("/sites/high-street", **asked)[0].startswith("/lights?"), "another page leads into the turn"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"kiosk": "lights,weather"}, "weather"), ({"kiosk": "", "every": "1"}, "5 to 3600"),
        ({"kiosk": "", "every": "soon"}, "soon"), ({"kiosk": "", "every": "9" * 30}, "5 to 3600"),
    ],
)  # fmt: skip
def test_what_can_t_be_shown_is_named(query: dict[str, str], said: str) -> None:
    with pytest.raises(Problem, match=said):
        kiosk_of(query, "/", "da")


def test_every_page_that_can_be_chosen_is_there(page: Any) -> None:
    for path in PAGES.values():
        answer = page.get(f"{path}?kiosk&lang=en")
        assert answer.status_code == 200, path
        assert 'class="kiosk"' in answer.text
        assert "data-turn=" in answer.text


@pytest.mark.browser
def test_it_turns_and_outlives_a_lost_connection(browser: Browser, open_server: str) -> None:
    page: Any = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.goto(f"{open_server}/traffic?kiosk=traffic,devices&every=5&lang=en")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("header nav").first).to_be_hidden()
    page.wait_for_url("**/devices?kiosk=*", timeout=15_000)
    page.route("**/traffic?*", lambda route: route.abort())
    expect(page.locator("#lost")).to_be_visible(timeout=15_000)
    assert "/devices" in page.url, "the last page stays"
    page.unroute("**/traffic?*")
    page.wait_for_url("**/traffic?kiosk=*", timeout=15_000)
    page.keyboard.press("Escape")
    page.wait_for_url(f"{open_server}/traffic?lang=en", timeout=15_000)
    page.close()


@pytest.mark.browser
def test_a_page_that_can_t_be_shown_is_passed_over(browser: Browser, open_server: str) -> None:
    page: Any = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.route("**/buildings?*", lambda route: route.fulfill(status=500, body="broken"))
    page.goto(f"{open_server}/traffic?kiosk=traffic,buildings,devices&every=5&lang=en")
    page.wait_for_url("**/devices?kiosk=*", timeout=15_000)
    page.close()
