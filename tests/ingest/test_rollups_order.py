"""Bins are the same from any order and any pieces, with rollups in between."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypuls.wire import Cabinet, Health, Lamp, Meter, Passage, Reading, TrafficBin, Weather, from_us, to_us
from bypuls.wire.bins import QUARTER_US

T0_US = to_us(datetime(2026, 3, 28, 12, tzinfo=UTC))
# Of tests/ingest/conftest.py.
Rollups = Any

# Often on a quarter's edge, in three stretches with gaps of hours and of a day between them.
_times = st.tuples(
    st.sampled_from([0, 30, 200]), st.integers(0, 12), st.sampled_from([0, 1, 300_000_000, 450_000_001, 899_999_999])
).map(lambda n: T0_US + (n[0] + n[1]) * QUARTER_US + n[2])
_number = st.floats(0, 100, allow_subnormal=False)
_register = st.sampled_from([0.0, 1.0, 10.0, 11.5, 12.25, 13.0, 1000.0, 1e6 / 3, 1e6])
_maybe = st.none() | _register
_classes = st.sampled_from([((30.0, 60.0), 2), ((20.0, 25.0, 50.0), 3), ((), 0)])


@st.composite
def _counted(draw: st.DrawFn, t: datetime) -> TrafficBin:
    edges, n = draw(_classes)
    is_open = draw(st.booleans()) or not edges
    return TrafficBin(
        sensor="x",
        t=t,
        period_s=draw(st.sampled_from([300, 900, 3600])),
        direction=draw(st.sampled_from([None, "toward", "away"])),
        upper_edges_kmh=edges,
        counts=[draw(st.sampled_from([0.0, 1.0, 2.5])) for _ in range(n + is_open)],
        open_top=is_open or None,
        uptime=draw(st.sampled_from([None, 0.0, 0.5, 1.0])),
    )


_KINDS: Mapping[str, Callable[[datetime], st.SearchStrategy[Reading]]] = {
    "passage": lambda t: st.builds(
        Passage,
        sensor=st.just("x"),
        t=st.just(t),
        speed_kmh=st.floats(0, 130),
        direction=st.sampled_from([None, "toward", "away"]),
        vehicle_class=st.sampled_from([None, "car"]),
    ),
    "traffic_bin": _counted,
    "meter": lambda t: st.builds(
        Meter,
        sensor=st.just("x"),
        t=st.just(t),
        medium=st.just("heat"),
        import_wh=_maybe,
        flow_m3c=_maybe,
        power_w=_number,
        voltage_v=st.none() | st.lists(_number, min_size=1, max_size=3).map(tuple),
        serial=st.sampled_from([None, "a", "b"]),
    ),
    "lamp": lambda t: st.builds(
        Lamp,
        sensor=st.just("x"),
        t=st.just(t),
        on=st.booleans(),
        energy_wh=_maybe,
        operating_s=_maybe,
        level_pct=st.none() | _number,
        faults=st.none() | st.lists(st.sampled_from(["supplyLoss", "lampFailure"]), unique=True).map(tuple),
    ),
    "weather": lambda t: st.builds(Weather, sensor=st.just("x"), t=st.just(t), temp_c=st.floats(-60, 60)),
    "cabinet": lambda t: st.builds(
        Cabinet, sensor=st.just("x"), t=st.just(t), door_open=st.booleans(), leakage_ma=st.none() | _number
    ),
    "health": lambda t: st.builds(
        Health,
        sensor=st.just("x"),
        t=st.just(t),
        dropped=st.integers(0, 9),
        clock_synced=st.none() | st.booleans(),
        failing=st.none() | st.lists(st.sampled_from(["s-1", "s-2"]), unique=True).map(tuple),
        version=st.none() | st.sampled_from(["0.1", "0.2"]),
    ),
}


@st.composite
def _deliveries(draw: st.DrawFn, kind: str) -> list[tuple[list[Reading], bool]]:
    """Readings in any order and pieces, some of them delivered twice; after each piece perhaps a rollup."""
    times = draw(st.lists(_times, unique=True, min_size=1, max_size=22))
    readings = [draw(_KINDS[kind](from_us(t_us))) for t_us in times]
    pieces: list[tuple[list[Reading], bool]] = []
    while readings:
        size = draw(st.integers(1, len(readings)))
        pieces.append((readings[:size], draw(st.booleans())))
        readings = readings[size:]
    if draw(st.booleans()):
        pieces.append((pieces[0][0], True))
    return pieces


@pytest.mark.parametrize("kind", _KINDS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_any_order_in_any_pieces_gives_the_bins_of_everything_at_once(
    rollups: Rollups, kind: str, data: st.DataObject
) -> None:
    pieces = data.draw(_deliveries(kind))
    entry: dict[str, Any] = {"interval_s": 900.0, "multiplier": 3.0} if data.draw(st.booleans()) else {}
    late, whole = rollups.sensor(kind, **entry), rollups.sensor(kind, **entry)
    for readings, roll in pieces:
        rollups.add([dataclasses.replace(r, sensor=late) for r in readings])
        if roll:
            rollups.worker.once()
    everything = [dataclasses.replace(r, sensor=whole) for readings, _ in pieces for r in readings]
    expected = rollups.rolled(everything)  # and whatever of `late` is still marked
    assert rollups.bins(kind, late) == expected
    assert rollups.book.dirty_marks() == 0
