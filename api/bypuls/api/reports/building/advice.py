"""What to do about a building: each finding with what it costs, the dearest first. Rules of thumb, stated as such in
the guide; nothing is advised from figures that are unknown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bypuls.api.buildings.figures import MediumFigures
from bypuls.api.buildings.report import BuildingReport
from bypuls.api.reports.building.words import Words, sentence
from bypuls.api.reports.layout.cells import Mark

LEAST_DEVIATION = 0.05
"""Share of the expected use from which on a significant deviation is worth a look."""
MOST_NIGHT = 0.45
"""Base load at night over the mean load, from which on the nights are worth a look, where nobody sleeps."""
MOST_WEEKEND = 0.75
"""Mean use of a day off over that of a working day, from which on days off are worth a look in houses that close."""
_CLOSED_AT_NIGHT = ("office", "education", "day-care", "culture")
_CLOSED_ON_WEEKENDS = ("office", "education", "day-care")


@dataclass(frozen=True, slots=True)
class Advice:
    """text : what was found and what to do.  dkk : what it costs in the period; None = unknown."""

    text: str
    dkk: float | None = None


def standing(report: BuildingReport, words: Words) -> tuple[str, Mark, str]:
    """How the building stands against what the weather explains: a word, its mark, one sentence."""
    heating = [one for one in report.media if one.medium in ("heat", "gas")]
    judged = next((one for one in heating if one.deviation is not None), None)
    if judged is None or judged.deviation is None:
        return words("No verdict"), "soft", words("No heat is measured that the weather could explain.")
    found = judged.deviation
    if found.share is None or found.low is None or found.high is None:
        why = words.reason(found.reasons[0]) if found.reasons else words("too little is known")
        return words("No verdict"), "soft", sentence(why)
    told = words(
        "{medium}: {share} against what the year before would have used in this weather (90 % interval {interval}).",
        medium=words.medium(judged.medium, capital=True), share=words.share(found.share, 1, signed=True),
        interval=words.range(found.low, found.high),
    )  # fmt: skip
    if not found.significant:
        return words("As the weather explains"), "good", told
    if found.share > 0:
        mark: Mark = "bad" if found.share >= LEAST_DEVIATION else "warn"
        return words("More than the weather explains"), mark, told
    return words("Less than the weather explains"), "good", told


def advice(report: BuildingReport, words: Words) -> tuple[Advice, ...]:
    """What to do, the dearest first; an empty tuple where nothing calls for it."""
    found = [*_meters(report, words), *_media(report, words), *_cooling(report, words)]
    return tuple(sorted(found, key=lambda one: -(one.dkk or 0.0)))


def _meters(report: BuildingReport, words: Words) -> list[Advice]:
    found = [
        Advice(words("{reason} Look after the meter and its connection.", reason=sentence(words.reason(one))))
        for one in report.silent
    ]
    for medium in report.media:
        for reason in (medium.reason, *medium.notes):
            if reason is not None and reason.code in ("unit-jump", "spikes"):
                text = words("{reason} Check the meter's settings.", reason=sentence(words.reason(reason)))
                found.append(Advice(text))
    for balance in report.balances:
        if balance.reason is not None and balance.reason.code == "children-exceed":
            text = words("{reason} Check multipliers and parents in the registry.",
                         reason=sentence(words.reason(balance.reason)))  # fmt: skip
            found.append(Advice(text))
    return found


def _media(report: BuildingReport, words: Words) -> list[Advice]:
    found = []
    for one in report.media:
        apart = one.deviation
        if apart is not None and apart.share is not None and apart.significant and apart.share >= LEAST_DEVIATION:
            extra = (apart.actual or 0.0) - (apart.expected or 0.0)
            dkk = extra * one.cost.per_unit if one.cost.per_unit is not None else None
            found.append(
                Advice(
                    words(
                        "{medium}: {amount} more than expected, {money}. Check running times, set points and valves.",
                        medium=words.medium(one.medium, capital=True),
                        amount=words.amount(extra, one.unit),
                        money=words.money(dkk),
                    ),
                    dkk,
                )
            )
        if one.medium == "electricity":
            found += _load(report, one, words)
    return found


def _load(report: BuildingReport, one: MediumFigures, words: Words) -> list[Advice]:
    found = []
    mean = _mean(one)
    base = one.load.night_base
    if base is not None and mean and base / mean > MOST_NIGHT and report.building.use in _CLOSED_AT_NIGHT:
        text = words(
            "At night {power} run, {share} of the mean load. Find out what isn't switched off.",
            power=words.power(base, one.unit), share=words.share(base / mean, 0),
        )  # fmt: skip
        found.append(Advice(text))
    weekend = one.weekend
    if (
        weekend is not None
        and weekend.ratio is not None
        and weekend.ratio > MOST_WEEKEND
        and report.building.use in _CLOSED_ON_WEEKENDS
    ):
        text = words(
            "A day off uses {share} of a working day. Check ventilation and lighting on weekends.",
            share=words.share(weekend.ratio, 0),
        )
        found.append(Advice(text))
    return found


def _mean(one: MediumFigures) -> float | None:
    power = one.load.duration.power if one.load.duration is not None else np.zeros(0)
    return float(power.mean()) if power.size else None


def _cooling(report: BuildingReport, words: Words) -> list[Advice]:
    found = report.cooling
    if found is None or not found.poor or found.cooling_k is None:
        return []
    text = words(
        "The district heating water is cooled by {k} °C; {required} °C are asked for. "
        "Adjust valves and the hot water tank: it costs {money}.",
        k=words.num(found.cooling_k, 1), required=words.num(found.required_k, 0), money=words.money(found.cost_dkk),
    )  # fmt: skip
    return [Advice(text, found.cost_dkk)]
