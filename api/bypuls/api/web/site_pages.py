"""A street's page, its report as a part that is filled in, and the town's streets side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from bypuls.api.context import ApiContext, the_context, the_directory
from bypuls.api.directory import Directory
from bypuls.api.kept import Kept
from bypuls.api.lighting_speed import lamps_at
from bypuls.api.middleware import content_policy
from bypuls.api.parameters import Id
from bypuls.api.problems import Problem, bad_parameter, not_found
from bypuls.api.reports.speed.formats import formats
from bypuls.api.reports.speed.from_store import Survey
from bypuls.api.reports.speed.render.html import fragment
from bypuls.api.reports.speed.site_report import Question, Source
from bypuls.api.routes.assessed import one_row
from bypuls.api.routes.registered import known
from bypuls.api.routes.traffic_reports import MOST_CONTROLS, around, made_report
from bypuls.api.streets import streets
from bypuls.api.surveys import days_survey
from bypuls.api.vehicles import KINDS
from bypuls.api.web.here_pages import street_now
from bypuls.api.web.language import language_of
from bypuls.api.web.pages import refused, render
from bypuls.api.web.period import BadPeriod, Period, Picked, Shows, days_of, picked_of, today_of
from bypuls.api.web.report_feet import street_foot
from bypuls.api.web.streets_map import lines_for_tiles, streets_map

router = APIRouter(include_in_schema=False)

_KEPT_S = 60.0
STREETS = Shows("7d", keeps=("order", "school_first"))
STREET = Shows("28d", keeps=("direction",))


class SitePagesState:
    """What these pages keep for a minute: reports as drawn, and the ranking."""

    def __init__(self) -> None:
        self.reports: Kept[Markup] = Kept(_KEPT_S, most=50)
        self.streets: Kept[list[dict[str, Any]]] = Kept(_KEPT_S, most=20)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the page's address asks for. `last` is the last day, as people say it."""

    first: date
    last: date
    direction: str | None = None
    intervention: str | None = None
    weeks: int = 4
    before_first: date | None = None
    before_last: date | None = None
    controls: tuple[str, ...] = ()

    @property
    def compares(self) -> bool:
        """Whether two periods are held against each other."""
        return self.intervention is not None or self.before_first is not None

    def address(self) -> str:
        """The page's own query."""
        pairs: list[tuple[str, object]] = [("from", self.first), ("to", self.last)]
        if self.intervention is not None:
            pairs += [("intervention", self.intervention), ("weeks", self.weeks)]
        if self.before_first is not None and self.before_last is not None:
            pairs += [("before_from", self.before_first), ("before_last", self.before_last)]
        pairs += [("direction", self.direction)] if self.direction else []
        return urlencode([*pairs, *(("control", one) for one in self.controls)])

    def api(self) -> str:
        """The same question to the API: `report?…` or `compare?…`, without form and language."""
        day = timedelta(days=1)
        pairs: list[tuple[str, object]] = []
        if self.intervention is not None:
            pairs += [("intervention", self.intervention), ("weeks", self.weeks)]
        else:
            pairs += [("from", self.first), ("to", self.last + day)]
            if self.before_first is not None and self.before_last is not None:
                pairs += [("before_from", self.before_first), ("before_to", self.before_last + day)]
        pairs += [("direction", self.direction)] if self.direction else []
        pairs += [("control", one) for one in self.controls] if self.compares else []
        return f"{'compare' if self.compares else 'report'}?{urlencode(pairs)}"


def chosen_of(query: Mapping[str, str], controls: list[str], directory: Directory, site: str, today: date) -> Chosen:
    """What a query asks for; the last four weeks by default.  Raises Problem (404, 422)."""
    period = days_of(query, today, STREET)
    first, last = period.first, period.last
    before = _earlier(query, today)
    intervention = query.get("intervention") or None
    if intervention is not None and intervention not in directory.interventions:
        not_found("intervention", intervention, directory.interventions)
    for one in controls:
        known("control", one, directory.sites)
    weeks = query.get("weeks") or "4"
    if not (weeks.isdecimal() and 1 <= int(weeks) <= 52):
        bad_parameter("weeks", weeks, "a whole number from 1 to 52")
    direction = query.get("direction") or None
    if direction not in (None, "toward", "away"):
        bad_parameter("direction", direction, "toward or away")
    if intervention is not None:
        # The fields show what is reported: the weeks after it.
        done = directory.interventions[intervention].date
        first = done + timedelta(days=1)
        last = max(min(done + timedelta(weeks=int(weeks)), today - timedelta(days=1)), first)
    both: tuple[date | None, date | None] = (
        (None, None) if before is None or intervention is not None else (before.first, before.last)
    )
    return Chosen(
        first, last, direction, intervention, int(weeks), *both,
        tuple(one for one in dict.fromkeys(controls) if one != site)[:MOST_CONTROLS],
    )  # fmt: skip


def _earlier(query: Mapping[str, str], today: date) -> Period | None:
    """The earlier period that is compared with.  Raises BadPeriod (422)."""
    names = {"from": "before_from", "to": "before_last"}
    asked = {name: query.get(theirs) or "" for name, theirs in names.items()}
    if not any(asked.values()):
        return None
    for name, theirs in names.items():
        if not asked[name]:
            raise BadPeriod(theirs, None, "day", "", "both ends of the earlier period")
    try:
        return days_of(asked, today, STREET)
    except BadPeriod as wrong:
        raise BadPeriod(names[wrong.field], wrong.value, wrong.word, wrong.expected, wrong.faults[0][2]) from None


def _question(context: ApiContext, directory: Directory, site: str, chosen: Chosen) -> Question:
    day = timedelta(days=1)
    before: Survey | None = None
    if chosen.intervention is not None:
        before, survey = around(context, directory, site, chosen.intervention, chosen.weeks, None)
    else:
        survey = days_survey(context, chosen.first, chosen.last + day, None)
        if chosen.before_first is not None and chosen.before_last is not None:
            before = days_survey(context, chosen.before_first, chosen.before_last + day, None)
    return Question(
        site, survey, direction=chosen.direction, before=before, intervention=chosen.intervention,
        controls=chosen.controls if before is not None else (),
    )  # fmt: skip


def _asked(request: Request, id: str) -> tuple[ApiContext, Directory, Chosen]:
    context, directory = the_context(request), the_directory(request)
    known("id", id, directory.sites)
    controls = request.query_params.getlist("control")
    return context, directory, chosen_of(request.query_params, controls, directory, id, today_of(request))


def _picked(request: Request, id: str) -> tuple[Picked, Chosen, str | None]:
    """What the address asks for; and what else than its period can't be shown.  Raises Problem (404)."""
    picked, error = picked_of(request, STREET), None
    chosen = Chosen(picked.days.first, picked.days.last)
    try:
        _, _, chosen = _asked(request, id)
    except BadPeriod as problem:
        picked = replace(picked, error=problem)
    except Problem as problem:
        if problem.status == 404:
            raise
        error = problem.detail
    if chosen.compares:
        picked = replace(picked, period=Period(chosen.first, chosen.last))
    return picked, chosen, error


@router.get("/sites/{id}")
def site(request: Request, id: Id) -> Response:
    """One street: what to look at, then its report, which is filled in."""
    away = refused(request)
    if away is not None:
        return away
    picked, chosen, error = _picked(request, id)
    context, directory = the_context(request), the_directory(request)
    period = Period(chosen.first, chosen.last)
    # Longer periods are too many hours for a chart; the report has their days.
    every = "day" if period.every == "day" else "hour"
    return render(
        request,
        "site.html",
        422 if error is not None else picked.status,
        picked=picked,
        site=directory.sites[id],
        sensors=directory.sensors_of(kinds=KINDS, site=id),
        chosen=chosen,
        error=error,
        interventions=sorted(
            (one for one in directory.interventions.values() if one.site == id), key=lambda one: one.date
        ),
        others=[
            one for one in directory.sites.values() if one.id != id and directory.sensors_of(kinds=KINDS, site=one.id)
        ],
        forms=[form for form in (*formats(), "bundle") if form != "html"],
        series=f"/api/v1/traffic/{id}/series?every={every}&{period.api()}"
        + (f"&direction={chosen.direction}" if chosen.direction else ""),
        every=every,
        lit=bool(lamps_at(directory, id)),
        light=period.api(),
        **street_now(context, directory, id),
    )


@router.get("/fragments/sites/{id}")
def report_fragment(request: Request, id: Id) -> Response:
    """The street's report as a part of its page."""
    away = refused(request)
    if away is not None:
        return away
    context, directory, chosen = _asked(request, id)
    lang = language_of(request)
    question = _question(context, directory, id, chosen)
    state: SitePagesState = request.app.state.site_pages

    def make() -> Markup:
        names = [one.name for one in directory.sensors_of(kinds=KINDS, site=id)]
        period, zone = Period(chosen.first, chosen.last), context.settings.zone
        with request.app.state.heavy:
            report = made_report(Source(context.store, directory, context.book), question).report
            foot = street_foot(id, chosen.api(), period, chosen.direction, names, report, lang, zone)
            return fragment(report, lang, foot)

    return render(request, "_report.html", report=state.reports.get((directory.version, question, chosen, lang), make))


@router.get("/traffic")
def traffic(request: Request) -> Response:
    """The town's streets: a map and a ranking."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    picked = picked_of(request, STREETS)
    order = "over_limit_n" if request.query_params.get("order") == "over_limit_n" else "v85_over_limit"
    school_first = request.query_params.get("school_first") != "false"
    survey = days_survey(context, picked.days.first, picked.days.last + timedelta(days=1), None)
    state: SitePagesState = request.app.state.site_pages

    def make() -> list[dict[str, Any]]:
        span = one_row(context, survey.start, survey.end)
        with request.app.state.heavy:
            return streets(
                context.store, directory, survey, span,
                order="over_limit_n" if order == "over_limit_n" else "v85_over_limit",
                school_first=school_first, public=False,
            )  # fmt: skip

    found = state.streets.get((directory.version, survey, order, school_first), make)
    settings = context.settings
    page = render(
        request, "traffic.html", picked.status, picked=picked, streets=found, town_map=streets_map(found), order=order,
        school_first=school_first, first=survey.days[0], last=survey.days[1], tiles_url=settings.tiles_url,
        tiles_attribution=settings.tiles_attribution, lines=lines_for_tiles(found) if settings.tiles_url else [],
    )  # fmt: skip
    if settings.tiles_origin is not None:
        page.headers["Content-Security-Policy"] = content_policy(settings.tiles_origin)
    return page
