"""One platform of real processes: a broker, ingest workers on one data folder, edges; and the oracle over all of it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from rig.oracle import Findings, examine, judge
from rig.processes import Edge, Ingest, until
from rig.proxy import Proxy

from bypuls.store.book import Book
from bypuls.store.influx import InfluxSettings, InfluxStore
from bypuls.store.protocol import Store
from bypuls.store.registry import Device, Registry, Sensor, open_registry
from bypuls.store.sqlite import SqliteStore
from bypuls.wire.topics import topic

# Each plant belongs to one program; the other refuses a name that it does not know.
INGEST_PLANTS = ("receipt-before-write",)
EDGE_PLANTS = ("delete-on-puback", "no-fsync")
PLANTS = (*INGEST_PLANTS, *EDGE_PLANTS)


class Broker(Protocol):
    """A broker that can be killed and started on the same port."""

    port: int

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def stop(self) -> None: ...


class Line:
    """A client at the broker: what it hears by topic, and a voice of its own."""

    def __init__(self, port: int, *filters: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._filters = [(each, 1) for each in filters]
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = lambda _c, _u, message: self.heard.append((message.topic, bytes(message.payload)))
        self._client.connect("127.0.0.1", port, keepalive=5)
        self._client.loop_start()
        if not self._ready.wait(5):
            raise AssertionError("no answer from the broker")

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        if self._filters:
            client.subscribe(self._filters)
        else:
            self._ready.set()

    def say(self, to: str, payload: bytes, *, retain: bool = False) -> None:
        """Publishes with QoS 1 and waits for the broker's acknowledgement."""
        self._client.publish(to, payload, qos=1, retain=retain).wait_for_publish(5)

    def say_all(self, messages: list[tuple[str, bytes]], *, retain: bool = False) -> None:
        """Publishes all; waits for the last one's acknowledgement."""
        sent = [self._client.publish(to, payload, qos=1, retain=retain) for to, payload in messages]
        for info in sent:
            info.wait_for_publish(20)

    def readings(self, device: str) -> int:
        """How many readings of `device` it has heard."""
        mine = topic(device, "readings")
        return sum(len(json.loads(payload)["readings"]) for to, payload in list(self.heard) if to == mine)

    def close(self) -> None:
        """Ends the connection."""
        self._client.disconnect()
        self._client.loop_stop()


class Platform:
    """A broker, ingest and edges. `plant`: a fault planted on purpose into the program that knows it."""

    def __init__(
        self, folder: Path, broker: Broker, *, plant: str = "", influx: Mapping[str, str] | None = None
    ) -> None:
        if plant and plant not in PLANTS:
            raise ValueError(f"plant: {plant!r} — expected one of {', '.join(PLANTS)}")
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.broker = broker
        self.edges: list[Edge] = []
        self.workers: list[Ingest] = []
        self.further_outboxes: list[tuple[str, Path]] = []
        self.edge_kills = 0
        self._plant = plant
        self._influx = influx
        self._proxies: list[Proxy] = []
        self.data.mkdir(parents=True)
        self.open_files()

    def open_files(self) -> None:
        """Opens registry, book and store for the test's own eyes."""
        self.registry: Registry = open_registry(self.data / "registry.db")
        self.book = Book(self.registry)
        self.store: Store = self._open_store()

    def close_files(self) -> None:
        """Closes them: a power cut replaces the files."""
        self.store.close()
        self.registry.close()

    def _open_store(self) -> Store:
        if self._influx is None:
            return SqliteStore(self.data)
        names = ("url", "token", "org", "raw_bucket", "rollup_bucket")
        store = InfluxStore(InfluxSettings(**{name: self._influx[name] for name in names}))
        store.setup()
        return store

    def close(self) -> None:
        """Ends every process, whatever state it is in, then what this object holds open."""
        for process in [*self.edges, *self.workers]:
            process.kill()
        for proxy in self._proxies:
            proxy.close()
        self.close_files()

    def proxy(self, target: int | None = None) -> Proxy:
        """A proxy in front of the broker, or of another port of this machine."""
        proxy = Proxy(target or self.broker.port)
        self._proxies.append(proxy)
        return proxy

    def edge(
        self, device: str, *, rate_hz: float = 50.0, ghost_hz: float = 2.0, port: int | None = None, **settings: object
    ) -> Edge:
        """A new edge, registered, not started: one radar, and another one that the registry does not know."""
        sensors = {f"{device}-radar": rate_hz}
        with self.registry.session() as session:
            session.add(Device(id=device, name=device))
            session.flush()
            session.add(Sensor(id=f"{device}-radar", device=device, kind="passage", name="radar"))
        if ghost_hz:
            sensors[f"{device}-ghost"] = ghost_hz
        edge = Edge(device, self.folder / device, port or self.broker.port, sensors=sensors, **settings)
        self.edges.append(edge)
        return edge

    def start(self, edge: Edge, *, powered: bool = False, **environment: str) -> None:
        """Starts an edge, with the plant where it is one of the edge's."""
        if self._plant in EDGE_PLANTS:
            environment["BYPULS_PLANT"] = self._plant
        edge.start(powered=powered, **environment)

    def kill(self, edge: Edge) -> None:
        """kill -9 of an edge, counted."""
        self.edge_kills += 1
        edge.kill()

    def ingest(
        self, *options: str, wait: bool = True, powered: bool = False, port: int | None = None, **environment: str
    ) -> Ingest:
        """Starts an ingest worker and waits until it takes messages over."""
        secrets: dict[str, str] = {}
        if self._influx is not None:
            options = ("--influx-url", self._influx["seen_at"], *options)
            secrets = {
                "BYPULS_INFLUX_TOKEN": self._influx["token"],
                "BYPULS_INFLUX_ORG": self._influx["org"],
                "BYPULS_INFLUX_BUCKET": self._influx["raw_bucket"],
                "BYPULS_INFLUX_ROLLUP_BUCKET": self._influx["rollup_bucket"],
            }
        name = f"ingest-{len(self.workers) + 1}"
        worker = Ingest(name, self.data, port or self.broker.port, *options, secrets=secrets)
        self.workers.append(worker)
        self.start_ingest(worker, wait=wait, powered=powered, **environment)
        return worker

    def start_ingest(self, worker: Ingest, *, wait: bool = True, powered: bool = False, **environment: str) -> None:
        """Starts a worker that was stopped or killed, with the plant where it is one of ingest's."""
        if self._plant in INGEST_PLANTS:
            environment["BYPULS_PLANT"] = self._plant
        worker.start(powered=powered, **environment)
        if wait:
            worker.wait_connected()

    @contextlib.contextmanager
    def listening(self, *filters: str) -> Iterator[Line]:
        """A line to the broker for the length of a block."""
        line = Line(self.broker.port, *filters)
        try:
            yield line
        finally:
            line.close()

    @contextlib.contextmanager
    def stalled_store(self) -> Iterator[None]:
        """The embedded store takes no write in this block: somebody else has its lock."""
        with contextlib.closing(sqlite3.connect(self.data / "readings.db", isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            yield
            lock.execute("ROLLBACK")

    def newest(self, edge: Edge) -> datetime | None:
        """The time of the newest reading of the edge's radar in the store."""
        sensor = f"{edge.device}-radar"
        found = self.store.latest("passage", [sensor]).get(sensor)
        return None if found is None else found.t

    def wait_flowing(self, *edges: Edge, within_s: float = 10.0) -> float:
        """Waits until a reading taken from now on is in the store, for each of the edges; how long that took [s]."""
        began = datetime.now(UTC)

        def flows(edge: Edge) -> bool:
            newest = self.newest(edge)
            return newest is not None and newest > began

        return until(lambda: all(flows(edge) for edge in edges or self.edges), "readings flow into the store", within_s)

    def findings(self) -> Findings:
        """What the oracle finds just now."""
        sensors = {sensor: edge.journal(sensor) for edge in self.edges for sensor in edge.sensors}
        return examine(
            witnesses=[edge.witness for edge in self.edges],
            outboxes=[*((edge.device, edge.outbox) for edge in self.edges), *self.further_outboxes],
            journals=sensors,
            store=self.store,
            book=self.book,
            devices=sorted({edge.device for edge in self.edges}),
        )

    def judge(self) -> Findings:
        """Asks the oracle. Raises PromiseBroken, also where a device is alarmed for no reason."""
        found = self.findings()
        found.demand("devices are ALARMED though no card was copied", self.book.alarms())
        judge(found, killed=self.edge_kills)
        return found

    def settle(self, *, within_s: float = 20.0, restart: bool = True) -> Findings:
        """Ends production, lets everything arrive, and asks the oracle; then nothing may wait any more.

        restart : edges start anew (in order), so that what awaits a late receipt is sent at once and not after 30 s.
        """
        for edge in self.edges:
            edge.pause()
        # No event tells that the last reading was committed: a kill or a full disk may have cost it. Loads look for
        # the stop every 0.05 s or once a period; commits follow within commit_s.
        time.sleep(max((edge.quiet_after_s for edge in self.edges), default=0.0))
        with contextlib.suppress(TimeoutError):
            until(lambda: all(edge.waiting() == 0 for edge in self.edges), "outboxes are empty", 1.0)
        for edge in self.edges:
            if restart and edge.waiting() and edge.alive:
                edge.stop()
                self.start(edge)
        until(
            lambda: all(edge.waiting() == 0 for edge in self.edges),
            f"outboxes are empty (waiting: {[edge.waiting() for edge in self.edges]})",
            within_s,
        )
        found: list[Findings] = []

        def nothing_waits() -> bool:
            found.append(self.judge())
            return found[-1].waiting == 0

        # A restarted edge tells its health at once: that row may wait a moment longer, and the next minute's may come
        # between two looks. What is told is what was seen when nothing waited.
        until(nothing_waits, "nothing waits", 5.0)
        return found[-1]


# What a test tells: it does something to a platform, and ends with what the oracle found, or raises.
Story = Callable[[Platform], Findings]


def by_name(*stories: Story) -> Mapping[str, Story]:
    """Stories by their functions' names."""
    return MappingProxyType({story.__name__: story for story in stories})
