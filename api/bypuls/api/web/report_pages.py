"""What can be taken away: a report chosen by place, days and form, and what the schedules made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from bypuls.api.buildings.report import whole_year_before
from bypuls.api.context import the_context, the_directory
from bypuls.api.directory import Directory
from bypuls.api.periods import day_in
from bypuls.api.problems import Problem, bad_parameter
from bypuls.api.routes.registered import known
from bypuls.api.targets.standing import ranked_targets
from bypuls.api.vehicles import KINDS
from bypuls.api.web.language import language_of
from bypuls.api.web.pages import refused, render
from bypuls.wire import from_us

router = APIRouter(include_in_schema=False)

FORMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "speed": ("pdf", "xlsx", "csv", "html", "json", "bundle"),
        "building": ("pdf", "xlsx", "csv", "json"),
        "portfolio": ("pdf", "xlsx", "csv", "json"),
        "account": ("pdf", "xlsx", "csv", "json"),
        "work-list": ("pdf", "csv", "json"),
    }
)
_DAY = timedelta(days=1)
_YEARS = 10
_RUNS_SHOWN = 50


def address_of(query: Mapping[str, str], directory: Directory, today: date, lang: str) -> str:
    """Where the report is made that a form asks for; `last` is the last day, as people say it.

    Raises Problem (404, 422).
    """
    kind = query.get("report", "")
    if kind not in FORMS:
        bad_parameter("report", kind, f"one of {', '.join(FORMS)}")
    form = query.get("format", FORMS[kind][0])
    if form not in FORMS[kind]:
        bad_parameter("format", form, f"one of {', '.join(FORMS[kind])}")
    rest = {"format": form, "lang": lang}
    if kind == "work-list":
        return f"/api/v1/lighting/work-list?{urlencode(rest)}"
    if kind == "portfolio":
        month = {"month": query["month"]} if query.get("month") else {}
        return f"/api/v1/portfolio/report?{urlencode({**month, **rest})}"
    if kind == "account":
        year = query.get("year", "")
        if not year.isdecimal():
            bad_parameter("year", year, "a year like 2025")
        target = {"target": known("target", query["target"], directory.targets).id} if query.get("target") else {}
        return f"/api/v1/climate/accounts?{urlencode({'year': year, **target, **rest})}"
    place = query.get("place", "")
    known("place", place, directory.sites if kind == "speed" else directory.buildings)
    first, last = _day(query, "from"), _day(query, "last")
    if first > last:
        bad_parameter("last", last, f"{first} or later")
    if last >= today:
        bad_parameter("last", last, f"a day that is over: {today - _DAY} or earlier")
    root = "/api/v1/traffic" if kind == "speed" else "/api/v1/buildings"
    return f"{root}/{place}/report?{urlencode({'from': first, 'to': last + _DAY, **rest})}"


def _day(query: Mapping[str, str], name: str) -> date:
    found = day_in(query, name)
    if found is None:
        bad_parameter(name, query.get(name, ""), "a day like 2026-11-23")
    return found


@router.get("/reports")
def reports(request: Request) -> Response:
    """The reports that there are, each with its form, and what the schedules made."""
    away = refused(request)
    if away is not None:
        return away
    return _page(request)


@router.get("/reports/made")
def made(request: Request) -> Response:
    """The report that a form asks for; the form again, with what is wrong, where it can't be made."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    today = context.clock().astimezone(context.settings.zone).date()
    try:
        return RedirectResponse(address_of(request.query_params, directory, today, language_of(request)), 303)
    except Problem as problem:
        return _page(request, problem.status, problem.detail)


def _page(request: Request, status: int = 200, error: str | None = None) -> Response:
    context, directory = the_context(request), the_directory(request)
    today = context.clock().astimezone(context.settings.zone).date()
    month_end = today.replace(day=1) - _DAY
    watched = {sensor.site for sensor in directory.sensors.values() if sensor.kind in KINDS}
    metered = {sensor.building for sensor in directory.sensors.values() if sensor.kind == "meter"}
    schedules = {row.id: row for row in context.registry.report_schedules()}
    return render(
        request, "reports.html", status, error=error, forms=FORMS, asked=request.query_params,
        sites=[row for row in directory.sites.values() if row.id in watched],
        buildings=[row for row in directory.buildings.values() if row.id in metered],
        lamps=bool(directory.lamps or directory.cabinets), targets=ranked_targets(directory),
        years=[today.year - 1 - number for number in range(_YEARS)], month=month_end.replace(day=1),
        weeks=(today - 28 * _DAY, today - _DAY), twelve=whole_year_before(today - _DAY), yesterday=today - _DAY,
        schedules=schedules, runs=_runs(request, schedules), directory=directory,
    )  # fmt: skip


def _runs(request: Request, schedules: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the schedules made last, newest period first; `name` is None where the schedule is gone."""
    directory = the_directory(request)
    found = []
    for run in the_context(request).book.report_runs()[:_RUNS_SHOWN]:
        schedule = schedules.get(run.schedule)
        site = directory.sites.get(schedule.site) if schedule is not None else None
        found.append(
            {
                "run": run, "files": run.files.splitlines(), "changed": from_us(run.changed_us),
                "name": site.name if site is not None else None,
            }
        )  # fmt: skip
    return found
