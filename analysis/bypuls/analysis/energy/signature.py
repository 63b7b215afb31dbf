"""The energy signature of a building: the change-point model that its days support, by day type where that is worth its
parameters, and how good it is.

The choice is by BIC: adjusted R² keeps on adding change points that are noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray, integer_column, known_column, same_length
from bypuls.analysis.energy.change_point import PARAMETERS, ChangePointModel, Kind, bic, fit_all
from bypuls.analysis.energy.normal_year import day_column
from bypuls.analysis.errors import BadInput, NotEnoughDays

KINDS: tuple[Kind, ...] = tuple(PARAMETERS)
Step: TypeAlias = Literal["hour", "month"]
ASHRAE_14: dict[Step, tuple[float, float]] = {"hour": (0.30, 0.10), "month": (0.15, 0.05)}
"""Largest CV(RMSE) and |NMBE| of a calibrated model, by time step. Source: ASHRAE Guideline 14-2014.
The guideline has none for days."""

_EXACT = 1e-18  # of Σ use²: residuals below this are rounding


@dataclass(frozen=True, slots=True)
class FitQuality:
    """How a model of n days with p parameters (change points included) fits.

    mean, rmse, [use/d].  rmse : √(SSE/(n−p)).  cv_rmse : rmse / mean.  nmbe : Σ(actual − model)/((n−p)·mean).
    r2, adjusted_r2 : None where the use never changes.  pnrmse : rmse / interquartile range of the use; None where that
    is 0.  autocorrelation : of residuals of neighbouring days; None with fewer than 3 such pairs.  cv_rmse and nmbe are
    None where the mean isn't above 0.  bic : None of a model that wasn't chosen by it."""

    n: int
    p: int
    mean: float
    rmse: float
    cv_rmse: float | None
    nmbe: float | None
    r2: float | None
    adjusted_r2: float | None
    pnrmse: float | None
    autocorrelation: float | None
    bic: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """The model of one day type; None = of all days."""

    day_type: int | None
    model: ChangePointModel


@dataclass(frozen=True, slots=True)
class Signature:
    """The chosen model: one part for all days, or one for each day type.

    lowest_c, highest_c : [°C] range of the daily temperatures that it rests on."""

    parts: tuple[Part, ...]
    quality: FitQuality
    lowest_c: float
    highest_c: float

    @property
    def split(self) -> bool:
        """Whether day types have models of their own."""
        return self.parts[0].day_type is not None

    def predict(self, mean_c: npt.ArrayLike, day_type: npt.ArrayLike | None = None) -> FloatArray:
        """Use per day; NaN where the temperature is unknown or the day type has no model.

        mean_c : (n,) [°C].  day_type : (n,) as for `signature`; needed where the model is split.  Raises BadInput."""
        means = known_column("mean_c", mean_c)
        return _predict(self.parts, means, None if day_type is None else _type_column(day_type, means))

    def outside(self, mean_c: npt.ArrayLike) -> BoolArray:
        """Days whose temperature lies outside the range that the model rests on. Raises BadInput."""
        means = known_column("mean_c", mean_c)
        beyond: BoolArray = (means < self.lowest_c) | (means > self.highest_c)
        return beyond


def signature(
    days: npt.ArrayLike,
    mean_c: npt.ArrayLike,
    use: npt.ArrayLike,
    *,
    day_type: npt.ArrayLike | None = None,
    kinds: tuple[Kind, ...] = KINDS,
) -> Signature:
    """The model of `kinds` with the lowest BIC among those with physical signs that the days can carry; split by day
    types where the split has the lower BIC.

    days : (n,) dates, rising.  mean_c : (n,) [°C] daily means.  use : (n,) per day.  NaN = unknown, left out.
    day_type : (n,) small integers such as 0 = working day, 1 = not; None = all days are alike.
    Raises BadInput; NotEnoughDays below 10 known days or where no kind fits.
    Source: Schwarz 1978 (BIC); ASHRAE Guideline 14-2014 (quality)."""
    dates, means, used = day_column("days", days), known_column("mean_c", mean_c), known_column("use", use)
    same_length(days=dates, mean_c=means, use=used)
    known = np.isfinite(means) & np.isfinite(used)
    types = None if day_type is None else _type_column(day_type, means)[known]
    dates, means, used = dates[known], means[known], used[known]
    whole = _best(means, used, kinds)
    if whole is None:
        raise NotEnoughDays(
            f"days with use and temperature: {used.size}; expected enough for one of {', '.join(kinds)}"
        )
    parts: tuple[Part, ...] = (Part(None, whole),)
    if types is not None and np.unique(types).size > 1:
        parts = _split(means, used, types, kinds, whole) or parts
    quality = fit_quality(dates, used, _predict(parts, means, types), p=sum(part.model.p for part in parts))
    return Signature(parts, quality, float(means.min()), float(means.max()))


def fit_quality(days: npt.ArrayLike, actual: npt.ArrayLike, model: npt.ArrayLike, *, p: int) -> FitQuality:
    """The quality of a model with p parameters on days where both are known.

    days : (n,) dates, rising.  actual, model : (n,) use per day, NaN = unknown.  Raises BadInput; NotEnoughDays unless
    more than p days are known.  Source: ASHRAE Guideline 14-2014."""
    dates, used, modelled = day_column("days", days), known_column("actual", actual), known_column("model", model)
    same_length(days=dates, actual=used, model=modelled)
    known = np.isfinite(used) & np.isfinite(modelled)
    dates, used, residual = dates[known], used[known], (used - modelled)[known]
    n = used.size
    if n <= p:
        raise NotEnoughDays(f"known days: {n}; expected more than the {p} parameters")
    mean, sse = float(used.mean()), float(residual @ residual)
    total = float(((used - mean) ** 2).sum())
    rmse = float(np.sqrt(sse / (n - p)))
    r2 = 1.0 - sse / total if total > 0.0 else None
    low, high = np.percentile(used, [25.0, 75.0])
    return FitQuality(
        n=n,
        p=p,
        mean=mean,
        rmse=rmse,
        cv_rmse=rmse / mean if mean > 0.0 else None,
        nmbe=float(residual.sum()) / ((n - p) * mean) if mean > 0.0 else None,
        r2=r2,
        adjusted_r2=None if r2 is None else 1.0 - (1.0 - r2) * (n - 1) / (n - p),
        pnrmse=rmse / float(high - low) if high > low else None,
        autocorrelation=_autocorrelation(dates, residual),
        bic=bic(sse, n, p),
    )


def within_ashrae_14(quality: FitQuality, step: Step) -> bool | None:
    """Whether CV(RMSE) and |NMBE| of a model of hours or months keep ASHRAE 14's limits; None = unknown."""
    if quality.cv_rmse is None or quality.nmbe is None:
        return None
    scatter, bias = ASHRAE_14[step]
    return quality.cv_rmse <= scatter and abs(quality.nmbe) <= bias


def _predict(parts: tuple[Part, ...], means: FloatArray, types: IntArray | None) -> FloatArray:
    if parts[0].day_type is None:
        return parts[0].model.predict(means)
    if types is None:
        raise BadInput("day_type: none; expected one for each day, as the signature is split by day types")
    use = np.full(means.shape, np.nan)
    for part in parts:
        of_type = types == part.day_type
        use[of_type] = part.model.predict(means[of_type])
    return use


def _best(means: FloatArray, used: FloatArray, kinds: tuple[Kind, ...]) -> ChangePointModel | None:
    models = fit_all(means, used, kinds)
    if not models:
        return None
    floor = _EXACT * float(used @ used)
    # Of two models that fit to rounding the one with fewer parameters; without the floor the log would choose by noise.
    return min(models, key=lambda model: (bic(max(model.sse, floor), model.n, model.p), model.p))


def _split(
    means: FloatArray, used: FloatArray, types: IntArray, kinds: tuple[Kind, ...], whole: ChangePointModel
) -> tuple[Part, ...] | None:
    """A model for each day type, or None where one can't be fitted or the split isn't worth its parameters."""
    parts = []
    for number in np.unique(types).tolist():
        of_type = types == number
        model = _best(means[of_type], used[of_type], kinds)
        if model is None:
            return None
        parts.append(Part(number, model))
    floor = _EXACT * float(used @ used)
    sse, p = max(sum(part.model.sse for part in parts), floor), sum(part.model.p for part in parts)
    return tuple(parts) if bic(sse, used.size, p) < bic(max(whole.sse, floor), used.size, whole.p) else None


def _autocorrelation(dates: npt.NDArray[np.datetime64], residual: FloatArray) -> float | None:
    """Lag-1, over pairs of days that follow each other."""
    neighbours = np.diff(dates) == np.timedelta64(1, "D")
    centred = residual - residual.mean()
    variance: float = float(centred @ centred) / centred.size
    if neighbours.sum() < 3 or not variance > 0.0:
        return None
    covariance: float = float(np.mean((centred[1:] * centred[:-1])[neighbours]))
    return covariance / variance


def _type_column(day_type: npt.ArrayLike, means: FloatArray) -> IntArray:
    types = integer_column("day_type", day_type)
    same_length(day_type=types, mean_c=means)
    return types
