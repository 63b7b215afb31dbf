"""What a store promises, on every implementation: readings come back to the bit."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypuls.store.protocol import Store
from bypuls.wire import (
    KINDS,
    Cabinet,
    Health,
    Lamp,
    Meter,
    Passage,
    Reading,
    TrafficBin,
    Weather,
    from_us,
    to_us,
)
from bypuls.wire.bins import QUARTER_US
from bypuls.wire.fields import Spec

T0 = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)

T0_US = to_us(T0)

HOUR_US = 4 * QUARTER_US

EVER = (0, to_us(datetime(2200, 1, 1, tzinfo=UTC)))


def one_of_each(sensor: str) -> list[Reading]:
    """Readings of every kind with every field, and with as few as there may be."""
    t = datetime(2026, 11, 23, 8, 15, 1, 412903, tzinfo=UTC)
    later = t + timedelta(microseconds=1)
    return [
        Lamp(
            sensor=sensor,
            t=t,
            on=True,
            level_pct=62.5,
            power_w=41.300000000000004,
            energy_wh=123456789.0123,
            voltage_v=231.4,
            current_a=0.1 + 0.2,
            power_factor=-0.97,
            operating_s=1e15,
            ambient_lux=5e-324,
            temp_c=-0.0,
            faults=("lampFailure", "supplyLoss"),
        ),
        Lamp(sensor=sensor, t=later, on=False, faults=()),
        Passage(
            sensor=sensor,
            t=t,
            speed_kmh=43.7,
            raw_kmh=40.0,
            direction="toward",
            length_m=4.2,
            vehicle_class="heavy-2",
            magnitude=1e9,
        ),
        Passage(sensor=sensor, t=later, speed_kmh=0),
        TrafficBin(
            sensor=sensor,
            t=t,
            period_s=3600,
            direction="away",
            vehicle_class="car",
            upper_edges_kmh=(10, 20.5, 30),
            counts=(0.0, 1.3333333333333333, 7, 2),
            resolution_kmh=1,
            open_top=True,
            uptime=0.0,
        ),
        TrafficBin(sensor=sensor, t=later, period_s=900, upper_edges_kmh=(), counts=(12,), open_top=True),
        Meter(
            sensor=sensor,
            t=t,
            medium="electricity",
            import_wh=1234567.875,
            export_wh=0,
            power_w=-3.5,
            voltage_v=(230.1, 231.25, 229.9),
            current_a=(-1.5,),
            power_factor=1,
            volume_m3=0.001,
            flow_m3c=2.5,
            return_m3c=1.25,
            flow_temp_c=70.1,
            return_temp_c=-3,
            flow_m3h=0.33,
            serial='A\\1 "x", y=2\\ µ漢',
        ),
        Meter(sensor=sensor, t=later, medium="electricity", serial="\\"),
        Cabinet(sensor=sensor, t=t, door_open=False, contactor_on=True, leakage_ma=0.5, faults=("contactorError",)),
        Cabinet(sensor=sensor, t=later, door_open=True),
        Weather(sensor=sensor, t=t, temp_c=-12.5, ambient_lux=120000, irradiance_wm2=0),
        Weather(sensor=sensor, t=later, temp_c=1 / 3),
        Health(
            sensor=sensor,
            t=t,
            uptime_s=12.5,
            clock_offset_ms=-0.25,
            clock_synced=True,
            outbox_rows=10**12,
            outbox_oldest_s=3.5,
            dropped=999_999_999_999_999,
            disk_free_mb=1024,
            cpu_temp_c=55.5,
            failing=("lamp-1", "lamp-2"),
            version="0.1.0",
        ),
        Health(sensor=sensor, t=later, dropped=0, failing=()),
    ]


def exact(reading: Reading) -> list[str]:
    """Everything about a reading, told apart to the bit: 0.0 and -0.0, 1 and 1.0 and true."""
    return [type(reading).__name__, reading.sensor, repr(reading.t), repr(sorted(reading.values().items()))]


def all_of(store: Store, kind: str, sensor: str) -> list[list[str]]:
    return [exact(reading) for reading in store.readings(kind, sensor, *EVER)]


@pytest.mark.parametrize("kind", KINDS)
def test_readings_come_back_to_the_bit(store: Store, sensor: str, kind: str) -> None:
    written = [reading for reading in one_of_each(sensor) if reading.kind == kind]
    assert store.write(written) == []
    assert len(written) == 2
    assert all_of(store, kind, sensor) == [exact(reading) for reading in written]


_printable = st.text(min_size=1, max_size=20).filter(str.isprintable)


def _values(spec: Spec) -> st.SearchStrategy[Any]:
    match spec.role:
        case "gauge" | "register":
            return st.floats(spec.low, spec.high, allow_nan=False, allow_infinity=False)
        case "count":
            return st.integers(int(spec.low), int(spec.high))
        case "flag":
            return st.booleans()
        case "choice":
            return st.sampled_from(spec.choices)
        case "name":
            return st.from_regex(r"\A[a-z0-9][a-z0-9-]{0,10}\Z")
        case "text":
            return _printable
        case "events":
            return st.lists(st.sampled_from(spec.choices), unique=True, max_size=4)
        case "ids":
            return st.lists(st.from_regex(r"\A[a-z0-9][a-z0-9-]{0,10}\Z"), unique=True, max_size=4)
        case "phases":
            return st.lists(st.floats(spec.low, spec.high), min_size=1, max_size=3)
        case "edges":
            return st.lists(st.floats(0, 400), unique=True, max_size=5).map(sorted)
        case "counts":
            return st.just([1.0])


@st.composite
def some_readings(draw: st.DrawFn) -> list[Reading]:
    """Readings of one kind at different times, with any fields that the contract allows."""
    cls = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    times = draw(st.lists(st.integers(to_us(datetime(2010, 1, 1, tzinfo=UTC)), EVER[1] - 1), unique=True, max_size=6))
    made: list[Reading] = []
    for t_us in sorted(times):
        names = draw(st.sets(st.sampled_from(sorted(cls.specs)), min_size=1))
        names |= {name for name, spec in cls.specs.items() if spec.required}
        fields = {name: draw(_values(cls.specs[name])) for name in sorted(names)}
        if cls is TrafficBin:
            top = fields.get("open_top") is True
            fields["counts"] = [draw(st.floats(0, 1e6)) for _ in range(len(fields["upper_edges_kmh"]) + top)]
            if not fields["counts"]:
                fields |= {"upper_edges_kmh": [50], "counts": [1]}
        if names <= set(cls.key):
            fields["power_w"] = draw(_values(cls.specs["power_w"]))
        made.append(cls(sensor="unnamed", t=from_us(t_us), **fields))
    return made


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(some_readings())
def test_any_readings_come_back_to_the_bit(
    store: Store, new_sensor: Callable[..., str], readings: list[Reading]
) -> None:
    sensor = new_sensor()
    named = [dataclasses.replace(reading, sensor=sensor) for reading in readings]
    assert store.write(named) == []
    assert store.write(named[::-1]) == []
    for kind in {reading.kind for reading in named}:
        assert all_of(store, kind, sensor) == [exact(reading) for reading in named]
        assert store.latest(kind, [sensor]) == {sensor: named[-1]}
