"""From observations to the report. Pure: no clock, no files, no store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from itertools import pairwise

import numpy as np

from bypuls.analysis import speed
from bypuls.analysis.errors import BadInput
from bypuls.analysis.traffic import effects
from bypuls.analysis.traffic.volumes import STEP_TO_YEAR_SOURCE
from bypuls.api.reports.public_holidays import holidays_of
from bypuls.api.reports.speed.cells import SPEED_BINS
from bypuls.api.reports.speed.compare import Pair, compare
from bypuls.api.reports.speed.figures import statistics
from bypuls.api.reports.speed.histograms import histogram_of_people
from bypuls.api.reports.speed.local_days import LocalDays
from bypuls.api.reports.speed.model import (
    ByDirection,
    LengthClass,
    Period,
    Software,
    SpeedReport,
    Statistics,
)
from bypuls.api.reports.speed.observations import Observations
from bypuls.api.reports.speed.population import Population, free_flow_of_bins, local_days, population
from bypuls.api.reports.speed.settings import Settings
from bypuls.api.reports.speed.survey import Survey, survey
from bypuls.api.reports.speed.tables import day_groups, day_table, hour_table, week_map
from bypuls.api.reports.speed.volumes import volumes_by_direction


def build_report(
    observations: Observations,
    settings: Settings,
    *,
    other: Observations | None = None,
    controls: Sequence[Pair] = (),
    allow_empty: bool = False,
) -> SpeedReport:
    """The report of one site and period.

    other : the same site's observations of a second period; with it the report has a comparison. Which of the two is
        `before` follows from their times; without times, or where they overlap, `observations` is.
    controls : (name, before, after) of sites where nothing was changed, on the same dates.
    allow_empty : a report without a vehicle has empty statistics and the note `no_vehicles`.
    Raises BadInput where there is nothing to report on (unless `allow_empty`), MixedWidths where classes can't be added
    up.
    """
    days = local_days(observations, settings)
    people = population(observations, settings, days)
    watched = None if days is None else survey(observations, settings, days)
    names = holidays_of(settings.country, () if days is None else days.days)
    by = _statistics(observations, people, settings, days, watched)
    if by.all.n == 0 and not allow_empty:
        raise BadInput("vehicles: 0; expected at least one usable line")
    comparison = None
    if other is not None:
        comparison = compare(observations, other, controls, settings)
    return SpeedReport(
        title=settings.title or settings.site.name,
        software=Software("bypuls", version("bypuls")),
        site=settings.site,
        period=_period(settings, days, watched, people),
        limits=settings.limits,
        sensors=settings.sensors,
        surveyor=settings.surveyor,
        statistics=by,
        speed_bins=SPEED_BINS,
        hours=hour_table(people, settings, days, watched),
        days=day_table(people, settings, days, watched, names),
        day_groups=day_groups(people, settings, days, watched, names),
        week=week_map(people, settings, days, watched),
        volumes=volumes_by_direction(people, settings, days, watched, names),
        classes=_length_classes(people, settings),
        histogram=histogram_of_people(people),
        quality=observations.quality,
        comparison=comparison,
        intervention=settings.intervention,
        methods=_methods(by, settings),
        notes=_notes(observations, people, watched),
        light=settings.light,
    )


def _statistics(
    observations: Observations, people: Population, settings: Settings, days: LocalDays | None, watched: Survey | None
) -> ByDirection:
    full = None if watched is None else watched.full
    free_bins = free_flow_of_bins(observations, settings, days)

    def of(part: Population, free_part: Population | None) -> Statistics:
        found = statistics(part, settings, full)
        free = part.free() or free_part
        motor = part.motor()
        return replace(
            found,
            free_flow=None if free is None else statistics(free, settings, full),
            motor_vehicles=None if motor is None else statistics(motor, settings, full),
        )

    return ByDirection(
        of(people, free_bins),
        {
            name: of(people.of_direction(index), None if free_bins is None else free_bins.of_direction(index))
            for index, name in enumerate(people.directions)
        },
    )


def _period(settings: Settings, days: LocalDays | None, watched: Survey | None, people: Population) -> Period:
    if days is None or watched is None:
        return Period(settings.timezone, None, None, None, None, 0, 0, {}, None)
    start = days.edges_us[0] if settings.start is None else round(settings.start.timestamp()) * 1_000_000
    end = days.edges_us[-1] if settings.end is None else round(settings.end.timestamp()) * 1_000_000
    seen = np.zeros(len(days.days), dtype=bool)
    if people.singles is not None:
        seen[np.unique(people.singles.day)] = True
    if people.classed is not None:
        seen[np.unique(people.classed.day[people.classed.counts.sum(axis=1) > 0.0])] = True
    weekdays = {str(number): 0 for number in range(1, 8)}
    for at in np.flatnonzero(seen):
        weekdays[str(days.days[at].isoweekday())] += 1
    known = not np.isnan(watched.coverage).any()
    return Period(
        timezone=settings.timezone,
        start=days.iso(int(start)),
        end=days.iso(int(end)),
        first_day=days.days[0],
        last_day=days.days[-1],
        days=len(days.days),
        full_days=int(watched.full.sum()),
        weekdays=weekdays,
        coverage=float(np.average(watched.coverage, weights=days.length_h)) if known else None,
    )


def _length_classes(people: Population, settings: Settings) -> tuple[LengthClass, ...]:
    one = people.singles
    if one is None or one.length_m is None or not settings.length_bounds_m:
        return ()
    bounds = [0.0, *settings.length_bounds_m, np.inf]
    measured = ~np.isnan(one.length_m)
    found = []
    for lower, upper in pairwise(bounds):
        speeds = one.speed[measured & (one.length_m >= lower) & (one.length_m < upper)]
        found.append(
            LengthClass(
                name=f"{lower:g}-{upper:g} m" if np.isfinite(upper) else f"≥ {lower:g} m",
                from_m=lower,
                to_m=upper if np.isfinite(upper) else None,
                n=int(speeds.size),
                share=speeds.size / one.speed.size,
                v85_kmh=speed.percentile(speeds, 85, settings.percentile_method) if speeds.size else None,
            )
        )
    unknown = int((~measured).sum())
    if unknown:
        found.append(LengthClass("unclassified", None, None, unknown, unknown / one.speed.size, None))
    return tuple(found)


def _methods(by: ByDirection, settings: Settings) -> Mapping[str, str]:
    return {
        **by.all.methods,
        "hourly_bins": "lower_exclusive_upper_inclusive",
        "free_flow": f"headway_at_least_{settings.min_headway_s:g}_s",
        "volumes": "full_days_only_not_scaled",
        "hdt": "working_days_outside_june_july_august_without_public_holidays",
        "aadt_uncertainty": STEP_TO_YEAR_SOURCE,
        "injuries": effects.POWER_SOURCE,
        "noise": effects.NOISE_SOURCE,
    }


def _notes(observations: Observations, people: Population, watched: Survey | None) -> tuple[str, ...]:
    notes = []
    if people.empty:
        notes.append("no_vehicles")
    if watched is None:
        notes.append("no_times")
    elif any(reason is not None for reason in watched.left_out):
        notes.append("days_left_out")
    if people.singles is not None and people.classed is not None:
        notes.append("single_vehicles_and_classes_together")
    if people.classed is not None and np.isinf(people.classed.upper[-1]):
        notes.append("open_class_above_its_lower_edge")
    if observations.quality.lowest_kmh is not None:
        notes.append("speeds_outside_bounds_dropped")
    return tuple(notes)
