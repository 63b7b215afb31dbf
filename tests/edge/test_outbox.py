"""The outbox keeps order, numbers, times and bytes, and lets go on the receipt alone."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bypuls.edge.outbox import Arrival
from bypuls.edge.outbox_file import OutboxBusy, OutboxError
from bypuls.edge.outbox_state import inspect
from bypuls.wire import MAX_BATCH_BYTES, Lamp, Meter, Passage, TrafficBin, assemble_batch, decode_reading, to_us


class ListWitness:
    def __init__(self) -> None:
        self.rows: list[tuple[str, int, bytes]] = []

    def committed(self, epoch: str, rows) -> None:
        self.rows += [(epoch, seq, body) for seq, body in rows]


def readings_of(outbox, first: int = 1, last: int = 10**9):
    """Everything that waits in first…last, as (epoch, seq, reading)."""
    found = []
    for a, b in outbox.waiting().within(first, last):
        while a <= b:
            rows = outbox.batch(a, b)
            found += [(rows.epoch, rows.first + i, decode_reading(body)) for i, body in enumerate(rows.bodies)]
            a = rows.last + 1
    return found


def test_rows_come_back_in_order_with_their_bytes(open_outbox, passages) -> None:
    witness = ListWitness()
    outbox = open_outbox(witness=witness)
    arrivals = passages(3)
    assert outbox.append(arrivals[:2]) == 2
    assert outbox.append(arrivals[2:]) == 1
    assert [(e, s, r) for e, s, r in readings_of(outbox)] == [("e1", i + 1, a.reading) for i, a in enumerate(arrivals)]
    assert [(e, s, decode_reading(b)) for e, s, b in witness.rows] == readings_of(outbox)


def test_a_row_keeps_epoch_and_number_across_restarts_and_a_batch_holds_one_epoch(open_outbox, passages) -> None:
    for _ in range(3):
        outbox = open_outbox()
        outbox.append(passages(2))
        outbox.close()
    outbox = open_outbox()
    assert [(e, s) for e, s, _ in readings_of(outbox)] == [
        ("e1", 1), ("e1", 2), ("e2", 3), ("e2", 4), ("e3", 5), ("e3", 6),
    ]  # fmt: skip
    rows = outbox.batch(1, 6)
    assert (rows.epoch, rows.first, rows.last) == ("e1", 1, 2)
    assert (outbox.bounds("e2"), outbox.bounds("e9")) == ((3, 4), None)


def test_a_start_without_readings_takes_nothing_from_the_next(open_outbox, passages) -> None:
    open_outbox().close()
    outbox = open_outbox()
    outbox.append(passages(1))
    assert readings_of(outbox)[0][:2] == ("e2", 1)


def test_numbers_never_come_back_even_when_all_rows_are_gone(open_outbox, passages, clock) -> None:
    outbox = open_outbox()
    outbox.append(passages(5))
    assert outbox.receipt([(1, 5)], to_us(clock.wall)) == 5
    clock.advance(100)
    assert outbox.prune(to_us(clock.wall), keep_s=10) == 5
    outbox.close()
    outbox = open_outbox()
    assert not outbox.waiting()
    outbox.append(passages(1))
    assert [(e, s) for e, s, _ in readings_of(outbox)] == [("e2", 6)]


def test_a_receipt_takes_exactly_its_rows_and_survives_a_restart(open_outbox, passages, clock) -> None:
    outbox = open_outbox()
    outbox.append(passages(10))
    assert outbox.receipt([(3, 4), (9, 20)], to_us(clock.wall)) == 4
    assert outbox.receipt([(3, 4)], to_us(clock.wall)) == 0
    outbox.close()
    outbox = open_outbox()
    assert list(outbox.waiting()) == [(1, 2), (5, 8)]
    assert outbox.batch(1, 10).last == 2, "a batch never spans a hole"
    stats = outbox.stats()
    assert (stats.waiting, stats.receipted, stats.epochs) == (6, 4, {"e1": 6})


def test_receipts_in_a_row_are_one_note_per_hour(open_outbox, passages, clock, tmp_path: Path) -> None:
    outbox = open_outbox()
    outbox.append(passages(100))
    for seq in range(1, 101):
        outbox.receipt([(seq, seq)], to_us(clock.wall))
    outbox.close()
    db = sqlite3.connect(tmp_path / "outbox.db")
    assert db.execute("SELECT first, last FROM receipted").fetchall() == [(1, 100)]
    db.close()


def test_receipted_rows_can_be_asked_for_again_until_pruned(open_outbox, passages, clock) -> None:
    outbox = open_outbox()
    arrivals = passages(10)
    outbox.append(arrivals)
    outbox.receipt([(1, 10)], to_us(clock.wall))
    assert outbox.again([(3, 5)]) == 3
    assert list(outbox.waiting()) == [(3, 5)]
    clock.advance(3600)
    assert outbox.prune(to_us(clock.wall), keep_s=7200) == 0
    clock.advance(3601)
    assert outbox.prune(to_us(clock.wall), keep_s=7200) == 7
    assert outbox.again([(1, 10)]) == 0
    outbox.close()
    outbox = open_outbox()
    assert list(outbox.waiting()) == [(3, 5)], "what was deleted around rows that wait must not look as if it waited"
    outbox.receipt([(3, 5)], to_us(clock.wall))
    assert outbox.again(list(outbox.since(to_us(arrivals[3].reading.t)))) == 2


def test_prune_counts_the_age_from_when_the_time_is_known(open_outbox, passages, clock) -> None:
    outbox = open_outbox()
    outbox.append(passages(2))
    outbox.receipt([(1, 1)], None)
    outbox.receipt([(2, 2)], to_us(clock.wall + timedelta(days=3650)))
    assert outbox.prune(to_us(clock.wall), keep_s=60) == 0
    clock.advance(61)
    assert outbox.prune(to_us(clock.wall), keep_s=60) == 2


def test_full_receipted_rows_go_first_then_new_ones_are_refused_and_counted(open_outbox, passages, clock) -> None:
    outbox = open_outbox(max_bytes=300_000)
    outbox.append(passages(500))
    outbox.receipt([(1, 500)], to_us(clock.wall))
    accepted = sum(outbox.append(passages(100)) for _ in range(40))
    stats = outbox.stats()
    assert stats.receipted == 0, "they gave way"
    assert stats.waiting == accepted
    assert stats.dropped == 4000 - accepted > 0
    assert stats.bytes <= 300_000
    outbox.close()
    outbox = open_outbox(max_bytes=300_000)
    assert outbox.stats().dropped == 4000 - accepted, "the count outlives a restart"
    outbox.receipt(list(outbox.waiting()), to_us(clock.wall))
    assert outbox.append(passages(100)) == 100, "room again"


def test_a_batch_is_at_most_500_readings_and_128_kb(open_outbox, passages, clock) -> None:
    outbox = open_outbox()
    outbox.append(passages(600))
    assert outbox.batch(1, 600).last == 500
    edges = tuple(float(n) / 2 for n in range(1, 401))
    bins = [
        TrafficBin(sensor=f"s-{n}", t=clock.wall, period_s=900, upper_edges_kmh=edges, counts=(1234.5678,) * 400)
        for n in range(60)
    ]
    outbox.append([Arrival(reading, clock.boot, 0) for reading in bins])
    rows = outbox.batch(601, 660)
    assert 1 < len(rows.bodies) < 60
    longest = "d" * 63
    assert len(assemble_batch(longest, "e" * 63, rows.first, clock.wall, rows.bodies)) <= MAX_BATCH_BYTES


def test_the_same_moment_is_moved_before_its_commit_where_it_must(open_outbox, clock) -> None:
    outbox = open_outbox()
    t = clock.wall
    same = [
        Passage(sensor="a", speed_kmh=40, t=t),
        Passage(sensor="a", speed_kmh=41, t=t),
        Passage(sensor="b", speed_kmh=42, t=t),
        Meter(sensor="a", medium="heat", power_w=1, t=t),
        Meter(sensor="a", medium="gas", power_w=1, t=t),
        Lamp(sensor="a", on=True, t=t),
        TrafficBin(sensor="a", t=t, period_s=900, upper_edges_kmh=(), counts=(3,), open_top=True),
        TrafficBin(sensor="a", t=t, period_s=900, upper_edges_kmh=(), counts=(3,), open_top=True),
    ]
    outbox.append([Arrival(reading, clock.boot, 0) for reading in same])
    outbox.close()
    outbox = open_outbox()
    outbox.append([Arrival(Passage(sensor="a", speed_kmh=43, t=t), clock.boot, 0)])
    moved = [to_us(reading.t) - to_us(t) for _, _, reading in readings_of(outbox)]
    assert moved == [0, 1, 0, 0, 0, 0, 0, 0, 2]


@pytest.mark.parametrize(
    "boots_at",
    [
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), id="1970"),
        pytest.param(datetime(2036, 11, 23, tzinfo=UTC), id="ten years ahead"),
        pytest.param(datetime(2026, 11, 23, 7, 15, tzinfo=UTC), id="an hour back"),
    ],
)
def test_held_rows_are_stamped_by_the_time_since_boot(open_outbox, passages, clock, boots_at) -> None:
    truth, clock.wall, clock.synced = clock.wall, boots_at, False
    guard = clock.guard()
    witness = ListWitness()
    outbox = open_outbox(witness=witness)
    assert guard.anchor() is None
    outbox.append(passages(3, timed=False))
    assert outbox.held()
    assert not outbox.waiting()
    clock.advance(60)
    outbox.append(passages(1, timed=False))
    clock.wall, clock.synced = truth + timedelta(seconds=60.04), True  # NTP has set the clock
    assert outbox.append([Arrival(Passage(sensor="radar-n", speed_kmh=50, t=guard.now()), clock.boot, 0)]) == 1
    assert list(outbox.waiting()) == [(5, 5)], "held rows before it stay out of the batch"
    assert outbox.stamp(guard.anchor()) == 4
    expected = [truth + timedelta(milliseconds=ms) for ms in (10, 20, 30, 60_040)]
    expected.append(expected[-1] + timedelta(microseconds=0))
    stamped = [reading.t for _, _, reading in readings_of(outbox)]
    assert stamped[:3] == expected[:3]
    assert stamped[4] == expected[4], "a time once committed never changes"
    assert stamped[3] == expected[3] + timedelta(microseconds=1), "the moment was taken"
    assert [(e, s) for e, s, _ in readings_of(outbox)] == [("e1", n) for n in range(1, 6)]
    assert {s: decode_reading(b).t for _, s, b in witness.rows} == {s: r.t for _, s, r in readings_of(outbox)}


def test_rows_of_a_boot_that_never_knew_the_time_go_without_it(open_outbox, passages) -> None:
    outbox = open_outbox()
    outbox.append(passages(2, timed=False))
    outbox.close()
    outbox = open_outbox()
    assert outbox.release("boot-1") == 0, "the same boot may still learn it"
    outbox.close()
    outbox = open_outbox()
    assert outbox.release("boot-2") == 2
    assert [reading.t for _, _, reading in readings_of(outbox)] == [None, None]
    assert not outbox.held()


def test_rows_of_a_boot_that_once_knew_the_time_get_it_after_the_next(open_outbox, passages, clock) -> None:
    outbox = open_outbox()
    outbox.stamp(clock.guard().anchor())
    started = clock.wall
    clock.synced = False
    outbox.append(passages(2, timed=False))
    outbox.close()
    outbox = open_outbox()
    assert outbox.release("boot-2") == 0
    assert [reading.t - started for _, _, reading in readings_of(outbox)] == [
        timedelta(milliseconds=10),
        timedelta(milliseconds=20),
    ]


def test_a_second_edge_on_the_same_file_is_told_so(open_outbox) -> None:
    open_outbox()
    with pytest.raises(OutboxBusy, match="another edge has it open"):
        open_outbox()


def test_a_file_of_a_newer_release_is_left_alone(open_outbox, tmp_path: Path) -> None:
    open_outbox().close()
    db = sqlite3.connect(tmp_path / "outbox.db")
    db.execute("PRAGMA user_version = 2")
    db.close()
    with pytest.raises(OutboxError, match="newer release"):
        open_outbox()
    assert not list(tmp_path.glob("*.damaged-*"))


def test_inspect_reads_beside_a_running_edge(open_outbox, passages, clock, tmp_path: Path) -> None:
    outbox = open_outbox()
    outbox.append(passages(4))
    outbox.append(passages(1, timed=False))
    outbox.receipt([(1, 1)], to_us(clock.wall))
    stats = inspect(tmp_path / "outbox.db")
    assert (stats.waiting, stats.held, stats.receipted, stats.epochs) == (4, 1, 1, {"e1": 4})
    assert stats == outbox.stats()
    with pytest.raises(OutboxError, match="no such file"):
        inspect(tmp_path / "none.db")
