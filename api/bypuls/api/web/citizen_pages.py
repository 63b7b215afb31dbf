"""Where anybody reports a dark or unsafe place, where the operator turned it on. Works without scripts: the map is a
picture whose click sends its point."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from bypuls.api import access
from bypuls.api.alarms.words import CATEGORIES as NAMES
from bypuls.api.alarms.words import AlarmWords
from bypuls.api.context import the_context, the_directory
from bypuls.api.lighting.citizens import CATEGORIES, near, taken
from bypuls.api.problems import Problem
from bypuls.api.routes.citizen_reports import full, may_report
from bypuls.api.routes.lighting import town_of
from bypuls.api.web.language import language_of
from bypuls.api.web.lights_map import LightsMap, lights_map
from bypuls.api.web.pages import render
from bypuls.store.book import CitizenReport

router = APIRouter(include_in_schema=False)

_SIDE = 320.0
_FIELDS = ("category", "text", "address", "lamp", "lat", "lon", "place.x", "place.y")


@router.get("/report-light")
def form(request: Request) -> Response:
    """The form."""
    access.counted(request)
    _turned_on(request)
    return _form(request, {})


@router.get("/report-light/map.svg")
def picture(request: Request) -> Response:
    """Where the lamps stand, without a word of what they do; a cross at the chosen place."""
    access.counted(request)
    _turned_on(request)
    drawn = _map(request)
    if drawn is None:
        raise Problem(404, "not-found", "There is no such thing", "no lamp has a place")
    parts = [f'<rect width="{drawn.width:g}" height="{drawn.height:g}" fill="#0e1620"/>']
    parts += [
        f'<polyline points="{road}" fill="none" stroke="#3c4c5e" stroke-width="5" stroke-linecap="round"/>'
        for road in drawn.roads
    ]
    parts += [f'<circle cx="{one.x:g}" cy="{one.y:g}" r="2.5" fill="#ffd87a"/>' for one in drawn.lamps]
    place = _place(dict(request.query_params))
    if place is not None:
        x, y = drawn.point(*place)
        parts.append(f'<path d="M{x - 9:.1f} {y:.1f}h18M{x:.1f} {y - 9:.1f}v18" stroke="#ff6f61" stroke-width="3"/>')
    size = f'width="{drawn.width:g}" height="{drawn.height:g}" viewBox="0 0 {drawn.width:g} {drawn.height:g}"'
    body = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'
    return Response(body, 200, {"Cache-Control": "private, max-age=60"}, "image/svg+xml")


@router.post("/report-light")
async def send(request: Request) -> Response:
    """Takes a report, or a click on the map."""
    await run_in_threadpool(access.counted, request)
    _turned_on(request)
    told = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=12)
    values = {name: told.get(name, [""])[0] for name in _FIELDS}
    return await run_in_threadpool(_sent, request, values)


def _sent(request: Request, values: dict[str, str]) -> Response:
    context, directory = the_context(request), the_directory(request)
    drawn = _map(request)
    if values["place.x"] and drawn is not None:
        try:
            lat, lon = drawn.place(float(values["place.x"]), float(values["place.y"] or "nan"))
        except ValueError:
            return _form(request, values, wrong=True)
        return _form(request, values | {"lat": f"{lat:.5f}", "lon": f"{lon:.5f}"})
    place = _place(values)
    try:
        if values["lamp"].strip() or values["address"].strip() or place is not None:
            may_report(request, context)
        kept = taken(
            context, directory, values["category"], values["text"], values["address"], values["lamp"],
            *(place or (None, None)),
        )  # fmt: skip
    except Problem as problem:
        if problem.status != 422:
            raise
        return _form(request, values, wrong=True)
    if kept is None:
        raise full()
    return render(request, "report_light.html", done=True, lamps=near(directory, kept))


def _form(request: Request, values: dict[str, str], *, wrong: bool = False) -> Response:
    context, directory = the_context(request), the_directory(request)
    words = AlarmWords(language_of(request), context.settings.zone)
    place = _place(values)
    here = [] if place is None else near(directory, CitizenReport(0, 0, "dark", "", "", None, *place))
    shown: dict[str, Any] = {name: values.get(name, "") for name in _FIELDS}
    return render(
        request, "report_light.html", 422 if wrong else 200, done=False, wrong=wrong, values=shown, place=place,
        lamps=here, map=_map(request), categories=[(one, words(NAMES[one])) for one in CATEGORIES],
        days=context.settings.citizen_reports_days,
    )  # fmt: skip


def _map(request: Request) -> LightsMap | None:
    context, directory = the_context(request), the_directory(request)
    return lights_map(
        town_of(request, context, directory), list(directory.lamps), width=_SIDE, most_height=_SIDE
    )  # fmt: skip


def _place(values: dict[str, str]) -> tuple[float, float] | None:
    """Latitude and longitude; None where they aren't given, or no place."""
    try:
        lat, lon = float(values.get("lat") or "nan"), float(values.get("lon") or "nan")
    except ValueError:
        return None
    return (lat, lon) if -90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0 else None


def _turned_on(request: Request) -> None:
    if not the_context(request).settings.citizen_reports:
        raise Problem(404, "not-found", "There is no such thing", "reports of citizens are off here")
