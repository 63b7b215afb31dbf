"""Steps of a cabinet's power that stand, and which of them a rise ends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from bypuls.analysis.lighting.findings import Finding

_FEW = 6  # so many steps are tried in all combinations


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
