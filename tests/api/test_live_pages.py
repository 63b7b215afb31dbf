"""Figures on a page follow what a device publishes, without reload; a platform that goes away is said, and its return
is noticed: with a real broker, ingest, store, server and browser."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import uvicorn
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser, expect
from prometheus_client import CollectorRegistry

from bypuls.api import ApiContext, ApiSettings, create_app
from bypuls.ingest.service import Ingest, IngestSettings
from bypuls.ingest.subscriber import BrokerSettings
from bypuls.store.book import Book
from bypuls.store.registry import Building, Cabinet, Device, Lamp, Registry, Sensor, Site, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire import Lamp as LampReading
from bypuls.wire import Meter, Passage, Reading, assemble_batch, encode_reading
from bypuls.wire.topics import topic

pytestmark = pytest.mark.browser

PATIENCE_S = 30.0
Publish = Callable[..., None]
Say = Callable[[], list[Reading]]


def now() -> datetime:
    return datetime.now(UTC)


def registered(path: Path) -> Registry:
    registry = open_registry(path)
    with registry.session() as session:
        session.add_all([
            Site(id="road", name="The road"), Building(id="hall", name="The hall", use="office"),
            Cabinet(id="cab", name="Cabinet"), Device(id="pi", name="Pi"),
        ])  # fmt: skip
        session.flush()
        session.add(Lamp(id="lamp", name="Lamp", cabinet="cab", lat=55.7, lon=12.3, watt=40.0))
        session.flush()
        session.add_all([
            Sensor(id="hall-el", device="pi", kind="meter", name="Power", building="hall", medium="electricity"),
            Sensor(id="radar", device="pi", kind="passage", name="Radar", site="road"),
            Sensor(id="lamp", device="pi", kind="lamp", name="Lamp", lamp="lamp"),
            Sensor(id="cab-el", device="pi", kind="meter", name="Load", cabinet="cab", medium="electricity"),
        ])  # fmt: skip
    return registry


@contextmanager
def ingesting(folder: Path, registry: Registry, broker: Any) -> Iterator[None]:
    """An ingest service that has subscribed."""
    store = SqliteStore(folder / "store")
    service = Ingest(
        IngestSettings(BrokerSettings(broker.host, broker.port), "t"), store, registry, Book(registry), clock=now,
        collectors=CollectorRegistry(),
    )  # fmt: skip
    stop = threading.Event()
    thread = threading.Thread(target=service.run, args=(stop,))
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not service.subscriber.subscribed:
            assert time.monotonic() < deadline, "ingest has not subscribed"
            stop.wait(0.02)
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        store.close()


class Pages:
    """The platform's server, which can go away and come back at its address."""

    def __init__(self, folder: Path, registry: Registry) -> None:
        self._store = SqliteStore(folder / "store")
        settings = ApiSettings(open_on_loopback=True)
        self._context = ApiContext(self._store, registry, Book(registry), settings, now)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._running: tuple[uvicorn.Server, threading.Thread] | None = None

    def start(self) -> None:
        config = uvicorn.Config(
            create_app(self._context), port=self.port, log_level="critical", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        deadline = time.monotonic() + PATIENCE_S
        while not server.started:
            assert time.monotonic() < deadline, "the server has not started"
            time.sleep(0.02)
        self._running = server, thread

    def stop(self) -> None:
        if self._running is not None:
            server, thread = self._running
            server.should_exit = True
            thread.join(PATIENCE_S)
            self._running = None

    def close(self) -> None:
        self.stop()
        self._store.close()


@pytest.fixture
def works(tmp_path: Path, mosquitto_broker: Any) -> Iterator[tuple[Pages, Publish]]:
    """The pages' server, and what publishes readings of the device to the broker."""
    registry = registered(tmp_path / "registry.db")
    pages, client = Pages(tmp_path, registry), mqtt.Client(CallbackAPIVersion.VERSION2, client_id="pi")
    client.connect(mosquitto_broker.host, mosquitto_broker.port)
    client.loop_start()
    sent = 0

    def publish(*readings: Reading) -> None:
        nonlocal sent
        batch = assemble_batch("pi", "e1", sent + 1, now(), [encode_reading(one) for one in readings])
        sent += len(readings)
        client.publish(topic("pi", "readings"), batch, qos=1).wait_for_publish(PATIENCE_S)

    with ingesting(tmp_path, registry, mosquitto_broker):
        pages.start()
        yield pages, publish
    pages.close()
    client.disconnect()
    client.loop_stop()
    registry.close()


def power(watt: float) -> Meter:
    return Meter(sensor="hall-el", t=now(), medium="electricity", import_wh=1e6, power_w=watt)


def lamp(watt: float) -> LampReading:
    return LampReading(sensor="lamp", t=now(), on=True, power_w=watt)


def load(watt: float) -> Meter:
    return Meter(sensor="cab-el", t=now(), medium="electricity", power_w=watt)


def vehicles(count: int) -> list[Reading]:
    return [Passage(sensor="radar", t=now(), speed_kmh=40.0 + one) for one in range(count)]


@pytest.mark.parametrize(
    ("path", "place", "first", "then", "says"),
    [
        ("/", "#now .buildings .figure", lambda: [power(12_000.0)], lambda: [power(34_000.0)], ("12", "34")),
        ("/buildings/hall", "#here dd", lambda: [power(1200.0)], lambda: [power(3400.0)], ("1.2 kW", "3.4 kW")),
        ("/sites/road", "#here dd", lambda: vehicles(2), lambda: vehicles(3), ("2 vehicles", "5 vehicles")),
        ("/lights", "#lamp-states", lambda: [lamp(17.0)], lambda: [lamp(23.0)], ("17", "23")),
        ("/lights/cabinets/cab", "#cabinet-lamps", lambda: [lamp(17.1)], lambda: [lamp(23.4)], ("17.1", "23.4")),
        ("/lights/cabinets/cab", "#cabinet-now .states", lambda: [load(170.0)], lambda: [load(234.0)], ("170", "234")),
        ("/lights/lamps/lamp", "#lamp-now", lambda: [lamp(17.1)], lambda: [lamp(23.4)], ("17.1 W", "23.4 W")),
    ],
    ids=["overview", "building", "street", "lights", "cabinet's lamps", "cabinet's meter", "lamp"],
)
def test_a_reading_is_on_the_page_without_reload(
    browser: Browser, works: tuple[Pages, Publish], path: str, place: str, first: Say, then: Say,
    says: tuple[str, str],
) -> None:  # fmt: skip
    pages, publish = works
    page: Any = browser.new_page(viewport={"width": 1280, "height": 800})
    streams: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: streams.append(request.url) if "/live/" in request.url else None)
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{pages.address}{path}?lang=en")
    page.evaluate("window.neverReloaded = true")
    for readings, text in ((first, says[0]), (then, says[1])):
        publish(*readings())
        expect(page.locator(place).first).to_contain_text(text, timeout=PATIENCE_S * 1000)
    assert page.evaluate("window.neverReloaded")
    assert len(streams) == 1, "one stream a page"
    expect(page.locator("#lost")).to_be_hidden()
    assert said == []
    page.close()


def test_a_platform_that_goes_away_is_said_and_its_return_is_noticed(
    browser: Browser, works: tuple[Pages, Publish]
) -> None:
    pages, publish = works
    publish(power(1200.0))
    page: Any = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{pages.address}/buildings/hall?lang=en")
    expect(page.locator("#here dd").first).to_contain_text("1.2 kW", timeout=PATIENCE_S * 1000)
    page.evaluate("window.neverReloaded = true")
    pages.stop()
    expect(page.locator("#lost")).to_be_visible(timeout=PATIENCE_S * 1000)
    publish(power(5600.0))
    pages.start()
    expect(page.locator("#lost")).to_be_hidden(timeout=PATIENCE_S * 1000)
    expect(page.locator("#here dd").first).to_contain_text("5.6 kW", timeout=PATIENCE_S * 1000)
    # The stream is back as well: it isn't only that the page asks.
    publish(power(7800.0))
    expect(page.locator("#here dd").first).to_contain_text("7.8 kW", timeout=PATIENCE_S * 1000)
    assert page.evaluate("window.neverReloaded")
    page.close()
