"""The meter of one cabinet: each quarter judged as it comes, each night by its dawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bypuls.analysis.arrays import FloatArray, IntArray
from bypuls.analysis.lighting.cabinet_watch import DAY_QUARTERS, LEARN_NIGHTS, CabinetMeters, CabinetWatch, MeterDay
from bypuls.analysis.lighting.cabinets import CabinetLimits
from bypuls.analysis.lighting.expectation import voltage_factor
from bypuls.analysis.lighting.night_steps import StepLimits
from bypuls.analysis.lighting.plan import Quarters
from bypuls.api.lighting_watch.feed import Grid
from bypuls.api.lighting_watch.keeping import Arrays, arrays_of, with_arrays
from bypuls.api.lighting_watch.units import Levels, Unit, exponents
from bypuls.wire.bins import QUARTER_US

_LIMITS, _STEPS = CabinetLimits(), StepLimits()
_CABLES = 1.02
_RESOLUTION_W, _STEP_WH = 10.0, 0.25  # of a meter that tells its power
_UNKNOWN_STEP_WH = 1000.0  # as the registry takes a register that it knows no step of
_REGISTER_S = 3600
NEEDED = LEARN_NIGHTS + _STEPS.least_nights + _STEPS.nights
"""Nights until the first verdict: for what it should draw, and for how much it strays from that."""


class MeterUnit:
    """A cabinet's meter. begun_us : since when it is learned of.  changed_us : since when that hangs there which the
    registry says, 0 = unknown.  next_us : the first quarter that isn't judged yet.  first_us, spoke_us : begin of the
    first quarter that was known, end of the last; 0 = none."""

    def __init__(self, unit: Unit, begun_us: int, changed_us: int = 0, kept: Arrays | None = None) -> None:
        self.unit = unit
        self.watch = CabinetWatch.of(_meters(unit, by_register=False), _STEPS)
        self.begun_us = self.next_us = self._closed_us = begun_us
        self.changed_us, self.first_us, self.spoke_us = changed_us, 0, 0
        self._now: tuple[float, float] = (float("nan"), float("nan"))
        if kept is not None:
            self.watch = with_arrays(self.watch, kept).relearned()
            (self.begun_us, self.changed_us, self.first_us, self.spoke_us, self._closed_us,
             self.next_us) = kept["times"].tolist()  # fmt: skip

    @property
    def learned(self) -> bool:
        """Whether a lamp that goes out can be found."""
        return bool(np.isfinite(self.watch.steps.sigma(np.ones(1)))[0])

    def arrays(self) -> Arrays:
        """What is to be kept."""
        times = [self.begun_us, self.changed_us, self.first_us, self.spoke_us, self._closed_us, self.next_us]
        return {**arrays_of(self.watch), "times": np.array(times)}

    def advance(self, grid: Grid, dusk_us: IntArray, dawn_us: IntArray, levels: Levels) -> bool:
        """Goes on to the end of what is read; whether a night was closed.

        grid : of the unit's meters, from a day before `next_us` on.  dusk_us, dawn_us : the nights around it."""
        power, voltage = self._read(grid)
        t_us = grid.start_us + QUARTER_US * np.arange(len(power), dtype=np.int64)
        level = levels.of_cabinet(self.unit.lamps, t_us.tolist())[:, None]
        quarters = Quarters.of(t_us, dusk_us, dawn_us)
        last = np.searchsorted(dawn_us, t_us, "right") - 1
        closed = False
        for at in range((self.next_us - grid.start_us) // QUARTER_US, len(power)):
            night = int(last[at])
            if night >= 0 and dawn_us[night] > self._closed_us and at >= DAY_QUARTERS:
                part = slice(at - DAY_QUARTERS, at)
                self._closed_us, closed = int(dawn_us[night]), True
                self.watch, _ = self.watch.night(MeterDay(
                    quarters.part(part), int(dusk_us[night]), self._closed_us, power[part], voltage[part], level[part],
                ))  # fmt: skip
            self.watch, _ = self.watch.round(quarters, at, power[at], level[at], _LIMITS)
            if np.isfinite(power[at, 0]):
                self.first_us = self.first_us or int(t_us[at])
                self.spoke_us = int(t_us[at]) + QUARTER_US
            self.next_us = int(t_us[at]) + QUARTER_US
        self._now = float(power[-1, 0]), self._expected_w(quarters, level[-1], voltage[-1])
        return closed

    def _read(self, grid: Grid) -> tuple[FloatArray, FloatArray]:
        """(quarters, 1) power and voltage: powers where the meters tell them, else the hour's difference of their
        registers. Unknown where one of several meters is."""
        each = grid.mean("power_w")
        by_register = not np.isfinite(each).any() and bool(np.isfinite(grid.columns["import_wh_delta"]).any())
        if by_register:
            each = grid.hourly_w()
        self.watch = replace(self.watch, meters=_meters(self.unit, by_register=by_register))
        volts = grid.mean("voltage_v")
        known = np.isfinite(volts).sum(axis=1, keepdims=True)
        mean = np.where(known > 0, np.nansum(volts, axis=1, keepdims=True) / np.maximum(known, 1), np.nan)
        return each @ np.array([[one.sign] for one in self.unit.sensors], dtype=np.float64), mean

    def _expected_w(self, quarters: Quarters, level: FloatArray, voltage: FloatArray) -> float:
        watch = self.watch
        if quarters.night[-1]:
            expected = watch.expected_w(level, int(quarters.hour[-1]))
            return float((expected * voltage_factor(voltage, watch.meters.exponent))[0])
        return float(watch.own_w[0]) if quarters.day[-1] and watch.own_w is not None else float("nan")

    def told(self) -> dict[str, Any]:
        """What is known of it now; None is unknown."""
        watch, hours = self.watch, self.watch.hours
        detectable = watch.steps.detectable_lamps(hours)[0] if hours[0] > 0.0 else float("nan")
        clean = int(np.isfinite(watch.steps.clean).sum())
        return {
            "until_us": self.next_us, "begun_us": self.begun_us, "spoke_us": self.spoke_us or None,
            "power_w": _number(self._now[0]), "expected_w": _number(self._now[1]), "lamps_n": self.unit.lamps_n,
            "lamp_w": _number(float(watch.meters.lamp_w[0])),
            "nights_n": min(NEEDED, min(watch.nights, LEARN_NIGHTS) + clean), "nights_needed": NEEDED,
            "learned": self.learned, "detectable_lamps": _number(float(detectable)),
            "judged_us": int(watch.judged_us[0]) or None,
            "steps": [
                {"from_us": one.from_us, "lamps": one.lamps, "confidence": round(one.confidence, 4)}
                for one in watch.steps.open_steps[0]
            ],
            "day_burning_us": watch.day_burning_us(0), "day_lamps": _number(float(watch.day_lamps[0])),
            "supply_lost_us": watch.supply_lost_us(0),
        }  # fmt: skip


def _number(value: float) -> float | None:
    return None if value != value else round(value, 3)


def _meters(unit: Unit, *, by_register: bool) -> CabinetMeters:
    watts = np.array([np.nan if one.watt is None else one.watt for one in unit.lamps])
    whole = len(watts) == unit.lamps_n and bool(np.isfinite(watts).all())
    lamp_w = float(np.median(watts[np.isfinite(watts)])) if np.isfinite(watts).any() else float("nan")
    share = min(1.0, lamp_w / float(watts.sum())) if whole else 1.0 / unit.lamps_n
    weights = np.nan_to_num(watts, nan=1.0)
    exponent = float(exponents(unit.lamps) @ weights / weights.sum()) if len(watts) else 0.0
    step_wh = _STEP_WH
    if by_register:
        step_wh = max((one.register_step_wh or _UNKNOWN_STEP_WH) * one.multiplier for one in unit.sensors)
    return CabinetMeters(
        np.array([share]), np.array([lamp_w * _CABLES]), np.array([exponent]),
        np.array([_REGISTER_S if by_register else 0]), np.array([step_wh]),
        max(_RESOLUTION_W, step_wh) if by_register else _RESOLUTION_W,
    )  # fmt: skip
