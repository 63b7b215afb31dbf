"""The tables of an energy report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bypuls.api.reports.energy.model import DegreeDaysOf, EnergyReport, HourlyModel, Span
from bypuls.api.reports.energy.render import labels
from bypuls.api.reports.energy.render.labels import named, sentence
from bypuls.api.reports.energy.render.words import Words
from bypuls.api.reports.layout.cells import Cell, Column, Paragraphs, Table, count, day, label, number, share, text

FACTS = (Column("", align="start", width=34), Column("", align="start", wide=True, width=50))


def facts(report: EnergyReport, words: Words) -> Table:
    """What was read, of when, of what."""
    quality, figures = report.quality, report.figures
    saving = report.savings
    rows: list[tuple[str, Cell]] = [
        (words("Files"), text(", ".join(quality.files))),
        (words("Weather"), text(", ".join(quality.weather.files))),
        (words("Medium"), text(named(labels.MEDIA, quality.medium, words))),
        (words("Values"), text(_values(report, words))),
        (words("Local days of"), text(quality.timezone)),
    ]
    for name, period in ((words("Baseline"), saving.baseline), (words("Reporting period"), saving.reporting)):
        if period is not None:
            known = words("{known} of {days} days known", known=words.num(period.known), days=words.num(period.days))
            rows.append((name, text(f"{words.days(period.first_day, period.last_day)} ({known})")))
    if report.area_m2 is not None:
        rows.append((words("Heated area, m²"), number(report.area_m2)))
    if figures.year_kwh is not None:
        months = words.days(figures.first_day, figures.last_day)
        rows.append((words("Use of twelve months"), text(f"{words.kwh(figures.year_kwh)} ({months})")))
    if figures.eui_kwh_m2 is not None:
        rows.append((words("Per area, kWh/m²"), number(figures.eui_kwh_m2, 1)))
    correction = report.degree_days.correction
    if correction is not None:
        rows.append((words("In normal weather"), text(words.kwh(correction.kwh))))
        if correction.eui_kwh_m2 is not None:
            rows.append((words("In normal weather, kWh/m²"), number(correction.eui_kwh_m2, 1)))
    if figures.night_base_kw is not None:
        rows.append((words("Base load at night, kW"), number(figures.night_base_kw, 2)))
    if figures.weekend_share is not None:
        expected = words("{share} of the days", share=words.share(figures.expected_weekend_share))
        rows.append((words("Share of free days"), text(f"{words.share(figures.weekend_share)} ({expected})")))
    return Table("facts", words("At a glance"), FACTS, tuple((label(name), cell) for name, cell in rows))


def model(report: EnergyReport, words: Words) -> tuple[Table | Paragraphs, ...]:
    """The signature's coefficients and how well it fits; or why there is none."""
    found = report.model
    if found is None:
        return (Paragraphs(tuple(sentence(reason, words) for reason in report.model_refused), mark="bad"),)
    if isinstance(found, HourlyModel):
        return _hourly(found, words)
    columns = (
        Column(words("Days"), align="start", wide=True, width=30),
        Column(words("Model"), align="start", width=10),
        Column(words("Number of days")),
        Column(words("Base, kWh/d")),
        Column(words("Heating, kWh/(d·K)")),
        Column(words("Balance, °C")),
        Column(words("Cooling, kWh/(d·K)")),
        Column(words("Balance, °C")),
    )
    rows = tuple(
        (
            text(words(labels.DAY_TYPES.get(part.day_type, str(part.day_type)))),
            text(part.model.kind),
            count(part.model.n),
            number(part.model.base, 1),
            number(part.model.heating_slope, 2),
            number(part.model.heating_balance_c, 1),
            number(part.model.cooling_slope, 2),
            number(part.model.cooling_balance_c, 1),
        )
        for part in found.parts
    )
    kinds = sorted({part.model.kind for part in found.parts})
    notes = tuple(f"{kind}: {named(labels.KINDS, kind, words)}" for kind in kinds)
    of = words("baseline") if report.model_of == "baseline" else words("all days")
    quality = found.quality
    fit = Table(
        "fit",
        words("How well it fits"),
        FACTS,
        (
            (label(words("Fitted to")), text(of)),
            (label(words("Days, parameters")), text(f"{words.num(quality.n)}, {words.num(quality.p)}")),
            (label("R²"), number(quality.r2, 3)),
            (label(words("Adjusted R²")), number(quality.adjusted_r2, 3)),
            (label("CV(RMSE)"), share(quality.cv_rmse)),
            (label("NMBE"), share(quality.nmbe, 2)),
            (label(words("RMSE, kWh per day")), number(quality.rmse, 1)),
            (label(words("Autocorrelation from day to day")), number(quality.autocorrelation, 2)),
            (
                label(words("Temperatures")),
                text(f"{words.celsius(found.lowest_c)} {words('to')} {words.celsius(found.highest_c)}"),
            ),
        ),
        notes=(words("CV(RMSE) and NMBE with n − p in the denominator; change points count as parameters."),),
    )
    return Table("model", words("Coefficients"), columns, rows, notes=notes), fit


def _hourly(found: HourlyModel, words: Words) -> tuple[Table | Paragraphs, ...]:
    quality = found.quality
    fit = Table(
        "fit",
        words("How well it fits"),
        FACTS,
        (
            (label(words("Model")), text(f"{found.software.name} {found.software.version}, {words('model of hours')}")),
            (label(words("Fitted to")), text(words("baseline"))),
            (label(words("Hours, parameters")), text(f"{words.num(quality.n)}, {words.num(quality.p)}")),
            (label("R²"), number(quality.r2, 3)),
            (label(words("Adjusted R²")), number(quality.adjusted_r2, 3)),
            (label("CV(RMSE)"), share(quality.cv_rmse)),
            (label("NMBE"), share(quality.nmbe, 2)),
            (label(words("RMSE, kWh per hour")), number(quality.rmse, 3 if quality.rmse < 10.0 else 1)),
            (label(words("Autocorrelation from hour to hour")), number(quality.autocorrelation, 2)),
            (
                label(words("Temperatures of the hours")),
                text(f"{words.celsius(found.lowest_c)} {words('to')} {words.celsius(found.highest_c)}"),
            ),
        ),
        notes=(
            words("As OpenDSM defines them: CV(RMSE) with n − p in the denominator, NMBE with n, R² as a correlation."),
            words(
                "A model of hours has no balance temperature and no slope per day; the signature (--model daily) has."
            ),
        ),
    )
    remarks = tuple(sentence(one, words) for one in found.warnings)
    return (fit, Paragraphs(remarks, mark="warn")) if remarks else (fit,)


def months(report: EnergyReport, words: Words) -> Table:
    """Measured use by month, beside what the model expects on the same days."""
    daily = report.daily
    sums: dict[date, list[float]] = {}
    for at, one in enumerate(daily.days):
        row = sums.setdefault(one.replace(day=1), [0.0] * 8)
        kwh, expected, mean = daily.kwh[at], daily.model_kwh[at], daily.mean_c[at]
        row[0] += 1
        if kwh is not None:
            row[1] += 1
            row[2] += kwh
        if kwh is not None and expected is not None:
            row[3] += expected
            row[6] += 1
            row[7] += expected - kwh
        if mean is not None:
            row[4] += 1
            row[5] += max(0.0, report.degree_days.base_c - mean)
    columns = (
        Column(words("Month"), align="start", width=14),
        Column(words("Days")),
        Column(words("Days measured")),
        Column(words("Used, kWh"), width=14),
        Column(words("Expected on these days, kWh"), width=16),
        Column(words("Difference, kWh"), width=14),
        Column(words("Degree days"), width=12),
    )
    rows = tuple(
        (
            text(words.month(month)),
            count(total),
            count(known),
            number(used) if known else number(None),
            number(expected) if compared else number(None),
            number(less, signed=True) if compared else number(None),
            number(warmth) if temps == total else number(None),
        )
        for month, (total, known, used, expected, temps, warmth, compared, less) in sums.items()
    )
    notes = (words("Degree days of a month are shown where all its days have a temperature."),)
    return Table("months", words("By month"), columns, rows, notes=notes)


def degree_days(report: EnergyReport, words: Words) -> tuple[Table | Paragraphs, ...]:
    """Sums by period, and the twelve months in normal weather."""
    found = report.degree_days
    columns = (
        Column(words("Period"), align="start", wide=True, width=30),
        Column(words("Degree days"), width=14),
        Column(words("Days")),
        Column(words("Days known")),
    )

    def row(name: str, of: DegreeDaysOf) -> tuple[Cell, ...]:
        title = f"{name}: {words.days(of.first_day, of.last_day)}"
        return text(title), number(of.total), count(of.days), count(of.days_known)

    rows = [row(words("Whole file"), found.whole)]
    for name, of in ((words("Baseline"), found.baseline), (words("Reporting period"), found.reporting)):
        if of is not None:
            rows.append(row(name, of))
    rule = named(labels.RULES, found.rule, words)
    basis = words(
        "Station {station}, base {base}, {rule}.", station=found.station, base=words.celsius(found.base_c), rule=rule
    )
    blocks: list[Table | Paragraphs] = [Table("degree_days", words("Sums"), columns, tuple(rows), notes=(basis,))]
    if found.correction is not None and found.normal is not None:
        fixed = found.correction
        source = named(labels.SOURCES, fixed.independent_source, words)
        independent = f"{words.share(fixed.independent_share)}, {source}"
        normal = f"{words.num(fixed.normal)} ({named(labels.SOURCES, found.normal.name, words)})"
        blocks.append(
            Table(
                "correction",
                words("Twelve months in normal weather"),
                FACTS,
                (
                    (label(words("Months")), text(words.days(fixed.first_day, fixed.last_day))),
                    (label(words("Used, kWh")), number(fixed.raw_kwh)),
                    (
                        label(words("Independent of the weather")),
                        text(independent),
                    ),
                    (label(words("Degree days")), number(fixed.actual)),
                    (
                        label(words("Degree days of the normal year")),
                        text(normal),
                    ),
                    (label(words("In normal weather, kWh")), number(fixed.kwh, mark="good")),
                    (label(words("Days filled in by the signature")), count(fixed.modelled_days)),
                ),
            )
        )
    if found.refused:
        blocks.append(Paragraphs(tuple(sentence(reason, words) for reason in found.refused), mark="warn"))
    return tuple(blocks)


def quality(report: EnergyReport, words: Words) -> tuple[Table | Paragraphs, ...]:
    """What was read and what was wrong with it: each kind of dirt by its name, counted."""
    found = report.quality
    read = Table(
        "read",
        words("What was read"),
        FACTS,
        (
            (label(words("Lines")), count(found.lines)),
            (label(words("Lines used")), count(found.used)),
            (label(words("From")), text(words.moments(found.first))),
            (label(words("To")), text(words.moments(found.last))),
            (label(words("Intervals")), count(found.intervals)),
            (label(words("Intervals used")), count(found.known)),
            (label(words("Measured share")), share(found.coverage)),
            (
                label(words("Days known")),
                text(words("{known} of {days}", known=words.num(found.days_known), days=words.num(found.days))),
            ),
            (label(words("Temperatures read")), count(found.weather.used)),
            (label(words("Days with a temperature")), count(found.weather.days_known)),
        ),
        notes=tuple(named(labels.NOTES, note, words) for note in report.notes if note.endswith(("assumed", "out"))),
    )
    columns = (
        Column(words("Finding"), align="start", wide=True, width=50),
        Column(words("Number"), width=10),
        Column(words("of"), align="start", width=12),
        Column(words("Left out"), align="start", width=10),
        Column(words("For example"), align="start", wide=True, width=50),
    )
    rows = tuple(
        (
            text(named(labels.FINDINGS, one.code, words)),
            count(one.n, mark="warn" if one.left_out else None),
            text(named(labels.COUNTED, one.of, words)),
            text(words("yes") if one.left_out else words("no")),
            text(words.moments(", ".join(one.where[:2]))),
        )
        for one in found.findings
    )
    blocks: list[Table | Paragraphs] = [read]
    if rows:
        blocks.append(Table("findings", words("What was wrong"), columns, rows))
    else:
        blocks.append(Paragraphs((words("Nothing was wrong with the data."),), mark="good"))
    for name, spans, value in (
        (words("Jumps of the unit"), found.unit_jumps, words("Times")),
        (words("Longest stretches that stand still"), found.stuck, words("Value, kWh")),
        (words("Longest gaps"), found.gaps, None),
    ):
        if spans:
            blocks.append(_spans(name, spans, value, words))
    return tuple(blocks)


def _spans(name: str, spans: Sequence[Span], value: str | None, words: Words) -> Table:
    columns = [
        Column(words("From"), align="start", width=26),
        Column(words("To"), align="start", width=26),
        Column(words("Hours"), width=10),
        *([Column(value, width=12)] if value else []),
    ]
    rows = tuple(
        (
            text(words.moments(span.start)),
            text(words.moments(span.end)),
            number(span.hours, 0),
            *([number(span.value, 3 if span.value is not None and abs(span.value) < 10 else 0)] if value else []),
        )
        for span in spans[:12]
    )
    return Table(f"spans-{name}", name, tuple(columns), rows)


def _values(report: EnergyReport, words: Words) -> str:
    quality = report.quality
    step = named(labels.STEPS, quality.step, words).format(minutes=words.num(quality.interval_s / 60.0))
    kind = words("cumulative register") if quality.values == "register" else words("amounts of intervals")
    return f"{kind}, {step}, {quality.unit}"


def days(report: EnergyReport, words: Words) -> Table:
    """Every day: what a spreadsheet needs for charts of its own."""
    daily = report.daily
    periods = {"baseline": words("Baseline"), "reporting": words("Reporting period"), "": ""}
    columns = (
        Column(words("Date"), align="start", width=14),
        Column(words("Used, kWh"), width=14),
        Column(words("Expected, kWh"), width=14),
        Column(words("Temperature, °C"), width=14),
        Column(words("Measured share"), width=12),
        Column(words("Period"), align="start", width=18),
        Column(words("Free day"), align="start", width=10),
    )
    rows = tuple(
        (
            day(one),
            number(daily.kwh[at], 2),
            number(daily.model_kwh[at], 2),
            number(daily.mean_c[at], 2),
            share(daily.coverage[at], 0),
            text(periods[daily.period[at]]),
            text(words("yes") if daily.free[at] else words("no")),
        )
        for at, one in enumerate(daily.days)
    )
    return Table("days", words("Days"), columns, rows)
