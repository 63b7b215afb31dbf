"""The network, receipts, clocks, cards, workers and the load go wrong: each story ends with the oracle."""

from __future__ import annotations

import pytest
from rig import devices, network, receipts

STORIES = {**network.STORIES, **receipts.STORIES, **devices.STORIES}
LONG = dict(network.LONG)


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_the_promise_holds(story, tell) -> None:
    found = tell(story, "")
    assert found.accepted > 40, "or there was nothing to lose"


@pytest.mark.slow
@pytest.mark.parametrize("story", LONG.values(), ids=LONG)
def test_the_promise_holds_for_long(story, tell) -> None:
    found = tell(story, "")
    assert found.accepted > 40
