"""The edge at 100 readings/s: four sensors, every commit synced, batches to a real broker and receipts from it.

Measured is the edge's own process (user and system time) over 20 s, broker and platform not counted.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from rows import Row

from bypuls.edge.clock import Guard, SystemClock
from bypuls.edge.config import Broker, ClockSettings, Config, OutboxSettings, Sensor, Tls
from bypuls.edge.link import Link, PahoLink, Sink
from bypuls.edge.outbox import Outbox
from bypuls.edge.publisher import Publisher, will
from bypuls.edge.runner import Runner
from bypuls.wire import Meter, Receipt, decode_batch

SENSORS, PER_SECOND, SECONDS = 4, 100, 20.0


class Steady:
    """A driver that yields so many meter readings a second."""

    def __init__(self, sensor: str, per_second: float) -> None:
        self._sensor = sensor
        self._pause = 1.0 / per_second
        self._closed = threading.Event()

    def readings(self) -> Iterator[Meter]:
        due = time.monotonic()
        register = 0.0
        while True:
            due += self._pause
            if self._closed.wait(max(0.0, due - time.monotonic())):
                return
            register += 0.25
            yield Meter(sensor=self._sensor, medium="electricity", import_wh=register, power_w=812.5, power_factor=0.97)

    def close(self) -> None:
        self._closed.set()

    def describe(self) -> str:
        return f"{1 / self._pause:g} readings/s"


def edge(port: int, folder: Path) -> None:
    """The measured process: runs for SECONDS and prints what it took."""
    sensors = tuple(Sensor(f"meter-{n}", "steady", {}) for n in range(SENSORS))
    broker = Broker("127.0.0.1", port, Tls(enabled=False))
    config = Config("bench", broker, OutboxSettings(folder / "outbox.db"), ClockSettings(), 60.0, sensors)
    outbox = Outbox(config.outbox.path, max_bytes=512_000_000)
    guard = Guard(SystemClock(), trust="always", earliest=config.clock.earliest, holdover_s=0)

    def connect(generation: int, sink: Sink) -> Link:
        return PahoLink(broker, "bench", will("bench", outbox.epoch, "0"), generation, sink)

    publisher = Publisher(outbox, guard, connect, device="bench", version="0", random=Random(1))
    runner = Runner(
        config,
        outbox,
        guard,
        publisher,
        lambda sensor: Steady(sensor.id, PER_SECOND / SENSORS),
        version="0",
        random=Random(1),
    )
    began = resource.getrusage(resource.RUSAGE_SELF)
    taken: dict[str, float] = {}

    def end() -> None:
        now = resource.getrusage(resource.RUSAGE_SELF)
        taken["cpu_s"] = now.ru_utime + now.ru_stime - began.ru_utime - began.ru_stime
        taken["rows"] = sum(last for _, last in outbox.waiting()) + outbox.stats().receipted
        taken["receipted"] = outbox.stats().receipted
        runner.stop()

    threading.Timer(SECONDS, end).start()
    runner.run()
    taken["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps(taken))


def receipting(port: int) -> Client:
    """A platform that receipts every batch at once."""

    def receipt(client: Client, _data: object, message: object) -> None:
        batch = decode_batch(message.payload)  # type: ignore[attr-defined]
        client.publish("bypuls/v1/bench/receipts", Receipt(batch.epoch, ((batch.first, batch.last),)).encode(), qos=1)

    client = Client(CallbackAPIVersion.VERSION2)
    client.on_connect = lambda client, *_: client.subscribe("bypuls/v1/bench/readings", 1)
    client.on_message = receipt
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def run() -> list[Row]:
    """CPU share of one core, memory, and how many readings had their receipt."""
    mosquitto = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if mosquitto is None:
        raise FileNotFoundError("this bench needs mosquitto on PATH or in /usr/sbin")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cache = Path(__file__).parents[1] / ".cache"  # a temporary folder may lie in memory, where syncing costs nothing
    cache.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as name:
        folder = Path(name)
        conf = folder / "mosquitto.conf"
        conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")
        broker = subprocess.Popen([mosquitto, "-c", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.05)
            platform = receipting(port)
            command = [sys.executable, str(Path(__file__).resolve()), str(port), str(folder)]
            done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS + 30)
            platform.disconnect()
            platform.loop_stop()
        finally:
            broker.kill()
            broker.wait()
    taken = json.loads(done.stdout)
    share = 100 * taken["cpu_s"] / SECONDS
    return [
        Row("edge, 100 readings/s, synchronous FULL", round(share, 2), "% of one core", "< 10"),
        Row(
            "edge, readings receipted in 20 s", taken["receipted"], "readings", f">= {int(PER_SECOND * (SECONDS - 2))}"
        ),
        Row("edge, memory", round(taken["rss_mb"], 1), "MB"),
    ]


if __name__ == "__main__":
    edge(int(sys.argv[1]), Path(sys.argv[2]))
