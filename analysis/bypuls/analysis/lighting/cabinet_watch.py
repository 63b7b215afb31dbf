"""Cabinets' meters from quarter to quarter and from night to night: what they should draw is learned from the nights
before, each quarter is judged against it by `cabinets`, each night by `night_steps`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray
from bypuls.analysis.lighting.cabinets import (
    RULES,
    CabinetLimits,
    CabinetRound,
    CabinetState,
    evaluate,
    night_residual,
    own_power,
    steady_part,
)
from bypuls.analysis.lighting.expectation import Learned, column_medians, learn, voltage_factor
from bypuls.analysis.lighting.findings import Finding
from bypuls.analysis.lighting.night_steps import StepLimits, StepWatch
from bypuls.analysis.lighting.plan import Quarters

Stack = TypeVar("Stack", FloatArray, IntArray)

LEARN_NIGHTS, LEARN_EVERY = 28, 7
DAY_QUARTERS = 96
_TWO_ENDS = 0.41  # σ of the difference of two readings, each off by up to a step
_SUPPLY, _DAY_BURNING = RULES.index("supplyLoss"), RULES.index("lampUnexpectedOn")


@dataclass(frozen=True, slots=True, eq=False)
class CabinetMeters:
    """What is known of n cabinets beforehand, (n,) each.

    lamp_share : of the full power that one lamp takes.  lamp_w : of one lamp at full level.  exponent : of the voltage.
    mean_s : as of `CabinetRound`.  step_wh : in which the meter counts.  resolution_w : of the power shown."""

    lamp_share: FloatArray
    lamp_w: FloatArray
    exponent: FloatArray
    mean_s: IntArray
    step_wh: FloatArray
    resolution_w: float


@dataclass(frozen=True, slots=True, eq=False)
class MeterDay:
    """The 96 quarters of a night and the day around it; (96,), or (96, n) with NaN = unknown."""

    quarters: Quarters
    dusk_us: int
    dawn_us: int
    power_w: FloatArray
    voltage_v: FloatArray
    level_pct: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class CabinetWatch:
    """What is kept of n cabinets under one sun.

    past_* : (28, 96, n) of the latest nights: power at night at 230 V with all lamps lit, NaN = not to be learned from;
    its level and hour; power by day.  nights : since the first that was known.  day_lamps : (n,) how many burn by day.
    judged_us : (n,) dawn of the last night with a verdict, 0 = none.  hours, sigma : (n,) of the last night: how much
    of it was used, and what its residual was held against."""

    meters: CabinetMeters
    state: CabinetState
    steps: StepWatch
    past_night_w: FloatArray
    past_level_pct: FloatArray
    past_hour: IntArray
    past_day_w: FloatArray
    unsupplied: BoolArray
    day_lamps: FloatArray
    judged_us: IntArray
    hours: FloatArray
    sigma: FloatArray
    nights: int = 0
    learned: Learned | None = None
    own_w: FloatArray | None = None
    own_sigma_w: FloatArray | None = None

    @classmethod
    def of(cls, meters: CabinetMeters, limits: StepLimits | None = None) -> CabinetWatch:
        """Before the first quarter. Raises BadInput."""
        n = meters.lamp_w.size
        empty = np.full((LEARN_NIGHTS, DAY_QUARTERS, n), np.nan)
        return cls(
            meters, CabinetState.of(n), StepWatch.of(meters.lamp_share, limits or StepLimits()), empty, empty,
            np.zeros((LEARN_NIGHTS, DAY_QUARTERS, n), dtype=np.int64), empty, np.zeros(n, dtype=np.bool_),
            np.full(n, np.nan), np.zeros(n, dtype=np.int64), np.zeros(n), np.full(n, np.nan),
        )  # fmt: skip

    def expected_w(self, level_pct: FloatArray, hour: int) -> FloatArray:
        """(n,) at 230 V, in an hour of the night; NaN = not learned yet."""
        if self.learned is None:
            return np.full(self.meters.lamp_w.size, np.nan)
        return self.learned.expected_w(level_pct, hour)

    def round(
        self, quarters: Quarters, at: int, power_w: FloatArray, level_pct: FloatArray, limits: CabinetLimits
    ) -> tuple[CabinetWatch, tuple[Finding, ...]]:
        """After the quarter `at` of `quarters`, with what opened and what closed.  power_w, level_pct : (n,)."""
        n = self.meters.lamp_w.size
        nothing = np.full(n, np.nan)
        night = bool(quarters.night[at])
        now = CabinetRound(
            int(quarters.t_us[at]), power_w, night, bool(quarters.day[at]), int(quarters.since_s[at]),
            int(quarters.left_s[at]),
            self.expected_w(level_pct, int(quarters.hour[at])) if night else nothing,
            nothing if self.own_w is None else self.own_w, nothing if self.own_sigma_w is None else self.own_sigma_w,
            self.meters.lamp_w, self.meters.mean_s,
        )  # fmt: skip
        state, found = evaluate(self.state, now, limits)
        lamps = self.day_lamps.copy()
        for one in found:
            if one.name == "lampUnexpectedOn":
                lamps[one.index] = np.nan if one.lamps is None or one.to_us is not None else one.lamps
        standing = np.asarray(state.lives.standing[_SUPPLY])
        return replace(self, state=state, day_lamps=lamps, unsupplied=self.unsupplied | standing), found

    def night(self, day: MeterDay) -> tuple[CabinetWatch, tuple[Finding, ...]]:
        """After one more night, with the `lampFailure` that opened or closed. Raises BadInput."""
        meters, night = self.meters, day.quarters.night
        own = np.zeros(meters.lamp_w.size) if self.own_w is None else np.nan_to_num(self.own_w)
        expected = np.full(day.power_w.shape, np.nan)
        for q in np.flatnonzero(night).tolist():
            expected[q] = self.expected_w(day.level_pct[q], int(day.quarters.hour[q]))
        at230 = (day.power_w - own) / voltage_factor(day.voltage_v, meters.exponent) + own
        around = day.quarters.t_us, day.dusk_us, day.dawn_us, day.level_pct, meters.mean_s
        residual, hours = night_residual(at230, expected, own, steady_part(*around), 0.25)
        residual = np.where(self.unsupplied | self.state.lives.standing[_SUPPLY], np.nan, residual)
        with np.errstate(invalid="ignore", divide="ignore"):
            resolution = _TWO_ENDS * meters.step_wh / hours / expected[night].mean(axis=0)
        sigma = self.steps.sigma(hours)
        steps, found = self.steps.night(residual, hours, day.dusk_us, day.dawn_us, resolution)
        standing = np.asarray(self.state.lives.standing.any(axis=0))
        whole = (at230 - own) / (1.0 + steps.shift) + own
        usable = night[:, None] & ~standing & steady_part(*around, margin_s=0)
        kept = np.where(usable, whole, np.nan)
        by_day = np.where(day.quarters.day[:, None], day.power_w, np.nan)
        hour = np.repeat(day.quarters.hour[:, None], meters.lamp_w.size, axis=1)
        after = replace(
            self, steps=steps, past_night_w=_pushed(self.past_night_w, kept),
            past_level_pct=_pushed(self.past_level_pct, day.level_pct), past_hour=_pushed(self.past_hour, hour),
            past_day_w=_pushed(self.past_day_w, by_day), unsupplied=np.zeros_like(self.unsupplied),
            judged_us=np.where(np.isfinite(residual) & np.isfinite(sigma), day.dawn_us, self.judged_us),
            hours=hours, sigma=sigma,
            nights=self.nights + int(self.nights > 0 or bool(np.isfinite(kept).any())),
        )  # fmt: skip
        due = after.nights >= LEARN_NIGHTS and after.nights % LEARN_EVERY == 0
        return (after.relearned() if due else after), found

    def relearned(self) -> CabinetWatch:
        """With what the nights that are kept say of the power to expect; unchanged while they are too few."""
        if self.nights < LEARN_NIGHTS:
            return self
        n = self.meters.lamp_w.size
        which = np.broadcast_to(np.arange(n), self.past_night_w.shape)
        known = np.isfinite(self.past_night_w)
        learned = learn(
            which[known], self.past_level_pct[known], self.past_hour[known], self.past_night_w[known], count=n
        )
        own, sigma = own_power(self.past_day_w.reshape(-1, n), self.meters.resolution_w)
        change = _change(self.learned, learned, self.past_level_pct, self.past_hour, known)
        return replace(self, steps=self.steps.rebased(change), learned=learned, own_w=own, own_sigma_w=sigma)

    def supply_lost_us(self, at: int) -> int | None:
        """Since when the cabinet `at` is without supply; None where it isn't known to be."""
        return self._standing_us(_SUPPLY, at)

    def day_burning_us(self, at: int) -> int | None:
        """Since when lamps of the cabinet `at` burn by day; None where none is known to."""
        return self._standing_us(_DAY_BURNING, at)

    def _standing_us(self, rule: int, at: int) -> int | None:
        lives = self.state.lives
        return int(lives.from_us[rule, at]) if lives.standing[rule, at] else None


def _change(before: Learned | None, after: Learned, level: FloatArray, hour: IntArray, at: BoolArray) -> FloatArray:
    """(n,) by which share the expected power changed, in the middle of the quarters of the latest night that were
    known; NaN where none was expected."""
    n = level.shape[2]
    if before is None:
        return np.full(n, np.nan)
    change = np.full(at.shape[1:], np.nan)
    for q in np.flatnonzero(at[-1].any(axis=1)).tolist():
        was, now = (one.expected_w(level[-1, q], hour[-1, q]) for one in (before, after))
        change[q] = np.where(at[-1, q] & (was > 0.0), now / was - 1.0, np.nan)
    return column_medians(change).median


def _pushed(past: Stack, latest: Stack) -> Stack:
    return np.concatenate((past[1:], latest[None]))
