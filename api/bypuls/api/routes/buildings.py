"""Buildings: figures of a period, hours, signature, savings, cooling, submeters; and all of them side by side."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.answers import answer
from bypuls.api.buildings.asked import days_asked, source_of
from bypuls.api.buildings.cooling import cooling_of
from bypuls.api.buildings.figures import load_of
from bypuls.api.buildings.hours import Hours, hours_of
from bypuls.api.buildings.meters import MediumDays
from bypuls.api.buildings.portfolio import Order, portfolio
from bypuls.api.buildings.report import (
    CoolingTariff,
    Measured,
    balances,
    building_report,
    measured,
    signature_figures,
)
from bypuls.api.buildings.savings import savings_of
from bypuls.api.buildings.source import Source
from bypuls.api.buildings.to_json import cooling_table, figures_json, plain, portfolio_table, signature_table
from bypuls.api.context import ApiContext, Context, Registered
from bypuls.api.models_buildings import (
    BuildingFiguresModel,
    CarpetModel,
    DurationModel,
    ListedModel,
    PortfolioModel,
)
from bypuls.api.parameters import TABLES, From, Id, Limit, Offset, TableLang, To, Tz
from bypuls.api.problems import Problem, bad_parameter
from bypuls.api.routes.registered import known
from bypuls.api.tables import table_of

router = APIRouter(prefix="/api/v1", tags=["buildings"], dependencies=[Reader])

Medium = Annotated[Literal["electricity", "heat", "gas", "water"], Query(description="what is metered")]
EnergyMedium = Annotated[
    Literal["electricity", "heat", "gas"] | None, Query(description="only this one; every medium of energy without")
]
Form = Annotated[Literal["json", "csv"], Query(description="JSON, or a table")]


def tariff_of(context: ApiContext) -> CoolingTariff:
    """What the district heating utility asks for, by the API's settings."""
    return CoolingTariff(context.settings.cooling_k, context.settings.cooling_share_per_k)


def _medium(found: Measured, medium: str) -> MediumDays:
    mine = found.media.get(medium)
    if mine is None:
        there = ", ".join(found.media) or "no meter at all"
        raise Problem(
            404, "not-found", "There is no such thing",
            faults=[("medium", medium, f"one that the building has a meter of: {there}")],
        )  # fmt: skip
    return mine


def _hours(source: Source, building: str, medium: str, start: str | None, to: str | None) -> tuple[MediumDays, Hours]:
    first, last = days_asked(source, start, to)
    mine = _medium(measured(source, building, first, last), medium)
    return mine, hours_of(source, mine.meters, mine.days.part(first, last))


def csv_answer(request: Request, name: str, body: bytes) -> Response:
    """A table as a download."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return answer(request, body, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/buildings/{id}/figures", response_model=BuildingFiguresModel)
def figures(
    request: Request, context: Context, directory: Registered, id: Id, start: From = None, to: To = None, tz: Tz = None
) -> Response:
    """A building over whole local days (the last twelve whole months by default): amounts with coverage, against the
    year before and the weather, cost, CO₂, energy per area raw and corrected, solar, cooling, signature, savings,
    submeters. Unknown is null, with its reason."""
    known("id", id, directory.buildings)
    source = source_of(context, directory, tz)
    first, last = days_asked(source, start, to)
    with request.app.state.heavy:
        return answer(request, figures_json(building_report(source, id, first, last, tariff=tariff_of(context))))


@router.get("/buildings/{id}/carpet", response_model=CarpetModel, responses=TABLES)
def carpet(
    request: Request,
    context: Context,
    directory: Registered,
    id: Id,
    medium: Medium = "electricity",
    start: From = None,
    to: To = None,
    tz: Tz = None,
    format: Form = "json",
    lang: TableLang = "en",
) -> Response:
    """Every hour of the clock of every day: known cells add up to what was measured."""
    known("id", id, directory.buildings)
    source = source_of(context, directory, tz)
    with request.app.state.heavy:
        mine, hours = _hours(source, id, medium, start, to)
        made = load_of(source, hours).carpet
    days = [str(day) for day in made.days.dates]
    if format == "csv":
        columns = {f"h{hour:02d}": made.use[:, hour] for hour in range(24)}
        return csv_answer(request, f"{id}-{medium}-carpet", table_of(days, columns, danish=lang == "da", first="day"))
    cells = made.use[np.isfinite(made.use)]
    return answer(
        request,
        {
            "building": id,
            "medium": medium,
            "unit": mine.unit,
            "days": days,
            "use": np.ascontiguousarray(made.use),
            "length_h": np.ascontiguousarray(made.length_h),
            "coverage": made.coverage,
            "total": float(cells.sum()) if cells.size else None,
        },
    )


@router.get("/buildings/{id}/duration", response_model=DurationModel, responses=TABLES)
def duration(
    request: Request,
    context: Context,
    directory: Registered,
    id: Id,
    medium: Medium = "electricity",
    start: From = None,
    to: To = None,
    tz: Tz = None,
    format: Form = "json",
    lang: TableLang = "en",
) -> Response:
    """The load's duration curve by hours that are measured whole, its peak, and the base load of the last 14 nights."""
    known("id", id, directory.buildings)
    source = source_of(context, directory, tz)
    with request.app.state.heavy:
        _, hours = _hours(source, id, medium, start, to)
        made = load_of(source, hours)
    power = np.ascontiguousarray(made.duration.power) if made.duration is not None else np.zeros(0)
    length = made.duration.hours if made.duration is not None else np.zeros(0)
    if format == "csv":
        body = table_of([f"{hour:g}" for hour in length], {"power": power}, danish=lang == "da", first="hours")
        return csv_answer(request, f"{id}-{medium}-duration", body)
    return answer(
        request,
        {
            "building": id,
            "medium": medium,
            "unit": "m3/h" if medium == "water" else "kW",
            "first": hours.days.first.isoformat(),
            "last": hours.days.last.isoformat(),
            "power": power,
            "hours": length,
            "known_share": made.duration.known_share if made.duration is not None else None,
            "peak": plain(made.peak),
            "night_base": made.night_base,
            "night_reason": plain(made.night_reason),
        },
    )


def _listed(request: Request, building: str, items: Any) -> Response:
    return answer(request, {"building": building, "items": plain(items)})


@router.get("/buildings/{id}/signature", response_model=ListedModel, responses=TABLES)
def signature(
    request: Request, context: Context, directory: Registered, id: Id, medium: EnergyMedium = None, to: To = None,
    tz: Tz = None, format: Form = "json", lang: TableLang = "en",
) -> Response:  # fmt: skip
    """The energy signature of the 365 days up to `to`: model, coefficients, adjusted R², CV(RMSE), NMBE, n, day types;
    or why there is none. As a table the days that a `medium`'s model was fitted to."""
    known("id", id, directory.buildings)
    if format == "csv" and medium is None:
        bad_parameter("medium", None, "a medium: a table has one")
    source = source_of(context, directory, tz)
    first, last = days_asked(source, None, to)
    with request.app.state.heavy:
        found = measured(source, id, first, last)
        if medium is not None:
            _medium(found, medium)
        made = [signature_figures(found, one, last) for one in found.models if medium in (None, one)]
    if format == "csv":
        return csv_answer(request, f"{id}-{medium}-signature", signature_table(made[0], danish=lang == "da"))
    return _listed(request, id, made)


@router.get("/buildings/{id}/savings", response_model=ListedModel)
def savings(
    request: Request, context: Context, directory: Registered, id: Id, medium: EnergyMedium = None, to: To = None,
    tz: Tz = None,
) -> Response:  # fmt: skip
    """What each registered intervention saved since, with its 90 % interval, or the reasons for refusing."""
    known("id", id, directory.buildings)
    source = source_of(context, directory, tz)
    first, last = days_asked(source, None, to)
    with request.app.state.heavy:
        found = measured(source, id, first, last)
        models = {name: model for name, model in found.models.items() if medium in (None, name)}
        return _listed(request, id, savings_of(source, id, found.media, models, last))


@router.get("/buildings/{id}/cooling", response_model=ListedModel, responses=TABLES)
def cooling(
    request: Request, context: Context, directory: Registered, id: Id, start: From = None, to: To = None, tz: Tz = None,
    format: Form = "json", lang: TableLang = "en",
) -> Response:  # fmt: skip
    """How far the building cools its district heating water, by E8 and E9 where the meter has them, and what poor
    cooling costs. As a table month by month."""
    known("id", id, directory.buildings)
    source = source_of(context, directory, tz)
    first, last = days_asked(source, start, to)
    tariff = tariff_of(context)
    found = measured(source, id, first, last)
    items = []
    if "heat" in found.media:
        items = [
            cooling_of(
                source, found.media["heat"], first, last, required_k=tariff.required_k, share_per_k=tariff.share_per_k
            )
        ]
    if format == "csv":
        months = [month for one in items for month in one.months]
        return csv_answer(request, f"{id}-cooling", cooling_table(months, danish=lang == "da"))
    return _listed(request, id, items)


@router.get("/buildings/{id}/balance", response_model=ListedModel)
def balance(
    request: Request, context: Context, directory: Registered, id: Id, start: From = None, to: To = None, tz: Tz = None
) -> Response:
    """Each meter less those behind it, over the days on which all are measured whole."""
    known("id", id, directory.buildings)
    source = source_of(context, directory, tz)
    first, last = days_asked(source, start, to)
    return _listed(request, id, balances(measured(source, id, first, last), first, last))


@router.get("/portfolio", response_model=PortfolioModel, responses=TABLES)
def portfolio_of(
    request: Request,
    context: Context,
    directory: Registered,
    order: Annotated[Order, Query(description="what they are ranked by, falling")] = "eui",
    start: From = None,
    to: To = None,
    tz: Tz = None,
    format: Form = "json",
    lang: TableLang = "en",
    limit: Limit = 1000,
    offset: Offset = 0,
) -> Response:
    """All buildings over whole local days that are over, the last twelve whole months by default: energy used, base
    load at night, how the heat differs from the signature (of the last 30 of a year's days); and of the twelve whole
    months that were over by then corrected energy per area against their use's median, and what the excess costs."""
    source = source_of(context, directory, tz)
    days = None if start is None and to is None else days_asked(source, start, to)
    with request.app.state.heavy:
        found = portfolio(source, order=order, days=days)
    rows = found.rows[offset : offset + limit]
    if format == "csv":
        return csv_answer(request, f"portfolio-{found.year[1]}", portfolio_table(rows, danish=lang == "da"))
    told = plain(found) | {"total": len(found.rows), "limit": limit, "offset": offset, "items": plain(rows)}
    told.pop("rows")
    return answer(request, told)
