"""A site's observations out of the store: quarter-hour rollups, merged, never raw passages.

Rollups keep every statistic for ever, so a report says the same before and after single passages were deleted. Slots of
time without a vehicle are rows of 0 where somebody watched, and no rows where nobody did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.localtime import local_day_edges_us
from bypuls.api.directory import Directory
from bypuls.api.periods import Span, edges_of
from bypuls.api.reports.speed.model import Quality
from bypuls.api.reports.speed.observations import Bins, Bools, Floats, Ints, Observations
from bypuls.api.reports.speed.stored_classes import count_table, has_speeds
from bypuls.api.vehicles import KINDS, observed
from bypuls.store.protocol import BinTable, Store
from bypuls.store.registry import Sensor
from bypuls.wire import from_us
from bypuls.wire.bins import TRAFFIC

DIRECTIONS = ("toward", "away")
QUARTERS_FOR_DAYS = 62
"""Longer periods are read by hours: a peak hour's quarters are of use for a month, not for years."""
GAP_US = 4 * 3_600_000_000
WITHOUT_SPEED = "without_speed"

_NAMES = (
    "n", "sum_kmh", "sum_kmh2", "max_kmh", "hist", "ff_n", "ff_sum_kmh", "ff_sum_kmh2", "ff_max_kmh", "ff_hist",
    "width_kmh", "uptime_s",
)  # fmt: skip
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Survey:
    """What is asked for: a stretch of time [start, end) [µs UTC] on whole quarters, in a zone of local days."""

    zone: ZoneInfo
    start_us: int
    end_us: int

    @property
    def start(self) -> datetime:
        """Its beginning, in local time."""
        return from_us(self.start_us).astimezone(self.zone)

    @property
    def end(self) -> datetime:
        """Its end, in local time."""
        return from_us(self.end_us).astimezone(self.zone)

    @property
    def days(self) -> tuple[date, date]:
        """Its first and last local day."""
        return self.start.date(), from_us(self.end_us - 1).astimezone(self.zone).date()


def observations_of(
    store: Store, directory: Directory, site: str, survey: Survey, *, direction: str | None = None
) -> Observations:
    """What the site's sensors saw, of one direction where it is given.

    Raises MixedWidths where classes of its sensors don't add up; StoreError."""
    sensors = directory.sensors_of(kinds=KINDS, site=site)
    span = _slots(survey)
    table = store.bins(
        TRAFFIC, [sensor.id for sensor in sensors], span.start_us, span.end_us, _NAMES,
        by=("direction", "vehicle_class"),
    )  # fmt: skip
    watched_s = observed(store, sensors, table, span) if sensors else np.full(len(span.length_s), np.nan)
    if direction is not None:
        table = _where(table, table.tags["direction"] == direction)
    speeds = has_speeds(table.columns["hist"].tolist())
    n_all = float(np.nansum(table.columns["n"]))
    bins, free = _bins(table, speeds, span, watched_s, (direction,) if direction else DIRECTIONS)
    used = float(bins.counts.sum())
    return Observations(
        vehicles=None,
        bins=bins,
        quality=Quality(
            lines=round(n_all), used=round(used), dropped={WITHOUT_SPEED: max(round(n_all) - round(used), 0)}
        ),
        free_flow=free,
        resolution_kmh=float(table.columns["width_kmh"][speeds][0]) or None if speeds.any() else None,
        coverage=_coverage(table, sensors, span, watched_s, survey),
    )


def _slots(survey: Survey) -> Span:
    first, last = from_us(survey.start_us), from_us(survey.end_us)
    if survey.end_us - survey.start_us <= QUARTERS_FOR_DAYS * _DAY_US:
        return Span("15min", survey.zone, edges_of("15min", first, last, survey.zone))
    edges = edges_of("hour", first, last, survey.zone)
    inner = edges[(edges > survey.start_us) & (edges < survey.end_us)]
    return Span("hour", survey.zone, np.array([survey.start_us, *inner.tolist(), survey.end_us], dtype=np.int64))


def _where(table: BinTable, mask: Bools) -> BinTable:
    return replace(
        table,
        sensor=table.sensor[mask],
        t_us=table.t_us[mask],
        tags={name: tag[mask] for name, tag in table.tags.items()},
        columns={name: column[mask] for name, column in table.columns.items()},
    )


def _bins(
    table: BinTable, speeds: Bools, span: Span, watched_s: Floats, directions: tuple[str, ...]
) -> tuple[Bins, Bins | None]:
    """All vehicles with a speed, and those of them that drove freely."""
    table = _where(table, speeds)
    tags = list(dict.fromkeys([(one, "") for one in directions]))
    pairs = list(zip(table.tags["direction"].tolist(), table.tags["vehicle_class"].tolist(), strict=True))
    seen = sorted(set(pairs))
    classes = any(name for _, name in seen)
    # Rows of 0 tell that a direction was watched; with classes the real rows' own tags do.
    tags = seen if classes else list(dict.fromkeys([*tags, *seen]))
    place = {tag: at for at, tag in enumerate(tags)}
    slots = len(span.length_s)
    at: Ints = span.rows_of(table.t_us) * len(tags) + np.array([place[pair] for pair in pairs], dtype=np.int64)
    kept_rows, uptime_s = _kept(at, slots, len(tags), watched_s)

    def part(prefix: str) -> Bins:
        texts = table.columns[f"{prefix}hist"]
        held = np.array([bool(text) for text in texts], dtype=bool)
        lower, upper, counts = count_table(
            texts[held].tolist(), table.columns["width_kmh"][held], at[held], slots * len(tags)
        )
        rows = slots * len(tags)
        sums = {name: _summed(table.columns[f"{prefix}{name}"], at, rows) for name in ("sum_kmh", "sum_kmh2")}
        exact = np.abs(_summed(table.columns[f"{prefix}n"], at, rows) - counts.sum(axis=1)) < 0.5
        numbers = np.repeat(np.arange(slots), len(tags))
        codes = np.tile([directions.index(name) if name in directions else -1 for name, _ in tags], slots)
        return Bins(
            lower_kmh=lower,
            upper_kmh=upper,
            counts=counts[kept_rows],
            t_us=span.edges_us[:-1][numbers][kept_rows],
            period_s=span.length_s[numbers][kept_rows],
            direction=codes[kept_rows].astype(np.int64),
            directions=directions,
            uptime_s=uptime_s,
            sum_kmh=np.where(exact, sums["sum_kmh"], np.nan)[kept_rows],
            sum_kmh2=np.where(exact, sums["sum_kmh2"], np.nan)[kept_rows],
            max_kmh=_highest(table.columns[f"{prefix}max_kmh"], at, rows)[kept_rows],
            vehicle_class=np.tile([name for _, name in tags], slots)[kept_rows] if classes else None,
        )

    has_free = any(bool(text) for text in table.columns["ff_hist"])
    return part(""), part("ff_") if has_free else None


def _kept(at: Ints, slots: int, tags: int, watched_s: Floats) -> tuple[Ints, Floats]:
    """The rows that say something (vehicles, or that somebody watched; and those at either end, which say when), and
    how long each was watched [s]: 0 where nobody says so and no vehicle came."""
    seen = np.zeros(slots * tags, dtype=bool)
    seen[at] = True
    uptime_s = np.repeat(watched_s, tags)
    keep = seen | (uptime_s > 0.0)
    uptime_s = np.where(np.isnan(uptime_s) & ~seen, 0.0, uptime_s)
    keep[:tags] = True
    keep[-tags:] = True
    rows = np.flatnonzero(keep)
    return rows, uptime_s[rows]


def _summed(column: Floats, at: Ints, rows: int) -> Floats:
    """(rows,) sums; NaN where a part is unknown."""
    unknown = np.bincount(at, np.isnan(column), rows) > 0.0
    return np.where(unknown, np.nan, np.bincount(at, np.nan_to_num(column), rows))


def _highest(column: Floats, at: Ints, rows: int) -> Floats:
    found = np.full(rows, -np.inf)
    np.maximum.at(found, at, np.where(np.isnan(column), -np.inf, column))
    return np.where(np.isinf(found), np.nan, found)


def _coverage(
    table: BinTable, sensors: Sequence[Sensor], span: Span, watched_s: Floats, survey: Survey
) -> Mapping[date, float]:
    """Share of each local day that was watched: as sensors and devices say, else by the stretches without a vehicle."""
    first, last = survey.days
    edges = local_day_edges_us(survey.zone, first, last)
    day = np.searchsorted(edges, span.edges_us[:-1], "right") - 1
    size = len(edges) - 1
    length_s = np.diff(edges) / 1e6
    told = np.bincount(day, ~np.isnan(watched_s), size) > 0.0
    seconds = np.bincount(day, np.nan_to_num(watched_s), size)
    busy = np.unique(table.t_us[table.columns["n"] > 0.0])
    found: dict[date, float] = {}
    for at in range(size):
        if told[at]:
            share = float(seconds[at] / length_s[at])
        else:
            share = _by_vehicles(busy[(busy >= edges[at]) & (busy < edges[at + 1])], int(edges[at]), int(edges[at + 1]))
        found[from_us(int(edges[at])).astimezone(survey.zone).date()] = min(share, 1.0) if sensors else 0.0
    return found


def _by_vehicles(busy: Ints, start_us: int, end_us: int) -> float:
    """Where nothing else tells: a stretch of more than 4 h by day (06–22) without a vehicle wasn't watched."""
    if not busy.size:
        return 0.0
    waking = start_us + 6 * 3_600_000_000, end_us - 2 * 3_600_000_000
    moments = np.clip(np.concatenate(([waking[0]], busy, [waking[1]])), *waking)
    gaps = np.diff(moments)
    return 1.0 - float(gaps[gaps > GAP_US].sum()) / (end_us - start_us)
