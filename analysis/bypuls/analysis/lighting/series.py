"""A cabinet's whole power series after the fact: switching times, steps of lamps, lamps lit by day, no supply, cycling.

Where `night_steps` must judge each dawn by what came before, here the nights after a step are known too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray, known_column, same_length, time_column
from bypuls.analysis.errors import NotEnoughDays
from bypuls.analysis.lighting.cabinets import night_residual
from bypuls.analysis.lighting.findings import Finding
from bypuls.analysis.lighting.open_steps import OpenStep, after_rise
from bypuls.analysis.lighting.plan import night_and_day
from bypuls.analysis.lighting.segments import segments, split_of

_US = 1_000_000
SLOT_S = 900
_CORE_S = 4500
_HOLD_S = 1800
_EDGE_S = 1200  # of a night, in which a cabinet may still switch
_SLOTS_A_DAY = 96
_LEAST_NIGHTS = 3
_OUT, _PRIOR, _LEAST_LAMPS, _FLOOR = 0.10, 0.001, 0.6, 0.002
_PENALTY = 16.0  # σ² that a further step has to explain


@dataclass(frozen=True, slots=True, eq=False)
class Switching:
    """Night by night, (m,) [µs UTC] as floats, NaN = not seen: when the lamps went on, and off."""

    on_us: FloatArray
    off_us: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SeriesFaults:
    """findings : of the cabinet (index 0).  full_w : what its lamps draw at full level when none is out.
    own_w : what it draws by day.  residual, sigma : (m,) of the nights, and their spread, shares of the power.
    lamp_share : of the full power that one lamp takes, None = not told.  detectable : least number of lamps."""

    findings: tuple[Finding, ...]
    switching: Switching
    full_w: float
    own_w: float
    residual: FloatArray
    sigma: float
    lamp_share: float | None
    detectable: int | None


def assess(
    t_us: IntArray,
    power_w: FloatArray,
    clock_slot: IntArray,
    dusk_us: IntArray,
    dawn_us: IntArray,
    *,
    interval_s: float,
    lamps: int | None = None,
    lamp_w: float | None = None,
) -> SeriesFaults:
    """Judges a series.

    t_us : (n,) evenly spaced [µs UTC].  power_w : (n,), NaN = unknown.  clock_slot : (n,) quarter of the local day, by
    which the lamps dim.  dusk_us, dawn_us : (m,) of civil twilight, around the series.  lamps : how many the cabinet
    feeds.  lamp_w : of one with its gear.  Raises BadInput, NotEnoughDays."""
    at, power = time_column("t_us", t_us), known_column("power_w", power_w)
    same_length(t_us=at, power_w=power)
    night, day = night_and_day(at, dusk_us, dawn_us)
    step_us = round(interval_s * _US)
    still = night_and_day(at + step_us - 1, dusk_us, dawn_us)  # a mean is of the night where all of it is
    night, day = night & still[0], day & still[1]
    own = float(np.nanmedian(power[day])) if np.isfinite(power[day]).any() else float(np.nanmin(power))
    above = power - own
    within = [
        np.flatnonzero((at >= a + _CORE_S * _US) & (at <= b - _CORE_S * _US)) for a, b in _pairs(dusk_us, dawn_us)
    ]
    whole = [one for one in within if np.isfinite(above[one]).sum() * interval_s >= _HOLD_S]
    if len(whole) < _LEAST_NIGHTS:
        raise NotEnoughDays(f"{len(whole)} nights; expected at least {_LEAST_NIGHTS} whole nights of power")
    profile = _profile(above, clock_slot, np.concatenate(whole))
    expected = profile[clock_slot]
    full = float(np.nanmax(profile))
    if not full > 0.0:
        raise NotEnoughDays("no more power by night than by day; expected a cabinet that feeds street lights")
    share = 1.0 / lamps if lamps else min(1.0, lamp_w / full) if lamp_w else None
    one_w = share * full if share is not None else None
    found = _supply(at, above, expected, night, interval_s, lamps)
    found += _by_day(at, above, day, interval_s, one_w, full)
    found += _cycling(at, above, night, interval_s, one_w, full)
    seen = [
        np.flatnonzero((at >= a + _EDGE_S * _US) & (at <= b - _EDGE_S * _US - step_us))
        for a, b in _pairs(dusk_us, dawn_us)
    ]
    residual, sigma, steps = _steps(at, above, expected, within, seen, share, interval_s)
    detectable = None if share is None else max(1, int(np.ceil(3.0 * sigma / share)))
    return SeriesFaults(
        tuple(sorted([*found, *steps], key=lambda one: (one.from_us, one.name))),
        _switching(at, above, full, dusk_us, dawn_us),
        full,
        own,
        residual,
        sigma,
        share,
        detectable,
    )


def _confidence(strength: float) -> float:
    """Probability that something so many σ strong isn't noise, one in a thousand being faults to begin with."""
    odds = _PRIOR * float(np.exp(min(50.0, strength**2 / 2.0)))
    return odds / (1.0 + odds)


def _pairs(dusk_us: IntArray, dawn_us: IntArray) -> list[tuple[int, int]]:
    return list(zip(dusk_us.tolist(), dawn_us.tolist(), strict=True))


def _profile(above: FloatArray, clock_slot: IntArray, core: IntArray) -> FloatArray:
    """(96,) the lamps' power by the local clock: the upper quartile of the nights, since lamps that are out lower it.
    Slots that no night reaches take that of the nearest one."""
    found = np.full(_SLOTS_A_DAY, np.nan)
    for slot in np.unique(clock_slot[core]):
        here = above[core[clock_slot[core] == slot]]
        if np.isfinite(here).any():
            found[slot] = np.nanquantile(here, 0.75)
    known = np.flatnonzero(np.isfinite(found))
    every = np.arange(_SLOTS_A_DAY)
    away = np.abs(every[:, None] - known)
    nearest: FloatArray = found[known[np.minimum(away, _SLOTS_A_DAY - away).argmin(axis=1)]]
    return nearest


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
        if long < _HOLD_S or not (long > _CORE_S or inner[part].all()):
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
    inner: BoolArray = period & (np.minimum(before, after) >= _CORE_S * _US)
    return inner


def _supply(
    at: IntArray, above: FloatArray, expected: FloatArray, night: BoolArray, interval_s: float, lamps: int | None
) -> list[Finding]:
    judged = night & np.isfinite(above)
    with np.errstate(invalid="ignore"):
        dark = above < _OUT * expected
    spans = _spans(at, dark, judged, night, interval_s)
    # Nine tenths of the power are missing: far beyond any noise.
    sure = _confidence(50.0)
    return [Finding("supplyLoss", "cabinet", 0, a, a + _HOLD_S * _US, b, lamps, sure, "closed") for a, b in spans]


def _by_day(
    at: IntArray, above: FloatArray, day: BoolArray, interval_s: float, one_w: float | None, full: float
) -> list[Finding]:
    judged = day & np.isfinite(above)
    spread = 1.4826 * float(np.nanmedian(np.abs(above[judged]))) if judged.any() else 0.0
    least = max(0.5 * one_w if one_w else 0.02 * full, 6.0 * spread)
    with np.errstate(invalid="ignore"):
        burns = above > least
    found = []
    for a, b in _spans(at, burns, judged, day, interval_s):
        typical = float(np.median(above[(at >= a) & (at < b) & judged]))
        lamps = max(1, round(typical / one_w)) if one_w else None
        sure = _confidence(typical / max(spread, least / 6.0))
        found.append(Finding("lampUnexpectedOn", "cabinet", 0, a, a + _HOLD_S * _US, b, lamps, sure, "closed"))
    return found


def _cycling(
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
                _confidence(2.0 * float(np.median(s)) / max(noise, least / 6.0)), "closed")
        for a, b, s in found
    ]  # fmt: skip


def _steps(
    at: IntArray,
    above: FloatArray,
    expected: FloatArray,
    within: list[IntArray],
    seen: list[IntArray],
    share: float | None,
    interval_s: float,
) -> tuple[FloatArray, float, list[Finding]]:
    """Residuals of the nights, their spread, and the steps of lamps: found from the middles of the nights (`within`),
    then dated by the whole nights (`seen`)."""
    residual = np.full(len(within), np.nan)
    for number, inside in enumerate(within):
        if inside.size:
            columns = above[inside][:, None], expected[inside][:, None]
            every = np.ones((inside.size, 1), dtype=np.bool_)
            residual[number] = night_residual(*columns, [0.0], every, interval_s / 3600.0)[0][0]
    known = np.flatnonzero(np.isfinite(residual))
    values = residual[known]
    sigma = (
        max(_FLOOR, float(1.4826 * np.median(np.abs(np.diff(values))) / np.sqrt(2.0))) if values.size > 1 else _FLOOR
    )
    parts = _settled(values, segments(values / sigma, _PENALTY))
    means = [float(values[a:b].mean()) for a, b in parts]
    long = [mean for mean, (a, b) in zip(means, parts, strict=True) if b - a >= min(3, values.size)] or means
    least = max(3.0 * sigma / np.sqrt(5.0), _LEAST_LAMPS * share if share is not None else 0.01)
    open_steps: tuple[OpenStep, ...] = ()
    found: list[Finding] = []
    level = max(long)
    for number, (mean, (first, end)) in enumerate(zip(means, parts, strict=True)):
        moved = mean - level
        if abs(moved) < least:
            continue
        nights = end - first
        if number == 0:
            when = int(at[seen[known[0]][0]])
        else:
            pair = np.concatenate([seen[night] for night in known[parts[number - 1][1] - 1 : first + 1]])
            ratio = np.clip(above[pair] / expected[pair] - 1.0, min(level, mean) - 0.05, max(level, mean) + 0.05)
            when = int(at[pair[split_of(ratio, level, mean)]])
        if moved > 0.0:
            open_steps, ended = after_rise(open_steps, moved)
            found += [one.finding(0, to_us=when) for one in ended]
        else:
            strength = abs(moved) / sigma * np.sqrt(nights)
            lamps = max(1, round(-moved / share)) if share is not None else None
            confirmed = int(at[within[known[first]][-1]])
            open_steps = (*open_steps, OpenStep(-moved, lamps, when, confirmed, _confidence(strength)))
        level = mean
    found += [one.finding(0) for one in open_steps]
    return residual, sigma, found


def _settled(values: FloatArray, parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts without single nights between two levels: within those the level changed."""
    means = [float(values[a:b].mean()) for a, b in parts]
    return [
        part
        for at, part in enumerate(parts)
        if not 0 < at < len(parts) - 1
        or part[1] - part[0] > 1
        or not min(means[at - 1], means[at + 1]) < means[at] < max(means[at - 1], means[at + 1])
    ]


def _switching(at: IntArray, above: FloatArray, full: float, dusk_us: IntArray, dawn_us: IntArray) -> Switching:
    """The moments at which the power crosses the middle between day and night, within two hours of dusk and of dawn."""
    on, off = np.full(dusk_us.size, np.nan), np.full(dusk_us.size, np.nan)
    reach = 7200 * _US
    for number, (dusk, dawn) in enumerate(_pairs(dusk_us, dawn_us)):
        on[number] = _crossing(at, above, full, dusk - reach, dusk + reach, 1.0)
        off[number] = _crossing(at, above, full, dawn - reach, dawn + reach, -1.0)
    return Switching(on, off)


def _crossing(at: IntArray, above: FloatArray, full: float, first_us: int, last_us: int, sign: float) -> float:
    a, b = np.searchsorted(at, (first_us, last_us))
    window = above[a:b]
    quarter = max(1, window.size // 8)
    if at.size == 0 or a == 0 or b >= at.size or not np.isfinite(window).any():
        return np.nan
    ends = window[:quarter], window[-quarter:]
    if not all(np.isfinite(one).any() for one in ends):
        return np.nan
    before, after = (float(np.nanmedian(one)) for one in ends)
    if sign * (after - before) < 0.05 * full:
        return np.nan
    middle = (before + after) / 2.0
    with np.errstate(invalid="ignore"):
        turned = np.flatnonzero(sign * (window - middle) > 0.0)
    return float(at[a + turned[0]]) if turned.size else np.nan
