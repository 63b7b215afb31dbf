"""A building's energy signature, and how far it has come from the one of the year before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from bypuls.analysis.energy.change_point import Kind
from bypuls.analysis.energy.savings import LEAST_REPORTING_DAYS, MeasuredSaving, measured_saving
from bypuls.analysis.energy.signature import KINDS, Signature, signature
from bypuls.analysis.errors import NotEnoughDays
from bypuls.api.buildings.model_days import ModelDays
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.refusals import events_of, refusal_reasons
from bypuls.api.buildings.source import DAY, Floats, Int64, Source

BASELINE = timedelta(days=365)
DAY_TYPES = ("working day", "weekend or public holiday")


@dataclass(frozen=True, slots=True)
class SignatureFigures:
    """The signature of the days first … last. model : None = none can be fitted, for `reason`.
    mean_c, use, day_type : (days,) what it was fitted to; NaN = unknown.  zeros : days with 0 that count as unknown."""

    medium: str
    first: date
    last: date
    station: str | None
    model: Signature | None
    reason: Reason | None
    mean_c: Floats
    use: Floats
    day_type: Int64
    known: int
    zeros: int


@dataclass(frozen=True, slots=True)
class Deviation:
    """The use of first … last against what the year before would have used in this weather. share : positive = more;
    low, high : 90 % interval.  expected : [kWh].  reasons : why there is none."""

    first: date
    last: date
    expected: float | None
    actual: float | None
    share: float | None
    low: float | None
    high: float | None
    reasons: tuple[Reason, ...]

    @property
    def significant(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low is not None and self.high is not None and not self.low <= 0.0 <= self.high


def signature_of(
    days: ModelDays, station: str | None, first: date, last: date, jump: Reason | None
) -> SignatureFigures:
    """The signature of first … last. jump : a change of unit among them, which forbids any."""
    rows = days.days.within(first, last)
    use, means = days.use[rows], days.mean_c[rows]
    types = days.days.free[rows].astype(np.int64)
    known = int((np.isfinite(use) & np.isfinite(means)).sum())
    model, reason = None, jump
    if days.own_use_unknown:
        reason = Reason("own-generation")
    elif station is None:
        reason = Reason("no-weather")
    if reason is None:
        try:
            model = signature(days.days.dates[rows], means, use, day_type=types)
        except NotEnoughDays:
            reason = Reason("too-few-days", {"known": known})
    zeros = int(days.zeros[rows].sum())
    return SignatureFigures(days.medium, first, last, station, model, reason, means, use, types, known, zeros)


def deviation_of(
    source: Source,
    building: str,
    days: ModelDays,
    first: date,
    last: date,
    jump: Reason | None,
    *,
    kinds: tuple[Kind, ...] = KINDS,
    by_day_type: bool = True,
) -> Deviation:
    """How the use of first … last differs from the model of the 365 days before. Shorter periods are lengthened to 30
    days, back in time, since fewer say nothing. kinds, by_day_type : fewer models, for many buildings at once."""
    first = min(first, last - timedelta(days=LEAST_REPORTING_DAYS - 1))
    blocked = jump or (Reason("own-generation") if days.own_use_unknown else None)
    if blocked is not None:
        return Deviation(first, last, None, None, None, None, None, (blocked,))
    before = first - DAY
    baseline = days.period(days.days.within(before - BASELINE + DAY, before), by_day_type=by_day_type)
    reporting = days.period(days.days.within(first, last), by_day_type=by_day_type)
    events = events_of(source, building, days.medium)
    found: MeasuredSaving = measured_saving(baseline, reporting, events=events, kinds=kinds)
    if found.saving is None:
        return Deviation(first, last, None, None, None, None, None, refusal_reasons(found, events))
    saved = found.saving
    return Deviation(first, last, saved.modelled, saved.actual, -saved.share, -saved.share_high, -saved.share_low, ())
