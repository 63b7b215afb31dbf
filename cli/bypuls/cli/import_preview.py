"""What an import understood of its files, in plain lines, before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from rich.console import Console
from rich.table import Table

from bypuls.analysis.arrays import IntArray
from bypuls.analysis.degree_days import degree_days
from bypuls.analysis.localtime import local_day_edges_us, local_month_edges_us
from bypuls.api.reports.energy.reading import MeterRows, Series, Weather
from bypuls.api.reports.energy.reading.eloverblik import QUALITIES
from bypuls.api.reports.energy.reading.zones import local_time, zone_named
from bypuls.api.reports.reading.tally import LineTally

FIRST_ROWS = 5
MOST_MONTHS = 36


@dataclass(frozen=True, slots=True)
class Sums:
    """Local periods: names, sums and known hours, and their length [h]."""

    names: Sequence[str]
    total: Sequence[float]
    known_h: Sequence[float]
    length_h: Sequence[float]


def month_sums(series: Series) -> Sums:
    """Sums by local month."""
    tz = zone_named(series.zone)
    first, last = _days(series)
    edges = local_month_edges_us(tz, first, last)
    names = [f"{local_time(int(t), tz):%Y-%m}" for t in edges[:-1]]
    return _sums(series, edges, names)


def clock_change_days(series: Series) -> Sums:
    """The local days of 23 or 25 hours."""
    tz = zone_named(series.zone)
    first, last = _days(series)
    edges = local_day_edges_us(tz, first, last)
    found = _sums(series, edges, [str(first + timedelta(days=n)) for n in range(edges.size - 1)])
    odd = [at for at, hours in enumerate(found.length_h) if hours != 24.0]
    return Sums(
        [found.names[at] for at in odd],
        [found.total[at] for at in odd],
        [found.known_h[at] for at in odd],
        [found.length_h[at] for at in odd],
    )


def show_files(console: Console, rows: MeterRows) -> None:
    """Columns, first rows, unit, zone, what was wrong."""
    _line(console, "files", ", ".join(rows.files))
    _line(console, "columns", ", ".join(f"{key} = {heading}" for key, heading in rows.columns.items()))
    for row in rows.first_rows[:FIRST_ROWS]:
        _line(console, "", "  ".join(row))
    _line(console, "unit", rows.unit + ("" if rows.unit_told else " (assumed: the file names none; say --unit)"))
    zone = rows.zone + ("" if rows.zone_told else " (assumed: the times name none; say --tz)")
    _line(console, "local time of", zone)
    _dirt(console, rows.tally, rows.missing)
    for mark, count in sorted(rows.quality.items()):
        name = f"{mark} ({QUALITIES[mark]})" if mark in QUALITIES else mark
        _line(console, "quality", f"{name}: {count:,}")


def show_meter(console: Console, name: str, series: Series, *, unit: str, zeros_count: bool) -> None:
    """Span, interval, sums by month and on the days of the clock change."""
    tz = zone_named(series.zone)
    first, last = (f"{local_time(int(t), tz):%Y-%m-%d %H:%M}" for t in (series.start_us[0], series.end_us[-1]))
    known = int(series.known.sum())
    _line(console, "meter", name)
    kind = "readings of a register" if series.values == "register" else "amounts of intervals"
    how = f"{kind}, every {series.step_s / 60:g} min" if series.step == "interval" else f"{kind}, by {series.step}"
    _line(console, "values", how + (" (found out)" if series.found_out else ""))
    _line(console, "span", f"{first} to {last}: {known:,} of {_expected(series):,} intervals are known")
    zeros = int((series.kwh == 0.0).sum())
    if zeros and zeros_count:
        _line(console, "zeros", f"{zeros:,}; of electricity they usually stand for missing values: --zero-is-missing")
    if series.negative or series.resets or series.refused:
        told = f"{series.negative} below zero, {series.resets} resets, {series.refused} impossible rises: unknown"
        _line(console, "left out", told)
    _line(console, "sum", f"{float(np.nansum(series.kwh)):,.3f} {unit}")
    months = month_sums(series)
    table = Table("month", f"sum, {unit}", "hours known", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for at, month in enumerate(months.names[:MOST_MONTHS]):
        table.add_row(month, f"{months.total[at]:,.3f}", f"{months.known_h[at]:g} of {months.length_h[at]:g}")
    console.print(table)
    if len(months.names) > MOST_MONTHS:
        console.print(f"… and {len(months.names) - MOST_MONTHS} months more")
    changes = clock_change_days(series)
    for at, day in enumerate(changes.names):
        hours = f"{changes.known_h[at]:g} of {changes.length_h[at]:g} hours known"
        _line(console, "clock change", f"{day}: {hours}, {changes.total[at]:,.3f} {unit}")


def show_weather(console: Console, weather: Weather, zone: str) -> None:
    """Span, unit, means and degree days by month."""
    tz = zone_named(zone)
    _line(console, "files", ", ".join(weather.files))
    _line(console, "column", weather.column)
    _line(console, "unit", f"°{weather.unit}" + ("" if weather.unit_told else " (assumed; say --temperature-unit)"))
    _line(console, "local time of", zone)
    first, last = (local_time(int(t), tz) for t in (weather.t_us[0], weather.t_us[-1]))
    _line(console, "span", f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}: {weather.t_us.size:,} temperatures")
    _dirt(console, weather.tally, weather.missing)
    edges = local_day_edges_us(tz, first.date(), last.date())
    means = weather.daily_means(edges)
    days = [first.date() + timedelta(days=n) for n in range(means.size)]
    each = degree_days(means)
    table = Table("month", "mean, °C", "degree days (17 °C)", "days known", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    months = sorted({f"{day:%Y-%m}" for day in days})
    for month in months[:MOST_MONTHS]:
        at = np.array([f"{day:%Y-%m}" == month for day in days])
        known = at & np.isfinite(means)
        if known.any():
            count = f"{int(known.sum())} of {int(at.sum())}"
            table.add_row(month, f"{means[known].mean():.1f}", f"{each[known].sum():.0f}", count)
    console.print(table)


def registry_rows(rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as the CSV that `bypuls registry import` takes."""
    listed = list(rows)
    names = list(dict.fromkeys(name for row in listed for name in row))
    return "\n".join([",".join(names), *(",".join(str(row.get(name, "")) for name in names) for row in listed)])


def _dirt(console: Console, tally: LineTally, missing: int) -> None:
    dropped = ", ".join(f"{reason} {count}" for reason, count in tally.by_reason.items() if count)
    told = f"{tally.lines:,} read, {tally.lines - tally.dropped:,} used"
    _line(console, "lines", told + (f"; left out: {dropped}" if dropped else ""))
    if missing:
        _line(console, "missing", f"{missing:,} lines without a value: unknown, never zero")
    if tally.out_of_order:
        _line(console, "order", f"{tally.out_of_order} lines out of order, sorted")
    for reason, places in tally.examples.items():
        if tally.by_reason.get(reason):
            _line(console, "", f"{reason}: for example line {', '.join(places[:3])}")


def _line(console: Console, name: str, text: str) -> None:
    console.print(f"{name:<13} {text}", markup=False, highlight=False, soft_wrap=True)


def _days(series: Series) -> tuple[date, date]:
    tz = zone_named(series.zone)
    return local_time(int(series.start_us[0]), tz).date(), local_time(int(series.end_us[-1]) - 1, tz).date()


def _expected(series: Series) -> int:
    if series.step != "interval":
        return int(series.kwh.size)
    return round((int(series.end_us[-1]) - int(series.start_us[0])) / 1e6 / series.step_s)


def _sums(series: Series, edges: IntArray, names: Sequence[str]) -> Sums:
    at = np.searchsorted(edges, series.start_us, "right") - 1
    known = series.known
    size = edges.size - 1
    total = np.bincount(at[known], series.kwh[known], minlength=size)
    hours = np.bincount(at[known], ((series.end_us - series.start_us) / 3.6e9)[known], minlength=size)
    return Sums(names, total.tolist(), hours.round(4).tolist(), (np.diff(edges) / 3.6e9).tolist())
