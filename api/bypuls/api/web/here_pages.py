"""The part of a street's and of a building's page that says what their sensors say now."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bypuls.api.context import ApiContext, the_context, the_directory
from bypuls.api.directory import Directory
from bypuls.api.here_now import sensors_now
from bypuls.api.parameters import Id
from bypuls.api.routes.registered import known
from bypuls.api.vehicles import KINDS
from bypuls.api.web.pages import refused, render

router = APIRouter(include_in_schema=False)


def street_now(context: ApiContext, directory: Directory, site: str) -> dict[str, Any]:
    """What the sensors of traffic of a street say now."""
    now = context.clock()
    return {"here": sensors_now(context.store, directory.sensors_of(kinds=KINDS, site=site), now), "at": now}


def building_now(context: ApiContext, directory: Directory, building: str) -> dict[str, Any]:
    """What the meters of a building say now."""
    now = context.clock()
    return {
        "here": sensors_now(context.store, directory.sensors_of(kinds=("meter",), building=building), now),
        "at": now,
    }


@router.get("/fragments/sites/{id}/now")
def street_fragment(request: Request, id: Id) -> Response:
    """A street's sensors now."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    known("id", id, directory.sites)
    return render(request, "_here_now.html", **street_now(context, directory, id))


@router.get("/fragments/buildings/{id}/now")
def building_fragment(request: Request, id: Id) -> Response:
    """A building's meters now."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    known("id", id, directory.buildings)
    return render(request, "_here_now.html", **building_now(context, directory, id))
