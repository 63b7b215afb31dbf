"""Single lamps from quarter to quarter and from night to night: what each should draw at each level is learned from the
nights before, each round is judged against it by `lamps`, the months by `ageing`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray
from bypuls.analysis.lighting.ageing import AgeingLimits, AgeingWatch
from bypuls.analysis.lighting.expectation import LEVEL_STEP_PCT, voltage_factor
from bypuls.analysis.lighting.findings import Finding
from bypuls.analysis.lighting.lamp_rules import LampLimits, LampRound
from bypuls.analysis.lighting.lamps import LampState, evaluate

LEARN_NIGHTS, LEARN_EVERY = 28, 14
LEAST_NIGHTS = 4
"""At a level, to be expected at it."""
LEVELS = round(100.0 / LEVEL_STEP_PCT) + 1
FULL = LEVELS - 1


@dataclass(frozen=True, slots=True, eq=False)
class LampReadings:
    """One round of n lamps, as of `LampRound`; floats (n,), NaN = unknown."""

    t_us: int
    reported: BoolArray
    power_w: FloatArray
    night: BoolArray
    day: BoolArray
    commanded_pct: FloatArray
    voltage_v: FloatArray
    power_factor: FloatArray
    temp_c: FloatArray
    lit_share: FloatArray
    switched_on: FloatArray
    cabinet_dark: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class LampWatch:
    """What is kept of n lamps.

    nominal_w, exponent, cabinet : (n,) as of `LampRound`.  nights_w : (28, n, levels) each known night's median power
    at 230 V by level.  learned_w, baseline_w : (n, levels) what is expected, and what was first; NaN = not learned.
    tonight : power at 230 V and level of the rounds of this night.  stood : (n,) whether a fault stood in it.
    nights : (n,) that were known."""

    limits: LampLimits
    nominal_w: FloatArray
    exponent: FloatArray
    cabinet: IntArray
    state: LampState
    ageing: AgeingWatch
    nights_w: FloatArray
    learned_w: FloatArray
    baseline_w: FloatArray
    stood: BoolArray
    nights: IntArray
    tonight: tuple[tuple[FloatArray, FloatArray], ...] = ()

    @classmethod
    def of(
        cls, nominal_w: FloatArray, exponent: FloatArray, cabinet: IntArray, *, cabinets: int, t_us: int,
        limits: LampLimits,
    ) -> LampWatch:  # fmt: skip
        """Before the first round, at `t_us` [µs UTC]."""
        n = nominal_w.size
        unknown = np.full((n, LEVELS), np.nan)
        return cls(
            limits, nominal_w, exponent, cabinet, LampState.of(n, cabinets, t_us, limits),
            AgeingWatch.of(n, AgeingLimits()), np.full((LEARN_NIGHTS, n, LEVELS), np.nan), unknown, unknown,
            np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.int64),
        )  # fmt: skip

    def round(self, now: LampReadings) -> tuple[LampWatch, tuple[Finding, ...]]:
        """After one round, with what opened and what closed. Raises BadInput."""
        n = self.nominal_w.size
        every, level = np.arange(n), level_index(now.commanded_pct)
        learned = self.learned_w[every, level]
        full = np.where(np.isfinite(self.learned_w[:, FULL]), self.learned_w[:, FULL], self.nominal_w)
        # Before it has learned, nominal power says whether a lamp is out, not whether it draws too much or too little.
        expected = np.where(now.night, learned, np.nan)
        done = evaluate(
            self.state,
            LampRound(
                now.t_us, now.reported, now.power_w, now.night, now.day, now.commanded_pct, expected, full,
                self.nominal_w, self.exponent, now.voltage_v, now.power_factor, now.temp_c, now.lit_share,
                now.switched_on, self.cabinet, now.cabinet_dark,
            ),
            self.limits,
        )  # fmt: skip
        stood = self.stood | np.asarray(done.state.lives.standing.any(axis=0))
        return replace(self, state=done.state, stood=stood), done.findings

    def remembering(self, now: LampReadings) -> LampWatch:
        """With a round of this night to be learned from."""
        if not now.night.any():
            return self
        at230 = np.where(now.night & now.reported, now.power_w / voltage_factor(now.voltage_v, self.exponent), np.nan)
        return replace(self, tonight=(*self.tonight, (at230, level_index(now.commanded_pct).astype(np.float64))))

    def night(self, dawn_us: int) -> tuple[LampWatch, tuple[Finding, ...]]:
        """After the night that ended at `dawn_us`, with the `lampPowerTooLow` of ageing that opened or closed."""
        latest = self._medians()
        known = np.asarray(np.isfinite(latest).any(axis=1))
        kept = np.where(known[:, None], np.concatenate((self.nights_w[1:], latest[None])), self.nights_w)
        nights = self.nights + known
        share = np.full(known.shape, np.nan)
        ratio = latest / self.baseline_w
        told = np.isfinite(ratio).any(axis=1)
        if told.any():
            share[told] = np.nanmedian(ratio[told], axis=1)
        ageing, found = self.ageing.night(share, dawn_us)
        due = known & (nights >= LEARN_NIGHTS) & ((nights - LEARN_NIGHTS) % LEARN_EVERY == 0)
        learned, baseline = self.learned_w, self.baseline_w
        if due.any():
            learned = learned.copy()
            learned[due] = _learned(kept[:, due])
            baseline = np.where(np.isfinite(baseline), baseline, learned)
        standing = np.asarray(self.state.lives.standing.any(axis=0))
        return replace(
            self, ageing=ageing, nights_w=kept, learned_w=learned, baseline_w=baseline, stood=standing, nights=nights,
            tonight=(),
        ), found  # fmt: skip

    def _medians(self) -> FloatArray:
        """(n, levels) of this night; NaN where it wasn't seen, or where a fault stood."""
        n = self.nominal_w.size
        found = np.full((n, LEVELS), np.nan)
        if not self.tonight:
            return found
        power, level = (np.stack(part) for part in zip(*self.tonight, strict=True))
        for one in np.unique(level).astype(np.int64).tolist():
            mine = np.where((level == one) & ~self.stood, power, np.nan)
            seen = np.isfinite(mine).any(axis=0)
            if seen.any():
                found[seen, one] = np.nanmedian(mine[:, seen], axis=0)
        return found


def level_index(level_pct: FloatArray) -> IntArray:
    """Of levels [%] where they stand in arrays by level, in steps of 5 %; unknown counts as full."""
    level = np.nan_to_num(np.asarray(level_pct, dtype=np.float64), nan=100.0)
    return np.clip(np.rint(level / LEVEL_STEP_PCT), 0, FULL).astype(np.int64)


def _learned(nights_w: FloatArray) -> FloatArray:
    """(n, levels) of the nights (28, n, levels): a fault shorter than half of them doesn't move a median."""
    enough = np.isfinite(nights_w).sum(axis=0) >= LEAST_NIGHTS
    found = np.full(enough.shape, np.nan)
    if enough.any():
        found[enough] = np.nanmedian(nights_w[:, enough], axis=0)
    return found
