"""What a report needs to know beside the observations; all of it goes into the bundle."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bypuls.analysis.free_flow import GAP_S, MIN_HEADWAY_S
from bypuls.analysis.speed import Method
from bypuls.analysis.traffic.expansion import Factor
from bypuls.analysis.traffic.verdict import Thresholds
from bypuls.api.reports.speed.model import Intervention, LightAndSpeed, Limit, Sensor, Site


@dataclass(frozen=True, slots=True)
class Expansion:
    """What makes a year of a short count (T → DT → UDT → ÅDT).

    traffic_type : a key of `analysis.traffic.volumes.STEP_TO_YEAR`.  factors : of that type, with dates and sources."""

    traffic_type: str
    factors: tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides the figures.

    start, end : the period that was surveyed, aware, end excluded; None = what the observations span.
    limits : posted limits by direction and date.
    country : whose public holidays count (`holidays` library), optionally with a subdivision: `DK`.
    percentile_method : of single speeds.  pace_width_kmh : a whole number of km/h.
    length_bounds_m : boundaries of length classes [m]; motor_from_m : motor vehicles are at least this long [m].
    tolerance_kmh : E of the least sample [km/h].
    light : speeds by light level, found from the lamps' readings, which the bundle doesn't hold.
    chosen_for_speed : the site was picked because it was fast, so its speeds would fall back without a measure.
    """

    site: Site
    limits: tuple[Limit, ...] = ()
    sensors: tuple[Sensor, ...] = ()
    surveyor: str | None = None
    timezone: str = "Europe/Copenhagen"
    start: datetime | None = None
    end: datetime | None = None
    country: str = "DK"
    thresholds: Thresholds = field(default_factory=Thresholds)
    percentile_method: Method = "linear"
    pace_width_kmh: float = 10.0
    min_headway_s: float = MIN_HEADWAY_S
    gap_s: float = GAP_S
    length_bounds_m: tuple[float, ...] = ()
    motor_from_m: float | None = None
    tolerance_kmh: float = 2.0
    expansion: Expansion | None = None
    intervention: Intervention | None = None
    chosen_for_speed: bool = True
    title: str | None = None
    light: LightAndSpeed | None = None
