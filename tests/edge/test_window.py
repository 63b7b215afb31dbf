"""The sending window under any order of commits, receipts, silences and reconnections."""

from __future__ import annotations

import heapq
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bypuls.edge.spans import Spans
from bypuls.edge.window import FIRST_ALLOWANCE, LIMIT, Window
from bypuls.wire import MAX_READINGS

WIDE = LIMIT * MAX_READINGS  # an allowance that holds nothing back


class Platform(RuleBasedStateMachine):
    """An edge with rows that wait, and a platform that receipts what it was sent, except for poison rows: a batch with
    one of those is never receipted.
    """

    @initialize(
        seed=st.integers(0, 2**32),
        poison=st.frozensets(st.integers(1, 3000), max_size=3),
        allowance=st.sampled_from([FIRST_ALLOWANCE, WIDE]),
    )
    def begin(self, seed: int, poison: frozenset[int], allowance: int) -> None:
        self.window = Window(Random(seed), allowance=allowance)
        self.waiting = Spans()
        self.now = 0.0
        self.high = 0
        self.poison = poison
        self.sent_at: dict[int, float] = {}
        self.unanswered: list[tuple[int, int]] = []

    @rule(rows=st.integers(1, 1500))
    def commit(self, rows: int) -> None:
        self.high += rows
        self.waiting.add(self.high - rows + 1, self.high)

    @rule(seconds=st.sampled_from([0.01, 1.0, 29.0, 31.0, 120.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(least=st.integers(1, MAX_READINGS))
    def send(self, least: int) -> None:
        """Sends all that is due; a batch may be cut short (bytes, epochs), never below `least` rows."""
        for _ in range(200):
            span = self.window.next(self.waiting, self.now)
            before = self.window.in_flight(self.now)
            if span is None:
                return
            first, last = span
            assert 1 <= last - first + 1 <= MAX_READINGS
            assert self.waiting.within(first, last) == [span], "only rows that wait, without a hole"
            again = [seq for seq in range(first, last + 1) if seq in self.sent_at]
            # A probe after 2 s, what a first receipt passed over after 1 s, all else when it is 30 s late.
            assert all(self.now - self.sent_at[seq] >= 1.0 for seq in again), "sent again too soon"
            if not again:
                assert before < LIMIT
                last = min(last, first + least - 1)
            self.window.sent(first, last, self.now)
            self.sent_at |= dict.fromkeys(range(first, last + 1), self.now)
            self.unanswered.append((first, last))
        raise AssertionError("it never stops sending")

    @precondition(lambda self: self.unanswered)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.unanswered) - 1))
        first, last = self.unanswered.pop(at)
        if not any(first <= bad <= last for bad in self.poison):
            self._take(first, last)

    def _take(self, first: int, last: int) -> None:
        for a, b in self.window.receipted([(first, last)], self.now):
            self.waiting.remove(a, b)
            for seq in range(a, b + 1):
                self.sent_at.pop(seq, None)

    @rule()
    def nobody_listens(self) -> None:
        self.unanswered.clear()

    @rule()
    def reconnect(self) -> None:
        self.window.reconnected()
        self.sent_at.clear()

    @rule(first=st.integers(1, 5000), rows=st.integers(1, 500))
    def forged_receipt(self, first: int, rows: int) -> None:
        never = self.high + first
        assert self.window.receipted([(never, never + rows)], self.now) == []

    @invariant()
    def bounded(self) -> None:
        if hasattr(self, "window"):
            assert self.window.in_flight(self.now) <= LIMIT

    def teardown(self) -> None:
        """However it went: a platform that answers gets everything but the poison rows themselves."""
        if not hasattr(self, "window"):
            return
        for _ in range(3000):
            self.send(MAX_READINGS)
            while self.unanswered:
                first, last = self.unanswered.pop(0)
                if not any(first <= bad <= last for bad in self.poison):
                    self._take(first, last)
            if all(seq in self.poison for first, last in self.waiting for seq in range(first, last + 1)):
                return
            # Live rows keep coming: it is their receipts that show a stuck batch to be stuck.
            self.high += 1
            self.waiting.add(self.high, self.high)
            self.poison -= {self.high}
            self.now += 10.0
        raise AssertionError(f"still waiting: {self.waiting}")


TestWindow = Platform.TestCase
TestWindow.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
)


def sent(window: Window, waiting: Spans, now: float) -> list[tuple[int, int]]:
    spans = []
    while (span := window.next(waiting, now)) is not None:
        window.sent(*span, now)
        spans.append(span)
    return spans


def test_after_an_outage_the_newest_rows_go_first_and_the_backlog_drains_between() -> None:
    window, waiting = Window(Random(1), allowance=WIDE), Spans([(1, 100_000)])
    spans = sent(window, waiting, 0.0)
    assert spans[:4] == [(99_501, 100_000), (1, 500), (99_001, 99_500), (501, 1_000)]
    assert len(spans) == LIMIT
    waiting.add(100_001, 100_003)  # live rows meanwhile
    window.receipted([(1, 500), (99_501, 100_000)], 0.2)
    waiting.remove(1, 500)
    waiting.remove(99_501, 100_000)
    assert sent(window, waiting, 0.2)[0] == (100_001, 100_003)


def test_pauses_double_up_to_ten_minutes_with_jitter() -> None:
    window, waiting = Window(Random(2)), Spans([(1, 10)])
    now, pauses = 0.0, []
    for _ in range(16):
        assert sent(window, waiting, now) == [(1, 10)]
        due = window.wake_at(now)
        pauses.append(due - now)
        assert window.next(waiting, due - 0.001) is None
        now = due
    assert [round(pause / 1.125) for pause in pauses[:4]] == pytest.approx([2, 5, 10, 20], rel=0.2), "the probe"
    assert all(30 <= pause <= 600 for pause in pauses[4:])
    assert all(pause >= 300 for pause in pauses[10:])
    assert len(set(pauses[10:])) > 3, "jitter"


def test_what_is_no_probe_is_sent_again_when_its_receipt_is_thirty_seconds_late() -> None:
    window, waiting = Window(Random(2), allowance=WIDE), Spans([(1, 600)])
    probe, other = sent(window, waiting, 0.0)
    window.receipted([probe], 0.1)
    waiting.remove(*probe)
    assert window.next(waiting, 29.9) is None
    assert 30 <= window.wake_at(0.1) <= 37.5
    assert window.next(waiting, 38) == other


def test_a_platform_that_comes_back_later_than_the_broker_has_everything_soon() -> None:
    window, waiting = Window(Random(9), allowance=WIDE), Spans([(1, 2_000)])
    window.reconnected()
    probe, *others = sent(window, waiting, 0.0)  # nobody has subscribed yet
    assert sent(window, waiting, 2.6) == [probe]
    window.receipted([probe], 2.7)
    waiting.remove(*probe)
    assert sorted(sent(window, waiting, 5.8)) == sorted(others)


def test_the_first_receipt_after_a_silence_makes_late_batches_due_within_seconds() -> None:
    window, waiting = Window(Random(3)), Spans([(n, n) for n in range(1, 30, 2)])
    now = 0.0
    while now < 4000:
        sent(window, waiting, now)
        now = window.wake_at(now)
    first = sent(window, waiting, now)[0]
    window.receipted([first], now + 0.1)
    waiting.remove(*first)
    assert len(sent(window, waiting, now + 5.2)) >= 13


def test_a_batch_that_others_overtake_is_halved_down_to_the_row_that_is_stuck() -> None:
    window, waiting = Window(Random(4), allowance=WIDE), Spans([(1, 400)])
    stuck = 137
    now, sizes, high = 0.0, [], 400
    while waiting.count() > 1 and now < 10_000:
        high += 1
        waiting.add(high, high)
        for first, last in sent(window, waiting, now):
            if first <= stuck <= last:
                sizes.append(last - first + 1)
            else:
                window.receipted([(first, last)], now + 0.1)
                waiting.remove(first, last)
        now += 5
    assert list(waiting) == [(stuck, stuck)]
    whole = sizes.count(401)
    assert 3 <= whole <= 8, "three sendings that were overtaken and late, and the probe's"
    assert sizes[whole:] == sorted(sizes[whole:], reverse=True)
    assert sizes[-1] == 1
    assert now < 1_500


def test_connections_that_bring_no_receipt_make_batches_smaller_and_receipts_larger_again() -> None:
    window, waiting = Window(Random(5), allowance=WIDE), Spans([(1, 500)])
    sizes = []
    for now in range(8):
        window.reconnected()
        first, last = window.next(waiting, float(now))
        sizes.append(last - first + 1)
        window.sent(first, last, float(now))
    assert sizes[0] == 500
    assert sizes[-1] < 50
    window.receipted([(first, last)], 9.0)
    waiting.remove(first, last)
    a, b = window.next(waiting, 9.0)
    assert b - a + 1 == 2 * sizes[-1]


def under_way(spans: list[tuple[int, int]]) -> int:
    return sum(last - first + 1 for first, last in spans)


def test_the_backlog_begins_small_grows_with_quick_receipts_and_yields_to_slow_ones() -> None:
    window, waiting = Window(Random(6)), Spans([(1, 1_000_000)])
    now, rounds = 0.0, []

    def answered(after_s: float) -> int:
        nonlocal now
        spans = sent(window, waiting, now)
        now += after_s
        for span in spans:
            window.receipted([span], now)
            waiting.remove(*span)
        return under_way(spans)

    rounds = [answered(0.2) for _ in range(9)]
    assert rounds[:4] == [100, 200, 400, 800]
    assert rounds[-1] == WIDE, "a platform that keeps up gets all that the contract allows"
    slow = [answered(3.0) for _ in range(9)]
    assert slow[:4] == [WIDE, WIDE // 2, WIDE // 4, WIDE // 8], "halved once for all that waited together"
    assert slow[-1] == FIRST_ALLOWANCE
    window.reconnected()
    assert answered(1.5) == answered(1.5) == FIRST_ALLOWANCE, "neither quick nor slow"


def test_live_rows_go_at_once_while_the_backlog_is_held_back() -> None:
    window, waiting = Window(Random(7)), Spans([(1, 5_000)])
    sent(window, waiting, 0.0)
    for row in range(5_001, 5_011):
        waiting.add(row, row)
        assert sent(window, waiting, (row - 5_000) / 100) == [(row, row)]
    assert under_way([(5_001, 5_010)]) == 10


def after_an_outage(devices: int, backlog: int, rate: float, minutes: float) -> tuple[float, list[float]]:
    """Devices come back together to a platform that stores `rate` rows a second, in the order in which they come, and
    5 ms longer for each message. Each measures once in a minute. When their backlogs were gone [s], and how long each
    live row waited for its receipt [s]."""
    chance = Random(8)
    windows = [Window(Random(n)) for n in range(devices)]
    waiting = [Spans([(1, backlog)]) for _ in range(devices)]
    highest = [backlog] * devices
    events = [(chance.uniform(0.0, 60.0), n, "measures", (0, 0)) for n in range(devices)]
    events += [(chance.uniform(0.0, 2.0), n, "connects", (0, 0)) for n in range(devices)]
    heapq.heapify(events)
    measured: dict[tuple[int, int], float] = {}
    waits: list[float] = []
    left, free_at, drained_at = devices * backlog, 0.0, 0.0
    connected = set()
    while events and events[0][0] < minutes * 60.0:
        now, n, what, (first, last) = heapq.heappop(events)
        if what == "connects":
            connected.add(n)
        elif what == "measures":
            highest[n] += 1
            waiting[n].add(highest[n], highest[n])
            measured[n, highest[n]] = now
            heapq.heappush(events, (now + 60.0, n, "measures", (0, 0)))
        else:
            for a, b in windows[n].receipted([(first, last)], now):
                waiting[n].remove(a, b)
                old = max(0, min(b, backlog) - a + 1)
                left -= old
                if old and not left:
                    drained_at = now
                waits += [now - measured[n, row] for row in range(max(a, backlog + 1), b + 1)]
        if n in connected:
            for span in sent(windows[n], waiting[n], now):
                free_at = max(free_at, now) + 0.005 + under_way([span]) / rate
                heapq.heappush(events, (free_at, n, "receipt", span))
    assert left == 0, f"{left} rows wait after {minutes} minutes"
    return drained_at, waits


def test_devices_that_come_back_together_drain_while_their_live_rows_pass() -> None:
    # A tenth of 500 devices with 10,000 rows each, on a tenth of a platform.
    drained_s, waits = after_an_outage(devices=50, backlog=10_000, rate=1_500.0, minutes=10.0)
    assert drained_s < 600.0
    assert len(waits) > 300
    assert max(waits) < 5.0
