"""Measured years replayed over MQTT into SQLite: to the last receipt, then until every window is rolled up."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from platform_of import running  # type: ignore[import-not-found]
from rows import Row

from bypuls.cli.replay import register
from bypuls.sim.mapping import load_mapping
from bypuls.sim.mqtt_link import Broker
from bypuls.sim.recordings import Recording, load_recording
from bypuls.sim.replay import Options, replay
from bypuls.store.book import Book
from bypuls.store.registry import open_registry

REAL_DATA = Path(os.environ.get("BYPULS_REAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
READINGS = 500_000


def recording() -> tuple[Recording, str]:
    """Building b109, electricity and gas of two years, as hourly registers. Raises RuntimeError without the files."""
    folder = REAL_DATA / "energy" / "cambridge"
    files = [folder / f"b109_{medium}_{year}.csv.gz" for medium in ("electricity", "gas") for year in (2018, 2019)]
    if not all(file.exists() for file in files):
        raise RuntimeError(f"this bench replays measured data, and there is none at {folder} (BYPULS_REAL_DATA)")
    return load_recording(files, load_mapping("cambridge")), "cambridge"


def run() -> list[Row]:
    """Replays until half a million readings are receipted."""
    recorded, mapping = recording()
    options = Options(repeat=-(-READINGS // len(recorded.readings)))
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder)) as platform,
        open_registry(platform.folder / "registry.db") as registry,
    ):
        register(registry, recorded, load_mapping(mapping), "bench", options)
        book = Book(registry)
        broker = Broker(port=platform.broker_port)
        report = replay(recorded, broker=broker, device="bench", options=options)
        if report.refused or report.stored != report.published:
            raise RuntimeError(f"{report.published} published, {report.stored} stored, refused: {report.refused}")
        receipted = time.monotonic()
        while book.dirty_marks():
            time.sleep(0.1)
        rolled_up = time.monotonic() - receipted
    return [
        Row("readings replayed", report.published, "readings", ">= 500,000"),
        Row("first publish to last receipt", report.published / report.seconds, "readings/s", ">= 10,000"),
        Row("rollups complete after the last receipt", rolled_up, "s", "<= 30"),
    ]
