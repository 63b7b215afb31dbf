"""The network between edge and broker fails in its own ways: the oracle holds, and readings flow again."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rig.oracle import Findings
from rig.platform import Platform, Story, by_name
from rig.processes import until

KEEPALIVE_S = 4.0


def a_line_that_is_slow_and_resets(platform: Platform) -> Findings:
    proxy = platform.proxy()
    proxy.latency_s = 0.2
    edge = platform.edge("pi-1", port=proxy.port)
    platform.ingest()
    platform.start(edge)
    platform.wait_flowing()
    for _ in range(3):
        connections = proxy.connections
        proxy.reset()
        until(lambda before=connections: proxy.connections > before, "the edge connects again")
        edge.wait_accepted(20)
    platform.wait_flowing(within_s=10)
    proxy.latency_s = 0.0
    return platform.settle()


def a_half_open_connection_is_noticed(platform: Platform) -> Findings:
    proxy = platform.proxy()
    edge = platform.edge("pi-1", port=proxy.port, keepalive_s=KEEPALIVE_S)
    platform.ingest()
    platform.start(edge)
    platform.wait_flowing()
    ended = edge.log.count("not connected")
    proxy.freeze()
    noticed_s = until(lambda: edge.log.count("not connected") > ended, "the edge notices", 3 * KEEPALIVE_S)
    assert noticed_s <= 1.5 * KEEPALIVE_S + 0.5, "half a second for looking"
    before = edge.accepted()
    edge.wait_accepted(20)  # a partition costs no reading
    assert edge.waiting() >= edge.accepted() - before
    proxy.thaw()
    platform.wait_flowing(within_s=10)
    return platform.settle()


def receipts_that_get_lost_delete_nothing_and_store_nothing_twice(platform: Platform) -> Findings:
    proxy = platform.proxy()
    proxy.swallow = lambda data: b"/receipts" in data and b'"stored"' in data
    edge = platform.edge("pi-1", port=proxy.port)
    platform.ingest()
    platform.start(edge)
    platform.wait_flowing()
    edge.wait_accepted(60)
    stats = edge.stats()
    assert stats is not None
    assert stats.receipted == 0
    assert stats.waiting >= 60
    platform.judge()
    proxy.swallow = None
    proxy.reset()
    until(lambda: (edge.stats() or stats).receipted >= 60, "the same readings are receipted on the next connection")
    found = platform.settle()
    assert sum(line.duplicate for line in platform.book.epochs("pi-1")) >= 60
    return found


def ingest_notices_a_half_open_connection(platform: Platform, keepalive_s: float = 30.0) -> Findings:
    proxy = platform.proxy()
    edge = platform.edge("pi-1")
    platform.start(edge)
    worker = platform.ingest(port=proxy.port)
    platform.wait_flowing()
    proxy.freeze()
    noticed_s = until(lambda: "no connection to the broker" in worker.log, "ingest notices", 2.5 * keepalive_s)
    assert noticed_s <= 1.5 * keepalive_s + 1
    proxy.thaw()
    platform.wait_flowing(within_s=40)
    return platform.settle(within_s=60)


def a_line_of_a_kilobyte_a_second(platform: Platform) -> Findings:
    proxy = platform.proxy()
    edge = platform.edge("pi-1", port=proxy.port, rate_hz=2, ghost_hz=0.1)
    platform.ingest()
    platform.start(edge)
    platform.wait_flowing()
    proxy.bytes_per_s = 1_000
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        assert platform.wait_flowing(within_s=20) < 20
        time.sleep(2)
    return platform.settle(within_s=60)


STORIES: Mapping[str, Story] = by_name(
    a_line_that_is_slow_and_resets,
    a_half_open_connection_is_noticed,
    receipts_that_get_lost_delete_nothing_and_store_nothing_twice,
)
LONG: Mapping[str, Story] = by_name(ingest_notices_a_half_open_connection, a_line_of_a_kilobyte_a_second)
