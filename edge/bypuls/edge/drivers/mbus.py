"""Heat, electricity, gas and water meters on the M-Bus, by primary address, over a level converter or a TCP gateway."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping

from bypuls.edge.driver import Driver
from bypuls.edge.drivers.bus import Bus, bus_at
from bypuls.edge.drivers.mbus_meter import meter_of
from bypuls.edge.drivers.mbus_telegram import ACKNOWLEDGE, Telegram, check_frame, decode_telegram, frame_length
from bypuls.edge.drivers.options import Options
from bypuls.edge.drivers.patience import BadFrame, Monotonic, Patience, Schedule
from bypuls.edge.drivers.polling import polled
from bypuls.edge.drivers.serial_port import PARITIES, Opener, Parity, SerialPort, open_port
from bypuls.wire import Meter, Reading
from bypuls.wire.kinds import MEDIA

# Frames of one readout: a meter that never says 'that was all' is broken.
MOST_FRAMES = 16

_OPTIONS = ("port", "baud", "parity", "address", "medium", "tariff", "interval_s", "answer_s", "timeout_s")

_SND_NKE = 0x40
_REQ_UD2 = 0x5B
_FRAME_COUNT_BIT = 0x20


def short_frame(control: int, address: int) -> bytes:
    """A short frame: start, control, address, checksum, stop. Source: EN 13757-2."""
    return bytes((0x10, control, address, (control + address) % 256, 0x16))


class Exchange:
    """Questions and answers with one meter over any byte stream: `write` sends, `read` gives what has arrived."""

    def __init__(
        self, write: Callable[[bytes], None], read: Callable[[], bytes], *, answer_s: float, monotonic: Monotonic
    ) -> None:
        self._write = write
        self._read = read
        self._answer_s = answer_s
        self._monotonic = monotonic

    def readout(self, address: int) -> Telegram:
        """All of a meter's telegrams as one. Raises TimeoutError, BadFrame."""
        self._write(short_frame(_SND_NKE, address))
        first = self._answer()
        if first != bytes((ACKNOWLEDGE,)):
            raise BadFrame(f"{first.hex(' ')} — expected E5 for the initialisation")
        whole: Telegram | None = None
        count_bit = _FRAME_COUNT_BIT
        for _ in range(MOST_FRAMES):
            self._write(short_frame(_REQ_UD2 | count_bit, address))
            frame = self._answer()
            telegram = decode_telegram(frame)
            if address < 251 and frame[5] != address:  # above are broadcast and secondary addresses
                raise BadFrame(f"address {frame[5]} — expected {address}")
            whole = telegram if whole is None else _joined(whole, telegram)
            if not telegram.more_follow:
                return whole
            count_bit ^= _FRAME_COUNT_BIT
        raise BadFrame(f"more than {MOST_FRAMES} telegrams — expected an end")

    def _answer(self) -> bytes:
        """One frame, complete and with its checksum right. Raises TimeoutError, BadFrame."""
        data = b""
        deadline = self._monotonic() + self._answer_s
        while True:
            length = frame_length(data)
            if length is not None and len(data) >= length:
                check_frame(data[:length])
                return data[:length]
            arrived = self._read()
            if arrived:
                data += arrived
                # The time-out is for silence: a long telegram at 300 baud takes nine seconds.
                deadline = self._monotonic() + self._answer_s
            elif self._monotonic() > deadline:
                if data:
                    raise BadFrame(f"{data[:16].hex(' ')} and no more — expected {length or 'a frame of more'} bytes")
                raise TimeoutError(f"no answer within {self._answer_s:g} s")


def _joined(whole: Telegram, more: Telegram) -> Telegram:
    if (whole.serial, whole.manufacturer) != (more.serial, more.manufacturer):
        raise BadFrame(f"telegram of meter {more.serial} — expected one more of {whole.serial}")
    return dataclasses.replace(whole, records=whole.records + more.records, more_follow=more.more_follow)


class MBus:
    """One M-Bus meter at a primary address. The line is opened for each poll, so that meters can share it."""

    def __init__(
        self,
        sensor: str,
        *,
        port: str,
        address: int,
        baud: int = 2_400,
        parity: Parity = "even",
        medium: str | None = None,
        tariff: int = 0,
        interval_s: float = 60.0,
        answer_s: float = 0.5,
        timeout_s: float = 300.0,
        opener: Opener = open_port,
        bus: Bus | None = None,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self.sensor = sensor
        self.patience = Patience(sensor, timeout_s=timeout_s, monotonic=monotonic)
        self._serial = SerialPort(
            sensor, port, baud=baud, parity=parity, opener=opener, read_timeout_s=min(0.1, answer_s)
        )
        self._exchange = Exchange(
            self._serial.write, self._serial.read_available, answer_s=answer_s, monotonic=monotonic
        )
        self._address = address
        self._line = f"{port}, {baud} baud, parity {parity}"
        self._medium = medium
        self._tariff = tariff
        self._interval_s = interval_s
        self._bus = bus or bus_at(port)
        self._monotonic = monotonic
        self._meter = ""

    def describe(self) -> str:
        """Line and address, and which meter it is once that is known."""
        return f"M-Bus at {self._line}, address {self._address}, every {self._interval_s:g} s{self._meter}"

    def close(self) -> None:
        """Ends the iteration; between polls nothing is open."""
        self._serial.close()

    def readings(self) -> Iterator[Reading | None]:
        """A Meter every `interval_s`. Raises Unplugged, Garbage, Silent."""
        self._serial.stop.clear()
        return polled(
            self._ask,
            schedule=Schedule(self._interval_s, self._serial.stop, self._monotonic),
            patience=self.patience,
            stop=self._serial.stop,
            bus=self._bus,
            what="answer of the meter",
        )

    def _ask(self) -> Meter:
        with self._serial.opened():
            self._serial.discard_input()
            telegram = self._exchange.readout(self._address)
        self._meter = f", {telegram.manufacturer} {telegram.serial}, version {telegram.version}"
        return meter_of(self.sensor, telegram, medium=self._medium, tariff=self._tariff)


def configure(sensor: str, options: Mapping[str, object]) -> Driver:
    """The meter of `sensor`. Raises BadOption."""
    given = Options(sensor, options, _OPTIONS)
    interval_s = given.number("interval_s", 60.0, low=0.05, high=86_400)
    return MBus(
        sensor,
        port=given.text("port", example="/dev/ttyUSB0"),
        baud=given.whole("baud", 2_400, low=300, high=38_400),
        parity=given.choice("parity", PARITIES, "even"),
        address=given.whole("address", low=0, high=254),
        medium=given.choice("medium", MEDIA) if "medium" in given else None,
        tariff=given.whole("tariff", 0, low=0, high=15),
        interval_s=interval_s,
        answer_s=given.number("answer_s", 0.5, low=0.05, high=10),
        timeout_s=given.number("timeout_s", max(300.0, 3 * interval_s), low=0.1, high=604_800),
    )
