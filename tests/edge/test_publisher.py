"""The publisher against a connection that does what the test says, and against a real broker where there is one."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from bypuls.edge.config import Broker, Tls
from bypuls.edge.link import Acknowledged, Ended, PahoLink, Received
from bypuls.edge.plants import Plants
from bypuls.edge.publisher import Publisher, will
from bypuls.wire import Identify, Receipt, Refusal, SendAgain, decode_batch
from bypuls.wire.messages import decode_status

RECEIPTS, COMMANDS = "bypuls/v1/pi-1/receipts", "bypuls/v1/pi-1/commands"


@pytest.fixture
def rig(open_outbox, clock, fake_link):
    """A publisher of device pi-1, with its outbox, its links so far, and a monotonic clock set by hand."""

    def build(**options: object) -> SimpleNamespace:
        made = SimpleNamespace(links=[], now=0.0, outbox=open_outbox(), identified=0)

        def connect(generation, sink):
            made.links.append(fake_link(generation, sink))
            return made.links[-1]

        def identify() -> None:
            made.identified += 1

        made.publisher = Publisher(
            made.outbox,
            clock.guard(),
            connect,
            device="pi-1",
            version="0.1.0",
            random=Random(7),
            monotonic=lambda: made.now,
            identify=identify,
            **options,
        )

        def step() -> None:
            made.publisher.wake()
            made.publisher.step(0.0)

        def batches(link=-1):
            return [decode_batch(payload) for to, payload, _ in made.links[link].published if to.endswith("readings")]

        def receive(payload: bytes, topic: str = RECEIPTS, generation: int | None = None) -> None:
            link = made.links[-1]
            link.say(Received(link.generation if generation is None else generation, topic, payload))
            step()

        made.step, made.batches, made.receive = step, batches, receive
        return made

    return build


def test_rows_are_sent_and_only_the_platforms_receipt_takes_them(rig, passages) -> None:
    r = rig()
    r.outbox.append(passages(3))
    r.step()
    (batch,) = r.batches()
    assert (batch.device, batch.epoch, batch.first, len(batch.readings)) == ("pi-1", "e1", 1, 3)
    r.links[0].say(Acknowledged(1, 2))
    r.step()
    assert r.outbox.waiting().count() == 3, "the broker's acknowledgement says nothing"
    r.receive(Receipt("e1", ((1, 2),), (Refusal(3, "speed_kmh: absurd"),)).encode())
    assert not r.outbox.waiting()
    assert r.outbox.stats().receipted == 3


def test_status_is_retained_online_and_offline_at_the_end(rig) -> None:
    r = rig()
    r.step()
    topic, payload, retained = r.links[0].published[0]
    status = decode_status(payload)
    assert (topic, retained, status.online, status.epoch) == ("bypuls/v1/pi-1/status", True, True, "e1")
    r.publisher.stop()
    r.publisher.run()
    assert decode_status(r.links[0].published[-1][1]).online is False
    assert r.links[0].closed
    assert decode_status(will("pi-1", "e1", "0.1.0")).online is False


def test_receipts_that_are_not_ours_change_nothing_and_are_counted(rig, passages) -> None:
    r = rig()
    r.step()
    r.links[0].broken = True
    r.outbox.append(passages(2))
    with pytest.raises(ConnectionError):
        r.step()
    assert r.outbox.waiting().count() == 2
    for payload, topic in [
        (Receipt("e1", ((1, 2),)).encode(), RECEIPTS),  # never sent
        (Receipt("e7", ((1, 2),)).encode(), RECEIPTS),
        (b'{"v":1,"epoch":"e1","stored":[[2,1]]}', RECEIPTS),
        (b"\xff", COMMANDS),
        (Receipt("e1", ((1, 2),)).encode(), "bypuls/v1/pi-2/receipts"),
        (Receipt("e1", ((1, 2),)).encode(), "somewhere/else"),
    ]:
        r.links[0].say(Received(1, topic, payload))
        r.publisher.wake()
        r.links[0].broken = True
        try:
            r.publisher.step(0.0)
        except ConnectionError:
            continue
    assert r.outbox.waiting().count() == 2
    assert r.publisher.counts == {
        "receipt of what was not sent": 1,
        "receipt of another epoch": 1,
        "undecodable": 3,
        "foreign topic": 1,
    }


def test_a_late_receipt_brings_the_batch_again_with_the_same_numbers(rig, passages) -> None:
    r = rig()
    r.outbox.append(passages(2))
    r.step()
    r.now = 1.9
    r.step()
    assert len(r.batches()) == 1
    r.now = 2.6
    r.step()
    first, second = r.batches()
    assert (first.first, first.readings) == (second.first, second.readings)


def test_a_new_connection_sends_what_has_no_receipt_and_drops_what_the_old_one_says(rig, passages) -> None:
    r = rig()
    r.outbox.append(passages(2))
    r.step()
    r.links[0].say(Ended(1, "reset"))
    r.step()
    assert r.links[0].closed
    assert not r.publisher.connected
    assert len(r.links) == 1, "not at once"
    r.now += 1.01
    r.step()
    r.step()
    assert [batch.first for batch in r.batches(1)] == [1]
    r.receive(Receipt("e1", ((1, 2),)).encode(), generation=1)
    assert r.outbox.waiting().count() == 2
    assert r.publisher.counts["earlier connection"] == 1


def test_attempts_to_connect_pause_longer_and_longer_with_jitter(rig) -> None:
    r = rig()
    fake_link_open = []
    r.publisher._connect = lambda generation, sink: fake_link_open.append(generation) or _Dead(generation, sink)
    starts = []
    while r.now < 600:
        count = len(fake_link_open)
        r.step()
        r.step()
        if len(fake_link_open) > count:
            starts.append(r.now)
        r.now += 0.25
    pauses = [b - a for a, b in itertools.pairwise(starts)]
    assert pauses[0] <= 1.5
    assert min(pauses[7:]) >= 29
    assert max(pauses) <= 61
    assert len(set(pauses[7:])) > 3


class _Dead:
    def __init__(self, generation, sink) -> None:
        self.generation, self.sink = generation, sink

    def open(self) -> None:
        self.sink(Ended(self.generation, "refused"))

    def publish(self, *_args, **_options) -> int:
        raise AssertionError("nothing is published without a connection")

    def close(self, farewell=None) -> None:
        pass


def test_commands(rig, passages, clock) -> None:
    r = rig()
    r.outbox.append(passages(4))
    r.step()
    r.receive(Receipt("e1", ((1, 4),)).encode())
    r.receive(Identify().encode(), COMMANDS)
    assert r.identified == 1
    r.receive(SendAgain(epoch="e1", first=2, last=3).encode(), COMMANDS)
    assert [(b.first, len(b.readings)) for b in r.batches()] == [(1, 4), (2, 2)]
    r.receive(Receipt("e1", ((2, 3),)).encode())
    r.receive(SendAgain(since=clock.wall).encode(), COMMANDS)
    assert [(b.first, len(b.readings)) for b in r.batches()][2:] == [(4, 1)]
    r.receive(SendAgain(epoch="e9", first=2, last=3).encode(), COMMANDS)
    assert len(r.batches()) == 3


def test_at_most_twenty_batches_without_a_receipt(rig, passages) -> None:
    r = rig()
    r.step()  # connected: what comes from now on is live, and nothing holds it back but the contract
    for _ in range(22):
        r.outbox.append(passages(500))
        r.step()
    assert len(r.batches()) == 20
    r.receive(Receipt("e1", ((1, 500),)).encode())
    assert len(r.batches()) == 21


def test_the_planted_fault_deletes_on_the_brokers_acknowledgement(rig, passages) -> None:
    r = rig(plants=Plants(delete_on_puback=True))
    r.outbox.append(passages(2))
    r.step()
    r.links[0].say(Acknowledged(1, len(r.links[0].published)))
    r.step()
    assert not r.outbox.waiting(), "or the reliability suite could not be shown able to fail"


def test_a_fault_inside_is_logged_and_begun_anew(rig, caplog) -> None:
    r = rig()

    r.publisher._monotonic = iter_then_stop(r)
    r.publisher.run()
    assert "the publisher failed; it begins anew" in caplog.text


def iter_then_stop(r):
    calls = []

    def monotonic() -> float:
        calls.append(None)
        if len(calls) == 2:
            r.publisher.stop()
            raise RuntimeError("boom")
        return 0.0

    return monotonic


MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[SimpleNamespace]:
    if MOSQUITTO is None:
        pytest.skip("no mosquitto on PATH or in /usr/sbin")
    broker = SimpleNamespace(port=free_port(), process=None)
    (tmp_path / "m.conf").write_text(f"listener {broker.port} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")

    def start() -> None:
        broker.process = subprocess.Popen(
            [MOSQUITTO, "-c", str(tmp_path / "m.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", broker.port), timeout=1).close()
                return
            except ConnectionRefusedError:
                threading.Event().wait(0.02)
        raise AssertionError("mosquitto does not come up")

    def kill() -> None:
        broker.process.kill()
        broker.process.wait()

    broker.start, broker.kill = start, kill
    start()
    yield broker
    kill()


class Receipting:
    """A platform that receipts all it gets, on a client of its own."""

    def __init__(self, port: int) -> None:
        self.seqs: list[int] = []
        self.statuses: list[bool] = []
        self.heard = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda client, *_: client.subscribe("bypuls/v1/pi-1/+", 1)
        self.client.on_message = self._message
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _message(self, client, _data, message) -> None:
        if message.topic.endswith("/status"):
            self.statuses.append(decode_status(message.payload).online)
        if message.topic.endswith("/readings"):
            batch = decode_batch(message.payload)
            self.seqs += range(batch.first, batch.last + 1)
            client.publish(RECEIPTS, Receipt(batch.epoch, ((batch.first, batch.last),)).encode(), qos=1)
        self.heard.set()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def until(condition, seconds: float = 15.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not happen in time")


def test_a_real_broker_killed_and_started_again(mosquitto, open_outbox, clock, passages) -> None:
    outbox = open_outbox()
    broker = Broker("127.0.0.1", mosquitto.port, Tls(enabled=False), keepalive_s=10)
    publisher = Publisher(
        outbox,
        clock.guard(),
        lambda generation, sink: PahoLink(broker, "pi-1", will("pi-1", outbox.epoch, "0"), generation, sink),
        device="pi-1",
        version="0",
        random=Random(1),
    )
    outbox.append(passages(1200))
    platform = Receipting(mosquitto.port)
    thread = threading.Thread(target=publisher.run)
    thread.start()
    try:
        until(lambda: not outbox.waiting())
        assert platform.statuses[-1] is True
        mosquitto.kill()
        outbox.append(passages(700))
        publisher.wake()
        until(lambda: not publisher.connected)
        mosquitto.start()
        until(lambda: not outbox.waiting())
        assert sorted(set(platform.seqs)) == list(range(1, 1901))
    finally:
        publisher.stop()
        thread.join(3)
        until(lambda: platform.statuses and platform.statuses[-1] is False)
        platform.close()
    assert not thread.is_alive()
    assert outbox.stats().receipted == 1900


def test_the_last_will_says_offline_when_the_edge_dies(mosquitto) -> None:
    platform = Receipting(mosquitto.port)
    broker = Broker("127.0.0.1", mosquitto.port, Tls(enabled=False))
    events: list[object] = []
    link = PahoLink(broker, "pi-1", will("pi-1", "e1", "0"), 1, events.append)
    link.open()
    until(lambda: events)
    link._client.socket().shutdown(socket.SHUT_RDWR)  # as a dead process leaves it: no DISCONNECT
    until(lambda: platform.statuses == [False])
    link.close()
    platform.close()


def test_a_broker_that_is_not_there_ends_the_link_with_a_reason() -> None:
    events: list[object] = []
    link = PahoLink(Broker("127.0.0.1", free_port(), Tls(enabled=False)), "pi-1", b"{}", 1, events.append)
    link.open()
    until(lambda: events)
    assert isinstance(events[0], Ended)
    assert "refused" in events[0].reason
    link.close()
