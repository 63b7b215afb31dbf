"""Results are what pages and reports say, laid down again and again; a fault in one job silences no other."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.api.alarms.engine import LEASE as ALARMS_LEASE
from bypuls.api.results.runner import JOBS, LEASE, Job, ResultsRunner
from bypuls.api.results.scene import Scene
from bypuls.store.book import Letter, Taken
from bypuls.store.protocol import Unavailable
from bypuls.store.results import Result, ResultsInMemory
from bypuls.wire import to_us

Town = Any
NOW = datetime(2026, 3, 30, 10, 7, tzinfo=UTC)
COPENHAGEN = ZoneInfo("Europe/Copenhagen")


@dataclass
class Clock:
    """A clock that stands until it is set."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Laid:
    """A board that was filled, and what the jobs said."""

    board: ResultsInMemory = field(default_factory=ResultsInMemory)
    failed: dict[str, str] = field(default_factory=dict)

    def of(self, topic: str, **tags: str) -> list[Result]:
        """Results with these tags."""
        return [one for one in self.board.results(topic) if tags.items() <= one.tags.items()]


def runner(town: Town, board: ResultsInMemory, clock: Clock | None = None, **more: Any) -> ResultsRunner:
    of = town.context
    return ResultsRunner(of.store, board, of.registry, of.book, clock=clock or Clock(), **more)


@pytest.fixture(scope="module")
def laid(town: Town) -> Laid:
    """Everything worked out once."""
    found = Laid()
    made = runner(town, found.board)
    ran = made.run(list(JOBS))
    made.rest()
    assert ran is not None
    found.failed = {one.job: one.reason for one in ran if one.reason is not None}
    return found


def test_every_job_does_its_work_and_says_so(laid: Laid) -> None:
    assert laid.failed == {}
    runs = {one.tags["job"]: one.numbers for one in laid.of("run")}
    assert set(runs) == set(JOBS)
    assert all(numbers["ok"] == 1.0 and numbers["ended_s"] == NOW.timestamp() for numbers in runs.values())


def test_v85_of_days_is_that_of_the_api(laid: Laid, client: Any) -> None:
    for direction in ("both", "toward", "away"):
        asked = {} if direction == "both" else {"direction": direction}
        told = client.told(
            "/traffic/high-street/series", every="day", **{"from": "2025-05-31", "to": "2025-06-06"}, **asked
        )
        days = {day: at for at, day in enumerate(told["columns"]["t"])}
        found = laid.of("site", site="high-street", period="day", direction=direction)
        june = [one for one in found if one.t_us < to_us(datetime(2025, 7, 1, tzinfo=UTC))]
        assert len(june) >= 5
        for one in june:
            row = days[datetime.fromtimestamp(one.t_us / 1e6, UTC).astimezone(COPENHAGEN).isoformat()]
            for name in ("v85_kmh", "n", "mean_kmh", "over_limit_n", "limit_kmh"):
                assert one.numbers.get(name) == pytest.approx(told["columns"][name][row]), name


def test_a_week_is_its_days_taken_together_not_their_mean(laid: Laid, client: Any) -> None:
    monday = to_us(datetime(2025, 6, 2, tzinfo=COPENHAGEN))
    [week] = [one for one in laid.of("site", period="week", direction="both") if one.t_us == monday]
    told = client.told("/traffic/high-street/summary", **{"from": "2025-06-02", "to": "2025-06-09"})
    assert week.numbers["v85_kmh"] == pytest.approx(told["v85_kmh"])
    assert week.numbers["n"] == told["n"]


def test_days_that_nobody_watched_are_left_out(laid: Laid) -> None:
    days = laid.of("site", period="day", direction="both")
    assert all(one.numbers["n"] > 0 for one in days)
    assert len(days) < 20, "of 26 months a few days were watched"


def test_streets_now_are_those_of_the_ranking(laid: Laid, client: Any) -> None:
    [street] = laid.of("site_now", site="high-street")
    told = client.told("/traffic", **{"from": "2026-03-02", "to": "2026-03-30"})
    [ranked] = [one for one in told["items"] if one["site"] == "high-street"]
    for name in ("v85_kmh", "mean_kmh", "over_limit_share", "limit_kmh", "rank"):
        assert street.numbers.get(name) == pytest.approx(ranked[name]), name
    assert street.texts["name"] == "High Street"
    [average] = laid.of("site_average", site="high-street")
    assert average.texts["average"] == "average_day_of_period", "few days of a year were watched: that is no AADT"


def test_buildings_are_those_of_the_portfolio(laid: Laid, client: Any) -> None:
    rows = {one["building"]: one for one in client.told("/portfolio")["items"]}
    found = {one.tags["building"]: one for one in laid.of("building")}
    assert set(found) == {"hall", "shed"}
    assert found["hall"].numbers["kwh_m2"] == pytest.approx(rows["hall"]["eui"]["raw"])
    assert found["hall"].numbers["kwh"] == pytest.approx(rows["hall"]["eui"]["raw"] * 1000.0)
    assert "kwh_corrected" not in found["hall"].numbers, "without a normal year nothing is corrected, and nothing is 0"
    assert found["hall"].texts["reason_en"]
    assert found["hall"].texts["reason_da"] != found["hall"].texts["reason_en"]
    assert "kwh" not in found["shed"].numbers


def test_days_of_energy_count_each_kwh_once(laid: Laid, town: Town) -> None:
    """The submeter lies behind the main meter, and the tenant's use is taken off."""
    days = {one.t_us: one.numbers for one in laid.of("energy", building="hall", medium="electricity")}
    start, end = (to_us(datetime(2026, 3, day, 23, tzinfo=UTC)) for day in (9, 10))
    edges = np.array([start, end], dtype=np.int64)
    store = town.context.store
    sums = store.sums("meter", ["hall-el", "hall-el-tenant"], edges, ["import_wh_delta"])["import_wh_delta"][:, 0]
    assert days[start]["used"] == pytest.approx((sums[0] - sums[1]) / 1000.0)
    assert days[start]["coverage"] == 1.0
    gap_day = to_us(datetime(2025, 4, 30, 22, tzinfo=UTC))
    whole = store.sums(
        "meter", ["hall-el"], np.array([gap_day, gap_day + 86_400_000_000]), ["import_wh_delta", "import_wh_gap"]
    )
    assert days[gap_day]["used"] == pytest.approx(sum(float(one[0, 0]) for one in whole.values()) / 1000.0)
    assert days[gap_day]["coverage"] < 1.0


def test_months_that_rest_on_the_same_are_not_worked_out_again(town: Town) -> None:
    class Counting(ResultsInMemory):
        written = 0

        def replace_results(self, topic: str, results: Any, **more: Any) -> None:
            self.written += len(results)
            super().replace_results(topic, results, **more)

    board = Counting()
    made = runner(town, board)
    made.run(["energy", "sites"])
    first, board.written = board.written, 0
    made.run(["energy", "sites"])
    assert 0 < board.written < first / 5
    town.context.book.note_changes([("meter", "hall-el", to_us(NOW) - 200 * 86_400_000_000, to_us(NOW))])
    board.written = 0
    made.run(["energy"])
    assert board.written > 150, "months whose bins changed are worked out again"
    made.rest()


def test_the_platform_counts_alarms_only_while_somebody_looks_after_them(town: Town) -> None:
    board, clock = ResultsInMemory(), Clock()
    made = runner(town, board, clock)
    made.run(["platform"])
    [point] = board.results("platform")
    assert point.numbers["sensors"] == len(town.context.registry.sensors())
    assert point.numbers["dead_letters"] == 0.0
    assert point.numbers["outbox_rows"] == 3.0, "what a silent device said last is not what is"
    assert "alarms_open" not in point.numbers
    assert town.context.book.take_lease(ALARMS_LEASE, "somebody", to_us(NOW), 3600.0)
    clock.now += timedelta(minutes=5)
    made.run(["platform"])
    newest = board.results("platform")[-1]
    assert newest.numbers["alarms_open"] == newest.numbers["alarms_silence"] == 0.0
    assert len(board.results("platform")) == 2
    town.context.book.release_lease(ALARMS_LEASE, "somebody")
    made.rest()


def test_interventions_stand_on_their_day(laid: Laid) -> None:
    found = {one.tags["intervention"]: one for one in laid.of("intervention")}
    assert set(found) == {"humps", "led"}
    humps = found["humps"]
    assert datetime.fromtimestamp(humps.t_us / 1e6, COPENHAGEN).isoformat() == "2025-06-02T00:00:00+02:00"
    assert humps.texts == {
        "place": "high-street", "name": "High Street", "kind": "humps", "text_en": "three humps",
        "text_da": "three humps",
    }  # fmt: skip
    assert found["led"].texts["text_en"] == "led", "without a note its kind speaks"


def test_the_ledger_and_dead_letters_of_each_device(town: Town) -> None:
    book, board = town.context.book, ResultsInMemory()
    book.take(
        [Taken("pi-1", "e1", 1, 10, (4,))], [Letter("pi-1", "no such sensor", b"x", "e1", 4)], [], to_us(NOW)
    )  # fmt: skip
    book.take([Taken("pi-1", "e1", 13, 20)], [], [], to_us(NOW))
    made = runner(town, board)
    made.run(["platform"])
    made.rest()
    device = next(one for one in board.results("device") if one.tags["device"] == "pi-1")
    assert {name: device.numbers[name] for name in ("received", "stored", "refused", "missing", "dead_letters")} == {
        "received": 18.0, "stored": 17.0, "refused": 1.0, "missing": 2.0, "dead_letters": 1.0,
    }  # fmt: skip
    assert device.texts == {"name": "Pi one", "dead_letter": "no such sensor"}
    [hour] = board.results("ledger")
    assert hour.t_us == to_us(NOW.replace(minute=0))
    assert hour.numbers["received"] == 18.0


def test_a_job_that_fails_leaves_what_was_there_and_silences_no_other(town: Town) -> None:
    board = ResultsInMemory()

    def broken(_scene: Scene) -> int:
        raise ZeroDivisionError("of figures\nthat nobody has")

    def down(_scene: Scene) -> int:
        raise Unavailable("the store is down")

    made = runner(
        town, board, jobs={"broken": Job(broken, 60.0), "down": Job(down, 60.0), "happenings": JOBS["happenings"]}
    )
    ran = made.run()
    made.rest()
    assert ran is not None
    assert [one.reason is None for one in ran] == [False, False, True]
    told = {one.tags["job"]: one for one in board.results("run")}
    assert told["broken"].texts["reason_en"] == "ZeroDivisionError: of figures that nobody has"
    assert told["broken"].numbers["ok"] == 0.0
    assert told["happenings"].numbers["ok"] == 1.0


def test_slow_work_keeps_no_quick_work_waiting(town: Town) -> None:
    stop, slow_began, quick_done = threading.Event(), threading.Event(), threading.Event()

    def slow(_scene: Scene) -> int:
        slow_began.set()
        assert quick_done.wait(20)
        stop.set()
        return 0

    def quick(_scene: Scene) -> int:
        if slow_began.is_set():
            quick_done.set()
        return 0

    clock = Clock()
    jobs = {"slow": Job(slow, 60.0, slow=True), "quick": Job(quick, 0.0)}
    made = runner(town, ResultsInMemory(), clock, jobs=jobs, halted=stop.is_set)
    made.serve(stop, every_s=0.01)
    assert quick_done.is_set()


def test_what_is_not_due_waits_and_one_process_works_at_a_time(town: Town) -> None:
    clock, board = Clock(), ResultsInMemory()
    done: list[datetime] = []

    def work(scene: Scene) -> int:
        done.append(scene.now)
        return 0

    made = runner(town, board, clock, jobs={"some": Job(work, 3600.0)}, owner="one")
    other = runner(town, board, clock, jobs={"some": Job(work, 3600.0)}, owner="two")
    made.run()
    made.run()
    assert len(done) == 1
    assert other.run() is None, "another process is at it"
    clock.now += timedelta(seconds=61)
    made.run()
    assert len(done) == 2, "after a start history may be on its way: seldom work is done more often"
    clock.now += timedelta(hours=10)
    made.run()
    clock.now += timedelta(minutes=30)
    made.run()
    assert len(done) == 3
    made.rest()
    assert other.run() is not None
    other.rest()
    assert town.context.book.take_lease(LEASE, "x", to_us(clock.now), 1.0)
    town.context.book.release_lease(LEASE, "x")


def test_a_runner_that_is_halted_begins_nothing(town: Town) -> None:
    board = ResultsInMemory()
    assert runner(town, board, halted=lambda: True).run() == []
    assert board.results("run") == []
