"""What shows in a cabinet's series moment by moment: no supply at night, lamps lit by day, a lamp that cycles."""

from __future__ import annotations

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray
from bypuls.analysis.lighting.findings import Finding

_US = 1_000_000
CORE_S = 4500
"""An hour, which a cabinet's clock may be wrong by, and a quarter for the switching itself."""
HOLD_S = 1800
_OUT, _PRIOR = 0.10, 0.001
_MEDIAN_EFFICIENCY = 0.37
"""Of a median of absolute deviations against a standard deviation. Source: Rousseeuw and Croux 1993."""


def confidence(strength: float, sigma_from: int | None = None) -> float:
    """Probability that something so many σ strong isn't noise, one in a thousand being faults to begin with.

    sigma_from : values whose differences' median σ was learned from: of few, σ may be small by chance, and the noise
    has Student's tails; None = σ is known."""
    half = strength**2 / 2.0
    if sigma_from is not None:
        freedom = max(1.0, _MEDIAN_EFFICIENCY * (sigma_from - 1))
        half = (freedom + 1.0) / 2.0 * float(np.log1p(strength**2 / freedom))
    odds = _PRIOR * float(np.exp(min(50.0, half)))
    return odds / (1.0 + odds)


def _spans(
    at: IntArray, mask: BoolArray, judged: BoolArray, period: BoolArray, interval_s: float
) -> list[tuple[int, int]]:
    """[from, to) of what holds for half an hour at least within one night or day (`period`). At its ends it has to hold
    for more than an hour: less is a clock that is wrong. What isn't judged between them doesn't end it; a judged moment
    where it doesn't hold does."""
    order = np.flatnonzero(judged)
    if not order.size:
        return []
    step_us, inner = int(interval_s * _US), _inner(at, period)
    whole = np.concatenate(([True], np.diff(at[order]) > 2 * 3600 * _US))  # where a night or day begins
    run = np.cumsum(whole | np.concatenate(([True], mask[order][1:] != mask[order][:-1])))
    found: list[tuple[int, int]] = []
    broken = True
    for part in np.split(order, np.flatnonzero(np.diff(run)) + 1):
        if not mask[part[0]]:
            broken = broken or bool(inner[part].any())
            continue
        long = part.size * interval_s
        if long < HOLD_S or not (long > CORE_S or inner[part].all()):
            continue
        a, b = int(at[part[0]]), int(at[part[-1]]) + step_us
        if found and not broken:
            found[-1] = (found[-1][0], b)
        else:
            found.append((a, b))
        broken = False
    return found


def _inner(at: IntArray, period: BoolArray) -> BoolArray:
    """Of nights or days what lies more than an hour from their ends."""
    edges = at[np.flatnonzero(np.diff(period.astype(np.int8)) != 0) + 1]
    if not edges.size:
        return period
    place = np.searchsorted(edges, at)
    before = np.abs(at - edges[np.clip(place - 1, 0, edges.size - 1)])
    after = np.abs(at - edges[np.clip(place, 0, edges.size - 1)])
    inner: BoolArray = period & (np.minimum(before, after) >= CORE_S * _US)
    return inner


def lost_supply(
    at: IntArray, above: FloatArray, expected: FloatArray, night: BoolArray, interval_s: float, lamps: int | None
) -> list[Finding]:
    """Nights, or parts of them, with less than a tenth of the expected power.

    at : (n,) [µs UTC].  above, expected : (n,) power of the lamps [W].  night : (n,) what surely is one."""
    judged = night & np.isfinite(above)
    with np.errstate(invalid="ignore"):
        dark = above < _OUT * expected
    spans = _spans(at, dark, judged, night, interval_s)
    # Nine tenths of the power are missing: far beyond any noise.
    sure = confidence(50.0)
    return [Finding("supplyLoss", "cabinet", 0, a, a + HOLD_S * _US, b, lamps, sure, "closed") for a, b in spans]


def lit_by_day(
    at: IntArray,
    above: FloatArray,
    day: BoolArray,
    interval_s: float,
    one_w: float | None,
    full: float,
    spread: float,
) -> list[Finding]:
    """Lamps lit by day, and how many.

    above : (n,) power beyond the cabinet's own [W], whose noise is `spread`.  one_w : of one lamp, None = unknown."""
    judged = day & np.isfinite(above)
    least = max(0.5 * one_w if one_w else 0.02 * full, 6.0 * spread)
    with np.errstate(invalid="ignore"):
        burns = above > least
    found = []
    for a, b in _spans(at, burns, judged, day, interval_s):
        typical = float(np.median(above[(at >= a) & (at < b) & judged]))
        lamps = max(1, round(typical / one_w)) if one_w else None
        sure = confidence(typical / max(spread, least / 6.0))
        found.append(Finding("lampUnexpectedOn", "cabinet", 0, a, a + HOLD_S * _US, b, lamps, sure, "closed"))
    return found


def cycling(
    at: IntArray, above: FloatArray, night: BoolArray, interval_s: float, one_w: float | None, full: float
) -> list[Finding]:
    """Four switches of a few lamps in an hour, where one lamp stands clear of the noise from reading to reading."""
    if one_w is None or interval_s > 900.0:
        return []
    change = np.diff(above, prepend=np.nan)
    change[~night | ~np.roll(night, 1)] = np.nan
    if np.isfinite(change).sum() < 10:
        return []
    noise = 1.4826 * float(np.nanmedian(np.abs(change)))
    least = max(0.5 * one_w, 6.0 * noise)
    if least > 0.9 * one_w:
        return []
    with np.errstate(invalid="ignore"):
        switched = (np.abs(change) >= least) & (np.abs(change) < 0.5 * full)
    times = at[switched]
    signs = np.sign(change[switched])
    found: list[tuple[int, int, list[float]]] = []
    size = np.abs(change[switched])
    for first in range(times.size - 3):
        last = first + 3
        alternates = bool((signs[first:last] != signs[first + 1 : last + 1]).all())
        if times[last] - times[first] > 3600 * _US or not alternates:
            continue
        if found and times[first] <= found[-1][1]:
            found[-1] = (found[-1][0], int(times[last]), [*found[-1][2], float(size[last])])
        else:
            found.append((int(times[first]), int(times[last]), size[first : last + 1].tolist()))
    return [
        Finding("cyclingFailure", "cabinet", 0, a, a + 3600 * _US, b, max(1, round(float(np.median(s)) / one_w)),
                confidence(2.0 * float(np.median(s)) / max(noise, least / 6.0)), "closed")
        for a, b, s in found
    ]  # fmt: skip
