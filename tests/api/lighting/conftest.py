"""A street at night: six lamps on one cabinet, two neighbours out, one silent, one without a sensor."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bypuls.api import ApiContext, ApiSettings
from bypuls.api.alarms import Evaluator, EvaluatorSettings
from bypuls.store.book import Book
from bypuls.store.protocol import Bins
from bypuls.store.registry import (
    Cabinet,
    Device,
    DimmingProfile,
    Lamp,
    LampGroup,
    Price,
    Sensor,
    Site,
    create_key,
    open_registry,
    seed_alarm_rules,
)
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Lamp as LampReading
from bypuls.wire import Meter, to_us

NIGHT = datetime(2026, 3, 30, 21, tzinfo=UTC)
QUARTER_US = 900_000_000
OUT = ("l-2", "l-3")


@dataclass
class Street:
    """The street's parts; `now` is its clock."""

    context: ApiContext
    evaluator: Evaluator
    now: list[datetime]
    keys: dict[str, str]

    def speak(self, **changes: dict[str, Any]) -> None:
        """Lamps 1 to 4 say something now; lamp 5 said something yesterday, lamp 6 has no sensor."""
        for n in range(1, 5):
            said = {"on": True, "level_pct": 50.0, "power_w": 0.0 if f"l-{n}" in OUT else 20.0, "faults": ()}
            said |= changes.get(f"l-{n}", {})
            self.context.store.write([LampReading(sensor=f"l-{n}", t=self.now[0], **said)])  # type: ignore[arg-type]
        self.context.store.write([self.load(75.0)])

    def load(self, power_w: float) -> Meter:
        """What the cabinet's meter says now."""
        return Meter(sensor="cab-el", t=self.now[0], medium="electricity", power_w=power_w)

    def rounds(self, times: int = 4) -> None:
        """The evaluator looks so many times, a quarter of an hour apart."""
        for _ in range(times):
            self.now[0] += timedelta(minutes=15)
            self.speak()
            found = self.evaluator.round(everything=True)
            assert found is not None
            assert found.failed == {}


@pytest.fixture(scope="session")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The street's registry and history, made once."""
    folder: Path = tmp_path_factory.mktemp("lane")
    registry = open_registry(folder / "registry.db", clock=lambda: NIGHT)
    with registry.session() as session:
        session.add_all([
            Site(id="lane", name="The <lane>", school_way=True),
            Cabinet(id="cab", name="Cab", site="lane", lat=55.73, lon=12.36, lamp_count=6),
            Cabinet(id="dumb", name="Nobody measures"),
            Device(id="pi", name="Pi"),
            LampGroup(id="all", name="All lamps", cabinet="cab"),
            DimmingProfile(lamp_group="all", valid_from=date(2020, 1, 1), schedule="22:00-06:00=50"),
            Price(medium="electricity", valid_from=date(2020, 1, 1), value=2.0, unit="dkk_per_kwh"),
        ])  # fmt: skip
        for n in range(1, 7):
            session.add(Lamp(
                id=f"l-{n}", name=f"Lamp {n}", cabinet="cab", site="lane", watt=40.0, lamp_group="all", lat=55.73,
                lon=12.36 + 0.0005 * n, cycle_path=n == 3, installed=date(2010 + n, 5, 1),
            ))  # fmt: skip
            if n < 6:
                session.add(Sensor(id=f"l-{n}", device="pi", kind="lamp", name=f"L {n}", lamp=f"l-{n}", interval_s=60))
        session.add(Sensor(id="cab-el", device="pi", kind="meter", name="E", cabinet="cab", medium="electricity",
                           interval_s=60))  # fmt: skip
    seed_alarm_rules(registry)
    registry.close()
    store = SqliteStore(folder / "store")
    store.write([LampReading(sensor="l-5", t=NIGHT - timedelta(days=1), on=True, power_w=20.0)])
    _history(store)
    store.close()
    return folder


@pytest.fixture
def street(tmp_path: Path, lane: Path) -> Iterator[Street]:
    shutil.copytree(lane, tmp_path, dirs_exist_ok=True)
    now = [NIGHT]
    registry = open_registry(tmp_path / "registry.db", clock=lambda: now[0])
    store = SqliteStore(tmp_path / "store")
    settings = ApiSettings(open_on_loopback=True, rate_per_s=1e6, burst=1_000_000)
    context = ApiContext(store, registry, Book(registry), settings, lambda: now[0])
    evaluator = Evaluator(store, registry, context.book, EvaluatorSettings(owner="one"), clock=lambda: now[0])
    scopes = {"both": ["read", "write"], "read": ["read"], "export": ["export"]}
    keys = {name: create_key(registry, name, mine) for name, mine in scopes.items()}
    made = Street(context, evaluator, now, keys)
    made.speak()
    yield made
    store.close()
    registry.close()


def _history(store: SqliteStore) -> None:
    """Two days of lamps 1 and 2: lamp 1 burns by night with 20 W, lamp 2 is on but draws nothing."""
    first, last = to_us(datetime(2026, 3, 27, 23, tzinfo=UTC)), to_us(datetime(2026, 3, 29, 22, tzinfo=UTC))
    t_us = np.arange(first, last, QUARTER_US)
    hour = (t_us // 3_600_000_000) % 24
    # 18 to 5 UTC: longer than civil dusk to dawn on both sides.
    night = ((hour >= 18) | (hour < 5)).astype(float)
    for id, watt in (("l-1", 20.0), ("l-2", 0.0)):
        columns = {
            "n": np.full(len(t_us), 15.0), "on_n": np.full(len(t_us), 15.0), "on_true": 15.0 * night,
            "power_w_n": np.full(len(t_us), 15.0), "power_w_sum": 15.0 * watt * night,
            "energy_wh_delta": watt / 4.0 * night, "energy_wh_covered_s": np.full(len(t_us), 900.0),
            "operating_s_delta": 900.0 * night * (watt > 0.0), "operating_s_covered_s": np.full(len(t_us), 900.0),
        }  # fmt: skip
        store.replace_bins("lamp", id, first, last, [Bins("lamp", id, t_us, columns, asset=id)])


@pytest.fixture
def ask(street: Street, make_client: Any) -> Any:
    """A browser on this machine that looks at the street."""
    parts = {name: getattr(street.context, name) for name in ("store", "registry", "book", "clock")}
    return lambda **more: make_client(
        **{"address": "127.0.0.1", "host": "127.0.0.1:8000", "settings": street.context.settings, **parts, **more}
    )
