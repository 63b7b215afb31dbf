"""What a store promises about bins, and about readings and bins side by side, on every implementation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bypuls.store.protocol import Bins, BinTable, Store
from bypuls.wire import (
    Cabinet,
    Weather,
    to_us,
)
from bypuls.wire.bins import QUARTER_US

T0 = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)

T0_US = to_us(T0)

HOUR_US = 4 * QUARTER_US

EVER = (0, to_us(datetime(2200, 1, 1, tzinfo=UTC)))


DAY = (T0_US, T0_US + 96 * QUARTER_US)


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


def at(seconds: float) -> datetime:
    """`seconds` after the tests' beginning."""
    return T0 + timedelta(seconds=seconds)


def test_ids_with_dashes_are_not_patterns(store: Store, new_sensor: Callable[..., str]) -> None:
    prefix = new_sensor("maalov-hovedgade")
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


def test_deleting_takes_what_is_older_and_leaves_bins(
    store: Store, new_sensor: Callable[..., str], sensor: str
) -> None:
    other = new_sensor()
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


def test_bins_of_several_sensors_are_sorted_by_sensor_and_time(store: Store, new_sensor: Callable[..., str]) -> None:
    sensors = [new_sensor("z") for _ in range(3)]
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


def test_replacing_keeps_to_its_part_range_kind_and_sensor(
    store: Store, new_sensor: Callable[..., str], sensor: str
) -> None:
    other = new_sensor()
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


def test_sums_between_edges_follow_what_is_replaced(store: Store, new_sensor: Callable[..., str]) -> None:
    one, other, never = new_sensor(), new_sensor(), new_sensor()
    tags = {"medium": "heat"}
    for sensor, scale in ((one, 1.0), (other, 10.0)):
        block = some_bins(
            "meter", sensor, [0, 1, 96, 190], tags=tags, import_wh_delta=[scale, 2 * scale, None, 4 * scale],
            import_wh_covered_s=[900, 900, None, 900], import_wh_gap=[None, None, 7 * scale, None],
        )  # fmt: skip
        store.replace_bins("meter", sensor, *EVER, [block])
    names = ["import_wh_delta", "import_wh_covered_s", "import_wh_gap"]
    edges = quarters(0, 96, 192, 288)

    def asked(keep_before_us: int | None) -> list[Any]:
        found = store.sums("meter", [other, one, never], edges, names, keep_before_us=keep_before_us)
        return [[None if cell != cell else cell for cell in row] for name in names for row in found[name].tolist()]

    wanted = [
        [30.0, 40.0, None], [3.0, 4.0, None], [None, None, None],
        [1800.0, 900.0, None], [1800.0, 900.0, None], [None, None, None],
        [None, 70.0, None], [None, 7.0, None], [None, None, None],
    ]  # fmt: skip
    for keep_before_us in (None, int(edges[2]), int(edges[3]), int(edges[3])):
        assert asked(keep_before_us) == wanted
    store.replace_bins(
        "meter", one, int(edges[1]) - QUARTER_US, int(edges[1]),
        [some_bins("meter", one, [95], tags=tags, import_wh_delta=[5.0], import_wh_covered_s=[900.0])],
    )  # fmt: skip
    store.replace_bins("meter", never, *EVER, [some_bins("meter", never, [288], tags=tags, import_wh_delta=[5.0])])
    wanted[1], wanted[4] = [8.0, 4.0, None], [2700.0, 900.0, None]
    assert asked(int(edges[3])) == wanted, "a kept sum outlived its bins"
    store.replace_bins("meter", one, int(edges[0]), int(edges[3]), [])
    assert asked(int(edges[3]))[1] == [None, None, None]


def test_sums_are_of_fields_that_add_up(store: Store, sensor: str) -> None:
    with pytest.raises(ValueError, match="power_w_max"):
        store.sums("meter", [sensor], quarters(0, 96), ["power_w_max"])
    with pytest.raises(ValueError, match="edges_us"):
        store.sums("meter", [sensor], quarters(0), ["import_wh_delta"])
