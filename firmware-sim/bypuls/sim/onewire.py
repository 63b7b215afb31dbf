"""A 1-wire thermometer as the kernel shows it: a fake of /sys/bus/w1/devices in a folder of its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

Fault = Literal["none", "bad checksum", "power-on", "short circuit", "silence"]


def crc8(data: bytes) -> int:
    """The Dallas/Maxim checksum, polynomial x⁸ + x⁵ + x⁴ + 1, low bit first. Source: Maxim application note 27."""
    crc = 0
    for byte in data:
        for bit in range(8):
            mix = (crc ^ byte >> bit) & 1
            crc = crc >> 1 ^ (0x8C if mix else 0)
    return crc


def w1_slave_text(temp_c: float) -> str:
    """What the kernel shows for `temp_c` [°C], in steps of 1/16 °C as a DS18B20 measures with 12 bits."""
    sixteenths = round(temp_c * 16)
    memory = sixteenths.to_bytes(2, "little", signed=True) + bytes.fromhex("4b467fff0c10")
    return _text(memory + bytes((crc8(memory),)), sixteenths * 1000 // 16, "YES")


def _text(scratchpad: bytes, millidegrees: int, crc: str) -> str:
    line = scratchpad.hex(" ")
    return f"{line} : crc={scratchpad[-1]:02x} {crc}\n{line} t={millidegrees}\n"


class OneWireSimulator:
    """Thermometers by ROM under `base`. Their files are written anew at `start`, `update`, and every `every_s` [s]."""

    def __init__(self, base: Path, temps_c: dict[str, Callable[[], float]], *, every_s: float = 1.0) -> None:
        self.base = base
        self.faults: dict[str, Fault] = {}
        self._temps_c = temps_c
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> OneWireSimulator:
        """Plugs the thermometers in."""
        self._stop.clear()
        self.update()
        self._thread = threading.Thread(target=self._run, name="onewire", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Unplugs them: their folders are gone. May be called twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        for rom in self._temps_c:
            shutil.rmtree(self.base / rom, ignore_errors=True)

    def __enter__(self) -> OneWireSimulator:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def update(self) -> None:
        """Writes every thermometer's files with its temperature now; a reader sees the old or the new ones whole."""
        for rom, temp_c in self._temps_c.items():
            folder = self.base / rom
            folder.mkdir(parents=True, exist_ok=True)
            text = self._shown(rom, temp_c())
            _replace(folder / "w1_slave", text)
            _replace(folder / "temperature", text.rpartition("t=")[2])

    def _shown(self, rom: str, temp_c: float) -> str:
        match self.faults.get(rom, "none"):
            case "bad checksum":
                return w1_slave_text(temp_c).replace("YES", "NO")
            case "power-on":
                return w1_slave_text(85.0)
            case "short circuit":
                return _text(bytes(9), 0, "YES")
            case "silence":
                return ""
        return w1_slave_text(temp_c)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self.update()


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}")
    fresh.write_text(text, "ascii")
    fresh.replace(path)
