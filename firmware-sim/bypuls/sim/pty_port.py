"""A pseudo-terminal that a simulated serial sensor speaks through; the driver opens its `path` like any port."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import threading
import tty
from collections.abc import Callable


class PtyPort:
    """The sensor's end of a pseudo-terminal. `serve` handles what arrives, in a thread of its own, until `stop`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = ""
        self._sensor_end = -1
        self._driver_end = -1
        self._wake_read, self._wake_write = -1, -1
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self, handle: Callable[[bytes], None]) -> None:
        """Opens the pair and hands every bytes that the driver writes to `handle`."""
        self._sensor_end, self._driver_end = pty.openpty()
        # Kept open here, so that the terminal outlives a driver that closes and opens it again.
        tty.setraw(self._driver_end)
        self.path = os.ttyname(self._driver_end)
        os.set_blocking(self._sensor_end, False)
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._serve, args=(handle,), name=self.name, daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Sends `data` to the driver; what nobody reads is lost, as on a wire."""
        with self._lock, contextlib.suppress(BlockingIOError):
            if self._sensor_end >= 0:
                os.write(self._sensor_end, data)

    def stop(self) -> None:
        """Unplugs: the driver's port is gone. May be called twice."""
        if self._thread is None:
            return
        os.write(self._wake_write, b"x")
        self._thread.join()
        self._thread = None
        with self._lock:
            for end in (self._sensor_end, self._driver_end, self._wake_read, self._wake_write):
                os.close(end)
            self._sensor_end = self._driver_end = -1

    def _serve(self, handle: Callable[[bytes], None]) -> None:
        while True:
            ready, _, _ = select.select([self._sensor_end, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            handle(os.read(self._sensor_end, 4096))
