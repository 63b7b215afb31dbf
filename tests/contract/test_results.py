"""Results: what is laid down stays as it is, is overwritten in place, and leaves nothing old behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bypuls.store.results import NOW_US, TOPICS, Result, ResultBoard, ResultsInMemory, known_results

DAY_US = 86_400_000_000
T_US = 1_735_689_600_000_000


@pytest.fixture(params=["memory", "influx"])
def board(request: pytest.FixtureRequest) -> Iterator[ResultBoard]:
    """Each implementation in turn."""
    if request.param == "memory":
        yield ResultsInMemory()
        return
    server = request.getfixturevalue("influx_server")
    from bypuls.store.influx import InfluxSettings, InfluxStore

    store = InfluxStore(InfluxSettings(server.url, server.token, server.org, "results", "results_rollup"))
    store.setup()
    for topic in TOPICS:
        store.replace_results(topic, [])
    yield store
    store.close()


def used(building: str, day: int, kwh: float | None, medium: str = "heat") -> Result:
    made = Result.of("energy", {"building": building, "medium": medium}, T_US + day * DAY_US, used=kwh, coverage=1.0)
    assert made is not None
    return made


def test_results_come_back_as_they_were_written(board: ResultBoard) -> None:
    made = Result.of(
        "target", {"target": "town-2030"}, NOW_US, emitted_t=812.25, name='Byen, "2030" = 85 %', status="off track",
        reason_da="to\nlinjer, æøå", reason_en="", gap_t=None, left_t=float("nan"),
    )  # fmt: skip
    assert made is not None
    assert made.fields == {
        "emitted_t": 812.25, "name": 'Byen, "2030" = 85 %', "status": "off track", "reason_da": "to linjer, æøå",
    }  # fmt: skip
    board.replace_results("target", [made])
    board.replace_results("target", [made])
    assert board.results("target") == [made]
    assert board.results("measure") == []


def test_what_is_no_longer_known_is_gone(board: ResultBoard) -> None:
    board.replace_results("energy", [used("school", 0, 10.0), used("school", 1, 11.0), used("hall", 0, 5.0)])
    board.replace_results("energy", [used("school", 0, None), used("hall", 0, 6.0)])
    assert [(one.tags["building"], dict(one.numbers)) for one in board.results("energy")] == [
        ("hall", {"used": 6.0, "coverage": 1.0}),
        ("school", {"coverage": 1.0}),
    ]


def test_a_range_and_a_tag_are_replaced_alone(board: ResultBoard) -> None:
    board.replace_results("energy", [used(name, day, 1.0) for name in ("hall", "school") for day in range(3)])
    board.replace_results(
        "energy", [used("hall", 1, 2.0)], start_us=T_US + DAY_US, end_us=T_US + 3 * DAY_US, having={"building": "hall"}
    )
    found = [
        (one.tags["building"], (one.t_us - T_US) // DAY_US, one.numbers["used"]) for one in board.results("energy")
    ]
    assert found == [("hall", 0, 1.0), ("hall", 1, 2.0), *(("school", day, 1.0) for day in range(3))]
    some = board.results("energy", start_us=T_US + DAY_US, end_us=T_US + 2 * DAY_US)
    assert [one.tags["building"] for one in some] == ["hall", "school"]


def test_results_without_tags_are_a_series(board: ResultBoard) -> None:
    points = known_results(Result.of("platform", {}, T_US + at * DAY_US, dead_letters=float(at)) for at in range(3))
    for one in points:
        board.replace_results("platform", [one], start_us=one.t_us, end_us=one.t_us + 1)
    assert board.results("platform") == points


def test_what_lies_outside_is_refused(board: ResultBoard) -> None:
    with pytest.raises(ValueError, match="t_us"):
        board.replace_results("energy", [used("hall", 1, 1.0)], start_us=T_US, end_us=T_US + DAY_US)
    with pytest.raises(ValueError, match="building: 'hall' — expected 'school'"):
        board.replace_results("energy", [used("hall", 1, 1.0)], having={"building": "school"})
    with pytest.raises(ValueError, match="topic: 'weather' — expected one of"):
        board.results("weather")


def test_a_topic_holds_what_it_names() -> None:
    with pytest.raises(ValueError, match="a energy has used, coverage"):
        Result("energy", {"building": "a", "medium": "heat"}, 0, {"kwh": 1.0})
    with pytest.raises(ValueError, match="tags: building — a energy has building, medium"):
        Result("energy", {"building": "a"}, 0, {"used": 1.0})
    assert Result.of("energy", {"building": "a", "medium": "heat"}, 0, used=None) is None
