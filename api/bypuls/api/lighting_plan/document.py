"""A plan as a document of tables, free of any file format; the page shows the same tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from typing import Any

from bypuls.api.directory import Directory
from bypuls.api.lighting_plan.forms import as_json
from bypuls.api.lighting_plan.plan import By, Plan
from bypuls.api.lighting_plan.scenario import LED_BASE_SHARE, OTHER_BASE_SHARE, Scenario
from bypuls.api.lighting_plan.words import BY, PlanWords
from bypuls.api.reports.accounts.content import Document
from bypuls.api.reports.layout.cells import Cell, Column, Paragraphs, Section, Table, label, number, share, text


def document(plan: Plan, directory: Directory, by: By, words: PlanWords, day: date) -> Document:
    """The whole account. day : on which it was made."""
    told = as_json(plan, directory, by)
    total = told["total"]
    sections = (
        Section("total", words("In a year"), (totals(plan, words), Paragraphs(light_sentences(plan, words)))),
        Section("rows", words("What saves most"), (rows_table(plan, directory, by, words),)),
        *((Section("classes", words("Lighting classes"), (classes(plan, words),)),) if plan.classes() else ()),
        Section("assumptions", words("What was assumed"), (assumptions(plan, words), Paragraphs(method(words)))),
    )
    return Document(
        lang=words.lang,
        kicker=words("Street lights"),
        title=words("LED and dimming: what it would save"),
        subtitle=words("{lamps} lamps of the registry, the year {year}",
                       lamps=words.num(total["lamps"]), year=plan.year),
        headline=headline(plan, words),
        warnings=unknown(plan, words),
        sections=sections,
        foot=f"bypuls {version('bypuls')}",
        fingerprint=hashlib.blake2b(repr(told).encode(), digest_size=8).hexdigest(),
        day=day,
        words={"page": words("Page {page} of {pages}", page="{page}", pages="{pages}"),
               "fingerprint": words("Fingerprint")},
    )  # fmt: skip


def headline(plan: Plan, words: PlanWords) -> tuple[tuple[str, str, str], ...]:
    """What one look must tell: name, figure, what it is of."""
    total = plan.totals()
    return (
        (words("Saved a year"), words.kwh(total["saved_kwh"]),
         words("{share} of {now}", share=words.share(total["saved_share"], 0), now=words.kwh(total["now_kwh"]))),
        (words("{gas} a year", gas=words.gas(plan.money.gas)), words.kg(total["saved_co2_kg"]),
         plan.money.factor or words("no factor")),
        (words("Money a year"), words.money(total["saved_dkk"]), _price(plan, words)),
        (words("Payback"), words.years(total["payback_years"]) if total["payback_years"] is not None else "–",
         words("of {cost}", cost=words.money(total["investment_dkk"]))),
    )  # fmt: skip


def _price(plan: Plan, words: PlanWords) -> str:
    price = plan.money.dkk_per_kwh
    return words("no price") if price is None else words("at {price} kr/kWh", price=words.num(price, 2))


def unknown(plan: Plan, words: PlanWords) -> tuple[str, ...]:
    """What the account can't say."""
    total = plan.totals()
    found = []
    if total["unknown_lamps"]:
        found.append(words.plural(
            "Of {n} lamp the power now or then is unknown: it is in no sum.",
            "Of {n} lamps the power now or then is unknown: they are in no sum.", total["unknown_lamps"],
        ))  # fmt: skip
    if plan.money.dkk_per_kwh is None:
        found.append(words("Money is unknown: the registry has no price of electricity today."))
    if plan.money.kg_per_kwh is None:
        gas = words.gas(plan.money.gas)
        found.append(
            words(
                "{gas} is unknown: the registry has no whole year of location-based factors for electricity.", gas=gas
            )
        )
    return tuple(found)


def totals(plan: Plan, words: PlanWords) -> Table:
    """Now, then, and what is saved."""
    told = plan.totals()
    columns = (
        Column("", "start", wide=True, width=34), Column(words("Now"), width=14), Column(words("Then"), width=14),
        Column(words("Saved"), width=14), Column(words("Unit"), "start", width=10),
    )  # fmt: skip

    def row(name: str, now: float | None, saved: float | None, unit: str, digits: int = 0) -> tuple[Cell, ...]:
        then = None if now is None or saved is None else now - saved
        return label(name), number(now, digits), number(then, digits), number(saved, digits), text(unit)

    now_kw, then_kw = told["now_kw"], told["then_kw"]
    kw = None if now_kw is None or then_kw is None else now_kw - then_kw
    rows = (
        row(words("Connected load at full level"), now_kw, kw, "kW", 1),
        row(words("Energy"), told["now_kwh"], told["saved_kwh"], "kWh"),
        row(words.gas(plan.money.gas), told["now_co2_kg"], told["saved_co2_kg"], "kg"),
        row(words("Electricity's cost"), told["now_dkk"], told["saved_dkk"], "kr"),
    )  # fmt: skip
    return Table("total", words("Now and then"), columns, rows, notes=(replaced_sentence(plan, words),))


def replaced_sentence(plan: Plan, words: PlanWords) -> str:
    """How many get new luminaires, and what it costs."""
    told = plan.totals()
    if not plan.scenario.replace:
        return words("No lamp is replaced: only what is LED already is dimmed otherwise.")
    said = words("{n} of {lamps} lamps get LED", n=words.num(told["replaced_lamps"]), lamps=words.num(told["lamps"]))
    if told["replaced_luminaires"] is not None:
        said += " " + words("({n} luminaires)", n=words.num(told["replaced_luminaires"]))
    if told["investment_dkk"] is None:
        return f"{said}. {words('What it costs was not said, or some poles have an unknown number of luminaires.')}"
    cost = words("{cost}: {each} kr each", cost=words.money(told["investment_dkk"]),
                 each=words.num(plan.scenario.cost_dkk))  # fmt: skip
    return f"{said}; {cost}."


def light_sentences(plan: Plan, words: PlanWords) -> tuple[str, ...]:
    """What becomes of light and class at full level."""
    told = plan.totals()

    def said(what: str, name: str) -> str:
        counts = {state: words.num(told[f"{name}_{state}"]) for state in ("kept", "lower", "unknown")}
        return words("{what}: kept at {kept} lamps, less at {lower}, unknown at {unknown}.", what=what, **counts)

    lines = [said(words("Light at full level"), "light"), said(words("Lighting class at full level"), "class")]
    less = sorted(one.light_share for one in plan.lamps if one.light == "lower" and one.light_share is not None)
    if less:
        low, middle, high = (words.share(less[at], 0) for at in (0, len(less) // 2, -1))
        lines.append(
            words(
                "Where it is less, {low} to {high} of the light that is needed is left, {middle} in the middle.",
                low=low, high=high, middle=middle,
            )
        )  # fmt: skip
    if told["light_unknown"] and plan.scenario.efficacy_lm_w is None and plan.scenario.replace:
        lines.append(words("Say how much light a new luminaire gives for its power (lm/W) to have it judged."))
    if told["class_unknown"] and not any(one.lamp.lighting_class for one in plan.lamps):
        lines.append(words("The registry holds no lighting class of these lamps, so whether it is kept is unknown."))
    if told["light_lower"]:
        lines.append(
            words("Less light than now isn't darker than allowed: a lighting calculation of the street tells.")
        )
    return tuple(lines)


def rows_table(plan: Plan, directory: Directory, by: By, words: PlanWords, most: int | None = None) -> Table:
    """The figures by street, cabinet, group or lamp type. most : rows shown; None = all."""
    shown = plan.groups(directory, by)
    kept = shown if most is None else shown[:most]
    columns = (
        Column(words(BY[by]), "start", wide=True, width=30), Column(words("Lamps")),
        Column(words("Now, kWh"), width=12),
        Column(words("Then, kWh"), width=12), Column(words("Saved, kWh"), width=12), Column(words("Saved")),
        Column(words("{gas}, kg", gas=words.gas(plan.money.gas))), Column(words("kr a year"), width=12),
        Column(words("Payback, years"), width=10), Column(words("Light"), "start", width=16),
        Column(words("Class"), "start", width=16),
    )  # fmt: skip
    rows = tuple(_row(row, name_of(directory, by, row[by]), words) for row in kept)
    total = _row(plan.totals(), words("In all"), words)
    notes = [words("Light and class at full level: kept / less / unknown, in lamps.")]
    if len(kept) < len(shown):
        notes.append(words("{n} further rows are in the files to download.", n=words.num(len(shown) - len(kept))))
    return Table(
        "rows", words("By {what}", what=words(BY[by]).lower()), columns, rows, (total,), tuple(notes), dense=True
    )


def name_of(directory: Directory, by: By, id: str | None) -> str | None:
    """What people call a row; None where the register doesn't say."""
    rows: Mapping[str, Mapping[str, Any]] = {"cabinet": directory.cabinets, "group": directory.lamp_groups}
    row = rows.get(by, {}).get(id or "")
    return id if row is None else str(row.name)


def _row(row: Mapping[str, Any], name: str | None, words: PlanWords) -> tuple[Cell, ...]:
    def three(what: str) -> Cell:
        return text(" / ".join(words.num(row[f"{what}_{state}"]) for state in ("kept", "lower", "unknown")))

    return (
        label(name or words("not said")), number(row["lamps"]), number(row["now_kwh"]), number(row["then_kwh"]),
        number(row["saved_kwh"]), share(row["saved_share"], 0), number(row["saved_co2_kg"]), number(row["saved_dkk"]),
        number(row["payback_years"] if row["replaced_lamps"] else None, 1), three("light"), three("class"),
    )  # fmt: skip


def classes(plan: Plan, words: PlanWords) -> Table:
    """How many lamps go from which class to which."""
    columns = (
        Column(words("Now"), "start", width=12), Column(words("Then, at full level"), "start", width=20),
        Column(words("where dimmed lowest"), "start", width=20), Column(words("Lamps")),
    )  # fmt: skip
    below = words("below the lowest")
    rows = tuple(
        (text(row["class_now"]), text(row["class_then"] or below), text(row["class_dimmed"] or below),
         number(row["lamps"]))
        for row in plan.classes()
    )  # fmt: skip
    return Table("classes", words("Lighting class now and then"), columns, rows)


def assumptions(plan: Plan, words: PlanWords) -> Table:
    """Everything that was taken for granted, with its unit."""
    asked = plan.scenario
    facts: list[tuple[str, str]] = [
        (words("Lamps burn"), words("{hours} h a year, {when} at {lat}° north, {lon}° east",
                                    hours=words.num(plan.burning_h), when=words.burning(asked.burning),
                                    lat=words.num(plan.place[0], 2), lon=words.num(plan.place[1], 2))),
        (words("New luminaires"), _replacing(asked, words)),
        (words("Dimming then"), asked.schedule or words("as each lamp or its group is dimmed now")),
        (words("Dimming now"), words("by the registry's profiles of today; without one at full level")),
        (words("Power at a level"), words("base load {led} for LED, {other} for other lamps, the rest as the level",
                                          led=words.share(LED_BASE_SHARE, 0), other=words.share(OTHER_BASE_SHARE, 0))),
        (words("Light of the new luminaires"), words("unknown") if asked.efficacy_lm_w is None
         else words("{n} lm/W", n=words.num(asked.efficacy_lm_w))),
        (words("Of an old lamp's light needed"), words.share(asked.useful_share, 0)),
        (words("Gear that the registry leaves out"),
         ", ".join(f"{kind} {words.share(value, 0)}" for kind, value in asked.gear.items()) or words("none")),
        (words("Price of electricity"), _price(plan, words)),
        (words("Factor"), words("none") if plan.money.kg_per_kwh is None else
         words("{factor} kg/kWh, {name}, weighted by the hours that lamps burn",
               factor=words.num(plan.money.kg_per_kwh, 4), name=plan.money.factor)),
    ]  # fmt: skip
    columns = (Column("", "start", width=34), Column("", "start", wide=True, width=60))
    return Table("assumptions", words("Assumptions"), columns, tuple((label(a), text(b)) for a, b in facts))


def _replacing(asked: Scenario, words: PlanWords) -> str:
    if not asked.replace:
        return words("none: only dimming")
    which = ", ".join(asked.types) or words("all that aren't LED")
    pairs = ", ".join(f"{words.num(old)} → {words.num(new, 0 if new == int(new) else 1)} W"
                      for old, new in sorted(asked.watts.items()))  # fmt: skip
    rest = (
        None if asked.watt_share is None else words("{share} of the old power", share=words.share(asked.watt_share, 0))
    )
    how: Sequence[str] = [one for one in (pairs, rest) if one]
    return f"{which}: {'; '.join(how) or words('power unknown')}"


def method(words: PlanWords) -> tuple[str, ...]:
    """How the figures come about, and what they are not."""
    return (
        words("Energy is each lamp's power times the year's burning hours at each level of its dimming profile."),
        words("Payback is what the luminaires cost over what their electricity saves, without interest and upkeep."),
        words("The class then is that which the light left over decides, where the street just keeps its class now; "
              "uniformity and glare are for the luminaire's own calculation (EN 13201-2)."),
    )  # fmt: skip
