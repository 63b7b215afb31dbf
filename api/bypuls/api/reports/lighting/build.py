"""From a power series to a cabinet's report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from importlib.metadata import version
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray
from bypuls.analysis.lighting.figures import burning, dark_hours
from bypuls.analysis.lighting.plan import night_and_day
from bypuls.analysis.lighting.series import SeriesFaults, assess
from bypuls.analysis.lighting.sun_fit import FAR_S
from bypuls.api.reports.lighting import model
from bypuls.api.reports.lighting.reading import PowerSeries, grid_us
from bypuls.api.reports.lighting.sun import Nights, beginning, nights_around
from bypuls.api.reports.reading.errors import FileProblem

_US, _HOUR_US = 1_000_000, 3_600_000_000
_LIT = 0.05  # of the full power: something burns
_QUARTER_S = 900.0
_MOST_W = 1e9
_GOOD_MATCH = 0.85
_MUCH_LESS = 0.85  # of lamps × watt


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user told. start : of the first row, where the file has no times."""

    title: str
    latitude_deg: float
    longitude_deg: float
    lamps: int | None = None
    lamp_w: float | None = None
    start: datetime | None = None


def build_report(series: PowerSeries, asked: Asked, file: str) -> model.LightingReport:
    """The report. Raises FileProblem, NotEnoughDays."""
    known = series.power_w[np.isfinite(series.power_w)]
    if not known.size:
        raise FileProblem(f"{file}: no power in {series.power_w.size} rows; expected numbers")
    if known.max() > _MOST_W:
        raise FileProblem(f"{file}: a power of {known.max():.3g} W; expected at most {_MOST_W:.0e} W: check --unit")
    if series.zone == "UTC" and _in_denmark(asked):
        series = replace(series, zone="Europe/Copenhagen")  # lamps dim by the local clock
    tz = ZoneInfo(series.zone)
    series, start_us, match = _placed(series, asked, tz)
    at = grid_us(series, start_us)
    end_us = int(at[-1]) + round(series.interval_s * _US)
    sun = nights_around(start_us, end_us, asked.latitude_deg, asked.longitude_deg)
    found = assess(
        at, series.power_w, _clock_slots(at, tz), sun.dusk_us, sun.dawn_us,
        interval_s=series.interval_s, lamps=asked.lamps, lamp_w=asked.lamp_w,
    )  # fmt: skip
    shown = (sun.dusk_us >= start_us - 2 * _HOUR_US) & (sun.dawn_us <= end_us + 2 * _HOUR_US)
    return model.LightingReport(
        title=asked.title,
        software=f"bypuls {version('bypuls')}",
        source=model.Source(
            file,
            int(series.power_w.size),
            int(np.isnan(series.power_w).sum()),
            series.unused_lines,
            series.interval_s,
            _iso(start_us, tz),
            _iso(end_us, tz),
            series.zone,
            series.unit,
            match is not None,
            match,
        ),
        place=model.Place(asked.latitude_deg, asked.longitude_deg),
        lamps=asked.lamps,
        power=model.Power(
            found.full_w,
            found.own_w,
            None if found.lamp_share is None else found.lamp_share * found.full_w,
            float(np.nansum(series.power_w) * series.interval_s / 3.6e6),
        ),
        burning=_burning(at, series, found, sun, start_us, end_us),
        on_after_sunset_min=_median(found.switching.on_us - sun.sunset_us),
        off_after_sunrise_min=_median(found.switching.off_us - sun.sunrise_us),
        nights=tuple(_night(number, found, sun, tz) for number in np.flatnonzero(shown).tolist()),
        sigma=found.sigma,
        detectable_lamps=found.detectable,
        events=tuple(
            model.Event(
                one.name,
                _iso(one.from_us, tz),
                None if one.to_us is None or one.to_us >= end_us else _iso(one.to_us, tz),
                one.lamps,
                one.confidence,
            )
            for one in found.findings
        ),
        withheld_events=found.withheld,
        notes=_notes(found, match, series, asked, sun),
    )


def _placed(series: PowerSeries, asked: Asked, tz: ZoneInfo) -> tuple[PowerSeries, int, float | None]:
    """The series, when it begins, and how well it fits the sun where that was found out."""
    if series.start_us is not None:
        return series, series.start_us, None
    if asked.start is not None:
        start = asked.start if asked.start.tzinfo is not None else asked.start.replace(tzinfo=tz)
        return series, round(start.timestamp() * 1e6), None
    best: tuple[PowerSeries, int, float] | None = None
    # --interval is in seconds; where only minutes fit the sun, they were meant.
    for factor in (1.0, 60.0):
        tried = replace(series, interval_s=series.interval_s * factor)
        if not 60.0 <= tried.interval_s <= 3600.0 or tried.interval_s * series.power_w.size < 172_800.0:
            continue
        start_us, match = beginning(_lit_quarters(tried), asked.latitude_deg, asked.longitude_deg)
        if best is None or match > best[2] + 0.05:
            best = tried, start_us, match
    if best is None:
        days = series.interval_s * series.power_w.size / 86_400.0
        raise FileProblem(
            f"{series.power_w.size} rows of {series.interval_s:g} s are {days:.2f} days; expected 60 to 3600 s and at "
            "least 2 days, or say when the first row is: --start 2026-01-31T16:00"
        )
    if best[2] < _GOOD_MATCH:
        raise FileProblem(
            f"the power fits the sun at --lat {asked.latitude_deg:g} --lon {asked.longitude_deg:g} on no day of the "
            f"year (at best {best[2]:.0%} of the time); say when the first row is: --start 2026-01-31T16:00, and check "
            "--interval"
        )
    return best


def _in_denmark(asked: Asked) -> bool:
    return 54.5 <= asked.latitude_deg <= 57.8 and 8.0 <= asked.longitude_deg <= 15.2


def _lit_quarters(series: PowerSeries) -> BoolArray:
    power = np.nan_to_num(series.power_w, nan=float(np.nanmedian(series.power_w)))
    low, high = np.quantile(power, (0.05, 0.95))
    lit = power > low + 0.15 * (high - low)
    quarters = int(lit.size * series.interval_s // _QUARTER_S)
    found: BoolArray = lit[(np.arange(quarters) * _QUARTER_S // series.interval_s).astype(np.int64)]
    return found


def _clock_slots(at: IntArray, tz: tzinfo) -> IntArray:
    """Quarter of the local day of each moment."""
    hours, inverse = np.unique(at // _HOUR_US, return_inverse=True)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    offsets = [(epoch + timedelta(hours=int(one))).astimezone(tz).utcoffset() or timedelta() for one in hours]
    local = at // _US + np.array([round(one.total_seconds()) for one in offsets], dtype=np.int64)[inverse]
    slots: IntArray = local % 86_400 // 900
    return slots


def _burning(
    at: IntArray, series: PowerSeries, found: SeriesFaults, sun: Nights, start_us: int, end_us: int
) -> model.Burning:
    above = series.power_w - found.own_w
    lit = np.where(np.isnan(above), np.nan, (above > _LIT * found.full_w).astype(np.float64))
    night, day = night_and_day(at, sun.dusk_us, sun.dawn_us)
    hours = np.full(at.size, series.interval_s / 3600.0)
    known = ~np.isnan(lit)
    return model.Burning(
        float(np.nansum(lit * hours)),
        dark_hours(sun.sunset_us, sun.sunrise_us, start_us, end_us),
        dark_hours(sun.dusk_us, sun.dawn_us, start_us, end_us),
        float((lit[known & day] * hours[known & day]).sum()),
        float(hours[~known].sum()),
        burning(lit, night.astype(np.float64), hours).lit_share,
    )


def _night(number: int, found: SeriesFaults, sun: Nights, tz: ZoneInfo) -> model.Night:
    on, off = float(found.switching.on_us[number]), float(found.switching.off_us[number])
    down, up = int(sun.sunset_us[number]), int(sun.sunrise_us[number])
    residual = float(found.residual[number])
    return model.Night(
        _iso(down, tz)[:10],
        _iso(down, tz),
        _iso(round(on), tz) if np.isfinite(on) else None,
        (on - down) / (60.0 * _US) if np.isfinite(on) else None,
        _iso(up, tz),
        _iso(round(off), tz) if np.isfinite(off) else None,
        (off - up) / (60.0 * _US) if np.isfinite(off) else None,
        residual if np.isfinite(residual) else None,
    )


def _median(late_us: FloatArray) -> float | None:
    known = late_us[np.isfinite(late_us)]
    return float(np.median(known) / (60.0 * _US)) if known.size else None


def _notes(found: SeriesFaults, match: float | None, series: PowerSeries, asked: Asked, sun: Nights) -> tuple[str, ...]:
    notes = []
    away = _median(found.switching.on_us - sun.dusk_us), _median(found.switching.off_us - sun.dawn_us)
    if not found.fits_sun or any(one is not None and abs(one) > FAR_S / 60.0 for one in away):
        notes.append("switching_far_from_twilight")
    if not found.fits_sun:
        notes.append("faults_not_sure")
    if found.sigma is None:
        notes.append("too_few_nights_for_steps")
    if match is not None:
        notes.append("start_found_from_sun")
    if found.lamp_share is None:
        notes.append("lamps_unknown")
    if found.detectable is not None and found.detectable > 1:
        notes.append("few_lamps_not_detectable")
    if asked.lamps and asked.lamp_w and found.full_w < _MUCH_LESS * asked.lamps * asked.lamp_w:
        notes.append("less_power_than_told")
    if series.mixed:
        notes.append("intervals_mixed")
    if np.isnan(series.power_w).mean() > 0.1:
        notes.append("much_missing")
    return tuple(notes)


def _iso(t_us: int, tz: tzinfo) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=t_us)
    return moment.astimezone(tz).isoformat(timespec="seconds")
