"""Solar power: what the roof made, what the building used of it itself, what went to the grid. Never netted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bypuls.api.buildings.meters import MediumDays, MeterDays
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.source import Floats

_NOISE = 0.01  # of what is taken: a meter of a load that gives back so little makes no power


@dataclass(frozen=True, slots=True)
class Solar:
    """(days,) [kWh], NaN = unknown. made_kwh, own_use_kwh : None = production is not metered, for `reason`.
    meters : those of the production."""

    meters: tuple[str, ...]
    exported_kwh: Floats
    made_kwh: Floats | None
    own_use_kwh: Floats | None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class SolarAmounts:
    """Of a period [kWh]; None = unknown, for `reason`. days : on which both sides are known."""

    exported_kwh: float | None
    made_kwh: float | None
    own_use_kwh: float | None
    self_sufficiency: float | None
    days: int
    meters: tuple[str, ...]
    reason: Reason | None


def is_production(meter: MeterDays) -> bool:
    """Whether a meter behind another one is that of a generator: it delivers more than it takes."""
    made = np.nansum(meter.export_kwh)
    return bool(made > 0.0 and made > np.nansum(meter.use))


def solar_of(electricity: MediumDays, children: Sequence[MeterDays]) -> Solar | None:
    """The solar power of a building; None where nothing tells of any. children : the meters behind those that count."""
    makers = [meter for meter in children if is_production(meter)]
    exported = electricity.export_kwh
    delivers = np.nansum(exported) > _NOISE * np.nansum(electricity.use)
    if not makers and not delivers:
        return None
    if not makers:
        return Solar((), exported, None, None, Reason("no-solar-meter"))
    whole = np.ones(electricity.days.count, dtype=np.bool_)
    made = np.zeros(electricity.days.count)
    for meter in makers:
        whole &= np.isfinite(meter.export_kwh)
        made += np.nan_to_num(meter.export_kwh)
    made = np.where(whole, made, np.nan)
    # Two meters read at different seconds: a day's own use may come out a trifle below 0.
    own = np.maximum(made - np.nan_to_num(exported), 0.0)
    own = np.where(np.isfinite(electricity.use), own, np.nan)
    return Solar(tuple(meter.sensor.id for meter in makers), exported, made, own)


def solar_amounts(solar: Solar, electricity: MediumDays, rows: slice) -> SolarAmounts:
    """The days of `rows` together; own use from days on which production and exchange are both known."""
    exported = _sum(solar.exported_kwh[rows])
    if solar.made_kwh is None or solar.own_use_kwh is None:
        return SolarAmounts(exported, None, None, None, 0, solar.meters, solar.reason)
    own, made, bought = solar.own_use_kwh[rows], solar.made_kwh[rows], electricity.use[rows]
    both = np.isfinite(own) & np.isfinite(bought)
    used = float(own[both].sum() + bought[both].sum())
    share = float(own[both].sum()) / used if used > 0.0 else None
    return SolarAmounts(exported, _sum(made), _sum(own), share, int(both.sum()), solar.meters, None)


def _sum(column: Floats) -> float | None:
    known = column[np.isfinite(column)]
    return float(known.sum()) if known.size else None
