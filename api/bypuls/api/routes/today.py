"""The whole town's day in one answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.answers import answer
from bypuls.api.context import Context, Registered
from bypuls.api.models import TodayModel
from bypuls.api.parameters import From, Tz
from bypuls.api.periods import Span, edges_of, local_text, moment, zone_of
from bypuls.api.routes.readings import table_of
from bypuls.api.town_now import today_columns
from bypuls.wire import from_us

router = APIRouter(prefix="/api/v1", tags=["readings"], dependencies=[Reader])


@router.get(
    "/today", response_model=TodayModel, responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
)
def today(
    request: Request,
    context: Context,
    directory: Registered,
    day: From = None,
    tz: Tz = None,
    format: Annotated[Literal["json", "csv"], Query(description="JSON columns, or a table")] = "json",
    lang: Annotated[
        Literal["en", "da"], Query(description="of a table: `da` has semicolons and decimal commas")
    ] = "en",
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
    columns = today_columns(context.store, directory, quarters, now)
    starts = quarters.starts()
    if format == "csv":
        headers = {"Content-Disposition": 'attachment; filename="today.csv"'}
        body = table_of(starts, columns, danish=lang == "da")
        return answer(request, body, media_type="text/csv; charset=utf-8", headers=headers)
    return answer(
        request,
        {
            "tz": zone.key,
            "start": starts[0],
            "end": local_text(quarters.end_us, zone),
            "rows": len(starts),
            "units": {"vehicles_n": "vehicles", "power_kw": "kW", "power_coverage": "share"},
            "columns": {"t": starts, **columns},
        },
    )
