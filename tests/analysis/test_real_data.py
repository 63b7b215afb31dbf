"""The methods on measured data: a traffic year (Telraam, CC BY 4.0), a grid year (Energinet, CC BY 4.0), the weather of
a typical year (Climate.OneBuilding.org) and a building's years (Cambridge, MIT). Skipped where the data are absent."""

from __future__ import annotations

import ast
import csv
import gzip
import os
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.analysis import histogram as hg
from bypuls.analysis import localtime
from bypuls.analysis.degree_days import degree_day_sum
from bypuls.analysis.histogram import SpeedHistogram, format_histogram, merge, merge_texts
from bypuls.analysis.registers import quarter_energy

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("BYPULS_REAL_DATA") or _BESIDE)
CPH = ZoneInfo("Europe/Copenhagen")
S = 1_000_000


def rows(name: str) -> Iterator[dict[str, str]]:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"no {name}: set BYPULS_REAL_DATA to the folder with the real data")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def test_a_traffic_year_has_the_percentiles_of_its_source() -> None:
    """Telraam interpolates between the middles of its 5 km/h classes; true boundaries lie half a class higher."""
    differences, hours = [], []
    for row in rows("traffic/telraam_chateaubourg/traffic.csv.gz"):
        cars = float(row["car"] or 0)
        if not row["v85"] or cars <= 0:
            continue
        percent = np.array(ast.literal_eval(row["car_speed_hist_0to120plus"]))
        hours.append(SpeedHistogram.from_edges([*range(5, 125, 5), np.inf], percent / 100 * cars))
        if cars > 100:
            differences.append(hg.percentile(hours[-1], 85) - float(row["v85"]))
    assert len(differences) > 8000
    assert np.median(differences) == pytest.approx(2.5, abs=0.001)
    assert np.percentile(np.abs(np.array(differences) - 2.5), 95) < 0.25
    year = merge(hours)
    assert merge_texts([format_histogram(hour) for hour in hours], 5.0).total == pytest.approx(year.total)
    mean_of_hours = np.mean([hg.percentile(hour, 85) for hour in hours])
    assert hg.percentile(year, 85) - mean_of_hours > 0.4  # why percentiles are never averaged


def test_a_grid_year_falls_into_local_hours_and_days() -> None:
    read = [
        row for row in rows("climate/energinet_2022/DeclarationEmissionHour_2022.csv.gz") if row["PriceArea"] == "DK2"
    ]
    read = [row for row in read if row["FuelAllocationMethod"] == "125%"][::-1]  # newest first in the file
    edges = localtime.local_hour_edges_us(CPH, date(2022, 1, 1), date(2022, 12, 31))
    labels = [datetime.fromtimestamp(edge / S, CPH).replace(tzinfo=None).isoformat() for edge in edges[:-1].tolist()]
    assert labels == [row["HourDK"] for row in read]
    intensity = np.array([float(row["CO2PerkWh"]) for row in read])
    change = labels.index("2022-10-30T02:00:00")
    assert intensity[change : change + 2].round(2).tolist() == [53.82, 51.23]
    days = localtime.local_day_edges_us(CPH, date(2022, 1, 1), date(2022, 12, 31))
    sums = localtime.sum_between(days, edges[:-1], intensity, bin_s=3600)
    assert sums.total.sum() == pytest.approx(intensity.sum())
    assert sorted(set(sums.covered_s.tolist())) == [23 * 3600, 24 * 3600, 25 * 3600]
    assert (sums.coverage == 1).all()


def test_degree_days_of_the_typical_year_at_kastrup() -> None:
    path = DATA / "climate/weather_copenhagen/DNK_HS_Copenhagen-Kastrup.AP.061800_TMYx.2011-2025.mos.gz"
    if not path.is_file():
        pytest.skip("no weather: set BYPULS_REAL_DATA to the folder with the real data")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        temp_c = np.array([float(line.split()[1]) for line in lines if line[0].isdigit()])
    assert temp_c.size == 8760
    by_day = degree_day_sum(temp_c.reshape(-1, 24).mean(axis=1))
    assert (by_day.total, by_day.days_known) == (pytest.approx(2682, abs=0.5), 365)
    by_hour = degree_day_sum(temp_c)
    assert by_hour.total is not None
    assert by_hour.total / 24 == pytest.approx(2737.6, abs=0.05)


def test_a_buildings_two_years_as_registers_keep_every_watt_hour_and_day() -> None:
    """Hourly kWh as a register in Wh, read at the end of each hour; hours that the source left out weren't read."""
    read = [row for year in (2018, 2019) for row in rows(f"energy/cambridge/b109_electricity_{year}.csv.gz")]
    begin_us = np.array([round(datetime.fromisoformat(row["datetime"] + "+00:00").timestamp()) * S for row in read])
    used_wh = np.array([float(row["equipment load [kWh]"]) for row in read]) * 1000
    has_value = used_wh > 0  # missing hours are 0 in the source
    t_us = np.concatenate((begin_us[:1], begin_us[has_value] + 3600 * S))
    register_wh = 1e9 + np.concatenate(([0.0], np.cumsum(used_wh[has_value])))
    shuffled = np.random.default_rng(1).permutation(t_us.size)
    end_us = int(begin_us[-1]) + 3600 * S
    bins = quarter_energy(
        t_us[shuffled],
        register_wh[shuffled],
        start_us=int(begin_us[0]),
        end_us=end_us,
        nominal_s=3600,
        max_rate_per_s=1e3,
    )
    assert bins.delta.sum() + bins.gap_delta.sum() == pytest.approx(used_wh.sum(), abs=1e-3)
    assert (bins.resets.sum(), bins.refused.sum()) == (0, 0)

    london = ZoneInfo("Europe/London")
    days = localtime.local_day_edges_us(london, date(2018, 1, 2), date(2019, 12, 30))
    sums = localtime.sum_between(days, bins.t_us, bins.delta, covered_s=bins.covered_s)
    compared = 0
    for number, (start, end) in enumerate(pairwise(days.tolist())):
        around = (begin_us >= start - 7200 * S) & (begin_us < end + 7200 * S)
        if has_value[around].all():
            hours = (begin_us >= start) & (begin_us < end)
            assert sums.total[number] == pytest.approx(used_wh[hours].sum(), abs=1e-3)
            assert sums.coverage[number] == 1
            compared += 1
    assert compared > 600
    assert sorted(set((sums.length_s / 3600).tolist())) == [23, 24, 25]
