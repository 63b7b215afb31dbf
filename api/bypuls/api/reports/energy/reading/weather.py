"""Files of outdoor temperature: hourly, more often, or daily means."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bypuls.analysis.arrays import FloatArray, IntArray
from bypuls.api.reports.energy.reading.columns import WEATHER_KEYS, Asked, degrees_of, find_table
from bypuls.api.reports.energy.reading.options import WeatherOptions
from bypuls.api.reports.energy.reading.zones import zone_named
from bypuls.api.reports.reading.amounts import amounts_of
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.reading.moments import NONEXISTENT, UNKNOWN
from bypuls.api.reports.reading.tally import LineTally
from bypuls.api.reports.reading.times import reader_of_times, when

REASONS = ("unparsable", "nonexistent_time", "impossible", "duplicate", "filtered")
LOWEST_C, HIGHEST_C = -60.0, 60.0
_TOO_WARM_C = 45.0  # a 95th percentile above this is no place's weather in °C
_COVERED = 0.5  # of a day's values


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """t_us : (n,) [µs UTC] rising, start of what a value is of.  temp_c : (n,) [°C].  step_s : usual distance [s]."""

    t_us: IntArray
    temp_c: FloatArray
    step_s: float
    unit: str
    unit_told: bool
    tally: LineTally
    files: tuple[str, ...]
    column: str
    missing: int

    def daily_means(self, edges_us: IntArray) -> FloatArray:
        """Mean of each local day [°C]; NaN where fewer than half of its values are known.

        edges_us : (d + 1,) [µs UTC] local midnights."""
        days = edges_us.size - 1
        # A daily mean stamped at another hour belongs to the day in which its middle lies.
        at = self.t_us + (round(self.step_s * 5e5) if self.step_s > 43_200 else 0)
        day = np.searchsorted(edges_us, at, "right") - 1
        inside = (day >= 0) & (day < days)
        total = np.bincount(day[inside], self.temp_c[inside], minlength=days)
        count = np.bincount(day[inside], minlength=days)
        expected = np.maximum(np.diff(edges_us) / 1e6 / self.step_s, 1.0)
        enough = count >= _COVERED * np.minimum(expected, 24.0 * 60)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where((count > 0) & enough, total / count, np.nan)


def read_weather(paths: Sequence[Path], options: WeatherOptions) -> Weather:
    """The temperatures of all files together.  Raises FileProblem, OSError."""
    zone_named(options.timezone, "--weather-tz")
    tally = LineTally(REASONS)
    times: list[IntArray] = []
    temps: list[FloatArray] = []
    units: dict[str, str] = {}
    column, missing = "", 0
    for path in paths:
        prefix = f"{path.name}:" if len(paths) > 1 else ""
        found = find_table(
            path,
            Asked(
                WEATHER_KEYS, "temperature", "temperatures", options.columns, options.delimiter, options.encoding,
                options.where,
            ),
        )  # fmt: skip
        table, index = found.table, found.values[0]
        tally.skipped_before_table += table.skipped
        column = found.unit or str(index + 1)
        told = degrees_of(found.unit or "") or degrees_of(re.sub(r"(\.\w+)+$", "", path.name).replace("-", " "))
        if told is not None:
            units[path.name] = told
        needed = max(index, *(table.columns[key] for key in ("time", "date") if key in table.columns))
        places, cells = [], []
        for line, row in table.rows():
            if row is not None and not any(text.strip() for text in row):
                tally.empty += 1
                continue
            tally.lines += 1
            if row is None or len(row) <= needed:
                tally.drop("unparsable", f"{prefix}{line}")
            elif any(len(row) <= at or row[at].strip() != value for at, value in table.where.items()):
                tally.drop("filtered", f"{prefix}{line}")
            else:
                places.append(f"{prefix}{line}")
                cells.append(row)
        if not cells:
            continue
        value, wrong = amounts_of([row[index] for row in cells], options.decimal, path.name)
        moments = reader_of_times(table, options.timezone, options.date_format, each_once=True)
        assert moments is not None  # a table is found by its times
        pairs = [moments.local_us(when(row, table)) for row in cells]
        t_us = moments.to_utc(np.array([local for local, _ in pairs], dtype=np.int64), [zone for _, zone in pairs])
        tally.times_assumed += moments.assumed
        good = np.ones(t_us.size, dtype=np.bool_)
        for mask, reason in ((wrong | (t_us == UNKNOWN), "unparsable"), (t_us == NONEXISTENT, "nonexistent_time")):
            for at in np.flatnonzero(mask & good).tolist():
                tally.drop(reason, places[at])
            good &= ~mask
        missing += int((good & np.isnan(value)).sum())
        good &= np.isfinite(value)
        times.append(t_us[good])
        temps.append(value[good])
    names = tuple(path.name for path in paths)
    if not times or not sum(part.size for part in times):
        raise FileProblem(f"{', '.join(names)}: no temperatures; check --weather-map, --date-format and --decimal")
    unit: str | None = options.unit or next(iter(units.values()), None)
    return _checked(np.concatenate(times), np.concatenate(temps), unit, tally, names, column, missing, options)


def _checked(
    t_us: IntArray,
    temps: FloatArray,
    unit: str | None,
    tally: LineTally,
    names: tuple[str, ...],
    column: str,
    missing: int,
    options: WeatherOptions,
) -> Weather:
    temp_c = (temps - 32.0) / 1.8 if unit == "F" else temps
    if float(np.percentile(temp_c, 95)) > _TOO_WARM_C:
        raise FileProblem(
            f"{', '.join(names)}: temperatures up to {temps.max():g}; expected °C: say --temperature-unit F where they "
            "are °F"
        )
    possible = (temp_c >= LOWEST_C) & (temp_c <= HIGHEST_C)
    for _ in range(int((~possible).sum())):
        tally.drop("impossible", column)
    order = np.flatnonzero(possible)[np.argsort(t_us[possible], kind="stable")]
    times = t_us[order]
    again = np.concatenate(([False], times[1:] == times[:-1]))
    for _ in range(int(again.sum())):
        tally.drop("duplicate", column)
    times, kept = times[~again], temp_c[order][~again]
    if times.size < 2:
        raise FileProblem(f"{', '.join(names)}: {times.size} temperatures; expected a series")
    step_s = Counter(np.diff(times).tolist()).most_common(1)[0][0] / 1e6
    if options.stamp == "end":
        times = times - round(step_s * 1e6)
    return Weather(times, kept, step_s, unit or "C", unit is not None, tally, names, column, missing)
