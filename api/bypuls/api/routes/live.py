"""The newest readings as server-sent events, and word that something is new."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from bypuls.api.access import Reader
from bypuls.api.context import Registered
from bypuls.api.live import ALL, LIGHTS, LiveFeed, place
from bypuls.api.parameters import IdFilter
from bypuls.api.problems import bad_parameter
from bypuls.api.routes.registered import known

router = APIRouter(prefix="/api/v1", tags=["readings"])

_STREAM: dict[int | str, dict[str, object]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("/live", dependencies=[Reader], response_class=StreamingResponse, responses=_STREAM)
async def live(request: Request) -> Response:
    """Every two seconds an event `latest` with what /latest says of all sensors, single passages withheld.

    The stream ends after ten minutes; clients connect again.
    """
    feed: LiveFeed = request.app.state.live
    feed.admit()
    return StreamingResponse(feed.events(), headers=_HEADERS, media_type="text/event-stream")


@router.get("/live/changes", dependencies=[Reader], response_class=StreamingResponse, responses=_STREAM)
async def changes(
    request: Request,
    directory: Registered,
    site: IdFilter = None,
    building: IdFilter = None,
    cabinet: IdFilter = None,
    lamp: IdFilter = None,
    lights: Annotated[bool, Query(description="only of lamps and cabinets")] = False,
) -> Response:
    """An event `changed` within two seconds after a sensor has a new reading or falls silent, the first one at once:
    of all sensors, or of one street, one building, one cabinet with its lamps, one lamp or the street lights. It
    carries no values; ask for what is needed.

    `alive` comes where nothing changed for ten seconds, `unavailable` while the store can't be read. The stream ends
    after ten minutes; clients connect again.
    """
    places = (("site", site), ("building", building), ("cabinet", cabinet), ("lamp", lamp), ("lights", lights))
    asked = [name for name, given in places if given]
    if len(asked) > 1:
        bad_parameter(asked[1], request.query_params[asked[1]], f"no other place beside {asked[0]}")
    scopes = [LIGHTS if lights else ALL]
    if site is not None:
        known("site", site, directory.sites)
        scopes = [place("site", site)]
    if building is not None:
        known("building", building, directory.buildings)
        scopes = [place("building", building)]
    if cabinet is not None:
        known("cabinet", cabinet, directory.cabinets)
        fed = (one.id for one in directory.lamps.values() if one.cabinet == cabinet)
        scopes = [place("cabinet", cabinet), *(place("lamp", id) for id in fed)]
    if lamp is not None:
        known("lamp", lamp, directory.lamps)
        scopes = [place("lamp", lamp)]
    feed: LiveFeed = request.app.state.live
    feed.admit()
    return StreamingResponse(feed.changes(*scopes), headers=_HEADERS, media_type="text/event-stream")
