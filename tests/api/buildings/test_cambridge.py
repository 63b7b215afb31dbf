"""Two real buildings, b31 and b109 in Cambridge: a signature with stated quality, their zeros recognised as missing."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.api.buildings.report import building_report
from bypuls.api.buildings.source import Source
from bypuls.api.directory import DirectorySource
from bypuls.store.protocol import Bins
from bypuls.store.registry import Building, Device, HeatedArea, Sensor, open_registry
from bypuls.store.sqlite import SqliteStore

REAL_DATA = Path(os.environ.get("BYPULS_REAL_DATA", "../shared/data")) / "energy" / "cambridge"
pytestmark = pytest.mark.skipif(
    not REAL_DATA.is_dir(), reason="real data are absent: BYPULS_REAL_DATA names no folder with energy/cambridge"
)
YEARS = (2018, 2019)
ZEROS_GAS = {"b31": 48, "b109": 46}


def column(name: str) -> tuple[np.ndarray, np.ndarray]:
    """(hours [µs UTC], values) of the years."""
    times, values = [], []
    for year in YEARS:
        with gzip.open(REAL_DATA / f"{name}_{year}.csv.gz", "rt", newline="") as file:
            for at, value, *_ in list(csv.reader(file))[1:]:
                times.append(int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()) * 1_000_000)
                values.append(float(value) if value else np.nan)
    return np.array(times, dtype=np.int64), np.array(values)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    folder = tmp_path_factory.mktemp("cambridge")
    with open_registry(folder / "registry.db") as registry:
        store = SqliteStore(folder / "store")
        with registry.session() as session:
            session.add(Device(id="pi", name="Pi"))
            session.add(Sensor(id="bedford", device="pi", kind="weather", name="Bedford"))
            for one in ("b31", "b109"):
                session.add(Building(id=one, name=one, use="education"))
                session.add(HeatedArea(building=one, valid_from=date(2010, 1, 1), area_m2=5000.0))
                for medium in ("electricity", "gas"):
                    sensor = Sensor(
                        id=f"{one}-{medium}", device="pi", kind="meter", name=one, building=one, medium=medium
                    )
                    session.add(sensor)
        t_us, temps = column("weather_bedford")
        known = np.isfinite(temps)
        block = {"n": np.ones(known.sum()), "temp_c_n": np.ones(known.sum()), "temp_c_sum": temps[known]}
        store.replace_bins("weather", "bedford", 0, 2**61, [Bins("weather", "bedford", t_us[known], block)])
        for one in ("b31", "b109"):
            for medium in ("electricity", "gas"):
                t_us, kwh = column(f"{one}_{medium}")
                block = {"n": np.ones(len(t_us)), "import_wh_delta": kwh * 1000.0,
                         "import_wh_covered_s": np.full(len(t_us), 3600.0)}  # fmt: skip
                bins = Bins("meter", f"{one}-{medium}", t_us, block, {"medium": medium})
                store.replace_bins("meter", f"{one}-{medium}", 0, 2**61, [bins])
        now = datetime(2020, 1, 1, 9, tzinfo=UTC)
        yield Source(store, DirectorySource(registry)(), now, ZoneInfo("Europe/London"))
        store.close()


@pytest.mark.parametrize("building", ["b31", "b109"])
def test_signatures_with_stated_quality_and_zeros_as_missing(source: Source, building: str) -> None:
    report = building_report(source, building, date(2018, 1, 1), date(2018, 12, 31))
    by_medium = {one.medium: one for one in report.signatures}
    gas = by_medium["gas"]
    assert gas.model is not None and gas.reason is None  # noqa: PT018 - one statement
    quality = gas.model.quality
    assert quality.n == gas.known >= 360
    assert (quality.adjusted_r2 or 0.0) > 0.5
    assert (quality.cv_rmse or 9.0) < 0.45
    assert abs(quality.nmbe or 9.0) < 0.01
    assert all((part.model.heating_slope or 0.0) > 0.0 for part in gas.model.parts)
    assert gas.zeros >= 2
    # Days that zeros hollow out are scaled up or left out: none is taken as a day of little gas.
    t_us, kwh = column(f"{building}_gas")
    wrong = np.unique(t_us[(kwh == 0.0) & (t_us < 1_546_300_800_000_000)] // 86_400_000_000)
    assert wrong.size > 0
    at = wrong - (date(2018, 1, 1) - date(1970, 1, 1)).days
    use, expected = gas.use[at], gas.model.predict(gas.mean_c[at], gas.day_type[at])
    assert (np.isnan(use) | (use > 0.4 * expected)).all()


def test_what_lacks_a_normal_year_or_a_price_says_so(source: Source) -> None:
    report = building_report(source, "b109", date(2018, 1, 1), date(2018, 12, 31))
    assert report.eui.raw is not None
    assert report.eui.corrected_reason is not None
    assert "bedford" in str(report.eui.corrected_reason)
    assert [one.cost.reason.code for one in report.media if one.cost.reason is not None] == ["no-price", "no-price"]
