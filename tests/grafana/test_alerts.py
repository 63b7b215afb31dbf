"""Alert rules: each query runs on a real InfluxDB and has its column; no data is an alarm with a way of its own."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bypuls.grafana.alerts import (
    CONTACT,
    EMAIL_VARIABLE,
    LABEL,
    NO_DATA_CONTACT,
    alert_rules,
    contact_points,
    provisioned,
    routes,
    rules,
)
from bypuls.grafana.boards.frame import Ways
from bypuls.grafana.datasource import UID
from bypuls.grafana.flux import Buckets
from bypuls.grafana.rendering import dashboards
from bypuls.store.influx import InfluxSettings, InfluxStore
from bypuls.store.results import NOW_US, TOPICS, Result
from bypuls.wire import to_us

Json = dict[str, Any]
COMMITTED = Path(__file__).resolve().parents[2] / "grafana" / "provisioning" / "alerting"
NAMES = [
    "results-old", "silent-sensor", "outbox-growing", "dead-letters", "lamp-faults", "night-use", "off-track",
    "results-failed",
]  # fmt: skip


def plain(message: str) -> str:
    """English, as it is written."""
    return message


@pytest.fixture(scope="module")
def alerted(influx_server: Any) -> Any:
    """A store in which the platform has just spoken, and one in which it never did."""
    spoken, silent = Buckets("alerts", "alerts_rollup"), Buckets("silent", "silent_rollup")
    for buckets in (spoken, silent):
        store = InfluxStore(
            InfluxSettings(influx_server.url, influx_server.token, influx_server.org, buckets.raw, buckets.rollup)
        )
        store.setup()
        if buckets is spoken:
            numbers = dict.fromkeys(TOPICS["platform"].numbers, 2.0)
            at_us = to_us(datetime.now(UTC)) - 60_000_000
            store.replace_results("platform", [Result("platform", {}, at_us, numbers)])
            ended = {"ended_s": at_us / 1e6 - 3600.0}
            ran = [
                Result("run", {"job": job}, NOW_US, ended | {"ok": ok})
                for job, ok in (("platform", 1.0), ("climate", 0.0))
            ]
            store.replace_results("run", ran)
        store.close()
    return spoken, silent


def test_every_query_runs_and_its_newest_value_is_there(alerted: Any, reader: Any) -> None:
    spoken, _ = alerted
    found = {}
    for rule in rules(plain, spoken):
        [row] = reader.rows(rule.query)
        assert {"_time", "_value"} <= set(row), rule.name
        found[rule.name] = float(row["_value"])
    assert list(found) == NAMES
    assert 3600 < found["results-old"] < 3800, "a platform that fell silent an hour ago"
    assert found["results-failed"] == 1
    assert {found[name] for name in NAMES[1:-1]} == {2.0}
    assert all(found[rule.name] > rule.above for rule in rules(plain, spoken))


def test_without_data_a_rule_has_none_and_that_is_no_ok(alerted: Any, reader: Any) -> None:
    _, silent = alerted
    for rule in rules(plain, silent):
        assert reader.rows(rule.query) == [], rule.name
    for made in alert_rules():
        assert (made["noDataState"], made["execErrState"]) == ("NoData", "Error"), "never OK, never keep"


def test_no_data_goes_a_way_of_its_own_before_all_others() -> None:
    listed = routes()
    matchers = [{name: (sign, value) for name, sign, value in route["object_matchers"]} for route in listed]
    assert [one.get("alertname") for one in matchers] == [("=", "DatasourceNoData"), ("=", "DatasourceError"), None]
    assert [route["receiver"] for route in listed] == [NO_DATA_CONTACT, NO_DATA_CONTACT, CONTACT]
    assert all(LABEL in one for one in matchers), "other people's alarms go their own ways"
    assert {point["name"] for point in contact_points()} == {CONTACT, NO_DATA_CONTACT}


@pytest.mark.parametrize("language", ["da", "en"])
def test_rules_are_what_grafana_takes(language: str) -> None:
    made = alert_rules(language, page_url="https://puls.example.dk")
    assert [rule["uid"] for rule in made] == [f"bypuls-{name}" for name in NAMES], "silences hang on them"
    boards = {board["uid"]: board for board in dashboards().values()}
    for rule in made:
        assert len(rule["uid"]) <= 40
        assert [one["refId"] for one in rule["data"]] == ["A", "B", "C"]
        assert rule["condition"] == "C"
        assert rule["data"][0]["datasourceUid"] == UID
        assert re.fullmatch(r"\d+[smh]", rule["for"])
        assert rule["labels"]["severity"] in ("critical", "major", "minor")
        assert rule["annotations"]["runbook_url"] == Ways(language, "https://puls.example.dk").page("/alarms")
        board = boards[rule["annotations"]["__dashboardUid__"]]
        assert board["uid"].endswith(language)
        assert rule["annotations"]["__panelId__"] in {str(panel["id"]) for panel in board["panels"]}
        fields = set(re.findall(r'r\._field == "(\w+)"', rule["data"][0]["model"]["query"]))
        assert fields <= {name for topic in TOPICS.values() for name in topic.numbers}


def test_rules_stand_in_both_languages() -> None:
    danish, english = alert_rules("da"), alert_rules("en")
    assert [rule["title"] for rule in danish] != [rule["title"] for rule in english]
    for one, other in zip(danish, english, strict=True):
        assert one["uid"] == other["uid"], "one rule in either language, not two alarms"
        assert one["title"] != other["title"]
        assert one["annotations"]["description"] != other["annotations"]["description"]
    with pytest.raises(ValueError, match="language: 'sv'"):
        alert_rules("sv")


def test_the_committed_files_are_read_back_as_rules_without_secrets() -> None:
    read = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in COMMITTED.glob("*.yaml")}
    assert set(read) == {"rules", "contact-points", "policies"}
    [group] = read["rules"]["groups"]
    # Grafana fills in variables when it reads: a dollar of an expression is doubled.
    assert group["rules"][1]["data"][2]["model"]["expression"] == "$$B > 0"
    text = "".join(path.read_text(encoding="utf-8") for path in COMMITTED.glob("*.yaml"))
    assert set(re.findall(r"(?<!\$)\$\{?(\w+)", text)) == {EMAIL_VARIABLE}
    assert read == provisioned("bypuls")
