"""A meter's local days hour by hour, as a model of hours takes them, and its saving in the report's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray, sum_by
from bypuls.analysis.energy.daily import Medium
from bypuls.analysis.energy.events import Corrected, correct_for_events
from bypuls.analysis.energy.savings import BASELINE_DAYS, event_refusals, reporting_refusals
from bypuls.api.reports.energy.corrected import within
from bypuls.api.reports.energy.days import MeterDays
from bypuls.api.reports.energy.model import DaysKnown, HourlyModel, Reason, Saving, no_saving
from bypuls.api.reports.energy.reading import Series, Weather
from bypuls.api.reports.energy.settings import Days, Settings
from bypuls.api.reports.reading.errors import FileProblem

HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """Whole local days, hour by hour without a hole.

    start_us : (h,) [µs UTC] from a local midnight on.  kwh, temp_c : (h,) NaN = unknown.  day : (h,) number of the
    local day among the report's days; day_share : (h,) which part of it the hour is, 1/23 … 1/25."""

    start_us: IntArray
    kwh: FloatArray
    temp_c: FloatArray
    day: IntArray
    day_share: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class HourlySaving:
    """Over the reporting hours that count. kwh : modelled − actual, ± half_width; None = the software states none.
    effective_n : of the baseline's hours.  counted : (h,) which hours those are."""

    kwh: float
    half_width: float | None
    modelled: float
    actual: float
    effective_n: float
    counted: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class HourlyFit:
    """What a model of hours says.

    refused : why the saving isn't to be stated, as the software says it; model None = it could not even be fitted.
    baseline_kwh, reporting_kwh : (h,) modelled, None = not.  saving : None without reporting_kwh."""

    model: HourlyModel | None
    refused: tuple[Reason, ...]
    baseline_kwh: FloatArray | None = None
    reporting_kwh: FloatArray | None = None
    saving: HourlySaving | None = None


class FitHours(Protocol):
    """Fits a model to the baseline and predicts the reporting hours, where there are some.

    zone : of the local days.  electricity : whether a use of 0 stands for a missing value.
    confidence : of the saving's interval."""

    def __call__(
        self, baseline: Hours, reporting: Hours | None, *, zone: str, electricity: bool, confidence: float
    ) -> HourlyFit: ...


@dataclass(frozen=True, slots=True, eq=False)
class HourlyResult:
    """model_kwh : (d,) modelled sums of the baseline's and the reporting days, NaN for others."""

    model: HourlyModel | None
    model_refused: tuple[Reason, ...]
    saving: Saving
    model_kwh: FloatArray


def hourly_result(
    series: Series, days: MeterDays, weather: Weather, settings: Settings, medium: Medium, fit: FitHours
) -> HourlyResult:
    """The model of the baseline's hours and the saving by it.

    Raises FileProblem for values or weather that aren't hourly, and without a baseline."""
    if settings.baseline is None:
        raise FileProblem(
            f"--model {settings.model}: no period named; expected --reporting FROM TO, with --baseline FROM TO unless "
            f"it is the {BASELINE_DAYS} days before, or --baseline alone for the model without a saving"
        )
    events = correct_for_events(days.dates, np.zeros(days.dates.shape), settings.events)
    every = _hours(series, days, weather, settings, events)
    baseline = _of_period(every, days, settings.baseline, last=BASELINE_DAYS)
    reporting = None if settings.reporting is None else _of_period(every, days, settings.reporting)
    electricity = medium == "electricity" and not settings.own_generation
    found = fit(baseline, reporting, zone=series.zone, electricity=electricity, confidence=settings.confidence)
    model_kwh = np.full(days.kwh.shape, np.nan)
    for hours, modelled in ((baseline, found.baseline_kwh), (reporting, found.reporting_kwh)):
        if hours is not None and modelled is not None:
            of_day = np.unique(hours.day)
            model_kwh[of_day] = sum_by(hours.day, modelled, days.kwh.size)[of_day]
    model_kwh[np.isnan(days.mean_c)] = np.nan
    saving = _saving(found, baseline, reporting, days, settings, events)
    return HourlyResult(found.model, () if found.model is not None else found.refused, saving, model_kwh)


def _hours(series: Series, days: MeterDays, weather: Weather, settings: Settings, events: Corrected) -> Hours:
    """All of the local days. An hour's use is known where all of it is; events are taken out evenly over their days."""
    asked = f"--model {settings.model}"
    read_s = series.step_s if series.read_every_s is None else series.read_every_s
    if series.step != "interval" or read_s > 3600.0:
        told = {"month": "monthly", "day": "daily"}.get(series.step, f"{read_s / 3600:g} hours apart")
        raise FileProblem(f"{asked}: the meter's values are {told}; expected hourly ones or finer, or --model daily")
    if weather.step_s > 3600.0:
        raise FileProblem(
            f"{asked}: the temperatures of {', '.join(weather.files)} are {weather.step_s / 3600:g} hours apart; "
            "expected hourly ones or finer, or --model daily"
        )
    start, step_us = int(days.edges_us[0]), round(series.step_s * 1e6)
    into_hour = (series.start_us - start) % HOUR_US
    if HOUR_US % step_us or (into_hour + step_us > HOUR_US).any() or (np.diff(days.edges_us) % HOUR_US).any():
        raise FileProblem(
            f"{asked}: the meter's intervals of {series.step_s / 60:g} minutes don't add up to the hours of "
            f"{series.zone}; expected intervals that begin and end on the hour: --tz, --stamp, or --model daily"
        )
    count = int(days.edges_us[-1] - start) // HOUR_US
    starts = start + np.arange(count, dtype=np.int64) * HOUR_US
    day = np.searchsorted(days.edges_us, starts, "right") - 1
    known = np.isfinite(days.clean)
    at = (series.start_us[known] - start) // HOUR_US
    whole = np.bincount(at, minlength=count) == HOUR_US // step_us
    day_share = 1.0 / np.bincount(day)[day]
    kwh = np.where(whole, sum_by(at, days.clean[known], count), np.nan) + events.use[day] * day_share
    at = (weather.t_us - start) // HOUR_US
    inside = (at >= 0) & (at < count)
    number = np.bincount(at[inside], minlength=count)
    total = sum_by(at[inside], weather.temp_c[inside], count)
    return Hours(starts, kwh, np.where(number > 0, total / np.maximum(number, 1), np.nan), day, day_share)


def _of_period(hours: Hours, days: MeterDays, period: Days, last: int | None = None) -> Hours:
    chosen = np.flatnonzero(within(days.dates, period))
    first = chosen[0] if last is None else chosen[-last:][0]
    inside = (hours.day >= first) & (hours.day <= chosen[-1])
    columns = (hours.start_us, hours.kwh, hours.temp_c, hours.day, hours.day_share)
    return Hours(*(column[inside] for column in columns))


def _saving(
    found: HourlyFit,
    baseline: Hours,
    reporting: Hours | None,
    days: MeterDays,
    settings: Settings,
    events: Corrected,
) -> Saving:
    before = _known(baseline, days, events)
    if reporting is None:
        missing = Reason("periods", "no reporting period named", "--baseline FROM TO --reporting FROM TO")
        return no_saving(settings.confidence, (missing,), before)
    after = _known(reporting, days, events)
    own = reporting_refusals(after.days, after.known)
    own += event_refusals(settings.events, [days.dates[np.unique(hours.day)] for hours in (baseline, reporting)])
    refused = [*found.refused, *(Reason(one.code, one.found, one.expected) for one in own)]
    saved, model = found.saving, found.model
    if saved is not None and not saved.modelled > 0.0:
        refused.append(Reason("modelled use", f"{saved.modelled:g} in {saved.counted.sum()} hours", "a use above 0"))
    elif saved is not None and saved.half_width is None:
        refused.append(Reason("interval", "none", "an interval of the saving"))
    if refused or saved is None or saved.half_width is None or model is None:
        return no_saving(settings.confidence, tuple(refused), before, after)
    counted, temp_c = saved.counted, reporting.temp_c
    width = float(np.hypot(saved.half_width, _from_events(baseline, reporting, counted, events)))
    low, high = saved.kwh - width, saved.kwh + width
    outside = counted & ((temp_c < model.lowest_c) | (temp_c > model.highest_c))
    return Saving(
        kwh=saved.kwh,
        share=saved.kwh / saved.modelled,
        interval=(low / saved.modelled, high / saved.modelled),
        interval_kwh=(low, high),
        confidence=settings.confidence,
        significant=not low <= 0.0 <= high,
        modelled_kwh=saved.modelled,
        actual_kwh=saved.actual,
        days=np.unique(reporting.day[counted]).size,
        hours=int(counted.sum()),
        outside_days=np.unique(reporting.day[outside]).size,
        effective_n=saved.effective_n,
        adjustment_kwh=float((events.adjustment[reporting.day] * reporting.day_share)[counted].sum()),
        baseline=before,
        reporting=after,
        refused=(),
    )


def _from_events(baseline: Hours, reporting: Hours, counted: BoolArray, events: Corrected) -> float:
    """What the events' own uncertainty adds to half of the interval: it is the same on all days of an event, so that it
    adds up; events are independent of each other."""
    known = np.isfinite(baseline.kwh) & np.isfinite(baseline.temp_c)
    after = (events.half_widths[:, reporting.day] * reporting.day_share)[:, counted].sum(axis=1)
    before = (events.half_widths[:, baseline.day] * baseline.day_share)[:, known].sum(axis=1)
    return float(np.linalg.norm(after + before * int(counted.sum()) / max(int(known.sum()), 1)))


def _known(hours: Hours, days: MeterDays, events: Corrected) -> DaysKnown:
    """The days of a period, known as the report counts them."""
    first, last = int(hours.day[0]), int(hours.day[-1])
    known = np.isfinite(days.use + events.use + days.mean_c)[first : last + 1]
    return DaysKnown(days.days[first], days.days[last], last - first + 1, int(known.sum()))
