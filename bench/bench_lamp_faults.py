"""How well and how fast faults of street lights are found, on simulated towns of two years of nights.

The noise is that of docs/reference/lighting-noise.md. Seeds: 1 to 99 are for development, tests take 200 to 299, this
bench 300 and more.
"""

import time

import numpy as np
from rows import Row

from bypuls.analysis.lighting.lamp_rules import LampLimits, LampRound
from bypuls.analysis.lighting.lamps import LampState, evaluate
from bypuls.cli.cabinet_quality import CabinetScore, false_alarms_per_thousand, score_cabinets, watch
from bypuls.cli.lamp_quality import run_lamps, score_lamps, split_findings
from bypuls.sim.noisy_cabinets import NoisyCabinets
from bypuls.sim.noisy_lamps import NoisyLamps

LAMP_SEEDS = (301, 302, 303)
CABINET_SEEDS = (311, 312, 313, 314, 315, 316)
FREE_SEEDS = (321, 322)
FIRST_DAY, NIGHTS = 19_723, 731  # 1 January 2024, for two years
FAULTS = 200
LAMPS = 10_000


def lamps() -> list[Row]:
    """Single lamps: three towns, side by side."""
    towns = [NoisyLamps(seed, FIRST_DAY, NIGHTS, faults=FAULTS) for seed in LAMP_SEEDS]
    scores = [
        score_lamps(town, found) for town, found in zip(towns, split_findings(towns, run_lamps(towns)), strict=True)
    ]
    faults = sum(score.faults for score in scores)
    alarms = sum(score.true_alarms + len(score.false) for score in scores)
    return [
        Row("single lamps: faults judged, of 200 seeded in each of 3 towns", faults, "faults"),
        Row("single lamps: recall within 1 h", sum(score.found for score in scores) / faults, "", ">= 0.95"),
        Row("single lamps: precision", sum(score.true_alarms for score in scores) / alarms, "", ">= 0.95"),
    ]


def _recall(scores: list[CabinetScore], name: str) -> tuple[float, int]:
    found = sum(score.by_class.get(name, [0, 0])[0] for score in scores)
    every = sum(score.by_class.get(name, [0, 0])[1] for score in scores)
    return found / max(1, every), every


def cabinets() -> list[Row]:
    """Cabinets by their meters, with faults and without."""
    scores = [
        score_cabinets(town, watch(town))
        for town in (NoisyCabinets(seed, FIRST_DAY, NIGHTS, faults=FAULTS) for seed in CABINET_SEEDS)
    ]
    rows = []
    for name, when in (
        (">= 6 sigma", "one night"),
        ("3-6 sigma", "5 nights"),
        ("feeder-off", "one night"),
        ("day-burner", "one day"),
    ):
        recall, every = _recall(scores, name)
        rows.append(Row(f"cabinets: {name} ({every}), recall within {when}", recall, "", ">= 0.95"))
    true = sum(score.true_alarms for score in scores)
    right, counted = (sum(score.lamps_right[n] for score in scores) for n in (0, 1))
    free, nights = false_alarms_per_thousand([NoisyCabinets(seed, FIRST_DAY, NIGHTS, faults=0) for seed in FREE_SEEDS])
    small = _recall(scores, "< 3 sigma")[1]
    too_few = sum(score.told_too_small for score in scores)
    return [
        *rows,
        Row("cabinets: precision", true / max(1, true + sum(len(score.false) for score in scores)), "", ">= 0.95"),
        Row("cabinets: number of lamps told right", right / max(1, counted), ""),
        Row("cabinets: steps < 3 sigma, not detectable", small, "faults"),
        Row("cabinets: of them alarmed all the same", sum(score.undetectable_alarmed for score in scores), "faults"),
        Row("cabinets: alarms that tell a number < 3 sigma", too_few, "alarms", "<= 0"),
        Row(f"cabinets: false alarms in {nights:,} cabinet-nights without faults", free, "per 1,000", "<= 1"),
    ]


def speed() -> list[Row]:
    """One round of 10,000 lamps, the slowest of ten."""
    rng, limits = np.random.default_rng(300), LampLimits()
    state, full, nothing = LampState.of(LAMPS, LAMPS // 40, 0, limits), np.full(LAMPS, 60.0), np.full(LAMPS, np.nan)
    slowest = 0.0
    for number in range(10):
        power = np.where(rng.random(LAMPS) < 0.02, 0.0, 60.0 + rng.standard_normal(LAMPS))
        now = LampRound(
            t_us=number * 900_000_000,
            reported=rng.random(LAMPS) > 0.02,
            power_w=power,
            night=np.ones(LAMPS, np.bool_),
            day=np.zeros(LAMPS, np.bool_),
            commanded_pct=np.full(LAMPS, 100.0),
            expected_w=full,
            full_w=full,
            nominal_w=full,
            exponent=np.zeros(LAMPS),
            voltage_v=np.full(LAMPS, 230.0),
            power_factor=np.full(LAMPS, 0.95),
            temp_c=np.full(LAMPS, 30.0),
            lit_share=nothing,
            switched_on=nothing,
            cabinet=np.arange(LAMPS) // 40,
            cabinet_dark=np.full(LAMPS // 40, -1),
        )
        began = time.perf_counter()
        state = evaluate(state, now, limits).state
        slowest = max(slowest, time.perf_counter() - began)
    return [Row("10,000 lamps evaluated, one round, slowest of ten", slowest, "s", "< 2")]


def run() -> list[Row]:
    """Quality of single lamps and of cabinets, and speed."""
    return [*lamps(), *cabinets(), *speed()]
