"""Does dimming change how fast people drive? Speeds at one light level against those at another, within the same clock
hour and type of day, so that neither the hour's traffic nor the weekend's is taken for the light's.

Each level's speeds are weighted to one mix of hours, that of both levels together; what differs then, differs within
hours. Where level and hour never vary apart nothing can be told, and that is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray, IntArray, finite_column, float_column, integer_column, same_length
from bypuls.analysis.errors import BadInput
from bypuls.analysis.histogram_rows import percentile_rows
from bypuls.analysis.traffic.days import MIN_DAYS, DayEstimate, jackknife

LEVEL_STEP_PCT = 10.0
Why: TypeAlias = Literal["one level", "never apart", "too few days"]


@dataclass(frozen=True, slots=True)
class LightEffect:
    """Speeds at `level_pct` less those at `reference_pct` [km/h], with the standard error of whole days.

    mean_kmh, reference_mean_kmh, v85_kmh, reference_v85_kmh : of each level in the common mix of hours [km/h].
    v85, v85_kmh, reference_v85_kmh : None where V85 lies in an open class.
    strata : hours by type of day in which both levels were seen on enough
    days.  days, reference_days : of each level.  vehicles, reference_vehicles : compared.
    """

    level_pct: float
    reference_pct: float
    mean: DayEstimate
    v85: DayEstimate | None
    strata: int
    days: int
    reference_days: int
    vehicles: float
    reference_vehicles: float
    mean_kmh: float
    reference_mean_kmh: float
    v85_kmh: float | None
    reference_v85_kmh: float | None


@dataclass(frozen=True, slots=True)
class LightAndSpeed:
    """effects : of each lower level against the highest, the highest first. Empty where nothing is identifiable: `why`.

    levels_pct : those that were seen, rising.
    """

    levels_pct: tuple[float, ...]
    effects: tuple[LightEffect, ...]
    why: Why | None


def light_and_speed(
    counts: npt.ArrayLike,
    sum_kmh: npt.ArrayLike,
    level_pct: npt.ArrayLike,
    stratum: npt.ArrayLike,
    day: npt.ArrayLike,
    lower_edges_kmh: npt.ArrayLike,
    upper_edges_kmh: npt.ArrayLike,
    *,
    step_pct: float = LEVEL_STEP_PCT,
) -> LightAndSpeed:
    """Mean speed and V85 by light level.

    counts : (r, k) vehicles in free flow per row and class, edges (k,) [km/h]; rows of darkness alone: by day the sun
    gives the light.  sum_kmh : (r,) Σv [km/h].  level_pct : (r,) [%] of the lamps, > 0, rounded to `step_pct`;
    NaN = unknown, left out.  stratum : (r,) code of clock hour and type of day.  day : (r,) code of the day, better the
    night: it is the block that is left out.

    A stratum counts where both levels were seen on at least three days of it.  `one level`: there is no other;
    `never apart`: no stratum has both; `too few days`: some have, on too few days.  Raises BadInput.
    """
    rows: FloatArray = np.asarray(counts, dtype=np.float64)
    if rows.ndim != 2 or not np.isfinite(rows).all() or (rows < 0.0).any():
        raise BadInput(f"counts: {rows.shape}; expected rows × classes, known and not below 0")
    sums, level = finite_column("sum_kmh", sum_kmh), float_column("level_pct", level_pct)
    hour, block = integer_column("stratum", stratum), integer_column("day", day)
    same_length(counts=rows[:, 0], sum_kmh=sums, level_pct=level, stratum=hour, day=block)
    if not step_pct > 0.0 or (level <= 0.0).any() or (level > 100.0).any():
        raise BadInput("level_pct: expected above 0 and at most 100, with a step above 0")
    kept = ~np.isnan(level) & (rows.sum(axis=1) > 0.0)
    rows, sums, hour, block = rows[kept], sums[kept], hour[kept], block[kept]
    # What burns dimly isn't off.
    rounded = np.maximum(np.round(level[kept] / step_pct), 1.0) * step_pct
    levels = np.unique(rounded)
    seen = tuple(levels.tolist())
    if levels.size < 2:
        return LightAndSpeed(seen, (), "one level")
    edges = finite_column("lower_edges_kmh", lower_edges_kmh), float_column("upper_edges_kmh", upper_edges_kmh)
    effects: list[LightEffect] = []
    together = False
    for lower in levels[-2::-1]:
        chosen = (rounded == lower) | (rounded == levels[-1])
        is_low = rounded[chosen] == lower
        common = np.intersect1d(hour[chosen][is_low], hour[chosen][~is_low])
        together |= bool(common.size)
        enough = _enough(hour[chosen], block[chosen], is_low, common)
        if not enough.size:
            continue
        inside = np.isin(hour[chosen], enough)
        part = _Part(
            rows[chosen][inside],
            sums[chosen][inside],
            np.searchsorted(enough, hour[chosen][inside]),
            is_low[inside].astype(np.int64),
            block[chosen][inside],
            edges,
        )
        effects.append(part.effect(float(lower), float(levels[-1]), enough.size))
    why: Why | None = None if effects else "too few days" if together else "never apart"
    return LightAndSpeed(seen, tuple(effects), why)


def _enough(hour: IntArray, block: IntArray, is_low: npt.NDArray[np.bool_], common: IntArray) -> IntArray:
    """The strata with both levels on at least `MIN_DAYS` days each."""
    days = [
        min(np.unique(block[(hour == one) & is_low]).size, np.unique(block[(hour == one) & ~is_low]).size)
        for one in common
    ]
    return common[np.array(days, dtype=np.int64) >= MIN_DAYS] if common.size else common


class _Part:
    """Rows of two levels in strata that have both. low : 1 of the lower level, 0 of the reference."""

    def __init__(
        self,
        rows: FloatArray,
        sums: FloatArray,
        stratum: IntArray,
        low: IntArray,
        block: IntArray,
        edges: tuple[FloatArray, FloatArray],
    ) -> None:
        self._rows, self._sums, self._low, self._edges = rows, sums, low, edges
        self._days, self._block = np.unique(block, return_inverse=True)
        strata = int(stratum.max()) + 1
        self._shape = (strata, 2)
        self._cell = stratum * 2 + low

    def effect(self, level: float, reference: float, strata: int) -> LightEffect:
        """The two levels' difference; every day is left out once."""
        whole = self._cells(np.ones(self._block.size, dtype=bool))
        each = [self._cells(self._block == at) for at in range(self._days.size)]
        told = self._values(whole)
        found = np.array([told[1] - told[0], *map(self._difference, ((whole[0] - a, whole[1] - b) for a, b in each))])
        days = [np.unique(self._block[self._low == one]).size for one in (0, 1)]
        n = [float(self._rows[self._low == one].sum()) for one in (0, 1)]
        return LightEffect(
            level, reference, self._estimate(found[:, 0], min(days)),
            None if np.isnan(found[:, 1]).any() else self._estimate(found[:, 1], min(days)),
            strata, days[1], days[0], n[1], n[0], float(told[1, 0]), float(told[0, 0]), _known(told[1, 1]),
            _known(told[0, 1]),
        )  # fmt: skip

    @staticmethod
    def _estimate(found: FloatArray, fewest_days: int) -> DayEstimate:
        told = jackknife(float(found[0]), found[1:])
        # The level with fewer days decides how sure it is.
        return DayEstimate(told.value, told.se, max(fewest_days - 1.0, 1.0), told.days)

    def _cells(self, chosen: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
        """(strata, 2, k) counts and (strata, 2) Σv of the chosen rows."""
        strata, two = self._shape
        counts = np.zeros((strata * two, self._rows.shape[1]))
        np.add.at(counts, self._cell[chosen], self._rows[chosen])
        sums = np.bincount(self._cell[chosen], self._sums[chosen], strata * two).astype(np.float64)
        return counts.reshape(strata, two, -1), sums.reshape(strata, two)

    def _difference(self, cells: tuple[FloatArray, FloatArray]) -> FloatArray:
        """Lower less reference: (mean, V85) [km/h]."""
        reference, lower = self._values(cells)
        found: FloatArray = lower - reference
        return found

    def _values(self, cells: tuple[FloatArray, FloatArray]) -> FloatArray:
        """(2, 2) mean and V85 [km/h] of the reference and of the lower level, each weighted to the strata's common
        mix."""
        counts, sums = cells
        n = counts.sum(axis=2)
        # The mix in which a difference within strata has the least variance.
        mix = n[:, 0] * n[:, 1] / n.sum(axis=1)
        share = mix / mix.sum()
        mean = (share[:, None] * sums / n).sum(axis=0)
        mixed = (share[:, None, None] * counts / n[:, :, None]).sum(axis=0)
        v85 = percentile_rows(mixed, *self._edges, 85.0)
        return np.column_stack((mean, v85))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
