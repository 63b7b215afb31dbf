"""Whether a cabinet's lamps switch by the sun that is told for them: with a wrong place, zone or clock they don't, and
what is called night and day isn't."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray
from bypuls.analysis.lighting.findings import Finding
from bypuls.analysis.lighting.series_rules import CORE_S

FAR_S = 2700
"""Further from civil twilight than cabinets switch as a rule."""
MOST_SURE = 0.5
"""Confidence at most of a fault while the sun doesn't fit: as likely as not."""
_LIT, _LEAST_KNOWN, _AROUND = 0.15, 0.75, 15
_DAY_US, _US = 86_400_000_000, 1_000_000
_BY_THE_SUN = ("supplyLoss", "lampUnexpectedOn")


def nights_that_fit(
    at: IntArray, above: FloatArray, full: float, on_us: FloatArray, off_us: FloatArray, dusk_us: IntArray,
    dawn_us: IntArray,
) -> BoolArray:  # fmt: skip
    """(m,) whether the sun fits in and around each night: the lamps go on near dusk, or off near dawn, within the
    hour and a quarter that a cabinet's clock may be wrong by without a fault being made up. Where they do both within
    `FAR_S` in most nights of the file, place and zone are right, and other nights are the cabinet's doing.

    at : (n,) [µs UTC].  above : (n,) the lamps' power [W], of which `full` is all.  on_us, off_us : (m,) when they
    switched near dusk_us, dawn_us, NaN = not there. Nights around which lamps aren't both lit and unlit tell
    nothing: they are as those around them."""
    tell = np.zeros(dusk_us.size, dtype=np.bool_)
    step_us = int(np.median(np.diff(at)))
    for number, middle in enumerate(((dusk_us + dawn_us) // 2).tolist()):
        a, b = np.searchsorted(at, (middle - _DAY_US // 2, middle + _DAY_US // 2))
        around = above[a:b][np.isfinite(above[a:b])]
        lit = around > _LIT * full
        tell[number] = around.size * step_us >= _LEAST_KNOWN * _DAY_US and bool(lit.any() and not lit.all())
    away = np.abs(np.stack((on_us - dusk_us, off_us - dawn_us)))[:, tell]
    with np.errstate(invalid="ignore"):
        close, near = (away <= FAR_S * _US).all(axis=0), (away <= CORE_S * _US).astype(np.float64)
    if not tell.any() or close.mean() >= 0.5:
        return np.ones(dusk_us.size, dtype=np.bool_)
    width = min(_AROUND, near.shape[1])
    shares = np.lib.stride_tricks.sliding_window_view(near, width, axis=1).mean(axis=-1).max(axis=0)
    place = np.searchsorted(np.flatnonzero(tell), np.arange(dusk_us.size)) - width // 2
    fits: BoolArray = shares[np.clip(place, 0, shares.size - 1)] >= 0.5
    fits[tell] &= near.any(axis=0)
    return fits


def told_unsure(findings: tuple[Finding, ...], fits: BoolArray, dusk_us: IntArray) -> tuple[tuple[Finding, ...], int]:
    """The findings, none surer than `MOST_SURE` in nights that don't fit; and how many were withheld there: no supply
    and lamps lit by day for less than a day, which a wrong sun makes of every night."""
    kept, withheld = [], 0
    for one in findings:
        first = max(0, int(np.searchsorted(dusk_us, one.from_us, "right")) - 1)
        end = dusk_us.size if one.to_us is None else int(np.searchsorted(dusk_us, one.to_us))
        if fits[first : max(end, first + 1) + 1].mean() > 0.5:  # with the night that comes: a day lies between two
            kept.append(one)
        elif one.name in _BY_THE_SUN and one.to_us is not None and one.to_us - one.from_us < _DAY_US:
            withheld += 1
        else:
            sure = MOST_SURE if one.confidence is None else min(one.confidence, MOST_SURE)
            kept.append(replace(one, confidence=sure))
    return tuple(kept), withheld
