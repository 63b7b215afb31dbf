"""Who may ask: keys with scopes, the demo's open loopback, and how often."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from math import ceil
from time import monotonic
from urllib.parse import urlsplit

from fastapi import Depends, Request

from bypuls.api.context import ApiContext, the_context
from bypuls.api.problems import Problem
from bypuls.api.settings import is_loopback
from bypuls.store.registry import verify_key

COOKIE = "byp_key"
"""The page's sign-in: the key in a cookie that scripts can't read and other sites can't send. To the API it is good for
reading only; the page's own forms take the key's other scopes, too (`form_filler`)."""
LOCAL_USER = "local-user"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `who` is a key's id or an address; `scopes` is empty for nobody in particular."""

    who: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the caller has `scope`; admin has every one."""
        return scope in self.scopes or "admin" in self.scopes


class RateLimit:
    """A token bucket for each caller. Holds the `most` latest ones: a caller that was forgotten starts anew."""

    def __init__(self, rate_per_s: float, burst: int, *, time: Callable[[], float] = monotonic, most: int = 10_000):
        self._rate, self._burst, self._time, self._most = rate_per_s, float(burst), time, most
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, who: str) -> float:
        """Takes a token of `who`: 0.0, or the time [s] until there is one."""
        now = self._time()
        with self._lock:
            tokens, at = self._buckets.pop(who, (self._burst, now))
            tokens = min(self._burst, tokens + (now - at) * self._rate)
            taken = tokens >= 1.0
            self._buckets[who] = (tokens - 1.0 if taken else tokens, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        return 0.0 if taken else (1.0 - tokens) / self._rate


def caller_of(request: Request, context: ApiContext) -> Caller:
    """Who sends the request. A wrong key is nobody, whatever address it comes from.

    Raises Problem (401) for a header that isn't a key.
    """
    address = request.client.host if request.client is not None else "unknown"
    header = request.headers.get("authorization")
    token, scopes_allowed = None, None
    if header is not None:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise _unauthorised("Authorization: expected Bearer and a key")
    elif (cookie := request.cookies.get(COOKIE)) is not None:
        token, scopes_allowed = cookie, frozenset({"read"})
    if token is not None:
        key = verify_key(context.registry, token.strip(), context.clock().astimezone(UTC))
        if key is not None:
            scopes = key.scopes if scopes_allowed is None else _readable(key.scopes)
            return Caller(key.id, scopes)
        if header is not None:
            return Caller(address, frozenset())
    if context.settings.open_on_loopback and _from_this_machine(request, address):
        return Caller(address, frozenset({"read"}))
    return Caller(address, frozenset())


def _readable(scopes: frozenset[str]) -> frozenset[str]:
    return frozenset({"read"}) if scopes & {"read", "admin"} else frozenset()


def _from_this_machine(request: Request, address: str) -> bool:
    """A request of this machine itself: not one that a proxy passed on, nor one for a name that a foreign page made
    point here."""
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    return not forwarded and is_loopback(address) and is_loopback(request.url.hostname)


def _unauthorised(detail: str) -> Problem:
    return Problem(401, "key-needed", "A key is needed", detail, headers={"WWW-Authenticate": 'Bearer realm="bypuls"'})


def refused_without_key() -> Problem:
    """The 401 for those who sent no key that is valid."""
    return _unauthorised("expected a header Authorization: Bearer byp_… with a key that is valid")


def counted(request: Request) -> Caller:
    """The caller, counted against its rate. Raises Problem (401, 429)."""
    context = the_context(request)
    limit: RateLimit = request.app.state.rate_limit
    caller = caller_of(request, context)
    wait_s = limit.wait_s(caller.who)
    if wait_s > 0.0:
        raise Problem(
            429,
            "too-many-requests",
            "Too many requests",
            f"expected at most {context.settings.rate_per_s:g} requests a second on average",
            headers={"Retry-After": str(ceil(wait_s))},
        )
    return caller


def form_caller(request: Request, context: ApiContext) -> Caller:
    """Who would fill in a form of the page: the owner of the key in the cookie, with all its scopes; in the open demo
    the user of this machine."""
    cookie = request.cookies.get(COOKIE)
    if cookie is not None:
        key = verify_key(context.registry, cookie.strip(), context.clock().astimezone(UTC))
        if key is not None:
            return Caller(key.id, key.scopes)
    address = request.client.host if request.client is not None else "unknown"
    if context.settings.open_on_loopback and _from_this_machine(request, address):
        return Caller(LOCAL_USER, frozenset({"read", "write"}))
    return Caller(address, frozenset())


def form_filler(request: Request) -> Caller:
    """Who sends a form of the page itself, counted against its rate. A form that another site sends is refused, though
    the cookie stays at home anyway: in the open demo there is none.  Raises Problem (401, 403, 429)."""
    counted(request)
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    own = urlsplit(origin).netloc == request.headers.get("host") if origin is not None else site == "same-origin"
    if not own or site not in (None, "same-origin"):
        raise Problem(403, "foreign-form", "This form was sent by another site", "expected a form of this page itself")
    caller = form_caller(request, the_context(request))
    if not caller.scopes:
        raise refused_without_key()
    require(caller, "write")
    return caller


def needing(scope: str) -> Callable[[Request], Caller]:
    """A dependency that lets only callers with `scope` pass."""

    def check(request: Request) -> Caller:
        caller = counted(request)
        if not caller.scopes:
            raise refused_without_key()
        require(caller, scope)
        return caller

    return check


def require(caller: Caller, scope: str) -> None:
    """Raises Problem (403) unless the caller has `scope`."""
    if not caller.may(scope):
        raise Problem(
            403,
            "scope-needed",
            "The key may not do this",
            f"scopes: {', '.join(sorted(caller.scopes)) or 'none'} — expected {scope}",
        )


reading = needing("read")
administering = needing("admin")
Reader = Depends(reading)
