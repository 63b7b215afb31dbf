"""How well a street section uses power and energy for its light: D_P and D_E of EN 13201-5, or what they lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from bypuls.analysis.lighting.figures import dark_hours, energy_density, power_density
from bypuls.api.directory import Directory
from bypuls.api.lighting.energy import Used
from bypuls.api.lighting.lamps_now import place_of
from bypuls.api.lighting.night import nights
from bypuls.api.reports.speed.from_store import Survey
from bypuls.store.registry import Lamp, StreetLighting
from bypuls.wire import from_us

MEASURED_SHARE = 0.95
"""Of the time that must be measured: with less, a period's energy isn't that of the period."""
_DAY = timedelta(days=1)
_YEAR_US = 365 * 86_400_000_000


def performance(
    directory: Directory, survey: Survey, used: Mapping[str, Used], *, annualise: bool, site: str | None = None
) -> list[dict[str, Any]]:
    """Streets that have lamps or a lit area, by name, for machines.

    used : by lamp, of the survey's period.  annualise : D_E of a year, too.  site : this one alone.
    D_P is of the lamps as they hang now, with the area and illuminance of the period's last day."""
    standing: dict[str, list[Lamp]] = {}
    for lamp in directory.lamps.values():
        if lamp.site is not None:
            standing.setdefault(lamp.site, []).append(lamp)
    first = from_us(survey.start_us).astimezone(survey.zone).date()
    last = from_us(survey.end_us - 1).astimezone(survey.zone).date()
    found = []
    for id, row in directory.sites.items():
        lamps, lit = standing.get(id, []), directory.street_lighting.get(id, [])
        if (lamps or lit) and site in (None, id):
            found.append({
                "site": id, "name": row.name, "lamps": len(lamps),
                "lighting_classes": sorted({one.lighting_class for one in lamps if one.lighting_class is not None}),
                **_by_power(lamps, in_force(lit, last)),
                **_by_energy(directory, survey, lamps, used, _areas(lit, first, last), annualise=annualise),
            })  # fmt: skip
    return sorted(found, key=lambda one: (one["name"], one["site"]))


def in_force(rows: Sequence[StreetLighting], day: date) -> StreetLighting | None:
    """What holds on a day; None where nothing is known yet. rows : of one street, rising in time."""
    known = [row for row in rows if row.valid_from <= day]
    return known[-1] if known else None


def _areas(rows: Sequence[StreetLighting], first: date, last: date) -> set[float | None]:
    """Every lit area that holds on a day of first … last; None = unknown."""
    at_first = in_force(rows, first)
    later = [row.area_m2 for row in rows if first < row.valid_from <= last]
    return {None if at_first is None else at_first.area_m2, *later}


def _by_power(lamps: Sequence[Lamp], lit: StreetLighting | None) -> dict[str, Any]:
    area_m2 = None if lit is None else lit.area_m2
    lux = None if lit is None else lit.illuminance_lx
    watts = [one.watt for one in lamps if one.watt is not None]
    whole = bool(lamps) and len(watts) == len(lamps)
    why = [] if whole else ["watt" if lamps else "lamps"]
    why += [name for name, value in (("area_m2", area_m2), ("illuminance_lx", lux)) if value is None]
    density = None
    if not why and area_m2 is not None and lux is not None:
        density = power_density(sum(watts), [lux], [area_m2])
    return {
        "valid_from": None if lit is None else lit.valid_from.isoformat(), "area_m2": area_m2, "illuminance_lx": lux,
        "power_w": sum(watts) if whole else None,
        "power_density_w_lxm2": density,
        "power_density_why": why,
    }  # fmt: skip


def _by_energy(
    directory: Directory, survey: Survey, lamps: Sequence[Lamp], used: Mapping[str, Used], areas: set[float | None],
    *, annualise: bool,
) -> dict[str, Any]:  # fmt: skip
    mine = [used[one.id] for one in lamps if one.id in used]
    total = Used()
    for one in mine:
        total.add(one)
    whole = bool(lamps) and len(mine) == len(lamps) and all(one.wh is not None for one in mine)
    # Of what should be measured: a sensor that came within the period leaves the time before it unknown.
    coverage = total.covered_s * 1e6 / ((survey.end_us - survey.start_us) * len(lamps)) if lamps else None
    why = [] if whole else ["unmeasured" if lamps else "lamps"]
    if whole and (coverage or 0.0) < MEASURED_SHARE:
        why.append("coverage")
    area_m2 = next(iter(areas)) if len(areas) == 1 else None
    if area_m2 is None:
        why.append("area_m2" if None in areas else "area_changed")
    density = None if why or area_m2 is None or total.wh is None else energy_density(total.wh, area_m2)
    factor = _to_a_year(directory, survey, lamps) if annualise and density is not None else None
    if annualise and density is not None and factor is None:
        why.append("place")
    return {
        "kwh": total.wh / 1000.0 if whole and total.wh is not None else None,
        "coverage": None if coverage is None else min(1.0, coverage),
        "energy_density_wh_m2": density,
        "energy_density_wh_m2_year": None if density is None or factor is None else density * factor,
        "energy_density_why": why,
    }  # fmt: skip


def _to_a_year(directory: Directory, survey: Survey, lamps: Sequence[Lamp]) -> float | None:
    """Hours from civil dusk to dawn of the 365 days up to the period's end over those of the period; None where no
    place is known, or where the period has no darkness."""
    places = (place_of(directory, one) for one in lamps)
    place = next(((lat, lon) for lat, lon in places if lat is not None and lon is not None), None)
    if place is None:
        return None
    begin_us = survey.end_us - _YEAR_US
    first, end = (from_us(at).date() for at in (min(begin_us, survey.start_us), survey.end_us))
    dark = np.array(nights(round(place[0], 1), round(place[1], 1), first - _DAY, end + _DAY), dtype=np.int64)
    if not dark.size:
        return None
    hours = dark_hours(dark[:, 0], dark[:, 1], survey.start_us, survey.end_us)
    return dark_hours(dark[:, 0], dark[:, 1], begin_us, survey.end_us) / hours if hours > 0.0 else None
