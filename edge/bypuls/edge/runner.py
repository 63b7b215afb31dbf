"""The edge at work: sensors' threads on one side, the publisher's on the other, the outbox between.

This thread commits what arrives in batches, takes the device's health, dates held readings when the clock is set,
deletes what was receipted long ago, and tells systemd that all of it is alive.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from random import Random

from bypuls.edge import health, systemd
from bypuls.edge.clock import Guard
from bypuls.edge.config import Config
from bypuls.edge.outbox import Arrival, Outbox
from bypuls.edge.outbox_file import OutboxError
from bypuls.edge.publisher import Publisher
from bypuls.edge.sensors import MakeDriver, SensorThread, arrival
from bypuls.wire import to_us

log = logging.getLogger(__name__)

_TICK_S = 0.25
_PUBLISHER_SILENT_S = 120.0
_WAITING_ARRIVALS = 10_000  # then the sensors' threads wait: memory is bounded


class Runner:
    """Runs one device.

    make : a sensor's driver.  notify : systemd's socket.  watchdog_s : how often systemd wants a sign of life [s].
    """

    def __init__(
        self,
        config: Config,
        outbox: Outbox,
        guard: Guard,
        publisher: Publisher,
        make: MakeDriver,
        *,
        version: str,
        random: Random,
        notify: systemd.Notify = lambda _state: None,
        watchdog_s: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        shortest_pause_s: float = 1.0,
    ) -> None:
        self._config = config
        self._outbox = outbox
        self._guard = guard
        self._publisher = publisher
        self._version = version
        self._notify = notify
        self._watchdog_s = watchdog_s
        self._monotonic = monotonic
        self._arrivals: queue.Queue[Arrival] = queue.Queue(_WAITING_ARRIVALS)
        self._stopping = threading.Event()
        self._pending: list[Arrival] = []
        self._pending_since = 0.0
        self.sensors = [
            SensorThread(
                sensor,
                make,
                self._deliver,
                guard,
                random=Random(random.random()),
                monotonic=monotonic,
                shortest_pause_s=shortest_pause_s,
            )
            for sensor in config.sensors
        ]

    def stop(self) -> None:
        """Asks `run` to end. From any thread or signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Runs until `stop`; then commits what has arrived and ends within 2 s. Raises OSError where the clock can't be
        asked.
        """
        self._guard.synchronised()
        self._upkeep(self._outbox.release, self._guard.boot)
        publisher = threading.Thread(target=self._publisher.run, name="publisher", daemon=True)
        publisher.start()
        for sensor in self.sensors:
            sensor.start()
        self._notify("READY=1")
        try:
            self._loop()
        finally:
            self._notify("STOPPING=1")
            self._publisher.stop()
            for sensor in self.sensors:
                sensor.stop()
            ends = time.monotonic() + 0.7
            for sensor in self.sensors:
                if not sensor.join(max(0.0, ends - time.monotonic())):
                    log.warning("sensor %s: its driver does not end", sensor.sensor.id)
            self._drain()
            self._commit()
            publisher.join(1.1)
            self._outbox.close()

    def _deliver(self, item: Arrival) -> None:
        """From a sensor's thread: waits while this thread can't keep up."""
        while True:
            try:
                self._arrivals.put(item, timeout=0.5)
                return
            except queue.Full:
                if self._stopping.is_set():
                    log.error("a reading of %s came too late to be committed", item.reading.sensor)
                    return

    def _loop(self) -> None:
        settings = self._config.outbox
        health_at = self._monotonic()
        tick_at = beat_at = 0.0
        while not self._stopping.is_set():
            now = self._monotonic()
            if self._pending and now >= self._pending_since + settings.commit_s:
                self._commit()
            if now >= health_at:
                health_at = max(health_at + self._config.health_interval_s, now)
                self._take_health()
            if now >= tick_at:
                tick_at = now + _TICK_S
                for sensor in self.sensors:
                    sensor.check_alive(now)
                if self._outbox.held():
                    self._date_held()
            if self._watchdog_s is not None and now >= beat_at:
                beat_at = now + self._watchdog_s / 3
                self._beat(now)
            commit_at = self._pending_since + settings.commit_s if self._pending else tick_at
            self._gather(max(0.0, min(tick_at, commit_at, health_at) - now))

    def _gather(self, timeout_s: float) -> None:
        """Waits for an arrival; commits whenever enough are there."""
        try:
            self._add(self._arrivals.get(timeout=timeout_s) if timeout_s else self._arrivals.get_nowait())
            while True:
                self._add(self._arrivals.get_nowait())
        except queue.Empty:
            return

    def _add(self, item: Arrival) -> None:
        if not self._pending:
            self._pending_since = self._monotonic()
        self._pending.append(item)
        if len(self._pending) >= self._config.outbox.commit_rows:
            self._commit()

    def _drain(self) -> None:
        self._gather(0.0)

    def _commit(self) -> None:
        pending, self._pending = self._pending, []
        if pending:
            try:
                self._outbox.append(pending)
            except OutboxError as error:  # two new files in a row were damaged at once
                log.critical("%s; %d readings are lost", error, len(pending))
            self._publisher.wake()

    def _take_health(self) -> None:
        try:
            stats = self._outbox.stats()
            failing = [sensor.sensor.id for sensor in self.sensors if sensor.failing is not None]
            if self._outbox.quarantined:
                failing.append("outbox")
            reading = health.measure(
                self._config.device, self._guard, stats, self._outbox.path.parent, failing, version=self._version
            )
        except OSError as error:
            log.error("health: %s", error)
            return
        self._add(arrival(self._guard, reading))
        anchor = self._guard.anchor()
        if anchor is not None:
            self._upkeep(self._outbox.stamp, anchor)
            now_us = to_us(anchor.at(self._guard.mono_us()))
            self._upkeep(self._outbox.prune, now_us, self._config.outbox.keep_receipted_h * 3600)

    def _date_held(self) -> None:
        anchor = self._guard.anchor()
        if anchor is not None and (count := self._upkeep(self._outbox.stamp, anchor)):
            log.info("the clock is set: %d readings that waited for it have their time", count)
            self._publisher.wake()

    def _upkeep(self, work: Callable[..., int], *args: object) -> int:
        try:
            return work(*args)
        except OutboxError as error:
            log.error("%s", error)
            return 0

    def _beat(self, now: float) -> None:
        """No sign of life while the publisher gives none: systemd then restarts the edge."""
        if now - self._publisher.alive_at < _PUBLISHER_SILENT_S:
            self._notify("WATCHDOG=1")
        else:
            log.critical("the publisher has given no sign of life for %.0f s", now - self._publisher.alive_at)
