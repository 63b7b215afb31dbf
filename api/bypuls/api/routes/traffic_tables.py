"""A street's figures by time, and by speed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from bypuls.analysis.histogram_rows import percentile_rows
from bypuls.api.answers import answer
from bypuls.api.audience import Asking
from bypuls.api.context import Context, Registered
from bypuls.api.models_traffic import SiteHistogramModel, SiteSeriesModel
from bypuls.api.parameters import TABLES, From, Id, TableForm, To, Tz
from bypuls.api.periods import Span, edges_of, local_text, span_of, zone_of
from bypuls.api.problems import bad_parameter
from bypuls.api.reports.speed.from_store import Survey, observations_of
from bypuls.api.reports.speed.histograms import histogram_of_people
from bypuls.api.reports.speed.local_days import LocalDays
from bypuls.api.reports.speed.observations import Observations
from bypuls.api.reports.speed.population import population
from bypuls.api.reports.speed.public_view import public_tables
from bypuls.api.reports.speed.registered_place import settings_of
from bypuls.api.routes.registered import known
from bypuls.api.routes.traffic_reports import Direction, Lang
from bypuls.api.surveys import survey_of
from bypuls.api.tables import table_of
from bypuls.api.vehicles import KINDS, row_limits, vehicle_rows

router = APIRouter(prefix="/api/v1/traffic", tags=["traffic"])

_COLUMNS = (
    "n", "mean_kmh", "v50_kmh", "v85_kmh", "max_kmh", "over_limit_n", "over_limit_share", "limit_kmh", "coverage",
)  # fmt: skip
UNITS = dict(
    zip(_COLUMNS, ("vehicles", "km/h", "km/h", "km/h", "km/h", "vehicles", "share", "km/h", "share"), strict=True)
)


@router.get("/{site}/series", response_model=SiteSeriesModel, responses=TABLES)
def series(
    request: Request,
    context: Context,
    directory: Registered,
    asking: Asking,
    site: Id,
    every: Annotated[Literal["15min", "hour", "day"], Query(description="length of a row, in local time")] = "hour",
    start: From = None,
    to: To = None,
    tz: Tz = None,
    direction: Direction = None,
    format: TableForm = "json",
    lang: Lang = "en",
) -> Response:
    """All sensors of a street together: vehicles, speeds, what was over the limit of the day, by time. The public view
    has vehicles by hour, and speeds by day."""
    known("site", site, directory.sites)
    if asking.public:
        if every == "15min":
            bad_parameter("every", every, "hour or day: the public view is no finer")
        survey = survey_of(context, start, to, tz, public=True)
        source = observations_of(context.store, directory, site, survey, direction=direction)
        span = Span(every, survey.zone, edges_of(every, survey.start, survey.end, survey.zone))
        columns = _public_columns(source, survey, span)
    else:
        zone = zone_of(tz or context.settings.tz)
        span = span_of(every, start, to, zone, now=context.clock(), most_rows=context.settings.most_rows)
        with request.app.state.heavy:
            rows = vehicle_rows(
                context.store, directory, directory.sensors_of(kinds=KINDS, site=site), span, direction=direction
            )
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(rows.n > 0.0, rows.over_n / rows.n, np.nan)
        columns = {
            "n": rows.n,
            "mean_kmh": rows.mean_kmh,
            "v50_kmh": rows.v50_kmh,
            "v85_kmh": rows.v85_kmh,
            "max_kmh": rows.max_kmh,
            "over_limit_n": rows.over_n,
            "over_limit_share": share,
            "limit_kmh": row_limits(directory, site, span, direction),
            "coverage": np.minimum(rows.observed_s / span.length_s, 1.0),
        }
    starts = span.starts()
    if format == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{site}-{every}.csv"'}
        body = table_of(starts, columns, danish=lang == "da")
        return answer(request, body, media_type="text/csv; charset=utf-8", headers=headers)
    return answer(
        request,
        {
            "site": site,
            "tz": span.zone.key,
            "every": every,
            "start": starts[0],
            "end": local_text(span.end_us, span.zone),
            "direction": direction,
            "public": asking.public,
            "rows": len(starts),
            "units": {name: UNITS[name] for name in columns},
            "columns": {"t": starts, **columns},
        },
    )


def _public_columns(source: Observations, survey: Survey, span: Span) -> dict[str, np.ndarray[Any, Any]]:
    """Vehicles by hour; or vehicles and speeds by day. Of what is shown alone."""
    tables = public_tables(source, LocalDays(survey.zone.key, survey.start_us, survey.end_us - 1))
    held = tables.counts.bins if span.every == "hour" else tables.speeds.bins
    assert held is not None
    assert held.t_us is not None
    rows, at = len(span.length_s), span.rows_of(held.t_us)
    n = np.bincount(at, held.counts.sum(axis=1), rows).astype(np.float64)
    told = np.bincount(at, np.ones(len(at)) if held.uptime_s is None else held.uptime_s, rows) > 0.0
    columns = {"n": np.where(told | (n > 0.0), n, np.nan)}
    if span.every == "hour":
        return columns
    counts = np.zeros((rows, held.counts.shape[1]))
    np.add.at(counts, at, held.counts)
    for name, p in (("v50_kmh", 50.0), ("v85_kmh", 85.0)):
        columns[name] = percentile_rows(counts, held.lower_kmh, held.upper_kmh, p)
    return columns


@router.get("/{site}/histogram", response_model=SiteHistogramModel, responses=TABLES)
def histogram(
    request: Request,
    context: Context,
    directory: Registered,
    asking: Asking,
    site: Id,
    start: From = None,
    to: To = None,
    tz: Tz = None,
    direction: Direction = None,
    format: TableForm = "json",
    lang: Lang = "en",
) -> Response:
    """How many vehicles drove how fast over a period (the last four weeks by default): classes lower < v ≤ upper, by
    direction and in all."""
    known("site", site, directory.sites)
    survey = survey_of(context, start, to, tz, public=asking.public)
    with request.app.state.heavy:
        source = observations_of(context.store, directory, site, survey, direction=direction)
        if asking.public:
            source = public_tables(source, LocalDays(survey.zone.key, survey.start_us, survey.end_us - 1)).speeds
        days = LocalDays(survey.zone.key, survey.start_us, survey.end_us - 1)
        settings = settings_of(directory, site, survey, direction=direction)
        found = histogram_of_people(population(source, settings, days))
    counts = {"all": found.all, **found.directions}
    if format == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{site}-histogram.csv"'}
        columns = {
            "upper_kmh": np.array([np.nan if one is None else one for one in found.upper_kmh]),
            **{name: np.array(column, dtype=np.float64) for name, column in counts.items()},
        }
        body = table_of([f"{one:g}" for one in found.lower_kmh], columns, danish=lang == "da", first="lower_kmh")
        return answer(request, body, media_type="text/csv; charset=utf-8", headers=headers)
    limits = {limit.limit_kmh for limit in settings.limits}
    return answer(
        request,
        {
            "site": site,
            "tz": survey.zone.key,
            "start": local_text(survey.start_us, survey.zone),
            "end": local_text(survey.end_us, survey.zone),
            "direction": direction,
            "public": asking.public,
            "n": float(sum(found.all)),
            "limit_kmh": limits.pop() if len(limits) == 1 else None,
            "width_kmh": found.width_kmh,
            "lower_kmh": found.lower_kmh,
            "upper_kmh": found.upper_kmh,
            "counts": counts,
        },
    )
