"""Measured savings around a building's registered interventions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bypuls.analysis.energy.savings import MOST_REPORTING_DAYS, MeasuredSaving, measured_saving
from bypuls.api.buildings.meters import MediumDays, jump_in
from bypuls.api.buildings.model_days import ModelDays
from bypuls.api.buildings.money import price_on
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.refusals import events_of, refusal_reasons
from bypuls.api.buildings.signatures import BASELINE
from bypuls.api.buildings.source import DAY, Source
from bypuls.store.registry import Intervention


@dataclass(frozen=True, slots=True)
class SavingFigures:
    """The saving of one medium since an intervention, whose own day is left out. found : None = nothing to compare.
    dkk_per_year : the share saved of a year's use so far, at today's price; None = unknown or not significant.
    reasons : why the saving is refused.  notes : what must be known beside it."""

    intervention: Intervention
    medium: str
    first: date
    last: date
    found: MeasuredSaving | None
    kwh_per_year: float | None
    dkk_per_year: float | None
    reasons: tuple[Reason, ...]
    notes: tuple[Reason, ...]


def interventions_of(source: Source, building: str) -> list[Intervention]:
    """The building's interventions, the earliest first."""
    mine = [one for one in source.directory.interventions.values() if one.building == building]
    return sorted(mine, key=lambda one: (one.date, one.id))


def savings_of(
    source: Source,
    building: str,
    media: dict[str, MediumDays],
    models: dict[str, ModelDays],
    last: date,
) -> tuple[SavingFigures, ...]:
    """Every intervention's saving of every medium of energy, up to `last` or the day before the next intervention."""
    every = interventions_of(source, building)
    found = []
    for at, one in enumerate(every):
        later = next((other for other in every[at + 1 :] if other.date > one.date), None)
        end = min(last, later.date - DAY) if later is not None else last
        end = min(end, one.date + timedelta(days=MOST_REPORTING_DAYS))
        if end <= one.date:
            continue
        joint = [o for o in every if o is not one and one.date - BASELINE <= o.date <= one.date]
        for medium, model in models.items():
            notes = []
            if joint:
                notes.append(Reason("joint", {"others": ", ".join(o.note or o.kind for o in joint)}))
            if later is not None and end < last:
                notes.append(Reason("until-next", {"others": later.note or later.kind}))
            found.append(_saving(source, building, media[medium], model, one, end, notes))
    return tuple(found)


def _saving(
    source: Source,
    building: str,
    medium: MediumDays,
    days: ModelDays,
    one: Intervention,
    end: date,
    notes: Sequence[Reason],
) -> SavingFigures:
    first = one.date + DAY
    begin = one.date - BASELINE
    rows = days.days.within(begin, end)
    blocked = jump_in(medium, rows) or (Reason("own-generation") if days.own_use_unknown else None)
    if blocked is not None:
        return SavingFigures(one, days.medium, first, end, None, None, None, (blocked,), tuple(notes))
    events = events_of(source, building, days.medium)
    saving = measured_saving(
        days.period(days.days.within(begin, one.date - DAY)), days.period(days.days.within(first, end)), events=events
    )
    kwh, dkk = None, None
    if saving.saving is not None and saving.saving.significant:
        kwh = saving.saving.saved / saving.saving.days * 365.25 if saving.saving.days >= BASELINE.days else None
        price = price_on(source, days.medium, end)
        dkk = kwh * price if kwh is not None and price is not None else None
    reasons = refusal_reasons(saving, events)
    return SavingFigures(one, days.medium, first, end, saving, kwh, dkk, reasons, tuple(notes))
