"""Ageing lamps: the 28-day median of the power, at the same level, against what was learned when the lamp was new."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray, known_column
from bypuls.analysis.errors import BadInput
from bypuls.analysis.lighting.findings import Finding
from bypuls.analysis.lighting.machine import NEVER


@dataclass(frozen=True, slots=True)
class AgeingLimits:
    """below, again_above : shares of the baseline where it opens and where it closes.  least_nights : known of
    `nights`."""

    nights: int = 28
    least_nights: int = 14
    below: float = 0.90
    again_above: float = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class AgeingWatch:
    """What is kept from night to night of n lamps. shares : (nights, n) of the latest nights, NaN = unknown."""

    limits: AgeingLimits
    shares: FloatArray
    aged: BoolArray
    from_us: IntArray

    @classmethod
    def of(cls, lamps: int, limits: AgeingLimits) -> AgeingWatch:
        """Before the first night."""
        never = np.full(lamps, NEVER, dtype=np.int64)
        return cls(limits, np.full((limits.nights, lamps), np.nan), np.zeros(lamps, dtype=np.bool_), never)

    def night(self, share: npt.ArrayLike, dawn_us: int) -> tuple[AgeingWatch, tuple[Finding, ...]]:
        """After one more night that ended at `dawn_us`, with the `lampPowerTooLow` that opened or closed.

        share : (n,) median of the night's power over the baseline's at the same level, both at 230 V; NaN = unknown,
        or another fault stood.  Raises BadInput."""
        latest = known_column("share", share)
        if latest.shape != self.aged.shape:
            raise BadInput(f"share: {latest.size} lamps; expected {self.aged.size}")
        shares = np.vstack((self.shares[1:], latest))
        known = np.isfinite(shares).sum(axis=0) >= self.limits.least_nights
        median = np.full(latest.shape, np.nan)
        if known.any():
            median[known] = np.nanmedian(shares[:, known], axis=0)
        opens = known & ~self.aged & (median < self.limits.below)
        closes = known & self.aged & (median > self.limits.again_above)
        from_us = np.where(opens, dawn_us, self.from_us)
        found = [Finding("lampPowerTooLow", "lamp", int(at), dawn_us, dawn_us) for at in np.flatnonzero(opens)]
        for at in np.flatnonzero(closes).tolist():
            began = int(self.from_us[at])
            found.append(Finding("lampPowerTooLow", "lamp", at, began, began, to_us=dawn_us, status="closed"))
        return AgeingWatch(self.limits, shares, (self.aged | opens) & ~closes, from_us), tuple(found)
