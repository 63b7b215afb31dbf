"""Contacts and pulses on GPIO pins, by gpiozero's mock pins: in this process, or in another through a socket.

In this process a driver is handed `GpioBoard.factory`. An edge that runs as a process of its own is given

    GPIOZERO_PIN_FACTORY=bypuls-sim  BYPULS_SIM_GPIO=<the board's socket>

and finds RemoteFactory through gpiozero's own entry point: the edge knows nothing of it.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from gpiozero.pins.mock import MockFactory, MockPin

SOCKET_VARIABLE = "BYPULS_SIM_GPIO"
_ALL_TOLD = "now"
_LINE = re.compile(r"([0-9]{1,2}) ([01])")


class WiredPin(MockPin):  # type: ignore[misc]
    """A mock pin with a contact to ground: while it is closed, the pin is low whatever the pull-up says."""

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        self.factory.settle(self)


class WiredFactory(MockFactory):  # type: ignore[misc]
    """Mock pins whose contacts keep their state while no driver has the pin open."""

    def __init__(self) -> None:
        super().__init__(pin_class=WiredPin)
        self._closed: dict[int, bool] = {}
        self._wiring = threading.RLock()

    def contact(self, pin: int, closed: bool) -> None:
        """The contact between `pin` (BCM number) and ground closes or opens."""
        with self._wiring:
            self._closed[pin] = closed
            wired = [mock for info, mock in self.pins.items() if info.name == f"GPIO{pin}"]
        for mock in wired:
            self.settle(mock)

    def settle(self, mock: WiredPin) -> None:
        """Drives `mock` as its contact says."""
        with self._wiring:
            closed = self._closed.get(int(mock.info.name.removeprefix("GPIO")), False)
        if mock.function != "input":
            return
        if closed or mock.pull == "down":
            mock.drive_low()
        else:
            mock.drive_high()


class GpioBoard:
    """The header of a simulated Pi. `factory` goes to a driver here; `socket_path` serves edges in other processes."""

    def __init__(self, socket_path: Path | None = None, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.factory = WiredFactory()
        self.socket_path = socket_path
        self._sleep = sleep
        self._closed: dict[int, bool] = {}
        self._clients: list[socket.socket] = []
        self._lock = threading.Lock()
        self._server: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._wake = os.pipe()

    def start(self) -> GpioBoard:
        """Opens the socket, where there is one to be. Raises OSError."""
        if self.socket_path is not None:
            self.socket_path.unlink(missing_ok=True)
            self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._server.bind(str(self.socket_path))
            self._server.listen()
            self._thread = threading.Thread(target=self._accept, name="gpio-board", daemon=True)
            self._thread.start()
        return self

    def stop(self) -> None:
        """Closes the socket; the pins stay as they are. May be called twice."""
        if self._server is not None and self._thread is not None and self.socket_path is not None:
            os.write(self._wake[1], b"x")
            self._thread.join()
            self._server.close()
            self._server = None
            self.socket_path.unlink(missing_ok=True)
        with self._lock:
            for client in self._clients:
                client.close()
            self._clients.clear()
            for end in self._wake:
                if end >= 0:
                    os.close(end)
            self._wake = (-1, -1)
        self.factory.reset()

    def __enter__(self) -> GpioBoard:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def contact(self, pin: int, closed: bool) -> None:
        """The contact between `pin` (BCM number) and ground closes or opens, for every process that watches it."""
        line = f"{pin} {int(closed)}\n".encode()
        with self._lock:
            self._closed[pin] = closed
            for client in list(self._clients):
                try:
                    client.sendall(line)
                except OSError:  # that edge has ended
                    client.close()
                    self._clients.remove(client)
        self.factory.contact(pin, closed)

    def pulse(self, pin: int, *, width_s: float = 0.03) -> None:
        """One S0 pulse of `width_s` [s], and the pause after it that is as long."""
        for closed in (True, False):
            self.contact(pin, closed)
            self._sleep(width_s)

    def _accept(self) -> None:
        assert self._server is not None
        while True:
            ready, _, _ = select.select([self._server.fileno(), self._wake[0]], [], [])
            if self._wake[0] in ready:
                return
            client, _ = self._server.accept()
            with self._lock, contextlib.suppress(OSError):  # an edge that ended at once
                state = "".join(f"{pin} {int(closed)}\n" for pin, closed in self._closed.items())
                client.sendall(f"{state}{_ALL_TOLD}\n".encode())
                self._clients.append(client)


class RemoteFactory(WiredFactory):
    """Pins whose contacts a GpioBoard in another process works, at the socket named by BYPULS_SIM_GPIO."""

    def __init__(self) -> None:
        super().__init__()
        path = os.environ.get(SOCKET_VARIABLE)
        if not path:
            raise OSError(f"{SOCKET_VARIABLE} is not set — expected the socket of a simulated GPIO board")
        self._board = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._board.connect(path)
        self._told = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="gpio-remote", daemon=True)
        self._watcher.start()
        # A pin that is read at once must be as its contact already is.
        if not self._told.wait(5):
            raise OSError(f"{path} told no state of its pins within 5 s")

    def close(self) -> None:
        """Leaves the board."""
        with contextlib.suppress(OSError):  # the board has gone first
            self._board.shutdown(socket.SHUT_RDWR)
        self._watcher.join()
        self._board.close()
        super().close()

    def _watch(self) -> None:
        with self._board.makefile("r", encoding="ascii") as lines:
            for line in lines:
                if line.strip() == _ALL_TOLD:
                    self._told.set()
                elif match := _LINE.fullmatch(line.strip()):
                    self.contact(int(match[1]), match[2] == "1")
