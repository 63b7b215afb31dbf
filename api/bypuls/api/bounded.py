"""Heavy work, only so much of it at a time."""

from __future__ import annotations

import threading
from types import TracebackType

from bypuls.api.problems import Problem


class Bounded:
    """A context that at most `most` threads are in; others wait up to `wait_s` [s], then Problem (503)."""

    def __init__(self, most: int, wait_s: float) -> None:
        self._turns, self._wait_s = threading.BoundedSemaphore(most), wait_s

    def __enter__(self) -> None:
        if not self._turns.acquire(timeout=self._wait_s):
            raise Problem(
                503,
                "busy",
                "Too many reports are being made just now",
                "expected fewer at a time: try again",
                headers={"Retry-After": "10"},
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._turns.release()
