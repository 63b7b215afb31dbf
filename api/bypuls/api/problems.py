"""Errors as RFC 9457 problems: what was wrong, which value, what was expected."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NoReturn

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bypuls.store.protocol import Misconfigured, Unavailable

MEDIA_TYPE = "application/problem+json"
_LONGEST_VALUE = 200
_log = structlog.get_logger(__name__)


class Fault(BaseModel):
    """One wrong value."""

    field: str = Field(description="name of the parameter", examples=["every"])
    value: str | None = Field(description="what was sent; null where nothing was", examples=["week"])
    expected: str = Field(description="what would have been right", examples=["15min, hour, day, month or year"])


class ProblemDetails(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(description="which problem it is", examples=["urn:bypuls:problem:bad-parameter"])
    title: str = Field(examples=["A parameter is wrong"])
    status: int = Field(description="the HTTP status", examples=[422])
    detail: str = Field(examples=["every: 'week' — expected 15min, hour, day, month or year"])
    errors: list[Fault] = Field(default_factory=list, description="each wrong value")


class Problem(Exception):
    """An answer that is an error. `code` names the problem for good; `faults` are (field, value, expected)."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str | None = None,
        *,
        faults: Sequence[tuple[str, object, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status, self.code, self.title = status, code, title
        self.faults = [(field, _shown(value), expected) for field, value, expected in faults]
        self.detail = detail or "; ".join(_told(*fault) for fault in self.faults) or title
        self.headers = dict(headers or {})
        super().__init__(self.detail)

    def response(self) -> Response:
        """The problem as an answer."""
        body = {
            "type": f"urn:bypuls:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "errors": [{"field": f, "value": v, "expected": e} for f, v, e in self.faults],
        }
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(orjson.dumps(body), self.status, headers, MEDIA_TYPE)


def bad_parameter(field: str, value: object, expected: str) -> NoReturn:
    """Refuses one value with 422."""
    raise Problem(422, "bad-parameter", "A parameter is wrong", faults=[(field, value, expected)])


def not_found(field: str, value: str, known: Iterable[str]) -> NoReturn:
    """404 for an id that the registry doesn't have, with the nearest one that it has."""
    near = difflib.get_close_matches(value, list(known), 1)
    expected = f"an id of the registry{f'; the nearest is {near[0]}' if near else ''}"
    raise Problem(404, "not-found", "There is no such thing", faults=[(field, value, expected)])


def _shown(value: object) -> str | None:
    if value is None:
        return None
    # Lone surrogates and the like can't be sent back as UTF-8.
    text = str(value).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _told(field: str, value: str | None, expected: str) -> str:
    return f"{field}: {'nothing' if value is None else repr(value)} — expected {expected}"


def _invalid(error: RequestValidationError) -> Problem:
    faults = []
    for one in error.errors():
        where: tuple[Any, ...] = tuple(one["loc"])
        field = ".".join(str(part) for part in where[1:]) or str(where[0])
        context = one.get("ctx") or {}
        if one["type"] == "missing":
            faults.append((field, None, "a value: it is required"))
        elif one["type"] == "literal_error":
            faults.append((field, one.get("input"), str(context["expected"]).replace("'", "")))
        elif one["type"] == "string_pattern_mismatch":
            faults.append((field, one.get("input"), f"text that matches {context['pattern']}"))
        elif one["type"] == "extra_forbidden":
            faults.append((field, one.get("input"), "no such field"))
        elif one["type"] == "string_too_long":
            faults.append((field, one.get("input"), f"at most {context['max_length']} characters"))
        else:
            faults.append((field, one.get("input"), one["msg"].removeprefix("Input should be ")))
    return Problem(422, "bad-parameter", "A parameter is wrong", faults=faults)


def _unavailable(error: Unavailable) -> Problem:
    retry = max(1, round(error.retry_after_s or 5))
    return Problem(503, "store-unavailable", "The data can't be read just now", headers={"Retry-After": str(retry)})


def answer_problems(app: FastAPI, page: Callable[[Request, Problem], Response]) -> None:
    """Makes every error of `app` a problem; what went wrong inside is logged, not told.

    page : makes the answer for people, who ask for HTML outside of /api/.
    """

    def answered(request: Request, problem: Problem) -> Response:
        for_people = not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")
        return page(request, problem) if for_people else problem.response()

    def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answered(request, error)

    def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answered(request, _invalid(error))

    def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        title = HTTPStatus(error.status_code).phrase
        code = title.lower().replace(" ", "-")
        return answered(request, Problem(error.status_code, code, title, str(error.detail), headers=error.headers))

    def on_unavailable(request: Request, error: Exception) -> Response:
        _log.warning("store unavailable", path=request.url.path, error=str(error))
        return answered(request, _unavailable(error if isinstance(error, Unavailable) else Unavailable(str(error))))

    def on_misconfigured(request: Request, error: Exception) -> Response:
        _log.error("store misconfigured", path=request.url.path, error=str(error))
        return answered(request, Problem(503, "store-misconfigured", "The store can't be used as it is set up"))

    def on_anything(request: Request, error: Exception) -> Response:
        _log.error("unexpected error", path=request.url.path, error=repr(error))
        return answered(request, Problem(500, "internal", "Something went wrong inside", "It has been logged."))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Unavailable, on_unavailable)
    app.add_exception_handler(OperationalError, on_unavailable)
    app.add_exception_handler(Misconfigured, on_misconfigured)
    app.add_exception_handler(Exception, on_anything)
