"""The suite must be able to fail: each planted fault turns the oracle red."""

from __future__ import annotations

import pytest
from rig.kills import SHOWN_BY, STORIES
from rig.oracle import PromiseBroken
from rig.platform import PLANTS


def test_every_plant_is_shown_by_a_story() -> None:
    assert set(SHOWN_BY) == set(PLANTS)


@pytest.mark.usefixtures("power_cuts")
@pytest.mark.parametrize(("story", "fault"), [(STORIES[name], fault) for fault, name in SHOWN_BY.items()])
def test_the_oracle_sees_it(story, fault: str, tell) -> None:
    with pytest.raises(PromiseBroken, match="accepted rows are LOST"):
        tell(story, fault)
