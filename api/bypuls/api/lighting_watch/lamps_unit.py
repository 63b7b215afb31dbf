"""A cabinet's lamps that are measured one by one: each round judged as it comes, expectations learned nightly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bypuls.analysis.arrays import IntArray
from bypuls.analysis.lighting.expectation import LEVEL_STEP_PCT
from bypuls.analysis.lighting.findings import Name
from bypuls.analysis.lighting.lamp_rules import RULES, LampLimits
from bypuls.analysis.lighting.lamp_watch import LampReadings, LampWatch
from bypuls.analysis.lighting.plan import Quarters
from bypuls.api.lighting_watch.feed import Grid, ratio
from bypuls.api.lighting_watch.keeping import Arrays, arrays_of, with_arrays
from bypuls.api.lighting_watch.units import Levels, Unit, exponents
from bypuls.wire.bins import QUARTER_US

_LIMITS = LampLimits()
INFERRED: tuple[Name, ...] = (
    "cyclingFailure", "dimmingFailure", "relayFailure", "lampPowerTooHigh", "lampPowerTooLow", "powerFactorTooLow",
    "lampVoltageTooHigh", "lampVoltageTooLow", "highTemperature",
)  # fmt: skip
"""What is told. Lamps that are out, burn by day or say nothing have alarms of their own, which look at the newest
reading."""
_AXIS = {"nights_w": 1, "learned_w": 0, "baseline_w": 0, "state.switches_us": 0, "lamp_begun_us": 0}
"""Along which lamps stand in what is kept; in all else it is the last."""


class LampsUnit:
    """Lamps under one sun. begun_us, next_us, first_us : as of `MeterUnit`.  judged_from_us : before it is only learned
    from: what stood then is judged by what is there now."""

    def __init__(self, unit: Unit, begun_us: int, judged_from_us: int = 0, kept: Arrays | None = None) -> None:
        n = len(unit.lamps)
        self.unit = unit
        watts = np.array([np.nan if one.watt is None else one.watt for one in unit.lamps])
        self.watch = LampWatch.of(
            watts, exponents(unit.lamps), np.full(n, -1), cabinets=0, t_us=judged_from_us or begun_us, limits=_LIMITS
        )
        self.begun_us = self.next_us = self._closed_us = begun_us
        self.first_us, self.changed_us, self._judged_from_us = 0, 0, judged_from_us
        self.lamp_begun_us = np.full(n, begun_us, dtype=np.int64)
        if kept is not None:
            self.watch = with_arrays(self.watch, kept)
            self.begun_us, self.first_us, self._judged_from_us, self._closed_us, self.next_us = kept["times"].tolist()
            self.lamp_begun_us = kept["lamp_begun_us"]
            if "tonight" in kept:
                self.watch = replace(self.watch, tonight=tuple((one[0], one[1]) for one in kept["tonight"]))

    @property
    def learned(self) -> bool:
        """Whether what some lamp should draw is learned."""
        return bool(np.isfinite(self.watch.learned_w).any())

    def arrays(self) -> Arrays:
        """What is to be kept."""
        times = np.array([self.begun_us, self.first_us, self._judged_from_us, self._closed_us, self.next_us])
        tonight = {"tonight": np.array(self.watch.tonight)} if self.watch.tonight else {}
        return {**arrays_of(self.watch), **tonight, "times": times, "lamp_begun_us": self.lamp_begun_us}

    def carried(self, kept: Arrays, before: tuple[str, ...]) -> LampsUnit:
        """With what was kept of those lamps that are as they were, by what learning rested on; the others begin at the
        time at which that ended."""
        own, stood = self.unit.basis, {basis: at for at, basis in enumerate(before)}
        pairs = [(at, stood[basis]) for at, basis in enumerate(own) if basis in stood]
        here, there = [at for at, _ in pairs], [at for _, at in pairs]
        arrays = LampsUnit(self.unit, int(kept["times"][-1])).arrays()
        begun = {name: one.copy() for name, one in arrays.items()}
        for name, fresh in begun.items():
            if name == "times" or not fresh.ndim or fresh.shape[_AXIS.get(name, fresh.ndim - 1)] != len(own):
                continue
            along = _AXIS.get(name, fresh.ndim - 1)
            np.moveaxis(fresh, along, 0)[here] = np.moveaxis(kept[name], along, 0)[there]
        return LampsUnit(self.unit, self.begun_us, kept=begun | {"times": kept["times"]})

    def advance(self, grid: Grid, dusk_us: IntArray, dawn_us: IntArray, levels: Levels) -> bool:
        """Goes on to the end of what is read; whether a night was closed. grid : of the lamps, from `next_us` or before
        it on."""
        heard = grid.columns["n"] > 0.0
        n = len(self.unit.lamps)
        t_us = grid.start_us + QUARTER_US * np.arange(len(heard), dtype=np.int64)
        quarters = Quarters.of(t_us, dusk_us, dawn_us)
        last = np.searchsorted(dawn_us, t_us, "right") - 1
        power = grid.mean("power_w")
        power = np.where(np.isnan(power), grid.rate("energy_wh") * 3600.0, power)
        on = ratio(grid.columns["on_true"], grid.columns["on_n"])
        level, voltage = grid.mean("level_pct"), grid.mean("voltage_v")
        factor, temp, lit = grid.mean("power_factor"), grid.mean("temp_c"), grid.rate("operating_s")
        nowhere, closed = np.zeros(0, dtype=np.int64), False
        for at in range((self.next_us - grid.start_us) // QUARTER_US, len(heard)):
            moment = int(t_us[at])
            if last[at] >= 0 and dawn_us[last[at]] > self._closed_us:
                self._closed_us, closed = int(dawn_us[last[at]]), True
                self.watch, _ = self.watch.night(self._closed_us)
            wanted = np.array([levels.of(one, moment) for one in self.unit.lamps])
            # Without a profile the lamp's own level counts, while it is switched on.
            own = np.where((on[at] > 0.0) & np.isfinite(level[at]), level[at], 100.0)
            now = LampReadings(
                moment, heard[at], power[at], np.full(n, quarters.night[at]), np.full(n, quarters.day[at]),
                np.where(np.isnan(wanted), own, wanted), voltage[at], factor[at], temp[at], np.clip(lit[at], 0.0, 1.0),
                np.where((on[at] == 0.0) | (on[at] == 1.0), on[at], np.nan), nowhere,
            )  # fmt: skip
            self.watch = self.watch.remembering(now)
            if moment >= self._judged_from_us:
                self.watch, _ = self.watch.round(now)
            if heard[at].any():
                self.first_us = self.first_us or moment
            self.next_us = moment + QUARTER_US
        return closed

    def told(self) -> dict[str, Any]:
        """What is known of each lamp now."""
        watch = self.watch
        faults: list[list[list[Any]]] = [[] for _ in self.unit.lamps]
        for name in INFERRED:
            rule = RULES.index(name)
            since = watch.state.lives.from_us[rule]
            standing = np.asarray(watch.state.lives.standing[rule])
            if name == "lampPowerTooLow":
                since = np.where(standing, since, watch.ageing.from_us)
                standing = standing | watch.ageing.aged
            for at in np.flatnonzero(standing).tolist():
                faults[at].append([name, int(since[at])])
        lamps = {}
        for at, lamp in enumerate(self.unit.lamps):
            known = np.flatnonzero(np.isfinite(watch.learned_w[at])).tolist()
            lamps[lamp.id] = {
                "begun_us": int(self.lamp_begun_us[at]), "nights_n": int(watch.nights[at]), "faults": faults[at],
                "levels_w": {f"{one * LEVEL_STEP_PCT:g}": round(float(watch.learned_w[at, one]), 2) for one in known},
            }  # fmt: skip
        return {"until_us": self.next_us, "lamps": lamps}
