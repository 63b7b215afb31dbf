"""What a store promises, run on every implementation."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypuls.store.protocol import Bins, BinTable, Store
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

_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=["sqlite", "influx"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Each implementation in turn; tests share it and keep to sensors of their own."""
    if request.param == "sqlite":
        from bypuls.store.sqlite import SqliteStore

        made: Store = SqliteStore(tmp_path_factory.mktemp("store"))
    else:
        server = request.getfixturevalue("influx_server")
        from bypuls.store.influx import InfluxSettings, InfluxStore

        influx = InfluxStore(InfluxSettings(server.url, server.token, server.org, "contract", "contract_rollup"))
        influx.setup()
        made = influx
    yield made
    made.close()


@pytest.fixture
def sensor() -> str:
    """A sensor that no other test knows."""
    return f"s-{next(_numbers)}"


def at(seconds: float) -> datetime:
    """`seconds` after the tests' beginning."""
    return T0 + timedelta(seconds=seconds)


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


def test_duplicates_reversed_and_shuffled_leave_the_same_rows(store: Store) -> None:
    chance = random.Random(20260329)
    originals = [f"s-{next(_numbers)}" for _ in range(3)]
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


def test_latest_is_one_reading_not_a_mixture(store: Store, sensor: str) -> None:
    other = f"s-{next(_numbers)}"
    silent = f"s-{next(_numbers)}"
    newest = Lamp(sensor=sensor, t=at(100), power_w=5)
    store.write([newest, Lamp(sensor=sensor, t=at(99), power_w=4, on=True, faults=("lampFailure",))])
    future = Lamp(sensor=other, t=datetime(2090, 1, 1, tzinfo=UTC), on=True)
    store.write([future])
    assert store.latest("lamp", [sensor, silent, other]) == {sensor: newest, other: future}
    assert store.latest("lamp", iter([sensor])) == {sensor: newest}


def test_ids_with_dashes_are_not_patterns(store: Store) -> None:
    prefix = f"maalov-hovedgade-{next(_numbers)}"
    ids = [prefix, f"{prefix}-n", f"{prefix}-n-1", f"9-{prefix}--"]
    for i, sensor in enumerate(ids):
        store.write([Weather(sensor=sensor, t=T0, temp_c=i)])
        store.replace_bins("weather", sensor, T0_US, T0_US + HOUR_US, [some_bins("weather", sensor, [0], n=[i])])
    for i, sensor in enumerate(ids):
        assert store.readings("weather", sensor, *EVER) == [Weather(sensor=sensor, t=T0, temp_c=i)]
        assert store.bins("weather", [sensor], *EVER, ["n"]).columns["n"].tolist() == [i]
    assert set(store.latest("weather", ids)) == set(ids)
    store.delete_readings("weather", T0_US + 1, sensor=ids[1])
    assert set(store.latest("weather", ids)) == set(ids) - {ids[1]}


def test_deleting_takes_what_is_older_and_leaves_bins(store: Store, sensor: str) -> None:
    other = f"s-{next(_numbers)}"
    early = datetime(2011, 1, 1, tzinfo=UTC)
    for one in (sensor, other):
        store.write([Cabinet(sensor=one, t=early + timedelta(microseconds=i), leakage_ma=i) for i in range(4)])
    store.replace_bins("cabinet", sensor, *EVER, [Bins("cabinet", sensor, quarters(0), {"n": np.array([4.0])})])
    store.delete_readings("cabinet", to_us(early) + 2, sensor=sensor)
    assert [r.values()["leakage_ma"] for r in store.readings("cabinet", sensor, *EVER)] == [2, 3]
    assert len(store.readings("cabinet", other, *EVER)) == 4
    store.delete_readings("cabinet", to_us(early) + 3)
    assert [r.values()["leakage_ma"] for r in store.readings("cabinet", sensor, *EVER)] == [3]
    assert [r.values()["leakage_ma"] for r in store.readings("cabinet", other, *EVER)] == [3]
    assert store.bins("cabinet", [sensor], *EVER, ["n"]).columns["n"].tolist() == [4]
    store.write([Cabinet(sensor=sensor, t=early, leakage_ma=9)])
    assert [r.values()["leakage_ma"] for r in store.readings("cabinet", sensor, *EVER)] == [9, 3]


def quarters(*numbers: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Times of the numbered quarters after the tests' beginning."""
    return np.array([T0_US + i * QUARTER_US for i in numbers], dtype=np.int64)


def some_bins(
    kind: str,
    sensor: str,
    numbers: list[int],
    *,
    tags: dict[str, str] | None = None,
    part: int = 0,
    asset: str = "",
    **columns: list[Any],
) -> Bins:
    made = {
        name: np.array(cells, dtype=object if any(isinstance(cell, str) for cell in cells) else np.float64)
        for name, cells in columns.items()
    }
    return Bins(kind, sensor, quarters(*numbers), made, tags or {}, part, asset)


def rows_of(table: BinTable) -> list[tuple[Any, ...]]:
    """A table's rows: sensor, quarters since the beginning, tags, fields; None where nothing is known."""
    cells = [column.tolist() for column in (*table.tags.values(), *table.columns.values())]
    when = [(t - T0_US) / QUARTER_US for t in table.t_us.tolist()]
    rows = zip(table.sensor.tolist(), when, *cells, strict=True)
    return [tuple(None if cell != cell else cell for cell in row) for row in rows]


DAY = (T0_US, T0_US + 96 * QUARTER_US)


def test_bins_come_back(store: Store, sensor: str) -> None:
    store.replace_bins(
        "lamp",
        sensor,
        *DAY,
        [
            some_bins(
                "lamp",
                sensor,
                [0, 1, 5],
                asset="cabinet-7",
                n=[15, 14, 1],
                power_w_sum=[600.5, np.nan, 0.1 + 0.2],
                power_w_min=[40, np.nan, -1e-9],
                power_w_max=[42, np.nan, 1e15],
                faults=["lampFailure", None, "lampFailure,supplyLoss"],
            )
        ],
    )
    names = ["n", "power_w_sum", "power_w_min", "power_w_max", "faults"]
    assert rows_of(store.bins("lamp", [sensor], *DAY, names)) == [
        (sensor, 0, 15, 600.5, 40, 42, "lampFailure"),
        (sensor, 1, 14, None, None, None, None),
        (sensor, 5, 1, 0.1 + 0.2, -1e-9, 1e15, "lampFailure,supplyLoss"),
    ]


def test_bins_in_which_nothing_asked_for_is_known_have_no_row(store: Store, sensor: str) -> None:
    store.replace_bins(
        "lamp",
        sensor,
        *DAY,
        [some_bins("lamp", sensor, [0, 1, 9], n=[1, 2, 3], power_w_sum=[5, np.nan, np.nan], faults=[None, "", "x"])],
    )
    assert rows_of(store.bins("lamp", [sensor], *DAY, ["power_w_sum"])) == [(sensor, 0, 5)]
    assert rows_of(store.bins("lamp", [sensor], *DAY, ["power_w_sum"], every_s=3600)) == [(sensor, 0, 5)]


def test_bins_fold_over_parts_and_tags(store: Store, sensor: str) -> None:
    def traffic(direction: str, vehicle_class: str, part: int, n: list[float], top: list[float]) -> None:
        tags = {"direction": direction} | ({"vehicle_class": vehicle_class} if vehicle_class else {})
        block = some_bins(
            "traffic", sensor, [0, 1], tags=tags, part=part, n=n, sum_kmh=[40.5 * i for i in n], max_kmh=top
        )
        kept.setdefault(part, []).append(block)

    kept: dict[int, list[Bins]] = {}
    traffic("toward", "car", 0, [1, 2], [50, 60])
    traffic("toward", "bike", 0, [4, 8], [20, np.nan])
    traffic("away", "car", 0, [16, 32], [80, 10])
    traffic("away", "", 1, [64, 128], [np.nan, 99])
    for part, blocks in kept.items():
        store.replace_bins("traffic", sensor, *DAY, blocks, part)

    def asked(every_s: Any, *by: str) -> list[tuple[Any, ...]]:
        return rows_of(store.bins("traffic", [sensor], *DAY, ["n", "sum_kmh", "max_kmh"], every_s=every_s, by=list(by)))

    assert asked(900) == [(sensor, 0, 85, 85 * 40.5, 80), (sensor, 1, 170, 170 * 40.5, 99)]
    assert asked(3600) == [(sensor, 0, 255, 255 * 40.5, 99)]
    assert asked(3600, "direction") == [
        (sensor, 0, "away", 240, 240 * 40.5, 99),
        (sensor, 0, "toward", 15, 15 * 40.5, 60),
    ]
    assert asked(900, "vehicle_class") == [
        (sensor, 0, "", 64, 64 * 40.5, None),
        (sensor, 1, "", 128, 128 * 40.5, 99),
        (sensor, 0, "bike", 4, 4 * 40.5, 20),
        (sensor, 1, "bike", 8, 8 * 40.5, None),
        (sensor, 0, "car", 17, 17 * 40.5, 80),
        (sensor, 1, "car", 34, 34 * 40.5, 60),
    ]


def test_minima_maxima_and_amounts_fold_into_hours(store: Store, sensor: str) -> None:
    store.replace_bins(
        "meter",
        sensor,
        *DAY,
        [
            some_bins(
                "meter",
                sensor,
                [2, 3, 4, 7, 8, 90],
                tags={"medium": "heat"},
                import_wh_delta=[1, 2, 4, 8, np.nan, 16],
                power_w_min=[-5, 3, np.nan, np.nan, np.nan, 1],
                power_w_max=[-5, 3, 7, 6, np.nan, 1],
                flow_temp_c_n=[1, 1, 1, 1, 1, 1],
            )
        ],
    )
    names = ["import_wh_delta", "power_w_min", "power_w_max", "flow_temp_c_n"]
    # From the middle of an hour on: the hour's time is its beginning all the same.
    found = store.bins("meter", [sensor], T0_US + 2 * QUARTER_US, DAY[1], names, every_s=3600)
    assert rows_of(found) == [
        (sensor, 0, 3, -5, 3, 2),
        (sensor, 4, 12, None, 7, 2),
        (sensor, 8, None, None, None, 1),
        (sensor, 88, 16, 1, 1, 1),
    ]
    found = store.bins(
        "meter", [sensor], T0_US + 3 * QUARTER_US, T0_US + 7 * QUARTER_US, ["import_wh_delta"], every_s=3600
    )
    assert rows_of(found) == [(sensor, 0, 2), (sensor, 4, 4)]


def test_bins_of_several_sensors_are_sorted_by_sensor_and_time(store: Store) -> None:
    sensors = [f"z-{next(_numbers)}" for _ in range(3)]
    for i, one in enumerate(sensors):
        store.replace_bins("weather", one, *DAY, [some_bins("weather", one, [i, i + 1], n=[i, i + 10])])
    found = store.bins("weather", sensors[::-1], *DAY, ["n"])
    assert rows_of(found) == sorted((one, i + k, i + 10 * k) for i, one in enumerate(sensors) for k in (0, 1))


def test_text_joins_over_parts(store: Store, sensor: str) -> None:
    tags = {"direction": "away", "vehicle_class": "car"}
    for part, hist, faults in ((0, "31:2,38:5", "b"), (1, "31:1,40:2.5", "a,c")):
        block = some_bins("traffic", sensor, [0], tags=tags, part=part, n=[7], hist=[hist])
        store.replace_bins("traffic", sensor, *DAY, [block], part)
        store.replace_bins(
            "cabinet", sensor, *DAY, [some_bins("cabinet", sensor, [0], part=part, faults=[faults])], part
        )
    found = store.bins("traffic", [sensor], *DAY, ["hist", "n"], by=["direction", "vehicle_class"])
    assert rows_of(found) == [(sensor, 0, "away", "car", "31:3,38:5,40:2.5", 14)]
    assert rows_of(store.bins("cabinet", [sensor], *DAY, ["faults"])) == [(sensor, 0, "a,b,c")]
    for arguments in ({"every_s": 3600, "by": ["direction", "vehicle_class"]}, {"by": ["direction"]}):
        with pytest.raises(ValueError, match="hist"):
            store.bins("traffic", [sensor], *DAY, ["hist"], **arguments)  # type: ignore[arg-type]


def test_replacing_is_idempotent(store: Store, sensor: str) -> None:
    block = some_bins("weather", sensor, [0, 1], asset="square-1", n=[1, 2], temp_c_sum=[3, np.nan])
    for _ in range(3):
        store.replace_bins("weather", sensor, *DAY, [block])
    assert rows_of(store.bins("weather", [sensor], *DAY, ["n", "temp_c_sum"])) == [
        (sensor, 0, 1, 3),
        (sensor, 1, 2, None),
    ]


def test_replacing_drops_stale_bins_fields_and_tags(store: Store, sensor: str) -> None:
    def replace(*blocks: Bins) -> list[tuple[Any, ...]]:
        store.replace_bins("meter", sensor, *DAY, blocks)
        return rows_of(store.bins("meter", [sensor], *DAY, ["n", "power_w_sum"], by=["medium"]))

    heat, gas = {"medium": "heat"}, {"medium": "gas"}
    assert replace(
        some_bins("meter", sensor, [0, 1, 2], tags=heat, n=[1, 2, 3], power_w_sum=[10, 20, 30]),
        some_bins("meter", sensor, [1], tags=gas, n=[9]),
    ) == [
        (sensor, 1, "gas", 9, None),
        (sensor, 0, "heat", 1, 10),
        (sensor, 1, "heat", 2, 20),
        (sensor, 2, "heat", 3, 30),
    ]
    # A bin goes, a field goes.
    assert replace(some_bins("meter", sensor, [0, 2], tags=heat, n=[1, 4], power_w_sum=[np.nan, 31])) == [
        (sensor, 0, "heat", 1, None),
        (sensor, 2, "heat", 4, 31),
    ]
    # The same bins under another tag and another asset.
    assert replace(some_bins("meter", sensor, [0, 2], tags=gas, asset="school", n=[1, 4])) == [
        (sensor, 0, "gas", 1, None),
        (sensor, 2, "gas", 4, None),
    ]
    assert replace(some_bins("meter", sensor, [0, 2], tags=gas, asset="town-hall", n=[1, 4])) == [
        (sensor, 0, "gas", 1, None),
        (sensor, 2, "gas", 4, None),
    ]
    assert replace() == []


def test_replacing_keeps_to_its_part_range_kind_and_sensor(store: Store, sensor: str) -> None:
    other = f"s-{next(_numbers)}"
    for one in (sensor, other):
        for part in (0, 1):
            block = some_bins("weather", one, list(range(8)), part=part, n=[10.0**part] * 8)
            store.replace_bins("weather", one, *DAY, [block], part)
        store.replace_bins("cabinet", one, *DAY, [some_bins("cabinet", one, [3], n=[5])])
    new = some_bins("weather", sensor, [3], part=1, n=[100])
    store.replace_bins("weather", sensor, T0_US + 2 * QUARTER_US, T0_US + 5 * QUARTER_US, [new], 1)
    found = store.bins("weather", [sensor], *DAY, ["n"]).columns["n"].tolist()
    assert found == [11, 11, 1, 101, 1, 11, 11, 11]
    assert store.bins("weather", [other], *DAY, ["n"]).columns["n"].tolist() == [11] * 8
    assert store.bins("cabinet", [sensor, other], *DAY, ["n"]).columns["n"].tolist() == [5, 5]


def test_ping_is_content(store: Store) -> None:
    store.ping()


_printable = st.text(min_size=1, max_size=20).filter(str.isprintable)
_number = st.floats(allow_nan=False, allow_infinity=False)


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
def test_any_readings_come_back_to_the_bit(store: Store, readings: list[Reading]) -> None:
    sensor = f"s-{next(_numbers)}"
    named = [dataclasses.replace(reading, sensor=sensor) for reading in readings]
    assert store.write(named) == []
    assert store.write(named[::-1]) == []
    for kind in {reading.kind for reading in named}:
        assert all_of(store, kind, sensor) == [exact(reading) for reading in named]
        assert store.latest(kind, [sensor]) == {sensor: named[-1]}
