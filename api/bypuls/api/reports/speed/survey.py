"""Which local days were watched whole: they alone carry volumes and intervals.

Where the sensor says how long it watched, a day needs 95 %. Where nothing says so (single vehicles in a file), a day is
taken as whole unless

- it lies outside the period that the report was asked for, or is cut off by it;
- a stretch without vehicles between 06 and 22 is longer than 4 h and longer than 6 mean headways of a usual day;
- it is the first or the last of the file, and begins (ends) more than an hour after (before) all other whole days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from bypuls.analysis.traffic.volumes import full_days
from bypuls.api.reports.speed.local_days import LocalDays
from bypuls.api.reports.speed.observations import Bins, Bools, Floats, Ints, Observations
from bypuls.api.reports.speed.settings import Settings

GAP_H = 4.0
GAP_HEADWAYS = 6.0
WAKING_H = (6.0, 22.0)
EDGE_SLACK_H = 1.0
OUTSIDE, GAP, LOW_COVERAGE = "outside_survey", "gap", "low_coverage"


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """Per local day. coverage NaN = nothing tells; left_out = why a day isn't full, else None."""

    days: tuple[date, ...]
    coverage: Floats
    left_out: tuple[str | None, ...]

    @property
    def full(self) -> Bools:
        """(days,) which were watched whole."""
        return np.array([reason is None for reason in self.left_out], dtype=bool)


def survey(observations: Observations, settings: Settings, days: LocalDays) -> Survey:
    """How the days were watched."""
    coverage = _coverage(observations, days)
    passages = observations.vehicles.t_us if observations.vehicles is not None else None
    gaps = _gaps(passages, days, settings) if passages is not None else [None] * len(days.days)
    full = full_days(coverage)
    reasons: list[str | None] = []
    for at in range(len(days.days)):
        if _outside(days, at, settings):
            reasons.append(OUTSIDE)
        elif not np.isnan(coverage[at]):
            reasons.append(None if full[at] else LOW_COVERAGE)
        else:
            reasons.append(gaps[at])
    return Survey(days.days, coverage, tuple(reasons))


def _outside(days: LocalDays, at: int, settings: Settings) -> bool:
    return bool(
        (settings.start is not None and days.edges_us[at] < _us(settings.start))
        or (settings.end is not None and days.edges_us[at + 1] > _us(settings.end))
    )


def _coverage(observations: Observations, days: LocalDays) -> Floats:
    found = np.full(len(days.days), np.nan)
    if observations.bins is not None and observations.bins.t_us is not None and observations.vehicles is None:
        found = _coverage_of_bins(observations.bins, observations.bins.t_us, days)
    given: Mapping[date, float] = observations.coverage
    return np.array([given.get(day, found[at]) for at, day in enumerate(days.days)], dtype=np.float64)


def _coverage_of_bins(bins: Bins, t_us: Ints, days: LocalDays) -> Floats:
    """Share of each day that its rows were watched for. Directions and classes of one moment share it: the longest
    counts. Without a word on uptime a row was watched for its whole period."""
    period = np.full(len(bins.counts), 3600.0) if bins.period_s is None else bins.period_s
    watched = period if bins.uptime_s is None else np.where(np.isnan(bins.uptime_s), period, bins.uptime_s)
    moments, inverse = np.unique(t_us, return_inverse=True)
    longest = np.zeros(moments.size)
    np.maximum.at(longest, inverse, watched)
    seconds = np.bincount(days.day_of(moments), longest, minlength=len(days.days))
    return np.minimum(seconds / (days.length_h * 3600.0), 1.0)


def _gaps(t_us: Ints, days: LocalDays, settings: Settings) -> list[str | None]:
    """Per day why passages say that it wasn't watched whole."""
    hours = _hours_of_days(t_us, days)
    usual = float(np.median([len(h) for h in hours if len(h)])) if any(len(h) for h in hours) else 0.0
    limit_h = max(GAP_H, GAP_HEADWAYS * 24.0 / usual) if usual else GAP_H
    found: list[str | None] = [GAP if _longest_gap(passed) > limit_h else None for passed in hours]
    inner = [at for at in range(len(hours)) if found[at] is None and len(hours[at])]
    for at, is_cut, given in (
        (0, _starts_late, settings.start),
        (len(hours) - 1, _ends_early, settings.end),
    ):
        others = [hours[other] for other in inner if other != at]
        if found[at] is None and given is None and len(others) > 1 and is_cut(hours[at], others):
            found[at] = OUTSIDE
    if found[0] == GAP and settings.start is None:
        found[0] = OUTSIDE
    if found[-1] == GAP and settings.end is None:
        found[-1] = OUTSIDE
    return found


def _hours_of_days(t_us: Ints, days: LocalDays) -> list[Floats]:
    bounds = np.searchsorted(t_us, days.edges_us)
    return [
        (t_us[bounds[at] : bounds[at + 1]] - days.edges_us[at]) / 3.6e9 * (24.0 / days.length_h[at])
        for at in range(len(days.days))
    ]


def _longest_gap(passed_h: Floats) -> float:
    moments = np.clip(np.concatenate(([0.0], passed_h, [24.0])), *WAKING_H)
    return float(np.diff(moments).max())


def _starts_late(passed_h: Floats, others: list[Floats]) -> bool:
    return float(passed_h[0]) > max(float(other[0]) for other in others) + EDGE_SLACK_H


def _ends_early(passed_h: Floats, others: list[Floats]) -> bool:
    return float(passed_h[-1]) < min(float(other[-1]) for other in others) - EDGE_SLACK_H


def _us(moment: datetime) -> int:
    return round(moment.timestamp()) * 1_000_000
