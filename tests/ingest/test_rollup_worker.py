"""The worker that rolls up: one at a time, what it read and no more, through outages and faults."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from bypuls.ingest.rollups import RollupWorker
from bypuls.store.book import Window, as_windows
from bypuls.store.protocol import Unavailable
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Weather, to_us
from bypuls.wire.bins import QUARTER_US

T0 = datetime(2026, 3, 28, 12, tzinfo=UTC)
EVER = (0, 2**62)
# Of tests/ingest/conftest.py.
Rollups = Any


def at(quarters: float, seconds: float = 0) -> datetime:
    return T0 + timedelta(seconds=quarters * 900 + seconds)


def test_one_worker_rolls_up_and_the_other_looks_on(rollups: Rollups) -> None:
    rollups.book.release_lease("rollup", "w")
    assert rollups.book.take_lease("rollup", "elsewhere", to_us(T0), 60)
    sensor = rollups.sensor("weather")
    try:
        rollups.add([Weather(sensor=sensor, t=at(0), temp_c=1.0)])
        assert not rollups.worker.once()
        assert rollups.bins("weather", sensor) == {}
    finally:
        rollups.book.release_lease("rollup", "elsewhere")
    rollups.worker.once()
    assert len(rollups.bins("weather", sensor)) == 1


def test_a_reading_that_comes_while_its_window_is_rolled_up_marks_it_anew(rollups: Rollups) -> None:
    sensor = rollups.sensor("weather")
    late = [Weather(sensor=sensor, t=at(0, 5), temp_c=9.0)]
    rollups.worker.once()
    rollups.book.release_lease("rollup", "w")

    def meanwhile(_bins: int) -> None:
        if late:
            rollups.add([late.pop()])

    worker = rollups.another("meanwhile", rolled=meanwhile)
    rollups.add([Weather(sensor=sensor, t=at(0), temp_c=1.0)])
    try:
        worker.once()
        assert rollups.bins("weather", sensor)[0,]["n"] == 1
        assert rollups.book.dirty_marks() == 1
        worker.once()
        assert rollups.bins("weather", sensor)[0,]["n"] == 2
    finally:
        rollups.book.release_lease("rollup", "meanwhile")


def test_a_window_that_trips_a_fault_holds_up_no_other(rollups: Rollups) -> None:
    good = rollups.sensor("weather")
    failures: list[int] = []
    rollups.worker.once()
    rollups.book.release_lease("rollup", "w")
    worker = rollups.another("faulty", failed=lambda: failures.append(1))
    rollups.book.mark([Window("no-such-kind", "a-first", 0, QUARTER_US)])
    rollups.add([Weather(sensor=good, t=at(0), temp_c=1.0)])
    try:
        worker.once()
        assert len(rollups.bins("weather", good)) == 1
        assert (failures, rollups.book.dirty_marks()) == ([1], 1)
        worker.once()  # not tried again and again
        assert failures == [1]
    finally:
        rollups.book.release_lease("rollup", "faulty")
        rollups.book.clean(rollups.book.dirty())


def test_an_outage_is_waited_out(platform: Any) -> None:
    class Stopping(threading.Event):
        """Set after three pauses; nobody waits for long."""

        pauses = 0

        def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - the pause itself is left out
            self.pauses += 1
            if self.pauses == 3:
                self.set()
            return self.is_set()

    class Down(SqliteStore):
        failures = 2

        def replace_bins(self, *args: Any, **more: Any) -> None:
            if self.failures:
                self.failures -= 1
                raise Unavailable("down")
            super().replace_bins(*args, **more)

    store = Down(platform.folder / "down")
    store.write([Weather(sensor="roof-1", t=at(0), temp_c=1.0)])
    platform.book.mark(as_windows([("weather", "roof-1", to_us(at(0)))]))
    admission = platform.registry.admission()
    worker = RollupWorker(store, platform.book, admission=lambda: admission, clock=platform.clock, owner="w")
    stop = Stopping()
    worker.run(stop)
    assert (store.failures, stop.pauses, platform.book.dirty_marks()) == (0, 3, 0)
    assert len(store.bins("weather", ["roof-1"], *EVER, ["n"])) == 1
    assert platform.book.take_lease("rollup", "next", to_us(platform.now), 60)  # given back at the end
    store.close()
