"""Lamps that are out, found from the one meter of their cabinet: steps of its nights' residual.

A night's residual is the cabinet's mean power over what it was expected to be, less 1. Its spread σ is learned from the
cabinet's own nights. A sequential test looks at the means of the last one to five nights: a step of 6σ shows in one
night, one of 3σ within five; smaller ones aren't alarmed. Means of several nights are held against the spread that
such means had, so weather that lasts for days isn't taken for a step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray, finite_column, known_column
from bypuls.analysis.errors import BadInput
from bypuls.analysis.lighting.findings import Finding
from bypuls.analysis.lighting.open_steps import OpenStep, after_rise

_DETECTABLE = 3.0
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class StepLimits:
    """threshold : of a mean of nights, in its own σ.  least_sigma : of the mean, in σ of one night, and least_lamps, of
        one lamp: what is smaller is never alarmed.  nights : longest mean.
    learn_nights, least_nights : for σ.  refine_nights : until the level after a step is settled.
    floor : least σ, share of the expected power.  correlation_h : in which the supply's voltage forgets where it was;
        long nights spread less than short ones.
    prior : probability of a step in one night, for the confidence."""

    threshold: float = 4.0
    least_sigma: float = 2.25
    least_lamps: float = 0.6
    nights: int = 5
    learn_nights: int = 56
    least_nights: int = 21
    refine_nights: int = 14
    floor: float = 0.001
    correlation_h: float = 3.0
    prior: float = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class StepWatch:
    """What is kept of n cabinets from night to night.

    clean : (learn_nights + nights, n) residuals without steps, at a spread of one hour's length, NaN = unknown; the
        latest `nights` aren't learned from yet: a step that is about to show would widen σ.
    recent : (nights, n) the latest since the last step, likewise.  count : (n,) how many.
    dusks_us : (nights, n) their dusks.  shift : (n,) share that is switched off (negative) by the steps so far.
    settled : (n,) nights since the last step.  open_steps : per cabinet.
    lamp_share : (n,) of the full power that one lamp takes, NaN = unknown."""

    limits: StepLimits
    lamp_share: FloatArray
    clean: FloatArray
    recent: FloatArray
    count: IntArray
    dusks_us: IntArray
    shift: FloatArray
    settled: IntArray
    open_steps: tuple[tuple[OpenStep, ...], ...]

    @classmethod
    def of(cls, lamp_share: npt.ArrayLike, limits: StepLimits) -> StepWatch:
        """Before the first night. Raises BadInput."""
        share = known_column("lamp_share", lamp_share)
        if (share <= 0.0).any() or (share > 1.0).any():
            raise BadInput(f"lamp_share: {np.nanmin(share):g} … {np.nanmax(share):g}; expected above 0 and up to 1")
        n = share.size
        return cls(
            limits,
            share,
            np.full((limits.learn_nights + limits.nights, n), np.nan),
            np.full((limits.nights, n), np.nan),
            np.zeros(n, dtype=np.int64),
            np.zeros((limits.nights, n), dtype=np.int64),
            np.zeros(n),
            np.full(n, limits.refine_nights),
            ((),) * n,
        )

    def sigma(self, hours: npt.ArrayLike) -> FloatArray:
        """(n,) σ of one night's residual over `hours` of it, as learned; NaN while too few nights are known."""
        return self._spread(1) * _night_factor(np.asarray(hours, dtype=np.float64), self.limits.correlation_h)

    def detectable_lamps(self, hours: npt.ArrayLike) -> FloatArray:
        """(n,) the least number of lamps whose failure can be found (3σ); NaN = unknown. Fewer are not detectable."""
        return np.ceil(np.maximum(1.0, _DETECTABLE * self.sigma(hours) / self.lamp_share))

    def _spread(self, nights: int) -> FloatArray:
        """σ of the mean of so many nights: as it was, at least what independent nights would have."""
        past = self.clean[: -self.limits.nights]
        one = _winsorised_sigma(past, self.limits.least_nights)
        one = np.maximum(one, self.limits.floor)
        if nights == 1:
            return one
        means = np.lib.stride_tricks.sliding_window_view(past, nights, axis=0).mean(axis=-1)
        several = _winsorised_sigma(means, self.limits.least_nights)
        wider: FloatArray = np.fmax(several, one / np.sqrt(nights))
        return wider

    def night(
        self,
        residual: npt.ArrayLike,
        hours: npt.ArrayLike,
        dusk_us: int,
        dawn_us: int,
        resolution: npt.ArrayLike = 0.0,
    ) -> tuple[StepWatch, tuple[Finding, ...]]:
        """After one more night, with the `lampFailure` that opened or closed; `lamps` says how many.

        residual : (n,) mean of power over expected, less 1; NaN = unknown.  hours : (n,) that it was taken from.
        resolution : (n,) σ of the residual by the meter's resolution alone, which matters in short nights.
        Raises BadInput."""
        raw, length = known_column("residual", residual), finite_column("hours", hours)
        if raw.shape != self.shift.shape or length.shape != raw.shape:
            raise BadInput(f"residual: {raw.size} cabinets; expected {self.shift.size}")
        known = np.isfinite(raw)
        factor = _night_factor(length, self.limits.correlation_h)
        # The level after a step is itself known from a few nights alone.
        young = self.settled < self.limits.refine_nights
        learned = np.nan_to_num(self._spread(1), nan=np.inf)
        coarse = np.nan_to_num(np.asarray(resolution, dtype=np.float64), posinf=0.0)
        factor = np.hypot(factor, coarse / learned)
        unsure = np.where(young, np.sqrt(1.0 + 1.0 / np.maximum(1, self.settled)), 1.0)
        clean = (raw - self.shift) / factor / unsure
        recent = np.where(known, np.vstack((self.recent[1:], clean)), self.recent)
        dusks = np.where(known, np.vstack((self.dusks_us[1:], np.full(raw.size, dusk_us))), self.dusks_us)
        count = np.minimum(self.count + known, self.limits.nights)
        width, mean, strength = self._strongest(recent, count, factor)
        stepped = known & (width > 0)
        # Back from one hour's spread to this night's; a step's size is a share of the power.
        size = np.where(stepped, mean * factor, 0.0)
        settled = np.where(stepped, np.maximum(width, 1), self.settled + known)
        refined = (self.shift * np.maximum(1, self.settled) + raw) / (np.maximum(1, self.settled) + 1)
        shift = np.where(stepped, self.shift + size, np.where(known & young, refined, self.shift))
        after = replace(
            self,
            clean=self._remembered(clean, known, np.where(stepped, width, 0)),
            recent=recent,
            count=np.where(stepped, 0, count),
            dusks_us=dusks,
            shift=shift,
            settled=settled,
        )
        return after._with_steps(stepped, size, width, strength, stepped & (self.settled <= 1), dawn_us)

    def _remembered(self, clean: FloatArray, known: BoolArray, width: IntArray) -> FloatArray:
        """`clean` with one more night; the nights of a step, the latest `width` of them, are forgotten."""
        kept = np.where(known, np.vstack((self.clean[1:], clean)), self.clean)
        age = np.arange(kept.shape[0])[::-1, None]
        return np.where(age < width, np.nan, kept)

    def _strongest(
        self, recent: FloatArray, count: IntArray, factor: FloatArray
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        """(n,) each: how many nights the clearest step has, 0 = none; its mean at one hour's spread; its strength."""
        limits = self.limits
        one = self._spread(1)
        least = np.fmax(limits.least_sigma * one, limits.least_lamps * self.lamp_share / factor)
        width = np.zeros(count.shape, dtype=np.int64)
        best, strength = np.zeros(count.shape), np.zeros(count.shape)
        for nights in range(1, limits.nights + 1):
            mean = recent[-nights:].mean(axis=0)
            spread = self._spread(nights)
            with np.errstate(invalid="ignore"):
                in_sigma = np.abs(mean) / spread
                clear = (count >= nights) & (in_sigma >= limits.threshold)
                clear &= (np.abs(mean) >= least) & (in_sigma > strength)
            width, best = np.where(clear, nights, width), np.where(clear, mean, best)
            strength = np.where(clear, in_sigma, strength)
        return width, best, strength

    def _with_steps(
        self,
        stepped: BoolArray,
        size: FloatArray,
        width: IntArray,
        strength: FloatArray,
        again: BoolArray,
        dawn_us: int,
    ) -> tuple[StepWatch, tuple[Finding, ...]]:
        if not stepped.any():
            return self, ()
        found: list[Finding] = []
        steps = list(self.open_steps)
        for at in np.flatnonzero(stepped).tolist():
            from_us = int(self.dusks_us[-int(width[at]), at])
            if size[at] > 0.0:
                steps[at], ended = after_rise(steps[at], float(size[at]))
                found += [one.finding(at, to_us=from_us) for one in ended]
                continue
            share = -float(size[at])
            if again[at] and steps[at] and steps[at][-1].confirmed_us >= from_us - _DAY_US:
                # It began within the night before, which showed a part of it.
                share, from_us = share + steps[at][-1].share, steps[at][-1].from_us
                steps[at] = steps[at][:-1]
            lamps = None
            if np.isfinite(self.lamp_share[at]):
                lamps = max(1, round(share / float(self.lamp_share[at])))
            odds = self.limits.prior * np.exp(min(50.0, float(strength[at]) ** 2 / 2.0))
            step = OpenStep(share, lamps, from_us, dawn_us, float(odds / (1.0 + odds)))
            steps[at] = (*steps[at], step)
            found.append(step.finding(at))
        return replace(self, open_steps=tuple(steps)), tuple(found)


def _night_factor(hours: FloatArray, correlation_h: float) -> FloatArray:
    """σ of a mean over `hours` of a process that forgets within `correlation_h`, over σ of one hour's mean."""

    def variance(length: FloatArray) -> FloatArray:
        x = np.maximum(length, 0.25) / correlation_h
        return np.asarray(2.0 / x * (1.0 - (1.0 - np.exp(-x)) / x))

    return np.sqrt(variance(hours) / variance(np.ones_like(hours)))


def _winsorised_sigma(values: FloatArray, least: int) -> FloatArray:
    """(n,) standard deviation about 0 of each column with what lies beyond three robust σ drawn in; NaN of few."""
    known = np.isfinite(values)
    enough = known.sum(axis=0) >= least
    found = np.full(values.shape[1], np.nan)
    if enough.any():
        part = values[:, enough]
        bound = 3.0 * 1.4826 * np.nanmedian(np.abs(part), axis=0)
        found[enough] = np.sqrt(np.nanmean(np.clip(part, -bound, bound) ** 2, axis=0))
    return found
