"""kill -9 and power cuts of everything: whatever was accepted is stored, dead-lettered or waiting."""

from __future__ import annotations

from functools import partial, update_wrapper

import pytest
from rig.kills import STORIES, killed_at_random


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_nothing_is_lost(story, tell, plant: str, request: pytest.FixtureRequest) -> None:
    if story.__name__.startswith("power_cut"):
        request.getfixturevalue("power_cuts")
    found = tell(story, plant)
    assert found.accepted > 100, "or there was nothing to lose"
    assert found.dead_lettered > 0, "the radar that nobody registered"
    assert found.waiting == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "story",
    [update_wrapper(partial(killed_at_random, seed=seed, for_s=300.0), killed_at_random) for seed in (1, 2, 3)],
    ids=("seed-1", "seed-2", "seed-3"),
)
def test_five_minutes_of_kills(story, tell, plant: str) -> None:
    found = tell(story, plant)
    assert found.accepted > 10_000
    assert found.waiting == 0
