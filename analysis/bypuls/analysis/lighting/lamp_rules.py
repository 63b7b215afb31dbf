"""The rules for single lamps: what each says of one round of readings. Thresholds are settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray
from bypuls.analysis.errors import BadInput
from bypuls.analysis.lighting.expectation import voltage_factor
from bypuls.analysis.lighting.findings import Name
from bypuls.analysis.lighting.machine import Patience, Verdicts, verdicts

RULES: tuple[Name, ...] = (
    "lampFailure", "lampUnexpectedOn", "cyclingFailure", "dimmingFailure", "relayFailure", "communicationFailure",
    "lampPowerTooHigh", "lampPowerTooLow", "powerFactorTooLow", "lampVoltageTooHigh", "lampVoltageTooLow",
    "highTemperature",
)  # fmt: skip
_AT_ONCE = ("cyclingFailure", "communicationFailure")  # their rules already look back over an hour
_SOME_LIGHT = 0.1  # a lamp that burnt for more than this share of the time since its last report isn't out
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class LampLimits:
    """Thresholds. Shares are of the expected power, those of day burners and relays of the nominal."""

    out_below: float = 0.10
    day_above: float = 0.20
    low_below: float = 0.70
    high_above: float = 1.20
    dimmed_at_most_pct: float = 85.0
    power_factor: float = 0.85
    power_factor_from_pct: float = 50.0
    cycles_per_hour: int = 4
    voltage_low_v: float = 207.0
    """230 V − 10 %, EN 50160."""
    voltage_high_v: float = 253.0
    temp_high_c: float = 90.0
    hold_s: int = 1800
    samples: int = 3
    silent_s: int = 3600
    mute_s: int = 2700
    """A lamp that hasn't spoken for so long counts as dark when its whole cabinet is."""
    cabinet_share: float = 0.90
    cabinet_lamps: int = 3

    @property
    def patience(self) -> Patience:
        """Of RULES."""
        held = np.array([name not in _AT_ONCE for name in RULES])
        return Patience(np.where(held, self.hold_s, 0), np.where(held, self.samples, 1))

    @property
    def cabinet_patience(self) -> Patience:
        """Of cabinets."""
        return Patience(np.full(2, self.hold_s), np.full(2, self.samples))


@dataclass(frozen=True, slots=True, eq=False)
class LampRound:
    """One round of n lamps; floats (n,) with NaN = unknown.

    reported : (n,) whether a reading came since the round before.  night, day : (n,) as of `plan.night_and_day`.
    expected_w : learned at the commanded level [W at 230 V], NaN before.  full_w : at 100 %.
    nominal_w : of the registry.  exponent : of the voltage.  lit_share : of the time since the last reading in which
    the lamp burnt, from its operating time.  switched_on : what the lamp says of its relay: 1, 0.
    cabinet : (n,) its index, −1 = none.  cabinet_dark : (cabinets,) 1 where the cabinet's own meter shows that nothing
    burns, 0 where it shows that something does, −1 unknown.  said : the lamps' own diagnosis, by name (n,)."""

    t_us: int
    reported: BoolArray
    power_w: FloatArray
    night: BoolArray
    day: BoolArray
    commanded_pct: FloatArray
    expected_w: FloatArray
    full_w: FloatArray
    nominal_w: FloatArray
    exponent: FloatArray
    voltage_v: FloatArray
    power_factor: FloatArray
    temp_c: FloatArray
    lit_share: FloatArray
    switched_on: FloatArray
    cabinet: IntArray
    cabinet_dark: IntArray
    said: Mapping[Name, BoolArray] = field(default_factory=dict)

    def check(self, lamps: int, cabinets: int) -> None:
        """Raises BadInput where an array doesn't fit."""
        for name in ("power_w", "expected_w", "nominal_w", "lit_share", "cabinet", "reported"):
            shape = getattr(self, name).shape
            if shape != (lamps,):
                raise BadInput(f"{name}: shape {shape}; expected ({lamps},), one for each lamp")
        if self.cabinet_dark.shape != (cabinets,) or (self.cabinet >= cabinets).any():
            raise BadInput(f"cabinet_dark: shape {self.cabinet_dark.shape}; expected one for each cabinet")
        if set(self.said) - set(RULES):
            raise BadInput(f"said: {sorted(set(self.said) - set(RULES))[0]}; expected one of {', '.join(RULES)}")


def cycling(lit: IntArray, switches_us: IntArray, now: LampRound, limits: LampLimits) -> tuple[IntArray, IntArray]:
    """Whether each lamp is lit (−1 unknown), and its latest switches at night.

    Readings come seldom, so switches are a lower bound: one where the lamp changed since its last reading, two where it
    is as before but burnt only a part of the time between (its operating time tells)."""
    known = now.reported & np.isfinite(now.power_w)
    burns = now.power_w > limits.day_above * now.nominal_w
    after = np.where(known & now.night, burns.astype(np.int64), np.where(known, -1, lit))
    counted = known & now.night & (lit >= 0)
    changed = counted & (after != lit)
    between = counted & ~changed & (now.lit_share > _SOME_LIGHT) & (now.lit_share < 1.0 - _SOME_LIGHT)
    ring = switches_us
    for happened in (changed | between, between):
        moved = np.concatenate((ring[:, 1:], np.full((ring.shape[0], 1), now.t_us)), axis=1)
        ring = np.where(happened[:, None], moved, ring)
    return after, ring


def rule_verdicts(now: LampRound, switches_us: IntArray, limits: LampLimits) -> tuple[Verdicts, BoolArray]:
    """(RULES, n): what each rule says of each lamp, and what the lamps say themselves. Silence isn't judged here."""
    with np.errstate(invalid="ignore"):  # NaN compares as False: what is unknown isn't judged
        known = now.reported & np.isfinite(now.power_w)
        power = now.power_w / voltage_factor(now.voltage_v, now.exponent)
        expected, night, day = now.expected_w, known & now.night, known & now.day
        # What is out shows without anything learned; how much is too much or too little doesn't.
        by_register = now.nominal_w * now.commanded_pct / 100.0
        likely = np.where(np.isfinite(expected), expected, by_register)
        planned = night & (likely > 0.0)
        faint = power < limits.out_below * likely
        out = faint & ~(now.lit_share > _SOME_LIGHT)
        burning = planned & ~faint & np.isfinite(expected)
        room = now.full_w - expected
        dims = burning & (now.commanded_pct <= limits.dimmed_at_most_pct) & (room > 0.15 * now.full_w)
        undimmed = dims & (power > expected + 0.5 * room) & (power < limits.high_above * now.full_w)
        whole = ~(now.lit_share < 1.0 - _SOME_LIGHT)
        draws = now.power_w > limits.day_above * now.nominal_w
        told = known & np.isfinite(now.switched_on)
        stuck = told & (now.switched_on == 0.0) & draws
        since_us = now.t_us - switches_us[:, 0]
        volts = now.reported & np.isfinite(now.voltage_v)
        factor = now.reported & draws & np.isfinite(now.power_factor)
        by_name: dict[Name, Verdicts] = {
            "lampFailure": verdicts(planned, out),
            "lampUnexpectedOn": verdicts(day & ~stuck, draws),
            "cyclingFailure": verdicts(night, since_us <= 3600 * _US),
            "dimmingFailure": verdicts(dims, undimmed),
            "relayFailure": verdicts(told, stuck),
            "lampPowerTooHigh": verdicts(
                # A lamp renewed after it had aged draws more than was learned, and that is as it should be.
                burning & ~undimmed,
                power > limits.high_above * np.fmax(expected, by_register),
            ),
            "lampPowerTooLow": verdicts(burning & whole, power < limits.low_below * expected),
            "powerFactorTooLow": verdicts(
                factor & (now.commanded_pct >= limits.power_factor_from_pct),
                np.abs(now.power_factor) < limits.power_factor,
            ),
            "lampVoltageTooHigh": verdicts(volts, now.voltage_v > limits.voltage_high_v),
            "lampVoltageTooLow": verdicts(volts, now.voltage_v < limits.voltage_low_v),
            "highTemperature": verdicts(now.reported & np.isfinite(now.temp_c), now.temp_c > limits.temp_high_c),
        }
    n = now.reported.size
    nothing = np.full(n, -1, dtype=np.int8)
    found = np.stack([by_name.get(name, nothing) for name in RULES])
    said = np.stack([now.said.get(name, np.zeros(n, dtype=np.bool_)) & now.reported for name in RULES])
    return np.where(said, np.int8(1), found), said
