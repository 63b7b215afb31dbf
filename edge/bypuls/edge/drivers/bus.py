"""Several meters on one line: whoever talks on it has the turn, and the others wait for theirs."""

from __future__ import annotations

import threading
from weakref import WeakValueDictionary

from bypuls.edge.drivers.patience import HEARTBEAT_S


class Bus:
    """The turn to talk on one line (a serial port, a gateway's address)."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def take(self, patience_s: float = HEARTBEAT_S / 2) -> bool:
        """Whether this thread has the turn now, having waited up to `patience_s` [s]. Ends with `release()`."""
        return self._turn.acquire(timeout=patience_s)

    def release(self) -> None:
        """Gives the turn to the next."""
        self._turn.release()


_buses: WeakValueDictionary[str, Bus] = WeakValueDictionary()
_guard = threading.Lock()


def bus_at(address: str) -> Bus:
    """The one bus of this process at `address`: sensors that name the same port share it."""
    with _guard:
        bus = _buses.get(address)
        if bus is None:
            bus = _buses[address] = Bus()
        return bus
