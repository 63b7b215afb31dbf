"""Street lights: states, cabinets, energy, dark stretches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.alarms.words import AlarmWords
from bypuls.api.alarms.work_list import MEDIA_TYPES, rendered
from bypuls.api.answers import answer
from bypuls.api.context import ApiContext, Context, Registered
from bypuls.api.directory import Directory
from bypuls.api.lighting.citizens import entries as citizens
from bypuls.api.lighting.citizens import merged
from bypuls.api.lighting.energy import Rates, Used, figures, rates_of, used_by_lamp
from bypuls.api.lighting.performance import performance
from bypuls.api.lighting.safety import delays, last_nights_of, last_year, lit
from bypuls.api.lighting.summary import summary
from bypuls.api.lighting.town import Town, cabinet_entry, lamp_entry, stretches, town_now
from bypuls.api.lighting.work_list import work_list
from bypuls.api.live import LIGHTS
from bypuls.api.models import Page
from bypuls.api.models_lighting import (
    CabinetStateModel,
    DarkStretchModel,
    LampStateModel,
    LightEnergyPageModel,
    LightingModel,
    SafetyModel,
    StreetPerformancePageModel,
    WorkModel,
)
from bypuls.api.parameters import From, Id, IdFilter, Limit, Offset, To, Tz
from bypuls.api.periods import local_text, zone_of
from bypuls.api.problems import not_found
from bypuls.api.surveys import survey_of
from bypuls.store.book import AlarmBook
from bypuls.store.registry import Lamp

router = APIRouter(prefix="/api/v1/lighting", tags=["lighting"])

_KEPT_US = 5_000_000

By = Literal["lamp", "site", "cabinet"]
State = Literal["ok", "dimmed", "off", "fault", "unknown"]


def town_of(request: Request, context: ApiContext, directory: Directory) -> Town:
    """The town's lights, for everyone who asks: at most some seconds old, and no older than the newest reading that the
    live stream has told of."""
    state, feed = request.app.state.lighting, request.app.state.live
    key = (directory.version, context.now_us() // _KEPT_US, feed.moved(LIGHTS))
    found: Town = state.get(key, lambda: town_now(context, directory))
    return found


def whole_list(request: Request, context: ApiContext, directory: Directory, words: AlarmWords) -> list[dict[str, Any]]:
    """Alarms and citizens' reports, by risk."""
    found = work_list(town_of(request, context, directory), AlarmBook(context.registry), words)
    return merged(found, citizens(context, directory, words))


@router.get("", response_model=LightingModel, dependencies=[Reader])
def lighting(request: Request, context: Context, directory: Registered) -> Response:
    """Lamps by state, open faults with what they cost and darken, dark stretches, time to detect and to repair."""
    return answer(request, summary(context, town_of(request, context, directory)))


@router.get("/lamps", response_model=Page[LampStateModel], dependencies=[Reader])
def lamps(
    request: Request, context: Context, directory: Registered,
    state: Annotated[State | None, Query(description="only in this state")] = None,
    cabinet: IdFilter = None, site: IdFilter = None, limit: Limit = 100, offset: Offset = 0,
) -> Response:  # fmt: skip
    """Lamps with state, power, what they should draw, and open faults."""
    town = town_of(request, context, directory)
    ids = [
        id for id, row in directory.lamps.items()
        if cabinet in (None, row.cabinet) and site in (None, row.site) and (state is None or town.state(id) == state)
        and id in town.lamps
    ]  # fmt: skip
    items = [lamp_entry(town, id) for id in ids[offset : offset + limit]]
    return answer(request, {"total": len(ids), "limit": limit, "offset": offset, "items": items})


@router.get("/lamps/{id}", response_model=LampStateModel, dependencies=[Reader])
def lamp(request: Request, context: Context, directory: Registered, id: Id) -> Response:
    """One lamp."""
    if id not in directory.lamps:
        not_found("id", id, directory.lamps)
    return answer(request, lamp_entry(town_of(request, context, directory), id))


@router.get("/cabinets", response_model=Page[CabinetStateModel], dependencies=[Reader])
def cabinets(
    request: Request, context: Context, directory: Registered, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """Cabinets with their lamps by state, the power of their meter and what it should be."""
    town = town_of(request, context, directory)
    ids = list(directory.cabinets)
    items = [cabinet_entry(town, id) for id in ids[offset : offset + limit]]
    return answer(request, {"total": len(ids), "limit": limit, "offset": offset, "items": items})


@router.get("/cabinets/{id}", response_model=CabinetStateModel, dependencies=[Reader])
def cabinet(request: Request, context: Context, directory: Registered, id: Id) -> Response:
    """One cabinet."""
    if id not in directory.cabinets:
        not_found("id", id, directory.cabinets)
    return answer(request, cabinet_entry(town_of(request, context, directory), id))


@router.get("/dark-stretches", response_model=Page[DarkStretchModel], dependencies=[Reader])
def dark_stretches(
    request: Request, context: Context, directory: Registered, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """Two or more neighbouring lamps of a street that are known to be out: school ways and cycle paths first."""
    found = stretches(town_of(request, context, directory))
    return answer(
        request, {"total": len(found), "limit": limit, "offset": offset, "items": found[offset : offset + limit]}
    )


@router.get(
    "/work-list",
    response_model=Page[WorkModel],
    responses={200: {"content": {"text/csv": {}, "application/pdf": {}}}},
    dependencies=[Reader],
)
def crew_list(
    request: Request, context: Context, directory: Registered,
    form: Annotated[
        Literal["json", "csv", "pdf"], Query(alias="format", description="csv and pdf hold the whole list")
    ] = "json",
    lang: Annotated[Literal["da", "en"], Query(description="language of the texts")] = "en",
    tz: Tz = None, limit: Limit = 100, offset: Offset = 0,
) -> Response:  # fmt: skip
    """What a crew should look at, by risk: dark stretches, school ways, cycle paths, roads with traffic, age."""
    zone = zone_of(tz or context.settings.tz)
    words = AlarmWords(lang, zone)
    entries = whole_list(request, context, directory, words)
    if form == "json":
        page = entries[offset : offset + limit]
        return answer(request, {"total": len(entries), "limit": limit, "offset": offset, "items": page})
    at = context.clock().astimezone(zone)
    with request.app.state.heavy:
        body = rendered(entries, at, form, words)
    name = f"{'arbejdsliste' if lang == 'da' else 'work-list'}-{at:%Y-%m-%d}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(body, 200, headers, MEDIA_TYPES[form])


@router.get("/figures", response_model=SafetyModel, dependencies=[Reader])
def safety(
    request: Request, context: Context, directory: Registered, start: From = None, to: To = None, tz: Tz = None
) -> Response:  # fmt: skip
    """Time to detect, time to repair (median and 90 %) and the lit share of the nights, each with its coverage. Without
    a period: faults of the last 365 days, nights of the last four weeks."""
    survey = last_nights_of(context, tz) if start is None and to is None else survey_of(context, start, to, tz)
    of_faults = last_year(context, survey.zone) if start is None and to is None else survey
    with request.app.state.heavy:
        found = lit(context, directory, survey, list(directory.lamps.values()))
    return answer(request, {**delays(context, of_faults), "lit": found})


@router.get("/energy", response_model=LightEnergyPageModel, dependencies=[Reader])
def energy(
    request: Request, context: Context, directory: Registered,
    by: Annotated[By, Query(description="a row for each lamp, street or cabinet")] = "cabinet",
    start: From = None, to: To = None, tz: Tz = None, limit: Limit = 100, offset: Offset = 0,
) -> Response:  # fmt: skip
    """Energy, CO₂, money, burning hours and lit share of a period, the last four weeks by default: of lamps that are
    measured by themselves. What a cabinet's meter says is at `/api/v1/readings` and in the climate accounts."""
    survey = survey_of(context, start, to, tz)
    with request.app.state.heavy:
        used = used_by_lamp(context, directory, survey, list(directory.lamps.values()))
        rates = rates_of(context, directory, survey, request.app.state.accounts)
    rows = energy_rows(directory, used, rates, by)
    return answer(request, {
        "start": local_text(survey.start_us, survey.zone), "end": local_text(survey.end_us, survey.zone), "by": by,
        "factor": rates.factor, "kg_per_kwh": rates.kg_per_kwh, "dkk_per_kwh": rates.dkk_per_kwh,
        "missing": list(rates.missing), "totals": energy_row(None, None, list(used.values()), rates),
        "total": len(rows), "limit": limit, "offset": offset, "items": rows[offset : offset + limit],
    })  # fmt: skip


@router.get("/energy-performance", response_model=StreetPerformancePageModel, dependencies=[Reader])
def energy_performance(
    request: Request, context: Context, directory: Registered, site: IdFilter = None,
    annualise: Annotated[
        bool, Query(description="scale D_E to a year, by the hours from civil dusk to dawn of period and year")
    ] = False,
    start: From = None, to: To = None, tz: Tz = None, limit: Limit = 100, offset: Offset = 0,
) -> Response:  # fmt: skip
    """EN 13201-5 by street section: D_P (installed power over illuminance and lit area) and D_E (measured energy of the
    period over lit area), or what they lack. Without a period the last four weeks; `from` and `to` a year apart give
    D_E of that year."""
    survey = survey_of(context, start, to, tz)
    lamps = [one for one in directory.lamps.values() if one.site is not None and site in (None, one.site)]
    with request.app.state.heavy:
        used = used_by_lamp(context, directory, survey, lamps)
    rows = performance(directory, survey, used, annualise=annualise, site=site)
    return answer(request, {
        "start": local_text(survey.start_us, survey.zone), "end": local_text(survey.end_us, survey.zone),
        "annualised": annualise, "total": len(rows), "limit": limit, "offset": offset,
        "items": rows[offset : offset + limit],
    })  # fmt: skip


def energy_rows(directory: Directory, used: dict[str, Used], rates: Rates, by: By) -> list[dict[str, Any]]:
    """The lamps' periods by lamp, street or cabinet, by name."""
    key: dict[str, Callable[[Lamp], str | None]] = {
        "lamp": lambda one: one.id, "site": lambda one: one.site, "cabinet": lambda one: one.cabinet
    }  # fmt: skip
    named: dict[str, dict[str, Any]] = {
        "lamp": directory.lamps, "site": directory.sites, "cabinet": directory.cabinets
    }  # fmt: skip
    groups: dict[str | None, list[Used]] = {}
    for id, one in used.items():
        groups.setdefault(key[by](directory.lamps[id]), []).append(one)
    rows = [
        energy_row(id, named[by][id].name if id in named[by] else None, group, rates) for id, group in groups.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda one: (one["id"] is None, one["name"] or "", one["id"] or ""))


def energy_row(id: str | None, name: str | None, group: list[Used], rates: Rates) -> dict[str, Any]:
    """What a group of lamps used together."""
    total = Used()
    for one in group:
        total.add(one)
    return {"id": id, "name": name, "lamps": len(group), **figures(total, rates)}
