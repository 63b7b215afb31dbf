"""A medium's figures of a period: how much, against the year before and what the weather explains, what it costs and
emits, and how the load runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from bypuls.analysis.energy.building import LoadDuration, WeekendShare, weekend_share
from bypuls.api.accounts.factors import FactorBook
from bypuls.api.buildings.eui import LEAST_COVERAGE, known_amount, last_year
from bypuls.api.buildings.hours import Carpet, Hours, Peak, carpet_of, duration_of, hours_of, night_base_of, peak_of
from bypuls.api.buildings.meters import Amount, MediumDays
from bypuls.api.buildings.model_days import ModelDays
from bypuls.api.buildings.money import Cost, co2_of, cost_of
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.signatures import Deviation
from bypuls.api.buildings.source import DAY, Days, Floats, Source

_WEEKDAYS = 4
_LEAST_DAYS_OF_WEEK = 14


@dataclass(frozen=True, slots=True)
class SameWeekday:
    """The last day that is measured whole against the mean of up to 4 earlier days of its weekday."""

    day: date
    use: float
    mean: float
    n: int

    @property
    def change(self) -> float | None:
        """Share; None where the mean is 0."""
        return self.use / self.mean - 1.0 if self.mean > 0.0 else None


@dataclass(frozen=True, slots=True)
class Load:
    """How the load runs by hours [kW, of water m³/h]. night_reason : why the base load is unknown."""

    carpet: Carpet
    duration: LoadDuration | None
    peak: Peak | None
    night_base: float | None
    night_reason: Reason | None


@dataclass(frozen=True, slots=True)
class MediumFigures:
    """One medium of a building over a period; amounts in `unit`. reason : why the amount must not stand for the whole
    period.  dates, use, coverage, before : (days,), before = the year before.  notes : what was found to be wrong."""

    medium: str
    unit: str
    meters: tuple[str, ...]
    amount: Amount
    reason: Reason | None
    last_year: float | None
    last_year_reason: Reason | None
    cost: Cost
    co2: Cost
    deviation: Deviation | None
    weekend: WeekendShare | None
    same_weekday: SameWeekday | None
    load: Load
    dates: tuple[date, ...]
    use: Floats
    coverage: Floats
    before: Floats
    notes: tuple[Reason, ...]

    @property
    def change(self) -> float | None:
        """Against the year before, as a share; only where both are known."""
        if self.reason is not None or self.amount.total is None or not self.last_year:
            return None
        return self.amount.total / self.last_year - 1.0


def medium_figures(
    source: Source,
    building: str,
    found: MediumDays,
    model: ModelDays | None,
    deviation: Deviation | None,
    first: date,
    last: date,
    book: FactorBook,
) -> MediumFigures:
    """The figures of the days first … last."""
    days = found.days.part(first, last)
    rows = found.days.within(first, last)
    total, reason = known_amount(found, rows)
    before, before_reason = last_year(found, first, last)
    water = found.medium == "water"
    hours = hours_of(source, found.meters, days)
    return MediumFigures(
        medium=found.medium,
        unit=found.unit,
        meters=tuple(meter.sensor.id for meter in found.meters),
        amount=total,
        reason=reason,
        last_year=before,
        last_year_reason=before_reason,
        cost=cost_of(source, found, rows),
        co2=Cost(None) if water else co2_of(source, building, found.medium, hours, book),
        deviation=deviation,
        weekend=_weekend(found, rows),
        same_weekday=_same_weekday(found, last),
        load=load_of(source, hours),
        dates=tuple(found.days.dates[rows].tolist()),
        use=found.use[rows],
        coverage=found.coverage[rows],
        before=_before(found, days),
        notes=notes_of(found, model, rows),
    )


def load_of(source: Source, hours: Hours) -> Load:
    """What the hours come to."""
    night = night_base_of(hours)
    reason = None if night is not None else Reason("no-nights")
    return Load(carpet_of(hours), duration_of(hours), peak_of(source, hours), night, reason)


def notes_of(found: MediumDays, model: ModelDays | None, rows: slice) -> tuple[Reason, ...]:
    """What was found to be wrong with the days of `rows`, and swaps of meters among them."""
    notes: list[Reason] = []
    dates = found.days.dates[rows]
    for meter in found.meters:
        spikes = int(meter.spikes[rows].sum())
        if spikes:
            notes.append(Reason("spikes", {"n": spikes, "meter": meter.sensor.id}))
        resets = int(meter.resets[rows].sum())
        if resets:
            notes.append(Reason("resets", {"n": resets, "meter": meter.sensor.id}))
        swapped = meter.sensor.valid_to
        if swapped is not None:
            day = swapped.astimezone(found.days.zone).date()
            if dates.size and dates[0] <= np.datetime64(day, "D") <= dates[-1]:
                notes.append(Reason("swapped", {"meter": meter.sensor.id, "day": day}))
    gaps = sum(float(np.nansum(meter.gap[rows])) for meter in found.meters)
    if gaps > 0.0:
        notes.append(Reason("gaps", {"kwh": gaps}))
    if model is not None and model.zeros[rows].any():
        notes.append(Reason("zero-days", {"n": int(model.zeros[rows].sum()), "medium": found.medium}))
    return tuple(notes)


def _weekend(found: MediumDays, rows: slice) -> WeekendShare | None:
    whole = np.where(found.coverage[rows] >= LEAST_COVERAGE, found.use[rows], np.nan)
    if np.isfinite(whole).sum() < _LEAST_DAYS_OF_WEEK:
        return None
    return weekend_share(whole, found.days.free[rows])


def _same_weekday(found: MediumDays, last: date) -> SameWeekday | None:
    whole = np.isfinite(found.use) & (found.coverage >= LEAST_COVERAGE)
    at = (last - found.days.first).days
    newest = next((one for one in range(at, max(at - 7, -1), -1) if whole[one]), None)
    if newest is None:
        return None
    others = [one for one in range(newest - 7, newest - 7 * _WEEKDAYS - 1, -7) if one >= 0 and whole[one]]
    if not others:
        return None
    day = found.days.first + newest * DAY
    return SameWeekday(day, float(found.use[newest]), float(found.use[others].mean()), len(others))


def _before(found: MediumDays, days: Days) -> Floats:
    """The same weekdays of the year before (364 days), for charts; NaN = unknown."""
    rows = found.days.within(days.first - timedelta(days=364), days.last - timedelta(days=364))
    column = np.full(days.count, np.nan)
    known = found.use[rows]
    if known.size:
        column[-known.size :] = known
    return column
