"""Where figures come from, and the local days that they are of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from bypuls.analysis.localtime import local_day_edges_us
from bypuls.api.directory import Directory
from bypuls.api.reports.public_holidays import holidays_of
from bypuls.store.protocol import Store
from bypuls.wire import to_us

COUNTRY = "DK"
DAY = timedelta(days=1)

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Source:
    """now : figures are of days that are over by then, in `zone`."""

    store: Store
    directory: Directory
    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """The local day that isn't over."""
        return self.now.astimezone(self.zone).date()

    @property
    def settled_us(self) -> int:
        """Sums of what ended by then may be kept [µs UTC]: readings seldom come later."""
        return to_us(self.now)


@dataclass(frozen=True)
class Days:
    """Whole local days first … last."""

    zone: ZoneInfo
    first: date
    last: date

    @property
    def edges_us(self) -> Int64:
        """(days + 1,) local midnights [µs UTC]."""
        return _edges(self.zone, self.first, self.last)

    @property
    def count(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def dates(self) -> npt.NDArray[np.datetime64]:
        """(days,) datetime64[D]."""
        return np.arange(np.datetime64(self.first, "D"), np.datetime64(self.last, "D") + 1)

    @property
    def length_s(self) -> Floats:
        """(days,) [s]: 23 to 25 hours."""
        return np.diff(self.edges_us) / 1e6

    @property
    def free(self) -> Bools:
        """(days,) whether it is a Saturday, Sunday or public holiday."""
        return _free(self.first, self.last)

    def within(self, first: date, last: date) -> slice:
        """The rows of the days first … last, as far as they are among these."""
        begin = max(0, (first - self.first).days)
        return slice(begin, max(begin, min(self.count, (last - self.first).days + 1)))

    def part(self, first: date, last: date) -> Days:
        """The days first … last alone."""
        return Days(self.zone, first, last)


@lru_cache(maxsize=64)
def _edges(zone: ZoneInfo, first: date, last: date) -> Int64:
    edges: Int64 = local_day_edges_us(zone, first, last)
    edges.setflags(write=False)
    return edges


@lru_cache(maxsize=64)
def _free(first: date, last: date) -> Bools:
    days = [first + number * DAY for number in range((last - first).days + 1)]
    off = holidays_of(COUNTRY, days)
    return np.array([day.weekday() >= 5 or day in off for day in days], dtype=np.bool_)


def year_before(day: date) -> date:
    """The same day a year earlier; of 29 February the 28th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
