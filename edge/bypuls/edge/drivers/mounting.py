"""How a radar is mounted, and the correction that follows: a Doppler radar sees only the speed along its beam."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mounting:
    """Angles between beam and direction of travel: `azimuth_deg` to the side, `elevation_deg` down [°, 0…60]."""

    azimuth_deg: float = 0.0
    elevation_deg: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("azimuth_deg", self.azimuth_deg), ("elevation_deg", self.elevation_deg)):
            # Beyond 60° a degree of error in mounting costs more than 3 % of speed: no place for a survey.
            if not 0 <= value <= 60:
                raise ValueError(f"{name}: {value!r} — expected 0…60 °")

    def correct_kmh(self, raw_kmh: float) -> float:
        """The speed along the road [km/h]: v = raw / (cos azimuth · cos elevation). Applied once.

        Source: the cosine effect of Doppler radar (measured = true · cos of the angle, one factor per plane;
        10° → 1.5 % too low, 30° → 13.4 %), as explained at copradar.com, chapter 2.1.
        """
        return raw_kmh / (math.cos(math.radians(self.azimuth_deg)) * math.cos(math.radians(self.elevation_deg)))
