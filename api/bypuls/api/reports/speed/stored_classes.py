"""Rollups' histograms as one table of counts: a row per slot of time, direction and class."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from bypuls.analysis.errors import MixedWidths
from bypuls.analysis.histogram import parse_histogram
from bypuls.analysis.histogram_rows import HistogramRows
from bypuls.api.reports.speed.observations import Bools, Floats, Ints

_OPEN = re.compile(r",?>([0-9.]+):([0-9.]+)")
_WITHOUT_EDGES = re.compile(r">0:[0-9.]+")


def has_speeds(texts: Sequence[str | None]) -> Bools:
    """(n,) which texts say something of speeds: some sensors count one class without them (`>0:12`)."""
    return np.array([bool(text and _WITHOUT_EDGES.fullmatch(text) is None) for text in texts], dtype=np.bool_)


def count_table(texts: Sequence[str], widths: Floats, at: Ints, rows: int) -> tuple[Floats, Floats, Floats]:
    """(k,) lower and upper edges [km/h], and (rows, k) counts of the texts added up per row.

    texts, widths, at : (n,) each text with its class width [km/h] (0 = irregular) and its row.
    Raises MixedWidths where classes differ, BadHistogram."""
    if not len(texts):
        return np.zeros(1), np.ones(1), np.zeros((rows, 1))
    width = float(widths[0])
    if np.isnan(widths).any() or np.ptp(widths) != 0.0:
        found = ", ".join(f"{one:g}" for one in np.unique(widths[~np.isnan(widths)]))
        raise MixedWidths(f"classes of {found} km/h; expected one width: report the sensors one by one")
    return _irregular(texts, at, rows) if width == 0.0 else _even(texts, width, at, rows)


def _even(texts: Sequence[str], width: float, at: Ints, rows: int) -> tuple[Floats, Floats, Floats]:
    closed, tops = list(texts), np.zeros(rows)
    edges: set[float] = set()
    for i, text in enumerate(texts):
        if ">" in text:
            for edge, n in _OPEN.findall(text):
                edges.add(float(edge))
                tops[at[i]] += float(n)
            closed[i] = _OPEN.sub("", text).lstrip(",")
    counts = HistogramRows.from_texts(closed, at, rows, width).counts
    upper = np.arange(1, counts.shape[1] + 1, dtype=np.float64) * width
    lower: Floats = upper - width
    if not edges:
        return lower, upper, counts
    if len(edges) > 1 or upper[-1] > (top := max(edges)) + 1e-9:
        told = ", ".join(f"{edge:g}" for edge in sorted(edges))
        raise MixedWidths(f"open classes above {told} km/h; expected one, above all others")
    missing = round((top - float(upper[-1])) / width)
    counts = np.column_stack([counts, np.zeros((rows, missing)), tops])
    lower = np.arange(counts.shape[1], dtype=np.float64) * width
    return lower, np.append(lower[1:], np.inf), counts


def _irregular(texts: Sequence[str], at: Ints, rows: int) -> tuple[Floats, Floats, Floats]:
    parsed = [parse_histogram(text, 0.0) for text in texts]
    first = parsed[0]
    counts = np.zeros((rows, first.counts.size))
    for one, row in zip(parsed, at.tolist(), strict=True):
        if not np.array_equal(one.upper_edges_kmh, first.upper_edges_kmh):
            raise MixedWidths(
                f"classes up to {first.upper_edges_kmh.tolist()} and up to {one.upper_edges_kmh.tolist()} km/h; "
                "expected equal classes: report the sensors one by one"
            )
        counts[row] += one.counts
    return np.array(first.lower_edges_kmh), np.array(first.upper_edges_kmh), counts
