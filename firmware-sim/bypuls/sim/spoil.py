"""Faults on request, seeded: what a bad network, a bad clock or a swapped meter does to a recording."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from bypuls.sim.draws import fraction
from bypuls.wire import Reading, to_us

_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Faults:
    """How a replay is spoilt. All off by default; the same seed spoils the same way.

    duplicates : share of readings that come twice, under two sequence numbers.  resent : share of batches sent twice.
    disorder : readings are shuffled within so many.  gaps : share of each sensor's hours that are lost.
    skew_s : the clock is ahead by so much [s].  meter_resets : times that each register falls back to 0.
    Raises ValueError for a value that is out of range.
    """

    seed: int = 0
    duplicates: float = 0.0
    resent: float = 0.0
    disorder: int = 0
    gaps: float = 0.0
    skew_s: float = 0.0
    meter_resets: int = 0

    def __post_init__(self) -> None:
        for name in ("duplicates", "resent", "gaps"):
            share: float = getattr(self, name)
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"{name}: {share!r} — expected a share within 0…1")
        for name in ("disorder", "meter_resets"):
            number: int = getattr(self, name)
            if number < 0:
                raise ValueError(f"{name}: {number!r} — expected 0 or more")


def spoil(readings: Sequence[Reading], faults: Faults) -> Sequence[Reading]:
    """The readings with the faults in them, in the order in which they are sent. Without faults, the same object."""
    spoilt = readings
    if faults.meter_resets:
        spoilt = _reset(spoilt, faults)
    if faults.gaps:
        spoilt = [one for one in spoilt if fraction(faults.seed, "gap", one.sensor, _hour(one)) >= faults.gaps]
    if faults.skew_s:
        ahead = timedelta(seconds=faults.skew_s)
        spoilt = [one if one.t is None else one.replace_t(one.t + ahead) for one in spoilt]
    if faults.duplicates:
        luck = Random(f"{faults.seed} duplicates")
        spoilt = [again for one in spoilt for again in ((one, one) if luck.random() < faults.duplicates else (one,))]
    if faults.disorder > 1:
        luck = Random(f"{faults.seed} disorder")
        shuffled: list[Reading] = []
        for start in range(0, len(spoilt), faults.disorder):
            window = list(spoilt[start : start + faults.disorder])
            luck.shuffle(window)
            shuffled.extend(window)
        spoilt = shuffled
    return spoilt


def _hour(reading: Reading) -> str:
    return "" if reading.t is None else str(to_us(reading.t) // _HOUR_US)


def _reset(readings: Sequence[Reading], faults: Faults) -> list[Reading]:
    """Registers fall back to 0 at seeded readings and count on from there."""
    by_sensor: dict[str, list[int]] = {}
    for index, reading in enumerate(readings):
        by_sensor.setdefault(reading.sensor, []).append(index)
    resets: set[int] = set()
    for sensor, indices in by_sensor.items():
        luck = Random(f"{faults.seed} reset {sensor}")
        resets.update(luck.sample(indices[1:], min(faults.meter_resets, len(indices) - 1)))
    bases: dict[tuple[str, str], float] = {}
    spoilt = []
    for index, reading in enumerate(readings):
        registers = [name for name, spec in reading.specs.items() if spec.role == "register"]
        changed: dict[str, Any] = {}
        for name in registers:
            shown: float | None = getattr(reading, name)
            if shown is None:
                continue
            key = (reading.sensor, name)
            if index in resets:
                bases[key] = shown
            if key in bases:
                changed[name] = shown - bases[key]
        spoilt.append(dataclasses.replace(reading, **changed) if changed else reading)
    return spoilt
