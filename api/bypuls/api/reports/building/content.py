"""A building's report as headings, tables and charts in a language: what every format shows, in its order."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial

import numpy as np
import orjson

from bypuls.api.buildings.eui import Eui, months_of
from bypuls.api.buildings.figures import MediumFigures
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.report import BuildingReport
from bypuls.api.buildings.to_json import figures_json
from bypuls.api.reports.building import charts, parts
from bypuls.api.reports.building.advice import advice, standing
from bypuls.api.reports.building.document import Document, Draw, Headline
from bypuls.api.reports.building.words import Words, sentence
from bypuls.api.reports.layout.cells import (
    Block,
    Cell,
    Chart,
    Column,
    Paragraphs,
    Section,
    Table,
    clean,
    number,
    share,
    text,
)
from bypuls.api.routes.state import release

MOST_ACTIONS = 5


def fingerprint(report: BuildingReport) -> str:
    """SHA-256 of the report's figures: of their JSON with sorted keys, the moment of making left out."""
    told = figures_json(report)
    del told["made_at"], told["silent"]
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_SORT_KEYS
    return hashlib.sha256(orjson.dumps(told, option=options)).hexdigest()


def document(report: BuildingReport, words: Words) -> Document:
    """The report as a document."""
    draw: dict[str, Draw] = {}
    sections = [
        Section("use", words("Use"), _use(report, words, draw)),
        Section("load", words("When it is used"), _load(report, words, draw)),
        Section("signature", words("Energy signature"), parts.signatures(report, words, draw)),
        Section("savings", words("Measured savings"), parts.savings(report, words)),
        Section("cooling", words("District heating"), parts.cooling(report, words, draw)),
        Section("submeters", words("Submeters and solar power"), parts.submeters(report, words)),
        Section("quality", words("Data and methods"), _quality(report, words)),
    ]
    building = report.building
    about = [words.use(building.use)]
    if report.eui.area_m2 is not None:
        about.append(f"{words.num(report.eui.area_m2)} m²")
    if building.built_year is not None:
        about.append(words("built {year}", year=building.built_year))
    month = months_of(report.first, report.last) == [(report.first, report.last)] and _whole_month(report)
    period = words.month(report.first) if month else words.days(report.first, report.last)
    return Document(
        lang=words.lang,
        kicker=words("Energy report"),
        title=clean(building.name),
        subtitle=f"{period} · {', '.join(about)}",
        headline=_headline(report, words),
        warnings=_warnings(report, words),
        sections=tuple(section for section in sections if section.blocks),
        foot=f"bypuls {release()}",
        fingerprint=fingerprint(report),
        day=report.last,
        draw=draw,
        words={
            "page": words("Page {page} of {pages}", page="{page}", pages="{pages}"),
            "fingerprint": words("Fingerprint of the figures (SHA-256)"),
            "actions": words("What to do"),
        },
    )


def _whole_month(report: BuildingReport) -> bool:
    return report.first.day == 1 and (report.last + timedelta(days=1)).day == 1


def _warnings(report: BuildingReport, words: Words) -> tuple[str, ...]:
    found = [words.reason(one) for one in report.silent]
    for one in report.media:
        if one.reason is not None:
            found.append(f"{words.medium(one.medium)}: {words.reason(one.reason)}")
    return tuple(sentence(one) for one in dict.fromkeys(found))


def _headline(report: BuildingReport, words: Words) -> Headline:
    word, mark, reason = standing(report, words)
    found = advice(report, words)
    energy = [one for one in report.media if one.medium != "water"]
    known = [one.amount.total for one in energy if one.reason is None and one.amount.total is not None]
    total = sum(known) if known and len(known) == len(energy) else None
    eui = report.year_eui
    shown = eui.corrected if eui.corrected is not None else eui.raw
    keys = (
        (words("Energy"), words.amount(total, "kWh"), _change(report, words)),
        (words("Cost"), words.money(report.cost_dkk), _first(words, [one.cost.reason for one in report.media])),
        (words("CO₂"), words.co2(report.co2_kg), _first(words, [one.co2.reason for one in energy])),
        (
            words("kWh per m² a year"),
            words.num(shown, 1) if shown is not None else words.num(None),
            words("at normal weather") if eui.corrected is not None else _why_raw(eui, words),
        ),
    )
    actions = tuple(one.text for one in found[:MOST_ACTIONS]) or (words("Nothing calls for action."),)
    return Headline(word, mark, reason, keys, actions, media_table(report, words))


def _change(report: BuildingReport, words: Words) -> str:
    energy = [one for one in report.media if one.medium != "water"]
    if not energy or any(one.change is None for one in energy):
        return words("no comparison with the year before")
    now = sum(one.amount.total or 0.0 for one in energy)
    before = sum(one.last_year or 0.0 for one in energy)
    return words("{change} on the year before", change=words.share(now / before - 1.0, 1, signed=True))


def _first(words: Words, reasons: list[Reason | None]) -> str:
    known = [one for one in reasons if one is not None]
    return words.reason(known[0]) if known else ""


def _why_raw(eui: Eui, words: Words) -> str:
    reason = eui.corrected_reason or eui.reason
    return words("not corrected: {reason}", reason=words.reason(reason)) if reason is not None else ""


def media_table(report: BuildingReport, words: Words) -> Table | None:
    """The media side by side."""
    if not report.media:
        return None
    rows = []
    for one in report.media:
        apart = one.deviation
        told = share(apart.share, signed=True, mark=_mark(one)) if apart and apart.share is not None else text("–")
        rows.append(
            (
                text(words.medium(one.medium, capital=True)),
                text(words.amount(one.amount.total, one.unit)),
                share(one.change, signed=True),
                told,
                text(words.money(one.cost.value)),
                text(words.co2(one.co2.value) if one.medium != "water" else "–"),
                share(one.amount.coverage, 0, mark="bad" if one.amount.coverage < 0.95 else None),
            )
        )
    columns = (
        Column(words("Medium"), "start", wide=True, width=22),
        Column(words("Use"), width=14),
        Column(words("on the year before"), width=14),
        Column(words("against the weather"), width=14),
        Column(words("Cost"), width=14),
        Column("CO₂", width=12),
        Column(words("measured"), width=11),
    )
    return Table("media", words("By medium"), columns, tuple(rows))


def _mark(one: MediumFigures) -> parts.MarkOrNone:
    apart = one.deviation
    if apart is None or apart.share is None or not apart.significant:
        return None
    return "bad" if apart.share > 0 else "good"


def _use(report: BuildingReport, words: Words, draw: dict[str, Draw]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for one in report.media:
        if not np.isfinite(one.use).any():
            reason = words.reason(Reason("nothing-measured", {"medium": one.medium}))
            blocks.append(Paragraphs((sentence(reason),), "warn"))
            continue
        name = f"use-{one.medium}"
        draw[name] = partial(_drawn, charts.use, one, words)
        alt = words(
            "Use of {medium}: {amount} in the period.",
            medium=words.medium(one.medium), amount=words.amount(one.amount.total, one.unit),
        )  # fmt: skip
        blocks.append(Chart(name, words.medium(one.medium, capital=True), alt))
    blocks.append(parts.eui_table(report, words))
    return tuple(blocks)


def _load(report: BuildingReport, words: Words, draw: dict[str, Draw]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for one in report.media:
        if one.medium == "water" or one.load.peak is None:
            continue
        medium = words.medium(one.medium)
        draw[f"carpet-{one.medium}"] = partial(_drawn, charts.carpet, one, words)
        alt = words(
            "Hours of the day by days. Highest hour {peak}, {when}.",
            peak=words.power(one.load.peak.power, one.unit), when=words.day(one.load.peak.start.date()),
        )  # fmt: skip
        blocks.append(Chart(f"carpet-{one.medium}", words("Hour by hour: {medium}", medium=medium), alt))
    for one in report.media:
        if one.medium == "electricity" and one.load.duration is not None and one.load.peak is not None:
            draw[f"duration-{one.medium}"] = partial(_drawn, charts.duration, one, words)
            alt = words(
                "The load falls from {high} to {low}.",
                high=words.power(one.load.peak.power, one.unit),
                low=words.power(float(one.load.duration.power[-1]), one.unit),
            )
            blocks.append(Chart(f"duration-{one.medium}", words("Load duration: electricity"), alt))
    table = parts.load_table(report, words)
    return (*blocks, table) if table is not None else tuple(blocks)


def _drawn(made: charts.Make, one: MediumFigures, words: Words, size: charts.Size) -> str:
    return size.draw(lambda: made(one, words, size))


def _quality(report: BuildingReport, words: Words) -> tuple[Block, ...]:
    rows: list[tuple[Cell, ...]] = []
    for one in report.media:
        notes = "; ".join(words.reason(note) for note in one.notes) or words("nothing")
        rows.append(
            (
                text(words.medium(one.medium, capital=True)),
                text(", ".join(one.meters)),
                share(one.amount.measured_coverage, 1),
                number(one.amount.gaps or None, 0),
                text(notes),
            )
        )
    columns = (
        Column(words("Medium"), "start", width=18),
        Column(words("Meters"), "start", width=30),
        Column(words("measured"), width=12),
        Column(words("over gaps"), width=12),
        Column(words("What was found"), "start", wide=True, width=60),
    )
    table = Table("data", words("Data"), columns, tuple(rows))
    return (table, Paragraphs(parts.methods(report, words), "soft")) if rows else ()
