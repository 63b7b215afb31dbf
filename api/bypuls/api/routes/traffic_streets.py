"""The town's streets side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bypuls.api.answers import answer
from bypuls.api.audience import Asking
from bypuls.api.context import ApiContext, Context, Registered
from bypuls.api.models import Page
from bypuls.api.models_traffic import StreetModel
from bypuls.api.parameters import From, Limit, Offset, To, Tz
from bypuls.api.reports.speed.from_store import Survey
from bypuls.api.routes.assessed import one_row, week_so_far
from bypuls.api.streets import Order, streets
from bypuls.api.surveys import survey_of

router = APIRouter(prefix="/api/v1", tags=["traffic"])

WEEK_DAYS = 7


@router.get("/traffic", response_model=Page[StreetModel])
def traffic(
    request: Request,
    context: Context,
    directory: Registered,
    asking: Asking,
    start: From = None,
    to: To = None,
    tz: Tz = None,
    order: Annotated[
        Order, Query(description="ranked by V85 over the limit, or by vehicles over it")
    ] = "v85_over_limit",
    school_first: Annotated[bool, Query(description="school ways before all other streets")] = True,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """Every street's speeds (this week so far by default, in public the last seven days), ranked, with its place."""
    survey = streets_survey(context, start, to, tz, public=asking.public)
    span = one_row(context, survey.start, survey.end, survey.zone.key)
    with request.app.state.heavy:
        rows = streets(
            context.store, directory, survey, span, order=order, school_first=school_first, public=asking.public
        )
    return answer(
        request, {"total": len(rows), "limit": limit, "offset": offset, "items": rows[offset : offset + limit]}
    )


def streets_survey(context: ApiContext, start: str | None, to: str | None, tz: str | None, *, public: bool) -> Survey:
    """The period: what is asked for, else this week so far; in public the last seven days.  Raises Problem (422)."""
    if start is None and to is None and not public:
        week = week_so_far(context, context.clock())
        return Survey(week.zone, week.start_us, week.end_us)
    return survey_of(context, start, to, tz, public=public, default_days=WEEK_DAYS)
