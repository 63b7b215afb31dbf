"""What bins say: registers, gauges, unions, traffic, at their edges."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypuls.analysis.histogram import parse_histogram
from bypuls.wire import Health, Lamp, Meter, Passage, Reading, TrafficBin, Weather, from_us

T0 = datetime(2026, 3, 28, 12, tzinfo=UTC)
EVER = (0, 2**62)
# Of tests/ingest/conftest.py.
Rollups = Any


def at(quarters: float, seconds: float = 0) -> datetime:
    return T0 + timedelta(seconds=quarters * 900 + seconds)


def meter(sensor: str, t: datetime, wh: float, **more: Any) -> Meter:
    return Meter(sensor=sensor, t=t, medium="electricity", import_wh=wh, **more)


def total(bins: Mapping[tuple[Any, ...], Mapping[str, Any]], *names: str) -> float:
    return sum(float(row.get(name, 0.0)) for row in bins.values() for name in names)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 9_000), st.floats(0, 1e4)), min_size=2, max_size=30))
def test_differences_and_gaps_add_up_to_the_register(rollups: Rollups, steps: list[tuple[int, float]]) -> None:
    sensor = rollups.sensor("meter", interval_s=900.0)
    seconds = list(itertools.accumulate(step for step, _ in steps))
    amounts = list(itertools.accumulate(amount for _, amount in steps))
    readings = [meter(sensor, at(0, s), wh) for s, wh in zip(seconds, amounts, strict=True)]
    bins = rollups.rolled(readings)
    assert total(bins, "import_wh_delta", "import_wh_gap") == pytest.approx(amounts[-1] - amounts[0], abs=1e-6)
    assert total(bins, "import_wh_covered_s", "import_wh_gap_s") == pytest.approx(seconds[-1] - seconds[0])
    assert total(bins, "import_wh_resets") == 0


def test_a_register_is_spread_over_the_quarters_between_its_readings(rollups: Rollups) -> None:
    sensor = rollups.sensor("meter", interval_s=900.0, multiplier=40.0)
    bins = rollups.rolled([meter(sensor, at(0.5), 10.0, power_w=2.0), meter(sensor, at(1.5), 11.0, voltage_v=(230.0,))])
    assert set(bins) == {(0, "electricity"), (1, "electricity")}
    assert [row["import_wh_delta"] for row in bins.values()] == [20.0, 20.0]
    assert [row["import_wh_covered_s"] for row in bins.values()] == [450.0, 450.0]
    assert bins[0, "electricity"]["power_w_sum"] == 80.0
    assert bins[1, "electricity"]["voltage_v_sum"] == 230.0  # a voltage is no amount


def test_a_lamps_operating_time_is_not_multiplied(rollups: Rollups) -> None:
    sensor = rollups.sensor("lamp", interval_s=900.0, multiplier=40.0)
    lamps = [Lamp(sensor=sensor, t=at(n), operating_s=900.0 * n, energy_wh=float(n)) for n in range(3)]
    bins = rollups.rolled(lamps)
    assert total(bins, "operating_s_delta") == 1800.0
    assert total(bins, "energy_wh_delta") == 80.0


def test_a_gap_is_known_in_total_only_and_ends_where_it_ends(rollups: Rollups) -> None:
    sensor = rollups.sensor("meter", interval_s=900.0)
    bins = rollups.rolled([meter(sensor, at(0), 100.0), meter(sensor, at(50), 150.0)])
    assert bins[49, "electricity"] == {"import_wh_gap": 50.0, "import_wh_gap_s": 45_000.0, "n": 0.0}


def test_a_late_reading_in_the_middle_of_a_gap_recomputes_both_ends(rollups: Rollups) -> None:
    sensor = rollups.sensor("meter", interval_s=900.0)
    rollups.rolled([meter(sensor, at(0), 100.0), meter(sensor, at(4), 104.0), meter(sensor, at(5), 105.0)])
    bins = rollups.rolled([meter(sensor, at(2), 102.0)])
    assert total(bins, "import_wh_gap") == 0
    assert [row["import_wh_delta"] for row in bins.values() if "import_wh_delta" in row] == [1.0] * 5


def test_a_reset_on_a_quarters_edge_is_counted_where_nothing_else_is(rollups: Rollups) -> None:
    sensor = rollups.sensor("meter", interval_s=900.0)
    bins = rollups.rolled([meter(sensor, at(n), wh) for n, wh in ((0, 100.0), (1, 101.0), (50, 5.0), (51, 6.0))])
    assert total(bins, "import_wh_resets") == 1
    assert bins[49, "electricity"]["import_wh_resets"] == 1


def test_a_register_that_is_told_seldom_keeps_its_bins_when_another_is_late(rollups: Rollups) -> None:
    """Bins are replaced as far as the late register reaches; what other registers say there has to stay."""
    sensor, other = (rollups.sensor("meter", interval_s=900.0) for _ in range(2))

    def readings(name: str) -> list[Reading]:
        sparse: list[Reading] = [meter(name, at(n), float(n)) for n in (0, 100, 200, 300, 400)]
        dense = [Meter(sensor=name, t=at(n, 10), medium="electricity", export_wh=float(n + 9)) for n in range(-3, 4)]
        return sparse + dense

    for reading in readings(sensor):
        rollups.rolled([reading])
    late = meter(sensor, at(250), 250.0)
    bins = rollups.rolled([late])
    assert bins == rollups.rolled([*readings(other), dataclasses.replace(late, sensor=other)])
    assert total(bins, "export_wh_delta") == pytest.approx(6.0)


def test_a_long_window_is_taken_in_pieces_and_is_the_same(rollups: Rollups) -> None:
    sensor, other = (rollups.sensor("meter", interval_s=3600.0) for _ in range(2))
    hours = range(24 * 70)
    bins = rollups.rolled([meter(sensor, at(4 * n, 60), float(n)) for n in hours])
    for some in range(0, len(hours), 300):
        rollups.add([meter(other, at(4 * n, 60), float(n)) for n in hours[some : some + 300]])
        rollups.worker.once()
    assert rollups.bins("meter", other) == bins
    assert total(bins, "import_wh_delta") == pytest.approx(len(hours) - 1)


def test_an_unknown_sensor_is_taken_to_speak_every_quarter(rollups: Rollups) -> None:
    sensor = rollups.sensor("meter")
    bins = rollups.rolled([meter(sensor, at(n), float(n)) for n in (0, 2, 5)])
    assert (total(bins, "import_wh_delta"), total(bins, "import_wh_gap")) == (2.0, 3.0)


def test_bins_are_utc_quarters_whatever_the_clocks_do(rollups: Rollups) -> None:
    """The night in which Europe's clocks go forward, in microseconds around the edges."""
    sensor = rollups.sensor("weather")
    night = datetime(2026, 3, 29, 1, tzinfo=UTC)
    edge = timedelta(microseconds=1)
    times = [night - edge, night, night + timedelta(minutes=15) - edge, night + timedelta(minutes=15)]
    rollups.add([Weather(sensor=sensor, t=t, temp_c=1.0) for t in times])
    rollups.worker.once()
    table = rollups.store.bins("weather", [sensor], *EVER, ["n"])
    quarter = timedelta(minutes=15)
    assert [from_us(int(t)) for t in table.t_us] == [night - quarter, night, night + quarter]
    assert table.columns["n"].tolist() == [1.0, 2.0, 1.0]


def test_unions_and_last_words(rollups: Rollups) -> None:
    sensor = rollups.sensor("health")
    bins = rollups.rolled(
        [
            Health(sensor=sensor, t=at(0), failing=("s-2",), version="0.1"),
            Health(sensor=sensor, t=at(0, 9), failing=("s-1", "s-2"), clock_synced=False),
            Health(sensor=sensor, t=at(0, 99), version="0.2", clock_synced=True),
            Health(sensor=sensor, t=at(1), failing=(), dropped=3),
            Health(sensor=sensor, t=at(2), dropped=5),
        ]
    )
    assert bins[0,] == {"n": 3, "failing": "s-1,s-2", "version": "0.2", "clock_synced_n": 2, "clock_synced_true": 1}
    assert "failing" not in bins[2,]
    assert (bins[1,]["dropped_min"], bins[2,]["dropped_max"]) == (3, 5)


# Traffic


def passages(sensor: str, *cars: tuple[float, float]) -> list[Reading]:
    return [Passage(sensor=sensor, t=at(0, s), speed_kmh=kmh, direction="toward") for s, kmh in cars]


def test_passages_become_sums_and_a_histogram_of_1_kmh(rollups: Rollups) -> None:
    sensor = rollups.sensor("passage", asset_kind="site", asset_id="street")
    bins = rollups.rolled(passages(sensor, (0, 30.0), (2, 30.1), (10, 0.0), (20, 50.5)))
    row = bins[0, "toward", ""]
    assert (row["n"], row["max_kmh"], row["hist"]) == (4, 50.5, "1:1,30:1,31:1,51:1")
    assert row["sum_kmh"] == pytest.approx(110.6)
    assert row["sum_kmh2"] == pytest.approx(900 + 30.1**2 + 50.5**2)
    assert (row["ff_n"], row["ff_hist"], row["ff_max_kmh"]) == (2, "1:1,51:1", 50.5)
    assert (row["width_kmh"], row["period_s"]) == (1.0, 900.0)
    histogram = parse_histogram(row["hist"], row["width_kmh"])
    assert float(histogram.counts.sum()) == row["n"]


def test_a_late_vehicle_takes_free_flow_from_the_next_one_even_in_the_next_quarter(rollups: Rollups) -> None:
    sensor = rollups.sensor("passage")
    bins = rollups.rolled(passages(sensor, (0, 50.0), (901, 40.0)))
    assert bins[1, "toward", ""]["ff_n"] == 1
    bins = rollups.rolled(passages(sensor, (899, 30.0)))
    assert bins[1, "toward", ""]["ff_n"] == 0
    assert "ff_hist" not in bins[1, "toward", ""]
    assert bins[0, "toward", ""]["ff_n"] == 1  # the late one itself


def counted(sensor: str, t: datetime, edges: Sequence[float], counts: Sequence[float], **more: Any) -> TrafficBin:
    return TrafficBin(
        sensor=sensor, t=t, upper_edges_kmh=tuple(edges), counts=tuple(counts), **{"period_s": 900} | more
    )


def test_a_count_longer_than_a_quarter_stays_whole_where_it_starts(rollups: Rollups) -> None:
    sensor = rollups.sensor("traffic_bin")
    bins = rollups.rolled([counted(sensor, at(0, 60), (50, 100), (3, 4), period_s=3600, uptime=0.5)])
    assert bins == {
        (0, "", ""): {"n": 7, "hist": "50:3,100:4", "width_kmh": 50, "period_s": 3600, "uptime_s": 1800},
    }


def test_counts_within_a_quarter_add_up(rollups: Rollups) -> None:
    sensor = rollups.sensor("traffic_bin")
    parts = [counted(sensor, at(0, 300 * n), (50, 100), (1.5, n), period_s=300, uptime=1.0) for n in range(3)]
    assert rollups.rolled(parts)[0, "", ""] == {
        "n": 7.5,
        "hist": "50:4.5,100:3",
        "width_kmh": 50,
        "period_s": 900,
        "uptime_s": 900,
    }


def test_no_uptime_is_unknown_and_an_uptime_of_0_knows_no_vehicles(rollups: Rollups) -> None:
    sensor = rollups.sensor("traffic_bin")
    readings = [
        counted(sensor, at(0), (50, 100), (0, 0), uptime=0.0),
        counted(sensor, at(1), (50, 100), (0, 0)),
    ]
    bins = rollups.rolled(readings)
    assert bins[0, "", ""] == {"period_s": 900, "uptime_s": 0}
    assert bins[1, "", ""] == {"n": 0, "period_s": 900, "width_kmh": 50}


def test_open_tops_and_irregular_classes_parse_with_every_class(rollups: Rollups) -> None:
    sensor = rollups.sensor("traffic_bin")
    uneven, even = (20, 25, 50), (40, 80)
    readings = [
        counted(sensor, at(0), uneven, (0, 2, 0, 5), open_top=True),
        counted(sensor, at(1), uneven, (1, 0, 0, 0), open_top=True),
        counted(sensor, at(2), even, (0, 3, 1), open_top=True),
        counted(sensor, at(3), (), (9,), open_top=True),
    ]
    bins = rollups.rolled(readings)
    texts = [bins[n, "", ""]["hist"] for n in range(4)]
    # Irregular classes are all listed, the empty open one too: only texts of the same classes add up.
    assert texts == ["20:0,25:2,50:0,>50:5", "20:1,25:0,50:0,>50:0", "80:3,>80:1", ">0:9"]
    for n, text in enumerate(texts):
        row = bins[n, "", ""]
        assert float(parse_histogram(text, row["width_kmh"]).counts.sum()) == row["n"]


def test_different_classes_in_one_quarter_keep_their_number_and_no_histogram(rollups: Rollups) -> None:
    sensor = rollups.sensor("traffic_bin")
    readings = [
        counted(sensor, at(0), (50, 100), (1, 2), period_s=300),
        counted(sensor, at(0, 300), (30,), (4,), period_s=300),
    ]
    row = rollups.rolled(readings)[0, "", ""]
    assert row["n"] == 7
    assert "hist" not in row
