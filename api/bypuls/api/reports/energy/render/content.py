"""An energy report as headings, tables and charts in a language: what every form shows, in the order it shows it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date

from bypuls.api.reports.energy.model import EnergyReport
from bypuls.api.reports.energy.render import tables
from bypuls.api.reports.energy.render.labels import MEDIA, NOTES, named, sentence
from bypuls.api.reports.energy.render.words import Words
from bypuls.api.reports.energy.to_json import to_json
from bypuls.api.reports.layout.cells import Chart, Mark, Paragraphs, Section, Table, clean
from bypuls.api.reports.layout.words import DASH, NBSP


@dataclass(frozen=True, slots=True)
class Headline:
    """What one look must tell. figure : the saving as text.  word, mark : what it is.  reasons : why there is none."""

    name: str
    figure: str
    word: str
    mark: Mark
    reason: str
    facts: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report. day : the last day of the data, from which files are dated."""

    lang: str
    kicker: str
    title: str
    subtitle: str
    headline: Headline
    warnings: tuple[str, ...]
    facts: Table
    sections: tuple[Section, ...]
    foot: str
    fingerprint: str
    day: date
    words: dict[str, str]


def fingerprint(report: EnergyReport) -> str:
    """SHA-256 of the report's figures: of its JSON with sorted keys and no spaces."""
    plain = json.dumps(to_json(report), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def document(report: EnergyReport, words: Words) -> Document:
    """The report as a document. Raises ValueError for a number that isn't finite."""
    mark = fingerprint(report)
    quality = report.quality
    seen = report.model is not None
    sections = [
        Section(
            "signature",
            words("Hourly model") if of_hours(report) else words("Energy signature"),
            (*((_scatter(report, words),) if seen else ()), *tables.model(report, words)),
        ),
        Section("time", words("Use over time"), (_series(report, words), tables.months(report, words))),
        Section("degree_days", words("Degree days"), tables.degree_days(report, words)),
        Section("quality", words("Quality of the data"), tables.quality(report, words)),
        Section("methods", words("Methods"), (Paragraphs(_methods(report, words)),)),
    ]
    return Document(
        lang=words.lang,
        kicker=words("Energy report"),
        title=clean(report.title),
        subtitle=f"{named(MEDIA, quality.medium, words)}, {words.days(report.daily.days[0], report.daily.days[-1])}",
        headline=headline(report, words),
        warnings=tuple(named(NOTES, note, words) for note in report.notes if note in _WARNED),
        facts=tables.facts(report, words),
        sections=tuple(sections),
        foot=f"{report.software.name} {report.software.version}",
        fingerprint=mark,
        day=report.daily.days[-1],
        words={
            "page": words("Page {page} of {pages}", page="{page}", pages="{pages}"),
            "fingerprint": words("Fingerprint of the figures (SHA-256)"),
        },
    )


_WARNED = ("clock_skips_times", "unit_assumed", "outside_temperatures")


def headline(report: EnergyReport, words: Words) -> Headline:
    """The saving with its interval, or that it is refused and why."""
    saving, model = report.savings, report.model
    cv_rmse = model.quality.cv_rmse if model is not None else None
    r2 = model.quality.r2 if model is not None else None
    facts = [
        (words("Measured share"), words.share(report.quality.coverage)),
        (words("CV(RMSE) of the model"), words.share(cv_rmse)),
        ("R²", words.num(r2, 2)),
    ]
    if saving.kwh is None or saving.interval is None or saving.interval_kwh is None:
        asked = not any(reason.code == "periods" for reason in saving.refused)
        return Headline(
            name=words("Saving"),
            figure=DASH,
            word=words("Refused") if asked else words("Not asked for"),
            mark="bad" if asked else "soft",
            reason=words("The data don't carry a figure for the saving; the reasons are below.")
            if asked
            else words("No baseline and reporting period were named, so no saving was computed."),
            facts=tuple(facts),
            reasons=tuple(sentence(reason, words) for reason in saving.refused) if asked else (),
        )
    low, high = saving.interval
    spread = words(
        "{confidence} interval {low} to {high}",
        confidence=words.share(saving.confidence, 0),
        low=words.share(low),
        high=words.share(high),
    )
    used = (
        words(
            "Used {actual} in {hours} measured hours; OpenDSM's model of the baseline's hours expects {modelled} "
            "in the same weather.",
            actual=words.kwh(saving.actual_kwh),
            hours=words.num(saving.hours),
            modelled=words.kwh(saving.modelled_kwh),
        )
        if of_hours(report)
        else words(
            "Used {actual} in {days} days; the baseline's model expects {modelled} in the same weather.",
            actual=words.kwh(saving.actual_kwh),
            days=words.num(saving.days),
            modelled=words.kwh(saving.modelled_kwh),
        )
    )
    mark: Mark
    if not saving.significant:
        word, mark = words("Not significant"), "warn"
    elif saving.kwh > 0.0:
        word, mark = words("Saved"), "good"
    else:
        word, mark = words("Used more"), "bad"
    kwh = f"{words.kwh(saving.interval_kwh[0])} {words('to')} {words.kwh(saving.interval_kwh[1])}"
    return Headline(
        name=words("Saving"),
        figure=words.num((saving.share or 0.0) * 100.0, 1) + f"{NBSP}%",
        word=word,
        mark=mark,
        reason=f"{spread}. {used}",
        facts=((words("Saved energy"), words.kwh(saving.kwh)), (words("Its interval"), kwh), *facts),
        reasons=(),
    )


def of_hours(report: EnergyReport) -> bool:
    """Whether a model of hours was asked for, also where it is refused."""
    return report.methods.get("model", "daily") != "daily"


def _scatter(report: EnergyReport, words: Words) -> Chart:
    line = words("Each day's use against its mean outdoor temperature, with the fitted signature as a line.")
    points = words("Each day's use against its mean outdoor temperature, with what the hourly model expects.")
    return Chart("scatter", words("Use against outdoor temperature, day by day"), points if of_hours(report) else line)


def _series(report: EnergyReport, words: Words) -> Chart:
    alt = words("Measured use day by day, with what the signature expects in the same weather.")
    if of_hours(report):
        alt = words("Measured use day by day, with what the hourly model expects in the same weather.")
    if report.savings.reporting is not None:
        alt += " " + words("Baseline and reporting period are set off.")
    return Chart("series", words("Measured and expected use, day by day"), alt)


def _methods(report: EnergyReport, words: Words) -> tuple[str, ...]:
    days = words(
        "Days are local days. A day counts in the model when at least half of it is measured; it is then scaled up "
        "to the whole day. Sums of energy are as measured, without scaling."
    )
    signature = words(
        "The signature is the change-point model (1P to 5P) with the lowest BIC among those with physical signs, "
        "by least squares; separate for working and free days where that is worth its parameters."
    )
    saving = words(
        "The saving is what the baseline's model expects in the reporting weather less what was used (IPMVP option "
        "C, CalTRACK 2: 365 days of baseline, at most 37 missing, 90 % coverage). Its interval follows ASHRAE "
        "Guideline 14 with autocorrelation."
    )
    if of_hours(report):
        days = words("Days are local days, of 23 to 25 hours. Sums of energy are as measured, without scaling.")
        signature = words(
            "The model of hours is OpenDSM's: regularised regressions, one for each hour of the day, on temperature by "
            "bands and on groups of months and weekdays of like use. It is fitted to the last 365 days of the "
            "baseline; hours without a value are filled in for the fit and count nowhere else."
        )
        saving = words(
            "The saving is what OpenDSM's model expects in the reporting weather less what was used (IPMVP option C), "
            "over the hours that were measured. Its interval is OpenDSM's, by ASHRAE Guideline 14 for hours; what "
            "OpenDSM disqualifies is refused."
        )
    return (
        days,
        signature,
        saving,
        words(
            "Zeros of electricity stand for missing values unless there is own generation; zeros of heat and gas only "
            "where the signature expects use."
        ),
        words("Degree days are the sum of 17 °C less the day's mean temperature, where it is colder."),
    )
