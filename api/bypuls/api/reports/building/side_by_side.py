"""The portfolio as a report: which buildings to look at first, what they cost, and what isn't known."""

from __future__ import annotations

import hashlib
from functools import partial

import orjson

from bypuls.api.buildings.portfolio import Portfolio, PortfolioRow
from bypuls.api.buildings.to_json import plain
from bypuls.api.reports.building import charts
from bypuls.api.reports.building.advice import LEAST_DEVIATION
from bypuls.api.reports.building.document import Document, Draw, Headline
from bypuls.api.reports.building.words import Words, sentence
from bypuls.api.reports.layout.cells import (
    Block,
    Chart,
    Column,
    Mark,
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
MOST_BARS = 40


def document(found: Portfolio, words: Words) -> Document:
    """All buildings as a document."""
    draw: dict[str, Draw] = {}
    rows = found.rows
    sections = (
        Section("ranking", words("Buildings side by side"), _ranking(found, words, draw)),
        Section("unknown", words("What isn't known"), _unknown(rows, words)),
        Section("methods", words("Methods"), (Paragraphs(_methods(found, words), "soft"),)),
    )
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_SORT_KEYS
    return Document(
        lang=words.lang,
        kicker=words("Energy report"),
        title=words("All buildings"),
        subtitle=f"{words.plural('{n} building', '{n} buildings', len(rows))} · {words.days(*found.year)}",
        headline=_headline(found, words),
        warnings=(),
        sections=tuple(section for section in sections if section.blocks),
        foot=f"bypuls {release()}",
        fingerprint=hashlib.sha256(orjson.dumps(plain(found), option=options)).hexdigest(),
        day=found.year[1],
        draw=draw,
        words={
            "page": words("Page {page} of {pages}", page="{page}", pages="{pages}"),
            "fingerprint": words("Fingerprint of the figures (SHA-256)"),
            "actions": words("Where to begin"),
        },
    )


def above(rows: tuple[PortfolioRow, ...]) -> list[PortfolioRow]:
    """Buildings whose heat of the last days is significantly above their signature."""
    return [
        row
        for row in rows
        if row.deviation is not None
        and row.deviation.share is not None
        and row.deviation.significant
        and row.deviation.share >= LEAST_DEVIATION
    ]


def _headline(found: Portfolio, words: Words) -> Headline:
    rows = found.rows
    worse = above(rows)
    judged = [row for row in rows if row.deviation is not None and row.deviation.share is not None]
    mark: Mark = "bad" if worse else "good" if judged else "soft"
    if worse:
        word = words.plural(
            "{n} building uses more heat than its weather explains",
            "{n} buildings use more heat than their weather explains", len(worse),
        )  # fmt: skip
    elif judged:
        word = words("No building uses more heat than its weather explains")
    else:
        word = words("No building can be judged")
    reason = words(
        "Heat of {days}, against each building's signature of the year before; {judged} of {all} buildings can be "
        "judged.",
        days=words.days(*found.recent), judged=words.num(len(judged)), all=words.num(len(rows)),
    )  # fmt: skip
    costs = [row.cost_dkk for row in rows if row.cost_dkk is not None]
    kwh = [sum(v for v in row.kwh.values() if v is not None) for row in rows if any(v for v in row.kwh.values())]
    excess = [row.excess_dkk for row in rows if row.excess_dkk is not None and row.excess_dkk > 0.0]
    known = words("of {known} of {all} buildings", known=words.num(len(costs)), all=words.num(len(rows)))
    keys = (
        (words("Energy in twelve months"), words.amount(sum(kwh) if kwh else None, "kWh"), ""),
        (words("Cost"), words.money(sum(costs) if costs else None), known),
        (words("Above the median of the same use"), words.money(sum(excess) if excess else None), words("a year")),
    )
    return Headline(word, mark, reason, keys, _actions(rows, worse, words), None)


def _actions(rows: tuple[PortfolioRow, ...], worse: list[PortfolioRow], words: Words) -> tuple[str, ...]:
    told = []
    for row in sorted(rows, key=lambda one: -(one.excess_dkk or 0.0))[:MOST_ACTIONS]:
        if row.excess_dkk is not None and row.excess_dkk > 0.0 and row.eui.corrected is not None:
            told.append(
                words(
                    "{name}: {own} kWh/m² at normal weather, {typical} is the median of {use}; {money} a year.",
                    name=clean(row.name),
                    own=words.num(row.eui.corrected),
                    typical=words.num(row.typical),
                    use=words.use(row.use),
                    money=words.money(row.excess_dkk),
                )
            )
    for row in worse:
        if row.deviation is not None:
            told.append(
                words(
                    "{name}: {share} more heat than expected in the last 30 days.",
                    name=clean(row.name),
                    share=words.share(row.deviation.share, 0),
                )
            )
    return tuple(told[: 2 * MOST_ACTIONS]) or (words("Nothing calls for action."),)


def _ranking(found: Portfolio, words: Words, draw: dict[str, Draw]) -> tuple[Block, ...]:
    known = [(row, row.eui.corrected) for row in found.rows if row.eui.corrected is not None]
    known.sort(key=lambda pair: -pair[1])
    blocks: list[Block] = []
    if known:
        names = [clean(row.name) for row, _ in known[:MOST_BARS]]
        values = [value for _, value in known[:MOST_BARS]]
        draw["ranking"] = partial(_drawn, names, values, words)
        alt = words("Energy per m² of {n} buildings at normal weather.", n=words.num(len(names)))
        blocks.append(Chart("ranking", words("kWh/m² at normal weather"), alt))
    return (*blocks, table(found, words))


def _drawn(names: list[str], values: list[float], words: Words, size: charts.Size) -> str:
    return size.draw(lambda: charts.ranking(names, values, words, size))


def table(found: Portfolio, words: Words) -> Table:
    """All buildings in their order."""
    rows = []
    for row in found.rows:
        apart = row.deviation
        mark: Mark | None = None
        if apart is not None and apart.share is not None and apart.significant:
            mark = "bad" if apart.share > 0 else "good"
        rows.append(
            (
                text(f"{row.rank}. {clean(row.name)}"), text(words.use(row.use)), number(row.eui.corrected, 0),
                share(None if row.ratio is None else row.ratio - 1.0, 0, signed=True), number(row.excess_dkk, 0),
                number(row.night_w_m2, 1), share(apart.share if apart else None, 0, signed=True, mark=mark),
                share(row.coverage, 0, mark="bad" if row.coverage is not None and row.coverage < 0.95 else None),
            )
        )  # fmt: skip
    columns = (
        Column(words("Building"), "start", wide=True, width=32),
        Column(words("Used as"), "start", width=14),
        Column("kWh/m²", width=10),
        Column(words("on the median of its use"), width=14),
        Column(words("DKK a year above it"), width=14),
        Column(words("at night, W/m²"), width=12),
        Column(words("heat against the weather"), width=14),
        Column(words("measured"), width=11),
    )
    return Table("portfolio", words("All buildings"), columns, tuple(rows))


def _unknown(rows: tuple[PortfolioRow, ...], words: Words) -> tuple[Block, ...]:
    names = {
        "eui": words("kWh/m²"), "cost": words("cost"), "excess_cost": words("excess cost"),
        "night_load": words("load at night"), "deviation": words("heat against the weather"),
    }  # fmt: skip
    told = [
        (text(clean(row.name)), text(names.get(figure, figure)), text(sentence(words.reason(reason))))
        for row in rows
        for figure, reason in row.reasons.items()
    ]
    if not told:
        return ()
    columns = (
        Column(words("Building"), "start", width=32),
        Column(words("Figure"), "start", width=24),
        Column(words("Why"), "start", wide=True, width=60),
    )
    return (Table("reasons", words("Figures that are unknown"), columns, tuple(told)),)


def _methods(found: Portfolio, words: Words) -> tuple[str, ...]:
    return (
        words(
            "kWh/m²: heat and power of {days} per heated area, the heat corrected to a normal year of the same station "
            "and rule. Median: of all buildings of the same use, the building itself included.",
            days=words.days(*found.year),
        ),
        words("At night: 5th percentile of the hours 00–04 of the last 14 days, electricity. Costs at today's prices."),
    )
