"""Buildings with what goes right and wrong in them: a hall with submeters, cooling and a measure, a solar roof, a
swapped meter, a unit that jumps by 1,000, half a year of gaps, a house without area. Use is a function of the weather,
so that what comes out is known.

Bins are written as one for each hour with 3,600 s covered: a quarter of the rows, the same sums."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.api import ApiContext, ApiSettings
from bypuls.api.buildings.source import Source
from bypuls.api.directory import DirectorySource
from bypuls.store.book import Book
from bypuls.store.protocol import Bins
from bypuls.store.registry import import_csv, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Meter, to_us

ZONE = ZoneInfo("Europe/Copenhagen")
NOW = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
BEGIN = datetime(2022, 12, 31, 23, tzinfo=UTC)
HOUR_US = 3_600_000_000
MEASURE = date(2025, 2, 1)
SAVED = 0.20
SWAPPED = datetime(2025, 10, 14, 10, tzinfo=UTC)
JUMPED = datetime(2025, 9, 1, tzinfo=UTC)
GAP = (datetime(2025, 4, 3, 7, tzinfo=UTC), datetime(2025, 10, 2, 7, tzinfo=UTC))

_BUILDINGS = ("hall", "annex", "sunny", "swapped", "jumping", "gappy", "empty", "unknown-area")
ROWS: dict[str, list[dict[str, Any]]] = {
    "building": [
        {"id": one, "name": f"={one}" if one == "jumping" else one.title(), "use": "office", "built_year": 1975}
        for one in _BUILDINGS
    ],
    "heated_area": [
        {"building": one, "valid_from": "2020-01-01", "area_m2": 1000.0} for one in _BUILDINGS if one != "unknown-area"
    ],
    "device": [{"id": "pi", "name": "Pi"}],
    "sensor": [
        {"id": "station", "device": "pi", "kind": "weather", "name": "Station", "interval_s": 3600},
        *(
            {"id": id, "device": "pi", "kind": "meter", "name": name, "building": building, "medium": medium,
             "interval_s": 3600, **more}
            for id, name, building, medium, more in (
                ("hall-el", "Hall, electricity", "hall", "electricity", {}),
                ("hall-fans", "Hall, fans", "hall", "electricity", {"parent": "hall-el"}),
                ("hall-servers", "Hall, servers", "hall", "electricity", {"parent": "hall-el"}),
                ("hall-heat", "Hall, heat", "hall", "heat", {}),
                ("hall-water", "Hall, water", "hall", "water", {}),
                ("annex-heat", "Annex, heat", "annex", "heat", {}),
                ("sunny-el", "Sunny, electricity", "sunny", "electricity", {}),
                ("sunny-roof", "Sunny, roof", "sunny", "electricity", {"parent": "sunny-el"}),
                ("swapped-old", "Swapped, heat", "swapped", "heat", {"valid_to": SWAPPED.isoformat()}),
                ("swapped-new", "Swapped, heat", "swapped", "heat", {"valid_from": SWAPPED.isoformat()}),
                ("jumping-heat", "Jumping, heat", "jumping", "heat", {}),
                ("gappy-heat", "Gappy, heat", "gappy", "heat", {}),
                ("unknown-heat", "Unknown, heat", "unknown-area", "heat", {}),
            )
        ),
    ],
    "intervention": [
        {"id": "windows", "building": "hall", "kind": "windows", "date": MEASURE.isoformat(), "note": "new windows"}
    ],
    "price": [
        {"medium": medium, "valid_from": first, "valid_to": last, "unit": unit, "value": value}
        for medium, first, last, unit, value in (
            ("electricity", "2020-01-01", "2025-07-01", "dkk_per_kwh", 2.0),
            ("electricity", "2025-07-01", None, "dkk_per_kwh", 3.0),
            ("heat", "2020-01-01", None, "dkk_per_kwh", 0.5),
            ("water", "2020-01-01", None, "dkk_per_m3", 60.0),
        )
    ],
    "normal_year": [
        {"id": "own", "name": "Own", "station": "Town", "sensor": "station", "rule": "all year", "base_c": 17,
         "degree_days": 3000, "source": "made for the test"}
    ],
    "target": [
        {"id": "town", "name": "The town", "kind": "organisation", "reduction": 0.85, "target_year": 2030, "gas": "CO2"}
    ],
    "factor": [
        {"factor_set": "test", "version": "1", "carrier": carrier, "scope": "2-location", "gas": "CO2",
         "method": "125 %", "area": "DK", "valid_from": f"{year - 1}-12-31T23:00:00Z",
         "valid_to": f"{year}-12-31T23:00:00Z", "step": "year", "value": value, "unit": "kg/kWh",
         "purpose": "accounts", "source": "made for the test"}
        for year in (2023, 2024, 2025)
        for carrier, value in (("electricity", 0.2), ("heat", 0.1))
    ],
}  # fmt: skip

HOURS = np.arange(to_us(BEGIN), to_us(NOW) // HOUR_US * HOUR_US, HOUR_US, dtype=np.int64)
_LOCAL = HOURS // HOUR_US + 1  # hours of UTC+1, near enough for a daily wave
_RNG = np.random.default_rng(7)
_DAYS = int((_LOCAL[-1] - _LOCAL[0]) // 24) + 2
_DAY = (_LOCAL - _LOCAL[0]) // 24
_SEASON = 8.5 - 8.5 * np.cos(2 * np.pi * ((_DAY + 20.0) / 365.25 - 0.12))
TEMP_C = _SEASON + _RNG.normal(0, 3, _DAYS)[_DAY] + 3.0 * np.sin(2 * np.pi * (_LOCAL % 24 - 9) / 24)
NOISE = _RNG.normal(1.0, 0.04, (12, _DAYS))[:, _DAY]


def at(moment: datetime) -> int:
    """The number of the hour at `moment`."""
    return int(np.searchsorted(HOURS, to_us(moment)))


def heat_wh(noise: int) -> np.ndarray:
    """What a house of 1,000 m² uses in an hour [Wh]: 2 kW of hot water, 1 kW for each kelvin below 16 °C."""
    mean_c = np.bincount(_DAY, TEMP_C) / np.maximum(np.bincount(_DAY), 1)
    return 1000.0 * (2.0 + np.maximum(0.0, 16.0 - mean_c[_DAY])) * NOISE[noise]


def load_wh() -> np.ndarray:
    """Electricity of an hour [Wh]: 5 kW always, 10 kW more from 8 to 16 UTC+1."""
    hour = _LOCAL % 24
    return 1000.0 * (5.0 + 10.0 * ((hour >= 8) & (hour < 16))) * NOISE[0]


def write(store: SqliteStore, sensor: str, medium: str, **columns: np.ndarray) -> None:
    """Hourly bins of a meter; NaN hours are unknown."""
    made: dict[str, np.ndarray] = {"n": np.ones(len(HOURS))}
    for name, values in columns.items():
        made[f"{name}_delta"] = values
        made[f"{name}_covered_s"] = np.where(np.isnan(values), 0.0, 3600.0)
    block = Bins("meter", sensor, HOURS, made, {"medium": medium})
    store.replace_bins("meter", sensor, int(HOURS[0]), int(HOURS[-1]) + 1, [block])


def cut(values: np.ndarray, first: datetime | None, last: datetime | None) -> np.ndarray:
    """Known within [first, last) alone."""
    known = values.copy()
    if first is not None:
        known[: at(first)] = np.nan
    if last is not None:
        known[at(last) :] = np.nan
    return known


def _fill(store: SqliteStore) -> None:
    store.replace_bins(
        "weather", "station", int(HOURS[0]), int(HOURS[-1]) + 1,
        [Bins("weather", "station", HOURS, {"n": np.ones(len(HOURS)), "temp_c_n": np.ones(len(HOURS)),
                                            "temp_c_sum": TEMP_C, "temp_c_min": TEMP_C, "temp_c_max": TEMP_C})],
    )  # fmt: skip
    load = load_wh()
    write(store, "hall-el", "electricity", import_wh=load)
    write(store, "hall-fans", "electricity", import_wh=0.25 * load)
    write(store, "hall-servers", "electricity", import_wh=np.full(len(HOURS), 2000.0))
    hall = heat_wh(1)
    hall[at(datetime(2025, 2, 1, 23, tzinfo=UTC)) :] *= 1.0 - SAVED
    volume = hall / 1000.0 / (1.163 * 20.0)
    write(
        store, "hall-heat", "heat", import_wh=hall, volume_m3=volume, flow_m3c=65.0 * volume, return_m3c=45.0 * volume
    )
    write(store, "hall-water", "water", volume_m3=np.full(len(HOURS), 0.02))
    write(store, "annex-heat", "heat", import_wh=0.5 * heat_wh(2))
    sun = np.maximum(0.0, np.sin(2 * np.pi * (_LOCAL % 24 - 6) / 24)) * 9000.0
    net = load - sun
    write(store, "sunny-el", "electricity", import_wh=np.maximum(net, 0.0), export_wh=np.maximum(-net, 0.0))
    write(store, "sunny-roof", "electricity", import_wh=np.zeros(len(HOURS)), export_wh=sun)
    swapped = heat_wh(3)
    write(store, "swapped-old", "heat", import_wh=cut(swapped, None, SWAPPED))
    write(store, "swapped-new", "heat", import_wh=cut(swapped, SWAPPED, None))
    jumping = heat_wh(4)
    jumping[at(JUMPED) :] *= 1000.0
    write(store, "jumping-heat", "heat", import_wh=jumping)
    gappy = heat_wh(5)
    first, last = (at(moment) for moment in GAP)
    missed = gappy[first:last].sum()
    gappy[first:last] = np.nan
    write(store, "gappy-heat", "heat", import_wh=gappy)
    store.replace_bins(
        "meter", "gappy-heat", int(HOURS[last]) - HOUR_US, int(HOURS[last]) - 1,
        [Bins("meter", "gappy-heat", HOURS[last - 1 : last],
              {"n": np.ones(1), "import_wh_gap": np.array([missed]),
               "import_wh_gap_s": np.array([(last - first) * 3600.0])},
              {"medium": "heat"})],
    )  # fmt: skip
    write(store, "unknown-heat", "heat", import_wh=heat_wh(6))
    store.write([Meter(sensor="hall-heat", t=datetime(2026, 3, 12, 4, tzinfo=UTC), medium="heat", import_wh=1e6)])
    store.write([Meter(sensor="hall-el", t=NOW.replace(minute=0), medium="electricity", import_wh=1e6)])


@pytest.fixture(scope="session")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiContext]:
    """The buildings, filled once."""
    folder: Path = tmp_path_factory.mktemp("houses")
    registry = open_registry(folder / "registry.db", clock=lambda: NOW)
    for entity, rows in ROWS.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
        report = import_csv(registry, entity, io.StringIO(text.getvalue()))
        assert not report.errors, report.errors
    store = SqliteStore(folder / "store")
    _fill(store)
    settings = ApiSettings(open_on_loopback=True, rate_per_s=1e6, burst=1_000_000)
    yield ApiContext(store, registry, Book(registry), settings, lambda: NOW)
    store.close()
    registry.close()


@pytest.fixture(scope="session")
def source(houses: ApiContext) -> Source:
    """Where figures come from, on 20 March 2026."""
    return Source(houses.store, DirectorySource(houses.registry)(), NOW, ZONE)


@pytest.fixture(scope="session")
def visitor(houses: ApiContext, make_client: Callable[..., Any]) -> Any:
    """A browser on this machine, in the demo's open mode."""
    return make_client(
        address="127.0.0.1", host="127.0.0.1:8000", settings=houses.settings, store=houses.store,
        registry=houses.registry, book=houses.book, clock=houses.clock,
    )  # fmt: skip
