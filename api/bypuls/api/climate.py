"""Where the town stands against a target: measured kWh of each finished year × the registry's factors of that year."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.api.directory import Directory
from bypuls.api.energy import ENERGY_MEDIA, counted_meters, medium_rows
from bypuls.api.periods import Span, edges_of
from bypuls.api.targets.scope import metered_parts, scope_share
from bypuls.api.targets.standing import standing
from bypuls.store.protocol import Store
from bypuls.store.registry import Factor, Sensor, Target

_FRESH_S = 60.0
_SETTLED_S = 900.0


@dataclass(frozen=True, slots=True)
class MediumYear:
    """One medium's finished year. kwh : None = unknown.  covered_s, asked_s : measured time and all of it [s]."""

    kwh: float | None
    covered_s: float
    asked_s: float


class YearBook:
    """Measured kWh of the town's meters by year: costly to add up, seldom changed, so kept for a while."""

    def __init__(self, store: Store, zone: ZoneInfo, *, time: Callable[[], float] = monotonic) -> None:
        self._store, self._zone, self._time = store, zone, time
        self._lock = threading.Lock()
        self._held: dict[tuple[int, int, tuple[str, ...]], tuple[float, dict[str, MediumYear]]] = {}

    def year(self, directory: Directory, meters: Sequence[tuple[Sensor, int]], year: int) -> dict[str, MediumYear]:
        """The year's kWh per medium. An incomplete one is added up anew after a minute, a settled one after 15."""
        key = (directory.version, year, tuple(meter.id for meter, _ in meters))
        with self._lock:
            held = self._held.get(key)
            if held is not None and self._time() < held[0]:
                return held[1]
            found = self._add_up(meters, year)
            settled = all(one.covered_s >= 0.9 * one.asked_s for one in found.values())
            self._held = {k: v for k, v in self._held.items() if k[0] == directory.version}
            self._held[key] = (self._time() + (_SETTLED_S if settled else _FRESH_S), found)
            return found

    def _add_up(self, meters: Sequence[tuple[Sensor, int]], year: int) -> dict[str, MediumYear]:
        first, last = (datetime(y, 1, 1, tzinfo=self._zone).astimezone(UTC) for y in (year, year + 1))
        span = Span("year", self._zone, edges_of("year", first, last, self._zone))
        found = {}
        for medium, rows in medium_rows(self._store, meters, span).items():
            if medium in ENERGY_MEDIA:
                kwh = float(rows.import_wh[0]) / 1000.0
                measured_s, asked_s = float(rows.covered_s[0]), float(rows.asked_s[0])
                if asked_s > 0.0:
                    found[medium] = MediumYear(None if np.isnan(kwh) else kwh, measured_s, asked_s)
        return found


def meters_of(directory: Directory, target: Target) -> list[tuple[Sensor, int]]:
    """The meters that measure a part of the target's scope, each kWh once."""
    meters = [
        sensor
        for sensor in directory.sensors_of(kinds=("meter",))
        if (sensor.cabinet is not None and target.kind != "building")
        or (sensor.building is not None and target.kind in ("geography", "organisation"))
        or (sensor.building is not None and target.kind == "building" and sensor.building == target.scope)
    ]
    return counted_meters(directory, meters)


def factor_of(
    factors: Sequence[Factor], target: Target, medium: str, year: int, zone: ZoneInfo
) -> tuple[Factor | None, str | None]:
    """The yearly factor for `medium`, or why there is none. Two that differ in what they count are never chosen
    between by chance."""
    first, last = (datetime(y, 1, 1, tzinfo=zone).astimezone(UTC) for y in (year, year + 1))
    fitting = [
        factor
        for factor in factors
        if factor.carrier == medium
        and factor.gas == target.gas
        and factor.step == "year"
        and factor.purpose == "accounts"
        and factor.unit == "kg/kWh"
        and factor.value is not None
        and factor.valid_from <= first
        and (factor.valid_to is None or factor.valid_to >= last)
    ]
    if not fitting:
        return None, f"no factor of {target.gas} for {medium} in {year}"
    stated = [factor for factor in fitting if factor.method == target.method]
    choice = stated or fitting
    kinds = {(f.factor_set, f.scope, f.method, f.area, f.basis) for f in choice}
    if len(kinds) > 1:
        return None, f"{len(kinds)} factors for {medium} in {year} that must not be mixed: the target names no method"
    return max(choice, key=lambda factor: factor.version), None


def target_view(directory: Directory, years: YearBook, target: Target, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """A target with its trajectory, its finished years and its status. Unknown is None, with the reason."""
    this_year = now.astimezone(zone).year
    meters = meters_of(directory, target)
    factors = directory.registry.factors()
    measured = []
    for year in range(max((target.base_year or this_year) + 1, this_year - 10), this_year):
        found = years.year(directory, meters, year)
        if any(one.covered_s > 0.0 for one in found.values()):
            account = _account(target, year, found, factors, zone)
            covered = metered_parts((meter for meter, _ in meters), account["media"])
            measured.append(account | {"scope_share": scope_share(directory, target, covered)})
    view = {
        "target": target.id,
        "name": target.name,
        "kind": target.kind,
        "scope": target.scope,
        "gas": target.gas,
        "method": target.method,
        "base_year": target.base_year,
        "base_tonnes": target.base_tonnes,
        "reduction": target.reduction,
        "target_year": target.target_year,
        "source": target.source,
        "note": target.note,
        "meters": len(meters),
        "accounts": measured,
    }
    return view | standing(target, measured, this_year)


def _account(
    target: Target, year: int, found: dict[str, MediumYear], factors: Sequence[Factor], zone: ZoneInfo
) -> dict[str, Any]:
    media: dict[str, Any] = {}
    known_t, methods, missing = 0.0, set(), []
    for medium, one in found.items():
        factor, why = factor_of(factors, target, medium, year, zone)
        tonnes = (
            one.kwh * factor.value / 1000.0 if one.kwh is not None and factor and factor.value is not None else None
        )
        media[medium] = {
            "kwh": one.kwh,
            "coverage": one.covered_s / one.asked_s if one.asked_s else None,
            "factor_kg_per_kwh": factor.value if factor else None,
            "factor_set": factor.factor_set if factor else None,
            "factor_version": factor.version if factor else None,
            "factor_method": factor.method if factor else None,
            "factor_source": factor.source if factor else None,
            "emitted_t": tonnes,
            "reason": why or (None if one.kwh is not None else f"no kWh of {medium} measured in {year}"),
        }
        if tonnes is None:
            missing.append(medium)
        else:
            known_t += tonnes
            methods.add(factor.method if factor else "")
    asked_s = sum(one.asked_s for one in found.values())
    kwh = sum(one.kwh or 0.0 for one in found.values())
    accounted = sum(media[name]["kwh"] for name in media if media[name]["emitted_t"] is not None)
    return {
        "year": year,
        "emitted_t": None if missing else known_t,
        "emitted_known_t": known_t if len(missing) < len(found) else None,
        "kwh": kwh,
        "kwh_with_factor_share": accounted / kwh if kwh else None,
        "completeness": sum(one.covered_s for one in found.values()) / asked_s if asked_s else None,
        "methods": sorted(methods),
        "media": media,
    }
