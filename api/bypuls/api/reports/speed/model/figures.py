"""The figures of one sample of vehicles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Count = int | float
"""Vehicles: whole where single vehicles were seen; with decimals where a sensor extrapolates or a class is cut."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The window of speeds with most vehicles."""

    from_kmh: float
    to_kmh: float
    n: Count
    share: float


@dataclass(frozen=True, slots=True)
class OverLimit:
    """Vehicles strictly over the limit that held for them; `…_30_pct` more than 30 % over it."""

    n: Count
    share: float
    n_30_pct: Count
    share_30_pct: float


@dataclass(frozen=True, slots=True)
class Band:
    """Vehicles by how much they were over the limit: from_kmh < excess ≤ to_kmh; None = open."""

    from_kmh: float
    to_kmh: float | None
    n: Count
    share: float


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval; `reason` says why there is none.

    low, high, half_width, se : in the unit of the figure.  df : degrees of freedom.  days : full days it rests on.
    """

    low: float | None
    high: float | None
    half_width: float | None
    se: float | None
    df: float | None
    days: int
    confidence: float
    method: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class VerdictDetail:
    """What the verdict rests on.

    assess_kmh, measures_kmh : a V85 above these calls for an assessment, for measures.
    basis : `interval`, or `point` where V85 has no interval.
    reason : why there is no verdict, or why it is uncertain.
    """

    limit_kmh: float | None
    assess_kmh: float | None
    measures_kmh: float | None
    basis: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class LeastSample:
    """Vehicles needed to know a figure to within ± `tolerance_kmh` if they were independent: N = S²z²(2+U²)/(2E²)."""

    tolerance_kmh: float
    v85_n: int | None
    mean_n: int | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """One sample's figures.

    limit_kmh : the posted limit; None where none is known, or several held.
    verdict : ok, assess, measures, uncertain; None = no verdict (see verdict_detail.reason).
    intervals : by the name of the figure: mean_kmh, v50_kmh, v85_kmh, v95_kmh, over_limit_share.
    calibration_kmh : ± on V85 from the uncertainty of the mounting angle.
    methods : identifiers of the methods by figure.
    free_flow, motor_vehicles : the same figures for a part of the sample, where it can be told.
    """

    n: Count
    mean_kmh: float | None
    s_kmh: float | None
    v15_kmh: float | None
    v50_kmh: float | None
    v85_kmh: float | None
    v95_kmh: float | None
    v98_kmh: float | None
    max_kmh: float | None
    limit_kmh: float | None
    pace: Pace | None
    over_limit: OverLimit | None
    bands: tuple[Band, ...] | None
    mean_over_kmh: float | None
    verdict: str | None
    verdict_detail: VerdictDetail
    intervals: Mapping[str, Interval]
    calibration_kmh: float | None
    least_sample: LeastSample
    methods: Mapping[str, str]
    free_flow: Statistics | None = None
    motor_vehicles: Statistics | None = None


@dataclass(frozen=True, slots=True)
class ByDirection:
    """Figures of all vehicles and of each direction by its name."""

    all: Statistics
    directions: Mapping[str, Statistics]
