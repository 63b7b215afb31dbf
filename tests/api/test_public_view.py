"""What strangers see: no figure, and no difference of figures, of fewer than five vehicles; and the same report before
and after single passages were deleted."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.analysis.traffic.small_cells import hidden_cells
from bypuls.api import ApiContext, ApiSettings
from bypuls.api.reports.speed.public_view import together
from bypuls.ingest.retention import Retention
from bypuls.ingest.rollups.traffic import PASSAGE_FIELDS, passage_bins
from bypuls.store.book import Book
from bypuls.store.registry import Device, Sensor, Site, SpeedLimit, create_key, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Passage, to_us

K = 5
ZONE = ZoneInfo("Europe/Copenhagen")
FIRST = date(2026, 2, 2)
DAYS = 6
NOW = datetime(2026, 2, 8, 9, tzinfo=UTC)
OPEN = ApiSettings(public_traffic=True, rate_per_s=1e6, burst=1_000_000)


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiContext]:
    """A quiet lane: a few vehicles an hour, hardly any at night, now and then a fast one."""
    folder: Path = tmp_path_factory.mktemp("lane")
    registry = open_registry(folder / "registry.db", clock=lambda: NOW)
    with registry.session() as session:
        session.add(Site(id="lane", name="The lane", school_way=True))
        session.add(SpeedLimit(site="lane", valid_from=date(2020, 1, 1), limit_kmh=40))
        session.add(Device(id="pi-1", name="Pi"))
        session.add(Sensor(id="radar", device="pi-1", kind="passage", name="Radar", site="lane"))
    store = SqliteStore(folder / "store")
    random = np.random.default_rng(7)
    passages = []
    for day, hour in itertools.product(range(DAYS), range(24)):
        begin = datetime(2026, 2, 2 + day, hour, tzinfo=ZONE).astimezone(UTC)
        for _ in range(random.poisson(14 if 6 <= hour < 20 else 2)):
            passages.append(
                Passage(
                    sensor="radar",
                    t=begin + timedelta(microseconds=int(random.integers(3_600_000_000))),
                    speed_kmh=round(float(np.clip(random.normal(41, 6), 5, 120)), 1),
                    direction=str(random.choice(["toward", "away"])),
                )
            )
    store.write(passages)
    start, end = to_us(datetime(2026, 2, 1, tzinfo=UTC)), to_us(datetime(2026, 2, 9, tzinfo=UTC))
    raw = store.columns("passage", "radar", start, end, PASSAGE_FIELDS)
    store.replace_bins("traffic", "radar", start, end, passage_bins(raw, start, end, sensor="radar", asset="lane"))
    yield ApiContext(store, registry, Book(registry), OPEN, lambda: NOW)
    store.close()
    registry.close()


@pytest.fixture(scope="module")
def of_lane(make_client: Any, lane: ApiContext) -> Any:
    def made(scopes: tuple[str, ...] = (), **settings: Any) -> Any:
        key = create_key(lane.registry, "-".join(scopes), list(scopes)) if scopes else None
        return make_client(
            key=key, settings=replace(OPEN, **settings), store=lane.store, registry=lane.registry, book=lane.book,
            clock=lane.clock,
        )  # fmt: skip

    return made


def windows() -> list[tuple[int, int]]:
    return [(first, last) for first in range(DAYS) for last in range(first + 1, DAYS + 1)]


def asked(first: int, last: int) -> dict[str, str]:
    return {"from": str(FIRST + timedelta(days=first)), "to": str(FIRST + timedelta(days=last))}


def tables_of(report: Any, histogram: Any) -> dict[str, dict[Any, float]]:
    """Every count of a public answer, by what it counts."""
    found: dict[str, dict[Any, float]] = {"n": {"all": report["statistics"]["all"]["n"]}}
    for side, one in report["statistics"]["directions"].items():
        found["n"][side] = one["n"]
    for side in ("toward", "away"):
        found[f"hours {side}"] = {row["hour"]: row["directions"][side]["n"] or 0 for row in report["hours"]}
        found[f"classes {side}"] = dict(zip(histogram["upper_kmh"], histogram["counts"][side], strict=True))
        found[f"days {side}"] = {row["date"]: row["directions"][side]["n"] or 0 for row in report["days"]}
    found["week"] = {(row["weekday"], row["hour"]): row["n"] or 0 for row in report["week"]}
    return found


def differences(answers: dict[tuple[int, int], dict[str, dict[Any, float]]]) -> Iterator[tuple[str, Any, float]]:
    """What an attacker gets out of windows where one begins or ends a day after the other."""
    for (first, last), whole in answers.items():
        for part in ((first + 1, last), (first, last - 1)):
            smaller = answers.get(part, {})
            for name, cells in whole.items():
                for key, n in cells.items():
                    yield name, key, n - smaller.get(name, {}).get(key, 0)


def test_differences_of_overlapping_windows_say_nothing_of_fewer_than_five(of_lane: Any) -> None:
    stranger = of_lane()
    answers = {
        window: tables_of(
            stranger.told("/traffic/lane/report", **asked(*window)),
            stranger.told("/traffic/lane/histogram", **asked(*window)),
        )
        for window in windows()
    }
    small = {(name, key, n) for name, key, n in differences(answers) if 0 < abs(n) < K - 1e-9 or n < -1e-9}
    assert not small
    assert max(n for _, _, n in differences(answers)) > 50  # there was something to find


def test_hiding_after_adding_up_would_not_have_done(of_lane: Any) -> None:
    reader = of_lane(("read",))
    answers: dict[tuple[int, int], dict[str, dict[Any, float]]] = {}
    for window in windows():
        report = reader.told("/traffic/lane/report", **asked(*window))
        table = np.array(
            [[row["directions"][side]["n"] or 0 for side in ("toward", "away")] for row in report["hours"]]
        )
        hidden = hidden_cells(table, k=K)[:-1, :-1]
        shown = {hour: float(table[hour, 0]) for hour in range(24) if not hidden[hour, 0]}
        answers[window] = {"hours toward": shown}
    pairs = [
        whole["hours toward"][hour] - answers[part]["hours toward"][hour]
        for (first, last), whole in answers.items()
        if (part := (first, last - 1)) in answers
        for hour in whole["hours toward"]
        if hour in answers[part]["hours toward"]
    ]
    assert any(0 < n < K for n in pairs)


def test_public_figures_stay_near_the_true_ones(of_lane: Any) -> None:
    true = of_lane(("read",)).told("/traffic/lane/report", **asked(0, DAYS))["statistics"]["all"]
    public = of_lane().told("/traffic/lane/report", **asked(0, DAYS))
    every = public["statistics"]["all"]
    assert "small_cells_left_out" in public["notes"]
    assert every["max_kmh"] is None
    assert 0.7 * true["n"] < every["n"] < true["n"]
    assert abs(every["v85_kmh"] - true["v85_kmh"]) < 1.5
    assert abs(every["mean_kmh"] - true["mean_kmh"]) < 1.0
    assert public["quality"]["lines"] == every["n"]
    assert {row["v85_kmh"] for row in public["hours"]} == {None}


def test_who_gets_which_view(of_lane: Any) -> None:
    assert of_lane(public_traffic=False).get("/api/v1/traffic/lane/report").status_code == 401
    assert of_lane(("write",), public_traffic=False).get("/api/v1/traffic/lane/report").status_code == 403
    stranger, writer, reader = of_lane(), of_lane(("write",)), of_lane(("read",))
    for path, more in (
        ("/report", {}),
        ("/histogram", {}),
        ("/series", {"every": "hour"}),
        ("/series", {"every": "day"}),
    ):
        parameters = {**asked(0, 3), **more}
        public = stranger.told(f"/traffic/lane{path}", **parameters)
        assert public == writer.told(f"/traffic/lane{path}", **parameters)
        assert public == reader.told(f"/traffic/lane{path}", public="true", **parameters)
        assert public != reader.told(f"/traffic/lane{path}", **parameters)
    assert stranger.get("/api/v1/traffic/lane/summary").status_code == 401
    assert stranger.get("/api/v1/sites").status_code == 401
    street = stranger.told("/traffic", **asked(0, 6))["items"][0]
    assert (street["school_way"], street["max_kmh"]) == (True, None)


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        ("/report", {"from": "2026-02-02T01:00:00+01:00", "to": "2026-02-05"}, 422),
        ("/report", {"from": "2026-02-02", "to": "2026-02-05T12:00:00Z"}, 422),
        ("/report", {"from": "2026-02-02", "to": "2026-02-09"}, 422),
        ("/report", {"from": "2026-02-02", "to": "2026-02-05", "tz": "UTC"}, 422),
        ("/histogram", {"from": "2026-02-02", "to": "2026-02-05", "tz": "America/New_York"}, 422),
        ("/series", {"every": "15min"}, 422),
        ("/report", {"format": "bundle", "from": "2026-02-02", "to": "2026-02-05"}, 403),
        ("/report", {"basis": "passages", "from": "2026-02-02", "to": "2026-02-05"}, 403),
        ("/compare", {"from": "2026-02-05T01:00:00+01:00", "to": "2026-02-07"}, 422),
        ("/report", {"from": "2026-02-02", "to": "2026-02-08"}, 200),
    ],
)
def test_what_strangers_may_ask(of_lane: Any, path: str, parameters: dict[str, str], status: int) -> None:
    for client, more in ((of_lane(), {}), (of_lane(("read", "export")), {"public": "true"})):
        answer = client.get(f"/api/v1/traffic/lane{path}", params={**parameters, **more})
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([0, 0, 0], [0, 0, 0]), ([5, 0, 7], [5, 0, 7]), ([2, 3, 0], [0, 5, 0]), ([9, 1, 0], [10, 0, 0]),
        ([1, 30, 1, 1, 1, 1, 1], [0, 31, 0, 0, 5, 0, 0]),
    ],
)  # fmt: skip
def test_classes_are_put_together(counts: list[float], expected: list[float]) -> None:
    assert together(np.array(counts, dtype=float), K).tolist() == expected


def test_the_report_outlives_single_passages(of_lane: Any, lane: ApiContext) -> None:
    exporter, reader = of_lane(("read", "export")), of_lane(("read",))
    raw = np.array([one.speed_kmh for one in lane.store.readings("passage", "radar", 0, to_us(NOW))])
    before = reader.get("/api/v1/traffic/lane/report", params=asked(0, DAYS))
    single = exporter.told("/traffic/lane/report", basis="passages", **asked(0, DAYS))["statistics"]["all"]
    assert single["n"] == raw.size
    assert single["v85_kmh"] == pytest.approx(np.percentile(raw, 85))
    assert reader.get("/api/v1/traffic/lane/report", params={"basis": "passages"}).status_code == 403
    keeper = Retention(lane.store, lane.book, keep={"passage": timedelta(days=2)}, clock=lane.clock)
    assert keeper.delete("passage", "radar", to_us(NOW))
    assert lane.store.readings("passage", "radar", 0, to_us(NOW)) == []
    after = reader.get("/api/v1/traffic/lane/report", params=asked(0, DAYS))
    assert after.content == before.content
    every = after.json()["statistics"]["all"]
    assert abs(every["v85_kmh"] - np.percentile(raw, 85, method="inverted_cdf")) <= 1.0
    assert every["mean_kmh"] == pytest.approx(raw.mean(), abs=1e-6)
    assert every["max_kmh"] == raw.max()
    assert every["free_flow"]["n"] == single["free_flow"]["n"]
    gone = exporter.get("/api/v1/traffic/lane/report", params={"basis": "passages", **asked(0, DAYS)})
    assert gone.status_code == 409
    assert "deleted" in gone.json()["detail"]
