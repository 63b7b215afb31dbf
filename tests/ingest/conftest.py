"""A platform to take readings over: registry, book and store in a folder, and the batches that devices send."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bypuls.ingest.messages import Message
from bypuls.store.book import Book
from bypuls.store.protocol import Rejected, StoreError
from bypuls.store.registry import Device, Registry, Sensor, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Reading, assemble_batch, encode_reading
from bypuls.wire.topics import topic

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
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
