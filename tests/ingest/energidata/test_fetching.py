"""Fetching from a service that behaves: it counts, tags, turns busy clients away, and goes down."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bypuls.ingest.energidata.datasets import declaration_query, forecast_query
from bypuls.ingest.energidata.fetching import TRIES, EnergiDataService, FetchFailed

DAY = timedelta(days=1)


class Service:
    """A service with one answer. `busy` requests are turned away with 429 first."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = [{"HourUTC": "2022-01-01T00:00:00", "PriceArea": "DK2", "CO2PerkWh": 1.5}]
        self.busy, self.status = 0, 200
        self.retry_after: str | None = "7"
        self.body: bytes | None = None
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def tag(self) -> str:
        return f'"{len(self.records)}-{self.records[0]["CO2PerkWh"]}"'

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append((handler.path, dict(handler.headers)))
        if self.busy:
            self.busy -= 1
            handler.send_response(429)
            if self.retry_after:
                handler.send_header("Retry-After", self.retry_after)
            handler.end_headers()
            return
        if self.status == 200 and handler.headers.get("If-None-Match") == self.tag:
            handler.send_response(304)
            handler.end_headers()
            return
        body = self.body if self.body is not None else json.dumps({"total": 1, "records": self.records}).encode()
        handler.send_response(self.status)
        handler.send_header("ETag", self.tag)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@contextmanager
def served(service: Service) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service.answer(self)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Time:
    """A clock that only sleeping moves on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, tzinfo=UTC)
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def url(service: Service) -> Iterator[str]:
    with served(service) as url:
        yield url


def client(url: str, folder: Path, time: Time) -> EnergiDataService:
    return EnergiDataService(folder / "cache", clock=lambda: time.now, sleep=time.sleep, url=url, timeout_s=5.0)


def test_asked_once_and_then_only_for_what_changed(url: str, service: Service, tmp_path: Path, time: Time) -> None:
    query = declaration_query(2022, ["DK2"], "125 %")
    first = client(url, tmp_path, time).get("Declaration", query, longest=DAY)
    assert first.kept_because is None
    path, headers = service.asked[0]
    assert path.startswith("/dataset/Declaration?start=2021-12-31T23%3A00&end=2022-12-31T23%3A00&timezone=UTC")
    assert headers["User-Agent"].startswith("bypuls/")

    again = client(url, tmp_path, time).get("Declaration", query, longest=DAY)
    assert (again.content, again.kept_because) == (first.content, "it is still fresh")
    assert len(service.asked) == 1

    time.now += 2 * DAY
    unchanged = client(url, tmp_path, time).get("Declaration", query, longest=DAY)
    assert (unchanged.content, unchanged.fetched) == (first.content, time.now)
    assert service.asked[1][1]["If-None-Match"] == service.tag

    time.now += 2 * DAY
    service.records[0]["CO2PerkWh"] = 2.5
    changed = client(url, tmp_path, time).get("Declaration", query, longest=DAY)
    assert json.loads(changed.content)["records"][0]["CO2PerkWh"] == 2.5


def test_a_busy_service_is_asked_when_it_said(url: str, service: Service, tmp_path: Path, time: Time) -> None:
    service.busy = 2
    client(url, tmp_path, time).get("D", {}, longest=DAY)
    assert time.slept == [7.0, 7.0]


def test_requests_keep_their_distance_and_back_off(url: str, service: Service, tmp_path: Path, time: Time) -> None:
    asking = client(url, tmp_path, time)
    asking.get("D", {"start": "1"}, longest=DAY)
    asking.get("D", {"start": "2"}, longest=DAY)
    assert time.slept == [2.0]
    time.slept.clear()
    service.busy, service.retry_after = 99, None
    with pytest.raises(FetchFailed, match=f"429 Too Many Requests, {TRIES} times"):
        asking.get("D", {"start": "3"}, longest=DAY)
    assert len(service.asked) == 2 + TRIES
    assert max(time.slept) >= 4.0
    assert sum(time.slept) >= 7.0, "1, 2 and 4 s at least"


def test_a_wait_that_is_too_long_is_told(url: str, service: Service, tmp_path: Path, time: Time) -> None:
    service.busy, service.retry_after = 1, "3600"
    with pytest.raises(FetchFailed, match="asks to wait 3600 s"):
        client(url, tmp_path, time).get("D", {}, longest=DAY)
    assert time.slept == []


def test_without_a_network_what_is_kept_serves(service: Service, tmp_path: Path, time: Time) -> None:
    with served(service) as url:
        first = client(url, tmp_path, time).get("D", {}, longest=DAY)
        service.status = 404
        with pytest.raises(FetchFailed, match="404"):
            client(url, tmp_path, time).get("D", {"never": "asked"}, longest=DAY)
    time.now += 30 * DAY
    kept = client(url, tmp_path, time).get("D", {}, longest=DAY)
    assert (kept.content, kept.fetched) == (first.content, first.fetched)
    assert "can't be reached" in (kept.kept_because or "")
    with pytest.raises(FetchFailed, match="can't be reached"):
        client(url, tmp_path, time).get("D", {"never": "asked"}, longest=DAY)


@pytest.mark.parametrize("body", [b"<html>maintenance</html>", b'{"error": "no"}', b"[]"])
def test_nonsense_never_takes_the_place_of_an_answer(
    url: str, service: Service, tmp_path: Path, time: Time, body: bytes
) -> None:
    asking = client(url, tmp_path, time)
    first = asking.get("D", {}, longest=DAY)
    service.body, service.records = body, [{"CO2PerkWh": 9}]
    time.now += 2 * DAY
    assert asking.get("D", {}, longest=DAY).content == first.content


def test_a_damaged_note_is_asked_anew(url: str, service: Service, tmp_path: Path, time: Time) -> None:
    client(url, tmp_path, time).get("D", {}, longest=DAY)
    (about,) = (tmp_path / "cache").glob("*.about.json")
    about.write_text("{")
    client(url, tmp_path, time).get("D", {}, longest=DAY)
    assert len(service.asked) == 2


def test_no_other_scheme(tmp_path: Path, time: Time) -> None:
    with pytest.raises(ValueError, match="expected an address"):
        client("file:///etc", tmp_path, time)


def test_the_forecast_is_asked_from_the_last_whole_hour(time: Time) -> None:
    query = forecast_query(time.now.replace(minute=37), ["DK1", "DK2"])
    assert (query["start"], query["end"]) == ("2026-01-02T00:00", "2026-01-04T00:00")
