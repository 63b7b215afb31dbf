"""The whole town in one answer: a day in quarters, or any period."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.answers import answer
from bypuls.api.context import Context, Registered
from bypuls.api.models import TownSeriesModel
from bypuls.api.parameters import TABLES, From, TableForm, TableLang, To, Tz
from bypuls.api.periods import Span, edges_of, local_text, moment, span_of, zone_of
from bypuls.api.tables import table_of
from bypuls.api.town_now import town_columns
from bypuls.wire import from_us

router = APIRouter(prefix="/api/v1", tags=["readings"], dependencies=[Reader])


@router.get("/today", response_model=TownSeriesModel, responses=TABLES)
def today(
    request: Request,
    context: Context,
    directory: Registered,
    day: From = None,
    tz: Tz = None,
    format: TableForm = "json",
    lang: TableLang = "en",
) -> Response:
    """Vehicles and power of the whole town per quarter of a local day (today by default, else the day of `from`).

    `power_kw` sums the mean power of buildings' and cabinets' meters while they were measured; `power_coverage` is the
    share of those meters that were. Where that is less than 0.9, the power is unknown.
    """
    zone = zone_of(tz or context.settings.tz)
    now = context.clock()
    at = moment("from", day, zone) if day is not None else now
    whole = edges_of("day", at, at + timedelta(microseconds=1), zone)
    edges = edges_of("15min", from_us(int(whole[0])), from_us(int(whole[-1])), zone)
    quarters = Span("15min", zone, edges)
    return _told(request, quarters, town_columns(context.store, directory, quarters, now), format, lang, "today")


@router.get("/town/series", response_model=TownSeriesModel, responses=TABLES)
def town_series(
    request: Request,
    context: Context,
    directory: Registered,
    every: Annotated[Literal["15min", "hour", "day"], Query(description="length of a row, in local time")] = "hour",
    start: From = None,
    to: To = None,
    tz: Tz = None,
    format: TableForm = "json",
    lang: TableLang = "en",
) -> Response:
    """Vehicles and power of the whole town by time, as of `/today`; the row that runs has no vehicles yet."""
    now, zone = context.clock(), zone_of(tz or context.settings.tz)
    span = span_of(every, start, to, zone, now=now, most_rows=context.settings.most_rows)
    with request.app.state.heavy:
        columns = town_columns(context.store, directory, span, now)
    return _told(request, span, columns, format, lang, f"town-{every}")


def _told(request: Request, span: Span, columns: dict[str, Any], form: str, lang: str, name: str) -> Response:
    starts = span.starts()
    if form == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        body = table_of(starts, columns, danish=lang == "da")
        return answer(request, body, media_type="text/csv; charset=utf-8", headers=headers)
    return answer(
        request,
        {
            "tz": span.zone.key,
            "every": span.every,
            "start": starts[0],
            "end": local_text(span.end_us, span.zone),
            "rows": len(starts),
            "units": {"vehicles_n": "vehicles", "power_kw": "kW", "power_coverage": "share"},
            "columns": {"t": starts, **columns},
        },
    )
