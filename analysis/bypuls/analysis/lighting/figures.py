"""Figures of street lighting: EN 13201-5, burning hours, lit share, delays, dark stretches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bypuls.analysis.arrays import BoolArray, IntArray, finite_column, known_column, same_length, time_column
from bypuls.analysis.errors import BadInput

_HOUR_US = 3_600_000_000


def power_density(power_w: float, illuminance_lx: npt.ArrayLike, area_m2: npt.ArrayLike) -> float:
    """D_P = P / Σ(Ēᵢ·Aᵢ) [W/(lx·m²)] of a lighting installation.

    power_w : of all lamps with their gear.  illuminance_lx, area_m2 : (n,) of its parts.  Raises BadInput.
    Source: EN 13201-5:2015, 4."""
    lux, area = finite_column("illuminance_lx", illuminance_lx), finite_column("area_m2", area_m2)
    same_length(illuminance_lx=lux, area_m2=area)
    if not power_w >= 0.0 or not lux.size or (lux <= 0.0).any() or (area <= 0.0).any():
        raise BadInput(f"power_w {power_w}, {lux.size} parts; expected ≥ 0 W and illuminances and areas above 0")
    return float(power_w / (lux @ area))


def annual_energy(power_w: npt.ArrayLike, hours: npt.ArrayLike, area_m2: float) -> float:
    """D_E = Σ(Pⱼ·tⱼ) / A [Wh/m²] of a year.

    power_w, hours : (m,) power at each operating level and its hours in the year.  Raises BadInput.
    Source: EN 13201-5:2015, 5."""
    power, duration = finite_column("power_w", power_w), finite_column("hours", hours)
    same_length(power_w=power, hours=duration)
    if not area_m2 > 0.0 or (power < 0.0).any() or (duration < 0.0).any() or duration.sum() > 8784.0:
        raise BadInput(f"area_m2 {area_m2}, hours {duration.sum():g}; expected above 0, powers ≥ 0 and ≤ 8,784 h")
    return energy_density(float(power @ duration), area_m2)


def energy_density(energy_wh: float, area_m2: float) -> float:
    """D_E [Wh/m²] of what was measured over a year, or over another period that is said beside it.

    energy_wh : [Wh].  area_m2 : [m²].  Raises BadInput.  Source: EN 13201-5:2015, 5."""
    if not area_m2 > 0.0 or not energy_wh >= 0.0:
        raise BadInput(f"energy_wh {energy_wh}, area_m2 {area_m2}; expected ≥ 0 Wh and above 0 m²")
    return energy_wh / area_m2


def dark_hours(dusk_us: npt.ArrayLike, dawn_us: npt.ArrayLike, start_us: int, end_us: int) -> float:
    """Hours within [start, end) that lie between a dusk and the dawn after it.

    dusk_us, dawn_us : (n,) [µs UTC] night by night, rising; sunset and sunrise, or those of civil twilight.
    Raises BadInput."""
    dusk, dawn = nights_of(dusk_us, dawn_us)
    inside = np.clip(dawn, start_us, end_us) - np.clip(dusk, start_us, end_us)
    return float(inside.sum() / _HOUR_US)


def nights_of(dusk_us: npt.ArrayLike, dawn_us: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    """The nights, checked: each dawn after its dusk, each dusk after the dawn before. Raises BadInput."""
    dusk, dawn = time_column("dusk_us", dusk_us), time_column("dawn_us", dawn_us)
    same_length(dusk_us=dusk, dawn_us=dawn)
    if (dawn <= dusk).any() or (dusk[1:] < dawn[:-1]).any():
        raise BadInput("dusk_us, dawn_us: nights overlap or end before they begin; expected rising nights")
    return dusk, dawn


@dataclass(frozen=True, slots=True)
class Burning:
    """Hours lit, against the hours that should have been.

    should_h : by sun and profile.  lit_h : lit within them.  extra_h : lit outside.  unknown_h : of should_h, when
    nobody knows."""

    should_h: float
    lit_h: float
    extra_h: float
    unknown_h: float

    @property
    def lit_share(self) -> float | None:
        """Lit of what is known; None where nothing is."""
        known = self.should_h - self.unknown_h
        return self.lit_h / known if known > 0.0 else None


def burning(lit: npt.ArrayLike, should: npt.ArrayLike, hours: npt.ArrayLike) -> Burning:
    """Burning hours of lamps or of one.

    lit : (n,) share of each interval that the lamp was lit, 0 … 1, NaN = unknown.  should : (n,) share of it that the
    lamp should have been.  hours : (n,) length.  Raises BadInput."""
    seen, plan, length = known_column("lit", lit), finite_column("should", should), finite_column("hours", hours)
    same_length(lit=seen, should=plan, hours=length)
    for name, share in (("lit", seen), ("should", plan)):
        if ((share < 0.0) | (share > 1.0)).any():
            raise BadInput(f"{name}: {np.nanmin(share):g} … {np.nanmax(share):g}; expected shares from 0 to 1")
    known = ~np.isnan(seen)
    within = np.minimum(seen, plan)
    return Burning(
        float((plan * length).sum()),
        float((within * length)[known].sum()),
        float(((seen - within) * length)[known].sum()),
        float((plan * length)[~known].sum()),
    )


@dataclass(frozen=True, slots=True)
class Delay:
    """How long something took. n : cases whose beginning and end are known; median_h, p90_h : None without one.
    open : not ended yet.  unknown : ended, since when isn't known."""

    n: int
    median_h: float | None
    p90_h: float | None
    open: int
    unknown: int = 0

    @property
    def coverage(self) -> float | None:
        """Known share of the cases that ended; None without one."""
        ended = self.n + self.unknown
        return self.n / ended if ended else None


def delay(began_us: npt.ArrayLike, ended_us: npt.ArrayLike) -> Delay:
    """Median and 90 % of the time from `began` to `ended`: to detect, to repair.

    began_us, ended_us : (n,) [µs UTC] as floats, NaN in `began` = unknown, in `ended` = not yet. Those are counted,
    never averaged.  Raises BadInput where one ends before it began."""
    began, ended = known_column("began_us", began_us), known_column("ended_us", ended_us)
    same_length(began_us=began, ended_us=ended)
    over = ~np.isnan(ended)
    known = over & ~np.isnan(began)
    open, unknown = int((~over).sum()), int((over & ~known).sum())
    hours = ((ended - began) / _HOUR_US)[known]
    if (hours < 0.0).any():
        raise BadInput(f"ended_us: {-hours.min():g} h before began_us; expected not earlier")
    if not hours.size:
        return Delay(0, None, None, open, unknown)
    return Delay(int(hours.size), float(np.median(hours)), float(np.percentile(hours, 90)), open, unknown)


@dataclass(frozen=True, slots=True)
class DarkStretch:
    """Neighbouring lamps that are out. first, last : positions in the street's order.  length_m : between the lit
    lamps (or ends of the street) on both sides."""

    first: int
    last: int
    length_m: float

    @property
    def lamps(self) -> int:
        """How many are out."""
        return self.last - self.first + 1


def dark_stretches(chainage_m: npt.ArrayLike, out: npt.ArrayLike, *, at_least: int = 2) -> tuple[DarkStretch, ...]:
    """Runs of at least `at_least` neighbouring lamps that are out, the longest first.

    chainage_m : (n,) where each lamp stands along one street [m], rising.  out : (n,) known to be out; a lamp that is
    unknown isn't.  Raises BadInput."""
    place, dark = finite_column("chainage_m", chainage_m), np.asarray(out, dtype=np.bool_)
    same_length(chainage_m=place, out=dark)
    if (np.diff(place) < 0.0).any():
        raise BadInput("chainage_m: falls; expected the lamps in their order along the street")
    if at_least < 1:
        raise BadInput(f"at_least: {at_least}; expected 1 or more")
    first, last = _runs(dark)
    found = [
        DarkStretch(int(a), int(b), float(place[min(b + 1, place.size - 1)] - place[max(a - 1, 0)]))
        for a, b in zip(first, last, strict=True)
        if b - a + 1 >= at_least
    ]
    return tuple(sorted(found, key=lambda one: (-one.length_m, one.first)))


def _runs(mask: BoolArray) -> tuple[IntArray, IntArray]:
    edges = np.diff(np.concatenate(([0], mask.astype(np.int8), [0])))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
