"""Radar: from Doppler shift to speed, and what the mounting's angle does to it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import FloatArray
from bypuls.analysis.errors import BadInput

LIGHT_MS = 299_792_458.0  # speed of light in vacuum [m/s], exact (SI)
KMH_PER_MS = 3.6


def doppler_speed_kmh(shift_hz: float, carrier_hz: float, angle_deg: float = 0.0) -> float:
    """Speed [km/h] behind a Doppler shift: v = fd · c / (2 · f0 · cos θ).

    shift_hz : fd [Hz].  carrier_hz : f0 [Hz], > 0.  angle_deg : θ [°] between beam and road, 0 … 89.
    Raises BadInput.  Source: OmniPreSense AN-010; USGS surface-velocity radar."""
    if not 0.0 < carrier_hz < np.inf:
        raise BadInput(f"carrier_hz: {carrier_hz}; expected > 0 and finite")
    return shift_hz * LIGHT_MS / (2.0 * carrier_hz * _cosine("angle_deg", angle_deg)) * KMH_PER_MS


def doppler_shift_hz_per_kmh(carrier_hz: float) -> float:
    """Doppler shift of 1 km/h straight towards the radar [Hz per km/h].  Raises BadInput."""
    return 1.0 / doppler_speed_kmh(1.0, carrier_hz)


def cosine_corrected(measured_kmh: npt.ArrayLike, azimuth_deg: float, elevation_deg: float = 0.0) -> FloatArray:
    """True speeds [km/h] of measured ones: v / (cos azimuth · cos elevation). To be applied once.

    azimuth_deg, elevation_deg : [°] between beam and driving direction, sideways and upwards, 0 … 89.
    Raises BadInput."""
    factor = _cosine("azimuth_deg", azimuth_deg) * _cosine("elevation_deg", elevation_deg)
    true: FloatArray = np.asarray(measured_kmh, dtype=np.float64) / factor
    return true


def calibration_uncertainty(angle_deg: float, angle_uncertainty_deg: float) -> float:
    """Relative uncertainty of a cosine-corrected speed from the mounting angle: tan θ · Δθ, as a share.

    20° ± 2° → 0.0127.  angle_deg : θ [°], 0 … 89.  angle_uncertainty_deg : Δθ [°], ≥ 0.  Raises BadInput."""
    _cosine("angle_deg", angle_deg)
    if not 0.0 <= angle_uncertainty_deg <= 45.0:
        raise BadInput(f"angle_uncertainty_deg: {angle_uncertainty_deg}; expected 0 … 45°")
    return float(np.tan(np.radians(angle_deg)) * np.radians(angle_uncertainty_deg))


def _cosine(name: str, angle_deg: float) -> float:
    if not 0.0 <= angle_deg <= 89.0:
        raise BadInput(f"{name}: {angle_deg}; expected 0 … 89°")
    return float(np.cos(np.radians(angle_deg)))
