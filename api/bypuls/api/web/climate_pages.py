"""The road to a target: where it stands, the drawing, what is planned and measured, and scenarios by address."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from bypuls.api.accounts.account import Accounts
from bypuls.api.accounts.factors import VIEWS
from bypuls.api.climate import question_of
from bypuls.api.context import ApiContext, the_context, the_directory
from bypuls.api.directory import Directory
from bypuls.api.parameters import Id
from bypuls.api.problems import Problem
from bypuls.api.routes.climate_accounts import coming_day, explained
from bypuls.api.routes.registered import known
from bypuls.api.routes.targets import (
    Standing,
    TargetsState,
    measured,
    measured_key,
    measures_view,
    scenario_view,
    standing_of,
)
from bypuls.api.targets.standing import ranked_targets
from bypuls.api.web.pages import PageState, climate_values, refused, render
from bypuls.api.web.period import Period, Shows, period_of, picked_of, today_of
from bypuls.api.web.road_chart import NARROW, WIDE, road_chart
from bypuls.store.registry import Target

router = APIRouter(include_in_schema=False)

GREENEST_H = 3.0
BAR_PX = 74.0
CLIMATE = Shows(None, longest=20 * 366, keeps=("target", "measures", "chosen", "measure"))


@router.get("/climate")
def climate(request: Request) -> Response:
    """The road to one of the targets; the first one where the address names none."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    asked = request.query_params.get("target")
    if asked is not None:
        known("target", asked, directory.targets)
    picked, listed = picked_of(request, CLIMATE), ranked_targets(directory)
    if not listed:
        return render(request, "climate.html", picked.status, target=None, picked=picked)
    pages: PageState = request.app.state.pages
    # A wrong period is said at once: what a page fetches for itself may not be an error.
    waits = picked.error is None and "HX-Request" not in request.headers
    if waits and pages.climate.peek(directory.version) is None:
        # Years that nobody has added up yet take a while: the page says so and fetches itself.
        return render(request, "climate_waiting.html", address=f"{request.url.path}?{request.url.query}")
    climate_values(request, context, directory)
    chosen = asked or listed[0].id
    standing = standing_of(request, context, directory, directory.targets[chosen])
    error: str | None = None
    try:
        scenario = scenario_view(directory, standing, _measures(request))
    except Problem as problem:
        # A measure that has begun since the address was kept: the page stands, and says so.
        scenario, error = scenario_view(directory, standing, None), problem.detail
    values = _values(request, context, directory, standing)
    road = values["measures"]["items"]
    query = urlencode({"measures": ",".join(scenario["measures"])})
    return render(
        request,
        "climate.html",
        picked.status,
        picked=picked,
        account=account_of(standing.view, picked.period),
        target=standing.view,
        targets=listed,
        scenario=scenario,
        wide=road_chart(scenario, standing.view, road, WIDE),
        narrow=road_chart(scenario, standing.view, road, NARROW),
        rows=_rows(scenario),
        csv=f"/api/v1/climate/{chosen}/scenario?{query}&format=csv",
        error=error,
        domains=_by_domain(request, directory, standing, account_of(standing.view, picked.period)),
        scope_name=_scope_name(directory, directory.targets[chosen]),
        **values,
    )


def account_of(view: dict[str, Any], period: Period | None) -> dict[str, Any] | None:
    """A target's account of the last calendar year that was over on the period's last day; the newest without one."""
    if period is None:
        return view["accounts"][-1] if view["accounts"] else None
    over = period.last.year if (period.last.month, period.last.day) == (12, 31) else period.last.year - 1
    return next((one for one in reversed(view["accounts"]) if one["year"] <= over), None)


def _of_target(request: Request, id: str) -> tuple[ApiContext, Directory, Standing]:
    """A target's standing, and what it is read from.  Raises Problem (404)."""
    context, directory = the_context(request), the_directory(request)
    target = known("target", id, directory.targets)
    return context, directory, standing_of(request, context, directory, target)


@router.get("/fragments/climate/{id}/measures")
def measures_fragment(request: Request, id: Id) -> Response:
    """The measures with what was measured, which takes a moment to add up."""
    away = refused(request)
    if away is not None:
        return away
    context, directory, standing = _of_target(request, id)
    measured(request, context, directory)
    return render(request, "_measures.html", target=standing.view, **_values(request, context, directory, standing))


@router.get("/fragments/climate/{id}/changes")
def changes_fragment(request: Request, id: Id) -> Response:
    """Why the last finished year's emission differs from the year before, meter by meter, the greatest change first."""
    away = refused(request)
    if away is not None:
        return away
    context, directory, standing = _of_target(request, id)
    account = account_of(standing.view, period_of(request.query_params, today_of(request), CLIMATE))
    if account is None:
        return render(request, "_changes.html", target=standing.view, changes=None)
    question = question_of(standing.target, account["year"])
    found = explained(context, directory, request.app.state.accounts, question, question.year - 1)
    found["lines"].sort(key=lambda line: -abs(line["change_kg"] or 0.0))
    return render(request, "_changes.html", target=standing.view, changes=found)


@router.get("/fragments/greenest")
def greenest_fragment(request: Request) -> Response:
    """When to charge and to pump within the coming day: the best three hours in a row."""
    away = refused(request)
    if away is not None:
        return away
    context = the_context(request)
    found = coming_day(context, hours=GREENEST_H)
    run = found["runs"][0] if found["runs"] else None
    start, end = (datetime.fromisoformat(run[name]) for name in ("start", "end")) if run else (None, None)
    return render(request, "_greenest.html", greenest=found, start=start, end=end, bars=_bars(found, start, end))


def _bars(found: dict[str, Any], start: datetime | None, end: datetime | None) -> list[dict[str, Any]]:
    """The forecast's hours as bars: places in per cent, heights in pixels."""
    hours: dict[datetime, list[float]] = {}
    for text, value in zip(found["forecast"]["t"], found["forecast"]["g_per_kwh"], strict=True):
        at = datetime.fromisoformat(text)
        hours.setdefault(at.replace(minute=0), []).append(float(value))
    if not hours or start is None or end is None:
        return []
    means = {at: sum(values) / len(values) for at, values in hours.items()}
    highest, width = max(max(means.values()), 1.0), 100.0 / len(means)
    return [
        {
            "x": round(number * width, 3),
            "y": round(BAR_PX * (1.0 - mean / highest), 1),
            "width": round(width * 0.82, 3),
            "height": round(BAR_PX * mean / highest, 1),
            "best": at + timedelta(hours=1) > start and at < end,
            "label": number % 6 == 0,
            "at": at,
            "g": mean,
        }
        for number, (at, mean) in enumerate(means.items())
    ]


def _values(request: Request, context: ApiContext, directory: Directory, standing: Standing) -> dict[str, Any]:
    """The measures, with what was measured where that is held; the page doesn't wait for it."""
    state: TargetsState = request.app.state.targets
    held = state.measured.peek(measured_key(context, directory))
    return {
        "measures": measures_view(directory, standing, held or {}),
        "waiting": held is None
        and any(one["state"] == "running" for one in measures_view(directory, standing, {})["items"]),
        "today": standing.today,
    }


def _by_domain(
    request: Request, directory: Directory, standing: Standing, account: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """An account by domain, both views of electricity side by side; the total last, with an empty name."""
    if account is None:
        return []
    accounts: Accounts = request.app.state.accounts
    question = question_of(standing.target, account["year"])
    location, market = (accounts.year(directory, replace(question, view=view)) for view in VIEWS)
    rows = [(name, total, market.by_domain.get(name)) for name, total in location.by_domain.items()]
    return [
        {
            "domain": name,
            "completeness": total.completeness,
            "location_t": total.emitted_t,
            "market_t": other.emitted_t if other is not None else None,
        }
        for name, total, other in (*rows, ("", location.total, market.total))
    ]


def _scope_name(directory: Directory, target: Target) -> str | None:
    """What a target covers, in words: a building by its name."""
    building = directory.buildings.get(target.scope or "") if target.kind == "building" else None
    return building.name if building is not None else target.scope


def _measures(request: Request) -> str | None:
    """What the address chooses: `measures` with commas between, or the form's boxes; None = all that are planned."""
    query = request.query_params
    if "measures" in query:
        return query["measures"]
    return ",".join(query.getlist("measure")) if "chosen" in query else None


def _rows(scenario: dict[str, Any]) -> list[dict[str, Any]]:
    """The road as a table's rows; None = unknown."""
    columns = {name: column.tolist() for name, column in scenario["columns"].items()}
    return [
        {name: None if value != value else value for name, value in zip(columns, values, strict=True)}
        for values in zip(*columns.values(), strict=True)
    ]
