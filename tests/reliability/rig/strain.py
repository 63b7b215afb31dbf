"""Too much, or not what it should be: poison, retained messages, a store that stands still, a backlog."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial, update_wrapper
from pathlib import Path

from rig.load import note, passage
from rig.oracle import Findings
from rig.platform import Platform, Story, by_name
from rig.processes import Edge, until

from bypuls.edge.outbox import Arrival, Outbox
from bypuls.edge.witness import FileWitness
from bypuls.wire import Reading, assemble_batch, encode_reading
from bypuls.wire.topics import topic

LIVE_S = 5.0  # live readings take no longer than this while a backlog drains
EPOCH = "5fba2c1d7e904a36"


def _passages(edge: Edge, first: int, count: int) -> list[Reading]:
    """Numbered passages of the edge's radar, one a second until now, noted in its journal."""
    sensor = f"{edge.device}-radar"
    began = datetime.now(UTC) - timedelta(seconds=count)
    note(edge.journal(sensor), range(first, first + count))
    return [passage(sensor, first + i).replace_t(began + timedelta(seconds=i)) for i in range(count)]


def _batches(edge: Edge, count: int, size: int) -> Iterator[bytes]:
    """Batches as the edge would send them; its witness has seen every row."""
    witness = FileWitness(edge.witness, edge.device)
    bodies = [encode_reading(reading) for reading in _passages(edge, 0, count)]
    witness.committed(EPOCH, enumerate(bodies, 1))
    witness.close()
    for at in range(0, count, size):
        yield assemble_batch(edge.device, EPOCH, at + 1, datetime.now(UTC), bodies[at : at + size])


def poison_among_good_batches(platform: Platform) -> Findings:
    """Every poisonous message is in the dead letters with its bytes; every good reading is stored."""
    edge = platform.edge("pi-1", ghost_hz=0)
    good = list(_batches(edge, 3_000, 50))
    stranger = json.dumps({**json.loads(good[0]), "device": "pi-2"}).encode()
    poison = [stranger]
    for number in range(75):
        poison += [
            b"\xff\xfe poison %d" % number,
            b'{"v":1,"device":"pi-1","n":%d' % number,
            good[0].replace(b'{"v":1,', b'{"v":7,"n":%d,' % number),
            b"[" * (number + 1),
        ]
    to = topic("pi-1", "readings")
    platform.ingest()
    messages = [(to, payload) for payload in poison]
    for at, payload in enumerate(good):
        messages.insert(at * 6, (to, payload))
    with platform.listening() as line:
        line.say_all(messages)
    until(lambda: platform.book.waiting_letters() >= len(poison), "all poison is in the dead letters")
    until(lambda: platform.findings().stored == 3_000, "all good readings are stored")
    letters = {letter.raw for letter in platform.book.dead_letters(newest=1_000)}
    assert letters == set(poison)
    return platform.judge()


def retained_messages_are_not_new(platform: Platform) -> Findings:
    """A thousand retained messages await ingest: none is stored; the same batch, sent now, is."""
    edge = platform.edge("pi-1", ghost_hz=0)
    (batch,) = _batches(edge, 50, 50)
    to = topic("pi-1", "readings")
    with platform.listening() as line:
        retained = [(topic(f"pi-{n}", "readings"), batch.replace(b"pi-1", b"pi-%d" % n)) for n in range(1, 1_001)]
        line.say_all(retained, retain=True)
        platform.ingest()
        until(lambda: platform.book.waiting_letters() == 1_000, "all are in the dead letters")
        assert platform.newest(edge) is None
        line.say(to, batch)
        until(lambda: platform.newest(edge) is not None, "the batch that was sent now is stored")
    return platform.judge()


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def a_store_that_stands_still_costs_no_memory(platform: Platform) -> Findings:
    """Ingest with a stalled store holds a bounded number of messages; the edge keeps its own."""
    edge = platform.edge("pi-1")
    other = platform.edge("pi-2", ghost_hz=0)
    batches = list(_batches(other, 10_000, 500))
    worker = platform.ingest()
    platform.start(edge)
    platform.wait_flowing(edge)
    with platform.listening() as line:
        line.say_all([(topic("pi-2", "readings"), batch) for batch in batches])
        before_mb = _resident_mb(worker.pid)
        with platform.stalled_store():
            line.say_all([(topic("pi-2", "readings"), batch) for batch in batches * 10])  # 200 messages, 12 MB
            edge.wait_accepted(60)
            assert _resident_mb(worker.pid) - before_mb < 50
            assert edge.waiting() >= 50
    platform.wait_flowing(edge, within_s=30)
    return platform.settle(within_s=30)


def a_backlog_drains_while_live_readings_pass(
    platform: Platform, *, devices: int = 4, rows: int = 4_000, within_s: float = 40.0
) -> Findings:
    """Devices come back after an outage: live readings arrive within 5 s while the backlog drains."""
    edges = [platform.edge(f"pi-{number}", rate_hz=5, ghost_hz=1) for number in range(devices)]
    for edge in edges:
        witness = FileWitness(edge.witness, edge.device)
        outbox = Outbox(edge.outbox, max_bytes=400_000_000, witness=witness)
        for at in range(0, rows, 1_000):
            arrivals = [Arrival(reading, "", 0) for reading in _passages(edge, at, min(1_000, rows - at))]
            assert outbox.append(arrivals) == len(arrivals)
        outbox.close()
        witness.close()
        assert edge.waiting() == rows
    platform.ingest()
    for edge in edges:
        platform.start(edge)
    platform.wait_flowing(within_s=10)
    began = time.monotonic()
    worst_s = 0.0
    while any(edge.waiting() > 100 for edge in edges):
        newest = [platform.newest(edge) for edge in edges]
        worst_s = max(worst_s, *((datetime.now(UTC) - at).total_seconds() for at in newest if at is not None))
        assert time.monotonic() - began < within_s, "the backlog drains"
        time.sleep(0.25)
    drained_s = time.monotonic() - began
    assert worst_s < LIVE_S, f"live readings waited {worst_s:.1f} s while the backlog drained in {drained_s:.1f} s"
    return platform.settle()


STORIES: Mapping[str, Story] = by_name(
    a_backlog_drains_while_live_readings_pass,
    a_store_that_stands_still_costs_no_memory,
    poison_among_good_batches,
    retained_messages_are_not_new,
)
_WEEK = partial(a_backlog_drains_while_live_readings_pass, devices=10, rows=60_000, within_s=600.0)
LONG: Mapping[str, Story] = {"a_backlog_of_600_000": update_wrapper(_WEEK, a_backlog_drains_while_live_readings_pass)}
