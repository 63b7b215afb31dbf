"""A meter that pushes its readings at a HAN port, on a pseudo-terminal: Kamstrup's and Aidon's lists in HDLC frames.

Knows nothing of the driver: frames follow IEC 62056-46, lists the makers' HAN descriptions.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from bypuls.sim.pty_port import PtyPort

Maker = Literal["kamstrup", "aidon"]
Fault = Literal["none", "silence", "garbage", "bad checksum", "cut off"]
Encrypt = Callable[[bytes], bytes]

_FLAG = b"\x7e"
_LLC = bytes.fromhex("e6e700")
_ADDRESSES = {"kamstrup": bytes.fromhex("2b2113"), "aidon": bytes.fromhex("41088313")}
_WH, _W, _V, _A = 0x1E, 0x1B, 0x23, 0x21  # units of the Blue Book


@dataclass(frozen=True, slots=True)
class HanValues:
    """What the meter shows: registers [Wh], power [W, ≥ 0 each way], per phase [V], [A]. Registers None = not in this
    list: many meters tell them once an hour."""

    power_w: float
    voltage_v: tuple[float, ...]
    current_a: tuple[float, ...]
    import_wh: float | None = None
    export_wh: float | None = None
    export_power_w: float = 0.0


def check_sequence(data: bytes) -> bytes:
    """The frame check sequence of HDLC, low byte first: CRC-16/X.25 (0x906E for "123456789")."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return (crc ^ 0xFFFF).to_bytes(2, "little")


def frame(payload: bytes, addresses: bytes = _ADDRESSES["kamstrup"]) -> bytes:
    """A frame of format type 3 with its flags; `addresses`: destination, source and control."""
    length = 2 + len(addresses) + 2 + len(payload) + 2
    header = struct.pack(">H", 0xA000 | length) + addresses
    body = header + check_sequence(header) + payload
    return _FLAG + body + check_sequence(body) + _FLAG


def kamstrup_list(serial: str, values: HanValues, at: datetime) -> bytes:
    """Kamstrup's list: OBIS codes of group 1.1, values without units; currents in 0.01 A, registers in 10 Wh."""
    items = [
        _text("Kamstrup_V0001"),
        _obis(1, 1, 0, 0, 5) + _text(serial),
        _obis(1, 1, 96, 1, 1) + _text("6841138BN245"),
    ]
    items += [_obis(1, 1, 1, 7, 0) + _u32(values.power_w), _obis(1, 1, 2, 7, 0) + _u32(values.export_power_w)]
    for phase, amperes in enumerate(values.current_a):
        items.append(_obis(1, 1, 31 + 20 * phase, 7, 0) + _u32(amperes * 100))
    for phase, volts in enumerate(values.voltage_v):
        items.append(_obis(1, 1, 32 + 20 * phase, 7, 0) + _u16(volts))
    if values.import_wh is not None:
        items.append(_obis(0, 1, 1, 0, 0) + b"\x09" + _date(at))
        items.append(_obis(1, 1, 1, 8, 0) + _u32(values.import_wh / 10))
        items.append(_obis(1, 1, 2, 8, 0) + _u32((values.export_wh or 0) / 10))
    body = b"\x02" + bytes([2 * len(items) - 1]) + b"".join(items)
    return _LLC + b"\x0f\0\0\0\0" + _date(at) + body


def aidon_list(serial: str, values: HanValues, at: datetime) -> bytes:
    """Aidon's list: each value with its own power of ten and unit."""

    def value(code: bytes, encoded: bytes, exponent: int, unit: int) -> bytes:
        return b"\x02\x03" + code + encoded + b"\x02\x02\x0f" + struct.pack(">b", exponent) + bytes([0x16, unit])

    items = [
        b"\x02\x02" + _obis(1, 1, 0, 2, 129) + _text("AIDON_V0001"),
        b"\x02\x02" + _obis(0, 0, 96, 1, 0) + _text(serial),
        value(_obis(1, 0, 1, 7, 0), _u32(values.power_w), 0, _W),
        value(_obis(1, 0, 2, 7, 0), _u32(values.export_power_w), 0, _W),
    ]
    for phase, amperes in enumerate(values.current_a):
        encoded = b"\x10" + struct.pack(">h", round(amperes * 10))
        items.append(value(_obis(1, 0, 31 + 20 * phase, 7, 0), encoded, -1, _A))
    for phase, volts in enumerate(values.voltage_v):
        items.append(value(_obis(1, 0, 32 + 20 * phase, 7, 0), _u16(volts * 10), -1, _V))
    if values.import_wh is not None:
        items.append(b"\x02\x02" + _obis(0, 0, 1, 0, 0) + b"\x09" + _date(at))
        items.append(value(_obis(1, 0, 1, 8, 0), _u32(values.import_wh / 10), 1, _WH))
        items.append(value(_obis(1, 0, 2, 8, 0), _u32((values.export_wh or 0) / 10), 1, _WH))
    return _LLC + b"\x0f\x40\0\0\0\0" + b"\x01" + bytes([len(items)]) + b"".join(items)


def _obis(*groups: int) -> bytes:
    return b"\x09\x06" + bytes([*groups, 255])


def _text(text: str) -> bytes:
    return b"\x0a" + bytes([len(text)]) + text.encode("ascii")


def _u32(value: float) -> bytes:
    return b"\x06" + round(value).to_bytes(4, "big")


def _u16(value: float) -> bytes:
    return b"\x12" + round(value).to_bytes(2, "big")


def _date(at: datetime) -> bytes:
    day = struct.pack(">HBBB", at.year, at.month, at.day, at.isoweekday())
    return b"\x0c" + day + bytes([at.hour, at.minute, at.second, 0xFF]) + b"\x80\x00\x00"


class HanMeter:
    """A meter at `path` that pushes a list every `every_s` [s]; its values are asked for each time.

    encrypt : makes a ciphered APDU of a plain one, for a meter whose grid company encrypts the port.
    """

    def __init__(
        self,
        serial: str,
        values: Callable[[], HanValues],
        *,
        maker: Maker = "kamstrup",
        every_s: float = 10.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        encrypt: Encrypt | None = None,
    ) -> None:
        self.serial = serial
        self.fault: Fault = "none"
        self.pushed = 0
        self._values = values
        self._maker: Maker = maker
        self._every_s = every_s
        self._now = now
        self._encrypt = encrypt
        self._port = PtyPort(f"han-{serial}")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def path(self) -> str:
        """The pseudo-terminal that a driver opens, with parity none: a pseudo-terminal has none to give."""
        return self._port.path

    def start(self) -> HanMeter:
        """Plugs the meter in."""
        self._stop.clear()
        self._port.start(lambda _: None)
        self._thread = threading.Thread(target=self._push, name=f"han-{self.serial}", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Unplugs the meter. May be called twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._port.stop()

    def __enter__(self) -> HanMeter:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _push(self) -> None:
        while not self._stop.wait(self._every_s):
            if self.fault != "silence":
                self._port.write(self.telegram())
                self.pushed += 1

    def telegram(self) -> bytes:
        """The frame that is pushed now, spoiled as `fault` says."""
        encode = kamstrup_list if self._maker == "kamstrup" else aidon_list
        payload = encode(self.serial, self._values(), self._now())
        if self._encrypt is not None:
            payload = _LLC + self._encrypt(payload[len(_LLC) :])
        whole = frame(payload, _ADDRESSES[self._maker])
        match self.fault:
            case "garbage":
                return bytes(byte ^ 0x55 for byte in whole)
            case "bad checksum":
                return whole[:-2] + bytes([whole[-2] ^ 0xFF]) + whole[-1:]
            case "cut off":
                return whole[: len(whole) // 2]
            case _:
                return whole
