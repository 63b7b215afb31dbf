"""A calendar year of local time as hours of UTC, and the months that they lie in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import sum_by
from bypuls.analysis.localtime import local_month_edges_us
from bypuls.store.protocol import Every

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

HOUR_US = 3_600_000_000
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Frame:
    """A local year. t_us : (n,) [µs UTC] its hours, or quarters in zones whose midnight isn't on a UTC hour.
    month : (n,) 0 … 11."""

    year: int
    zone: ZoneInfo
    edges_us: Int64
    t_us: Int64
    month: Int64
    step_s: Every

    @property
    def start_us(self) -> int:
        """Where the year begins [µs UTC]."""
        return int(self.edges_us[0])

    @property
    def end_us(self) -> int:
        """Where the next one begins [µs UTC]."""
        return int(self.edges_us[-1])

    @property
    def month_s(self) -> Floats:
        """(12,) lengths of the months [s]."""
        return np.diff(self.edges_us) / 1e6

    @property
    def length_s(self) -> float:
        """The year's length [s]."""
        return (self.end_us - self.start_us) / 1e6

    def by_month(self, values: Floats) -> Floats:
        """(12,) Σ of what is known."""
        return sum_by(self.month, np.nan_to_num(values), MONTHS)

    def column(self, t_us: Int64, values: Floats) -> Floats:
        """(n,) the values of the steps that start at `t_us`; NaN elsewhere."""
        found = np.full(len(self.t_us), np.nan)
        at = (t_us - self.start_us) // (self.step_s * 1_000_000)
        inside = (at >= 0) & (at < len(found))
        found[at[inside]] = values[inside]
        return found


@lru_cache(maxsize=32)
def frame_of(year: int, zone: ZoneInfo) -> Frame:
    """The frame of a local year."""
    edges = np.asarray(local_month_edges_us(zone, date(year, 1, 1), date(year, 12, 31)), dtype=np.int64)
    step_s: Every = 900 if (edges % HOUR_US).any() else 3600
    t_us = np.arange(edges[0], edges[-1], step_s * 1_000_000, dtype=np.int64)
    return Frame(year, zone, edges, t_us, np.searchsorted(edges, t_us, "right") - 1, step_s)
