"""Registers from batches to bins: whatever is lost, doubled or out of order, no energy is made or lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypuls.ingest.gate import Gate
from bypuls.ingest.intake import Intake
from bypuls.ingest.messages import Message
from bypuls.ingest.rollups import RollupWorker
from bypuls.store.registry import Sensor
from bypuls.wire import Meter

EVER = (0, 2**62)
_names = itertools.count(1)
_epochs = itertools.count(1)
# Of tests/ingest/conftest.py.
Platform = Any
Make = Callable[..., Message]


class Way:
    """A meter of its own on a platform: batches in, bins out."""

    def __init__(self, platform: Platform, message: Make, **row: Any) -> None:
        self.platform, self.message = platform, message
        self.sensor = f"meter-{next(_names)}"
        with platform.registry.session() as session:
            given_row = {"medium": "electricity", "interval_s": 900.0, "name": self.sensor} | row
            session.add(Sensor(id=self.sensor, device="pi-1", kind="meter", **given_row))
        admission = platform.registry.admission(platform.clock())
        self.intake = Intake(platform.store, platform.book, gate=lambda: Gate(admission), clock=platform.clock)
        self.worker = RollupWorker(
            platform.store, platform.book, admission=lambda: admission, clock=platform.clock, owner=self.sensor
        )

    def reading(self, second: int, wh: float, **more: Any) -> Meter:
        t = self.platform.now - timedelta(days=2) + timedelta(seconds=second)
        return Meter(sensor=self.sensor, t=t, medium="electricity", import_wh=wh, **more)

    def send(self, readings: list[Meter], *, epoch: str | None = None, first: int = 1) -> None:
        self.intake.take([self.message(readings, epoch=epoch or f"e{next(_epochs)}", first=first)])

    def total(self, *names: str) -> float:
        while self.worker.once():
            pass
        table = self.platform.store.bins("meter", [self.sensor], *EVER, [f"import_wh_{name}" for name in names])
        return float(sum(value for column in table.columns.values() for value in column if value == value))

    def release(self) -> None:
        self.platform.book.release_lease("rollup", self.sensor)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_sum_over_any_covered_span_is_the_registers_difference(
    platform: Platform, message: Make, data: st.DataObject
) -> None:
    multiplier = data.draw(st.sampled_from([1.0, 40.0]))
    way = Way(platform, message, multiplier=multiplier, max_power_w=data.draw(st.sampled_from([None, 1e9])))
    try:
        steps = data.draw(st.lists(st.tuples(st.integers(1, 3_000), st.floats(0, 500)), min_size=2, max_size=25))
        seconds = list(itertools.accumulate(step for step, _ in steps))
        register = list(itertools.accumulate(amount for _, amount in steps))
        readings = [way.reading(s, wh) for s, wh in zip(seconds, register, strict=True)]
        lost = data.draw(st.sets(st.integers(1, len(readings) - 2))) if len(readings) > 2 else set()
        sent = [reading for n, reading in enumerate(readings) if n not in lost]
        sent += data.draw(st.lists(st.sampled_from(sent), max_size=5))
        sent = data.draw(st.permutations(sent))
        at = 0
        while at < len(sent):
            size = data.draw(st.integers(1, len(sent)))
            way.send(sent[at : at + size])
            at += size
            if data.draw(st.booleans()):
                way.worker.once()
        assert way.total("delta", "gap") == pytest.approx((register[-1] - register[0]) * multiplier, abs=1e-6)
        assert way.total("covered_s", "gap_s") == pytest.approx(seconds[-1] - seconds[0])
        assert way.total("resets") == 0
    finally:
        way.release()  # also where the draws come to an end in the middle: the next meter's worker needs it


def test_a_batch_sent_twice_is_the_same_energy(platform: Platform, message: Make) -> None:
    way = Way(platform, message)
    readings = [way.reading(900 * n, 250.0 * n) for n in range(9)]
    for _ in range(2):
        way.send(readings, epoch="e1")
    assert way.total("delta") == 2_000.0


@pytest.mark.parametrize(
    ("row", "shown", "delta", "resets"),
    [
        pytest.param({}, [99_500, 99_900, 300, 700], 800.0, 1, id="no modulus: a reset"),
        pytest.param({"register_modulus_wh": 1e5}, [99_500, 99_900, 300, 700], 1_200.0, 0, id="rollover"),
        pytest.param(
            {"register_modulus_wh": 1e5, "multiplier": 40.0}, [99_500, 99_900, 300, 700], 48e3, 0, id="multiplied"
        ),
        pytest.param({"register_modulus_wh": 1e5}, [50_000, 50_400, 300, 700], 800.0, 1, id="far from it: a reset"),
        pytest.param({"max_power_w": 2e4}, [50_000, 50_400, 15_050_400, 15_050_800], 800.0, 1, id="15 MWh refused"),
        pytest.param({}, [50_000, 0, 50_800, 51_200], 1_200.0, 1, id="a zero once"),
        pytest.param({"max_power_w": 2e4}, [50_000, 0, 50_800, 51_200], 1_200.0, 1, id="a zero once, with a maximum"),
        pytest.param({"max_power_w": 2e4}, [50_000, 51_000, 51_000, 52_000], 2_000.0, 0, id="a step of 1 kWh passes"),
        pytest.param({"max_power_w": 100.0}, [50_000, 51_000, 52_000, 53_000], 3_000.0, 0, id="steps of the default"),
        pytest.param(
            {"max_power_w": 100.0, "register_step_wh": 1.0}, [50_000, 51_000, 51_020, 51_040], 40.0, 1, id="finer"
        ),
        pytest.param({}, [50_000, 50_400, 50_800_000, 51_200_000], 400_400.0, 1, id="a unit jump"),
    ],
)  # fmt: skip
def test_what_the_registry_says_of_a_register_is_what_it_is_judged_by(
    platform: Platform, message: Make, row: dict[str, Any], shown: list[float], delta: float, resets: int
) -> None:
    way = Way(platform, message, **row)
    way.send([way.reading(900 * n, wh) for n, wh in enumerate(shown)])
    assert way.total("delta") == pytest.approx(delta)
    assert way.total("resets") == resets


def test_a_swap_within_one_sensor_is_told_by_the_serial_number(platform: Platform, message: Make) -> None:
    """A used meter that shows more than the old one did: no drop, and 4 MWh that nobody used."""
    way = Way(platform, message)
    shown = [(50_000, "A"), (50_400, "A"), (4_050_400, "B"), (4_050_800, "B")]
    way.send([way.reading(900 * n, wh, serial=serial) for n, (wh, serial) in enumerate(shown)])
    assert (way.total("delta"), way.total("resets"), way.total("covered_s")) == (800.0, 1, 1_800.0)


def test_a_swap_of_two_dated_sensors_takes_nothing_between_them(platform: Platform, message: Make) -> None:
    swapped = platform.now - timedelta(days=2) + timedelta(seconds=1_800)
    old, new = Way(platform, message, valid_to=swapped), Way(platform, message, valid_from=swapped)
    old.send([old.reading(900 * n, 50_000 + 400 * n) for n in range(5)])
    new.send([new.reading(900 * n, 7 + 400 * n) for n in range(5)])
    assert old.total("delta") == 400.0
    old.release()
    assert new.total("delta") == 800.0
    # What either says outside its time is kept with the reason, and is nobody's energy.
    assert platform.book.waiting_letters() == 5


def test_the_quality_of_each_bin_is_told(platform: Platform, message: Make) -> None:
    way = Way(platform, message)
    way.send([way.reading(second, second) for second in (0, 900, 1_350, 9_000, 9_900)])
    way.total("delta")
    table = platform.store.bins(
        "meter", [way.sensor], *EVER, ["import_wh_covered_s", "import_wh_gap", "import_wh_gap_s"]
    )
    start = int((platform.now - timedelta(days=2)).timestamp() * 1e6)
    found = {
        int(t - start) // 900_000_000: (covered, gap, length)
        for t, covered, gap, length in zip(table.t_us, *table.columns.values(), strict=True)
    }
    assert found[0][0] == 900
    assert found[1][0] == 450
    assert found[9][1:] == (7_650, 7_650)
    assert found[10][0] == 900
