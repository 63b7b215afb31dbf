"""A speed report as headings, tables and charts in a language: what every format shows, in the order it shows it."""

from __future__ import annotations

import hashlib
import json

from bypuls.api.reports.layout.cells import (
    Cell,
    Chart,
    Column,
    Section,
    Table,
    clean,
    count,
    share,
    text,
)
from bypuls.api.reports.speed.model import SpeedReport, Statistics
from bypuls.api.reports.speed.render import comparison, light, place, tables, volumes
from bypuls.api.reports.speed.render.document import Document, Headline
from bypuls.api.reports.speed.render.labels import VERDICT_SENTENCES, direction, named, verdict
from bypuls.api.reports.speed.render.street_map import has_map
from bypuls.api.reports.speed.render.words import Words
from bypuls.api.reports.speed.to_json import to_json

LONG_PERIOD_DAYS = 45


def fingerprint(report: SpeedReport) -> str:
    """SHA-256 of the report's figures: of its JSON with sorted keys and no spaces. Two files with the same one, in
    whatever format or language, show the same report."""
    plain = json.dumps(to_json(report), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def document(report: SpeedReport, words: Words) -> Document:
    """The report as a document. Raises ValueError for a number that isn't finite."""
    mark = fingerprint(report)
    seen = report.statistics.all.n > 0
    sections = [
        Section(
            "statistics", words("Speeds"), (tables.statistics(report, words), *_speed_charts(report, words)), fresh=seen
        ),
        Section("hours", words("Hours of the day"), _hours(report, words), fresh=seen),
        Section("volumes", words("Traffic volumes"), volumes.volume_tables(report, words)),
    ]
    days = Section("days", words("Days"), (*_day_charts(report, words), *tables.day_tables(report, words)))
    long = len(report.days) > LONG_PERIOD_DAYS
    if not long:
        sections.append(days)
    if report.light is not None:
        sections.append(Section("light", words("Light and speed"), light.blocks(report.light, words)))
    if report.comparison is not None:
        sections.append(
            Section("comparison", words("Comparison"), comparison.blocks(report, report.comparison, words), fresh=True)
        )
    sections.append(Section("quality", words("Data and methods"), place.quality(report, mark, words)))
    if long:
        sections.append(days)
    return Document(
        lang=words.lang,
        kicker=words("Speed report"),
        title=clean(report.site.name),
        subtitle=_subtitle(report, words),
        headline=headline(report, words),
        warnings=place.warnings(report, words),
        facts=place.facts(report, words),
        sections=tuple(section for section in sections if section.blocks),
        foot=f"{report.software.name} {report.software.version}",
        fingerprint=mark,
        day=report.period.last_day,
        map=_map(report, words),
        words={
            "page": words("Page {page} of {pages}", page="{page}", pages="{pages}"),
            "fingerprint": words("Fingerprint of the figures (SHA-256)"),
            "contents": words("Contents"),
            "limit": words("Posted limit"),
        },
    )


def _map(report: SpeedReport, words: Words) -> Chart | None:
    if not has_map(report):
        return None
    told = any(sensor.bearing_deg is not None for sensor in report.sensors)
    alt = words("{street} with its sensor, north is up.", street=clean(report.site.name))
    if told:
        alt += " " + words("Arrows show the directions that it tells apart.")
    if report.site.neighbours:
        alt += " " + words("Beside it, where it lies among the registered streets.")
    return Chart("map", words("Map"), alt)


def headline(report: SpeedReport, words: Words) -> Headline:
    """V85 against the limit, the verdict, and what it rests on."""
    found = report.statistics.all
    word, mark = verdict(found.verdict, words)
    over = found.over_limit
    facts = [
        (words("Posted limit"), words.limit(found.limit_kmh)),
        (words("V85, 95 % interval"), _interval(found, words)),
        (words("Vehicles"), words.num(found.n)),
        (words("Over the limit"), words.share(over.share) if over else words.share(None)),
    ]
    return Headline(
        v85=words.num(found.v85_kmh, 1),
        unit=words("km/h"),
        word=word,
        mark=mark,
        reason=sentence(found, words),
        facts=tuple(facts),
        directions=_directions(report, words) if len(report.statistics.directions) > 1 else None,
        strip=_strip(found, words),
        comparison=comparison.conclusion(report.comparison, words) if report.comparison else None,
    )


def _strip(found: Statistics, words: Words) -> str | None:
    if found.v85_kmh is None or found.limit_kmh is None:
        return None
    return words(
        "V85 {v85}, 95 % interval {interval}, on a scale with the posted limit {limit}.",
        v85=words.speed(found.v85_kmh),
        interval=_interval(found, words),
        limit=words.limit(found.limit_kmh),
    )


def sentence(found: Statistics, words: Words) -> str:
    """Why the verdict is what it is."""
    detail = found.verdict_detail
    rests = detail.basis == "point" and found.v85_kmh is not None
    alone = " " + words("It rests on V85 alone, which has no interval here.") if rests else ""
    within = detail.limit_kmh is not None and found.v85_kmh is not None and found.v85_kmh <= detail.limit_kmh
    if found.verdict == "ok" and within:
        return words("V85 is not over the limit.") + alone
    if (
        found.verdict is not None
        and found.verdict in VERDICT_SENTENCES
        and detail.assess_kmh is not None
        and detail.measures_kmh is not None
    ):
        text_found = words(
            VERDICT_SENTENCES[found.verdict],
            assess=words.limit(detail.assess_kmh),
            measures=words.limit(detail.measures_kmh),
            assess_share=_excess(detail.assess_kmh, detail.limit_kmh, words),
            measures_share=_excess(detail.measures_kmh, detail.limit_kmh, words),
        )
        return text_found + alone
    reason = named(detail.reason, words) if detail.reason else words("no reason is given")
    if found.verdict == "uncertain" and detail.assess_kmh is not None and detail.measures_kmh is not None:
        thresholds = words(
            "Thresholds: assess above {assess}, measures above {measures}.",
            assess=words.limit(detail.assess_kmh),
            measures=words.limit(detail.measures_kmh),
        )
        return f"{capital(reason)}. {thresholds}"
    return f"{capital(reason)}."


def _excess(threshold_kmh: float, limit_kmh: float | None, words: Words) -> str:
    return words.share(threshold_kmh / limit_kmh - 1.0 if limit_kmh else None, 0)


def capital(sentence_found: str) -> str:
    """With a capital letter in front."""
    return sentence_found[:1].upper() + sentence_found[1:]


def _interval(found: Statistics, words: Words) -> str:
    interval = found.intervals.get("v85_kmh")
    if interval is None or interval.low is None or interval.high is None:
        return words("none: {reason}", reason=named(interval.reason, words)) if interval and interval.reason else "–"
    return f"{words.span(interval.low, interval.high)}\N{NO-BREAK SPACE}{words('km/h')}"


def _directions(report: SpeedReport, words: Words) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, found in report.statistics.directions.items():
        word, mark = verdict(found.verdict, words)
        rows.append(
            (
                text(direction(name, words)),
                count(found.n),
                tables.speed(found.v85_kmh),
                text(_interval(found, words)),
                text(words.limit(found.limit_kmh)),
                share(found.over_limit.share if found.over_limit else None),
                text(word, mark),
            )
        )
    columns = (
        Column(words("Direction"), "start", wide=True, width=24),
        Column(words("Vehicles")),
        Column("V85"),
        Column(words("95 % interval"), width=18),
        Column(words("Limit")),
        Column(words("Over the limit")),
        Column(words("Verdict"), "start", width=22),
    )
    return Table("headline", words("Directions"), columns, tuple(rows))


def _subtitle(report: SpeedReport, words: Words) -> str:
    period = report.period
    if period.first_day is None:
        return words("Period unknown: the data carry no times")
    days = words.plural("{n} day", "{n} days", period.days)
    full = words("{n} of them full", n=words.num(period.full_days))
    return f"{words.days(period.first_day, period.last_day)} · {days}, {full}"


def _speed_charts(report: SpeedReport, words: Words) -> tuple[Chart, ...]:
    found = report.statistics.all
    if not sum(report.histogram.all):
        return ()
    alt = words(
        "Histogram of {n} speeds. V50 {v50}, V85 {v85}, posted limit {limit}.",
        n=words.num(found.n),
        v50=words.speed(found.v50_kmh),
        v85=words.speed(found.v85_kmh),
        limit=words.limit(found.limit_kmh),
    )
    return (Chart("histogram", words("Distribution of speeds"), alt),)


def _hours(report: SpeedReport, words: Words) -> tuple[Chart | Table, ...]:
    watched = [row for row in report.hours if row.n is not None]
    if not watched:
        return ()
    if not any(row.n for row in watched):
        return tables.hour_tables(report, words)
    busiest = max(watched, key=lambda row: row.n or 0)
    alt = words(
        "Vehicles per hour of the day with V50 and V85. Most vehicles {hour}: {n} in the period.",
        hour=words.hour(busiest.hour),
        n=words.num(busiest.n),
    )
    chart = Chart("hours", words("Vehicles and speeds by hour of the day"), alt)
    return (chart, *tables.hour_tables(report, words))


def _day_charts(report: SpeedReport, words: Words) -> tuple[Chart, ...]:
    found: list[Chart] = []
    measured = [row for row in report.days if row.v85_kmh is not None]
    if len(measured) > 1:
        low, high = min(row.v85_kmh or 0.0 for row in measured), max(row.v85_kmh or 0.0 for row in measured)
        alt = words(
            "V85 of {n} days, from {low} to {high}.",
            n=words.num(len(measured)),
            low=words.num(low, 1),
            high=words.speed(high),
        )
        found.append(Chart("days", words("V85 and vehicles day by day"), alt))
    if any(cell.n for cell in report.week) and len(report.days) > 1:
        found.append(
            Chart(
                "week",
                words("Vehicles by weekday and hour"),
                words("Average vehicles per hour for each weekday and hour of the day; hatched where nobody watched."),
            )
        )
    return tuple(found)
