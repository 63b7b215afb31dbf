"""A platform to take readings over: registry, book and store in a folder, and the batches that devices send."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from bypuls.ingest.messages import Message
from bypuls.ingest.rollups import RollupWorker
from bypuls.store.book import Book, as_windows
from bypuls.store.protocol import BinTable, Rejected, StoreError
from bypuls.store.registry import Admission, Device, Registry, Sensor, SensorEntry, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Reading, assemble_batch, encode_reading, to_us
from bypuls.wire.bins import BIN_FIELDS, BIN_TAGS, QUARTER_US, bin_kind
from bypuls.wire.topics import topic

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
T0 = datetime(2026, 3, 28, 12, tzinfo=UTC)
T0_US = to_us(T0)
EVER = (0, to_us(datetime(2200, 1, 1, tzinfo=UTC)))
# Of sums, 0 and unknown say the same: no readings, no seconds, no resets.
EMPTY_SUMS = ("_n", "_true", "_covered_s", "_gap_s", "_resets")

_numbers = itertools.count(1)

SENSORS = {
    "lamp-1": ("pi-1", "lamp"),
    "lamp-2": ("pi-2", "lamp"),
    "radar-1": ("pi-1", "passage"),
    "roof-1": ("pi-1", "weather"),
}


class RecordingStore(SqliteStore):
    """A store that notes what happens in `events`, fails as often as it is told to, and rejects what it is told to."""

    def __init__(self, folder: Path, events: list[str]) -> None:
        super().__init__(folder)
        self.events = events
        self.failures: list[StoreError] = []
        self.rejects: Callable[[Reading], bool] = lambda _reading: False
        self.written = 0

    def write(self, readings: Sequence[Reading]) -> list[Rejected]:
        """Like every store: what it rejects is named by index, the rest is written."""
        if self.failures:
            self.events.append("store fails")
            raise self.failures.pop(0)
        rejected = [Rejected(i, "the store can't") for i, reading in enumerate(readings) if self.rejects(reading)]
        bad = {one.index for one in rejected}
        super().write([reading for i, reading in enumerate(readings) if i not in bad])
        self.events.append("stored")
        self.written += len(readings) - len(bad)
        return rejected


@dataclass
class Platform:
    """What a test sees of it; `events` in the order in which they happened."""

    folder: Path
    registry: Registry
    book: Book
    store: RecordingStore
    events: list[str]
    now: datetime = NOW

    def clock(self) -> datetime:
        """The time that the test says it is."""
        return self.now


def _message(
    readings: Sequence[Reading | bytes], *, device: str = "pi-1", epoch: str = "e1", first: int = 1, on: str = ""
) -> Message:
    """A batch as a device sends it; `on`: another device's topic."""
    raws = [r if isinstance(r, bytes) else encode_reading(r) for r in readings]
    return Message(topic(on or device, "readings"), assemble_batch(device, epoch, first, NOW, raws))


@pytest.fixture(scope="session")
def message() -> Callable[..., Message]:
    """Makes the message of a batch: `message(readings, device=…, epoch=…, first=…, on=…)`."""
    return _message


@pytest.fixture(scope="session")
def registry_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with two devices and some sensors, closed: migrating costs more than copying."""
    path = tmp_path_factory.mktemp("template") / "registry.db"
    with open_registry(path) as registry, registry.session() as session:
        session.add_all(Device(id=name, name=name) for name in ("pi-1", "pi-2"))
        session.add(Device(id="pi-old", name="retired", retired_at=NOW - timedelta(days=1)))
        session.flush()
        session.add_all(Sensor(id=s, device=device, kind=kind, name=s) for s, (device, kind) in SENSORS.items())
    return path


@pytest.fixture
def platform(registry_file: Path, tmp_path: Path) -> Iterator[Platform]:
    """A platform of this test's own."""
    (tmp_path / "registry.db").write_bytes(registry_file.read_bytes())
    events: list[str] = []
    with open_registry(tmp_path / "registry.db") as registry:
        store = RecordingStore(tmp_path, events)
        try:
            yield Platform(tmp_path, registry, Book(registry), store, events)
        finally:
            store.close()


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
