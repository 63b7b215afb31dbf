"""A small town made through the public interfaces: two streets, a cabinet with two lamps, two buildings, three years of
meters across the changes of the clock, a street whose limit changes. All figures are functions of the quarter."""

import csv
import io
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, sync_playwright

from bypuls.api import ApiContext, ApiSettings, create_app
from bypuls.store.book import Book
from bypuls.store.protocol import Bins
from bypuls.store.registry import create_key, import_csv, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Health, Lamp, Meter, Passage, Weather, to_us

NOW = datetime(2026, 3, 30, 10, 7, tzinfo=UTC)
BEGIN = datetime(2022, 12, 31, 23, tzinfo=UTC)
QUARTER_US = 900_000_000

ROWS: dict[str, list[dict[str, Any]]] = {
    "site": [
        {"id": "high-street", "name": "High Street", "lat": 55.7, "lon": 12.3},
        {"id": "quiet-lane", "name": "Quiet Lane"},
    ],
    "speed_limit": [
        {"site": "high-street", "direction": "both", "valid_from": first, "valid_to": last, "limit_kmh": limit}
        for first, last, limit in (("2020-01-01", "2025-06-02", 50), ("2025-06-02", None, 40))
    ],
    "cabinet": [{"id": "cabinet-1", "name": "Cabinet 1", "site": "high-street", "lamp_count": 2}],
    "lamp": [
        {"id": f"lamp-{i}", "name": f"Lamp {i}", "cabinet": "cabinet-1", "lat": 55.7, "lon": 12.3} for i in (1, 2)
    ],
    "building": [
        {"id": "hall", "name": "Hall", "use": "office", "built_year": 1975},
        {"id": "shed", "name": "Shed <b>&", "use": "other", "built_year": None},
    ],
    "heated_area": [{"building": "hall", "valid_from": "2020-01-01", "area_m2": 1000}],
    "device": [{"id": "pi-1", "name": "Pi one"}, {"id": "pi-2", "name": "Pi two"}],
    "sensor": [
        {"id": "hall-el", "device": "pi-1", "kind": "meter", "name": "Hall, electricity", "building": "hall",
         "medium": "electricity", "interval_s": 60},
        {"id": "hall-el-sub", "device": "pi-1", "kind": "meter", "name": "Hall, kitchen", "building": "hall",
         "medium": "electricity", "parent": "hall-el"},
        {"id": "hall-el-tenant", "device": "pi-1", "kind": "meter", "name": "Hall, tenant", "building": "hall",
         "medium": "electricity", "parent": "hall-el", "sign": -1,
         "valid_from": "2026-02-28T23:00:00Z"},
        {"id": "hall-heat", "device": "pi-1", "kind": "meter", "name": "Hall, heat", "building": "hall",
         "medium": "heat"},
        {"id": "radar", "device": "pi-1", "kind": "passage", "name": "Radar", "site": "high-street"},
        {"id": "lamp-1", "device": "pi-1", "kind": "lamp", "name": "Lamp 1", "lamp": "lamp-1"},
        {"id": "lamp-2", "device": "pi-1", "kind": "lamp", "name": "Lamp 2", "lamp": "lamp-2"},
        {"id": "station", "device": "pi-1", "kind": "weather", "name": "Station", "interval_s": 300},
        {"id": "pi-1", "device": "pi-1", "kind": "health", "name": "Health of Pi one", "interval_s": 60},
        {"id": "pi-2", "device": "pi-2", "kind": "health", "name": "Health of Pi two", "interval_s": 60},
    ],
    "intervention": [
        {"id": "humps", "site": "high-street", "kind": "humps", "date": "2025-06-02", "note": "three humps"},
        {"id": "led", "cabinet": "cabinet-1", "kind": "led", "date": "2025-07-07"},
    ],
    "factor": [
        {"factor_set": "test", "version": "1", "carrier": carrier, "scope": "2-location", "gas": "CO2",
         "method": "125 %", "area": "DK", "valid_from": f"{year - 1}-12-31T23:00:00Z",
         "valid_to": f"{year}-12-31T23:00:00Z", "step": "year", "value": value, "unit": "kg/kWh",
         "purpose": "accounts", "source": "made for the test"}
        for year in (2023, 2024, 2025)
        for carrier, value in (("electricity", 0.2), ("heat", 0.1))
    ],
    "target": [
        {"id": "house", "name": "The hall", "kind": "building", "scope": "hall", "base_year": 2018, "base_tonnes": 20,
         "reduction": 0.85, "target_year": 2030, "gas": "CO2", "method": "125 %"},
        {"id": "town", "name": "The town", "kind": "geography", "scope": None, "base_year": None, "base_tonnes": None,
         "reduction": 0.85, "target_year": 2030, "gas": "CO2", "method": None},
    ],
}  # fmt: skip


def energy_wh(quarter: np.ndarray) -> np.ndarray:
    """What `hall-el` uses in a quarter [Wh], whole numbers."""
    return 200.0 + (quarter * 7919) % 173


def quarters(start: datetime, end: datetime) -> np.ndarray:
    """Quarters since 1970 in [start, end)."""
    return np.arange(to_us(start) // QUARTER_US, to_us(end) // QUARTER_US, dtype=np.int64)


def _meter(store: SqliteStore, sensor: str, medium: str, quarter: np.ndarray, wh: np.ndarray) -> None:
    columns = {
        "n": np.full(len(quarter), 15.0),
        "import_wh_delta": wh,
        "import_wh_covered_s": np.where(np.isnan(wh), 0.0, 900.0),
        "power_w_n": np.full(len(quarter), 15.0),
        "power_w_sum": wh * 4 * 15,
        "power_w_min": wh * 4,
        "power_w_max": wh * 4,
    }
    t_us = quarter * QUARTER_US
    block = Bins("meter", sensor, t_us, columns, {"medium": medium}, asset="hall")
    store.replace_bins("meter", sensor, int(t_us[0]), int(t_us[-1]) + 1, [block])


def speeds(quarter: int, direction: str) -> list[int]:
    """Upper edges of the 1 km/h classes of the vehicles of a quarter, one for each vehicle."""
    return [35 + (quarter * 31 + i * 17 + (5 if direction == "away" else 0)) % 21 for i in range(quarter % 4)]


def _traffic(store: SqliteStore, quarter: np.ndarray) -> None:
    blocks = []
    t_us = quarter * QUARTER_US
    for direction in ("toward", "away"):
        seen = [speeds(int(one), direction) for one in quarter]
        texts = [",".join(f"{edge}:{one.count(edge)}" for edge in sorted(set(one))) or None for one in seen]
        columns: dict[str, Any] = {
            "n": np.array([len(one) for one in seen], dtype=float),
            "sum_kmh": np.array([sum(edge - 0.5 for edge in one) if one else np.nan for one in seen]),
            "max_kmh": np.array([max(one) - 0.5 if one else np.nan for one in seen]),
            "hist": np.array(texts, dtype=object),
            "width_kmh": np.ones(len(quarter)),
            "period_s": np.full(len(quarter), 900.0),
        }
        blocks.append(Bins("traffic", "radar", t_us, columns, {"direction": direction}, asset="high-street"))
    store.replace_bins("traffic", "radar", int(t_us[0]), int(t_us[-1]) + 1, blocks)


def _health(store: SqliteStore, quarter: np.ndarray) -> None:
    t_us = quarter * QUARTER_US
    columns = {"n": np.full(len(quarter), 15.0)}
    store.replace_bins("health", "pi-1", int(t_us[0]), int(t_us[-1]) + 1, [Bins("health", "pi-1", t_us, columns)])


@dataclass(frozen=True)
class Town:
    """The parts of the small town, and keys by their scopes."""

    context: ApiContext
    keys: dict[str, str]


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The small town, filled once."""
    folder: Path = tmp_path_factory.mktemp("town")
    registry = open_registry(folder / "registry.db", clock=lambda: NOW)
    for entity, rows in ROWS.items():
        text = io.StringIO()
        names = list(dict.fromkeys(name for row in rows for name in row))
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(rows)
        report = import_csv(registry, entity, io.StringIO(text.getvalue()))
        assert not report.errors, report.errors
    store = SqliteStore(folder / "store")
    every = quarters(BEGIN, NOW)
    wh = energy_wh(every)
    # A gap in the night of 1 May 2025: two quarters unknown, their amount known in total in the next one.
    gap = to_us(datetime(2025, 5, 1, 1, tzinfo=UTC)) // QUARTER_US - every[0]
    wh[gap : gap + 2] = np.nan
    _meter(store, "hall-el", "electricity", every, wh)
    store.replace_bins(
        "meter", "hall-el", int(every[gap]) * QUARTER_US, int(every[gap + 1]) * QUARTER_US + 1,
        [Bins("meter", "hall-el", every[gap + 1 : gap + 2] * QUARTER_US,
              {"n": np.array([1.0]), "import_wh_gap": np.array([512.0]), "import_wh_gap_s": np.array([1800.0])},
              {"medium": "electricity"}, asset="hall")],
    )  # fmt: skip
    _meter(store, "hall-heat", "heat", every, np.full(len(every), 500.0))
    lately = quarters(datetime(2026, 3, 1, tzinfo=UTC), NOW)
    _meter(store, "hall-el-sub", "electricity", lately, np.full(len(lately), 50.0))
    _meter(store, "hall-el-tenant", "electricity", lately, np.full(len(lately), 30.0))
    _traffic(store, quarters(datetime(2025, 5, 30, 22, tzinfo=UTC), datetime(2025, 6, 5, 22, tzinfo=UTC)))
    _traffic(store, quarters(datetime(2026, 3, 28, 23, tzinfo=UTC), NOW))
    _health(store, quarters(datetime(2026, 3, 28, 23, tzinfo=UTC), NOW))
    at = NOW.replace(minute=6)
    store.write(
        [
            Meter(sensor="hall-el", t=at, medium="electricity", import_wh=1e6, power_w=1200.0),
            Meter(sensor="hall-heat", t=NOW.replace(hour=2), medium="heat", import_wh=5e6),
            Lamp(sensor="lamp-1", t=at, on=False, power_w=0.0, faults=("lampFailure",)),
            Passage(sensor="radar", t=at.replace(second=17), speed_kmh=43.5, direction="toward"),
            Weather(sensor="station", t=at, temp_c=4.5),
            Health(sensor="pi-1", t=at, outbox_rows=3, clock_synced=True, failing=("station",), version="0.1.0"),
            Health(sensor="pi-2", t=NOW.replace(hour=4), outbox_rows=9),
        ]
    )
    keys = {scope: create_key(registry, scope, [scope]) for scope in ("read", "export", "write", "admin")}
    keys["read export"] = create_key(registry, "both", ["read", "export"])
    settings = ApiSettings(rate_per_s=1e6, burst=1_000_000, live_every_s=0.05)
    book = Book(registry)
    yield Town(ApiContext(store, registry, book, settings, lambda: NOW), keys)
    store.close()
    registry.close()


class Client:
    """A client of an application in this process. Without `key` it sends none."""

    def __init__(self, portal: BlockingPortal, app: FastAPI, address: str, host: str, key: str | None) -> None:
        self._portal = portal
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.app = app
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 50_000))
        self._client = httpx.AsyncClient(transport=transport, base_url=f"http://{host}", headers=headers)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Any request."""
        return self._portal.call(partial(self._client.request, method, path, **more))

    def get(self, path: str, **more: Any) -> httpx.Response:
        """A GET."""
        return self.request("GET", path, **more)

    def told(self, path: str, **parameters: Any) -> Any:
        """The JSON of an answer that must be 200, of a path below /api/v1."""
        answer = self.get(f"/api/v1{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """An event loop of its own thread."""
    with start_blocking_portal() as portal:
        yield portal


MakeClient = Callable[..., Client]


@pytest.fixture(scope="session")
def make_client(town: Town, portal: BlockingPortal) -> MakeClient:
    """Makes a client: `settings` replace those of the town, `parts` other parts of its context."""

    def make(
        *,
        key: str | None = None,
        address: str = "192.0.2.7",
        host: str = "bypuls.example",
        settings: ApiSettings | None = None,
        **parts: Any,
    ) -> Client:
        context = replace(town.context, settings=settings or town.context.settings, **parts)
        return Client(portal, create_app(context), address, host, key)

    return make


@pytest.fixture(scope="session")
def client(make_client: MakeClient, town: Town) -> Client:
    """A client whose key may read."""
    return make_client(key=town.keys["read"])


@pytest.fixture(scope="session")
def page(make_client: MakeClient) -> Client:
    """A browser on this machine, in the demo's open mode."""
    settings = ApiSettings(open_on_loopback=True, rate_per_s=1e6, burst=1_000_000)
    return make_client(address="127.0.0.1", host="127.0.0.1:8000", settings=settings)


class Server(uvicorn.Server):
    """uvicorn in a thread: signals stay with the test run."""

    def install_signal_handlers(self) -> None:
        """None: this isn't the main thread."""


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[FastAPI], str]]:
    """Serves an application on a free port of this machine; gives its address."""
    with ExitStack() as running:

        def start(app: FastAPI) -> str:
            listening = socket.socket()
            listening.bind(("127.0.0.1", 0))
            listening.listen()  # who comes before the server runs is kept waiting, not turned away
            config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1, lifespan="on")
            server = Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()

            def stop() -> None:
                server.should_exit = True
                thread.join(10)
                listening.close()

            running.callback(stop)
            return f"http://127.0.0.1:{listening.getsockname()[1]}"

        yield start


@pytest.fixture(scope="session")
def open_server(town: Town, serve: Callable[[FastAPI], str]) -> str:
    """The address of the town's page in the demo's open mode."""
    settings = ApiSettings(
        open_on_loopback=True, rate_per_s=1e6, burst=1_000_000, live_every_s=0.05, citizen_reports=True
    )  # fmt: skip
    return serve(create_app(replace(town.context, settings=settings)))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium; skips the test where there is none. Ended with its module: its event loop would be in the
    way of other modules' tests."""
    program = os.environ.get("BYPULS_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no chromium on this machine: set BYPULS_CHROMIUM or put it on PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield started
        started.close()


AxeFinds = Callable[..., list[str]]


@pytest.fixture(scope="session")
def axe_finds() -> AxeFinds:
    """What axe-core holds against a page that is open (WCAG 2.1, A and AA): the rule, what it asks for, and where.

    leave_out : selectors of what isn't looked at.  rules : rules by their names, and whether they are asked.
    """
    script = Axe().axe_script
    run = "([where, options]) => axe.run(where, options).then(found => found.violations)"
    tags = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}

    def find(page: Any, *, leave_out: Sequence[str] = (), rules: Mapping[str, bool] | None = None) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(script)
        asked = {name: {"enabled": wanted} for name, wanted in (rules or {}).items()}
        where = {"exclude": [[selector] for selector in leave_out]} if leave_out else {"include": [["html"]]}
        found = page.evaluate(run, [where, {"runOnly": tags, "rules": asked, "resultTypes": ["violations"]}])
        return [
            f"{page.url} {page.viewport_size['width']}: {one['id']} ({one['help']}): "
            f"{'; '.join(str(node['target']) for node in one['nodes'][:4])}"
            for one in found
        ]

    return find
