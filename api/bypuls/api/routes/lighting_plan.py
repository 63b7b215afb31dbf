"""What LED and dimming would save over the registry's lamps."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.answers import answer
from bypuls.api.context import Context, Registered
from bypuls.api.lighting_plan.forms import as_csv, as_json
from bypuls.api.lighting_plan.plan import By, plan_of
from bypuls.api.lighting_plan.scenario import Burning, Scenario, parse_gear, parse_watts, profile_of
from bypuls.api.parameters import IdFilter
from bypuls.api.problems import Problem, bad_parameter
from bypuls.api.reports.reading.errors import FileProblem

router = APIRouter(prefix="/api/v1/lighting", tags=["lighting"], dependencies=[Reader])


class WhatIfModel(BaseModel):
    """A plan: assumptions, the total, and rows by street, cabinet or type."""

    year: int = Field(examples=[2026])
    by: By
    assumptions: dict[str, Any] = Field(description="all that was assumed, units in the names")
    unknown: list[str] = Field(description="what of money and CO₂ is unknown, and why")
    total: dict[str, Any] = Field(
        description="kWh, kg and DKK a year; null = unknown", examples=[{"saved_kwh": 8123.4}]
    )
    classes: list[dict[str, Any]] = Field(description="lamps by lighting class now, then, and where dimmed lowest")
    rows: list[dict[str, Any]] = Field(description="the same figures, what saves most first")


@router.get(
    "/what-if",
    response_model=WhatIfModel,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
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
    format: Annotated[Literal["json", "csv"], Query(description="JSON, or a table")] = "json",
    lang: Annotated[Literal["da", "en"], Query(description="of numbers; JSON has neither")] = "en",
) -> Response:
    """kWh, CO₂, money, payback and light of a plan for this calendar year, over all lamps or those of a cabinet or
    site. Every assumption is in the answer; what is unknown is counted, never guessed."""
    scenario = Scenario(
        watts=_parsed("watts", watts, parse_watts),
        watt_share=watt_share,
        types=tuple(types.split(",")) if types else (),
        replace=replace,
        schedule=schedule,
        efficacy_lm_w=efficacy_lm_w,
        useful_share=useful_share,
        gear=_parsed("gear", gear, parse_gear),
        cost_dkk=cost_dkk,
        burning=burning,
    )
    try:
        profile_of(schedule)
    except ValueError as error:
        bad_parameter("schedule", schedule, str(error).partition("expected ")[2] or str(error))
    lamps = [
        lamp
        for lamp in directory.lamps.values()
        if (cabinet is None or lamp.cabinet == cabinet) and (site is None or lamp.site == site)
    ]
    if not lamps:
        raise Problem(409, "no-lamps", "The data don't carry it", "lamps: 0 fit; expected at least one in the registry")
    with request.app.state.heavy:
        try:
            plan = plan_of(directory, scenario, now=context.clock(), zone=context.settings.zone, lamps=lamps)
        except (FileProblem, ValueError) as error:
            raise Problem(409, "no-sun", "The data don't carry it", str(error)) from error
        if format == "csv":
            table = as_csv(plan, directory, by, danish=lang == "da")
            return answer(request, table, media_type="text/csv; charset=utf-8")
        return answer(request, as_json(plan, directory, by))


def _parsed(name: str, text: str | None, parse: Any) -> Any:
    if text is None:
        return {}
    try:
        return parse(text)
    except ValueError as error:
        bad_parameter(name, text, str(error).partition("expected ")[2])
