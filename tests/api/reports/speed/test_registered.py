"""What a registered street's report takes from the registry: its map, factors of the year, counts by hand."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.api.directory import DirectorySource
from bypuls.api.reports.speed.bundle import verify_bundle, write_bundle
from bypuls.api.reports.speed.from_store import Survey
from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.reports.speed.site_report import Question, Source, site_report
from bypuls.store.book import Book
from bypuls.store.protocol import Bins
from bypuls.store.registry import Registry, import_csv, open_registry
from bypuls.store.sqlite import SqliteStore

CPH = ZoneInfo("Europe/Copenhagen")
ROWS = {
    "site": "id,name,lat,lon,geometry,traffic_type\n"
    'street,Street,55.70,12.302,"LINESTRING (12.30 55.70, 12.304 55.70)",local\n'
    "near,Near,55.71,12.31,,\nnowhere,Nowhere,,,,\n"
    'far,Far,,,"LINESTRING (12.4 55.8, 12.41 55.8)",\n',
    "speed_limit": "site,valid_from,limit_kmh\nstreet,2020-01-01,50\n",
    "device": "id,name,lat,lon\npi,Pi,55.9,12.9\n",
    "sensor": "id,device,kind,name,site\nradar,pi,passage,Radar,street\n",
    "calibration": "sensor,valid_from,angle_deg,bearing_deg\nradar,2026-01-01,20,90\n",
}
MONDAY = datetime(2026, 4, 20, tzinfo=CPH)
START_US = round(MONDAY.timestamp()) * 1_000_000
QUARTER_US = 900_000_000
EIGHT_DAYS = 8 * 96


@pytest.fixture
def source(tmp_path: Path, place_registry: Callable[[Path], Path]) -> Iterator[tuple[Registry, SqliteStore]]:
    with open_registry(place_registry(tmp_path), clock=lambda: datetime(2026, 5, 1, tzinfo=UTC)) as registry:
        for entity, text in ROWS.items():
            assert not import_csv(registry, entity, io.StringIO(text)).errors
        store = SqliteStore(tmp_path / "store")
        t_us = START_US + np.arange(EIGHT_DAYS) * QUARTER_US
        columns = {
            "n": np.full(EIGHT_DAYS, 10.0), "sum_kmh": np.full(EIGHT_DAYS, 445.0), "max_kmh": np.full(EIGHT_DAYS, 44.5),
            "hist": np.full(EIGHT_DAYS, "45:10", dtype=object), "width_kmh": np.ones(EIGHT_DAYS),
            "period_s": np.full(EIGHT_DAYS, 900.0), "uptime_s": np.full(EIGHT_DAYS, 900.0),
        }  # fmt: skip
        blocks = [Bins("traffic", "radar", t_us, columns, {"direction": name}) for name in ("toward", "away")]
        store.replace_bins("traffic", "radar", int(t_us[0]), int(t_us[-1]) + 1, blocks)
        yield registry, store
        store.close()


def report(source: tuple[Registry, SqliteStore], days: int = 7, *, public: bool = False) -> SpeedReport:
    registry, store = source
    survey = Survey(CPH, START_US, START_US + days * 96 * QUARTER_US)
    directory = DirectorySource(registry)()
    return site_report(Source(store, directory, Book(registry)), Question("street", survey, public=public)).report


def test_the_map_is_of_the_registry(source: tuple[Registry, SqliteStore]) -> None:
    found = report(source)
    assert [one.name for one in found.site.neighbours] == ["Near", "Far"], "the nearest first, none without a place"
    assert found.site.neighbours[0].geometry == "POINT (12.31 55.71)"
    (radar,) = found.sensors
    assert (radar.lat, radar.lon, radar.bearing_deg) == (55.70, 12.302, 90.0), "the street's point, not its device's"


def test_factors_of_the_registry_make_a_year_of_it(source: tuple[Registry, SqliteStore]) -> None:
    assert report(source).volumes.all.average_day.reason == "no_expansion_factors"
    text = (
        "traffic_type,step,first,last,valid_from,factor,source\n"
        "commuter,week_to_year,1,53,2020-01-01,9,other type\nlocal,week_to_year,1,53,2020-01-01,1.05,table of 2026\n"
    )
    import_csv(source[0], "expansion_factor", io.StringIO(text))
    found = report(source).volumes.all.average_day
    assert (found.name, found.value, found.uncertainty) == ("aadt", pytest.approx(1920 * 1.05), 0.08)
    assert report(source, 3).volumes.all.average_day.reason == "no_factor_day_to_week"


def test_counts_by_hand_of_the_registry(source: tuple[Registry, SqliteStore]) -> None:
    assert report(source).sensors[0].count_check is None
    head = "sensor,date,from_clock,to_clock,direction,vehicles\n"
    clocks = [f"{7 + n // 4:02d}:{n % 4 * 15:02d}" for n in range(9)]
    rows = [f"radar,2026-04-21,{clocks[n]},{clocks[n + 1]},both,{20 + n % 3}" for n in range(8)]
    others = [
        "radar,2025-04-21,07:00,07:15,both,900",  # before the calibration: another mounting
        "radar,2026-04-30,07:00,07:15,both,900",  # after the period
        "radar,2026-04-19,07:00,07:15,both,900",  # nobody watched
        "radar,2026-04-22,07:00,07:15,toward,11",
    ]
    report_of_import = import_csv(source[0], "manual_count", io.StringIO(head + "\n".join([*rows, *others])))
    assert not report_of_import.errors
    check = report(source).sensors[0].count_check
    assert check is not None
    assert (check.sensor_n, check.manual_n) == (8 * 20 + 10, 167 + 11)
    assert (check.intervals, check.left_out) == (9, 1)
    assert check.low is not None
    assert report(source, public=True).sensors[0].count_check is None


def test_a_bundle_of_a_street_that_nobody_watched_holds(source: tuple[Registry, SqliteStore], tmp_path: Path) -> None:
    registry, store = source
    survey = Survey(CPH, START_US - 96 * QUARTER_US, START_US)
    made = site_report(Source(store, DirectorySource(registry)(), Book(registry)), Question("street", survey))
    assert made.report.statistics.all.n == 0
    path = tmp_path / "bundle.zip"
    path.write_bytes(write_bundle(made.report, made.observations, made.settings))
    assert verify_bundle(path).differences == ()
