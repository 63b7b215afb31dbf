"""Parts of a building's report: energy per area, load, signature, savings, cooling, submeters, methods."""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

from bypuls.api.buildings.balance import Balance
from bypuls.api.buildings.report import BuildingReport
from bypuls.api.buildings.savings import SavingFigures
from bypuls.api.buildings.signatures import SignatureFigures
from bypuls.api.reports.building import charts
from bypuls.api.reports.building.document import Draw
from bypuls.api.reports.building.words import Words, sentence
from bypuls.api.reports.layout.cells import (
    Block,
    Cell,
    Chart,
    Column,
    Mark,
    Paragraphs,
    Table,
    clean,
    number,
    share,
    text,
)

MarkOrNone: TypeAlias = Mark | None
Row: TypeAlias = tuple[Cell, ...]


def _facts(id: str, title: str, rows: list[Row], notes: tuple[str, ...] = ()) -> Table:
    return Table(
        id, title, (Column("", "start", width=34), Column("", "start", wide=True, width=40)), tuple(rows), notes=notes
    )


def eui_table(report: BuildingReport, words: Words) -> Table:
    """Energy per heated area: of the period, and of twelve whole months, raw and corrected."""
    year = report.year_eui
    rows: list[Row] = []
    if report.year != (report.first, report.last):
        rows.append((text(words("This period, raw")), _per_area(report.eui.raw, report.eui.reason, words)))
    rows += [
        (text(words("Twelve months, {days}", days=words.days(*report.year))), _per_area(year.raw, year.reason, words)),
        (text(words("the same at normal weather")), _per_area(year.corrected, year.corrected_reason, words)),
    ]
    if year.reason is None:
        rows += [
            (
                text(words("heat alone, at normal weather")),
                _per_area(year.heat_corrected, year.corrected_reason, words),
            ),
            (text(words("electricity alone")), _per_area(year.electricity, year.reason, words)),
        ]
    notes: tuple[str, ...] = ()
    if year.correction is not None:
        used = year.correction.used
        measured = words("measured in summer") if year.correction.independent_source == "summer" else words("by use")
        notes = (
            words(
                "{actual} degree days against {normal} of the normal year {name} ({station}, {rule}); {share} of the "
                "heat doesn't follow the weather ({how}).",
                actual=words.num(used.actual_degree_days),
                normal=words.num(used.normal.total),
                name=used.normal.name,
                station=used.normal.station,
                rule=words(used.normal.rule),
                how=measured,
                share=words.share(year.correction.independent_share, 0),
            ),
        )
    return _facts("eui", words("Energy per heated area"), rows, notes)


def _per_area(value: float | None, reason: object, words: Words) -> Cell:
    if value is not None:
        return text(f"{words.num(value, 1)} kWh/m²")
    return text(words("unknown: {reason}", reason=words.reason(reason)) if reason is not None else None)  # type: ignore[arg-type]


def load_table(report: BuildingReport, words: Words) -> Table | None:
    """Peak, night, weekend and the last day against its weekday."""
    rows: list[Row] = []
    for one in report.media:
        load, week = one.load, one.same_weekday
        peak = load.peak
        rows.append(
            (
                text(words.medium(one.medium, capital=True)),
                text(words.power(peak.power if peak else None, one.unit)),
                text(f"{words.short_day(peak.start.date())} {peak.start:%H:%M}" if peak else None),
                text(words.power(load.night_base, one.unit)),
                share(one.weekend.share if one.weekend else None, 0),
                share(one.weekend.ratio if one.weekend else None, 0),
                share(week.change if week else None, 0, signed=True),
            )
        )
    if not rows:
        return None
    columns = (
        Column(words("Medium"), "start", wide=True, width=22),
        Column(words("Highest hour"), width=13),
        Column(words("when"), "start", width=14),
        Column(words("at night"), width=13),
        Column(words("days off, share"), width=13),
        Column(words("day off / working day"), width=13),
        Column(words("last day on its weekday"), width=14),
    )
    notes = (
        words("At night: 5th percentile of the hours 00–04 of the last 14 days. Days off are weekends and holidays."),
        words("The last whole day is held against the mean of up to four earlier days of the same weekday."),
    )
    return Table("load", words("The load in figures"), columns, tuple(rows), notes=notes)


def signatures(report: BuildingReport, words: Words, draw: dict[str, Draw]) -> tuple[Block, ...]:
    """Scatter, line and quality of every medium."""
    blocks: list[Block] = []
    for one in report.signatures:
        medium = words.medium(one.medium, capital=True)
        if one.model is None:
            why = words.reason(one.reason) if one.reason else words("too little is known")
            blocks.append(
                Paragraphs((words("{medium}: no signature. {reason}", medium=medium, reason=sentence(why)),), "warn")
            )
            continue
        draw[f"signature-{one.medium}"] = partial(_signature, one, words)
        alt = words(
            "{n} days by outdoor temperature; adjusted R² {r2}.",
            n=words.num(one.known), r2=words.num(one.model.quality.adjusted_r2, 2),
        )  # fmt: skip
        blocks.append(Chart(f"signature-{one.medium}", medium, alt))
        blocks.append(_coefficients(one, words))
    return tuple(blocks)


def _signature(one: SignatureFigures, words: Words, size: charts.Size) -> str:
    return size.draw(lambda: charts.signature(one, words, size))


def _coefficients(one: SignatureFigures, words: Words) -> Table:
    assert one.model is not None
    rows: list[Row] = []
    for part in one.model.parts:
        model = part.model
        whose = {0: words("working days"), 1: words("weekends, public holidays")}.get(
            -1 if part.day_type is None else part.day_type, words("all days")
        )
        rows.append(
            (
                text(whose), text(model.kind), number(model.base, 0), number(model.heating_slope, 1),
                number(model.heating_balance_c, 1), number(model.n),
            )
        )  # fmt: skip
    quality = one.model.quality
    columns = (
        Column(words("Days"), "start", wide=True, width=26),
        Column(words("Model"), "start", width=9),
        Column(words("base, kWh a day"), width=14),
        Column(words("slope, kWh a day and °C"), width=16),
        Column(words("balance temperature, °C"), width=16),
        Column(words("number"), width=9),
    )
    note = words(
        "{first} – {last}. n {n}, adjusted R² {r2}, CV(RMSE) {cv}, NMBE {nmbe}; temperatures of {station}.",
        first=words.day(one.first), last=words.day(one.last), n=words.num(quality.n),
        r2=words.num(quality.adjusted_r2, 2), cv=words.share(quality.cv_rmse, 1),
        nmbe=words.share(quality.nmbe, 2), station=one.station or "–",
    )  # fmt: skip
    name = words.medium(one.medium)
    return Table(f"signature-{one.medium}", words("Model: {medium}", medium=name), columns, tuple(rows), notes=(note,))


def savings(report: BuildingReport, words: Words) -> tuple[Block, ...]:
    """Each measure with its saving and interval, or why it is refused."""
    rows: list[Row] = []
    notes: list[str] = []
    for one in report.savings:
        done = clean(one.intervention.note or one.intervention.kind)
        rows.append(
            (text(f"{words.day(one.intervention.date)}: {done}"), text(words.medium(one.medium)), *_saved(one, words))
        )
        notes += [sentence(words.reason(note)) for note in one.notes]
    if not rows:
        return ()
    columns = (
        Column(words("Measure"), "start", wide=True, width=40),
        Column(words("Medium"), "start", width=16),
        Column(words("saved"), width=12),
        Column(words("90 % interval"), width=18),
        Column(words("kWh so far"), width=13),
        Column(words("a year"), width=15),
        Column(words("Verdict"), "start", width=40),
    )
    method = words(
        "Against the signature of the 365 days before the measure, in the weather since (CalTRACK 2, IPMVP option C)."
    )
    return (
        Table(
            "savings",
            words("Measures and what they saved"),
            columns,
            tuple(rows),
            notes=(method, *dict.fromkeys(notes)),
        ),
    )


def _saved(one: SavingFigures, words: Words) -> Row:
    saving = one.found.saving if one.found is not None else None
    if saving is None:
        why = "; ".join(words.reason(reason) for reason in one.reasons) or words("too little is known")
        return text("–"), text("–"), text("–"), text("–"), text(words("refused: {reason}", reason=why), "warn")
    if not saving.significant:
        verdict = text(words("not significant: the interval holds 0"), "soft")
    elif saving.saved > 0:
        verdict = text(words("saved"), "good")
    else:
        verdict = text(words("uses more"), "bad")
    return (
        share(saving.share, 1, signed=True), text(words.range(saving.share_low, saving.share_high)),
        number(saving.saved), text(words.money(one.dkk_per_year)), verdict,
    )  # fmt: skip


def cooling(report: BuildingReport, words: Words, draw: dict[str, Draw]) -> tuple[Block, ...]:
    """Cooling of the district heating water, by month, and what poor cooling costs."""
    found = report.cooling
    if found is None:
        return ()
    if found.cooling_k is None:
        why = words.reason(found.reason) if found.reason else words("too little is known")
        return (Paragraphs((words("The cooling is unknown: {reason}.", reason=why),), "warn"),)
    blocks: list[Block] = []
    if sum(month.cooling_k is not None for month in found.months) > 1:
        draw["cooling"] = lambda size: size.draw(lambda: charts.cooling(found, words, size))
        alt = words("Cooling of each month; {k} °C are asked for.", k=words.num(found.required_k, 1))
        blocks.append(Chart("cooling", words("Cooling month by month"), alt))
    how = words("meter registers E8 and E9") if found.basis == "registers" else words("heat and volume")
    rows: list[Row] = [
        (text(words("Cooling")), text(f"{words.num(found.cooling_k, 1)} °C", "bad" if found.poor else "good")),
        (text(words("Asked for")), text(f"{words.num(found.required_k, 1)} °C")),
        (text(words("Flow and return, weighted by volume")), text(_flow_return(found.flow_c, found.return_c, words))),
        (text(words("From heat and volume alone")), text(f"{words.num(found.from_energy_k, 1)} °C")),
        (
            text(words("Water beyond what is needed")),
            text(words.amount(max(found.excess_m3, 0.0) if found.excess_m3 is not None else None, "m3")),
        ),
        (
            text(words("Cost of poor cooling")),
            text(
                words.money(found.cost_dkk)
                if found.cost_reason is None
                else words("unknown: {reason}", reason=words.reason(found.cost_reason))
            ),
        ),
    ]
    note = words(
        "By {how}, {days} days. The tariff adds {share} of the heat's price for each °C less than asked for.",
        how=how, days=words.num(found.days), share=words.share(found.share_per_k, 1),
    )  # fmt: skip
    blocks.append(_facts("cooling", words("Cooling of the period"), rows, (note,)))
    return tuple(blocks)


def _flow_return(flow_c: float | None, return_c: float | None, words: Words) -> str:
    if flow_c is None or return_c is None:
        return words("unknown: the meter tells no E8 and E9")
    return f"{words.num(flow_c, 1)} °C, {words.num(return_c, 1)} °C"


def submeters(report: BuildingReport, words: Words) -> tuple[Block, ...]:
    """What the meters behind others account for; solar power."""
    blocks: list[Block] = [_balance(one, words) for one in report.balances]
    solar = report.solar
    if solar is not None:
        unknown = words.reason(solar.reason) if solar.reason is not None else None

        def shown(value: float | None) -> Cell:
            return text(words.amount(value, "kWh") if value is not None or unknown is None else
                        words("unknown: {reason}", reason=unknown))  # fmt: skip

        rows: list[Row] = [
            (text(words("Made on the roof")), shown(solar.made_kwh)),
            (text(words("Used in the building")), shown(solar.own_use_kwh)),
            (text(words("Delivered to the grid")), text(words.amount(solar.exported_kwh, "kWh"))),
            (text(words("Share of the building's use")), share(solar.self_sufficiency, 0)),
        ]
        note = words("Own use and delivery are apart; nothing is netted. Bought power alone counts in cost and CO₂.")
        blocks.append(_facts("solar", words("Solar power"), rows, (note,)))
    return tuple(blocks)


def _balance(one: Balance, words: Words) -> Table:
    rows: list[Row] = [
        (
            text(clean(child.name) + (f" ({words('production')})" if child.generator else "")),
            text(words.amount(child.amount, one.unit)), share(child.share, 0),
        )
        for child in one.children
    ]  # fmt: skip
    rest = (
        text(words("Not submetered")), text(words.amount(one.rest, one.unit)),
        share(one.rest_share, 0, mark="bad" if one.reason is not None else None),
    )  # fmt: skip
    total = (text(words("The whole")), text(words.amount(one.supply, one.unit)), share(1.0 if one.supply else None, 0))
    notes = [
        words("On the {days} of {asked} days on which all these meters are measured whole.",
              days=words.num(one.days), asked=words.num(one.asked_days)),
    ]  # fmt: skip
    if one.reason is not None:
        notes.append(sentence(words.reason(one.reason)))
    columns = (
        Column(clean(one.name), "start", wide=True, width=40),
        Column(words("Use"), width=16),
        Column(words("Share"), width=10),
    )
    return Table(f"balance-{one.sensor}", words("Where it goes"), columns, (*rows, rest), (total,), tuple(notes))


def methods(report: BuildingReport, words: Words) -> tuple[str, ...]:
    """How the figures are made."""
    found = [
        words("Use is measured within the period; over a gap that lies in it whole the register's difference counts."),
        words(
            "Below {share} of the period known, a figure stands for nothing and isn't compared.",
            share=words.share(0.95, 0),
        ),
        words(
            "Against the weather: the use less what the signature of the 365 days before expects in the period's "
            "temperatures, at least 30 days, with its 90 % interval."
        ),
    ]
    labels = sorted({one.co2.label for one in report.media if one.co2.label})
    if labels:
        found.append(words("CO₂ by the accounts' factors, location-based: {labels}.", labels="; ".join(labels)))
    return tuple(found)
