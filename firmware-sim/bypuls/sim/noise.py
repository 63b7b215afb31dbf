"""Noise of street lighting's measurements, as `docs/reference/lighting-noise.md` fixes it, for whole arrays at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bypuls.sim.draws import FloatArray, IntArray
from bypuls.sim.lighting import SWITCHING_ELEVATION_DEG
from bypuls.sim.local_time import local_quarters
from bypuls.sim.sun import elevation_deg

QUARTERS = 96
QUARTER_US = 900_000_000
NOMINAL_V = 230.0
VOLTAGE_SIGMA = 0.015
VOLTAGE_HOURS = 3.0
"""In which the voltage forgets where it was."""
VOLTMETER_SIGMA = 0.002
HPS_EXPONENT = 1.6
LED_PER_K = -0.001
"""Of an LED's power: it falls a little as the night gets warmer. Zero at 10 °C."""
LAMP_SIGMA = 0.005
"""Of one lamp's power from reading to reading, beside voltage and temperature."""
LOST = 0.02
DIMMED_PCT = 50.0
_DIMMED_FROM, _DIMMED_TO = 88, 24  # quarters of the local day: 22:00 to 06:00


@dataclass(frozen=True, slots=True, eq=False)
class Clockwork:
    """What all lamps follow, over quarters of an hour (q,). t_us : [µs UTC].  burning : by the sun.
    level_pct : of lamps that dim.  night : index of the night that began last, by civil dusk; −1 before.
    dusk_us, dawn_us : (nights,) of civil twilight."""

    t_us: IntArray
    burning: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    level_pct: FloatArray
    night: IntArray
    dusk_us: IntArray
    dawn_us: IntArray


def clockwork(first_day: int, days: int) -> Clockwork:
    """Sun and dimming from noon UTC of `first_day` [days since 1970] on, for `days` days."""
    first = first_day * QUARTERS + QUARTERS // 2
    quarter = np.arange(first, first + days * QUARTERS)
    height = elevation_deg(quarter.astype(np.float64) * 900.0)
    clock = local_quarters(first, first + days * QUARTERS).quarter
    dimmed = (clock >= _DIMMED_FROM) | (clock < _DIMMED_TO)
    dusk, dawn = _civil(first_day, days)
    t_us = quarter * QUARTER_US
    return Clockwork(
        t_us,
        height < SWITCHING_ELEVATION_DEG,
        np.where(dimmed, DIMMED_PCT, 100.0),
        np.searchsorted(dusk, t_us, "right") - 1,
        dusk,
        dawn,
    )


def _civil(first_day: int, days: int) -> tuple[IntArray, IntArray]:
    """Civil dusk and dawn of each night, to a few seconds, from the sun's height minute by minute."""
    minute = np.arange(days * 1440 + 1, dtype=np.float64) * 60.0 + first_day * 86_400.0 + 43_200.0
    height = elevation_deg(minute) + 6.0
    turns = np.flatnonzero(height[:-1] * height[1:] < 0.0)
    moment = minute[turns] + 60.0 * height[turns] / (height[turns] - height[turns + 1])
    us = np.rint(moment * 1e6).astype(np.int64)
    return us[0::2], us[1::2]


def drifting(rng: np.random.Generator, steps: int, width: int, *, sigma: float, hours: float) -> FloatArray:
    """(steps, width) of an AR(1) process by quarters with standard deviation `sigma`."""
    keep = float(np.exp(-0.25 / hours))
    shocks = rng.standard_normal((steps, width)) * sigma * np.sqrt(1.0 - keep**2)
    found = np.empty((steps, width))
    now = rng.standard_normal(width) * sigma
    for at in range(steps):
        now = keep * now + shocks[at]
        found[at] = now
    return found


def air_temperature_c(rng: np.random.Generator, t_us: IntArray) -> FloatArray:
    """(q,) outdoor temperature: the year, the day, and weather that lasts for days (σ 3 K)."""
    day = t_us / 86_400e6
    year = 8.5 - 8.5 * np.cos(2.0 * np.pi * (day - 20.0) / 365.2425)
    clock = -3.0 * np.cos(2.0 * np.pi * (day - 2.0 / 24.0))
    weather: FloatArray = drifting(rng, t_us.size, 1, sigma=3.0, hours=72.0)[:, 0]
    return year + clock + weather
