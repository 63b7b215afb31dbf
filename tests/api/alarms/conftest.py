"""A small platform whose clock is set by hand: two Pis, meters, a radar, and an evaluator."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bypuls.api.alarms import Evaluator, EvaluatorSettings
from bypuls.api.alarms.engine import Round
from bypuls.store.book import Alarm, AlarmBook, AlarmFilter, Book
from bypuls.store.protocol import Bins
from bypuls.store.registry import AlarmRule, Building, Device, Registry, Sensor, Site, open_registry, seed_alarm_rules
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Health, Meter, Passage, Reading, to_us

START = datetime(2026, 3, 30, 10, tzinfo=UTC)
QUARTER_US = 900_000_000


@dataclass
class Clock:
    """A clock that stands until it is set."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **more: float) -> datetime:
        self.now += timedelta(**more)
        return self.now


@dataclass
class Works:
    """The platform's parts; what speaks in each round is said by `speak`."""

    store: SqliteStore
    registry: Registry
    book: Book
    alarms: AlarmBook
    clock: Clock
    speaking: set[str] = field(default_factory=lambda: {"pi-a", "pi-b", "hall-el", "hall-heat", "radar"})
    health: dict[str, dict[str, Any]] = field(default_factory=dict)
    evaluator: Evaluator = None  # type: ignore[assignment]

    def another(self, owner: str = "two", **more: Any) -> Evaluator:
        """A further evaluator."""
        return Evaluator(
            self.store, self.registry, self.book, EvaluatorSettings(owner=owner, **more), clock=self.clock
        )  # fmt: skip

    def speak(self) -> None:
        """Everyone who speaks says something now."""
        now, readings = self.clock(), list[Reading]()
        for device in ("pi-a", "pi-b"):
            if device in self.speaking:
                said = {"clock_synced": True, "outbox_rows": 0, "outbox_oldest_s": 0.0} | self.health.get(device, {})
                readings.append(Health(sensor=device, t=now, **said))
        if "hall-el" in self.speaking:
            readings.append(Meter(sensor="hall-el", t=now, medium="electricity", import_wh=1e6, power_w=1200.0))
        if "hall-heat" in self.speaking:
            readings.append(Meter(sensor="hall-heat", t=now, medium="heat", import_wh=5e6))
        if "radar" in self.speaking:
            readings.append(Passage(sensor="radar", t=now, speed_kmh=43.5, direction="toward"))
        assert self.store.write(readings) == []

    def round(self, *, minutes: float = 1.0, times: int = 1) -> list[Round]:
        """So many rounds, the clock going on before each."""
        found = []
        for _ in range(times):
            self.clock.forward(minutes=minutes)
            self.speak()
            one = self.evaluator.round()
            assert one is not None
            assert one.failed == {}
            found.append(one)
        return found

    def living(self) -> dict[tuple[str, str], Alarm]:
        """Alarms that aren't closed, by kind and subject."""
        _, found = self.alarms.listed(AlarmFilter(("open", "acknowledged", "unknown")))
        return {(one.kind, one.subject): one for one in found}

    def states(self) -> dict[str, str]:
        """The same as words."""
        return {f"{kind} {subject}": one.state for (kind, subject), one in sorted(self.living().items())}

    def history(self, kind: str, subject: str) -> list[str]:
        """Actions of every alarm of a condition, the oldest first."""
        _, found = self.alarms.listed(AlarmFilter(kind=kind))
        mine = sorted((one for one in found if one.subject == subject), key=lambda one: one.id)
        return [event.action for one in mine for event in self.alarms.events(one.id)]

    def rule(self, **row: Any) -> None:
        with self.registry.session() as session:
            session.merge(AlarmRule(**row))

    def fill(
        self, sensor: str, kind: str, t_us: Sequence[int] | np.ndarray, columns: dict[str, Any], **tags: str
    ) -> None:
        """Writes bins, in place of what is there in their range."""
        at = np.asarray(t_us, dtype=np.int64)
        block = Bins(kind, sensor, at, {n: np.asarray(c, dtype=float) for n, c in columns.items()}, tags)
        self.store.replace_bins(kind, sensor, int(at[0]), int(at[-1]) + 1, [block])


def quarters(start: datetime, end: datetime) -> np.ndarray:
    """Starts of the quarters in [start, end) [µs]."""
    return np.arange(to_us(start), to_us(end), QUARTER_US, dtype=np.int64)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The registry, migrated and filled once: tests copy its file."""
    path = tmp_path_factory.mktemp("template") / "registry.db"
    with open_registry(path) as registry:
        with registry.session() as session:
            session.add_all(
                [
                    Site(id="lane", name="The lane"),
                    Building(id="hall", name="The hall", use="office"),
                    Device(id="pi-a", name="Pi A"),
                    Device(id="pi-b", name="Pi B"),
                    Sensor(id="hall-el", device="pi-a", kind="meter", name="Hall, electricity", building="hall",
                           medium="electricity", interval_s=60),
                    Sensor(id="hall-heat", device="pi-a", kind="meter", name="Hall, heat", building="hall",
                           medium="heat", interval_s=60),
                    Sensor(id="radar", device="pi-b", kind="passage", name="Radar", site="lane"),
                ]
            )  # fmt: skip
        seed_alarm_rules(registry)
    return path


@pytest.fixture
def works(tmp_path: Path, template: Path) -> Iterator[Works]:
    clock = Clock(START)
    shutil.copyfile(template, tmp_path / "registry.db")
    registry = open_registry(tmp_path / "registry.db", clock=clock)
    store = SqliteStore(tmp_path / "store")
    made = Works(store, registry, Book(registry), AlarmBook(registry), clock)
    made.evaluator = made.another("one")
    yield made
    store.close()
    registry.close()
