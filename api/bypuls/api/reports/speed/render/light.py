"""Speeds by light level, as a table and a chart; or why nothing can be told."""

from __future__ import annotations

from bypuls.api.reports.layout.cells import Block, Cell, Chart, Column, Paragraphs, Table, count, number, text
from bypuls.api.reports.speed.model import LightAndSpeed, LightEffect
from bypuls.api.reports.speed.render.labels import named
from bypuls.api.reports.speed.render.words import DASH, Words


def blocks(found: LightAndSpeed, words: Words) -> tuple[Block, ...]:
    """What the light changes, first in a sentence."""
    lamps = words.plural("{n} lamp reports here.", "{n} lamps report here.", found.lamps)
    if not found.effects:
        why = words("Whether the light changes how fast people drive can't be told: {reason}.",
                    reason=named(found.why or "", words))  # fmt: skip
        seen = ", ".join(f"{words.num(level)} %" for level in found.levels_pct)
        levels = (words("Levels that were seen in darkness: {levels}.", levels=seen),) if seen else ()
        return (Paragraphs((why, f"{lamps} {' '.join(levels)}".strip())),)
    said = tuple(_sentence(one, words) for one in found.effects)
    return (
        Paragraphs((*said, words("This is what went together in these nights, not proof of a cause."))),
        Chart("light", words("Change of speed by light level"),
              words("Change of mean speed and of V85 at each light level against the highest, with 95 % intervals.")),
        _table(found, lamps, words),
    )  # fmt: skip


def _sentence(one: LightEffect, words: Words) -> str:
    """V85, or the mean where V85 lies in an open class."""
    name, change, low, high = ("V85", one.v85_change_kmh, one.v85_low_kmh, one.v85_high_kmh)
    if change is None:
        name, change, low, high = (
            words("The mean speed"), one.mean_change_kmh, one.mean_low_kmh, one.mean_high_kmh
        )  # fmt: skip
    given = {
        "figure": name, "level": words.num(one.level_pct), "reference": words.num(one.reference_pct),
        "size": words.num(change, 1, signed=True), "low": words.num(low, 1, signed=True),
        "high": words.num(high, 1, signed=True),
    }  # fmt: skip
    if low is None or high is None or low <= 0.0 <= high:
        return words("At {level} % light {figure} is not clearly another than at {reference} %: {size} km/h ({low} to "
                     "{high}).", **given)  # fmt: skip
    return words("At {level} % light {figure} is {size} km/h ({low} to {high}) from that at {reference} %.", **given)


def _table(found: LightAndSpeed, lamps: str, words: Words) -> Table:
    columns = (
        Column(words("Light"), "start", width=12), Column(words("Mean")), Column(words("Change")),
        Column(words("95 % interval"), width=18), Column("V85"), Column(words("Change")),
        Column(words("95 % interval"), width=18), Column(words("Nights")), Column(words("Hours")),
        Column(words("Vehicles")),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for one in found.effects:
        rows.append(
            (
                text(f"{words.num(one.level_pct)} %"), number(one.mean_kmh, 1),
                number(one.mean_change_kmh, 1, signed=True), _bounds(one.mean_low_kmh, one.mean_high_kmh, words),
                number(one.v85_kmh, 1), number(one.v85_change_kmh, 1, signed=True),
                _bounds(one.v85_low_kmh, one.v85_high_kmh, words), count(one.nights), count(one.hours),
                count(one.vehicles),
            )
        )  # fmt: skip
        rows.append(
            (
                text(words("against {level} %", level=words.num(one.reference_pct)), "soft"),
                number(one.reference_mean_kmh, 1), text(DASH), text(DASH), number(one.reference_v85_kmh, 1),
                text(DASH), text(DASH), count(one.reference_nights), count(one.hours), count(one.reference_vehicles),
            )
        )  # fmt: skip
    notes = (
        words("Vehicles in free flow between civil dusk and dawn, within the same clock hour of working days, or of "
              "weekends and holidays, each hour weighing alike for both levels; hours with both levels on at least "
              "three nights. The interval leaves out one whole night at a time (jackknife)."),
        words("Levels are what the lamps report, rounded to 10 %. {lamps}", lamps=lamps),
    )  # fmt: skip
    return Table("light", words("Speeds by light level, km/h"), columns, tuple(rows), notes=notes, dense=True)


def _bounds(low: float | None, high: float | None, words: Words) -> Cell:
    if low is None or high is None:
        return text(DASH)
    return text(f"{words.num(low, 1, signed=True)} {words('to')} {words.num(high, 1, signed=True)}")
