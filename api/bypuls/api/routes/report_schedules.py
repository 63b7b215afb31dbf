"""Scheduled reports: what is made when, and the files that were made."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, NoReturn

import structlog
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.answers import answer
from bypuls.api.context import ApiContext, Context, Registered
from bypuls.api.directory import Directory
from bypuls.api.models import Page
from bypuls.api.models_reports import ReportScheduleDetailModel, ReportScheduleModel
from bypuls.api.parameters import Id, Limit, Offset
from bypuls.api.problems import Problem, not_found
from bypuls.api.reports.schedule.kept import FileGone, KeptFile, kept_files, read_kept
from bypuls.api.reports.schedule.making import MEDIA_TYPES
from bypuls.api.reports.schedule.standing import Standing, standings
from bypuls.api.routes.registered import known, page
from bypuls.store.book import ReportRun
from bypuls.store.registry import ReportSchedule
from bypuls.wire import format_time, from_us

router = APIRouter(prefix="/api/v1", tags=["reports"], dependencies=[Reader])
log = structlog.get_logger("bypuls.reports")

FirstDay = Annotated[date, Path(description="first day of the report's period", examples=["2026-10-01"])]
Form = Annotated[
    Literal["pdf", "xlsx", "csv", "html", "json"],
    Path(description="one of the forms that were made", examples=["pdf"]),
]
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file as it was made",
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()},
    },
    410: {
        "description": "The file was made and is gone",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
    },
}


def every_standing(context: ApiContext, directory: Directory) -> list[Standing]:
    """Where every schedule stands now."""
    return standings(
        context.registry.report_schedules(), context.book.report_runs(), directory, context.clock(),
        context.settings.zone,
    )  # fmt: skip


@router.get("/reports/schedules", response_model=Page[ReportScheduleModel])
def schedules(
    request: Request, context: Context, directory: Registered, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """Reports that are made again and again, by name of their place: what each made last, and when the next comes."""
    found = [(one, one.schedule) for one in every_standing(context, directory) if one.schedule is not None]
    return page(request, found, limit, offset, lambda one: _entry(context, *one))


@router.get("/reports/schedules/{id}", response_model=ReportScheduleDetailModel)
def schedule(request: Request, context: Context, directory: Registered, id: Id) -> Response:
    """One schedule with everything that it made."""
    found = {one.id: (one, one.schedule) for one in every_standing(context, directory) if one.schedule is not None}
    one, row = known("id", id, found)
    runs = [_run(context, run) for run in one.runs]
    return answer(request, _entry(context, one, row) | {"runs": runs})


@router.get("/reports/schedules/{id}/files/{first_day}/{format}", response_class=Response, responses=_FILES)
def file(request: Request, context: Context, id: Id, first_day: FirstDay, format: Form) -> Response:
    """A file that a schedule made, as it was made. Files are had while they lie in the folder of reports, those of
    schedules that are no more, too."""
    return kept_answer(request, context, id, first_day, format)


def kept_answer(request: Request, context: ApiContext, id: str, first_day: date, form: str) -> Response:
    """The file of a schedule, period and form.  Raises Problem: 404 where none was made, 410 where it is gone, 503
    where it can't be read."""
    runs = {run.first_day: run for run in context.book.report_runs(id)}
    if not runs:
        not_found("id", id, (run.schedule for run in context.book.report_runs()))
    run = runs.get(first_day)
    if run is None:
        days = ", ".join(map(str, list(runs)[:5]))
        _none("first_day", first_day, f"the first day of a report that was made, like {days}")
    try:
        files = {one.form: one for one in kept_files(run, context.settings.reports)}
        found = files.get(form)
        if found is None:
            _none("format", form, f"one that was made: {', '.join(files) or 'none was'}")
        body = read_kept(found, context.settings.reports)
    except FileGone as error:
        raise Problem(410, "file-gone", "The file is gone", str(error)) from error
    except OSError as error:
        log.error("a report's file can't be read", schedule=id, first_day=str(first_day), error=str(error))
        raise Problem(503, "file-unreadable", "The file is there and can't be read just now") from error
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    return answer(request, body, media_type=found.media_type, headers=headers)


def _none(field: str, value: object, expected: str) -> NoReturn:
    raise Problem(404, "not-found", "There is no such thing", faults=[(field, value, expected)])


def _entry(context: ApiContext, one: Standing, row: ReportSchedule) -> dict[str, Any]:
    names = ("id", "site", "building", "every", "weekday", "day", "lang", "enabled")
    coming = one.coming
    return {name: getattr(row, name) for name in names} | {
        "report": "speed" if row.building is None else "energy",
        "name": one.name,
        "formats": row.formats.split(" "),
        "recipients": len(row.recipients.split(" ")) if row.recipients else 0,
        "next": None
        if coming is None
        else {
            "first_day": coming.due.first.isoformat(),
            "last_day": coming.due.last.isoformat(),
            "t": format_time(coming.at),
            "state": coming.state,
        },
        "last": _run(context, one.runs[0]) if one.runs else None,
    }


def _run(context: ApiContext, run: ReportRun) -> dict[str, Any]:
    files = kept_files(run, context.settings.reports)
    return {
        "first_day": run.first_day.isoformat(),
        "last_day": files[0].told.last.isoformat() if files else None,
        "state": run.state,
        "attempts": run.attempts,
        "t": format_time(from_us(run.changed_us)),
        "detail": run.detail,
        "files": [_file(run, one) for one in files],
    }


def _file(run: ReportRun, one: KeptFile) -> dict[str, Any]:
    return {
        "format": one.form,
        "name": one.name,
        "media_type": one.media_type,
        "bytes": one.size,
        "href": f"/api/v1/reports/schedules/{run.schedule}/files/{run.first_day}/{one.form}",
    }
