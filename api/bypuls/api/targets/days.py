"""Daily use of meters and daily outdoor temperature as measured savings take them: for models, never for accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from bypuls.analysis.energy.daily import Medium, missing_zero_days, use_for_model
from bypuls.analysis.localtime import local_day_edges_us
from bypuls.api.directory import Directory
from bypuls.api.energy import Floats, there_s
from bypuls.api.periods import Span
from bypuls.store.protocol import Store
from bypuls.store.registry import Sensor
from bypuls.wire import to_us

_LEAST_COVERAGE = 0.5  # of a day's temperature, as of its use


@dataclass(frozen=True, slots=True)
class Days:
    """Local days, one entry each. use_kwh, mean_c : NaN = unknown.  coverage : measured share of the day 0 … 1."""

    day: npt.NDArray[np.datetime64]
    use_kwh: Floats
    coverage: Floats
    mean_c: Floats


def day_span(first: date, last: date, zone: ZoneInfo) -> Span:
    """Local days from `first` up to and with `last`."""
    return Span("day", zone, np.asarray(local_day_edges_us(zone, first, last), dtype=np.int64))


def days_of(
    store: Store, directory: Directory, meters: Sequence[tuple[Sensor, int]], medium: str, span: Span, now: datetime
) -> Days:
    """The meters' use of `medium` added up by local day, with the town's outdoor temperature."""
    count = len(span.length_s)
    first = datetime.fromtimestamp(span.start_us // 1_000_000, UTC).astimezone(span.zone).date()
    day = np.datetime64(first, "D") + np.arange(count)
    total, covered, asked, exported = np.zeros(count), np.zeros(count), np.zeros(count), np.zeros(count)
    keep_us = to_us(now - timedelta(days=2))
    for meter, sign in meters:
        sums = store.sums(
            "meter", [meter.id], span.edges_us, ("import_wh_delta", "import_wh_covered_s", "export_wh_delta"),
            keep_before_us=keep_us,
        )  # fmt: skip
        total += sign * np.nan_to_num(sums["import_wh_delta"][0]) / 1000.0
        covered += np.nan_to_num(sums["import_wh_covered_s"][0])
        exported += np.nan_to_num(sums["export_wh_delta"][0])
        asked += there_s(meter, span)
    coverage = np.where(asked > 0.0, np.minimum(covered / np.where(asked > 0.0, asked, 1.0), 1.0), 0.0)
    use = use_for_model(np.where(covered > 0.0, total, np.nan), coverage)
    mean_c = outdoor_c(store, directory, span, now)
    zeros = missing_zero_days(cast(Medium, medium), day, mean_c, use, own_generation=bool(exported.sum() > 0.0))
    return Days(day, np.where(zeros, np.nan, use), coverage, mean_c)


def outdoor_c(store: Store, directory: Directory, span: Span, now: datetime) -> Floats:
    """(days,) mean outdoor temperature [°C] of the first weather sensor that knows the day, stations before those that
    hang on a wall; NaN = unknown."""
    found = np.full(len(span.length_s), np.nan)
    stations = sorted(directory.sensors_of(kinds=("weather",)), key=lambda one: (one.asset is not None, one.id))
    for station in stations:
        if not np.isnan(found).any():
            break
        sums = store.sums(
            "weather",
            [station.id],
            span.edges_us,
            ("temp_c_sum", "temp_c_n"),
            keep_before_us=to_us(now - timedelta(days=2)),
        )
        n = np.nan_to_num(sums["temp_c_n"][0])
        typical = np.median(n[n > 0.0]) if (n > 0.0).any() else 0.0
        enough = (n > 0.0) & (n >= _LEAST_COVERAGE * typical)
        mean = np.where(enough, sums["temp_c_sum"][0] / np.where(enough, n, 1.0), np.nan)
        found = np.where(np.isnan(found), mean, found)
    return found
