"""Reports of buildings as files: of one, and of all of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.answers import made_answer
from bypuls.api.buildings.asked import days_asked, month_asked, source_of
from bypuls.api.buildings.portfolio import Order, portfolio
from bypuls.api.buildings.report import building_report, whole_year_before
from bypuls.api.buildings.source import Source
from bypuls.api.context import Context, Registered
from bypuls.api.parameters import From, Id, To, Tz
from bypuls.api.problems import bad_parameter
from bypuls.api.reports.building import content, side_by_side
from bypuls.api.reports.building.formats import MEDIA_TYPES, rendered, rendered_portfolio
from bypuls.api.reports.building.words import Words
from bypuls.api.routes.buildings import tariff_of
from bypuls.api.routes.registered import known

router = APIRouter(prefix="/api/v1", tags=["buildings"], dependencies=[Reader])

Form = Annotated[Literal["json", "csv", "xlsx", "pdf"], Query(description="CSV has the days, XLSX days and hours too")]
Lang = Annotated[Literal["da", "en"], Query(description="of texts and numbers; JSON has neither")]
Month = Annotated[
    str | None,
    Query(max_length=7, description="a month that is over, in place of from and to", examples=["2026-10"]),
]
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}
          | {MEDIA_TYPES[form]: {"schema": {"type": "string", "format": "binary"}} for form in ("csv", "xlsx", "pdf")}}
}  # fmt: skip


@router.get("/buildings/{id}/report", response_class=Response, responses=_FILES)
def report(
    request: Request,
    context: Context,
    directory: Registered,
    id: Id,
    month: Month = None,
    start: From = None,
    to: To = None,
    tz: Tz = None,
    format: Form = "json",
    lang: Lang = "da",
) -> Response:
    """A building's report of a month (the last one that is over by default) or of any days that are over: how much,
    against the weather and the year before, what it costs, what to do; PDF has charts, XLSX days and hours too."""
    known("id", id, directory.buildings)
    source = source_of(context, directory, tz)
    first, last = _period(source, month, start, to)
    with request.app.state.heavy:
        made = building_report(source, id, first, last, tariff=tariff_of(context))
        stamp = f"{content.fingerprint(made)} {[str(one) for one in made.silent]} {format} {lang}".encode()
        headers = {"Content-Disposition": f'attachment; filename="{id}-energy-{first}-{last}-{lang}.{format}"'}
        return made_answer(
            request, stamp, lambda: rendered(made, format, lang), media_type=MEDIA_TYPES[format], headers=headers
        )


@router.get("/portfolio/report", response_class=Response, responses=_FILES)
def portfolio_report(
    request: Request,
    context: Context,
    directory: Registered,
    month: Month = None,
    order: Annotated[Order, Query(description="what the buildings are ranked by")] = "excess_cost",
    tz: Tz = None,
    format: Form = "json",
    lang: Lang = "da",
) -> Response:
    """All buildings over the twelve months that end with a month: where to begin, and what isn't known."""
    source = source_of(context, directory, tz)
    year = whole_year_before(month_asked(source, month)[1])
    with request.app.state.heavy:
        found = portfolio(source, order=order, year=year)
        stamp = f"{side_by_side.document(found, Words(lang)).fingerprint} {format} {lang}".encode()
        headers = {"Content-Disposition": f'attachment; filename="buildings-energy-{year[1]:%Y-%m}-{lang}.{format}"'}
        return made_answer(
            request, stamp, lambda: rendered_portfolio(found, format, lang), media_type=MEDIA_TYPES[format],
            headers=headers,
        )  # fmt: skip


def _period(source: Source, month: str | None, start: str | None, to: str | None) -> tuple[date, date]:
    if month is not None:
        for name, value in (("from", start), ("to", to)):
            if value is not None:
                bad_parameter(name, value, "nothing beside month")
    if start is None and to is None:
        return month_asked(source, month)
    return days_asked(source, start, to)
