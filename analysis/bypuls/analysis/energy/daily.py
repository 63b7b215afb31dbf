"""Measured days as models take them: days with holes scaled up, zeros that stand for missing values found.

Only models see these columns. Accounts keep what was measured, with its coverage."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray, integer_column, known_column, same_length, sum_by
from bypuls.analysis.energy.normal_year import day_column
from bypuls.analysis.energy.signature import signature
from bypuls.analysis.errors import BadInput, NotEnoughDays

Medium: TypeAlias = Literal["electricity", "heat", "gas", "water"]
MEDIA: tuple[Medium, ...] = ("electricity", "heat", "gas", "water")

LEAST_COVERAGE = 0.5
"""Share of a day that must be measured. Source: CalTRACK 2.0, section 2 (data management)."""

_NEAR_K = 2.0  # [K] days this near in temperature are alike
_EXCEPTION = 0.10  # zeros are exceptions where at most this share of the days alike have none
_SLOT_EXCEPTION = 0.05  # the same of an hour of the day, over days with use
_USE = 0.01  # of the mean: predictions up to here are no use
_SPREAD = 2.0  # RMSE that a zero must lie below its prediction


def use_for_model(total: npt.ArrayLike, coverage: npt.ArrayLike) -> FloatArray:
    """total / coverage where at least half of the day is measured, else NaN. For models only, never for accounts.

    total : (n,) Σ of what is known, NaN = nothing.  coverage : (n,) 0 … 1.  Raises BadInput.
    Source: CalTRACK 2.0, section 2 (data management)."""
    sums, known = known_column("total", total), known_column("coverage", coverage)
    same_length(total=sums, coverage=known)
    wrong = np.flatnonzero(~((known >= 0.0) & (known <= 1.0 + 1e-9)))
    if wrong.size:
        raise BadInput(f"coverage[{wrong[0]}]: {known[wrong[0]]}; expected 0 … 1")
    enough = known >= LEAST_COVERAGE
    return np.where(enough, sums / np.where(enough, known, 1.0), np.nan)


def missing_zero_days(
    medium: Medium,
    days: npt.ArrayLike,
    mean_c: npt.ArrayLike,
    use: npt.ArrayLike,
    *,
    own_generation: bool = False,
) -> BoolArray:
    """The days whose zero stands for a missing value.

    electricity: every zero, except with own generation, where an import of 0 is real (model import + own use).
    heat, gas: a zero where the signature of the other days predicts use, and either lies above 0 by more than its
    spread or the days of that temperature (± 2 K) all but never (≤ 10 %) had none. Boilers that rest in summer keep
    their zeros. Where no signature can be had, none is judged.
    water: none; buildings have days without.

    days : (n,) dates, rising.  mean_c : (n,) [°C].  use : (n,) per day, NaN = unknown.  Raises BadInput."""
    dates, means, used = day_column("days", days), known_column("mean_c", mean_c), known_column("use", use)
    same_length(days=dates, mean_c=means, use=used)
    zero: BoolArray = used == 0.0
    if medium == "electricity":
        return np.zeros(zero.shape, dtype=np.bool_) if own_generation else zero
    if medium not in MEDIA:
        raise BadInput(f"medium: {medium!r}; expected one of {', '.join(MEDIA)}")
    if medium == "water" or not zero.any():
        return np.zeros(zero.shape, dtype=np.bool_)
    try:
        found = signature(dates, means, np.where(zero, np.nan, used))
    except NotEnoughDays:
        return np.zeros(zero.shape, dtype=np.bool_)
    predicted = found.predict(means)
    known = np.isfinite(means) & np.isfinite(used)
    sorted_known, sorted_zero = np.sort(means[known]), np.sort(means[known & zero])

    def near(temps: FloatArray) -> IntArray:
        return np.searchsorted(temps, means + _NEAR_K, "right") - np.searchsorted(temps, means - _NEAR_K)

    exceptional = near(sorted_zero) <= np.maximum(1.0, _EXCEPTION * near(sorted_known))
    uses = predicted > _USE * found.quality.mean
    missing: BoolArray = zero & uses & (exceptional | (predicted > _SPREAD * found.quality.rmse))
    return missing


def missing_zeros(
    medium: Medium,
    day_number: npt.ArrayLike,
    slot: npt.ArrayLike,
    use: npt.ArrayLike,
    days: npt.ArrayLike,
    mean_c: npt.ArrayLike,
    *,
    own_generation: bool = False,
) -> BoolArray:
    """The intervals (hours, quarters) whose zero stands for a missing value: those of `missing_zero_days`; of heat and
    gas also single zeros at a time of day that has hardly ever one (≤ 5 % of the other days). A boiler that rests every
    night keeps its zeros.

    day_number : (n,) index of the interval's day in `days`.  slot : (n,) number of the interval in its day, ≥ 0.
    use : (n,), NaN = unknown.  days, mean_c : (d,) dates and daily means [°C].  Raises BadInput."""
    used = known_column("use", use)
    dates, means = day_column("days", days), known_column("mean_c", mean_c)
    number, place = _index("day_number", day_number, dates.size), _index("slot", slot, None)
    same_length(use=used, day_number=number, slot=place)
    same_length(days=dates, mean_c=means)
    zero: BoolArray = used == 0.0
    if medium == "electricity":
        return np.zeros(zero.shape, dtype=np.bool_) if own_generation else zero
    known = np.isfinite(used)
    count = np.bincount(number[known], minlength=dates.size)
    total = np.where(count > 0, sum_by(number[known], used[known], dates.size), np.nan)
    of_day = missing_zero_days(medium, dates, means, total)
    missing: BoolArray = zero & of_day[number]
    if medium in ("heat", "gas"):
        other = known & ~of_day[number] & (total[number] > 0.0)
        slots = int(place.max(initial=0)) + 1
        all_, none = (np.bincount(place[which], minlength=slots) for which in (other, other & zero))
        rare = none <= _SLOT_EXCEPTION * all_
        missing |= other & zero & rare[place]
    return missing


def _index(name: str, values: npt.ArrayLike, size: int | None) -> IntArray:
    index = integer_column(name, values)
    wrong = np.flatnonzero((index < 0) | (index >= size if size is not None else False))
    if wrong.size:
        raise BadInput(f"{name}[{wrong[0]}]: {index[wrong[0]]}; expected 0 … {'' if size is None else size - 1}")
    return index
