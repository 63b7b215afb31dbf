"""What a report says of its data: each kind of dirt by name, counted, with the first places."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.arrays import BoolArray
from bypuls.api.reports.energy.days import MeterDays
from bypuls.api.reports.energy.model import Finding, Quality, Span, WeatherQuality
from bypuls.api.reports.energy.reading.meters import MeterRows
from bypuls.api.reports.energy.reading.series import Series
from bypuls.api.reports.energy.reading.weather import Weather
from bypuls.api.reports.energy.reading.zones import local_time, zone_named

EXAMPLES = 5
LONGEST = 20


def quality_of(
    rows: MeterRows, series: Series, days: MeterDays, weather: Weather, medium: str, *, medium_assumed: bool
) -> Quality:
    """The quality of files that were read and cleaned."""
    tz = zone_named(series.zone)
    dirt, tally = days.dirt, rows.tally
    step_h = series.step_s / 3600.0
    stuck = [
        Span(
            _iso(int(series.start_us[one.first]), tz),
            _iso(int(series.end_us[one.last]), tz),
            one.n * step_h,
            round(one.value, 6),
        )
        for one in dirt.stuck
    ]
    jumps = [
        Span(str(days.dates[one.first]), str(days.dates[one.last]), (one.last - one.first + 1) * 24.0, one.factor)
        for one in dirt.jumps
    ]
    gaps = [Span(_iso(one.start_us, tz), _iso(one.end_us, tz), one.seconds / 3600.0) for one in dirt.gaps]
    known = np.isfinite(days.clean)
    length_s = (series.end_us - series.start_us) / 1e6
    whole_s = float(series.end_us[-1] - series.start_us[0]) / 1e6
    return Quality(
        files=rows.files,
        lines=tally.lines,
        used=tally.lines - tally.dropped,
        dropped=tally.by_reason,
        examples=tally.examples,
        out_of_order=tally.out_of_order,
        empty=tally.empty,
        times_assumed=tally.times_assumed,
        values=series.values,
        values_found_out=series.found_out,
        unit=rows.unit,
        unit_assumed=not rows.unit_told,
        medium=medium,
        medium_assumed=medium_assumed,
        timezone=series.zone,
        timezone_assumed=not rows.zone_told,
        step=series.step,
        interval_s=series.step_s,
        first=_iso(int(series.start_us[0]), tz),
        last=_iso(int(series.end_us[-1]), tz),
        intervals=int(series.kwh.size),
        known=int(known.sum()),
        zeros=int(dirt.zero.sum()),
        zeros_missing=int(dirt.zero_missing.sum()),
        days=int(days.dates.size),
        days_known=int(np.isfinite(days.use).sum()),
        coverage=min(float(length_s[known].sum()) / whole_s, 1.0),
        marks=dict(rows.quality),
        gaps=_longest(gaps),
        stuck=_longest(stuck),
        unit_jumps=tuple(jumps[:LONGEST]),
        findings=_findings(rows, series, days, tz, gaps, stuck, jumps),
        weather=_weather(weather, days),
    )


def _findings(
    rows: MeterRows,
    series: Series,
    days: MeterDays,
    tz: ZoneInfo,
    gaps: Sequence[Span],
    stuck: Sequence[Span],
    jumps: Sequence[Span],
) -> tuple[Finding, ...]:
    tally, dirt = rows.tally, days.dirt
    found = [
        Finding(reason, n, "lines", left_out=True, where=tally.examples.get(reason, ()))
        for reason, n in tally.by_reason.items()
    ]

    def times(mask: BoolArray) -> tuple[str, ...]:
        return tuple(_iso(int(t), tz) for t in series.start_us[np.flatnonzero(mask)[:EXAMPLES]])

    def spans(of: Sequence[Span]) -> tuple[str, ...]:
        return tuple(f"{one.start} … {one.end}" for one in of[:EXAMPLES])

    partly = np.isfinite(days.kwh) & (days.coverage < 1.0 - 1e-9)
    late = tally.examples.get("out_of_order", ())
    found += [
        Finding("out_of_order", tally.out_of_order, "lines", left_out=False, where=late),
        Finding("time_told_by_order", tally.times_assumed, "lines", left_out=False),
        Finding("missing_value", int((~series.known).sum()) - series.negative, "intervals", left_out=True,
                where=times(~series.known)),
        Finding("negative", series.negative, "intervals", left_out=True),
        Finding("zero_for_missing", int(dirt.zero_missing.sum()), "intervals", left_out=True,
                where=times(dirt.zero_missing)),
        Finding("zero", int((dirt.zero & ~dirt.zero_missing).sum()), "intervals", left_out=False),
        Finding("unit_jump", len(jumps), "stretches", left_out=True, where=spans(jumps)),
        Finding("spike", int(dirt.spike.sum()), "intervals", left_out=True, where=times(dirt.spike)),
        Finding("stuck", len(stuck), "stretches", left_out=True, where=spans(stuck)),
        Finding("gap", len(gaps), "stretches", left_out=True, where=spans(gaps)),
        Finding("reset", series.resets, "intervals", left_out=True),
        Finding("impossible_rise", series.refused, "intervals", left_out=True),
        Finding("day_scaled_up", int((partly & np.isfinite(days.use)).sum()), "days", left_out=False),
        Finding("day_below_half", int((~np.isfinite(days.use)).sum()), "days", left_out=True),
        Finding("day_without_temperature", int(np.isnan(days.mean_c).sum()), "days", left_out=True),
    ]  # fmt: skip
    return tuple(one for one in found if one.n)


def _weather(weather: Weather, days: MeterDays) -> WeatherQuality:
    tally = weather.tally
    known = days.mean_c[np.isfinite(days.mean_c)]
    return WeatherQuality(
        files=weather.files,
        column=weather.column,
        unit=weather.unit,
        unit_assumed=not weather.unit_told,
        interval_s=weather.step_s,
        lines=tally.lines,
        used=tally.lines - tally.dropped,
        dropped=tally.by_reason,
        missing=weather.missing,
        days_known=int(known.size),
        lowest_c=float(known.min()) if known.size else None,
        highest_c=float(known.max()) if known.size else None,
    )


def _longest(spans: Sequence[Span]) -> tuple[Span, ...]:
    chosen = sorted(spans, key=lambda span: -span.hours)[:LONGEST]
    return tuple(sorted(chosen, key=lambda span: span.start))


def _iso(t_us: int, tz: ZoneInfo) -> str:
    return local_time(t_us, tz).isoformat(timespec="minutes")
