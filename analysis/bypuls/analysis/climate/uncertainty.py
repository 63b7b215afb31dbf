"""The uncertainty of a sum of emissions: what is independent partly cancels, what is shared adds up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot, inf, sqrt

from bypuls.analysis.errors import BadInput


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a sum. emitted_kg [kg].  activity_share, factor_share : relative uncertainties, 0.02 = 2 %.
    factor : what tells the shared factor; lines with the same one are wrong together.  Raises BadInput."""

    emitted_kg: float
    activity_share: float
    factor_share: float
    factor: str

    def __post_init__(self) -> None:
        for name in ("activity_share", "factor_share"):
            value = getattr(self, name)
            if not 0.0 <= value < inf:
                raise BadInput(f"{name}: {value}; expected a share of 0 or more")


def combined_kg(parts: Iterable[Part]) -> float:
    """The uncertainty of Σ emitted_kg [kg], at the level of confidence of the parts' own: root-sum-square of the
    activities and of the factors, after the lines of each factor were added up linearly.

    Source: IPCC 2006 Guidelines, vol. 1, ch. 3 (combining uncertainties; correlated inputs add linearly)."""
    of_activity = 0.0
    of_factor: dict[str, float] = defaultdict(float)
    for part in parts:
        of_activity = hypot(of_activity, part.emitted_kg * part.activity_share)
        of_factor[part.factor] += part.emitted_kg * part.factor_share
    return sqrt(of_activity**2 + sum(shared**2 for shared in of_factor.values()))
