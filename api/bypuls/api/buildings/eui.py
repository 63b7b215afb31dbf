"""Energy per heated area: raw, and with the heat corrected to a normal year of the same station and rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from bypuls.analysis.degree_days import degree_days
from bypuls.analysis.energy.building import eui
from bypuls.analysis.energy.normal_year import (
    INDEPENDENT_SHARE,
    CorrectedUse,
    NormalYear,
    Rule,
    corrected_use,
    degree_day_year,
    independent_share,
)
from bypuls.analysis.errors import BadInput, NotComparable
from bypuls.api.buildings.meters import Amount, MediumDays, amount, jump_in
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.source import DAY, Source, year_before
from bypuls.api.buildings.weather import Weather
from bypuls.store.registry import NormalYear as NormalYearRow

LEAST_COVERAGE = 0.95
"""Share of the time that a figure per year must rest on, gaps of known total included."""
HEATING = ("heat", "gas")


@dataclass(frozen=True, slots=True)
class Correction:
    """The heat at normal weather, with all that it depends on."""

    used: CorrectedUse
    independent_share: float
    independent_source: str
    station: str
    rule: str


@dataclass(frozen=True, slots=True)
class Eui:
    """[kWh/m²] of the period. heat : of district heating and gas.  reason : why the raw figure is unknown.
    corrected_reason : why the corrected one is."""

    area_m2: float | None
    raw: float | None
    heat: float | None
    electricity: float | None
    corrected: float | None
    heat_corrected: float | None
    reason: Reason | None
    corrected_reason: Reason | None
    correction: Correction | None


def is_whole_year(first: date, last: date) -> bool:
    """Whether first … last are twelve whole months, of the calendar or rolling."""
    return last + DAY == _next_year(first)


def _next_year(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


def known_amount(found: MediumDays, rows: slice, *, least: float = LEAST_COVERAGE) -> tuple[Amount, Reason | None]:
    """The amount of the days of `rows`, and why it must not stand for all of them."""
    total = amount(found, rows)
    jump = jump_in(found, rows)
    if jump is not None:
        return total, jump
    if total.total is None:
        return total, Reason("nothing-measured", {"medium": found.medium})
    if total.coverage < least:
        return total, Reason("coverage", {"known_share": total.coverage, "least_share": least})
    return total, None


def eui_of(
    source: Source, building: str, media: Mapping[str, MediumDays], weather: Weather, first: date, last: date
) -> Eui:
    """The energy per heated area of first … last. The area is that of the last day."""
    area = source.directory.heated_area_m2(building, last)
    heat, heat_reason = _together([media[name] for name in HEATING if name in media], first, last)
    power, power_reason = _together([media["electricity"]] if "electricity" in media else [], first, last)
    reason = heat_reason or power_reason
    if heat is None and power is None and reason is None:
        reason = Reason("no-energy-meter")
    if area is None:
        reason = Reason("no-area")
    raw = None if reason is not None or area is None else eui((heat or 0.0) + (power or 0.0), area)

    def per_area(kwh: float | None, why: Reason | None) -> float | None:
        return None if kwh is None or why is not None or area is None else eui(kwh, area)

    correction, why = None, reason
    if why is None:
        correction, why = _correction(source, building, media, weather, first, last, heat)
    corrected = None if correction is None else correction.used.corrected
    return Eui(
        area, raw, per_area(heat, heat_reason), per_area(power, power_reason),
        None if corrected is None or area is None else eui(corrected + (power or 0.0), area),
        None if corrected is None or area is None else eui(corrected, area), reason, why, correction,
    )  # fmt: skip


def _together(media: list[MediumDays], first: date, last: date) -> tuple[float | None, Reason | None]:
    total: float | None = None
    for found in media:
        mine, reason = known_amount(found, found.days.within(first, last))
        if reason is not None:
            return None, reason
        total = (total or 0.0) + (mine.total or 0.0)
    return total, None


def _correction(
    source: Source,
    building: str,
    media: Mapping[str, MediumDays],
    weather: Weather,
    first: date,
    last: date,
    heat_kwh: float | None,
) -> tuple[Correction | None, Reason | None]:
    if heat_kwh is None:
        return None, Reason("no-heating")
    if not is_whole_year(first, last):
        return None, Reason("not-twelve-months", {"days": (last - first).days + 1})
    if weather.station is None:
        return None, Reason("no-weather")
    row = next((one for one in source.directory.normal_years if one.sensor == weather.station), None)
    if row is None:
        return None, Reason("no-normal-year", {"station": weather.station})
    rows = weather.days.within(first, last)
    dates, means = weather.days.dates[rows], weather.mean_c[rows]
    if np.isnan(means).any():
        return None, Reason("weather-days", {"known": int(np.isfinite(means).sum()), "days": means.size})
    normal = normal_year_of(row)
    share, stated = _independent(source, building, media, weather, first)
    try:
        actual = degree_day_year(dates, means, station=normal.station, rule=normal.rule, base_c=normal.base_c)
        used = corrected_use(heat_kwh, actual, normal, independent_share=share)
    except (NotComparable, BadInput) as error:
        return None, Reason("not-comparable", {"detail": str(error)})
    return Correction(used, share, stated, weather.station, normal.rule), None


def normal_year_of(row: NormalYearRow) -> NormalYear:
    """A registered normal year as the method takes it."""
    rule: Rule = "season" if row.rule == "season" else "all year"
    return NormalYear(row.name, row.station, rule, row.degree_days, row.source, row.base_c, period=row.period or "")


def _independent(
    source: Source, building: str, media: Mapping[str, MediumDays], weather: Weather, first: date
) -> tuple[float, str]:
    """Share of the heat that the weather doesn't move: measured from the months without heating, else by use."""
    use, warmth = np.zeros(12), np.zeros(12)
    at, known = first, True
    each = degree_days(weather.mean_c)
    for month in range(12):
        end = _month_later(first, month + 1) - DAY
        rows = weather.days.within(at, end)
        warmth[month] = float(each[rows].sum())
        for name in HEATING:
            if name in media:
                mine = amount(media[name], media[name].days.within(at, end))
                known = known and mine.total is not None and mine.coverage >= LEAST_COVERAGE
                use[month] += mine.total or 0.0
        at = end + DAY
    share = independent_share(use if known else np.full(12, np.nan), warmth)
    if share is not None:
        return share, "summer"
    used_for = source.directory.buildings[building].use
    # Of a use without a published share the middle of those that have one.
    return INDEPENDENT_SHARE.get(used_for, float(np.median(list(INDEPENDENT_SHARE.values())))), "use"


def _month_later(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def last_year(found: MediumDays, first: date, last: date) -> tuple[float | None, Reason | None]:
    """What the same days of the year before came to."""
    begin, end = year_before(first), year_before(last)
    if begin < found.days.first:
        return None, Reason("no-last-year")
    mine, reason = known_amount(found, found.days.within(begin, end))
    if reason is None:
        return mine.total, None
    if reason.code == "coverage":
        return None, Reason("last-year-coverage", {"known_share": mine.coverage})
    return None, Reason("no-last-year") if reason.code == "nothing-measured" else reason


def months_of(first: date, last: date) -> list[tuple[date, date]]:
    """The calendar months that hold any of the days first … last: their own first and last day among these."""
    found = []
    at = first
    while at <= last:
        end = min(last, _month_later(at.replace(day=1), 1) - DAY)
        found.append((at, end))
        at = end + DAY
    return found
