"""Lamps that are out, found from the one meter of their cabinet: steps of its nights' residual.

A night's residual is the cabinet's mean power over what it was expected to be, less 1. Its spread σ is learned from
the cabinet's own nights. After each night it is asked how probable it is that k lamps have been out for w nights, for
each k and w: from the means of the last w nights, held against the spread that such means had, so that weather which
lasts for days isn't taken for a step. Fewer lamps than make 3σ are not detectable. A step is alarmed at once when it
surely is of as many as that, and once it is some nights old when that is more probable than not; no number below is
ever told. What is smaller is remembered: with the next lamp that goes out it may be enough."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray, finite_column, known_column
from bypuls.analysis.errors import BadInput
from bypuls.analysis.lighting.expectation import column_medians
from bypuls.analysis.lighting.findings import Finding
from bypuls.analysis.lighting.open_steps import DETECTABLE_SIGMA, OpenStep, after_rise, detectable_lamps

_SAME = 2.5  # σ, within which a level is the one from before
_MOST_LAMPS = 200  # that are told apart
_TYPICAL_H = 10.0  # of a night
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class StepLimits:
    """sure : probability that as many lamps are out as are detectable, at which it is alarmed, or that lamps burn
        again.  likely, settled_nights : the probability that is enough once the step is so old.
    nights : age at which a step that isn't alarmed is only remembered.
    prior, repair : probability that in one night a given number of lamps goes out; is lit again, where some are out.
    least_lamps : what is less than so much of a lamp is none.
    learn_nights, least_nights : from which the nights' mean and σ are learned.  floor : least σ, share of the expected
    power.  correlation_h : in which the supply's voltage forgets where it was: long nights spread less."""

    sure: float = 0.97
    likely: float = 0.5
    settled_nights: int = 4
    nights: int = 5
    prior: float = 0.001
    repair: float = 0.05
    least_lamps: float = 0.75
    learn_nights: int = 56
    least_nights: int = 21
    floor: float = 0.001
    correlation_h: float = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Odds:
    """(n,) each, after a night. nights : the most probable age of a step.  mean, error : of the residual over them, and
    its σ.  fall, rise : probability that lamps went out, or burn again.  detectable : that as many are out as can be
    found.  lamps : how many most probably, of those numbers."""

    nights: IntArray
    mean: FloatArray
    error: FloatArray
    fall: FloatArray
    rise: FloatArray
    detectable: FloatArray
    lamps: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class StepWatch:
    """What is kept of n cabinets from night to night.

    clean : (learn_nights + nights, n) residuals without steps, at a spread of one hour's length, NaN = unknown; the
        latest `nights` aren't learned from yet: a step that is about to show would widen σ.
    recent : (nights, n) the latest since the last step, less what they were expected to be.  count : (n,) how many.
    dusks_us : (nights, n) their dusks.  shift : (n,) share of the power that the steps so far changed, negative of
    lamps that are out.  hidden : (n,) the part of it that was too small for an alarm.
    settled : (n,) nights that it is known from.
    open_steps : per cabinet.  lamp_share : (n,) of the full power that one lamp takes, NaN = unknown."""

    limits: StepLimits
    lamp_share: FloatArray
    clean: FloatArray
    recent: FloatArray
    count: IntArray
    dusks_us: IntArray
    shift: FloatArray
    hidden: FloatArray
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
            np.zeros(n),
            np.full(n, limits.learn_nights),
            ((),) * n,
        )

    def sigma(self, hours: npt.ArrayLike) -> FloatArray:
        """(n,) σ of one night's residual over `hours` of it, as learned; NaN while too few nights are known."""
        _, one = self._one_night()
        return one * _night_factor(np.asarray(hours, dtype=np.float64), self.limits.correlation_h)

    def detectable_lamps(self, hours: npt.ArrayLike) -> FloatArray:
        """(n,) the least number of lamps whose failure can be found (3σ); NaN = unknown. Fewer are not detectable."""
        return detectable_lamps(self.sigma(hours), self.lamp_share)

    def rebased(self, change: FloatArray) -> StepWatch:
        """After what is expected of the cabinets changed by the share `change` (n,), NaN = it wasn't expected before:
        the nights that are known as they would have been against it."""
        by = np.nan_to_num(change) / _night_factor(np.full(change.shape, _TYPICAL_H), self.limits.correlation_h)
        return replace(self, clean=self.clean - by)

    def _one_night(self) -> tuple[FloatArray, FloatArray]:
        """(n,) mean and σ of the nights that are learned from."""
        limits = self.limits
        usual, one = _winsorised(self.clean[: -limits.nights], limits.least_nights)
        return usual, np.maximum(one, limits.floor)

    def _spreads(self) -> tuple[FloatArray, FloatArray]:
        """Of the nights that are learned from: (n,) their mean, and (nights, n) σ of the mean of one, two … of them, as
        it was, but at least what independent nights would have."""
        limits = self.limits
        past = self.clean[: -limits.nights]
        usual, one = self._one_night()
        spreads = np.tile(one, (limits.nights, 1))
        for nights in range(2, limits.nights + 1):
            means = np.lib.stride_tricks.sliding_window_view(past, nights, axis=0).mean(axis=-1)
            _, several = _winsorised(means, limits.least_nights)
            spreads[nights - 1] = np.fmax(several, one / np.sqrt(nights))
        return np.nan_to_num(usual), spreads

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
        limits, known = self.limits, np.isfinite(raw)
        coarse = np.nan_to_num(np.asarray(resolution, dtype=np.float64), posinf=0.0)
        usual, spreads = self._spreads()
        learned = np.nan_to_num(spreads[0], nan=np.inf)
        long = _night_factor(length, limits.correlation_h)
        factor = np.hypot(long, coarse / learned)
        usual = usual * long
        clean = (raw - self.shift) / factor
        recent = np.where(known, np.vstack((self.recent[1:], (raw - self.shift - usual) / factor)), self.recent)
        dusks = np.where(known, np.vstack((self.dusks_us[1:], np.full(raw.size, dusk_us))), self.dusks_us)
        count = np.minimum(self.count + known, limits.nights)
        odds = self._odds(recent, count, factor, spreads, detectable_lamps(spreads[0] * long, self.lamp_share))
        enough = np.where(odds.nights >= limits.settled_nights, limits.likely, limits.sure)
        alarmed = known & (odds.detectable >= enough)
        risen = known & ~alarmed & (odds.rise >= limits.sure)
        small = known & ~alarmed & ~risen & (odds.fall >= limits.sure) & (odds.nights >= limits.nights)
        stepped = alarmed | risen | small
        size = np.where(stepped, odds.mean, 0.0)
        # The level after a step is known from a few nights alone, and better from each that follows.
        young = known & (self.settled < limits.learn_nights)
        refined = (self.shift * self.settled + raw - usual) / (self.settled + 1)
        after = replace(
            self,
            clean=self._remembered(clean, known, np.where(stepped, odds.nights, 0)),
            recent=recent,
            count=np.where(stepped, 0, count),
            dusks_us=dusks,
            shift=np.where(stepped, self.shift + size, np.where(young, refined, self.shift)),
            hidden=np.where(small, self.hidden + size, self.hidden),
            settled=np.where(stepped, odds.nights, self.settled + known),
        )
        return after._with_steps(alarmed, risen, odds, self.settled <= 1, dawn_us)

    def _remembered(self, clean: FloatArray, known: BoolArray, width: IntArray) -> FloatArray:
        """`clean` with one more night; the nights of a step, the latest `width` of them, are forgotten."""
        kept = np.where(known, np.vstack((self.clean[1:], clean)), self.clean)
        age = np.arange(kept.shape[0])[::-1, None]
        return np.where(age < width, np.nan, kept)

    def _odds(
        self, recent: FloatArray, count: IntArray, factor: FloatArray, spreads: FloatArray, detectable: FloatArray
    ) -> Odds:
        """How probable each age and size of a step is, from the means of the latest nights."""
        limits, n = self.limits, count.size
        known = np.isfinite(self.lamp_share)
        # Where it isn't known what a lamp takes, a third of what can be found stands for one.
        share = np.where(known, self.lamp_share, spreads[0] * factor)
        k = self._sizes(share)[:, None]
        fall = -k * share / factor
        # What is out is repaired more often than a lamp goes out.
        out = (self.hidden < 0.0) | np.array([bool(one) for one in self.open_steps])
        prior = np.where((k < 0) & out, limits.repair, limits.prior)
        level = spreads[0] ** 2 / np.clip(self.settled, 1, limits.learn_nights)
        odds, means = np.full((limits.nights, k.size, n), -np.inf), np.zeros((limits.nights, n))
        for nights in range(1, limits.nights + 1):
            mean = recent[-nights:].mean(axis=0)
            with np.errstate(invalid="ignore"):
                usable = (count >= nights) & (np.abs(mean) * factor >= limits.least_lamps * share)
                gain = (mean * fall - fall**2 / 2.0) / (spreads[nights - 1] ** 2 + level)
            usable = usable & np.isfinite(gain) & (np.abs(k) * share <= 1.0 + share / 2.0)
            odds[nights - 1] = np.where(usable, np.log(prior) + gain, -np.inf)
            means[nights - 1] = np.nan_to_num(mean)
        most = odds.max(axis=(0, 1), initial=0.0)
        weight = np.exp(odds - most)
        weight /= np.exp(-most) + weight.sum(axis=(0, 1))
        nights, by_size = weight.sum(axis=1).argmax(axis=0), weight.sum(axis=0)
        # With the lamps that were too few before.
        lamps = k - self.hidden / share
        found = np.where((k > 0) & (lamps >= np.where(known, detectable, DETECTABLE_SIGMA) - 0.5), by_size, 0.0)
        best = found.argmax(axis=0)
        return Odds(
            nights + 1,
            means[nights, np.arange(n)] * factor,
            spreads[nights, np.arange(n)] * factor,
            by_size[k[:, 0] > 0].sum(axis=0),
            by_size[k[:, 0] < 0].sum(axis=0),
            found.sum(axis=0),
            np.rint(np.nan_to_num(lamps[best, np.arange(n)])).astype(np.int64),
        )

    def _sizes(self, share: FloatArray) -> IntArray:
        """Numbers of lamps that may go out, or (negative) burn again."""
        most = int(min(_MOST_LAMPS, np.ceil(1.0 / np.nanmin(share, initial=1.0))))
        return np.concatenate((np.arange(-most, 0), np.arange(1, most + 1)))

    def _with_steps(
        self, alarmed: BoolArray, risen: BoolArray, odds: Odds, again: BoolArray, dawn_us: int
    ) -> tuple[StepWatch, tuple[Finding, ...]]:
        found: list[Finding] = []
        steps = list(self.open_steps)
        hidden, shift, settled = self.hidden.copy(), self.shift.copy(), self.settled.copy()
        for at in np.flatnonzero(alarmed | risen).tolist():
            from_us, size = int(self.dusks_us[-int(odds.nights[at]), at]), float(odds.mean[at])
            if risen[at]:
                steps[at], ended = after_rise(steps[at], size)
                found += [one.finding(at, to_us=from_us) for one in ended]
                left = float(shift[at]) + sum(one.share for one in steps[at])
                hidden[at] = min(0.0, left)
                if not steps[at] and abs(left) <= _SAME * float(odds.error[at]):
                    # All lamps burn again: what the cabinet then draws is known from long before.
                    shift[at], hidden[at], settled[at] = 0.0, 0.0, self.limits.learn_nights
                continue
            share, lamps = -size - float(hidden[at]), int(odds.lamps[at])
            hidden[at] = 0.0
            if again[at] and steps[at] and steps[at][-1].confirmed_us >= from_us - _DAY_US:
                # It began within the night before, which showed a part of it.
                before = steps[at][-1]
                share, lamps, from_us = share + before.share, lamps + (before.lamps or 0), before.from_us
                steps[at] = steps[at][:-1]
            told = lamps if np.isfinite(self.lamp_share[at]) else None
            step = OpenStep(share, told, from_us, dawn_us, float(odds.detectable[at]))
            steps[at] = (*steps[at], step)
            found.append(step.finding(at))
        return replace(self, open_steps=tuple(steps), hidden=hidden, shift=shift, settled=settled), tuple(found)


def _night_factor(hours: FloatArray, correlation_h: float) -> FloatArray:
    """σ of a mean over `hours` of a process that forgets within `correlation_h`, over σ of one hour's mean."""

    def variance(length: FloatArray) -> FloatArray:
        x = np.maximum(length, 0.25) / correlation_h
        return np.asarray(2.0 / x * (1.0 - (1.0 - np.exp(-x)) / x))

    return np.sqrt(variance(hours) / variance(np.ones_like(hours)))


def _winsorised(values: FloatArray, least: int) -> tuple[FloatArray, FloatArray]:
    """(n,) mean and standard deviation of each column with what lies beyond three robust σ drawn in; NaN of few."""
    groups = column_medians(values)
    drawn = np.clip(values, groups.median - 3.0 * groups.sigma, groups.median + 3.0 * groups.sigma)
    count = np.where(groups.n >= least, groups.n, np.nan)
    mean = np.where(np.isfinite(drawn), drawn, 0.0).sum(axis=0) / count
    off = drawn - mean
    return mean, np.sqrt(np.where(np.isfinite(off), off**2, 0.0).sum(axis=0) / count)
