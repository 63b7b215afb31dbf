"""An energy report from a meter's rows and the weather: signature, saving or the reasons for refusing it, degree days,
quality of the data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from importlib.metadata import version

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray
from bypuls.analysis.energy.building import eui, night_base_load, weekend_share
from bypuls.analysis.energy.daily import Medium
from bypuls.analysis.energy.normal_year import DayArray
from bypuls.analysis.energy.periods import Period
from bypuls.analysis.energy.savings import CONFIDENCE, MeasuredSaving, measured_saving
from bypuls.analysis.energy.signature import Signature, signature
from bypuls.analysis.errors import NotEnoughDays
from bypuls.analysis.localtime import local_day_edges_us
from bypuls.api.reports.energy.corrected import degree_days_of, within, year_before
from bypuls.api.reports.energy.days import MeterDays, meter_days
from bypuls.api.reports.energy.hours import FitHours, hourly_result
from bypuls.api.reports.energy.model import (
    Daily,
    DaysKnown,
    EnergyReport,
    Figures,
    HourlyModel,
    Quality,
    Reason,
    Saving,
    Software,
    no_saving,
)
from bypuls.api.reports.energy.opendsm_hourly import fit_hours
from bypuls.api.reports.energy.quality import quality_of
from bypuls.api.reports.energy.reading import MeterOptions, MeterRows, Series, Weather, series_of
from bypuls.api.reports.energy.reading.zones import local_time, zone_named
from bypuls.api.reports.energy.settings import Days, Settings
from bypuls.api.reports.public_holidays import holidays_of
from bypuls.api.reports.reading.errors import FileProblem

DEFAULT_MEDIUM: Medium = "heat"
BASELINE_DAYS = 365
_MEDIA: dict[str, Medium] = {"electricity": "electricity", "heat": "heat", "gas": "gas", "water": "water"}
METHODS = {
    "model": "daily",
    "days": "caltrack_2_daily",
    "signature": "change_point_least_squares_bic",
    "savings": "ipmvp_c_caltrack_2",
    "interval": "ashrae_14_fractional_uncertainty",
    "degree_days": "mean_of_the_day",
}
# The signature still fills single days of the twelve months in normal weather.
HOURLY_METHODS = METHODS | {
    "model": "opendsm-hourly",
    "savings": "ipmvp_c_opendsm_hourly",
    "interval": "ashrae_14_fractional_uncertainty_hourly",
}


def build_report(
    rows: MeterRows, options: MeterOptions, weather: Weather, settings: Settings, *, fit: FitHours = fit_hours
) -> EnergyReport:
    """The whole report.

    fit : for a model of hours.  Raises FileProblem where nothing can be reported, BadInput for settings that contradict
    themselves, OpendsmMissing."""
    medium = settings.medium or _MEDIA.get(rows.told_medium or "") or DEFAULT_MEDIUM
    if medium == "water":
        raise FileProblem("--medium water: this report is of energy; expected electricity, heat or gas")
    series = series_of(rows, options, medium=medium)
    if not series.known.any():
        raise FileProblem(f"{', '.join(rows.files)}: no value is known; check --map and --decimal")
    days = meter_days(series, weather, medium, own_generation=settings.own_generation)
    if not np.isfinite(days.mean_c).any():
        first, last = (str(local_time(int(t), zone_named(series.zone)).date()) for t in weather.t_us[[0, -1]])
        raise FileProblem(
            f"{', '.join(weather.files)}: temperatures of {first} … {last}, but the meter's files hold "
            f"{days.days[0]} … {days.days[-1]}; expected weather of the same days, enough for daily means"
        )
    settings = _with_baseline(settings)
    _check_periods(settings, days)
    assumed = settings.medium is None and rows.told_medium is None
    quality = quality_of(rows, series, days, weather, medium, medium_assumed=assumed)
    free = _free_days(days, settings)
    types = free.astype(np.int64) if settings.day_types else None
    measured, refused = _measured(series, days, settings, types)
    of_days, model_of, model_refused = _model(series, days, settings, types, measured)
    model: Signature | HourlyModel | None = of_days
    saving = _saving(measured, refused, days, settings)
    model_kwh = np.full(days.kwh.shape, np.nan) if of_days is None else of_days.predict(days.mean_c, types)
    if settings.model != "daily":
        hourly = hourly_result(series, days, weather, settings, medium, fit)
        model, model_of, model_refused = hourly.model, "baseline", hourly.model_refused
        saving, model_kwh = hourly.saving, hourly.model_kwh
    station = settings.station or weather.files[0].split(".")[0]
    return EnergyReport(
        title=settings.title,
        software=Software("bypuls", version("bypuls")),
        area_m2=settings.area_m2,
        quality=quality,
        model=model,
        model_of=model_of,
        model_refused=model_refused,
        savings=saving,
        degree_days=degree_days_of(days, _weather_days(weather, series.zone), settings, station, of_days, types),
        figures=_figures(series, days, free, settings),
        daily=_daily(days, free, settings, model_kwh),
        notes=_notes(quality, settings, saving),
        methods=METHODS if settings.model == "daily" else HOURLY_METHODS,
    )


def _with_baseline(settings: Settings) -> Settings:
    """Without a baseline the 365 days before the reporting period are it."""
    if settings.reporting is None or settings.baseline is not None:
        return settings
    last = settings.reporting.first - timedelta(days=1)
    return replace(settings, baseline=Days(last - timedelta(days=BASELINE_DAYS - 1), last))


def _check_periods(settings: Settings, days: MeterDays) -> None:
    for name, period in (("--baseline", settings.baseline), ("--reporting", settings.reporting)):
        if period is not None and not within(days.dates, period).any():
            raise FileProblem(
                f"{name} {period.first} {period.last}: no day of it is in the files, which hold {days.days[0]} … "
                f"{days.days[-1]}"
            )
    if settings.baseline and settings.reporting and settings.reporting.first <= settings.baseline.last:
        raise FileProblem(
            f"--reporting {settings.reporting.first}: expected after the baseline's last day {settings.baseline.last}"
        )


def _free_days(days: MeterDays, settings: Settings) -> BoolArray:
    """Saturdays, Sundays and public holidays."""
    weekend = (days.dates.astype("datetime64[D]").astype(np.int64) + 3) % 7 >= 5
    if settings.holidays is not None:
        known = holidays_of(settings.holidays, days.days)
        weekend |= np.array([day in known for day in days.days], dtype=np.bool_)
    return weekend


def _period(days: MeterDays, period: Days, types: IntArray | None) -> Period:
    inside = within(days.dates, period)
    return Period(
        days.dates[inside], days.use[inside], days.mean_c[inside],
        None if types is None else types[inside], days.coverage[inside],
    )  # fmt: skip


def _measured(
    series: Series, days: MeterDays, settings: Settings, types: IntArray | None
) -> tuple[MeasuredSaving | None, tuple[Reason, ...]]:
    if settings.baseline is None or settings.reporting is None:
        missing = "reporting period" if settings.baseline is not None else "baseline and reporting period"
        return None, (Reason("periods", f"no {missing} named", "--baseline FROM TO --reporting FROM TO"),)
    if series.step == "month":
        return None, (Reason("resolution", "monthly values", "daily values or finer ones"),)
    found = measured_saving(
        _period(days, settings.baseline, types),
        _period(days, settings.reporting, types),
        events=settings.events,
        confidence=settings.confidence,
    )
    return found, tuple(Reason(one.code, one.found, one.expected) for one in found.refused)


def _model(
    series: Series, days: MeterDays, settings: Settings, types: IntArray | None, measured: MeasuredSaving | None
) -> tuple[Signature | None, str, tuple[Reason, ...]]:
    if measured is not None:
        refused = tuple(Reason(one.code, one.found, one.expected) for one in measured.refused if one.code == "model")
        return measured.model, "baseline", () if measured.model is not None else refused
    if series.step == "month":
        return None, "all", (Reason("resolution", "monthly values", "daily values or finer ones"),)
    chosen = settings.baseline or Days(days.days[0], days.days[-1])
    inside = within(days.dates, chosen)
    try:
        found = signature(
            days.dates[inside], days.mean_c[inside], days.use[inside],
            day_type=None if types is None else types[inside],
        )  # fmt: skip
    except NotEnoughDays as error:
        return None, "all", (Reason("model", str(error), "a model of the days"),)
    return found, "baseline" if settings.baseline is not None else "all", ()


def _saving(
    measured: MeasuredSaving | None, refused: tuple[Reason, ...], days: MeterDays, settings: Settings
) -> Saving:
    baseline = reporting = None
    if measured is not None and settings.baseline is not None and settings.reporting is not None:
        baseline = _known(days, settings.baseline, measured.baseline_known, last=BASELINE_DAYS)
        reporting = _known(days, settings.reporting, measured.reporting_known)
    saved = measured.saving if measured is not None else None
    if saved is None:
        return no_saving(settings.confidence, refused, baseline, reporting)
    return Saving(
        kwh=saved.saved,
        share=saved.share,
        interval=(saved.share_low, saved.share_high),
        interval_kwh=(saved.low, saved.high),
        confidence=saved.confidence,
        significant=saved.significant,
        modelled_kwh=saved.modelled,
        actual_kwh=saved.actual,
        days=saved.days,
        hours=None,
        outside_days=saved.outside_days,
        effective_n=saved.effective_n,
        adjustment_kwh=saved.adjustment,
        baseline=baseline,
        reporting=reporting,
        refused=(),
    )


def _known(days: MeterDays, period: Days, known: int, last: int | None = None) -> DaysKnown | None:
    chosen: list[date] = days.dates[within(days.dates, period)].astype(object).tolist()
    if not chosen:
        return None
    first = chosen[0] if last is None else max(chosen[0], chosen[-1] - timedelta(days=last - 1))
    return DaysKnown(first, chosen[-1], (chosen[-1] - first).days + 1, known)


def _weather_days(weather: Weather, zone: str) -> tuple[DayArray, FloatArray]:
    tz = zone_named(zone)
    first, last = (local_time(int(t), tz).date() for t in (weather.t_us[0], weather.t_us[-1]))
    dates = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
    return dates, weather.daily_means(local_day_edges_us(tz, first, last))


def _figures(series: Series, days: MeterDays, free: BoolArray, settings: Settings) -> Figures:
    last = days.days[-1] if settings.reporting is None else min(settings.reporting.last, days.days[-1])
    year = year_before(last)
    inside = within(days.dates, year)
    known = inside & np.isfinite(days.kwh)
    whole = int(inside.sum()) == (year.last - year.first).days + 1
    year_kwh = float(days.kwh[known].sum()) if whole and known.any() else None
    fully = int((known & (days.coverage > 1.0 - 1e-9)).sum())
    shares = None if series.step == "month" else weekend_share(np.where(inside, days.use, np.nan), free)
    base = None
    if series.step == "interval":
        tz = zone_named(series.zone)
        end = days.edges_us[np.flatnonzero(inside)[-1] + 1]
        late = (series.start_us < end) & (series.start_us >= end - 15 * 86_400_000_000)
        hours = np.array([local_time(int(t), tz).hour for t in series.start_us[late]], dtype=np.int64)
        base = night_base_load(days.day_of[late], hours, days.clean[late] / (series.step_s / 3600.0))
    return Figures(
        year.first if whole else None,
        year.last if whole else None,
        fully if whole else int(known.sum()),
        year_kwh,
        eui(year_kwh, settings.area_m2) if year_kwh is not None and settings.area_m2 else None,
        base,
        shares.share if shares else None,
        shares.expected if shares else None,
    )


def _daily(days: MeterDays, free: BoolArray, settings: Settings, model_kwh: FloatArray) -> Daily:
    periods = np.full(days.kwh.shape, "", dtype=np.object_)
    for name, period in (("baseline", settings.baseline), ("reporting", settings.reporting)):
        if period is not None:
            periods[within(days.dates, period)] = name
    return Daily(
        days.days, _optional(days.kwh), tuple(days.coverage.tolist()), _optional(days.mean_c), _optional(model_kwh),
        tuple(periods.tolist()), tuple(free.tolist()),
    )  # fmt: skip


def _optional(column: FloatArray) -> tuple[float | None, ...]:
    return tuple(value if np.isfinite(value) else None for value in column.tolist())


def _notes(quality: Quality, settings: Settings, saving: Saving) -> tuple[str, ...]:
    notes = []
    if quality.timezone_assumed:
        notes.append("timezone_assumed")
        if quality.dropped.get("nonexistent_time"):
            notes.append("clock_skips_times")
    if quality.unit_assumed:
        notes.append("unit_assumed")
    if quality.medium_assumed:
        notes.append("medium_assumed")
    if quality.weather.unit_assumed:
        notes.append("temperature_unit_assumed")
    if quality.step == "month":
        notes.append("months_spread")
    if quality.values_found_out and quality.values == "register":
        notes.append("register_found_out")
    if saving.kwh is not None and not saving.significant:
        notes.append("not_significant")
    if saving.outside_days:
        notes.append("outside_temperatures")
    if settings.confidence != CONFIDENCE:
        notes.append("other_confidence")
    return tuple(notes)
