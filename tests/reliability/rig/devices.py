"""What is not as it should be: a clock in the past, one card in two devices, two ingest workers at once."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from rig.load import produced
from rig.oracle import Findings, witnessed
from rig.platform import Platform, Story, by_name
from rig.processes import Edge, until

from bypuls.wire import decode_reading, to_us

TOLERANCE_US = 100_000


def readings_before_the_clock_is_set_are_held_and_dated_afterwards(platform: Platform) -> Findings:
    # As far as this edge knows it is long before anything can be measured.
    edge = platform.edge("pi-1", ghost_hz=0, earliest="2090-01-01")
    platform.ingest()
    platform.start(edge)
    edge.wait_accepted(40)
    stats = edge.stats()
    assert stats is not None
    assert stats.held == stats.waiting >= 40
    platform.judge()
    platform.kill(edge)
    assert platform.newest(edge) is None, "nothing was stored"

    edge.configure(earliest="2010-01-01")
    platform.start(edge)
    until(lambda: (edge.stats() or stats).held == 0, "all are dated")
    platform.wait_flowing()
    found = platform.settle()
    assert found.dead_lettered == 0
    made = produced(edge.journal("pi-1-radar"))
    readings = [decode_reading(body) for body in witnessed([edge.witness]).values()]
    passages = [reading for reading in readings if reading.kind == "passage"]
    assert len(passages) > 40
    off = [to_us(reading.t) - made[int(reading.magnitude)] for reading in passages]
    assert max(map(abs, off)) < TOLERANCE_US, "each has the time at which it was taken, not that at which it was dated"
    return found


def _two_ingest_workers(platform: Platform, *options: str) -> Findings:
    edges = [platform.edge(f"pi-{number}") for number in range(3)]
    first = platform.ingest(*options, wait=False)
    second = platform.ingest(*options, wait=False)
    first.wait_connected()
    second.wait_connected()
    for edge in edges:
        platform.start(edge)
    platform.wait_flowing()
    first.kill()
    platform.wait_flowing(within_s=10)
    platform.start_ingest(first)
    platform.wait_flowing(within_s=10)
    second.stop()
    platform.wait_flowing(within_s=10)
    lost = [worker.log.count("no connection to the broker") for worker in (first, second)]
    assert lost == [0, 1], "they never take each other's connection; the second one was stopped"
    return platform.settle()


def two_ingest_workers_that_share_a_subscription(platform: Platform) -> Findings:
    """Each message goes to one of them; what is on its way to one that dies comes again to the other."""
    return _two_ingest_workers(platform, "--share", "town")


def two_ingest_workers_that_both_get_everything(platform: Platform) -> Findings:
    """Each message goes to both: twice the work, the same store."""
    return _two_ingest_workers(platform)


def a_card_cloned_into_a_second_device_is_alarmed(platform: Platform) -> Findings:
    """Two outboxes of one device grow at once."""
    edge = platform.edge("pi-1", ghost_hz=0)
    platform.ingest()
    platform.start(edge)
    platform.wait_flowing()
    edge.stop()
    assert platform.book.alarms() == []
    shutil.copytree(edge.notes, platform.folder / "clone")
    clone = Edge("pi-1", platform.folder / "clone", platform.broker.port, sensors=edge.sensors)
    platform.edges.append(clone)
    platform.start(edge)
    platform.start(clone)
    until(lambda: bool(platform.book.alarms()), "the alarm", 30)
    (alarm,) = platform.book.alarms()
    assert (alarm["device"], alarm["alarm"]) == ("pi-1", "cloned-card")
    assert "copied" in str(alarm["detail"])
    return platform.findings()


STORIES: Mapping[str, Story] = by_name(
    readings_before_the_clock_is_set_are_held_and_dated_afterwards,
    two_ingest_workers_that_share_a_subscription,
    a_card_cloned_into_a_second_device_is_alarmed,
)
LONG: Mapping[str, Story] = by_name(two_ingest_workers_that_both_get_everything)
