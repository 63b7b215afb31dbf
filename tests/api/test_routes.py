"""Every route: what it tells, what it tells of nothing, and what it refuses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bypuls.api import ApiSettings, create_app
from bypuls.store.book import Book, Letter, Taken
from bypuls.store.protocol import Misconfigured, Unavailable
from bypuls.store.registry import create_key, open_registry
from bypuls.store.sqlite import SqliteStore

PATHS = (
    "/health", "/version", "/sites", "/cabinets", "/lamps", "/buildings", "/sensors", "/devices", "/latest",
    "/series?sensor=hall-el", "/readings?sensor=hall-el", "/today", "/traffic", "/traffic/high-street/summary",
    "/energy", "/energy/hall", "/climate", "/climate/house", "/ledger", "/sites/high-street", "/cabinets/cabinet-1",
    "/lamps/lamp-1", "/buildings/hall", "/sensors/hall-el", "/devices/pi-1",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_route_answers(client: Any, path: str) -> None:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", PATHS)
def test_every_route_has_a_shape_and_an_example(client: Any, path: str) -> None:
    schema = client.told("/openapi.json")
    named = f"/api/v1{path.partition('?')[0]}"
    fitting = [one for one in schema["paths"] if len(one.split("/")) == len(named.split("/")) and _fits(one, named)]
    assert fitting
    shape = schema["paths"][fitting[0]]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert "$ref" in shape


def _fits(template: str, path: str) -> bool:
    return all(a == b or a.startswith("{") for a, b in zip(template.split("/"), path.split("/"), strict=True))


@pytest.mark.parametrize(
    "path", ["/sites", "/cabinets", "/lamps", "/buildings", "/devices", "/traffic", "/energy", "/climate"]
)
def test_an_empty_registry_gives_empty_lists(make_client: Any, tmp_path: Any, place_registry: Any, path: str) -> None:
    with open_registry(place_registry(tmp_path)) as registry:
        store = SqliteStore(tmp_path / "store")

        open_settings = ApiSettings(open_on_loopback=True)
        client = make_client(
            address="::1", host="localhost", settings=open_settings, registry=registry, store=store, book=Book(registry)
        )
        assert client.told(path)["items"] == []
        page = client.get("/", headers={"Accept-Language": "en"})
        assert "No sensors are registered yet" in page.text
        store.close()


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/sites/nope", "id"), ("/lamps/nope", "id"), ("/cabinets/nope", "id"), ("/buildings/nope", "id"),
        ("/sensors/nope", "id"), ("/devices/nope", "id"), ("/energy/nope", "building"), ("/climate/nope", "target"),
        ("/traffic/nope/summary", "site"), ("/latest?sensor=nope", "sensor"), ("/readings?sensor=nope", "sensor"),
    ],
)  # fmt: skip
def test_an_unknown_id_is_not_found(client: Any, path: str, field: str) -> None:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["field"] == field
    assert answer.json()["errors"][0]["value"] == "nope"


@pytest.mark.parametrize(
    "path",
    [
        "/sites/%2e%2e", "/sites/A", "/sites/a%00", "/lamps/a%0Ab", "/sensors?limit=0", "/sensors?limit=1001",
        "/sensors?offset=-1", "/sensors?kind=x;y", "/sensors?kind=radar", "/latest?site=../x", "/sites?limt=1",
        "/ledger?device=B!",
        "/traffic/high-street/summary?direction=up", "/traffic/high-street/summary?from=2001-01-01&to=2020-01-01",
        "/readings?sensor=hall-el&from=2025-01-01&to=2025-06-01", "/today?from=tomorrow",
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused(client: Any, path: str) -> None:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 422, answer.text
    fault = answer.json()["errors"][0]
    assert fault["field"]
    assert fault["expected"]


def test_pages_of_a_list(client: Any) -> None:
    whole = client.told("/sensors")
    parts = [client.told("/sensors", limit=3, offset=at)["items"] for at in range(0, 12, 3)]
    assert whole["total"] == 10
    assert [row for part in parts for row in part] == whole["items"]


def test_the_newest_reading_and_the_silent_ones(client: Any) -> None:
    found = {row["sensor"]: row for row in client.told("/latest")["items"]}
    assert found["hall-el"] | {"name": ""} == {
        "sensor": "hall-el", "kind": "meter", "name": "", "asset_kind": "building", "asset": "hall",
        "medium": "electricity", "state": "current", "stale": False, "t": "2026-03-30T10:06:00Z", "age_s": 60.0,
        "silent_after_s": 180.0, "withheld": False, "last_values": None,
        "values": {"medium": "electricity", "import_wh": 1e6, "power_w": 1200.0},
    }  # fmt: skip
    silent = found["hall-heat"]
    assert (silent["state"], silent["stale"], silent["values"]) == ("silent", True, None)
    assert silent["last_values"]["import_wh"] == 5e6
    assert (found["lamp-2"]["state"], found["lamp-2"]["t"], found["lamp-2"]["age_s"]) == ("never", None, None)


def test_a_single_passage_needs_the_scope_export(make_client: Any, town: Any, client: Any) -> None:
    (withheld,) = client.told("/latest", sensor="radar")["items"]
    assert (withheld["withheld"], withheld["values"], withheld["t"]) == (True, None, "2026-03-30T10:06:00Z")
    refused = client.get("/api/v1/readings?sensor=radar")
    assert refused.status_code == 403
    assert "43.5" not in refused.text
    exporting = make_client(key=town.keys["read export"])
    assert exporting.told("/readings", sensor="radar")["items"][0]["speed_kmh"] == 43.5
    assert exporting.told("/latest", sensor="radar")["items"][0]["values"]["speed_kmh"] == 43.5


def test_readings_go_on_where_they_stopped(client: Any) -> None:
    whole = client.told("/readings", sensor="hall-el")
    assert whole["items"] == [
        {"t": "2026-03-30T10:06:00Z", "medium": "electricity", "import_wh": 1e6, "power_w": 1200.0}
    ]
    assert whole["next"] is None


def test_a_device_says_how_it_is(client: Any) -> None:
    good, silent = client.told("/devices")["items"]
    assert (good["state"], good["outbox_rows"], good["failing"], good["online"]) == ("current", 3, ["station"], None)
    # What a silent device waited with hours ago isn't what it waits with now.
    assert (silent["state"], silent["outbox_rows"], silent["t"]) == ("silent", None, "2026-03-30T04:07:00Z")


def test_status_messages_and_the_broker_where_somebody_listens(make_client: Any, town: Any) -> None:
    client = make_client(key=town.keys["read"], online=lambda: {"pi-1": True}, broker_up=lambda: False)
    assert [device["online"] for device in client.told("/devices")["items"]] == [True, None]
    health = client.told("/health")
    assert (health["broker"], health["status"]) == ("unavailable", "degraded")


class BrokenStore:
    """A store that is down, or set up wrongly."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any, **__: Any) -> Any:
            raise self.error

        return fail


@pytest.mark.parametrize(
    ("error", "store"),
    [(Unavailable("disk full at /srv/secret", 7.0), "unavailable"), (Misconfigured("token=hunter2"), "misconfigured")],
)
def test_a_store_that_fails_is_said_without_its_secrets(
    make_client: Any, town: Any, error: Exception, store: str
) -> None:
    client = make_client(key=town.keys["read"], store=BrokenStore(error))
    health = client.get("/api/v1/health")
    assert (health.status_code, health.json()["store"], health.json()["status"]) == (503, store, "down")
    # Climate isn't among them: what years came to is kept in the registry's database.
    for path in ("/latest", "/series?sensor=hall-el", "/traffic", "/energy"):
        answer = client.get(f"/api/v1{path}")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert "hunter2" not in answer.text
        assert "/srv/secret" not in answer.text
    if store == "unavailable":
        assert client.get("/api/v1/latest").headers["retry-after"] == "7"


def test_an_unexpected_error_tells_nothing(make_client: Any, town: Any) -> None:
    client = make_client(key=town.keys["read"], store=BrokenStore(RuntimeError("hunter2")))
    answer = client.get("/api/v1/latest")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:bypuls:problem:internal")
    assert "hunter2" not in answer.text


def test_the_energy_of_a_building_counts_each_kwh_once(client: Any) -> None:
    got = client.told("/energy/hall", every="day", **{"from": "2026-03-10", "to": "2026-03-12"})
    assert {meter["sensor"]: meter["sign"] for meter in got["meters"]} == {
        "hall-el": 1, "hall-el-tenant": -1, "hall-heat": 1,
    }  # fmt: skip
    first = int(datetime(2026, 3, 9, 23, tzinfo=UTC).timestamp()) // 900
    expected = [
        sum(200 + (q * 7919) % 173 - 30 for q in range(first + 96 * day, first + 96 * (day + 1))) / 1000
        for day in (0, 1)
    ]
    assert got["columns"]["electricity_kwh"] == pytest.approx(expected)
    assert got["media"]["electricity"]["kwh"] == pytest.approx(sum(expected))
    assert got["media"]["heat"]["kwh"] == pytest.approx(96.0)
    assert got["eui_kwh_m2"] == pytest.approx((sum(expected) + 96.0) / 1000)
    assert got["coverage"] == 1.0


def test_a_gap_of_energy_stands_apart(client: Any) -> None:
    got = client.told("/energy/hall", every="day", **{"from": "2025-05-01", "to": "2025-05-02"})
    electricity = got["media"]["electricity"]
    assert electricity["gap_kwh"] == 0.512
    # The tenant's meter, which is to be subtracted, wasn't there yet: nobody misses it.
    assert electricity["coverage"] == pytest.approx(94 / 96)


def test_all_buildings_over_a_period(client: Any) -> None:
    got = client.told("/energy", **{"from": "2026-03-10", "to": "2026-03-12"})
    hall, shed = got["items"]
    assert hall["total_kwh"] == client.told("/energy/hall", **{"from": "2026-03-10", "to": "2026-03-12"})["total_kwh"]
    assert (shed["media"], shed["total_kwh"], shed["coverage"], shed["eui_kwh_m2"]) == ({}, None, None, None)


def vehicles(quarter: int, direction: str) -> list[int]:
    return [35 + (quarter * 31 + i * 17 + (5 if direction == "away" else 0)) % 21 for i in range(quarter % 4)]


def test_a_street_is_held_against_the_limit_of_each_day(client: Any) -> None:
    got = client.told("/traffic/high-street/summary", **{"from": "2025-05-31", "to": "2025-06-05"})
    start = int(datetime(2025, 5, 30, 22, tzinfo=UTC).timestamp()) // 900
    change = start + 2 * 96
    n = over = 0
    for quarter in range(start, start + 5 * 96):
        for direction in ("toward", "away"):
            seen = vehicles(quarter, direction)
            n += len(seen)
            over += sum(edge > (50 if quarter < change else 40) for edge in seen)
    assert (got["n"], got["over_limit_n"]) == (n, over)
    assert got["limit_kmh"] is None
    assert [row["limit_kmh"] for row in got["limits"]] == [50, 40]
    assert got["limits"][1]["start"] == "2025-06-02T00:00:00+02:00"
    assert sum(one["n"] for one in got["by_direction"].values()) == n
    one = client.told("/traffic/high-street/summary", direction="away", **{"from": "2025-05-31", "to": "2025-06-05"})
    assert one["n"] == got["by_direction"]["away"]["n"]
    assert one["v85_kmh"] == got["by_direction"]["away"]["v85_kmh"]


def test_streets_of_this_week(client: Any) -> None:
    (street,) = client.told("/traffic")["items"]
    assert (street["site"], street["limit_kmh"]) == ("high-street", 40)
    assert street["start"] == "2026-03-30T00:00:00+02:00"
    assert street["v85_over_limit_kmh"] == street["v85_kmh"] - 40
    # The radar's device was well for all whole quarters: 40 of 41 begun.
    assert street["coverage"] == pytest.approx(48 / 49)


def test_a_street_without_a_sensor_is_unknown(client: Any) -> None:
    got = client.told("/traffic/quiet-lane/summary")
    assert (got["n"], got["v85_kmh"], got["coverage"], got["sensors"]) == (None, None, None, [])


def test_the_road_to_a_target(client: Any) -> None:
    got = client.told("/climate/house")
    years = {row["year"]: row for row in got["accounts"]}
    assert sorted(years) == [2023, 2024, 2025]
    start = int(datetime(2023, 12, 31, 23, tzinfo=UTC).timestamp()) // 900
    kwh = sum(200 + (q * 7919) % 173 for q in range(start, start + 366 * 96)) / 1000
    assert years[2024]["media"]["electricity"]["kwh"] == pytest.approx(kwh)
    assert years[2024]["media"]["heat"]["emitted_t"] == pytest.approx(366 * 96 * 0.5 * 0.1 / 1000)
    assert years[2024]["emitted_t"] == pytest.approx(kwh * 0.2 / 1000 + 366 * 96 * 0.5 * 0.1 / 1000)
    # 2018 → 2030, 7 of 12 years: 20 · (1 − 0.85 · 7/12).
    assert got["trajectory"]["tonnes"][got["trajectory"]["year"].index(2025)] == pytest.approx(20 * (1 - 0.85 * 7 / 12))
    assert (got["status"], got["status_year"], got["reasons"]) == ("on track", 2025, [])
    assert got["scope_share"] == 1.0
    assert got["reached_reduction"] == pytest.approx(1 - years[2025]["emitted_t"] / 20)
    assert got["required_t_per_year"] == pytest.approx((years[2025]["emitted_t"] - 3.0) / 5)
    # 2019 to 2022 aren't known, so neither is what is left of the budget.
    assert got["remaining_budget_t"] is None


def test_a_year_that_is_measured_in_part_is_no_reduction(make_client: Any, town: Any) -> None:
    later = make_client(key=town.keys["read"], clock=lambda: datetime(2027, 5, 1, tzinfo=UTC))
    got = later.told("/climate/house")
    assert got["status"] == "insufficient data"
    assert {"completeness", "emission unknown"} <= {reason["code"] for reason in got["reasons"]}
    assert (got["status_year"], got["reached_reduction"], got["required_t_per_year"]) == (2026, None, None)
    assert got["completeness"] < 0.3


def test_a_target_without_a_baseline_says_so(client: Any) -> None:
    got = client.told("/climate/town")
    assert (got["status"], got["trajectory"]) == ("insufficient data", None)
    assert got["reasons"][0]["code"] == "baseline"


def test_today_ends_where_the_quarters_end(client: Any) -> None:
    got = client.told("/today")
    assert got["rows"] == 96
    vehicles_n = got["columns"]["vehicles_n"]
    assert all(value is not None for value in vehicles_n[:48])
    assert vehicles_n[48:] == [None] * 48
    sunday = client.told("/today", **{"from": "2026-03-29"})
    assert sunday["rows"] == 92


def test_the_ledger_and_dead_letters(make_client: Any, tmp_path: Any, place_registry: Any) -> None:

    now = datetime(2026, 3, 30, 9, 30, tzinfo=UTC)
    with open_registry(place_registry(tmp_path), clock=lambda: now) as registry:
        key = create_key(registry, "admin", ["admin"])
        book = Book(registry)
        now_us = int(now.timestamp() * 1e6)
        letters = [
            Letter("pi-1", "speed_kmh: 903 — expected 0 … 400", b'{"a":1}', "e1", 3),
            Letter("pi-1", "bytes", b"\xff\x00"),
        ]
        book.take([Taken("pi-1", "e1", 1, 10, (3,)), Taken("pi-1", "e1", 15, 20)], letters, [], now_us)
        client = make_client(key=key, registry=registry, book=book)
        got = client.told("/ledger", device="pi-1")
        (epoch,) = got["epochs"]
        assert (epoch["first"], epoch["last"], epoch["stored"], epoch["refused"], epoch["missing"]) == (1, 20, 15, 1, 4)
        assert got["hours"] == [
            {"device": "pi-1", "epoch": "e1", "hour": "2026-03-30T09:00:00Z", "received": 16, "stored": 15,
             "duplicate": 0, "refused": 1}
        ]  # fmt: skip
        assert client.told("/ledger", to="2026-03-01")["hours"] == []
        second, first = client.told("/dead-letters")["items"]
        assert (first["text"], first["seq"], first["reason"]) == ('{"a":1}', 3, "speed_kmh: 903 — expected 0 … 400")
        assert (second["text"], second["base64"]) == (None, "/wA=")
        assert client.told("/health")["dead_letters"] == 2


def test_metrics_for_prometheus(client: Any) -> None:
    client.told("/version")
    text = client.get("/api/v1/metrics").text
    assert 'bypuls_api_requests_total{method="GET",route="/api/v1/version",status="200"}' in text
    assert "bypuls_newest_reading_age_seconds 43.0" in text
    assert "bypuls_sensors_silent 5.0" in text


def test_events_come_and_listeners_are_bounded(serve: Any, town: Any) -> None:

    settings = ApiSettings(open_on_loopback=True, live_every_s=0.05, most_live_clients=1)
    address = serve(create_app(replace(town.context, settings=settings)))
    with httpx.Client(base_url=address, timeout=5.0) as listener, listener.stream("GET", "/api/v1/live") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        lines = events.iter_lines()
        assert next(lines) == "event: latest"
        assert '"sensor":"hall-el"' in next(lines)
        assert next(lines) == ""
        assert next(lines) == "event: latest"
        refused = listener.get("/api/v1/live")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")


def test_figures_of_another_moment_follow_the_clock(make_client: Any, town: Any) -> None:
    later = make_client(key=town.keys["read"], clock=lambda: town.context.clock() + timedelta(hours=1))
    (row,) = later.told("/latest", sensor="hall-el")["items"]
    assert (row["state"], row["age_s"]) == ("silent", 3660.0)
