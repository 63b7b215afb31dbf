"""Street lights: the town at night, a cabinet, a lamp."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import Response

from bypuls.api.accounts.frame import Floats
from bypuls.api.alarms.telling import entry
from bypuls.api.alarms.words import TALQ, AlarmWords
from bypuls.api.alarms.work_list import REASONS
from bypuls.api.context import ApiContext, the_context, the_directory
from bypuls.api.directory import Directory
from bypuls.api.lighting.cabinet_meters import main_meters
from bypuls.api.lighting.energy import rates_of, used_by_lamp
from bypuls.api.lighting.last_nights import LastNight, cabinet_nights, lamp_nights, newest_night
from bypuls.api.lighting.performance import performance
from bypuls.api.lighting.safety import last_nights_of, last_year, lit
from bypuls.api.lighting.summary import figures_now, summary
from bypuls.api.lighting.town import Town, alarm_faults, cabinet_entry, lamp_entry
from bypuls.api.lighting_speed import streets_with_both
from bypuls.api.middleware import content_policy
from bypuls.api.parameters import Id
from bypuls.api.reports.speed.from_store import Survey
from bypuls.api.routes.lighting import energy_row, energy_rows, town_of, whole_list
from bypuls.api.routes.registered import known
from bypuls.api.surveys import days_survey
from bypuls.api.web.language import language_of
from bypuls.api.web.lights_list import ListedStreet, listed_streets, worth_a_picture
from bypuls.api.web.lights_map import LightsMap, for_tiles, lights_map
from bypuls.api.web.pages import refused, render
from bypuls.api.web.period import Picked, Shows, days_of, picked_of, today_of
from bypuls.store.book import AlarmBook, AlarmFilter
from bypuls.wire import from_us

router = APIRouter(include_in_schema=False)

_WIDE, _TALL = 480.0, 96.0
_MOST_LISTED = 50
_MOST_PICTURES = 8
_NIGHTS = timedelta(days=7)
LIGHTS = Shows("28d")
NIGHTS = Shows(None, longest=31, over=False)


@dataclass(frozen=True, slots=True)
class NightDrawing:
    """One night from noon to noon. measured, expected : points of polylines, cut where nothing is known."""

    night: LastNight
    measured: tuple[str, ...]
    expected: tuple[str, ...]
    dusk_x: float | None
    dawn_x: float | None
    width: float = _WIDE
    height: float = _TALL


@router.get("/lights")
def lights(request: Request) -> Response:
    """The town at night."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    town, words = town_of(request, context, directory), _words(request, context)
    settings = context.settings
    town_map = lights_map(town, list(town.lamps), cabinets=list(directory.cabinets))
    streets = listed_streets(town)
    todo = whole_list(request, context, directory, words)
    picked = picked_of(request, LIGHTS)
    page = render(
        request, "lights.html", picked.status, picked=picked, told=summary(context, town), todo=todo[:_MOST_LISTED],
        hidden=max(0, len(todo) - _MOST_LISTED),
        lamps_out=sum(town.dark(id) for id in town.lamps), out_by_meter=_out_by_meter(town),
        mapped=town_map is not None, town_map=town_map, streets=streets,
        named_streets=sum(one.id is not None for one in streets),
        pictures=_pictures(town, streets) if town_map is not None and town_map.coarse else [],
        cabinets=[cabinet_entry(town, id) for id in directory.cabinets],
        reasons=REASONS, words=words, lit=_lit(request, context, directory), nights=_days(last_nights_of(context)),
        year=_days(last_year(context, settings.zone)), both=streets_with_both(directory),
        citizen_reports=settings.citizen_reports, tiles_url=settings.tiles_url,
        tiles_attribution=settings.tiles_attribution,
        spots=for_tiles(town) if settings.tiles_url else {},
    )  # fmt: skip
    if settings.tiles_origin is not None:
        page.headers["Content-Security-Policy"] = content_policy(settings.tiles_origin)
    return page


@router.get("/fragments/lights/now")
def lights_fragment(request: Request) -> Response:
    """What the lamps come to, in a sentence."""
    away = refused(request)
    if away is not None:
        return away
    town = _town(request)
    out = sum(town.dark(id) for id in town.lamps)
    return render(request, "_lights_now.html", told=figures_now(town), lamps_out=out, out_by_meter=_out_by_meter(town))


@router.get("/fragments/lights/states")
def states_fragment(request: Request) -> Response:
    """The lamps by state, and their power: the legend of the map, where there is one."""
    away = refused(request)
    if away is not None:
        return away
    town = _town(request)
    mapped = any(one.lamp.lat is not None and one.lamp.lon is not None for one in town.lamps.values())
    return render(request, "_lamp_states.html", told=figures_now(town), mapped=mapped)


@router.get("/fragments/lights/cabinets")
def cabinets_fragment(request: Request) -> Response:
    """The cabinets with what their meters say."""
    away = refused(request)
    if away is not None:
        return away
    town = _town(request)
    return render(request, "_cabinets_now.html", cabinets=[cabinet_entry(town, id) for id in town.directory.cabinets])


@router.get("/fragments/lights/energy")
def energy_fragment(request: Request) -> Response:
    """What the lamps used in the period, by cabinet: a part of the page, since it takes a moment to add up."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    period = days_of(request.query_params, today_of(request), LIGHTS)
    survey = days_survey(context, period.first, period.last + timedelta(days=1), None)
    with request.app.state.heavy:
        used = used_by_lamp(context, directory, survey, list(directory.lamps.values()))
        rates = rates_of(context, directory, survey, request.app.state.accounts)
    rows = energy_rows(directory, used, rates, "cabinet")
    streets = performance(directory, survey, used, annualise=True)
    return render(
        request, "_lights_energy.html", rows=rows, total=energy_row(None, None, list(used.values()), rates),
        rates=rates, streets=streets, lit=bool(directory.street_lighting),
    )  # fmt: skip


@router.get("/fragments/lights/cabinets/{id}/now")
def cabinet_fragment(request: Request, id: Id) -> Response:
    """What a cabinet's meter and its lamps come to."""
    return _part(request, "_cabinet_now.html", id, lambda it: it.cabinets, _cabinet_now)


@router.get("/fragments/lights/cabinets/{id}/lamps")
def cabinet_lamps_fragment(request: Request, id: Id) -> Response:
    """The lamps of a cabinet."""
    return _part(request, "_cabinet_lamps.html", id, lambda it: it.cabinets, _cabinet_now)


@router.get("/fragments/lights/lamps/{id}/now")
def lamp_fragment(request: Request, id: Id) -> Response:
    """What a lamp does now."""
    return _part(request, "_lamp_now.html", id, lambda it: it.lamps, _lamp_now)


@router.get("/lights/cabinets/{id}")
def cabinet(request: Request, id: Id) -> Response:
    """A cabinet: its lamps, its last nights, its switching."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    known("id", id, directory.cabinets)
    values = _cabinet_now(request, id)
    meters = main_meters(directory, id, context.clock())
    picked = picked_of(request, NIGHTS)
    nights = cabinet_nights(context, directory, id, *_asked(context, picked))
    return render(
        request, "light_cabinet.html", picked.status, picked=picked, meters=meters, nights=drawn(nights),
        known=_known(nights, context.now_us()), alarms=_alarms(context, directory, id, values["words"]), **values,
    )  # fmt: skip


@router.get("/lights/lamps/{id}")
def lamp(request: Request, id: Id) -> Response:
    """A lamp: what it says, its last nights, its history."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    known("id", id, directory.lamps)
    values, picked = _lamp_now(request, id), picked_of(request, NIGHTS)
    sensor = values["told"]["sensor"]
    nights = lamp_nights(context, directory, id, *_asked(context, picked))
    return render(
        request, "light_lamp.html", picked.status, picked=picked, nights=drawn(nights),
        known=_known(nights, context.now_us()),
        cabinet=directory.cabinets.get(directory.lamps[id].cabinet or ""),
        alarms=_alarms(context, directory, sensor, values["words"]) if sensor is not None else [], **values,
    )  # fmt: skip


def _out_by_meter(town: Town) -> int:
    """How many lamps are out as cabinets' meters tell, beside those that tell for themselves."""
    total = 0
    for alarm in town.alarms:
        if alarm.kind == "lamps-out" and alarm.state != "unknown" and alarm.part_of is None:
            known = sum(town.dark(id) for id, one in town.lamps.items() if one.lamp.cabinet == alarm.subject)
            total += max(0, (alarm.facts.get("lamps_out") or 1) - known)
    return total


def _part(
    request: Request, template: str, id: str, rows: Callable[[Directory], Mapping[str, Any]],
    now: Callable[[Request, str], dict[str, Any]],
) -> Response:  # fmt: skip
    """A part of the page of something registered, as it is now."""
    away = refused(request)
    if away is not None:
        return away
    known("id", id, rows(the_directory(request)))
    return render(request, template, **now(request, id))


def _cabinet_now(request: Request, id: str) -> dict[str, Any]:
    """What the page of a cabinet says of now."""
    town = _town(request)
    mine = [one.id for one in town.directory.lamps.values() if one.cabinet == id]
    return {
        "told": cabinet_entry(town, id), "lamps": [lamp_entry(town, one) for one in mine if one in town.lamps],
        "town_map": lights_map(town, mine, cabinets=[id], most_height=240.0),
        "words": _words(request, the_context(request)), "talq": TALQ,
    }  # fmt: skip


def _lamp_now(request: Request, id: str) -> dict[str, Any]:
    """What the page of a lamp says of now."""
    town = _town(request)
    site = town.directory.sites.get(town.directory.lamps[id].site or "")
    # Since when a fault is inferred may be later than since when it is alarmed: the alarm's beginning is shown then.
    alarmed = {name for alarm in town.by_lamp.get(id, ()) for name in alarm_faults(alarm)}
    return {
        "told": lamp_entry(town, id), "site": site, "alarmed": alarmed,
        "words": _words(request, the_context(request)), "talq": TALQ,
    }  # fmt: skip


def _pictures(town: Town, streets: Sequence[ListedStreet]) -> list[tuple[ListedStreet, LightsMap]]:
    """Streets on maps of their own, for a town on whose map lamps lie upon each other."""
    found = []
    for street in worth_a_picture(streets, _MOST_PICTURES):
        mine = [id for id, now in town.lamps.items() if now.lamp.site == street.id]
        boxes = sorted({str(box) for id in mine if (box := town.lamps[id].lamp.cabinet) in town.directory.cabinets})
        picture = lights_map(town, mine, cabinets=boxes, width=520.0, most_height=220.0)
        if picture is not None:
            found.append((street, picture))
    return found


def _lit(request: Request, context: ApiContext, directory: Directory) -> dict[str, Any]:
    """The lit share of the last four weeks, made anew now and then: late readings change it."""
    survey = last_nights_of(context)
    found: dict[str, Any] = request.app.state.lit.get(
        (directory.version, survey.end_us), lambda: lit(context, directory, survey, list(directory.lamps.values()))
    )
    return found


def _days(survey: Survey) -> tuple[date, date]:
    """The first and the last local day of a period."""
    first, last = (from_us(at).astimezone(survey.zone).date() for at in (survey.start_us, survey.end_us - 1))
    return first, last


def _asked(context: ApiContext, picked: Picked) -> tuple[date, date]:
    """First and last of the nights, by the day before them: the newest seven where none are asked for."""
    newest = newest_night(context)
    if picked.period is None:
        return newest + timedelta(days=1) - _NIGHTS, newest
    # The night after today begins at noon.
    return min(picked.period.first, newest), min(picked.period.last, newest)


def _known(nights: Sequence[LastNight], now_us: int) -> float | None:
    """The share of the quarters that are over that is known."""
    counts = [one.known(now_us) for one in nights]
    over = sum(count for _, count in counts)
    return sum(count for count, _ in counts) / over if over else None


def drawn(nights: Sequence[LastNight]) -> list[NightDrawing]:
    """The nights on one scale."""
    tops = [float(np.nanmax(part, initial=0.0)) for one in nights for part in (one.power_w, one.expected_w)]
    top = max([*tops, 1.0])
    return [
        NightDrawing(one, _lines(one.power_w, top), _lines(np.where(one.expected_w > 0.0, one.expected_w, np.nan), top),
                     _x(one, one.dusk_us), _x(one, one.dawn_us))
        for one in nights
    ]  # fmt: skip


def _x(night: LastNight, at_us: int | None) -> float | None:
    if at_us is None:
        return None
    first, last = int(night.t_us[0]), int(night.t_us[-1])
    return round(_WIDE * (at_us - first) / (last - first), 1)


def _lines(values: Floats, top: float) -> tuple[str, ...]:
    """Polylines over the width, one for each stretch that is known."""
    steps = _WIDE / max(len(values) - 1, 1)
    lines: list[list[str]] = [[]]
    for at, value in enumerate(values.tolist()):
        if value != value:  # NaN
            if lines[-1]:
                lines.append([])
            continue
        lines[-1].append(f"{at * steps:.1f},{_TALL - 4.0 - (_TALL - 10.0) * max(value, 0.0) / top:.1f}")
    return tuple(" ".join(one) for one in lines if len(one) > 1)


def _town(request: Request) -> Town:
    return town_of(request, the_context(request), the_directory(request))


def _words(request: Request, context: ApiContext) -> AlarmWords:
    return AlarmWords(language_of(request), context.settings.zone)


def _alarms(context: ApiContext, directory: Directory, subject: str, words: AlarmWords) -> list[dict[str, Any]]:
    """The newest alarms of a lamp or cabinet."""
    _, found = AlarmBook(context.registry).listed(AlarmFilter(domain="lighting", place=subject), limit=20)
    return [entry(one, directory, words) | {"began_at": from_us(one.began_us),
            "closed_at": from_us(one.closed_us) if one.closed_us is not None else None} for one in found]  # fmt: skip
