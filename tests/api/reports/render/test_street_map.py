"""The map of a report: vectors out of the registry, in PDF and page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bypuls.api.reports.speed.model import Neighbour, Sensor, SpeedReport
from bypuls.api.reports.speed.render import charts, html
from bypuls.api.reports.speed.render.content import document
from bypuls.api.reports.speed.render.street_map import Window
from bypuls.api.reports.speed.render.words import Words

Reports = Callable[[str], SpeedReport]
LINE = "LINESTRING (12.30 55.70, 12.304 55.70)"
EN = Words("en")


def placed(report: SpeedReport, **site: Any) -> SpeedReport:
    sensor = Sensor("radar-1", lat=55.70, lon=12.302, bearing_deg=90.0)
    return replace(report, site=replace(report.site, geometry=LINE, **site), sensors=(sensor,))


def drawn(report: SpeedReport, lang: str = "en") -> str:
    return charts.draw("map", report, Words(lang), charts.PRINT)


def texts(svg: str) -> dict[str, float]:
    """The texts of a drawing with their height from above."""
    found = {}
    for text in re.findall(r"<text.*?</text>", svg, re.DOTALL):
        place = re.search(r'translate\([\d.-]+ ([\d.-]+)\)| y="([\d.-]+)"', text)
        assert place is not None, text
        found[re.sub("<.*?>", "", text).strip()] = float(place[1] or place[2])
    return found


def test_section_sensor_arrows_north_and_scale(report: Reports) -> None:
    found = texts(drawn(placed(report("week"))))
    assert {"Sensor", "toward the sensor", "away from the sensor", "N", "100 m"} <= set(found)
    assert {"mod sensoren", "fra sensoren", "N"} <= set(texts(drawn(placed(report("week")), "da")))


def test_arrows_only_where_the_sensor_is_known_to_look(report: Reports) -> None:
    whole = placed(report("week"))
    blind = texts(drawn(replace(whole, sensors=(replace(whole.sensors[0], bearing_deg=None),))))
    assert "toward the sensor" not in blind
    assert "Sensor" in blind


def test_right_hand_traffic(report: Reports) -> None:
    """Who drives toward a sensor that looks east drives west, so north of the street's middle."""
    whole = placed(report("week"))
    east = texts(drawn(whole))
    assert east["toward the sensor"] < east["away from the sensor"]
    west = texts(drawn(replace(whole, sensors=(replace(whole.sensors[0], bearing_deg=270.0),))))
    assert west["toward the sensor"] > west["away from the sensor"]


def test_other_streets_in_grey(report: Reports) -> None:
    near = Neighbour("Side Street", "LINESTRING (12.302 55.699, 12.302 55.6995, 12.302 55.701)")
    far = Neighbour("Far Street", "LINESTRING (12.40 55.75, 12.41 55.75)")
    found = texts(drawn(placed(report("week"), neighbours=(near, far))))
    assert "Side Street" in found
    assert "Far Street" not in found, "it lies outside of the section's map"
    assert {"2 km", "100 m"} <= set(found), "the town's bar, and the section's"


def test_a_street_without_a_place_has_no_map(report: Reports) -> None:
    nowhere = report("week")
    nowhere = replace(nowhere, site=replace(nowhere.site, geometry=None, lat=None, lon=None))
    assert document(nowhere, EN).map is None
    assert 'class="plot-svg map"' not in str(html.fragment(nowhere, "en"))
    with pytest.raises(ValueError, match="expected one of them for a map"):
        drawn(nowhere)


@pytest.mark.parametrize(
    "geometry", ["POINT (12.3 55.7)", "MULTILINESTRING ((12.3 55.7, 12.31 55.7), (12.32 55.71, 12.33 55.7))"]
)
def test_other_geometries(report: Reports, geometry: str) -> None:
    whole = placed(report("week"))
    whole = replace(whole, site=replace(whole.site, geometry=geometry))
    assert "N" in texts(drawn(whole))
    assert 'class="plot-svg map"' in str(html.fragment(whole, "da"))


def test_the_window_keeps_its_shape_and_its_points() -> None:
    window = Window.around([(0.0, 0.0), (10.0, 400.0)], 2.0, 0.5)
    assert window.width / window.height == pytest.approx(2.0)
    assert window.height >= 600.0
