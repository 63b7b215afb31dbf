"""Style sheets, scripts and pictures of the page, under addresses that change with their content: a browser keeps them
for good, and after an upgrade it asks for the new ones."""

from __future__ import annotations

import os
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bypuls.api.reports.building.html import style_sheet as building_style
from bypuls.api.reports.speed.render.html import style_sheet as speed_style

router = APIRouter(include_in_schema=False)

REPORT_STYLE = "/report.css"
_FOR_GOOD, _ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
_DIGITS = 12


class Assets(StaticFiles):
    """A package's files below a path. What is asked for by its version is kept for good, anything else is asked for
    again, when the ETag may spare sending it."""

    def __init__(self, path: str, package: str) -> None:
        super().__init__(packages=[(package, "static")])
        self.path = path

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, or 304 where the browser has it.  Raises HTTPException (404, 405)."""
        response = await super().get_response(path, scope)
        full_path, found = self.lookup_path(path)
        if found is not None:
            version = await anyio.to_thread.run_sync(_of_file, full_path, found.st_mtime_ns, found.st_size)
            response.headers["Cache-Control"] = caching(scope, version)
        return response

    def version(self, address: str) -> str:
        """The version of a file by its address.  Raises LookupError where there is none."""
        full_path, found = self.lookup_path(address.removeprefix(self.path).removeprefix("/"))
        if found is None:
            raise LookupError(f"static: {address!r} — expected a file that {self.path} has")
        return _of_file(full_path, found.st_mtime_ns, found.st_size)


SWAGGER = Assets("/static/swagger", "fastapi_offline")
OWN = Assets("/static", "bypuls.api")


def static(address: str) -> str:
    """The address of a file with its version, for templates: /static/bypuls.css?v=0123456789ab.

    Raises LookupError where there is no such file.
    """
    if address == REPORT_STYLE:
        return f"{address}?v={_of(report_style())}"
    for assets in (SWAGGER, OWN):
        if address.startswith(f"{assets.path}/"):
            return f"{address}?v={assets.version(address)}"
    raise LookupError(f"static: {address!r} — expected {REPORT_STYLE} or an address below {OWN.path}")


@lru_cache(1)
def report_style() -> bytes:
    """The style sheet of reports inside pages."""
    return (speed_style() + building_style()).encode()


@router.get(REPORT_STYLE)
def report_style_sheet(request: Request) -> Response:
    """The style sheet of reports, or 304 where the browser has it."""
    version = _of(report_style())
    headers = {"Cache-Control": caching(request.scope, version), "ETag": f'"{version}"'}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    return Response(report_style(), 200, headers, "text/css; charset=utf-8")


def caching(scope: Scope, version: str) -> str:
    """How long what is asked for may be kept: for good where the address names the version that is there."""
    return _FOR_GOOD if parse_qs(scope["query_string"].decode("latin-1")).get("v") == [version] else _ASK_AGAIN


# By time and size: a file that is exchanged under a running server is never kept under its old version.
@lru_cache(256)
def _of_file(path: str | os.PathLike[str], _mtime_ns: int, _size: int) -> str:
    return _of(Path(path).read_bytes())


def _of(content: bytes) -> str:
    return sha256(content).hexdigest()[:_DIGITS]
