"""Local hours, days, months and years, cut out of UTC columns. A local day is 23 or 25 hours long when the clock
changes; today's zones have their midnights on quarter hours of UTC, so quarters fit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, IntArray, float_column, same_length, sum_by, time_column
from bypuls.analysis.errors import BadInput

_US = 1_000_000
_HOUR_US = 3600 * _US


@dataclass(frozen=True, slots=True)
class LocalSums:
    """Sums between edges.

    start_us : (k,) [µs UTC].
    total : (k,) Σ of what is known; NaN where nothing is.
    covered_s, length_s : (k,) [s] how much of the period is known, and how long it is.
    """

    start_us: IntArray
    total: FloatArray
    covered_s: FloatArray
    length_s: FloatArray

    @property
    def coverage(self) -> FloatArray:
        """Known share of each period, 0 … 1."""
        return self.covered_s / self.length_s


def local_day_edges_us(tz: tzinfo, first_day: date, last_day: date) -> IntArray:
    """The local midnights from the start of `first_day` to the end of `last_day`: (days + 1,) [µs UTC]. Where a clock
    change skips midnight the day begins at the change. Raises BadInput."""
    _check_days(first_day, last_day)
    days = (last_day - first_day).days
    return _edges(tz, [first_day + timedelta(days=number) for number in range(days + 2)])


def local_month_edges_us(tz: tzinfo, first_day: date, last_day: date) -> IntArray:
    """Edges of the local months from that of `first_day` to that of `last_day`: (months + 1,) [µs UTC].
    Raises BadInput."""
    _check_days(first_day, last_day)
    first = first_day.year * 12 + first_day.month - 1
    last = last_day.year * 12 + last_day.month - 1
    return _edges(tz, [date(number // 12, number % 12 + 1, 1) for number in range(first, last + 2)])


def local_year_edges_us(tz: tzinfo, first_year: int, last_year: int) -> IntArray:
    """Edges of the local years `first_year` … `last_year`: (years + 1,) [µs UTC]. Raises BadInput."""
    if last_year < first_year:
        raise BadInput(f"last_year: {last_year}; expected not before first_year {first_year}")
    return _edges(tz, [date(year, 1, 1) for year in range(first_year, last_year + 2)])


def local_hour_edges_us(tz: tzinfo, first_day: date, last_day: date) -> IntArray:
    """Edges of the hours of the local days `first_day` … `last_day` [µs UTC], 23 or 25 of them in a day when the clock
    changes. Hours are counted from midnight; where a zone shifts by half an hour, the last one of that day is half an
    hour long. Raises BadInput."""
    days = local_day_edges_us(tz, first_day, last_day)
    hours = [np.arange(start, end, _HOUR_US) for start, end in pairwise(days)]
    return np.concatenate([*hours, days[-1:]])


def sum_between(
    edges_us: npt.ArrayLike,
    t_us: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    bin_s: int = 900,
    covered_s: npt.ArrayLike | None = None,
) -> LocalSums:
    """Sums of UTC bins per period between `edges_us`. Bins outside the edges are left aside; bins that are absent are
    unknown, and so are NaN.

    edges_us : (k + 1,) [µs UTC] rising.
    t_us : (n,) [µs UTC] starts of the bins, rising; each must lie in one period whole.
    values : (n,) amounts, NaN = unknown.
    bin_s : [s] length of a bin.
    covered_s : (n,) [s] how much of each bin is known; None = all of those with a value.
    Raises BadInput."""
    edges, times, amounts = time_column("edges_us", edges_us), time_column("t_us", t_us), float_column("values", values)
    same_length(t_us=times, values=amounts)
    if edges.size < 2:
        raise BadInput(f"edges_us: {edges.size}; expected at least 2")
    if bin_s <= 0:
        raise BadInput(f"bin_s: {bin_s}; expected > 0")
    for name, column in (("edges_us", edges), ("t_us", times)):
        falls = np.flatnonzero(np.diff(column) <= 0)
        if falls.size:
            raise BadInput(f"{name}[{falls[0] + 1}]: {column[falls[0] + 1]}; expected above {column[falls[0]]}")
    known_s = np.full(times.shape, float(bin_s)) if covered_s is None else float_column("covered_s", covered_s)
    same_length(t_us=times, covered_s=known_s)

    end = times + bin_s * _US
    inside = (end > edges[0]) & (times < edges[-1])
    period = np.searchsorted(edges, times, "right") - 1
    torn = np.flatnonzero(inside & ((period < 0) | (end > edges[np.minimum(period + 1, edges.size - 1)])))
    if torn.size:
        raise BadInput(f"t_us[{torn[0]}]: {times[torn[0]]}, {bin_s} s long, crosses an edge; expected shorter bins")
    known = inside & ~np.isnan(amounts) & (known_s > 0.0)
    k = edges.size - 1
    covered = sum_by(period[known], known_s[known], k)
    total = sum_by(period[known], amounts[known], k)
    return LocalSums(edges[:-1], np.where(covered > 0.0, total, np.nan), covered, np.diff(edges) / _US)


def _edges(tz: tzinfo, days: list[date]) -> IntArray:
    starts = [round(datetime(day.year, day.month, day.day, tzinfo=tz).timestamp()) * _US for day in days]
    return np.array(starts, dtype=np.int64)


def _check_days(first_day: date, last_day: date) -> None:
    if last_day < first_day:
        raise BadInput(f"last_day: {last_day}; expected not before first_day {first_day}")
