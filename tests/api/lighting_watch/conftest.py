"""Cabinets whose meters are simulated with noise, on a platform whose clock is set by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bypuls.api.alarms import Evaluator, EvaluatorSettings
from bypuls.api.lighting_watch.settings import WatchSettings
from bypuls.api.lighting_watch.view import Watching
from bypuls.sim.noisy_cabinets import NoisyCabinets
from bypuls.store.book import Alarm, AlarmBook, AlarmFilter, Book, LightingWatchBook
from bypuls.store.influx import InfluxSettings, InfluxStore
from bypuls.store.protocol import Bins, Store
from bypuls.store.registry import (
    Cabinet,
    Device,
    DimmingProfile,
    Lamp,
    LampGroup,
    Registry,
    Sensor,
    open_registry,
    seed_alarm_rules,
)
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import to_us

QUARTER_US = 900_000_000
DAY_US = 96 * QUARTER_US
HOUR_US = 4 * QUARTER_US
_numbers = itertools.count(1)
_LIVING = ("open", "acknowledged", "unknown")


@dataclass
class Platform:
    """Store, registry and evaluator; `now_us` is the clock."""

    store: Store
    registry: Registry
    now_us: int = 0
    catch_up_s: float = 600.0
    evaluator: Evaluator = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def clock(self) -> datetime:
        return datetime.fromtimestamp(self.now_us / 1e6, UTC)

    def restart(self) -> None:
        """A new process of the evaluator: it knows what the registry's database holds."""
        if hasattr(self, "evaluator"):
            self.evaluator.rest()
        settings = EvaluatorSettings(owner="one", lighting=WatchSettings(meter_nights=62, catch_up_s=self.catch_up_s))
        self.evaluator = Evaluator(self.store, self.registry, Book(self.registry), settings, clock=self.clock)

    def look(self, now_us: int) -> None:
        """A round of the evaluator at a time."""
        self.now_us = now_us
        found = self.evaluator.round(everything=True)
        assert found is not None
        assert found.failed == {}

    def watching(self) -> Watching:
        return Watching.of(LightingWatchBook(self.registry).told())

    def alarms(self, kind: str, *, living: bool = True) -> list[Alarm]:
        _, found = AlarmBook(self.registry).listed(AlarmFilter(_LIVING if living else (), kind=kind))
        return found

    def fill(self, kind: str, sensor: str, t_us: np.ndarray, columns: dict[str, Any], **tags: str) -> None:
        block = Bins(kind, sensor, t_us, columns, tags)
        self.store.replace_bins(kind, sensor, int(t_us[0]), int(t_us[-1]) + 1, [block])


@contextmanager
def platform_on(store: Store, folder: Path) -> Iterator[Platform]:
    """A platform whose readings are in this store."""
    registry = open_registry(folder / "registry.db", clock=lambda: made.clock())
    made = Platform(store, registry)
    seed_alarm_rules(registry)
    yield made
    store.close()
    registry.close()


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with platform_on(SqliteStore(tmp_path / "store"), tmp_path) as made:
        yield made


@pytest.fixture
def on_influx(tmp_path: Path, influx_server: Any) -> Iterator[Platform]:
    """The same on a real InfluxDB."""
    name = f"lights-{next(_numbers)}"
    store = InfluxStore(
        InfluxSettings(influx_server.url, influx_server.token, influx_server.org, name, f"{name}_rollup")
    )
    store.setup()
    folder = tmp_path / "influx"
    folder.mkdir()
    with platform_on(store, folder) as made:
        yield made


@dataclass
class Metered:
    """One cabinet of a simulated town, its lamps, and its meter's bins as far as they have been told."""

    platform: Platform
    town: NoisyCabinets
    which: int

    @property
    def begin_us(self) -> int:
        return int(self.town.clock.t_us[0])

    def register(self) -> None:
        town, lamps = self.town, int(self.town.lamps[self.which])
        with self.platform.registry.session() as session:
            session.add(Cabinet(id="cab", name="Cab", lat=55.73, lon=12.36))
            session.add(Device(id="pi", name="Pi"))
            session.add(Sensor(id="cab-el", device="pi", kind="meter", name="E", cabinet="cab", medium="electricity",
                               register_step_wh=10.0))  # fmt: skip
            kind = "LED" if town.led[self.which] else "HPS"
            session.add(LampGroup(id="dim", name="Dimmed"))
            session.add(DimmingProfile(lamp_group="dim", valid_from=date(2020, 1, 1), schedule="22:00-06:00=50"))
            for n in range(lamps):
                session.add(Lamp(id=f"l-{n}", name=f"L {n}", cabinet="cab", watt=float(town.watt[self.which]),
                                 lamp_type=kind, lamp_group="dim" if kind == "LED" else None))  # fmt: skip

    def tell(self, first: int, end: int) -> None:
        """The quarters first … end − 1 arrive."""
        span = slice(first, end)
        readings, one = self.town.readings, self.which
        power, register = readings.power_w[span, one], readings.import_wh[max(0, first - 1) : end, one]
        delta = np.diff(register) if first else np.concatenate(([np.nan], np.diff(register)))
        known = np.isfinite(power).astype(float)
        measured = np.isfinite(delta) & (delta >= 0.0)
        columns = {
            "n": np.fmax(known, measured), "power_w_n": known, "power_w_sum": power,
            "import_wh_delta": np.where(measured, delta, np.nan), "import_wh_covered_s": 900.0 * measured,
        }  # fmt: skip
        t_us = self.town.clock.t_us[span]
        heard = columns["n"] > 0.0
        self.platform.fill("meter", "cab-el", t_us[heard], {k: v[heard] for k, v in columns.items()},
                           medium="electricity")  # fmt: skip

    def quarter_us(self, quarter: int) -> int:
        return self.begin_us + quarter * QUARTER_US


def day_number(at: datetime) -> int:
    """Days since 1970."""
    return to_us(at) // 86_400_000_000
