"""Cabinets' meters over years of nights, with noise, seeded faults and what must not be taken for one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from bypuls.sim.draws import FloatArray
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
    air_temperature_c,
    clockwork,
    drifting,
)

Kind = Literal["lamps-out", "feeder-off", "day-burner", "meter-reset", "clock-change"]
KINDS: tuple[Kind, ...] = get_args(Kind)
DISTURBANCES: tuple[Kind, ...] = ("meter-reset", "clock-change")
"""No faults: nothing may be alarmed."""
WARM_UP_NIGHTS = 60
OWN_W, CABLES = 15.0, 0.02
REGISTER_STEP_WH = 10.0
_SHARES = (0.70, 0.08, 0.12, 0.05, 0.05)  # how often each kind is drawn
_APART_NIGHTS = 20
_LATE_QUARTERS = 4


@dataclass(frozen=True, slots=True)
class CabinetFault:
    """What happened at a cabinet in [start, end), quarters since the beginning. k : lamps it is about."""

    kind: Kind
    cabinet: int
    start: int
    end: int
    k: int


@dataclass(frozen=True, slots=True, eq=False)
class CabinetReadings:
    """(quarters, cabinets) each, NaN = not reported. power_w : to 1 W.  import_wh : register, to 10 Wh.
    voltage_v : NaN where the cabinet has no voltmeter."""

    power_w: FloatArray
    import_wh: FloatArray
    voltage_v: FloatArray


class NoisyCabinets:
    """`cabinets` of 20 to 60 lamps each; every second with HPS, one in four of either kind with a voltmeter, the first
    half of all with a power reading, the others with a register alone. Nights begin at noon UTC of `first_day`."""

    def __init__(self, seed: int, first_day: int, nights: int, *, cabinets: int = 40, faults: int = 200) -> None:
        self._seed, self.nights, self.cabinets = seed, nights, cabinets
        rng = np.random.default_rng([seed, 11])
        every = np.arange(cabinets)
        self.clock = clockwork(first_day, nights)
        self.led = every % 2 == 1
        self.voltmeter = every % 8 >= 6
        self.by_register = every >= cabinets // 2
        self.lamps = rng.integers(20, 61, cabinets)
        self.watt = np.where(self.led, rng.choice([22.0, 36.0, 60.0], cabinets), rng.choice([70.0, 100.0], cabinets))
        self.exponent = np.where(self.led, 0.0, HPS_EXPONENT)
        self.faults = self._draw_faults(np.random.default_rng([seed, 12]), faults)

    def _draw_faults(self, rng: np.random.Generator, wanted: int) -> tuple[CabinetFault, ...]:
        found: list[CabinetFault] = []
        free_from = np.full(self.cabinets, WARM_UP_NIGHTS * QUARTERS)
        while len(found) < wanted and (free_from < (self.nights - 30) * QUARTERS).any():
            one = int(np.argmin(free_from))
            kind = KINDS[int(rng.choice(len(KINDS), p=_SHARES))]
            length = int(rng.integers(1, 3) if kind == "feeder-off" else rng.integers(8, 25)) * QUARTERS
            start = int(free_from[one] + rng.integers(0, 30 * QUARTERS))
            end = min(start + length + int(rng.integers(QUARTERS)), self.nights * QUARTERS)
            if start >= end:
                free_from[one] = end
                continue
            k = int(rng.integers(1, 9)) if kind == "lamps-out" else int(rng.integers(1, 3))
            found.append(CabinetFault(kind, one, start, end, k if kind in ("lamps-out", "day-burner") else 0))
            free_from[one] = end + _APART_NIGHTS * QUARTERS
        return tuple(sorted(found, key=lambda fault: (fault.start, fault.cabinet)))

    @cached_property
    def readings(self) -> CabinetReadings:
        """What the meters showed."""
        rng = np.random.default_rng([self._seed, 13])
        shape = (self.clock.t_us.size, self.cabinets)
        burning = np.repeat(self.clock.burning[:, None], self.cabinets, axis=1)
        level = np.where(self.led, self.clock.level_pct[:, None], 100.0)
        lit, by_day = np.ones(shape), np.zeros(shape)
        reset: list[CabinetFault] = []
        for fault in self.faults:
            span = slice(fault.start, fault.end)
            one = fault.cabinet
            if fault.kind == "lamps-out":
                lit[span, one] -= fault.k / self.lamps[one]
            elif fault.kind == "feeder-off":
                lit[span, one] = 0.0
            elif fault.kind == "day-burner":
                by_day[span, one] = fault.k / self.lamps[one]
            elif fault.kind == "clock-change":
                late = slice(fault.start - _LATE_QUARTERS, fault.end - _LATE_QUARTERS)
                burning[span, one], level[span, one] = burning[late, one].copy(), level[late, one].copy()
            else:
                reset.append(fault)
        volts = NOMINAL_V * (1.0 + drifting(rng, *shape, sigma=VOLTAGE_SIGMA, hours=VOLTAGE_HOURS))
        air = air_temperature_c(rng, self.clock.t_us)[:, None]
        dimmed = np.where(self.led, 0.06 + 0.94 * level / 100.0, 1.0)
        drift = np.where(self.led, 1.0 + LED_PER_K * (air - 10.0), (volts / NOMINAL_V) ** self.exponent)
        full = self.lamps * self.watt * (1.0 + CABLES) * drift
        noise = 1.0 + LAMP_SIGMA / np.sqrt(self.lamps) * rng.standard_normal(shape)
        # A day burner burns at full level by day and with the others at night.
        power = full * np.where(burning, dimmed * lit, by_day) * noise + OWN_W
        register = np.cumsum(power * 0.25, axis=0) + rng.integers(0, 10_000_000, self.cabinets)
        for fault in reset:
            register[fault.start :, fault.cabinet] -= register[fault.start, fault.cabinet]
        lost = rng.random(shape) < LOST
        shown_v = np.rint(volts * (1.0 + VOLTMETER_SIGMA * rng.standard_normal(shape)) * 10.0) / 10.0
        return CabinetReadings(
            np.where(lost | self.by_register, np.nan, np.rint(power)),
            np.where(lost, np.nan, np.floor(register / REGISTER_STEP_WH) * REGISTER_STEP_WH),
            np.where(lost | ~self.voltmeter, np.nan, shown_v),
        )
