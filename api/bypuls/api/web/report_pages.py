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
from bypuls.api.context import ApiContext, the_context, the_directory
from bypuls.api.directory import Directory
from bypuls.api.parameters import Id
from bypuls.api.periods import day_in
from bypuls.api.problems import Problem, bad_parameter
from bypuls.api.reports.schedule.kept import kept_files
from bypuls.api.reports.schedule.standing import Standing
from bypuls.api.routes.registered import known
from bypuls.api.routes.report_schedules import FirstDay, Form, every_standing, kept_answer
from bypuls.api.targets.standing import ranked_targets
from bypuls.api.vehicles import KINDS
from bypuls.api.web.language import language_of
from bypuls.api.web.pages import refused, render
from bypuls.store.book import ReportRun
from bypuls.store.registry import ReportSchedule
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
_EARLIER_SHOWN = 12


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
        return _page(request, problem)


@router.get("/reports/files/{id}/{first_day}/{format}")
def file(request: Request, id: Id, first_day: FirstDay, format: Form) -> Response:
    """A file that a schedule made; the page again, with what is wrong, where it can't be had."""
    away = refused(request)
    if away is not None:
        return away
    try:
        return kept_answer(request, the_context(request), id, first_day, format)
    except Problem as problem:
        return _page(request, problem)


def _page(request: Request, problem: Problem | None = None) -> Response:
    context, directory = the_context(request), the_directory(request)
    today = context.clock().astimezone(context.settings.zone).date()
    month_end = today.replace(day=1) - _DAY
    watched = {sensor.site for sensor in directory.sensors.values() if sensor.kind in KINDS}
    metered = {sensor.building for sensor in directory.sensors.values() if sensor.kind == "meter"}
    scheduled = every_standing(context, directory)
    return render(
        request, "reports.html", 200 if problem is None else problem.status, problem=problem, forms=FORMS,
        asked=request.query_params, sites=[row for row in directory.sites.values() if row.id in watched],
        buildings=[row for row in directory.buildings.values() if row.id in metered],
        lamps=bool(directory.lamps or directory.cabinets), targets=ranked_targets(directory),
        years=[today.year - 1 - number for number in range(_YEARS)], month=month_end.replace(day=1),
        weeks=(today - 28 * _DAY, today - _DAY), twelve=whole_year_before(today - _DAY), yesterday=today - _DAY,
        scheduled=[_scheduled(context, one) for one in scheduled],
        count=sum(one.schedule is not None for one in scheduled),
    )  # fmt: skip


def _scheduled(context: ApiContext, one: Standing) -> dict[str, Any]:
    """A schedule's row: what it made last and before, and its next report; `last` is None before the first."""
    runs = [_run(context, one.schedule, run) for run in one.runs[: _EARLIER_SHOWN + 1]]
    return {"one": one, "schedule": one.schedule, "last": runs[0] if runs else None, "earlier": runs[1:],
            "recipients": len((one.schedule.recipients or "").split()) if one.schedule is not None else 0}  # fmt: skip


def _run(context: ApiContext, schedule: ReportSchedule | None, run: ReportRun) -> dict[str, Any]:
    """What became of a period; `last` is None where no file says it. again : where the same report is made anew."""
    files = kept_files(run, context.settings.reports)
    again = None
    if schedule is not None and files:
        root = f"/api/v1/buildings/{schedule.building}" if schedule.building else f"/api/v1/traffic/{schedule.site}"
        days = {"from": files[0].told.first, "to": files[0].told.last + _DAY}
        again = f"{root}/report?{urlencode({**days, 'lang': schedule.lang})}"
    return {
        "run": run, "files": files, "again": again, "changed": from_us(run.changed_us), "first": run.first_day,
        "last": files[0].told.last if files else None,
    }  # fmt: skip
