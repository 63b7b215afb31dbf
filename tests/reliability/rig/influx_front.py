"""Stands before an InfluxDB and answers writes in its place, as servers and gateways do when they fail."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANG_S = 12.0  # longer than ingest waits for an answer
_JSON = {"Content-Type": "application/json"}


class Front:
    """Forwards to `port`. `faults`: what becomes of the next writes; then all goes well.

    "503", "500", "429" (with Retry-After: 1): refused, nothing written.  "reset": written, and the connection ends
    without an answer.  "hang": no answer for longer than anybody waits.
    """

    def __init__(self, port: int) -> None:
        self.faults: deque[str] = deque()
        self.writes: list[float] = []  # when each came [s, monotonic]
        self.closing = threading.Event()
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Says nothing."""

            def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fault = ""
                if self.path.startswith("/api/v2/write"):
                    front.writes.append(time.monotonic())
                    fault = front.faults.popleft() if front.faults else ""
                if fault.isdigit():
                    after = {"Retry-After": "1"} if fault == "429" else {}
                    self._answer(int(fault), _JSON | after, b'{"code":"unavailable","message":"as the test says"}')
                    return
                if fault == "hang":
                    front.closing.wait(HANG_S)
                    self.close_connection = True
                    return
                there = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                try:
                    sent = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                    there.request(self.command, self.path, body, sent)
                    answer = there.getresponse()
                    said = answer.read()
                    dropped = ("content-length", "transfer-encoding", "connection")
                    headers = {name: value for name, value in answer.getheaders() if name.lower() not in dropped}
                except OSError:
                    self._answer(502, _JSON, b'{"code":"unavailable","message":"nobody behind the front"}')
                    return
                finally:
                    there.close()
                if fault == "reset":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                if answer.status == 204:
                    self.send_response(204)
                    self.end_headers()
                    return
                self._answer(answer.status, headers, said)

            do_GET = do_POST = do_DELETE = do_PATCH = _forward  # noqa: N815 - http.server's names

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: object) -> None:
                """A client that was killed is no error of ours."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the server."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
