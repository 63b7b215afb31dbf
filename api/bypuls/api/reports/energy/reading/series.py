"""Rows of one meter as intervals of energy [kWh], rising in time, each once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray
from bypuls.analysis.registers import quarter_energy
from bypuls.api.reports.energy.reading.meters import MeterRows
from bypuls.api.reports.energy.reading.options import KW_PER, KWH_PER, VOLUME, MeterOptions, Values
from bypuls.api.reports.energy.reading.zones import zone_named
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.reading.tally import LineTally

Step: TypeAlias = Literal["interval", "day", "month"]

_US = 1_000_000
_HOUR_US = 3600 * _US
_DAY_S = 86_400
_AROUND, _STRETCH = 5, 1.5
_LEAST_FOR_REGISTER = 48
_FALLS = 0.02  # a register may fall so often: meters are swapped
_STANDS_ABOVE = 5.0  # a register stands this many of its steps above 0 on the whole


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One meter's intervals [start, end).

    start_us, end_us : (n,) [µs UTC] rising.  kwh : (n,) [kWh], or [m³] of water; NaN = unknown.
    step : what an interval is; step_s : its usual length [s]; the file may change it.  zone : of the local days.
    values : what the file's numbers were; found_out : whether that was found out.
    resets, refused : of a register, read every read_every_s [s].
    negative : amounts below 0, taken as unknown.  per_unit : kWh of the file's unit.
    """

    start_us: IntArray
    end_us: IntArray
    kwh: FloatArray
    step: Step
    step_s: float
    zone: str
    values: Values
    found_out: bool
    resets: int = 0
    refused: int = 0
    negative: int = 0
    per_unit: float = 1.0
    read_every_s: float | None = None

    @property
    def known(self) -> BoolArray:
        """Intervals whose energy is known."""
        return np.isfinite(self.kwh)


def series_of(rows: MeterRows, options: MeterOptions, *, medium: str | None = None, meter: str | None = None) -> Series:
    """The rows of one meter (None = all of them) as intervals; lines that repeat or contradict others are counted in
    the rows' tally.

    medium : for what is measured in m³.  Raises FileProblem, which says what to change."""
    named = " ".join(rows.files)
    chosen = np.ones(rows.t_us.size, dtype=np.bool_) if meter is None else rows.meter == meter
    if meter is None and len(rows.meters) > 1:
        raise FileProblem(
            f"{named}: {len(rows.meters)} meters ({', '.join(rows.meters[:5])}); choose one: --where "
            f"{rows.columns.get('meter', 'METER')}={rows.meters[0]}"
        )
    times, value = _each_once(rows, np.flatnonzero(chosen), rows.tally)
    if times.size < 2:
        raise FileProblem(f"{named}: {times.size} times; expected at least 2 to tell how long an interval is")
    per_unit, power = _per_unit(rows.unit, options, medium)
    kind, found_out = _kind(value, rows, options, power)
    if kind == "register":
        return _from_register(times, value * per_unit, rows, found_out, per_unit)
    step, step_s = _step(times, rows)
    tz = zone_named(rows.zone)
    stamp = "start" if rows.stamps_fixed else options.stamp
    start_us, end_us = _intervals(times, step, step_s, tz, stamp, told=rows.step_s is not None)
    kwh = value * per_unit * ((end_us - start_us) / (3600.0 * _US) if power else 1.0)
    negative = kwh < 0.0
    return Series(
        start_us,
        end_us,
        np.where(negative, np.nan, kwh),
        step,
        step_s,
        rows.zone,
        kind,
        found_out,
        negative=int(negative.sum()),
        per_unit=per_unit,
    )


def _each_once(rows: MeterRows, at: IntArray, tally: LineTally) -> tuple[IntArray, FloatArray]:
    """Rising times with their values. A moment told twice alike counts once; told differently it is unknown."""
    order = at[np.argsort(rows.t_us[at], kind="stable")]
    times, value = rows.t_us[order], rows.value[order].copy()
    again = np.flatnonzero(np.concatenate(([False], times[1:] == times[:-1])))
    keep = np.ones(times.size, dtype=np.bool_)
    first = np.searchsorted(times, times)
    for index in again.tolist():
        lead = int(first[index])
        keep[index] = False
        if np.isnan(value[index]) or value[index] == rows.value[order[lead]]:
            tally.drop("duplicate", rows.places[order[index]])
        elif np.isnan(rows.value[order[lead]]):
            value[lead] = value[index]
            tally.drop("duplicate", rows.places[order[index]])
        else:
            value[lead] = np.nan
            tally.drop("contradicting", rows.places[order[index]])
    return times[keep], value[keep]


def _per_unit(unit: str, options: MeterOptions, medium: str | None) -> tuple[float, bool]:
    """kWh (of water m³) of one unit, and whether it is a mean power."""
    if unit == VOLUME:
        if medium == "water":
            return 1.0, False
        if options.calorific_kwh_m3 is None:
            raise FileProblem(
                "unit m3: a volume is no energy; for gas say its calorific value from the bill: --calorific 12.1 "
                "[kWh/m³, upper or lower as your account has it]"
            )
        if not 0.0 < options.calorific_kwh_m3 < 100.0:
            raise FileProblem(f"--calorific {options.calorific_kwh_m3:g}: expected above 0 and below 100 kWh/m³")
        return options.calorific_kwh_m3, False
    return (KW_PER[unit], True) if unit in KW_PER else (KWH_PER[unit], False)


def _kind(value: FloatArray, rows: MeterRows, options: MeterOptions, power: bool) -> tuple[Values, bool]:
    if options.values == "register" and (power or rows.stamps_fixed):
        what = f"unit {rows.unit} is a power" if power else "Eloverblik tells amounts of intervals"
        raise FileProblem(f"--register: {what}; expected --interval")
    if options.values is not None or power or rows.stamps_fixed:
        return options.values or "interval", False
    known = value[np.isfinite(value)]
    steps = np.diff(known)
    if known.size < _LEAST_FOR_REGISTER or not (steps > 0.0).any():
        return "interval", True
    rising = (steps < 0.0).mean() <= _FALLS and np.median(known) > _STANDS_ABOVE * np.median(steps[steps >= 0.0])
    return ("register" if rising and (steps > 0.0).mean() > 0.05 else "interval"), True


def _step(times: IntArray, rows: MeterRows) -> tuple[Step, float]:
    """What the commonest distance of the times is."""
    seconds = rows.step_s if rows.step_s is not None else Counter(np.diff(times).tolist()).most_common(1)[0][0] / _US
    if 28 * _DAY_S <= seconds <= 31 * _DAY_S:
        return "month", seconds
    if 23 * 3600 <= seconds <= 25 * 3600:
        return "day", float(_DAY_S)
    if seconds < 23 * 3600 and _DAY_S % seconds == 0 and seconds >= 60:
        return "interval", float(seconds)
    raise FileProblem(
        f"{' '.join(rows.files)}: times are {seconds:g} s apart; expected minutes or hours that divide a day, days or "
        "months. If the values are readings of a register: --register"
    )


def _intervals(
    times: IntArray, step: Step, step_s: float, tz: ZoneInfo, stamp: str, *, told: bool
) -> tuple[IntArray, IntArray]:
    if step == "interval":
        usual = round(step_s * _US)
        length = np.full(times.size, usual) if told else _lengths(times, usual, stamp)
        return (times - length, times) if stamp == "end" else (times, times + length)
    moved = [_moved(int(t), tz, step, -1 if stamp == "end" else 1) for t in times]
    other = np.array(moved, dtype=np.int64)
    return (other, times) if stamp == "end" else (times, other)


def _lengths(times: IntArray, usual_us: int, stamp: str) -> IntArray:
    """How long each row is of [µs]: to its neighbour, where that is about as far as rows are around it, at most an hour
    (or `usual_us`). After a longer gap a row is of what is usual around it: what was missed isn't made up."""
    most = max(_HOUR_US, usual_us)
    apart = np.diff(times)
    # A file may change its interval: three of five distances before, or after, make one usual.
    around = np.pad(np.where(apart <= most, apart, usual_us), _AROUND - 1, mode="edge")
    medians = np.median(np.lib.stride_tricks.sliding_window_view(around, _AROUND), axis=1).astype(np.int64)
    local = np.maximum(medians[: apart.size], medians[-apart.size :])
    length = np.where(apart <= np.minimum(_STRETCH * local, most), apart, local)
    return np.concatenate((local[:1], length)) if stamp == "end" else np.concatenate((length, local[-1:]))


def _moved(t_us: int, tz: ZoneInfo, step: Step, by: int) -> int:
    """The same local time one day or month later or earlier."""
    local = datetime.fromtimestamp(t_us / _US, tz)
    day = local.date()
    if step == "day":
        day += timedelta(days=by)
    else:
        month = day.year * 12 + day.month - 1 + by
        day = day.replace(year=month // 12, month=month % 12 + 1, day=min(day.day, 28) if day.day > 28 else day.day)
    moved = datetime(day.year, day.month, day.day, local.hour, local.minute, local.second, tzinfo=tz)
    return round(moved.timestamp()) * _US


def _from_register(times: IntArray, value: FloatArray, rows: MeterRows, found_out: bool, per_unit: float) -> Series:
    """Quarters between the readings of a register; resets and impossible rises are unknown."""
    known = np.isfinite(value)
    read_at, shown = times[known], value[known]
    if read_at.size < 2:
        raise FileProblem(f"{' '.join(rows.files)}: {read_at.size} readings of a register; expected at least 2")
    nominal_s = float(Counter(np.diff(read_at).tolist()).most_common(1)[0][0]) / _US
    if nominal_s > 2 * _DAY_S:
        months = 28 * _DAY_S <= nominal_s <= 31 * _DAY_S
        start, end, delta = read_at[:-1], read_at[1:], np.diff(shown)
        if not months:
            raise FileProblem(
                f"{' '.join(rows.files)}: a register read every {nominal_s / _DAY_S:g} days; expected daily or monthly"
            )
        fell = delta < 0.0
        return Series(
            start, end, np.where(fell, np.nan, delta), "month", nominal_s, rows.zone, "register", found_out,
            resets=int(fell.sum()), per_unit=per_unit,
        )  # fmt: skip
    quarter_us = 900 * _US
    start_us = int(read_at[0] // quarter_us * quarter_us)
    end_us = int(-(-read_at[-1] // quarter_us) * quarter_us)
    bins = quarter_energy(read_at, shown, start_us=start_us, end_us=end_us, nominal_s=nominal_s)
    covered = bins.covered_s >= 899.5
    return Series(
        bins.t_us, bins.t_us + quarter_us, np.where(covered, bins.delta, np.nan), "interval", 900.0, rows.zone,
        "register", found_out, resets=int(bins.resets.sum()), refused=int(bins.refused.sum()), per_unit=per_unit,
        read_every_s=nominal_s,
    )  # fmt: skip
