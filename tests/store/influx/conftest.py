"""A behaving fake InfluxDB over HTTP, stores on it, and a clock that nobody has to wait for."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from bypuls.store.influx import InfluxSettings, InfluxStore
from bypuls.store.influx.connection import Connection
from bypuls.store.influx.line_protocol import LINES
from bypuls.store.influx.pace import Pace
from bypuls.wire import Lamp, Reading, to_us

TOKEN = "canary-7f3a-token"


T0 = datetime(2026, 1, 5, tzinfo=UTC)


class Answer:
    """What the server does with one request: status, headers and body, or something ruder."""

    def __init__(self, status: int = 204, body: Any = b"", rude: str = "", **headers: str) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.rude = rude
        self.headers = headers


Behaviour = Callable[[str, list[str]], Answer | None]


class FakeInflux(ThreadingHTTPServer):
    """Speaks InfluxDB's HTTP calls and keeps what is written, until `behave` says otherwise for a request.

    `behave(path, lines)` gives an Answer, or None for good behaviour: then `is_bad` lines are refused and the others
    kept (or, with `keeps_the_rest` false, not: InfluxDB 1.12 answers before it has them on disk).
    """

    daemon_threads = True
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stored: Counter[str] = Counter()
        self.requests: list[tuple[float, str]] = []
        self.bodies: list[bytes] = []
        self.behave: Behaviour = lambda _path, _lines: None
        self.is_bad: Callable[[str], bool] = lambda _line: False
        self.refusal = 422
        self.tells = ""
        self.keeps_the_rest = True
        self.closing = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def count(self, path: str = "/api/v2/write") -> int:
        return sum(asked == path for _, asked in self.requests)

    def take(self, lines: list[str]) -> Answer:
        bad = [line for line in lines if self.is_bad(line)]
        if self.keeps_the_rest or not bad:
            self.stored.update(line for line in lines if line not in set(bad))
        if not bad:
            return Answer(204)
        return Answer(self.refusal, {"code": "unprocessable entity", "message": self.tells.format(dropped=len(bad))})

    token = TOKEN
    t0 = T0
    answer = Answer

    @staticmethod
    def always(answer: Answer) -> Behaviour:
        """The same answer to everything."""
        return lambda _path, _lines: answer

    @staticmethod
    def in_turn(*answers: Answer | None) -> Behaviour:
        """One answer after the other, then good behaviour."""
        left = list(answers)
        return lambda _path, _lines: left.pop(0) if left else None

    @staticmethod
    def lamps(count: int) -> list[Reading]:
        """Readings of one lamp, a second apart; `power_w` is their number."""
        return [Lamp(sensor="lamp-1", t=T0 + timedelta(seconds=i), power_w=i) for i in range(count)]

    def holds(self, readings: list[Reading]) -> bool:
        """Whether the server holds these readings and nothing else; the same line again is the same point."""
        return set(self.stored) == {LINES[r.kind].line(r, to_us(r.t)) for r in readings if r.t}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nobody's fault here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeInflux

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        lines = body.decode().split("\n") if path == "/api/v2/write" else []
        with self.server.lock:
            self.server.requests.append((time.monotonic(), path))
            self.server.bodies.append(body)
            answer = self.server.behave(self.path, lines)
            if answer is None:
                answer = self.server.take(lines) if lines else Answer(200, b"")
            elif answer.rude in ("take, then reset", "204, then reset"):
                self.server.take(lines)
        if answer.rude == "hang":
            self.server.closing.wait()
        if answer.rude in ("hang", "reset", "take, then reset"):
            self._reset()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name.replace("_", "-"), value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.status != 204:
            self.wfile.write(answer.body)
        if answer.rude == "204, then reset":
            self.wfile.flush()
            self._reset()

    def do_GET(self) -> None:
        self.do_POST()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Silent."""


class Waiting:
    """A clock that moves on by what is waited, and notes it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.waited_s: list[float] = []

    def clock(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> bool:
        self.waited_s.append(seconds)
        self.now_s += seconds
        return False


@pytest.fixture
def fake() -> Iterator[FakeInflux]:
    with FakeInflux() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def make(fake: FakeInflux, waiting: Waiting) -> Iterator[Callable[..., InfluxStore]]:
    """Stores on the fake server; nobody really waits."""
    made: list[InfluxStore] = []

    def store(**more: Any) -> InfluxStore:
        settings = InfluxSettings(fake.url, TOKEN, "town", **{"timeout_s": 5.0} | more)
        connection = Connection(
            settings,
            clock=waiting.clock,
            pause=waiting.pause,
            writing=Pace(waiting.clock, lambda: 0.0),
            reading=Pace(waiting.clock, lambda: 0.0),
        )
        made.append(InfluxStore(settings, connection=connection))
        return made[-1]

    yield store
    for one in made:
        one.close()
