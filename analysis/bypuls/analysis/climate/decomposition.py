"""Why an emission changed: what was done here, what the weather did, and what the factor did.

Per meter and carrier, never on totals: a change of fuel would look like a factor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bypuls.analysis.errors import BadInput


@dataclass(frozen=True, slots=True)
class Emitted:
    """One meter's year. activity : kWh, m³ or l.  factor : unweighted mean of the year's steps [kg per unit].
    emitted_kg : Σ activity × factor by the step [kg].
    at_normal_weather : the activity corrected for weather, None where it isn't known or has no meaning.
    Raises BadInput."""

    activity: float
    factor: float
    emitted_kg: float
    at_normal_weather: float | None = None

    def __post_init__(self) -> None:
        for name in ("activity", "factor", "emitted_kg", "at_normal_weather"):
            value = getattr(self, name)
            if value is not None and not np.isfinite(value):
                raise BadInput(f"{name}: {value}; expected a finite number")


@dataclass(frozen=True, slots=True)
class Decomposition:
    """change_kg = activity_kg + factor_kg + timing_kg, to the last digit. weather_kg + rest_kg = activity_kg; both None
    where a year's activity at normal weather isn't known."""

    change_kg: float
    activity_kg: float
    factor_kg: float
    timing_kg: float
    weather_kg: float | None
    rest_kg: float | None


def decompose(before: Emitted, after: Emitted) -> Decomposition:
    """ΔA·F̄ + ΔF·Ā + timing; a bar is the mean of both years. The timing effect is the exact residual: when within the
    year it was used. Test: 100 → 80 MWh at 0.2 → 0.1 t/MWh: −3 and −9 t.

    Source: the symmetric (Marshall–Edgeworth) form of index decomposition."""
    mean_factor = (before.factor + after.factor) / 2.0
    mean_activity = (before.activity + after.activity) / 2.0
    change = after.emitted_kg - before.emitted_kg
    activity = (after.activity - before.activity) * mean_factor
    factor = (after.factor - before.factor) * mean_activity
    weather = rest = None
    if before.at_normal_weather is not None and after.at_normal_weather is not None:
        rest = (after.at_normal_weather - before.at_normal_weather) * mean_factor
        weather = activity - rest
    return Decomposition(change, activity, factor, change - activity - factor, weather, rest)
