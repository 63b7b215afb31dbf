"""How often a server that fails is asked again: at most every second, ever more seldom, never all at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

FIRST_S = 1.0
LONGEST_S = 30.0


class Pace:
    """Lets every request through while all goes well. After a failure: one, then a pause, until one succeeds.

    The pause doubles from 1–2 s to 15–30 s (half of it is chance, so that several clients spread out) and is never
    shorter than the server's own Retry-After. Shared by threads. Not a queue: who is not admitted is told how long.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, chance: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._lock = threading.Lock()
        self._failures = 0
        self._not_before = 0.0

    def admit(self) -> float:
        """0 where a request may go now; otherwise the seconds until one may [s]."""
        with self._lock:
            if not self._failures:
                return 0.0
            now = self._clock()
            if now < self._not_before:
                return self._not_before - now
            # This one looks whether the server is back; nobody else does meanwhile.
            self._not_before = now + FIRST_S
            return 0.0

    def succeeded(self) -> None:
        """The server did what it was asked."""
        with self._lock:
            self._failures = 0

    def failed(self, retry_after_s: float | None = None) -> float:
        """The server did not; gives the pause until the next request [s]."""
        with self._lock:
            self._failures += 1
            longest = min(LONGEST_S, FIRST_S * 2.0 ** min(self._failures, 10))
            pause = max(longest * (0.5 + 0.5 * self._chance()), retry_after_s or 0.0)
            self._not_before = max(self._not_before, self._clock() + pause)
            return self._not_before - self._clock()
