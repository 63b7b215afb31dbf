"""A town of a few meters whose year is a function of the hour, made through the public interfaces."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.api.accounts.account import Accounts, Question
from bypuls.api.accounts.frame import Frame, frame_of
from bypuls.api.accounts.model import Line, YearAccount
from bypuls.api.directory import Directory, DirectorySource
from bypuls.store.book import Book
from bypuls.store.protocol import Bins
from bypuls.store.registry import HourlyLabel, Registry, import_csv, keep_hourly_factors, open_registry
from bypuls.store.sqlite import SqliteStore

CPH = ZoneInfo("Europe/Copenhagen")
FRAME: Frame = frame_of(2025, CPH)
QUARTER_US = 900_000_000
QUARTERS = np.arange(FRAME.start_us // QUARTER_US, FRAME.end_us // QUARTER_US, dtype=np.int64)
HOURS = len(FRAME.t_us)
G_PER_KWH = 100.0 + (np.arange(HOURS) % 24) * 4.0
"""Hourly factors: 100 g/kWh at the UTC midnight, 192 at 23."""


def wh(base: float, swing: float = 0.0) -> np.ndarray:
    """Watt-hours of each quarter: more in the afternoon."""
    return base + swing * ((QUARTERS % 96) >= 48)


@dataclass
class Place:
    """The town: what a test changes in it, and asks of it."""

    registry: Registry
    store: SqliteStore
    book: Book
    accounts: Accounts
    source: DirectorySource

    @property
    def directory(self) -> Directory:
        return self.source()

    def rows(self, entity: str, *rows: dict[str, Any]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
        report = import_csv(self.registry, entity, io.StringIO(text.getvalue(), newline=""))
        assert report.errors == ()

    def meter(self, sensor: str, amounts: np.ndarray, *, medium: str = "electricity", **more: Any) -> None:
        """Registers a meter in the hall, unless it says elsewhere, and measures; NaN = a quarter that is missing."""
        at = {} if {"cabinet", "site", "building"} & set(more) else {"building": "hall"}
        row = {"id": sensor, "device": "pi", "kind": "meter", "name": sensor.title(), "medium": medium, **at, **more}
        self.rows("sensor", row)
        self.measure(sensor, amounts, medium=medium)

    def measure(
        self, sensor: str, amounts: np.ndarray, *, medium: str = "electricity", told: bool = True, **columns: np.ndarray
    ) -> None:
        known = ~np.isnan(amounts)
        t_us = (QUARTERS * QUARTER_US)[known]
        made = {
            "n": np.full(len(t_us), 15.0),
            "import_wh_delta": amounts[known],
            "import_wh_covered_s": np.full(len(t_us), 900.0),
            **{name: column[known] for name, column in columns.items()},
        }
        block = Bins("meter", sensor, t_us, made, {"medium": medium})
        self.store.replace_bins("meter", sensor, FRAME.start_us, FRAME.end_us, [block])
        if told:
            self.book.note_changes([("meter", sensor, FRAME.start_us, FRAME.end_us)])

    def factor(self, carrier: str, value: float | None, **more: Any) -> None:
        row: dict[str, Any] = {
            "factor_set": "test", "version": "1", "carrier": carrier, "scope": "2-location", "gas": "CO2",
            "method": "125 %", "area": "DK2", "valid_from": "2024-12-31T23:00:00Z", "valid_to": "2025-12-31T23:00:00Z",
            "step": "year", "value": value, "unit": "kg/kWh", "purpose": "accounts", "source": "made for the test",
        }  # fmt: skip
        self.rows("factor", row | more)

    def hourly(self, values: np.ndarray = G_PER_KWH, *, restate: bool = False, area: str = "DK2") -> None:
        label = HourlyLabel("grid", area, "125 %", "made for the test, by the hour")
        known = ~np.isnan(values)
        keep_hourly_factors(self.registry, label, FRAME.t_us[known], values[known], restate=restate)

    def account(self, year: int = 2025, **more: Any) -> YearAccount:
        return self.accounts.year(self.directory, Question(year, **more))

    def line(self, of: str, **more: Any) -> Line:
        (found,) = (one for one in self.account(**more).lines if one.id == of)
        return found


@pytest.fixture
def place(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[Place]:
    registry = open_registry(place_registry(tmp_path), clock=lambda: datetime(2026, 3, 1, tzinfo=UTC))
    store = SqliteStore(tmp_path)
    book = Book(registry)
    made = Place(registry, store, book, Accounts(store, book, CPH), DirectorySource(registry))
    made.rows("building", {"id": "hall", "name": "Hall"}, {"id": "pool", "name": "Pool"})
    made.rows("cabinet", {"id": "box", "name": "Box"})
    made.rows("device", {"id": "pi", "name": "Pi"})
    yield made
    store.close()
    registry.close()


@pytest.fixture
def again(place: Place) -> Callable[[], Accounts]:
    """Accounts that remember nothing but what the database keeps."""

    def make() -> Accounts:
        place.accounts = Accounts(place.store, place.book, CPH)
        return place.accounts

    return make
