"""Rows, references, the version and the snapshot for ingest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from bypuls.store.registry import (
    BadValue,
    Building,
    Device,
    HeatedArea,
    Lamp,
    Registry,
    Sensor,
    SensorEntry,
    Site,
    SpeedLimit,
    Target,
    open_registry,
    parse_schedule,
    seed_factors,
)
from bypuls.store.registry.tables.equipment import MEDIA, SENSOR_KINDS

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[Registry]:
    with open_registry(place_registry(tmp_path), clock=lambda: NOON) as opened:
        yield opened


@pytest.fixture(scope="module")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """For tests that change nothing; opened once."""
    with open_registry(tmp_path_factory.mktemp("empty") / "registry.db", clock=lambda: NOON) as opened:
        yield opened


def add(registry: Registry, *rows: object) -> None:
    with registry.session() as session:
        session.add_all(rows)


def test_kinds_and_media_are_those_of_the_wire() -> None:
    from bypuls.wire import kinds

    assert set(SENSOR_KINDS) == set(kinds.KINDS)
    assert kinds.MEDIA == MEDIA


def test_rows_may_come_in_any_order(registry: Registry) -> None:
    add(
        registry,
        Sensor(id="sub", device="pi-1", kind="meter", name="Sub", parent="main", building="hall"),
        Sensor(id="main", device="pi-1", kind="meter", name="Main", building="hall"),
        Building(id="hall", name="Hall"),
        Device(id="pi-1", name="A device"),
    )
    assert [(sensor.id, sensor.parent, sensor.asset) for sensor in registry.sensors()] == [
        ("main", None, ("building", "hall")),
        ("sub", "main", ("building", "hall")),
    ]


def test_a_reference_to_nothing_undoes_everything(registry: Registry) -> None:
    with pytest.raises(IntegrityError):
        add(registry, Site(id="a", name="A"), Sensor(id="s", device="gone", kind="meter", name="S"))
    assert registry.sites() == []
    assert registry.version() == 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Site(id="Å", name="A"), "site Å: id: 'Å' — expected an id"),
        (Site(id="a", name=" A"), "name: ' A' — expected plain text"),
        (Site(id="a", name=""), "name: '' — expected plain text"),
        (Site(id="a", name="A\u202eb"), "name: .* — expected plain text"),
        (Site(id="a", name="A\x00"), "name: .* — expected plain text"),
        (Site(id="a", name="\ud800"), "name: .* — expected plain text"),
        (Site(id="a", name="A", lat=float("nan")), "lat: nan — expected a number, -90 to 90 degrees north"),
        (Site(id="a", name="A", lon=180.1), "lon: 180.1 — expected a number, -180 to 180 degrees east"),
        (Site(id="a", name="A", lat=55.7), "lon: None — expected a number beside lat 55.7: both lat and lon"),
        (Lamp(id="a", name="A", lon=12.4), "lat: None — expected a number beside lon 12.4: both lat and lon"),
        (Lamp(id="a", name="A", installed=date(2999, 1, 1)), "installed: .* — expected a day that has been, "),
        (Site(id="a", name="A", lanes=0), "lanes: 0 — expected a number, 1 to 20 lanes"),
        (Site(id="a", name="A", lanes=True), "lanes: True"),
        (Site(id="a", name="A", geometry="CIRCLE (1 2)"), "geometry: 'CIRCLE"),
        (Site(id="a", name="A", school_way="yes"), "school_way: 'yes' — expected true or false"),  # type: ignore[arg-type]
        (Device(id="a", name="A", retired_at=datetime(2026, 1, 1)), "a time with its zone"),  # noqa: DTZ001
        (SpeedLimit(site="a", valid_from=NOON, limit_kmh=50), "valid_from: .* — expected a date"),
        (
            SpeedLimit(site="a", valid_from=date(2026, 1, 1), limit_kmh=0),
            "limit_kmh: 0 — expected a number, 5 to 150 km/h",
        ),
        (
            SpeedLimit(site="a", valid_from=date(2026, 1, 1), valid_to=date(2026, 1, 1), limit_kmh=50),
            "speed_limit a, both, 2026-01-01: valid_to: .* — expected later than valid_from",
        ),
        (Sensor(id="a", device="d", kind="radar", name="A"), "kind: 'radar' — expected one of lamp, passage"),
        (Sensor(id="a", device="d", kind="lamp", name="A", medium="heat"), "medium: 'heat' — expected none"),
        (Sensor(id="a", device="d", kind="meter", name="A", sign=0), "sign: 0 — expected 1"),
        (
            Sensor(id="a", device="d", kind="meter", name="A", multiplier=0),
            "multiplier: 0 — expected a number, more than 0",
        ),
        (
            Sensor(id="a", device="d", kind="meter", name="A", site="x", lamp="y"),
            "at most one of site, building, cabinet",
        ),
        (Sensor(id="a", device="d", kind="meter", name="A", parent="a"), "parent: 'a' — expected another sensor"),
        (
            Target(id="t", name="T", kind="lighting", base_year=2030, reduction=0.85, target_year=2030, gas="CO2"),
            "target_year: 2030 — expected later than base_year",
        ),
        (Target(id="t", name="T", kind="lighting", reduction=85, target_year=2030, gas="CO2"), "reduction: 85"),
        (Target(id="t", name="T", kind="lighting", reduction=0.8, target_year=2030, gas=None), "it cannot be unknown"),  # type: ignore[arg-type]
    ],
)
def test_bad_rows_are_named(empty_registry: Registry, row: object, words: str) -> None:
    with pytest.raises(BadValue, match=words):
        add(empty_registry, row)
    assert empty_registry.version() == 0


def test_a_change_is_looked_at_too(registry: Registry) -> None:
    add(registry, Site(id="a", name="A"))
    with pytest.raises(BadValue, match="lat: 99"), registry.session() as session:
        session.get_one(Site, "a").lat = 99
    assert registry.sites()[0].lat is None


def test_meters_cannot_be_behind_each_other(registry: Registry) -> None:
    add(registry, Device(id="d", name="D"))
    add(registry, *(Sensor(id=name, device="d", kind="meter", name=name) for name in "abc"))
    add_parent = {"a": "b", "b": "c"}
    for child, parent in add_parent.items():
        with registry.session() as session:
            session.get_one(Sensor, child).parent = parent
    with pytest.raises(BadValue, match="expected a meter that is not behind this one"), registry.session() as session:
        session.get_one(Sensor, "c").parent = "a"


def test_times_come_back_in_utc_to_the_microsecond(registry: Registry) -> None:
    there = datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    add(registry, Device(id="d", name="D", retired_at=there))
    (device,) = registry.devices()
    assert device.retired_at == there
    assert device.retired_at.tzinfo is UTC


def test_every_way_to_change_counts_the_version_up(registry: Registry, tmp_path: Path) -> None:
    with open_registry(tmp_path / "registry.db") as other:
        seen = [other.version()]

        def changed() -> bool:
            seen.append(other.version())
            return seen[-1] > seen[-2]

        add(registry, Site(id="a", name="A"))
        assert changed()
        with registry.session() as session:
            session.get_one(Site, "a").name = "B"
        assert changed()
        with registry.session() as session:
            session.execute(update(Site).values(name="C"))
        assert changed()
        with registry.session() as session:
            session.execute(insert(Site), [{"id": "b", "name": "B"}])
        assert changed()
        with registry.session() as session:
            session.delete(session.get_one(Site, "a"))
        assert changed()
        with registry.session() as session:
            session.execute(delete(Site))
        assert changed()
        assert seed_factors(registry).created > 0
        assert changed()
        assert seed_factors(registry).changed == 0
        assert not changed()
        registry.sites()
        with registry.session() as session:
            session.get(Site, "a")
        assert not changed()


def test_what_is_changed_while_reading_is_forgotten(registry: Registry) -> None:
    add(registry, Site(id="a", name="A"))
    with registry.reading() as session:
        session.get_one(Site, "a").name = "B"
    assert registry.sites()[0].name == "A"


def test_readers_do_not_wait_for_a_writer(registry: Registry) -> None:
    with registry.session() as session:
        session.add(Site(id="a", name="A"))
        session.flush()
        assert registry.sites() == []
        assert registry.version() == 0
    assert registry.version() == 1


def test_writers_wait_for_each_other(registry: Registry) -> None:
    start = threading.Barrier(6)

    def run(number: int) -> None:
        start.wait()
        for turn in range(5):
            with registry.session() as session:
                session.get(Site, "nothing")  # a read first: a transaction that only then writes must not fail
                session.add(Site(id=f"s-{number}-{turn}", name="S"))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(run, range(6)))
    assert len(registry.sites()) == 30
    assert registry.version() == 30


def test_admission(registry: Registry) -> None:
    add(
        registry,
        Device(id="pi-1", name="One"),
        Device(id="pi-old", name="Old", retired_at=NOON - timedelta(days=1)),
        Device(id="pi-leaving", name="Leaving", retired_at=NOON + timedelta(days=1)),
        Building(id="hall", name="Hall"),
        Sensor(
            id="heat",
            device="pi-1",
            kind="meter",
            name="Heat",
            medium="heat",
            interval_s=900,
            multiplier=2.5,
            building="hall",
            valid_from=NOON,
        ),
        Sensor(id="silent", device="pi-old", kind="weather", name="Silent"),
    )
    admission = registry.admission(NOON)
    assert admission.version == registry.version()
    assert admission.devices == {"pi-1", "pi-leaving"}
    assert dict(admission.sensors) == {
        "pi-1": SensorEntry("pi-1", "health"),
        "pi-leaving": SensorEntry("pi-leaving", "health"),
        "heat": SensorEntry("pi-1", "meter", "heat", 900.0, "building", "hall", 2.5, NOON, None),
    }
    assert registry.admission().devices == {"pi-1"}
    with pytest.raises(TypeError):
        admission.sensors["more"] = SensorEntry("pi-1", "meter")  # type: ignore[index]


def test_limits_by_direction_and_day(registry: Registry) -> None:
    add(
        registry,
        Site(id="street", name="Street"),
        SpeedLimit(site="street", valid_from=date(2020, 1, 1), limit_kmh=50),
        SpeedLimit(site="street", valid_from=date(2024, 1, 1), limit_kmh=40),
        SpeedLimit(
            site="street", direction="toward", valid_from=date(2025, 1, 1), valid_to=date(2025, 7, 1), limit_kmh=30
        ),
    )

    def limits(day: date) -> list[int | None]:
        return [registry.limit_kmh("street", direction, day) for direction in ("toward", "away", None)]

    assert limits(date(2019, 12, 31)) == [None, None, None]
    assert limits(date(2020, 1, 1)) == [50, 50, 50]
    assert limits(date(2024, 1, 1)) == [40, 40, 40]
    assert limits(date(2025, 6, 30)) == [30, 40, None]
    assert limits(date(2025, 7, 1)) == [40, 40, 40]
    assert registry.limit_kmh("elsewhere", None, date(2025, 1, 1)) is None


def test_heated_area_by_day(registry: Registry) -> None:
    add(
        registry,
        Building(id="hall", name="Hall"),
        HeatedArea(building="hall", valid_from=date(2020, 1, 1), area_m2=1000),
        HeatedArea(building="hall", valid_from=date(2024, 1, 1), area_m2=1200.5),
    )
    assert registry.heated_area_m2("hall", date(2019, 12, 31)) is None
    assert registry.heated_area_m2("hall", date(2023, 12, 31)) == 1000
    assert registry.heated_area_m2("hall", date(2024, 1, 1)) == 1200.5


def test_published_factors(registry: Registry) -> None:
    assert seed_factors(registry).errors == ()
    year = datetime(2015, 6, 1, tzinfo=UTC)
    (found,) = registry.factors(
        "energinet-declaration", carrier="electricity", start=year, end=year + timedelta(hours=1)
    )
    assert (found.value, found.unit, found.gas, found.method, found.loss_included) == (
        0.202,
        "kg/kWh",
        "CO2",
        "125 %",
        True,
    )
    # The Danish year 2015 begins an hour before the UTC one.
    first = datetime(2014, 12, 31, 23, tzinfo=UTC)
    assert found.valid_from == first
    forecast = {f.valid_from.year + 1: f for f in registry.factors("br18-tabel-8", "2023", carrier="electricity")}
    assert forecast[2024].value == 0.161
    assert {f.purpose for f in forecast.values()} == {"scenario"}
    assert all("linear" in forecast[y].source for y in (2024, 2026, 2031))
    (gas,) = registry.factors(carrier="gas", end=datetime(2020, 1, 1, tzinfo=UTC))
    assert (gas.value, gas.basis) == (0.204, "lower")
    assert all(f.source for f in registry.factors())


def test_dimming_schedules() -> None:
    night = parse_schedule("22:00-01:30=50 01:30-04:45=10 04:45-06:00=50")
    assert [(f"{span.start:%H:%M}", f"{span.end:%H:%M}", span.level_pct) for span in night] == [
        ("22:00", "01:30", 50.0),
        ("01:30", "04:45", 10.0),
        ("04:45", "06:00", 50.0),
    ]


@pytest.mark.parametrize(
    "text", ["", "22:00-06:00", "24:00-06:00=50", "22:00-06:00=101", "22:00-22:00=50", "22:00-06:00=50 05:59-07:00=10"]
)
def test_bad_dimming_schedules(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_schedule(text)
