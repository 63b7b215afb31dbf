"""Change-point models of daily use against outdoor temperature, by least squares.

    1P   use = base
    2P   use = base + slope · T                                          a straight line
    3PH  use = base + heating · (balance − T)⁺                           heated below the balance temperature
    3PC  use = base + cooling · (T − balance)⁺                           cooled above it
    4P   use = base + heating · (balance − T)⁺ + cooling · (T − balance)⁺   two slopes that meet
    5P   as 4P with two balance temperatures and a level between them

For a given balance temperature all of them are linear, and the sums that least squares needs come from running sums
over the days sorted by temperature. So a grid over all balance temperatures is tried at once, then finer ones around
the best: nothing depends on start values.

Source: Kissock, Haberl & Claridge 2003, Inverse Modeling Toolkit (ASHRAE RP-1050); ASHRAE Guideline 14-2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray, finite_column, float_column, same_length
from bypuls.analysis.errors import BadInput

Kind: TypeAlias = Literal["1P", "2P", "3PH", "3PC", "4P", "5P"]
PARAMETERS: dict[Kind, int] = {"1P": 1, "2P": 2, "3PH": 3, "3PC": 3, "4P": 4, "5P": 5}
"""Parameters of each kind; change points count."""

LEAST_DAYS = 10
"""Days that each branch of a model needs, level ones too."""
LEAST_DEGREE_DAYS = 20.0
"""Degree days [K·d] from its balance temperature that each sloping branch needs."""

_STEPS_ONE = (0.1, 0.01, 0.001)  # [K] grids of one balance temperature
_STEPS_TWO = (0.5, 0.05, 0.005)  # [K] grids of two
_NEGATIVE = 0.05  # of the mean: a line may fall this far below 0 within the temperatures that were measured


@dataclass(frozen=True, slots=True)
class ChangePointModel:
    """A fitted model. Slopes are positive where use rises towards the cold (heating) or the warmth (cooling); of 4P one
    may be negative (heating on both sides, steeper in the cold).

    base : [use/d] at the balance temperature; of 2P the value at 0 °C; of 1P the mean.
    heating_slope, cooling_slope : [use/(d·K)], None = the model has none.
    heating_balance_c, cooling_balance_c : [°C], None = the model has none.
    n : days.  sse : Σ residual² [use²]."""

    kind: Kind
    base: float
    heating_slope: float | None
    cooling_slope: float | None
    heating_balance_c: float | None
    cooling_balance_c: float | None
    n: int
    sse: float

    @property
    def p(self) -> int:
        """Parameters, change points included."""
        return PARAMETERS[self.kind]

    @property
    def bic(self) -> float:
        """n·ln(SSE/n) + p·ln n: comparable between models of the same days."""
        return bic(self.sse, self.n, self.p)

    def predict(self, mean_c: npt.ArrayLike) -> FloatArray:
        """Use per day at daily mean temperatures [°C]; NaN stays NaN. Raises BadInput."""
        means = float_column("mean_c", mean_c)
        use = np.where(np.isnan(means), np.nan, self.base)
        if self.heating_slope is not None:
            if self.heating_balance_c is None:
                use = use - self.heating_slope * means
            else:
                use = use + self.heating_slope * np.maximum(0.0, self.heating_balance_c - means)
        if self.cooling_slope is not None:
            if self.cooling_balance_c is None:
                use = use + self.cooling_slope * means
            else:
                use = use + self.cooling_slope * np.maximum(0.0, means - self.cooling_balance_c)
        return use


def bic(sse: float, n: int, p: int) -> float:
    """Bayesian information criterion of a least-squares fit, without its constant. −inf for a perfect fit.
    Source: Schwarz 1978."""
    return n * float(np.log(sse / n)) + p * float(np.log(n)) if sse > 0.0 else -np.inf


def fit(kind: Kind, mean_c: npt.ArrayLike, use: npt.ArrayLike) -> ChangePointModel | None:
    """The least-squares model of one kind with physical signs, or None where the days can't carry it: each branch needs
    ≥ 10 days, each sloping one ≥ 20 K·d; heating and cooling slopes are positive (of 4P: steeper than the other
    branch), base ≥ 0 (held at 0 where the free one would be negative).

    mean_c : (n,) [°C] daily means.  use : (n,) per day.  Both finite.  Raises BadInput."""
    if kind not in PARAMETERS:
        raise BadInput(f"kind: {kind!r}; expected one of {', '.join(PARAMETERS)}")
    means, used = finite_column("mean_c", mean_c), finite_column("use", use)
    same_length(mean_c=means, use=used)
    if means.size < LEAST_DAYS or means.size <= PARAMETERS[kind]:
        return None
    return _fit(kind, means, used, _Sums.of(means, used))


def fit_all(
    mean_c: npt.ArrayLike, use: npt.ArrayLike, kinds: tuple[Kind, ...] = tuple(PARAMETERS)
) -> list[ChangePointModel]:
    """Those of `kinds` that the days can carry. Arguments as for `fit`. Raises BadInput."""
    means, used = finite_column("mean_c", mean_c), finite_column("use", use)
    same_length(mean_c=means, use=used)
    if means.size < LEAST_DAYS:
        return []
    sums = _Sums.of(means, used)
    found = [_fit(kind, means, used, sums) for kind in kinds if means.size > PARAMETERS[kind]]
    return [model for model in found if model is not None]


class _Hinge(NamedTuple):
    """Sums over the days beyond a balance temperature, x = distance from it: n, Σx, Σx², Σxy."""

    n: FloatArray
    x: FloatArray
    xx: FloatArray
    xy: FloatArray


class _Running(NamedTuple):
    """Running sums over days sorted by temperature."""

    t: FloatArray
    sums: FloatArray  # (4, n + 1): T, T², y, Ty

    @staticmethod
    def of(t: FloatArray, y: FloatArray) -> _Running:
        order = np.argsort(t, kind="stable")
        t, y = t[order], y[order]
        sums = np.zeros((4, t.size + 1))
        np.cumsum([t, t * t, y, t * y], axis=1, out=sums[:, 1:])
        return _Running(t, sums)

    def below(self, balance: FloatArray) -> _Hinge:
        count = np.searchsorted(self.t, balance)
        t, tt, y, ty = self.sums[:, count]
        return _Hinge(
            count.astype(np.float64),
            balance * count - t,
            balance * balance * count - 2.0 * balance * t + tt,
            balance * y - ty,
        )


class _Sums(NamedTuple):
    """All that least squares needs; temperatures are counted from their mean, or digits would go."""

    centre: float
    rising: _Running
    falling: _Running
    n: int
    y: float
    yy: float

    @staticmethod
    def of(means: FloatArray, used: FloatArray) -> _Sums:
        centre = float(means.mean())
        t = means - centre
        return _Sums(centre, _Running.of(t, used), _Running.of(-t, used), t.size, float(used.sum()), float(used @ used))

    def heating(self, balance: FloatArray) -> _Hinge:
        return self.rising.below(balance)

    def cooling(self, balance: FloatArray) -> _Hinge:
        return self.falling.below(-balance)


class _Solved(NamedTuple):
    base: FloatArray
    heating: FloatArray
    cooling: FloatArray
    sse: FloatArray  # inf where the days can't carry it or signs aren't physical


def _solve(kind: Kind, sums: _Sums, heating_at: FloatArray, cooling_at: FloatArray) -> _Solved:
    """Least squares for many balance temperatures. The branches share no day, so their normal equations only meet in
    the base."""
    shape = heating_at.shape
    none = _Hinge(*(np.zeros(shape) for _ in range(4)))
    heats, cools = kind != "3PC", kind != "3PH"
    h = sums.heating(heating_at) if heats else none
    c = sums.cooling(cooling_at) if cools else none
    carried = np.ones(shape, dtype=np.bool_)
    for used, branch in ((heats, h), (cools, c)):
        if used:
            carried &= (branch.n >= LEAST_DAYS) & (branch.x >= LEAST_DEGREE_DAYS)
    if kind != "4P":
        carried &= sums.n - h.n - c.n >= LEAST_DAYS
    carried &= heating_at <= cooling_at

    hxx, cxx = np.where(h.xx > 0.0, h.xx, 1.0), np.where(c.xx > 0.0, c.xx, 1.0)
    spread = sums.n - h.x * h.x / hxx - c.x * c.x / cxx
    level = sums.y - h.x * h.xy / hxx - c.x * c.xy / cxx
    carried &= spread > 1e-9 * sums.n
    base = np.maximum(0.0, level / np.where(carried, spread, 1.0))
    heating = np.where(h.xx > 0.0, (h.xy - base * h.x) / hxx, 0.0)
    cooling = np.where(c.xx > 0.0, (c.xy - base * c.x) / cxx, 0.0)
    sse = np.maximum(0.0, sums.yy - base * sums.y - heating * h.xy - cooling * c.xy)
    return _Solved(base, heating, cooling, np.where(carried & _physical(kind, heating, cooling), sse, np.inf))


def _physical(kind: Kind, heating: FloatArray, cooling: FloatArray) -> BoolArray:
    if kind == "4P":
        return heating + cooling > 0.0
    return ((heating > 0.0) | (kind == "3PC")) & ((cooling > 0.0) | (kind == "3PH"))


def _fit(kind: Kind, means: FloatArray, used: FloatArray, sums: _Sums) -> ChangePointModel | None:
    if kind == "1P":
        mean = float(used.mean())
        return _model(kind, means, used, mean, None, None, None, None) if mean >= 0.0 else None
    if kind == "2P":
        return _line(means, used, sums)
    low, high = float(sums.rising.t[0]), float(sums.rising.t[-1])
    two = kind == "5P"
    first = np.arange(low, high + 0.25, (_STEPS_TWO if two else _STEPS_ONE)[0])
    heating_at, cooling_at = (axis.ravel() for axis in np.meshgrid(first, first)) if two else (first, first)
    steps = _STEPS_TWO if two else _STEPS_ONE
    for finer in (*steps[1:], None):
        solved = _solve(kind, sums, heating_at, cooling_at)
        best = int(np.argmin(solved.sse))
        if not np.isfinite(solved.sse[best]):
            return None
        at_h, at_c = float(heating_at[best]), float(cooling_at[best])
        if finer is None:
            break
        around = np.arange(-10, 11) * finer
        if two:
            heating_at, cooling_at = (axis.ravel() for axis in np.meshgrid(at_h + around, at_c + around))
        else:
            heating_at = cooling_at = at_h + around
    base, heating, cooling = (float(column[best]) for column in (solved.base, solved.heating, solved.cooling))
    return _model(
        kind,
        means,
        used,
        base,
        None if kind == "3PC" else heating,
        None if kind == "3PH" else cooling,
        None if kind == "3PC" else at_h + sums.centre,
        None if kind == "3PH" else at_c + sums.centre,
    )


def _line(means: FloatArray, used: FloatArray, sums: _Sums) -> ChangePointModel | None:
    t = means - sums.centre
    spread = float(t @ t)
    warmest, coldest = float(means.max()), float(means.min())
    if warmest - coldest <= 0.0 or min((warmest - means).sum(), (means - coldest).sum()) < LEAST_DEGREE_DAYS:
        return None
    slope = float(t @ used) / spread
    mean = sums.y / sums.n
    lowest = mean + min(slope * (warmest - sums.centre), slope * (coldest - sums.centre))
    if mean < 0.0 or lowest < -_NEGATIVE * mean or slope == 0.0:
        return None
    at_zero = mean - slope * sums.centre
    if slope < 0.0:
        return _model("2P", means, used, at_zero, -slope, None, None, None)
    return _model("2P", means, used, at_zero, None, slope, None, None)


def _model(
    kind: Kind,
    means: FloatArray,
    used: FloatArray,
    base: float,
    heating: float | None,
    cooling: float | None,
    heating_at: float | None,
    cooling_at: float | None,
) -> ChangePointModel:
    model = ChangePointModel(kind, base, heating, cooling, heating_at, cooling_at, used.size, 0.0)
    residual = used - model.predict(means)
    return ChangePointModel(kind, base, heating, cooling, heating_at, cooling_at, used.size, float(residual @ residual))
