"""Local days and clock hours of UTC times: a day of 23 or 25 hours has one hour not at all, or twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.localtime import local_day_edges_us
from bypuls.api.reports.speed.observations import Floats, Ints

_S = 1_000_000
_HOUR_US = 3600 * _S
_QUARTER_US = 900 * _S


class LocalDays:
    """The local days from the first to the last one that `t_us` touch."""

    def __init__(self, timezone: str, first_us: int, last_us: int) -> None:
        self.tz = ZoneInfo(timezone)
        first, last = (datetime.fromtimestamp(t // _S, self.tz).date() for t in (first_us, last_us))
        self.days: tuple[date, ...] = tuple(first + timedelta(days=n) for n in range((last - first).days + 1))
        self.edges_us: Ints = local_day_edges_us(self.tz, first, last)
        self.length_h: Floats = np.diff(self.edges_us) / _HOUR_US

    def day_of(self, t_us: Ints) -> Ints:
        """(n,) index of the day."""
        return np.searchsorted(self.edges_us, t_us, "right") - 1

    def quarter_of(self, t_us: Ints, day: Ints) -> Ints:
        """(n,) clock quarter 0 … 95 of the day."""
        quarter = (t_us - self.edges_us[day]) // _QUARTER_US
        for odd in np.flatnonzero(self.length_h != 24.0):
            at = np.flatnonzero(day == odd)
            passed, inverse = np.unique(quarter[at], return_inverse=True)
            clock = [self._clock_quarter(int(self.edges_us[odd]) + int(n) * _QUARTER_US) for n in passed]
            quarter[at] = np.array(clock, dtype=np.int64)[inverse]
        return quarter

    def _clock_quarter(self, t_us: int) -> int:
        local = datetime.fromtimestamp(t_us // _S, self.tz)
        return local.hour * 4 + local.minute // 15

    def iso(self, t_us: int) -> str:
        """The local time with its offset, to the second."""
        return datetime.fromtimestamp(t_us // _S, self.tz).isoformat()
