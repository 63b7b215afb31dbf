"""Two periods against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bypuls.api.reports.speed.model.figures import Count, Statistics
from bypuls.api.reports.speed.model.tables import Histogram


@dataclass(frozen=True, slots=True)
class Change:
    """A figure before and after.

    change : after − before; low, high its interval from days.
    conclusion : increase, decrease, no_clear_change; None without an interval.
    """

    before: float | None
    after: float | None
    change: float | None
    se: float | None
    df: float | None
    low: float | None
    high: float | None
    method: str
    conclusion: str | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the two periods as it went into the comparison."""

    first_day: date | None
    last_day: date | None
    n: Count
    full_days: int
    matched_days: int
    statistics: Statistics


@dataclass(frozen=True, slots=True)
class Independent:
    """Tests that take vehicles as independent, which those of one day aren't: for orientation, not for conclusions."""

    label: str
    welch_t: float | None
    welch_df: float | None
    welch_p: float | None
    mann_whitney_u: float | None
    mann_whitney_p: float | None


@dataclass(frozen=True, slots=True)
class Control:
    """A control site's changes on the same dates."""

    name: str
    before: Compared
    after: Compared
    changes: Mapping[str, Change]


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated effect, labelled as an estimate.

    name : injury_accidents, fatal_accidents, noise_lden.
    value, low, high : relative change (share), or dB; low … high spans the exponent's 95 % interval.
    """

    name: str
    unit: str
    value: float
    low: float | None
    high: float | None
    model: str
    source: str
    exponent: float | None = None
    exponent_low: float | None = None
    exponent_high: float | None = None


@dataclass(frozen=True, slots=True)
class ComparedHour:
    """An hour of the day in both periods; shaded where either has too few vehicles."""

    hour: int
    before_n: Count | None
    after_n: Count | None
    before_v85_kmh: float | None
    after_v85_kmh: float | None
    shaded: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Before and after.

    design : difference_of_differences with control sites, association without.
    reasons : why it is refused; then `changes`, `effects` and `estimates` are empty.
    weekdays : how the mix of weekdays was matched: weekday, working_day; `left_out` names days without a counterpart.
    changes : by figure: mean_kmh, v15_kmh, v50_kmh, v85_kmh, v95_kmh, over_limit_share.
    effects : changes less the mean change of the control sites; with `association` the changes themselves.
    warnings : regression_to_the_mean, limit_changed, …
    """

    refused: bool
    reasons: tuple[str, ...]
    design: str
    before: Compared
    after: Compared
    weekdays: str | None
    left_out: tuple[date, ...]
    changes: Mapping[str, Change]
    controls: tuple[Control, ...]
    effects: Mapping[str, Change]
    independent: Independent | None
    estimates: tuple[Estimate, ...]
    warnings: tuple[str, ...]
    hours: tuple[ComparedHour, ...]
    histograms: Mapping[str, Histogram]
