"""A fake Grafana that behaves, and the town's data in a real InfluxDB."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest

from bypuls.api.results.runner import JOBS, ResultsRunner
from bypuls.cli.town import TownFile, register
from bypuls.grafana.flux import Buckets
from bypuls.sim.history import history
from bypuls.sim.town import Town
from bypuls.store.book import Alarm, AlarmBook, Book, Letter, Taken
from bypuls.store.influx import Asset, InfluxSettings, InfluxStore
from bypuls.store.protocol import Bins
from bypuls.store.registry import open_registry
from bypuls.store.results import Result
from bypuls.wire import to_us

Json = dict[str, Any]
Rows = list[dict[str, str]]
ALL = {"target": "town-2030", "site": ".*", "building": ".*", "cabinet": ".*", "medium": "electricity"}


@dataclass
class FakeGrafana:
    """Folders, data sources and dashboards with their versions, behind Grafana's HTTP interface.

    token : what requests must carry.  may_write : whether the token's role may.  listed : whether versions come as a
    list (Grafana up to 11) or inside an object (later).
    """

    token: str = "glsa_secret"
    may_write: bool = True
    listed: bool = True
    folders: dict[str, Json] = field(default_factory=dict)
    sources: dict[str, Json] = field(default_factory=dict)
    versions: dict[str, list[Json]] = field(default_factory=dict)
    folder_of: dict[str, str] = field(default_factory=dict)
    provisioned: set[str] = field(default_factory=set)
    requests: list[tuple[str, str]] = field(default_factory=list)
    rules: dict[str, Json] = field(default_factory=dict)
    contacts: list[Json] = field(default_factory=list)
    policies: Json = field(default_factory=lambda: {"receiver": "grafana-default-email", "provenance": ""})
    url: str = ""

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """The status and the answer to a request that carries the right token."""
        self.requests.append((method, path))
        if method != "GET" and not self.may_write:
            return 403, {"message": "You'll need additional permissions to perform this action."}
        match [method, *path.strip("/").split("/")]:
            case ["GET", "api", "folders", uid]:
                return self._found(self.folders.get(uid))
            case ["POST", "api", "folders"]:
                if body["uid"] in self.folders:
                    return 409, {"message": "a folder with the same UID exists already"}
                self.folders[body["uid"]] = dict(body)
                return 200, body
            case ["GET", "api", "datasources", "uid", uid]:
                return self._found(self._shown_source(uid))
            case ["POST", "api", "datasources"]:
                self.sources[body["uid"]] = body
                return 200, {"datasource": self._shown_source(body["uid"])}
            case ["PUT", "api", "datasources", "uid", uid]:
                kept = self.sources[uid].get("secureJsonData", {})
                self.sources[uid] = body | {"secureJsonData": kept | body.get("secureJsonData", {})}
                return 200, {"datasource": self._shown_source(uid)}
            case ["GET", "api", "dashboards", "uid", uid]:
                return self._found(self._shown_dashboard(uid))
            case ["GET", "api", "dashboards", "uid", uid, "versions"]:
                newest_first = [{k: v for k, v in one.items() if k != "data"} for one in self.versions[uid][::-1]]
                return 200, newest_first if self.listed else {"continueToken": "", "versions": newest_first}
            case ["POST", "api", "dashboards", "db"]:
                return self.save(body)
            case [_, "api", "v1", "provisioning", *rest]:
                return self._alerting([method, *rest], body)
        return 404, {"message": "Not found"}

    def save(self, body: Json) -> tuple[int, Any]:
        """Saves a dashboard as Grafana does: a version of its own each time, a stale one is refused."""
        dashboard = copy.deepcopy(body["dashboard"])
        uid = dashboard["uid"]
        if uid in self.provisioned:
            return 400, {"message": "Cannot save provisioned dashboard"}
        there = self.versions.setdefault(uid, [])
        if there and not body.get("overwrite") and dashboard.get("version") != there[-1]["version"]:
            return 412, {"status": "version-mismatch", "message": "The dashboard has been changed by someone else"}
        folder = body.get("folderUid", "")
        if folder and folder not in self.folders:
            return 400, {"message": "folder not found"}
        number = len(there) + 1
        dashboard |= {"version": number, "id": there[0]["data"]["id"] if there else len(self.versions)}
        there.append({"version": number, "message": body.get("message", ""), "data": dashboard})
        self.folder_of[uid] = folder
        return 200, {"status": "success", "uid": uid, "version": number}

    def _alerting(self, asked: list[str], body: Any) -> tuple[int, Any]:
        """Alerting's provisioning interface; what Grafana adds to a rule by itself is added."""
        match asked:
            case ["GET", "alert-rules", uid]:
                return self._found(self.rules.get(uid))
            case ["POST", "alert-rules"] if body["uid"] in self.rules:
                return 409, {"message": "rule with UID exists already"}
            case ["POST", "alert-rules"] | ["PUT", "alert-rules", _]:
                if body["folderUID"] not in self.folders or not body["ruleGroup"]:
                    return 400, {"message": "invalid alert rule: folder and group are needed"}
                kept = copy.deepcopy(body) | {"id": len(self.rules) + 1, "updated": "2026-01-01T00:00:00Z"}
                for query in kept["data"]:
                    query["queryType"] = ""
                    query["model"] = {"intervalMs": 1000, "maxDataPoints": 43200, "hide": False} | query["model"]
                self.rules[body["uid"]] = kept
                return 201 if asked[0] == "POST" else 200, kept
            case ["GET", "contact-points"]:
                return 200, self.contacts
            case ["POST", "contact-points"]:
                if not body["settings"].get("addresses") or "$" in body["settings"]["addresses"]:
                    return 400, {"message": "could not find addresses in settings"}
                self.contacts.append(body)
                return 202, body
            case ["GET", "policies"]:
                return 200, self.policies
            case ["PUT", "policies"]:
                names = {one["name"] for one in self.contacts} | {"grafana-default-email"}
                if not {route["receiver"] for route in body.get("routes", [])} <= names:
                    return 400, {"message": "receiver does not exist"}
                self.policies = body
                return 202, {"message": "policies updated"}
        return 404, {"message": "Not found"}

    def edit(self, uid: str, change: Mapping[str, Any], message: str = "") -> None:
        """What a person does in the browser."""
        newest = self.versions[uid][-1]["data"]
        status, told = self.save(
            {"dashboard": newest | change, "folderUid": self.folder_of[uid], "message": message, "overwrite": False}
        )
        assert status == 200, told

    def newest(self, uid: str) -> Json:
        """The dashboard as it is now."""
        data: Json = self.versions[uid][-1]["data"]
        return data

    def _shown_source(self, uid: str) -> Json | None:
        source = self.sources.get(uid)
        if source is None:
            return None
        shown = {key: value for key, value in source.items() if key != "secureJsonData"}
        return shown | {"secureJsonFields": dict.fromkeys(source.get("secureJsonData", {}), True)}

    def _shown_dashboard(self, uid: str) -> Json | None:
        if uid not in self.versions:
            return None
        meta = {"folderUid": self.folder_of[uid], "provisioned": uid in self.provisioned}
        return {"dashboard": self.newest(uid), "meta": meta}

    @staticmethod
    def _found(thing: Json | None) -> tuple[int, Any]:
        return (404, {"message": "not found"}) if thing is None else (200, thing)


@pytest.fixture
def fake_grafana() -> Iterator[FakeGrafana]:
    """A fake Grafana on a free port."""
    grafana = FakeGrafana()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # head and body in one packet

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if self.headers.get("Authorization") != f"Bearer {grafana.token}":
                status, answer = 401, {"message": "Invalid API key"}
            else:
                parsed = json.loads(body) if body and self.command != "GET" else None
                status, answer = grafana.answer(self.command, self.path.partition("?")[0], parsed)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: `requests` holds what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    grafana.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield grafana
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Server(Protocol):
    """The tests' InfluxDB."""

    url: str
    token: str
    org: str


@dataclass(frozen=True)
class TownData:
    """A few days of the simulated town in an InfluxDB, the same days of the year before, and devices' health."""

    server: Server
    buckets: Buckets
    town: Town
    start: datetime
    end: datetime


def town_assets(town: Town) -> list[Asset]:
    """What the registry would write of the town; the town hall and lamps it has forgotten."""
    made = [Asset(one.id, one.name, "site", limit_kmh=float(one.limit_kmh)) for one in town.streets.values()]
    made.append(Asset("town-2030", "85 % mindre CO₂ i 2030", "target", target_tonnes=210.0))
    made += [Asset(one.id, one.name, "cabinet") for one in town.cabinets.values()]
    known = [one for one in town.buildings.values() if one.id != "raadhus"]
    return made + [Asset(one.id, one.name, "building", area_m2=one.area_m2) for one in known]


def settings(server: Server, buckets: Buckets) -> InfluxSettings:
    """How the store reaches the server's buckets."""
    return InfluxSettings(server.url, server.token, server.org, buckets.raw, buckets.rollup)


LAST_QUARTER = datetime(2025, 10, 28, 14, 0, tzinfo=UTC)


def health_bin(device: str, number: int) -> Bins:
    """A device's newest quarter; the first device can't read two of its sensors."""
    failing = "radar-hareskovvej,radar-lautrupparken" if number == 0 else ""
    columns: dict[str, Any] = {
        "n": np.array([10.0]),
        "outbox_rows_max": np.array([float(number)]),
        "outbox_oldest_s_max": np.array([1.5]),
        "dropped_max": np.zeros(1),
        "disk_free_mb_min": np.array([20_000.0]),
        "cpu_temp_c_max": np.array([44.0]),
        "failing": np.array([failing], dtype=object),
        "version": np.array(["0.1.0"], dtype=object),
    }
    return Bins("health", device, np.array([to_us(LAST_QUARTER)], dtype=np.int64), columns)


def lay_down_results(store: InfluxStore, town: Town, folder: Path, start: datetime, now: datetime) -> None:
    """What the platform's own jobs say of the town: its registry, an alarm, a ledger with a dead letter."""
    with open_registry(folder / "registry.db", clock=lambda: now) as registry:
        begins = town.begins.isoformat()
        register(registry, TownFile(town.seed, begins, start.isoformat(), now.isoformat(), begins))
        book, alarms = Book(registry), AlarmBook(registry)
        letter = Letter("pi-energy", "no such sensor: x", b"{}", "e1", 4)
        book.take([Taken("pi-energy", "e1", 1, 10, (4,)), Taken("gw-lamps", "e2", 3, 9)], [letter], [], to_us(now))
        assert alarms.take_lease("alarms", "somebody", to_us(now), 1e6)
        with alarms.changing() as changes:
            began = to_us(now) - 3_600_000_000
            changes.add(
                Alarm(0, "off-track", "climate", "target", "town-2030", None, None, None, "r", "major", None, "open",
                      began, began, began)
            )  # fmt: skip
        runner = ResultsRunner(store, store, registry, book, clock=lambda: now)
        ran = runner.run(["climate", *JOBS])
        assert ran is not None
        assert [one for one in ran if one.reason is not None] == []
    # A few days are no year: how much of one was measured, and what twelve months come to, is laid down by hand.
    [found] = [one for one in store.results("target") if one.tags["target"] == "town-2030"]
    whole = Result("target", found.tags, found.t_us, {**found.numbers, "completeness": 0.97}, found.texts)
    store.replace_results("target", [whole], having={"target": "town-2030"})
    figures = {"kwh": 1e6, "kwh_corrected": 1.1e6, "kwh_m2_corrected": 112.0, "cost_dkk": 9e5, "excess_dkk": 1e5}
    school = Result("building", {"building": "maaloev-skole"}, 0, figures, {"name": "Måløv Skole"})
    store.replace_results("building", [school], having={"building": "maaloev-skole"})


@pytest.fixture(scope="session")
def town_data(influx_server: Server, tmp_path_factory: pytest.TempPathFactory) -> TownData:
    """Days on which lamps have faults; Danish clocks went back in the night to 26 October 2025, the third of them."""
    end = datetime(2025, 10, 28, 14, 10, tzinfo=UTC)
    start = datetime(2025, 10, 23, 22, tzinfo=UTC)
    town = Town(2750, date(2024, 1, 1))
    buckets = Buckets("grafana_raw", "grafana_rollup")
    store = InfluxStore(settings(influx_server, buckets))
    try:
        store.setup()
        year = timedelta(weeks=52)
        for first, last in ((start, end), (start - year, end - year)):
            # A sensor's directions together: what is written takes the place of all its bins of that time.
            for (kind, sensor), blocks in groupby(history(town, first, last), key=lambda b: (b.kind, b.sensor)):
                bins = [Bins(b.kind, b.sensor, b.t_us, b.columns, b.tags, asset=b.asset) for b in blocks]
                edges = [int(t_us) for one in bins for t_us in one.t_us[[0, -1]]]
                store.replace_bins(kind, sensor, min(edges), max(edges) + 1, bins)
        store.assets(town_assets(town))
        for number, device in enumerate(town.devices):
            store.replace_bins("health", device, to_us(LAST_QUARTER), to_us(end), [health_bin(device, number)])
        lay_down_results(store, town, tmp_path_factory.mktemp("results"), start, end - timedelta(minutes=10))
    finally:
        store.close()
    return TownData(influx_server, buckets, town, start, end)


class Reader:
    """Asks the InfluxDB as Grafana would: fills in the range picker and the variables, reads the CSV."""

    def __init__(self, server: Any, start: datetime, end: datetime) -> None:
        self._server = server
        self._range = {"v.timeRangeStart": start, "v.timeRangeStop": end}

    def filled(self, query: str, variables: dict[str, str]) -> str:
        """The query as Grafana sends it; nothing of Grafana's own may be left in it."""
        for name, moment in self._range.items():
            query = query.replace(name, f"{moment:%Y-%m-%dT%H:%M:%SZ}")
        for name, value in variables.items():
            query = query.replace(f"${{{name}:regex}}", value).replace(f"${{{name}}}", value)
        assert not re.search(r"\$\{|\bv\.[a-z]", query), query
        return query

    def rows(self, query: str, **variables: str) -> Rows:
        """The answer's rows, by column."""
        body = json.dumps({"query": self.filled(query, ALL | variables), "dialect": {"annotations": []}}).encode()
        headers = {"Authorization": f"Token {self._server.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._server.url}/api/v2/query?org={self._server.org}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                pytest.fail(f"{error.read().decode()}\n{query}")
        assert '"error"' not in text, text
        blocks = [block for block in text.replace("\r\n", "\n").split("\n\n") if block.strip()]
        return [row for block in blocks for row in csv.DictReader(io.StringIO(block))]


@pytest.fixture(scope="session")
def make_reader() -> type[Reader]:
    """Makes a reader of another server or time."""
    return Reader


@pytest.fixture(scope="module")
def reader(town_data: Any) -> Reader:
    """Asks for the town's few days."""
    return Reader(town_data.server, town_data.start, town_data.end)


@pytest.fixture(scope="module")
def store(town_data: Any) -> Iterator[InfluxStore]:
    """The same data through the store."""
    server, buckets = town_data.server, town_data.buckets
    made = InfluxStore(InfluxSettings(server.url, server.token, server.org, buckets.raw, buckets.rollup))
    yield made
    made.close()
