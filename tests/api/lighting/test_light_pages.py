"""The pages of street lights: both languages, empty and silent towns, no script inside."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bypuls.api import ApiSettings

TILES = {"tiles_url": "https://tiles.town.example/{z}/{x}/{y}.png", "tiles_attribution": "© Town"}


@pytest.mark.parametrize(("lang", "title"), [("da", "2 lamper er slukket."), ("en", "2 lamps are out.")])
def test_the_town_at_night(street: Any, ask: Any, lang: str, title: str) -> None:
    street.rounds()
    shown = ask().get(f"/lights?lang={lang}")
    assert shown.status_code == 200
    assert title in shown.text
    assert shown.text.count('class="lamp fault"') == 2
    assert shown.text.count('class="lamp unknown"') == 2
    assert 'class="stretch"' in shown.text
    assert 'href="geo:55.730000,12.361500"' in shown.text
    assert "The &lt;lane&gt;" in shown.text
    assert "style=" not in shown.text
    assert "<script>" not in shown.text
    assert "leaflet" not in shown.text


@pytest.mark.parametrize("lang", ["da", "en"])
@pytest.mark.parametrize("path", ["/lights/cabinets/cab", "/lights/cabinets/dumb", "/lights/lamps/l-1",
                                  "/lights/lamps/l-2", "/lights/lamps/l-5", "/lights/lamps/l-6"])  # fmt: skip
def test_places(street: Any, ask: Any, path: str, lang: str) -> None:
    street.rounds()
    shown = ask().get(f"{path}?lang={lang}")
    assert shown.status_code == 200
    assert "style=" not in shown.text


def test_a_lamp_s_last_nights(ask: Any) -> None:
    text = ask().get("/lights/lamps/l-1?lang=en").text
    # Its history has light from 18 to 5 UTC on the night after 28 March (summer time begins that night).
    assert "Night after 28 Mar" in text
    assert "On 19:00" in text
    assert "off 07:00" in text
    assert 'class="measured"' in text


def test_silence_is_told(street: Any, ask: Any) -> None:
    street.now[0] += timedelta(days=2)
    client = ask()
    assert "Nothing is known of the lamps just now." in client.get("/lights?lang=en").text
    assert "Silent since 30 Mar 2026" in client.get("/lights/lamps/l-1?lang=en").text


def test_what_is_not_there(ask: Any) -> None:
    for path in ("/lights/lamps/x", "/lights/cabinets/x"):
        assert ask().get(path, headers={"Accept": "text/html"}).status_code == 404


def test_strangers_are_asked_for_a_key(ask: Any) -> None:
    for path in ("/lights", "/lights/cabinets/cab", "/lights/lamps/l-1"):
        assert ask(address="192.0.2.9", host="bypuls.example").get(path).headers["location"] == "/sign-in"


def test_tiles_where_the_operator_named_them(ask: Any) -> None:
    settings = ApiSettings(open_on_loopback=True, rate_per_s=1e6, burst=1_000_000, **TILES)  # type: ignore[arg-type]
    shown = ask(settings=settings).get("/lights")
    assert "img-src 'self' data: https://tiles.town.example;" in shown.headers["content-security-policy"]
    assert "data-spots=" in shown.text
    assert "<svg viewBox" in shown.text
