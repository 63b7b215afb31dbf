"""A street's page and the town's streets side by side: what the address asks for is shown, in both languages."""

import json
import re
from html import unescape
from typing import Any

import pytest

from bypuls.api import ApiSettings
from bypuls.api.web.streets_map import streets_map

PERIOD = "from=2025-05-31&to=2025-06-04"


@pytest.mark.parametrize(("lang", "verdict"), [("da", "Retninger"), ("en", "Directions")])
def test_the_report_is_a_part_of_the_page(page: Any, lang: str, verdict: str) -> None:
    shell = page.get(f"/sites/high-street?{PERIOD}&lang={lang}")
    assert shell.status_code == 200
    source = unescape(re.search(r'id="report" hx-get="([^"]+)"', shell.text)[1])  # type: ignore[index]
    assert f"{PERIOD}&lang={lang}" in source
    part = page.get(source)
    assert part.status_code == 200
    assert verdict in part.text
    assert "1.440" in part.text if lang == "da" else "1,440" in part.text
    assert "style=" not in part.text
    assert "<script" not in part.text


def test_downloads_ask_the_same(page: Any) -> None:
    text = page.get(f"/sites/high-street?{PERIOD}&direction=away&lang=en").text
    links = [unescape(link) for link in re.findall(r'href="(/api/v1/traffic/[^"]+)" download', text)]
    assert {re.search(r"format=(\w+)", link)[1] for link in links} >= {"json", "csv", "bundle"}  # type: ignore[index]
    for link in links:
        assert "report?from=2025-05-31&to=2025-06-05&direction=away" in link
    report = page.get(next(link for link in links if "format=json" in link)).json()
    assert report["statistics"]["all"]["n"] == 720


def test_a_comparison_around_an_intervention(page: Any) -> None:
    text = page.get("/sites/high-street?intervention=humps&weeks=1&lang=en").text
    assert "around 2 Jun 2025" in text
    assert "/api/v1/traffic/high-street/compare?intervention=humps&amp;weeks=1&amp;format=" in text
    part = page.get("/fragments/sites/high-street?intervention=humps&weeks=1&lang=en").text
    assert "The comparison is refused" in part


def test_the_language_keeps_what_was_asked(page: Any) -> None:
    text = page.get(f"/sites/high-street?{PERIOD}&lang=en").text
    assert f'href="?{PERIOD.replace("&", "&amp;")}&amp;lang=da"' in text


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday", "from=2026-01-02&to=2026-01-01", "from=2026-01-02&last=2026-01-01",
        "weeks=0&intervention=humps", "direction=up",
        "last=9999-12-31", "last=0001-01-05", "from=0001-01-01&last=2026-01-01",
        "before_from=2026-01-01&before_last=9999-12-31", "before_from=2026-01-01",
        "before_from=2026-01-02&before_last=2026-01-01", "before_from=2020-01-02&before_last=2026-01-01",
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_said(page: Any, query: str) -> None:
    answer = page.get(f"/sites/high-street?{query}&lang=en")
    assert answer.status_code == 422
    assert "That can&#39;t be shown." in answer.text or "That can't be shown." in answer.text


@pytest.mark.parametrize(
    "path", ["/sites/nowhere", "/sites/high-street?control=nowhere", "/sites/high-street?intervention=x"]
)
def test_what_is_not_there(page: Any, path: str) -> None:
    assert page.get(path, headers={"Accept": "text/html"}).status_code == 404


def test_strangers_are_asked_for_a_key(make_client: Any) -> None:
    client = make_client()
    for path in ("/traffic", "/sites/high-street", "/fragments/sites/high-street"):
        assert client.get(path).headers["location"] == "/sign-in"


def test_the_streets(page: Any) -> None:
    text = page.get("/traffic?span=28d&lang=en").text
    assert '<a href="/sites/high-street?span=28d">High Street</a>' in text
    assert "<svg" in text
    for query in ("span=7d", "order=over_limit_n", "school_first=false", "order=x"):
        assert page.get(f"/traffic?{query}").status_code == 200


def test_the_map_keeps_shapes_and_directions() -> None:
    place = {"rank": 1, "verdict": None, "name": "", "geometry": None}
    drawn = streets_map(
        [
            {**place, "site": "west", "lat": 55.7, "lon": 12.30},
            {**place, "site": "east", "lat": 55.7, "lon": 12.32},
            {**place, "site": "north", "lat": 55.71, "lon": 12.31},
            {**place, "site": "lines", "lat": None, "lon": None,
             "geometry": "MULTILINESTRING ((12.30 55.70, 12.31 55.70), (12.31 55.70, 12.31 55.705))"},
            {**place, "site": "nowhere", "lat": None, "lon": None},
        ]
    )  # fmt: skip
    assert drawn is not None
    at = {one.site: (one.x, one.y) for one in drawn.streets}
    assert set(at) == {"west", "east", "north", "lines"}
    assert at["west"][0] < at["north"][0] < at["east"][0]
    assert at["north"][1] < at["west"][1] == at["east"][1]
    # 0.02° of longitude are 1.25 km here, 0.01° of latitude 1.11 km.
    across, up = at["east"][0] - at["west"][0], at["west"][1] - at["north"][1]
    assert across / up == pytest.approx(1.2547 / 1.1132, rel=0.01)
    assert drawn.bar / drawn.bar_km == pytest.approx(up / 1.1132, rel=0.01)
    assert len(next(one for one in drawn.streets if one.site == "lines").lines) == 2
    assert streets_map([{**place, "site": "nowhere", "lat": None, "lon": None}]) is None


TILES = {"tiles_url": "https://tiles.town.example:8443/{z}/{x}/{y}.png", "tiles_attribution": "© <b>Town</b>"}


def test_without_a_tile_server_nobody_else_is_named(page: Any) -> None:
    shown = page.get("/traffic")
    assert "img-src 'self' data:;" in shown.headers["content-security-policy"]
    assert "leaflet" not in shown.text
    assert "tiles" not in shown.text


def test_a_tile_server_is_the_only_stranger(make_client: Any) -> None:
    settings = ApiSettings(open_on_loopback=True, rate_per_s=1e6, burst=1_000_000, **TILES)
    client = make_client(address="127.0.0.1", host="127.0.0.1:8000", settings=settings)
    page = client.get("/traffic")
    assert "img-src 'self' data: https://tiles.town.example:8443;" in page.headers["content-security-policy"]
    assert "https://tiles.town.example:8443/{z}/{x}/{y}.png" in page.text
    assert "© &lt;b&gt;Town&lt;/b&gt;" in page.text
    assert "<svg viewBox" in page.text, "the drawing stays for those without scripts"
    for other in ("/", "/sites/high-street", "/about"):
        assert "tiles.town" not in client.get(other).headers["content-security-policy"]
    found = re.search(r'data-streets="([^"]*)"', page.text)
    assert found is not None
    streets = json.loads(unescape(found[1]))
    assert {"site", "name", "rank", "verdict", "lines"} == set(streets[0])
    for file in ("vendor/leaflet/leaflet.js", "vendor/leaflet/leaflet.css", "vendor/leaflet/LICENSE", "streets.js"):
        assert client.get(f"/static/{file}").status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://tiles.town.example/{z}/{x}/{y}.png", "https://{s}.tiles.example/{z}/{x}/{y}.png",
        "https://tiles.town.example/{z}/{x}.png", "https://me:secret@tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example; script-src */{z}/{x}/{y}.png", "/tiles/{z}/{x}/{y}.png",
        "javascript:alert(1)/{z}/{x}/{y}",
    ],
)  # fmt: skip
def test_tile_servers_that_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="tiles_url: "):
        ApiSettings(tiles_url=url, tiles_attribution="© Town")


def test_tiles_have_a_name_below_them() -> None:
    with pytest.raises(ValueError, match="tiles_attribution: None"):
        ApiSettings(tiles_url=TILES["tiles_url"])
    near = ApiSettings(tiles_url="http://127.0.0.1:9/{z}/{x}/{y}", tiles_attribution="x")
    assert near.tiles_origin == "http://127.0.0.1:9"
