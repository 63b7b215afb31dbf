"""A meter against those behind it: what they account for, and what nobody knows where it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from bypuls.api.buildings.meters import MeterDays
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.solar import is_production
from bypuls.api.buildings.source import Floats

_ALL = 0.99
_EXCEEDS = 0.02  # of the parent: meters' classes differ by as much


@dataclass(frozen=True, slots=True)
class Child:
    """A meter behind another one. amount : [kWh, m³] on the common days; of a generator what it made."""

    sensor: str
    name: str
    amount: float | None
    share: float | None
    sign: int
    generator: bool


@dataclass(frozen=True, slots=True)
class Balance:
    """Of the days on which all are measured whole. supply : the parent's import, plus own production, less export.
    rest : supply − Σ children that use; None = unknown, for `reason`."""

    medium: str
    sensor: str
    name: str
    unit: str
    first: date
    last: date
    days: int
    asked_days: int
    supply: float | None
    children: tuple[Child, ...]
    rest: float | None
    rest_share: float | None
    reason: Reason | None


def uses(children: Sequence[MeterDays]) -> bool:
    """Whether any of them takes power: of generators alone there is nothing to balance."""
    return any(not is_production(child) for child in children)


def balance_of(parent: MeterDays, children: Sequence[MeterDays], first: date, last: date) -> Balance:
    """The balance of one meter and those directly behind it."""
    days = parent.days
    rows = days.within(first, last)
    whole = _whole(parent, rows)
    for child in children:
        whole &= _whole(child, rows) | (child.asked_s[rows] <= 0.0)
    makers = [child for child in children if is_production(child)]
    made = sum(_sum(child.export_kwh[rows], whole) for child in makers)
    count = int(whole.sum())
    unit = "m3" if parent.sensor.medium == "water" else "kWh"
    asked = int((parent.asked_s[rows] > 0.0).sum())
    medium = parent.sensor.medium or ""
    if not count:
        told = tuple(Child(one.sensor.id, one.sensor.name, None, None, one.sign, one in makers) for one in children)
        return Balance(
            medium, parent.sensor.id, parent.sensor.name, unit, first, last, 0, asked, None, told, None, None,
            Reason("no-common-days"),
        )  # fmt: skip
    supply = _sum(parent.use[rows], whole) + made
    if makers:
        supply -= _sum(parent.export_kwh[rows], whole)
    shares: list[Child] = []
    used = 0.0
    for one in children:
        maker = one in makers
        mine = _sum(one.export_kwh[rows] if maker else one.use[rows], whole)
        used += 0.0 if maker else mine
        share = mine / supply if supply > 0.0 else None
        shares.append(Child(one.sensor.id, one.sensor.name, mine, share, one.sign, maker))
    rest = supply - used
    reason = Reason("children-exceed", {"kwh": -rest}) if rest < -_EXCEEDS * max(supply, 0.0) else None
    return Balance(
        medium, parent.sensor.id, parent.sensor.name, unit, first, last, count, asked, supply, tuple(shares), rest,
        rest / supply if supply > 0.0 else None, reason,
    )  # fmt: skip


def _whole(meter: MeterDays, rows: slice) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    known = np.isfinite(meter.use[rows]) | np.isfinite(meter.export_kwh[rows])
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = known & (meter.coverage[rows] >= _ALL)
    return found & (meter.asked_s[rows] > 0.0)


def _sum(column: Floats, whole: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    return float(np.nansum(column[whole]))
