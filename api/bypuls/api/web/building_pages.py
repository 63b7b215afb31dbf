"""The buildings side by side, and one building with its report as a part that is filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from bypuls.api.buildings.asked import LONGEST_DAYS, source_of
from bypuls.api.buildings.eui import is_whole_year
from bypuls.api.buildings.portfolio import ORDERS, Order, Portfolio, portfolio, ranked
from bypuls.api.buildings.report import building_report, whole_year_before
from bypuls.api.buildings.source import DAY, year_before
from bypuls.api.context import the_context, the_directory
from bypuls.api.kept import Kept
from bypuls.api.parameters import Id
from bypuls.api.periods import day_in
from bypuls.api.problems import Problem, bad_parameter
from bypuls.api.reports.building.content import document
from bypuls.api.reports.building.html import fragment
from bypuls.api.reports.building.words import Words
from bypuls.api.routes.buildings import tariff_of
from bypuls.api.routes.registered import known
from bypuls.api.web.here_pages import building_now
from bypuls.api.web.language import language_of
from bypuls.api.web.pages import refused, render

router = APIRouter(include_in_schema=False)

_KEPT_S = 300.0
COLUMNS = ("name", "use", "eui", "excess_cost", "night_load", "deviation", "coverage")


class BuildingPagesState:
    """What these pages keep for some minutes: figures of days that are over hardly change."""

    def __init__(self) -> None:
        self.reports: Kept[Markup] = Kept(_KEPT_S, most=100)
        self.portfolio: Kept[Portfolio] = Kept(_KEPT_S, most=10)


@dataclass(frozen=True, slots=True)
class Period:
    """What the page's address asks for; `last` is the last day, as people say it."""

    first: date
    last: date

    def address(self) -> str:
        """The page's own query."""
        return urlencode({"from": self.first, "last": self.last})

    def api(self) -> str:
        """The same days to the API."""
        return urlencode({"from": self.first, "to": self.last + DAY})


def presets(today: date) -> list[tuple[str, Period]]:
    """Periods that people ask for again and again."""
    month_end = today.replace(day=1) - DAY
    twelve = Period(*whole_year_before(today - DAY))
    found = [
        ("month", Period(month_end.replace(day=1), month_end)),
        ("twelve", twelve),
        ("last-year", Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))),
    ]
    if today.timetuple().tm_yday > 1:
        found.insert(2, ("this-year", Period(date(today.year, 1, 1), today - DAY)))
    return found


def chosen_of(query: Mapping[str, str], today: date) -> Period:
    """The days of a query, all of them over; the last twelve whole months by default.  Raises Problem (422)."""
    default = Period(*whole_year_before(today - DAY))
    last = day_in(query, "last")
    first = day_in(query, "from")
    if first is None and last is None:
        return default
    last = min(last or today - DAY, today - DAY)
    first = first or year_before(last) + DAY
    if first > last:
        bad_parameter("last", last, f"{first} or later, and a day that is over")
    if (last - first).days >= LONGEST_DAYS:
        bad_parameter("from", first, f"at most {LONGEST_DAYS} days before {last}")
    return Period(first, last)


@router.get("/buildings/{id}")
def building(request: Request, id: Id) -> Response:
    """One building: which days, then its report, which is filled in."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    row = known("id", id, directory.buildings)
    today = context.clock().astimezone(context.settings.zone).date()
    error: str | None = None
    try:
        chosen = chosen_of(request.query_params, today)
    except Problem as problem:
        chosen, error = chosen_of({}, today), problem.detail
    meters = directory.sensors_of(kinds=("meter",), building=id)
    media = sorted({meter.medium for meter in meters if meter.medium})
    return render(
        request,
        "building.html",
        building=row,
        meters=meters,
        media=media,
        chosen=chosen,
        error=error,
        presets=presets(today),
        yesterday=today - DAY,
        whole_year=is_whole_year(chosen.first, chosen.last),
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
    chosen = chosen_of(request.query_params, source.today)
    lang = language_of(request)
    state: BuildingPagesState = request.app.state.building_pages

    def make() -> Markup:
        with request.app.state.heavy:
            report = building_report(source, id, chosen.first, chosen.last, tariff=tariff_of(context))
            return fragment(document(report, Words(lang)))

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
    state: BuildingPagesState = request.app.state.building_pages

    def make() -> Portfolio:
        with request.app.state.heavy:
            return portfolio(source)

    found = state.portfolio.get((directory.version, source.today), make)
    lang = language_of(request)
    words = Words(lang)
    rows = [_shown(row, words) for row in ranked(found.rows, order)]
    rows.sort(key=lambda row: row["name"].casefold())
    unknown = [row for row in rows if row["sort"][sort] is None]
    rows = [row for row in rows if row["sort"][sort] is not None]
    # Sorting keeps the order of equals: they stay by name, whichever way it goes.
    rows.sort(key=lambda row: row["sort"][sort], reverse=falling == (sort not in ("name", "use")))
    month_end = source.today.replace(day=1) - DAY
    return render(
        request, "buildings.html", rows=rows + unknown, year=found.year, sort=sort, falling=falling,
        most=_most(rows), month=f"{month_end:%Y-%m}",
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
        "coverage": row.coverage,
        "cost_dkk": row.cost_dkk,
        "reasons": {name: words.reason(reason) for name, reason in row.reasons.items()},
        "sort": {
            "name": row.name.casefold(), "use": words.use(row.use), "eui": row.eui.corrected,
            "excess_cost": row.excess_dkk, "night_load": row.night_w_m2, "deviation": share, "coverage": row.coverage,
        },
    }  # fmt: skip


def _most(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The largest of each column, for the bars."""

    def largest(name: str) -> float:
        return max([abs(row[name]) for row in rows if row[name] is not None], default=1.0) or 1.0

    return {name: largest(name) for name in ("eui", "excess_dkk", "night_w_m2", "deviation")}
