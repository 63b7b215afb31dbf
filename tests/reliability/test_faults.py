"""The network, receipts, clocks, cards, workers and the load go wrong: each story ends with the oracle."""

from __future__ import annotations

import pytest
from rig import devices, network, receipts, strain

STORIES = {**network.STORIES, **strain.STORIES, **receipts.STORIES, **devices.STORIES}
LONG = {**network.LONG, **strain.LONG, **devices.LONG}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_the_promise_holds(story, tell) -> None:
    found = tell(story, "")
    assert found.accepted > 40, "or there was nothing to lose"


@pytest.mark.slow
@pytest.mark.parametrize("story", LONG.values(), ids=LONG)
def test_the_promise_holds_for_long(story, tell) -> None:
    found = tell(story, "")
    assert found.accepted > 40
