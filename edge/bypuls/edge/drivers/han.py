"""Electricity meters that push their readings at the HAN port: Kamstrup OMNIPOWER, Aidon, Kaifa."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator, Mapping

from han.autodecoder import AutoDecoder

from bypuls.edge.driver import Driver
from bypuls.edge.drivers.han_cipher import HanKeys, read_keys
from bypuls.edge.drivers.han_telegram import FrameSplitter, decode_list, meter_of
from bypuls.edge.drivers.options import Options
from bypuls.edge.drivers.patience import HEARTBEAT_S, BadFrame, Monotonic, Patience
from bypuls.edge.drivers.serial_port import PARITIES, Opener, Parity, SerialPort, open_port
from bypuls.wire import BadField, Meter

# Ten bad telegrams, one every 10 s, are told as what they are before a meter counts as silent.
_TIMEOUT_S = 150.0

_OPTIONS = ("port", "baud", "parity", "key_file", "gap_s", "timeout_s")


class Han:
    """One meter's HAN port. It is listened to, never asked."""

    def __init__(
        self,
        sensor: str,
        *,
        port: str,
        baud: int = 2_400,
        parity: Parity = "none",
        keys: HanKeys | None = None,
        gap_s: float = 1.0,
        timeout_s: float = _TIMEOUT_S,
        opener: Opener = open_port,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self.sensor = sensor
        self.patience = Patience(sensor, timeout_s=timeout_s, monotonic=monotonic)
        self._port_name = port
        self._baud = baud
        self._parity: Parity = parity
        self._keys = keys
        self._gap_s = gap_s
        self._monotonic = monotonic
        self._serial = SerialPort(sensor, port, baud=baud, parity=parity, opener=opener, read_timeout_s=0.1)
        self._meter = ""

    def describe(self) -> str:
        """Port, speed, and the meter once it has told who it is."""
        sealed = ", encrypted" if self._keys else ""
        return f"HAN port at {self._port_name}, {self._baud} baud, parity {self._parity}{sealed}{self._meter}"

    def close(self) -> None:
        """Ends the iteration, which releases the port."""
        self._serial.close()

    def readings(self) -> Iterator[Meter | None]:
        """What the meter pushes: every 10 s, some of it every hour. Raises Unplugged, Garbage, Silent."""
        self._serial.stop.clear()
        splitter, decoder = FrameSplitter(), AutoDecoder()
        with self._serial.opened():
            self._serial.discard_input()
            self.patience.begin()
            said = came = self._monotonic()
            while not self._serial.stopping:
                data = self._serial.read_available()
                now = self._monotonic()
                if data:
                    came = now
                elif splitter.unfinished and now - came > self._gap_s:
                    self.patience.bad(splitter.drop())
                for found in splitter.feed(data):
                    meter = self._taken(found, decoder)
                    if meter is not None:
                        said = now
                        yield meter
                self.patience.quiet("telegram of the meter")
                if now - said >= HEARTBEAT_S:
                    said = now
                    yield None

    def _taken(self, found: bytes | BadFrame, decoder: AutoDecoder) -> Meter | None:
        """The reading of a frame; None, counted, where it is none."""
        if isinstance(found, BadFrame):
            self.patience.bad(found)
            return None
        try:
            list_of = decode_list(found, decoder, self._keys)
            meter = meter_of(self.sensor, list_of)
        except (BadFrame, BadField) as error:
            self.patience.bad(error)
            return None
        self.patience.good()
        if meter is not None and meter.serial:
            self._meter = f", {list_of.get('meter_manufacturer', 'meter')} {meter.serial}"
        return meter


def configure(sensor: str, options: Mapping[str, object]) -> Driver:
    """The HAN port of `sensor`. Raises BadOption."""
    given = Options(sensor, options, _OPTIONS)
    return Han(
        sensor,
        port=given.text("port", example="/dev/ttyAMA0"),
        baud=given.whole("baud", 2_400, low=300, high=115_200),
        parity=given.choice("parity", PARITIES, "none"),
        keys=_keys(given),
        gap_s=given.number("gap_s", 1.0, low=0.1, high=8),
        timeout_s=given.number("timeout_s", _TIMEOUT_S, low=1, high=86_400),
    )


def _keys(given: Options) -> HanKeys | None:
    place = given.maybe_text("key_file", example="credential:han-nursery")
    if place is None:
        return None
    if importlib.util.find_spec("cryptography") is None:
        raise given.refuse("key_file", "the library for it installed: pip install 'bypuls[han]'")
    try:
        return read_keys(place)
    except ValueError as error:
        raise given.refuse("key_file", str(error)) from error
    except OSError as error:
        raise given.refuse("key_file", f"a file that can be read: {error}") from error
