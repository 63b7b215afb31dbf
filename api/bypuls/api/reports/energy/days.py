"""A meter's intervals as local days for a model: dirt found and left out, days with holes scaled up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray, sum_by
from bypuls.analysis.energy.daily import Medium, missing_zero_days, missing_zeros, use_for_model
from bypuls.analysis.energy.dirt import Gap, Stretch, UnitJump, gaps, spikes, stuck, unit_jumps
from bypuls.analysis.energy.normal_year import DayArray
from bypuls.analysis.localtime import local_day_edges_us
from bypuls.api.reports.energy.reading.series import Series
from bypuls.api.reports.energy.reading.weather import Weather
from bypuls.api.reports.energy.reading.zones import local_time, zone_named


@dataclass(frozen=True, slots=True, eq=False)
class Dirt:
    """What was found in the intervals. Masks are (n,) of the series; all of them are left out."""

    zero: BoolArray
    zero_missing: BoolArray
    spike: BoolArray
    jumped: BoolArray
    stuck: tuple[Stretch, ...]
    jumps: tuple[UnitJump, ...]
    gaps: tuple[Gap, ...]

    @property
    def standing(self) -> BoolArray:
        """Intervals that stand still."""
        found = np.zeros(self.zero.shape, dtype=np.bool_)
        for stretch in self.stuck:
            found[stretch.first : stretch.last + 1] = True
        return found


@dataclass(frozen=True, slots=True, eq=False)
class MeterDays:
    """Local days. kwh : (d,) Σ of what is known and used, NaN = nothing.  coverage : (d,) 0 … 1.

    use : (d,) for models.  mean_c : (d,) [°C].  day_of : (n,) day of each interval.
    clean : (n,) kWh of each interval that is used."""

    dates: DayArray
    edges_us: IntArray
    kwh: FloatArray
    coverage: FloatArray
    use: FloatArray
    mean_c: FloatArray
    day_of: IntArray
    clean: FloatArray
    dirt: Dirt

    @property
    def days(self) -> tuple[date, ...]:
        """The days as dates."""
        return tuple(self.dates.astype(object).tolist())


def meter_days(series: Series, weather: Weather, medium: Medium, *, own_generation: bool) -> MeterDays:
    """The days from the first to the last interval. Values that can't be are left out: jumps of the unit first, since
    they would hide the rest; then spikes, values that stand still, and zeros that stand for missing ones."""
    tz = zone_named(series.zone)
    first, last = (local_time(int(t), tz).date() for t in (series.start_us[0], series.end_us[-1] - 1))
    edges_us = local_day_edges_us(tz, first, last)
    dates = np.array([first + timedelta(days=n) for n in range((last - first).days + 1)], dtype="datetime64[D]")
    day_of = np.searchsorted(edges_us, series.start_us, "right") - 1
    mean_c = weather.daily_means(edges_us)
    if series.step == "month":
        return _months(series, dates, edges_us, mean_c, medium, own_generation=own_generation)
    clean = series.kwh.copy()
    found_gaps = gaps(series.start_us, series.end_us, np.isfinite(clean))
    zero = clean == 0.0

    jumps = unit_jumps(_daily_sums(clean, day_of, dates.size))
    jumped = np.zeros(clean.shape, dtype=np.bool_)
    for jump in jumps:
        jumped |= (day_of >= jump.first) & (day_of <= jump.last)
    clean[jumped] = np.nan
    spike = spikes(clean)
    clean[spike] = np.nan
    standing = tuple(stuck(series.start_us, clean, series.step_s))
    for stretch in standing:
        clean[stretch.first : stretch.last + 1] = np.nan
    if series.step == "interval":
        slot = (series.start_us - edges_us[day_of]) // round(series.step_s * 1e6)
        missing = missing_zeros(medium, day_of, slot, clean, dates, mean_c, own_generation=own_generation)
    else:
        missing = np.zeros(clean.shape, dtype=np.bool_)
        single = np.flatnonzero(np.concatenate((np.diff(day_of) > 0, [True])))
        of_day = np.full(dates.size, np.nan)
        of_day[day_of[single]] = clean[single]
        zero_days = missing_zero_days(medium, dates, mean_c, of_day, own_generation=own_generation)
        missing[single] = zero_days[day_of[single]]
    clean[missing] = np.nan

    known = np.isfinite(clean)
    length_s = (series.end_us - series.start_us) / 1e6
    covered = np.minimum(sum_by(day_of[known], length_s[known], dates.size) / (np.diff(edges_us) / 1e6), 1.0)
    if series.step == "day":
        covered = np.where(covered > 0.9, 1.0, covered)
    kwh = _daily_sums(clean, day_of, dates.size)
    dirt = Dirt(zero, missing, spike, jumped, standing, tuple(jumps), tuple(found_gaps))
    return MeterDays(dates, edges_us, kwh, covered, use_for_model(kwh, covered), mean_c, day_of, clean, dirt)


def _months(
    series: Series,
    dates: DayArray,
    edges_us: IntArray,
    mean_c: FloatArray,
    medium: Medium,
    *,
    own_generation: bool,
) -> MeterDays:
    """Months spread evenly over their days: right for sums of whole months, useless for a model of days."""
    zero = series.kwh == 0.0
    missing = zero & (medium == "electricity") & (not own_generation)
    clean = np.where(missing, np.nan, series.kwh)
    month = np.searchsorted(series.start_us, edges_us[:-1], "right") - 1
    inside = (month >= 0) & (edges_us[:-1] < series.end_us[np.maximum(month, 0)])
    length = np.bincount(month[inside], minlength=clean.size)
    kwh = np.where(inside, clean[month] / np.maximum(length[month], 1), np.nan)
    none = np.zeros(clean.shape, dtype=np.bool_)
    holes = gaps(series.start_us, series.end_us, np.isfinite(clean))
    day_of = np.searchsorted(edges_us, series.start_us, "right") - 1
    coverage = np.isfinite(kwh).astype(np.float64)
    dirt = Dirt(zero, missing, none, none, (), (), tuple(holes))
    return MeterDays(dates, edges_us, kwh, coverage, kwh, mean_c, day_of, clean, dirt)


def _daily_sums(kwh: FloatArray, day_of: IntArray, days: int) -> FloatArray:
    known = np.isfinite(kwh)
    count = np.bincount(day_of[known], minlength=days)
    return np.where(count > 0, sum_by(day_of[known], kwh[known], days), np.nan)
