"""A street's traffic over a period: one sample out of merged histograms, held against the limits of its days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bypuls.analysis import histogram as classed
from bypuls.analysis.errors import InOpenClass
from bypuls.analysis.histogram import SpeedHistogram
from bypuls.analysis.speed import SpeedSummary, summary_of_histogram
from bypuls.api.directory import Directory
from bypuls.api.periods import Span, local_text
from bypuls.api.vehicles import KINDS, limit_spans, merged, observed
from bypuls.store.protocol import BinTable, Store
from bypuls.wire.bins import TRAFFIC

_NAMES = ("n", "sum_kmh", "sum_kmh2", "max_kmh", "uptime_s", "hist", "width_kmh")
METHOD = {
    "percentiles": "from merged histograms, interpolated inside the class; never averaged",
    "over_limit": "strictly more than the limit that held on the local day",
}


@dataclass(frozen=True, slots=True)
class _Sample:
    """Vehicles of one direction (or all) in one stretch with one limit."""

    n: float
    histogram: SpeedHistogram | None
    limit_kmh: int | None

    @property
    def over_n(self) -> float | None:
        """Vehicles strictly over the limit; None where limit or speeds are unknown."""
        if self.n == 0.0:
            return 0.0
        # Vehicles without a known speed may have been over it.
        if self.limit_kmh is None or self.histogram is None or self.histogram.total < self.n * 0.999:
            return None
        try:
            return classed.over_limit(self.histogram, float(self.limit_kmh))
        except InOpenClass:
            return None


def site_summary(
    store: Store,
    directory: Directory,
    site: str,
    span: Span,
    *,
    direction: str | None = None,
) -> dict[str, Any]:
    """The figures of `site` in `span` (one row), of both directions together and of each.

    Speeds of limits that differ by direction are each held against their own.
    """
    sensors = directory.sensors_of(kinds=KINDS, site=site)
    table = store.bins(
        TRAFFIC,
        [sensor.id for sensor in sensors],
        span.start_us,
        span.end_us,
        _NAMES,
        by=("direction", "vehicle_class"),
    )
    watched_s = float(observed(store, sensors, table, span)[0]) if sensors else float("nan")
    directions = [direction] if direction else ["toward", "away"]
    seen = table.tags["direction"]
    by_direction: dict[str, dict[str, Any]] = {}
    samples: list[_Sample] = []
    limits: dict[str, list[tuple[int, int, int | None]]] = {}
    for one in directions if direction else [*directions, ""]:
        mine = seen == one
        if one == "" and not mine.any():
            continue
        limits[one] = limit_spans(directory, site, one or None, span)
        of_direction = [
            _sample(table, mine & (table.t_us >= start) & (table.t_us < end), limit)
            for start, end, limit in limits[one]
        ]
        samples += of_direction
        if one:
            by_direction[one] = _figures(table, mine, of_direction, limits[one], span, watched_s)
    kept = np.ones(len(table), dtype=bool) if direction is None else seen == direction
    whole = limit_spans(directory, site, direction, span)
    return {
        "site": site,
        "name": directory.sites[site].name,
        "start": local_text(span.start_us, span.zone),
        "end": local_text(span.end_us, span.zone),
        "tz": span.zone.key,
        "direction": direction,
        "sensors": [sensor.id for sensor in sensors],
        **_figures(table, kept, samples, whole, span, watched_s),
        "by_direction": by_direction,
        "methods": METHOD,
    }


def _sample(table: BinTable, mine: npt.NDArray[np.bool_], limit: int | None) -> _Sample:
    n = table.columns["n"][mine]
    return _Sample(float(np.nansum(n)), _histogram(table, mine), limit)


def _histogram(table: BinTable, mine: npt.NDArray[np.bool_]) -> SpeedHistogram | None:
    held = mine & np.array([bool(text) for text in table.columns["hist"]], dtype=bool)
    return merged(table.columns["hist"][held].tolist(), table.columns["width_kmh"][held])


def _figures(
    table: BinTable,
    mine: npt.NDArray[np.bool_],
    samples: list[_Sample],
    limits: list[tuple[int, int, int | None]],
    span: Span,
    watched_s: float,
) -> dict[str, Any]:
    counted = table.columns["n"][mine]
    known = not np.isnan(counted).all() if counted.size else watched_s > 0.0
    n = float(np.nansum(counted)) if known else None
    histogram = _histogram(table, mine)
    of: SpeedSummary | None = None
    if histogram is not None and histogram.total > 0.0:
        exact = n is not None and abs(histogram.total - n) < 1e-6 * max(n, 1.0)
        of = summary_of_histogram(
            histogram,
            sum_kmh=_total(table.columns["sum_kmh"][mine]) if exact else None,
            sum_kmh2=_total(table.columns["sum_kmh2"][mine]) if exact else None,
            max_kmh=_highest(table.columns["max_kmh"][mine]),
        )
    overs = [sample.over_n for sample in samples]
    over_n = None if n is None or any(over is None for over in overs) else float(sum(over or 0.0 for over in overs))
    values = {limit for _, _, limit in limits}
    limit = values.pop() if len(values) == 1 else None
    return {
        "n": n,
        "speed_n": histogram.total if histogram is not None else (0.0 if n == 0.0 else None),
        "mean_kmh": of.mean_kmh if of else None,
        "s_kmh": of.s_kmh if of else None,
        "v15_kmh": of.v15_kmh if of else None,
        "v50_kmh": of.v50_kmh if of else None,
        "v85_kmh": of.v85_kmh if of else None,
        "v95_kmh": of.v95_kmh if of else None,
        "max_kmh": of.max_kmh if of else None,
        "limit_kmh": limit,
        "limits": [
            {"start": local_text(start, span.zone), "end": local_text(end, span.zone), "limit_kmh": value}
            for start, end, value in limits
        ],
        "over_limit_n": over_n,
        "over_limit_share": over_n / n if over_n is not None and n else None,
        "v85_over_limit_kmh": of.v85_kmh - limit if of and of.v85_kmh is not None and limit is not None else None,
        "coverage": None if np.isnan(watched_s) else min(watched_s / float(span.length_s.sum()), 1.0),
        "method": of.method if of else None,
    }


def _total(column: npt.NDArray[np.float64]) -> float | None:
    known = column[~np.isnan(column)]
    return float(known.sum()) if known.size else None


def _highest(column: npt.NDArray[np.float64]) -> float | None:
    known = column[~np.isnan(column)]
    return float(known.max()) if known.size else None
