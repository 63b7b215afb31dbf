"""A year out of some hours, and a sensor held against a count by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bypuls.analysis.traffic.expansion import Factor
from bypuls.api.reports.speed.build import build_report
from bypuls.api.reports.speed.manual_counts import check_of_observations, intervals_of
from bypuls.api.reports.speed.model import Limit, Quality, Site, Traffic
from bypuls.api.reports.speed.observations import Bins, Observations, Vehicles
from bypuls.api.reports.speed.settings import Expansion, Settings
from bypuls.store.registry import ManualCount

CPH = ZoneInfo("Europe/Copenhagen")
TUESDAY = date(2026, 4, 21)  # ISO week 17
EVERY = (Factor("day_to_week", 1, 7, 0.9, "table of 2026"), Factor("week_to_year", 1, 53, 1.1, "table of 2026"))
HOURS = Factor("hours_to_day", 7, 19, 1.25, "table of 2025")


def at_us(day: date, hour: float) -> int:
    return round((datetime(day.year, day.month, day.day, tzinfo=CPH) + timedelta(hours=hour)).timestamp() * 1e6)


def singles(first: float, end: float, per_hour: int = 60, day: date = TUESDAY) -> Observations:
    t_us = np.arange(at_us(day, first), at_us(day, end), 3_600_000_000 // per_hour, dtype=np.int64)
    vehicles = Vehicles(np.full(t_us.size, 45.0), t_us, np.arange(t_us.size) % 2, ("toward", "away"))
    return Observations(vehicles, None, Quality(t_us.size, t_us.size, {}))


def average_day(observations: Observations, factors: tuple[Factor, ...], **more: Any) -> Traffic:
    settings = Settings(Site("x"), (Limit("both", 50.0),), expansion=Expansion("local", factors))
    return build_report(observations, replace(settings, **more)).volumes.all.average_day


def test_a_year_out_of_twelve_hours() -> None:
    found = average_day(singles(7, 19), (HOURS, *EVERY))
    assert found.name == "aadt"
    assert found.value == pytest.approx(720 * 1.25 * 0.9 * 1.1)
    assert found.factor == pytest.approx(1.25 * 0.9 * 1.1)
    assert found.uncertainty == pytest.approx(np.sqrt(0.088**2 + 0.05**2 + 0.04**2 + 0.08**2))
    assert found.factor_source is not None
    assert found.factor_source.startswith("table of 2025; table of 2026; Vejdirektoratet")
    assert (found.method, found.days) == ("counts_times_factors", 1)


def test_hours_that_were_cut_are_no_hours() -> None:
    """From 7:20 on is not from 7 on; with a period that was told it is the surveyor's word that counts."""
    cut = average_day(singles(7.34, 19), (HOURS, *EVERY))
    assert (cut.name, cut.value, cut.reason) == ("average_day_of_period", None, "hours_not_watched")
    start, end = (datetime(2026, 4, 21, hour, tzinfo=CPH) for hour in (7, 19))
    told = average_day(singles(7.34, 19), (HOURS, *EVERY), start=start, end=end)
    assert told.name == "aadt"
    later = average_day(singles(7, 19), (HOURS, *EVERY), start=start + timedelta(minutes=20), end=end)
    assert later.value is None


def test_the_longest_hours_that_there_is_a_factor_for() -> None:
    short = Factor("hours_to_day", 15, 18, 4.0, "short")
    found = average_day(singles(6, 20), (short, HOURS, *EVERY))
    assert found.value == pytest.approx(720 * 1.25 * 0.9 * 1.1)
    only_short = average_day(singles(6, 20), (short, *EVERY))
    assert only_short.value == pytest.approx(180 * 4.0 * 0.9 * 1.1)
    assert only_short.uncertainty is None
    assert only_short.low is None


def test_full_days_of_part_of_a_week() -> None:
    found = average_day(singles(0, 72), (HOURS, *EVERY))  # Tuesday to Thursday
    assert found.value == pytest.approx(1440 * 0.9 * 1.1)
    assert found.uncertainty == pytest.approx(np.sqrt(0.05**2 + 0.04**2 + 0.08**2))
    missing = average_day(singles(0, 72), (HOURS, EVERY[1]))
    assert (missing.name, missing.reason) == ("average_day_of_period", "no_factor_day_to_week")
    assert missing.value == pytest.approx(1440)


def count(clock: str, until: str, vehicles: int, direction: str = "both", kind: str = "all") -> ManualCount:
    return ManualCount(
        sensor="radar", date=TUESDAY, from_clock=clock, to_clock=until, direction=direction, vehicle_class=kind,
        vehicles=vehicles,
    )  # fmt: skip


def test_classes_add_up_unless_there_is_a_row_for_all() -> None:
    rows = [
        count("07:15", "07:30", 3, "toward", "lorry"), count("07:15", "07:30", 20, "toward", "car"),
        count("07:15", "07:30", 9, "away"), count("07:15", "07:30", 7, "away", "car"),
        count("7:00", "07:15", 31),
    ]  # fmt: skip
    first, second = intervals_of(rows, CPH)
    assert first.by_direction == {"both": 31}
    assert second.by_direction == {"toward": 23, "away": 9}
    assert (first.start_us, second.end_us) == (at_us(TUESDAY, 7), at_us(TUESDAY, 7.5))


def test_a_count_by_hand_against_single_vehicles() -> None:
    clocks = [f"{7 + n // 4:02d}:{n % 4 * 15:02d}" for n in range(9)]
    rows = [count(clocks[n], clocks[n + 1], 16 + n % 2) for n in range(8)]
    found = check_of_observations(rows, singles(6, 12), CPH)
    assert (found.manual_n, found.sensor_n, found.intervals, found.left_out) == (132, 120, 8, 0)
    assert found.ratio == pytest.approx(120 / 132)
    assert found.low is not None
    assert found.low < 120 / 132 < (found.high or 0)
    toward = check_of_observations([count("07:00", "08:00", 30, "toward")], singles(6, 12), CPH)
    assert (toward.sensor_n, toward.reason) == (30, "fewer_than_3_intervals")
    late = check_of_observations([*rows, count("13:00", "13:15", 5)], singles(6, 12), CPH)
    assert (late.intervals, late.left_out) == (8, 1)


def test_a_count_by_hand_against_hours() -> None:
    t_us = np.array([at_us(TUESDAY, hour) for hour in range(6, 12)])
    bins = Bins(np.array([0.0]), np.array([250.0]), np.full((6, 1), 50.0), t_us, np.full(6, 3600.0))
    hours = Observations(None, bins, Quality(6, 6, {}))
    found = check_of_observations([count("07:00", "08:00", 52), count("08:00", "10:00", 104)], hours, CPH)
    assert (found.sensor_n, found.manual_n) == (150, 156)
    with pytest.raises(ValueError, match="none of its 1 intervals lies in the data"):
        check_of_observations([count("07:00", "07:15", 13)], hours, CPH)


def test_data_without_times_can_not_be_checked() -> None:
    timeless = Observations(Vehicles(np.array([40.0, 50.0])), None, Quality(2, 2, {}))
    with pytest.raises(ValueError, match="the data carry no times"):
        check_of_observations([count("07:00", "08:00", 2)], timeless, CPH)
