"""Results of streets: V85 and what goes with it by local day, ISO week and calendar month, and of the last weeks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from bypuls.analysis.localtime import local_day_edges_us
from bypuls.api.directory import Directory
from bypuls.api.periods import Span
from bypuls.api.reports.speed.from_store import Survey
from bypuls.api.reports.speed.site_report import Question, Source, site_report
from bypuls.api.results.read_once import ReadOnce
from bypuls.api.results.scene import Scene
from bypuls.api.streets import streets
from bypuls.api.vehicles import KINDS, row_limits, vehicle_rows
from bypuls.store.protocol import Store
from bypuls.store.registry import Sensor
from bypuls.store.results import NOW_US, Result, known_results

SITE = "site"
BACK_MONTHS = 26
BOTH = "both"
DIRECTIONS = (BOTH, "toward", "away")
RECENT_DAYS, AVERAGE_DAYS = 28, 365
_DAY = timedelta(days=1)
_LEAST_SPEEDS = 30.0
"""A percentile of fewer speeds is chance."""


def sites(scene: Scene) -> int:
    """Each street's days, weeks and months: of the running and the last month again and again, of older ones once a
    week, and where a limit changed."""
    written = 0
    stamps = scene.stamps(SITE)
    week = f"{scene.today.isocalendar().year}-{scene.today.isocalendar().week}"
    for site in scene.directory.sites:
        sensors = scene.directory.sensors_of(kinds=KINDS, site=site)
        if not sensors:
            continue
        for number, first in enumerate(scene.months(BACK_MONTHS)):
            if scene.halted():
                return written
            part, stamp = f"{SITE}-{site}-{first:%Y-%m}", f"{week} {_limits(scene.directory, site)} {len(sensors)}"
            if number > 1 and stamps.get(part) == stamp:
                continue
            written += _month(scene, site, sensors, first)
            if number > 1:
                scene.keep_stamp(SITE, part, stamp)
    return written


def _limits(directory: Directory, site: str) -> str:
    rows = directory.limits.get(site, ())
    return ",".join(f"{row.direction}:{row.limit_kmh}:{row.valid_from}" for row in rows)


def _month(scene: Scene, site: str, sensors: Sequence[Sensor], first: date) -> int:
    """The days of a month, the weeks that begin in it, and the month itself, laid down."""
    last = (first + timedelta(days=32)).replace(day=1) - _DAY
    start_us, end_us = scene.month_us(first)
    monday = first + timedelta(days=(7 - first.weekday()) % 7)
    weeks = [monday + timedelta(days=7 * n) for n in range(5) if monday + timedelta(days=7 * n) <= last]
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    periods = {"day": [*days, last + _DAY], "week": [*weeks, weeks[-1] + 7 * _DAY], "month": [first, last + _DAY]}
    results: list[Result] = []
    store = ReadOnce(scene.store, start_us, scene.day_us(periods["week"][-1]))
    for period, edges in periods.items():
        over = [day for day in edges if period == "day" or day <= scene.today]
        if len(over) > 1:
            results += _rows(scene, store, site, sensors, period, over)
    scene.board.replace_results(SITE, results, start_us=start_us, end_us=end_us, having={"site": site})
    return len(results)


def _rows(
    scene: Scene, store: Store, site: str, sensors: Sequence[Sensor], period: str, edges: Sequence[date]
) -> Iterator[Result]:
    """Rows between local midnights; weeks and months that aren't over are left out."""
    edges_us = np.array([int(local_day_edges_us(scene.zone, day, day)[0]) for day in edges], dtype=np.int64)
    edges_us = edges_us[: int(np.searchsorted(edges_us, scene.now_us)) + 1]
    if edges_us.size < 2:
        return
    span = Span("day", scene.zone, edges_us, scene.now_us // 900_000_000 * 900_000_000)
    # Weeks and months of each direction are in the reports.
    for direction in DIRECTIONS if period == "day" else (BOTH,):
        asked = None if direction == BOTH else direction
        rows = vehicle_rows(store, scene.directory, sensors, span, direction=asked)
        limits = row_limits(scene.directory, site, span, asked)
        coverage = np.minimum(rows.observed_s / span.length_s, 1.0)
        enough = np.nan_to_num(rows.speed_n) >= _LEAST_SPEEDS
        for at, t_us in enumerate(edges_us[:-1].tolist()):
            if np.isnan(rows.n[at]):
                continue  # nobody watched
            v85 = rows.v85_kmh[at] if enough[at] else None
            made = Result.of(
                SITE, {"site": site, "period": period, "direction": direction}, t_us,
                n=rows.n[at], speed_n=rows.speed_n[at], mean_kmh=rows.mean_kmh[at],
                v50_kmh=rows.v50_kmh[at] if enough[at] else None, v85_kmh=v85, max_kmh=rows.max_kmh[at],
                over_limit_n=rows.over_n[at],
                over_limit_share=rows.over_n[at] / rows.speed_n[at] if rows.speed_n[at] > 0.0 else None,
                limit_kmh=limits[at], v85_over_limit_kmh=None if v85 is None else v85 - limits[at],
                coverage=coverage[at],
            )  # fmt: skip
            if made is not None:
                yield made


def sites_now(scene: Scene) -> int:
    """The last four weeks of each street, as the ranking has them."""
    end, first = scene.today, scene.today - timedelta(days=RECENT_DAYS)
    span = _whole(scene, first, end)
    survey = Survey(scene.zone, span.start_us, span.end_us)
    ranked = streets(
        scene.store, scene.directory, survey, span, order="v85_over_limit", school_first=False, public=False
    )
    results = [_now(scene, one, first, end) for one in ranked]
    return scene.replace("site_now", known_results(results))


def _whole(scene: Scene, first: date, end: date) -> Span:
    edges = np.array([scene.day_us(first), scene.day_us(end)], dtype=np.int64)
    return Span("15min", scene.zone, edges)


def averages(scene: Scene) -> int:
    """Each street's average day of the last year, as its report has it."""
    first, end = scene.today - timedelta(days=AVERAGE_DAYS), scene.today
    year = _whole(scene, first, end)
    survey, source = Survey(scene.zone, year.start_us, year.end_us), Source(scene.store, scene.directory, scene.book)
    made: list[Result | None] = []
    for site in scene.directory.sites:
        if scene.halted():
            return 0
        if not scene.directory.sensors_of(kinds=KINDS, site=site):
            continue
        average = site_report(source, Question(site, survey)).report.volumes.all.average_day
        made.append(
            Result.of(
                "site_average", {"site": site}, NOW_US, n=average.value, low_n=average.low, high_n=average.high,
                days=average.days, first_s=scene.day_us(first) / 1e6, last_s=scene.day_us(end - _DAY) / 1e6,
                average=average.name, reason_en=average.reason,
            )
        )  # fmt: skip
    return scene.replace("site_average", known_results(made))


def _now(scene: Scene, one: dict[str, Any], first: date, end: date) -> Result | None:
    names = (
        "n", "speed_n", "mean_kmh", "v50_kmh", "v85_kmh", "max_kmh", "over_limit_n", "over_limit_share", "limit_kmh",
        "v85_over_limit_kmh", "coverage",
    )  # fmt: skip
    return Result.of(
        "site_now", {"site": one["site"]}, NOW_US, **{name: one[name] for name in names}, rank=one["rank"],
        first_s=scene.day_us(first) / 1e6, last_s=scene.day_us(end - _DAY) / 1e6, name=one["name"],
        verdict=one["verdict"],
    )  # fmt: skip
