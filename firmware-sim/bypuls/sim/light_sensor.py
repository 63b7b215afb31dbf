"""A BH1750 on an I²C bus that is handed to a driver in place of the kernel's: commands in, two bytes out.

Knows nothing of the driver: commands and counts follow ROHM's data sheet for the BH1750FVI.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Literal

Fault = Literal["none", "unplugged", "dazzled", "never measures"]

_POWER_DOWN, _POWER_ON, _RESET = 0x00, 0x01, 0x07
_ONCE = (0x20, 0x21, 0x23)
_STEADY = (0x10, 0x11, 0x13)


class LightSensor:
    """The sensor at `address`; `opener` goes to a driver. What it measures is asked for at each command to measure."""

    def __init__(self, lux: Callable[[], float], *, address: int = 0x23) -> None:
        self.address = address
        self.fault: Fault = "none"
        self.opened = 0
        self.closed = 0
        self._lux = lux
        self._awake = False
        self._count = 0

    def opener(self, _bus: int) -> LightSensor:
        """The bus that the sensor hangs on."""
        self.opened += 1
        return self

    def write_byte(self, i2c_addr: int, value: int) -> None:
        """A command. Raises OSError as the kernel does where nobody acknowledges."""
        self._answers(i2c_addr)
        if value == _POWER_ON:
            self._awake = True
        elif value == _POWER_DOWN:
            self._awake = False
        elif value == _RESET:
            self._count = 0
        elif value in (*_ONCE, *_STEADY) and self._awake:
            # Two modes measure in half steps: as much light is twice the count.
            half = 2 if value in (0x11, 0x21) else 1
            if self.fault != "never measures":
                self._count = min(0xFFFF, round(self._lux() * 1.2 * half))
            self._awake = value in _STEADY

    def read_two_bytes(self, i2c_addr: int) -> bytes:
        """The last measurement."""
        self._answers(i2c_addr)
        return (0xFFFF if self.fault == "dazzled" else self._count).to_bytes(2, "big")

    def close(self) -> None:
        """Leaves the bus."""
        self.closed += 1

    def _answers(self, i2c_addr: int) -> None:
        if self.fault == "unplugged" or i2c_addr != self.address:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
