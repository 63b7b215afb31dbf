"""Events for whoever watches: one look at the store for all, a bounded number of listeners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic

from starlette.concurrency import run_in_threadpool

from bypuls.api.answers import body_of
from bypuls.api.latest import Latest, told
from bypuls.api.problems import Problem
from bypuls.store.protocol import StoreError
from bypuls.store.registry import Sensor
from bypuls.wire import to_us

_LONGEST_S = 600.0
_ALIVE_S = 10.0
"""Who watches changes hears something at least so often [s]: nothing for longer means that the connection is gone."""
_AGAIN_MS = 2000
"""After which time a client that has lost its stream comes again [ms]."""

ALL, LIGHTS = "all", "lights"


def scopes_of(sensor: Sensor) -> tuple[str, ...]:
    """Whom a sensor's change concerns: everybody, the watchers of its place, those of the street lights."""
    if sensor.asset is None:
        return (ALL,)
    kind, id = sensor.asset
    return (ALL, place(kind, id), LIGHTS) if kind in ("lamp", "cabinet") else (ALL, place(kind, id))


def place(kind: str, id: str) -> str:
    """The scope of a place's sensors."""
    return f"{kind}:{id}"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the store. number : rising by one.  latest : None where the store can't be read."""

    number: int
    latest: Sequence[Latest] | None


class LiveFeed:
    """Looks every `every_s` [s] while somebody listens, and tells at most `most` listeners, for ten minutes each:
    browsers and clients of server-sent events then connect again by themselves."""

    def __init__(self, look: Callable[[], Sequence[Latest]], *, every_s: float, most: int) -> None:
        self._look, self._every_s, self._most = look, every_s, most
        self._lock = asyncio.Lock()
        self._at, self._held = float("-inf"), Look(0, None)
        self._body: tuple[int, bytes] = (0, b"")
        self._marks: dict[str, tuple[int | None, str]] | None = None
        self._moved: dict[str, int] = {}
        self.listeners = 0

    def admit(self) -> None:
        """Takes a listener in. Raises Problem (503) when there are too many."""
        if self.listeners >= self._most:
            raise Problem(
                503,
                "too-many-listeners",
                "Too many listeners",
                f"expected at most {self._most} open event streams; /api/v1/latest tells the same",
                headers={"Retry-After": "30"},
            )
        self.listeners += 1

    def moved(self, scope: str) -> int:
        """The look that saw the newest change of a scope; what was computed from the store before is older than it."""
        return self._moved.get(scope, 0)

    async def events(self) -> AsyncIterator[bytes]:
        """One listener's `latest` events, as text/event-stream. `admit` comes first."""
        async with aclosing(self._looks()) as looks:
            async for look in looks:
                yield b"event: unavailable\ndata: {}\n\n" if look.latest is None else await self._told(look)

    async def changes(self, *scopes: str) -> AsyncIterator[bytes]:
        """One listener's `changed` events: the first at once, so that nothing is missed between a page and its stream,
        then whenever a sensor of one of the scopes has a new reading or falls silent. `admit` comes first."""
        seen, said, begin = -1, monotonic(), b"retry: %d\n" % _AGAIN_MS
        async with aclosing(self._looks()) as looks:
            async for look in looks:
                now = monotonic()
                if look.latest is None:
                    event, seen = b"unavailable", -1
                elif max(self.moved(scope) for scope in scopes) > seen:
                    event, seen = b"changed", look.number
                elif now - said >= _ALIVE_S:
                    event = b"alive"
                else:
                    continue
                yield begin + b"event: %s\ndata: {}\n\n" % event
                said, begin = now, b""

    async def _looks(self) -> AsyncGenerator[Look, None]:
        end = monotonic() + _LONGEST_S
        try:
            while monotonic() < end:
                yield await self._newest()
                # All wake for the same look: nobody waits for a second pause after it.
                await asyncio.sleep(max(self._at + self._every_s - monotonic(), self._every_s * 0.1))
        finally:
            self.listeners -= 1

    async def _newest(self) -> Look:
        async with self._lock:
            if monotonic() - self._at >= self._every_s * 0.9:
                number = self._held.number + 1
                try:
                    found = await run_in_threadpool(self._look)
                except StoreError:
                    self._held = Look(number, None)
                else:
                    self._note(number, found)
                    self._held = Look(number, found)
                self._at = monotonic()
            return self._held

    def _note(self, number: int, found: Sequence[Latest]) -> None:
        before, self._marks = self._marks, {one.sensor.id: _mark(one) for one in found}
        for one in found:
            if before is None or before.get(one.sensor.id) != self._marks[one.sensor.id]:
                self._moved |= dict.fromkeys(scopes_of(one.sensor), number)

    async def _told(self, look: Look) -> bytes:
        if self._body[0] != look.number:
            body = await run_in_threadpool(_body_of, look.latest or ())
            self._body = look.number, b"event: latest\ndata: " + body + b"\n\n"
        return self._body[1]


def _mark(one: Latest) -> tuple[int | None, str]:
    """What differs as soon as there is something new to tell."""
    return (to_us(one.reading.t) if one.reading is not None and one.reading.t is not None else None), one.state


def _body_of(latest: Sequence[Latest]) -> bytes:
    return body_of([told(one, passages=False) for one in latest])
