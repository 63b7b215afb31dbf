"""Alarms of energy, traffic and climate on figures that are known: each cause is planted, found, priced, and gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.api.alarms.detectors import DETECTORS
from bypuls.api.alarms.finding import Finding
from bypuls.api.alarms.scene import Memory, Scene
from bypuls.api.directory import DirectorySource
from bypuls.store.book import AlarmBook, Book
from bypuls.store.protocol import Bins
from bypuls.store.registry import (
    ALARM_KINDS,
    Building,
    Device,
    Factor,
    NonRoutineEvent,
    Price,
    Registry,
    Sensor,
    Site,
    SpeedLimit,
    Target,
    open_registry,
    parse_parameters,
)  # fmt: skip
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import to_us

NOW = datetime(2026, 8, 20, 10, tzinfo=UTC)
BEGIN = datetime(2025, 3, 31, 22, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Copenhagen")
QUARTER_US = 900_000_000
T_US = np.arange(to_us(BEGIN), to_us(NOW), QUARTER_US, dtype=np.int64)
DAY = (T_US + 2 * 3_600_000_000) // 86_400_000_000  # local days, but for the winter's hour
HOUR = (T_US // 3_600_000_000 + 2) % 24
LAST = DAY[-1]
# A summer of 20 °C, a winter of 2 °C, day by day a little different.
MEAN_C = 11.0 + 9.0 * np.cos(2.0 * np.pi * (DAY - 20_650) / 365.25) + 1.5 * np.sin(DAY * 1.7)


class Town:
    """A registry and a store of one building and one street."""

    def __init__(self, folder: Path) -> None:
        self.registry: Registry = open_registry(folder / "registry.db", clock=lambda: NOW)
        self.store = SqliteStore(folder / "store")
        meters = {"el": "electricity", "heat": "heat", "water": "water"}
        with self.registry.session() as session:
            session.add_all(
                [Building(id="hall", name="Hall"), Device(id="pi", name="Pi"), Site(id="lane", name="Lane")]
            )
            session.add_all(
                Sensor(id=id, device="pi", kind="meter", name=id, building="hall", medium=medium, interval_s=60)
                for id, medium in meters.items()
            )
            session.add(Sensor(id="station", device="pi", kind="weather", name="Station", interval_s=300))
            session.add(Sensor(id="radar", device="pi", kind="passage", name="Radar", site="lane"))
            session.add(SpeedLimit(site="lane", valid_from=date(2020, 1, 1), limit_kmh=40))
            session.add(Price(medium="electricity", valid_from=date(2025, 1, 1), unit="dkk_per_kwh", value=2.0))
            session.add(Price(medium="water", valid_from=date(2025, 1, 1), unit="dkk_per_m3", value=60.0))
            session.add(Price(medium="heat", valid_from=date(2025, 1, 1), unit="dkk_per_kwh", value=0.7))
            session.add(
                Factor(factor_set="test", version="1", carrier="electricity", scope="2-location", gas="CO2",
                       method="125 %", area="DK2", valid_from=datetime(2025, 12, 31, 23, tzinfo=UTC),
                       valid_to=datetime(2026, 12, 31, 23, tzinfo=UTC), step="year", value=0.1, unit="kg/kWh",
                       source="made for the test")
            )  # fmt: skip
            session.add(
                Target(id="town", name="Town", kind="organisation", base_year=2018, base_tonnes=100.0, reduction=0.85,
                       target_year=2030, gas="CO2", method="125 %")
            )  # fmt: skip
        n = np.full(T_US.size, 3.0)
        self.fill("station", "weather", {"n": n, "temp_c_n": n, "temp_c_sum": 3.0 * MEAN_C})

    def fill(self, sensor: str, kind: str, columns: dict[str, Any], rows: Any = slice(None), **tags: str) -> None:
        """Writes bins of the sensor in place of all that it had."""
        at = T_US[rows]
        block = Bins(kind, sensor, at, {name: np.asarray(c, dtype=float)[rows] for name, c in columns.items()}, tags)
        self.store.replace_bins(kind, sensor, int(T_US[0]), int(T_US[-1]) + 1, [block])

    def meter(self, id: str, wh: Any, *, m3: Any = None, rows: Any = slice(None), **more: Any) -> None:
        """A meter's energy per quarter [Wh], and volume."""
        covered = np.full(T_US.size, 900.0)
        columns: dict[str, Any] = {"n": np.full(T_US.size, 15.0)}
        if wh is not None:
            columns |= {"import_wh_delta": wh, "import_wh_covered_s": covered}
        if m3 is not None:
            columns |= {"volume_m3_delta": m3, "volume_m3_covered_s": covered}
        medium = {"el": "electricity"}.get(id, id)
        self.fill(id, "meter", columns | more, rows, medium=medium)

    def scene(self) -> Scene:
        """The town now."""
        directory = DirectorySource(self.registry)()
        book = Book(self.registry)
        return Scene(
            self.store, directory, book, AlarmBook(self.registry), now=NOW, zone=ZONE, memory=Memory()
        )  # fmt: skip

    def find(self, kind: str, subject: str, **more: float) -> Finding:
        """What the kind's detector finds of one subject, with the kind's own parameters."""
        parameters = parse_parameters(kind, None) | more
        (found,) = DETECTORS[kind].detector(self.scene(), {subject: parameters})
        assert found.subject == subject
        return found


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = Town(tmp_path_factory.mktemp("town"))
    yield made
    made.store.close()
    made.registry.close()


def night(base_kw: float, late_kw: float, since: int) -> Any:
    """An office: 20 kW by day, at night `base_kw` and, in the last `since` days, `late_kw` [Wh per quarter]."""
    at_night = np.where(LAST - since < DAY, late_kw, base_kw) * (1.0 + 0.02 * np.sin(DAY))
    return np.where((HOUR >= 7) & (HOUR < 17), 20.0, at_night) * 250.0


def test_use_at_night(town: Town) -> None:
    town.meter("el", night(4.0, 6.5, 12))
    found = town.find("night-use", "el")
    assert found.seen == "present"
    assert found.facts["night_kw"] == pytest.approx(6.5, abs=0.15)
    assert found.facts["base_kw"] == pytest.approx(4.0, abs=0.1)
    # 2.5 kW for the four hours that were looked at, at 2 kroner and 0.1 kg.
    assert found.cost.kwh_per_day == pytest.approx(10.2, abs=0.8)
    assert found.cost.dkk_per_day == pytest.approx(2.0 * (found.cost.kwh_per_day or 0.0))
    assert found.cost.kg_co2_per_day == pytest.approx(0.1 * (found.cost.kwh_per_day or 0.0))
    assert found.cost.basis["factor_source"] == "made for the test"
    since = datetime.fromtimestamp((found.since_us or 0) / 1e6, UTC)
    assert timedelta(days=11) <= NOW - since <= timedelta(days=13)


@pytest.mark.parametrize(("late_kw", "seen"), [(4.0, "absent"), (4.3, "absent"), (4.6, "holding"), (5.2, "present")])
def test_use_at_night_by_degrees(town: Town, late_kw: float, seen: str) -> None:
    town.meter("el", night(4.0, late_kw, 12))
    assert town.find("night-use", "el").seen == seen


def test_nights_that_are_not_measured_are_unknown(town: Town) -> None:
    town.meter("el", night(4.0, 6.5, 12), rows=np.flatnonzero(DAY < LAST - 3))
    assert town.find("night-use", "el").seen == "unknown"
    town.meter("el", night(4.0, 6.5, 12), rows=np.flatnonzero(DAY > LAST - 15))
    assert town.find("night-use", "el").seen == "unknown"


def test_a_registered_change_begins_a_new_base(town: Town) -> None:
    town.meter("el", night(4.0, 6.5, 90))
    assert town.find("night-use", "el").seen == "present"
    with town.registry.session() as session:
        session.add(NonRoutineEvent(id="servers", building="hall", kind="extension", valid_from=date(2026, 5, 1)))
    try:
        # May to the 22nd still had the old base; by its 25th percentile what came since counts.
        assert town.find("night-use", "el").seen == "absent"
    finally:
        with town.registry.session() as session:
            session.delete(session.get(NonRoutineEvent, "servers"))


def heat(summer_wh: float, late_wh: float, since: int) -> Any:
    """Heat by the weather, with hot water of `summer_wh` a quarter, lately `late_wh`."""
    base = np.where(LAST - since < DAY, late_wh, summer_wh)
    return base * (1.0 + 0.05 * np.sin(DAY * 2.3)) + 400.0 * np.maximum(0.0, 16.0 - MEAN_C)


def test_heating_in_summer(town: Town) -> None:
    town.meter("heat", heat(500.0, 500.0, 10))
    assert town.find("summer-heating", "heat").seen == "absent"
    town.meter("heat", heat(500.0, 1500.0, 10))
    found = town.find("summer-heating", "heat")
    assert found.seen == "present"
    assert found.facts["base_kwh"] == pytest.approx(48.0, abs=3.0)
    assert found.cost.kwh_per_day == pytest.approx(96.0, abs=10.0)
    assert found.cost.dkk_per_day == pytest.approx(0.7 * 96.0, abs=7.0)
    # No factor of heat is registered: CO₂ is unknown, and it says so.
    assert (found.cost.kg_co2_per_day, found.cost.basis["missing"]) == (None, ["factor"])
    # Without warm days lately nobody can tell.
    assert town.find("summer-heating", "heat", warm_c=30.0).seen == "unknown"


def test_not_as_the_weather_explains(town: Town) -> None:
    town.meter("heat", heat(500.0, 500.0, 0))
    assert town.find("signature-deviation", "heat").seen == "absent"
    town.meter("heat", heat(500.0, 900.0, 30))
    found = town.find("signature-deviation", "heat")
    assert (found.seen, found.facts["direction"], found.facts["days"]) == ("present", "above", 30)
    assert found.facts["actual_kwh"] - found.facts["expected_kwh"] > found.facts["interval_kwh"]
    assert found.cost.kwh_per_day == pytest.approx(0.4 * 96, abs=6.0)
    town.meter("heat", heat(500.0, 200.0, 30))
    found = town.find("signature-deviation", "heat")
    assert (found.seen, found.facts["direction"], found.cost.dkk_per_day) == ("present", "below", None)
    town.meter("heat", heat(500.0, 500.0, 0), rows=np.flatnonzero(DAY > LAST - 200))
    assert town.find("signature-deviation", "heat").seen == "unknown"


def test_water_that_never_stops(town: Town) -> None:
    leaking = np.full(T_US.size, 0.003)  # 12 l/h
    town.meter("water", None, m3=leaking)
    found = town.find("water-never-zero", "water")
    assert (found.seen, found.facts) == ("present", {"hours": 24, "least_l_h": 12.0})
    assert found.cost.dkk_per_day == pytest.approx(0.288 * 60.0)
    assert found.cost.kwh_per_day is None
    # One hour without flow is evidence.
    town.meter("water", None, m3=np.where((DAY == LAST) & (HOUR == 3), 0.0, leaking))
    assert town.find("water-never-zero", "water").seen == "absent"
    # A day of which a part is missing says nothing, unless a known hour stood still.
    town.meter("water", None, m3=leaking, rows=np.flatnonzero((DAY < LAST) | (HOUR < 5)))
    assert town.find("water-never-zero", "water").seen == "unknown"
    town.meter("water", None, m3=leaking * 0.1)
    assert town.find("water-never-zero", "water").seen == "holding"


def test_poor_cooling_and_a_warm_return(town: Town) -> None:
    wh = heat(500.0, 500.0, 0)

    def cooled(kelvin: float) -> None:
        volume = wh / 1000.0 / (1.163 * kelvin)
        covered = np.full(T_US.size, 900.0)
        town.meter("heat", wh, m3=volume, flow_m3c_delta=volume * 70.0, flow_m3c_covered_s=covered,
                   return_m3c_delta=volume * (70.0 - kelvin), return_m3c_covered_s=covered)  # fmt: skip

    cooled(20.0)
    found = town.find("poor-cooling", "heat")
    assert (found.seen, found.facts) == ("present", {"cooling_k": 20.0, "least_k": 30.0, "days": 7.0})
    day_kwh = float(wh[(DAY >= LAST - 7) & (DAY < LAST)].sum()) / 7000.0
    assert found.cost.dkk_per_day == pytest.approx(day_kwh * 0.7 * 0.01 * 10.0, rel=0.05)
    # Which energy is lost nobody has measured.
    assert found.cost.kwh_per_day is None
    warm = town.find("return-too-warm", "heat")
    assert (warm.seen, warm.facts["return_c"], warm.within) == ("present", 50.0, ("poor-cooling", "heat"))
    for kelvin, seen in ((30.5, "holding"), (33.0, "absent")):
        cooled(kelvin)
        assert town.find("poor-cooling", "heat").seen == seen
    assert town.find("return-too-warm", "heat").seen == "absent"
    town.meter("heat", wh)
    assert town.find("poor-cooling", "heat").seen == "unknown"


def test_meters_that_start_anew_or_change_their_unit(town: Town) -> None:
    wh = night(4.0, 4.0, 0)
    town.meter("el", wh)
    assert town.find("meter-reset", "el").seen == "holding"
    assert town.find("unit-jump", "el").seen == "holding"
    resets = np.where(T_US[DAY == LAST - 3][0] == T_US, 1.0, 0.0)
    town.meter("el", wh, import_wh_resets=resets)
    found = town.find("meter-reset", "el")
    assert (found.seen, found.facts["resets"]) == ("present", 1)
    town.meter("el", np.where(DAY > LAST - 20, wh * 1000.0, wh))
    found = town.find("unit-jump", "el")
    assert (found.seen, found.facts["factor"]) == ("present", 1000.0)
    assert ALARM_KINDS["unit-jump"].closable


def drive(town: Town, before_kmh: int, after_kmh: int) -> None:
    """A street with a vehicle a quarter at each of ten speeds up to so many km/h; faster in the last eight days."""
    top = np.where(DAY >= LAST - 7, after_kmh, before_kmh)
    columns: dict[str, Any] = {
        "n": np.full(T_US.size, 10.0), "sum_kmh": 10.0 * top - 50.0, "max_kmh": top.astype(float),
        "width_kmh": np.ones(T_US.size), "period_s": np.full(T_US.size, 900.0),
    }  # fmt: skip
    texts = {kmh: ",".join(f"{kmh - i}:1" for i in range(9, -1, -1)) for kmh in (before_kmh, after_kmh)}
    recent = np.flatnonzero(DAY > LAST - 40)
    block = Bins(
        "traffic", "radar", T_US[recent],
        {name: column[recent] for name, column in columns.items()}
        | {"hist": np.array([texts[int(kmh)] for kmh in top[recent]], dtype=object)},
        {"direction": "toward"},
    )  # fmt: skip
    town.store.replace_bins("traffic", "radar", int(T_US[0]), int(T_US[-1]) + 1, [block])


def test_people_drive_faster(town: Town) -> None:
    drive(town, 44, 44)
    assert town.find("v85-risen", "lane").seen == "absent"
    drive(town, 44, 48)
    found = town.find("v85-risen", "lane")
    assert (found.seen, found.facts["v85_kmh"], found.facts["threshold_kmh"]) == ("present", 46.5, 44.0)
    assert found.facts["before_kmh"] == 42.5
    assert found.cost.vehicles_per_day == pytest.approx(960.0 * 0.8, abs=100)
    # A street that always was too fast is no news, and stays what it is.
    drive(town, 48, 48)
    assert town.find("v85-risen", "lane").seen == "holding"


def test_a_target_with_too_few_data_is_unknown(town: Town) -> None:
    assert town.find("off-track", "town").seen == "unknown"
