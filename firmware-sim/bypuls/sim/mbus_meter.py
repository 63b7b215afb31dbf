"""An M-Bus meter on a pseudo-terminal: it answers SND_NKE and REQ_UD2 at its primary address.

Knows nothing of the driver: telegrams follow EN 13757-2 and EN 13757-3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from bypuls.sim.pty_port import PtyPort

Medium = Literal["electricity", "gas", "heat", "water"]
Fault = Literal["none", "silence", "garbage", "bad checksum"]

_MEDIA: dict[Medium, int] = {"electricity": 0x02, "gas": 0x03, "heat": 0x04, "water": 0x07}
_ACKNOWLEDGE = b"\xe5"
_SND_NKE, _REQ_UD2 = 0x40, 0x5B
_FRAME_COUNT_BIT = 0x20


@dataclass(frozen=True, slots=True)
class MeterValues:
    """What a meter shows now, in the units of the names (m3c: m³·°C); None is not in its telegram."""

    import_wh: float | None = None
    export_wh: float | None = None
    volume_m3: float | None = None
    flow_m3c: float | None = None
    return_m3c: float | None = None
    power_w: float | None = None
    flow_temp_c: float | None = None
    return_temp_c: float | None = None
    flow_m3h: float | None = None
    voltage_v: tuple[float, ...] = ()
    current_a: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the meter says it is: 8 digits, 3 letters, version and medium."""

    serial: str
    manufacturer: str = "KAM"
    version: int = 0x23
    medium: Medium = "heat"

    def encode(self, access: int) -> bytes:
        """The header of a telegram with variable data; `access` counts the telegrams, modulo 256."""
        first, second, third = (ord(letter) - 64 for letter in self.manufacturer)
        return (
            bytes.fromhex(self.serial)[::-1]
            + (first << 10 | second << 5 | third).to_bytes(2, "little")
            + bytes((self.version, _MEDIA[self.medium], access % 256, 0, 0, 0))
        )


def encode_records(values: MeterValues) -> bytes:
    """Data records, each as fine as the VIF used allows: 1 Wh, 1 l, 1 W, 0.01 °C, 1 l/h, 0.1 V, 1 mA, 1 m³·°C."""
    return b"".join(_records(values))


def _records(values: MeterValues) -> Iterator[bytes]:
    for value, vif, step, size in (
        (values.import_wh, "03", 1, 6),
        (values.export_wh, "833c", 1, 6),
        (values.volume_m3, "13", 0.001, 4),
        (values.flow_m3c, "ff07", 1, 4),
        (values.return_m3c, "ff08", 1, 4),
        (values.flow_temp_c, "59", 0.01, 2),
        (values.return_temp_c, "5d", 0.01, 2),
        (values.power_w, "2b", 1, 4),
        (values.flow_m3h, "3b", 0.001, 4),
    ):
        if value is not None:
            yield _record(value, vif, step, size)
    for volts in values.voltage_v:
        yield _record(volts, "fd48", 0.1, 2)
    for amperes in values.current_a:
        yield _record(amperes, "fd59", 0.001, 4)


def _record(value: float, vif: str, step: float, size: int) -> bytes:
    """Instantaneous value, storage 0: a whole number of `size` bytes times `step`."""
    return bytes((size,)) + bytes.fromhex(vif) + round(value / step).to_bytes(size, "little", signed=True)


def encode_telegram(address: int, identity: Identity, records: bytes, *, access: int = 0) -> bytes:
    """A long frame RSP_UD of the meter at primary `address`."""
    body = bytes((0x08, address, 0x72)) + identity.encode(access) + records
    return bytes((0x68, len(body), len(body), 0x68)) + body + bytes((sum(body) % 256, 0x16))


class MBusMeter:
    """A meter at `path`. Its values are asked for at every readout."""

    def __init__(self, address: int, identity: Identity, values: Callable[[], MeterValues]) -> None:
        self.address = address
        self.identity = identity
        self.fault: Fault = "none"
        self.readouts = 0
        self._values = values
        self._port = PtyPort(f"mbus-{identity.serial}")
        self._waiting = b""

    @property
    def path(self) -> str:
        """The pseudo-terminal that a driver opens, with parity none: a pseudo-terminal has none to give."""
        return self._port.path

    def start(self) -> MBusMeter:
        """Plugs the meter in."""
        self._port.start(self._take)
        return self

    def stop(self) -> None:
        """Unplugs the meter."""
        self._port.stop()

    def __enter__(self) -> MBusMeter:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _take(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) >= 5:
            frame = self._waiting[:5]
            if frame[0] != 0x10 or frame[4] != 0x16 or (frame[1] + frame[2]) % 256 != frame[3]:
                self._waiting = self._waiting[1:]
                continue
            self._waiting = self._waiting[5:]
            if frame[2] in (self.address, 254):
                self._answer(frame[1])

    def _answer(self, control: int) -> None:
        if self.fault == "silence":
            return
        if control == _SND_NKE:
            self._port.write(_ACKNOWLEDGE)
        elif control & ~_FRAME_COUNT_BIT == _REQ_UD2:
            self.readouts += 1
            frame = encode_telegram(self.address, self.identity, encode_records(self._values()), access=self.readouts)
            if self.fault == "garbage":
                frame = b"\x00\xff" + frame[2:9]
            elif self.fault == "bad checksum":
                frame = frame[:-2] + bytes(((frame[-2] + 1) % 256,)) + frame[-1:]
            self._port.write(frame)
