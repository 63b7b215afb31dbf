"""Reports of dark or unsafe places by anybody, where the operator turned it on."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bypuls.api.access import Caller, RateLimit, counted, needing
from bypuls.api.answers import answer
from bypuls.api.context import ApiContext, Context, Registered
from bypuls.api.lighting.citizens import Category, near, taken
from bypuls.api.problems import Problem
from bypuls.store.book import CitizenReports

router = APIRouter(prefix="/api/v1/lighting", tags=["lighting"])

Writer = Annotated[Caller, Depends(needing("write"))]


class CitizenReportModel(BaseModel):
    """A report. There is no field for who writes it, and none for a photo."""

    model_config = ConfigDict(extra="forbid")

    category: Category = Field(examples=["dark"])
    text: str = Field(default="", max_length=500, description="what is wrong, in a few words")
    address: str = Field(default="", max_length=200, examples=["Skolevej 12"])
    lamp: str = Field(default="", max_length=200, description="a lamp's number", examples=["lamp-1-04"])
    lat: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)
    lon: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)


class TakenModel(BaseModel):
    """What became of it."""

    state: Literal["taken"]
    lamps: list[str] = Field(description="the lamps near by that it may mean", examples=[["lamp-1-04"]])


class ClosedModel(BaseModel):
    """A report that somebody has seen to."""

    state: Literal["closed"]


def may_report(request: Request, context: ApiContext) -> None:
    """Raises Problem (404) where reports are off, (429) for an address that sent too many. The address is counted in
    memory alone, and kept nowhere."""
    if not context.settings.citizen_reports:
        raise Problem(404, "not-found", "There is no such thing", "reports of citizens are off here")
    limit: RateLimit = request.app.state.citizen_limit
    wait_s = limit.wait_s(request.client.host if request.client is not None else "unknown")
    if wait_s > 0.0:
        raise Problem(
            429, "too-many-requests", "Too many requests",
            f"expected at most {context.settings.citizen_reports_per_h} reports an hour",
            headers={"Retry-After": str(ceil(wait_s))},
        )  # fmt: skip


def full() -> Problem:
    """Too many wait."""
    return Problem(503, "unavailable", "The data can't be read just now", "too many reports wait to be seen to")


@router.post("/reports", response_model=TakenModel)
def report(request: Request, context: Context, directory: Registered, body: CitizenReportModel) -> Response:
    """Reports a dark or unsafe place. No key; a few an hour from one address. 404 where the operator has it off."""
    counted(request)
    may_report(request, context)
    kept = taken(context, directory, body.category, body.text, body.address, body.lamp, body.lat, body.lon)
    if kept is None:
        raise full()
    return answer(request, {"state": "taken", "lamps": [row.id for row in near(directory, kept)]})


@router.post("/reports/{id}/close", response_model=ClosedModel)
def close(
    request: Request, context: Context, _caller: Writer,
    id: Annotated[int, Path(ge=1, le=2**62, description="a report's number", examples=[3])],
) -> Response:  # fmt: skip
    """Somebody has seen to a report: it leaves the work list. Needs the scope write."""
    if not CitizenReports(context.registry).close(id, context.now_us()):
        raise Problem(404, "not-found", "There is no such thing", faults=[("id", id, "the number of a waiting report")])
    return answer(request, {"state": "closed"})
