"""Observations with everything beside them that figures are grouped by: day, quarter, direction, limit, free flow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bypuls.analysis.free_flow import free_flow_mask
from bypuls.api.reports.speed.limits import limit_table
from bypuls.api.reports.speed.local_days import LocalDays
from bypuls.api.reports.speed.observations import NOT_MOTOR, Bins, Bools, Floats, Ints, Observations, Vehicles
from bypuls.api.reports.speed.settings import Settings

HOUR_S = 3600.0
QUARTER_S = 900.0


@dataclass(frozen=True, slots=True, eq=False)
class Singles:
    """Single vehicles, speeds ascending. day, quarter −1 = without a time; limit NaN = unknown.

    free, motor : None = can't be told."""

    speed: Floats
    day: Ints
    quarter: Ints
    direction: Ints
    limit: Floats
    length_m: Floats | None
    free: Bools | None
    motor: Bools | None

    def where(self, chosen: Bools | Ints) -> Singles:
        """Those of a mask, or in an order."""
        return Singles(
            self.speed[chosen], self.day[chosen], self.quarter[chosen], self.direction[chosen], self.limit[chosen],
            None if self.length_m is None else self.length_m[chosen],
            None if self.free is None else self.free[chosen],
            None if self.motor is None else self.motor[chosen],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Classed:
    """Rows of counts. quarter, hour −1 = the row is longer than that. sums NaN = not kept."""

    lower: Floats
    upper: Floats
    counts: Floats
    day: Ints
    hour: Ints
    quarter: Ints
    direction: Ints
    limit: Floats
    sum_kmh: Floats
    sum_kmh2: Floats
    max_kmh: Floats
    watched: Bools
    motor: Bools | None
    shift_kmh: float

    def where(self, mask: Bools) -> Classed:
        """The rows of `mask`."""
        rows = ("counts", "day", "hour", "quarter", "direction", "limit", "sum_kmh", "sum_kmh2", "max_kmh", "watched")
        kept = {name: getattr(self, name)[mask] for name in rows}
        return replace(self, **kept, motor=None if self.motor is None else self.motor[mask])


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """All vehicles of a report, or a part of them. Either of the two forms may be empty."""

    singles: Singles | None
    classed: Classed | None
    directions: tuple[str, ...]
    resolution_kmh: float | None

    @property
    def empty(self) -> bool:
        """Whether there is no vehicle in it."""
        return not (self.singles is not None and self.singles.speed.size) and not (
            self.classed is not None and self.classed.counts.any()
        )

    def of_direction(self, index: int) -> Population:
        """Those of one direction."""
        return self._where(
            None if self.singles is None else self.singles.direction == index,
            None if self.classed is None else self.classed.direction == index,
        )

    def of_days(self, days: Bools) -> Population:
        """Those of the marked days: (days,)."""
        return self._where(
            None if self.singles is None else (self.singles.day >= 0) & days[self.singles.day],
            None if self.classed is None else (self.classed.day >= 0) & days[self.classed.day],
        )

    def free(self) -> Population | None:
        """Those known to drive freely; None where that can't be told of all."""
        if self.singles is None or self.singles.free is None or self.classed is not None:
            return None
        return self._where(self.singles.free, None)

    def motor(self) -> Population | None:
        """Motor vehicles; None where the rest can't be told, or there is no rest."""
        known = [part.motor for part in (self.singles, self.classed) if part is not None]
        if any(mask is None for mask in known) or all(mask is not None and mask.all() for mask in known):
            return None
        return self._where(
            None if self.singles is None else self.singles.motor, None if self.classed is None else self.classed.motor
        )

    def _where(self, singles: Bools | None, classed: Bools | None) -> Population:
        return Population(
            None if self.singles is None or singles is None else self.singles.where(singles),
            None if self.classed is None or classed is None else self.classed.where(classed),
            self.directions,
            self.resolution_kmh,
        )


def local_days(observations: Observations, settings: Settings) -> LocalDays | None:
    """The local days that were observed; None without times."""
    ends: list[int] = []
    if observations.vehicles is not None and observations.vehicles.t_us is not None and observations.vehicles.t_us.size:
        t_us = observations.vehicles.t_us
        ends += [int(t_us.min()), int(t_us.max())]
    if observations.bins is not None and observations.bins.t_us is not None and observations.bins.t_us.size:
        t_us = observations.bins.t_us
        ends += [int(t_us.min()), int(t_us.max())]
    return LocalDays(settings.timezone, min(ends), max(ends)) if ends else None


def population(observations: Observations, settings: Settings, days: LocalDays | None) -> Population:
    """The observations with what they are grouped by."""
    parts = [part for part in (observations.vehicles, observations.bins) if part is not None]
    names = tuple(dict.fromkeys(name for part in parts for name in part.directions))
    limits = limit_table(settings.limits, names, None if days is None else days.days)
    return Population(
        None if observations.vehicles is None else _singles(observations.vehicles, settings, days, names, limits),
        None if observations.bins is None else classed_rows(observations.bins, days, names, limits),
        names,
        observations.resolution_kmh,
    )


def free_flow_of_bins(observations: Observations, settings: Settings, days: LocalDays | None) -> Population | None:
    """The free-flowing part of binned observations, where it was kept."""
    if observations.free_flow is None or observations.vehicles is not None:
        return None
    return population(replace(observations, bins=observations.free_flow, free_flow=None), settings, days)


def _singles(
    vehicles: Vehicles, settings: Settings, days: LocalDays | None, names: tuple[str, ...], limits: Floats
) -> Singles:
    n = vehicles.speed_kmh.size
    direction = _direction(vehicles.direction, vehicles.directions, names, n)
    day = quarter = np.full(n, -1, dtype=np.int64)
    free = None
    if vehicles.t_us is not None and days is not None:
        day = days.day_of(vehicles.t_us)
        quarter = days.quarter_of(vehicles.t_us, day)
        free = free_flow_mask(vehicles.t_us, direction, min_headway_s=settings.min_headway_s, gap_s=settings.gap_s)
    motor = None
    if vehicles.vehicle_class is not None and (vehicles.vehicle_class != "").all():
        motor = ~np.isin(vehicles.vehicle_class, list(NOT_MOTOR))
    elif settings.motor_from_m is not None and vehicles.length_m is not None:
        motor = vehicles.length_m >= settings.motor_from_m
    limit = limits[direction, np.maximum(day, 0)]
    found = Singles(vehicles.speed_kmh, day, quarter, direction, limit, vehicles.length_m, free, motor)
    return found.where(np.argsort(vehicles.speed_kmh, kind="stable"))


def classed_rows(bins: Bins, days: LocalDays | None, names: tuple[str, ...], limits: Floats) -> Classed:
    """Rows of counts with their local day, hour and quarter where they fit into one."""
    rows = len(bins.counts)
    unknown = np.full(rows, np.nan)
    direction = _direction(bins.direction, bins.directions, names, rows)
    day = hour = quarter = np.full(rows, -1, dtype=np.int64)
    if bins.t_us is not None and days is not None:
        day = days.day_of(bins.t_us)
        clock = days.quarter_of(bins.t_us, day)
        period = np.full(rows, HOUR_S) if bins.period_s is None else bins.period_s
        offset_s = (bins.t_us // 1_000_000) % 900
        quarter = np.where(offset_s + period <= QUARTER_S, clock, -1)
        hour = np.where((clock % 4) * QUARTER_S + offset_s + period <= HOUR_S, clock // 4, -1)
    uptime = unknown if bins.uptime_s is None else bins.uptime_s
    motor = None
    if bins.vehicle_class is not None and (bins.vehicle_class != "").all():
        motor = ~np.isin(bins.vehicle_class, list(NOT_MOTOR))
    return Classed(
        bins.lower_kmh, bins.upper_kmh, bins.counts, day, hour, quarter, direction,
        limits[direction, np.maximum(day, 0)],
        unknown if bins.sum_kmh is None else bins.sum_kmh,
        unknown if bins.sum_kmh2 is None else bins.sum_kmh2,
        unknown if bins.max_kmh is None else bins.max_kmh,
        np.isnan(uptime) | (uptime > 0.0) | (bins.counts.sum(axis=1) > 0.0),
        motor,
        bins.shift_kmh,
    )  # fmt: skip


def _direction(codes: Ints | None, own: tuple[str, ...], names: tuple[str, ...], n: int) -> Ints:
    if codes is None:
        return np.full(n, -1, dtype=np.int64)
    return np.array([*(names.index(name) for name in own), -1], dtype=np.int64)[codes]
