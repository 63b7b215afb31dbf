"""The nights of a cabinet and of a lamp: what was drawn, quarter by quarter, and what should have been."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from fastapi import APIRouter, Request
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.answers import answer
from bypuls.api.context import ApiContext, Context, Registered
from bypuls.api.lighting.last_nights import LastNight, cabinet_nights, lamp_nights, newest_night
from bypuls.api.models_lighting import NightsModel
from bypuls.api.parameters import TABLES, From, Id, TableForm, TableLang, To
from bypuls.api.periods import interval, local_texts
from bypuls.api.problems import Problem
from bypuls.api.routes.registered import known
from bypuls.api.surveys import midnight
from bypuls.api.tables import table_of

router = APIRouter(
    prefix="/api/v1/lighting", tags=["lighting"], dependencies=[Reader],
    responses=TABLES,
)  # fmt: skip

MOST_NIGHTS = 31
_USUAL = timedelta(days=7)


@router.get("/cabinets/{id}/nights", response_model=NightsModel)
def nights_of_cabinet(
    request: Request, context: Context, directory: Registered, id: Id, start: From = None, to: To = None,
    format: TableForm = "json", lang: TableLang = "en",
) -> Response:  # fmt: skip
    """Power of a cabinet's meters by the quarter of an hour from noon to noon, the last seven nights by default,
    against the nominal power of its lamps by their dimming profiles from civil dusk to dawn."""
    known("id", id, directory.cabinets)
    nights = cabinet_nights(context, directory, id, *_days(context, start, to))
    return _told(request, context, id, nights, format, lang)


@router.get("/lamps/{id}/nights", response_model=NightsModel)
def nights_of_lamp(
    request: Request, context: Context, directory: Registered, id: Id, start: From = None, to: To = None,
    format: TableForm = "json", lang: TableLang = "en",
) -> Response:  # fmt: skip
    """The same of a lamp that is measured by itself."""
    known("id", id, directory.lamps)
    nights = lamp_nights(context, directory, id, *_days(context, start, to))
    return _told(request, context, id, nights, format, lang)


def _days(context: ApiContext, start: str | None, to: str | None) -> tuple[date, date]:
    """First and last day of a request, by whose noon its nights begin.  Raises Problem (422)."""
    zone, newest = context.settings.zone, newest_night(context)
    end = newest + timedelta(days=1)
    default = midnight(end - _USUAL, zone), midnight(end, zone)
    first, last = (at.astimezone(zone) for at in interval(start, to, zone, default=default))
    days = first.date(), min((last - timedelta(microseconds=1)).date(), newest)
    if (days[1] - days[0]).days >= MOST_NIGHTS:
        raise Problem(
            422, "too-long", "The period is too long",
            faults=[("to", days[1].isoformat(), f"at most {MOST_NIGHTS} days after from")],
        )  # fmt: skip
    return min(days[0], newest), days[1]


def _told(
    request: Request, context: ApiContext, id: str, nights: Sequence[LastNight], form: str, lang: str
) -> Response:
    ordered = nights[::-1]
    t_us = np.concatenate([one.t_us for one in ordered])
    starts = local_texts(t_us, context.settings.zone)
    columns = {
        "power_w": np.concatenate([one.power_w for one in ordered]),
        "expected_w": np.concatenate([one.expected_w for one in ordered]),
    }
    if form == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{id}-nights.csv"'}
        body = table_of(starts, columns, danish=lang == "da")
        return answer(request, body, media_type="text/csv; charset=utf-8", headers=headers)
    told = {"id": id, "tz": context.settings.tz, "nights": [str(one.day) for one in ordered], "rows": len(starts)}
    return answer(request, told | {"units": dict.fromkeys(columns, "W"), "columns": {"t": starts, **columns}})
