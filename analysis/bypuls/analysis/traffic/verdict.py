"""What V85 asks of the municipality, and how many vehicles a figure needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from bypuls.analysis.errors import BadInput

MIN_VEHICLES = 100
SHADED_BELOW = 50
U_V85 = 1.04  # of the 85th percentile, Handbook of Simplified Practice for Traffic Studies (Iowa TR-455), ch. 2
U_MEAN = 0.0
Z_95 = 1.96

Level = Literal["ok", "assess", "measures", "uncertain"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares over the limit from which V85 calls for an assessment, for measures.

    Source: practice of Hedensted Kommune for local urban roads: more than 10 % assess, more than 20 % measures."""

    assess: float = 0.10
    measures: float = 0.20

    def __post_init__(self) -> None:
        if not 0.0 <= self.assess <= self.measures < math.inf:
            raise BadInput(f"thresholds: {self.assess}, {self.measures}; expected 0 ≤ assess ≤ measures")

    def speeds_kmh(self, limit_kmh: float) -> tuple[float, float]:
        """The two V85 [km/h] above which the thresholds are passed; 44 and 48 at 40 km/h."""
        # 40 · 1.1 is 44.00000000000001 in floats, and a V85 of 44 isn't more than 44.
        return round(limit_kmh * (1.0 + self.assess), 9), round(limit_kmh * (1.0 + self.measures), 9)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`level` None = no verdict; `reason` says why, or why it is uncertain."""

    level: Level | None
    reason: str | None = None


def verdict(
    v85_kmh: float | None,
    limit_kmh: float | None,
    n: float,
    interval_kmh: tuple[float, float] | None = None,
    *,
    thresholds: Thresholds | None = None,
    min_n: int = MIN_VEHICLES,
) -> Verdict:
    """Whether V85 [km/h] calls for action: ok, assess, measures; uncertain where its interval spans a threshold, none
    under `min_n` vehicles. A threshold is passed by what is strictly more.

    interval_kmh : low and high of V85 where it has an interval; None = the point alone decides.
    """
    if n < min_n:
        return Verdict(None, "fewer_than_100_vehicles" if min_n == MIN_VEHICLES else "too_few_vehicles")
    if limit_kmh is None:
        return Verdict(None, "no_single_limit")
    if v85_kmh is None:
        return Verdict(None, "v85_unknown")
    assess, measures = (thresholds or Thresholds()).speeds_kmh(limit_kmh)
    low, high = interval_kmh or (v85_kmh, v85_kmh)
    levels = {_level(speed, assess, measures) for speed in (low, v85_kmh, high)}
    if len(levels) > 1:
        return Verdict("uncertain", "interval_spans_threshold")
    return Verdict(levels.pop())


def least_sample(s_kmh: float, tolerance_kmh: float, *, u: float = U_V85, z: float = Z_95) -> int:
    """Vehicles needed to know a speed within ± `tolerance_kmh`: N = S²z²(2+U²) / (2E²), rounded up.

    s_kmh : S, standard deviation [km/h].  tolerance_kmh : E [km/h], > 0.  u : `U_V85`, or `U_MEAN`.
    Any one unit of speed will do.  Raises BadInput.
    Source: Handbook of Simplified Practice for Traffic Studies (Iowa Highway Research Board TR-455), ch. 2."""
    if not (0.0 <= s_kmh < math.inf and 0.0 < tolerance_kmh < math.inf):
        raise BadInput(f"s_kmh {s_kmh}, tolerance_kmh {tolerance_kmh}; expected s ≥ 0 and tolerance > 0, both finite")
    return math.ceil(round(s_kmh**2 * z**2 * (2.0 + u**2) / (2.0 * tolerance_kmh**2), 9))


def _level(v85_kmh: float, assess: float, measures: float) -> Level:
    if v85_kmh > measures:
        return "measures"
    return "assess" if v85_kmh > assess else "ok"
