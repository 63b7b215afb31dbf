"""How well faults are found from cabinets' meters alone: simulated years, against what was put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray
from bypuls.analysis.lighting.cabinets import (
    CabinetLimits,
    CabinetRound,
    CabinetState,
    evaluate,
    night_residual,
    own_power,
    steady_part,
)
from bypuls.analysis.lighting.expectation import Learned, learn, voltage_factor
from bypuls.analysis.lighting.findings import Finding
from bypuls.analysis.lighting.night_steps import StepLimits, StepWatch
from bypuls.analysis.lighting.plan import night_and_day, night_index
from bypuls.sim.noise import QUARTER_US, QUARTERS
from bypuls.sim.noisy_cabinets import DISTURBANCES, CabinetFault, NoisyCabinets

LEARN_NIGHTS, LEARN_EVERY = 28, 7
_TWO_ENDS = 0.41  # σ of the difference of two readings, each off by up to a step
_RESOLUTION_W = 10.0  # an hour's difference of a register that steps by 10 Wh


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """findings : that opened.  sigma : (nights, cabinets) as learned before each night, share of the full power.
    judged : cabinet-nights with a verdict."""

    findings: tuple[Finding, ...]
    sigma: FloatArray
    judged: int


def shown_power_w(town: NoisyCabinets) -> FloatArray:
    """(quarters, cabinets) power as the platform sees it: the meter's, or the hour's difference of its register; a
    register that fell was reset, and nothing is known of that hour."""
    register = town.readings.import_wh
    hour = np.full(register.shape, np.nan)
    hour[4:] = register[4:] - register[:-4]
    hour[hour < 0.0] = np.nan
    return np.where(town.by_register, hour, town.readings.power_w)


def watch(town: NoisyCabinets) -> Watched:
    """The town's nights, one after the other."""
    clock, n = town.clock, town.cabinets
    power = shown_power_w(town)
    level = np.where(town.led, clock.level_pct[:, None], 100.0)
    volts = np.where(town.voltmeter, town.readings.voltage_v, np.nan)
    factor = voltage_factor(volts, town.exponent)
    night, day = night_and_day(clock.t_us, clock.dusk_us, clock.dawn_us)
    index, hour = night_index(clock.t_us, clock.dusk_us)
    lamp_w = town.watt * 1.02
    mean_s = np.where(town.by_register, 3600, 0)
    steps = StepWatch.of(1.0 / town.lamps, StepLimits())
    state, limits = CabinetState.of(n), CabinetLimits()
    found: list[Finding] = []
    sigma = np.full((town.nights, n), np.nan)
    learned: Learned | None = None
    own = own_sigma = np.full(n, np.nan)
    kept = np.full(power.shape, np.nan)  # at 230 V, all lamps lit
    judged = 0
    for number in range(town.nights):
        span = slice(number * QUARTERS, (number + 1) * QUARTERS)
        if number >= LEARN_NIGHTS and number % LEARN_EVERY == 0:
            past = slice((number - LEARN_NIGHTS) * QUARTERS, number * QUARTERS)
            learned = _learned(kept[past], level[past], hour[past], night[past], n)
            own, own_sigma = own_power(power[past][day[past]], _RESOLUTION_W)
        expected = np.full((QUARTERS, n), np.nan)
        if learned is not None:
            for q in np.flatnonzero(night[span]).tolist():
                expected[q] = learned.expected_w(level[span][q], hour[span][q])
        unsupplied = np.zeros(n, dtype=np.bool_)
        for q in range(QUARTERS):
            at = number * QUARTERS + q
            dusk_s, dawn_s, left_s = _around(int(clock.t_us[at]), int(index[at]), clock.dusk_us, clock.dawn_us)
            now = CabinetRound(
                int(clock.t_us[at]), power[at], bool(night[at]), bool(day[at]),
                dusk_s if night[at] else dawn_s, left_s, expected[q], own, own_sigma, lamp_w, mean_s,
            )  # fmt: skip
            state, some = evaluate(state, now, limits)
            found += [one for one in some if one.to_us is None]
            unsupplied |= np.asarray(state.lives.standing[0])
        dusk, dawn = int(clock.dusk_us[number]), int(clock.dawn_us[number])
        around = clock.t_us[span], dusk, dawn, level[span], mean_s
        core = steady_part(*around)
        at230 = (power[span] - np.nan_to_num(own)) / factor[span] + np.nan_to_num(own)
        residual, hours = night_residual(at230, expected, own, core, 0.25)
        residual = np.where(unsupplied | np.asarray(state.lives.standing[0]), np.nan, residual)
        with np.errstate(invalid="ignore", divide="ignore"):
            step_wh = np.where(town.by_register, _RESOLUTION_W, 0.25)
            resolution = _TWO_ENDS * step_wh / hours / expected[night[span]].mean(axis=0)
        sigma[number] = steps.sigma(hours)
        judged += int((np.isfinite(residual) & np.isfinite(sigma[number])).sum())
        steps, some = steps.night(residual, hours, dusk, dawn, resolution)
        found += [one for one in some if one.to_us is None]
        standing = np.asarray(state.lives.standing.any(axis=0))
        whole = (at230 - np.nan_to_num(own)) / (1.0 + steps.shift) + np.nan_to_num(own)
        kept[span] = np.where(standing | ~steady_part(*around, margin_s=0), np.nan, whole)
    return Watched(tuple(found), sigma, judged)


def _around(t_us: int, index: int, dusk_us: IntArray, dawn_us: IntArray) -> tuple[int, int, int]:
    """Seconds since dusk, since dawn (negative at night), until the next dusk."""
    if index < 0:
        return -1, -1, int(dusk_us[0] - t_us) // 1_000_000
    left = int(dusk_us[index + 1] - t_us) if index + 1 < dusk_us.size else 0
    return int(t_us - dusk_us[index]) // 1_000_000, int(t_us - dawn_us[index]) // 1_000_000, left // 1_000_000


def _learned(power: FloatArray, level: FloatArray, hour: IntArray, night: BoolArray, n: int) -> Learned:
    some = power[night]
    which = np.broadcast_to(np.arange(n), some.shape)
    hours = np.repeat(hour[night][:, None], n, axis=1)
    return learn(which.ravel(), level[night].ravel(), hours.ravel(), some.ravel(), count=n)


@dataclass(slots=True)
class CabinetScore:
    """By class of faults (found in time, all); false : alarms without a fault; lamps_right : steps whose number of
    lamps is right, and all found."""

    by_class: dict[str, list[int]] = field(default_factory=dict)
    missed: list[tuple[str, CabinetFault]] = field(default_factory=list)
    true_alarms: int = 0
    false: list[Finding] = field(default_factory=list)
    lamps_right: list[int] = field(default_factory=lambda: [0, 0])
    undetectable_alarmed: int = 0

    def recall(self, name: str) -> float:
        """Of one class."""
        found, every = self.by_class.get(name, [0, 0])
        return found / max(1, every)

    @property
    def precision(self) -> float:
        """Of all alarms."""
        return self.true_alarms / max(1, self.true_alarms + len(self.false))


NAMES = {"lamps-out": "lampFailure", "feeder-off": "supplyLoss", "day-burner": "lampUnexpectedOn"}


def score_cabinets(town: NoisyCabinets, watched: Watched) -> CabinetScore:
    """Holds findings against faults. A step of ≥ 6σ is to be found by the dawn of its first whole night, one of 3 to
    6σ by that of the fifth, σ being what was learned when it began; a feeder by the dawn of its first night; day
    burners within the first whole day. An alarm is true while its fault is there."""
    clock, score = town.clock, CabinetScore()
    explained: set[int] = set()
    for fault in town.faults:
        if fault.kind in DISTURBANCES:
            continue
        start, end = (int(clock.t_us[0]) + q * QUARTER_US for q in (fault.start, fault.end))
        own = [
            at
            for at, one in enumerate(watched.findings)
            if one.name == NAMES[fault.kind]
            and one.index == fault.cabinet
            and start <= one.confirmed_us <= end + 86_400_000_000
        ]
        explained.update(own)
        first = int(np.searchsorted(clock.dusk_us, start))
        name, nights = str(fault.kind), 1
        if fault.kind == "lamps-out":
            sigma = float(np.nanmedian(watched.sigma[max(0, first - 1) : first + 5, fault.cabinet]))
            size = fault.k / town.lamps[fault.cabinet] / sigma
            name, nights = (">= 6 sigma", 1) if size >= 6.0 else ("3-6 sigma", 5) if size >= 3.0 else ("< 3 sigma", 5)
        last = first + nights - 1
        if last >= clock.dawn_us.size or clock.dawn_us[last] > end:
            continue
        until = (
            int(clock.dawn_us[last])
            if fault.kind != "day-burner"
            else int(clock.dusk_us[min(first + 1, clock.dusk_us.size - 1)])
        )
        if name == "< 3 sigma":
            score.undetectable_alarmed += bool(own)
            score.by_class.setdefault(name, [0, 0])[1] += 1
            continue
        hit = [at for at in own if watched.findings[at].confirmed_us <= until]
        tally = score.by_class.setdefault(name, [0, 0])
        tally[0] += bool(hit)
        tally[1] += 1
        if not hit:
            score.missed.append((name, fault))
        elif fault.kind == "lamps-out":
            score.lamps_right[0] += watched.findings[hit[-1]].lamps == fault.k
            score.lamps_right[1] += 1
    score.true_alarms = len(explained)
    score.false = [one for at, one in enumerate(watched.findings) if at not in explained]
    return score


def false_alarms_per_thousand(towns: Sequence[NoisyCabinets]) -> tuple[float, int]:
    """Alarms per 1,000 cabinet-nights on towns where nothing is wrong, and the cabinet-nights judged."""
    alarms = nights = 0
    for town in towns:
        if any(fault.kind not in DISTURBANCES for fault in town.faults):
            raise ValueError("towns: one has faults; expected none")
        watched = watch(town)
        alarms, nights = alarms + len(watched.findings), nights + watched.judged
    return 1000.0 * alarms / max(1, nights), nights
