"""Vehicles per row of a span, from quarter-hour bins: counts, speeds from merged histograms, observed time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis import histogram as classed
from bypuls.analysis.errors import BadHistogram, InOpenClass, MixedWidths, NotEnoughVehicles
from bypuls.analysis.histogram_rows import HistogramRows
from bypuls.analysis.localtime import local_day_edges_us
from bypuls.api.directory import Directory
from bypuls.api.periods import Span
from bypuls.store.protocol import BinTable, Store
from bypuls.store.registry import Sensor
from bypuls.wire import from_us
from bypuls.wire.bins import QUARTER_S, TRAFFIC

Floats = npt.NDArray[np.float64]

KINDS = ("passage", "traffic_bin")
_NUMBERS = ("n", "sum_kmh", "max_kmh", "uptime_s")
_TEXTS = ("hist", "width_kmh")


@dataclass(frozen=True, slots=True)
class VehicleRows:
    """Per row of a span; NaN = unknown.

    n : vehicles; 0 only where somebody watched and none came.  speed_n : those of them whose speed is known.
    over_n : vehicles strictly over the limit that held on the row's day.
    observed_s : time that was watched [s], NaN where neither the sensor nor its device tells.
    """

    n: Floats
    speed_n: Floats
    mean_kmh: Floats
    v50_kmh: Floats
    v85_kmh: Floats
    max_kmh: Floats
    over_n: Floats
    observed_s: Floats


def vehicle_rows(
    store: Store,
    directory: Directory,
    sensors: Sequence[Sensor],
    span: Span,
    *,
    direction: str | None = None,
    vehicle_class: str | None = None,
    speeds: bool = True,
) -> VehicleRows:
    """What `sensors` of one site counted in each row, of one direction and class where they are given. Without `speeds`
    the percentiles and what was over the limit stay unknown, which saves reading histograms."""
    names = _NUMBERS + (_TEXTS if speeds else ())
    table = store.bins(
        TRAFFIC, [sensor.id for sensor in sensors], span.start_us, span.end_us, names,
        every_s=900 if speeds else span.fold_s, by=("direction", "vehicle_class"),
    )  # fmt: skip
    rows = len(span.length_s)
    observed_s = observed(store, sensors, table, span)
    kept = np.ones(len(table), dtype=bool)
    for tag, asked in (("direction", direction), ("vehicle_class", vehicle_class)):
        if asked is not None:
            kept &= table.tags[tag] == asked
    row = span.rows_of(table.t_us)
    n = sum_known(row, table.columns["n"], rows, kept)
    # Somebody watched, nobody came: that is zero. Nobody watched: that is unknown.
    n = np.where(np.isnan(n) & (observed_s > 0.0), 0.0, n)
    sum_kmh = sum_known(row, table.columns["sum_kmh"], rows, kept)
    max_kmh = _max_known(row, table.columns["max_kmh"], rows, kept)
    unknown = np.full(rows, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(n > 0.0, sum_kmh / n, np.nan)
    if not speeds:
        return VehicleRows(n, unknown, mean, unknown, unknown, max_kmh, unknown, observed_s)
    limits = row_limits(directory, sensors[0].site if sensors else None, span, direction)
    found = _speeds(table, row, kept, rows, limits)
    return VehicleRows(
        n=n,
        speed_n=np.where(np.isnan(n), np.nan, np.nan_to_num(found.total)),
        mean_kmh=np.where(np.isnan(mean), found.mean, mean),
        v50_kmh=found.v50,
        v85_kmh=found.v85,
        max_kmh=max_kmh,
        # Where some speeds are unknown the number over the limit is, too.
        over_n=np.where(
            (np.nan_to_num(found.total) < n * 0.999) & (n > 0), np.nan, np.where(n == 0.0, 0.0, found.over)
        ),
        observed_s=observed_s,
    )


def observed(store: Store, sensors: Sequence[Sensor], table: BinTable, span: Span) -> Floats:
    """(rows,) how long the sensors watched [s], on average over them: as they say, else while their device was well and
    didn't name them as failing; NaN where nothing tells."""
    rows = len(span.length_s)
    total = np.zeros(rows)
    told_by_any = np.zeros(rows, dtype=bool)
    for sensor in sensors:
        mine = table.sensor == sensor.id
        told = mine & ~np.isnan(table.columns["uptime_s"])
        # Each direction and class carries the same uptime: of one moment the longest counts, not their sum.
        t_us, inverse = np.unique(table.t_us[told], return_inverse=True)
        longest = np.zeros(len(t_us))
        np.maximum.at(longest, inverse, table.columns["uptime_s"][told])
        seconds = np.bincount(span.rows_of(t_us), longest, minlength=rows).astype(np.float64)
        known = np.bincount(span.rows_of(t_us), minlength=rows) > 0
        if not known.all():
            health = _device_well_s(store, sensor, span)
            fill = ~known & ~np.isnan(health)
            seconds[fill] = health[fill]
            known |= fill
        total += seconds
        told_by_any |= known
    return np.where(told_by_any, np.minimum(total / max(len(sensors), 1), span.length_s), np.nan)


def _device_well_s(store: Store, sensor: Sensor, span: Span) -> Floats:
    table = store.bins("health", [sensor.device], span.start_us, span.end_us, ["n", "failing"])
    rows = len(span.length_s)
    if not len(table):
        return np.full(rows, np.nan)
    well = np.array([sensor.id not in (failing or "").split(",") for failing in table.columns["failing"]], dtype=float)
    row = span.rows_of(table.t_us)
    seconds = np.bincount(row, well * QUARTER_S, minlength=rows)
    return np.where(np.bincount(row, minlength=rows) > 0, seconds, np.nan)


def sum_known(row: npt.NDArray[np.int64], values: Floats, rows: int, kept: npt.NDArray[np.bool_]) -> Floats:
    """(rows,) Σ of what is known; NaN where nothing is."""
    known = kept & ~np.isnan(values)
    total = np.bincount(row[known], values[known], minlength=rows)
    return np.where(np.bincount(row[known], minlength=rows) > 0, total, np.nan)


def _max_known(row: npt.NDArray[np.int64], values: Floats, rows: int, kept: npt.NDArray[np.bool_]) -> Floats:
    known = kept & ~np.isnan(values)
    found = np.full(rows, -np.inf)
    np.maximum.at(found, row[known], values[known])
    return np.where(np.isinf(found), np.nan, found)


def row_limits(directory: Directory, site: str | None, span: Span, direction: str | None) -> Floats:
    """(rows,) the limit [km/h] of each row; NaN where none is known or it changes inside the row."""
    found = np.full(len(span.length_s), np.nan)
    if site is None:
        return found
    for start_us, end_us, limit in limit_spans(directory, site, direction, span):
        inside = (span.edges_us[:-1] >= start_us) & (span.edges_us[1:] <= end_us)
        found[inside] = np.nan if limit is None else float(limit)
    return found


def limit_spans(
    directory: Directory, site: str, direction: str | None, span: Span
) -> list[tuple[int, int, int | None]]:
    """(start, end, limit [km/h]) of every stretch of time with one limit, by the local day on which it came into
    force."""
    days = set()
    for row in directory.limits.get(site, []):
        days |= {row.valid_from} | ({row.valid_to} if row.valid_to is not None else set())
    changes = [int(local_day_edges_us(span.zone, day, day)[0]) for day in sorted(days)]
    edges = [span.start_us, *(us for us in changes if span.start_us < us < span.end_us), span.end_us]
    spans: list[tuple[int, int, int | None]] = []
    for first, last in itertools.pairwise(edges):
        limit = directory.limit_kmh(site, direction, from_us(first).astimezone(span.zone).date())
        if spans and spans[-1][2] == limit:
            spans[-1] = (spans[-1][0], last, limit)
        else:
            spans.append((first, last, limit))
    return spans


@dataclass(slots=True)
class _Speeds:
    total: Floats
    mean: Floats
    v50: Floats
    v85: Floats
    over: Floats


def _speeds(
    table: BinTable, row: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_], rows: int, limits: Floats
) -> _Speeds:
    held = kept & np.array([bool(text) for text in table.columns["hist"]], dtype=bool)
    texts, at, widths = table.columns["hist"][held].tolist(), row[held], table.columns["width_kmh"][held]
    if len(texts) and np.ptp(widths) == 0.0 and widths[0] > 0.0 and not any(">" in text for text in texts):
        many = HistogramRows.from_texts(texts, at, rows, float(widths[0]))
        return _Speeds(many.total(), many.mean(), many.percentile(50), many.percentile(85), many.over_limit(limits))
    found = _Speeds(*(np.full(rows, np.nan) for _ in range(5)))
    for number in np.unique(at).tolist():
        of_row = at == number
        one = merged([text for text, here in zip(texts, of_row, strict=True) if here], widths[of_row])
        if one is None or one.total <= 0.0:
            continue
        found.total[number] = one.total
        found.mean[number] = _or_nan(classed.mean, one)
        found.v50[number] = _or_nan(classed.percentile, one, 50.0)
        found.v85[number] = _or_nan(classed.percentile, one, 85.0)
        if not np.isnan(limits[number]):
            found.over[number] = _or_nan(classed.over_limit, one, float(limits[number]))
    return found


def merged(texts: Sequence[str], widths: Floats) -> classed.SpeedHistogram | None:
    """One histogram of rollups' texts; None where there are none, or their classes can't be added up."""
    if not len(texts) or np.isnan(widths).any() or np.ptp(widths) != 0.0:
        return None
    try:
        return classed.merge_texts(texts, float(widths[0]))
    except (MixedWidths, BadHistogram):
        return None


def _or_nan(figure: Callable[..., float], *arguments: float | classed.SpeedHistogram) -> float:
    try:
        return figure(*arguments)
    except (InOpenClass, NotEnoughVehicles):
        return float("nan")
