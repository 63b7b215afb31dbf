"""Many speed histograms of one class width at once: the hours of a year, the days of a month. The same figures as
`histogram`'s, row by row, in a tenth of the time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, IntArray
from bypuls.analysis.errors import BadHistogram, BadInput

_RANK = 1e-9  # of n: as in `histogram.percentile`


class HistogramRows:
    """Closed classes of `width_kmh` from 0 on; counts : (rows, classes) [vehicles]."""

    def __init__(self, counts: FloatArray, width_kmh: float) -> None:
        self.counts = counts
        self.width_kmh = width_kmh

    @classmethod
    def from_texts(cls, texts: Sequence[str], rows_at: npt.ArrayLike, rows: int, width_kmh: float) -> HistogramRows:
        """Rollups' texts added up per row.

        texts : (n,) such as `31:2,38:5`, without an open top, edges on multiples of `width_kmh`; may be empty.
        rows_at : (n,) the row of each text, 0 … rows − 1.
        Raises BadHistogram, BadInput.
        """
        if not 0.0 < width_kmh < np.inf:
            raise BadInput(f"width_kmh: {width_kmh}; expected > 0 and finite")
        at: IntArray = np.asarray(rows_at, dtype=np.int64)
        if at.shape != (len(texts),):
            raise BadInput(f"rows_at: {at.shape}; expected ({len(texts)},), a row for each text")
        held = [i for i, text in enumerate(texts) if text]
        if not held:
            return cls(np.zeros((rows, 1)), width_kmh)
        parts = np.array([texts[i].count(":") for i in held], dtype=np.int64)
        joined = ",".join(texts[i] for i in held)
        cells = joined.replace(":", ",").split(",")
        try:
            numbers = np.array(cells, dtype=np.float64)
        except ValueError as error:
            raise BadHistogram(f"histograms: {error}; expected parts upper:count with a closed top") from error
        if numbers.size != 2 * int(parts.sum()):
            raise BadHistogram(f"histograms: {numbers.size} numbers; expected pairs upper:count")
        upper, count = numbers[0::2], numbers[1::2]
        number = upper / width_kmh
        classes = np.rint(number).astype(np.int64)
        off = np.flatnonzero((np.abs(number - classes) > 1e-6) | (classes < 1) | ~(count >= 0.0))
        if off.size:
            raise BadHistogram(
                f"part {upper[off[0]]:g}:{count[off[0]]:g}; expected edges on multiples of {width_kmh:g}, counts ≥ 0"
            )
        width = int(classes.max())
        index = np.repeat(at[held], parts) * width + classes - 1
        counts = np.bincount(index, count, minlength=rows * width).astype(np.float64, copy=False)
        return cls(counts.reshape(rows, width), width_kmh)

    def total(self) -> FloatArray:
        """(rows,) vehicles."""
        total: FloatArray = self.counts.sum(axis=1)
        return total

    def percentile(self, p: float) -> FloatArray:
        """(rows,) the speed [km/h] that `p` percent don't exceed, linear inside its class; NaN for an empty row.

        p : [%], 0 … 100.  Raises BadInput.  Source: as `histogram.percentile`."""
        upper = np.arange(1, self.counts.shape[1] + 1) * self.width_kmh
        return percentile_rows(self.counts, upper - self.width_kmh, upper, p)

    def over_limit(self, limit_kmh: npt.ArrayLike) -> FloatArray:
        """(rows,) vehicles strictly over each row's limit, interpolated in the class that holds it; NaN where the
        limit is unknown (NaN).

        limit_kmh : (rows,) [km/h]."""
        limit = np.asarray(limit_kmh, dtype=np.float64)
        upper = np.arange(1, self.counts.shape[1] + 1) * self.width_kmh
        share = np.clip((upper[None, :] - limit[:, None]) / self.width_kmh, 0.0, 1.0)
        over: FloatArray = (self.counts * share).sum(axis=1)
        return np.where(np.isnan(limit), np.nan, over)

    def mean(self) -> FloatArray:
        """(rows,) mean speed [km/h] from the middles of the classes; NaN for an empty row."""
        middles = (np.arange(self.counts.shape[1]) + 0.5) * self.width_kmh
        total = self.total()
        with np.errstate(divide="ignore", invalid="ignore"):
            found: FloatArray = np.where(total > 0.0, self.counts @ middles / total, np.nan)
        return found


def percentile_rows(
    counts: npt.ArrayLike, lower_edges_kmh: npt.ArrayLike, upper_edges_kmh: npt.ArrayLike, p: float
) -> FloatArray:
    """(rows,) the speed [km/h] that `p` percent of each row don't exceed, linear inside its class; NaN for an empty row
    and where the rank falls into an open top.

    counts : (rows, k) [vehicles].  edges : (k,) ascending [km/h], the last upper one may be inf.  p : [%], 0 … 100.
    Raises BadInput.  Source: as `histogram.percentile`."""
    if not 0.0 <= p <= 100.0:
        raise BadInput(f"p: {p}; expected 0 … 100 %")
    held = np.asarray(counts, dtype=np.float64)
    lower, upper = np.asarray(lower_edges_kmh, dtype=np.float64), np.asarray(upper_edges_kmh, dtype=np.float64)
    if held.ndim != 2 or lower.shape != (held.shape[1],) or upper.shape != lower.shape:
        raise BadInput(f"counts {held.shape}, edges {lower.shape} and {upper.shape}; expected (rows, k), (k,), (k,)")
    if not held.shape[1]:
        return np.full(held.shape[0], np.nan)
    cumulative = np.cumsum(held, axis=1)
    total = cumulative[:, -1]
    rank = p / 100.0 * total
    at = (cumulative < (rank - _RANK * total)[:, None]).sum(axis=1)
    first = np.argmax(held > 0.0, axis=1)
    at = np.minimum(np.maximum(at, first), held.shape[1] - 1)
    row = np.arange(len(at))
    count = held[row, at]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.clip((rank - (cumulative[row, at] - count)) / count, 0.0, 1.0)
        inside = lower[at] + part * np.where(np.isinf(upper[at]), np.nan, upper[at] - lower[at])
    found: FloatArray = np.where(total > 0.0, inside, np.nan)
    return found
