"""One quarter of an hour of a large town's street lights through the watch that alarms rest on: bins are read from the
store, lamps and cabinets judged, what is known of them written to the registry's database. CPU time of this process."""

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from rows import Row

from bypuls.api.directory import DirectorySource
from bypuls.api.lighting_watch.settings import WatchSettings
from bypuls.api.lighting_watch.watch import LightingWatch
from bypuls.store.protocol import Bins
from bypuls.store.registry import Cabinet, Device, Lamp, Registry, Sensor, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import to_us

CABINETS, PER_CABINET, METERS, ROUNDS = 250, 40, 100, 5
QUARTER_US = 900_000_000
DUSK = datetime(2026, 11, 25, 18, tzinfo=UTC)
DAWN = datetime(2026, 11, 26, 6, 15, tzinfo=UTC)


def _town(registry: Registry) -> None:
    with registry.session() as session:
        session.add(Device(id="pi", name="Pi"))
        for c in range(CABINETS):
            session.add(Cabinet(id=f"c-{c}", name=f"C {c}", lat=55.73, lon=12.36))
        for n in range(CABINETS * PER_CABINET):
            session.add(Lamp(id=f"l-{n}", name=f"L {n}", cabinet=f"c-{n // PER_CABINET}", watt=40.0, lamp_type="LED"))
            session.add(Sensor(id=f"l-{n}", device="pi", kind="lamp", name=f"L {n}", lamp=f"l-{n}"))
        for m in range(METERS):
            session.add(Cabinet(id=f"m-{m}", name=f"M {m}", lat=55.73, lon=12.36, lamp_count=PER_CABINET))
            session.add(Sensor(id=f"m-{m}", device="pi", kind="meter", name=f"M {m}", cabinet=f"m-{m}",
                               medium="electricity"))  # fmt: skip


def _fill(store: SqliteStore, start_us: int, quarters: int) -> None:
    rng, t_us = np.random.default_rng(1), start_us + QUARTER_US * np.arange(quarters)
    each = np.full(quarters, 15.0)
    for kind, count, watt in (("lamp", CABINETS * PER_CABINET, 40.0), ("meter", METERS, 1600.0)):
        for n in range(count):
            power = watt * (1.0 + 0.01 * rng.standard_normal(quarters))
            columns = {
                "n": each, "power_w_n": each, "power_w_sum": 15.0 * power,
                "voltage_v_n": each, "voltage_v_sum": 230.0 * each,
            }  # fmt: skip
            if kind == "lamp":
                columns |= {"on_n": each, "on_true": each, "power_factor_n": each, "power_factor_sum": 0.95 * each,
                            "operating_s_delta": 60.0 * each, "operating_s_covered_s": 60.0 * each}  # fmt: skip
            id = f"{kind[0]}-{n}"
            tags = {"medium": "electricity"} if kind == "meter" else {}
            store.replace_bins(kind, id, int(t_us[0]), int(t_us[-1]) + 1, [Bins(kind, id, t_us, columns, tags)])


def _rounds(name: str, begin: datetime) -> list[Row]:
    start_us, slowest = to_us(begin), 0.0
    with tempfile.TemporaryDirectory() as folder:
        registry, store = open_registry(Path(folder) / "registry.db"), SqliteStore(Path(folder) / "store")
        _town(registry)
        _fill(store, start_us, ROUNDS + 1)
        watch = LightingWatch(
            registry, ZoneInfo("Europe/Copenhagen"), WatchSettings(meter_nights=0, lamp_nights=0, catch_up_s=600.0)
        )
        directory = DirectorySource(registry)()
        for number in range(ROUNDS + 1):
            began = time.process_time()
            known = watch.advance(store, directory, start_us + (number + 1) * QUARTER_US)
            # The first one reads what is kept, and finds nothing to judge.
            slowest = max(slowest, time.process_time() - began if number else 0.0)
        assert len(known.lamps) == CABINETS * PER_CABINET
        assert len(known.cabinets) == METERS
        store.close()
        registry.close()
    return [Row(f"10,000 lamps and {METERS} meters, a quarter {name}, slowest of {ROUNDS}", slowest, "CPU s", "< 2")]


def run() -> list[Row]:
    """At night, and at dawn, when nights are learned from and all is kept."""
    return [*_rounds("at night", DUSK), *_rounds("at dawn", DAWN)]
