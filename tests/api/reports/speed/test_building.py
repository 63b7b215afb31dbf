"""The speed report: figures against independent computations, tables, volumes, comparison."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.analysis.errors import BadInput, MixedWidths
from bypuls.analysis.traffic.expansion import Factor
from bypuls.api.reports.speed.build import build_report
from bypuls.api.reports.speed.model import Limit, Quality, Sensor, Site
from bypuls.api.reports.speed.observations import Bins, Observations, Vehicles, joined
from bypuls.api.reports.speed.settings import Expansion, Settings

CPH = ZoneInfo("Europe/Copenhagen")
MONDAY = date(2026, 3, 2)
SETTINGS = Settings(Site("Hovedgade"), limits=(Limit("both", 50.0),))
FIFTEEN = np.array([20, 21, 23, 23, 25, 26, 31, 32, 33, 34, 37, 46, 47, 48, 48], dtype=float)


def midnight_us(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=CPH).timestamp()) * 1_000_000


def street(first: date, days: int, centre: float, seed: int, per_day: int = 400) -> Observations:
    """Vehicles over whole days; days differ a little."""
    rng = np.random.default_rng(seed)
    times, speeds = [], []
    for number in range(days):
        start = midnight_us(first + timedelta(days=number))
        times.append(start + np.sort(rng.integers(0, 86_400_000_000, per_day)))
        speeds.append(np.round(rng.normal(centre + rng.normal(0, 0.4), 7.0, per_day).clip(3, 140), 1))
    direction = rng.integers(0, 2, days * per_day)
    vehicles = Vehicles(np.concatenate(speeds), np.concatenate(times), direction, ("toward", "away"))
    return Observations(vehicles, None, Quality(days * per_day, days * per_day, {}), resolution_kmh=0.1)


def timeless(speeds: np.ndarray) -> Observations:
    return Observations(Vehicles(speeds), None, Quality(speeds.size, speeds.size, {}))


def classes(
    upper: list[float], rows: list[list[float]], first: date = MONDAY, period_s: float = 3600.0
) -> Observations:
    counts = np.array(rows, dtype=float)
    t_us = midnight_us(first) + np.arange(len(rows)) * round(period_s * 1e6)
    edges = np.array(upper)
    bins = Bins(np.concatenate(([0.0], edges[:-1])), edges, counts, t_us, np.full(len(rows), period_s))
    return Observations(None, bins, Quality(len(rows), len(rows), {}))


def test_figures_against_numpy() -> None:
    observations = street(MONDAY, 7, 48.0, 1)
    assert observations.vehicles is not None
    v, toward = observations.vehicles.speed_kmh, observations.vehicles.direction == 0
    report = build_report(observations, SETTINGS)
    for found, speeds in ((report.statistics.all, v), (report.statistics.directions["toward"], v[toward])):
        assert found.n == speeds.size
        assert found.mean_kmh == pytest.approx(speeds.mean())
        assert found.s_kmh == pytest.approx(speeds.std(ddof=1))
        for p in (15, 50, 85, 95, 98):
            assert getattr(found, f"v{p}_kmh") == pytest.approx(np.percentile(speeds, p))
        assert found.max_kmh == speeds.max()
        assert found.over_limit is not None
        assert (found.over_limit.n, found.over_limit.share) == (
            (speeds > 50).sum(),
            pytest.approx((speeds > 50).mean()),
        )
        assert found.over_limit.n_30_pct == (speeds > 65).sum()
        assert found.mean_over_kmh == pytest.approx(speeds[speeds > 50].mean())
        assert found.bands is not None
        bounds = [50, 60, 70, 80, np.inf]
        assert [band.n for band in found.bands] == [((speeds > a) & (speeds <= b)).sum() for a, b in pairwise(bounds)]
        windows = {a: ((speeds >= a) & (speeds < a + 10)).sum() for a in range(130)}
        assert found.pace is not None
        assert found.pace.n == max(windows.values())
        assert found.pace.from_kmh == min(a for a, n in windows.items() if n == found.pace.n)


def test_the_published_speeds_without_times() -> None:
    report = build_report(timeless(FIFTEEN), SETTINGS)
    found = report.statistics.all
    assert (found.v85_kmh, found.n) == (pytest.approx(46.9), 15)
    assert (found.verdict, found.verdict_detail.reason) == (None, "fewer_than_100_vehicles")
    assert found.intervals["v85_kmh"].reason == "no_times"
    assert (report.hours, report.days, report.period.start) == ((), (), None)
    assert build_report(timeless(FIFTEEN), replace(SETTINGS, percentile_method="weibull")).statistics.all.v85_kmh == (
        pytest.approx(47.6)
    )


def test_the_published_rounded_classes() -> None:
    upper = np.arange(44.5, 119.0, 5.0)
    counts = np.array([[5, 8, 12, 10, 15, 21, 16, 11, 10, 4, 5, 4, 5, 1, 3]], dtype=float)
    bins = Bins(upper - 5.0, upper, counts, shift_kmh=0.5)
    observations = Observations(None, bins, Quality(1, 1, {}))
    found = build_report(observations, Settings(Site("A"), limits=(Limit("both", 60.0),))).statistics.all
    assert (found.n, found.mean_kmh) == (130, pytest.approx(69.885, abs=5e-4))
    assert (found.s_kmh, found.v85_kmh) == (pytest.approx(16.517, abs=5e-4), pytest.approx(87.625))
    assert found.over_limit is not None
    assert found.over_limit.share == pytest.approx(0.708, abs=5e-4)
    assert found.max_kmh is None


def test_hours_and_days_against_counting() -> None:
    observations = street(MONDAY, 7, 48.0, 2)
    vehicles = observations.vehicles
    assert vehicles is not None
    assert vehicles.t_us is not None
    report = build_report(observations, SETTINGS)
    local = [datetime.fromtimestamp(t / 1e6, CPH) for t in vehicles.t_us.tolist()]
    hours = np.array([moment.hour for moment in local])
    for row in report.hours:
        speeds = vehicles.speed_kmh[hours == row.hour]
        assert row.n == speeds.size
        assert row.v85_kmh == pytest.approx(np.percentile(speeds, 85))
        assert row.n_per_day == pytest.approx(speeds.size / 7)
        assert row.bins is not None
        assert sum(row.bins) == row.n
        # 20–25 holds what isn't over 25 and over 19.
        assert row.bins[1] == ((speeds > 19) & (speeds <= 25)).sum()
        assert sum(cell.n or 0 for cell in row.directions.values()) == row.n
    by_day = Counter(moment.date() for moment in local)
    assert {row.date: row.n for row in report.days} == by_day
    assert all(row.full for row in report.days)
    assert report.period.weekdays == {str(number): 1 for number in range(1, 8)}
    assert sum(cell.n or 0 for cell in report.week) == vehicles.speed_kmh.size
    assert report.day_groups["weekdays"].days == 5


def test_an_hour_without_data_is_unknown_and_one_without_vehicles_is_zero() -> None:
    rows = [[0.0, 0.0]] + [[30.0, 10.0]] * 22  # 0 o'clock: watched and empty; 23 o'clock: nobody watched
    report = build_report(classes([50.0, 60.0], rows), SETTINGS)
    assert (report.hours[0].n, report.hours[0].v85_kmh) == (0, None)
    assert report.hours[23].n is None
    assert report.days[0].coverage == pytest.approx(23 / 24)
    assert report.days[0].full


def test_uptime_leaves_days_out_and_is_never_scaled_by() -> None:
    observations = classes([50.0, 60.0], [[30.0, 10.0]] * 48)
    assert observations.bins is not None
    uptime = np.full(48, 3600.0)
    uptime[30:35] = 0.0
    bins = replace(observations.bins, uptime_s=uptime)
    report = build_report(replace(observations, bins=bins), SETTINGS)
    assert [day.left_out for day in report.days] == [None, "low_coverage"]
    assert report.volumes.all.average_day.value == 24 * 40
    assert report.volumes.all.average_day.days == 1
    assert "days_left_out" in report.notes


def test_days_of_the_clock_change() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    for day, length in ((spring, 23.0), (autumn, 25.0)):
        rows = [[float(hour), 0.0] for hour in range(round(length))]
        report = build_report(classes([50.0, 60.0], rows, day), SETTINGS)
        assert [row.length_h for row in report.days] == [length]
        assert report.days[0].coverage == pytest.approx(1.0)
        counted = {row.hour: row.n for row in report.hours}
        if day == spring:
            assert (counted[1], counted[2], counted[3]) == (1, None, 2)
        else:
            assert counted[2] == 2 + 3  # the doubled hour


def test_a_street_with_a_gap_or_a_late_start_has_fewer_full_days() -> None:
    observations = street(MONDAY, 7, 48.0, 3)
    vehicles = observations.vehicles
    assert vehicles is not None
    assert vehicles.t_us is not None
    late = midnight_us(MONDAY) + 13 * 3_600_000_000
    gap = midnight_us(MONDAY + timedelta(days=3)) + 8 * 3_600_000_000
    kept = (vehicles.t_us > late) & ~((vehicles.t_us > gap) & (vehicles.t_us < gap + 6 * 3_600_000_000))
    assert vehicles.direction is not None
    cut = replace(
        vehicles, speed_kmh=vehicles.speed_kmh[kept], t_us=vehicles.t_us[kept], direction=vehicles.direction[kept]
    )
    report = build_report(replace(observations, vehicles=cut), SETTINGS)
    assert [day.left_out for day in report.days] == ["outside_survey", None, None, "gap", None, None, None]
    assert report.statistics.all.intervals["v85_kmh"].days == 5


def test_limits_by_direction_and_date() -> None:
    limits = (
        Limit("both", 60.0),
        Limit("toward", 50.0, valid_to=date(2026, 3, 4)),
        Limit("toward", 40.0, valid_from=date(2026, 3, 4)),
    )
    observations = street(MONDAY, 4, 48.0, 4)
    vehicles = observations.vehicles
    assert vehicles is not None
    assert vehicles.t_us is not None
    report = build_report(observations, replace(SETTINGS, limits=limits))
    changed = midnight_us(date(2026, 3, 4))
    own = np.where(vehicles.direction == 1, 60.0, np.where(vehicles.t_us < changed, 50.0, 40.0))
    over = report.statistics.all.over_limit
    assert over is not None
    assert over.n == (vehicles.speed_kmh > own).sum()
    assert over.n_30_pct == (vehicles.speed_kmh > own * 1.3).sum()
    assert report.statistics.all.limit_kmh is None
    assert report.statistics.all.verdict_detail.reason == "no_single_limit"
    assert report.statistics.directions["away"].limit_kmh == 60.0
    assert build_report(observations, replace(SETTINGS, limits=())).statistics.all.verdict_detail.reason == "no_limit"


def test_verdicts() -> None:
    assert build_report(street(MONDAY, 7, 52.0, 5), SETTINGS).statistics.all.verdict == "assess"
    assert build_report(street(MONDAY, 7, 62.0, 5), SETTINGS).statistics.all.verdict == "measures"
    assert build_report(street(MONDAY, 7, 40.0, 5), SETTINGS).statistics.all.verdict == "ok"
    near = build_report(street(MONDAY, 7, 47.75, 5), SETTINGS).statistics.all
    interval = near.intervals["v85_kmh"]
    assert interval.low is not None
    assert interval.high is not None
    assert interval.low < 55.0 < interval.high
    assert (near.verdict, near.verdict_detail.basis) == ("uncertain", "interval")


def test_free_flow_and_motor_vehicles() -> None:
    start = midnight_us(MONDAY) + 8 * 3_600_000_000
    seconds = np.array([0, 10, 12, 30, 31, 60])
    vehicles = Vehicles(
        np.array([50.0, 52.0, 30.0, 54.0, 28.0, 56.0]), start + seconds * 1_000_000,
        length_m=np.array([4.0, 4.5, 1.8, np.nan, 1.7, 12.0]),
    )  # fmt: skip
    observations = Observations(vehicles, None, Quality(6, 6, {}))
    report = build_report(observations, replace(SETTINGS, motor_from_m=2.5, length_bounds_m=(2.5, 5.8)))
    free, motor = report.statistics.all.free_flow, report.statistics.all.motor_vehicles
    assert free is not None
    assert (free.n, free.mean_kmh) == (3, pytest.approx(54.0))
    assert motor is not None
    assert (motor.n, motor.max_kmh) == (3, 56.0)
    assert [(part.name, part.n) for part in report.classes] == [
        ("0-2.5 m", 2), ("2.5-5.8 m", 2), ("≥ 5.8 m", 1), ("unclassified", 1)
    ]  # fmt: skip


def test_single_vehicles_and_classes_together() -> None:
    singles = street(MONDAY, 3, 48.0, 6).vehicles
    assert singles is not None
    edges = np.arange(1.0, 151.0)
    more = street(MONDAY, 3, 48.0, 7).vehicles
    assert more is not None
    counts = np.bincount(np.ceil(more.speed_kmh).astype(int) - 1, minlength=150)[None, :].astype(float)
    bins = Bins(edges - 1, edges, counts, np.array([midnight_us(MONDAY)]), np.array([86_400.0]))
    both = np.concatenate([singles.speed_kmh, more.speed_kmh])
    report = build_report(Observations(singles, bins, Quality(1, 1, {})), SETTINGS)
    found = report.statistics.all
    assert found.n == both.size
    assert found.v85_kmh == pytest.approx(np.percentile(both, 85, method="inverted_cdf"), abs=1.0)
    assert found.mean_kmh == pytest.approx(both.mean(), abs=0.5)
    assert found.over_limit is not None
    assert found.over_limit.n == (both > 50).sum()
    assert found.max_kmh is None
    assert found.methods["percentiles"] == "class_interpolated"
    assert "single_vehicles_and_classes_together" in report.notes


def test_fine_classes_give_what_the_speeds_give() -> None:
    observations = street(MONDAY, 7, 48.0, 8)
    vehicles = observations.vehicles
    assert vehicles is not None
    assert vehicles.t_us is not None
    edges = np.arange(1.0, 151.0)
    quarter = (vehicles.t_us - midnight_us(MONDAY)) // 900_000_000
    counts = np.zeros((7 * 96, 150))
    np.add.at(counts, (quarter, np.ceil(vehicles.speed_kmh).astype(int) - 1), 1.0)
    starts = midnight_us(MONDAY) + np.arange(7 * 96) * 900_000_000
    bins = Bins(edges - 1, edges, counts, starts, np.full(7 * 96, 900.0))
    raw = build_report(observations, SETTINGS)
    rolled = build_report(Observations(None, bins, Quality(1, 1, {}), resolution_kmh=0.1), SETTINGS)
    assert rolled.statistics.all.v85_kmh == pytest.approx(raw.statistics.all.v85_kmh, abs=1.0)
    assert rolled.statistics.all.over_limit == raw.statistics.all.over_limit
    assert rolled.statistics.all.bands == raw.statistics.all.bands
    assert [row.n for row in rolled.hours] == [row.n for row in raw.hours]
    assert [row.bins for row in rolled.hours] == [row.bins for row in raw.hours]
    assert rolled.volumes.all.evening_peak == raw.volumes.all.evening_peak
    a, b = raw.statistics.all.intervals["v85_kmh"].se, rolled.statistics.all.intervals["v85_kmh"].se
    assert a == pytest.approx(b)


def test_volumes() -> None:
    weekday = [[10.0 if 7 <= hour < 19 else 1.0, 0.0] for hour in range(24)]
    weekday[16] = [50.0, 0.0]
    weekend = [[5.0, 0.0]] * 24
    report = build_report(classes([50.0, 60.0], weekday * 5 + weekend * 2), SETTINGS)
    found = report.volumes.all
    day = sum(row[0] for row in weekday)
    assert found.total_24h == pytest.approx((day * 5 + 120 * 2) / 7)
    assert found.total_12h == pytest.approx(((11 * 10 + 50) * 5 + 60 * 2) / 7)
    assert (found.average_day.name, found.average_day.reason) == ("average_day_of_period", "no_expansion_factors")
    assert (found.hdt.value, found.hdt.days) == (pytest.approx(day), 5)
    assert (found.jdt.value, found.jdt.reason) == (None, "no_full_day")
    assert found.evening_peak is not None
    assert (found.evening_peak.hour, found.evening_peak.n, found.evening_peak.phf) == (16, 50.0, None)
    expansion = Expansion("local", (Factor("week_to_year", 1, 53, 1.05, "table of 2026"),))
    expanded = build_report(
        classes([50.0, 60.0], weekday * 5 + weekend * 2), replace(SETTINGS, expansion=expansion)
    ).volumes.all.average_day
    assert expanded.name == "aadt"
    assert expanded.value == pytest.approx((day * 5 + 240) / 7 * 1.05)
    assert (expanded.uncertainty, expanded.low) == (0.08, pytest.approx((expanded.value or 0) * 0.92))


def test_hdt_leaves_holidays_and_summer_out() -> None:
    whit_monday = build_report(classes([50.0, 60.0], [[10.0, 0.0]] * 48, date(2026, 5, 25)), SETTINGS)
    assert whit_monday.days[0].holiday is not None
    assert whit_monday.volumes.all.hdt.days == 1
    july = build_report(classes([50.0, 60.0], [[10.0, 0.0]] * 48, date(2026, 7, 6)), SETTINGS).volumes.all
    assert (july.hdt.value, july.jdt.value) == (None, 240.0)


def test_calibration() -> None:
    sensor = Sensor("radar", angle_deg=20.0, angle_uncertainty_deg=2.0, relative_uncertainty=0.0127)
    found = build_report(street(MONDAY, 3, 48.0, 9), replace(SETTINGS, sensors=(sensor,))).statistics.all
    assert found.calibration_kmh == pytest.approx((found.v85_kmh or 0) * 0.0127)


def test_nothing_to_report() -> None:
    with pytest.raises(BadInput, match="vehicles: 0"):
        build_report(timeless(np.zeros(0)), SETTINGS)
    with pytest.raises(BadInput, match="country: 'XX'"):
        build_report(street(MONDAY, 1, 48.0, 1), replace(SETTINGS, country="XX"))


def test_classes_that_differ_are_refused() -> None:
    first, second = classes([50.0, 60.0], [[1, 1]]).bins, classes([40.0, 60.0], [[1, 1]]).bins
    assert first is not None
    assert second is not None
    with pytest.raises(MixedWidths, match="expected equal classes"):
        joined([first, second])


def test_utc_is_utc() -> None:
    observations = street(MONDAY, 1, 48.0, 1)
    report = build_report(observations, replace(SETTINGS, timezone="UTC"))
    assert report.period.first_day == date(2026, 3, 1)  # Copenhagen's midnight is 23 o'clock of the day before
    assert datetime.fromisoformat(report.period.start or "").tzinfo == UTC


def test_a_path_with_a_few_vehicles_a_day() -> None:
    times = [midnight_us(MONDAY + timedelta(days=day)) + hour * 3_600_000_000 for day in (0, 1, 3) for hour in (9, 17)]
    vehicles = Vehicles(np.full(6, 25.0), np.array(times))
    report = build_report(Observations(vehicles, None, Quality(6, 6, {})), SETTINGS)
    assert [row.n for row in report.days] == [2, 2, None, 2]
    assert report.statistics.all.s_kmh == 0.0
