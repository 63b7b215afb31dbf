"""A simulated HAN port and the driver that knows nothing of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypuls.edge.driver import Driver, Garbage, Silent, Unplugged, configure
from bypuls.edge.drivers.han_telegram import FrameSplitter
from bypuls.edge.drivers.patience import BadFrame
from bypuls.sim.han_meter import Fault, HanMeter, HanValues, Maker, frame, kamstrup_list
from bypuls.wire import Meter

SHOWN = HanValues(1033, (230, 229, 231), (1.5, 2.25, 0.5), import_wh=37_351_120, export_wh=1_250, export_power_w=12)


def han(meter: HanMeter, **options: object) -> Driver:
    return configure("meter-1", "han", {"port": meter.path} | options)


def told(driver: Driver) -> Iterator[Any]:
    return (item for item in driver.readings() if item is not None)


@pytest.mark.parametrize("maker", ["kamstrup", "aidon"])
def test_what_is_pushed_is_read(maker: Maker) -> None:
    with HanMeter("5705705705705702", lambda: SHOWN, maker=maker, every_s=0.05) as meter:
        driver = han(meter)
        readings = list(itertools.islice(told(driver), 2))
        driver.close()
    assert (
        readings
        == [
            Meter(
                sensor="meter-1",
                medium="electricity",
                import_wh=37_351_120,
                export_wh=1_250,
                power_w=1021,
                voltage_v=(230, 229, 231),
                current_a=(1.5, 2.2 if maker == "aidon" else 2.25, 0.5),
                serial="5705705705705702",
            )
        ]
        * 2
    )
    assert "5705705705705702" in driver.describe()


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("bad checksum", Garbage, "check sequence"),
        ("cut off", Garbage, "expected"),
        ("encrypted", Garbage, "encrypted"),
        ("garbage", Silent, "no telegram"),
        ("silence", Silent, "no telegram"),
    ],
)
def test_faults(fault: Fault, error: type[Exception], said: str) -> None:
    with HanMeter("5705705705705702", lambda: SHOWN, every_s=0.02) as meter:
        meter.fault = fault
        with pytest.raises(error, match=said):
            list(han(meter, timeout_s=1, gap_s=0.1).readings())


def test_a_fault_that_passes_costs_its_telegrams_alone() -> None:
    with HanMeter("5705705705705702", lambda: SHOWN, every_s=0.05) as meter:
        driver = han(meter)
        readings = told(driver)
        next(readings)
        meter.fault = "cut off"
        pushed = meter.pushed
        while meter.pushed < pushed + 2:
            pass
        meter.fault = "none"
        assert next(readings).import_wh == 37_351_120
        driver.close()


def test_unplugged() -> None:
    meter = HanMeter("5705705705705702", lambda: SHOWN, every_s=0.02).start()
    readings = told(han(meter))
    next(readings)
    meter.stop()
    with pytest.raises(Unplugged, match="meter-1"):
        list(readings)


PAYLOAD = kamstrup_list("5705705705705702", SHOWN, datetime(2026, 6, 1, 12, tzinfo=UTC))
WHOLE = frame(PAYLOAD)


@given(st.lists(st.integers(1, 3 * len(WHOLE) - 1), max_size=12))
def test_pieces_of_any_size_are_the_same_telegrams(cuts: list[int]) -> None:
    stream, splitter, found = WHOLE * 3, FrameSplitter(), []
    for start, end in itertools.pairwise([0, *sorted(cuts), len(stream)]):
        found += list(splitter.feed(stream[start:end]))
    assert found == [PAYLOAD] * 3
    assert not splitter.unfinished


@settings(max_examples=200)
@given(st.binary(max_size=60), st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_never_a_telegram_and_the_next_one_is_read(noise: bytes, at: int, change: int) -> None:
    spoiled = bytearray(WHOLE)
    spoiled[at] ^= change
    splitter = FrameSplitter()
    found = list(splitter.feed(noise + bytes(spoiled)))
    assert [item for item in found if not isinstance(item, BadFrame) and item != PAYLOAD] == []
    if splitter.unfinished:
        splitter.drop()
    assert [item for item in splitter.feed(WHOLE) if not isinstance(item, BadFrame)] == [PAYLOAD]
