"""The runner: one sensor's failure is its own, what arrives is committed in batches, and the end is quick."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from bypuls.edge.clock import Guard
from bypuls.edge.config import Broker, ClockSettings, Config, OutboxSettings, Sensor, Tls
from bypuls.edge.driver import BadOption, Silent, Timed, Unplugged
from bypuls.edge.health import cpu_temp_c
from bypuls.edge.publisher import Publisher
from bypuls.edge.runner import Runner
from bypuls.edge.systemd import notifier, watchdog_s
from bypuls.wire import Health, Passage, Weather, decode_reading


class Scripted:
    """A driver that plays a generator made anew for each opening."""

    def __init__(self, play: Callable[[Scripted], Iterator[object]]) -> None:
        self._play = play
        self.closed = threading.Event()

    def readings(self):
        return self._play(self)

    def close(self) -> None:
        self.closed.set()

    def describe(self) -> str:
        return "scripted"


def weather(sensor: str, temp: float = 8.0) -> Weather:
    return Weather(sensor=sensor, temp_c=temp)


def fine(driver: Scripted, sensor: str = "fine") -> Iterator[object]:
    while not driver.closed.wait(0.005):
        yield weather(sensor)


def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        threading.Event().wait(0.005)


@pytest.fixture
def run(open_outbox, clock, fake_link, tmp_path: Path):
    """Runs drivers by name until the end of the test; gives the runner and its outbox."""
    running: list[tuple[Runner, threading.Thread]] = []

    def start(plays: dict[str, Callable[[Scripted], Iterator[object]]], *, hung_after_s: float = 60.0, **options):
        sensors = tuple(Sensor(name, "scripted", {}, hung_after_s) for name in plays)
        config = Config(
            "pi-1",
            Broker("127.0.0.1", 1, Tls(enabled=False)),
            OutboxSettings(tmp_path / "outbox.db", commit_s=0.02),
            ClockSettings(),
            health_interval_s=0.05,
            sensors=sensors,
        )
        outbox = open_outbox()
        guard: Guard = clock.guard()
        publisher = Publisher(outbox, guard, fake_link, device="pi-1", version="0", random=Random(1))
        runner = Runner(
            config,
            outbox,
            guard,
            publisher,
            lambda sensor: Scripted(plays[sensor.id]),
            version="0.1.0",
            random=Random(1),
            shortest_pause_s=0.01,
            **options,
        )
        thread = threading.Thread(target=runner.run)
        thread.start()
        running.append((runner, thread))
        return runner, outbox

    def committed(outbox) -> list[object]:
        found = []
        for first, last in outbox.waiting():
            while first <= last:
                rows = outbox.batch(first, last)
                found += [decode_reading(body) for body in rows.bodies]
                first = rows.last + 1
        return found

    start.committed = committed
    yield start
    for runner, thread in running:
        began = time.monotonic()
        runner.stop()
        thread.join(5)
        assert not thread.is_alive()
        assert time.monotonic() - began < 2.0, "the edge stops within 2 s"


def of(readings: list[object], sensor: str) -> list[object]:
    return [reading for reading in readings if reading.sensor == sensor]


def test_drivers_that_fail_in_every_way_never_stop_the_others(run, caplog) -> None:
    openings: dict[str, int] = {}

    def failing(name: str, play: Callable[[], Iterator[object]]):
        def begin(_driver: Scripted) -> Iterator[object]:
            openings[name] = openings.get(name, 0) + 1
            yield from play()

        return begin

    def raises(error: Exception):
        def play() -> Iterator[object]:
            yield from ()
            raise error

        return play

    plays = {
        "unplugged": failing("unplugged", raises(Unplugged("/dev/ttyUSB0: no such port"))),
        "silent": failing("silent", raises(Silent("nothing for 5 s"))),
        "faulty": failing("faulty", raises(ZeroDivisionError("division by zero"))),
        "ends": failing("ends", lambda: iter(())),
        "text": failing("text", lambda: iter(["43 km/h"])),
        "foreign": failing("foreign", lambda: iter([weather("fine")])),
        "ancient": failing("ancient", lambda: iter([Timed(weather("ancient"), -1.0)])),
        "fine": fine,
    }
    runner, outbox = run(plays)
    until(lambda: len(of(run.committed(outbox), "fine")) > 20)
    until(lambda: min(openings.get(name, 0) for name in plays if name != "fine") >= 3)
    readings = run.committed(outbox)
    assert {reading.sensor for reading in readings} == {"fine", "pi-1"}
    until(lambda: of(run.committed(outbox), "pi-1")[-1].failing == tuple(sorted(set(plays) - {"fine"})))
    reasons = {sensor.sensor.id: sensor.failing for sensor in runner.sensors}
    assert reasons["unplugged"] == "Unplugged: /dev/ttyUSB0: no such port"
    assert "expected a reading" in reasons["text"]
    assert reasons["fine"] is None
    assert "fault in driver" in caplog.text


def test_a_driver_that_works_again_is_no_longer_listed(run) -> None:
    tries = []

    def play(driver: Scripted) -> Iterator[object]:
        tries.append(None)
        if len(tries) < 3:
            raise Unplugged("not yet")
        yield from fine(driver, "late")

    runner, outbox = run({"late": play})
    until(lambda: of(run.committed(outbox), "late"))
    until(lambda: runner.sensors[0].failing is None)


def test_a_wrong_option_is_not_tried_again(run) -> None:
    tries = []

    def play(_driver: Scripted) -> Iterator[object]:
        tries.append(None)
        raise BadOption("bad", "baud", "fast", "a number")
        yield

    runner, outbox = run({"bad": play, "fine": fine})
    until(lambda: len(of(run.committed(outbox), "fine")) > 30)
    assert len(tries) == 1
    assert "option baud: 'fast' — expected a number" in runner.sensors[0].failing


def test_a_driver_that_hangs_is_closed_and_begun_anew(run) -> None:
    tries = []

    def play(driver: Scripted) -> Iterator[object]:
        tries.append(None)
        if len(tries) == 1:
            driver.closed.wait(5)  # as a read that never returns, until its port is closed
            raise Unplugged("closed")
        yield from fine(driver, "hangs")

    _, outbox = run({"hangs": play, "fine": fine}, hung_after_s=0.2)
    until(lambda: of(run.committed(outbox), "hangs"))
    assert len(tries) == 2


def test_a_driver_that_ignores_its_closing_does_not_delay_the_end(run) -> None:
    hanging = threading.Event()

    def play(_driver: Scripted) -> Iterator[object]:
        hanging.set()
        threading.Event().wait(3)
        yield weather("stuck")

    run({"stuck": play})
    assert hanging.wait(2)


def test_readings_of_an_unset_clock_are_held_and_dated_when_it_is_set(run, clock) -> None:
    clock.synced = False
    _, outbox = run({"fine": fine})
    until(outbox.held)
    clock.advance(30.0)
    assert not outbox.waiting()
    clock.synced = True
    until(lambda: not outbox.held() and outbox.waiting())
    assert all(reading.t is not None for reading in run.committed(outbox))


def test_what_arrived_is_committed_before_the_end(open_outbox, clock, fake_link, tmp_path: Path) -> None:
    sent = threading.Event()

    def play(driver: Scripted) -> Iterator[object]:
        for n in range(50):
            yield Passage(sensor="radar", speed_kmh=30 + n / 10)
        sent.set()
        driver.closed.wait(5)

    config = Config(
        "pi-1",
        Broker("127.0.0.1", 1, Tls(enabled=False)),
        OutboxSettings(tmp_path / "outbox.db", commit_s=60.0, commit_rows=1000),
        ClockSettings(),
        health_interval_s=1000.0,
        sensors=(Sensor("radar", "scripted", {}),),
    )
    outbox, guard = open_outbox(), clock.guard()
    publisher = Publisher(outbox, guard, fake_link, device="pi-1", version="0", random=Random(1))
    states: list[str] = []
    runner = Runner(
        config,
        outbox,
        guard,
        publisher,
        lambda _sensor: Scripted(play),
        version="0",
        random=Random(1),
        notify=states.append,
        watchdog_s=0.03,
    )
    thread = threading.Thread(target=runner.run)
    thread.start()
    assert sent.wait(5)
    until(lambda: states.count("WATCHDOG=1") > 3)
    runner.stop()
    thread.join(5)
    again = open_outbox()
    assert again.waiting().count() == 51, "50 passages and one health"
    assert (states[0], states[-1]) == ("READY=1", "STOPPING=1")


def test_health_says_how_the_device_is(run, clock) -> None:
    _, outbox = run({})
    until(lambda: len(run.committed(outbox)) > 2)
    health = run.committed(outbox)[-1]
    assert isinstance(health, Health)
    assert (health.sensor, health.clock_synced, health.clock_offset_ms, health.dropped) == ("pi-1", True, 0.25, 0)
    assert health.outbox_rows >= 1
    assert health.disk_free_mb > 0
    assert health.failing == ()
    assert health.uptime_s == clock.mono_us / 1e6


def test_a_processor_without_a_sensor_or_with_nonsense_is_unknown(tmp_path: Path) -> None:
    file = tmp_path / "temp"
    assert cpu_temp_c(file) is None
    for text, value in (("48312\n", 48.312), ("", None), ("9999999", None)):
        file.write_text(text, encoding="ascii")
        assert cpu_temp_c(file) == value


def test_systemd_is_told_where_it_listens(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})("READY=1")
        assert listener.recv(100) == b"READY=1"
    notifier({})("READY=1")
    assert watchdog_s({"WATCHDOG_USEC": "30000000"}) == 30.0
    assert watchdog_s({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}) is None
    assert watchdog_s({}) is None
