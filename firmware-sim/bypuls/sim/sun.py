"""Where the sun stands, for whole arrays at once; the lamps, the sky's light and the solar roofs follow it."""

from __future__ import annotations

import numpy as np

from bypuls.sim.draws import FloatArray

LATITUDE_DEG, LONGITUDE_DEG = 55.7317, 12.3633  # the middle of the town
_J2000_S = 946_728_000.0  # 2000-01-01 12:00 UTC


def elevation_deg(
    t_s: FloatArray, latitude_deg: float = LATITUDE_DEG, longitude_deg: float = LONGITUDE_DEG
) -> FloatArray:
    """Height of the sun's centre above the horizon [°], without refraction.

    t_s : (n,) [s since 1970, UTC].  Good to 0.02° from 1950 to 2100.
    Source: J. Meeus, Astronomical Algorithms, 2nd ed., ch. 25 (low accuracy), as in NOAA's solar calculator.
    """
    century = (np.asarray(t_s, np.float64) - _J2000_S) / (86_400.0 * 36_525.0)
    mean_longitude = 280.46646 + century * (36_000.76983 + century * 0.0003032)
    anomaly = np.radians(357.52911 + century * (35_999.05029 - 0.0001537 * century))
    centre = (
        np.sin(anomaly) * (1.914602 - century * (0.004817 + 0.000014 * century))
        + np.sin(2 * anomaly) * (0.019993 - 0.000101 * century)
        + np.sin(3 * anomaly) * 0.000289
    )
    node = np.radians(125.04 - 1934.136 * century)
    apparent = np.radians(mean_longitude + centre - 0.00569 - 0.00478 * np.sin(node))
    tilt = np.radians(23.439291 - century * 0.0130042 + 0.00256 * np.cos(node))
    declination = np.arcsin(np.sin(tilt) * np.sin(apparent))
    ascension = np.arctan2(np.cos(tilt) * np.sin(apparent), np.cos(apparent))
    sidereal_deg = 280.46061837 + 360.98564736629 * (century * 36_525.0)
    hour_angle = np.radians(sidereal_deg + longitude_deg) - ascension
    latitude = np.radians(latitude_deg)
    sine = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    height: FloatArray = np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))
    return height
