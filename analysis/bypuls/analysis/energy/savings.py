"""Measured savings of a building: what it would have used in the weather of the reporting period, by the signature of
the baseline year, less what it used. IPMVP option C (whole facility) by the daily rules of CalTRACK 2.

A saving is a figure with an interval, or a refusal with its reasons; never a bare number. What changed beside the
measures (an extension, a closure) is an event: adjusted with a figure, left out, or the saving is refused.

Not a promise: the interval carries the model's scatter and the use that was measured. It can't know of an event that
nobody registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bypuls.analysis.arrays import FloatArray
from bypuls.analysis.energy.change_point import Kind
from bypuls.analysis.energy.events import NonRoutineEvent, correct_for_events, unresolved
from bypuls.analysis.energy.normal_year import DayArray
from bypuls.analysis.energy.periods import CheckedDays, Period, checked_days, last_days
from bypuls.analysis.energy.signature import KINDS, Signature, signature
from bypuls.analysis.errors import BadInput, NotEnoughDays
from bypuls.analysis.student import t_quantile

BASELINE_DAYS = 365
"""Length of the baseline [d]: one whole year, the last before the reporting period. Source: CalTRACK 2.0, section 2."""
MOST_MISSING = 37
"""Days of the baseline that may lack use or temperature. Source: CalTRACK 2.0, section 2."""
LEAST_COVERAGE = 0.90
"""Measured share of the baseline's days that count, and share of the reporting days that are known."""
LEAST_REPORTING_DAYS = 30
MOST_REPORTING_DAYS = 1826
"""Five years: so far the interval's formula was fitted."""
CONFIDENCE = 0.90
MOST_CV_RMSE = 1.0
MOST_PNRMSE = 1.6
"""Both must be exceeded for a model to be useless: CV(RMSE) alone punishes small means. Source: OpenDSM."""

_DAYS_PER_MONTH = 365.25 / 12.0
# Daily data: a·M² + b·M + c for M months of reporting. Source: Sun & Baltazar 2013, in place of ASHRAE 14's 1.26.
_A, _B, _C = -0.00024, 0.03535, 1.00286


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no saving is stated: a code to translate, what was found and what was expected."""

    code: Literal[
        "baseline length",
        "baseline days",
        "baseline coverage",
        "reporting length",
        "reporting coverage",
        "model",
        "scatter",
        "autocorrelation",
        "modelled use",
        "non-routine event",
    ]
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.code}: {self.found}; expected {self.expected}"


@dataclass(frozen=True, slots=True)
class SavedEnergy:
    """Σ(model − actual) over the reporting days that are known, in the unit of the use; positive = saved.

    low, high : interval of `confidence`.  share, share_low, share_high : of the modelled use.
    significant : the interval doesn't contain 0.  days : that are summed up.
    outside_days : of them, those with temperatures outside the baseline's range (extrapolated).
    effective_n : baseline days n·(1 − ρ)/(1 + ρ).  adjustment : Σ taken out of the actual use for events."""

    saved: float
    low: float
    high: float
    share: float
    share_low: float
    share_high: float
    modelled: float
    actual: float
    days: int
    outside_days: int
    effective_n: float
    adjustment: float
    confidence: float

    @property
    def significant(self) -> bool:
        """Whether the interval leaves 0 out."""
        return not self.low <= 0.0 <= self.high


@dataclass(frozen=True, slots=True)
class MeasuredSaving:
    """The saving, or why there is none. model : the baseline's signature, None where it can't be fitted.
    baseline_days, baseline_known : of the baseline year.  reporting_days, reporting_known : likewise."""

    saving: SavedEnergy | None
    refused: tuple[Refusal, ...]
    model: Signature | None
    baseline_days: int
    baseline_known: int
    reporting_days: int
    reporting_known: int


def measured_saving(
    baseline: Period,
    reporting: Period,
    *,
    events: Sequence[NonRoutineEvent] = (),
    kinds: tuple[Kind, ...] = KINDS,
    confidence: float = CONFIDENCE,
) -> MeasuredSaving:
    """The saving of `reporting` against the last 365 days of `baseline`, with all reasons where it is refused.

    kinds : change-point models to choose from.  Raises BadInput.
    Source: CalTRACK 2.0; IPMVP option C; ASHRAE Guideline 14-2014 (interval)."""
    if not 0.0 < confidence < 1.0:
        raise BadInput(f"confidence: {confidence}; expected between 0 and 1")
    before, after = checked_days("baseline", baseline), checked_days("reporting", reporting)
    if before.days.size and after.days.size and after.days[0] <= before.days[-1]:
        raise BadInput(f"reporting begins {after.days[0]}; expected after the baseline's end {before.days[-1]}")
    length = before.span
    before = last_days(before, BASELINE_DAYS)
    base, rep = (correct_for_events(each.days, each.use, events) for each in (before, after))
    before, after = replace(before, use=base.use), replace(after, use=rep.use)
    known_before, known_after = int(before.known.sum()), int(after.known.sum())

    refused = _refusals(before, after, length)
    refused += event_refusals(events, (before.days, after.days))
    model: Signature | None = None
    try:
        model = signature(before.days, before.mean_c, before.use, day_type=before.day_type, kinds=kinds)
    except NotEnoughDays as error:
        refused.append(Refusal("model", str(error), "a model of the baseline"))
    saving: SavedEnergy | None = None
    if model is not None:
        if _useless(model):
            found = f"CV(RMSE) {_shown(model.quality.cv_rmse)}, PNRMSE {_shown(model.quality.pnrmse)}"
            refused.append(Refusal("scatter", found, f"CV(RMSE) ≤ {MOST_CV_RMSE} or PNRMSE ≤ {MOST_PNRMSE}"))
        outcome = _saving(model, before, after, base.half_widths, rep.half_widths, rep.adjustment, confidence)
        if isinstance(outcome, Refusal):
            refused.append(outcome)
        elif not refused:
            saving = outcome
    return MeasuredSaving(saving, tuple(refused), model, before.span, known_before, after.span, known_after)


def effective_days(n: int, autocorrelation: float | None) -> float:
    """n' = n·(1 − ρ)/(1 + ρ): how many independent days n days are worth; ρ below 0 or unknown counts as 0.
    Source: ASHRAE Guideline 14-2014."""
    rho = max(0.0, autocorrelation or 0.0)
    return n * (1.0 - rho) / (1.0 + rho)


def half_width(model: Signature, modelled: float, days: int, span_days: int, *, confidence: float) -> float | None:
    """Half of the interval of a saving [use]: t·f(M)·CV(RMSE)·√(n/n'·(1 + 2/n')/m) of the modelled use, f(M) for M
    months of daily data. None where n' leaves no degree of freedom.

    modelled : Σ over `days` = m reporting days, which lie within `span_days`.
    Source: ASHRAE Guideline 14-2014, fractional savings uncertainty; Sun & Baltazar 2013 for f(M)."""
    quality = model.quality
    n_eff = effective_days(quality.n, quality.autocorrelation)
    if n_eff - quality.p < 1.0 or quality.cv_rmse is None:
        return None
    months = span_days / _DAYS_PER_MONTH
    t = t_quantile(confidence, n_eff - quality.p)
    factor = _A * months**2 + _B * months + _C
    inflation = quality.n / n_eff * (1.0 + 2.0 / n_eff) / days
    return t * factor * quality.cv_rmse * float(np.sqrt(inflation)) * modelled


def reporting_refusals(span: int, known: int) -> list[Refusal]:
    """Why a reporting period of `span` days, of which `known` are known, carries no saving; whatever the model."""
    if not LEAST_REPORTING_DAYS <= span <= MOST_REPORTING_DAYS:
        return [Refusal("reporting length", f"{span} days", f"{LEAST_REPORTING_DAYS} … {MOST_REPORTING_DAYS}")]
    if not _covered(known, span):
        return [Refusal("reporting coverage", f"{known} of {span} days known", f"at least {LEAST_COVERAGE:.0%}")]
    return []


def event_refusals(events: Sequence[NonRoutineEvent], periods: Sequence[DayArray]) -> list[Refusal]:
    """The events of unknown effect that touch one of the periods."""
    return [
        Refusal("non-routine event", f"{event.what} ({event.first_day} … {event.last_day})", "an adjustment of the use")
        for event in unresolved(events, periods)
    ]


def _saving(
    model: Signature,
    before: CheckedDays,
    after: CheckedDays,
    base_half: FloatArray,
    rep_half: FloatArray,
    adjustment: FloatArray,
    confidence: float,
) -> SavedEnergy | Refusal:
    predicted = model.predict(after.mean_c, after.day_type)
    both = after.known & np.isfinite(predicted)
    count = int(both.sum())
    modelled, actual = float(predicted[both].sum()), float(after.use[both].sum())
    if count == 0 or not modelled > 0.0:
        return Refusal("modelled use", f"{modelled:g} in {count} days", "a use above 0")
    if _covered(int(after.known.sum()), after.span) and not _covered(count, after.span):
        found = f"{count} of {after.span} days are of a day type that the baseline knows"
        return Refusal("reporting coverage", found, f"at least {LEAST_COVERAGE:.0%}")
    width = half_width(model, modelled, count, after.span, confidence=confidence)
    if width is None:
        n_eff = effective_days(model.quality.n, model.quality.autocorrelation)
        found = f"{model.quality.n} days are worth {n_eff:.1f}"
        return Refusal("autocorrelation", found, f"more than {model.quality.p} independent days")
    # An event's uncertainty is the same on all its days, so it adds up; events are independent of each other.
    from_events = rep_half[:, both].sum(axis=1)
    from_events += base_half[:, before.known].sum(axis=1) * count / model.quality.n
    width = float(np.sqrt(width**2 + (from_events**2).sum()))
    saved = modelled - actual
    return SavedEnergy(
        saved=saved,
        low=saved - width,
        high=saved + width,
        share=saved / modelled,
        share_low=(saved - width) / modelled,
        share_high=(saved + width) / modelled,
        modelled=modelled,
        actual=actual,
        days=count,
        outside_days=int((model.outside(after.mean_c) & both).sum()),
        effective_n=effective_days(model.quality.n, model.quality.autocorrelation),
        adjustment=float(adjustment[both].sum()),
        confidence=confidence,
    )


def _refusals(before: CheckedDays, after: CheckedDays, length: int) -> list[Refusal]:
    refused: list[Refusal] = []
    if length < BASELINE_DAYS:
        refused.append(Refusal("baseline length", f"{length} days", f"at least {BASELINE_DAYS}"))
    known = before.known
    missing = BASELINE_DAYS - int(known.sum())
    if missing > MOST_MISSING:
        refused.append(Refusal("baseline days", f"{missing} of {BASELINE_DAYS} missing", f"at most {MOST_MISSING}"))
    if before.coverage is not None and known.any():
        share = float(before.coverage[known].mean())
        if share < LEAST_COVERAGE:
            refused.append(Refusal("baseline coverage", f"{share:.1%}", f"at least {LEAST_COVERAGE:.0%}"))
    return refused + reporting_refusals(after.span, int(after.known.sum()))


def _covered(days: int, span: int) -> bool:
    return days >= LEAST_COVERAGE * span


def _useless(model: Signature) -> bool:
    cv_rmse, pnrmse = model.quality.cv_rmse, model.quality.pnrmse
    return (cv_rmse is None or cv_rmse > MOST_CV_RMSE) and (pnrmse is None or pnrmse > MOST_PNRMSE)


def _shown(figure: float | None) -> str:
    return "unknown" if figure is None else f"{figure:.2f}"
