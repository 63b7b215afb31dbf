"""Traffic bins from passages and from the counts of sensors that only count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bypuls.analysis.free_flow import GAP_S, free_flow_mask
from bypuls.store.protocol import Bins, Column, Columns
from bypuls.wire.bins import QUARTER_S, QUARTER_US, TRAFFIC

PASSAGE_FIELDS = ("speed_kmh", "direction", "vehicle_class")
COUNT_FIELDS = ("period_s", "direction", "vehicle_class", "upper_edges_kmh", "counts", "open_top", "uptime")

# Passages this long before a window tell which vehicles drive freely; those this long after it hang on the window.
CONTEXT_US = int(GAP_S * 1e6)

_WIDTH_KMH = 1.0


def _names(column: Column) -> npt.NDArray[np.str_]:
    return np.array([value or "" for value in column], dtype=np.str_)


def _decimal(number: float) -> str:
    return f"{number:.15g}"


def passage_bins(passages: Columns, start_us: int, end_us: int, *, sensor: str, asset: str) -> list[Bins]:
    """Bins [start, end) of single vehicles; `passages` reaches CONTEXT_US before the window."""
    direction, vehicle_class = _names(passages.values["direction"]), _names(passages.values["vehicle_class"])
    free = free_flow_mask(passages.t_us, direction)
    inside = (passages.t_us >= start_us) & (passages.t_us < end_us)
    found: list[Bins] = []
    for tags in sorted(set(zip(direction[inside].tolist(), vehicle_class[inside].tolist(), strict=True))):
        of_tags = inside & (direction == tags[0]) & (vehicle_class == tags[1])
        bin_us = passages.t_us[of_tags] // QUARTER_US * QUARTER_US
        speed = passages.values["speed_kmh"][of_tags]
        columns = _folded_speeds(bin_us, speed, "")
        freely = free[of_tags]
        t_us = np.unique(bin_us)
        columns |= _spread(t_us, np.unique(bin_us[freely]), _folded_speeds(bin_us[freely], speed[freely], "ff_"))
        # Vehicles were counted and none of them is known to drive freely: that is a count of 0, and no speed.
        columns["ff_n"] = np.nan_to_num(columns["ff_n"])
        columns["width_kmh"] = np.full(len(t_us), _WIDTH_KMH)
        columns["period_s"] = np.full(len(t_us), float(QUARTER_S))
        found.append(Bins(TRAFFIC, sensor, t_us, columns, _tags(*tags), asset=asset))
    return found


def _tags(direction: str, vehicle_class: str) -> dict[str, str]:
    return {"direction": direction, "vehicle_class": vehicle_class}


def _folded_speeds(bin_us: npt.NDArray[np.int64], speed: Column, prefix: str) -> dict[str, Column]:
    """n, Σv, Σv², max and the 1 km/h histogram of each bin; `bin_us` rises."""
    t_us, first, count = np.unique(bin_us, return_index=True, return_counts=True)
    columns: dict[str, Column] = {f"{prefix}n": count.astype(np.float64)}
    if not len(t_us):
        return columns | {f"{prefix}{name}": np.zeros(0) for name in ("sum_kmh", "sum_kmh2", "max_kmh", "hist")}
    columns[f"{prefix}sum_kmh"] = np.add.reduceat(speed, first)
    columns[f"{prefix}sum_kmh2"] = np.add.reduceat(speed * speed, first)
    columns[f"{prefix}max_kmh"] = np.maximum.reduceat(speed, first)
    # A standing vehicle (0 km/h) counts in the lowest class: classes hold lower < v ≤ upper.
    upper = np.maximum(np.ceil(speed / _WIDTH_KMH), 1).astype(np.int64)
    pairs, counts = np.unique(np.stack([bin_us, upper]), axis=1, return_counts=True)
    texts: dict[int, list[str]] = {}
    for at, edge, n in zip(pairs[0].tolist(), pairs[1].tolist(), counts.tolist(), strict=True):
        texts.setdefault(at, []).append(f"{edge}:{n}")
    columns[f"{prefix}hist"] = _objects([",".join(texts[at]) for at in t_us.tolist()])
    return columns


def _spread(
    all_us: npt.NDArray[np.int64], some_us: npt.NDArray[np.int64], columns: Mapping[str, Column]
) -> dict[str, Column]:
    """Columns of some bins laid out over all of them; the others are unknown."""
    at = np.searchsorted(all_us, some_us)
    spread: dict[str, Column] = {}
    for name, column in columns.items():
        is_text = name.endswith("hist")
        wide: Column = np.full(len(all_us), None if is_text else np.nan, dtype=object if is_text else np.float64)
        wide[at] = column
        spread[name] = wide
    return spread


def _objects(cells: Sequence[str | None]) -> Column:
    return np.fromiter(cells, dtype=object, count=len(cells))


def count_bins(counted: Columns, start_us: int, end_us: int, *, sensor: str, asset: str) -> list[Bins]:
    """Bins [start, end) of sensors that only count; a period longer than a quarter stays whole where it starts."""
    rows: dict[tuple[str, str], dict[int, _Counted]] = {}
    values = counted.values
    for i in np.flatnonzero((counted.t_us >= start_us) & (counted.t_us < end_us)).tolist():
        tags = (values["direction"][i] or "", values["vehicle_class"][i] or "")
        at = int(counted.t_us[i]) // QUARTER_US * QUARTER_US
        rows.setdefault(tags, {}).setdefault(at, _Counted()).add(
            values["upper_edges_kmh"][i],
            values["counts"][i],
            open_top=bool(values["open_top"][i] == 1.0),
            period_s=float(values["period_s"][i]),
            uptime=float(values["uptime"][i]),
        )
    return [
        Bins(TRAFFIC, sensor, np.array(sorted(bins), dtype=np.int64), _counted_columns(bins), _tags(*tags), asset=asset)
        for tags, bins in sorted(rows.items())
    ]


class _Counted:
    """What was counted in one bin. Counts of other classes than the first ones' keep their number, not their speeds."""

    def __init__(self) -> None:
        self.classes: dict[float, float] = {}
        self.top: float | None = None
        self.width_kmh = np.nan
        self.n = np.nan
        self.period_s = 0.0
        self.uptime_s = np.nan
        self._edges: tuple[float, ...] | None = None
        self._mixed = False

    def add(
        self, edges: tuple[float, ...], counts: tuple[float, ...], *, open_top: bool, period_s: float, uptime: float
    ) -> None:
        self.period_s += period_s
        # An uptime that isn't told is unknown; one of 0 says that nothing was observed: no vehicles are known then.
        if not np.isnan(uptime):
            self.uptime_s = float(np.nan_to_num(self.uptime_s)) + uptime * period_s
        if uptime == 0.0:
            return
        self.n = float(np.nan_to_num(self.n)) + sum(counts)
        if self._edges is not None and self._edges != edges:
            self._mixed = True  # histograms of different classes don't add up: the bin has none
        self._edges = edges
        self.width_kmh = _even_width(edges)
        for edge, n in zip(edges, counts, strict=False):
            self.classes[edge] = self.classes.get(edge, 0.0) + n
        if open_top:
            self.top = (self.top or 0.0) + counts[-1]

    @property
    def hist(self) -> str | None:
        """The classes in rising order; empty ones only where they tell the classes' edges."""
        if self._mixed or self._edges is None:
            return None
        texts = [
            f"{_decimal(edge)}:{_decimal(n)}" for edge, n in sorted(self.classes.items()) if n or not self.width_kmh
        ]
        if self.top is not None and (self.top or not self.width_kmh):
            texts.append(f">{_decimal(self._edges[-1]) if self._edges else '0'}:{_decimal(self.top)}")
        return ",".join(texts) or None


def _even_width(edges: tuple[float, ...]) -> float:
    """The width of classes that are all alike, the first beginning at 0; else 0."""
    widths = np.diff(np.array((0.0, *edges)))
    return float(widths[0]) if len(edges) and np.allclose(widths, widths[0], rtol=0, atol=1e-9) else 0.0


def _counted_columns(bins: Mapping[int, _Counted]) -> dict[str, Column]:
    rising = [bins[at] for at in sorted(bins)]
    columns: dict[str, Column] = {
        name: np.array([getattr(counted, name) for counted in rising], dtype=np.float64)
        for name in ("n", "width_kmh", "period_s", "uptime_s")
    }
    columns["hist"] = _objects([counted.hist for counted in rising])
    return columns
