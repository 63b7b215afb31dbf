"""What went wrong with a request, told as the store's errors. No message holds the token."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from bypuls.store.protocol import Misconfigured, Unavailable

if TYPE_CHECKING:
    from influxdb_client.rest import ApiException

# How InfluxDB 1.12 says with a 500 that a query's bucket isn't there.
_NO_BUCKET = ("no database", "database not found", "could not find bucket", "retention policy not found")
SHOWN = 300
_LONGEST_RETRY_AFTER_S = 3600.0


class PointsRefused(Exception):
    """The server refused some of a write's points: 400 or 422. What it took of the rest is only sure after a 204."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooLarge(Exception):
    """The server takes no body of this size: 413."""


@contextmanager
def no_points(where: str) -> Iterator[None]:
    """A 400 or 413 to what is no write: this server doesn't understand us, and never will."""
    try:
        yield
    except (PointsRefused, TooLarge) as error:
        raise Misconfigured(f"{where}: {error}"[: 2 * SHOWN]) from None


def translated(error: ApiException, where: str) -> Exception:
    """The store's error for an answer that is no success."""
    message = message_of(error)
    status = error.status
    told = f"{where}: {status} {message}"[: 2 * SHOWN]
    if status == 413:
        return TooLarge(told)
    if status in (400, 422):
        return PointsRefused(message)
    if status == 429 or status >= 500:
        if any(text in message for text in _NO_BUCKET):
            return Misconfigured(told)
        return Unavailable(told, _retry_after_s(error))
    # 401, 403, 404, a redirect, a failed TLS handshake (0): as things are set up, never.
    return Misconfigured(told)


def body_of(error: ApiException) -> str:
    """The answer's body as text."""
    body = error.body
    return body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")


def message_of(error: ApiException) -> str:
    """What the server says: `message` in 2.x, `error` in 1.12."""
    body = body_of(error)
    with contextlib.suppress(json.JSONDecodeError):
        answer = json.loads(body)
        if isinstance(answer, dict):
            body = str(answer.get("message") or answer.get("error") or body)
    return (body or str(error.reason or "")).strip()[: 4 * SHOWN]


def _retry_after_s(error: ApiException) -> float | None:
    """The server's Retry-After: seconds or a date; None where there is none or it can't be read."""
    headers: Mapping[str, str] = error.headers or {}
    text = (headers.get("Retry-After") or "").strip()
    if text.isdecimal():
        return min(float(text), _LONGEST_RETRY_AFTER_S)
    with contextlib.suppress(ValueError):
        wait_s = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        return min(max(wait_s, 0.0), _LONGEST_RETRY_AFTER_S)
    return None
