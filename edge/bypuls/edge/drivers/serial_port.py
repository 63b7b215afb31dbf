"""A byte stream that may be a serial port, a pseudo-terminal or a TCP gateway, and goes away as an Unplugged.

`port` is a device's path or any URL that pyserial knows: `socket://192.168.1.20:10001` is a transparent gateway.
"""

from __future__ import annotations

import contextlib
import errno
import termios
import threading
from collections.abc import Iterator
from typing import Literal, Protocol

from bypuls.edge.driver import BadOption, Unplugged

Parity = Literal["none", "even", "odd"]
PARITIES: tuple[Parity, ...] = ("none", "even", "odd")


class BytePort(Protocol):
    """What is used of pyserial's Serial; a test hands in its own."""

    def read(self, size: int = 1) -> bytes:
        """At least one byte, or none when the time-out passed."""
        ...

    def write(self, data: bytes) -> int | None:
        """Sends all of `data`."""
        ...

    def close(self) -> None:
        """Releases the port."""
        ...

    def reset_input_buffer(self) -> None:
        """Drops what has arrived unread."""
        ...

    @property
    def in_waiting(self) -> int:
        """Bytes that have arrived unread."""
        ...


class Opener(Protocol):
    """Opens a port by name. Raises OSError, or ValueError for a name or setting that can't be."""

    def __call__(self, port: str, *, baud: int, parity: Parity, timeout_s: float) -> BytePort:
        """The open port; its reads and writes give up after `timeout_s` [s]."""
        ...


def open_port(port: str, *, baud: int, parity: Parity, timeout_s: float) -> BytePort:
    """The port by pyserial, locked against a second reader. Raises OSError, ValueError."""
    import serial  # only where a serial sensor is wired: its module needs not be there for the others

    letter = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}[parity]
    # A gateway has no lock to take; pyserial knows it by the URL.
    lock = {} if "://" in port else {"exclusive": True}
    try:
        opened: BytePort = serial.serial_for_url(
            port, baudrate=baud, parity=letter, timeout=timeout_s, write_timeout=2.0, **lock
        )
    except termios.error as error:  # pyserial lets it out; it is neither an OSError nor a ValueError
        if error.args[:1] == (errno.EINVAL,):
            raise ValueError(f"{baud} baud with parity {parity} at {port}: {error}") from error
        raise OSError(*error.args) from error  # unplugged while it was being set up
    return opened


class SerialPort:
    """One sensor's port, opened for as long as it is read. `stopping` after `close()`, which any thread may call."""

    def __init__(
        self,
        sensor: str,
        port: str,
        *,
        baud: int,
        opener: Opener,
        parity: Parity = "none",
        read_timeout_s: float,
    ) -> None:
        self.sensor = sensor
        self.port = port
        self.stop = threading.Event()
        self._baud = baud
        self._parity: Parity = parity
        self._opener = opener
        self._read_timeout_s = read_timeout_s
        self._open: BytePort | None = None

    @property
    def stopping(self) -> bool:
        """`close()` was called."""
        return self.stop.is_set()

    def close(self) -> None:
        """Ends the reading; the reading thread releases the port within one read's time-out."""
        self.stop.set()

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """The port is open inside. Raises Unplugged where it is absent or taken; BadOption for its settings."""
        try:
            self._open = self._opener(self.port, baud=self._baud, parity=self._parity, timeout_s=self._read_timeout_s)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK):  # pyserial's lock: somebody else holds it
                taken = f"another program reads it (`systemctl stop bypuls-edge` first?): {error}"
                raise Unplugged(f"sensor {self.sensor}: {self.port}: {taken}") from error
            raise self._unplugged(error) from error
        except ValueError as error:
            raise BadOption(self.sensor, "port", self.port, f"a port that opens: {error}") from error
        try:
            yield
        finally:
            port, self._open = self._open, None
            with contextlib.suppress(OSError):  # a port that is gone can't be released, and needn't be
                port.close()

    def read_available(self) -> bytes:
        """What has arrived, waiting up to the read's time-out for a first byte. Raises Unplugged."""
        port = self._opened_port()
        try:
            data = port.read(1)
            return data + port.read(port.in_waiting) if data and port.in_waiting else data
        except OSError as error:
            raise self._unplugged(error) from error

    def write(self, data: bytes) -> None:
        """Sends `data`. Raises Unplugged."""
        try:
            self._opened_port().write(data)
        except OSError as error:
            raise self._unplugged(error) from error

    def discard_input(self) -> None:
        """Drops what has arrived unread. Raises Unplugged."""
        try:
            self._opened_port().reset_input_buffer()
        except (OSError, termios.error) as error:
            raise self._unplugged(error) from error

    def _opened_port(self) -> BytePort:
        if self._open is None:
            raise Unplugged(f"sensor {self.sensor}: {self.port} is not open")
        return self._open

    def _unplugged(self, error: Exception) -> Unplugged:
        return Unplugged(f"sensor {self.sensor}: {self.port}: {error}")
