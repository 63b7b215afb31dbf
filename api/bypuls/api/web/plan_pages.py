"""What LED and dimming would save: a form whose answer has an address, so that it can be shared."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bypuls.api.context import ApiContext, the_context, the_directory
from bypuls.api.directory import Directory
from bypuls.api.lighting_plan.asked import DEFAULTS, Asked, BadAnswer, asked_of
from bypuls.api.lighting_plan.document import (
    assumptions,
    classes,
    headline,
    light_sentences,
    method,
    rows_table,
    totals,
    unknown,
)
from bypuls.api.lighting_plan.plan import Plan, plan_of
from bypuls.api.lighting_plan.words import PlanWords
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.web.language import language_of
from bypuls.api.web.pages import refused, render

router = APIRouter(include_in_schema=False)

_MOST_ROWS = 40
_MOST_KINDS = 12


@router.get("/lights/plan")
def lighting_plan(request: Request) -> Response:
    """The form with its defaults, or the plan that the address asks for."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    wrong: BadAnswer | None = None
    try:
        asked = asked_of(request.query_params, directory)
    except BadAnswer as error:
        wrong, asked = error, asked_of({}, directory)
    values = dict(asked.values)
    if wrong is not None:
        values |= {name: request.query_params[name] for name in DEFAULTS if name in request.query_params}
    made, why = (None, None) if wrong is not None else _plan(request, context, directory, asked)
    words = PlanWords(language_of(request))
    return render(
        request, "light_plan.html", 422 if wrong is not None else 200, asked=asked, values=values, wrong=wrong, why=why,
        registered=len(directory.lamps), kinds=_kinds(directory),
        types=sorted({one.lamp_type for one in directory.lamps.values() if one.lamp_type not in (None, "LED")}),
        places={"cabinet": directory.cabinets, "site": directory.sites, "group": directory.lamp_groups}, words=words,
        **({} if made is None else _told(made, directory, asked, words)), made=made,
    )  # fmt: skip


def _plan(
    request: Request, context: ApiContext, directory: Directory, asked: Asked
) -> tuple[Plan | None, str | None]:  # fmt: skip
    """The plan, or why there is none: no lamps, no place, no darkness."""
    lamps = asked.lamps(directory)
    if not lamps:
        return None, "no lamps"
    with request.app.state.heavy:
        try:
            return plan_of(
                directory, asked.scenario, now=context.clock(), zone=context.settings.zone, lamps=lamps
            ), None
        except (FileProblem, ValueError):
            return None, "no place"


def _told(made: Plan, directory: Directory, asked: Asked, words: PlanWords) -> dict[str, Any]:
    return {
        "headline": headline(made, words), "unknown": unknown(made, words), "light": light_sentences(made, words),
        "method": method(words), "totals": totals(made, words), "assumptions": assumptions(made, words),
        "rows": rows_table(made, directory, asked.by, words, most=_MOST_ROWS),
        "classes": classes(made, words) if made.classes() else None,
    }  # fmt: skip


def _kinds(directory: Directory) -> list[tuple[str | None, float | None, int]]:
    """The commonest lamps of the register: type, power of one luminaire [W], how many poles."""
    found = Counter(
        (one.lamp_type, None if one.watt is None else round(one.watt / (one.luminaires or 1), 1))
        for one in directory.lamps.values()
    )
    return [(kind, watt, n) for (kind, watt), n in found.most_common(_MOST_KINDS)]
