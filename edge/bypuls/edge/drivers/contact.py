"""A switch contact on a GPIO pin: a cabinet's door, or the auxiliary contact of its lighting contactor."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Literal

from bypuls.edge.driver import Driver, Timed
from bypuls.edge.drivers.debounce import Debounce
from bypuls.edge.drivers.gpio_input import FIRST_PIN, LAST_PIN, PinFactory, gpio_input
from bypuls.edge.drivers.options import Options
from bypuls.edge.drivers.patience import HEARTBEAT_S, Monotonic
from bypuls.wire import Cabinet

Field = Literal["door_open", "contactor_on"]
FIELDS: tuple[Field, ...] = ("door_open", "contactor_on")

_OPTIONS = ("pin", "field", "closed_means", "pull_up", "debounce_s", "interval_s")


class Contact:
    """A contact that says its state on every change, and every `interval_s` [s] so that silence can be told."""

    def __init__(
        self,
        sensor: str,
        *,
        pin: int,
        field: Field,
        closed_means: bool = True,
        pull_up: bool = True,
        debounce_s: float = 0.05,
        interval_s: float = 300.0,
        pin_factory: PinFactory = None,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self.sensor = sensor
        self._pin = pin
        self._field: Field = field
        self._closed_means = closed_means
        self._pull_up = pull_up
        self._debounce_s = debounce_s
        self._interval_s = interval_s
        self._pin_factory = pin_factory
        self._monotonic = monotonic
        self._stop = threading.Event()
        self._moved = threading.Event()
        self._lock = threading.Lock()
        self._debounce = Debounce(debounce_s, monotonic(), False)
        self._changes: deque[tuple[float, bool]] = deque()

    def describe(self) -> str:
        """Pin, and what the closed contact means."""
        return f"contact at GPIO {self._pin}, closed means {self._field} = {str(self._closed_means).lower()}"

    def close(self) -> None:
        """Ends the iteration, which releases the pin."""
        self._stop.set()
        self._moved.set()

    def readings(self) -> Iterator[Cabinet | Timed | None]:
        """The state at once, at every change, dated back to it, and every `interval_s`. Raises Unplugged."""
        self._stop.clear()
        self._changes.clear()
        with gpio_input(
            self.sensor, self._pin, pull_up=self._pull_up, pin_factory=self._pin_factory, on_edge=self._edge
        ) as closed:
            with self._lock:
                self._debounce = Debounce(self._debounce_s, self._monotonic(), closed())
            yield self._reading(self._debounce.settled)
            due = self._monotonic() + self._interval_s
            while not self._stop.is_set():
                self._wait(due)
                now = self._monotonic()
                with self._lock:
                    self._note(self._debounce.settle(now))
                said = False
                while self._changes:
                    since, level = self._changes.popleft()
                    said = True
                    yield Timed(self._reading(level), now - since)
                if now >= due:
                    due += self._interval_s * (1 + int((now - due) // self._interval_s))
                    said = True
                    yield self._reading(self._debounce.settled)
                if not said:
                    yield None

    def _wait(self, due: float) -> None:
        """Until something moves and has had time to settle, the interval is over, or a second has passed."""
        if self._moved.wait(max(0.0, min(HEARTBEAT_S, due - self._monotonic()))):
            self._moved.clear()
            self._stop.wait(self._debounce_s)

    def _edge(self, closed: bool) -> None:
        with self._lock:
            self._note(self._debounce.edge(self._monotonic(), closed))
        self._moved.set()

    def _note(self, change: tuple[float, bool] | None) -> None:
        if change is not None:
            self._changes.append(change)

    def _reading(self, closed: bool) -> Cabinet:
        value = closed is self._closed_means
        if self._field == "door_open":
            return Cabinet(sensor=self.sensor, door_open=value)
        return Cabinet(sensor=self.sensor, contactor_on=value)


def configure(sensor: str, options: Mapping[str, object]) -> Driver:
    """The contact of `sensor`. Raises BadOption."""
    given = Options(sensor, options, _OPTIONS)
    return Contact(
        sensor,
        pin=given.whole("pin", low=FIRST_PIN, high=LAST_PIN),
        field=given.choice("field", FIELDS),
        closed_means=given.flag("closed_means", True),
        pull_up=given.flag("pull_up", True),
        debounce_s=given.number("debounce_s", 0.05, low=0, high=5),
        interval_s=given.number("interval_s", 300.0, low=0.1, high=86_400),
    )
