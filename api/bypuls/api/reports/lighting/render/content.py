"""A lighting report as headings, tables and charts in a language."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime

from bypuls.api.reports.layout.cells import (
    Cell,
    Chart,
    Column,
    Mark,
    Paragraphs,
    Section,
    Table,
    clean,
    label,
    number,
    text,
)
from bypuls.api.reports.layout.words import DASH, NBSP
from bypuls.api.reports.lighting.formats import to_json
from bypuls.api.reports.lighting.model import LightingReport
from bypuls.api.reports.lighting.render.words import Words

_MOST_NIGHTS = 62


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report. figure, word, mark : what one look must tell.  day : from which files are dated."""

    lang: str
    kicker: str
    title: str
    subtitle: str
    name: str
    figure: str
    word: str
    mark: Mark
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]
    foot: str
    fingerprint: str
    day: date
    words: dict[str, str]


def document(report: LightingReport, words: Words) -> Document:
    """The report as a document."""
    plain = json.dumps(to_json(report), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    first, last = (datetime.fromisoformat(one).date() for one in (report.source.first, report.source.last))
    still = sum(one.to is None for one in report.events)
    unknown = report.sigma is None or report.withheld_events > 0
    mark: Mark = "bad" if still else "warn" if report.events or unknown else "good"
    word = words("No fault found") if not unknown else words("Not all faults can be told: see the notes")
    if report.events and not report.withheld_events:
        word = words("Some of them still there") if still else words("All of them over")
    sections = (
        Section("faults", words("Faults"), (_events(report, words),)),
        Section("nights", words("Power of the nights"), (_chart("residual", words),)),
        Section("switching", words("Switching and the sun"), (_chart("switching", words), _burning(report, words))),
        Section("source", words("Data and methods"), (_source(report, words), Paragraphs(_methods(words)))),
        Section("nightly", words("Night by night"), (_nights(report, words),), fresh=True),
    )
    return Document(
        lang=words.lang,
        kicker=words("Street lights"),
        title=clean(report.title),
        subtitle=words.days(first, last),
        name=words("Faults found"),
        figure=words.num(len(report.events)),
        word=word,
        mark=mark,
        facts=(
            (words("Burnt"), words.hours(report.burning.measured_h)),
            (words("Sunset to sunrise"), words.hours(report.burning.sun_h)),
            (words("Used"), f"{words.num(report.power.energy_kwh)}{NBSP}kWh"),
            (words("At full level"), f"{words.num(report.power.full_w)}{NBSP}W"),
            (words("Detectable lamps"), words.num(report.detectable_lamps) if report.detectable_lamps else DASH),
        ),
        warnings=tuple(words.note(one) for one in report.notes),
        sections=sections,
        foot=report.software,
        fingerprint=hashlib.sha256(plain.encode()).hexdigest(),
        day=last,
        words={
            "page": words("Page {page} of {pages}", page="{page}", pages="{pages}"),
            "fingerprint": words("Fingerprint of the figures (SHA-256)"),
        },
    )


def _chart(name: str, words: Words) -> Chart:
    if name == "residual":
        return Chart(
            name,
            words("Power of each night against the expected, %"),
            words("Each night's mean power less the expected, as a share of it; nights with lamps out lie lower."),
        )
    return Chart(
        name,
        words("On after sunset and off after sunrise, minutes"),
        words("Each night's switching: minutes from sunset to on, and from sunrise to off; negative is earlier."),
    )


def _events(report: LightingReport, words: Words) -> Table:
    rows = tuple(
        (
            text(words.fault(one.name), "bad" if one.to is None else None),
            text(one.name),
            text(words.moment(one.from_)),
            text(words.moment(one.to) if one.to is not None else words("still there")),
            number(one.lamps),
            text(DASH if one.confidence is None else words.share(min(one.confidence, 0.999))),
        )
        for one in report.events
    )
    return Table(
        "events",
        words("What was found"),
        (
            Column(words("Fault"), "start", wide=True),
            Column("TALQ", "start", width=18),
            Column(words("From"), "start", width=18),
            Column(words("To"), "start", width=18),
            Column(words("Lamps")),
            Column(words("Confidence")),
        ),
        rows,
        notes=() if rows or report.sigma is None else (words("Nothing stood out of the noise."),),
    )


def _facts(name: str, title: str, rows: list[tuple[str, str]]) -> Table:
    cells: tuple[tuple[Cell, ...], ...] = tuple((label(key), text(value)) for key, value in rows)
    return Table(name, title, (Column("", "start"), Column("", "start", wide=True)), cells)


def _burning(report: LightingReport, words: Words) -> Table:
    burning = report.burning
    rows = [
        (words("Burnt"), words.hours(burning.measured_h)),
        (words("Sunset to sunrise"), words.hours(burning.sun_h)),
        (words("Civil dusk to dawn"), words.hours(burning.civil_h)),
        (words("Lit from civil dusk to dawn"), words.share(burning.lit_share)),
        (words("Lit by day"), words.hours(burning.by_day_h)),
        (words("Without a reading"), words.hours(burning.unknown_h)),
        (words("On after sunset (median)"), words.minutes(report.on_after_sunset_min)),
        (words("Off after sunrise (median)"), words.minutes(report.off_after_sunrise_min)),
    ]
    return _facts("burning", words("Hours"), rows)


def _nights(report: LightingReport, words: Words) -> Table:
    shown = report.nights[:_MOST_NIGHTS]
    rows = tuple(
        (
            text(words.day(date.fromisoformat(one.night))),
            text(words.moment(one.on).rsplit(NBSP, 1)[-1]),
            number(one.on_after_sunset_min, signed=True),
            text(words.moment(one.off).rsplit(NBSP, 1)[-1]),
            number(one.off_after_sunrise_min, signed=True),
            Cell("share", one.residual, 1, signed=True) if one.residual is not None else text(None),
        )
        for one in shown
    )
    more = len(report.nights) - len(shown)
    return Table(
        "nights",
        words("Switching of each night"),
        (
            Column(words("Evening"), "start", wide=True),
            Column(words("On")),
            Column(words("min after sunset")),
            Column(words("Off")),
            Column(words("min after sunrise")),
            Column(words("power against expected")),
        ),
        rows,
        notes=(words("{n} more nights are in the JSON.", n=words.num(more)),) if more > 0 else (),
    )


def _source(report: LightingReport, words: Words) -> Table:
    source, power = report.source, report.power
    rows = [
        (words("File"), source.file),
        (words("From"), words.moment(source.first)),
        (words("To"), words.moment(source.last)),
        (words("Interval"), f"{words.num(source.interval_s)}{NBSP}s"),
        (words("Rows"), words.num(source.rows)),
        (words("Missing"), words.num(source.missing)),
        (words("Lines not used"), words.num(source.unused_lines)),
        (words("Place"), f"{words.num(report.place.latitude_deg, 4)}°, {words.num(report.place.longitude_deg, 4)}°"),
        (words("Lamps"), words.num(report.lamps) if report.lamps else DASH),
        (words("One lamp"), DASH if power.lamp_w is None else f"{words.num(power.lamp_w, 1)}{NBSP}W"),
        (words("The cabinet itself"), f"{words.num(power.own_w, 1)}{NBSP}W"),
        (words("Spread of the nights (σ)"), DASH if report.sigma is None else words.share(report.sigma, 2)),
        (words("Faults left out, the sun doesn't fit"), words.num(report.withheld_events)),
    ]
    return _facts("source", words("The file"), rows)


def _methods(words: Words) -> tuple[str, ...]:
    return (
        words(
            "Sunset, sunrise and civil twilight are astral's for the place. What the lamps should draw at each quarter "
            "of the local clock is learned from the file itself; a night's power is the mean of its middle against "
            "that."
        ),
        words(
            "Steps of lamps are the partition of the nights with the least squares, with a penalty for each step; less "
            "than 0.6 of a lamp is none. No supply is less than 10 % of the expected power for half an hour at night; "
            "lamps lit by day are more than half a lamp for half an hour outside civil twilight ± 30 minutes."
        ),
        words(
            "Names of faults are those of TALQ 2.7.1. A clock that is an hour wrong is no fault here: see the "
            "switching."
        ),
    )
