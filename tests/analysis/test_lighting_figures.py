"""Figures of street lighting: known values of the sun's year, EN 13201-5, and what counts as dark."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from astral import Depression, Observer
from astral.sun import dawn, dusk, sunrise, sunset

from bypuls.analysis.errors import BadInput
from bypuls.analysis.lighting.figures import (
    annual_energy,
    burning,
    dark_hours,
    dark_stretches,
    delay,
    energy_density,
    power_density,
)

TOWN = Observer(55.7317, 12.3633)
HOUR_US = 3_600_000_000


def us(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)


def year_2026() -> tuple[int, int]:
    return us(datetime(2025, 12, 31, 23, tzinfo=UTC)), us(datetime(2026, 12, 31, 23, tzinfo=UTC))


def test_hours_of_the_dark_in_2026() -> None:
    days = [date(2025, 12, 31) + timedelta(days=n) for n in range(367)]
    sets = [us(sunset(TOWN, day)) for day in days]
    rises = [us(sunrise(TOWN, day + timedelta(days=1))) for day in days]
    assert dark_hours(sets, rises, *year_2026()) == pytest.approx(4268, abs=1)
    civil_dusks = [us(dusk(TOWN, day, depression=Depression.CIVIL)) for day in days]
    civil_dawns = [us(dawn(TOWN, day + timedelta(days=1), depression=Depression.CIVIL)) for day in days]
    assert dark_hours(civil_dusks, civil_dawns, *year_2026()) == pytest.approx(3719, abs=1)


@pytest.mark.parametrize(
    ("event", "day", "local"),
    [
        (sunrise, date(2026, 6, 21), "04:26:11"),
        (sunset, date(2026, 6, 21), "21:58:32"),
        (sunrise, date(2026, 12, 21), "08:38:46"),
        (sunset, date(2026, 12, 21), "15:38:25"),
        (dawn, date(2026, 12, 21), "07:50:54"),
        (dusk, date(2026, 12, 21), "16:26:17"),
    ],
)
def test_sun_of_known_days(event: object, day: date, local: str) -> None:
    assert callable(event)
    offset = timedelta(hours=2 if day.month == 6 else 1)
    expected = datetime.combine(day, time.fromisoformat(local), UTC) - offset
    assert abs(event(TOWN, day) - expected) < timedelta(minutes=1)


def test_en_13201_5() -> None:
    assert power_density(60.0, [10.0], [240.0]) == pytest.approx(0.025)
    assert energy_density(180_000.0, 240.0) == pytest.approx(750.0)
    assert annual_energy([60.0, 30.0], [2000.0, 2000.0], 240.0) == pytest.approx(750.0)
    with pytest.raises(BadInput, match="area_m2 0"):
        annual_energy([60.0], [2000.0], 0.0)
    with pytest.raises(BadInput, match="expected ≥ 0 W"):
        power_density(60.0, [], [])


def test_burning_hours_against_the_plan() -> None:
    found = burning([1.0, 0.5, np.nan, 1.0, 0.0], [1.0, 1.0, 1.0, 0.0, 0.0], np.full(5, 2.0))
    assert (found.should_h, found.lit_h, found.extra_h, found.unknown_h) == (6.0, 3.0, 2.0, 2.0)
    assert found.lit_share == 0.75
    assert burning([np.nan], [1.0], [1.0]).lit_share is None
    with pytest.raises(BadInput, match="lit: 0 … 2"):
        burning([2.0, 0.0], [1.0, 1.0], [1.0, 1.0])


def test_delays_leave_open_cases_out_and_count_them() -> None:
    began = np.zeros(12)
    ended = np.append(np.arange(1.0, 12.0) * HOUR_US, np.nan)
    found = delay(began, ended)
    assert (found.n, found.median_h, found.p90_h, found.open) == (11, 6.0, 10.0, 1)
    assert delay([0.0], [np.nan]).median_h is None
    assert (found.unknown, found.coverage) == (0, 1.0)
    with pytest.raises(BadInput, match="before began_us"):
        delay([HOUR_US], [0.0])


def test_a_beginning_that_nobody_saw_is_in_no_average() -> None:
    found = delay([np.nan, 0.0, 0.0, np.nan], [171.0 * HOUR_US, HOUR_US, 3.0 * HOUR_US, np.nan])
    assert (found.n, found.median_h, found.open, found.unknown) == (2, 2.0, 1, 1)
    assert found.coverage == pytest.approx(2 / 3)
    none = delay([np.nan], [HOUR_US])
    assert (none.n, none.median_h, none.p90_h, none.unknown, none.coverage) == (0, None, None, 1, 0.0)
    assert delay([], []).coverage is None


def test_dark_stretches_are_neighbours_and_reach_to_the_lit_lamps() -> None:
    place = np.arange(8) * 30.0
    found = dark_stretches(place, [False, True, True, False, True, True, True, False])
    assert [(one.first, one.last, one.lamps, one.length_m) for one in found] == [(4, 6, 3, 120.0), (1, 2, 2, 90.0)]
    assert dark_stretches(place, [True] + [False] * 7) == ()
    assert dark_stretches(place, [True] * 8)[0].length_m == 210.0
    with pytest.raises(BadInput, match="falls"):
        dark_stretches(place[::-1], [True] * 8)


def test_nights_must_rise() -> None:
    with pytest.raises(BadInput, match="overlap"):
        dark_hours([0, 10], [20, 30], 0, 100)
