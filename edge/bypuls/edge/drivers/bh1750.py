"""Ambient light by a BH1750 on I²C: where the lamps of a cabinet are switched, or beside a single lamp."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, cast

from bypuls.edge.driver import Driver, Unplugged
from bypuls.edge.drivers.bus import Bus, bus_at
from bypuls.edge.drivers.options import Options
from bypuls.edge.drivers.patience import BadFrame, Monotonic, Patience, Schedule
from bypuls.edge.drivers.polling import polled
from bypuls.wire import Reading, Weather

_OPTIONS = ("bus", "address", "window", "interval_s", "timeout_s")

POWER_ON = 0x01
ONCE_HIGH_RESOLUTION = 0x20  # 1 lx steps; the sensor sleeps again afterwards
MEASURES_S = 0.18  # at most, by the data sheet

_COUNTS_PER_LUX = 1.2
_ADDRESSES = (0x23, 0x5C)  # pin ADDR low, high


def decode_lux(raw: bytes, *, window: float = 1.0) -> float:
    """Illuminance [lx] of a measurement in high resolution.

    raw : two bytes, the most significant first.  window : share of the light that the cover lets through, 0…1.
    Raises BadFrame, also for the greatest count: the light is beyond what the sensor can tell.
    Source: ROHM, BH1750FVI data sheet, "Measurement procedure example": 0x8390 → 28,067 lx.
    """
    if len(raw) != 2:
        raise BadFrame(f"{raw.hex(' ')} — expected two bytes")
    count = int.from_bytes(raw, "big")
    if count == 0xFFFF:
        raise BadFrame("ff ff — expected less: the sensor is dazzled, or nothing drives the bus")
    return round(count / _COUNTS_PER_LUX / window, 1)


class I2cBus(Protocol):
    """What is used of smbus2's SMBus; a test hands in its own. Raises OSError where nobody answers."""

    def write_byte(self, i2c_addr: int, value: int) -> None:
        """Sends one byte."""
        ...

    def read_two_bytes(self, i2c_addr: int) -> bytes:
        """Two bytes in one transaction, without naming a register first."""
        ...

    def close(self) -> None:
        """Releases the bus."""
        ...


class Bh1750:
    """The sensor at `address` on I²C bus `bus`. The bus is opened for each measurement, so that others can use it."""

    def __init__(
        self,
        sensor: str,
        *,
        bus: int = 1,
        address: int = 0x23,
        window: float = 1.0,
        interval_s: float = 60.0,
        timeout_s: float = 300.0,
        opener: Callable[[int], I2cBus] | None = None,
        turn: Bus | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self.sensor = sensor
        self.patience = Patience(sensor, timeout_s=timeout_s, monotonic=monotonic)
        self._bus = bus
        self._address = address
        self._window = window
        self._interval_s = interval_s
        self._opener = opener or open_bus
        self._turn = turn or bus_at(f"/dev/i2c-{bus}")
        self._sleep = sleep
        self._monotonic = monotonic
        self._stop = threading.Event()

    def describe(self) -> str:
        """Bus, address and cover."""
        cover = "" if self._window == 1.0 else f", cover {self._window:g}"
        return f"BH1750 at /dev/i2c-{self._bus}, address {self._address:#04x}{cover}, every {self._interval_s:g} s"

    def close(self) -> None:
        """Ends the iteration; between measurements nothing is open."""
        self._stop.set()

    def readings(self) -> Iterator[Reading | None]:
        """A Weather with ambient_lux every `interval_s`. Raises Unplugged, Garbage, Silent."""
        self._stop.clear()
        return polled(
            self._ask,
            schedule=Schedule(self._interval_s, self._stop, self._monotonic),
            patience=self.patience,
            stop=self._stop,
            bus=self._turn,
            what="measurement",
        )

    def _ask(self) -> Weather:
        try:
            bus = self._opener(self._bus)
            try:
                bus.write_byte(self._address, POWER_ON)
                bus.write_byte(self._address, ONCE_HIGH_RESOLUTION)
                self._sleep(MEASURES_S)
                raw = bus.read_two_bytes(self._address)
            finally:
                bus.close()
        except OSError as error:
            place = f"/dev/i2c-{self._bus}, address {self._address:#04x}"
            raise Unplugged(f"sensor {self.sensor}: {place}: {error.strerror or error}") from error
        return Weather(sensor=self.sensor, ambient_lux=decode_lux(raw, window=self._window))


class _Smbus:
    """smbus2's bus with the one transaction that its SMBus calls don't have: a plain read of two bytes."""

    def __init__(self, bus: int) -> None:
        from smbus2 import SMBus  # only where such a sensor is wired

        self._bus = SMBus(bus)

    def write_byte(self, i2c_addr: int, value: int) -> None:
        """Sends one byte."""
        self._bus.write_byte(i2c_addr, value)

    def read_two_bytes(self, i2c_addr: int) -> bytes:
        """Two bytes in one transaction."""
        from smbus2 import i2c_msg

        message = i2c_msg.read(i2c_addr, 2)
        self._bus.i2c_rdwr(message)
        return bytes(message)

    def close(self) -> None:
        """Releases the bus."""
        self._bus.close()


def open_bus(bus: int) -> I2cBus:
    """The bus by smbus2. Raises OSError."""
    return cast(I2cBus, _Smbus(bus))


def configure(sensor: str, options: Mapping[str, object]) -> Driver:
    """The light sensor of `sensor`. Raises BadOption."""
    given = Options(sensor, options, _OPTIONS)
    address = given.whole("address", _ADDRESSES[0], low=0, high=0x7F)
    if address not in _ADDRESSES:
        raise given.refuse("address", "0x23 (pin ADDR low) or 0x5c (high)")
    interval_s = given.number("interval_s", 60.0, low=0.5, high=86_400)
    return Bh1750(
        sensor,
        bus=given.whole("bus", 1, low=0, high=255),
        address=address,
        window=given.number("window", 1.0, low=0.01, high=1),
        interval_s=interval_s,
        timeout_s=given.number("timeout_s", max(300.0, 3 * interval_s), low=0.1, high=604_800),
    )
