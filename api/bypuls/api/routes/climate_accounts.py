"""Climate accounts: years and their factors, what restatements changed, why emissions changed; the greenest hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.accounts.account import Accounts, Question
from bypuls.api.accounts.changes import decomposition, previous_pins, restatement
from bypuls.api.accounts.factors import View
from bypuls.api.accounts.greenest import Window, greenest_hours
from bypuls.api.accounts.meters import WHOLE, Part
from bypuls.api.accounts.normal_weather import normal_weather
from bypuls.api.accounts.to_json import pins_of
from bypuls.api.accounts.yearly import title_of, yearly_account
from bypuls.api.answers import answer, made_answer
from bypuls.api.buildings.source import Source
from bypuls.api.climate import part_of
from bypuls.api.context import ApiContext, Context, Registered
from bypuls.api.directory import Directory
from bypuls.api.models import Page
from bypuls.api.models_accounts import (
    DecompositionModel,
    FactorModel,
    GreenestModel,
    RestatementModel,
    YearAccountModel,
)
from bypuls.api.parameters import ID_PATTERN, From, IdFilter, Limit, Offset, To
from bypuls.api.periods import interval
from bypuls.api.problems import bad_parameter
from bypuls.api.reports.accounts.formats import MEDIA_TYPES, rendered
from bypuls.api.routes.registered import known
from bypuls.api.tables import table_of

router = APIRouter(prefix="/api/v1/climate", tags=["climate"], dependencies=[Reader])

_EARLIEST = 2000
_AREA = r"^[A-Za-z0-9][A-Za-z0-9 -]{0,62}$"

Year = Annotated[int, Query(ge=_EARLIEST, le=2099, description="a calendar year of local time that is over")]
ViewName = Annotated[
    View, Query(description="location: what the grid delivered; market: what was bought. By default location")
]
Gas = Annotated[Literal["CO2", "CO2e"] | None, Query(description="of the target, else CO2")]
Method = Annotated[
    str | None, Query(max_length=63, description="of the factors, such as 125 %; of the target, else any")
]
TargetId = Annotated[
    str | None, Query(pattern=ID_PATTERN, description="of this target: its part of the town, gas and method")
]
BuildingId = Annotated[str | None, Query(pattern=ID_PATTERN, description="one building alone")]
Domain = Annotated[
    Literal["buildings", "lighting", "charging", "fleet", "other"] | None, Query(description="one domain alone")
]
Pinned = Annotated[
    list[Annotated[str, Query(max_length=130)]],
    Query(description="set:version, the newest version of a set that may be used: an account as it was. Repeatable"),
]
Share = Annotated[float | None, Query(ge=0.0, le=1.0, description="relative uncertainty as a share, 0.02 = 2 %")]
Form = Annotated[Literal["json", "csv", "xlsx", "pdf"], Query(description="of the answer")]
Lang = Annotated[Literal["da", "en"], Query(description="of texts and numbers; JSON has neither")]
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES.values()}}
}


def _question(
    context: ApiContext,
    directory: Directory,
    year: int,
    *,
    view: View = "location",
    target: str | None = None,
    building: str | None = None,
    domain: str | None = None,
    gas: str | None = None,
    method: str | None = None,
    factors: list[str] | None = None,
) -> Question:
    """The question of a request.  Raises Problem (404, 422)."""
    this_year = context.clock().astimezone(context.settings.zone).year
    if year >= this_year:
        bad_parameter("year", year, f"a year that is over: {this_year - 1} or earlier")
    given = [name for name, value in (("target", target), ("building", building), ("domain", domain)) if value]
    if len(given) > 1:
        bad_parameter(given[1], building if given[1] == "building" else domain, f"nothing beside {given[0]}")
    part, of_target = WHOLE, None
    if target is not None:
        of_target = known("target", target, directory.targets)
        part = part_of(of_target)
    elif building is not None:
        known("building", building, directory.buildings)
        part = Part("building", building)
    elif domain is not None:
        part = Part("domain", domain)
    try:
        pins = pins_of(factors or [])
    except ValueError as error:
        bad_parameter("factors", " ".join(factors or []), str(error).partition("expected ")[2])
    sets = {one.factor_set for one in directory.registry.factors()} if pins else set()
    for name, _ in pins:
        if name not in sets:
            bad_parameter("factors", name, f"a set of the registry: {', '.join(sorted(sets))}")
    return Question(
        year,
        part,
        view,
        gas or (of_target.gas if of_target else "CO2"),
        method or (of_target.method if of_target else None),
        pins,
    )


def _accounts(request: Request) -> Accounts:
    accounts: Accounts = request.app.state.accounts
    return accounts


@router.get("/accounts", response_model=YearAccountModel, responses=_FILES)
def account(
    request: Request,
    context: Context,
    directory: Registered,
    year: Year,
    target: TargetId = None,
    building: BuildingId = None,
    domain: Domain = None,
    gas: Gas = None,
    method: Method = None,
    factors: Pinned = [],  # noqa: B006 - FastAPI copies defaults
    registers: Annotated[bool, Query(description="with the meters' registers around the turns of the year")] = False,
    activity_uncertainty: Share = None,
    factor_uncertainty: Share = None,
    format: Form = "json",
    lang: Lang = "da",
) -> Response:
    """A finished year's account, location- and market-based side by side: every line with its meter, its coverage, its
    factor and version, and why it is unknown where it is. As CSV, XLSX and PDF with the registers."""
    question = _question(
        context, directory, year, target=target, building=building, domain=domain, gas=gas, method=method,
        factors=factors,
    )  # fmt: skip
    with request.app.state.heavy:
        told = yearly_account(
            context.store, directory, _accounts(request), question, context.clock(), context.settings.zone,
            registers=registers or format != "json", activity_uncertainty=activity_uncertainty,
            factor_uncertainty=factor_uncertainty,
        )  # fmt: skip
    if format == "json":
        return answer(request, told)
    content = f"{told['fingerprint']} {format} {lang}".encode()
    name = "-".join(["climate", str(year), question.part.id or "all", lang])
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format}"'}

    def make() -> bytes:
        with request.app.state.heavy:
            return rendered(told, title_of(directory, question, target), format, lang)

    return made_answer(request, content, make, media_type=MEDIA_TYPES[format], headers=headers)


@router.get("/factors", response_model=Page[FactorModel])
def factors(
    request: Request,
    directory: Registered,
    factor_set: IdFilter = None,
    carrier: IdFilter = None,
    purpose: Annotated[Literal["accounts", "scenario"] | None, Query(description="what they are made for")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """The registry's emission factors with all that tells them apart and their sources."""
    rows = [
        one for one in directory.registry.factors(factor_set, carrier=carrier)
        if purpose is None or one.purpose == purpose
    ]  # fmt: skip
    names = FactorModel.model_fields
    items = [{name: getattr(row, name) for name in names} for row in rows[offset : offset + limit]]
    return answer(request, {"total": len(rows), "limit": limit, "offset": offset, "items": items})


@router.get("/restatements", response_model=RestatementModel)
def restatements(
    request: Request,
    context: Context,
    directory: Registered,
    year: Year,
    view: ViewName = "location",
    target: TargetId = None,
    building: BuildingId = None,
    domain: Domain = None,
    gas: Gas = None,
    method: Method = None,
    factors: Pinned = [],  # noqa: B006 - FastAPI copies defaults
) -> Response:
    """What newer versions of factors changed in a year's account, and why. `factors` are the older versions; without
    them each set's version before its newest."""
    question = _question(
        context, directory, year, view=view, target=target, building=building, domain=domain, gas=gas, method=method,
        factors=factors,
    )  # fmt: skip
    accounts = _accounts(request)
    pins = question.pins or previous_pins(accounts, directory)
    before, after = replace(question, pins=pins), replace(question, pins=())
    return answer(request, restatement(accounts, directory, before, after))


def explained(
    context: ApiContext, directory: Directory, accounts: Accounts, question: Question, before: int
) -> dict[str, Any]:
    """Why the emission changed from the year `before` to the question's."""
    source = Source(context.store, directory, context.clock(), context.settings.zone)
    normal: dict[tuple[int, str], float] = {}
    for year in (before, question.year):
        account = accounts.year(directory, replace(question, year=year))
        normal |= normal_weather(source, account).amounts(account)
    return decomposition(accounts, directory, question, before_year=before, normal=normal)


@router.get("/decomposition", response_model=DecompositionModel)
def decomposed(
    request: Request,
    context: Context,
    directory: Registered,
    before: Annotated[int, Query(ge=_EARLIEST, le=2099, description="the earlier calendar year")],
    after: Annotated[int, Query(ge=_EARLIEST, le=2099, description="the later calendar year")],
    view: ViewName = "location",
    target: TargetId = None,
    building: BuildingId = None,
    domain: Domain = None,
    gas: Gas = None,
    method: Method = None,
    factors: Pinned = [],  # noqa: B006 - FastAPI copies defaults
) -> Response:
    """Why the emission changed between two years: by what was used (weather and rest), by the factor, by when within
    the year it was used. Per meter and carrier; a greener grid isn't local work."""
    if before >= after:
        bad_parameter("before", before, f"a year before {after}")
    question = _question(
        context, directory, after, view=view, target=target, building=building, domain=domain, gas=gas, method=method,
        factors=factors,
    )  # fmt: skip
    accounts = _accounts(request)
    return answer(request, explained(context, directory, accounts, question, before))


@router.get(
    "/greenest-hours",
    response_model=GreenestModel,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def greenest(
    request: Request,
    context: Context,
    start: From = None,
    to: To = None,
    hours: Annotated[
        float, Query(ge=0.25, le=24.0, multiple_of=0.25, description="how long power is needed [h], in quarters")
    ] = 3.0,
    contiguous: Annotated[bool, Query(description="in one stretch; else in single whole hours")] = True,
    area: Annotated[
        str | None, Query(pattern=_AREA, description="price area; without it the only one that is kept, else DK2")
    ] = None,
    format: Annotated[Literal["json", "csv"], Query(description="JSON, or the forecast as a table")] = "json",
    lang: Lang = "da",
) -> Response:
    """The greenest hours of the next day (or of a window) by the forecast of the grid's emission, for charging and
    pumps. Never for accounts."""
    now, zone = context.clock(), context.settings.zone
    first, last = interval(start, to, zone, default=_coming_day(now))
    if not contiguous and hours % 1.0:
        bad_parameter("hours", hours, "whole hours where contiguous is false")
    found = _greenest(context, Window(first, last, hours, contiguous), area)
    if format == "csv":
        headers = {"Content-Disposition": 'attachment; filename="grid-forecast.csv"'}
        columns = {"g_per_kwh": found["forecast"]["g_per_kwh"]}
        body = table_of(found["forecast"]["t"], columns, danish=lang == "da")
        return answer(request, body, media_type="text/csv; charset=utf-8", headers=headers)
    return answer(request, found)


def coming_day(context: ApiContext, *, hours: float) -> dict[str, Any]:
    """The greenest stretch of the coming day."""
    return _greenest(context, Window(*_coming_day(context.clock()), hours, True), None)


def _greenest(context: ApiContext, window: Window, area: str | None) -> dict[str, Any]:
    forecasts = {one.area: one for one in context.book.grid_forecasts()}
    if area is None:
        area = next(iter(forecasts)) if len(forecasts) == 1 else "DK2"
    return greenest_hours(forecasts.get(area), area, window, context.clock(), context.settings.zone)


def _coming_day(now: datetime) -> tuple[datetime, datetime]:
    return _quarter_after(now), now + timedelta(days=1)


def _quarter_after(now: datetime) -> datetime:
    whole = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    return whole + timedelta(minutes=15)
