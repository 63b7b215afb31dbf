"""The account as a document of tables, free of any file format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any

from bypuls.api.reports.accounts.words import Words
from bypuls.api.reports.layout.cells import (
    UNKNOWN,
    Cell,
    Column,
    Paragraphs,
    Section,
    Table,
    label,
    number,
    share,
    text,
)

_VIEWS = ("location", "market")
_NOT_READ: Mapping[str, Any] = {"t": None, "value": None}


@dataclass(frozen=True, slots=True)
class Document:
    """headline : (name, figure, what it is a total of), one for each view.  warnings : what must not be overlooked.
    foot : on every page.  day : the year's last day, from which files are dated."""

    lang: str
    kicker: str
    title: str
    subtitle: str
    headline: tuple[tuple[str, str, str], ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]
    foot: str
    fingerprint: str
    day: date
    words: dict[str, str]


def document(told: Mapping[str, Any], title: str | None, words: Words) -> Document:
    """The document of an account with its registers."""
    year, gas = told["year"], words.gas(told["gas"])
    references = {name: f"F{number}" for number, name in enumerate(told["factors"], 1)}
    location = told["views"]["location"]
    sections = (
        Section("totals", words("Totals"), (_domains(told, words), _carriers(told, words), _weather(told, words))),
        Section("lines", words("What the totals are made of"), (_lines(told, references, words),), fresh=True),
        Section("registers", words("From the meters' registers"), (_registers(location["lines"], words),)),
        Section("remarks", words("Unknown, or not the whole"), (_remarks(told, words),)),
        Section("factors", words("Emission factors"), (_factors(told, references, words),)),
        Section("method", words("How it was computed"), (Paragraphs(_method(told, words)),)),
    )
    return Document(
        lang=words.lang,
        kicker=words("Climate account"),
        title=title or words("The municipality"),
        subtitle=words("Calendar year {year}, tonnes of {gas}", year=year, gas=gas),
        headline=tuple(_headline(name, told["views"][name], words) for name in _VIEWS),
        warnings=_warnings(told, words),
        sections=sections,
        foot=f"bypuls {version('bypuls')}",
        fingerprint=told["fingerprint"],
        day=date(year, 12, 31),
        words={"page": words("Page {page} of {pages}", page="{page}", pages="{pages}"),
               "fingerprint": words("Fingerprint")},
    )  # fmt: skip


def _headline(view: str, told: Mapping[str, Any], words: Words) -> tuple[str, str, str]:
    total = told["total"]
    if total["known_t"] is None:
        return words.view(view), words("unknown"), ""
    shown = f"{words.num(total['known_t'], 1)} t"
    if told["uncertainty_t"] is not None:
        shown = f"{shown} ± {words.num(told['uncertainty_t'], 1)}"
    covered = total["with_factor"]
    parts = [words("of {share} of the meters' time", share=words.share(covered))] if covered is not None else []
    if total["unaccounted_lines"]:
        parts.append(
            words.plural("{n} line without a factor", "{n} lines without a factor", total["unaccounted_lines"])
        )
    return words.view(view), shown, ", ".join(parts)


def _warnings(told: Mapping[str, Any], words: Words) -> tuple[str, ...]:
    found = []
    for view in _VIEWS:
        total = told["views"][view]["total"]
        if total["known_t"] is not None and (total["emitted_t"] is None or (total["with_factor"] or 1.0) < 0.9):
            found.append(
                words("{view}: the total is one of what is known. What is missing isn't zero.", view=words.view(view))
            )
    return tuple(found)


def _totals(
    id: str, title: str, first: str, groups: Sequence[tuple[str, str]], key: str, told: Mapping[str, Any], words: Words
) -> Table:
    columns = (
        Column(first, "start", wide=True, width=26),
        *(Column(f"{words.view(view)}, t", width=18) for view in _VIEWS),
        Column("kWh", width=14),
        Column(words("measured"), width=12),
        Column(words("avoided, t"), width=12),
    )

    def row(name: str, of: Sequence[Mapping[str, Any] | None]) -> tuple[Cell, ...]:
        one = of[0] or {}
        return (
            label(name), *(number(total["known_t"] if total else None, 2) for total in of),
            number(one.get("kwh") or None), share(one.get("completeness")), number(one.get("avoided_t"), 2),
        )  # fmt: skip

    views = [told["views"][view] for view in _VIEWS]
    rows = tuple(row(shown, [view[key].get(name) for view in views]) for name, shown in groups)
    strong = (row(words("Total"), [view["total"] for view in views]),)
    notes = (
        words("Avoided: what the grid would have emitted for exported electricity. It is in no total."),
        words("Tonnes are those that are known; 'measured' says how much of the meters' time they stand for."),
    )
    return Table(id, title, columns, rows, strong, notes)


def _domains(told: Mapping[str, Any], words: Words) -> Table:
    names = [(name, words.domain(name)) for name in told["views"]["location"]["by_domain"]]
    return _totals("domains", words("By domain"), words("domain"), names, "by_domain", told, words)


def _carriers(told: Mapping[str, Any], words: Words) -> Table:
    names = [(name, words.carrier(name)) for name in told["views"]["location"]["by_carrier"]]
    return _totals("carriers", words("By carrier"), words("carrier"), names, "by_carrier", told, words)


def _weather(told: Mapping[str, Any], words: Words) -> Paragraphs:
    """The same year at normal weather, beside the raw one."""
    location, market = (told["views"][view]["at_normal_weather"] for view in _VIEWS)
    if location is None or location["known_t"] is None:
        said = words(
            "Not corrected for weather: that takes a station's whole year, its normal year, and measured heating."
        )
        return Paragraphs((said,))
    said = words(
        "At normal weather ({name}: {normal} degree days; the year had {actual}): location-based {location} t, "
        "market-based {market} t. Targets are judged by the account as it is.",
        name=location["normal_year"], normal=words.num(location["normal_degree_days"]),
        actual=words.num(location["actual_degree_days"]), location=words.num(location["known_t"], 1),
        market=words.num(market["known_t"] if market else None, 1),
    )  # fmt: skip
    return Paragraphs((said,))


def _lines(told: Mapping[str, Any], references: Mapping[str, str], words: Words) -> Table:
    market = {(line["kind"], line["id"]): line for line in told["views"]["market"]["lines"]}
    columns = (
        Column(words("meter or amount"), "start", wide=True, width=34),
        Column(words("domain"), "start", width=16),
        Column(words("carrier"), "start", width=16),
        Column(words("amount"), width=14),
        Column(words("unit"), "start", width=7),
        Column(words("measured"), width=11),
        Column(words("factor"), "start", width=9),
        Column(words("kg, location"), width=14),
        Column(words("kg, market"), width=14),
    )
    rows = []
    for line in told["views"]["location"]["lines"]:
        other = market.get((line["kind"], line["id"]))
        factors = [references.get(one["factor"] or "") for one in (line, other) if one is not None]
        named = " / ".join(dict.fromkeys(one for one in factors if one))
        domain = words.domain(line["domain"])
        if line["kind"] == "moved":
            domain = f"{words.domain(line['moved_from'])} → {domain}"
        rows.append(
            (
                label(line["name"]), text(domain), text(words.carrier(line["carrier"])), number(line["amount"]),
                text(words.unit(line["unit"])), share(line["coverage"]), text(named) if named else UNKNOWN,
                number(line["emitted_kg"]), number(other["emitted_kg"] if other else None),
            )
        )  # fmt: skip
    notes = (
        words("A line that moves from one domain to another (→) is part of the meter before it and in no total twice."),
    )
    return Table("lines", words("Lines"), columns, tuple(rows), notes=notes)


def _registers(lines: Sequence[Mapping[str, Any]], words: Words) -> Table:
    columns = (
        Column(words("meter"), "start", wide=True, width=34),
        Column(words("serial"), "start", width=14),
        Column(words("read at the start"), "start", width=24),
        Column(words("register, kWh"), width=16),
        Column(words("read at the end"), "start", width=24),
        Column(words("register, kWh"), width=16),
        Column(words("difference, kWh"), width=15),
        Column(words("accounted, kWh"), width=15),
        Column(words("across gaps, kWh"), width=15),
    )
    rows = []
    for line in lines:
        found = line.get("registers")
        if line["kind"] == "activity" or found is None:
            continue
        start, end = found["start"] or _NOT_READ, found["end"] or _NOT_READ
        rows.append(
            (
                label(line["name"]), text(found["serial"]),
                text(words.moment(start["t"])), number(_kilo(start["value"]), 1),
                text(words.moment(end["t"])), number(_kilo(end["value"]), 1),
                number(found["difference_kwh"], 1), number(line["amount"], 1), number(line["gap_amount"], 1),
            )
        )  # fmt: skip
    notes = (
        words("Without readings: the raw readings of the time are no longer kept; their quarter-hour bins are."),
        words("A difference is that of the register × the meter's multiplier."),
        words("What lies across gaps is known in total only, and not accounted."),
    )
    return Table("registers", words("Registers around the turns of the year"), columns, tuple(rows), notes=notes)


def _kilo(value: float | None) -> float | None:
    return None if value is None else value / 1000.0


def _remarks(told: Mapping[str, Any], words: Words) -> Table | Paragraphs:
    rows = []
    for view in _VIEWS:
        for line in told["views"][view]["lines"]:
            for reason in line["reasons"]:
                said = words.reason(reason["code"], line, told["year"])
                row = (line["name"], said)
                if row not in rows:
                    rows.append(row)
    if not rows:
        return Paragraphs((words("Every hour of every meter is measured and has a factor."),), "good")
    columns = (Column(words("meter or amount"), "start", width=34), Column(words("what"), "start", wide=True, width=70))
    return Table("remarks", words("Remarks"), columns, tuple((label(name), text(said)) for name, said in rows))


def _factors(told: Mapping[str, Any], references: Mapping[str, str], words: Words) -> Table:
    columns = (
        Column("", "start", width=6),
        Column(words("set, version"), "start", width=28),
        Column(words("carrier"), "start", width=16),
        Column(words("method, area, scope"), "start", width=28),
        Column(words("mean"), width=10),
        Column(words("unit"), "start", width=9),
        Column(words("known"), width=9),
        Column(words("source"), "start", wide=True, width=70),
    )
    rows = []
    for name, one in told["factors"].items():
        about = [one["method"], one["area"], one["scope"]]
        if one["basis"] is not None:
            about.append(words("lower heating value") if one["basis"] == "lower" else words("upper heating value"))
        if one["loss_included"] is not None:
            about.append(words("with grid loss") if one["loss_included"] else words("without grid loss"))
        rows.append(
            (
                text(references[name]), text(f"{one['factor_set']}, {', '.join(one['versions'])}"),
                text(words.carrier(one["carrier"])), text(", ".join(about)), number(one["mean_kg_per_unit"], 4),
                text(f"kg/{words.unit(one['per'])}"), share(one["known_share"]), text("; ".join(one["sources"])),
            )
        )  # fmt: skip
    return Table("factors", words("Factors that were used"), columns, tuple(rows))


def _method(told: Mapping[str, Any], words: Words) -> tuple[str, ...]:
    said = [
        words("Each meter's energy is the difference of its register, hour by hour, × the hour's emission factor."),
        words("What is missing is unknown and never zero."),
        words("Location-based: the grid's own emission. Market-based: what was bought, by contract or residual mix."),
    ]  # fmt: skip
    if told["reproduce"]:
        said.append(
            words("The same figures are had again, whatever is restated later, with: {factors}",
                  factors="&".join(f"factors={one}" for one in told["reproduce"]))
        )  # fmt: skip
    return tuple(said)
