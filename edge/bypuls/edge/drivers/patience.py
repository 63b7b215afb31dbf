"""How long a driver bears with bad frames and with silence, and the pace at which it polls.

A single bad frame is the weather of a serial line: it is counted, logged and waited out. Only what persists is raised.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

from bypuls.edge.driver import Garbage, Silent

logger = logging.getLogger(__name__)

Monotonic = Callable[[], float]

# A driver says at least once a second that it runs (bypuls.edge.driver.Driver.readings).
HEARTBEAT_S = 1.0


class BadFrame(ValueError):
    """Bytes that are not what this sensor says. The message shows them and says what was expected."""


class Patience:
    """Counts bad frames and measures silence: `bad_in_a_row` → Garbage, `timeout_s` [s] of silence → Silent."""

    def __init__(
        self,
        sensor: str,
        *,
        timeout_s: float | None,
        bad_in_a_row: int = 10,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self.sensor = sensor
        self.timeout_s = timeout_s
        self.bad_in_a_row = bad_in_a_row
        self.good_frames = 0
        self.bad_frames = 0
        self._in_a_row = 0
        self._monotonic = monotonic
        self._last_good = monotonic()

    def begin(self) -> None:
        """The sensor was opened just now: silence counts from here."""
        self._last_good = self._monotonic()
        self._in_a_row = 0

    def good(self) -> None:
        """A frame that was understood."""
        self.good_frames += 1
        self._in_a_row = 0
        self._last_good = self._monotonic()

    def bad(self, error: ValueError) -> None:
        """A frame that wasn't. Raises Garbage when it is the last one that is borne."""
        self.bad_frames += 1
        self._in_a_row += 1
        logger.warning("sensor %s: bad frame %d: %s", self.sensor, self.bad_frames, error)
        if self._in_a_row >= self.bad_in_a_row:
            raise Garbage(f"sensor {self.sensor}: {self._in_a_row} bad frames in a row, the last: {error}") from error

    def silence_s(self) -> float:
        """Time since the last good frame [s]."""
        return self._monotonic() - self._last_good

    def quiet(self, what: str) -> None:
        """Nothing came just now. Raises Silent where that has lasted longer than `timeout_s`."""
        if self.timeout_s is not None and (silence := self.silence_s()) > self.timeout_s:
            raise Silent(f"sensor {self.sensor}: no {what} for {silence:.1f} s — expected within {self.timeout_s:g} s")


class Schedule:
    """Polls every `interval_s` [s] on the monotonic clock, without drift; polls that were missed are left out."""

    def __init__(self, interval_s: float, stop: threading.Event, monotonic: Monotonic = time.monotonic) -> None:
        self.interval_s = interval_s
        self._stop = stop
        self._monotonic = monotonic

    def ticks(self) -> Iterator[bool]:
        """True when a poll is due, the first at once; False about once a second between. Ends with `stop`."""
        due = self._monotonic()
        while not self._stop.is_set():
            wait = due - self._monotonic()
            if wait > 0:
                if self._stop.wait(min(wait, HEARTBEAT_S)):
                    return
                if self._monotonic() < due:
                    yield False
                    continue
            yield True
            late = self._monotonic() - due
            due += self.interval_s * (1 + max(0, int(late // self.interval_s)))
