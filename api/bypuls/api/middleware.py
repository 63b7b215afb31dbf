"""Around every answer: security headers, the longest body, and how long it took."""

from __future__ import annotations

from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bypuls.api.problems import Problem
from bypuls.api.routes.state import Meters


def content_policy(images_of: str | None = None) -> str:
    """What a page may load: of this server alone, and images of one further origin where it is given."""
    images = "img-src 'self' data:" + (f" {images_of}" if images_of else "")
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; {images}; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


_HEADERS = {
    "Content-Security-Policy": content_policy(),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]


class _TooLarge(Exception):
    """The body grew beyond its limit while it came in."""


class Frame:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, *, most_body_bytes: int, meters: Meters) -> None:
        self._app, self._most, self._meters = app, most_body_bytes, meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, sent = perf_counter(), 500, False

        async def framed(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status, sent = message["status"], True
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(h for h in _RAW_HEADERS if h[0] not in present)]
            await send(message)

        got = 0

        async def bounded() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > self._most:
                raise _TooLarge
            return message

        try:
            if self._announced(scope) > self._most:
                raise _TooLarge
            await self._app(scope, bounded, framed)
        except _TooLarge:
            if sent:
                raise
            problem = Problem(413, "too-large", "The request is too large", f"expected at most {self._most} bytes")
            await problem.response()(scope, receive, framed)
        finally:
            route = getattr(scope.get("route"), "path", None) or "other"
            self._meters.requests.labels(scope["method"], route, str(status)).inc()
            self._meters.seconds.labels(route).observe(perf_counter() - began)

    @staticmethod
    def _announced(scope: Scope) -> int:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                return int(value)
        return 0
