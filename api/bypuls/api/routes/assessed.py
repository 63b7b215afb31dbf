"""What readings come to: a street's speeds, a building's energy, a target's road."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.accounts.account import Accounts
from bypuls.api.answers import answer
from bypuls.api.climate import target_view
from bypuls.api.context import ApiContext, Context, Registered
from bypuls.api.directory import Directory
from bypuls.api.energy import building_energy, counted_meters, medium_rows, totals
from bypuls.api.models import Page
from bypuls.api.models_assessed import BuildingEnergyModel, ClimateModel, EnergyModel, TrafficModel
from bypuls.api.parameters import From, Id, Limit, Offset, To, Tz
from bypuls.api.periods import Span, Step, interval, local_text, span_of, zone_of
from bypuls.api.problems import Problem
from bypuls.api.routes.registered import known
from bypuls.api.traffic import site_summary
from bypuls.api.vehicles import KINDS
from bypuls.wire import to_us

router = APIRouter(prefix="/api/v1", dependencies=[Reader])

_LONGEST = timedelta(days=5 * 366)


def week_so_far(context: ApiContext, now: datetime) -> Span:
    """From Monday's local midnight to the running quarter, as one row."""
    zone = context.settings.zone
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    start = datetime(monday.year, monday.month, monday.day, tzinfo=zone).astimezone(UTC)
    return one_row(context, start, max(now, start + timedelta(minutes=15)))


def one_row(context: ApiContext, start: datetime, end: datetime, tz: str | None = None) -> Span:
    """[start, end) as one row, widened to whole quarters."""
    zone = zone_of(tz or context.settings.tz)
    quarter = 900_000_000
    edges = [to_us(start) // quarter * quarter, -(-to_us(end) // quarter) * quarter]
    return Span("15min", zone, np.array(edges, dtype=np.int64))


def ranked(context: ApiContext, directory: Directory, span: Span) -> list[dict[str, Any]]:
    """Every street with a sensor of traffic, the one whose V85 lies farthest above its limit first."""
    sites = [site for site in directory.sites if directory.sensors_of(kinds=KINDS, site=site)]
    found = [site_summary(context.store, directory, site, span) for site in sites]
    return sorted(found, key=lambda one: (one["v85_over_limit_kmh"] is None, -(one["v85_over_limit_kmh"] or 0.0)))


@router.get("/traffic/{site}/summary", response_model=TrafficModel, tags=["traffic"])
def traffic_summary(
    request: Request,
    context: Context,
    directory: Registered,
    site: Id,
    start: From = None,
    to: To = None,
    direction: Annotated[Literal["toward", "away"] | None, Query(description="seen from the sensor")] = None,
    tz: Tz = None,
) -> Response:
    """A street's speeds over a period (this week by default), against the limits that held on its days."""
    known("site", site, directory.sites)
    zone = zone_of(tz or context.settings.tz)
    week = week_so_far(context, context.clock())
    default = (datetime.fromtimestamp(week.start_us / 1e6, UTC), datetime.fromtimestamp(week.end_us / 1e6, UTC))
    first, last = interval(start, to, zone, default=default)
    if last - first > _LONGEST:
        raise Problem(
            422, "too-long", "The period is too long", faults=[("to", last.isoformat(), "at most 5 years after from")]
        )
    span = one_row(context, first, last, zone.key)
    return answer(request, site_summary(context.store, directory, site, span, direction=direction))


@router.get("/energy", response_model=EnergyModel, tags=["energy"])
def energy(
    request: Request,
    context: Context,
    directory: Registered,
    start: From = None,
    to: To = None,
    tz: Tz = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """Every building's energy over a period of whole local days (this month so far by default)."""
    zone = zone_of(tz or context.settings.tz)
    now = context.clock()
    begin = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    first, last = interval(start, to, zone, default=(begin, max(now, begin + timedelta(minutes=15))))
    days = span_of("day", first.isoformat(), last.isoformat(), zone, now=now, most_rows=5 * 366)
    span = Span("day", zone, days.edges_us[[0, -1]])
    ids = list(directory.buildings)
    items = []
    for building in ids[offset : offset + limit]:
        meters = counted_meters(directory, directory.sensors_of(kinds=("meter",), building=building))
        items.append(totals(directory, building, span, medium_rows(context.store, meters, span)))
    return answer(
        request,
        {
            "total": len(ids),
            "limit": limit,
            "offset": offset,
            "start": local_text(span.start_us, zone),
            "end": local_text(span.end_us, zone),
            "items": items,
        },
    )


@router.get("/energy/{building}", response_model=BuildingEnergyModel, tags=["energy"])
def energy_of(
    request: Request,
    context: Context,
    directory: Registered,
    building: Id,
    every: Annotated[Step, Query(description="length of a row, in local time")] = "day",
    start: From = None,
    to: To = None,
    tz: Tz = None,
) -> Response:
    """A building's energy per medium: each kWh once, gaps apart, with the measured share."""
    known("building", building, directory.buildings)
    zone = zone_of(tz or context.settings.tz)
    span = span_of(every, start, to, zone, now=context.clock(), most_rows=context.settings.most_rows)
    return answer(request, building_energy(context.store, directory, building, span))


def view_of(request: Request, context: ApiContext, directory: Directory, target: str) -> dict[str, Any]:
    """A target with its road."""
    accounts: Accounts = request.app.state.accounts
    return target_view(directory, accounts, directory.targets[target], context.clock(), context.settings.zone)


@router.get("/climate", response_model=Page[ClimateModel], tags=["climate"])
def climate(
    request: Request, context: Context, directory: Registered, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """Every target and where it stands. Several may stand side by side."""
    ids = list(directory.targets)
    items = [view_of(request, context, directory, target) for target in ids[offset : offset + limit]]
    return answer(request, {"total": len(ids), "limit": limit, "offset": offset, "items": items})


@router.get("/climate/{target}", response_model=ClimateModel, tags=["climate"])
def climate_of(request: Request, context: Context, directory: Registered, target: Id) -> Response:
    """One target: its trajectory, its finished years with the factors used, what is left and what is required."""
    known("target", target, directory.targets)
    return answer(request, view_of(request, context, directory, target))
