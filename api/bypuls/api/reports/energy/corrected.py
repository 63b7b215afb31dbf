"""Degree days of the report's periods, and twelve months corrected to normal weather."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray
from bypuls.analysis.degree_days import degree_days
from bypuls.analysis.energy.normal_year import (
    INDEPENDENT_SHARE,
    LEAST_NORMAL_YEARS,
    DayArray,
    NormalYear,
    Rule,
    corrected_use,
    degree_day_year,
    independent_share,
    own_normal_year,
)
from bypuls.analysis.energy.signature import Signature
from bypuls.analysis.errors import AnalysisError
from bypuls.api.reports.energy.days import MeterDays
from bypuls.api.reports.energy.model import Correction, DegreeDays, DegreeDaysOf, Reason
from bypuls.api.reports.energy.settings import Days, Settings

MOST_MODELLED = 0.05
"""Share of the twelve months' days that the signature may fill in."""


def year_before(last: date) -> Days:
    """The twelve months that end with `last`."""
    day_after = last + timedelta(days=1)
    try:
        first = day_after.replace(year=day_after.year - 1)
    except ValueError:  # 29 February
        first = day_after.replace(year=day_after.year - 1, day=28)
    return Days(first, last)


def degree_days_of(
    days: MeterDays,
    weather_days: tuple[DayArray, FloatArray],
    settings: Settings,
    station: str,
    model: Signature | None,
    types: IntArray | None,
) -> DegreeDays:
    """The degree days, and the correction where a normal year is asked for.

    weather_days : dates and means of all days of the weather, for an own normal year."""
    refused: list[Reason] = []
    normal: NormalYear | None = None
    if settings.normal == "own":
        try:
            normal = _own(weather_days, station, settings)
        except AnalysisError as error:
            refused.append(Reason("normal year", str(error), f"{LEAST_NORMAL_YEARS} whole years of weather"))
    else:
        normal = settings.normal
    rule: Rule = settings.rule or (normal.rule if normal is not None else "all year")
    of_days = {
        name: _sum(days, period, station, rule, settings.base_c)
        for name, period in (("baseline", settings.baseline), ("reporting", settings.reporting))
    }
    whole = Days(days.days[0], days.days[-1])
    correction = None
    if normal is not None:
        last = min(settings.reporting.last, whole.last) if settings.reporting is not None else whole.last
        found = _corrected(days, year_before(last), normal, station, rule, settings, model, types)
        if isinstance(found, Reason):
            refused.append(found)
        else:
            correction = found
    return DegreeDays(
        station, settings.base_c, rule, _sum(days, whole, station, rule, settings.base_c) or _none(whole),
        of_days["baseline"], of_days["reporting"], normal, correction, tuple(refused),
    )  # fmt: skip


def within(dates: DayArray, period: Days) -> BoolArray:
    """Which days lie in a period."""
    found: BoolArray = (dates >= np.datetime64(period.first, "D")) & (dates <= np.datetime64(period.last, "D"))
    return found


def _own(weather_days: tuple[DayArray, FloatArray], station: str, settings: Settings) -> NormalYear:
    dates, means = weather_days
    years = dates.astype("datetime64[Y]")
    whole = []
    for year in np.unique(years):
        of_year = years == year
        found = degree_day_year(
            dates[of_year], means[of_year], station=station, rule=settings.rule or "all year", base_c=settings.base_c
        )
        if found.days in (365, 366) and found.days == found.days_known:
            whole.append(found)
    return own_normal_year("own", whole, source=f"mean of {len(whole)} whole years of the weather file")


def _sum(days: MeterDays, period: Days | None, station: str, rule: Rule, base_c: float) -> DegreeDaysOf | None:
    if period is None:
        return None
    inside = within(days.dates, period)
    if not inside.any():
        return _none(period)
    found = degree_day_year(days.dates[inside], days.mean_c[inside], station=station, rule=rule, base_c=base_c)
    chosen: Sequence[date] = days.dates[inside].astype(object).tolist()
    return DegreeDaysOf(chosen[0], chosen[-1], found.total, found.days, found.days_known)


def _none(period: Days) -> DegreeDaysOf:
    return DegreeDaysOf(period.first, period.last, None, (period.last - period.first).days + 1, 0)


def _corrected(
    days: MeterDays,
    year: Days,
    normal: NormalYear,
    station: str,
    rule: Rule,
    settings: Settings,
    model: Signature | None,
    types: IntArray | None,
) -> Correction | Reason:
    inside = within(days.dates, year)
    length = (year.last - year.first).days + 1
    if int(inside.sum()) < length:
        return Reason("twelve months", f"{int(inside.sum())} days up to {year.last}", f"{length} days of data")
    use, means = days.use[inside].copy(), days.mean_c[inside]
    unknown = np.isnan(use)
    if unknown.sum() > MOST_MODELLED * length:
        return Reason(
            "twelve months", f"{int(unknown.sum())} of {length} days without a value", f"at most {MOST_MODELLED:.0%}"
        )
    if unknown.any():
        if model is None:
            return Reason("twelve months", f"{int(unknown.sum())} days without a value and no signature", "all days")
        use[unknown] = model.predict(means, None if types is None else types[inside])[unknown]
    try:
        actual = degree_day_year(days.dates[inside], means, station=station, rule=rule, base_c=settings.base_c)
        share, source = _independent(days.dates[inside], means, use, settings)
        if share is None:
            return Reason(
                "independent share",
                "summer doesn't measure it (fewer than two months with hardly any degree days)",
                f"the building's use: one of {', '.join(INDEPENDENT_SHARE)}",
            )
        found = corrected_use(float(use.sum()), actual, normal, independent_share=share)
    except AnalysisError as error:
        return Reason("not comparable", str(error), "actual and normal year of one station, base and rule")
    area = settings.area_m2
    return Correction(
        year.first, year.last, found.corrected, found.raw, found.independent, share, source,
        found.actual_degree_days, normal.total, int(unknown.sum()), found.corrected / area if area else None,
    )  # fmt: skip


def _independent(dates: DayArray, means: FloatArray, use: FloatArray, settings: Settings) -> tuple[float | None, str]:
    months = dates.astype("datetime64[M]")
    each = degree_days(means, settings.base_c)
    names = np.unique(months)
    if names.size >= 12:
        names = names[-12:]
        sums = [float(use[months == name].sum()) for name in names]
        warmth = [float(each[months == name].sum()) for name in names]
        measured = independent_share(sums, warmth)
        if measured is not None:
            return measured, "summer"
    if settings.building_use is not None:
        return INDEPENDENT_SHARE[settings.building_use], settings.building_use
    return None, ""
