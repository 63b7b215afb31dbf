"""Light and speed of a street: its lamps' levels beside its vehicles in free flow, hour by hour of the dark."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields, replace
from datetime import timedelta
from typing import Any

import numpy as np

from bypuls.analysis.lighting.light_and_speed import LightEffect as Effect
from bypuls.analysis.lighting.light_and_speed import light_and_speed as analysed
from bypuls.analysis.lighting.plan import night_and_day
from bypuls.analysis.traffic.days import DayEstimate
from bypuls.api.directory import Directory
from bypuls.api.reports.lighting.sun import nights_around
from bypuls.api.reports.public_holidays import holidays_of
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.speed.from_store import Survey, observations_of
from bypuls.api.reports.speed.model import LightAndSpeed, LightEffect
from bypuls.api.reports.speed.observations import Bins, Floats, Ints
from bypuls.api.vehicles import KINDS
from bypuls.store.protocol import Store
from bypuls.store.registry import Site
from bypuls.store.registry.cells import write_cell
from bypuls.wire import from_us
from bypuls.wire.bins import QUARTER_US

_HALF_DAY = timedelta(hours=12)
_SAME_PCT = 5.0
_COUNTRY = "DK"


def light_and_speed_of(
    store: Store, directory: Directory, site: Site, survey: Survey, *, free_flow: Bins | None = None
) -> LightAndSpeed:
    """What differs between light levels at a street, or why nothing can be told.

    free_flow : its vehicles in free flow where they were read already.  Raises MixedWidths, StoreError."""
    lamps = lamps_at(directory, site.id)
    nothing = LightAndSpeed(len(lamps), 0, (), None, ())
    if not lamps:
        return replace(nothing, why="no lamp reports here")
    if site.lat is None or site.lon is None:
        return replace(nothing, why="the site has no position")
    bins = observations_of(store, directory, site.id, survey).free_flow if free_flow is None else free_flow
    if bins is None or bins.t_us is None or not len(bins.counts):
        return replace(nothing, why="no vehicles in free flow")
    length_us = (bins.period_s if bins.period_s is not None else np.full(len(bins.counts), 900.0)) * 1e6
    end_us = bins.t_us + length_us.astype(np.int64)
    try:
        nights = nights_around(survey.start_us, survey.end_us, site.lat, site.lon)
    except FileProblem:
        return replace(nothing, why="the nights don't get dark")
    dark = night_and_day(bins.t_us, nights.dusk_us, nights.dawn_us)[0]
    dark &= night_and_day(end_us, nights.dusk_us, nights.dawn_us)[0]
    level = _level_pct(store, lamps, survey, bins.t_us, end_us)
    sums = _sums(bins)
    kept = dark & (level > 0.0) & np.isfinite(sums)
    if not kept.any():
        return replace(nothing, why="no hour of darkness with both")
    stratum, night = _strata(survey, bins.t_us[kept])
    found = analysed(bins.counts[kept], sums[kept], level[kept], stratum, night, bins.lower_kmh, bins.upper_kmh)
    return LightAndSpeed(
        len(lamps), int(kept.sum()), found.levels_pct, None if found.why is None else f"not identifiable: {found.why}",
        tuple(map(_effect, found.effects)),
    )  # fmt: skip


def as_table(site: str, survey: Survey, found: LightAndSpeed, *, danish: bool) -> bytes:
    """A row for each lower level; Danish with semicolons, decimal commas and a byte order mark. Without effects one row
    says why."""
    told = {"site": site, "start": survey.start.isoformat(), "end": survey.end.isoformat(), "why": found.why}
    rows = [told | asdict(one) for one in found.effects] or [told]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";" if danish else ",", lineterminator="\r\n")
    writer.writerow([*told, *(one.name for one in fields(LightEffect))])
    for row in rows:
        writer.writerow([write_cell(value, decimal_comma=danish) for value in row.values()])
    return text.getvalue().encode("utf-8-sig" if danish else "utf-8")


def lamps_at(directory: Directory, site: str) -> list[str]:
    """The lamps' sensors at a street."""
    return [one.id for one in directory.sensors_of(kinds=("lamp",)) if _at(directory, one.lamp) == site]


def streets_with_both(directory: Directory) -> list[Site]:
    """Streets that have lamps which report and a sensor of traffic, by name."""
    lit = {_at(directory, one.lamp) for one in directory.sensors_of(kinds=("lamp",))}
    counted = {one.site for one in directory.sensors_of(kinds=KINDS)}
    return sorted((directory.sites[id] for id in lit & counted if id in directory.sites), key=lambda one: one.name)


def _at(directory: Directory, lamp: str | None) -> str | None:
    row = directory.lamps.get(lamp or "")
    return row.site if row is not None else None


def _level_pct(store: Store, lamps: list[str], survey: Survey, t_us: Ints, end_us: Ints) -> Floats:
    """(rows,) the lamps' mean level; NaN where none is known or it changed within the row."""
    table = store.bins("lamp", lamps, survey.start_us, survey.end_us, ["level_pct_n", "level_pct_sum"])
    first = survey.start_us // QUARTER_US
    size = -(-survey.end_us // QUARTER_US) - first
    n, total = np.zeros(size), np.zeros(size)
    at = table.t_us // QUARTER_US - first
    count, summed = (np.nan_to_num(table.columns[name]) for name in ("level_pct_n", "level_pct_sum"))
    np.add.at(n, at, count)
    np.add.at(total, at, summed)
    with np.errstate(invalid="ignore"):
        quarter = total / np.where(n > 0.0, n, np.nan)
    found = np.full(t_us.size, np.nan)
    for row, (start, end) in enumerate(zip(t_us // QUARTER_US - first, -(-end_us // QUARTER_US) - first, strict=True)):
        part = quarter[max(start, 0) : end]
        if part.size and np.isfinite(part).all() and np.ptp(part) <= _SAME_PCT:
            found[row] = part.mean()
    return found


def _sums(bins: Bins) -> Floats:
    """(rows,) Σv as kept, else from the classes."""
    rows = len(bins.counts)
    nothing = np.full(rows, np.nan)
    kept = nothing if bins.sum_kmh is None else bins.sum_kmh
    missing = np.isnan(kept)
    closed = np.isfinite(bins.upper_kmh)
    middle = np.where(closed, (bins.lower_kmh + np.where(closed, bins.upper_kmh, 0.0)) / 2.0, 0.0)
    hidden = (bins.counts[:, ~closed] > 0.0).any(axis=1)
    return np.where(missing, np.where(hidden, np.nan, bins.counts @ middle), kept)


def _strata(survey: Survey, t_us: Ints) -> tuple[Ints, Ints]:
    """Clock hour by working or other day, and the night that each row belongs to (the date of its noon)."""
    local = [from_us(int(one)).astimezone(survey.zone) for one in t_us]
    free = holidays_of(_COUNTRY, sorted({one.date() for one in local}))
    off = [one.date() in free or one.weekday() >= 5 for one in local]
    night = [(one.replace(tzinfo=None) - _HALF_DAY).date().toordinal() for one in local]
    return np.array([one.hour * 2 + other for one, other in zip(local, off, strict=True)], dtype=np.int64), np.array(
        night, dtype=np.int64
    )


def _effect(one: Effect) -> LightEffect:
    return LightEffect(
        level_pct=one.level_pct,
        reference_pct=one.reference_pct,
        mean_kmh=round(one.mean_kmh, 3),
        reference_mean_kmh=round(one.reference_mean_kmh, 3),
        v85_kmh=_rounded(one.v85_kmh),
        reference_v85_kmh=_rounded(one.reference_v85_kmh),
        **_interval("mean", one.mean),
        **_interval("v85", one.v85),
        hours=one.strata,
        nights=one.days,
        reference_nights=one.reference_days,
        vehicles=one.vehicles,
        reference_vehicles=one.reference_vehicles,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _interval(name: str, estimate: DayEstimate | None) -> dict[str, Any]:
    names = (f"{name}_change_kmh", f"{name}_low_kmh", f"{name}_high_kmh")
    if estimate is None:
        return dict.fromkeys(names)
    half = estimate.half_width()
    values = (estimate.value, estimate.value - half, estimate.value + half)
    return {key: round(value, 3) for key, value in zip(names, values, strict=True)}
