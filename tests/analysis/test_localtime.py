"""Local periods cut out of UTC: clock changes, odd zones, coverage."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bypuls.analysis import localtime as lt
from bypuls.analysis.errors import BadInput

S = 1_000_000
H = 3600 * S
CPH = ZoneInfo("Europe/Copenhagen")


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * S


def test_days_of_23_and_25_hours() -> None:
    spring = lt.local_day_edges_us(CPH, date(2022, 3, 26), date(2022, 3, 28))
    autumn = lt.local_day_edges_us(CPH, date(2022, 10, 29), date(2022, 10, 31))
    assert (np.diff(spring) // H).tolist() == [24, 23, 24]
    assert (np.diff(autumn) // H).tolist() == [24, 25, 24]
    assert spring[0] == us("2022-03-25T23:00")


def test_months_and_years() -> None:
    months = lt.local_month_edges_us(CPH, date(2021, 12, 24), date(2022, 3, 1))
    assert months.tolist() == [
        us(f"{day}T{hour}:00")
        for day, hour in [
            ("2021-11-30", 23),
            ("2021-12-31", 23),
            ("2022-01-31", 23),
            ("2022-02-28", 23),
            ("2022-03-31", 22),
        ]
    ]
    years = lt.local_year_edges_us(CPH, 2023, 2024)
    assert (np.diff(years) // H).tolist() == [8760, 8784]


def test_hours_of_the_days_when_the_clock_changes() -> None:
    for day, hours in ((date(2022, 3, 27), 23), (date(2022, 10, 30), 25)):
        edges = lt.local_hour_edges_us(CPH, day, day)
        assert (np.diff(edges) == H).all()
        assert edges.size == hours + 1


def test_a_zone_that_shifts_by_half_an_hour_and_one_that_skips_midnight() -> None:
    lord_howe = lt.local_hour_edges_us(ZoneInfo("Australia/Lord_Howe"), date(2024, 4, 7), date(2024, 4, 7))
    assert (np.diff(lord_howe) / H).tolist() == [1.0] * 24 + [0.5]
    beirut = lt.local_day_edges_us(ZoneInfo("Asia/Beirut"), date(2024, 3, 30), date(2024, 4, 1))
    assert (np.diff(beirut) // H).tolist() == [24, 23, 24]


@given(
    st.sampled_from(["Europe/Copenhagen", "America/St_Johns", "Asia/Kathmandu", "Pacific/Chatham", "UTC"]),
    st.dates(date(1990, 1, 1), date(2035, 12, 1)),
    st.integers(0, 60),
)
def test_every_day_begins_at_its_midnight_on_a_quarter(zone: str, first: date, days: int) -> None:
    tz = ZoneInfo(zone)
    edges = lt.local_day_edges_us(tz, first, first + timedelta(days=days))
    assert edges.size == days + 2
    assert (edges % (900 * S) == 0).all()
    for number, edge in enumerate(edges.tolist()):
        local = datetime.fromtimestamp(edge / S, tz)
        assert local.replace(tzinfo=None) == datetime.combine(first + timedelta(days=number), datetime.min.time())


def test_periods_in_the_wrong_order_are_named() -> None:
    with pytest.raises(BadInput, match="last_day: 2022-01-01; expected not before first_day 2022-01-02"):
        lt.local_day_edges_us(CPH, date(2022, 1, 2), date(2022, 1, 1))
    with pytest.raises(BadInput, match="last_year: 2021"):
        lt.local_year_edges_us(CPH, 2022, 2021)


def test_sums_by_local_day_with_coverage() -> None:
    edges = lt.local_day_edges_us(CPH, date(2022, 10, 29), date(2022, 10, 31))
    t_us = np.arange(edges[0], edges[-1], 900 * S)
    sums = lt.sum_between(edges, t_us, np.ones(t_us.size))
    assert sums.total.tolist() == [96, 100, 96]
    assert sums.coverage.tolist() == [1, 1, 1]
    assert sums.length_s.tolist() == [86_400, 90_000, 86_400]


def test_absent_and_nan_are_unknown_never_zero() -> None:
    edges = np.array([0, 2, 4, 6]) * H
    sums = lt.sum_between(edges, np.array([0, 1, 4, 5]) * H, [3.0, 4.0, np.nan, 5.0], bin_s=3600)
    np.testing.assert_array_equal(sums.total, [7.0, np.nan, 5.0])
    assert sums.coverage.tolist() == [1.0, 0.0, 0.5]


def test_partly_covered_bins_weigh_what_they_cover() -> None:
    sums = lt.sum_between([0, H], [0, H // 4], [2.0, 9.0], covered_s=[450.0, 0.0])
    assert (sums.total.tolist(), sums.coverage.tolist()) == ([2.0], [0.125])


def test_bins_outside_are_left_aside() -> None:
    sums = lt.sum_between([H, 2 * H], np.arange(4) * H, [1.0, 2.0, 4.0, 8.0], bin_s=3600)
    assert sums.total.tolist() == [2.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"t_us": [H // 2, H], "bin_s": 3600}, r"t_us\[0\]: 1800000000, 3600 s long, crosses an edge"),
        ({"t_us": [-H // 2, H], "bin_s": 3600}, r"t_us\[0\]: -1800000000"),
        ({"t_us": [0, 0]}, r"t_us\[1\]: 0; expected above 0"),
        ({"edges_us": [0]}, "edges_us: 1; expected at least 2"),
        ({"edges_us": [H, 0]}, r"edges_us\[1\]: 0; expected above"),
        ({"values": [1.0]}, "t_us 2, values 1"),
        ({"bin_s": 0}, "bin_s: 0"),
        ({"covered_s": [1.0]}, "covered_s 1"),
    ],
)
def test_arguments_that_are_wrong_are_named(change: dict[str, object], message: str) -> None:
    good: dict[str, object] = {"edges_us": [0, H, 2 * H], "t_us": [0, H], "values": [1.0, 2.0]}
    with pytest.raises(BadInput, match=message):
        lt.sum_between(**(good | change))  # type: ignore[arg-type]
