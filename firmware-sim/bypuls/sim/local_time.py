"""The town's clock and calendar: local time of UTC quarters, public holidays, school holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import numpy.typing as npt

from bypuls.sim.draws import QUARTERS_A_DAY, FloatArray, IntArray

ZONE = ZoneInfo("Europe/Copenhagen")
_EPOCH = date(1970, 1, 1)

WORKDAY, SATURDAY, SUNDAY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class LocalQuarters:
    """Local time of a range of UTC quarters; parallel arrays.

    quarter : 0..95 of the local day, by the clock.  day : local date [days since 1970].
    day_type : WORKDAY, SATURDAY, SUNDAY (public holidays too).  school_free : pupils are at home.
    """

    quarter: IntArray
    day: IntArray
    day_type: IntArray
    school_free: npt.NDArray[np.bool_]

    @property
    def hour(self) -> FloatArray:
        """Local clock time at the middle of the quarter [h]."""
        return (self.quarter.astype(np.float64) + 0.5) / 4.0

    @property
    def season(self) -> FloatArray:
        """Place in the year as an angle [rad], 0 at its beginning."""
        return 2.0 * np.pi * np.mod(self.day.astype(np.float64), 365.2425) / 365.2425


def local_quarters(first: int, last: int) -> LocalQuarters:
    """Local time of the quarters first ≤ q < last [quarters since 1970, UTC]."""
    utc = np.arange(first, last, dtype=np.int64)
    days = range(first // QUARTERS_A_DAY, (last - 1) // QUARTERS_A_DAY + 1) if last > first else range(0)
    offsets = np.concatenate([_offset_quarters(day) for day in days]) if days else np.empty(0, np.int64)
    start = first - days[0] * QUARTERS_A_DAY if days else 0
    local = utc + offsets[start : start + len(utc)]
    day = local // QUARTERS_A_DAY
    known, where = np.unique(day, return_inverse=True)
    kinds = [day_kind(int(one)) for one in known]
    day_type = np.array([kind[0] for kind in kinds], np.int64)
    free = np.array([kind[1] for kind in kinds], np.bool_)
    return LocalQuarters(local % QUARTERS_A_DAY, day, day_type[where], free[where])


@lru_cache(maxsize=4096)
def _offset_quarters(utc_day: int) -> IntArray:
    """The zone's offset in each quarter of a UTC day [quarters]."""
    begin = datetime.combine(_EPOCH + timedelta(days=utc_day), datetime.min.time(), UTC)
    hours = [(begin + timedelta(hours=hour)).astimezone(ZONE).utcoffset() for hour in range(24)]
    offsets = np.repeat(np.array([(offset or timedelta()).total_seconds() // 900 for offset in hours], np.int64), 4)
    offsets.flags.writeable = False
    return offsets


@lru_cache(maxsize=4096)
def day_kind(local_day: int) -> tuple[int, bool]:
    """(day type, whether schools are closed) of a local date [days since 1970]."""
    day = _EPOCH + timedelta(days=local_day)
    if day in _public_holidays(day.year) or day.weekday() == 6:
        return SUNDAY, True
    if day.weekday() == 5:
        return SATURDAY, True
    return WORKDAY, _school_holiday(day)


@cache
def _public_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DK", years=year))


def _school_holiday(day: date) -> bool:
    """The usual Danish school holidays: summer, week 42, Christmas, week 7."""
    summer = date(day.year, 6, 27) <= day <= date(day.year, 8, 9)
    christmas = (day.month, day.day) >= (12, 21) or (day.month, day.day) <= (1, 3)
    return summer or christmas or day.isocalendar().week in (7, 42)
