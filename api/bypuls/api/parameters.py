"""Parameters that several routes share: ids, pages, periods."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from bypuls.api.problems import Problem

ID_PATTERN = "^[a-z0-9][a-z0-9-]{0,62}$"
_MOMENT_LENGTH = 40

Id = Annotated[str, Path(pattern=ID_PATTERN, description="an id of the registry", examples=["maaloev-hovedgade"])]
IdFilter = Annotated[str | None, Query(pattern=ID_PATTERN, description="only those of this id")]
Kind = Annotated[
    Literal["lamp", "passage", "traffic_bin", "meter", "cabinet", "weather", "health"] | None,
    Query(description="only sensors of this kind"),
]
TableForm = Annotated[Literal["json", "csv"], Query(description="JSON columns, or a table")]
TableLang = Annotated[Literal["en", "da"], Query(description="of a table: `da` has semicolons and decimal commas")]
TABLES: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
"""The `responses` of routes that answer with a table, too."""
Limit = Annotated[int, Query(ge=1, le=1000, description="at most so many entries")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="leave out so many entries first")]
From = Annotated[
    str | None,
    Query(
        alias="from",
        max_length=_MOMENT_LENGTH,
        description="the first moment: a local day, or a time with its offset",
        examples=["2026-11-01"],
    ),
]
To = Annotated[
    str | None,
    Query(
        max_length=_MOMENT_LENGTH,
        description="the first moment that no longer belongs to it: a local day, or a time with its offset",
        examples=["2026-11-23"],
    ),
]
Tz = Annotated[
    str | None,
    Query(
        max_length=64, description="zone of local days; the platform's own by default", examples=["Europe/Copenhagen"]
    ),
]


def only_known_parameters(request: Request) -> None:
    """Refuses parameters that the route doesn't have: a misspelt filter must not widen an answer. Raises Problem."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute) or not route.include_in_schema:
        return
    # From the route itself: describing the whole API takes most of a second, in which the first who asks would wait.
    fields = get_flat_params(route.dependant)
    known = {field.alias for field in fields if isinstance(field.field_info, params.Query)}
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        expected = f"one of {', '.join(sorted(known))}" if known else "no parameters"
        raise Problem(
            422,
            "unknown-parameter",
            "A parameter is unknown",
            faults=[(name, request.query_params[name], expected) for name in unknown],
        )
