"""What sensors say: the newest readings, series in local time, single readings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bypuls.api.access import Caller, Reader, reading
from bypuls.api.answers import answer
from bypuls.api.context import Context, Registered
from bypuls.api.latest import latest_of, told
from bypuls.api.models import LatestModel, Page, SeriesModel
from bypuls.api.parameters import ID_PATTERN, From, IdFilter, Kind, Limit, Offset, To, Tz
from bypuls.api.periods import Span, Step, local_text, span_of, zone_of
from bypuls.api.problems import bad_parameter
from bypuls.api.routes.registered import known, matching
from bypuls.api.series import chosen_fields, quantity_columns, traffic_columns, unit_of
from bypuls.api.tables import table_of
from bypuls.store.registry import Sensor
from bypuls.wire.bins import TRAFFIC, bin_kind

router = APIRouter(prefix="/api/v1", tags=["readings"])

SensorId = Annotated[str, Query(pattern=ID_PATTERN, description="the sensor's id", examples=["raadhus-electricity"])]


@router.get("/latest", response_model=Page[LatestModel])
def latest(
    request: Request,
    context: Context,
    directory: Registered,
    caller: Annotated[Caller, Depends(reading)],
    sensor: IdFilter = None,
    kind: Kind = None,
    site: IdFilter = None,
    building: IdFilter = None,
    cabinet: IdFilter = None,
    device: IdFilter = None,
    limit: Limit = 200,
    offset: Offset = 0,
) -> Response:
    """The newest reading of each sensor, with its age. A silent sensor's last values are not told as current ones.

    Single passages need the scope export; without it only the minute is told in which the last vehicle came.
    """
    if sensor is not None:
        known("sensor", sensor, directory.sensors)
    rows = matching(directory, id=sensor, kind=kind, site=site, building=building, cabinet=cabinet, device=device)
    found = latest_of(context.store, rows[offset : offset + limit], context.clock())
    items = [told(one, passages=caller.may("export")) for one in found]
    return answer(request, {"total": len(rows), "limit": limit, "offset": offset, "items": items})


@router.get(
    "/series",
    response_model=SeriesModel,
    dependencies=[Reader],
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def series(
    request: Request,
    context: Context,
    directory: Registered,
    sensor: SensorId,
    every: Annotated[Step, Query(description="length of a row, in local time")] = "hour",
    start: From = None,
    to: To = None,
    tz: Tz = None,
    fields: Annotated[
        str | None,
        Query(max_length=500, description="what to tell, with commas between; `all` for everything the kind has"),
    ] = None,
    by: Annotated[Literal["direction"] | None, Query(description="of traffic: columns for each direction")] = None,
    vehicle_class: Annotated[
        str | None, Query(pattern=ID_PATTERN, description="of traffic: only this class, as the sensor names it")
    ] = None,
    format: Annotated[Literal["json", "csv"], Query(description="JSON columns, or a table")] = "json",
    lang: Annotated[
        Literal["en", "da"], Query(description="of a table: `da` has semicolons and decimal commas")
    ] = "en",
) -> Response:
    """A sensor's quantities per quarter, hour, day, month or year of local time.

    Days have 23 and 25 hours when the clock changes. Of registers there is the amount measured (`import_wh`), the
    amount that is only known in total over a gap that ends in the row (`import_wh_gap`), and the measured share of the
    row: `coverage` of the first register, `…_coverage` of further ones. V50 and V85 come from merged histograms.
    Unknown is null, never 0.
    """
    row: Sensor = known("sensor", sensor, directory.sensors)
    zone = zone_of(tz or context.settings.tz)
    span = span_of(every, start, to, zone, now=context.clock(), most_rows=context.settings.most_rows)
    names = chosen_fields(row, None if fields is None else [name.strip() for name in fields.split(",")])
    traffic = bin_kind(row.kind) == TRAFFIC
    if by is not None and not traffic:
        bad_parameter("by", by, f"nothing: a {row.kind} has no directions")
    if vehicle_class is not None and not traffic:
        bad_parameter("vehicle_class", vehicle_class, f"nothing: a {row.kind} has no vehicles")
    if traffic:
        columns = traffic_columns(
            context.store, directory, row, span, names, by_direction=by is not None, vehicle_class=vehicle_class
        )
    else:
        columns = quantity_columns(context.store, row, span, names, all_columns=fields is not None)
    starts = span.starts()
    if format == "csv":
        name = f"{row.id}-{every}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        body = table_of(starts, columns, danish=lang == "da")
        return answer(request, body, media_type="text/csv; charset=utf-8", headers=headers)
    return answer(request, series_of(row, span, starts, columns))


def series_of(sensor: Sensor, span: Span, starts: list[str], columns: dict[str, Any]) -> dict[str, Any]:
    """A series as answers tell it."""
    return {
        "sensor": sensor.id,
        "kind": sensor.kind,
        "medium": sensor.medium,
        "every": span.every,
        "tz": span.zone.key,
        "start": starts[0],
        "end": local_text(span.end_us, span.zone),
        "rows": len(starts),
        "units": {name: unit_of(sensor.kind, name) for name in columns},
        "columns": {"t": starts, **{name: np.ascontiguousarray(column) for name, column in columns.items()}},
    }
