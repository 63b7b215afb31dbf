"""Bins: the same from any order and any pieces, and what each of them says."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypuls.analysis.histogram import parse_histogram
from bypuls.ingest.rollups import RollupWorker
from bypuls.store.book import Book, Window, as_windows
from bypuls.store.protocol import BinTable, Unavailable
from bypuls.store.registry import Admission, SensorEntry, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Cabinet, Health, Lamp, Meter, Passage, Reading, TrafficBin, Weather, from_us, to_us
from bypuls.wire.bins import BIN_FIELDS, BIN_TAGS, QUARTER_US, bin_kind

T0 = datetime(2026, 3, 28, 12, tzinfo=UTC)
T0_US = to_us(T0)
EVER = (0, to_us(datetime(2200, 1, 1, tzinfo=UTC)))
# Of sums, 0 and unknown say the same: no readings, no seconds, no resets.
EMPTY_SUMS = ("_n", "_true", "_covered_s", "_gap_s", "_resets")

_numbers = itertools.count(1)


class Rollups:
    """A store and a book of their own, and a worker that rolls up when it is told to."""

    def __init__(self, store: SqliteStore, book: Book) -> None:
        self.store = store
        self.book = book
        self.entries: dict[str, SensorEntry] = {}
        self.worker = self.another("w")

    def another(self, owner: str, **more: Any) -> RollupWorker:
        admission = Admission(1, frozenset(), MappingProxyType(self.entries))
        return RollupWorker(self.store, self.book, admission=lambda: admission, clock=lambda: T0, owner=owner, **more)

    def sensor(self, kind: str, **entry: Any) -> str:
        name = f"s-{next(_numbers)}"
        if entry:
            self.entries[name] = SensorEntry("pi-1", kind, **entry)
        return name

    def add(self, readings: Sequence[Reading]) -> None:
        """What ingest does with readings."""
        self.store.write(readings)
        self.book.mark(as_windows((r.kind, r.sensor, to_us(r.t)) for r in readings if r.t is not None))

    def rolled(self, readings: Sequence[Reading]) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The bins of a sensor after all its readings were added at once."""
        self.add(readings)
        self.worker.once()
        return self.bins(readings[0].kind, readings[0].sensor)

    def bins(self, kind: str, sensor: str) -> dict[tuple[Any, ...], dict[str, Any]]:
        """Every bin by (quarters after T0, *tags), with the fields that say something."""
        of = bin_kind(kind)
        table = self.store.bins(of, [sensor], *EVER, list(BIN_FIELDS[of]), by=BIN_TAGS[of])
        return dict(_rows(of, table))


def _rows(kind: str, table: BinTable) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    for i in range(len(table)):
        row = {name: column[i] for name, column in table.columns.items()}
        known = {
            name: value if isinstance(value, str) else float(value)
            for name, value in row.items()
            if value is not None and not (isinstance(value, float) and np.isnan(value))
        }
        said = {
            name: value
            for name, value in known.items()
            if name == "ff_n" or value != 0 or not name.endswith(EMPTY_SUMS)
        }
        key = ((int(table.t_us[i]) - T0_US) / QUARTER_US, *(table.tags[tag][i] for tag in BIN_TAGS[kind]))
        yield key, said


@pytest.fixture(scope="module")
def rollups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rollups]:
    folder = tmp_path_factory.mktemp("rollups")
    with open_registry(folder / "registry.db") as registry:
        store = SqliteStore(folder)
        yield Rollups(store, Book(registry))
        store.close()


def at(quarters: float, seconds: float = 0) -> datetime:
    return T0 + timedelta(seconds=quarters * 900 + seconds)


# Any order, any pieces

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


# What bins say


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


# The worker


def test_one_worker_rolls_up_and_the_other_looks_on(rollups: Rollups) -> None:
    rollups.book.release_lease("rollup", "w")
    assert rollups.book.take_lease("rollup", "elsewhere", to_us(T0), 60)
    sensor = rollups.sensor("weather")
    try:
        rollups.add([Weather(sensor=sensor, t=at(0), temp_c=1.0)])
        assert not rollups.worker.once()
        assert rollups.bins("weather", sensor) == {}
    finally:
        rollups.book.release_lease("rollup", "elsewhere")
    rollups.worker.once()
    assert len(rollups.bins("weather", sensor)) == 1


def test_a_reading_that_comes_while_its_window_is_rolled_up_marks_it_anew(rollups: Rollups) -> None:
    sensor = rollups.sensor("weather")
    late = [Weather(sensor=sensor, t=at(0, 5), temp_c=9.0)]
    rollups.worker.once()
    rollups.book.release_lease("rollup", "w")

    def meanwhile(_bins: int) -> None:
        if late:
            rollups.add([late.pop()])

    worker = rollups.another("meanwhile", rolled=meanwhile)
    rollups.add([Weather(sensor=sensor, t=at(0), temp_c=1.0)])
    try:
        worker.once()
        assert rollups.bins("weather", sensor)[0,]["n"] == 1
        assert rollups.book.dirty_marks() == 1
        worker.once()
        assert rollups.bins("weather", sensor)[0,]["n"] == 2
    finally:
        rollups.book.release_lease("rollup", "meanwhile")


def test_a_window_that_trips_a_fault_holds_up_no_other(rollups: Rollups) -> None:
    good = rollups.sensor("weather")
    failures: list[int] = []
    rollups.worker.once()
    rollups.book.release_lease("rollup", "w")
    worker = rollups.another("faulty", failed=lambda: failures.append(1))
    rollups.book.mark([Window("no-such-kind", "a-first", 0, QUARTER_US)])
    rollups.add([Weather(sensor=good, t=at(0), temp_c=1.0)])
    try:
        worker.once()
        assert len(rollups.bins("weather", good)) == 1
        assert (failures, rollups.book.dirty_marks()) == ([1], 1)
        worker.once()  # not tried again and again
        assert failures == [1]
    finally:
        rollups.book.release_lease("rollup", "faulty")
        rollups.book.clean(rollups.book.dirty())


def test_an_outage_is_waited_out(platform: Any) -> None:
    class Stopping(threading.Event):
        """Set after three pauses; nobody waits for long."""

        pauses = 0

        def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - the pause itself is left out
            self.pauses += 1
            if self.pauses == 3:
                self.set()
            return self.is_set()

    class Down(SqliteStore):
        failures = 2

        def replace_bins(self, *args: Any, **more: Any) -> None:
            if self.failures:
                self.failures -= 1
                raise Unavailable("down")
            super().replace_bins(*args, **more)

    store = Down(platform.folder / "down")
    store.write([Weather(sensor="roof-1", t=at(0), temp_c=1.0)])
    platform.book.mark(as_windows([("weather", "roof-1", to_us(at(0)))]))
    admission = platform.registry.admission()
    worker = RollupWorker(store, platform.book, admission=lambda: admission, clock=platform.clock, owner="w")
    stop = Stopping()
    worker.run(stop)
    assert (store.failures, stop.pauses, platform.book.dirty_marks()) == (0, 3, 0)
    assert len(store.bins("weather", ["roof-1"], *EVER, ["n"])) == 1
    assert platform.book.take_lease("rollup", "next", to_us(platform.now), 60)  # given back at the end
    store.close()
