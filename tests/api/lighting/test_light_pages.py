"""The pages of street lights: both languages, empty and silent towns, no script inside."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from bypuls.api import ApiSettings
from bypuls.api.directory import DirectorySource
from bypuls.api.lighting.town import town_now
from bypuls.api.web.lights_list import listed_streets
from bypuls.store.registry import Lamp, Site

TILES = {"tiles_url": "https://tiles.town.example/{z}/{x}/{y}.png", "tiles_attribution": "© Town"}


@pytest.mark.parametrize(("lang", "title"), [("da", "2 lamper er slukket."), ("en", "2 lamps are out.")])
def test_the_town_at_night(street: Any, ask: Any, lang: str, title: str) -> None:
    street.rounds()
    shown = ask().get(f"/lights?lang={lang}")
    assert shown.status_code == 200
    assert title in shown.text
    drawing = _drawing(shown.text)
    assert drawing.count('class="lamp fault"') == 2
    assert drawing.count('class="lamp unknown"') == 2
    assert '<polyline class="stretch"' in drawing
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


def test_what_nobody_measures_is_not_drawn(ask: Any) -> None:
    """A lamp without a sensor has no nights of its own; what is asked for wrongly is said all the same."""
    text = ask().get("/lights/lamps/l-6?lang=en").text
    assert "Nobody measures this lamp by itself" in text
    assert "The last nights" not in text
    assert "– W" not in text
    wrong = ask().get("/lights/lamps/l-6?lang=en&from=never")
    assert wrong.status_code == 422
    assert "never" in wrong.text


def test_parts_that_follow_the_readings(ask: Any) -> None:
    client = ask()
    for place, parts in (("cabinets/cab", ("now", "lamps")), ("lamps/l-1", ("now",))):
        page = client.get(f"/lights/{place}?lang=en").text
        kind, id = place.split("s/")
        assert f'sse-connect="/api/v1/live/changes?{kind}={id}"' in page
        for part in parts:
            address = f"/fragments/lights/{place}/{part}"
            assert f'hx-get="{address}"' in page
            shown = client.get(f"{address}?lang=en")
            assert shown.status_code == 200
            assert "<html" not in shown.text
            assert [line for line in shown.text.splitlines() if line.strip() and line not in page] == []
            assert client.get(f"/fragments/lights/{place[:-1]}-nope/{part}").status_code == 404
            stranger = ask(address="192.0.2.9", host="bypuls.example")
            assert stranger.get(address, headers={"HX-Request": "true"}).status_code == 401


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


def _drawing(text: str) -> str:
    """The map of a page."""
    return text.partition('<figure class="map night">')[2].partition("</svg>")[0]


def test_the_map_draws_what_the_registry_knows(street: Any, ask: Any) -> None:
    street.rounds()
    with street.context.registry.session() as session:
        session.add(Site(id="long", name="Long Road", geometry="LINESTRING (12.35 55.7301, 12.37 55.7301)"))
    text = ask().get("/lights?lang=en").text
    # The lane has no line of its own; the other road has, and no lamp.
    assert _drawing(text).count('class="road guessed"') == 1
    assert _drawing(text).count('class="road"') == 1
    assert ">Long Road</text>" in text
    assert ">The &lt;lane&gt;</text>" in text
    # One cabinet has a place: it is joined to its six lamps.
    (feed,) = re.findall(r'<path class="feed" d="([^"]+)"/>', _drawing(text))
    assert feed.count("M") == 6
    legend = text.partition('<ul class="legend"')[2].partition("</figcaption>")[0]
    assert re.findall(r"<b>(\d+)</b> (\w+)", legend) == [
        ("2", "fault"), ("2", "unknown"), ("0", "lit"), ("2", "lit"), ("0", "off"),
    ]  # fmt: skip
    assert "1 dark stretch" in legend
    assert "2 cabinets" in legend
    assert "street-maps" not in text


def test_every_lamp_is_in_a_list_for_the_keyboard(ask: Any) -> None:
    text = ask().get("/lights?lang=en").text
    svg = _drawing(text)
    assert svg.count("<a ") == svg.count('tabindex="-1"') == 7
    listed = text.partition('class="map-list"')[2].partition("</section>")[0]
    assert set(re.findall(r'href="/lights/lamps/([^"]+)"', listed)) == {f"l-{n}" for n in range(1, 7)}
    assert "6 lamps · 2 faults · 2 unknown" in listed
    # On a cabinet's page there is no such list: there the map itself is walked.
    of_cabinet = _drawing(ask().get("/lights/cabinets/cab").text)
    assert of_cabinet.count("<a ") == 7
    assert 'tabindex="-1"' not in of_cabinet


def test_a_wide_town_has_a_map_of_each_street(street: Any, ask: Any) -> None:
    with street.context.registry.session() as session:
        session.add(Site(id="far", name="Far Away"))
        session.flush()
        for n in (4, 5, 6):
            lamp = session.get(Lamp, f"l-{n}")
            lamp.lat, lamp.site = 55.79, "far"
    text = ask().get("/lights?lang=da").text
    pictures = text.partition('class="street-maps"')[2].partition("</ul>")[0]
    assert pictures.count("<svg") == 2
    # Faults first.
    assert pictures.index("The &lt;lane&gt;") < pictures.index("Far Away")


def test_large_registers_list_what_is_worth_a_look(street: Any) -> None:
    town = town_now(street.context, DirectorySource(street.context.registry)())
    (lane,) = listed_streets(town, most=5)
    assert [(one.id, one.state) for one in lane.lamps] == [
        ("l-2", "fault"), ("l-3", "fault"), ("l-5", "unknown"), ("l-6", "unknown"),
    ]  # fmt: skip
    assert (lane.count, lane.more) == (6, 2)


def test_a_register_that_nobody_measures_is_not_listed_whole(street: Any, ask: Any) -> None:
    with street.context.registry.session() as session:
        session.add_all(Lamp(id=f"mute-{n}", name=f"Mute {n}", lat=55.73, lon=12.36 + n / 1e5) for n in range(1200))
    (_, mute) = listed_streets(town_now(street.context, DirectorySource(street.context.registry)()))
    assert (mute.name, mute.count, len(mute.lamps), mute.more) == (None, 1200, 100, 1100)
    assert "1,200 lamps · 1,200 unknown" in ask().get("/lights?lang=en").text
    assert "1.200 lamper · 1.200 ukendte" in ask().get("/lights?lang=da").text


def test_figures_that_nobody_knows_are_unknown(ask: Any) -> None:
    text = ask().get("/lights?lang=en").text
    kept = text.partition('<dl class="shares kept">')[2].partition("</dl>")[0]
    assert kept.count("<dd>unknown</dd>") == 2
    assert "0 faults that were seen to begin" in kept
