"""The newest readings as server-sent events."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from bypuls.api.access import Reader
from bypuls.api.live import LiveFeed

router = APIRouter(prefix="/api/v1", tags=["readings"])


@router.get(
    "/live",
    dependencies=[Reader],
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def live(request: Request) -> Response:
    """Every two seconds an event `latest` with what /latest says of all sensors, single passages withheld.

    The stream ends after ten minutes; clients connect again.
    """
    feed: LiveFeed = request.app.state.live
    feed.admit()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(feed.events(), headers=headers, media_type="text/event-stream")
