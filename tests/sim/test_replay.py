"""Replay: every reading once, receipts awaited, the same again for ever, faults as ordered."""

import queue
import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from bypuls.sim.courier import Connected, Courier, Event, Lost, NoBroker, NoReceipts
from bypuls.sim.flight import Flight
from bypuls.sim.mqtt_link import Broker
from bypuls.sim.recordings import Recording
from bypuls.sim.replay import Options, Progress, epoch_of, replay, sensor_ids, shift_to_now
from bypuls.sim.spoil import Faults, spoil
from bypuls.wire import BadField, Batch, Meter, Reading, Receipt, Refusal, Weather, decode_batch
from bypuls.wire.topics import every, parse_topic, topic

START = datetime(2024, 3, 1, tzinfo=UTC)


def meters(count: int, sensors: int = 1) -> Recording:
    readings = [
        Meter(sensor=f"meter-{one}", t=START + timedelta(minutes=minute), medium="heat", import_wh=minute * 1.5)
        for minute in range(count)
        for one in range(sensors)
    ]
    return Recording(readings, [], "abc")


class Clock:
    """Time that passes only when somebody waits, or asks ten thousand times."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 0.001
        return self.now_s


class Platform:
    """The other side, in memory. `answer` says which batches get a receipt; what is stored is kept as ingest would."""

    def __init__(
        self, answer: Callable[[int, Batch], Receipt | None] | None = None, *, clock: Clock | None = None
    ) -> None:
        self.incoming: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.incoming.put(Connected())
        self.batches: list[Batch] = []
        self.stored: dict[tuple[str, int], Reading] = {}
        self._answer = answer or self.all_stored
        self._clock = clock

    @staticmethod
    def all_stored(_number: int, batch: Batch) -> Receipt | None:
        return Receipt(batch.epoch, ((batch.first, batch.last),))

    def publish(self, payload: bytes) -> None:
        batch = decode_batch(payload)
        self.batches.append(batch)
        receipt = self._answer(len(self.batches), batch)
        if receipt is None:
            if self._clock is not None:
                self._clock.now_s += 31.0
            return
        for index, reading in enumerate(batch.readings):
            seq = batch.first + index
            if any(first <= seq <= last for first, last in receipt.stored):
                assert isinstance(reading, Reading)
                self.stored[batch.epoch, seq] = reading
        self.incoming.put(receipt.encode())


def test_everything_arrives_once_and_in_order() -> None:
    recording = meters(2_600)
    platform = Platform()
    told: list[Progress] = []
    report = replay(recording, link=platform, progress=told.append)
    assert (report.published, report.stored, report.refused, report.sent_again) == (2_600, 2_600, {}, 0)
    assert [platform.stored[report.epoch, seq] for seq in range(1, 2_601)] == recording.readings
    assert [len(batch.readings) for batch in platform.batches] == [500] * 5 + [100]
    assert (told[-1].sent, told[-1].receipted, told[-1].total) == (2_600, 2_600, 2_600)


def test_twice_is_once() -> None:
    platform = Platform()
    reports = []
    for _ in range(2):
        platform.incoming = queue.SimpleQueue()
        platform.incoming.put(Connected())
        reports.append(replay(meters(700), link=platform, options=Options(faults=Faults(seed=3, disorder=9, gaps=0.2))))
    assert reports[0].epoch == reports[1].epoch
    assert len(platform.stored) == reports[0].published == reports[1].published


def test_the_epoch_tells_recordings_and_options_apart() -> None:
    recording = meters(3)
    options = [
        Options(),
        Options(shift=timedelta(days=1)),
        Options(sensor_prefix="x-"),
        Options(repeat=2),
        Options(faults=Faults(seed=1)),
    ]
    epochs = [epoch_of(recording, one) for one in options]
    assert len(set(epochs)) == len(options)
    assert epoch_of(recording, Options(speed=60)) == epochs[0]
    assert epoch_of(Recording(recording.readings, [], "other"), Options()) != epochs[0]


def test_copies_have_ids_of_their_own() -> None:
    platform = Platform()
    options = Options(sensor_prefix="load-", repeat=3)
    report = replay(meters(10, 2), link=platform, options=options)
    assert report.stored == 60
    per_sensor = Counter(reading.sensor for reading in platform.stored.values())
    assert per_sensor == {one: 10 for ids in sensor_ids(meters(10, 2), options).values() for one in ids}
    assert set(per_sensor) == {f"load-meter-{one}{copy}" for one in (0, 1) for copy in ("", "-2", "-3")}
    with pytest.raises(BadField, match="sensor"):
        replay(meters(1), link=platform, options=Options(sensor_prefix="Load "))


def test_a_lost_receipt_costs_a_second_sending_only() -> None:
    clock = Clock()
    platform = Platform(lambda number, batch: None if number == 2 else Platform.all_stored(number, batch), clock=clock)
    report = replay(meters(1_500), link=platform, clock=clock)
    assert report.stored == 1_500
    assert report.sent_again >= 1
    assert len(platform.batches) == 3 + report.sent_again


def test_refusals_are_told_with_their_reasons() -> None:
    def answer(_number: int, batch: Batch) -> Receipt:
        return Receipt(batch.epoch, ((batch.first, batch.last - 1),), (Refusal(batch.last, "unknown sensor"),))

    report = replay(meters(1_000), link=Platform(answer))
    assert (report.stored, report.refused) == (998, {"unknown sensor": 2})


def test_foreign_and_broken_receipts_settle_nothing() -> None:
    link = Platform()
    courier = Courier(link, "replay", "epoch-1", patience_s=1e9)
    link.incoming.put(Receipt("epoch-2", ((1, 500),)).encode())
    link.incoming.put(b"\xff")
    link._answer = lambda _number, _batch: None
    courier.poll(0.1)
    courier.send([b'{"kind":"weather","sensor":"a","temp_c":1}'])
    link.incoming.put(Receipt("epoch-2", ((1, 500),)).encode())
    courier.poll(0.1)
    assert (len(courier.flight), courier.flight.foreign, courier.bad_receipts) == (1, 2, 1)
    link.incoming.put(Receipt("epoch-1", ((1, 1),)).encode())
    courier.settle()


def test_after_a_new_connection_all_that_waits_is_sent_again() -> None:
    link = Platform(lambda _number, _batch: None)
    courier = Courier(link, "replay", "epoch-1", patience_s=1e9)
    courier.poll(0.1)
    for _ in range(3):
        courier.send([b'{"kind":"weather","sensor":"a","temp_c":1}'])
    link.incoming.put(Lost("cut"))
    link.incoming.put(Connected())
    courier.poll(0.1)
    assert [batch.first for batch in link.batches] == [1, 2, 3, 1, 2, 3]


def test_no_broker_and_no_receipts_are_said() -> None:
    clock = Clock()
    silent = Platform(lambda _number, _batch: None, clock=clock)
    with pytest.raises(NoReceipts, match="is ingest running"):
        replay(meters(10), link=silent, clock=clock, patience_s=60)
    away = Platform()
    away.incoming = queue.SimpleQueue()
    away.incoming.put(Lost("nobody listens at x:1"))
    with pytest.raises(NoBroker, match="nobody listens at x:1"):
        replay(meters(10), link=away, patience_s=0.01)


def test_who_waits_for_the_broker_is_told_why() -> None:
    platform = Platform()
    platform.incoming = queue.SimpleQueue()
    told: list[str] = []

    def waiting(why: str) -> None:
        told.append(why)
        platform.incoming.put(Connected())

    platform.incoming.put(Lost("nobody listens at x:1"))
    report = replay(meters(10), link=platform, waiting=waiting)
    assert told == ["nobody listens at x:1"]
    assert report.stored == 10


def test_a_pace_keeps_the_distances() -> None:
    """At 600 times real time a minute takes 0.1 s; the clock jumps, so the test does not wait."""

    class Jumping(Platform):
        def __init__(self) -> None:
            super().__init__()
            self.at: list[float] = []

        def publish(self, payload: bytes) -> None:
            self.at.extend([jump.now_s] * len(decode_batch(payload).readings))
            super().publish(payload)

    class Jump(Clock):
        def __call__(self) -> float:
            self.now_s += 0.02
            return self.now_s

    jump, platform = Jump(), Jumping()
    recording = meters(50)
    report = replay(recording, link=platform, clock=jump, options=Options(speed=600.0))
    assert report.stored == 50
    assert 4.9 <= report.seconds < 9.0
    for minute, at in enumerate(platform.at):
        assert minute * 0.1 <= at <= minute * 0.1 + 3.0


def test_shift_to_now_is_whole_days() -> None:
    recording = meters(60)
    shift = shift_to_now(recording, datetime(2026, 11, 23, 12, 34, tzinfo=UTC))
    assert shift == timedelta(days=997)
    platform = Platform()
    replay(recording, link=platform, options=Options(shift=shift))
    assert max(one.t for one in platform.stored.values() if one.t) == datetime(2026, 11, 23, 0, 59, tzinfo=UTC)


def test_faults_are_what_was_ordered() -> None:
    readings = meters(1_000, 2).readings
    assert spoil(readings, Faults(seed=9)) is readings
    doubled = spoil(readings, Faults(seed=1, duplicates=0.1))
    assert 2_100 < len(doubled) < 2_320
    assert set(doubled) == set(readings)
    shuffled = spoil(readings, Faults(seed=1, disorder=50))
    assert shuffled != readings
    assert sorted(map(repr, shuffled)) == sorted(map(repr, readings))
    assert max(abs(readings.index(one) - at) for at, one in enumerate(shuffled[:300])) < 50
    holes = spoil(readings, Faults(seed=1, gaps=0.3))
    hours = Counter((one.sensor, one.t.hour, one.t.day) for one in holes if one.t)
    assert set(hours.values()) <= {60, 40}
    assert 0.5 < len(holes) / len(readings) < 0.9
    ahead = spoil(readings, Faults(skew_s=3600.0))
    assert all(b.t == a.t + timedelta(hours=1) for a, b in zip(readings, ahead, strict=True) if a.t and b.t)
    fallen = spoil(readings, Faults(seed=1, meter_resets=2))
    shown = [one.import_wh or 0.0 for one in fallen if one.sensor == "meter-1" and isinstance(one, Meter)]
    falls = [after for before, after in pairwise(shown) if after < before]
    assert falls == [0.0, 0.0]
    for faults in (Faults(seed=2, duplicates=0.5, disorder=5), Faults(seed=2, meter_resets=3, gaps=0.1)):
        assert list(spoil(readings, faults)) == list(spoil(readings, faults))


def test_resent_batches_carry_the_same_numbers() -> None:
    platform = Platform()
    report = replay(meters(3_000), link=platform, options=Options(faults=Faults(seed=1, resent=1.0)))
    assert (report.published, report.stored) == (3_000, 3_000)
    assert Counter(batch.first for batch in platform.batches) == dict.fromkeys(range(1, 3000, 500), 2)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Options(speed=-1.0), "speed"),
        (lambda: Options(repeat=0), "repeat"),
        (lambda: Faults(gaps=1.5), "gaps"),
        (lambda: Faults(disorder=-1), "disorder"),
    ],
)
def test_options_out_of_range(make: Callable[[], object], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        make()


@settings(max_examples=100)
@given(st.data())
def test_a_flight_settles_each_reading_exactly_once(data: st.DataObject) -> None:
    flight = Flight("e", limit=4)
    sent = settled = 0
    for now in range(30):
        if flight.room and data.draw(st.booleans()):
            size = data.draw(st.integers(1, 30))
            flight.take_off([b"x"] * size, float(now))
            sent += size
        first = data.draw(st.integers(1, sent + 1))
        last = data.draw(st.integers(first, first + 40))
        seq = data.draw(st.integers(1, sent + 1))
        settled += flight.land(Receipt("e", ((first, last),), (Refusal(seq, "no"),)))
        assert settled == flight.stored + len(flight.refused) <= sent
        assert len({refusal.seq for refusal in flight.refused}) == len(flight.refused)
    flight.land(Receipt("e", ((1, sent + 1),)))
    assert flight.stored + len(flight.refused) == sent
    assert len(flight) == 0


MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    with subprocess.Popen(
        [MOSQUITTO, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        yield Broker(port=port)
        process.terminate()


def test_over_a_real_broker(broker: Broker) -> None:
    """A small platform at the other end receipts what it decodes; the device's status comes and goes."""
    stored: dict[int, Reading] = {}
    statuses: list[bool] = []
    ready, gone = threading.Event(), threading.Event()

    def on_message(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        device, channel = parse_topic(message.topic)
        if channel == "status":
            statuses.append(b'"online":true' in message.payload)
            if not statuses[-1]:
                gone.set()
            return
        batch = decode_batch(message.payload)
        stored.update({batch.first + i: one for i, one in enumerate(batch.readings) if isinstance(one, Reading)})
        client.publish(topic(device, "receipts"), Receipt(batch.epoch, ((batch.first, batch.last),)).encode(), qos=1)

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = on_message
    client.on_connect = lambda one, *_: one.subscribe([(every("readings"), 1), (every("status"), 1)])
    client.on_subscribe = lambda *_: ready.set()
    for _ in range(50):
        try:
            client.connect("127.0.0.1", broker.port)
            break
        except ConnectionRefusedError:
            threading.Event().wait(0.05)
    client.loop_start()
    try:
        assert ready.wait(10)
        recording = Recording([*meters(4_000).readings, Weather(sensor="roof", t=START, temp_c=1.0)], [], "d")
        report = replay(recording, broker=broker, device="replay-1", patience_s=20)
        assert (report.published, report.stored, report.refused) == (4_001, 4_001, {})
        assert [stored[seq] for seq in sorted(stored)] == recording.readings
        assert gone.wait(5)
        assert statuses == [True, False]
    finally:
        client.disconnect()
        client.loop_stop()
