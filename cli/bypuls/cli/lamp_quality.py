"""How well faults of lamps are found: simulated towns through the inference, against the faults that were put in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from bypuls.analysis.lighting.findings import Finding, Name
from bypuls.analysis.lighting.lamp_rules import LampLimits
from bypuls.analysis.lighting.lamp_watch import LampReadings, LampWatch
from bypuls.analysis.lighting.plan import night_and_day
from bypuls.sim.noise import QUARTER_US, QUARTERS
from bypuls.sim.noisy_lamps import Kind, LampDay, NoisyLamps, SeededFault

EXPECTED: Mapping[Kind, Name] = {
    "lamp-out": "lampFailure",
    "day-burner": "lampUnexpectedOn",
    "cycling": "cyclingFailure",
    "dim-failure": "dimmingFailure",
    "power-low": "lampPowerTooLow",
    "bad-capacitor": "powerFactorTooLow",
    "silent": "communicationFailure",
    "feeder-off": "supplyLoss",
    "ageing": "lampPowerTooLow",
}
WITHIN_US = 3_600_000_000
_AFTER_US = (0, 30 * QUARTERS * QUARTER_US)  # an alarm of ageing comes by a median of 28 days


@dataclass(slots=True)
class Score:
    """found : in time.  late : found, but later.  missed.  false : alarms that no fault explains.  by_kind :
    (found, all) of each."""

    faults: int = 0
    found: int = 0
    late: list[SeededFault] = field(default_factory=list)
    missed: list[SeededFault] = field(default_factory=list)
    true_alarms: int = 0
    false: list[Finding] = field(default_factory=list)
    by_kind: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def recall(self) -> float:
        """Of the faults, found in time."""
        return self.found / self.faults

    @property
    def precision(self) -> float:
        """Of the alarms, true."""
        return self.true_alarms / max(1, self.true_alarms + len(self.false))


def run_lamps(towns: Sequence[NoisyLamps], limits: LampLimits | None = None) -> list[Finding]:
    """The findings that open in towns of the same nights, run side by side; indexes go on from town to town."""
    first = towns[0]
    clock = first.clock
    lamps = sum(town.lamps for town in towns)
    cabinets = [sum(town.cabinets for town in towns[:n]) for n in range(len(towns) + 1)]
    cabinet = np.concatenate([town.cabinet + cabinets[n] for n, town in enumerate(towns)])
    nominal = np.concatenate([town.nominal_w for town in towns])
    exponent = np.concatenate([town.exponent for town in towns])
    night, day = night_and_day(clock.t_us, clock.dusk_us, clock.dawn_us)
    watch = LampWatch.of(
        nominal, exponent, cabinet, cabinets=cabinets[-1], t_us=int(clock.t_us[0]), limits=limits or LampLimits()
    )
    found: list[Finding] = []
    nothing = np.full(lamps, np.nan)
    for parts in zip(*(town.days() for town in towns), strict=True):
        today = _joined(parts)
        for q in range(QUARTERS):
            at = today.first + q
            now = LampReadings(
                int(clock.t_us[at]), today.reported[q], today.power_w[q], np.full(lamps, night[at]),
                np.full(lamps, day[at]), today.commanded_pct[q], today.voltage_v[q], today.power_factor[q],
                today.temp_c[q], today.lit_share[q], nothing, today.cabinet_dark[q],
            )  # fmt: skip
            watch, some = watch.remembering(now).round(now)
            found += [one for one in some if one.to_us is None]
        watch, some = watch.night(int(clock.t_us[today.first + QUARTERS - 1]))
        found += [one for one in some if one.to_us is None]
    return found


def _joined(parts: Sequence[LampDay]) -> LampDay:
    names = [one.name for one in fields(LampDay) if one.name != "first"]
    return LampDay(
        parts[0].first, **{name: np.concatenate([getattr(p, name) for p in parts], axis=1) for name in names}
    )


def split_findings(towns: Sequence[NoisyLamps], found: Sequence[Finding]) -> list[list[Finding]]:
    """What `run_lamps` found in each of the towns, with the town's own indexes."""
    split: list[list[Finding]] = []
    lamps = cabinets = 0
    for town in towns:
        begins, count = {"lamp": lamps, "cabinet": cabinets}, {"lamp": town.lamps, "cabinet": town.cabinets}
        split.append(
            [
                replace(one, index=one.index - begins[one.of])
                for one in found
                if 0 <= one.index - begins[one.of] < count[one.of]
            ]
        )
        lamps, cabinets = lamps + town.lamps, cabinets + town.cabinets
    return split


def score_lamps(town: NoisyLamps, found: Iterable[Finding], *, kinds: Sequence[Kind] | None = None) -> Score:
    """Holds the findings of one town (indexes its own) against its faults: each is found when an alarm of its name and
    target opens between its beginning and an hour after it can be seen. An alarm is true while its fault is there."""
    alarms = [(one, one.confirmed_us) for one in found]
    explained: set[int] = set()
    score = Score()
    clock = town.clock
    for fault in town.faults:
        start, end = (int(clock.t_us[0]) + q * QUARTER_US for q in (fault.start, fault.end))
        of = "cabinet" if fault.kind == "feeder-off" else "lamp"
        own = [
            (at, confirmed)
            for at, (one, confirmed) in enumerate(alarms)
            if one.name == EXPECTED[fault.kind]
            and (one.of, one.index) == (of, fault.target)
            and start <= confirmed <= end + _AFTER_US[fault.kind == "ageing"]
        ]
        explained.update(at for at, _ in own)
        if fault.kind == "feeder-off":
            explained.update(_unreached(alarms, fault.target, start, end))
        if kinds is not None and fault.kind not in kinds:
            continue
        visible = _visible_us(fault, town, start)
        if visible + WITHIN_US > end:
            continue  # it ended before it could be found
        in_time = any(confirmed <= visible + WITHIN_US for _, confirmed in own)
        score.faults += 1
        score.found += in_time
        if not in_time:
            (score.late if own else score.missed).append(fault)
        before = score.by_kind.get(fault.kind, (0, 0))
        score.by_kind[fault.kind] = (before[0] + in_time, before[1] + 1)
    score.true_alarms = len(explained)
    score.false = [one for at, (one, _) in enumerate(alarms) if at not in explained]
    return score


def _unreached(alarms: Sequence[tuple[Finding, int]], cabinet: int, start_us: int, end_us: int) -> list[int]:
    """The alarms that a cabinet can't be reached, while its supply is off: by day its meter shows nothing anyway, so
    that is all that can be known. True, but never counted as having found the fault."""
    return [
        at
        for at, (one, confirmed) in enumerate(alarms)
        if (one.name, one.of, one.index) == ("communicationFailure", "cabinet", cabinet)
        and start_us <= confirmed <= end_us
    ]


def _visible_us(fault: SeededFault, town: NoisyLamps, start_us: int) -> int:
    """From when on the fault shows in what is reported; of ageing when the median can be 10 % lower."""
    clock = town.clock
    night, day = night_and_day(clock.t_us, clock.dusk_us, clock.dawn_us)
    if fault.kind == "silent":
        return start_us + QUARTER_US
    if fault.kind == "ageing":
        return start_us + 75 * QUARTERS * QUARTER_US
    seen = day if fault.kind == "day-burner" else night
    if fault.kind == "dim-failure":
        seen = night & (clock.level_pct < 100.0)
    if fault.kind == "bad-capacitor":
        seen = clock.burning
    # An hour of it: what begins as the night ends shows at the next.
    lasting = np.convolve(seen, np.ones(5), "valid") == 5.0
    after = np.flatnonzero(lasting[fault.start :])
    return int(clock.t_us[fault.start + after[0]]) if after.size else 2**62
