"""Speed reports of a street: one period, or two against each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bypuls.analysis.errors import MixedWidths
from bypuls.api.answers import body_of, made_answer
from bypuls.api.audience import Asking, Audience
from bypuls.api.context import ApiContext, Context, Registered
from bypuls.api.directory import Directory
from bypuls.api.parameters import ID_PATTERN, From, Id, To, Tz
from bypuls.api.problems import Problem, bad_parameter, not_found
from bypuls.api.reports.speed.bundle import write_bundle
from bypuls.api.reports.speed.formats import MEDIA_TYPES, formats, rendered
from bypuls.api.reports.speed.from_store import Survey
from bypuls.api.reports.speed.passages import PassagesGone
from bypuls.api.reports.speed.site_report import Made, Question, Source, site_report
from bypuls.api.reports.speed.to_json import to_json
from bypuls.api.routes.registered import known
from bypuls.api.surveys import LONGEST, LONGEST_OF_PASSAGES, days_survey, survey_of

router = APIRouter(prefix="/api/v1/traffic", tags=["traffic"])

BUNDLE = "bundle"
MOST_CONTROLS = 5

Direction = Annotated[Literal["toward", "away"] | None, Query(description="seen from the sensor; both without")]
Form = Annotated[
    Literal["json", "csv", "xlsx", "pdf", "html", "bundle"],
    Query(
        description="`bundle` is a ZIP file with data, settings and hashes, from which the report can be computed again"
    ),
]
Lang = Annotated[Literal["da", "en"], Query(description="of texts and numbers; JSON has neither")]
Basis = Annotated[
    Literal["rollups", "passages"],
    Query(description="merged quarter-hour bins, or single passages while they are kept (needs the scope export)"),
]
Surveyor = Annotated[
    str | None,
    Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$", description="who answers for it; stands in the report"),
]
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}
          | {kind: {"schema": {"type": "string", "format": "binary"}}
             for kind in ("text/csv", MEDIA_TYPES["xlsx"], MEDIA_TYPES["pdf"], "text/html", "application/zip")}}
}  # fmt: skip


@router.get("/{site}/report", response_class=Response, responses=_FILES)
def report(
    request: Request,
    context: Context,
    directory: Registered,
    asking: Asking,
    site: Id,
    start: From = None,
    to: To = None,
    tz: Tz = None,
    direction: Direction = None,
    format: Form = "json",
    lang: Lang = "da",
    basis: Basis = "rollups",
    surveyor: Surveyor = None,
) -> Response:
    """A street's speed report over a period (the last four weeks by default): statistics per direction and in total,
    hours, days, volumes, histogram, calibration, methods. Without a vehicle its statistics are empty; `notes` say so.
    """
    known("site", site, directory.sites)
    longest = LONGEST_OF_PASSAGES if basis == "passages" else LONGEST
    survey = survey_of(context, start, to, tz, public=asking.public, longest=longest)
    question = Question(
        site, survey, direction=direction, passages=basis == "passages", public=asking.public, surveyor=surveyor
    )
    return answered(request, context, directory, asking, question, format, lang)


@router.get("/{site}/compare", response_class=Response, responses=_FILES)
def compare(
    request: Request,
    context: Context,
    directory: Registered,
    asking: Asking,
    site: Id,
    start: From = None,
    to: To = None,
    before_from: Annotated[str | None, Query(max_length=40, description="the earlier period's first local day")] = None,
    before_to: Annotated[str | None, Query(max_length=40, description="the first day after the earlier period")] = None,
    intervention: Annotated[
        str | None, Query(pattern=ID_PATTERN, description="the weeks before and after it, in place of two periods")
    ] = None,
    weeks: Annotated[
        int, Query(ge=1, le=52, description="before and after an intervention; its own day is left out")
    ] = 4,
    control: Annotated[
        list[Annotated[str, Query(pattern=ID_PATTERN)]],
        Query(max_length=MOST_CONTROLS, description="streets where nothing was changed, on the same dates"),
    ] = [],  # noqa: B006 - FastAPI copies defaults
    chosen_for_speed: Annotated[
        bool, Query(description="the street was picked because it was fast: the report warns of regression to the mean")
    ] = True,
    tz: Tz = None,
    direction: Direction = None,
    format: Form = "json",
    lang: Lang = "da",
    basis: Basis = "rollups",
    surveyor: Surveyor = None,
) -> Response:
    """Two periods against each other, or the weeks around an intervention: changes with intervals from days, less those
    of control streets. A comparison of too few vehicles or days is refused inside the report, with reasons."""
    known("site", site, directory.sites)
    for one in control:
        known("control", one, directory.sites)
        if one == site:
            bad_parameter("control", one, "another street than the one that is reported")
    longest = LONGEST_OF_PASSAGES if basis == "passages" else LONGEST
    if intervention is not None:
        for name, value in (("from", start), ("to", to), ("before_from", before_from), ("before_to", before_to)):
            if value is not None:
                bad_parameter(name, value, "nothing beside intervention, which decides both periods")
        before, after = around(context, directory, site, intervention, weeks, tz, public=asking.public)
    else:
        after = survey_of(context, start, to, tz, longest=longest)
        before = _before(context, after, before_from, before_to, tz, longest)
    if asking.public:
        for period in (before, after):
            survey_of(context, period.start.isoformat(), period.end.isoformat(), tz, public=True)
    question = Question(
        site, after, direction=direction, before=before, controls=tuple(dict.fromkeys(control)),
        intervention=intervention, chosen_for_speed=chosen_for_speed, surveyor=surveyor,
        passages=basis == "passages", public=asking.public,
    )  # fmt: skip
    return answered(request, context, directory, asking, question, format, lang)


def around(
    context: ApiContext,
    directory: Directory,
    site: str,
    intervention: str,
    weeks: int,
    tz: str | None,
    *,
    public: bool = False,
) -> tuple[Survey, Survey]:
    """The weeks before and after an intervention, without its own day; of a public view up to the last day that is
    over.  Raises Problem (404, 422)."""
    row = directory.interventions.get(intervention)
    if row is None:
        not_found("intervention", intervention, directory.interventions)
    if row.site != site:
        bad_parameter("intervention", intervention, f"one at {site}, not at {row.site or 'another place'}")
    length, day = timedelta(weeks=weeks), timedelta(days=1)
    before = days_survey(context, row.date - length, row.date, tz)
    end = row.date + day + length
    if public:
        end = max(min(end, context.clock().astimezone(context.settings.zone).date()), row.date + 2 * day)
    return before, days_survey(context, row.date + day, end, tz)


def _before(
    context: ApiContext, after: Survey, start: str | None, to: str | None, tz: str | None, longest: timedelta
) -> Survey:
    if start is not None or to is not None:
        return survey_of(context, start, to, tz, longest=longest, names=("before_from", "before_to"))
    first, last = after.days
    return days_survey(context, first - (last - first) - timedelta(days=1), first, tz)


def answered(
    request: Request,
    context: ApiContext,
    directory: Directory,
    asking: Audience,
    question: Question,
    form: str,
    lang: str,
) -> Response:
    """The report in its form; 304 where the caller has it.  Raises Problem."""
    if question.passages:
        asking.needs("export")
    if form == BUNDLE:
        asking.needs("read")
    elif form not in formats():
        bad_parameter("format", form, f"one of {', '.join((*formats(), BUNDLE))} in this installation")
    with request.app.state.heavy:
        made = made_report(Source(context.store, directory, context.book), question)
        figures = body_of(to_json(made.report))
        if form == "json":
            return made_answer(request, figures, lambda: figures, media_type="application/json")
        if form == BUNDLE and not made.report.statistics.all.n:
            raise Problem(
                409, "no-vehicles", "There is nothing to put into a bundle", "expected a period with vehicles"
            )
        content = b"\n".join((figures, form.encode(), lang.encode(), made.report.software.version.encode()))
        media, suffix = ("application/zip", "zip") if form == BUNDLE else (MEDIA_TYPES[form], form)
        headers = {"Content-Disposition": f'attachment; filename="{file_name(question, lang)}.{suffix}"'}
        return made_answer(request, content, _maker(made, form, lang), media_type=media, headers=headers)


def made_report(source: Source, question: Question) -> Made:
    """The report, its refusals as problems.  Raises Problem (409)."""
    try:
        return site_report(source, question)
    except MixedWidths as error:
        raise Problem(409, "mixed-classes", "Speeds of these sensors can't be added up", str(error)) from error
    except PassagesGone as error:
        raise Problem(
            409, "passages-gone", "Single passages of this period aren't all kept", f"{error}; expected basis=rollups"
        ) from error


def _maker(made: Made, form: str, lang: str) -> Callable[[], bytes]:
    if form == BUNDLE:
        return lambda: write_bundle(
            made.report, made.observations, made.settings, other=made.other, controls=made.controls
        )
    return lambda: rendered(made.report, form, lang)


def file_name(question: Question, lang: str) -> str:
    """Of a downloaded file, without its suffix; ids hold nothing that a file system minds."""
    first, last = question.survey.days
    kind = "compare" if question.before is not None else "speed"
    public = "-public" if question.public else ""
    return f"{question.site}-{kind}-{first}-{last}{public}-{lang}"
