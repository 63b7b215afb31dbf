"""Single lamps over years of nights, with noise and seeded faults: for measuring how well faults are found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from bypuls.sim.draws import FloatArray, IntArray
from bypuls.sim.noise import (
    HPS_EXPONENT,
    LAMP_SIGMA,
    LED_PER_K,
    LOST,
    NOMINAL_V,
    QUARTERS,
    VOLTAGE_HOURS,
    VOLTAGE_SIGMA,
    VOLTMETER_SIGMA,
    Clockwork,
    air_temperature_c,
    clockwork,
    drifting,
)

Kind = Literal[
    "lamp-out", "day-burner", "cycling", "dim-failure", "power-low", "bad-capacitor", "silent", "feeder-off", "ageing"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
WARM_UP_NIGHTS = 35
"""Free of faults: there the expectation is learned."""
_APART_NIGHTS = 45  # between two faults of one cabinet's lamps of the same kind of alarm
_AGEING_PER_NIGHT, _AGED = 0.002, 0.75
_WATTS = ((70.0, 100.0, 150.0), (22.0, 36.0, 60.0))

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SeededFault:
    """A fault that was put in. target : index of the lamp, of `feeder-off` of the cabinet. [start, end) in quarters
    since the town's beginning."""

    kind: Kind
    target: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class LampDay:
    """A day from noon to noon, 96 quarters: (96, lamps) unless it says otherwise. NaN = not reported.
    lit_share : of the quarter before.  cabinet_dark : (96, cabinets) 1 its meter shows nothing, 0 it does."""

    first: int
    reported: BoolArray
    power_w: FloatArray
    voltage_v: FloatArray
    power_factor: FloatArray
    temp_c: FloatArray
    lit_share: FloatArray
    commanded_pct: FloatArray
    cabinet_dark: IntArray


class NoisyLamps:
    """`lamps` lamps on cabinets of `per_cabinet`, half of the cabinets with HPS that burn full, half with LED that dim.

    Nights begin at noon UTC of `first_day` [days since 1970]. The same seed gives the same town."""

    def __init__(
        self, seed: int, first_day: int, nights: int, *, lamps: int = 240, per_cabinet: int = 24, faults: int = 200
    ) -> None:
        self._seed, self._nights, self.lamps = seed, nights, lamps
        rng = np.random.default_rng([seed, 1])
        self.clock: Clockwork = clockwork(first_day, nights)
        self.cabinet = np.arange(lamps) // per_cabinet
        self.cabinets = int(self.cabinet[-1]) + 1
        self.led = self.cabinet % 2 == 1
        kind = rng.integers(0, 3, self.cabinets)[self.cabinet]
        self.nominal_w = np.where(self.led, np.array(_WATTS[1])[kind], np.array(_WATTS[0])[kind])
        self.exponent = np.where(self.led, 0.0, HPS_EXPONENT)
        self._own = 1.0 + 0.03 * (rng.random(lamps) - 0.5)
        self.faults = self._draw_faults(np.random.default_rng([seed, 2]), faults)

    def _draw_faults(self, rng: np.random.Generator, wanted: int) -> tuple[SeededFault, ...]:
        found: list[SeededFault] = []
        first, last = WARM_UP_NIGHTS * QUARTERS, self._nights * QUARTERS
        busy: dict[int, list[tuple[int, int]]] = {}
        for _ in range(200 * wanted):
            if len(found) == wanted:
                break
            kind = KINDS[int(rng.integers(len(KINDS)))]
            target = int(rng.integers(self.cabinets if kind == "feeder-off" else self.lamps))
            if (kind == "dim-failure" and not self.led[target]) or (kind == "bad-capacitor" and self.led[target]):
                continue
            length = int(rng.integers(160, 220) if kind == "ageing" else rng.integers(2, 12)) * QUARTERS
            start = int(rng.integers(first, max(first + 1, last - length)))
            end = start + length + int(rng.integers(QUARTERS))
            if end > last:
                continue
            touched = np.flatnonzero(self.cabinet == target) if kind == "feeder-off" else np.array([target])
            apart = _APART_NIGHTS * QUARTERS
            if any(a - apart < end and start < b + apart for one in touched.tolist() for a, b in busy.get(one, [])):
                continue
            for one in touched.tolist():
                busy.setdefault(one, []).append((start, end))
            found.append(SeededFault(kind, target, start, end))
        return tuple(sorted(found, key=lambda one: one.start))

    def days(self) -> Iterator[LampDay]:
        """The days, in order."""
        rng = np.random.default_rng([self._seed, 3])
        quarters = self._nights * QUARTERS
        volts = NOMINAL_V * (1.0 + drifting(rng, quarters, self.cabinets, sigma=VOLTAGE_SIGMA, hours=VOLTAGE_HOURS))
        air = air_temperature_c(rng, self.clock.t_us)
        for night in range(self._nights):
            span = slice(night * QUARTERS, (night + 1) * QUARTERS)
            yield self._day(rng, span.start, volts[span][:, self.cabinet], air[span])

    def _day(self, rng: np.random.Generator, first: int, volts: FloatArray, air: FloatArray) -> LampDay:
        shape = (QUARTERS, self.lamps)
        at = np.arange(first, first + QUARTERS)
        burning = np.repeat(self.clock.burning[at][:, None], self.lamps, axis=1)
        commanded = np.where(self.led, self.clock.level_pct[at][:, None], 100.0)
        level, strength = commanded.copy(), np.ones(shape)
        lit = burning.astype(np.float64)
        factor = np.full(shape, 0.95)
        silent = rng.random(shape) < LOST
        dark = np.zeros((QUARTERS, self.cabinets), dtype=np.int64)
        for fault in self.faults:
            if fault.start >= first + QUARTERS or fault.end <= first:
                continue
            here = (at >= fault.start) & (at < fault.end)
            one = fault.target
            if fault.kind == "lamp-out":
                strength[here, one] = lit[here, one] = 0.0
            elif fault.kind == "day-burner":
                burning[here, one], lit[here, one] = True, 1.0
            elif fault.kind == "cycling":
                on, share = self._cycle(fault, at)
                strength[:, one] = np.where(here, on, strength[:, one])
                lit[:, one] = np.where(here, share * lit[:, one], lit[:, one])
            elif fault.kind == "dim-failure":
                level[here, one] = 100.0
            elif fault.kind == "power-low":
                strength[here, one] = 0.55
            elif fault.kind == "bad-capacitor":
                factor[here, one] = 0.55
            elif fault.kind == "silent":
                silent[here, one] = True
            elif fault.kind == "feeder-off":
                fed = self.cabinet == one
                silent |= here[:, None] & fed
                dark[:, one] = np.where(here, 1, dark[:, one])
            else:
                aged = np.maximum(_AGED, 1.0 - _AGEING_PER_NIGHT * (at - fault.start) / QUARTERS)
                strength[:, one] = np.where(here, aged, strength[:, one])
        share = np.where(self.led, 0.06 + 0.94 * level / 100.0, 1.0)
        drift = np.where(self.led, 1.0 + LED_PER_K * (air[:, None] - 10.0), (volts / NOMINAL_V) ** self.exponent)
        noise = 1.0 + LAMP_SIGMA * rng.standard_normal(shape)
        power = np.where(burning, self.nominal_w * self._own * share * drift * strength, 0.0) * noise
        seen = ~silent
        shown_v = np.rint(volts * (1.0 + VOLTMETER_SIGMA * rng.standard_normal(shape)) * 10.0) / 10.0
        shown_factor = np.rint((factor + 0.01 * rng.standard_normal(shape)) * 100.0) / 100.0
        dark = np.where(self.clock.burning[at][:, None], dark, -1)
        return LampDay(
            first,
            seen,
            np.where(seen, np.rint(power), np.nan),
            np.where(seen, shown_v, np.nan),
            np.where(seen & (power > 1.0), shown_factor, np.nan),
            np.where(seen, np.repeat(np.rint(air + 15.0)[:, None], self.lamps, axis=1), np.nan),
            np.where(seen, lit, np.nan),
            commanded,
            dark,
        )

    def _cycle(self, fault: SeededFault, at: IntArray) -> tuple[FloatArray, FloatArray]:
        """On or off at each quarter, and the share of the quarter before it that was lit; half of the time each."""
        half_s = 240.0 + 60.0 * ((fault.start * 7919 + fault.target) % 7)  # 4 to 10 minutes
        since = (at - fault.start)[:, None] * 900.0 - 60.0 * np.arange(15.0)
        on = (np.floor(since / half_s) % 2 == 0).astype(np.float64)
        return on[:, 0], on.mean(axis=1)
