"""Cabinets by their meters, quarter by quarter: no supply at night, lamps that burn by day; and a night's residual.

A cabinet whose clock is an hour wrong is dark for an hour after dusk and lit for an hour after dawn. So that this
isn't taken for a fault, what was never lit since dusk is judged later, and so is what never went out since dawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray
from bypuls.analysis.errors import BadInput
from bypuls.analysis.lighting.expectation import column_medians
from bypuls.analysis.lighting.findings import Finding, Name
from bypuls.analysis.lighting.machine import Lives, Patience, step, verdicts

RULES: tuple[Name, ...] = ("supplyLoss", "lampUnexpectedOn")
CLOCK_S = 4500
"""An hour, and a quarter for the switching itself."""
_TRIMMED = 0.2
_US = 1_000_000
_RESOLUTION_SIGMA = float(1.0 / np.sqrt(12.0))


@dataclass(frozen=True, slots=True)
class CabinetLimits:
    """Thresholds. out_below : share of the expected power.  lamp_share : of one lamp's power, above which it burns by
    day; or `day_sigma` of the day's own spread, where that is more."""

    out_below: float = 0.10
    lamp_share: float = 0.5
    day_sigma: float = 2.5
    hold_s: int = 1800
    samples: int = 3


@dataclass(frozen=True, slots=True, eq=False)
class CabinetRound:
    """One round of n cabinets; (n,), NaN = unknown.

    night, day : as of `plan.night_and_day`.  since_s : since dusk at night, else since dawn.  left_s : until the next
    dusk.  expected_w : at this hour.  own_w, own_sigma_w : what the cabinet draws by day, as of `own_power`.
    lamp_w : of one lamp at full level, NaN = unknown.  mean_s : time before the round over which the power is a mean:
    0 of a meter's power, 3600 of an hour's difference of its register."""

    t_us: int
    power_w: FloatArray
    night: bool
    day: bool
    since_s: int
    left_s: int
    expected_w: FloatArray
    own_w: FloatArray
    own_sigma_w: FloatArray
    lamp_w: FloatArray
    mean_s: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class CabinetState:
    """Kept between rounds. lit, unlit : (n,) seen since dusk, and since dawn."""

    lives: Lives
    lit: BoolArray
    unlit: BoolArray

    @classmethod
    def of(cls, cabinets: int) -> CabinetState:
        """Nothing is known yet."""
        nothing = np.zeros(cabinets, dtype=np.bool_)
        return cls(Lives.of(len(RULES), cabinets), nothing, nothing)


def evaluate(state: CabinetState, now: CabinetRound, limits: CabinetLimits) -> tuple[CabinetState, tuple[Finding, ...]]:
    """Judges one round; `lamps` of a day burner says how many. Raises BadInput where arrays don't fit."""
    if now.power_w.shape != state.lit.shape:
        raise BadInput(f"power_w: {now.power_w.size} cabinets; expected {state.lit.size}")
    known = np.isfinite(now.power_w)
    with np.errstate(invalid="ignore"):
        above = now.power_w - np.nan_to_num(now.own_w)
        lights = now.expected_w - np.nan_to_num(now.own_w)
        dark = above < limits.out_below * lights
        burns = above > np.fmax(limits.lamp_share * now.lamp_w, limits.day_sigma * now.own_sigma_w)
    patient_s = CLOCK_S + now.mean_s
    lit = (state.lit | (known & ~dark)) if now.night else np.zeros_like(state.lit)
    unlit = (state.unlit | (known & ~burns)) if not now.night and now.since_s > 0 else np.zeros_like(state.unlit)
    sure_night = known & now.night & np.isfinite(lights) & (lights > 0.0) & (lit | (now.since_s >= patient_s))
    sure_day = known & now.day & np.isfinite(now.own_w) & (unlit | (now.since_s >= patient_s)) & (now.left_s >= CLOCK_S)
    verdict = np.stack((verdicts(sure_night, dark), verdicts(sure_day, burns)))
    patience = Patience(np.full(2, limits.hold_s), np.full(2, limits.samples))
    lives, opened, closed = step(state.lives, verdict, now.t_us, patience)
    found = []
    for rule, at in zip(*np.nonzero(opened), strict=True):
        lamps = _lamps(float(above[at]), float(now.lamp_w[at])) if RULES[rule] == "lampUnexpectedOn" else None
        found.append(Finding(RULES[rule], "cabinet", int(at), int(lives.from_us[rule, at]), now.t_us, lamps=lamps))
    for rule, at in zip(*np.nonzero(closed), strict=True):
        before = state.lives
        found.append(
            Finding(
                RULES[rule],
                "cabinet",
                int(at),
                int(before.from_us[rule, at]),
                int(before.opened_us[rule, at]),
                to_us=int(lives.since_us[rule, at]),
                lamps=None,
                status="closed",
            )
        )
    return CabinetState(lives, lit, unlit), tuple(found)


def _lamps(power_w: float, lamp_w: float) -> int | None:
    return max(1, round(power_w / lamp_w)) if np.isfinite(lamp_w) else None


def own_power(power_w: npt.ArrayLike, resolution_w: float) -> tuple[FloatArray, FloatArray]:
    """(n,) what each cabinet itself draws by day, and its spread.

    power_w : (samples, n) of surely day, NaN = unknown.  resolution_w : of the meter, over the time that it tells."""
    power = np.asarray(power_w, dtype=np.float64)
    groups = column_medians(power)
    # Mean and spread of what lies near the median: a coarse meter's median would be one of its steps.
    with np.errstate(invalid="ignore"):
        near = np.abs(power - groups.median) <= 4.0 * np.fmax(groups.sigma, resolution_w * _RESOLUTION_SIGMA)
    count = np.maximum(1, near.sum(axis=0))
    mean = np.where(groups.n > 0, np.where(near, power, 0.0).sum(axis=0) / count, np.nan)
    variance = np.where(near, (power - mean) ** 2, 0.0).sum(axis=0) / count
    return mean, np.sqrt(np.fmax(variance, (resolution_w * _RESOLUTION_SIGMA) ** 2))


def night_residual(
    power_w: npt.ArrayLike, expected_w: npt.ArrayLike, own_w: npt.ArrayLike, core: npt.ArrayLike, slot_h: float
) -> tuple[FloatArray, FloatArray]:
    """(n,) mean of the lamps' power over what was expected, less 1, and the hours that it is taken from.

    power_w, expected_w : (slots, n) at 230 V, NaN = unknown.  own_w : (n,) of the cabinet itself.  core : (slots, n)
    where a clock that is an hour wrong changes nothing (`steady_part`). The fifth furthest off on either side
    is left out, and slots without supply.  slot_h : length of a slot.  NaN where less than half an hour is known."""
    power, expected = np.asarray(power_w, dtype=np.float64), np.asarray(expected_w, dtype=np.float64)
    own = np.nan_to_num(np.asarray(own_w, dtype=np.float64))
    inside = np.asarray(core, dtype=np.bool_)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (power - own) / (expected - own)
    ratio = np.where(inside & (ratio > 0.1) & np.isfinite(ratio), ratio, np.nan)
    n = np.isfinite(ratio).sum(axis=0)
    ranked = np.sort(ratio, axis=0)  # NaN last
    cut = (n * _TRIMMED).astype(np.int64)
    place = np.arange(ratio.shape[0])[:, None]
    kept = (place >= cut) & (place < n - cut)
    hours = n * slot_h
    with np.errstate(invalid="ignore"):
        mean = np.where(kept, ranked, 0.0).sum(axis=0) / np.maximum(1, kept.sum(axis=0)) - 1.0
    return np.where(hours >= 0.5, mean, np.nan), hours.astype(np.float64)


def steady_part(
    t_us: IntArray, dusk_us: int, dawn_us: int, level_pct: FloatArray, mean_s: IntArray, margin_s: int = CLOCK_S
) -> BoolArray:
    """(slots, n) what of a night lies at least `margin_s` from dusk, dawn and every change of the level: there an hour
    more or less on the cabinet's clock changes nothing. Of a mean the whole time counts that it is of.

    level_pct : (slots, n) of the evenly spaced `t_us`.  mean_s : (n,) before each slot."""
    margin_us, mean_us = margin_s * _US, mean_s * _US
    at = t_us[:, None]
    steady: BoolArray = (at >= dusk_us + margin_us + mean_us) & (at <= dawn_us - margin_us)
    for slot in np.flatnonzero((np.diff(level_pct, axis=0) != 0.0).any(axis=1)) + 1:
        changed = level_pct[slot] != level_pct[slot - 1]
        near = (at >= t_us[slot] - margin_us) & (at < t_us[slot] + margin_us + mean_us)
        steady &= ~(changed & near)
    return steady
