"""Speeds by light level, on streets that have both lamps and a traffic sensor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LightEffect:
    """Speeds at a light level against those at the highest, within the same clock hour and type of day [km/h].

    mean_kmh, reference_mean_kmh, v85_kmh, reference_v85_kmh : in the common mix of hours; None in an open class.
    …_change_kmh with _low_ and _high_ : lower level less the highest, 95 % interval of whole nights.
    hours : clock hours by type of day that both levels share.  nights, vehicles : of each level.
    """

    level_pct: float
    reference_pct: float
    mean_kmh: float
    reference_mean_kmh: float
    mean_change_kmh: float | None
    mean_low_kmh: float | None
    mean_high_kmh: float | None
    v85_kmh: float | None
    reference_v85_kmh: float | None
    v85_change_kmh: float | None
    v85_low_kmh: float | None
    v85_high_kmh: float | None
    hours: int
    nights: int
    reference_nights: int
    vehicles: float
    reference_vehicles: float


@dataclass(frozen=True, slots=True)
class LightAndSpeed:
    """lamps : that report here.  rows : stretches of darkness with both light and vehicles in free flow.
    levels_pct : those that were seen, rising.  why : why there is no effect; None where there are some."""

    lamps: int
    rows: int
    levels_pct: tuple[float, ...]
    why: str | None
    effects: tuple[LightEffect, ...]
