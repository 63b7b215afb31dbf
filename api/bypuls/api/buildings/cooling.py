"""How far a building cools its district heating water, and what poor cooling costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from bypuls.analysis.energy.district_heating import KWH_PER_M3_K, cooling_from_energy, cooling_from_registers
from bypuls.api.buildings.eui import months_of
from bypuls.api.buildings.meters import MediumDays
from bypuls.api.buildings.money import price_days
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.source import Floats, Source

REQUIRED_K = 30.0
"""Cooling that Danish utilities commonly ask for [K]; a setting of the API."""
SHARE_PER_K = 0.01
"""What commonly is added to the heat's price for each kelvin less (motivationstarif), as a share; a setting."""
_ALL = 0.99


@dataclass(frozen=True, slots=True)
class CoolingMonth:
    """first : the month's first day among the period's.  cooling_k : None = unknown."""

    first: date
    cooling_k: float | None
    flow_c: float | None
    return_c: float | None
    heat_kwh: float | None
    volume_m3: float | None


@dataclass(frozen=True, slots=True)
class Cooling:
    """Of a period. basis : 'registers' (E8, E9) or 'energy' (kWh/m³).  excess_m3 : water beyond what `required_k` would
    have needed; below 0 = less.  cost_dkk : what the tariff adds for it; None = unknown, for `cost_reason`.
    days : on which everything is measured."""

    basis: str | None
    cooling_k: float | None
    from_energy_k: float | None
    flow_c: float | None
    return_c: float | None
    required_k: float
    share_per_k: float
    excess_m3: float | None
    cost_dkk: float | None
    cost_reason: Reason | None
    days: int
    months: tuple[CoolingMonth, ...]
    reason: Reason | None

    @property
    def poor(self) -> bool:
        """Whether it is known to be less than required."""
        return self.cooling_k is not None and self.cooling_k < self.required_k


def cooling_of(
    source: Source, heat: MediumDays, first: date, last: date, *, required_k: float, share_per_k: float
) -> Cooling:
    """The cooling of the days first … last, from days whose heat and volume are measured whole."""
    rows = heat.days.within(first, last)
    part = _sums(heat, rows)
    months = []
    for begin, end in months_of(first, last):
        one = _sums(heat, heat.days.within(begin, end))
        cooled = one.registers or (None, None, None)
        months.append(
            CoolingMonth(
                begin, cooled[2] if one.registers else one.from_energy_k, cooled[0], cooled[1], one.kwh, one.volume_m3
            )
        )
    flow, back, by_registers = part.registers or (None, None, None)
    cooling = by_registers if part.registers else part.from_energy_k
    reason = None
    if cooling is None:
        reason = Reason("no-flow") if part.volume_m3 == 0.0 else Reason("no-heat-volume")
    excess = None
    if part.kwh is not None and part.volume_m3 is not None:
        excess = part.volume_m3 - part.kwh / (KWH_PER_M3_K * required_k)
    cost, why = _cost(source, heat, rows, cooling, required_k, share_per_k)
    basis = "registers" if part.registers else "energy" if cooling is not None else None
    return Cooling(
        basis, cooling, part.from_energy_k, flow, back, required_k, share_per_k, excess, cost, reason or why,
        part.days, tuple(months), reason,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Sums:
    kwh: float | None
    volume_m3: float | None
    from_energy_k: float | None
    registers: tuple[float, float, float] | None
    days: int


def _sums(heat: MediumDays, rows: slice) -> _Sums:
    """Of days on which every meter's heat and volume are measured whole; E8 and E9 likewise."""
    kwh = volume = e8 = e9 = registers_m3 = 0.0
    days = np.zeros(heat.days.count, dtype=np.bool_)[rows]
    with_registers = False
    for meter in heat.meters:
        asked = meter.asked_s[rows]
        there = asked > 0.0
        both = there & _whole(meter.covered_s[rows], asked) & _whole(meter.volume_covered_s[rows], asked)
        both &= np.isfinite(meter.use[rows]) & np.isfinite(meter.volume_m3[rows])
        kwh += meter.sign * float(meter.use[rows][both].sum())
        volume += meter.sign * float(meter.volume_m3[rows][both].sum())
        told = both & _whole(meter.registers_covered_s[rows], asked)
        with_registers |= bool(told.any())
        e8 += meter.sign * float(meter.e8[rows][told].sum())
        e9 += meter.sign * float(meter.e9[rows][told].sum())
        registers_m3 += meter.sign * float(meter.volume_m3[rows][told].sum())
        days |= both
    if not days.any():
        return _Sums(None, None, None, None, 0)
    registers = None
    if with_registers and registers_m3 > 0.0 and min(e8, e9) >= 0.0:
        cooled = cooling_from_registers(registers_m3, e8, e9)
        registers = None if cooled is None else (cooled.flow_c, cooled.return_c, cooled.cooling_k)
    from_energy = cooling_from_energy(kwh, volume) if kwh >= 0.0 and volume > 0.0 else None
    return _Sums(kwh, volume, from_energy, registers, int(days.sum()))


def _whole(covered_s: Floats, asked_s: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    whole: np.ndarray[tuple[int], np.dtype[np.bool_]] = covered_s >= _ALL * asked_s
    return whole


def _cost(
    source: Source, heat: MediumDays, rows: slice, cooling_k: float | None, required_k: float, share_per_k: float
) -> tuple[float | None, Reason | None]:
    if cooling_k is None:
        return None, None
    lack_k = required_k - cooling_k
    if lack_k <= 0.0:
        return 0.0, None
    prices, per_m3 = price_days(source, "heat", heat.days)
    amounts = heat.volume_m3 if per_m3 else heat.use
    known = np.isfinite(amounts[rows])
    missing = known & np.isnan(prices[rows])
    if missing.any():
        day = heat.days.dates[rows][int(np.argmax(missing))].astype(object)
        return None, Reason("no-price", {"medium": "heat", "day": day})
    return float((amounts[rows] * prices[rows])[known].sum()) * share_per_k * lack_k, None
