"""Answers that are costly and change slowly, kept for a moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """What `make` said, for `seconds` [s] per key. While one caller makes it anew, the others get the older one."""

    def __init__(self, seconds: float, *, time: Callable[[], float] = monotonic, most: int = 200) -> None:
        self._seconds, self._time, self._most = seconds, time, most
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._held: dict[Hashable, tuple[float, T]] = {}

    def peek(self, key: Hashable) -> T | None:
        """What is held, however old; None where nothing is."""
        held = self._held.get(key)
        return None if held is None else held[1]

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is held and fresh, else what `make` says now."""
        with self._lock:
            held = self._held.get(key)
            if held is not None and self._time() - held[0] < self._seconds:
                return held[1]
            turn = self._making.setdefault(key, threading.Lock())
        if held is not None and not turn.acquire(blocking=False):
            return held[1]
        if held is None:
            turn.acquire()
        try:
            again = self._held.get(key)
            if again is not None and again is not held and self._time() - again[0] < self._seconds:
                return again[1]
            made = make()
            with self._lock:
                if len(self._held) >= self._most:
                    self._held.clear()
                    self._making = {key: turn}
                self._held[key] = (self._time(), made)
            return made
        finally:
            turn.release()
