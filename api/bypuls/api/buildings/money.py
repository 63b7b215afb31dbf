"""What energy costs, by dated prices, and what it emits, by the accounts' factors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from bypuls.api.accounts.factors import FactorBook, FactorUse, Wish
from bypuls.api.accounts.frame import frame_of
from bypuls.api.buildings.hours import Hours
from bypuls.api.buildings.meters import MediumDays, gaps_within
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.source import Days, Floats, Source
from bypuls.store.registry import Target


@dataclass(frozen=True, slots=True)
class Cost:
    """value : [DKK] or [kg CO₂]; None = unknown, for `reason`.  per_unit : mean price [DKK/kWh, DKK/m³] or factor
    [kg/kWh].  label : of CO₂ which gas and method."""

    value: float | None
    reason: Reason | None = None
    per_unit: float | None = None
    label: str | None = None


def price_days(source: Source, medium: str, days: Days) -> tuple[Floats, bool]:
    """(days,) the price in force [DKK per unit], NaN = none; whether it is per m³ (a change of unit counts as none)."""
    found = np.full(days.count, np.nan)
    rows = [row for row in source.directory.prices if row.medium == medium]
    per_m3 = bool(rows) and rows[-1].unit == "dkk_per_m3"
    for row in rows:
        inside = days.dates >= np.datetime64(row.valid_from, "D")
        if row.valid_to is not None:
            inside &= days.dates < np.datetime64(row.valid_to, "D")
        found[inside] = row.value if (row.unit == "dkk_per_m3") == per_m3 else np.nan
    return found, per_m3


def price_on(source: Source, medium: str, day: date) -> float | None:
    """The price of a kWh on a day [DKK/kWh]; None where none is registered, or it is per m³."""
    found, per_m3 = price_days(source, medium, Days(source.zone, day, day))
    return None if per_m3 or np.isnan(found[0]) else float(found[0])


def cost_of(source: Source, found: MediumDays, rows: slice) -> Cost:
    """What was measured in the days of `rows` cost, gaps of known total included."""
    days = found.days
    prices, per_m3 = price_days(source, found.medium, days)
    amounts = found.volume_m3 if per_m3 and found.medium != "water" else found.use
    known = np.isfinite(amounts[rows])
    missing = known & np.isnan(prices[rows])
    if missing.any() or (not known.any() and np.isnan(prices[rows]).all()):
        day = days.dates[rows][int(np.argmax(missing))].astype(object)
        return Cost(None, Reason("no-price", {"medium": found.medium, "day": day}))
    if per_m3 and not known.any():
        return Cost(None, Reason("no-volume", {"medium": found.medium}))
    spent = float((amounts[rows] * prices[rows])[known].sum())
    total = float(amounts[rows][known].sum())
    for meter in found.meters:
        whole, seconds = gaps_within(meter, rows)
        if not seconds or (per_m3 and found.medium != "water"):
            continue
        ends = np.flatnonzero(np.isfinite(meter.gap[rows]))
        for end in ends.tolist():
            began = max(0, end - int(meter.gap_s[rows][end] // 86_400) - 1)
            over = prices[rows][began : end + 1]
            if np.isnan(over).any() or np.ptp(over) > 0.0:
                return Cost(None, Reason("gap-spans-prices", {"day": days.dates[rows][end].astype(object)}))
        spent += meter.sign * whole * float(prices[rows][ends[-1]])
        total += meter.sign * whole
    return Cost(spent, None, spent / total if total > 0.0 else None)


def target_of(source: Source, building: str) -> Target | None:
    """The target by whose gas and method a building is counted: its own, else the organisation's, else the area's."""
    rank = {"building": 0, "organisation": 1, "geography": 2}
    fitting = [
        target
        for target in source.directory.targets.values()
        if target.kind in rank and (target.kind != "building" or target.scope == building)
    ]
    return min(fitting, key=lambda one: (rank[one.kind], one.id), default=None)


def co2_of(source: Source, building: str, medium: str, hours: Hours, book: FactorBook) -> Cost:
    """What the measured hours of energy emitted, each by its own factor: location-based, in the gas and by the method
    of the target that the building belongs to, as its accounts are made."""
    target = target_of(source, building)
    if target is None:
        return Cost(None, Reason("no-target"))
    known = np.isfinite(hours.use)
    if not known.any():
        return Cost(None, Reason("nothing-measured", {"medium": medium}))
    wish = Wish("location", target.gas, target.method)
    local_year = np.array([date.fromordinal(int(day)).year for day in np.unique(hours.day)])
    kg, methods = 0.0, set()
    for year in np.unique(local_year).tolist():
        frame = frame_of(year, source.zone)
        mine = known & (hours.start_us >= frame.start_us) & (hours.start_us < frame.end_us)
        if not mine.any():
            continue
        found = book.find(wish, medium, "kWh", frame)
        if not isinstance(found, FactorUse):
            return Cost(None, Reason("no-factor", {"detail": str(found)}))
        at = (hours.start_us[mine] - frame.start_us) // (frame.step_s * 1_000_000)
        factors = found.kg_per_unit[at]
        if np.isnan(factors).any():
            missing = {"n": int(np.isnan(factors).sum()), "medium": medium, "year": year}
            return Cost(None, Reason("factor-hours", missing))
        kg += float((hours.use[mine] * factors).sum())
        methods.add(found.method)
    kwh = float(hours.use[known].sum())
    return Cost(kg, None, kg / kwh if kwh > 0.0 else None, f"{target.gas}, {', '.join(sorted(methods))}")
