"""Single passages go after their time; every statistic stays, and what comes late makes a part of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bypuls.analysis.histogram import merge_texts, percentile
from bypuls.ingest.gate import Gate
from bypuls.ingest.intake import Intake
from bypuls.ingest.retention import Retention
from bypuls.ingest.rollups import RollupWorker
from bypuls.store.book import Book, CitizenReport, CitizenReports, Seal, Window
from bypuls.store.protocol import Unavailable
from bypuls.wire import Passage, to_us

KEEP = timedelta(days=30)


def passages(start: datetime, count: int, seed: int, sensor: str = "radar-1") -> list[Passage]:
    rng = random.Random(seed)
    t, found = start, []
    for _ in range(count):
        t += timedelta(seconds=rng.expovariate(1 / 8), microseconds=rng.randrange(1000))
        direction = rng.choice(("toward", "away"))
        found.append(Passage(sensor=sensor, t=t, speed_kmh=round(rng.gauss(45, 7), 1), direction=direction))
    return found


class Town:
    """A platform with its intake, its rollups and its retention, driven by hand."""

    def __init__(self, platform: Any, message: Callable[..., Any]) -> None:
        self.platform = platform
        self.message = message
        admission = platform.registry.admission(platform.now)
        self.admission = admission
        self.intake = Intake(platform.store, platform.book, gate=lambda: Gate(admission), clock=platform.clock)
        self.retention = Retention(platform.store, platform.book, keep={"passage": KEEP}, clock=platform.clock)
        self.worker = RollupWorker(
            platform.store, platform.book, admission=lambda: admission, clock=platform.clock, owner="w"
        )

    def send(self, readings: list[Passage], first: int, epoch: str = "e1") -> None:
        for at in range(0, len(readings), 500):
            self.intake.take([self.message(readings[at : at + 500], first=first + at, epoch=epoch)])

    def roll_up(self) -> None:
        self.worker.once()

    def raw(self) -> int:
        return len(self.platform.store.readings("passage", "radar-1", 0, 2**60))

    def table(self) -> dict[str, Any]:
        names = ["n", "sum_kmh", "sum_kmh2", "max_kmh", "hist"]
        table = self.platform.store.bins("traffic", ["radar-1"], 0, 2**60, names, by=["direction", "vehicle_class"])
        texts = [text for text in table.columns["hist"] if text]
        return {
            "n": float(np.nansum(table.columns["n"])),
            "sum": float(np.nansum(table.columns["sum_kmh"])),
            "max": float(np.nanmax(table.columns["max_kmh"])),
            "v85": percentile(merge_texts(texts, 1.0), 85),
            "bins": len(table),
        }


@pytest.fixture
def town(platform: Any, message: Callable[..., Any]) -> Town:
    return Town(platform, message)


def test_old_passages_go_and_every_statistic_stays(town: Town) -> None:
    now = town.platform.now
    old, young = passages(now - timedelta(days=40), 900, 1), passages(now - timedelta(days=3), 400, 2)
    town.send(old + young, 1)
    town.roll_up()
    before = town.table()
    assert town.retention.run(town.admission) == 1
    assert town.raw() == len(young)
    assert town.table() == before
    speeds = np.array([p.speed_kmh for p in old + young])
    assert before["n"] == len(speeds)
    assert before["sum"] == pytest.approx(speeds.sum())
    assert abs(before["v85"] - float(np.percentile(speeds, 85, method="inverted_cdf"))) <= 1.0


def test_nothing_goes_before_it_is_rolled_up(town: Town) -> None:
    town.send(passages(town.platform.now - timedelta(days=40), 50, 1), 1)
    assert town.retention.run(town.admission) == 0
    assert town.raw() == 50
    assert town.platform.book.seals(["radar-1"]) == {}


def test_what_comes_again_for_a_sealed_time_is_receipted_and_counts_once(town: Town) -> None:
    old = passages(town.platform.now - timedelta(days=40), 300, 1)
    town.send(old, 1)
    town.roll_up()
    before = town.table()
    town.retention.run(town.admission)
    answer = town.intake.take([town.message(old[:100], first=1)])
    assert answer.tally.duplicate == 100
    assert len(answer.answers) == 1
    town.roll_up()
    assert town.raw() == 0
    assert town.table() == before


def test_late_passages_make_further_parts_and_the_bin_is_their_sum(town: Town) -> None:
    start = town.platform.now - timedelta(days=40)
    everything = passages(start, 600, 1)
    shuffled = random.Random(5).sample(everything, len(everything))
    first, second, third = shuffled[:300], shuffled[300:450], shuffled[450:]
    seq = 1
    for part in (first, second, third):
        town.send(sorted(part, key=lambda p: to_us(p.t) if p.t else 0), seq)
        seq += len(part)
        town.roll_up()
        town.roll_up()  # again: a part replaces itself, it isn't added
        assert town.retention.delete("passage", "radar-1", to_us(town.platform.now - KEEP))
        assert town.raw() == 0
    found = town.table()
    speeds = np.array([p.speed_kmh for p in everything])
    assert found["n"] == 600
    assert found["sum"] == pytest.approx(speeds.sum())
    assert found["max"] == speeds.max()
    assert abs(found["v85"] - float(np.percentile(speeds, 85, method="inverted_cdf"))) <= 1.0
    assert town.platform.book.seals(["radar-1"])["radar-1"].part == 3


def test_a_window_across_the_seal_is_split(town: Town) -> None:
    now = town.platform.now
    edge = now - KEEP
    around = passages(edge - timedelta(hours=2), 1800, 3)  # about four hours, the seal in their middle
    town.send(around[::2], 1)
    town.roll_up()
    town.retention.run(town.admission)
    town.send(around[1::2], 10_000)
    town.roll_up()
    found = town.table()
    assert found["n"] == len(around)
    assert found["sum"] == pytest.approx(sum(p.speed_kmh for p in around))


def test_while_old_readings_are_deleted_late_ones_wait(town: Town) -> None:
    old = passages(town.platform.now - timedelta(days=40), 100, 1)
    town.send(old[:50], 1)
    town.roll_up()
    assert town.platform.book.begin_deleting(
        "passage", "radar-1", to_us(town.platform.now - KEEP) // 900_000_000 * 900_000_000
    )
    with pytest.raises(Unavailable, match="being deleted"):
        town.send(old[50:], 51)
    # The process died here. The next run goes on with it, and then the late ones are welcome.
    town.retention.run(town.admission)
    assert town.raw() == 0
    town.send(old[50:], 51)
    town.roll_up()
    assert town.table()["n"] == 100


class NotAsked(Book):
    """A book that nobody may ask for late windows."""

    def open_late(self, windows: Sequence[Window]) -> dict[str, Seal]:
        pytest.fail(f"asked for {windows}")


def test_readings_of_today_ask_no_seal(platform: Any, message: Callable[..., Any]) -> None:
    """The common case costs no further transaction."""
    platform.book = NotAsked(platform.registry)
    Town(platform, message).send(passages(platform.now - timedelta(hours=3), 100, 1), 1)


def test_another_kind_or_too_short_a_time_is_refused(town: Town) -> None:
    for keep in ({"meter": KEEP}, {"passage": timedelta(days=1)}):
        with pytest.raises(ValueError, match="expected"):
            Retention(town.platform.store, town.platform.book, keep=keep, clock=town.platform.clock)


def test_citizens_reports_go_after_their_time_seen_to_or_not(platform: Any) -> None:
    reports, now = CitizenReports(platform.registry), [platform.now]
    kept = Retention(
        platform.store, platform.book, keep={}, clock=lambda: now[0], reports=reports, keep_reports=timedelta(days=90)
    )
    for text in ("closed", "waiting"):
        reports.add(CitizenReport(0, to_us(now[0]), "dark", text, "Lane 1", None, None, None))
    assert reports.close(reports.waiting()[0].id, to_us(now[0]))
    now[0] += timedelta(days=90)
    reports.add(CitizenReport(0, to_us(now[0]), "dark", "young", "Lane 2", None, None, None))
    kept.run(platform.registry.admission(now[0]))
    assert len(reports.waiting()) == 2  # on the last day they are still there
    now[0] += timedelta(minutes=59)
    kept.run(platform.registry.admission(now[0]))
    assert len(reports.waiting()) == 2  # it looks once an hour
    now[0] += timedelta(minutes=1)
    kept.run(platform.registry.admission(now[0]))
    assert [one.text for one in reports.waiting()] == ["young"]
    # The closed one went too: none is left to delete.
    assert reports.forget(to_us(platform.now) + 1) == 0


def test_a_time_for_reports_is_above_zero(platform: Any) -> None:
    with pytest.raises(ValueError, match="keep reports: 0 days — expected a number above 0"):
        Retention(platform.store, platform.book, keep={}, clock=platform.clock, keep_reports=timedelta(0))
