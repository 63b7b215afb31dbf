"""One GPIO input by gpiozero, open for as long as it is read. The pin factory is handed in; None = the machine's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from bypuls.edge.driver import Unplugged

# Pins of the header that carry GPIO, by their BCM numbers.
FIRST_PIN, LAST_PIN = 0, 27

PinFactory = Any  # gpiozero.pins.Factory; gpiozero has no types


@contextlib.contextmanager
def gpio_input(
    sensor: str, pin: int, *, pull_up: bool, pin_factory: PinFactory, on_edge: Callable[[bool], None]
) -> Iterator[Callable[[], bool]]:
    """Calls `on_edge(closed)` at every edge, from gpiozero's thread; gives a function that tells the level now.

    With `pull_up` the contact lies between pin and ground: closed = low. Raises Unplugged where there is no such pin.
    """
    import gpiozero  # only where a GPIO sensor is wired

    try:
        device = gpiozero.DigitalInputDevice(pin, pull_up=pull_up, pin_factory=pin_factory)
    except (gpiozero.GPIOZeroError, OSError) as error:
        raise Unplugged(f"sensor {sensor}: GPIO {pin}: {error}") from error
    try:
        device.when_activated = lambda: on_edge(True)
        device.when_deactivated = lambda: on_edge(False)
        yield lambda: bool(device.is_active)
    finally:
        device.close()
