"""Estimated effects of a change of speed: injuries and noise. Estimates from models of others, never measurements, and
shown with the model, its source and its own uncertainty. CO₂ isn't among them: emission functions need the speed of
trips, not of a spot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bypuls.analysis.errors import BadInput


@dataclass(frozen=True, slots=True)
class PowerModel:
    """Accidents after / before = (mean speed after / before) ** exponent.

    low, high : 95 % interval of the exponent."""

    name: str
    exponent: float
    low: float
    high: float


POWER_MODEL = "elvik_2009_urban_residential"
POWER_SOURCE = (
    "Elvik 2009, The Power Model of the relationship between speed and road safety, TØI report 1034/2009, "
    "table S1, urban and residential roads"
)
INJURY_ACCIDENTS = PowerModel("injury_accidents", 1.2, 0.7, 1.7)
FATAL_ACCIDENTS = PowerModel("fatal_accidents", 2.6, 0.3, 4.9)

NOISE_MODEL = "nord2000_speed_steps"
NOISE_SOURCE = "Miljøstyrelsen, Arbejdsrapport nr. 1, 2010: change of Lden per 10 km/h, computed with Nord2000"
NOISE_NODES_KMH = (30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0)
NOISE_STEPS_DB = (0.7, 1.2, 1.5, 1.4, 1.4, 1.3, 0.9, 0.9, 0.9, 0.9)  # from each node to the next


@dataclass(frozen=True, slots=True)
class RelativeChange:
    """Relative change (share, −0.1 = 10 % fewer), and its range over the exponent's 95 % interval."""

    value: float
    low: float
    high: float


def accidents(before_kmh: float, after_kmh: float, model: PowerModel) -> RelativeChange:
    """Estimated relative change of accidents with the mean speed [km/h] before and after.

    Raises BadInput.  Source: `POWER_SOURCE`."""
    if not (0.0 < before_kmh < np.inf and 0.0 < after_kmh < np.inf):
        raise BadInput(f"mean speed: {before_kmh}, {after_kmh}; expected > 0 and finite")
    ratio = after_kmh / before_kmh
    ends = sorted(ratio**exponent - 1.0 for exponent in (model.low, model.high))
    return RelativeChange(ratio**model.exponent - 1.0, ends[0], ends[1])


def noise_change_db(before_kmh: float, after_kmh: float) -> float | None:
    """Estimated change of Lden [dB] with the speed [km/h] before and after, linear between the steps of the table; the
    mix of traffic stays as it is. 50 → 40 is −1.2 dB. None outside 30 … 130 km/h.

    Source: `NOISE_SOURCE`."""
    if not all(NOISE_NODES_KMH[0] <= v <= NOISE_NODES_KMH[-1] for v in (before_kmh, after_kmh)):
        return None
    level = np.concatenate(([0.0], np.cumsum(NOISE_STEPS_DB)))
    before, after = np.interp([before_kmh, after_kmh], NOISE_NODES_KMH, level)
    return float(after - before)
