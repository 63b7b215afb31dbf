"""Alert rules into a running Grafana: twice changes nothing, people's work stays, other people's routes too."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_client.api import GrafanaApi
from typer.testing import CliRunner

from bypuls.cli.app import app
from bypuls.grafana.alerts import CONTACT, NO_DATA_CONTACT, alert_rules
from bypuls.grafana.push import Forbidden, connect
from bypuls.grafana.push_alerts import HASH, diff_alerts, export_alerts, push_alerts, rule_content

Json = dict[str, Any]
FOLDER = "bypuls"
EMAIL = "drift@example.dk"


@pytest.fixture
def client(fake_grafana: Any) -> Iterator[GrafanaApi]:
    """A client with the right token; the folder is there."""
    fake_grafana.folders[FOLDER] = {"uid": FOLDER, "title": "bypuls"}
    made = connect(fake_grafana.url, fake_grafana.token)
    yield made
    made.client.s.close()


@pytest.fixture
def rules() -> list[Json]:
    """All rules in English."""
    return alert_rules("en")


def results(changes: Any) -> set[str]:
    return {change.result for change in changes}


def test_the_second_push_changes_nothing(fake_grafana: Any, client: GrafanaApi, rules: list[Json]) -> None:
    first = push_alerts(client, rules, FOLDER, email=EMAIL, language="en")
    assert results(first) == {"created"}
    assert [change.what for change in first[:3]] == ["contact point", "contact point", "notification policy"]
    assert set(fake_grafana.rules) == {rule["uid"] for rule in rules}
    fake_grafana.requests.clear()
    assert results(push_alerts(client, rules, FOLDER, email=EMAIL, language="en")) == {"unchanged"}
    assert {method for method, _ in fake_grafana.requests} == {"GET"}


def test_rules_arrive_whole(fake_grafana: Any, client: GrafanaApi, rules: list[Json]) -> None:
    push_alerts(client, rules, FOLDER)
    for rule in rules:
        there = fake_grafana.rules[rule["uid"]]
        assert rule_content(there) == rule_content(rule)
        assert (there["folderUID"], there["ruleGroup"]) == (FOLDER, "bypuls")
    assert fake_grafana.contacts == [], "without an address contact points are somebody else's"
    assert "routes" not in fake_grafana.policies


def test_addresses_and_routes_are_the_operators_once_they_are_there(
    fake_grafana: Any, client: GrafanaApi, rules: list[Json]
) -> None:
    others = {"receiver": "grafana-default-email", "object_matchers": [["team", "=", "water"]]}
    fake_grafana.policies = {"receiver": "grafana-default-email", "routes": [others], "group_wait": "1m"}
    changes = push_alerts(client, rules, FOLDER, email=EMAIL)
    assert next(one for one in changes if one.what == "notification policy").result == "changed"
    assert fake_grafana.policies["routes"][-1] == others, "other people's alarms go their own ways"
    assert fake_grafana.policies["group_wait"] == "1m"
    assert [route["receiver"] for route in fake_grafana.policies["routes"][:3]] == [
        NO_DATA_CONTACT, NO_DATA_CONTACT, CONTACT,
    ]  # fmt: skip
    assert {one["settings"]["addresses"] for one in fake_grafana.contacts} == {EMAIL}
    fake_grafana.contacts[0]["settings"]["addresses"] = "vagt@example.dk"
    fake_grafana.policies["routes"][2]["repeat_interval"] = "2d"
    assert results(push_alerts(client, rules, FOLDER, email="other@example.dk", force=True)) == {"unchanged"}
    assert fake_grafana.contacts[0]["settings"]["addresses"] == "vagt@example.dk"
    assert fake_grafana.policies["routes"][2]["repeat_interval"] == "2d"


def test_what_people_changed_is_kept_unless_forced(fake_grafana: Any, client: GrafanaApi, rules: list[Json]) -> None:
    push_alerts(client, rules, FOLDER)
    uid = rules[3]["uid"]
    fake_grafana.rules[uid]["for"] = "2h"
    kept = push_alerts(client, rules, FOLDER)[3]
    assert (kept.result, kept.why) == ("kept", "it was changed in Grafana")
    told = diff_alerts(client, rules)[3]
    assert '-  "for": "2h"' in told.diff
    assert push_alerts(client, rules, FOLDER, force=True)[3].result == "changed"
    assert fake_grafana.rules[uid]["for"] == rules[3]["for"]
    assert results(push_alerts(client, rules, FOLDER)) == {"unchanged"}


def test_a_new_release_or_language_replaces_what_was_pushed_where_it_is(
    fake_grafana: Any, client: GrafanaApi, rules: list[Json]
) -> None:
    push_alerts(client, rules, FOLDER)
    fake_grafana.folders["moved"] = {"uid": "moved", "title": "Elsewhere"}
    fake_grafana.rules[rules[0]["uid"]] |= {"folderUID": "moved", "ruleGroup": "slow"}
    assert results(push_alerts(client, alert_rules("da"), FOLDER)) == {"changed"}
    there = fake_grafana.rules[rules[0]["uid"]]
    assert (there["title"], there["folderUID"], there["ruleGroup"]) == ("Platformen melder sig ikke", "moved", "slow")


def test_rules_from_files_are_left_to_the_files(fake_grafana: Any, client: GrafanaApi, rules: list[Json]) -> None:
    push_alerts(client, rules, FOLDER)
    fake_grafana.rules[rules[0]["uid"]] |= {"provenance": "file", "for": "9h"}
    kept = push_alerts(client, rules, FOLDER, force=True)[0]
    assert (kept.result, kept.why) == ("kept", "it comes from a provisioning file")


def test_an_export_can_be_pushed_again(fake_grafana: Any, client: GrafanaApi, rules: list[Json]) -> None:
    push_alerts(client, rules, FOLDER)
    fake_grafana.rules[rules[0]["uid"]]["for"] = "2h"
    found = export_alerts(client, [*(rule["uid"] for rule in rules), "never-pushed"])
    assert list(found) == [rule["uid"] for rule in rules]
    assert found[rules[0]["uid"]]["for"] == "2h"
    assert HASH not in json.dumps(found)
    fake_grafana.rules.clear()
    again = [copy.deepcopy(rule) | found[rule["uid"]] for rule in rules]
    assert results(push_alerts(client, again, FOLDER)) == {"created"}
    assert fake_grafana.rules[rules[0]["uid"]]["for"] == "2h"


def test_a_role_that_may_not_is_told(fake_grafana: Any, client: GrafanaApi, rules: list[Json]) -> None:
    fake_grafana.may_write = False
    with pytest.raises(Forbidden, match=r"alert rule bypuls-results-old: Grafana says 403"):
        push_alerts(client, rules, FOLDER)


def test_the_command_pushes_compares_and_exports_all_of_it(fake_grafana: Any, tmp_path: Path) -> None:
    environment = {"BYPULS_GRAFANA_TOKEN": fake_grafana.token, "BYPULS_ALERT_EMAIL": EMAIL}

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["grafana", *words, "--url", fake_grafana.url], env=environment)

    pushed = run("push", "--lang", "da")
    assert pushed.exit_code == 0, pushed.output
    assert len(fake_grafana.rules) == 8
    assert len(fake_grafana.contacts) == 2
    assert run("diff", "--lang", "da").exit_code == 0, "nothing differs"
    fake_grafana.edit("bypuls-climate-da", {"title": "Mit klima"})
    fake_grafana.rules["bypuls-off-track"]["for"] = "3h"
    differs = run("diff", "--lang", "da")
    assert differs.exit_code == 1
    assert "kept" in differs.output
    assert "alert rule bypuls-off-track" in differs.output
    exported = run("export", str(tmp_path), "--lang", "da")
    assert exported.exit_code == 0, exported.output
    assert json.loads((tmp_path / "bypuls-climate-da.json").read_text("utf-8"))["title"] == "Mit klima"
    rules = json.loads((tmp_path / "alert-rules.json").read_text("utf-8"))
    assert next(rule["for"] for rule in rules if rule["uid"] == "bypuls-off-track") == "3h"
    assert run("push", "--lang", "da", "--alerts", "none").exit_code == 0
    assert fake_grafana.rules["bypuls-off-track"]["for"] == "3h"
    assert run("push", "--alerts", "sv").exit_code == 1
