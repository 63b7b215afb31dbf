"""A meter and radars that are silent for two days: pages say so, and their last values are history."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bypuls.api import ApiSettings
from bypuls.store.book import Book
from bypuls.store.registry import Building, Device, Sensor, Site, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Meter, Passage, TrafficBin

NOW = datetime(2026, 3, 30, 10, 7, tzinfo=UTC)
LONG_AGO, LATELY = NOW - timedelta(days=2), NOW - timedelta(minutes=1)


def sensors() -> list[Sensor]:
    return [
        Sensor(id="hall-el", device="pi", kind="meter", name="Hall, power", building="hall", medium="electricity"),
        Sensor(id="hall-heat", device="pi", kind="meter", name="Hall, heat", building="hall", medium="heat"),
        Sensor(id="hall-water", device="pi", kind="meter", name="Hall, water", building="hall", medium="water"),
        Sensor(id="radar-n", device="pi", kind="passage", name="Radar north", site="road"),
        Sensor(id="radar-s", device="pi", kind="passage", name="Radar south", site="road"),
        Sensor(id="loop-n", device="pi", kind="traffic_bin", name="Loop north", site="road", interval_s=900),
        Sensor(id="loop-s", device="pi", kind="traffic_bin", name="Loop south", site="road", interval_s=900),
    ]


def counted(sensor: str, t: datetime, direction: str, n: float, uptime: float = 1.0) -> TrafficBin:
    return TrafficBin(
        sensor=sensor, t=t, period_s=900, direction=direction, upper_edges_kmh=(), counts=(n,), open_top=True,
        uptime=uptime,
    )  # fmt: skip


@pytest.fixture
def told(tmp_path: Path, place_registry: Callable[[Path], Path], make_client: Any) -> Iterator[Callable[..., str]]:
    """What a page says to people, with its language."""
    store, registry = SqliteStore(tmp_path / "store"), open_registry(place_registry(tmp_path))
    with registry.session() as session:
        session.add_all([Site(id="road", name="The road"), Building(id="hall", name="The hall", use="office")])
        session.add_all([Device(id="pi", name="Pi"), *sensors()])
    quarter = NOW.replace(minute=45, hour=9)
    rejected = store.write(
        [
            Meter(sensor="hall-el", t=LONG_AGO, medium="electricity", import_wh=7e9, power_w=98_765.0),
            Meter(sensor="hall-heat", t=LATELY, medium="heat", import_wh=5e6, power_w=4321.0, flow_temp_c=64.0,
                  return_temp_c=37.0),
            *(Passage(sensor="radar-n", t=LONG_AGO - timedelta(seconds=one), speed_kmh=91.0) for one in range(3)),
            *(Passage(sensor="radar-s", t=LATELY - timedelta(seconds=one), speed_kmh=93.0) for one in range(37)),
            *(counted("loop-n", quarter - timedelta(days=2), way, 8642.0) for way in ("toward", "away")),
            counted("loop-s", quarter, "toward", 21.0), counted("loop-s", quarter, "away", 34.0),
        ]
    )  # fmt: skip
    assert rejected == []
    settings = ApiSettings(rate_per_s=1e6, burst=1_000_000, open_on_loopback=True)
    client = make_client(
        address="127.0.0.1", host="127.0.0.1:8000", settings=settings, store=store, registry=registry,
        book=Book(registry), clock=lambda: NOW,
    )  # fmt: skip

    def text(path: str) -> str:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))

    yield text
    registry.close()
    store.close()


@pytest.mark.parametrize("path", ["/buildings/hall", "/fragments/buildings/hall/now"])
def test_a_building_s_silent_meter(told: Callable[[str], str], path: str) -> None:
    english = told(f"{path}?lang=en")
    assert re.search(r"Hall, power – silent since 28 Mar 2026 11:07 ", english)
    assert not re.search(r"98[.,]|7,000,000", english), "the last value of two days ago"
    assert "Hall, heat 4.3 kW district heating, 12:06, 64/37 °C" in english
    assert "Hall, water – never heard" in english
    danish = told(f"{path}?lang=da")
    assert "Hall, power – tavs siden 28. mar. 2026 11:07" in danish
    assert "98," not in danish


@pytest.mark.parametrize("path", ["/sites/road", "/fragments/sites/road/now"])
def test_a_street_s_silent_sensors(told: Callable[[str], str], path: str) -> None:
    english = told(f"{path}?lang=en")
    assert "Radar north – silent since 28 Mar 2026 11:07 " in english
    assert "Loop north – silent since 28 Mar 2026 10:45 " in english
    assert "Radar south 37 vehicles in 15 min last vehicle 12:06" in english
    assert "Loop south 55 vehicles in 15 min from 11:45" in english, "both directions of the period"
    assert "8,642" not in english
    assert not re.search(r"\b9[13]\b", english), "a single vehicle's speed is nobody's business"


def test_what_wasn_t_observed_is_unknown_and_not_zero(told: Callable[[str], str], tmp_path: Path) -> None:
    later = NOW.replace(minute=0)
    with_store = SqliteStore(tmp_path / "store")
    assert with_store.write([counted("loop-s", later, way, 0.0, uptime=0.0) for way in ("toward", "away")]) == []
    with_store.close()
    assert "Loop south – from 12:00" in told("/sites/road?lang=en")
