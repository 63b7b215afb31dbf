"""A device's side of the contract over MQTT: batches out, receipts in. Used by replay and by the lamp gateway.

Promise: what `send` took is sent until a receipt names it, as long as this process lives. Not a promise beyond: nothing
is kept on disk; a recording can be replayed, and a lamp's register makes up for a lost reading.

CourierError (ConnectionError)
├── NoBroker    nobody answers at the address
└── NoReceipts  the broker is there, but nobody says that anything was stored
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from bypuls.sim.flight import Flight
from bypuls.wire import WireError, assemble_batch
from bypuls.wire.messages import decode_receipt


class CourierError(ConnectionError):
    """The readings can't be handed over."""


class NoBroker(CourierError):
    """There was no connection for too long."""


class NoReceipts(CourierError):
    """There was no receipt for too long."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The link is up and the receipts are subscribed to."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The link went down."""

    reason: str


Event = Connected | Lost | bytes


class Link(Protocol):
    """A connection to the broker as one device. Its events wait in `incoming`: up, down, and receipts as bytes."""

    @property
    def incoming(self) -> queue.SimpleQueue[Event]:
        """What arrived, in order."""
        ...

    def publish(self, payload: bytes) -> None:
        """Sends a batch with QoS 1; says nothing about its arrival."""
        ...


class Courier:
    """Hands over a device's readings and waits for their receipts.

    patience_s : how long nothing may be receipted before NoBroker or NoReceipts is raised [s].
    """

    def __init__(
        self,
        link: Link,
        device: str,
        epoch: str,
        *,
        flight: Flight | None = None,
        patience_s: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._link = link
        self._device = device
        self._epoch = epoch
        self.flight = flight or Flight(epoch)
        self._patience_s = patience_s
        self._clock = clock
        self._now = now
        self._connected = False
        self._why = "nobody answered"
        self._heard_s = clock()
        self.bad_receipts = 0
        self.sent_again = 0

    @property
    def connected(self) -> bool:
        """Whether the link was up when last looked at."""
        return self._connected

    @property
    def why(self) -> str:
        """Why there is no connection, in the link's words."""
        return self._why

    def send(self, readings: Sequence[bytes], *, twice: bool = False) -> None:
        """Sends a batch, waiting for room. `twice` = a duplicate on purpose. Raises NoBroker, NoReceipts."""
        while not (self._connected and self.flight.room):
            self.poll(1.0)
        if not len(self.flight):
            self._heard_s = self._clock()
        batch = self.flight.take_off(readings, self._clock())
        for _ in range(2 if twice else 1):
            self._publish(batch.first, batch.readings)

    def poll(self, timeout_s: float) -> None:
        """Takes in what arrived within `timeout_s` [s] and sends again what is overdue. Raises NoBroker, NoReceipts."""
        try:
            self._take(self._link.incoming.get(timeout=max(timeout_s, 0.001)))
            while True:
                self._take(self._link.incoming.get_nowait())
        except queue.Empty:
            pass  # nothing more just now
        now_s = self._clock()
        if self._connected:
            for batch in self.flight.again(now_s):
                self.sent_again += 1
                self._publish(batch.first, batch.readings)
        if (len(self.flight) or not self._connected) and now_s - self._heard_s > self._patience_s:
            if not self._connected:
                raise NoBroker(f"no connection for {self._patience_s:g} s: {self._why}")
            raise NoReceipts(
                f"no receipt for {self._patience_s:g} s — is ingest running and device {self._device} known?"
            )

    def settle(self) -> None:
        """Waits until every batch has its receipt. Raises NoBroker, NoReceipts."""
        while len(self.flight):
            self.poll(1.0)

    def _take(self, event: Event) -> None:
        match event:
            case Connected():
                self._connected = True
                for batch in self.flight.again(self._clock(), all_of_them=True):
                    self.sent_again += 1
                    self._publish(batch.first, batch.readings)
            case Lost(reason):
                if self._connected:
                    self._heard_s = self._clock()
                self._connected, self._why = False, reason
            case bytes():
                try:
                    settled = self.flight.land(decode_receipt(event))
                except WireError:
                    self.bad_receipts += 1
                    return
                if settled:
                    self._heard_s = self._clock()

    def _publish(self, first: int, readings: Sequence[bytes]) -> None:
        self._link.publish(assemble_batch(self._device, self._epoch, first, self._now(), readings))
