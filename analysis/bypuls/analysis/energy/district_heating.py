"""District heating: how far a building cools the water that it pays for.

Meters integrate volume × temperature in two registers, E8 (flow) and E9 (return) [m³·°C]; their differences over the
volume's are the volume-weighted temperatures, which a mean of readings would miss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bypuls.analysis.errors import BadInput

KWH_PER_M3_K = 1.163
"""Heat that 1 m³ of water gives per kelvin [kWh/(m³·K)]: 4.1868 MJ/(m³·K) / 3.6, the billing convention. Utilities that
show GJ/m³ · 242 differ from it by 1.3 %."""


@dataclass(frozen=True, slots=True)
class Cooling:
    """flow_c, return_c : [°C] volume-weighted.  cooling_k : [K] their difference."""

    flow_c: float
    return_c: float
    cooling_k: float


def cooling_from_energy(energy_kwh: float, volume_m3: float) -> float | None:
    """ΔT = kWh/(1.163·m³) [K]; None without a flow.

    energy_kwh : heat of the period.  volume_m3 : water of the same period.  Raises BadInput."""
    _check(energy_kwh=energy_kwh, volume_m3=volume_m3)
    return energy_kwh / (KWH_PER_M3_K * volume_m3) if volume_m3 > 0.0 else None


def cooling_from_registers(volume_m3: float, flow_m3c: float, return_m3c: float) -> Cooling | None:
    """Volume-weighted temperatures T = ΔE8/ΔV, ΔE9/ΔV; None without a flow.

    volume_m3 : ΔV.  flow_m3c, return_m3c : ΔE8, ΔE9 of the same period [m³·°C].  Raises BadInput.
    Source: Kamstrup, technical description of MULTICAL, registers E8 and E9; V 1,652.69, E8 55,703, E9 45,750 give
    33.70, 27.68 and 6.02."""
    _check(volume_m3=volume_m3, flow_m3c=flow_m3c, return_m3c=return_m3c)
    if not volume_m3 > 0.0:
        return None
    flow, back = flow_m3c / volume_m3, return_m3c / volume_m3
    return Cooling(flow, back, flow - back)


def _check(**amounts: float) -> None:
    for name, amount in amounts.items():
        if not 0.0 <= amount < np.inf:
            raise BadInput(f"{name}: {amount}; expected ≥ 0 and finite")
