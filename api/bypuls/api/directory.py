"""The registry as one view: what stands where and who measures it, read anew when the registry's version grows."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bypuls.store.registry import (
    Building,
    Cabinet,
    Calibration,
    CalorificValue,
    Device,
    DimmingProfile,
    ExpansionFactor,
    HeatedArea,
    Intervention,
    Lamp,
    LampGroup,
    LampProfile,
    ManualCount,
    Measure,
    MeasureEffect,
    NonRoutineEvent,
    NormalYear,
    Price,
    Registry,
    ScopePart,
    Sensor,
    Site,
    SpeedLimit,
    StreetLighting,
    Target,
)


@dataclass(frozen=True, slots=True)
class Directory:
    """One version of the registry, by id; `limits` and `street_lighting` by site, `calibrations` and `manual_counts` by
    sensor, rising in time; `cabinet_meters` those of electricity by cabinet; `scope_parts` by target, `effects` by
    measure, `events` and `heated_areas` by building, `dimming_profiles` by group, `lamp_profiles` by lamp."""

    version: int
    sites: dict[str, Site]
    cabinets: dict[str, Cabinet]
    lamps: dict[str, Lamp]
    buildings: dict[str, Building]
    sensors: dict[str, Sensor]
    cabinet_meters: dict[str, list[Sensor]]
    devices: dict[str, Device]
    targets: dict[str, Target]
    limits: dict[str, list[SpeedLimit]]
    street_lighting: dict[str, list[StreetLighting]]
    calibrations: dict[str, list[Calibration]]
    interventions: dict[str, Intervention]
    scope_parts: dict[str, list[ScopePart]]
    measures: dict[str, Measure]
    effects: dict[str, list[MeasureEffect]]
    prices: list[Price]
    calorific_values: list[CalorificValue]
    normal_years: list[NormalYear]
    lamp_groups: dict[str, LampGroup]
    dimming_profiles: dict[str, list[DimmingProfile]]
    lamp_profiles: dict[str, list[LampProfile]]
    heated_areas: dict[str, list[HeatedArea]]
    events: dict[str, list[NonRoutineEvent]]
    manual_counts: dict[str, list[ManualCount]]
    expansion_factors: list[ExpansionFactor]
    registry: Registry
    _limit_kmh: dict[tuple[str, str | None, date], int | None] = field(default_factory=dict)

    def limit_kmh(self, site: str, direction: str | None, day: date) -> int | None:
        """The limit [km/h] of a day, as the registry says it; asked for once in this version."""
        key = (site, direction, day)
        if key not in self._limit_kmh:
            self._limit_kmh[key] = self.registry.limit_kmh(site, direction, day)
        return self._limit_kmh[key]

    def heated_area_m2(self, building: str, day: date) -> float | None:
        """The heated area [m²] of a day; None where none is known."""
        known = [row.area_m2 for row in self.heated_areas.get(building, ()) if row.valid_from <= day]
        return known[-1] if known else None

    def schedule_of(self, lamp: Lamp, day: date) -> str | None:
        """How a lamp is dimmed in a night that begins on a local day: by its own profile in force, else by its group's;
        None where neither has one."""
        own = in_force(self.lamp_profiles.get(lamp.id, ()), day)
        return own if own is not None else in_force(self.dimming_profiles.get(lamp.lamp_group or "", ()), day)

    def sensors_of(
        self, *, kinds: tuple[str, ...] = (), site: str | None = None, building: str | None = None
    ) -> list[Sensor]:
        """Sensors of these kinds (all without), at the site or in the building where given, by id."""
        return [
            sensor
            for sensor in self.sensors.values()
            if (not kinds or sensor.kind in kinds)
            and (site is None or sensor.site == site)
            and (building is None or sensor.building == building)
        ]

    def ancestors(self, sensor: Sensor) -> Iterator[Sensor]:
        """The meters that `sensor` sits behind, the nearest first; a loop ends where it began."""
        seen = {sensor.id}
        at = sensor.parent
        while at is not None and at not in seen and at in self.sensors:
            seen.add(at)
            yield self.sensors[at]
            at = self.sensors[at].parent


def there(sensor: Sensor, now: datetime) -> bool:
    """Whether a sensor hangs where the registry says at `now`: within its own time."""
    return (sensor.valid_from is None or sensor.valid_from <= now) and (
        sensor.valid_to is None or sensor.valid_to > now
    )


class DirectorySource:
    """Hands out the current `Directory`; safe to use from several threads."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._held: Directory | None = None

    def __call__(self) -> Directory:
        """The registry as it is now; asking costs one small query where nothing changed."""
        version = self._registry.version()
        held = self._held
        if held is not None and held.version == version:
            return held
        with self._lock:
            if self._held is None or self._held.version != version:
                self._held = _read(self._registry, version)
            return self._held


def _read(registry: Registry, version: int) -> Directory:
    limits: dict[str, list[SpeedLimit]] = {}
    for limit in registry.speed_limits():
        limits.setdefault(limit.site, []).append(limit)
    calibrations: dict[str, list[Calibration]] = {}
    for calibration in registry.calibrations():
        calibrations.setdefault(calibration.sensor, []).append(calibration)
    sensors = registry.sensors()
    at_cabinets = [one for one in sensors if one.kind == "meter" and one.medium == "electricity" and one.cabinet]
    return Directory(
        version=version,
        sites={row.id: row for row in registry.sites()},
        cabinets={row.id: row for row in registry.cabinets()},
        lamps={row.id: row for row in registry.lamps()},
        buildings={row.id: row for row in registry.buildings()},
        sensors={row.id: row for row in sensors},
        cabinet_meters=_by(at_cabinets, "cabinet"),
        devices={row.id: row for row in registry.devices()},
        targets={row.id: row for row in registry.targets()},
        limits=limits,
        street_lighting=_by(registry.street_lighting(), "site"),
        calibrations=calibrations,
        interventions={row.id: row for row in registry.interventions()},
        scope_parts=_by(registry.scope_parts(), "target"),
        measures={row.id: row for row in registry.measures()},
        effects=_by(registry.measure_effects(), "measure"),
        events=_by(registry.non_routine_events(), "building"),
        prices=registry.prices(),
        calorific_values=registry.calorific_values(),
        normal_years=registry.normal_years(),
        lamp_groups={row.id: row for row in registry.lamp_groups()},
        dimming_profiles=_by(registry.dimming_profiles(), "lamp_group"),
        lamp_profiles=_by(registry.lamp_profiles(), "lamp"),
        heated_areas=_by(registry.heated_areas(), "building"),
        manual_counts=_by(registry.manual_counts(), "sensor"),
        expansion_factors=registry.expansion_factors(),
        registry=registry,
    )


def in_force(rows: Iterable[DimmingProfile | LampProfile], day: date) -> str | None:
    """The schedule of a local day; of profiles that overlap the later one."""
    found = [row.schedule for row in rows if row.valid_from <= day and (row.valid_to is None or day < row.valid_to)]
    return found[-1] if found else None


def _by(rows: Iterable[Any], name: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, name), []).append(row)
    return found
