"""Taking an import in: through the intake, booked in the ledger, going on after an outage, leaving the roll-ups to a
service that holds them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bypuls.ingest.imports import Interval, plan_meter, plan_weather, take_in
from bypuls.ingest.imports.register_runs import told
from bypuls.ingest.rollups.worker import LEASE
from bypuls.store.protocol import Unavailable
from bypuls.store.registry import Device, Sensor
from bypuls.wire import Meter, to_us

EVER = (0, 2**62)
HOUR_US = 3_600_000_000
T0_US = 1_577_836_800_000_000  # 2020-01-01T00:00Z
# Of tests/ingest/conftest.py.
Platform = Any


@pytest.fixture
def town(platform: Platform) -> Platform:
    with platform.registry.session() as session:
        session.add(Device(id="import", name="import"))
        session.flush()
        session.add(
            Sensor(id="hall-el", device="import", kind="meter", name="x", medium="electricity", interval_s=3600)
        )
    return platform


def hours(n: int, first: int = 0) -> list[Interval]:
    return [
        Interval(T0_US + (first + h) * HOUR_US, T0_US + (first + h + 1) * HOUR_US, Decimal(h % 7) * 1000)
        for h in range(n)
    ]


def plan(town: Platform, intervals: list[Interval]) -> Any:
    return plan_meter(town.store, "hall-el", "electricity", "import_wh", intervals)


def take(town: Platform, planned: Any) -> Any:
    town.now += timedelta(minutes=1)
    return take_in(planned, "import", town.store, town.registry, town.book, clock=town.clock)


def register(town: Platform) -> list[tuple[int, Decimal]]:
    readings = town.store.readings("meter", "hall-el", *EVER)
    return [(to_us(one.t), Decimal(repr(one.import_wh))) for one in readings if isinstance(one, Meter)]


def test_readings_are_stored_booked_and_rolled_up_once(town: Platform) -> None:
    done = take(town, plan(town, hours(2000)))
    assert (done.stored, done.duplicate, done.refused, done.rolled_up) == (2001, 0, {}, True)
    (line,) = town.book.epochs("import")
    assert (line.epoch, line.stored, line.missing, line.refused) == (done.epoch, 2001, 0, 0)
    assert told(register(town)) == hours(2000)
    again = plan(town, hours(2000))
    assert (len(again.readings), again.new, again.changed, again.known) == (2001, 0, 0, 2001)
    twice = take(town, again)
    assert (twice.epoch, twice.stored, twice.duplicate) == (done.epoch, 0, 2001)
    assert town.store.readings("meter", "hall-el", *EVER) == again.readings
    assert town.book.dirty(10) == []
    table = town.store.bins("meter", ["hall-el"], *EVER, ["import_wh_delta"])
    assert table.columns["import_wh_delta"].sum() == pytest.approx(sum(float(one.amount) for one in hours(2000)))


def test_an_outage_in_the_middle_is_gone_on_from(town: Platform) -> None:
    take(town, plan(town, hours(10)))
    planned = plan(town, hours(20_000, first=10))

    def fill_up(_taken: int) -> None:
        town.store.failures = [Unavailable("full")]

    town.now += timedelta(minutes=1)
    with pytest.raises(Unavailable):
        take_in(
            planned, "import", town.store, town.registry, town.book, clock=town.clock, progress=fill_up,
        )  # fmt: skip
    town.store.failures = []
    rest = plan(town, hours(20_000, first=10))
    assert 0 < rest.new < planned.new
    assert rest.new + rest.known == planned.new + planned.known
    take(town, rest)
    assert told(register(town)) == [*hours(10), *hours(20_000, first=10)]
    assert town.book.alarms() == []


def test_a_running_service_keeps_the_roll_ups(town: Platform) -> None:
    assert town.book.take_lease(LEASE, "ingest-1", to_us(town.clock()), 60.0)
    done = take(town, plan(town, hours(5)))
    assert not done.rolled_up
    assert town.book.dirty(10)


def test_a_correction_in_the_middle_tells_what_follows_anew(town: Platform) -> None:
    take(town, plan(town, hours(48)))
    fixed = [Interval(T0_US + 5 * HOUR_US, T0_US + 6 * HOUR_US, Decimal(12_345))]
    planned = plan(town, fixed)
    assert (planned.new, planned.changed, planned.known) == (0, 43, 1)
    take(town, planned)
    expected = hours(48)
    expected[5] = fixed[0]
    assert told(register(town)) == expected
    assert town.book.alarms() == []


def test_temperatures_that_differ_are_written(town: Platform) -> None:
    with town.registry.session() as session:
        session.add(Sensor(id="dmi", device="import", kind="weather", name="x"))
    take(town, plan_weather(town.store, "dmi", [T0_US, T0_US + HOUR_US], [1.0, 2.0]))
    planned = plan_weather(town.store, "dmi", [T0_US, T0_US + HOUR_US, T0_US + 2 * HOUR_US], [1.0, 2.5, 3.0])
    assert (planned.new, planned.changed, planned.known) == (1, 1, 1)
