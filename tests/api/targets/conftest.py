"""A small town with targets: imported accounts of eight years, a house and a cabinet whose meters show what measures
saved, and measures that are planned. Weather and use are functions of the day."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bypuls.api import ApiContext, ApiSettings
from bypuls.store.book import Book
from bypuls.store.protocol import Bins
from bypuls.store.registry import Registry, import_csv, open_registry, seed_factors
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import to_us

NOW = datetime(2026, 3, 30, 10, 7, tzinfo=UTC)
QUARTER_US = 900_000_000
FIRST = datetime(2023, 12, 31, 23, tzinfo=UTC)

# t of heat and of the vehicles by year: whole years on the way down.
EMITTED = {2018 + i: 1000.0 - 70.0 * i for i in range(1, 8)}

ROWS: dict[str, list[dict[str, Any]]] = {
    "cabinet": [{"id": "box", "name": "Box <1>", "lamp_count": 1}],
    "lamp": [{"id": "lamp-1", "name": "Lamp 1", "cabinet": "box"}],
    "building": [
        {"id": "school", "name": "School", "use": "education"},
        {"id": "barn", "name": "Barn", "use": "other"},
    ],
    "device": [{"id": "pi", "name": "Pi"}],
    "sensor": [
        {"id": "school-heat", "device": "pi", "kind": "meter", "name": "Heat", "building": "school", "medium": "heat",
         "interval_s": 60, "valid_from": "2023-12-31T23:00:00Z"},
        {"id": "box-meter", "device": "pi", "kind": "meter", "name": "Box", "cabinet": "box", "medium": "electricity",
         "interval_s": 60, "valid_from": "2023-12-31T23:00:00Z"},
        {"id": "barn-el", "device": "pi", "kind": "meter", "name": "Barn", "building": "barn", "medium": "electricity",
         "interval_s": 60, "valid_from": "2023-12-31T23:00:00Z"},
        {"id": "barn-pv", "device": "pi", "kind": "meter", "name": "Roof", "building": "barn", "medium": "electricity",
         "interval_s": 60, "parent": "barn-el", "valid_from": "2023-12-31T23:00:00Z"},
        {"id": "station", "device": "pi", "kind": "weather", "name": "Station", "interval_s": 300},
    ],
    "intervention": [{"id": "walls", "building": "school", "kind": "insulation", "date": "2025-06-02"}],
    "factor": [
        {"factor_set": "test", "version": "1", "carrier": carrier, "scope": "2-location", "gas": "CO2",
         "method": "made", "area": "DK", "valid_from": "2010-12-31T23:00:00Z", "step": "year", "value": value,
         "unit": "kg/kWh", "purpose": "accounts", "source": "made for the test"}
        for carrier, value in (("electricity", 0.2), ("heat", 0.1))
    ],
    "activity": [
        {"id": f"all-{year}", "name": f"Account of {year}", "domain": "fleet", "carrier": "diesel",
         "valid_from": f"{year}-01-01", "valid_to": f"{year + 1}-01-01", "amount": tonnes, "unit": "t", "gas": "CO2",
         "source": "made for the test"}
        for year, tonnes in EMITTED.items()
    ],
    "target": [
        {"id": "town", "name": "The town <b>", "kind": "organisation", "scope": "all of it", "base_year": 2018,
         "base_tonnes": 1000, "reduction": 0.85, "target_year": 2030, "gas": "CO2", "method": "made",
         "source": "an account <i>"},
        {"id": "area", "name": "The area", "kind": "geography", "reduction": 0.85, "target_year": 2030, "gas": "CO2"},
        {"id": "lights", "name": "The lights", "kind": "lighting", "scope": "lights", "base_year": 2018,
         "base_tonnes": 2, "reduction": 0.5, "target_year": 2030, "gas": "CO2", "method": "made"},
        {"id": "barn", "name": "The barn", "kind": "building", "scope": "barn", "base_year": 2018, "base_tonnes": 9,
         "reduction": 0.5, "target_year": 2030, "gas": "CO2", "source": "a bill"},
    ],
    "scope_part": [
        {"target": "town", "domain": "fleet", "carrier": "diesel", "base_tonnes": 970},
        {"target": "town", "domain": "buildings", "carrier": "heat", "base_tonnes": 30},
    ],
    "measure": [
        {"id": "walls", "name": "Walls", "kind": "renovation", "building": "school", "start": "2025-06-02",
         "certainty": 0.9, "cost_dkk": 100000, "intervention": "walls"},
        {"id": "led", "name": "LED", "kind": "led", "cabinet": "box", "start": "2025-07-07", "certainty": 0.9},
        {"id": "led-dimmed", "name": "Dimmed at night", "kind": "dimming", "cabinet": "box", "start": "2025-09-01"},
        {"id": "vans", "name": "Vans", "kind": "vehicles", "start": "2028-01-01", "certainty": 0.5, "cost_dkk": 500},
        {"id": "pump", "name": "Pump", "kind": "heating", "building": "school", "start": "2027-07-01",
         "certainty": 0.8, "cost_dkk": 900},
        {"id": "thought", "name": "A thought", "kind": "other", "start": "2029-01-01"},
        {"id": "barn-solar", "name": "Roof of the barn", "kind": "solar", "building": "barn", "start": "2025-08-01"},
        {"id": "barn-roof", "name": "Roof", "kind": "renovation", "building": "barn", "start": "2025-01-01"},
    ],
    "measure_effect": [
        {"measure": "walls", "carrier": "heat", "kwh_per_year": 40000},
        {"measure": "led", "carrier": "electricity", "kwh_per_year": 3000},
        {"measure": "led-dimmed", "carrier": "electricity", "kwh_per_year": 500},
        {"measure": "vans", "carrier": "diesel", "kwh_per_year": None, "t_per_year": 40},
        {"measure": "vans", "carrier": "electricity", "kwh_per_year": -10000, "t_per_year": None},
        {"measure": "pump", "carrier": "heat", "kwh_per_year": 50000},
        {"measure": "thought", "carrier": "wood", "kwh_per_year": 10},
        {"measure": "barn-solar", "carrier": "electricity", "kwh_per_year": 400},
        {"measure": "barn-roof", "carrier": "heat", "kwh_per_year": 10},
    ],
}  # fmt: skip


def outdoor_c(day: Any) -> Any:
    """Of days since 1970 [°C]: a year's wave with weather on it."""
    wander = np.random.default_rng(5).normal(0.0, 3.0, 40_000)
    return 9.0 - 9.0 * np.cos((day - 20.0) / 365.25 * 2 * np.pi) + wander[day.astype(int)]


def bring_in(registry: Registry, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Imports rows, entity by entity."""
    for entity, listed in rows.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, list(dict.fromkeys(name for row in listed for name in row)))
        writer.writeheader()
        writer.writerows(listed)
        report = import_csv(registry, entity, io.StringIO(text.getvalue()))
        assert not report.errors, report.errors


def _meter(
    store: SqliteStore, sensor: str, medium: str, asset: str, quarter: Any, wh: Any, export_wh: float | None = None
) -> None:
    columns = {
        "n": np.full(len(quarter), 15.0),
        "import_wh_delta": wh,
        "import_wh_covered_s": np.full(len(quarter), 900.0),
    }
    if export_wh is not None:
        columns |= {
            "export_wh_delta": np.full(len(quarter), export_wh),
            "export_wh_covered_s": np.full(len(quarter), 900.0),
        }
    t_us = quarter * QUARTER_US
    block = Bins("meter", sensor, t_us, columns, {"medium": medium}, asset=asset)
    store.replace_bins("meter", sensor, int(t_us[0]), int(t_us[-1]) + 1, [block])


@pytest.fixture(scope="session")
def planned_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiContext]:
    """The town, filled once."""
    folder: Path = tmp_path_factory.mktemp("planned-town")
    registry = open_registry(folder / "registry.db", clock=lambda: NOW)
    seed_factors(registry)
    bring_in(registry, ROWS)
    store = SqliteStore(folder / "store")
    quarter = np.arange(to_us(FIRST) // QUARTER_US, to_us(NOW) // QUARTER_US, dtype=np.int64)
    day = (quarter * 900 + 3600) // 86_400
    temp_c = outdoor_c(day)
    noise = np.random.default_rng(6).normal(1.0, 0.1, 40_000)[day]
    after = day >= (date(2025, 6, 2) - date(1970, 1, 1)).days
    heat = (1500.0 + 400.0 * np.maximum(17.0 - temp_c, 0.0)) * noise * np.where(after, 0.75, 1.0)
    _meter(store, "school-heat", "heat", "school", quarter, heat)
    lit = 100.0 + 60.0 * np.cos(day / 365.25 * 2 * np.pi)
    led = day >= (date(2025, 7, 7) - date(1970, 1, 1)).days
    _meter(store, "box-meter", "electricity", "box", quarter, lit * np.where(led, 0.4, 1.0) * noise)
    # Of 30 Wh made in a quarter 20 go to the grid: 10 are used by the house, beside 40 that it buys.
    _meter(store, "barn-el", "electricity", "barn", quarter, np.full(len(quarter), 40.0), 20.0)
    _meter(store, "barn-pv", "electricity", "barn", quarter, np.zeros(len(quarter)), 30.0)
    weather = {"n": np.full(len(quarter), 3.0), "temp_c_n": np.full(len(quarter), 3.0), "temp_c_sum": temp_c * 3.0}
    t_us = quarter * QUARTER_US
    store.replace_bins(
        "weather", "station", int(t_us[0]), int(t_us[-1]) + 1, [Bins("weather", "station", t_us, weather)]
    )
    settings = ApiSettings(open_on_loopback=True, rate_per_s=1e6, burst=1_000_000)
    yield ApiContext(store, registry, Book(registry), settings, lambda: NOW)
    store.close()
    registry.close()


@pytest.fixture(scope="session")
def roads(planned_town: ApiContext, make_client: Callable[..., Any]) -> Any:
    """A browser on this machine that asks the town."""
    parts = {name: getattr(planned_town, name) for name in ("store", "registry", "book", "clock")}
    return make_client(address="127.0.0.1", host="127.0.0.1:8000", settings=planned_town.settings, **parts)


@pytest.fixture
def bare(
    planned_town: ApiContext, make_client: Callable[..., Any], tmp_path: Path, place_registry: Callable[[Path], Path]
) -> Iterator[Callable[..., Any]]:
    """Makes a browser for a town with nothing but the rows given."""
    opened = []

    def make(rows: dict[str, list[dict[str, Any]]]) -> Any:
        registry = open_registry(place_registry(tmp_path), clock=lambda: NOW)
        opened.append(registry)
        bring_in(registry, rows)
        context = replace(planned_town, registry=registry, book=Book(registry))
        parts = {name: getattr(context, name) for name in ("store", "registry", "book", "clock")}
        return make_client(address="127.0.0.1", host="127.0.0.1:8000", settings=context.settings, **parts)

    yield make
    for registry in opened:
        registry.close()
