"""Queries, set-up, rights and assets: what an InfluxDB is told and what it answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bypuls.store.influx import Asset, InfluxSettings, InfluxStore
from bypuls.store.protocol import Misconfigured, Unavailable


def test_a_query_broken_off_with_an_error_table_is_no_answer(fake: Any, make: Any) -> None:
    body = (
        b",result,table,_time,_value,_field,sensor\r\n,_result,0,2026-01-05T00:00:00Z,1,power_w,lamp-1\r\n\r\n"
        b",error,reference\r\n,memory allocation limit reached,\r\n\r\n"
    )
    fake.behave = fake.in_turn(fake.answer(200, body))
    with pytest.raises(Unavailable, match="memory allocation limit"):
        make().readings("lamp", "lamp-1", 0, 2**60)


def test_a_query_that_the_server_does_not_understand_is_misconfigured(fake: Any, make: Any) -> None:
    fake.behave = fake.in_turn(fake.answer(400, {"code": "invalid", "message": "compilation failed"}))
    with pytest.raises(Misconfigured, match="compilation failed"):
        make().readings("lamp", "lamp-1", 0, 2**60)


def test_an_answer_cut_short_is_unavailable(fake: Any, make: Any) -> None:
    fake.behave = fake.in_turn(fake.answer(200, b",result,table", Content_Length="5000", rude="204, then reset"))
    with pytest.raises(Unavailable):
        make(timeout_s=1.0).readings("lamp", "lamp-1", 0, 2**60)


def test_user_text_never_gets_into_a_query(fake: Any, make: Any) -> None:
    store = make()
    for evil in ('") |> to(bucket:"x', "a|b", "a b", ".*", "A", ""):
        with pytest.raises(ValueError, match="expected"):
            store.readings("lamp", evil, 0, 1)
        with pytest.raises(ValueError, match="expected"):
            store.latest("lamp", ["lamp-1", evil])
        with pytest.raises(ValueError, match="expected"):
            store.bins("lamp", [evil], 0, 1, ["n"])
        with pytest.raises(ValueError, match="expected"):
            store.delete_readings("lamp", 1, sensor=evil)
        with pytest.raises(ValueError, match="expected"):
            store.replace_bins("lamp", evil, 0, 1, [])
    assert fake.requests == []


def test_setting_up_a_2x_server_asks_for_the_organisation_and_makes_what_is_missing(fake: Any, make: Any) -> None:
    made: list[dict[str, Any]] = []

    def behave(path: str, _lines: list[str]) -> Any:
        query = parse_qs(urlsplit(path).query)
        if path.startswith("/api/v2/orgs"):
            return fake.answer(200, {"orgs": [{"id": "0123456789abcdef", "name": query["org"][0]}]})
        if path.startswith("/api/v2/buckets") and "name" in query:
            there = query["name"][0] == "bypuls"
            return fake.answer(200, {"buckets": [{"name": "bypuls", "retentionRules": []}] if there else []})
        made.append(json.loads(fake.bodies[-1]))
        return fake.answer(201, {"id": "1", "name": made[-1]["name"], "retentionRules": []})

    fake.behave = behave
    make().setup()
    assert [(one["name"], one["orgID"], one["retentionRules"]) for one in made] == [
        ("bypuls_rollup", "0123456789abcdef", [])
    ]


def test_a_missing_organisation_is_misconfigured(fake: Any, make: Any) -> None:
    fake.behave = fake.always(fake.answer(404, {"code": "not found", "message": 'organization name "town" not found'}))
    with pytest.raises(Misconfigured, match="town"):
        make().setup()


@pytest.mark.parametrize("may", ["/api/v2/write", "/api/v2/query"])
def test_ping_is_content_with_a_token_that_may_do_half(fake: Any, make: Any, may: str) -> None:
    def behave(path: str, _lines: list[str]) -> Any:
        if urlsplit(path).path == may:
            return (
                fake.answer(400, {"message": "writing requires points"})
                if "write" in may
                else fake.answer(200, b"\r\n")
            )
        return fake.answer(403, {"message": "insufficient permissions"})

    fake.behave = behave
    make().ping()
    fake.behave = fake.always(fake.answer(403, {"message": "insufficient permissions"}))
    with pytest.raises(Misconfigured, match="insufficient permissions"):
        make().ping()


def test_a_real_server_says_what_is_misconfigured(fake: Any, influx_server: Any) -> None:
    store = InfluxStore(InfluxSettings(influx_server.url, influx_server.token, "", "nowhere", "nowhere_rollup"))
    for call in (
        store.ping,
        lambda: store.write(fake.lamps(1)),
        lambda: store.readings("lamp", "lamp-1", 0, 1),
        lambda: store.delete_readings("lamp", 1),
    ):
        with pytest.raises(Misconfigured):
            call()
    store.close()
    store = InfluxStore(InfluxSettings(influx_server.url, "bypuls:wrong", "", "nowhere", "nowhere_rollup"))
    with pytest.raises(Misconfigured, match="401"):
        store.ping()
    store.close()


def test_what_was_written_outlives_a_kill_of_the_server(fake: Any, own_influx: Any) -> None:
    store = InfluxStore(InfluxSettings(own_influx.url, own_influx.token, patience_s=20.0))
    store.setup()
    store.write(fake.lamps(2000))
    own_influx.kill()
    with pytest.raises(Unavailable):
        InfluxStore(InfluxSettings(own_influx.url, own_influx.token)).ping()
    own_influx.start()
    assert store.readings("lamp", "lamp-1", 0, 2**60) == fake.lamps(2000)
    store.close()


def test_assets_are_what_was_written_last(influx_server: Any) -> None:
    store = InfluxStore(InfluxSettings(influx_server.url, influx_server.token, "", "assets", "assets_rollup"))
    store.setup()
    school = Asset("school-1", 'Måløv "Skole", 2\\', kind="building", area_m2=4200)
    street = Asset("hovedgaden", "Måløv Hovedgade", kind="site", limit_kmh=50)
    store.assets([school, street])
    store.assets([school, street])
    answer = influx_server.influxql('SELECT * FROM "assets_rollup".."asset"')
    rows = json.loads(answer)["results"][0]["series"][0]["values"]
    assert len(rows) == 2
    assert 'Måløv "Skole", 2\\' in rows[1] or 'Måløv "Skole", 2\\' in rows[0]
    store.assets([Asset("hovedgaden", "Hovedgaden", kind="site")])
    series = json.loads(influx_server.influxql('SELECT * FROM "assets_rollup".."asset"'))["results"][0]["series"][0]
    assert [dict(zip(series["columns"], row, strict=True)) for row in series["values"]] == [
        {"time": "1970-01-01T00:00:00Z", "id": "hovedgaden", "kind": "site", "name": "Hovedgaden"}
        | {name: None for name in series["columns"] if name not in ("time", "id", "kind", "name")}
    ]
    with pytest.raises(ValueError, match="one line"):
        store.assets([Asset("a", "two\nlines")])
    store.close()
