"""Series in local time, against sums that are made here, quarter by quarter."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.api.periods import local_texts

CPH = ZoneInfo("Europe/Copenhagen")


def usage_wh(quarter: int) -> float:
    return 200.0 + (quarter * 7919) % 173


def sums_by(first: datetime, last: datetime, zone: ZoneInfo, pattern: str) -> dict[str, tuple[float, int]]:
    """Σ Wh and quarters per local period, in plain Python."""
    found: dict[str, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for quarter in range(int(first.timestamp()) // 900, int(last.timestamp()) // 900):
        name = datetime.fromtimestamp(quarter * 900, zone).strftime(pattern)
        total, count = found[name]
        found[name] = (total + usage_wh(quarter), count + 1)
    return dict(found)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [("2025-03-28", "2025-04-01", [24, 24, 23, 24]), ("2025-10-25", "2025-10-28", [24, 25, 24])],
)
def test_local_days_across_the_change_of_the_clock(client: Any, start: str, end: str, hours: list[int]) -> None:
    got = client.told("/series", sensor="hall-el", every="day", **{"from": start, "to": end})["columns"]
    first, last = (datetime.fromisoformat(day).replace(tzinfo=CPH) for day in (start, end))
    expected = sums_by(first, last, CPH, "%Y-%m-%d")
    assert got["import_wh"] == [total for total, _ in expected.values()]
    assert [count / 4 for _, count in expected.values()] == hours
    assert got["coverage"] == [1.0] * len(hours)
    assert [text[:10] for text in got["t"]] == list(expected)


@pytest.mark.parametrize("zone", ["Europe/Copenhagen", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"])
@pytest.mark.parametrize(("every", "pattern"), [("day", "%Y-%m-%d"), ("month", "%Y-%m"), ("hour", "%Y-%m-%d %H %z")])
def test_every_zone_and_step_equals_an_independent_sum(client: Any, zone: str, every: str, pattern: str) -> None:
    got = client.told("/series", sensor="hall-el", every=every, tz=zone, **{"from": "2025-09-25", "to": "2025-10-31"})
    start, end = (datetime.fromisoformat(got[name]) for name in ("start", "end"))
    expected = sums_by(start, end, ZoneInfo(zone), pattern)
    if zone == "Australia/Lord_Howe" and every == "hour":
        # An hour that is cut short by the shift of half an hour has two offsets; its halves are one row each or one.
        assert sum(got["columns"]["import_wh"]) == sum(total for total, _ in expected.values())
        return
    assert got["columns"]["import_wh"] == [total for total, _ in expected.values()]


def test_a_year_is_the_sum_of_its_months_and_hours(client: Any) -> None:
    period = {"from": "2024-01-01", "to": "2025-01-01"}
    year = client.told("/series", sensor="hall-el", every="year", **period)["columns"]["import_wh"]
    months = client.told("/series", sensor="hall-el", every="month", **period)["columns"]["import_wh"]
    hours = client.told("/series", sensor="hall-el", every="hour", **period)["columns"]["import_wh"]
    assert len(hours) == 366 * 24
    assert year == [sum(months)] == [sum(hours)]


def test_a_gap_is_told_apart_and_lowers_the_coverage(client: Any) -> None:
    got = client.told(
        "/series", sensor="hall-el", every="15min", **{"from": "2025-05-01T00:45Z", "to": "2025-05-01T01:45Z"}
    )
    columns = got["columns"]
    assert columns["import_wh"][1:3] == [None, None]
    assert columns["import_wh_gap"] == [None, None, 512.0, None]
    assert columns["coverage"] == [1.0, 0.0, 0.0, 1.0]
    day = client.told("/series", sensor="hall-el", every="day", **{"from": "2025-05-01", "to": "2025-05-02"})["columns"]
    assert day["coverage"] == [pytest.approx(94 / 96)]
    assert day["import_wh_gap"] == [512.0]


def test_where_nothing_is_known_there_is_null(client: Any) -> None:
    columns = client.told("/series", sensor="hall-el", every="day", **{"from": "2021-01-01", "to": "2021-01-03"})[
        "columns"
    ]
    assert columns["import_wh"] == [None, None]
    assert columns["coverage"] == [0.0, 0.0]


def test_gauges_have_mean_and_extremes(client: Any) -> None:
    columns = client.told(
        "/series", sensor="hall-el", every="hour", fields="power_w", **{"from": "2025-02-01", "to": "2025-02-02"}
    )["columns"]
    first = int(datetime(2025, 1, 31, 23, tzinfo=UTC).timestamp()) // 900
    watts = [4 * usage_wh(first + i) for i in range(4)]
    assert columns["power_w_mean"][0] == pytest.approx(sum(watts) / 4)
    assert (columns["power_w_min"][0], columns["power_w_max"][0]) == (min(watts), max(watts))


def vehicles(quarter: int, direction: str) -> list[int]:
    return [35 + (quarter * 31 + i * 17 + (5 if direction == "away" else 0)) % 21 for i in range(quarter % 4)]


def edges_of(start: datetime, end: datetime, *directions: str) -> list[int]:
    span = range(int(start.timestamp()) // 900, int(end.timestamp()) // 900)
    return [edge for quarter in span for direction in directions for edge in vehicles(quarter, direction)]


def percentile_of(edges: list[int], p: float) -> float:
    """By counting: the class that holds the rank, linear inside it."""
    counts = np.bincount(edges)
    rank, below = p / 100 * len(edges), 0.0
    for edge, count in enumerate(counts):
        if count and below + count >= rank - 1e-9:
            return float(edge - 1 + (rank - below) / count)
        below += count
    raise AssertionError("no vehicles")


@pytest.mark.parametrize("by", [None, "direction"])
def test_traffic_of_days_comes_from_merged_histograms(client: Any, by: str | None) -> None:
    parameters = {"from": "2025-05-31", "to": "2025-06-05"} | ({"by": by} if by else {})
    columns = client.told("/series", sensor="radar", every="day", **parameters)["columns"]
    for at in range(5):
        start = datetime(2025, 5, 31, tzinfo=CPH).timestamp() + at * 86_400
        day = [datetime.fromtimestamp(start + s, CPH) for s in (0, 86_400)]
        limit = 50 if day[0].strftime("%m-%d") < "06-02" else 40
        for prefix, directions in (("toward_", ["toward"]), ("away_", ["away"])) if by else (("", ["toward", "away"]),):
            edges = edges_of(day[0], day[1], *directions)
            assert columns[f"{prefix}n"][at] == len(edges)
            assert columns[f"{prefix}v85_kmh"][at] == pytest.approx(percentile_of(edges, 85))
            assert columns[f"{prefix}v50_kmh"][at] == pytest.approx(percentile_of(edges, 50))
            assert columns[f"{prefix}over_limit_n"][at] == sum(edge > limit for edge in edges)
            assert columns[f"{prefix}mean_kmh"][at] == pytest.approx(np.mean(edges) - 0.5)
            # Neither the radar nor its device said how long it watched.
            assert columns[f"{prefix}coverage"][at] is None


def test_nobody_came_is_zero_only_where_somebody_watched(client: Any) -> None:
    got = client.told("/series", sensor="radar", every="hour", **{"from": "2026-03-28", "to": "2026-03-31"})["columns"]
    n, coverage = got["n"], got["coverage"]
    assert n[0] is None
    assert coverage[0] is None
    known = [i for i, value in enumerate(coverage) if value]
    assert known
    assert all(n[i] is not None for i in known)


def test_csv_in_both_languages(client: Any) -> None:
    path = "/api/v1/series?sensor=hall-el&every=day&from=2025-04-30&to=2025-05-02&format=csv"
    english, danish = client.get(path), client.get(f"{path}&lang=da")
    assert english.headers["content-type"].startswith("text/csv")
    assert english.text.splitlines()[0].startswith("t,import_wh,import_wh_gap,")
    assert danish.text.removeprefix("\ufeff").splitlines()[0].startswith("t;import_wh;import_wh_gap;")
    assert ";0,979" in danish.text
    assert ",0.979" in english.text


@pytest.mark.parametrize(
    ("parameters", "field", "expected"),
    [
        ({}, "sensor", "required"),
        ({"sensor": "nope"}, "sensor", "registry"),
        ({"sensor": "hall-e"}, "sensor", "nearest is hall-el"),
        ({"sensor": 'x") |> to(bucket:'}, "sensor", "matches"),
        ({"sensor": "hall-el", "every": "week"}, "every", "month"),
        ({"sensor": "hall-el", "from": "yesterday"}, "from", "2026-11-23"),
        ({"sensor": "hall-el", "from": "2025-01-01T00:00"}, "from", "…+01:00"),
        ({"sensor": "hall-el", "from": "0001-01-01"}, "from", "2000"),
        ({"sensor": "hall-el", "from": "2025-01-02", "to": "2025-01-01"}, "to", "later than from"),
        ({"sensor": "hall-el", "tz": "Mars/Base"}, "tz", "IANA"),
        ({"sensor": "hall-el", "tz": "../../etc/passwd"}, "tz", "IANA"),
        ({"sensor": "hall-el", "fields": "nope"}, "fields", "import_wh"),
        ({"sensor": "hall-el", "by": "direction"}, "by", "no directions"),
        ({"sensor": "hall-el", "form": "csv"}, "form", "format"),
        ({"sensor": "hall-el", "every": "15min", "from": "2020-01-01", "to": "2026-01-01"}, "every", "every=day"),
    ],
)
def test_what_is_wrong_is_named(client: Any, parameters: dict[str, str], field: str, expected: str) -> None:
    answer = client.get("/api/v1/series", params=parameters)
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    (fault,) = answer.json()["errors"]
    assert fault["field"] == field
    assert expected in fault["expected"]


def test_what_did_not_change_is_not_sent_again(client: Any) -> None:
    path = "/api/v1/series?sensor=hall-el&every=day&from=2025-01-01&to=2025-02-01"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


@pytest.mark.parametrize(
    "zone", ["Europe/Copenhagen", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca", "UTC", "Pacific/Apia"]
)
def test_local_texts_are_those_of_each_moment(zone: str) -> None:
    times = np.arange(1_293_840_000, 1_293_840_000 + 2 * 365 * 86_400, 1800, dtype=np.int64) * 1_000_000
    expected = [datetime.fromtimestamp(us // 1_000_000, ZoneInfo(zone)).isoformat() for us in times.tolist()]
    assert local_texts(times, ZoneInfo(zone)) == expected
