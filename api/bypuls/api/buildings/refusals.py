"""Refused savings as reasons with values, so that they can be told in any language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bypuls.analysis.energy.events import NonRoutineEvent
from bypuls.analysis.energy.savings import (
    BASELINE_DAYS,
    LEAST_COVERAGE,
    LEAST_REPORTING_DAYS,
    MOST_MISSING,
    MeasuredSaving,
    Refusal,
)
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.source import DAY, Source


def events_of(source: Source, building: str, medium: str) -> tuple[NonRoutineEvent, ...]:
    """The registered events that changed the use of a medium."""
    made = []
    for row in source.directory.events.get(building, ()):
        if row.medium in (None, medium):
            treatment: Literal["unknown", "left out", "adjusted"] = "unknown"
            if row.treatment in ("left out", "adjusted"):
                treatment = "left out" if row.treatment == "left out" else "adjusted"
            made.append(
                NonRoutineEvent(
                    row.note or row.kind, row.valid_from, row.valid_to - DAY if row.valid_to else None, treatment,
                    row.kwh_per_day, row.half_width_kwh_per_day or 0.0,
                )
            )  # fmt: skip
    return tuple(made)


def refusal_reasons(found: MeasuredSaving, events: Sequence[NonRoutineEvent]) -> tuple[Reason, ...]:
    """Why a saving is refused."""
    made: list[Reason] = []
    unresolved = iter([event for event in events if event.treatment == "unknown"])
    for refusal in found.refused:
        if refusal.code == "non-routine event":
            # One refusal for each event that touches a period, in the order of the events, named as they are.
            event = next((one for one in unresolved if refusal.found.startswith(one.what)), None)
            made.append(_event(event, refusal))
        else:
            made.append(_reason(found, refusal))
    return tuple(made)


def _event(event: NonRoutineEvent | None, refusal: Refusal) -> Reason:
    if event is None:
        return Reason("non-routine-event", {"what": refusal.found, "first": "?", "last": "?"})
    last = event.last_day or "…"
    return Reason("non-routine-event", {"what": event.what, "first": event.first_day, "last": last})


def _reason(found: MeasuredSaving, refusal: Refusal) -> Reason:
    match refusal.code:
        case "baseline length":
            return Reason("baseline-length", {"days": found.baseline_days})
        case "baseline days":
            return Reason("baseline-days", {"missing": BASELINE_DAYS - found.baseline_known, "most": MOST_MISSING})
        case "baseline coverage":
            share = float(refusal.found.rstrip("%")) / 100.0
            return Reason("baseline-coverage", {"known_share": share, "least_share": LEAST_COVERAGE})
        case "reporting length":
            return Reason("reporting-length", {"days": found.reporting_days, "least": LEAST_REPORTING_DAYS})
        case "reporting coverage":
            return Reason(
                "reporting-coverage",
                {"known": found.reporting_known, "days": found.reporting_days, "least_share": LEAST_COVERAGE},
            )
        case "scatter":
            cv_rmse = found.model.quality.cv_rmse if found.model is not None else None
            return Reason("scatter", {"cv_share": float("nan") if cv_rmse is None else cv_rmse})
        case "model":
            return Reason("model")
        case "autocorrelation":
            return Reason("autocorrelation")
        case _:
            return Reason("modelled-use")
