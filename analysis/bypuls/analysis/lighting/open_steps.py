"""Steps of a cabinet's power that stand, and which of them a rise ends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray
from bypuls.analysis.lighting.findings import Finding

DETECTABLE_SIGMA = 3.0
"""Of a cabinet's night residual: a smaller step is not detectable."""
_FEW = 6  # so many steps are tried in all combinations


def detectable_lamps(sigma: npt.ArrayLike, share: npt.ArrayLike) -> FloatArray:
    """The least number of lamps whose failure can be found; NaN = unknown.

    sigma : of a night's residual, share of the full power.  share : of it, that one lamp takes."""
    least = DETECTABLE_SIGMA * np.asarray(sigma, dtype=np.float64) / np.asarray(share, dtype=np.float64)
    return np.ceil(np.maximum(1.0, least))


@dataclass(frozen=True, slots=True)
class OpenStep:
    """share : of the power that fell away.  lamps : None = unknown."""

    share: float
    lamps: int | None
    from_us: int
    confirmed_us: int
    confidence: float

    def finding(self, cabinet: int, to_us: int | None = None) -> Finding:
        """The step as a finding; ended where `to_us` is given."""
        return Finding(
            "lampFailure",
            "cabinet",
            cabinet,
            self.from_us,
            self.confirmed_us,
            to_us=to_us,
            lamps=self.lamps,
            confidence=self.confidence,
            status="open" if to_us is None else "closed",
        )


def after_rise(steps: tuple[OpenStep, ...], rise: float) -> tuple[tuple[OpenStep, ...], tuple[OpenStep, ...]]:
    """The steps that still stand after the power rose by the share `rise`, and those that ended: the combination whose
    sum comes nearest to it, the oldest where several do. None where even the smallest is more than twice the rise."""
    if not steps:
        return (), ()
    if len(steps) > _FEW:
        choices = [steps[:n] for n in range(1, len(steps) + 1)]
    else:
        choices = [one for n in range(1, len(steps) + 1) for one in combinations(steps, n)]
    ended = min(choices, key=lambda choice: abs(sum(one.share for one in choice) - rise))
    if sum(one.share for one in ended) > 2.0 * rise:
        return steps, ()
    return tuple(one for one in steps if one not in ended), tuple(ended)
