"""The report of a registered site: observations from the store, settings from the registry, one `SpeedReport`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bypuls.api.directory import Directory
from bypuls.api.lighting_speed import lamps_at, light_and_speed_of
from bypuls.api.reports.speed.build import build_report
from bypuls.api.reports.speed.compare import Pair
from bypuls.api.reports.speed.from_store import Survey, observations_of
from bypuls.api.reports.speed.local_days import LocalDays
from bypuls.api.reports.speed.manual_counts import check_of_sensor
from bypuls.api.reports.speed.model import LightAndSpeed, Limit, SpeedReport
from bypuls.api.reports.speed.observations import Observations
from bypuls.api.reports.speed.passages import PassagesGone, passages_of
from bypuls.api.reports.speed.public_view import PublicTables, public_tables
from bypuls.api.reports.speed.registered_place import limits_of, settings_of
from bypuls.api.reports.speed.settings import Settings
from bypuls.store.book import Book
from bypuls.store.protocol import Store

SMALL_CELLS = "small_cells_left_out"


@dataclass(frozen=True, slots=True)
class Question:
    """What a report is asked for.

    before : with it, the report compares `survey` with this earlier period.
    controls : ids of sites where nothing was changed, on the same dates.
    passages : from single passages where they are all still there, in place of the rollups.
    public : from the tables of `public_view` alone.
    """

    site: str
    survey: Survey
    direction: str | None = None
    before: Survey | None = None
    controls: tuple[str, ...] = ()
    intervention: str | None = None
    chosen_for_speed: bool = True
    surveyor: str | None = None
    passages: bool = False
    public: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A report with all that it was built from."""

    report: SpeedReport
    observations: Observations
    settings: Settings
    other: Observations | None = None
    controls: tuple[Pair, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Source:
    """Where data and places come from."""

    store: Store
    directory: Directory
    book: Book


def site_report(source: Source, question: Question) -> Made:
    """The report that is asked for; without a vehicle it says so, with empty statistics.

    Raises MixedWidths, PassagesGone, StoreError."""
    settings = settings_of(
        source.directory,
        question.site,
        question.survey,
        direction=question.direction,
        surveyor=question.surveyor,
        intervention=question.intervention,
        chosen_for_speed=question.chosen_for_speed,
    )
    if question.public:
        return _public(source, question, settings)
    settings = _with_count_checks(source, question, settings)
    own = _observed(source, question, question.site, question.survey)
    other: Observations | None = None
    pairs: tuple[Pair, ...] = ()
    if question.before is not None:
        settings = _over_both(source.directory, question, settings)
        other = _observed(source, question, question.site, question.before)
        pairs = tuple(
            Pair(
                source.directory.sites[control].name,
                _observed(source, question, control, question.before),
                _observed(source, question, control, question.survey),
                _control_limits(source.directory, question, control),
            )
            for control in question.controls
        )
    settings = replace(settings, light=_light(source, question, own))
    report = build_report(own, settings, other=other, controls=pairs, allow_empty=True)
    return Made(report, own, settings, other, pairs)


def _light(source: Source, question: Question, own: Observations) -> LightAndSpeed | None:
    """Speeds by light level; None at a street where no lamp reports."""
    if not lamps_at(source.directory, question.site):
        return None
    place = source.directory.sites[question.site]
    return light_and_speed_of(source.store, source.directory, place, question.survey, free_flow=own.free_flow)


def _observed(source: Source, question: Question, site: str, survey: Survey) -> Observations:
    found = observations_of(source.store, source.directory, site, survey, direction=question.direction)
    if not question.passages:
        return found
    vehicles = passages_of(source.store, source.book, source.directory, site, survey, direction=question.direction)
    if vehicles.speed_kmh.size + 0.5 < found.quality.used:
        raise PassagesGone(site, question.survey.start_us, vehicles.speed_kmh.size, found.quality.used)
    return replace(found, vehicles=vehicles, bins=None, free_flow=None) if vehicles.speed_kmh.size else found


def _with_count_checks(source: Source, question: Question, settings: Settings) -> Settings:
    """With what counts by hand say of the sensors: those made since the calibration, so with the same mounting."""
    last = question.survey.days[1]
    sensors = []
    for shown in settings.sensors:
        counts = [
            one
            for one in source.directory.manual_counts.get(shown.id, [])
            if one.date <= last and (shown.calibrated is None or one.date >= shown.calibrated)
        ]
        sensor = source.directory.sensors[shown.id]
        check = check_of_sensor(source.store, sensor, counts, question.survey.zone) if counts else None
        sensors.append(replace(shown, count_check=check))
    return replace(settings, sensors=tuple(sensors))


def _over_both(directory: Directory, question: Question, settings: Settings) -> Settings:
    """Limits of both periods: each vehicle is held against that of its day."""
    if question.before is None:
        return settings
    first = min(question.before.days[0], question.survey.days[0])
    last = max(question.before.days[1], question.survey.days[1])
    return replace(settings, limits=limits_of(directory, question.site, first, last, question.direction))


def _control_limits(directory: Directory, question: Question, control: str) -> tuple[Limit, ...]:
    if question.before is None:
        return ()
    first = min(question.before.days[0], question.survey.days[0])
    last = max(question.before.days[1], question.survey.days[1])
    return limits_of(directory, control, first, last, question.direction)


def _public(source: Source, question: Question, settings: Settings) -> Made:
    """The report from the public tables: speeds by day, hours from the counts."""
    own = public_of(source, question, question.site, question.survey)
    other: Observations | None = None
    pairs: tuple[Pair, ...] = ()
    if question.before is not None:
        settings = _over_both(source.directory, question, settings)
        other = public_of(source, question, question.site, question.before).speeds
        pairs = tuple(
            Pair(
                source.directory.sites[control].name,
                public_of(source, question, control, question.before).speeds,
                public_of(source, question, control, question.survey).speeds,
                _control_limits(source.directory, question, control),
            )
            for control in question.controls
        )
    speeds = build_report(own.speeds, settings, other=other, controls=pairs, allow_empty=True)
    counts = build_report(own.counts, settings, allow_empty=True)
    report = replace(
        speeds,
        hours=counts.hours,
        week=counts.week,
        volumes=counts.volumes,
        notes=(*speeds.notes, SMALL_CELLS),
    )
    return Made(report, own.speeds, settings, other, pairs)


def public_of(source: Source, question: Question, site: str, survey: Survey) -> PublicTables:
    """The public tables of a site and period."""
    found = observations_of(source.store, source.directory, site, survey, direction=question.direction)
    return public_tables(found, LocalDays(survey.zone.key, survey.start_us, survey.end_us - 1))
