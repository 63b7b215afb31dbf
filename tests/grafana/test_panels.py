"""Every query of every panel and variable on a real InfluxDB with a town in it: rows, columns and right numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.grafana.boards.frame import PAGE_URL, Ways
from bypuls.grafana.boards.overview import overview
from bypuls.grafana.flux import Buckets
from bypuls.grafana.panels import buildings, devices, lamps, lights, platform, portfolio, sites, traffic
from bypuls.grafana.rendering import BOARDS
from bypuls.store.influx import InfluxSettings, InfluxStore
from bypuls.store.protocol import Bins
from bypuls.wire import to_us
from bypuls.wire.bins import QUARTER_US

Json = dict[str, Any]
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
Reader = Any  # of conftest.py: asks as Grafana would


def plain(message: str) -> str:
    """English, as it is written."""
    return message


def query_of(panel: Json, ref: str = "A") -> str:
    """A panel's query."""
    return next(str(target["query"]) for target in panel["targets"] if target["refId"] == ref)


def expected_columns(panel: Json) -> set[str]:
    """What a panel of this type needs in its answers."""
    if panel["type"] == "table":
        return {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
    return {"_value"} if panel["type"] == "stat" else {"_time", "_value", "name"}


# What a dashboard of one site or building is opened with.
CHOSEN = {"site": {"site": "hareskovvej"}, "building": {"building": "maaloev-skole"}}


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("name", sorted(BOARDS))
def test_every_panel_has_rows_with_its_columns(town_data: Any, reader: Reader, name: str, language: str) -> None:
    board = BOARDS[name](language, town_data.buckets, PAGE_URL)
    for panel in board["panels"]:
        if panel["type"] == "row":
            continue
        answers = [reader.rows(target["query"], **CHOSEN.get(name, {})) for target in panel["targets"]]
        assert all(answers), f"{panel['title']}: nothing there"
        assert expected_columns(panel) <= set().union(*(answer[0] for answer in answers)), panel["title"]
        if panel["type"] == "stat":
            assert len(answers[0]) == 1, f"{panel['title']}: one number"
            assert panel["fieldConfig"]["defaults"]["mappings"] or float(answers[0][0]["_value"]) > -1e9
        if panel["type"] == "timeseries":
            for answer in answers:
                points = [(row["name"], row["_time"]) for row in answer]
                assert len(set(points)) == len(points), f"{panel['title']}: two points at once"
                assert all(row["name"] and row["_value"] for row in answer), panel["title"]


def test_nothing_in_the_store_is_nothing_to_see_not_an_error(
    make_reader: Any, influx_server: Any, town_data: Any
) -> None:
    buckets = Buckets("grafana_empty", "grafana_empty_rollup")
    store = InfluxStore(
        InfluxSettings(influx_server.url, influx_server.token, influx_server.org, buckets.raw, buckets.rollup)
    )
    store.setup()
    store.close()
    reader = make_reader(influx_server, town_data.start, town_data.end)
    for make in BOARDS.values():
        board = make("en", buckets, PAGE_URL)
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                assert reader.rows(target["query"]) == [], panel["title"]
        assert not any(reader.rows(mark["target"]["query"]) for mark in board["annotations"]["list"])
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                assert reader.rows(variable["query"]) == []


def test_variables_give_names_with_ids(town_data: Any, reader: Reader) -> None:
    board = overview("en", town_data.buckets)
    values = {}
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            # Grafana's pattern is JavaScript's: /^(?<text>.*)…/
            pattern = re.compile(variable["regex"].strip("/").replace("(?<", "(?P<"))
            found = [pattern.fullmatch(row["_value"]) for row in reader.rows(variable["query"])]
            values[variable["name"]] = {match["value"]: match["text"] for match in found if match}
    assert values["site"] == {street.id: street.name for street in town_data.town.streets.values()}
    assert values["building"]["maaloev-skole"] == "Måløv Skole"
    assert set(values["building"]) == set(town_data.town.buildings) - {"raadhus"}


def test_a_chosen_site_is_shown_alone(town_data: Any, reader: Reader) -> None:
    for panel in (traffic.volumes, traffic.mean_speeds, traffic.daily_volumes):
        rows = reader.rows(query_of(panel(plain, town_data.buckets)), site="hareskovvej|lautrupparken")
        assert {row["name"] for row in rows} == {"Hareskovvej", "Lautrupparken"}


def days(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Local days of the range, the last one as far as it goes."""
    first = start.astimezone(COPENHAGEN).replace(hour=0, minute=0, second=0, microsecond=0)
    edges = [(first + timedelta(days=i)).astimezone(UTC) for i in range(8)]
    return [(a, min(b, end)) for a, b in pairwise(edges) if a < end]


def test_vehicles_per_day_are_those_of_local_days(town_data: Any, reader: Reader, store: InfluxStore) -> None:
    rows = reader.rows(query_of(traffic.daily_volumes(plain, town_data.buckets)))
    shown = {row["_time"]: float(row["_value"]) for row in rows if row["name"] == "Hareskovvej"}
    expected = {}
    for first, last in days(town_data.start, town_data.end):
        table = store.bins("traffic", ["radar-hareskovvej"], to_us(first), to_us(last), ["n"])
        expected[f"{first:%Y-%m-%dT%H:%M:%SZ}"] = float(table.columns["n"].sum())
    assert shown == expected
    lengths = [(b - a) / timedelta(hours=1) for a, b in days(town_data.start, town_data.end)]
    assert 25 in lengths, "the day on which the clock goes back is among them"


def test_mean_speed_is_the_sum_of_speeds_over_vehicles(town_data: Any, reader: Reader, store: InfluxStore) -> None:
    table = store.bins(
        "traffic", ["radar-hareskovvej"], to_us(town_data.start), to_us(town_data.end), ["n", "sum_kmh", "max_kmh"]
    )
    mean = float(np.nansum(table.columns["sum_kmh"]) / np.nansum(table.columns["n"]))
    rows = reader.rows(query_of(traffic.sites(plain, town_data.buckets)))
    [row] = [row for row in rows if row["name"] == "Hareskovvej"]
    assert float(row["mean_kmh"]) == pytest.approx(mean, abs=1e-9)
    assert float(row["max_kmh"]) == np.nanmax(table.columns["max_kmh"])
    assert float(row["limit_kmh"]) == 60
    hours = reader.rows(query_of(traffic.mean_speeds(plain, town_data.buckets)))
    per_hour = store.bins(
        "traffic",
        ["radar-hareskovvej"],
        to_us(town_data.start),
        to_us(town_data.end),
        ["n", "sum_kmh"],
        every_s=3600,
    )
    known = per_hour.columns["n"] > 0
    expected = per_hour.columns["sum_kmh"][known] / per_hour.columns["n"][known]
    shown = [float(row["_value"]) for row in hours if row["name"] == "Hareskovvej"]
    assert shown == pytest.approx(expected.tolist(), abs=1e-9)


def test_a_sensor_that_only_counts_changes_no_mean_speed(make_reader: Any, town_data: Any, influx_server: Any) -> None:
    buckets = Buckets("grafana_counts", "grafana_counts_rollup")
    store = InfluxStore(
        InfluxSettings(influx_server.url, influx_server.token, influx_server.org, buckets.raw, buckets.rollup)
    )
    store.setup()
    at = np.array([to_us(town_data.start) + 4 * QUARTER_US], dtype=np.int64)
    one = np.ones(1)
    both = {"n": 10 * one, "sum_kmh": 500 * one, "max_kmh": 70 * one}
    for sensor, columns in (("radar", both), ("tube", {"n": 90 * one})):
        block = Bins("traffic", sensor, at, columns, {"direction": "toward"}, asset="bridge")
        store.replace_bins("traffic", sensor, int(at[0]), int(at[0]) + QUARTER_US, [block])
    store.close()
    reader = make_reader(influx_server, town_data.start, town_data.end)
    [row] = reader.rows(query_of(traffic.sites(plain, buckets)))
    assert (row["name"], float(row["vehicles"]), float(row["mean_kmh"])) == ("bridge", 100, 50)
    assert row["limit_kmh"] == "", "a limit that the registry doesn't hold is unknown, not 0"
    [hour] = reader.rows(query_of(traffic.mean_speeds(plain, buckets)))
    assert (hour["name"], float(hour["_value"])) == ("bridge", 50)


def test_energy_of_a_building_is_its_meters(town_data: Any, reader: Reader, store: InfluxStore) -> None:
    rows = reader.rows(query_of(buildings.buildings(plain, town_data.buckets)))
    by_name = {row["name"]: row for row in rows}
    assert set(by_name) == {one.name if one.id != "raadhus" else one.id for one in town_data.town.buildings.values()}, (
        "buildings alone; one that the registry hasn't written goes by its id"
    )
    span = to_us(town_data.start), to_us(town_data.end)
    school = by_name["Måløv Skole"]
    used = {}
    for medium in ("electricity", "heat"):
        table = store.bins("meter", [f"maaloev-skole-{medium}"], *span, ["import_wh_delta"])
        used[medium] = float(table.columns["import_wh_delta"].sum()) / 1000
        assert float(school[medium]) == pytest.approx(used[medium], rel=1e-12)
    assert school["gas"] == "", "no gas meter: unknown, not 0"
    assert float(school["kwh_m2"]) == pytest.approx(sum(used.values()) / 9800, rel=1e-12)
    water = store.bins("meter", ["raadhus-water"], *span, ["volume_m3_delta"]).columns["volume_m3_delta"].sum()
    assert float(by_name["raadhus"]["water"]) == pytest.approx(water)
    assert by_name["raadhus"]["kwh_m2"] == "", "no area, no figure per m²"


def test_the_chosen_medium_is_shown_of_buildings_alone(town_data: Any, reader: Reader) -> None:
    for panel in (buildings.energy_by_building, buildings.load):
        query = query_of(panel(plain, town_data.buckets))
        gas = {row["name"] for row in reader.rows(query, medium="gas")}
        assert gas == {"Børnehuset Rosenhuset", "Kulturhuset", "Materielgården"}
        electricity = {row["name"] for row in reader.rows(query)}
        assert len(electricity) == 12
        assert not any("Cabinet" in name for name in electricity)


def test_energy_beside_the_year_before(town_data: Any, reader: Reader, store: InfluxStore) -> None:
    rows = reader.rows(query_of(buildings.against_last_year(plain, town_data.buckets)))
    by_name = {row["name"]: row for row in rows}
    assert set(by_name) == {"Electricity", "District heating", "Gas"}
    meters = [one.id for one in town_data.town.sensors.values() if one.medium == "gas"]
    for column, back in (("kwh", timedelta(0)), ("before_kwh", timedelta(weeks=52))):
        span = to_us(town_data.start - back), to_us(town_data.end - back)
        table = store.bins("meter", meters, *span, ["import_wh_delta"])
        expected = float(table.columns["import_wh_delta"].sum()) / 1000
        assert float(by_name["Gas"][column]) == pytest.approx(expected, rel=1e-9)
    gas = by_name["Gas"]
    assert float(gas["change"]) == pytest.approx((float(gas["kwh"]) / float(gas["before_kwh"]) - 1) * 100)


def test_targets_are_the_registrys(town_data: Any, reader: Reader) -> None:
    [row] = reader.rows(query_of(buildings.targets(plain, town_data.buckets)))
    assert (row["name"], float(row["tonnes"])) == ("85 % mindre CO₂ i 2030", 210)


def test_what_a_register_gained_over_a_gap_counts(make_reader: Any, town_data: Any, influx_server: Any) -> None:
    buckets = Buckets("grafana_gap", "grafana_gap_rollup")
    store = InfluxStore(
        InfluxSettings(influx_server.url, influx_server.token, influx_server.org, buckets.raw, buckets.rollup)
    )
    store.setup()
    at = np.array([to_us(town_data.start) + 4 * QUARTER_US], dtype=np.int64)
    columns = {"import_wh_delta": np.array([1000.0]), "import_wh_gap": np.array([5000.0])}
    block = Bins("meter", "m", at, columns, {"medium": "heat"}, asset="hall")
    store.replace_bins("meter", "m", int(at[0]), int(at[0]) + QUARTER_US, [block])
    store.close()
    reader = make_reader(influx_server, town_data.start, town_data.end)
    [row] = reader.rows(query_of(buildings.energy_by_medium(plain, buckets)))
    assert (row["name"], float(row["_value"])) == ("District heating", 6)
    [row] = reader.rows(query_of(buildings.energy_by_building(plain, buckets)), medium="heat")
    assert (row["name"], float(row["_value"])) == ("hall", 6)


def test_street_lights_power_is_their_energy_by_hour(town_data: Any, reader: Reader, store: InfluxStore) -> None:
    lamps = [one.id for one in town_data.town.sensors.values() if one.kind == "lamp"]
    cabinets = [one.id for one in town_data.town.sensors.values() if one.cabinet_meter]
    panel = lights.power(plain, town_data.buckets)
    span = to_us(town_data.start), to_us(town_data.end)
    for ref, kind, sensors, field in (
        ("A", "lamp", lamps, "energy_wh_delta"),
        ("B", "meter", cabinets, "import_wh_delta"),
    ):
        table = store.bins(kind, sensors, *span, [field], every_s=3600)
        hours, index = np.unique(table.t_us, return_inverse=True)
        expected = np.bincount(index, weights=table.columns[field])
        shown = [float(row["_value"]) for row in reader.rows(query_of(panel, ref))]
        assert len(shown) == len(hours)
        assert shown == pytest.approx(expected.tolist(), rel=1e-9)


def test_lamps_with_a_fault_are_counted_and_named(make_reader: Any, town_data: Any, reader: Reader) -> None:
    rows = reader.rows(query_of(lights.faulty_by_day(plain, town_data.buckets)))
    by_day = {row["_time"]: int(row["_value"]) for row in rows}
    # Lamp 4.05 is dead up to 25 October; later days are 0, not missing.
    assert by_day == {
        "2025-10-23T22:00:00Z": 1,
        "2025-10-24T22:00:00Z": 1,
        "2025-10-25T22:00:00Z": 0,
        "2025-10-26T23:00:00Z": 0,
        "2025-10-27T23:00:00Z": 0,
    }
    [row] = reader.rows(query_of(lights.faults(plain, town_data.buckets)))
    assert (row["name"], row["faults"], row["_time"]) == ("lamp-4-05", "lampFailure", "2025-10-25T21:45:00Z")
    [now] = reader.rows(query_of(lights.faulty_now(plain, town_data.buckets)))
    assert int(now["_value"]) == 0
    morning = make_reader(town_data.server, town_data.start, town_data.start + timedelta(hours=8))
    [then] = morning.rows(query_of(lights.faulty_now(plain, town_data.buckets)))
    assert int(then["_value"]) == 1, "the past is looked at by the range picker"


def test_devices_show_their_newest_health(town_data: Any, reader: Reader) -> None:
    panel = devices.devices(plain, town_data.buckets)
    numbers, heard, texts = (reader.rows(target["query"]) for target in panel["targets"])
    ids = set(town_data.town.devices)
    assert {row["sensor"] for row in numbers} == {row["sensor"] for row in heard} == ids
    assert {row["sensor"]: float(row["outbox_rows_max"]) for row in numbers} == {
        device: float(number) for number, device in enumerate(town_data.town.devices)
    }
    assert {row["heard"] for row in heard} == {"2025-10-28T14:00:00Z"}
    failing = {row["sensor"]: row["failing"] for row in texts if row["failing"]}
    assert failing == {next(iter(town_data.town.devices)): "radar-hareskovvej,radar-lautrupparken"}


def test_sensors_heard_are_the_towns(town_data: Any, reader: Reader) -> None:
    rows = reader.rows(query_of(devices.sensors_heard(plain, town_data.buckets)))
    newest = {row["name"]: int(row["_value"]) for row in rows}
    kinds = [sensor.kind for sensor in town_data.town.sensors.values()]
    assert newest == {
        "Vehicles": kinds.count("passage"),
        "Lamps": kinds.count("lamp"),
        "Meters": kinds.count("meter"),
        "Weather": kinds.count("weather"),
        "Devices": kinds.count("health"),
    }


def test_streets_stand_beside_their_limits(town_data: Any, reader: Reader) -> None:
    rows = reader.rows(query_of(sites.streets(plain, town_data.buckets, Ways("en"))))
    [row] = [row for row in rows if row["asset"] == "hareskovvej"]
    assert (row["name"], float(row["limit_kmh"]), row["heard"]) == ("Hareskovvej", 60, "2025-10-28T13:45:00Z")
    assert float(row["over_kmh"]) == pytest.approx(float(row["mean_kmh"]) - 60, abs=1e-9)


def test_directions_add_up_to_the_site(town_data: Any, reader: Reader, store: InfluxStore) -> None:
    rows = reader.rows(query_of(sites.by_direction(plain, town_data.buckets)), site="hareskovvej")
    assert {row["name"] for row in rows} == {"Towards the sensor", "Away from the sensor"}
    span = to_us(town_data.start), to_us(town_data.end)
    table = store.bins("traffic", ["radar-hareskovvej"], *span, ["n"])
    assert sum(float(row["_value"]) for row in rows) == float(table.columns["n"].sum())
    speeds = reader.rows(query_of(sites.speeds_and_limit(plain, town_data.buckets)), site="hareskovvej")
    assert {row["name"] for row in speeds} == {"Towards the sensor", "Away from the sensor"}
    line = reader.rows(query_of(sites.speeds_and_limit(plain, town_data.buckets), "B"), site="hareskovvej")
    assert [(row["name"], float(row["_value"])) for row in line] == [("Speed limit", 60)] * 2


def test_charts_of_a_large_town_show_the_ten_that_matter(make_reader: Any, town_data: Any, influx_server: Any) -> None:
    buckets = Buckets("grafana_large", "grafana_large_rollup")
    store = InfluxStore(
        InfluxSettings(influx_server.url, influx_server.token, influx_server.org, buckets.raw, buckets.rollup)
    )
    store.setup()
    at = np.array([to_us(town_data.start) + 4 * QUARTER_US], dtype=np.int64)
    for number in range(15):
        columns = {"n": np.array([float(number)]), "max_kmh": np.array([100.0 - number])}
        block = Bins("traffic", f"r{number}", at, columns, {"direction": "away"}, asset=f"s{number:02}")
        store.replace_bins("traffic", f"r{number}", int(at[0]), int(at[0]) + QUARTER_US, [block])
    store.close()
    reader = make_reader(influx_server, town_data.start, town_data.end)
    busy = reader.rows(query_of(sites.busiest(plain, buckets)))
    assert {row["name"] for row in busy} == {f"s{number:02}" for number in range(5, 15)}
    fast = reader.rows(query_of(sites.fastest(plain, buckets)))
    assert {row["name"] for row in fast} == {f"s{number:02}" for number in range(10)}


def test_lamps_and_cabinets_use_what_the_store_says(town_data: Any, reader: Reader, store: InfluxStore) -> None:
    span = to_us(town_data.start), to_us(town_data.end)
    rows = reader.rows(query_of(lamps.lamps(plain, town_data.buckets, Ways("en"))))
    sensors = [one.id for one in town_data.town.sensors.values() if one.kind == "lamp"]
    assert {row["asset"] for row in rows} == set(sensors)
    table = store.bins("lamp", sensors, *span, ["energy_wh_delta"])
    expected = float(table.columns["energy_wh_delta"].sum()) / 1000
    assert sum(float(row["kwh"]) for row in rows) == pytest.approx(expected, rel=1e-9)
    assert all(0 <= float(row["burning_h"]) < 24 * 5 for row in rows)
    cabinets = reader.rows(query_of(lamps.cabinets(plain, town_data.buckets, Ways("en"))))
    meters = [one for one in town_data.town.sensors.values() if one.cabinet_meter]
    assert {row["asset"] for row in cabinets} == {one.asset for one in meters}, "buildings' meters aren't among them"
    [one] = reader.rows(query_of(lamps.cabinets(plain, town_data.buckets, Ways("en"))), cabinet=str(meters[0].asset))
    table = store.bins("meter", [meters[0].id], *span, ["import_wh_delta"])
    assert float(one["kwh"]) == pytest.approx(float(table.columns["import_wh_delta"].sum()) / 1000, rel=1e-9)


def test_buildings_stand_beside_their_year_before(town_data: Any, reader: Reader) -> None:
    panel = portfolio.side_by_side(plain, town_data.buckets, Ways("en"))
    rows = {row["asset"]: row for row in reader.rows(query_of(panel), medium="electricity")}
    assert set(rows) == set(town_data.town.buildings), "cabinets aren't among them"
    school = rows["maaloev-skole"]
    assert school["name"] == "Måløv Skole"
    assert float(school["change"]) == pytest.approx((float(school["kwh"]) / float(school["before_kwh"]) - 1) * 100)
    assert float(school["kwh_m2"]) == pytest.approx(float(school["kwh"]) / float(school["area_m2"]))
    assert rows["raadhus"]["kwh_m2"] == "", "an area that the registry doesn't know is unknown"
    total = reader.rows(query_of(portfolio.total(plain, town_data.buckets, "electricity")))
    assert float(total[0]["_value"]) == pytest.approx(sum(float(row["kwh"]) for row in rows.values()))


def test_a_buildings_meters_add_up_to_it(town_data: Any, reader: Reader) -> None:
    chosen = {"building": "maaloev-skole"}
    rows = reader.rows(query_of(portfolio.meters(plain, town_data.buckets)), **chosen)
    meters = [one.id for one in town_data.town.sensors.values() if one.kind == "meter" and one.asset == "maaloev-skole"]
    assert {row["sensor"] for row in rows} == set(meters)
    by_day = reader.rows(query_of(portfolio.day_by_medium(plain, town_data.buckets)), **chosen)
    energy = sum(float(row["kwh"] or 0) for row in rows)
    assert sum(float(row["_value"]) for row in by_day) == pytest.approx(energy)


def test_silence_is_counted_from_the_end_of_the_time_range(make_reader: Any, town_data: Any, reader: Reader) -> None:
    buckets = town_data.buckets
    rows = reader.rows(query_of(platform.by_silence(plain, buckets, Ways("en"))))
    assert {row["sensor"] for row in rows} >= set(town_data.town.devices)
    # The range ends at 14:10; the newest bins of devices begin at 14:00, those of the radars at 13:45.
    seconds = {row["sensor"]: float(row["silent_s"]) for row in rows}
    assert seconds["radar-hareskovvej"] == 25 * 60
    assert {seconds[device] for device in town_data.town.devices} == {10 * 60}
    [now] = reader.rows(query_of(platform.silent(plain, buckets)))
    assert int(now["_value"]) == sum(silence > 3600 for silence in seconds.values())
    [behind] = reader.rows(query_of(platform.behind(plain, buckets)))
    assert float(behind["_value"]) == 0, "the newest quarter isn't over yet"
    later = make_reader(town_data.server, town_data.start, town_data.end + timedelta(hours=3))
    [then] = later.rows(query_of(platform.silent(plain, buckets)))
    assert int(then["_value"]) == len(seconds)
    [behind] = later.rows(query_of(platform.behind(plain, buckets)))
    assert float(behind["_value"]) == 3 * 3600 - 5 * 60
