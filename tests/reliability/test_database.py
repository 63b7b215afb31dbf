"""InfluxDB fails under ingest in every way of its own: the oracle holds, and it is not hammered meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest
from rig.influx_front import Front
from rig.platform import Platform
from rig.processes import until

PER_SECOND = 2  # requests to a store that fails


@pytest.fixture
def on_influx(own_influx, mosquitto_broker, tmp_path) -> Iterator[Callable[[], tuple[Platform, Front]]]:
    """A platform on an InfluxDB of this test's own, with a front that can fail between ingest and it."""
    with ExitStack() as closing:
        front = Front(own_influx.port)
        closing.callback(front.close)
        influx = {
            "url": own_influx.url,
            "seen_at": front.url,
            "token": own_influx.token,
            "org": own_influx.org,
            "raw_bucket": "raw/autogen",
            "rollup_bucket": "rollup/autogen",
        }
        platform = Platform(tmp_path / "platform", mosquitto_broker, influx=influx)
        closing.callback(platform.close)
        yield platform, front


def test_writes_that_fail(on_influx) -> None:
    platform, front = on_influx
    edge = platform.edge("pi-1")
    platform.ingest("--rollup-every", "3600")
    platform.start(edge)
    platform.wait_flowing()
    first = len(front.writes)
    faults = ["503", "reset"]
    front.faults.extend(faults)
    until(lambda: len(front.writes) > first + len(faults), "the store is asked again after its faults", 30)
    failing = front.writes[first + 1 : first + len(faults) + 1]
    assert min(b - a for a, b in pairwise(failing)) >= 1 / PER_SECOND, "a store that fails is not hammered"
    platform.wait_flowing(within_s=20)
    found = platform.settle(within_s=30)
    assert found.stored > 100


def test_kill_of_the_store(on_influx, own_influx) -> None:
    platform, _ = on_influx
    edge = platform.edge("pi-1")
    platform.ingest("--rollup-every", "3600")
    platform.start(edge)
    platform.wait_flowing()
    own_influx.kill()
    edge.wait_accepted(60)
    own_influx.start()
    took_s = platform.wait_flowing(within_s=20)
    assert took_s < 10
    platform.settle(within_s=30)


@pytest.mark.slow
def test_writes_that_fail_for_long(on_influx) -> None:
    platform, front = on_influx
    edge = platform.edge("pi-1")
    platform.ingest("--rollup-every", "3600")
    platform.start(edge)
    platform.wait_flowing()
    front.faults.extend(["hang", "429", "500", "reset", "503", "hang", "reset"])
    until(lambda: not front.faults, "all faults have happened", 300)
    platform.wait_flowing(within_s=60)
    platform.settle(within_s=60)
