"""The town for other platforms: NGSI-LD entities."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bypuls.api.access import needing
from bypuls.api.answers import answer
from bypuls.api.context import Context, Registered
from bypuls.api.exports.ngsi_ld import EntityType, entities
from bypuls.api.parameters import Limit, Offset
from bypuls.api.routes.lighting import town_of

router = APIRouter(prefix="/api/v1/exports", tags=["exports"], dependencies=[Depends(needing("export"))])
_LD: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A list of entities; NGSILD-Results-Count says how many there are in all, Left-Out how many "
        "lack something that the model asks for",
        "content": {"application/ld+json": {"schema": {"type": "array", "items": {"type": "object"}}}},
    }
}


@router.get("/ngsi-ld", responses=_LD, response_class=Response)
def ngsi_ld(
    request: Request,
    context: Context,
    directory: Registered,
    type: Annotated[EntityType, Query(description="the model of the entities")],
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """Street lights, their cabinets or streets' traffic of the last whole quarter, as a broker takes them. What isn't
    known is left out, never invented."""
    with request.app.state.heavy:
        found, left_out = entities(
            type, context.store, directory, context.clock(), context.settings.zone,
            lambda: town_of(request, context, directory),
        )  # fmt: skip
    headers = {"NGSILD-Results-Count": str(len(found)), "Left-Out": str(left_out)}
    return answer(request, found[offset : offset + limit], media_type="application/ld+json", headers=headers)
