"""A cabinet with a submeter, a tenant and a meter that was taken down: each watt counts once, everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from bypuls.api.accounts.meters import WHOLE, sources_of
from bypuls.api.directory import DirectorySource
from bypuls.api.exports.ngsi_ld import entities
from bypuls.api.lighting.cabinet_meters import main_meters
from bypuls.api.lighting.last_nights import cabinet_nights
from bypuls.api.lighting.town import town_now
from bypuls.api.lighting_watch.units import units_of
from bypuls.store.protocol import Bins
from bypuls.store.registry import Cabinet, Sensor
from bypuls.wire import Meter, to_us

SWAPPED = datetime(2026, 3, 29, 12, tzinfo=UTC)
QUARTER_US = 900_000_000


@pytest.fixture
def metered(street: Any) -> Any:
    """cab-el (with a transformer) has a submeter, `a-sub`, and behind that a charging point which isn't the lamps'."""
    with street.context.registry.session() as session:
        session.get(Sensor, "cab-el").multiplier = 10.0
        session.get(Sensor, "cab-el").valid_from = SWAPPED
        session.get(Cabinet, "cab").working_mode = "automatic"
        for id, parent, more in (
            ("a-sub", "cab-el", {}), ("tenant", "a-sub", {"sign": -1}), ("b-old", None, {"valid_to": SWAPPED}),
        ):  # fmt: skip
            session.add(Sensor(id=id, device="pi", kind="meter", name=id, cabinet="cab", medium="electricity",
                               parent=parent, interval_s=60, **more))  # fmt: skip
    return street


def say(street: Any, **watts: float) -> None:
    """Meters tell their power now."""
    street.context.store.write(
        [Meter(sensor=id.replace("_", "-"), t=street.now[0], medium="electricity", power_w=power)
         for id, power in watts.items()]
    )  # fmt: skip


def test_the_page_the_api_and_the_watch_count_alike(metered: Any, ask: Any) -> None:
    say(metered, cab_el=10.0, a_sub=60.0, tenant=25.0)
    directory = DirectorySource(metered.context.registry)()
    assert [one.id for one in main_meters(directory, "cab", metered.now[0])] == ["cab-el", "tenant"]
    before = main_meters(directory, "cab", datetime(2026, 3, 1, tzinfo=UTC))
    assert [one.id for one in before] == ["a-sub", "b-old", "tenant"]
    assert [one.id for one in units_of(directory, metered.now[0])["meter cab"].sensors] == ["cab-el", "tenant"]
    assert ask().told("/lighting/cabinets/cab")["power_w"] == 75.0
    page = ask().get("/lights/cabinets/cab?lang=en").text
    assert "<b>75</b>W of the meter now" in page
    assert "meters: E, tenant" in page
    context = metered.context
    found, _ = entities(
        "StreetlightControlCabinet", context.store, directory, metered.now[0], context.settings.zone,
        lambda: town_now(context, directory),
    )  # fmt: skip
    assert [one["totalActivePower"] for one in found] == [0.075]


def test_a_meter_that_does_not_tell_makes_the_sum_unknown(metered: Any, ask: Any) -> None:
    say(metered, cab_el=10.0, a_sub=60.0)
    assert ask().told("/lighting/cabinets/cab")["power_w"] is None


def test_nights_are_those_of_the_meters_that_hung_there(metered: Any) -> None:
    first, last = to_us(datetime(2026, 3, 28, 10, tzinfo=UTC)), to_us(datetime(2026, 3, 30, 10, tzinfo=UTC))
    t_us = np.arange(first, last, QUARTER_US)
    # a-sub's parent isn't there before the swap: then it counts by itself.
    for id, watt in (("cab-el", 100.0), ("a-sub", 60.0), ("tenant", 25.0), ("b-old", 7.0)):
        columns = {"n": np.ones(len(t_us)), "power_w_n": np.ones(len(t_us)), "power_w_sum": np.full(len(t_us), watt)}
        block = Bins("meter", id, t_us, columns, {"medium": "electricity"}, asset="cab")
        metered.context.store.replace_bins("meter", id, first, last, [block])
    directory = DirectorySource(metered.context.registry)()
    after, before = cabinet_nights(metered.context, directory, "cab", date(2026, 3, 28), date(2026, 3, 29))
    assert np.unique(after.power_w[:80]).tolist() == [75.0]
    assert np.unique(before.power_w[:80]).tolist() == [42.0]


def test_lamps_are_behind_the_main_meter(metered: Any) -> None:
    directory = DirectorySource(metered.context.registry)()
    counted = {one.sensor.id: one.sign for one in sources_of(directory, WHOLE) if one.moved_from is None}
    assert counted["cab-el"] == 1
    assert counted["tenant"] == -1
    assert "a-sub" not in counted
    assert not {"l-1", "l-2"} & counted.keys()
