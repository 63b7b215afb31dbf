"""Speed histograms: the only form in which traffic is added up over time, because histograms add and percentiles don't.

A class holds lower < v ≤ upper; a speed of exactly 0 counts in the first class. Counts may have decimals (sensors that
extrapolate with their uptime). The top class may be open (upper edge = inf).

Text of a rollup, always read together with its `width_kmh`:

    31:2,38:5         upper edge:count. With width_kmh > 0 a class holds (upper − width, upper]; no empty ones.
    20:4,25:0,50:7    with width_kmh = 0 all classes are listed, empty ones too; a class begins where the one before
                      ends, the first at 0.
    …,>120:3          an open top: everything above 120 km/h.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, finite_column, sum_by
from bypuls.analysis.errors import BadHistogram, InOpenClass, MixedWidths, NotEnoughVehicles
from bypuls.analysis.speed_classes import DECIMALS, ON_GRID, SpeedHistogram

__all__ = [
    "SpeedHistogram",
    "format_histogram",
    "from_speeds",
    "mean",
    "merge",
    "merge_texts",
    "over_limit",
    "parse_histogram",
    "percentile",
    "std",
]

_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_PART = re.compile(rf"(>?)({_NUMBER}):({_NUMBER})")
_RANK = 1e-9  # of n: ranks closer than this to a class boundary are on it


def parse_histogram(text: str, width_kmh: float) -> SpeedHistogram:
    """A rollup's text as a histogram; the grammar stands at the top of this module. An empty text is a uniform
    histogram without vehicles. Raises BadHistogram naming the part that is wrong."""
    if not width_kmh >= 0.0:
        raise BadHistogram(f"width_kmh: {width_kmh}; expected ≥ 0")
    parts = text.split(",") if text else []
    if not parts and width_kmh == 0.0:
        raise BadHistogram("histogram '': no classes; expected all classes where width_kmh is 0")
    lower: list[float] = []
    upper: list[float] = []
    counts: list[float] = []
    for number, part in enumerate(parts, start=1):
        match = _PART.fullmatch(part)
        if match is None:
            raise BadHistogram(f"part {number} {part!r}: expected upper:count or >lower:count")
        is_open, edge, count = match[1], float(match[2]), float(match[3])
        before = upper[-1] if upper else 0.0
        if is_open:
            if number < len(parts):
                raise BadHistogram(f"part {number} {part!r}: an open class; expected it last")
            if edge < before or (width_kmh == 0.0 and edge != before):
                raise BadHistogram(f"part {number} {part!r}: lower edge {edge:g}; expected {before:g}")
            lower.append(edge)
            upper.append(np.inf)
        else:
            if edge <= before:
                raise BadHistogram(f"part {number} {part!r}: upper edge {edge:g}; expected above {before:g}")
            lower.append(edge - width_kmh if width_kmh > 0.0 else before)
            upper.append(edge)
        counts.append(count)
    return SpeedHistogram(np.array(lower), np.array(upper), np.array(counts), width_kmh)


def format_histogram(histogram: SpeedHistogram) -> str:
    """The text of a rollup: `parse_histogram(format_histogram(h), h.width_kmh) == h`."""
    parts = []
    columns = (histogram.lower_edges_kmh, histogram.upper_edges_kmh, histogram.counts)
    for lower, upper, count in zip(*(column.tolist() for column in columns), strict=True):
        edge = f">{_number(lower)}" if upper == np.inf else _number(upper)
        parts.append(f"{edge}:{_number(count)}")
    return ",".join(parts)


def from_speeds(speeds_kmh: npt.ArrayLike, width_kmh: float = 1.0) -> SpeedHistogram:
    """Single speeds in classes of `width_kmh`, edges at its multiples.

    speeds_kmh : (n,) [km/h], ≥ 0.  Raises BadInput, BadHistogram."""
    speeds = finite_column("speeds_kmh", speeds_kmh)
    if not 0.0 < width_kmh < np.inf:
        raise BadHistogram(f"width_kmh: {width_kmh}; expected > 0 and finite")
    if speeds.size and speeds.min() < 0.0:
        raise BadHistogram(f"speeds_kmh: {speeds.min():g}; expected ≥ 0")
    number = np.maximum(np.ceil(speeds / width_kmh), 1.0)
    # The quotient may round across an edge; the edges themselves decide.
    number -= (number > 1.0) & (np.round((number - 1.0) * width_kmh, DECIMALS) >= speeds)
    number += np.round(number * width_kmh, DECIMALS) < speeds
    classes, counts = np.unique(number, return_counts=True)
    return SpeedHistogram((classes - 1.0) * width_kmh, classes * width_kmh, counts.astype(np.float64), width_kmh)


def merge(histograms: Iterable[SpeedHistogram]) -> SpeedHistogram:
    """The histogram of all vehicles together. Uniform histograms must share width and grid, irregular ones all edges.
    Raises MixedWidths; BadHistogram where there is nothing to merge."""
    parts = list(histograms)
    if not parts:
        raise BadHistogram("histograms: none; expected at least one")
    width = parts[0].width_kmh
    for part in parts:
        if part.width_kmh != width:
            _refuse_mix(f"width_kmh {width:g} and {part.width_kmh:g}")
    if width == 0.0:
        first = parts[0]
        for part in parts:
            if not np.array_equal(part.upper_edges_kmh, first.upper_edges_kmh):
                _refuse_mix(f"edges {first.upper_edges_kmh.tolist()} and {part.upper_edges_kmh.tolist()}")
        summed: FloatArray = np.sum([part.counts for part in parts], axis=0)
        return SpeedHistogram(first.lower_edges_kmh, first.upper_edges_kmh, summed)
    lower = np.concatenate([part.lower_edges_kmh for part in parts])
    upper = np.concatenate([part.upper_edges_kmh for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    is_open = np.isinf(upper)
    if is_open.any():
        bottoms = lower[is_open]
        top = float(np.max(upper[~is_open], initial=0.0))
        if bottoms.min() != bottoms.max() or top > bottoms[0]:
            _refuse_mix(f"open class above {bottoms.min():g} and classes up to {max(top, float(bottoms.max())):g} km/h")
    if lower.size:
        steps = (lower - lower[0]) / width
        off = np.abs(steps - np.rint(steps)) > ON_GRID
        if off.any():
            _refuse_mix(f"classes of {width:g} km/h at {lower[0]:g} and at {lower[off][0]:g}: different grids")
    _, first_at, inverse = np.unique(np.rint(lower / width * 1024), return_index=True, return_inverse=True)
    # An open and a closed class may not share a lower edge: refused above, since the closed one reaches over it.
    return SpeedHistogram(lower[first_at], upper[first_at], sum_by(inverse, counts, first_at.size), width)


def merge_texts(texts: Iterable[str], width_kmh: float) -> SpeedHistogram:
    """`merge` of many rollups' texts of one width, a year of quarters in a tenth of a second. Each part is checked as
    in `parse_histogram`, the order of parts inside one text isn't.
    Raises BadHistogram for a part, MixedWidths where the texts' classes don't fit together."""
    held = [text for text in texts if text]
    times: dict[tuple[str, float], int] = {}
    totals: dict[tuple[str, float], float] = {}
    # Few parts differ (31:1, 31:2, …), so each is read once however often it occurs.
    for part, often in Counter(",".join(held).split(",") if held else ()).items():
        match = _PART.fullmatch(part)
        if match is None:
            raise BadHistogram(f"part {part!r}: expected upper:count or >lower:count")
        key = (match[1], float(match[2]))
        times[key] = times.get(key, 0) + often
        totals[key] = totals.get(key, 0.0) + float(match[3]) * often
    if width_kmh == 0.0 and any(often != len(held) for often in times.values()):
        _refuse_mix("irregular texts with different edges")
    kept = sorted(key for key, total in totals.items() if total > 0.0 or width_kmh == 0.0)
    text = ",".join(f"{sign}{_number(edge)}:{_number(totals[sign, edge])}" for sign, edge in kept)
    try:
        return parse_histogram(text, width_kmh)
    except BadHistogram as error:
        if len(held) < 2:
            raise
        raise MixedWidths(f"histograms: {error}; expected texts with equal classes") from error


def percentile(histogram: SpeedHistogram, p: float) -> float:
    """The speed [km/h] that `p` percent of the vehicles don't exceed, linear inside its class:
    L + (p·n − F)/f · C with true class boundaries.

    p : [%], 0 … 100, 85 for V85.
    Raises NotEnoughVehicles for an empty histogram, InOpenClass where the rank falls into the open top, BadHistogram.
    Source: Handbook of Simplified Practice for Traffic Studies (Iowa Highway Research Board TR-455), ch. 2."""
    if not 0.0 <= p <= 100.0:
        raise BadHistogram(f"p: {p}; expected 0 … 100 %")
    total = _some(histogram)
    cumulative = np.cumsum(histogram.counts)
    rank = p / 100.0 * total
    at = int(np.searchsorted(cumulative, rank - _RANK * total))
    at = min(max(at, int(np.argmax(histogram.counts > 0.0))), histogram.counts.size - 1)
    lower, upper = float(histogram.lower_edges_kmh[at]), float(histogram.upper_edges_kmh[at])
    if np.isinf(upper):
        raise InOpenClass(f"V{p:g}", lower)
    count = float(histogram.counts[at])
    part = (rank - (float(cumulative[at]) - count)) / count
    return lower + min(max(part, 0.0), 1.0) * (upper - lower)


def mean(histogram: SpeedHistogram) -> float:
    """Mean speed [km/h] from the middles of the classes.
    Raises NotEnoughVehicles for an empty histogram, InOpenClass where the open top holds vehicles."""
    total = _some(histogram)
    return float(_middles(histogram) @ histogram.counts) / total


def std(histogram: SpeedHistogram) -> float:
    """Standard deviation s [km/h] of the sample (divisor n − 1) from the middles of the classes, without Sheppard's
    correction. Raises NotEnoughVehicles for n ≤ 1, InOpenClass where the open top holds vehicles."""
    total = _some(histogram)
    if total <= 1.0:
        raise NotEnoughVehicles(f"n: {total:g}; expected more than 1 for a standard deviation")
    middles = _middles(histogram)
    return float(np.sqrt(((middles - mean(histogram)) ** 2) @ histogram.counts / (total - 1.0)))


def over_limit(histogram: SpeedHistogram, limit_kmh: float) -> float:
    """Vehicles strictly over `limit_kmh` [km/h], interpolated in the class that holds the limit; exact where the limit
    is an edge, so always with classes of 1 km/h. Speeds that were rounded to whole km/h before they were classed (true
    edges at .5) exceed 60 from 60.5 on: ask for 60.5.
    Raises InOpenClass where the limit lies inside an open top that holds vehicles."""
    count = 0.0
    columns = (histogram.lower_edges_kmh, histogram.upper_edges_kmh, histogram.counts)
    for lower, upper, held in zip(*(column.tolist() for column in columns), strict=True):
        if lower >= limit_kmh:
            count += held
        elif upper > limit_kmh and held > 0.0:
            if upper == np.inf:
                raise InOpenClass(f"the limit {limit_kmh:g} km/h", lower)
            count += held * (upper - limit_kmh) / (upper - lower)
    return count


def _some(histogram: SpeedHistogram) -> float:
    total = histogram.total
    if total <= 0.0:
        raise NotEnoughVehicles("n: 0; expected at least one vehicle")
    return total


def _middles(histogram: SpeedHistogram) -> FloatArray:
    upper = histogram.upper_edges_kmh
    if histogram.open_top:
        if histogram.counts[-1] > 0.0:
            raise InOpenClass("part of the sample", float(histogram.lower_edges_kmh[-1]))
        upper = np.where(np.isinf(upper), histogram.lower_edges_kmh, upper)  # an empty class: its middle weighs nothing
    return (histogram.lower_edges_kmh + upper) / 2.0


def _refuse_mix(what: str) -> NoReturn:
    raise MixedWidths(f"histograms: {what}; expected equal classes, because others can't be added up")


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and value < 1e15 else repr(value)
