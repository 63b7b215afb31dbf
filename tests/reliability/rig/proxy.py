"""A TCP proxy between edge and broker (or ingest and store) that fails as networks do."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable

_CHUNK = 65_536


class Proxy:
    """Listens on `port` of 127.0.0.1 and forwards to `target`. All its threads end with `close`.

    latency_s [s] holds every piece back; bytes_per_s limits each direction; `freeze` is a partition: connections stay
    open, nothing passes, nobody is told (half-open); `reset` ends all connections with RST; `refuse` refuses new ones.
    """

    def __init__(self, target: int) -> None:
        self.latency_s = 0.0
        self.bytes_per_s: float | None = None
        self.swallow: Callable[[bytes], bool] | None = None  # of what the target says
        self.connections = 0
        self._target = target
        self._flows = threading.Event()
        self._flows.set()
        self._refusing = False
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._begin(self._accept)

    def _begin(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                self._end(client, reset=True)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                self._end(client, reset=True)
                continue
            server.settimeout(None)
            self.connections += 1
            with self._lock:
                self._sockets |= {client, server}
            self._begin(self._forward, client, server, False)
            self._begin(self._forward, server, client, True)

    def _forward(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        try:
            while not self._closed.is_set():
                limit = self.bytes_per_s
                data = source.recv(_CHUNK if limit is None else max(1, int(limit / 10)))
                if not data:
                    break
                if limit is not None:
                    time.sleep(len(data) / limit)
                if self.latency_s:
                    time.sleep(self.latency_s)
                self._flows.wait()
                if answers and self.swallow is not None and self.swallow(data):
                    continue
                target.sendall(data)
        except OSError:
            pass  # the other direction's end, or `reset`
        finally:
            for each in (source, target):
                self._end(each)

    def _end(self, each: socket.socket, *, reset: bool = False) -> None:
        with self._lock:
            self._sockets.discard(each)
        with contextlib.suppress(OSError):
            if reset:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                each.shutdown(socket.SHUT_RDWR)
        each.close()

    def freeze(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._flows.clear()

    def thaw(self) -> None:
        """What was held back passes."""
        self._flows.set()

    def refuse(self, refusing: bool = True) -> None:
        """Refuses new connections, or takes them again."""
        self._refusing = refusing

    def reset(self) -> None:
        """Ends all connections with RST."""
        with self._lock:
            sockets = list(self._sockets)
        for each in sockets:
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RD)
            self._end(each, reset=True)

    def close(self) -> None:
        """Ends everything."""
        self._closed.set()
        self._flows.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()
        for thread in self._threads:
            thread.join(2)
