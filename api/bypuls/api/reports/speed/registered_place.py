"""What the registry says of a site, as a report needs it: limits by date, calibrations, interventions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bypuls.analysis.traffic.expansion import WEEK_TO_YEAR, Factor
from bypuls.analysis.traffic.radar import calibration_uncertainty
from bypuls.api.directory import Directory
from bypuls.api.geometry import apart_km, lines_of
from bypuls.api.reports.speed import model
from bypuls.api.reports.speed.from_store import Survey
from bypuls.api.reports.speed.settings import Expansion, Settings
from bypuls.api.vehicles import KINDS
from bypuls.store import registry

MOST_NEIGHBOURS = 40


def settings_of(
    directory: Directory,
    site: str,
    survey: Survey,
    *,
    direction: str | None = None,
    surveyor: str | None = None,
    intervention: str | None = None,
    chosen_for_speed: bool = True,
    country: str = "DK",
) -> Settings:
    """The settings of a site's report. The calibration shown is the last one of the period.

    intervention : id of the one that a comparison is about."""
    row = directory.sites[site]
    first, last = survey.days
    done = [one for one in directory.interventions.values() if one.site == site]
    sensors = directory.sensors_of(kinds=KINDS, site=site)
    chosen = directory.interventions.get(intervention) if intervention is not None else None
    return Settings(
        site=model.Site(
            name=row.name,
            id=row.id,
            road_class=row.road_class,
            school_way=row.school_way,
            lanes=row.lanes,
            lat=row.lat,
            lon=row.lon,
            geometry=row.geometry,
            note=row.note,
            traffic_type=row.traffic_type,
            neighbours=_neighbours(directory, row),
            interventions=tuple(_told(one) for one in sorted(done, key=lambda one: one.date)),
        ),
        limits=limits_of(directory, site, first, last, direction),
        sensors=tuple(_sensor(directory, one, first, last) for one in sensors),
        surveyor=surveyor,
        timezone=survey.zone.key,
        start=survey.start,
        end=survey.end,
        country=country,
        expansion=_expansion(directory, row),
        intervention=None if chosen is None else _told(chosen),
        chosen_for_speed=chosen_for_speed,
    )


def limits_of(
    directory: Directory, site: str, first: date, last: date, direction: str | None = None
) -> tuple[model.Limit, ...]:
    """The posted limits that held on one of the days first … last."""
    rows = [
        one for one in directory.limits.get(site, []) if direction in (None, one.direction) or one.direction == "both"
    ]
    found = []
    for row in rows:
        later = [
            other.valid_from for other in rows if other.direction == row.direction and other.valid_from > row.valid_from
        ]
        ends = [day for day in (row.valid_to, min(later, default=None)) if day is not None]
        end = min(ends, default=None)
        if row.valid_from <= last and (end is None or end > first):
            found.append(model.Limit(row.direction, float(row.limit_kmh), row.valid_from, end))
    return tuple(found)


def _told(row: registry.Intervention) -> model.Intervention:
    return model.Intervention(row.date, row.kind, row.note)


def factors_of(rows: Sequence[registry.ExpansionFactor], traffic_type: str) -> tuple[Factor, ...]:
    """The expansion factors of a type of traffic."""
    return tuple(
        Factor(
            row.step, row.first, row.last, row.factor, row.source, row.uncertainty, row.valid_from, row.valid_to
        )
        for row in rows
        if row.traffic_type == traffic_type
    )  # fmt: skip


def factor_of(source: str, factor: float) -> Factor:
    """One factor from the average day of any week to that of the year."""
    return Factor(WEEK_TO_YEAR, 1, 53, factor, source)


def _expansion(directory: Directory, row: registry.Site) -> Expansion | None:
    if row.traffic_type is None:
        return None
    found = factors_of(directory.expansion_factors, row.traffic_type)
    return Expansion(row.traffic_type, found) if found else None


def _neighbours(directory: Directory, row: registry.Site) -> tuple[model.Neighbour, ...]:
    """The nearest other streets whose place is known, for the map."""
    own = lines_of(row.geometry, row.lat, row.lon)
    if not own:
        return ()
    found = []
    for other in directory.sites.values():
        lines = lines_of(other.geometry, other.lat, other.lon)
        if other.id != row.id and lines:
            geometry = other.geometry or f"POINT ({other.lon} {other.lat})"
            found.append((apart_km(own[0][0], lines[0][0]), other.name, geometry))
    return tuple(model.Neighbour(name, geometry) for _, name, geometry in sorted(found)[:MOST_NEIGHBOURS])


def _sensor(directory: Directory, row: registry.Sensor, first: date, last: date) -> model.Sensor:
    device, site = directory.devices.get(row.device), directory.sites.get(row.site or "")
    # A device may serve several streets, so the site's own point comes first.
    place = next((one for one in (site, device) if one is not None and one.lat is not None), None)
    lat, lon = (None, None) if place is None else (place.lat, place.lon)
    held = [one for one in directory.calibrations.get(row.id, []) if one.valid_from <= last]
    if not held:
        return model.Sensor(id=row.id, name=row.name, lat=lat, lon=lon)
    one = held[-1]
    uncertainty = one.angle_uncertainty_deg
    return model.Sensor(
        id=row.id,
        name=row.name,
        angle_deg=one.angle_deg,
        angle_uncertainty_deg=uncertainty,
        reference=one.reference,
        calibrated=one.valid_from,
        expires=one.expires,
        # One that begins after the survey's first day doesn't cover it either.
        expired=(one.expires is not None and one.expires <= last) or held[0].valid_from > first,
        relative_uncertainty=None if uncertainty is None else calibration_uncertainty(one.angle_deg, uncertainty),
        manual_count=one.manual_count,
        counted=one.sensor_count,
        lat=lat,
        lon=lon,
        bearing_deg=one.bearing_deg,
    )
