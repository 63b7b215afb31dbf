"""Answers: orjson bytes with an ETag, so that what didn't change isn't sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z


def body_of(payload: Any) -> bytes:
    """`payload` as JSON; NaN is null, datetimes are UTC with Z."""
    return orjson.dumps(payload, option=_OPTIONS)


def answer(
    request: Request,
    payload: Any,
    *,
    max_age_s: int = 0,
    media_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Response:
    """An answer of `payload` (bytes as they are, all else as JSON); 304 where the caller has it already.

    max_age_s : how long it may be used without asking again [s].
    """
    body = payload if isinstance(payload, bytes) else body_of(payload)
    return made_answer(request, body, lambda: body, max_age_s=max_age_s, media_type=media_type, headers=headers)


def made_answer(
    request: Request,
    content: bytes,
    make: Callable[[], bytes],
    *,
    max_age_s: int = 0,
    media_type: str,
    headers: dict[str, str] | None = None,
) -> Response:
    """As `answer`, where making the body takes a while: `content` is all that decides it, and 304 comes before."""
    # Weak: the same content, whatever the compression.
    tag = f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    cache = f"private, max-age={max_age_s}" if max_age_s else "private, no-cache"
    told = {"ETag": tag, "Cache-Control": cache, "Vary": "Authorization, Cookie, Accept-Encoding", **(headers or {})}
    asked = request.headers.get("if-none-match", "")
    if tag in (one.strip() for one in asked.split(",")):
        return Response(status_code=304, headers=told)
    return Response(make(), 200, told, media_type)
