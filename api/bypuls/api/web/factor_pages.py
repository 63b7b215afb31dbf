"""What energy emits and costs: factors, prices, calorific values and normal years of the registry, with sources."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from bypuls.api.context import ApiContext, the_context, the_directory
from bypuls.api.web.language import language_of
from bypuls.api.web.pages import refused, render
from bypuls.store.registry import Factor, export_csv, hourly_factors, version_order
from bypuls.wire import from_us, to_us

router = APIRouter(include_in_schema=False)

Table = Literal["factor", "factor_choice", "price", "calorific_value", "normal_year"]
_YEAR = timedelta(days=365)
_HOUR_US = 3_600_000_000
_KEY = ("factor_set", "carrier", "scope", "gas", "method", "area", "loss_included", "basis", "purpose", "step", "unit")


@dataclass(frozen=True, slots=True)
class Series:
    """Factors that differ in nothing but their time and version: what one may compare year by year.

    first : the row that says what they are.  rows : of the newest version, rising in time; hourly series have one.
    versions : from the oldest to the newest.
    known : of an hourly series, the share of the last 365 days' hours that has a factor.
    newest : its newest hour [UTC].  mean : of these hours [g/kWh].
    """

    first: Factor
    rows: tuple[Factor, ...]
    versions: tuple[str, ...]
    known: float | None = None
    newest: datetime | None = None
    mean: float | None = None


def series_of(context: ApiContext, factors: Iterable[Factor]) -> dict[str, list[Series]]:
    """The registry's factors by set, in the order of their names."""
    groups: dict[tuple[object, ...], list[Factor]] = {}
    for factor in factors:
        groups.setdefault(tuple(getattr(factor, name) for name in _KEY), []).append(factor)
    found: dict[str, list[Series]] = {}
    for rows in groups.values():
        versions = sorted({row.version for row in rows}, key=version_order)
        newest = sorted((row for row in rows if row.version == versions[-1]), key=lambda row: row.valid_from)
        made = Series(newest[0], tuple(newest), tuple(versions))
        if newest[0].step == "hour":
            made = _hourly(context, made)
        found.setdefault(made.first.factor_set, []).append(made)
    return dict(sorted(found.items()))


def _hourly(context: ApiContext, series: Series) -> Series:
    now = context.clock()
    end_us, start_us = to_us(now), to_us(now - _YEAR)
    t_us, values = hourly_factors(context.registry, series.first, start_us, end_us)
    return Series(
        series.first, series.rows, series.versions,
        known=t_us.size / ((end_us - start_us) / _HOUR_US),
        newest=from_us(int(t_us[-1])) if t_us.size else None,
        mean=float(values.mean()) if t_us.size else None,
    )  # fmt: skip


@router.get("/factors")
def factors(request: Request) -> Response:
    """Every factor that accounts and scenarios may use, what is chosen where several fit, and prices."""
    away = refused(request)
    if away is not None:
        return away
    context, directory = the_context(request), the_directory(request)
    return render(
        request, "factors.html", sets=series_of(context, context.registry.factors()),
        choices=context.registry.factor_choices(), prices=directory.prices,
        calorific_values=directory.calorific_values, normal_years=directory.normal_years,
        today=context.clock().astimezone(context.settings.zone).date(),
    )  # fmt: skip


@router.get("/factors/{table}.csv")
def table(request: Request, table: Table) -> Response:
    """A table of the registry as the page's language has it in Excel; importing the file changes nothing."""
    away = refused(request)
    if away is not None:
        return away
    text = io.StringIO(newline="")
    export_csv(the_context(request).registry, table, text, danish=language_of(request) == "da")
    headers = {"Content-Disposition": f'attachment; filename="{table}.csv"', "Cache-Control": "no-store"}
    return Response(text.getvalue().encode(), 200, headers, "text/csv; charset=utf-8")
