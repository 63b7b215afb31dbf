"""An InfluxDB that fails in every way we know of: nothing is lost, nothing hammered, only what is bad is rejected."""

from __future__ import annotations

import gzip
import itertools
import json
import logging
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from bypuls.store.influx import Asset, InfluxSettings, InfluxStore
from bypuls.store.influx.connection import Connection
from bypuls.store.influx.line_protocol import LINES
from bypuls.store.influx.pace import Pace
from bypuls.store.protocol import Bins, Misconfigured, StoreError, Unavailable
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
        self.behave: Callable[[str, list[str]], Answer | None] = lambda _path, _lines: None
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


@pytest.fixture
def fake() -> Iterator[FakeInflux]:
    with FakeInflux() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


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


def lamps(count: int) -> list[Reading]:
    return [Lamp(sensor="lamp-1", t=T0 + timedelta(seconds=i), power_w=i) for i in range(count)]


def always(answer: Answer) -> Callable[[str, list[str]], Answer | None]:
    return lambda _path, _lines: answer


def in_turn(*answers: Answer | None) -> Callable[[str, list[str]], Answer | None]:
    """One answer after the other, then good behaviour."""
    left = list(answers)
    return lambda _path, _lines: left.pop(0) if left else None


def holds(fake: FakeInflux, readings: list[Reading]) -> bool:
    """Whether the server holds these readings and nothing else; the same line again is the same point."""
    return set(fake.stored) == {LINES[r.kind].line(r, to_us(r.t)) for r in readings if r.t}


def test_too_many_requests_waits_as_long_as_the_server_says(fake: FakeInflux, make: Any, waiting: Waiting) -> None:
    store = make()
    fake.behave = in_turn(Answer(429, {"message": "slow down"}, Retry_After="17"))
    with pytest.raises(Unavailable, match="429 slow down") as told:
        store.write(lamps(3))
    assert told.value.retry_after_s == 17.0
    for _ in range(50):
        with pytest.raises(Unavailable, match="not asked again"):
            store.write(lamps(3))
    assert fake.count() == 1
    waiting.pause(17.0)
    assert store.write(lamps(3)) == []
    assert holds(fake, lamps(3))


def test_retry_after_may_be_a_date_or_nonsense(fake: FakeInflux, make: Any) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
    for text, low, high in ((date, 280.0, 301.0), ("soon", 1.0, 2.0), ("-5", 1.0, 2.0), ("9" * 30, 3600.0, 3600.0)):
        store = make()
        fake.behave = in_turn(Answer(503, b"", Retry_After=text))
        with pytest.raises(Unavailable) as told:
            store.write(lamps(1))
        assert told.value.retry_after_s is not None
        assert low <= told.value.retry_after_s <= high, text


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_unavailable(fake: FakeInflux, make: Any, waiting: Waiting, status: int) -> None:
    store = make()
    fake.behave = in_turn(Answer(status, {"error": "not now"}))
    with pytest.raises(Unavailable, match=f"{status} not now") as told:
        store.write(lamps(2))
    assert told.value.retry_after_s == 1.0
    waiting.pause(1.0)
    assert store.write(lamps(2)) == []
    assert holds(fake, lamps(2))


@pytest.mark.parametrize("status", [401, 403, 404, 301])
def test_what_an_operator_must_mend_is_misconfigured(
    fake: FakeInflux, make: Any, waiting: Waiting, status: int
) -> None:
    store = make()
    fake.behave = in_turn(Answer(status, {"message": "no such bucket"}))
    with pytest.raises(Misconfigured, match=f"bucket 'bypuls': {status} no such bucket"):
        store.write(lamps(2))
    for _ in range(20):
        with pytest.raises(Misconfigured, match="not asked again"):
            store.write(lamps(2))
    assert fake.count() == 1
    waiting.pause(1.0)
    assert store.write(lamps(2)) == []


@pytest.mark.parametrize("rude", ["reset", "take, then reset", "hang"])
def test_broken_off_is_unavailable_and_writing_again_stores_once(
    fake: FakeInflux, make: Any, waiting: Waiting, rude: str
) -> None:
    store = make(timeout_s=0.3)
    fake.behave = in_turn(Answer(rude=rude))
    with pytest.raises(Unavailable):
        store.write(lamps(5))
    fake.closing.set()
    waiting.pause(1.0)
    assert store.write(lamps(5)) == []
    assert holds(fake, lamps(5))


def test_a_connection_reset_after_the_204_harms_nothing(fake: FakeInflux, make: Any) -> None:
    store = make(patience_s=60.0)
    fake.behave = in_turn(Answer(204, rude="204, then reset"))
    assert store.write(lamps(5)) == []
    assert store.write(lamps(7)) == []
    assert holds(fake, lamps(7))


def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        store = InfluxStore(InfluxSettings(f"http://127.0.0.1:{taken.getsockname()[1]}", TOKEN, timeout_s=1.0))
        with pytest.raises(Unavailable) as told:
            store.ping()
        store.close()
    assert TOKEN not in str(told.value)
    with pytest.raises(Unavailable, match="closed"):
        store.ping()


def test_with_patience_the_store_tries_again_itself(fake: FakeInflux, make: Any, waiting: Waiting) -> None:
    store = make(patience_s=60.0)
    fake.behave = in_turn(Answer(503), Answer(429, Retry_After="5"), Answer(500))
    assert store.write(lamps(4)) == []
    assert waiting.waited_s == [1.0, 5.0, 4.0]
    assert fake.count() == 4
    assert holds(fake, lamps(4))


def test_patience_ends(fake: FakeInflux, make: Any, waiting: Waiting) -> None:
    store = make(patience_s=60.0)
    fake.behave = always(Answer(503))
    with pytest.raises(Unavailable):
        store.write(lamps(4))
    assert 30.0 <= sum(waiting.waited_s) <= 60.0


def test_a_failing_server_is_asked_at_most_twice_a_second(fake: FakeInflux) -> None:
    """By the real clock: four writers and a reader that try again at once, for two seconds."""
    fake.behave = always(Answer(503))
    store = InfluxStore(InfluxSettings(fake.url, TOKEN, patience_s=0.0))
    until = time.monotonic() + 2.2
    tries = Counter[str]()

    def hammer(call: Callable[[], Any]) -> None:
        while time.monotonic() < until:
            with pytest.raises(Unavailable) as told:
                call()
            tries[threading.current_thread().name] += 1
            assert told.value.retry_after_s
            threading.Event().wait(0.005)

    calls: list[Callable[[], Any]] = [lambda: store.write(lamps(3))] * 4 + [lambda: store.readings("lamp", "a", 0, 9)]
    threads = [threading.Thread(target=hammer, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    assert min(tries.values()) > 50
    assert len(tries) == 5
    times = sorted(at for at, _ in fake.requests)
    # The first call of each thread may be under way before the first failure is known.
    for _, same in ((path, [at for at, p in fake.requests if p == path]) for path in {p for _, p in fake.requests}):
        later = [at for at in same if at > times[0] + 0.5]
        assert len(later) <= 3
        assert all(b - a >= 0.95 for a, b in itertools.pairwise(later))


def test_a_body_too_large_is_halved(fake: FakeInflux, make: Any) -> None:
    store = make()
    fake.behave = lambda _path, lines: Answer(413) if len(lines) > 300 else None
    assert store.write(lamps(1000)) == []
    assert holds(fake, lamps(1000))
    fake.behave = lambda _path, lines: Answer(413) if any("power_w=2.0" in line for line in lines) else None
    assert [one.index for one in store.write(lamps(5))] == [2]


CONFLICT = (
    'failure writing points to database: partial write: field type conflict: input field "power_w" on measurement '
    '"lamp" is type float, already exists as type string dropped={dropped}'
)


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("tells", [CONFLICT, "unable to parse a line"])
@pytest.mark.parametrize("keeps_the_rest", [True, False])
def test_one_bad_point_among_five_thousand_costs_itself_alone(
    fake: FakeInflux, make: Any, waiting: Waiting, status: int, tells: str, keeps_the_rest: bool
) -> None:
    store = make()
    fake.refusal, fake.tells, fake.keeps_the_rest = status, tells, keeps_the_rest
    fake.is_bad = lambda line: "power_w=3217.0 " in line
    rejected = store.write(lamps(5000))
    assert [one.index for one in rejected] == [3217]
    assert tells.partition("{")[0] in rejected[0].reason
    assert holds(fake, [one for i, one in enumerate(lamps(5000)) if i != 3217])
    assert fake.count() <= 27
    assert waiting.waited_s == []


def test_a_conflict_of_a_rare_field_is_found_in_three_requests(fake: FakeInflux, make: Any) -> None:
    store = make()
    fake.tells, fake.keeps_the_rest = CONFLICT.replace("power_w", "temp_c"), False
    fake.is_bad = lambda line: "temp_c=" in line
    readings = lamps(5000)
    readings[11] = Lamp(sensor="lamp-1", t=T0 + timedelta(seconds=11), temp_c=1)
    readings[4711] = Lamp(sensor="lamp-1", t=T0 + timedelta(seconds=4711), temp_c=1, power_w=1)
    assert [one.index for one in store.write(readings)] == [11, 4711]
    assert holds(fake, [one for i, one in enumerate(readings) if i not in (11, 4711)])
    assert fake.count() == 3


def test_when_all_are_refused_one_request_says_so(fake: FakeInflux, make: Any) -> None:
    store = make()
    fake.tells = CONFLICT
    fake.is_bad = lambda _line: True
    assert [one.index for one in store.write(lamps(5000))] == list(range(5000))
    assert fake.count() == 1


def test_a_server_that_fails_in_the_middle_of_a_search_is_unavailable(
    fake: FakeInflux, make: Any, waiting: Waiting
) -> None:
    store = make()
    fake.tells = "unable to parse a line"
    fake.is_bad = lambda line: "power_w=99.0 " in line
    fake.behave = in_turn(None, None, None, Answer(503))
    with pytest.raises(Unavailable):
        store.write(lamps(200))
    waiting.pause(1.0)
    assert [one.index for one in store.write(lamps(200))] == [99]
    assert holds(fake, [one for i, one in enumerate(lamps(200)) if i != 99])


def test_times_that_no_influxdb_holds_are_rejected_here(fake: FakeInflux, make: Any) -> None:
    readings = [Lamp(sensor="a", t=datetime(year, 1, 1, tzinfo=UTC), on=True) for year in (1, 1677, 1678, 2261, 2262)]
    assert [one.index for one in make().write(readings)] == [0, 1, 4]
    assert holds(fake, readings[2:4])


def test_bins_that_are_refused_are_no_silent_loss(fake: FakeInflux, make: Any) -> None:
    fake.tells = "conflict dropped={dropped}"
    fake.is_bad = lambda _line: True
    with pytest.raises(Misconfigured, match="1 bins of lamp-1 refused: conflict"):
        make().replace_bins(
            "lamp", "lamp-1", 0, 10**12, [Bins("lamp", "lamp-1", np.array([0]), {"n": np.array([1.0])})]
        )


def test_a_query_broken_off_with_an_error_table_is_no_answer(fake: FakeInflux, make: Any) -> None:
    body = (
        b",result,table,_time,_value,_field,sensor\r\n,_result,0,2026-01-05T00:00:00Z,1,power_w,lamp-1\r\n\r\n"
        b",error,reference\r\n,memory allocation limit reached,\r\n\r\n"
    )
    fake.behave = in_turn(Answer(200, body))
    with pytest.raises(Unavailable, match="memory allocation limit"):
        make().readings("lamp", "lamp-1", 0, 2**60)


def test_a_query_that_the_server_does_not_understand_is_misconfigured(fake: FakeInflux, make: Any) -> None:
    fake.behave = in_turn(Answer(400, {"code": "invalid", "message": "compilation failed"}))
    with pytest.raises(Misconfigured, match="compilation failed"):
        make().readings("lamp", "lamp-1", 0, 2**60)


def test_an_answer_cut_short_is_unavailable(fake: FakeInflux, make: Any) -> None:
    fake.behave = in_turn(Answer(200, b",result,table", Content_Length="5000", rude="204, then reset"))
    with pytest.raises(Unavailable):
        make(timeout_s=1.0).readings("lamp", "lamp-1", 0, 2**60)


def test_user_text_never_gets_into_a_query(fake: FakeInflux, make: Any) -> None:
    store = make()
    for evil in ('") |> to(bucket:"x', "a|b", "a b", ".*", "A", ""):
        with pytest.raises(ValueError, match="expected"):
            store.readings("lamp", evil, 0, 1)
        with pytest.raises(ValueError, match="expected"):
            store.latest("lamp", ["lamp-1", evil])
        with pytest.raises(ValueError, match="expected"):
            store.bins("lamp", [evil], 0, 1, ["n"])
        with pytest.raises(ValueError, match="expected"):
            store.delete_readings("lamp", 1, sensor=evil)
        with pytest.raises(ValueError, match="expected"):
            store.replace_bins("lamp", evil, 0, 1, [])
    assert fake.requests == []


def test_setting_up_a_2x_server_asks_for_the_organisation_and_makes_what_is_missing(
    fake: FakeInflux, make: Any
) -> None:
    made: list[dict[str, Any]] = []

    def behave(path: str, _lines: list[str]) -> Answer:
        query = parse_qs(urlsplit(path).query)
        if path.startswith("/api/v2/orgs"):
            return Answer(200, {"orgs": [{"id": "0123456789abcdef", "name": query["org"][0]}]})
        if path.startswith("/api/v2/buckets") and "name" in query:
            there = query["name"][0] == "bypuls"
            return Answer(200, {"buckets": [{"name": "bypuls", "retentionRules": []}] if there else []})
        made.append(json.loads(fake.bodies[-1]))
        return Answer(201, {"id": "1", "name": made[-1]["name"], "retentionRules": []})

    fake.behave = behave
    make().setup()
    assert [(one["name"], one["orgID"], one["retentionRules"]) for one in made] == [
        ("bypuls_rollup", "0123456789abcdef", [])
    ]


def test_a_missing_organisation_is_misconfigured(fake: FakeInflux, make: Any) -> None:
    fake.behave = always(Answer(404, {"code": "not found", "message": 'organization name "town" not found'}))
    with pytest.raises(Misconfigured, match="town"):
        make().setup()


@pytest.mark.parametrize("may", ["/api/v2/write", "/api/v2/query"])
def test_ping_is_content_with_a_token_that_may_do_half(fake: FakeInflux, make: Any, may: str) -> None:
    def behave(path: str, _lines: list[str]) -> Answer | None:
        if urlsplit(path).path == may:
            return Answer(400, {"message": "writing requires points"}) if "write" in may else Answer(200, b"\r\n")
        return Answer(403, {"message": "insufficient permissions"})

    fake.behave = behave
    make().ping()
    fake.behave = always(Answer(403, {"message": "insufficient permissions"}))
    with pytest.raises(Misconfigured, match="insufficient permissions"):
        make().ping()


def test_the_token_is_in_no_message_and_no_log(
    fake: FakeInflux, make: Any, waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = make(timeout_s=0.3)
    said = [repr(store.settings), str(store.settings)]
    for answer in (Answer(401, {"message": "no"}), Answer(500), Answer(422), Answer(413), Answer(rude="reset")):
        fake.behave = in_turn(answer)
        waiting.pause(1000.0)
        try:
            store.write(lamps(1))
        except StoreError as error:
            said += [str(error), repr(error), str(error.__cause__)]
    assert TOKEN not in " ".join([*said, caplog.text])


def test_a_field_type_conflict_on_a_real_server_costs_one_of_five_thousand(influx_server: Any) -> None:
    store = InfluxStore(InfluxSettings(influx_server.url, influx_server.token, "", "conflict", "conflict_rollup"))
    store.setup()
    try:
        # Somebody wrote a text where we write numbers: `temp_c` everywhere, `power_w` in another week.
        for field, t in (("temp_c", T0), ("power_w", T0 + timedelta(days=70))):
            raw(influx_server, "conflict", f'lamp,sensor=foreign {field}="warm" {int(t.timestamp())}000000')
        readings = lamps(5000)
        readings[4321] = Lamp(sensor="lamp-1", t=T0 + timedelta(seconds=4321), temp_c=20, power_w=4321)
        rejected = store.write(readings)
        assert [one.index for one in rejected] == [4321]
        assert "field type conflict" in rejected[0].reason
        stored = store.readings("lamp", "lamp-1", 0, 2**60)
        assert stored == [*readings[:4321], *readings[4322:]]

        moved = [
            reading.replace_t(reading.t + timedelta(days=70)) if i == 77 else reading
            for i, reading in enumerate(lamps(5000))
            if reading.t
        ]
        assert [one.index for one in store.write(moved)] == [77]
        assert store.readings("lamp", "lamp-1", 0, 2**60) == lamps(5000)
    finally:
        store.close()


def raw(server: Any, bucket: str, line: str) -> None:
    """Writes a line as anybody with a token could."""
    request = urllib.request.Request(
        f"{server.url}/api/v2/write?bucket={bucket}&precision=us",
        data=line.encode(),
        headers={"Authorization": f"Token {server.token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 204


def test_a_real_server_says_what_is_misconfigured(influx_server: Any) -> None:
    store = InfluxStore(InfluxSettings(influx_server.url, influx_server.token, "", "nowhere", "nowhere_rollup"))
    for call in (
        store.ping,
        lambda: store.write(lamps(1)),
        lambda: store.readings("lamp", "lamp-1", 0, 1),
        lambda: store.delete_readings("lamp", 1),
    ):
        with pytest.raises(Misconfigured):
            call()
    store.close()
    store = InfluxStore(InfluxSettings(influx_server.url, "bypuls:wrong", "", "nowhere", "nowhere_rollup"))
    with pytest.raises(Misconfigured, match="401"):
        store.ping()
    store.close()


def test_what_was_written_outlives_a_kill_of_the_server(own_influx: Any) -> None:
    store = InfluxStore(InfluxSettings(own_influx.url, own_influx.token, patience_s=20.0))
    store.setup()
    store.write(lamps(2000))
    own_influx.kill()
    with pytest.raises(Unavailable):
        InfluxStore(InfluxSettings(own_influx.url, own_influx.token)).ping()
    own_influx.start()
    assert store.readings("lamp", "lamp-1", 0, 2**60) == lamps(2000)
    store.close()


def test_assets_are_what_was_written_last(influx_server: Any) -> None:
    store = InfluxStore(InfluxSettings(influx_server.url, influx_server.token, "", "assets", "assets_rollup"))
    store.setup()
    school = Asset("school-1", 'Måløv "Skole", 2\\', kind="building", area_m2=4200)
    street = Asset("hovedgaden", "Måløv Hovedgade", kind="site", limit_kmh=50)
    store.assets([school, street])
    store.assets([school, street])
    answer = influx_server.influxql('SELECT * FROM "assets_rollup".."asset"')
    rows = json.loads(answer)["results"][0]["series"][0]["values"]
    assert len(rows) == 2
    assert 'Måløv "Skole", 2\\' in rows[1] or 'Måløv "Skole", 2\\' in rows[0]
    store.assets([Asset("hovedgaden", "Hovedgaden", kind="site")])
    series = json.loads(influx_server.influxql('SELECT * FROM "assets_rollup".."asset"'))["results"][0]["series"][0]
    assert [dict(zip(series["columns"], row, strict=True)) for row in series["values"]] == [
        {"time": "1970-01-01T00:00:00Z", "id": "hovedgaden", "kind": "site", "name": "Hovedgaden"}
        | {name: None for name in series["columns"] if name not in ("time", "id", "kind", "name")}
    ]
    with pytest.raises(ValueError, match="one line"):
        store.assets([Asset("a", "two\nlines")])
    store.close()
