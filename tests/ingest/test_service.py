"""The service against a real broker: stored, receipted, acknowledged; outages, restarts, two workers, and its end."""

from __future__ import annotations

import queue
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from prometheus_client import CollectorRegistry

from bypuls.ingest.inbox import Inbox
from bypuls.ingest.messages import Answer, Message
from bypuls.ingest.service import Ingest, IngestSettings
from bypuls.ingest.subscriber import BrokerSettings, NetworkEnded, Subscriber
from bypuls.store.book import Book
from bypuls.store.protocol import Unavailable
from bypuls.store.registry import Sensor
from bypuls.wire import Lamp
from bypuls.wire.messages import decode_receipt
from bypuls.wire.topics import every

EVER = (0, 2**62)
PATIENCE_S = 20.0
# Of tests/ingest/conftest.py and tests/conftest.py.
Platform = Any
Broker = Any
Make = Callable[..., Message]
Receipt = tuple[list[tuple[int, int]], list[int]]


class Devices:
    """All devices of a test on one connection: publish batches, hear receipts."""

    def __init__(self, broker: Broker) -> None:
        self.receipts: queue.Queue[Receipt] = queue.Queue()
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="devices", clean_session=False)
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.on_connect = lambda client, *_: client.subscribe(every("receipts"), qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = lambda _client, _data, message: self._heard(message.payload)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        assert self._ready.wait(PATIENCE_S)

    def _heard(self, payload: bytes) -> None:
        receipt = decode_receipt(payload)
        self.receipts.put((list(receipt.stored), [one.seq for one in receipt.refused]))

    def send(self, *messages: Message, retain: bool = False) -> None:
        for message in messages:
            self._client.publish(message.topic, message.payload, qos=1, retain=retain)

    def receipt(self) -> Receipt:
        return self.receipts.get(timeout=PATIENCE_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def devices(mosquitto_broker: Broker) -> Iterator[Devices]:
    made = Devices(mosquitto_broker)
    yield made
    made.close()


class Calm(random.Random):
    """No jitter: a hundredth of the usual pause."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002
        return 0.01


@contextmanager
def running(
    platform: Platform, broker: Broker, *, worker: str = "t", book: Book | None = None, **more: Any
) -> Iterator[Ingest]:
    """An ingest service that has subscribed, stopped at the end within 2 s."""
    settings = IngestSettings(
        BrokerSettings(broker.host, broker.port), worker, registry_every_s=0.0, rollup_every_s=0.05, **more
    )
    service = Ingest(
        settings,
        platform.store,
        platform.registry,
        book or platform.book,
        clock=platform.clock,
        collectors=CollectorRegistry(),
        jitter=Calm(),
    )
    stop = threading.Event()
    thread = threading.Thread(target=service.run, args=(stop,))
    thread.start()
    try:
        until(lambda: service.subscriber.subscribed)
        yield service
    finally:
        began = time.monotonic()
        stop.set()
        thread.join(PATIENCE_S)
        assert time.monotonic() - began < 2.0


def until(true: Callable[[], object]) -> None:
    """Waits until it is so. What is asked has no event of its own: a metric, a row that another thread writes."""
    deadline = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline, "it never became so"
        pause.wait(0.01)


def metric(service: Ingest, name: str) -> float:
    (family,) = [m for m in getattr(service.metrics, name).collect()]  # noqa: C416
    return float(family.samples[0].value)


def lamps(platform: Platform, count: int, sensor: str = "lamp-1", first: int = 0) -> list[Lamp]:
    return [Lamp(sensor=sensor, t=platform.now - timedelta(seconds=n), power_w=n) for n in range(first, first + count)]


def test_stored_receipted_rolled_up_and_counted(
    platform: Platform, mosquitto_broker: Broker, devices: Devices, message: Make
) -> None:
    with running(platform, mosquitto_broker) as service:
        devices.send(message([*lamps(platform, 3), b'{"kind":"lump"}'], first=5))
        assert devices.receipt() == ([(5, 7)], [8])
        assert len(platform.store.readings("lamp", "lamp-1", *EVER)) == 3
        devices.send(message([*lamps(platform, 3), b'{"kind":"lump"}'], first=5))
        assert devices.receipt() == ([(5, 7)], [8])
        devices.send(Message("bypuls/v1/pi-1/readings", b"no JSON"))
        until(lambda: metric(service, "undecodable") == 1)
        until(lambda: metric(service, "letters") == 2)
        until(lambda: metric(service, "bins") > 0)
        until(lambda: platform.book.dirty_marks() == 0)
        counted = {name: metric(service, name) for name in ("messages", "stored", "duplicates", "refused", "connected")}
        assert counted == {"messages": 3, "stored": 3, "duplicates": 4, "refused": 1, "connected": 1}
        assert (metric(service, "waiting"), metric(service, "waiting_bytes"), metric(service, "waits")) == (0, 0, 0)
    assert platform.store.bins("lamp", ["lamp-1"], *EVER, ["n"]).columns["n"].sum() == 3


def test_what_was_acknowledged_is_not_delivered_again(
    platform: Platform, mosquitto_broker: Broker, devices: Devices, message: Make
) -> None:
    with running(platform, mosquitto_broker):
        devices.send(message(lamps(platform, 2)))
        devices.receipt()
    with running(platform, mosquitto_broker) as service:
        devices.send(message(lamps(platform, 1, first=2), first=3))
        assert devices.receipt() == ([(3, 3)], [])
    # Counted after the receipt is sent: looked at when the service has ended.
    assert metric(service, "messages") == 1


def test_no_receipt_while_the_store_is_away_and_one_when_it_is_back(
    platform: Platform, mosquitto_broker: Broker, devices: Devices, message: Make
) -> None:
    platform.store.failures += [Unavailable("down")] * 5 + [Unavailable("busy", retry_after_s=0.02)]
    with running(platform, mosquitto_broker) as service:
        devices.send(message(lamps(platform, 2)))
        assert devices.receipt() == ([(1, 2)], [])
        assert platform.events == ["store fails"] * 6 + ["stored"]
        assert metric(service, "waits") == 6


def test_stopping_in_an_outage_keeps_the_message_for_the_next_start(
    platform: Platform, mosquitto_broker: Broker, devices: Devices, message: Make
) -> None:
    platform.store.failures += [Unavailable("down", retry_after_s=3600)]
    with running(platform, mosquitto_broker) as service:
        devices.send(message(lamps(platform, 2)))
        until(lambda: metric(service, "waits") == 1)
    assert devices.receipts.empty()
    with running(platform, mosquitto_broker):
        assert devices.receipt() == ([(1, 2)], [])


def test_what_came_while_ingest_was_away_waits_at_the_broker(
    platform: Platform, mosquitto_broker: Broker, devices: Devices, message: Make
) -> None:
    with running(platform, mosquitto_broker):
        pass
    devices.send(message(lamps(platform, 2)))
    with running(platform, mosquitto_broker):
        assert devices.receipt() == ([(1, 2)], [])


def test_a_broker_that_is_killed_is_found_again(
    platform: Platform, mosquitto_broker: Broker, devices: Devices, message: Make
) -> None:
    with running(platform, mosquitto_broker) as service:
        devices.send(message(lamps(platform, 2)))
        assert devices.receipt() == ([(1, 2)], [])
        mosquitto_broker.kill()
        until(lambda: not service.subscriber.connected)
        assert metric(service, "connected") == 0
        assert not service.subscriber.answer(Answer("pi-1", b"{}"))  # nothing is queued for nobody
        mosquitto_broker.start()
        until(lambda: service.subscriber.subscribed)
        devices.send(message(lamps(platform, 2)), message(lamps(platform, 1, first=2), first=3))
        heard = [devices.receipt(), devices.receipt()]
        assert sorted(heard) == [([(1, 2)], []), ([(3, 3)], [])]
    assert len(platform.store.readings("lamp", "lamp-1", *EVER)) == 3


def test_two_workers_share_what_comes_and_store_nothing_twice(
    platform: Platform, mosquitto_broker: Broker, devices: Devices, message: Make
) -> None:
    with ExitStack() as both:
        workers = [
            both.enter_context(running(platform, mosquitto_broker, worker=name, share="ingest")) for name in "ab"
        ]
        batches = [message(lamps(platform, 10, first=at), first=at + 1) for at in range(0, 400, 10)]
        devices.send(*batches)
        heard = [devices.receipt() for _ in batches]
        assert sorted(heard) == [([(at + 1, at + 10)], []) for at in range(0, 400, 10)]
        until(lambda: sum(metric(worker, "messages") for worker in workers) == len(batches))
        assert all(metric(worker, "messages") > 0 for worker in workers)
        assert sum(metric(worker, "stored") for worker in workers) == 400
        assert sum(metric(worker, "duplicates") for worker in workers) == 0
        # Each has a session of its own: neither ever threw the other out.
        assert [worker.subscriber.generation for worker in workers] == [1, 1]
    (line,) = platform.book.epochs()
    assert (line.stored, line.duplicate, line.missing) == (400, 0, 0)


def test_retained_messages_are_none_of_ours(
    platform: Platform, mosquitto_broker: Broker, devices: Devices, message: Make
) -> None:
    devices.send(message(lamps(platform, 2)), retain=True)
    with running(platform, mosquitto_broker) as service:
        until(lambda: metric(service, "retained") == 1)
        devices.send(message(lamps(platform, 1, first=5), first=3))
        assert devices.receipt() == ([(3, 3)], [])
    assert len(platform.store.readings("lamp", "lamp-1", *EVER)) == 1


def test_a_sensor_registered_a_moment_ago_is_welcome(
    platform: Platform, mosquitto_broker: Broker, devices: Devices, message: Make
) -> None:
    with running(platform, mosquitto_broker):
        devices.send(message(lamps(platform, 1, "lamp-9")))
        assert devices.receipt() == ([], [1])
        with platform.registry.session() as session:
            session.add(Sensor(id="lamp-9", device="pi-1", kind="lamp", name="new"))
        devices.send(message(lamps(platform, 1, "lamp-9"), first=2))
        assert devices.receipt() == ([(2, 2)], [])


def test_full_dead_letters_hold_up_bad_batches_alone(
    platform: Platform, mosquitto_broker: Broker, devices: Devices, message: Make
) -> None:
    book = Book(platform.registry, most_letters=1)
    with running(platform, mosquitto_broker, book=book) as service:
        devices.send(message([b"{}", b"{}"]), message(lamps(platform, 2), first=3), message([b"{}"], first=5))
        heard = [devices.receipt(), devices.receipt()]
        assert sorted(heard) == [([], [5]), ([(3, 4)], [])]
        until(lambda: metric(service, "messages") == 2)
        assert metric(service, "waits") >= 1
        assert platform.book.waiting_letters() == 1


def test_a_fault_of_ours_holds_up_the_message_that_trips_it_alone(
    platform: Platform, mosquitto_broker: Broker, devices: Devices, message: Make
) -> None:
    def trip(reading: Lamp) -> bool:
        if reading.power_w == 7:
            raise ArithmeticError("a fault of this release")
        return False

    platform.store.rejects = trip
    with running(platform, mosquitto_broker) as service:
        devices.send(message(lamps(platform, 1, first=7), first=1), message(lamps(platform, 2), first=2))
        assert devices.receipt() == ([(2, 3)], [])
        until(lambda: metric(service, "failures") == 1)
    assert platform.book.epochs()[0].first == 2


def test_a_refused_subscription_is_not_called_connected() -> None:
    """A broker that lets ingest in and refuses the readings, in MQTT 3.1.1's own bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as ends:
        subscriber = Subscriber(BrokerSettings("127.0.0.1", server.getsockname()[1]), client_id="refused")
        subscriber.start()
        ends.callback(subscriber.stop)
        connection = ends.enter_context(server.accept()[0])
        with connection.makefile("rb") as stream:

            def packet() -> bytes:
                return stream.read(stream.read(2)[1])

            packet()  # CONNECT
            connection.sendall(b"\x20\x02\x00\x00")
            mid = packet()[:2]  # SUBSCRIBE
            subscriber.subscribed = True  # as after an earlier subscription
            connection.sendall(b"\x90\x03" + mid + b"\x80")
            until(lambda: not subscriber.subscribed)
            assert subscriber.connected


def test_a_full_inbox_does_not_hold_up_the_end(mosquitto_broker: Broker, devices: Devices) -> None:
    subscriber = Subscriber(
        BrokerSettings(mosquitto_broker.host, mosquitto_broker.port), client_id="full", inbox=Inbox(most_messages=1)
    )
    subscriber.start()
    until(lambda: subscriber.subscribed)
    for n in range(5):
        devices.send(Message("bypuls/v1/pi-1/readings", b"%d" % n))
    until(lambda: len(subscriber.messages) == 1)
    began = time.monotonic()
    subscriber.stop()
    assert time.monotonic() - began < 2.0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_network_thread_is_noticed(mosquitto_broker: Broker, devices: Devices) -> None:
    class Broken(Inbox):
        def put(self, message: Message) -> bool:
            raise ArithmeticError(message.topic)

    subscriber = Subscriber(
        BrokerSettings(mosquitto_broker.host, mosquitto_broker.port), client_id="broken", inbox=Broken()
    )
    subscriber.start()
    try:
        until(lambda: subscriber.subscribed)
        subscriber.check()
        devices.send(Message("bypuls/v1/pi-1/readings", b"{}"))
        found: list[NetworkEnded] = []

        def noticed() -> bool:
            try:
                subscriber.check()
            except NetworkEnded as error:
                found.append(error)
            return bool(found)

        until(noticed)
    finally:
        subscriber.stop()


def test_a_broker_that_is_not_there_yet_does_not_hold_up_the_end() -> None:
    subscriber = Subscriber(BrokerSettings("127.0.0.1", 1), client_id="early")
    subscriber.start()
    subscriber.check()
    began = time.monotonic()
    subscriber.stop()
    assert time.monotonic() - began < 2.0
