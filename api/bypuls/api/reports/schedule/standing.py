"""Where the schedules stand: what each made, and when its next report comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bypuls.api.directory import Directory
from bypuls.api.reports.schedule.due import Due, due_after, latest_due
from bypuls.api.reports.schedule.runner import WAITING
from bypuls.store.book import ReportRun
from bypuls.store.registry import ReportSchedule
from bypuls.wire import from_us

PLANNED, DUE, RETRY, GIVEN_UP = "planned", "due", "retry", "given-up"


@dataclass(frozen=True, slots=True)
class Coming:
    """The next report. state : `planned` for `at`; `due` since `at`, and not tried yet; `retry`, after it failed, from
    `at` on."""

    due: Due
    at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A schedule and its runs, newest period first. schedule : None = the registry doesn't have it any more.
    name : of its place.  coming : None = it is switched off, or gone."""

    id: str
    schedule: ReportSchedule | None
    name: str | None
    runs: tuple[ReportRun, ...]
    coming: Coming | None


def standings(
    schedules: Iterable[ReportSchedule], runs: Iterable[ReportRun], directory: Directory, now: datetime, zone: ZoneInfo
) -> list[Standing]:
    """Every schedule, by the name of its place and id; then those that made something and are gone.

    runs : newest period first."""
    mine: dict[str, list[ReportRun]] = {}
    for run in runs:
        mine.setdefault(run.schedule, []).append(run)
    found = [_standing(one, mine.pop(one.id, []), directory, now, zone) for one in schedules]
    found.sort(key=lambda one: ((one.name or "").casefold(), one.id))
    return found + [Standing(id, None, None, tuple(mine[id]), None) for id in sorted(mine)]


def _standing(
    schedule: ReportSchedule, runs: Sequence[ReportRun], directory: Directory, now: datetime, zone: ZoneInfo
) -> Standing:
    due = latest_due(schedule, now, zone)
    place = directory.sites.get(schedule.site or "") or directory.buildings.get(schedule.building or "")
    # Of several that were missed the newest alone is made: an older one isn't tried any more.
    told = tuple(
        replace(run, state=GIVEN_UP) if run.state == WAITING and run.first_day < due.first else run for run in runs
    )
    return Standing(
        schedule.id,
        schedule,
        place.name if place is not None else None,
        told,
        _coming(schedule, due, told, zone) if schedule.enabled else None,
    )


def _coming(schedule: ReportSchedule, due: Due, runs: Sequence[ReportRun], zone: ZoneInfo) -> Coming:
    run = next((one for one in runs if one.first_day == due.first), None)
    if run is None:
        return Coming(due, due.since, DUE)
    if run.state == WAITING:
        return Coming(due, from_us(run.next_us), RETRY)
    following = due_after(schedule, due, zone)
    return Coming(following, following.since, PLANNED)
