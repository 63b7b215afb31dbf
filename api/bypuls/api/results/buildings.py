"""Results of buildings: at normal weather, by year and by day, and what interventions saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import numpy as np

from bypuls.api.buildings.eui import Eui
from bypuls.api.buildings.meters import LEAST_NAMES, MediumDays, counted_of, media_of, meter_days
from bypuls.api.buildings.portfolio import Portfolio, PortfolioRow, portfolio
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.report import measured, whole_year_before
from bypuls.api.buildings.savings import SavingFigures, interventions_of, savings_of
from bypuls.api.buildings.source import DAY, Days, year_before
from bypuls.api.results.scene import Scene
from bypuls.api.results.words import both_of_building
from bypuls.store.registry import Sensor
from bypuls.store.results import NOW_US, Result, known_results

ENERGY = "energy"
BACK_MONTHS = 26
"""Months of days that are kept up to date: two whole years, with what a comparison over 52 weeks reaches back to."""
_AROUND = timedelta(days=15)  # what a day is judged by lies within a fortnight
_RECENT_DAYS = 3
_CALENDAR_YEARS = 3


def buildings(scene: Scene) -> int:
    """The last twelve whole months of each building beside the twelve before, and calendar years."""
    source = scene.source
    year = whole_year_before(scene.today - DAY)
    now = portfolio(source, year=year)
    before = {one.building: one for one in portfolio(source, year=(year_before(year[0]), year[0] - DAY)).rows}
    written = scene.replace(
        "building", known_results(_building(scene, now, row, before.get(row.building)) for row in now.rows)
    )
    years = [
        found
        for number in range(scene.today.year - _CALENDAR_YEARS, scene.today.year)
        for found in _year(scene, portfolio(source, year=(date(number, 1, 1), date(number, 12, 31))), number)
    ]
    return written + scene.replace("building_year", years)


def _kwh(eui: Eui) -> tuple[float | None, float | None]:
    """Energy raw and at normal weather [kWh]."""
    if eui.area_m2 is None:
        return None, None
    return (
        None if eui.raw is None else eui.raw * eui.area_m2,
        None if eui.corrected is None else eui.corrected * eui.area_m2,
    )


def _building(scene: Scene, found: Portfolio, row: PortfolioRow, before: PortfolioRow | None) -> Result | None:
    raw, corrected = _kwh(row.eui)
    raw_before, corrected_before = (None, None) if before is None else _kwh(before.eui)
    change = None if corrected is None or not corrected_before else corrected / corrected_before - 1.0
    reasons = [row.reasons[name] for name in ("eui", "deviation", "night_load", "cost") if name in row.reasons]
    return Result.of(
        "building", {"building": row.building}, NOW_US,
        rank=row.rank, area_m2=row.area_m2, kwh=raw, kwh_corrected=corrected, kwh_m2=row.eui.raw,
        kwh_m2_corrected=row.eui.corrected, before_kwh=raw_before, before_kwh_corrected=corrected_before,
        change_corrected_share=change, typical_kwh_m2=row.typical, excess_kwh=row.excess_kwh,
        excess_dkk=row.excess_dkk, cost_dkk=row.cost_dkk, night_w_m2=row.night_w_m2,
        deviation_share=row.deviation.share if row.deviation is not None else None, coverage=row.coverage,
        first_s=scene.day_us(found.year[0]) / 1e6, last_s=scene.day_us(found.year[1]) / 1e6, name=row.name,
        use=row.use, **both_of_building(reasons),
    )  # fmt: skip


def _year(scene: Scene, found: Portfolio, year: int) -> list[Result]:
    made = []
    for row in found.rows:
        raw, corrected = _kwh(row.eui)
        if raw is None and not row.coverage:
            continue  # nothing of it was measured then
        why = row.eui.reason or row.eui.corrected_reason
        made.append(
            Result.of(
                "building_year", {"building": row.building}, scene.year_us(year), kwh=raw, kwh_corrected=corrected,
                kwh_m2=row.eui.raw, kwh_m2_corrected=row.eui.corrected, area_m2=row.area_m2,
                **both_of_building([] if why is None else [why]),
            )
        )  # fmt: skip
    return known_results(made)


def energy(scene: Scene) -> int:
    """Each building's local days by medium: the last days again and again, months whose bins changed once."""
    counted = {one: counted_of(scene.source, one) for one in scene.directory.buildings}
    counted = {one: meters for one, meters in counted.items() if meters}
    last = scene.today
    written = _days(scene, counted, last - timedelta(days=_RECENT_DAYS), last)
    stamps = scene.stamps(ENERGY)
    for first in scene.months(BACK_MONTHS):
        if scene.halted():
            break
        end = min(last, _month_end(first))
        part, stamp = f"{ENERGY}-{first:%Y-%m}", _stamp(scene, first, counted)
        if stamps.get(part) == stamp:
            continue
        written += _days(scene, counted, first, end)
        scene.keep_stamp(ENERGY, part, stamp)
    return written


def _month_end(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1) - DAY


def _stamp(scene: Scene, first: date, counted: Mapping[str, list[tuple[Sensor, int]]]) -> str:
    """What a month's days rest on: which meters count, and how often its bins changed. The running month is looked at
    once a day: its newest days are worked out anyway."""
    start_us, end_us = scene.month_us(first)
    meters = sorted((one, meter.id, sign) for one, mine in counted.items() for meter, sign in mine)
    if end_us > scene.now_us:
        return f"{scene.today} {len(meters)} {_fingerprint(meters)}"
    changes = scene.book.changes(start_us, end_us)
    return f"{sum(changes.get(meter, 0) for _, meter, _ in meters)} {len(meters)} {_fingerprint(meters)}"


def _fingerprint(meters: list[tuple[str, str, int]]) -> str:
    text = " ".join(f"{building}/{meter}/{sign}" for building, meter, sign in meters)
    return f"{sum(ord(letter) * (at + 1) for at, letter in enumerate(text)) % (1 << 61):x}"


def _days(scene: Scene, counted: Mapping[str, list[tuple[Sensor, int]]], first: date, last: date) -> int:
    """The days first … last of all buildings, laid down."""
    source = scene.source
    days = Days(scene.zone, first - _AROUND, min(last + _AROUND, scene.today))
    by_id = meter_days(source, [pair for mine in counted.values() for pair in mine], days, (*LEAST_NAMES, *_GAPS))
    results = [
        one
        for building, mine in counted.items()
        for found in media_of(mine, by_id, days).values()
        for one in _of_medium(building, found, first, last)
    ]
    scene.board.replace_results(ENERGY, results, start_us=scene.day_us(first), end_us=scene.day_us(last + DAY))
    return len(results)


_GAPS = ("volume_m3_gap", "volume_m3_gap_s")


def _of_medium(building: str, found: MediumDays, first: date, last: date) -> Iterator[Result]:
    """What was used on each day; what a register gained over a gap counts on the day on which the gap ends."""
    rows = found.days.within(first, last)
    use, gap, coverage = found.use[rows], found.gap[rows], found.coverage[rows]
    known = np.isfinite(use) | np.isfinite(gap)
    used = np.where(known, np.nan_to_num(use) + np.nan_to_num(gap), np.nan)
    edges = found.days.edges_us[:-1][rows]
    for t_us, amount, share in zip(edges.tolist(), used.tolist(), coverage.tolist(), strict=True):
        if amount == amount:
            made = Result.of(ENERGY, {"building": building, "medium": found.medium}, t_us, used=amount, coverage=share)
            if made is not None:
                yield made


def savings(scene: Scene) -> int:
    """What was measured to be saved since each intervention in a building."""
    source, last = scene.source, scene.today - DAY
    found: list[Result | None] = []
    for building in scene.directory.buildings:
        if scene.halted():
            return 0
        if not interventions_of(source, building):
            continue
        days = measured(source, building, last, last)
        made = savings_of(source, building, days.media, days.models, last)
        found += [_saving(scene, building, one) for one in made]
    return scene.replace("saving", known_results(found))


def _saving(scene: Scene, building: str, one: SavingFigures) -> Result | None:
    saved = one.found.saving if one.found is not None else None
    reasons: tuple[Reason, ...] = one.reasons if saved is None else one.notes
    numbers: dict[str, float | None] = {}
    if saved is not None:
        numbers = {
            "saved_kwh": saved.saved, "low_kwh": saved.low, "high_kwh": saved.high, "share": saved.share,
            "share_low": saved.share_low, "share_high": saved.share_high, "significant": float(saved.significant),
            "days": float(saved.days),
        }  # fmt: skip
    return Result.of(
        "saving", {"building": building, "intervention": one.intervention.id, "medium": one.medium}, NOW_US,
        **numbers, kwh_per_year=one.kwh_per_year, dkk_per_year=one.dkk_per_year,
        since_s=scene.day_us(one.first) / 1e6, name=scene.directory.buildings[building].name,
        what=one.intervention.note or one.intervention.kind, **both_of_building(reasons),
    )  # fmt: skip
