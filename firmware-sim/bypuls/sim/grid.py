"""The grid that the town is connected to: how much its electricity emits, hour by hour. Invented, near Danish
magnitudes; wind that comes and goes, more in the evening than at noon, less every year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from bypuls.sim.draws import FloatArray, IntArray, hour_normals

FACTOR_SET, AREA, METHOD, VERSION = "simulated-town", "DK2", "invented", "1"
SOURCE = "simuleret by: opfundet til demonstration"
FACTORS = {"electricity": (0.120, 0.012), "heat": (0.055, 0.004)}
"""kg CO₂ per kWh in the town's first year, and by how much it falls each year."""
FORECAST_H = 36
_HOUR_US = 3_600_000_000
_MEMORY = 0.985
_LEAST = 0.1


def yearly_factor(carrier: str, years_on: float) -> float:
    """The factor [kg/kWh] so many years after the town's first."""
    first, fall = FACTORS[carrier]
    return max(first - fall * years_on, 0.1 * first)


def intensity_g_per_kwh(seed: int, begins: int, first: int, last: int) -> FloatArray:
    """Emission of electricity in the hours first ≤ h < last [hours since 1970].  begins : the town's first year."""
    hours = np.arange(first, last)
    length = int(np.ceil(np.log(1e-3) / np.log(_MEMORY)))
    shocks = hour_normals(seed, "grid-wind", first - length, last)
    weights = _MEMORY ** np.arange(length + 1) * np.sqrt(1.0 - _MEMORY**2)
    calm: FloatArray = np.convolve(shocks, weights, mode="valid")
    daily = 0.18 * np.cos(2.0 * np.pi * (hours % 24 - 18.0) / 24.0)
    year = 1970.0 + hours / (24.0 * 365.2425)
    base = np.array([yearly_factor("electricity", one - begins) for one in np.floor(year)])
    shown: FloatArray = np.round(1000.0 * base * np.maximum(1.0 + 0.45 * calm + daily, _LEAST), 3)
    return shown


def hourly_factors(seed: int, begins: int, first_year: int, last_year: int) -> tuple[IntArray, FloatArray]:
    """Hours [µs UTC] and factors [g/kWh] of the Danish calendar years first … last."""
    start, end = (
        int((datetime(year - 1, 12, 31, 23, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) // 3600
        for year in (first_year, last_year + 1)
    )
    return np.arange(start, end, dtype=np.int64) * _HOUR_US, intensity_g_per_kwh(seed, begins, start, end)


def forecast(seed: int, begins: int, now: datetime) -> tuple[IntArray, FloatArray]:
    """The coming hours [µs UTC] and their emission [g/kWh], in steps of five minutes from the last whole hour on."""
    start = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    first = int((start - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(hours=1))
    steps = np.arange(FORECAST_H * 12, dtype=np.int64)
    hours = np.arange(first, first + FORECAST_H + 1)
    values = intensity_g_per_kwh(seed, begins, first, first + FORECAST_H + 1)
    t_us = first * _HOUR_US + steps * (_HOUR_US // 12)
    shown: FloatArray = np.round(np.interp(t_us / _HOUR_US, hours, values), 1)
    return t_us, shown
