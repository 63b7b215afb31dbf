"""The town's weather: a seasonal and a daily wave with noise that remembers, the same for an hour whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bypuls.sim.draws import FloatArray, hour_normals, rounded
from bypuls.sim.sun import elevation_deg

# Copenhagen 1991–2020: year's mean 9.1 °C, warmest late in July, January near 1.5 °C (dmi.dk, climate normals).
_MEAN_C, _SEASON_C, _WARMEST_DAY = 9.1, 8.5, 205.0
_LUX_PER_WM2 = 110.0  # luminous efficacy of daylight, between a clear and an overcast sky [lm/W]


@dataclass(frozen=True, slots=True)
class WeatherQuarters:
    """Weather of a range of quarters; parallel arrays."""

    temp_c: FloatArray
    irradiance_wm2: FloatArray
    ambient_lux: FloatArray


class Weather:
    """The weather of the town of `seed`."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._quarters = lru_cache(maxsize=8)(self._compute)

    def quarters(self, first: int, last: int) -> WeatherQuarters:
        """The weather at the middle of the quarters first ≤ q < last [quarters since 1970]."""
        return self._quarters(first, last)

    def _compute(self, first: int, last: int) -> WeatherQuarters:
        hours = np.arange(first // 4, last // 4 + 2, dtype=np.float64)
        middle_h = (np.arange(first, last, dtype=np.float64) + 0.5) / 4.0
        temp = np.interp(middle_h, hours, self._temp_by_hour(hours))
        cloud = np.interp(middle_h, hours, self._cloud_by_hour(hours))
        height = elevation_deg(middle_h * 3600.0)
        sine = np.maximum(np.sin(np.radians(height)), 1e-3)
        # Clear sky after Haurwitz 1945, clouds after Kasten & Czeplak 1980.
        irradiance = np.where(height > 0.0, 1098.0 * sine * np.exp(-0.057 / sine), 0.0) * (1.0 - 0.75 * cloud**3.4)
        twilight = 400.0 * np.exp(np.minimum(height, 0.0) * 1.2) * (1.0 - 0.6 * cloud)
        lux = np.maximum(irradiance * _LUX_PER_WM2, np.where(height > -12.0, twilight, 0.0))
        return WeatherQuarters(rounded(temp, 2), rounded(irradiance, 1), rounded(lux, 1))

    def _temp_by_hour(self, hours: FloatArray) -> FloatArray:
        season = np.cos(2.0 * np.pi * (hours / 24.0 % 365.2425 - _WARMEST_DAY) / 365.2425)
        solar_hour = (hours + 0.824) % 24.0  # the sun is 49 minutes ahead of UTC here
        daily = (2.6 + 1.9 * season) * np.cos(2.0 * np.pi * (solar_hour - 14.5) / 24.0)
        slow = self._remembering("temp-slow", hours, 0.985)
        fast = self._remembering("temp-fast", hours, 0.8)
        values: FloatArray = _MEAN_C + _SEASON_C * season + daily + 3.0 * slow + 0.5 * fast
        return values

    def _cloud_by_hour(self, hours: FloatArray) -> FloatArray:
        cover: FloatArray = 1.0 / (1.0 + np.exp(-0.7 - 1.9 * self._remembering("cloud", hours, 0.94)))
        return cover

    def _remembering(self, name: str, hours: FloatArray, memory: float) -> FloatArray:
        """AR(1) noise of unit variance: the weighted sum of the past hours' shocks, cut where the weight is 0.1 %."""
        length = int(np.ceil(np.log(1e-3) / np.log(memory)))
        first, last = int(hours[0]), int(hours[-1]) + 1
        shocks = hour_normals(self._seed, f"weather-{name}", first - length, last)
        weights = memory ** np.arange(length + 1) * np.sqrt(1.0 - memory**2)
        noise: FloatArray = np.convolve(shocks, weights, mode="valid")
        return noise
