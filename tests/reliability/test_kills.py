"""kill -9 and power cuts of everything: whatever was accepted is stored, dead-lettered or waiting."""

from __future__ import annotations

import pytest
from rig.scenarios import SCENARIOS


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_lost(name: str, make_platform, plant: str, request: pytest.FixtureRequest) -> None:
    if name.startswith("power_cut"):
        request.getfixturevalue("power_cuts")
    found = SCENARIOS[name](make_platform(plant=plant))
    assert found.accepted > 100, "or there was nothing to lose"
    assert found.dead_lettered > 0, "the radar that nobody registered"
    assert found.waiting == 0
