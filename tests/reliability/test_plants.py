"""The suite must be able to fail: each planted fault turns the oracle red."""

from __future__ import annotations

import pytest
from rig.oracle import PromiseBroken
from rig.platform import PLANTS
from rig.scenarios import SCENARIOS, SHOWN_BY


def test_every_plant_is_shown_by_a_scenario() -> None:
    assert set(SHOWN_BY) == set(PLANTS)


@pytest.mark.usefixtures("power_cuts")
@pytest.mark.parametrize("fault", PLANTS)
def test_the_oracle_sees_it(fault: str, make_platform) -> None:
    platform = make_platform(plant=fault)
    with pytest.raises(PromiseBroken, match="accepted rows are LOST"):
        SCENARIOS[SHOWN_BY[fault]](platform)
    logs = "".join(process.log for process in [*platform.edges, *platform.workers])
    assert "PLANTED FAULT" in logs
