"""Fakes of the edge's surroundings: a clock that is set by hand and a broker connection that answers when told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bypuls.edge.clock import Guard
from bypuls.edge.link import Connected, Event, Sink
from bypuls.edge.outbox import Arrival, Outbox
from bypuls.wire import Passage


class FakeClock:
    """Wall and monotonic clock of a device; `advance` moves both."""

    def __init__(self) -> None:
        self.wall = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
        self.mono_us = 5_000_000
        self.boot = "boot-1"
        self.synced = True

    def now(self) -> datetime:
        return self.wall

    def monotonic_us(self) -> int:
        return self.mono_us

    def boot_id(self) -> str:
        return self.boot

    def synchronised(self) -> bool:
        return self.synced

    def offset_ms(self) -> float | None:
        return 0.25 if self.synced else None

    def advance(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.mono_us += round(seconds * 1e6)

    def guard(self, *, trust: str = "synchronised", holdover_s: float = 0.0) -> Guard:
        earliest = datetime(2010, 1, 1, tzinfo=UTC)
        return Guard(self, trust=trust, earliest=earliest, holdover_s=holdover_s)  # type: ignore[arg-type]


class FakeLink:
    """A connection that keeps what is published; the test speaks for broker and platform."""

    def __init__(self, generation: int, sink: Sink) -> None:
        self.generation = generation
        self.sink = sink
        self.published: list[tuple[str, bytes, bool]] = []
        self.closed = False
        self.broken = False
        self.comes_up = True

    def open(self) -> None:
        if self.comes_up:
            self.sink(Connected(self.generation))

    def publish(self, to: str, payload: bytes, *, retain: bool = False) -> int:
        if self.broken:
            raise ConnectionError("publish: MQTT_ERR_NO_CONN")
        self.published.append((to, payload, retain))
        return len(self.published)

    def close(self, farewell: tuple[str, bytes] | None = None) -> None:
        if farewell is not None and not self.broken:
            self.published.append((*farewell, True))
        self.closed = True

    def say(self, event: Event) -> None:
        self.sink(event)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def fake_link() -> type[FakeLink]:
    return FakeLink


OpenOutbox = Callable[..., Outbox]


@pytest.fixture
def open_outbox(tmp_path: Path):
    """Opens outboxes at tmp_path/outbox.db, with epochs e1, e2, …; closes what is open at the end."""
    opened: list[Outbox] = []
    epochs = iter(f"e{number}" for number in range(1, 100_000))

    def open_(path: Path | None = None, **options: object) -> Outbox:
        settings: dict[str, object] = {"max_bytes": 50_000_000, "new_epoch": lambda: next(epochs), **options}
        outbox = Outbox(path or tmp_path / "outbox.db", **settings)  # type: ignore[arg-type]
        opened.append(outbox)
        return outbox

    yield open_
    for outbox in opened:
        outbox.close()


@pytest.fixture
def passages(clock: FakeClock) -> Callable[..., list[Arrival]]:
    """`passages(n)`: n arrivals of one radar, 10 ms apart, at the clock's time."""

    def make(count: int, *, sensor: str = "radar-n", speed: float = 40.0, timed: bool = True) -> list[Arrival]:
        made = []
        for _ in range(count):
            clock.advance(0.01)
            reading = Passage(sensor=sensor, speed_kmh=speed, t=clock.wall if timed else None)
            made.append(Arrival(reading, clock.boot, clock.mono_us))
        return made

    return make
