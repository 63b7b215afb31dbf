"""What a schedule makes: a street's speed report or a building's energy report, as files and as the mail's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bypuls.api.buildings import source as buildings
from bypuls.api.buildings.report import building_report
from bypuls.api.directory import Directory
from bypuls.api.reports.building import content
from bypuls.api.reports.building import formats as energy
from bypuls.api.reports.building.words import Words
from bypuls.api.reports.schedule.due import Due
from bypuls.api.reports.schedule.texts import energy_mail_text, mail_text
from bypuls.api.reports.speed import formats as speed
from bypuls.api.reports.speed.from_store import Survey
from bypuls.api.reports.speed.site_report import Question, Source, site_report
from bypuls.api.surveys import midnight
from bypuls.store.book import Book
from bypuls.store.protocol import Store
from bypuls.store.registry import ReportSchedule
from bypuls.wire import to_us

MEDIA_TYPES: Mapping[str, str] = {**speed.MEDIA_TYPES, **energy.MEDIA_TYPES}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*-(\d{4}-\d\d-\d\d)-(\d{4}-\d\d-\d\d)-(?:da|en)\.([a-z]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Made:
    """subject, text : of the mail.  files : by name, media type and content."""

    subject: str
    text: str
    files: Mapping[str, tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where reports come from. now : the moment of making.  surveyor : who answers for speed reports."""

    store: Store
    directory: Directory
    book: Book
    zone: ZoneInfo
    now: datetime
    surveyor: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """What the name of a file says: whole local days first … last, and its form."""

    first: date
    last: date
    form: str


def made(schedule: ReportSchedule, due: Due, sources: Sources) -> Made:
    """The schedule's report of a period.  Raises StoreError, AnalysisError, ValueError."""
    if schedule.building is not None:
        return _energy(schedule, schedule.building, due, sources)
    if schedule.site is None:
        raise ValueError(f"report_schedule {schedule.id}: neither site nor building — expected one of them")
    return _speed(schedule, schedule.site, due, sources)


def named(name: str) -> Named | None:
    """What a file's name says; None for one that isn't of our making."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        first, last = (date.fromisoformat(found[group]) for group in (1, 2))
    except ValueError:
        return None
    return Named(first, last, found[3]) if found[3] in MEDIA_TYPES else None


def _name(what: str, due: Due, schedule: ReportSchedule, form: str) -> str:
    return f"{what}-{due.first}-{due.last}-{schedule.lang}.{form}"


def _speed(schedule: ReportSchedule, site: str, due: Due, sources: Sources) -> Made:
    start, end = midnight(due.first, sources.zone), midnight(due.end, sources.zone)
    question = Question(site, Survey(sources.zone, to_us(start), to_us(end)), surveyor=sources.surveyor)
    report = site_report(Source(sources.store, sources.directory, sources.book), question).report
    files = {
        _name(site, due, schedule, form): (speed.MEDIA_TYPES[form], speed.rendered(report, form, schedule.lang))
        for form in schedule.formats.split(" ")
    }
    return Made(*mail_text(report, due, schedule.lang), files)


def _energy(schedule: ReportSchedule, building: str, due: Due, sources: Sources) -> Made:
    source = buildings.Source(sources.store, sources.directory, sources.now, sources.zone)
    report = building_report(source, building, due.first, due.last)
    words = Words(schedule.lang)
    files = {
        _name(f"{building}-energy", due, schedule, form): (
            energy.MEDIA_TYPES[form],
            energy.rendered(report, form, schedule.lang),
        )
        for form in schedule.formats.split(" ")
    }
    return Made(*energy_mail_text(content.document(report, words), due, words), files)
