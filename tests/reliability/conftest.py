"""Platforms of real processes for the reliability suite. Stories are told several at a time: they mostly wait.

Everything that a story starts is killed at its end, however it ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

# The rig serves tests and the processes that they start; it is not part of the product.
sys.path.append(str(Path(__file__).parent))

from rig import power
from rig.oracle import Findings
from rig.platform import Broker, Platform, Story

AT_ONCE = 3
HERE = Path(__file__).parent
Tell = Callable[[Story, str], Findings]


def _told(story: Story, folder: Path, broker: Broker, plant: str) -> Findings:
    platform = Platform(folder, broker, plant=plant)
    try:
        return story(platform)
    finally:
        platform.close()
        broker.stop()


@pytest.fixture(scope="session", autouse=True)
def tell(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    mosquitto_factory: Callable[[], Broker],
) -> Iterator[Tell]:
    """Tells a story with a plant (or ""), and gives what the oracle found, or raises what the story raised.

    All stories of the selected tests begin with the first test, `AT_ONCE` at a time, in the tests' order. Long ones go
    one by one: they load the machine themselves.
    """
    at_once = 1 if request.config.getoption("markexpr") == "slow" else AT_ONCE
    begun: dict[tuple[Story, str], Future[Findings]] = {}
    with ThreadPoolExecutor(at_once) as pool:
        for item in request.session.items:
            told = getattr(item, "callspec", None)
            if told is not None and item.path.parent == HERE and "story" in told.params:
                story, plant = told.params["story"], told.params.get("fault", planted())
                folder = tmp_path_factory.mktemp(story.__name__[:20]) / "platform"
                begun[story, plant] = pool.submit(_told, story, folder, mosquitto_factory(), plant)
        yield lambda story, plant: begun[story, plant].result()
        pool.shutdown(cancel_futures=True)


def planted() -> str:
    """The fault that `make plants` has planted, none in an ordinary run."""
    return os.environ.get("BYPULS_RELIABILITY_PLANT", "")


@pytest.fixture
def platform(tmp_path: Path, mosquitto_broker: Broker) -> Iterator[Platform]:
    """A sound platform of this test's own: broker and registry, no ingest and no edge yet."""
    platform = Platform(tmp_path / "platform", mosquitto_broker)
    yield platform
    platform.close()


@pytest.fixture(scope="session")
def power_cuts() -> None:
    """Skips where the power can't be cut."""
    reason = power.why_not()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def plant() -> str:
    """The fault that `make plants` has planted, none in an ordinary run."""
    return planted()
