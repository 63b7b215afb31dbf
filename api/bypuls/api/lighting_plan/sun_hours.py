"""A year's burning hours from the sun: by minute of the local day, and by step of the accounts' year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.arrays import FloatArray
from bypuls.analysis.lighting.plan import night_and_day
from bypuls.analysis.lighting.what_if import DAY_MINUTES
from bypuls.api.accounts.frame import HOUR_US, frame_of
from bypuls.api.lighting_plan.scenario import Burning
from bypuls.api.reports.lighting.sun import nights_around

_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True, eq=False)
class SunHours:
    """lit_h : (1440,) [h] by minute of the local day.  step_h : (n,) [h] by step of the year's frame."""

    lit_h: FloatArray
    step_h: FloatArray

    @property
    def total_h(self) -> float:
        """Of the year [h]."""
        return float(self.lit_h.sum())


@lru_cache(maxsize=16)
def sun_hours(year: int, zone: ZoneInfo, lat: float, lon: float, burning: Burning) -> SunHours:
    """The hours of a local year between civil dusk and dawn, or sunset and sunrise, at a place. Raises FileProblem
    where the sun doesn't sink so far."""
    frame = frame_of(year, zone)
    t = np.arange(frame.start_us, frame.end_us, _MINUTE_US, dtype=np.int64)
    nights = nights_around(frame.start_us, frame.end_us, lat, lon)
    first, last = (nights.dusk_us, nights.dawn_us) if burning == "civil" else (nights.sunset_us, nights.sunrise_us)
    # A minute counts where its middle is dark.
    lit, _ = night_and_day(t + _MINUTE_US // 2, first, last)
    quarters = np.arange(frame.start_us, frame.end_us, HOUR_US // 4, dtype=np.int64)
    offsets = np.array([_offset_us(int(one), zone) for one in quarters], dtype=np.int64)
    local = (t + np.repeat(offsets, 15)[: t.size]) // _MINUTE_US % DAY_MINUTES
    step = (t - frame.start_us) // (frame.step_s * 1_000_000)
    return SunHours(
        np.bincount(local[lit], minlength=DAY_MINUTES) / 60.0, np.bincount(step[lit], minlength=len(frame.t_us)) / 60.0
    )


def _offset_us(t_us: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(t_us // 1_000_000, zone).utcoffset()
    assert offset is not None  # an aware datetime has one
    return round(offset.total_seconds() * 1e6)
