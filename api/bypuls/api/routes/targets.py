"""A target's measures, and its road year by year with those that are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bypuls.api.access import Reader
from bypuls.api.accounts.account import Accounts
from bypuls.api.answers import answer
from bypuls.api.context import ApiContext, Context, Registered
from bypuls.api.directory import Directory
from bypuls.api.kept import Kept
from bypuls.api.models_targets import MeasuresModel, ScenarioModel
from bypuls.api.parameters import Id
from bypuls.api.routes.assessed import view_of
from bypuls.api.routes.registered import known
from bypuls.api.tables import table_of
from bypuls.api.targets.measured import measured_effects
from bypuls.api.targets.measures import Rates, gap_of, measure_view, measured_together, measures_of, rates_of
from bypuls.api.targets.scenario import chosen_of, road
from bypuls.store.registry import Target

router = APIRouter(prefix="/api/v1", tags=["climate"], dependencies=[Reader])

_MEASURED_S = 300.0


class TargetsState:
    """What is kept of targets: measured effects, which change once a day."""

    def __init__(self) -> None:
        self.measured: Kept[dict[str, list[dict[str, Any]]]] = Kept(_MEASURED_S, most=4)


@dataclass(frozen=True, slots=True)
class Standing:
    """A target with all that its measures are held against."""

    target: Target
    view: dict[str, Any]
    rates: Rates
    today: date


def standing_of(request: Request, context: ApiContext, directory: Directory, target: Target) -> Standing:
    """The target's view, and the factors of its last account."""
    view = view_of(request, context, directory, target.id)
    today = context.clock().astimezone(context.settings.zone).date()
    last = view["accounts"][-1] if view["accounts"] else None
    accounts: Accounts = request.app.state.accounts
    factors = accounts.factors(directory).factors
    return Standing(target, view, rates_of(last, factors, today.year, context.settings.zone), today)


def measured_key(context: ApiContext, directory: Directory) -> tuple[int, date]:
    """What measured effects depend on: the registry's version and the local day."""
    return directory.version, context.clock().astimezone(context.settings.zone).date()


def measured(request: Request, context: ApiContext, directory: Directory) -> dict[str, list[dict[str, Any]]]:
    """What running measures saved, by their ids; added up once a day and registry."""
    state: TargetsState = request.app.state.targets
    now = context.clock()

    def make() -> dict[str, list[dict[str, Any]]]:
        with request.app.state.heavy:
            return measured_effects(context.store, directory, now, context.settings.zone)

    return state.measured.get(measured_key(context, directory), make)


def measures_view(directory: Directory, standing: Standing, effects: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """A target's measures and its gap. effects : what was measured."""
    items = [
        measure_view(directory, standing.target, one, standing.rates, effects, standing.today)
        for one in measures_of(directory, standing.target)
    ]
    return {
        "target": standing.target.id,
        "gap": gap_of(standing.view, items),
        "measured": measured_together(items, standing.rates),
        "items": items,
    }


def scenario_view(directory: Directory, standing: Standing, chosen: str | None) -> dict[str, Any]:
    """The road with the chosen measures.  Raises Problem (404, 422)."""
    target = standing.target
    made = road(standing.view, directory, chosen_of(directory, target, chosen, standing.today), standing.rates)
    columns = made["columns"]
    at = columns["scenario_t"][columns["year"] == target.target_year]
    target_t = standing.view["target_t"]
    gap = float(at[0]) - target_t if at.size and np.isfinite(at[0]) and target_t is not None else None
    return {"target": target.id, "gas": target.gas, "gap_t": gap} | made


@router.get("/climate/{target}/measures", response_model=MeasuresModel)
def measures(request: Request, context: Context, directory: Registered, target: Id) -> Response:
    """A target's measures: what they are planned to save, what was measured since they run, and the gap that remains.

    A measured saving explains the accounts and is never taken off them again. Only measures that haven't started count
    against the gap.
    """
    row: Target = known("target", target, directory.targets)
    standing = standing_of(request, context, directory, row)
    return answer(request, measures_view(directory, standing, measured(request, context, directory)))


@router.get(
    "/climate/{target}/scenario",
    response_model=ScenarioModel,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def scenario(
    request: Request,
    context: Context,
    directory: Registered,
    target: Id,
    measures: Annotated[
        str | None,
        Query(
            max_length=4000,
            description="planned measures with commas between; all of them without, none where it is empty",
            examples=["bibliotek-heat-pump,fleet-electric"],
        ),
    ] = None,
    format: Annotated[Literal["json", "csv"], Query(description="JSON columns, or a table")] = "json",
    lang: Annotated[
        Literal["en", "da"], Query(description="of a table: `da` has semicolons and decimal commas")
    ] = "en",
) -> Response:
    """The road to the target year by year: its line, the accounts, the trend with its interval, and the trend less what
    the chosen measures would save. One that runs can't be chosen: the trend has it already.

    kWh become tonnes by the last account's factors, which fall as the scenario factors (BR18) do.
    """
    row: Target = known("target", target, directory.targets)
    found = scenario_view(directory, standing_of(request, context, directory, row), measures)
    if format == "csv":
        columns = dict(found["columns"])
        years = [str(year) for year in columns.pop("year").tolist()]
        headers = {"Content-Disposition": f'attachment; filename="{target}-road.csv"'}
        body = table_of(years, columns, danish=lang == "da", first="year")
        return answer(request, body, media_type="text/csv; charset=utf-8", headers=headers)
    del found["steps"]
    return answer(request, found)
