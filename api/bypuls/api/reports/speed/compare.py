"""Before and after, with control sites: what changed, how surely, and what is claimed of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from bypuls.analysis.errors import BadInput
from bypuls.analysis.traffic import days as by_day
from bypuls.analysis.traffic import effects as models
from bypuls.analysis.traffic import vehicle_tests
from bypuls.analysis.traffic.days import DayEstimate
from bypuls.analysis.traffic.matching import Matched, match_weekdays
from bypuls.analysis.traffic.verdict import MIN_VEHICLES, SHADED_BELOW
from bypuls.api.reports.public_holidays import holidays_of
from bypuls.api.reports.speed.cells import cells, groups_by
from bypuls.api.reports.speed.compared_days import FIGURES, SitePeriod, estimates, site_period
from bypuls.api.reports.speed.histograms import histogram_of_people
from bypuls.api.reports.speed.model import (
    Change,
    ComparedHour,
    Comparison,
    Control,
    Estimate,
    Independent,
    Limit,
)
from bypuls.api.reports.speed.observations import Floats, Observations
from bypuls.api.reports.speed.settings import Settings

ASSOCIATION = "association"
DIFFERENCES = "difference_of_differences"
REGRESSION = "regression_to_the_mean"
METHOD_CHANGE = "day_jackknife_welch_satterthwaite"
METHOD_EFFECT = "difference_of_differences_day_jackknife_welch_satterthwaite"


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A control site: where nothing was changed. limits None = those of the treated site."""

    name: str
    before: Observations
    after: Observations
    limits: tuple[Limit, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Site:
    name: str
    before: SitePeriod
    after: SitePeriod
    settings: Settings


def compare(
    observations: Observations, other: Observations, controls: Sequence[Pair], settings: Settings
) -> Comparison:
    """The comparison of two periods; the earlier one is `before`, the first given where their times don't tell.

    Refused with reasons where a period has fewer than 100 vehicles or 3 full days that count."""
    own = site_period(observations, settings)
    second = site_period(other, replace(settings, start=None, end=None))
    turned = bool(own.dates and second.dates and second.dates[-1] < own.dates[0])
    open_settings = replace(settings, start=None, end=None)
    site = _Site(settings.site.name, *((second, own) if turned else (own, second)), settings)
    others = [
        _Site(
            pair.name,
            site_period(pair.before, _own_limits(open_settings, pair)),
            site_period(pair.after, _own_limits(open_settings, pair)),
            _own_limits(open_settings, pair),
        )
        for pair in controls
    ]
    common = [_common([part.before.full for part in (site, *others)]), _common([p.after.full for p in (site, *others)])]
    every = [*site.before.dates, *site.after.dates]
    holidays = holidays_of(settings.country, sorted(every))
    matched = match_weekdays(common[0], common[1], set(holidays))
    reasons = _reasons(site, others, common, matched)
    left_out: tuple[date, ...] = ()
    changes: Mapping[str, Change] = {}
    found_controls: list[Control] = []
    effects: Mapping[str, Change] = {}
    told: tuple[Estimate, ...] = ()
    days = (0, 0)
    if not reasons and matched is not None:
        days = matched.days
        weights = (matched.before, matched.after)
        chosen = [
            [day for day, weight in zip(days_, weight_, strict=True) if weight > 0.0]
            for days_, weight_ in zip(common, weights, strict=True)
        ]
        full = {*site.before.full, *site.after.full}
        left_out = tuple(sorted(full - {*chosen[0], *chosen[1]}))
        cut = [weight[weight > 0.0] for weight in weights]
        treated = _cells(site, chosen, cut)
        step = max(site.before.resolution_kmh, site.after.resolution_kmh)
        changes = {name: _change(*treated[name], None, _step(name, step)) for name in FIGURES}
        of_controls = [_cells(control, chosen, cut) for control in others]
        found_controls = [
            Control(
                control.name,
                control.before.told(days[0]),
                control.after.told(days[1]),
                {name: _change(*part[name], None, _step(name, step)) for name in FIGURES},
            )
            for control, part in zip(others, of_controls, strict=True)
        ]
        effects = {
            name: _change(*treated[name], [part[name] for part in of_controls] or None, _step(name, step))
            for name in FIGURES
        }
        told = _estimates(effects["mean_kmh"])
    return Comparison(
        refused=bool(reasons),
        reasons=tuple(reasons),
        design=DIFFERENCES if others else ASSOCIATION,
        before=site.before.told(days[0]),
        after=site.after.told(days[1]),
        weekdays=None if matched is None or reasons else matched.level,
        left_out=left_out,
        changes=changes,
        controls=tuple(found_controls),
        effects=effects,
        independent=None if reasons else _independent(site),
        estimates=told,
        warnings=_warnings(site, others, settings, matched),
        hours=_hours(site),
        histograms={
            "before": histogram_of_people(site.before.people),
            "after": histogram_of_people(site.after.people),
        },
    )


def _own_limits(settings: Settings, pair: Pair) -> Settings:
    return settings if pair.limits is None else replace(settings, limits=pair.limits)


def _common(full: Sequence[Sequence[date]]) -> list[date]:
    shared = set(full[0]).intersection(*full[1:])
    return sorted(shared)


def _reasons(
    site: _Site, controls: Sequence[_Site], common: Sequence[Sequence[date]], matched: Matched | None
) -> list[str]:
    found = []
    for name, part in (("before", site.before), ("after", site.after)):
        if part.statistics.n < MIN_VEHICLES:
            found.append(f"{name}_fewer_than_{MIN_VEHICLES}_vehicles")
        if not part.dates:
            found.append(f"{name}_no_times")
        elif len(part.full) < by_day.MIN_DAYS:
            found.append(f"{name}_fewer_than_{by_day.MIN_DAYS}_full_days")
    for control in controls:
        if min(control.before.statistics.n, control.after.statistics.n) < MIN_VEHICLES:
            found.append(f"control_fewer_than_{MIN_VEHICLES}_vehicles")
    if not found and controls and min(len(days) for days in common) < by_day.MIN_DAYS:
        found.append(f"control_fewer_than_{by_day.MIN_DAYS}_common_full_days")
    if not found and matched is None:
        found.append("no_common_weekdays")
    return found


def _cells(
    site: _Site, chosen: Sequence[list[date]], weights: Sequence[Floats]
) -> dict[str, tuple[DayEstimate | None, DayEstimate | None]]:
    before = estimates(site.before, chosen[0], weights[0], site.settings)
    after = estimates(site.after, chosen[1], weights[1], site.settings)
    return {name: (before[name], after[name]) for name in FIGURES}


def _step(name: str, resolution_kmh: float) -> float:
    return resolution_kmh if name.endswith("_kmh") else 0.0


def _change(
    before: DayEstimate | None,
    after: DayEstimate | None,
    controls: Sequence[tuple[DayEstimate | None, DayEstimate | None]] | None,
    step: float,
) -> Change:
    """The change of one figure; less that of the controls where there are any."""
    method = METHOD_CHANGE if controls is None else METHOD_EFFECT
    known = [] if controls is None else [(b, a) for b, a in controls if b is not None and a is not None]
    if before is None or after is None or (controls is not None and len(known) < len(controls)):
        first, second = (None if part is None else part.value for part in (before, after))
        return Change(first, second, None, None, None, None, None, method, None, "unknown_figure")
    found = by_day.difference(after, before) if controls is None else by_day.effect((before, after), known)
    half = found.half_width(resolution=step)
    low, high = found.value - half, found.value + half
    conclusion = "increase" if low > 0.0 else "decrease" if high < 0.0 else "no_clear_change"
    return Change(before.value, after.value, found.value, found.se, found.df, low, high, method, conclusion)


def _independent(site: _Site) -> Independent | None:
    """Tests of single vehicles, where both periods have the same kind of data."""
    before, after = site.before, site.after
    b, a = before.statistics, after.statistics
    welch = None
    if None not in (b.mean_kmh, b.s_kmh, a.mean_kmh, a.s_kmh) and (b.s_kmh or a.s_kmh):
        welch = vehicle_tests.welch(a.mean_kmh or 0.0, a.s_kmh or 0.0, a.n, b.mean_kmh or 0.0, b.s_kmh or 0.0, b.n)
    ranks = _ranks(before, after)
    return Independent(
        vehicle_tests.LABEL,
        None if welch is None else welch.statistic,
        None if welch is None else welch.df,
        None if welch is None else welch.p,
        None if ranks is None else ranks.statistic,
        None if ranks is None else ranks.p,
    )


def _ranks(before: SitePeriod, after: SitePeriod) -> vehicle_tests.TestResult | None:
    one, two = before.people, after.people
    if one.classed is None and two.classed is None and one.singles is not None and two.singles is not None:
        return vehicle_tests.mann_whitney(two.singles.speed, one.singles.speed)
    if one.classed is None or two.classed is None or one.singles is not None or two.singles is not None:
        return None
    if not np.array_equal(one.classed.upper, two.classed.upper):
        return None
    try:
        return vehicle_tests.mann_whitney_of_counts(two.classed.counts.sum(axis=0), one.classed.counts.sum(axis=0))
    except BadInput:
        # All vehicles in one class: ranks say nothing.
        return None


def _estimates(mean: Change) -> tuple[Estimate, ...]:
    """Injuries and noise by the adjusted change of the mean."""
    if mean.before is None or mean.change is None or mean.before + mean.change <= 0.0:
        return ()
    adjusted = mean.before + mean.change
    found = []
    for model in (models.INJURY_ACCIDENTS, models.FATAL_ACCIDENTS):
        change = models.accidents(mean.before, adjusted, model)
        exponents = (model.exponent, model.low, model.high)
        told = (change.value, change.low, change.high, models.POWER_MODEL, models.POWER_SOURCE)
        found.append(Estimate(model.name, "share", *told, *exponents))
    noise = models.noise_change_db(mean.before, adjusted)
    if noise is not None:
        found.append(Estimate("noise_lden", "dB", noise, None, None, models.NOISE_MODEL, models.NOISE_SOURCE))
    return tuple(found)


def _warnings(site: _Site, controls: Sequence[_Site], settings: Settings, matched: Matched | None) -> tuple[str, ...]:
    found = []
    if settings.chosen_for_speed:
        found.append(REGRESSION)
    if not controls:
        found.append("no_control_site")
    if site.before.statistics.limit_kmh != site.after.statistics.limit_kmh:
        found.append("limit_changed")
    if (site.before.people.classed is None) is not (site.after.people.classed is None):
        found.append("different_kinds_of_data")
    if matched is not None and matched.level == "working_day":
        found.append("weekdays_matched_as_working_days")
    return tuple(found)


def _hours(site: _Site) -> tuple[ComparedHour, ...]:
    columns = []
    for part in (site.before, site.after):
        if not part.dates:
            return ()
        of_hour = np.tile(np.arange(96) // 4, (len(part.dates), 1))
        columns.append(cells(part.people, replace(groups_by(part.people, of_hour, "hour"), size=24), site.settings))
    return tuple(
        ComparedHour(
            hour,
            before.n,
            after.n,
            before.v85_kmh,
            after.v85_kmh,
            min(before.n or 0, after.n or 0) < SHADED_BELOW,
        )
        for hour, (before, after) in enumerate(zip(*columns, strict=True))
    )
