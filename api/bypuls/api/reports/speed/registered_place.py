"""What the registry says of a site, as a report needs it: limits by date, calibrations, interventions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bypuls.analysis.traffic.radar import calibration_uncertainty
from bypuls.api.directory import Directory
from bypuls.api.reports.speed import model
from bypuls.api.reports.speed.from_store import Survey
from bypuls.api.reports.speed.settings import Settings
from bypuls.api.vehicles import KINDS
from bypuls.store import registry


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
            interventions=tuple(_told(one) for one in sorted(done, key=lambda one: one.date)),
        ),
        limits=limits_of(directory, site, first, last, direction),
        sensors=tuple(_sensor(one, directory.calibrations.get(one.id, []), first, last) for one in sensors),
        surveyor=surveyor,
        timezone=survey.zone.key,
        start=survey.start,
        end=survey.end,
        country=country,
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


def _sensor(
    row: registry.Sensor, calibrations: Sequence[registry.Calibration], first: date, last: date
) -> model.Sensor:
    held = [one for one in calibrations if one.valid_from <= last]
    if not held:
        return model.Sensor(id=row.id, name=row.name)
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
    )
