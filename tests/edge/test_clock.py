"""The clock guard lets no time out that nobody vouches for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bypuls.edge.clock import SystemClock
from bypuls.edge.driver import Timed
from bypuls.edge.sensors import arrival
from bypuls.wire import Passage


def test_only_a_synchronised_clock_after_the_earliest_day_is_trusted(clock) -> None:
    guard = clock.guard()
    assert guard.now() == clock.wall
    clock.synced = False
    clock.advance(0.001)
    assert guard.now() is None
    assert clock.guard(trust="always").now() == clock.wall
    clock.wall = datetime(2009, 12, 31, tzinfo=UTC)
    assert clock.guard(trust="always").now() is None
    clock.synced = True
    assert guard.now() is None


def test_a_lost_synchronisation_is_bridged_by_the_time_since_boot(clock) -> None:
    guard = clock.guard(holdover_s=3600)
    truth = guard.now()
    clock.synced = False
    clock.advance(1800)
    clock.wall -= timedelta(hours=1)  # somebody sets the clock by hand
    assert guard.now() == truth + timedelta(seconds=1800)
    clock.advance(1801)
    assert guard.now() is None


def test_a_reading_is_stamped_with_its_age_and_one_with_its_own_time_is_left_alone(clock) -> None:
    guard = clock.guard()
    reading = Passage(sensor="r", speed_kmh=30)
    assert arrival(guard, Timed(reading, 1.25)).reading.t == clock.wall - timedelta(seconds=1.25)
    own = reading.replace_t(datetime(2026, 1, 1, tzinfo=UTC))
    assert arrival(guard, own).reading == own
    clock.synced = False
    clock.advance(0.001)
    held = arrival(guard, Timed(reading, 1.25))
    assert (held.reading.t, held.mono_us, held.boot) == (None, clock.mono_us - 1_250_000, "boot-1")


def test_the_system_clock_answers() -> None:
    clock = SystemClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    first = clock.monotonic_us()
    assert clock.monotonic_us() >= first > 0
    assert len(clock.boot_id()) == 36
    assert (clock.offset_ms() is None) == (not clock.synchronised())
