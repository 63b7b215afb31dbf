"""The routes under /api/v1/, by what they speak of."""

from __future__ import annotations

from typing import Any

from bypuls.api.problems import ProblemDetails

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
    }
    for status, description in {
        401: "A key is needed",
        403: "The key lacks the scope",
        404: "There is no such thing",
        409: "The data don't carry it",
        413: "The request is too large",
        422: "A parameter is wrong",
        429: "Too many requests",
        503: "The data can't be read just now",
    }.items()
}

__all__ = ["PROBLEMS", "ProblemDetails"]
