"""A cabinet's power out of a file: with times, as every meter's file is read, or as a mere column of numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bypuls.analysis.arrays import FloatArray, IntArray
from bypuls.api.reports.energy.reading import MeterOptions, read_meter_rows
from bypuls.api.reports.energy.reading.columns import unit_of
from bypuls.api.reports.energy.reading.options import KW_PER
from bypuls.api.reports.energy.reading.series import Series, series_of
from bypuls.api.reports.reading.amounts import amounts_of
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.reading.table import HEAD_LINES, delimiters, is_number, lines_of

_US, _DAY_US = 1_000_000, 86_400_000_000
_DATED = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{8}T\d{4}")
_EPOCHS = {"epoch": 1, "epoch_ms": 1000}
_EPOCH_S = 1_262_304_000, 4_102_444_800  # 2010 to 2100
_POWER = ("power", "power_w", "effekt", "load", "last", "watt", "w", "p", "value", "værdi")


@dataclass(frozen=True, slots=True, eq=False)
class PowerSeries:
    """power_w : (n,) evenly spaced, NaN = missing.  start_us : of the first interval [µs UTC], None = the file has no
    times.  zone : of its local clock.  mixed : the file's rows aren't evenly spaced themselves."""

    power_w: FloatArray
    interval_s: float
    start_us: int | None
    zone: str
    unit: str
    unused_lines: int
    mixed: bool = False


def read_power(path: Path, options: MeterOptions, interval_s: float | None) -> PowerSeries:
    """The file's series. interval_s : between rows; needed where there are no times, otherwise checked against them.
    Raises FileProblem, OSError."""
    asked = {"time", "date"} & options.columns.keys()
    lines = lines_of(path, options.encoding)
    if not any(line.strip() for line in lines):
        raise FileProblem(f"{path.name}: empty; expected a column of power")
    head = lines[:HEAD_LINES]
    if not asked and options.date_format in (None, *_EPOCHS):
        options = _with_epochs(lines, options)
        asked = {"time"} & options.columns.keys()
    if asked or options.date_format is not None or any(_DATED.search(line) for line in head):
        return _with_times(path, options, interval_s)
    return _without_times(path, options, interval_s)


def _with_epochs(lines: Sequence[str], options: MeterOptions) -> MeterOptions:
    """The options with the column, if there is one, whose numbers rise line by line and are seconds or milliseconds
    since 1970: times, whatever its heading."""
    rows = [line for line in lines if line.strip()][1 : HEAD_LINES + 1]
    for delimiter in delimiters(lines, options.delimiter):
        cells = list(zip(*csv.reader(rows, delimiter=delimiter, skipinitialspace=True), strict=False))
        for at, column in enumerate(cells if len(cells) > 1 else []):
            texts = [text.strip() for text in column]
            if len(texts) < 2 or not all(map(str.isdecimal, texts)):
                continue
            stamps = list(map(int, texts))
            for name, per_s in _EPOCHS.items():
                if _EPOCH_S[0] * per_s <= min(stamps) <= max(stamps) < _EPOCH_S[1] * per_s and all(
                    map(int.__lt__, stamps, stamps[1:])
                ):
                    columns = {**options.columns, "time": str(at + 1)}
                    return replace(options, columns=columns, date_format=options.date_format or name)
    return options


def _with_times(path: Path, options: MeterOptions, interval_s: float | None) -> PowerSeries:
    rows = read_meter_rows([path], options)
    if not rows.unit_told:
        rows = replace(rows, unit="W")
    series = series_of(rows, options)
    if not series.known.any():
        told = {"two values at one time": rows.tally.by_reason["contradicting"], "below 0": series.negative}
        why = ", ".join(f"{count} {what}" for what, count in told.items() if count) or "all missing"
        raise FileProblem(f"{path.name}: no power in {series.known.size} rows ({why}); expected numbers from 0")
    if series.step != "interval":
        raise FileProblem(f"{path.name}: one value a {series.step}; expected power by the hour or finer")
    step_us, mixed = _step_us(series)
    if interval_s is not None and not {interval_s, 60.0 * interval_s} & {series.step_s, step_us / _US}:
        raise FileProblem(
            f"--interval {interval_s:g}: the times in {path.name} are {series.step_s:g} s apart; leave --interval out, "
            f"or say {series.step_s:g}"
        )
    power = _evenly(series, step_us)
    zone, unit, unused = rows.zone, rows.unit, rows.tally.dropped
    return PowerSeries(power, step_us / _US, int(series.start_us[0]), zone, unit, unused, mixed=mixed)


def _step_us(series: Series) -> tuple[int, bool]:
    """The interval that most of the time has [µs], and whether there are others."""
    length_us = series.end_us - series.start_us
    lengths, inverse = np.unique(length_us, return_inverse=True)
    share = np.bincount(inverse, weights=length_us)
    return int(lengths[np.where(_DAY_US % lengths == 0, share, 0.0).argmax()]), lengths.size > 1


def _evenly(series: Series, step_us: int) -> FloatArray:
    """(n,) mean power of each `step_us` from the first interval on [W]; NaN where less than half of it is known.
    Energy is kept: an interval gives to each step the part that lies in it."""
    first = int(series.start_us[0])
    edges = np.arange(-(-(int(series.end_us[-1]) - first) // step_us) + 1, dtype=np.int64) * step_us
    known, length = series.known, (series.end_us - series.start_us).astype(np.float64)
    # Each interval's two ends, and what has gone by at them; between intervals nothing goes by.
    ends = np.stack((series.start_us, series.end_us), axis=1).ravel() - first

    def within(amount: FloatArray) -> FloatArray:
        after = np.cumsum(amount)
        found: FloatArray = np.diff(np.interp(edges, ends, np.stack((after - amount, after), axis=1).ravel()))
        return found

    covered_us = within(np.where(known, length, 0.0))
    kwh = within(np.where(known, series.kwh, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(covered_us >= step_us / 2.0, kwh * 1000.0 / (covered_us / (3600.0 * _US)), np.nan)


def _without_times(path: Path, options: MeterOptions, interval_s: float | None) -> PowerSeries:
    if interval_s is None:
        raise FileProblem(f"{path.name}: no times found; say how many seconds lie between rows: --interval 60")
    lines = [line for line in lines_of(path, options.encoding) if line.strip()]
    if not lines:
        raise FileProblem(f"{path.name}: empty; expected a column of power")
    likely = delimiters(lines, options.delimiter)
    if (
        "," in likely
        and lines[0].count(",") == lines[-1].count(",") > 0
        and not any(map(is_number, lines[0].split(",")))
    ):
        likely = [",", *(mark for mark in likely if mark != ",")]  # headings have no decimal comma
    for delimiter in likely:
        cells = list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
        first = next((at for at, row in enumerate(cells[:HEAD_LINES]) if any(is_number(cell) for cell in row)), None)
        if first is None:
            continue
        names = cells[first - 1] if first else []
        at = _column(path.name, names, cells[first], options.columns)
        body = [row for row in cells[first:] if len(row) > at]
        values, wrong = amounts_of([row[at] for row in body], options.decimal, path.name)
        unit = options.unit or (unit_of(names[at]) if at < len(names) else None) or "W"
        if unit not in KW_PER:
            raise FileProblem(f"{path.name}: unit {unit}; without times expected a power: --unit W, kW or MW")
        return PowerSeries(
            np.where(wrong, np.nan, values) * KW_PER[unit] * 1000.0,
            interval_s,
            None,
            options.timezone or "Europe/Copenhagen",
            unit,
            int(wrong.sum()) + len(cells) - first - len(body),
        )
    raise FileProblem(f"{path.name}: no numbers found; the first line is {lines[0][:80]!r}. Expected a column of power")


def _column(name: str, names: Sequence[str], row: Sequence[str], asked: Mapping[str, str]) -> int:
    folded = [one.strip().casefold() for one in names]
    text = asked.get("value")
    if text is not None:
        if text.casefold() in folded:
            return folded.index(text.casefold())
        if text.isdecimal() and 1 <= int(text) <= len(row):
            return int(text) - 1
        raise FileProblem(f"--map value={text}: no such column in {name}; expected {', '.join(names) or 'its number'}")
    numeric = [at for at, cell in enumerate(row) if is_number(cell)]
    if len(numeric) == 1:
        return numeric[0]
    told = [at for at in numeric if at < len(folded) and (unit_of(folded[at]) in KW_PER or folded[at] in _POWER)]
    if len(told) == 1:
        return told[0]
    shown = ", ".join(names[at] if at < len(names) else str(at + 1) for at in numeric)
    raise FileProblem(f"{name}: several columns could be the power: {shown}; say which: --map value=HEADING")


def grid_us(series: PowerSeries, start_us: int) -> IntArray:
    """(n,) when each interval begins [µs UTC]."""
    return start_us + np.arange(series.power_w.size, dtype=np.int64) * round(series.interval_s * _US)
