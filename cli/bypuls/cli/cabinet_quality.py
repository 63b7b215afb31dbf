"""How well faults are found from cabinets' meters alone: simulated years, against what was put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bypuls.analysis.arrays import FloatArray
from bypuls.analysis.lighting.cabinet_watch import CabinetMeters, CabinetWatch, MeterDay
from bypuls.analysis.lighting.cabinets import CabinetLimits
from bypuls.analysis.lighting.findings import Finding
from bypuls.analysis.lighting.night_steps import StepLimits
from bypuls.analysis.lighting.open_steps import DETECTABLE_SIGMA
from bypuls.analysis.lighting.plan import Quarters
from bypuls.sim.noise import QUARTER_US, QUARTERS
from bypuls.sim.noisy_cabinets import DISTURBANCES, CabinetFault, NoisyCabinets

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


def watch(town: NoisyCabinets, limits: StepLimits | None = None) -> Watched:
    """The town's nights, one after the other."""
    clock, n = town.clock, town.cabinets
    power = shown_power_w(town)
    level = np.where(town.led, clock.level_pct[:, None], 100.0)
    volts = np.where(town.voltmeter, town.readings.voltage_v, np.nan)
    meters = CabinetMeters(
        1.0 / town.lamps, town.watt * 1.02, town.exponent, np.where(town.by_register, 3600, 0),
        np.where(town.by_register, _RESOLUTION_W, 0.25), _RESOLUTION_W,
    )  # fmt: skip
    kept, rules = CabinetWatch.of(meters, limits), CabinetLimits()
    found: list[Finding] = []
    sigma = np.full((town.nights, n), np.nan)
    judged = 0
    quarters = Quarters.of(clock.t_us, clock.dusk_us, clock.dawn_us)
    for number in range(town.nights):
        span = slice(number * QUARTERS, (number + 1) * QUARTERS)
        for at in range(span.start, span.stop):
            kept, some = kept.round(quarters, at, power[at], level[at], rules)
            found += [one for one in some if one.to_us is None]
        dusk, dawn = int(clock.dusk_us[number]), int(clock.dawn_us[number])
        kept, some = kept.night(MeterDay(quarters.part(span), dusk, dawn, power[span], volts[span], level[span]))
        found += [one for one in some if one.to_us is None]
        sigma[number] = kept.sigma
        judged += int((kept.judged_us == dawn).sum())
    return Watched(tuple(found), sigma, judged)


@dataclass(slots=True)
class CabinetScore:
    """By class of faults (found in time, all); false : alarms without a fault; lamps_right : steps whose number of
    lamps is right, and all found.  undetectable_alarmed : steps below 3σ for which an alarm opened.  told_too_small :
    alarms that tell fewer lamps than make 3σ of that night."""

    by_class: dict[str, list[int]] = field(default_factory=dict)
    missed: list[tuple[str, CabinetFault]] = field(default_factory=list)
    true_alarms: int = 0
    false: list[Finding] = field(default_factory=list)
    lamps_right: list[int] = field(default_factory=lambda: [0, 0])
    undetectable_alarmed: int = 0
    told_too_small: int = 0

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
    for one in watched.findings:
        if one.name == "lampFailure" and one.lamps is not None:
            at = int(np.searchsorted(clock.dawn_us, one.confirmed_us))
            told = one.lamps / town.lamps[one.index] / watched.sigma[at, one.index]
            score.told_too_small += bool(told < DETECTABLE_SIGMA)
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
