"""Raw and at normal weather, side by side."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from bypuls.api.accounts.normal_weather import normal_weather
from bypuls.api.buildings.source import Source
from bypuls.store.protocol import Bins
from tests.api.accounts.conftest import CPH, FRAME, QUARTER_US, QUARTERS, Place, wh

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def source(place: Place) -> Source:
    return Source(place.store, place.directory, NOW, CPH)


def weather(place: Place, temp_c: float, *, missing: int = 0) -> None:
    """A year of one temperature: (17 − temp) · 365 degree days."""
    place.rows("sensor", {"id": "station", "device": "pi", "kind": "weather", "name": "Station", "interval_s": 900})
    t_us = (QUARTERS * QUARTER_US)[96 * missing :]
    columns = {"n": np.ones(len(t_us)), "temp_c_n": np.ones(len(t_us)), "temp_c_sum": np.full(len(t_us), temp_c)}
    block = Bins("weather", "station", t_us, columns)
    place.store.replace_bins("weather", "station", FRAME.start_us, FRAME.end_us, [block])


def normal_year(place: Place, degree_days: float) -> None:
    row = {"id": "normal", "name": "Normal", "station": "Station", "sensor": "station", "rule": "all year"}
    place.rows("normal_year", row | {"base_c": 17, "degree_days": degree_days, "source": "made up"})


def town(place: Place) -> None:
    place.rows("building", {"id": "hall", "name": "Hall", "use": "office"})
    place.meter("hall-heat", wh(500.0), medium="heat")
    place.meter("hall-el", wh(100.0))
    place.factor("heat", 0.1)
    place.factor("electricity", 0.2)


def test_heating_is_corrected_and_the_rest_stays(place: Place) -> None:
    town(place)
    weather(place, 7.0)
    normal_year(place, 4380.0)  # actual: 10 · 365 = 3650; normal 20 % colder
    account = place.account()
    found = normal_weather(source(place), account)
    assert found.actual_degree_days == pytest.approx(3650.0)
    # An office's heat is 18 % independent of the weather.
    assert found.ratio == {"hall-heat": pytest.approx(0.18 + 0.82 * 1.2)}
    heat, power = wh(500.0).sum() / 1e6 * 0.1, wh(100.0).sum() / 1e6 * 0.2
    assert found.emitted_t(account) == pytest.approx(heat * found.ratio["hall-heat"] + power)
    assert account.total.known_t == pytest.approx(heat + power), "the raw account stays as it is"
    assert found.amounts(account)[2025, "hall-el"] == pytest.approx(wh(100.0).sum() / 1000.0)


def test_what_keeps_it_from_being_corrected_is_told(place: Place) -> None:
    town(place)
    account = place.account()
    assert normal_weather(source(place), account).reason == "no weather station is registered"
    weather(place, 7.0, missing=3)
    found = normal_weather(source(place), account)
    assert found.reason == "no normal year is registered for station"
    normal_year(place, 4380.0)
    found = normal_weather(source(place), account)
    assert found.reason == "the temperature of 3 days of 2025 isn't known at station"
    assert (found.emitted_t(account), found.amounts(account)) == (None, {})


def test_half_a_year_of_heat_is_not_corrected(place: Place) -> None:
    town(place)
    weather(place, 7.0)
    normal_year(place, 4380.0)
    half = wh(500.0)
    half[: len(half) // 2] = np.nan
    place.measure("hall-heat", half, medium="heat")
    account = place.account()
    found = normal_weather(source(place), account)
    assert (found.left_out, found.emitted_t(account)) == (("hall-heat",), None)
