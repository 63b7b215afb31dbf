"""The tables of a report: hours of the day, days, working days and others, the week's map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any

import numpy as np

from bypuls.analysis.traffic.volumes import is_working_day
from bypuls.api.reports.speed.cells import Groups, by_direction, cells, groups_by
from bypuls.api.reports.speed.local_days import LocalDays
from bypuls.api.reports.speed.model import Cell, DayGroup, DayRow, HourRow, WeekCell
from bypuls.api.reports.speed.observations import Ints
from bypuls.api.reports.speed.population import Population
from bypuls.api.reports.speed.settings import Settings
from bypuls.api.reports.speed.survey import Survey

HOURS = 24
QUARTERS = 96
_UNTIMED = Groups(None, None, HOURS)


def hour_table(
    people: Population, settings: Settings, days: LocalDays | None, watched: Survey | None
) -> tuple[HourRow, ...]:
    """Hours 0 … 23 over all days."""
    if days is None or watched is None:
        return ()
    of_hour = np.tile(np.arange(QUARTERS) // 4, (len(days.days), 1))
    groups = groups_by(people, of_hour, "hour")
    groups = replace(groups, size=HOURS)
    whole = cells(people, groups, settings, bins=True)
    parts = by_direction(people, groups, settings, bins=True)
    full = int(watched.full.sum())
    in_full = _counts(people.of_days(watched.full), of_hour, HOURS)
    return tuple(
        HourRow(
            **_fields(cell),
            hour=hour,
            n_per_day=None if cell.n is None or not full else float(in_full[hour]) / full,
            directions={name: column[hour] for name, column in parts.items()},
        )
        for hour, cell in enumerate(whole)
    )


def day_table(
    people: Population,
    settings: Settings,
    days: LocalDays | None,
    watched: Survey | None,
    holidays: Mapping[date, str],
) -> tuple[DayRow, ...]:
    """Every local day from the first to the last."""
    if days is None or watched is None:
        return ()
    size = len(days.days)
    groups = replace(groups_by(people, _of_day(size), "day"), size=size)
    whole = cells(people, groups, settings)
    parts = by_direction(people, groups, settings)
    return tuple(
        DayRow(
            **_fields(cell),
            date=days.days[at],
            weekday=days.days[at].isoweekday(),
            holiday=holidays.get(days.days[at]),
            length_h=float(days.length_h[at]),
            coverage=None if np.isnan(watched.coverage[at]) else float(watched.coverage[at]),
            full=watched.left_out[at] is None,
            left_out=watched.left_out[at],
            directions={name: column[at] for name, column in parts.items()},
        )
        for at, cell in enumerate(whole)
    )


def day_groups(
    people: Population,
    settings: Settings,
    days: LocalDays | None,
    watched: Survey | None,
    holidays: Mapping[date, str],
) -> Mapping[str, DayGroup]:
    """`weekdays` (working days) and `weekends` (Saturdays, Sundays and public holidays)."""
    if days is None or watched is None:
        return {}
    kind = np.array([0 if is_working_day(day, holidays) else 1 for day in days.days], dtype=np.int64)
    of_kind = np.tile(kind[:, None], (1, QUARTERS))
    groups = replace(groups_by(people, of_kind, "day"), size=2)
    in_full = _counts(people.of_days(watched.full), of_kind, 2)
    found = {}
    for at, (name, cell) in enumerate(zip(("weekdays", "weekends"), cells(people, groups, settings), strict=True)):
        full = int((watched.full & (kind == at)).sum())
        found[name] = DayGroup(
            **_fields(cell), days=int((kind == at).sum()), n_per_full_day=float(in_full[at]) / full if full else None
        )
    return found


def week_map(
    people: Population, settings: Settings, days: LocalDays | None, watched: Survey | None
) -> tuple[WeekCell, ...]:
    """Monday 0 o'clock … Sunday 23 o'clock."""
    if days is None or watched is None:
        return ()
    weekday = np.array([day.isoweekday() - 1 for day in days.days], dtype=np.int64)
    table = weekday[:, None] * HOURS + (np.arange(QUARTERS) // 4)[None, :]
    found = cells(people, replace(groups_by(people, table, "hour"), size=7 * HOURS), settings)
    in_full = _counts(people.of_days(watched.full), table, 7 * HOURS)
    full = np.bincount(weekday[watched.full], minlength=7)
    return tuple(
        WeekCell(
            weekday=at // HOURS + 1,
            hour=at % HOURS,
            n=cell.n,
            n_per_day=None if cell.n is None or not full[at // HOURS] else float(in_full[at]) / int(full[at // HOURS]),
            v85_kmh=cell.v85_kmh,
            shaded=cell.shaded,
        )
        for at, cell in enumerate(found)
    )


def counts_by_quarter(people: Population, days: Sequence[date]) -> tuple[np.ndarray[Any, Any], bool]:
    """(days, 96) vehicles per clock quarter; and whether all are that finely known."""
    table = np.arange(len(days) * QUARTERS).reshape(len(days), QUARTERS)
    fine = people.classed is None or bool((people.classed.quarter >= 0).all())
    found = np.zeros(table.size)
    if people.singles is not None:
        timed = people.singles.where(people.singles.day >= 0)
        found += np.bincount(table[timed.day, timed.quarter], minlength=table.size)
    if people.classed is not None and fine:
        rows = people.classed
        found += np.bincount(table[rows.day, rows.quarter], rows.counts.sum(axis=1), table.size)
    return found.reshape(table.shape), fine


def counts_by_hour(people: Population, days: Sequence[date]) -> np.ndarray[Any, Any]:
    """(days, 24) vehicles per clock hour; rows longer than an hour are in none."""
    table = np.repeat(np.arange(len(days) * HOURS).reshape(len(days), HOURS), 4, axis=1)
    return _counts(people, table, len(days) * HOURS).reshape(len(days), HOURS)


def counts_by_day(people: Population, days: Sequence[date]) -> np.ndarray[Any, Any]:
    """(days,) vehicles per day."""
    return _counts(people, _of_day(len(days)), len(days), kind="day")


def _of_day(size: int) -> Ints:
    return np.tile(np.arange(size)[:, None], (1, QUARTERS))


def _counts(people: Population, table: Ints, size: int, kind: str = "hour") -> np.ndarray[Any, Any]:
    groups = groups_by(people, table, kind)
    found = np.zeros(size)
    if groups.singles is not None:
        found += np.bincount(groups.singles[groups.singles >= 0], minlength=size)
    if groups.classed is not None and people.classed is not None:
        held = groups.classed >= 0
        found += np.bincount(groups.classed[held], people.classed.counts[held].sum(axis=1), size)
    return found


def _fields(cell: Cell) -> dict[str, Any]:
    return {part.name: getattr(cell, part.name) for part in fields(Cell)}
