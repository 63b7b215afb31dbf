"""D_P and D_E of EN 13201-5 by street: by hand, and what is said where something lacks."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bypuls.api.models_lighting import StreetPerformancePageModel
from bypuls.store.registry import Lamp, Site, StreetLighting

DAYS = {"from": "2026-03-28", "to": "2026-03-30"}


def lay(street: Any, *rows: StreetLighting) -> None:
    """Lamps 1 and 2 stand on a street of their own, of which this is known."""
    with street.context.registry.session() as session:
        session.add(Site(id="strip", name="Strip"))
        for id in ("l-1", "l-2"):
            lamp = session.get(Lamp, id)
            lamp.site, lamp.lighting_class = "strip", "P2"
        session.add_all(rows)


def strip(ask: Any, **more: Any) -> dict[str, Any]:
    told = ask().told("/lighting/energy-performance", site="strip", **(DAYS | more))
    StreetPerformancePageModel.model_validate(told)
    (found,) = told["items"]
    return dict(found)


def test_by_hand(street: Any, ask: Any) -> None:
    """Two lamps of 40 W on 240 m² at 10 lx; 21 hours of 20 W, and a lamp that drew nothing."""
    lay(street, StreetLighting(site="strip", valid_from=date(2020, 1, 1), area_m2=240.0, illuminance_lx=10.0))
    found = strip(ask)
    assert found["power_density_w_lxm2"] == pytest.approx(80.0 / 2400.0)
    assert found["energy_density_wh_m2"] == pytest.approx(420.0 / 240.0)
    assert found["energy_density_wh_m2_year"] is None
    assert (found["power_density_why"], found["energy_density_why"], found["lighting_classes"]) == ([], [], ["P2"])
    # Two nights about equinox have 19 to 20 dark hours, the year 3,700 to 3,800.
    assert strip(ask, annualise=True)["energy_density_wh_m2_year"] == pytest.approx(1.75 * 3719 / 19.7, rel=0.05)


def test_what_lacks_is_named_and_nothing_is_guessed(street: Any, ask: Any) -> None:
    lay(street, StreetLighting(site="strip", valid_from=date(2020, 1, 1), area_m2=240.0))
    found = strip(ask)
    assert (found["power_density_w_lxm2"], found["power_density_why"]) == (None, ["illuminance_lx"])
    assert found["energy_density_wh_m2"] == pytest.approx(1.75)
    with street.context.registry.session() as session:
        session.get(Lamp, "l-2").watt = None
        session.add(StreetLighting(site="strip", valid_from=date(2026, 3, 29), area_m2=300.0, illuminance_lx=10.0))
    found = strip(ask)
    assert (found["power_w"], found["power_density_why"]) == (None, ["watt"])
    assert (found["energy_density_wh_m2"], found["energy_density_why"]) == (None, ["area_changed"])
    longer = strip(ask, **{"from": "2026-03-20", "to": "2026-03-28"})
    assert longer["energy_density_why"] == ["unmeasured"]
    partly = strip(ask, **{"from": "2026-03-26", "to": "2026-03-29"})
    assert partly["energy_density_why"] == ["coverage"]
    lane = next(one for one in ask().told("/lighting/energy-performance", **DAYS)["items"] if one["site"] == "lane")
    assert lane["power_density_why"] == ["area_m2", "illuminance_lx"]
    assert lane["energy_density_why"] == ["unmeasured", "area_m2"]


def test_the_page_has_it_in_both_languages(street: Any, ask: Any) -> None:
    query = "from=2026-03-28&to=2026-03-29"
    empty = ask().get(f"/fragments/lights/energy?{query}&lang=en").text
    assert "no street has its lit area and illuminance yet" in empty
    assert "registry import street_lighting" in empty
    lay(street, StreetLighting(site="strip", valid_from=date(2020, 1, 1), area_m2=240.0, illuminance_lx=10.0))
    english, danish = (ask().get(f"/fragments/lights/energy?{query}&lang={lang}").text for lang in ("en", "da"))
    assert "0.0333" in english
    assert "lit area is missing" in english
    assert "0,0333" in danish
    assert "belyst areal mangler" in danish
    assert "D_E [Wh/m²]" in danish
