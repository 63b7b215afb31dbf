"""The application: routes, the page, and what surrounds them."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from bypuls.api.access import RateLimit
from bypuls.api.accounts.account import Accounts
from bypuls.api.bounded import Bounded
from bypuls.api.context import ApiContext
from bypuls.api.directory import DirectorySource
from bypuls.api.kept import Kept
from bypuls.api.latest import latest_of
from bypuls.api.live import LiveFeed
from bypuls.api.middleware import Frame
from bypuls.api.parameters import only_known_parameters
from bypuls.api.problems import ProblemDetails, answer_problems
from bypuls.api.routes import (
    PROBLEMS,
    alarms,
    assessed,
    building_reports,
    buildings,
    citizen_reports,
    climate_accounts,
    exports,
    kept,
    lighting,
    lighting_nights,
    lighting_plan,
    live,
    meters,
    readings,
    registered,
    report_schedules,
    targets,
    today,
    traffic_reports,
    traffic_streets,
    traffic_tables,
)
from bypuls.api.routes import state as states
from bypuls.api.routes.state import new_meters, release
from bypuls.api.web import (
    alarm_pages,
    assets,
    building_pages,
    citizen_pages,
    climate_pages,
    device_pages,
    factor_pages,
    here_pages,
    light_pages,
    pages,
    plan_pages,
    report_pages,
    site_pages,
)
from bypuls.api.web.pages import PageState

_DESCRIPTION = (
    "What a municipality's sensors measure: traffic, street lights, energy, and where it stands against its climate "
    "target. Units stand in the names of fields. Times are ISO 8601; unknown is null, never zero."
)

_LIGHTS_S = 5.0
"""So old the town's lights may be [s]."""
_NIGHTS_S = 600.0
"""So old the lit share of its last nights may be [s]."""


@asynccontextmanager
async def _serving(app: FastAPI) -> AsyncIterator[None]:
    """While the application is served: few threads, since each holds a connection and a page cache of the store; and
    what was loaded at the start is left out of garbage collection, which otherwise stops every tenth long answer for
    a tenth of a second."""
    context: ApiContext = app.state.context
    current_default_thread_limiter().total_tokens = context.settings.threads
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def create_app(context: ApiContext) -> FastAPI:
    """The API and the page on the parts of `context`. The parts stay the caller's: closing them is, too."""
    settings = context.settings
    app = FastAPI(
        title="bypuls",
        version=release(),
        description=_DESCRIPTION,
        lifespan=_serving,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        license_info={"name": "MPL-2.0", "identifier": "MPL-2.0"},
    )
    app.state.context = context
    app.state.directory = DirectorySource(context.registry)
    app.state.rate_limit = RateLimit(settings.rate_per_s, settings.burst)
    app.state.heavy = Bounded(settings.heavy, settings.heavy_wait_s)
    app.state.meters = new_meters()
    app.state.accounts = Accounts(context.store, context.book, settings.zone)
    app.state.lighting = Kept(_LIGHTS_S, most=2)
    app.state.lit = Kept(_NIGHTS_S, most=2)
    app.state.citizen_limit = RateLimit(settings.citizen_reports_per_h / 3600.0, settings.citizen_reports_per_h)
    app.state.targets = targets.TargetsState()
    app.state.live = LiveFeed(
        lambda: latest_of(context.store, app.state.directory().sensors.values(), context.clock()),
        every_s=settings.live_every_s,
        most=settings.most_live_clients,
    )
    answer_problems(app, pages.problem_page)
    for routes in (
        states,
        registered,
        readings,
        meters,
        # Before the targets: /climate/accounts is no target's page.
        climate_accounts,
        assessed,
        building_reports,
        buildings,
        targets,
        traffic_streets,
        traffic_reports,
        traffic_tables,
        today,
        kept,
        alarms,
        exports,
        lighting_plan,
        lighting_nights,
        lighting,
        citizen_reports,
        report_schedules,
        live,
    ):
        app.include_router(routes.router, responses=PROBLEMS, dependencies=[Depends(only_known_parameters)])
    app.state.pages = PageState()
    app.state.site_pages = site_pages.SitePagesState()
    app.state.building_pages = building_pages.BuildingPagesState()
    app.include_router(pages.router)
    app.include_router(site_pages.router)
    app.include_router(here_pages.router)
    app.include_router(alarm_pages.router)
    app.include_router(climate_pages.router)
    app.include_router(building_pages.router)
    app.include_router(light_pages.router)
    app.include_router(plan_pages.router)
    app.include_router(device_pages.router)
    app.include_router(report_pages.router)
    app.include_router(factor_pages.router)
    app.include_router(citizen_pages.router)
    app.include_router(assets.router)
    for files in (assets.SWAGGER, assets.OWN):  # the narrower path first
        app.mount(files.path, files)
    # The innermost first: bodies are counted before, and headers set after, everything else.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)
    app.add_middleware(Frame, most_body_bytes=settings.most_body_bytes, meters=app.state.meters)
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """OpenAPI with keys and problems, the generator's own error shape taken out."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        schema = generate()
        components = schema.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {})
        schemas["ProblemDetails"] = problem
        components["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "a key such as byp_…, with a scope"}
        }
        schema["security"] = [{"key": []}, {}]
        app.openapi_schema = schema
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
