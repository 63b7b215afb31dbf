"""The buildings side by side, and one building with its report as a part that is filled in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from bypuls.api.buildings.asked import LONGEST_DAYS, source_of
from bypuls.api.buildings.eui import is_whole_year
from bypuls.api.buildings.portfolio import ORDERS, Order, Portfolio, portfolio, ranked
from bypuls.api.buildings.report import building_report
from bypuls.api.context import the_context, the_directory
from bypuls.api.kept import Kept
from bypuls.api.parameters import Id
from bypuls.api.reports.building.content import document
from bypuls.api.reports.building.html import fragment
from bypuls.api.reports.building.words import Words
from bypuls.api.routes.buildings import tariff_of
from bypuls.api.routes.registered import known
from bypuls.api.web.here_pages import building_now
from bypuls.api.web.language import language_of
from bypuls.api.web.pages import refused, render
from bypuls.api.web.period import Shows, days_of, picked_of
from bypuls.api.web.report_feet import building_foot

router = APIRouter(include_in_schema=False)

_KEPT_S = 300.0
BUILDING = Shows("12m", longest=LONGEST_DAYS)
BUILDINGS = Shows("12m", longest=LONGEST_DAYS, keeps=("sort", "falling"))
COLUMNS = ("name", "use", "eui", "excess_cost", "night_load", "deviation", "kwh", "coverage")


class BuildingPagesState:
    """What these pages keep for some minutes: figures of days that are over hardly change."""

    def __init__(self) -> None:
        self.reports: Kept[Markup] = Kept(_KEPT_S, most=100)
        self.portfolio: Kept[Portfolio] = Kept(_KEPT_S, most=10)


@router.get("/buildings/{id}")
def building(request: Request, id: Id) -> Response:
    """One building: which days, then its report, which is filled in."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    row = known("id", id, directory.buildings)
    picked = picked_of(request, BUILDING)
    meters = directory.sensors_of(kinds=("meter",), building=id)
    media = sorted({meter.medium for meter in meters if meter.medium})
    return render(
        request,
        "building.html",
        picked.status,
        building=row,
        meters=meters,
        media=media,
        picked=picked,
        whole_year=is_whole_year(picked.days.first, picked.days.last),
        **building_now(context, directory, id),
    )


@router.get("/fragments/buildings/{id}")
def report_fragment(request: Request, id: Id) -> Response:
    """The building's report as a part of its page."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    known("id", id, directory.buildings)
    source = source_of(context, directory)
    chosen = days_of(request.query_params, source.today, BUILDING)
    lang = language_of(request)
    state: BuildingPagesState = request.app.state.building_pages

    def make() -> Markup:
        names = {one.id: one.name for one in directory.sensors_of(kinds=("meter",), building=id)}
        with request.app.state.heavy:
            report = building_report(source, id, chosen.first, chosen.last, tariff=tariff_of(context))
            return fragment(document(report, Words(lang)), building_foot(report, names, lang, source.zone))

    key = (directory.version, id, chosen, lang, source.today)
    return render(request, "_report.html", report=state.reports.get(key, make))


@router.get("/buildings")
def buildings(request: Request) -> Response:
    """The portfolio: every building with its figures, sorted as the address says."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    source = source_of(context, directory)
    order: Order = next((one for one in ORDERS if one == request.query_params.get("order")), "excess_cost")
    sort = request.query_params.get("sort")
    sort = sort if sort in COLUMNS else order
    falling = request.query_params.get("falling", "true") != "false"
    picked = picked_of(request, BUILDINGS)
    days = picked.days.first, picked.days.last
    state: BuildingPagesState = request.app.state.building_pages

    def make() -> Portfolio:
        with request.app.state.heavy:
            return portfolio(source, days=days)

    found = state.portfolio.get((directory.version, source.today, days), make)
    lang = language_of(request)
    words = Words(lang)
    rows = [_shown(row, words) for row in ranked(found.rows, order)]
    rows.sort(key=lambda row: row["name"].casefold())
    unknown = [row for row in rows if row["sort"][sort] is None]
    rows = [row for row in rows if row["sort"][sort] is not None]
    # Sorting keeps the order of equals: they stay by name, whichever way it goes.
    rows.sort(key=lambda row: row["sort"][sort], reverse=falling == (sort not in ("name", "use")))
    return render(
        request, "buildings.html", picked.status, picked=picked, rows=rows + unknown, found=found, sort=sort,
        falling=falling, most=_most(rows),
    )  # fmt: skip


def _shown(row: Any, words: Words) -> dict[str, Any]:
    apart = row.deviation
    share = apart.share if apart is not None else None
    return {
        "building": row.building,
        "name": row.name,
        "use": words.use(row.use),
        "eui": row.eui.corrected,
        "raw": row.eui.raw,
        "typical": row.typical,
        "ratio": row.ratio,
        "excess_dkk": row.excess_dkk,
        "night_w_m2": row.night_w_m2,
        "deviation": share,
        "low": apart.low if apart is not None else None,
        "high": apart.high if apart is not None else None,
        "significant": apart is not None and apart.significant,
        "kwh": row.used_kwh,
        "coverage": row.used_coverage,
        "cost_dkk": row.cost_dkk,
        "reasons": {name: words.reason(reason) for name, reason in row.reasons.items()},
        "sort": {
            "name": row.name.casefold(), "use": words.use(row.use), "eui": row.eui.corrected,
            "excess_cost": row.excess_dkk, "night_load": row.night_w_m2, "deviation": share, "kwh": row.used_kwh,
            "coverage": row.used_coverage,
        },
    }  # fmt: skip


def _most(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The largest of each column, for the bars."""

    def largest(name: str) -> float:
        return max([abs(row[name]) for row in rows if row[name] is not None], default=1.0) or 1.0

    return {name: largest(name) for name in ("eui", "excess_dkk", "night_w_m2", "deviation", "kwh")}
