"""Events for whoever watches: one snapshot for all, a bounded number of listeners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from time import monotonic

from starlette.concurrency import run_in_threadpool

from bypuls.api.problems import Problem
from bypuls.store.protocol import StoreError

_LONGEST_S = 600.0


class LiveFeed:
    """Sends what `snapshot` says every `every_s` [s] to at most `most` listeners, for ten minutes each: browsers and
    clients of server-sent events then connect again by themselves."""

    def __init__(self, snapshot: Callable[[], bytes], *, every_s: float, most: int) -> None:
        self._snapshot, self._every_s, self._most = snapshot, every_s, most
        self._lock = asyncio.Lock()
        self._held: tuple[float, bytes] = (float("-inf"), b"")
        self.listeners = 0

    async def events(self) -> AsyncIterator[bytes]:
        """One listener's events, as text/event-stream. `admit` comes first."""
        end = monotonic() + _LONGEST_S
        try:
            while monotonic() < end:
                yield await self._event()
                await asyncio.sleep(self._every_s)
        finally:
            self.listeners -= 1

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

    async def _event(self) -> bytes:
        async with self._lock:
            if monotonic() - self._held[0] >= self._every_s * 0.9:
                try:
                    body = await run_in_threadpool(self._snapshot)
                    event = b"event: latest\ndata: " + body + b"\n\n"
                except StoreError:
                    event = b"event: unavailable\ndata: {}\n\n"
                self._held = (monotonic(), event)
            return self._held[1]
