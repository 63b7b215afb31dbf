"""One sensor's thread: opens its driver, stamps what it yields, and begins anew when it fails, unnoticed by others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from random import Random

from bypuls.edge.clock import Guard
from bypuls.edge.config import Sensor
from bypuls.edge.driver import BadOption, Driver, Garbage, Timed
from bypuls.edge.outbox import Arrival
from bypuls.wire import Reading

log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 300.0
# A driver that has run that long without a reading, and without raising, is not failing: the street is quiet.
_QUIET_S = 60.0

MakeDriver = Callable[[Sensor], Driver]
Deliver = Callable[[Arrival], None]


def arrival(guard: Guard, item: Reading | Timed) -> Arrival:
    """`item` with the time that the guard vouches for, or without one and with the time since boot."""
    reading, age_s = (item.reading, item.age_s) if isinstance(item, Timed) else (item, 0.0)
    mono_us = guard.mono_us() - round(age_s * 1e6)
    if reading.t is None:
        anchor = guard.anchor()
        if anchor is not None:
            reading = reading.replace_t(anchor.at(mono_us))
    return Arrival(reading, guard.boot, mono_us)


class SensorThread:
    """Keeps one sensor being read until `stop`. `failing` says why it can't be read just now."""

    def __init__(
        self,
        sensor: Sensor,
        make: MakeDriver,
        deliver: Deliver,
        guard: Guard,
        *,
        random: Random,
        monotonic: Callable[[], float] = time.monotonic,
        shortest_pause_s: float = 1.0,
    ) -> None:
        self.sensor = sensor
        self.failing: str | None = None
        self._make = make
        self._deliver = deliver
        self._guard = guard
        self._random = random
        self._monotonic = monotonic
        self._shortest_pause_s = shortest_pause_s
        self._stopping = threading.Event()
        self._driver: Driver | None = None
        self._beat_at = monotonic()
        self._tries = 0
        self._thread = threading.Thread(target=self._run, name=f"sensor-{sensor.id}", daemon=True)

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    def stop(self) -> None:
        """Asks the thread to end, and closes the driver under it."""
        self._stopping.set()
        self._close()

    def join(self, timeout_s: float) -> bool:
        """Waits for the thread's end; whether it came within `timeout_s` [s]."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def check_alive(self, now: float) -> None:
        """Closes a driver that gave no sign of life for `hung_after_s`: it then raises, and begins anew. One that hangs
        on regardless stays listed as failing; a thread can't be ended from outside.
        """
        if self._driver is not None and now - self._beat_at > self.sensor.hung_after_s:
            self._beat_at = now
            self._fail(f"no sign of life for {self.sensor.hung_after_s:g} s")
            self._close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._read()
                reason = "the driver ended by itself"
            except BadOption as error:
                self._fail(f"{error}; not tried again before edge.toml is changed")
                return
            except OSError as error:
                reason = f"{type(error).__name__}: {error}"
            except Exception as error:  # a driver's fault must not end the reading of its sensor
                log.exception("sensor %s: fault in driver %s", self.sensor.id, self.sensor.driver)
                reason = f"{type(error).__name__}: {error}"
            finally:
                self._close()
            if self._stopping.is_set():
                return
            self._fail(reason)
            longest = min(_LONGEST_PAUSE_S, self._shortest_pause_s * 2.0 ** min(self._tries, 20))
            self._tries += 1
            self._stopping.wait(max(self._shortest_pause_s, longest * self._random.uniform(0.5, 1.0)))

    def _read(self) -> None:
        self._beat_at = began = self._monotonic()
        self._driver = driver = self._make(self.sensor)
        for item in driver.readings():
            self._beat_at = self._monotonic()
            if self._stopping.is_set():
                return
            if item is not None:
                self._take(item)
            elif self._beat_at - began < _QUIET_S:
                continue
            self._tries = 0
            if self.failing is not None:
                log.info("sensor %s: works again", self.sensor.id)
                self.failing = None

    def _take(self, item: object) -> None:
        reading = item.reading if isinstance(item, Timed) else item
        if not isinstance(reading, Reading):
            raise Garbage(f"the driver yielded {item!r} — expected a reading")
        if reading.sensor != self.sensor.id:
            raise Garbage(f"the driver yielded a reading of sensor {reading.sensor} — expected {self.sensor.id}")
        if isinstance(item, Timed) and not 0 <= item.age_s < 86_400:
            raise Garbage(f"the driver yielded a reading {item.age_s} s old — expected 0…86400 s")
        self._deliver(arrival(self._guard, replace(item, reading=reading) if isinstance(item, Timed) else reading))

    def _fail(self, reason: str) -> None:
        if reason != self.failing:
            log.warning("sensor %s: %s", self.sensor.id, reason)
        self.failing = reason

    def _close(self) -> None:
        driver = self._driver
        self._driver = None
        if driver is not None:
            try:
                driver.close()
            except Exception:  # closing what is broken already must not stop the next try
                log.exception("sensor %s: closing failed", self.sensor.id)
