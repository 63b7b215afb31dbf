"""Kills and power cuts, each ending with the oracle: one suite for the sound product and for the planted faults."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from types import MappingProxyType

from rig.oracle import Findings
from rig.platform import Platform, Story, by_name
from rig.processes import Edge, until

from bypuls.edge.crash import POINTS
from bypuls.ingest.plants import MOMENTS


def _acknowledged(platform: Platform, edge: Edge, more: int) -> None:
    """Waits until the broker has taken `more` further readings of the edge, the first of them well acknowledged."""
    with platform.listening("bypuls/v1/+/readings") as line:
        until(lambda: line.readings(edge.device) >= more, f"the broker has {more} more readings")


def edges_killed_at_every_point(platform: Platform) -> Findings:
    """One edge for each named point of its code: killed there, started again."""
    platform.ingest()
    edges = {}
    for number, point in enumerate(POINTS):
        edge = platform.edge(f"pi-{number}", rate_hz=10, ghost_hz=1, health_s=0.4, keep_h=0.0)
        edges[point] = edge
        platform.start(edge, BYPULS_CRASH_AT=f"{point}:3")
    for edge in edges.values():
        edge.wait_killed(30)
        platform.edge_kills += 1
        edge.configure(health_s=3600.0)
        platform.start(edge)
    platform.wait_flowing()
    return platform.settle()


def ingest_killed_at_every_moment(platform: Platform) -> Findings:
    """Ingest dies at each named moment between message and acknowledgement; readings flow again within 10 s."""
    edge = platform.edge("pi-1")
    platform.start(edge)
    worker = platform.ingest(wait=False, BYPULS_CRASH_AT=f"{MOMENTS[0]}:3")
    for moment in MOMENTS[1:]:
        worker.wait_killed()
        platform.start_ingest(worker, wait=False, BYPULS_CRASH_AT=f"{moment}:3")
    worker.wait_killed()
    platform.start_ingest(worker)
    platform.wait_flowing(within_s=10)
    return platform.settle()


def broker_loses_what_it_acknowledged(platform: Platform) -> Findings:
    """The broker has readings that ingest did not take yet, and dies; it keeps nothing on disk."""
    edge = platform.edge("pi-1")
    platform.start(edge)
    worker = platform.ingest()
    platform.wait_flowing()
    worker.kill()
    _acknowledged(platform, edge, 40)
    platform.broker.kill()
    edge.wait_accepted(10)
    platform.broker.start()
    platform.start_ingest(worker)
    platform.wait_flowing(within_s=10)
    return platform.settle()


def server_dies_while_the_store_stalls(platform: Platform) -> Findings:
    """Ingest waits for the store with messages in its hands; then ingest and broker die together."""
    edge = platform.edge("pi-1")
    platform.start(edge)
    worker = platform.ingest()
    platform.wait_flowing()
    with platform.stalled_store():
        _acknowledged(platform, edge, 40)
        worker.kill()
        platform.broker.kill()
    platform.broker.start()
    platform.start_ingest(worker)
    platform.wait_flowing(within_s=10)
    return platform.settle()


def power_cut_of_an_edge(platform: Platform) -> Findings:
    """An edge without a broker loses power: what it had not synced is gone, what it had accepted is not."""
    edge = platform.edge("pi-1")
    platform.start(edge, powered=True)
    worker = platform.ingest()
    platform.wait_flowing()
    worker.kill()
    edge.wait_accepted(60)
    platform.edge_kills += 1
    edge.cut_power()
    platform.judge()
    platform.start(edge)
    platform.start_ingest(worker)
    platform.wait_flowing(within_s=10)
    return platform.settle()


def power_cut_of_the_server(platform: Platform) -> Findings:
    """Broker, ingest, store and registry lose power together: what has a receipt is stored or dead-lettered."""
    edge = platform.edge("pi-1", ghost_hz=10)
    platform.start(edge)
    worker = platform.ingest(powered=True)
    for _ in range(2):
        platform.wait_flowing()
        edge.wait_accepted(60)
        platform.broker.kill()
        platform.close_files()
        worker.cut_power()
        platform.open_files()
        platform.judge()
        platform.broker.start()
        platform.start_ingest(worker, wait=False, powered=True)
    platform.wait_flowing(within_s=10)
    return platform.settle()


def killed_at_random(platform: Platform, *, seed: int = 20261123, for_s: float = 6.0) -> Findings:
    """Edges, broker and ingest die at random moments, one after the other or together."""
    chance = random.Random(seed)
    edges = [platform.edge(f"pi-{number}", rate_hz=40) for number in range(2)]
    for edge in edges:
        platform.start(edge)
    worker = platform.ingest()
    ends = time.monotonic() + for_s
    while time.monotonic() < ends:
        time.sleep(chance.uniform(0.0, 1.5))
        victims = chance.sample(["broker", "ingest", *edges], chance.choice([1, 1, 2, 3]))
        for victim in victims:
            if isinstance(victim, Edge):
                platform.kill(victim)
            elif victim == "ingest":
                worker.kill()
            else:
                platform.broker.kill()
        for victim in chance.sample(victims, len(victims)):
            if isinstance(victim, Edge):
                platform.start(victim)
            elif victim == "ingest":
                platform.start_ingest(worker, wait=False)
            else:
                platform.broker.start()
    worker.wait_connected()
    platform.wait_flowing(within_s=10)
    return platform.settle()


STORIES: Mapping[str, Story] = by_name(
    edges_killed_at_every_point,
    ingest_killed_at_every_moment,
    power_cut_of_the_server,
    broker_loses_what_it_acknowledged,
    server_dies_while_the_store_stalls,
    power_cut_of_an_edge,
    killed_at_random,
)

# Which story shows which planted fault; a kill alone can't show the missing fsync.
SHOWN_BY: Mapping[str, str] = MappingProxyType(
    {
        "receipt-before-write": "server_dies_while_the_store_stalls",
        "delete-on-puback": "broker_loses_what_it_acknowledged",
        "no-fsync": "power_cut_of_an_edge",
    }
)
