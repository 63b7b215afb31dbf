"""A DS18B20 thermometer on the 1-wire bus, read through the kernel's files: outdoor temperature.

Source: Maxim DS18B20 data sheet (range, power-on value 85 °C); Linux, Documentation/w1/slaves/w1_therm.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from bypuls.edge.driver import Driver, Unplugged
from bypuls.edge.drivers.options import Options
from bypuls.edge.drivers.patience import BadFrame, Monotonic, Patience, Schedule
from bypuls.edge.drivers.polling import polled
from bypuls.wire import Reading, Weather
from bypuls.wire.errors import shown

File = Literal["w1_slave", "temperature"]

DEFAULT_BASE = "/sys/bus/w1/devices"
LOWEST_C, HIGHEST_C = -55.0, 125.0
POWER_ON_C = 85.0

_OPTIONS = ("rom", "base", "file", "interval_s", "timeout_s")
_ROM = re.compile(r"28-[0-9a-f]{12}", re.ASCII)
_W1_SLAVE = re.compile(
    r"((?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} (YES|NO)\n(?:[0-9a-f]{2} ){9}t=(-?[0-9]{1,6})\n?", re.ASCII
)


def decode_w1_slave(text: str) -> float:
    """The temperature [°C] of a `w1_slave` file. Raises BadFrame: checksum, power-on value, out of range, no sensor."""
    match = _W1_SLAVE.fullmatch(text)
    if match is None:
        raise BadFrame(f"{shown(text)} — expected nine bytes with crc=… YES, and t=…")
    memory, crc, millidegrees = match.groups()
    if crc != "YES":
        raise BadFrame(f"{memory}: the checksum is wrong")
    if set(memory.split()) == {"00"}:
        # A short circuit reads as zeros, and the checksum of zeros is zero: right, and 0 °C nowhere.
        raise BadFrame(f"{memory}: the data line is at ground")
    return _checked(int(millidegrees))


def decode_temperature(text: str) -> float:
    """The temperature [°C] of a `temperature` file, whose checksum the kernel has checked. Raises BadFrame."""
    if not re.fullmatch(r"-?[0-9]{1,6}\n?", text, re.ASCII):
        raise BadFrame(f"{shown(text)} — expected thousandths of a degree")
    return _checked(int(text))


def _checked(millidegrees: int) -> float:
    temp_c = millidegrees / 1000
    if temp_c == POWER_ON_C:
        raise BadFrame("85 °C is what the sensor says before its first measurement — expected a measured value")
    if not LOWEST_C <= temp_c <= HIGHEST_C:
        raise BadFrame(f"{temp_c} °C — expected within {LOWEST_C:g}…{HIGHEST_C:g} °C")
    return temp_c


class OneWire:
    """A thermometer under `base`; without `rom` the only one there."""

    def __init__(
        self,
        sensor: str,
        *,
        base: Path = Path(DEFAULT_BASE),
        rom: str | None = None,
        file: File = "w1_slave",
        interval_s: float = 60.0,
        timeout_s: float = 300.0,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self.sensor = sensor
        self.patience = Patience(sensor, timeout_s=timeout_s, monotonic=monotonic)
        self._base = base
        self._rom = rom
        self._file: File = file
        self._interval_s = interval_s
        self._monotonic = monotonic
        self._stop = threading.Event()

    def describe(self) -> str:
        """Which thermometer, where."""
        return f"DS18B20 {self._rom or 'alone'} under {self._base}, every {self._interval_s:g} s"

    def close(self) -> None:
        """Ends the iteration; between polls nothing is open."""
        self._stop.set()

    def readings(self) -> Iterator[Reading | None]:
        """A Weather with temp_c every `interval_s`. Raises Unplugged, Garbage, Silent."""
        self._stop.clear()
        return polled(
            self._ask,
            schedule=Schedule(self._interval_s, self._stop, self._monotonic),
            patience=self.patience,
            stop=self._stop,
            what="temperature",
        )

    def _ask(self) -> Weather:
        path = self._base / self._found() / self._file
        try:
            text = path.read_text("ascii")
        except UnicodeDecodeError as error:
            raise BadFrame(f"{path}: byte {error.start} is not ASCII") from error
        except OSError as error:
            raise Unplugged(f"sensor {self.sensor}: {path}: {error.strerror}") from error
        if not text:
            raise TimeoutError(f"{path} is empty")
        decode = decode_w1_slave if self._file == "w1_slave" else decode_temperature
        return Weather(sensor=self.sensor, temp_c=decode(text))

    def _found(self) -> str:
        if self._rom is not None:
            return self._rom
        roms = sorted(path.name for path in self._base.glob("28-*"))
        if len(roms) != 1:
            raise Unplugged(
                f"sensor {self.sensor}: {len(roms)} thermometers under {self._base}"
                f"{': ' + ', '.join(roms) if roms else ''} — expected one, or the option rom"
            )
        return roms[0]


def configure(sensor: str, options: Mapping[str, object]) -> Driver:
    """The thermometer of `sensor`. Raises BadOption."""
    given = Options(sensor, options, _OPTIONS)
    rom = given.maybe_text("rom", example="28-00000a1b2c3d")
    if rom is not None and not _ROM.fullmatch(rom):
        raise given.refuse("rom", "28- and twelve hexadecimal digits, as under /sys/bus/w1/devices")
    interval_s = given.number("interval_s", 60.0, low=0.1, high=86_400)
    file: File = given.choice("file", ("w1_slave", "temperature"), "w1_slave")
    return OneWire(
        sensor,
        base=Path(given.text("base", DEFAULT_BASE, example=DEFAULT_BASE)),
        rom=rom,
        file=file,
        interval_s=interval_s,
        timeout_s=given.number("timeout_s", max(300.0, 3 * interval_s), low=0.1, high=604_800),
    )
