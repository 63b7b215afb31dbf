"""A cabinet's whole power series after the fact: switching times, steps of lamps, lamps lit by day, no supply, cycling.

Where `night_steps` must judge each dawn by what came before, here the nights after a step are known too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bypuls.analysis.arrays import BoolArray, FloatArray, IntArray, known_column, same_length, time_column
from bypuls.analysis.errors import NotEnoughDays
from bypuls.analysis.lighting.cabinets import night_residual
from bypuls.analysis.lighting.findings import Finding
from bypuls.analysis.lighting.open_steps import DETECTABLE_SIGMA, OpenStep, after_rise, detectable_lamps
from bypuls.analysis.lighting.plan import night_and_day
from bypuls.analysis.lighting.segments import segments, split_of
from bypuls.analysis.lighting.series_rules import CORE_S, HOLD_S, confidence, cycling, lit_by_day, lost_supply
from bypuls.analysis.lighting.sun_fit import nights_that_fit, told_unsure

_US = 1_000_000
SLOT_S = 900
_EDGE_S = 1200  # of a night, in which a cabinet may still switch
_SLOTS_A_DAY = 96
_LEAST_NIGHTS = 2
LEAST_FOR_STEPS = 4
"""Nights: of three, one that differs can't be told from a noisy cabinet."""
_LEAST_LAMPS, _FLOOR = 0.6, 0.002
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
    sigma: float | None
    lamp_share: float | None
    detectable: int | None
    fits_sun: bool
    withheld: int


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
    own, spread = _own(power, day)
    above = power - own
    within = [np.flatnonzero((at >= a + CORE_S * _US) & (at <= b - CORE_S * _US)) for a, b in _pairs(dusk_us, dawn_us)]
    whole = [one for one in within if np.isfinite(above[one]).sum() * interval_s >= HOLD_S]
    if len(whole) < _LEAST_NIGHTS:
        raise NotEnoughDays(f"{len(whole)} nights; expected at least {_LEAST_NIGHTS} with half an hour of power each")
    profile = _profile(above, clock_slot, np.concatenate(whole))
    expected = profile[clock_slot]
    full = float(np.nanmax(profile))
    if not full > 0.0:
        raise NotEnoughDays("no more power by night than by day; expected a cabinet that feeds street lights")
    share = 1.0 / lamps if lamps else min(1.0, lamp_w / full) if lamp_w else None
    one_w = share * full if share is not None else None
    found = lost_supply(at, above, expected, night, interval_s, lamps)
    found += lit_by_day(at, above, day, interval_s, one_w, full, spread)
    found += cycling(at, above, night, interval_s, one_w, full)
    seen = [
        np.flatnonzero((at >= a + _EDGE_S * _US) & (at <= b - _EDGE_S * _US - step_us))
        for a, b in _pairs(dusk_us, dawn_us)
    ]
    residual, sigma, steps = _steps(at, above, expected, within, seen, share, interval_s)
    detectable = None if share is None or sigma is None else int(detectable_lamps(sigma, share))
    switching = _switching(at, above, full, dusk_us, dawn_us)
    fits = nights_that_fit(at, above, full, switching.on_us, switching.off_us, dusk_us, dawn_us)
    in_order = tuple(sorted([*found, *steps], key=lambda one: (one.from_us, one.name)))
    findings, withheld = told_unsure(in_order, fits, dusk_us)
    return SeriesFaults(
        findings,
        switching,
        full,
        own,
        residual,
        sigma,
        share,
        detectable,
        bool(fits.all()),
        withheld,
    )


def _own(power: FloatArray, day: BoolArray) -> tuple[float, float]:
    """What the cabinet itself draws, and how that spreads: the low end of the days, since lamps may burn on most."""
    by_day = power[day & np.isfinite(power)]
    if not by_day.size:
        return float(np.nanmin(power)), 0.0
    low = float(np.quantile(by_day, 0.1))
    alone = by_day[by_day <= low + 0.01 * (np.nanmax(power) - low)]
    own = float(np.median(alone))
    return own, 1.4826 * float(np.median(np.abs(alone - own)))


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


def _steps(
    at: IntArray,
    above: FloatArray,
    expected: FloatArray,
    within: list[IntArray],
    seen: list[IntArray],
    share: float | None,
    interval_s: float,
) -> tuple[FloatArray, float | None, list[Finding]]:
    """Residuals of the nights, their spread, and the steps of lamps: found from the middles of the nights (`within`),
    then dated by the whole nights (`seen`). Of less than `LEAST_FOR_STEPS` nights neither spread nor steps."""
    residual = np.full(len(within), np.nan)
    for number, inside in enumerate(within):
        if inside.size:
            columns = above[inside][:, None], expected[inside][:, None]
            every = np.ones((inside.size, 1), dtype=np.bool_)
            residual[number] = night_residual(*columns, [0.0], every, interval_s / 3600.0)[0][0]
    known = np.flatnonzero(np.isfinite(residual))
    values = residual[known]
    if values.size < LEAST_FOR_STEPS:
        return residual, None, []
    sigma = max(_FLOOR, float(1.4826 * np.median(np.abs(np.diff(values))) / np.sqrt(2.0)))
    parts = _settled(values, segments(values / sigma, _PENALTY), 2 if share is None or sigma > 0.25 * share else 1)
    means = [float(values[a:b].mean()) for a, b in parts]
    long = [mean for mean, (a, b) in zip(means, parts, strict=True) if b - a >= min(3, values.size)] or means
    least = max(DETECTABLE_SIGMA * sigma / np.sqrt(5.0), _LEAST_LAMPS * share if share is not None else 0.01)
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
            with np.errstate(divide="ignore", invalid="ignore"):  # no place of the night where nothing is expected
                told = np.where(expected[pair] > 0.0, above[pair] / expected[pair], np.nan)
            ratio = np.clip(told - 1.0, min(level, mean) - 0.05, max(level, mean) + 0.05)
            when = int(at[pair[split_of(ratio, level, mean)]])
        if moved > 0.0:
            open_steps, ended = after_rise(open_steps, moved)
            found += [one.finding(0, to_us=when) for one in ended]
        else:
            strength = abs(moved) / sigma * np.sqrt(nights)
            lamps = max(1, round(-moved / share)) if share is not None else None
            confirmed = int(at[within[known[first]][-1]])
            sure = confidence(strength, sigma_from=values.size)
            open_steps = (*open_steps, OpenStep(-moved, lamps, when, confirmed, sure))
        level = mean
    found += [one.finding(0) for one in open_steps]
    return residual, sigma, found


def _settled(values: FloatArray, parts: list[tuple[int, int]], least: int) -> list[tuple[int, int]]:
    """The parts without those of up to `least` nights between two levels: within them the level changed."""
    means = [float(values[a:b].mean()) for a, b in parts]
    return [
        part
        for at, part in enumerate(parts)
        if not 0 < at < len(parts) - 1
        or part[1] - part[0] > least
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
