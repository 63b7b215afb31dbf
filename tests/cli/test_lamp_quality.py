"""The measurement of fault inference, scaled down: a few weeks of a small town. `make bench` measures two years."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bypuls.cli.cabinet_quality import false_alarms_per_thousand, score_cabinets, watch
from bypuls.cli.lamp_quality import run_lamps, score_lamps
from bypuls.sim.noisy_cabinets import WARM_UP_NIGHTS, CabinetFault, NoisyCabinets
from bypuls.sim.noisy_lamps import NoisyLamps

# Seeds 1 to 99 are for development; tests take 200 to 299, the bench 300 and more.
LAMP_SEED, CABINET_SEED, FREE_SEED = 201, 202, 203
FIRST_DAY = 20_000  # 4 October 2024


def test_single_lamps_of_a_small_town() -> None:
    town = NoisyLamps(LAMP_SEED, FIRST_DAY, 56, lamps=48, per_cabinet=12, faults=16)
    score = score_lamps(town, run_lamps([town]))
    assert score.faults >= 8
    assert (score.recall, score.precision) == (1.0, 1.0), (score.late, score.missed, score.false)


def test_a_lamp_whose_fault_is_not_found_counts_as_missed() -> None:
    town = NoisyLamps(LAMP_SEED, FIRST_DAY, 56, lamps=48, per_cabinet=12, faults=16)
    score = score_lamps(town, [])
    assert score.recall == 0.0
    assert len(score.missed) == score.faults


def test_cabinets_of_a_small_town() -> None:
    town = NoisyCabinets(CABINET_SEED, FIRST_DAY, 110, cabinets=16, faults=16)
    watched = watch(town)
    score = score_cabinets(town, watched)
    assert sum(every for _, every in score.by_class.values()) >= 8
    for name in set(score.by_class) - {"< 3 sigma"}:
        assert score.recall(name) >= 0.9, (name, score.missed)
    assert (score.undetectable_alarmed, score.told_too_small) == (0, 0)
    assert score.precision == 1.0, score.false
    assert watched.judged >= 16 * (110 - WARM_UP_NIGHTS), "every night after the warm-up has its verdict"


def test_reset_and_clock_change_are_no_faults() -> None:
    town = NoisyCabinets(FREE_SEED, FIRST_DAY, 100, cabinets=8, faults=0)
    start = (WARM_UP_NIGHTS + 5) * 96
    town.faults = tuple(
        CabinetFault("meter-reset" if one % 2 else "clock-change", one, start, start + 20 * 96, 0) for one in range(8)
    )
    alarms, nights = false_alarms_per_thousand([town])
    assert alarms == 0.0
    assert nights >= 8 * (100 - WARM_UP_NIGHTS)


def test_towns_with_faults_are_no_fault_free_towns() -> None:
    town = NoisyCabinets(FREE_SEED, FIRST_DAY, 100, cabinets=2, faults=0)
    town.faults = (replace(CabinetFault("lamps-out", 0, 6000, 7000, 2), k=3),)
    with pytest.raises(ValueError, match="has faults"):
        false_alarms_per_thousand([town])
