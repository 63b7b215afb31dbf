"""A receipt deletes nothing that was not sent under it: forged, foreign, garbled and replayed ones change nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rig.oracle import Findings
from rig.platform import Line, Platform, Story, by_name
from rig.processes import Edge, until

from bypuls.wire import Identify, Receipt
from bypuls.wire.topics import topic


def heard_out(edge: Edge, line: Line) -> None:
    """Returns once the edge has dealt with all that was said to it before."""
    before = edge.log.count("IDENTIFY")
    line.say(topic(edge.device, "commands"), Identify().encode())
    until(lambda: edge.log.count("IDENTIFY") > before, "the edge has dealt with everything")


def forged_receipts_delete_nothing(platform: Platform) -> Findings:
    edge = platform.edge("pi-1")
    platform.start(edge)
    with platform.listening("bypuls/v1/+/readings") as line:
        until(lambda: line.readings("pi-1") > 40, "readings at the broker")
        epoch = json.loads(line.heard[0][1])["epoch"]
        before = edge.waiting()
        to = topic("pi-1", "receipts")
        forged = [
            Receipt("0123456789abcdef", ((1, 1_000_000),)).encode(),  # another epoch
            Receipt(epoch, ((1_000_000, 2_000_000),)).encode(),  # nothing that was sent
            b'{"v":1,"epoch":"' + epoch.encode() + b'","stored":[[1,',
            b'{"v":2,"epoch":"' + epoch.encode() + b'","stored":[[1,1000]],"refused":[]}',
            b"\xff\x00",
            b"",
        ]
        line.say_all([(to, payload) for payload in forged])
        # Right numbers, on the topic of another device: this one does not even hear it.
        line.say(topic("pi-2", "receipts"), Receipt(epoch, ((1, 1_000),)).encode())
        heard_out(edge, line)
    stats = edge.stats()
    assert stats is not None
    assert stats.receipted == 0
    assert stats.waiting >= before > 40
    platform.judge()
    platform.ingest()
    return platform.settle()


def replayed_receipts_delete_nothing(platform: Platform) -> Findings:
    edge = platform.edge("pi-1")
    worker = platform.ingest()
    with platform.listening("bypuls/v1/+/receipts") as line:
        platform.start(edge)
        platform.wait_flowing()
        until(lambda: len(line.heard) >= 3, "three receipts")
        worker.kill()
        until(lambda: edge.waiting() >= 30, "readings wait")
        before = edge.waiting()
        receipts = [(to, payload) for to, payload in line.heard if to == topic("pi-1", "receipts")]
        line.say_all(receipts * 20)
        heard_out(edge, line)
        assert edge.waiting() >= before
    platform.judge()
    platform.start_ingest(worker)
    return platform.settle()


STORIES: Mapping[str, Story] = by_name(forged_receipts_delete_nothing, replayed_receipts_delete_nothing)
