"""Pushing to a Grafana: twice changes nothing, people's work stays, and what is wrong is said in plain words."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_client.api import GrafanaApi

from bypuls.grafana.boards.overview import overview
from bypuls.grafana.datasource import UID, datasource, with_token
from bypuls.grafana.push import Forbidden, Refused, connect, content_hash, diff, export, push

Json = dict[str, Any]
SOURCE = with_token(datasource("http://influx:8086", "bypuls"), "read-only-token")


@pytest.fixture
def boards() -> list[Json]:
    """The overview in both languages."""
    return [overview("da"), overview("en")]


@pytest.fixture
def client(fake_grafana: Any) -> Iterator[GrafanaApi]:
    """A client with the right token."""
    made = connect(fake_grafana.url, fake_grafana.token)
    yield made
    made.client.s.close()


def results(changes: Any) -> list[tuple[str, str]]:
    """(uid, result) of each change."""
    return [(change.uid, change.result) for change in changes]


@pytest.mark.parametrize("listed", [True, False], ids=["versions as a list", "versions in an object"])
def test_the_second_push_changes_nothing(
    fake_grafana: Any, client: GrafanaApi, boards: list[Json], listed: bool
) -> None:
    fake_grafana.listed = listed
    first = push(client, boards, source=SOURCE)
    assert results(first) == [
        ("bypuls", "created"),
        (UID, "created"),
        ("bypuls-overview-da", "created"),
        ("bypuls-overview-en", "created"),
    ]
    assert fake_grafana.sources[UID]["secureJsonData"] == {"token": "read-only-token"}
    fake_grafana.requests.clear()
    second = push(client, boards, source=SOURCE)
    assert {change.result for change in second} == {"unchanged"}
    assert {method for method, _ in fake_grafana.requests} == {"GET"}
    assert [len(versions) for versions in fake_grafana.versions.values()] == [1, 1]


def test_dashboards_arrive_whole_and_in_the_folder(fake_grafana: Any, client: GrafanaApi, boards: list[Json]) -> None:
    push(client, boards)
    for board in boards:
        assert content_hash(fake_grafana.newest(board["uid"])) == content_hash(board)
        assert fake_grafana.folder_of[board["uid"]] == "bypuls"
    assert fake_grafana.sources == {}, "the data source is somebody else's where none is given"


def test_a_new_release_replaces_what_it_pushed_before(
    fake_grafana: Any, client: GrafanaApi, boards: list[Json]
) -> None:
    push(client, boards)
    newer = copy.deepcopy(boards)
    newer[0]["title"] = "bypuls: nyt overblik"
    assert results(push(client, newer))[1:] == [("bypuls-overview-da", "changed"), ("bypuls-overview-en", "unchanged")]
    assert fake_grafana.newest("bypuls-overview-da")["title"] == "bypuls: nyt overblik"
    assert [one["version"] for one in fake_grafana.versions["bypuls-overview-da"]] == [1, 2], "the history is kept"


def test_what_people_changed_is_kept_unless_forced(fake_grafana: Any, client: GrafanaApi, boards: list[Json]) -> None:
    push(client, boards)
    fake_grafana.edit("bypuls-overview-da", {"title": "Mit overblik"}, "pyntet lidt")
    kept = push(client, boards)[1]
    assert (kept.result, kept.why) == ("kept", "it was changed in Grafana")
    assert fake_grafana.newest("bypuls-overview-da")["title"] == "Mit overblik"
    forced = push(client, boards, force=True)[1]
    assert forced.result == "changed"
    assert fake_grafana.newest("bypuls-overview-da")["title"] == "bypuls: overblik"
    assert {change.result for change in push(client, boards)} == {"unchanged"}


def test_what_somebody_brought_back_from_the_history_is_ours_again(
    fake_grafana: Any, client: GrafanaApi, boards: list[Json]
) -> None:
    push(client, boards)
    fake_grafana.edit("bypuls-overview-en", {"title": "Mine"})
    fake_grafana.edit("bypuls-overview-en", {"title": boards[1]["title"]}, "Restored from version 1")
    newer = copy.deepcopy(boards)
    newer[1]["description"] = "Better."
    assert results(push(client, newer))[2] == ("bypuls-overview-en", "changed")


def test_an_upgrade_of_grafana_that_rewrites_dashboards_is_no_persons_change(
    fake_grafana: Any, client: GrafanaApi, boards: list[Json]
) -> None:
    push(client, boards)
    fake_grafana.newest("bypuls-overview-da")["schemaVersion"] = 41
    assert {change.result for change in push(client, boards)} == {"unchanged"}
    newer = copy.deepcopy(boards)
    newer[0]["description"] = "Bedre."
    assert results(push(client, newer))[1] == ("bypuls-overview-da", "changed")


def test_a_dashboard_that_was_moved_stays_where_it_is(
    fake_grafana: Any, client: GrafanaApi, boards: list[Json]
) -> None:
    push(client, boards)
    fake_grafana.folders["climate"] = {"uid": "climate", "title": "Klima"}
    fake_grafana.folder_of["bypuls-overview-da"] = "climate"
    newer = copy.deepcopy(boards)
    newer[0]["description"] = "Bedre."
    push(client, newer)
    assert fake_grafana.folder_of["bypuls-overview-da"] == "climate"


def test_whoever_saves_in_between_wins(fake_grafana: Any, client: GrafanaApi, boards: list[Json]) -> None:
    push(client, boards)
    newer = copy.deepcopy(boards[0])
    newer["description"] = "Bedre."
    plain_save = fake_grafana.save
    raced: list[bool] = []

    def save(body: Json) -> tuple[int, Any]:
        if not raced:
            raced.append(True)
            there = fake_grafana.newest(newer["uid"])
            plain_save({"dashboard": {**there, "title": "Somebody's"}, "folderUid": "bypuls", "message": ""})
        answer: tuple[int, Any] = plain_save(body)
        return answer

    fake_grafana.save = save
    [_, change] = push(client, [newer])
    assert (change.result, change.why) == ("kept", "somebody saved it just now")
    assert fake_grafana.newest(newer["uid"])["title"] == "Somebody's"


def test_what_comes_from_files_is_left_to_the_files(fake_grafana: Any, client: GrafanaApi, boards: list[Json]) -> None:
    push(client, boards, source=SOURCE)
    fake_grafana.provisioned.add("bypuls-overview-da")
    fake_grafana.sources[UID]["readOnly"] = True
    newer = copy.deepcopy(boards)
    newer[0]["description"] = "Bedre."
    changes = push(client, newer, source={**SOURCE, "url": "http://elsewhere:8086"}, force=True)
    assert [(change.result, change.why) for change in changes[1:3]] == [
        ("kept", "it comes from a provisioning file"),
        ("kept", "it comes from a provisioning file"),
    ]


def test_a_data_source_elsewhere_is_changed_and_a_missing_token_is_sent(fake_grafana: Any, client: GrafanaApi) -> None:
    tokenless = datasource("http://influx:8086", "bypuls")
    assert push(client, [], source=tokenless)[1].result == "created"
    assert push(client, [], source=SOURCE)[1].result == "changed", "it had no token"
    assert push(client, [], source=SOURCE)[1].result == "unchanged"
    moved = {**SOURCE, "url": "http://elsewhere:8086"}
    assert push(client, [], source=moved)[1].result == "changed"
    assert fake_grafana.sources[UID]["url"] == "http://elsewhere:8086"
    rotated = with_token(datasource("http://elsewhere:8086", "bypuls"), "new-token")
    assert push(client, [], source=rotated)[1].result == "unchanged", "Grafana shows no token to compare with"
    assert push(client, [], source=rotated, force=True)[1].result == "changed"
    assert fake_grafana.sources[UID]["secureJsonData"] == {"token": "new-token"}


def test_diff_says_what_push_would_do_and_does_nothing(
    fake_grafana: Any, client: GrafanaApi, boards: list[Json]
) -> None:
    assert [change.result for change in diff(client, boards)] == ["created", "created"]
    push(client, boards)
    assert [(change.result, change.diff) for change in diff(client, boards)] == [("unchanged", "")] * 2
    fake_grafana.edit("bypuls-overview-da", {"title": "Mit overblik"})
    newer = copy.deepcopy(boards)
    newer[1]["title"] = "bypuls: new overview"
    fake_grafana.requests.clear()
    danish, english = diff(client, newer)
    assert (danish.result, english.result) == ("kept", "changed")
    assert '-  "title": "Mit overblik"' in danish.diff
    assert '+  "title": "bypuls: new overview"' in english.diff
    assert [change.result for change in diff(client, newer, force=True)] == ["changed", "changed"]
    assert {method for method, _ in fake_grafana.requests} == {"GET"}


def test_export_gives_what_people_made_of_it(fake_grafana: Any, client: GrafanaApi, boards: list[Json]) -> None:
    push(client, boards)
    fake_grafana.edit("bypuls-overview-da", {"title": "Mit overblik"})
    found = export(client, ["bypuls-overview-da", "never-pushed"])
    assert found == {"bypuls-overview-da": boards[0] | {"title": "Mit overblik"}}


def test_a_wrong_token_and_a_role_that_may_not_are_told(fake_grafana: Any, boards: list[Json]) -> None:
    wrong = connect(fake_grafana.url, "glsa_canary")
    with pytest.raises(Forbidden, match=r"folder bypuls: Grafana says 401") as caught:
        push(wrong, boards)
    assert "canary" not in str(caught.value)
    wrong.client.s.close()
    fake_grafana.may_write = False
    viewer = connect(fake_grafana.url, fake_grafana.token)
    with pytest.raises(Forbidden, match=r"folder bypuls: Grafana says 403"):
        push(viewer, boards)
    viewer.client.s.close()


def test_a_grafana_that_is_not_there_is_told(boards: list[Json]) -> None:
    nowhere = connect("http://127.0.0.1:9", "token", timeout_s=1)
    with pytest.raises(Refused, match=r"folder bypuls: .*can't be reached"):
        push(nowhere, boards)
    nowhere.client.s.close()


@pytest.mark.parametrize("url", ["grafana:3000", "ftp://grafana", "http://"])
def test_bad_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        connect(url, "token")


def test_a_grafana_below_a_path_is_found() -> None:
    for url in ("https://town.example/grafana", "https://town.example/grafana/"):
        made = connect(url, "token")
        assert made.client.url == "https://town.example/grafana/api"
        made.client.s.close()
