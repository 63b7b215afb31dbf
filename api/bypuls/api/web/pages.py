"""The page's routes. Whoever may not read is asked for a key; everything else is the API's own figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bypuls.api import access
from bypuls.api.alarms.telling import alarm_badge
from bypuls.api.alarms.words import AlarmWords
from bypuls.api.context import ApiContext, the_context, the_directory
from bypuls.api.directory import Directory
from bypuls.api.kept import Kept
from bypuls.api.live import ALL, LiveFeed
from bypuls.api.problems import Problem
from bypuls.api.routes.assessed import ranked, view_of, week_so_far
from bypuls.api.routes.lighting import whole_list
from bypuls.api.routes.registered import device_entries
from bypuls.api.routes.state import release
from bypuls.api.targets.standing import ranked_targets
from bypuls.api.town_now import lights_of, newest, power_of, vehicles_last_hour
from bypuls.api.web.first import first_told
from bypuls.api.web.kiosk import kiosk_of
from bypuls.api.web.language import COOKIE, LANGUAGES, environment, language_of, units_kept
from bypuls.api.web.period import Shows, carried, picked_of, today_of, with_query
from bypuls.store.registry import verify_key

router = APIRouter(include_in_schema=False)

_YEAR_S = 365 * 86_400
TOWN = Shows(None, over=False)


class PageState:
    """What the pages keep between requests: figures for a moment, climate for a minute."""

    def __init__(self) -> None:
        self.now: Kept[dict[str, Any]] = Kept(2.0, most=2)
        self.week: Kept[list[dict[str, Any]]] = Kept(15.0)
        self.climate: Kept[list[dict[str, Any]]] = Kept(60.0)
        self.first: Kept[dict[str, Any]] = Kept(10.0)


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A template in the request's language. A language asked for is remembered; `onward(path)` is an address
    of the same period, and `carried` that period as parameters."""
    context = the_context(request)
    language = language_of(request)
    period = carried(request.query_params, today_of(request))
    text = (
        environment(language, context.settings.zone)
        .get_template(template)
        .render(
            path=request.url.path,
            keep="".join(f"{quote(k)}={quote(v)}&" for k, v in request.query_params.multi_items() if k != "lang"),
            version=release(),
            tz=context.settings.tz,
            now=context.clock(),
            status=status,
            onward=partial(with_query, more=period),
            carried=period,
            kiosk=kiosk_of(request.query_params, request.url.path, language, period) if status == 200 else None,
            **values,
        )
    )
    headers = {"Cache-Control": "no-store", "Content-Language": language, "Vary": "Cookie, Accept-Language"}
    response = HTMLResponse(units_kept(text), status, headers)
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(
            COOKIE, language, max_age=_YEAR_S, samesite="lax", httponly=True, secure=request.url.scheme == "https"
        )
    return response


def problem_page(request: Request, problem: Problem) -> Response:
    """A problem for people."""
    page = render(request, "problem.html", problem.status if problem.status != 422 else 404)
    page.headers.update(problem.headers)
    return page


def reader_only(page: Callable[[Request, ApiContext, Directory], Response]) -> Callable[[Request], Response]:
    """The page for those who may read; others are sent to sign in."""

    def guarded(request: Request) -> Response:
        return refused(request) or page(request, the_context(request), the_directory(request))

    guarded.__doc__ = page.__doc__
    return guarded


def refused(request: Request) -> Response | None:
    """Where those go who may not read; None for those who may.  Raises Problem (401, 429)."""
    if access.counted(request).may("read"):
        return None
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in", "Cache-Control": "no-store"})
    return RedirectResponse("/sign-in", 303)


def now_values(request: Request, context: ApiContext, directory: Directory) -> dict[str, Any]:
    """What the town now comes to, for everyone who looks: at most two seconds old, and no older than the newest reading
    that the live stream has told of."""
    state: PageState = request.app.state.pages

    def make() -> dict[str, Any]:
        now = context.clock()
        local = now.astimezone(context.settings.zone)
        midnight = datetime(local.year, local.month, local.day, tzinfo=context.settings.zone)
        latest = newest(context.store, directory, now)
        silent = [one for one in latest if one.state != "current" and one.sensor.kind != "health"]
        ages = [one.age_s for one in latest if one.age_s is not None]
        return {
            "vehicles": vehicles_last_hour(context.store, directory, now),
            "streets": state.week.get(directory.version, lambda: ranked(context, directory, week_so_far(context, now))),
            "lights": lights_of(directory, latest, now),
            "power": power_of(context.store, directory, latest, midnight, now),
            "devices": device_entries(context, directory, list(directory.devices)),
            "silent": sorted(silent, key=lambda one: (one.age_s is None, -(one.age_s or 0.0))),
            "sensors": len(latest),
            "newest_s": min(ages) if ages else None,
            "alarms": alarm_badge(context),
            "at": now,
        }

    feed: LiveFeed = request.app.state.live
    return state.now.get((directory.version, feed.moved(ALL)), make)


def climate_values(request: Request, context: ApiContext, directory: Directory) -> list[dict[str, Any]]:
    """Every target's view, the widest first; at most a minute old."""
    state: PageState = request.app.state.pages
    return state.climate.get(
        directory.version,
        lambda: [view_of(request, context, directory, target.id) for target in ranked_targets(directory)],
    )


def first_values(request: Request, context: ApiContext, directory: Directory) -> dict[str, Any]:
    """What to do first; at most ten seconds old, and of the climate target what is known without waiting."""
    state: PageState = request.app.state.pages
    climate, lang = state.climate.peek(directory.version), language_of(request)
    words = AlarmWords(lang, context.settings.zone)
    crew = partial(whole_list, request, context, directory, words)
    return state.first.get(
        (directory.version, lang, climate is None), lambda: first_told(context, directory, words, crew, climate)
    )


@router.get("/")
@reader_only
def town(request: Request, context: ApiContext, directory: Directory) -> Response:
    """The town now."""
    state: PageState = request.app.state.pages
    # Adding up years takes a moment: the page doesn't wait for it, it is filled in.
    climate = state.climate.peek(directory.version) if directory.targets else []
    picked = picked_of(request, TOWN)
    series = "/api/v1/today"
    if picked.period is not None:
        series = f"/api/v1/town/series?every={picked.period.every}&{picked.period.api()}"
    return render(
        request, "town.html", picked.status, climate=climate, empty=not directory.sensors, picked=picked, series=series,
        **now_values(request, context, directory),
        **first_values(request, context, directory),
    )  # fmt: skip


@router.get("/fragments/now")
@reader_only
def now_fragment(request: Request, context: ApiContext, directory: Directory) -> Response:
    """The part of the page that changes all the time."""
    return render(request, "_now.html", **now_values(request, context, directory))


@router.get("/fragments/devices")
@reader_only
def devices_fragment(request: Request, context: ApiContext, directory: Directory) -> Response:
    """Devices, and sensors that are silent."""
    return render(request, "_devices.html", **now_values(request, context, directory))


@router.get("/fragments/climate")
@reader_only
def climate_fragment(request: Request, context: ApiContext, directory: Directory) -> Response:
    """The answer at the top."""
    return render(request, "_climate.html", climate=climate_values(request, context, directory))


@router.get("/fragments/first")
@reader_only
def first_fragment(request: Request, context: ApiContext, directory: Directory) -> Response:
    """What to do first."""
    return render(request, "_first.html", **first_values(request, context, directory))


@router.get("/about")
@reader_only
def about(request: Request, context: ApiContext, directory: Directory) -> Response:
    """Methods, release, licences."""
    return render(
        request, "about.html", sites=list(directory.sites.values()), buildings=list(directory.buildings.values()),
        rate=context.settings.rate_per_s,
    )  # fmt: skip


@router.get("/api")
def api_description(request: Request) -> Response:
    """Every call of the API, to read and to try."""
    access.counted(request)
    return render(request, "api.html")


@router.get("/sign-in")
def sign_in_form(request: Request) -> Response:
    """Asks for a key."""
    access.counted(request)
    return render(request, "sign_in.html", wrong=False)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Takes a key and keeps it in a cookie that scripts can't read and other sites can't send."""
    await run_in_threadpool(access.counted, request)
    fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
    token = fields.get("key", [""])[0].strip()
    context = the_context(request)
    key = await run_in_threadpool(verify_key, context.registry, token, context.clock())
    if key is None or not key.scopes & {"read", "admin"}:
        return render(request, "sign_in.html", 401, wrong=True)
    response = RedirectResponse("/", 303)
    response.set_cookie(
        access.COOKIE, token, max_age=30 * 86_400, httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


@router.post("/sign-out")
def sign_out() -> Response:
    """Forgets the key."""
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(access.COOKIE, httponly=True, samesite="strict")
    return response
