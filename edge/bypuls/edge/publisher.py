"""Brings the outbox's rows to the platform and takes its receipts: at least once, in batches, over one connection.

A row is receipted by the platform's receipt alone; the broker's acknowledgement says nothing about a reading's fate.
One thread does it all. It is fed by a queue; what to send next is `Window`'s decision.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bypuls.edge.clock import Guard
from bypuls.edge.crash import crash_point
from bypuls.edge.link import Acknowledged, Connected, Connector, Ended, Event, Link, Received
from bypuls.edge.outbox import Outbox, Rows
from bypuls.edge.outbox_file import OutboxDamaged, OutboxUnwritable
from bypuls.edge.plants import Plants
from bypuls.edge.spans import Span
from bypuls.edge.window import Window
from bypuls.wire import Identify, SendAgain, Status, WireError, assemble_batch, to_us
from bypuls.wire.messages import decode_command, decode_receipt
from bypuls.wire.topics import parse_topic, topic

log = logging.getLogger(__name__)

_CONNECT_S = 20.0  # a connection that is not up by then is given up
_LONGEST_PAUSE_S = 60.0
_TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class _Wake:
    """There may be something new to do."""


class Publisher:
    """One device's publisher.

    connect : makes a link.  monotonic : [s].  identify : makes the device known to whoever stands before it.
    `counts` says what was ignored and why.
    """

    def __init__(
        self,
        outbox: Outbox,
        guard: Guard,
        connect: Connector,
        *,
        device: str,
        version: str,
        random: Random,
        monotonic: Callable[[], float] = time.monotonic,
        identify: Callable[[], None] = lambda: None,
        plants: Plants | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.alive_at = monotonic()
        self._outbox = outbox
        self._guard = guard
        self._connect = connect
        self._device = device
        self._version = version
        self._random = random
        self._monotonic = monotonic
        self._identify = identify
        self._plants = plants or Plants()
        self._events: queue.SimpleQueue[Event | _Wake] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._window = Window(random)
        self._link: Link | None = None
        self._generation = 0
        self._up = False
        self._since = 0.0
        self._connect_at = monotonic()
        self._failures = 0
        self._planted: dict[int, Span] = {}

    @property
    def connected(self) -> bool:
        """Whether a connection stands."""
        return self._up

    def wake(self) -> None:
        """Says that rows were committed. From any thread."""
        self._events.put(_Wake())

    def stop(self) -> None:
        """Asks `run` to end. From any thread."""
        self._stopping.set()
        self.wake()

    def run(self) -> None:
        """Works until `stop`. Whatever goes wrong inside is logged and begun anew with a pause."""
        while not self._stopping.is_set():
            try:
                self.step(_TICK_S)
            except OutboxUnwritable as error:
                log.error("%s; trying again", error)
                self._stopping.wait(_TICK_S)
            except ConnectionError as error:
                self._disconnected(str(error))
            except OutboxDamaged as error:
                log.error("%s; sending goes on with a new outbox", error)
                self._begin_anew("the outbox is new")
            except Exception:
                log.exception("the publisher failed; it begins anew")
                self._begin_anew("a fault of the edge")
        if self._link is not None:
            self._link.close((topic(self._device, "status"), self._status(online=False)) if self._up else None)

    def step(self, timeout_s: float) -> None:
        """Waits up to `timeout_s` [s] for something to happen, deals with all that did, and sends what is due.
        Raises ConnectionError, OutboxDamaged, OutboxUnwritable.
        """
        now = self._monotonic()
        self.alive_at = now
        self._keep_connected(now)
        due = self._window.wake_at(now) if self._up else self._connect_at if self._link is None else None
        if due is not None:
            timeout_s = min(timeout_s, max(0.0, due - now))
        try:
            event = self._events.get(timeout=timeout_s)
            while True:
                self._handle(event)
                event = self._events.get_nowait()
        except queue.Empty:
            pass  # all events are dealt with
        if self._up and not self._stopping.is_set():
            self._send_due()

    def _keep_connected(self, now: float) -> None:
        if self._link is None:
            if now >= self._connect_at and not self._stopping.is_set():
                self._generation += 1
                self._since = now
                self._link = self._connect(self._generation, self._events.put)
                self._link.open()
        elif not self._up and now - self._since > _CONNECT_S:
            self._disconnected(f"no connection after {_CONNECT_S:.0f} s")

    def _disconnected(self, reason: str) -> None:
        """Drops the link; the next is due after a jittered pause that doubles while connections fail."""
        if self._link is None:
            return
        link, self._link = self._link, None
        link.close()
        now = self._monotonic()
        self._failures = 0 if self._up and now - self._since > _LONGEST_PAUSE_S else self._failures + 1
        self._up = False
        pause = min(_LONGEST_PAUSE_S, 2.0 ** min(self._failures - 1, 10)) * self._random.uniform(0.5, 1.0)
        self._connect_at = now + pause
        log.warning("not connected: %s; next attempt in %.1f s", reason, pause)

    def _begin_anew(self, reason: str) -> None:
        self._window = Window(self._random)
        self._disconnected(reason)
        self._stopping.wait(_TICK_S)

    def _handle(self, event: Event | _Wake) -> None:
        if isinstance(event, _Wake):
            return
        if event.generation != self._generation or self._link is None:
            self.counts["earlier connection"] += 1
            return
        match event:
            case Connected():
                self._up = True
                self._since = self._monotonic()
                self._window.reconnected()
                self._planted.clear()
                log.info("connected (connection %d)", event.generation)
                self._link.publish(topic(self._device, "status"), self._status(online=True), retain=True)
            case Ended():
                self._disconnected(event.reason)
            case Acknowledged():
                self._acknowledged(event)
            case Received():
                try:
                    self._received(event)
                except WireError as error:
                    self.counts["undecodable"] += 1
                    log.warning("message on %s: %s", event.topic, error)

    def _received(self, event: Received) -> None:
        device, channel = parse_topic(event.topic)
        if device != self._device or channel not in ("receipts", "commands"):
            self.counts["foreign topic"] += 1
        elif channel == "receipts":
            self._receipt(event.payload)
        else:
            self._command(event.payload)

    def _receipt(self, payload: bytes) -> None:
        receipt = decode_receipt(payload)
        crash_point("publisher.on_receipt")
        spans = [*receipt.stored, *((refusal.seq, refusal.seq) for refusal in receipt.refused)]
        bounds = self._outbox.bounds(receipt.epoch)
        if bounds is None:
            self.counts["receipt of another epoch"] += 1
            return
        own = [(max(first, bounds[0]), min(last, bounds[1])) for first, last in spans]
        believed = self._window.receipted([(a, b) for a, b in own if a <= b], self._monotonic())
        self._failures = 0
        if _total(believed) < _total(spans):
            self.counts["receipt of what was not sent"] += 1
        for refusal in receipt.refused:
            log.warning("the platform refuses row %d: %s", refusal.seq, refusal.reason)
        if believed:
            self._outbox.receipt(believed, self._now_us())

    def _command(self, payload: bytes) -> None:
        command = decode_command(payload)
        match command:
            case Identify():
                log.warning("IDENTIFY: this is %s", self._device)
                self._identify()
            case SendAgain(since=None, epoch=str(epoch), first=int(first), last=int(last)):
                bounds = self._outbox.bounds(epoch)
                count = 0
                if bounds is not None:
                    count = self._outbox.again([(max(first, bounds[0]), min(last, bounds[1]))])
                log.info("asked for %s %d…%d again: %d rows are still here", epoch, first, last, count)
            case SendAgain(since=since) if since is not None:
                count = self._outbox.again(list(self._outbox.since(to_us(since))))
                log.info("asked for everything since %s again: %d rows are still here", since, count)

    def _acknowledged(self, event: Acknowledged) -> None:
        span = self._planted.pop(event.message, None)
        if span is not None:
            self._outbox.receipt([span], self._now_us())

    def _send_due(self) -> None:
        while self._link is not None:
            waiting = self._outbox.waiting()
            span = self._window.next(waiting, self._monotonic())
            if span is None:
                return
            rows = self._outbox.batch(*span)
            if rows is None or rows.first != span[0]:
                continue  # a damaged row was taken away: what waits has changed
            crash_point("publisher.before_publish")
            message = self._link.publish(topic(self._device, "readings"), self._assemble(rows))
            crash_point("publisher.after_publish")
            self._window.sent(rows.first, rows.last, self._monotonic())
            if self._plants.delete_on_puback:
                self._planted[message] = (rows.first, rows.last)

    def _assemble(self, rows: Rows) -> bytes:
        # `sent` is this device's wall clock also where nobody vouches for it: it dates no reading.
        return assemble_batch(self._device, rows.epoch, rows.first, self._guard.wall(), rows.bodies)

    def _status(self, *, online: bool) -> bytes:
        return Status(self._device, online, self._outbox.epoch, self._guard.now(), self._version).encode()

    def _now_us(self) -> int | None:
        now = self._guard.now()
        return None if now is None else to_us(now)


def will(device: str, epoch: str, version: str) -> bytes:
    """The status that the broker publishes when the device falls silent; without a time: nobody knows it beforehand."""
    return Status(device, online=False, epoch=epoch, version=version).encode()


def _total(spans: list[Span]) -> int:
    return sum(last - first + 1 for first, last in spans)
