"""What a store promises about raw readings, on every implementation."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bypuls.store.protocol import Store
from bypuls.wire import (
    Lamp,
    Meter,
    Passage,
    TrafficBin,
    Weather,
    from_us,
    to_us,
)
from bypuls.wire.bins import QUARTER_US

T0 = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)

T0_US = to_us(T0)

HOUR_US = 4 * QUARTER_US

EVER = (0, to_us(datetime(2200, 1, 1, tzinfo=UTC)))


def at(seconds: float) -> datetime:
    """`seconds` after the tests' beginning."""
    return T0 + timedelta(seconds=seconds)


def test_ranges_are_half_open(store: Store, sensor: str) -> None:
    store.write([Weather(sensor=sensor, t=from_us(T0_US + i), temp_c=i) for i in range(5)])
    found = store.readings("weather", sensor, T0_US + 1, T0_US + 3)
    assert [reading.values()["temp_c"] for reading in found] == [1, 2]
    assert store.readings("weather", sensor, T0_US + 3, T0_US + 3) == []
    assert store.readings("weather", sensor, T0_US + 3, T0_US + 1) == []


def test_nothing_is_there_of_what_never_was(store: Store, sensor: str) -> None:
    assert store.readings("lamp", sensor, *EVER) == []
    assert store.latest("lamp", [sensor]) == {}
    assert store.latest("lamp", []) == {}
    assert store.neighbour("lamp", sensor, T0_US, before=True) is None
    columns = store.columns("lamp", sensor, *EVER, ["power_w", "faults"])
    assert columns.t_us.dtype == np.int64
    assert {name: len(column) for name, column in columns.values.items()} == {"power_w": 0, "faults": 0}
    table = store.bins("lamp", [sensor], *EVER, ["power_w_sum"])
    assert len(table) == 0
    assert len(table.columns["power_w_sum"]) == 0
    assert len(store.bins("lamp", [], *EVER, ["power_w_sum"])) == 0
    assert store.write([]) == []
    store.replace_bins("lamp", sensor, T0_US, T0_US + HOUR_US, [])


def test_duplicates_reversed_and_shuffled_leave_the_same_rows(store: Store, new_sensor: Callable[..., str]) -> None:
    chance = random.Random(20260329)
    originals = [new_sensor() for _ in range(3)]
    readings = {
        sensor: [
            *(Passage(sensor=sensor, t=at(i * 0.000001), speed_kmh=30 + i / 7, direction="away") for i in range(20)),
            *(
                TrafficBin(sensor=sensor, t=at(0), period_s=900, direction=way, upper_edges_kmh=(50,), counts=(i / 3,))
                for i, way in enumerate(("toward", "away"))
            ),
        ]
        for sensor in originals
    }
    plain, backwards, shuffled = originals
    store.write(readings[plain])
    store.write(readings[backwards][::-1])
    hundredfold = readings[shuffled] * 100
    chance.shuffle(hundredfold)
    for start in range(0, len(hundredfold), 700):
        store.write(hundredfold[start : start + 700])
    for sensor in originals:
        assert [reading for kind in ("passage", "traffic_bin") for reading in store.readings(kind, sensor, *EVER)] == [
            *readings[sensor][:20],
            *sorted(readings[sensor][20:], key=lambda reading: str(reading.values()["direction"])),
        ]


def test_what_the_key_tells_apart_stays_apart(store: Store, sensor: str) -> None:
    def counted(**key: Any) -> TrafficBin:
        return TrafficBin(
            **{"sensor": sensor, "t": T0, "period_s": 900, "upper_edges_kmh": (), "counts": (1,), "open_top": True}
            | key
        )

    different = [
        counted(),
        counted(period_s=3600),
        counted(direction="away"),
        counted(direction="toward"),
        counted(vehicle_class="car"),
        counted(direction="away", vehicle_class="car"),
    ]
    meters = [Meter(sensor=sensor, t=T0, medium=medium, import_wh=i) for i, medium in enumerate(("heat", "gas"))]
    store.write([*different, *meters])
    found = store.readings("traffic_bin", sensor, *EVER)
    assert len(found) == len(different)
    assert all(reading in found for reading in different)
    assert {
        reading.values()["medium"]: reading.values()["import_wh"] for reading in store.readings("meter", sensor, *EVER)
    } == {
        "heat": 0,
        "gas": 1,
    }


def test_written_again_with_another_value_takes_its_place(store: Store, sensor: str) -> None:
    store.write([Lamp(sensor=sensor, t=T0, power_w=10, on=True)])
    store.write([Lamp(sensor=sensor, t=T0, power_w=11)])
    assert store.readings("lamp", sensor, *EVER) == [Lamp(sensor=sensor, t=T0, power_w=11, on=True)]


def test_a_reading_without_its_time_is_a_mistake_of_the_caller(store: Store, sensor: str) -> None:
    with pytest.raises(ValueError, match=r"readings\[1\]"):
        store.write([Lamp(sensor=sensor, t=T0, on=True), Lamp(sensor=sensor, on=True)])


def test_ten_thousand_readings_in_one_write(store: Store, sensor: str) -> None:
    readings = [
        Lamp(sensor=sensor, t=at(i * 60), power_w=i * 0.1, energy_wh=i, on=i % 2 == 0, temp_c=None if i % 3 else 20)
        for i in range(10_000)
    ]
    assert store.write(readings) == []
    assert store.readings("lamp", sensor, *EVER) == readings


def test_columns_hold_nan_and_none_where_nothing_is_known(store: Store, sensor: str) -> None:
    store.write(
        [
            Meter(sensor=sensor, t=at(0), medium="heat", import_wh=5, serial="a"),
            Meter(sensor=sensor, t=at(1), medium="heat", power_w=7.5, voltage_v=(230,)),
            Meter(sensor=sensor, t=at(2), medium="heat", import_wh=6, power_w=8),
        ]
    )
    names = ["import_wh", "power_w", "serial", "voltage_v", "medium", "flow_m3h"]
    columns = store.columns("meter", sensor, T0_US, T0_US + 3_000_000, names)
    assert columns.t_us.tolist() == [T0_US, T0_US + 1_000_000, T0_US + 2_000_000]
    assert list(columns.values) == names
    assert columns.values["import_wh"].dtype == np.float64
    np.testing.assert_array_equal(columns.values["import_wh"], [5, np.nan, 6])
    np.testing.assert_array_equal(columns.values["power_w"], [np.nan, 7.5, 8])
    np.testing.assert_array_equal(columns.values["flow_m3h"], [np.nan] * 3)
    assert columns.values["serial"].tolist() == ["a", None, None]
    assert columns.values["voltage_v"].tolist() == [None, (230.0,), None]
    assert columns.values["medium"].tolist() == ["heat"] * 3


def test_columns_have_a_row_for_every_reading(store: Store, sensor: str) -> None:
    store.write([Lamp(sensor=sensor, t=at(0), on=True), Lamp(sensor=sensor, t=at(1), on=False, power_w=3)])
    columns = store.columns("lamp", sensor, *EVER, ["power_w"])
    np.testing.assert_array_equal(columns.values["power_w"], [np.nan, 3])
    columns = store.columns("lamp", sensor, *EVER, ["on"])
    np.testing.assert_array_equal(columns.values["on"], [1, 0])


def test_columns_of_counts_keep_their_keys(store: Store, sensor: str) -> None:
    for direction, period_s in (("away", 900), ("toward", 3600)):
        store.write(
            [
                TrafficBin(
                    sensor=sensor,
                    t=T0,
                    period_s=period_s,
                    direction=direction,
                    upper_edges_kmh=(30, 50),
                    counts=(1, period_s / 7),
                )
            ]
        )
    names = ["direction", "period_s", "vehicle_class", "counts", "upper_edges_kmh", "open_top"]
    columns = store.columns("traffic_bin", sensor, *EVER, names).values
    rows = sorted(zip(columns["direction"], columns["period_s"], columns["counts"], strict=True))
    assert rows == [("away", 900.0, (1.0, 900 / 7)), ("toward", 3600.0, (1.0, 3600 / 7))]
    assert columns["vehicle_class"].tolist() == [None, None]
    assert columns["upper_edges_kmh"].tolist() == [(30.0, 50.0)] * 2
    np.testing.assert_array_equal(columns["open_top"], [np.nan] * 2)


def test_unknown_names_are_refused(store: Store, sensor: str) -> None:
    with pytest.raises(ValueError, match="power_kw"):
        store.columns("lamp", sensor, *EVER, ["power_kw"])
    with pytest.raises(ValueError, match="power_kw"):
        store.neighbour("lamp", sensor, 0, before=True, having=["power_kw"])
    with pytest.raises(ValueError, match="power_kw"):
        store.bins("lamp", [sensor], *EVER, ["power_kw"])
    with pytest.raises(ValueError, match="medium"):
        store.bins("lamp", [sensor], *EVER, ["n"], by=["medium"])


def test_neighbours_are_the_nearest_that_know_the_field(store: Store, sensor: str) -> None:
    t = [T0_US + i * 1_000_000 for i in range(4)]
    store.write(
        [
            Meter(sensor=sensor, t=from_us(t[0]), medium="heat", import_wh=1),
            Meter(sensor=sensor, t=from_us(t[1]), medium="heat", power_w=1),
            Meter(sensor=sensor, t=from_us(t[2]), medium="heat", power_w=1),
            Meter(sensor=sensor, t=from_us(t[3]), medium="heat", import_wh=1, volume_m3=2),
        ]
    )

    def near(at_us: int, *, before: bool, having: tuple[str, ...] = ()) -> int | None:
        return store.neighbour("meter", sensor, at_us, before=before, having=having)

    assert near(t[2], before=True) == t[1]
    assert near(t[2], before=False) == t[2]
    assert near(t[2] + 1, before=False) == t[3]
    assert near(t[2] + 1, before=True) == t[2]
    assert near(t[3], before=True, having=("import_wh",)) == t[0]
    assert near(t[1], before=False, having=("import_wh", "export_wh")) == t[3]
    assert near(t[3], before=True, having=("volume_m3",)) is None
    assert near(t[3], before=True, having=("import_wh", "power_w")) == t[2]
    assert near(t[0], before=True) is None
    assert near(t[3] + 1, before=False) is None


def test_latest_is_one_reading_not_a_mixture(store: Store, new_sensor: Callable[..., str], sensor: str) -> None:
    other = new_sensor()
    silent = new_sensor()
    newest = Lamp(sensor=sensor, t=at(100), power_w=5)
    store.write([newest, Lamp(sensor=sensor, t=at(99), power_w=4, on=True, faults=("lampFailure",))])
    future = Lamp(sensor=other, t=datetime(2090, 1, 1, tzinfo=UTC), on=True)
    store.write([future])
    assert store.latest("lamp", [sensor, silent, other]) == {sensor: newest, other: future}
    assert store.latest("lamp", iter([sensor])) == {sensor: newest}


def test_ping_is_content(store: Store) -> None:
    store.ping()
