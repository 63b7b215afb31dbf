"""What LED and dimming would save over the registry's lamps, and what light does to speeds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bypuls.analysis.errors import MixedWidths
from bypuls.api.access import Reader
from bypuls.api.answers import answer
from bypuls.api.context import Context, Registered
from bypuls.api.lighting_plan.forms import as_json
from bypuls.api.lighting_plan.plan import By, plan_of
from bypuls.api.lighting_plan.rendering import MEDIA_TYPES, rendered
from bypuls.api.lighting_plan.scenario import Burning, Scenario, UnknownType, parse_gear, parse_watts, profile_of
from bypuls.api.lighting_speed import as_table, light_and_speed_of
from bypuls.api.parameters import ID_PATTERN, From, IdFilter, To, Tz
from bypuls.api.problems import Problem, bad_parameter
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.routes.registered import known
from bypuls.api.surveys import survey_of

router = APIRouter(prefix="/api/v1/lighting", tags=["lighting"], dependencies=[Reader])


class WhatIfModel(BaseModel):
    """A plan: assumptions, the total, and rows by street, cabinet, group or type."""

    year: int = Field(examples=[2026])
    by: By
    assumptions: dict[str, Any] = Field(description="all that was assumed, units in the names")
    unknown: list[str] = Field(description="what of money and CO₂ is unknown, and why")
    total: dict[str, Any] = Field(
        description="kWh, kg and DKK a year; null = unknown", examples=[{"saved_kwh": 8123.4}]
    )
    classes: list[dict[str, Any]] = Field(description="lamps by lighting class now, then, and where dimmed lowest")
    rows: list[dict[str, Any]] = Field(description="the same figures, what saves most first")


class LightAndSpeedModel(BaseModel):
    """Speeds by light level within the same clock hour and type of day."""

    site: str
    tz: str
    start: str
    end: str
    lamps: int = Field(description="that report here")
    rows: int = Field(description="stretches of darkness with both light and vehicles")
    levels_pct: list[float] = Field(examples=[[50.0, 100.0]])
    why: str | None = Field(description="why nothing can be told", examples=["not identifiable: never apart"])
    effects: list[dict[str, Any]] = Field(
        description="lower level less the highest: mean and V85 [km/h] with 95 % intervals of whole nights"
    )


@router.get(
    "/light-and-speed/{site}",
    response_model=LightAndSpeedModel,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def speed_by_light(
    request: Request,
    context: Context,
    directory: Registered,
    site: Annotated[str, Path(pattern=ID_PATTERN, description="an id of a street", examples=["maaloev-hovedgade"])],
    start: From = None,
    to: To = None,
    tz: Tz = None,
    format: Annotated[Literal["json", "csv"], Query(description="JSON, or a table")] = "json",
    lang: Annotated[Literal["da", "en"], Query(description="of a table's numbers")] = "en",
) -> Response:
    """Whether people drive otherwise where the street is dimmed: vehicles in free flow, in darkness, each level against
    the highest. Where level and hour never vary apart it says so."""
    row = known("site", site, directory.sites)
    survey = survey_of(context, start, to, tz)
    with request.app.state.heavy:
        try:
            found = light_and_speed_of(context.store, directory, row, survey)
        except MixedWidths as error:
            raise Problem(409, "not-comparable", "The data don't carry it", str(error)) from error
    if format == "csv":
        return answer(request, as_table(site, survey, found, danish=lang == "da"), media_type="text/csv; charset=utf-8")
    told = {"site": site, "tz": survey.zone.key, "start": survey.start.isoformat(), "end": survey.end.isoformat()}
    return answer(request, told | asdict(found))


@router.get(
    "/what-if",
    response_model=WhatIfModel,
    responses={200: {"content": {"text/csv": {}, "application/pdf": {}, MEDIA_TYPES["xlsx"]: {}}}},
)
def what_if(
    request: Request,
    context: Context,
    directory: Registered,
    watts: Annotated[
        str | None, Query(max_length=2000, description="new power by old one, of one luminaire [W]", examples=["84=32"])
    ] = None,
    watt_share: Annotated[float | None, Query(gt=0, le=1, description="for those that watts doesn't name")] = None,
    types: Annotated[
        str | None, Query(max_length=500, description="lamp types that get LED; else all that aren't", examples=["HPS"])
    ] = None,
    replace: Annotated[bool, Query(description="false: only dimming")] = True,
    schedule: Annotated[
        str | None, Query(max_length=1000, description="dimming of the LED lamps", examples=["22:00-06:00=50"])
    ] = None,
    efficacy_lm_w: Annotated[float | None, Query(gt=0, le=300, description="of the new luminaires [lm/W]")] = None,
    useful_share: Annotated[
        float, Query(gt=0, le=1, description="share of the old lamp's light that lights the street alike")
    ] = 1.0,
    gear: Annotated[
        str | None,
        Query(max_length=500, description="power that the registry leaves out, by type", examples=["HPS=0.1"]),
    ] = None,
    cost_dkk: Annotated[float | None, Query(ge=0, le=1e6, description="of one new luminaire, mounted [DKK]")] = None,
    burning: Annotated[Burning, Query(description="civil dusk to dawn, or sunset to sunrise")] = "civil",
    by: Annotated[By, Query(description="rows by")] = "street",
    cabinet: IdFilter = None,
    site: IdFilter = None,
    group: IdFilter = None,
    format: Annotated[
        Literal["json", "csv", "xlsx", "pdf"], Query(description="JSON, a table, a workbook, or for paper")
    ] = "json",
    lang: Annotated[Literal["da", "en"], Query(description="of numbers and texts; JSON has neither")] = "en",
) -> Response:
    """kWh, CO₂, money, payback and light of a plan for this calendar year, over all lamps or those of a cabinet,
    site or group. Every assumption is in the answer; what is unknown is counted, never guessed."""
    scenario = Scenario(
        watts=_parsed("watts", watts, parse_watts),
        watt_share=watt_share,
        types=tuple(one for one in types.split(",") if one.strip()) if types else (),
        replace=replace,
        schedule=schedule,
        efficacy_lm_w=efficacy_lm_w,
        useful_share=useful_share,
        gear=_parsed("gear", gear, parse_gear),
        cost_dkk=cost_dkk,
        burning=burning,
    )
    try:
        scenario = scenario.for_types_of(directory.lamps.values())
    except UnknownType as error:
        bad_parameter(error.field, error.value, error.expected)
    try:
        profile_of(schedule)
    except ValueError as error:
        bad_parameter("schedule", schedule, str(error).partition("expected ")[2] or str(error))
    lamps = [
        lamp
        for lamp in directory.lamps.values()
        if cabinet in (None, lamp.cabinet) and site in (None, lamp.site) and group in (None, lamp.lamp_group)
    ]
    if not lamps:
        raise Problem(409, "no-lamps", "The data don't carry it", "lamps: 0 fit; expected at least one in the registry")
    with request.app.state.heavy:
        try:
            plan = plan_of(directory, scenario, now=context.clock(), zone=context.settings.zone, lamps=lamps)
        except (FileProblem, ValueError) as error:
            raise Problem(409, "no-sun", "The data don't carry it", str(error)) from error
        if format == "json":
            return answer(request, as_json(plan, directory, by))
        day = context.clock().astimezone(context.settings.zone).date()
        content = rendered(plan, directory, by, format, lang, day)
    name = f"{'lysplan' if lang == 'da' else 'lighting-plan'}-{day}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(content, 200, headers, MEDIA_TYPES[format])


def _parsed(name: str, text: str | None, parse: Any) -> Any:
    if text is None:
        return {}
    try:
        return parse(text)
    except ValueError as error:
        bad_parameter(name, text, str(error).partition("expected ")[2])
