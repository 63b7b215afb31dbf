"""NGSI-LD entities against the Smart Data Models' own schemas; what isn't known isn't there."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from bypuls.api import ApiContext, ApiSettings
from bypuls.api.directory import DirectorySource
from bypuls.api.exports.ngsi_ld import EntityType, entities, power_state, status_of
from bypuls.api.lighting.town import town_now
from bypuls.store.book import Book
from bypuls.store.protocol import Bins
from bypuls.store.registry import Cabinet, Device, LampGroup, Sensor, Site, open_registry
from bypuls.store.registry import Lamp as LampRow
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Lamp, Meter
from bypuls.wire.bins import QUARTER_US

REAL = Path(os.environ.get("BYPULS_REAL_DATA") or Path(__file__).parents[3].parent / "shared" / "data")
SCHEMAS = {
    "Streetlight": REAL / "lighting/smart_data_models/Streetlight/schema.json",
    "StreetlightControlCabinet": REAL / "lighting/smart_data_models/StreetlightControlCabinet/schema.json",
    "TrafficFlowObserved": REAL / "traffic/smart_data_models/TrafficFlowObserved/schema.json",
}
NOW = datetime(2026, 1, 10, 20, 7, tzinfo=UTC)
CPH = ZoneInfo("Europe/Copenhagen")
# The models' common parts lie at another address; these are what they ask of the attributes that we send.
COMMON = {
    "definitions": {
        "GSMA-Commons": {
            "properties": {
                "id": {"type": "string", "pattern": r"^urn:ngsi-ld:[A-Za-z]+:[\w.-]+$"},
                "name": {"type": "string"},
            }
        },
        "Location-Commons": {
            "properties": {
                "location": {
                    "type": "object",
                    "required": ["type", "coordinates"],
                    "properties": {
                        "type": {"const": "Point"},
                        "coordinates": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
                    },
                }
            }
        },
        "PhysicalObject-Commons": {},
    }
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[dict[str, Any]], int]]:
    """The entities of a small town, by type, with how many were left out."""
    folder = tmp_path_factory.mktemp("ngsi")
    place = {"lat": 55.73, "lon": 12.36}
    with open_registry(folder / "registry.db", clock=lambda: NOW) as registry:
        with registry.session() as session:
            session.add_all(
                [
                    Site(id="street", name="Måløv Hovedgade", **place),
                    Site(id="unheard", name="Unheard", **place),
                    Cabinet(id="box", name="Box", working_mode="automatic", **place),
                    Cabinet(id="modeless", name="Modeless", **place),
                    LampGroup(id="night", name="Night"),
                    Device(id="pi", name="Pi"),
                    Sensor(id="radar", device="pi", kind="passage", name="R", site="street"),
                    Sensor(id="deaf", device="pi", kind="passage", name="D", site="unheard"),
                    Sensor(id="box-el", device="pi", kind="meter", name="M", cabinet="box", medium="electricity",
                           multiplier=10.0),
                ]
            )  # fmt: skip
            for id in ("full", "dimmed", "off", "broken", "silent", "mute", "dark", "blind", "placeless"):
                where = {} if id == "placeless" else place
                session.add(
                    LampRow(id=id, name=id, cabinet="box", lamp_group="night", watt=36, pole_height_m=6.0,
                            installed=date(2025, 7, 7), **where)
                )  # fmt: skip
                session.add(Sensor(id=f"{id}-s", device="pi", kind="lamp", name=id, lamp=id))
        store = SqliteStore(folder / "store")
        at = NOW - timedelta(minutes=1)
        store.write(
            [
                Lamp(sensor="full-s", t=at, on=True, level_pct=100.0, power_w=36.0, faults=()),
                Lamp(sensor="dimmed-s", t=at, on=True, level_pct=50.0, faults=()),
                Lamp(sensor="off-s", t=at, on=False, level_pct=100.0, faults=("dimmingFailure",)),
                Lamp(sensor="broken-s", t=at, on=True, faults=("lampFailure", "lampPowerTooHigh")),
                Lamp(sensor="silent-s", t=at - timedelta(hours=5), on=True, faults=()),
                Lamp(sensor="mute-s", t=at, on=True),
                Lamp(sensor="dark-s", t=at, on=True, level_pct=100.0, power_w=0.0, faults=()),
                Lamp(sensor="blind-s", t=at, power_w=None, voltage_v=231.0),
                Lamp(sensor="placeless-s", t=at, on=True, faults=()),
                Meter(sensor="box-el", t=at, medium="electricity", power_w=110.0, import_wh=250_000.0,
                      voltage_v=(231.0, 229.0, 230.0), current_a=(0.5,)),
            ]
        )  # fmt: skip
        quarter = int(NOW.timestamp() * 1e6) // QUARTER_US * QUARTER_US - QUARTER_US
        columns = {"n": np.array([12.0]), "sum_kmh": np.array([12 * 47.5])}
        tags = {"direction": "toward", "vehicle_class": ""}
        store.replace_bins(
            "traffic", "radar", quarter, quarter + 1, [Bins("traffic", "radar", np.array([quarter]), columns, tags)]
        )
        directory = DirectorySource(registry)()
        context = ApiContext(store, registry, Book(registry), ApiSettings(), lambda: NOW)
        found = {
            kind: entities(kind, store, directory, NOW, CPH, lambda: town_now(context, directory))  # type: ignore[arg-type]
            for kind in SCHEMAS
        }
        store.close()
    return found


def by_id(told: dict[str, tuple[list[dict[str, Any]], int]], kind: EntityType) -> dict[str, dict[str, Any]]:
    return {one["id"].rpartition(":")[2]: one for one in told[kind][0]}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_entity_keeps_its_model(told: Any, kind: str) -> None:
    if not SCHEMAS[kind].is_file():
        pytest.skip("no Smart Data Models: set BYPULS_REAL_DATA to the real data")
    common = Resource.from_contents(COMMON, default_specification=DRAFT202012)

    def retrieve(uri: str) -> Resource[Any]:
        assert uri.endswith("/common-schema.json")
        return common

    schema = json.loads(SCHEMAS[kind].read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema, registry=Registry(retrieve=retrieve))
    assert told[kind][0]
    for entity in told[kind][0]:
        validator.validate(entity)
    # The schema is one that can say no.
    assert not validator.is_valid({**told[kind][0][0], "type": "Else"})
    assert not validator.is_valid({**told[kind][0][0], "location": {"type": "Point"}})


def test_a_light_is_what_it_says(told: Any) -> None:
    found = by_id(told, "Streetlight")
    # One is seen burning at night without a diagnosis. One is dark at night without an alarm that confirms it yet.
    assert set(found) == {"full", "dimmed", "off", "broken", "mute"}
    assert told["Streetlight"][1] == 4  # silent, suspected, without a word on its light, without a place
    states = {id: (one["powerState"], one["status"], one.get("illuminanceLevel")) for id, one in found.items()}
    assert states == {
        "full": ("on", "ok", 1.0),
        "dimmed": ("low", "ok", 0.5),
        "off": ("off", "brokenLantern", 0.0),
        "mute": ("on", "ok", None),
        "broken": ("on", "defectiveLamp", None),
    }
    assert found["full"]["dateLastLampChange"] == "2025-07-06T22:00:00Z"
    assert found["full"]["refStreetlightControlCabinet"] == "urn:ngsi-ld:StreetlightControlCabinet:box"
    assert "powerConsumption" not in found["dimmed"]
    assert found["full"]["location"]["coordinates"] == [12.36, 55.73]


def test_a_cabinet_has_its_meter_behind_the_transformer(told: Any) -> None:
    found = by_id(told, "StreetlightControlCabinet")
    assert set(found) == {"box"}
    assert told["StreetlightControlCabinet"][1] == 1
    box = found["box"]
    assert (box["totalActivePower"], box["lastMeterReading"]) == (1.1, 2500.0)
    assert (box["voltageT"], box["intensityR"], "intensityS" in box) == (230.0, 5.0, False)
    assert box["refStreetlightGroup"] == ["urn:ngsi-ld:StreetlightGroup:night"]


def test_a_street_that_nobody_watched_has_no_traffic(told: Any) -> None:
    found = by_id(told, "TrafficFlowObserved")
    assert set(found) == {"street"}
    assert told["TrafficFlowObserved"][1] == 1
    assert (found["street"]["intensity"], found["street"]["averageVehicleSpeed"]) == (12.0, 47.5)
    assert found["street"]["dateObserved"] == "2026-01-10T19:45:00Z/2026-01-10T20:00:00Z"


def test_states_and_faults_that_are_not_known_are_none() -> None:
    assert power_state(None, 50.0) is None
    assert power_state(True, None) == "on"
    assert status_of(()) == "ok"
    assert status_of(("supplyLoss",)) is None
    assert status_of(("communicationFailure", "highTemperature")) == "brokenLantern"
