"""Two periods against each other, as tables and charts."""

from __future__ import annotations

from collections.abc import Mapping

from bypuls.api.reports.layout.cells import (
    MISSING,
    Block,
    Cell,
    Chart,
    Column,
    Mark,
    Paragraphs,
    Table,
    count,
    number,
    points,
    share,
    text,
)
from bypuls.api.reports.speed.model import Change, Compared, ComparedHour, Comparison, Estimate, SpeedReport
from bypuls.api.reports.speed.render.labels import named
from bypuls.api.reports.speed.render.words import DASH, Words

CONCLUDED: Mapping[str, Mark] = {"decrease": "good", "increase": "bad", "no_clear_change": "soft"}


def blocks(report: SpeedReport, found: Comparison, words: Words) -> tuple[Block, ...]:
    """The comparison: conclusion first, then figures, control sites, tests, estimates."""
    parts: list[Block] = [Paragraphs(_opening(report, found, words), "bad" if found.refused else None)]
    parts.append(_periods(found, words))
    if not found.refused:
        if found.histograms:
            parts.append(
                Chart("comparison", words("Speeds before and after"),
                      words("Histograms of the speeds before and after, as shares of all vehicles; dashed lines: V85."))
            )  # fmt: skip
        title = words("Change at the site")
        parts.append(_changes("changes", title, found.changes, words))
        parts += [
            _changes(f"control.{at}", words("Control site: {name}", name=control.name), control.changes, words)
            for at, control in enumerate(found.controls, 1)
        ]
        if found.controls:
            parts.append(_effects(found, words))
    if found.warnings:
        parts.append(Paragraphs(tuple(named(warning, words) for warning in found.warnings), "warn"))
    if not found.refused:
        parts += _estimates(found, words) + _independent(found, words)
        if any(hour.before_n is not None or hour.after_n is not None for hour in found.hours):
            parts.append(_hours(found.hours, words))
    return tuple(parts)


def _opening(report: SpeedReport, found: Comparison, words: Words) -> tuple[str, ...]:
    said: list[str] = []
    if report.intervention is not None:
        done = report.intervention
        note = f" ({done.note})" if done.note else ""
        said.append(
            words("Intervention on {day}: {kind}.", day=words.day(done.date), kind=named(done.kind, words) + note)
        )
    if found.refused:
        why = "; ".join(named(reason, words) for reason in found.reasons)
        said.append(words("The comparison is refused: {reasons}.", reasons=why))
        return tuple(said)
    concluded = conclusion(found, words)
    if concluded is not None:
        said.append(concluded)
    if found.weekdays:
        how = words("Days were matched {how}.", how=named(found.weekdays, words))
        if found.left_out:
            how += " " + words.plural(
                "{n} day without a counterpart was left out.", "{n} days without a counterpart were left out.",
                len(found.left_out),
            )  # fmt: skip
        said.append(how)
    return tuple(said)


def conclusion(found: Comparison, words: Words) -> str | None:
    """What the comparison found about V85, in one sentence; None where it is refused."""
    effect = found.effects.get("v85_kmh")
    return None if found.refused or effect is None else _conclusion(effect, bool(found.controls), words)


def _conclusion(effect: Change, controlled: bool, words: Words) -> str:
    if effect.change is None:
        reason = named(effect.reason, words) if effect.reason else DASH
        return words("What V85 changed by is unknown: {reason}.", reason=reason)
    size = words.num(effect.change, 1, signed=True)
    bounds = (
        f" ({words.num(effect.low, 1, signed=True)} {words('to')} {words.num(effect.high, 1, signed=True)})"
        if effect.low is not None and effect.high is not None
        else ""
    )
    verdict = named(effect.conclusion, words) if effect.conclusion else words("no conclusion without an interval")
    if controlled:
        return words(
            "Effect on V85, beyond the change at the control sites: {size} km/h{bounds}: {verdict}.",
            size=size, bounds=bounds, verdict=verdict,
        )  # fmt: skip
    return words(
        "V85 changed by {size} km/h{bounds}: {verdict}. Without control sites this is an association, not an effect.",
        size=size, bounds=bounds, verdict=verdict,
    )  # fmt: skip


def _periods(found: Comparison, words: Words) -> Table:
    def row(title: str, part: Compared) -> tuple[Cell, ...]:
        return (
            text(title), text(words.days(part.first_day, part.last_day)), count(part.n), count(part.full_days),
            count(part.matched_days), number(part.statistics.mean_kmh, 1), number(part.statistics.v85_kmh, 1),
            number(part.statistics.limit_kmh, 0),
        )  # fmt: skip

    rows = [row(words("Before"), found.before), row(words("After"), found.after)]
    for control in found.controls:
        rows.append(row(words("{name}, before", name=control.name), control.before))
        rows.append(row(words("{name}, after", name=control.name), control.after))
    columns = (
        Column("", "start", wide=True, width=30), Column(words("Period"), "start", width=28),
        Column(words("Vehicles")), Column(words("Full days")), Column(words("Matched days")),
        Column(words("Mean")), Column("V85"), Column(words("Limit")),
    )  # fmt: skip
    return Table("periods", words("The two periods"), columns, tuple(rows))


def _changes(id_: str, title: str, changes: Mapping[str, Change], words: Words) -> Table:
    columns = (
        Column("", "start", wide=True, width=26), Column(words("Before")), Column(words("After")),
        Column(words("Change")), Column(words("95 % interval"), width=18),
        Column(words("Conclusion"), "start", width=28),
    )  # fmt: skip
    rows = tuple(
        (
            text(named(name, words)), _value(name, change.before), _value(name, change.after),
            _value(name, change.change, signed=True), text(_bounds(name, change, words)),
            _concluded(name, change, words),
        )
        for name, change in changes.items()
    )  # fmt: skip
    note = words(
        "From matched days, interpolated in classes of speed: may differ by some tenths from those of all vehicles."
    )
    return Table(id_, title, columns, rows, notes=(note,) if id_ == "changes" else ())


def _effects(found: Comparison, words: Words) -> Table:
    columns = (
        Column("", "start", wide=True, width=26), Column(words("Effect")),
        Column(words("95 % interval"), width=18), Column(words("Conclusion"), "start", width=28),
    )  # fmt: skip
    rows = tuple(
        (
            text(named(name, words)), _value(name, change.change, signed=True),
            text(_bounds(name, change, words)), _concluded(name, change, words),
        )
        for name, change in found.effects.items()
    )  # fmt: skip
    note = words("Change at the site less the mean change of the control sites (difference of differences).")
    return Table("effects", words("Effect"), columns, rows, notes=(note,))


def _value(name: str, value: float | None, *, signed: bool = False) -> Cell:
    if not name.endswith("_share"):
        return number(value, 1, signed=signed)
    return points(value) if signed else share(value)


def _bounds(name: str, change: Change, words: Words) -> str:
    if change.low is None or change.high is None:
        return DASH
    if name.endswith("_share"):
        low, high = words.num(change.low * 100.0, 1, signed=True), words.points(change.high)
    else:
        low, high = words.num(change.low, 1, signed=True), words.num(change.high, 1, signed=True)
    return f"{low} {words('to')} {high}"


def _concluded(name: str, change: Change, words: Words) -> Cell:
    if change.conclusion is None:
        return text(named(change.reason, words) if change.reason else DASH, "soft")
    return text(
        named(change.conclusion, words), None if name == "vehicles_per_day" else CONCLUDED.get(change.conclusion)
    )


def _estimates(found: Comparison, words: Words) -> list[Block]:
    if not found.estimates:
        return []
    columns = (
        Column(words("Estimate, not a measurement"), "start", wide=True, width=30), Column(words("Change")),
        Column(words("Range of the model"), width=20), Column(words("Model"), "start", wide=True, width=50),
    )  # fmt: skip
    rows = tuple((text(named(e.name, words)), _size(e, e.value, words), _range(e, words), text(named(e.model, words)))
                 for e in found.estimates)  # fmt: skip
    sources = tuple(dict.fromkeys(words("Source: {source}", source=e.source) for e in found.estimates))
    return [Table("estimates", words("Estimated effects"), columns, rows, notes=sources)]


def _size(estimate: Estimate, value: float | None, words: Words) -> Cell:
    if value is None or estimate.unit != "dB":
        return share(value, 0, signed=True)
    return text(f"{words.num(value, 1, signed=True)} dB")


def _range(estimate: Estimate, words: Words) -> Cell:
    if estimate.low is None or estimate.high is None:
        return text(DASH)
    ends = (words.cell(_size(estimate, end, words)) for end in (estimate.low, estimate.high))
    return text(f" {words('to')} ".join(ends))


def _independent(found: Comparison, words: Words) -> list[Block]:
    tests = found.independent
    if tests is None:
        return []
    rows: tuple[tuple[Cell, ...], ...] = (
        (text(words("Welch's t, mean speed")), number(tests.welch_t, 3), number(tests.welch_df, 1),
         _probability(tests.welch_p, words)),
        (text("Mann–Whitney U"), number(tests.mann_whitney_u, 0), text(DASH),
         _probability(tests.mann_whitney_p, words)),
    )  # fmt: skip
    columns = (
        Column(words("Test"), "start", wide=True, width=30), Column(words("Statistic"), width=16),
        Column(words("Degrees of freedom"), width=18), Column("p", width=12),
    )  # fmt: skip
    note = words(
        "Vehicles of one day share its weather and its queues: these tests overstate. The conclusion uses days."
    )
    return [Table("independent", words("Tests with vehicles taken as independent"), columns, rows, notes=(note,))]


def _probability(p: float | None, words: Words) -> Cell:
    if p is not None and p < 0.0001:
        return text(f"< {words.num(0.0001, 4)}")
    return number(p, 4)


def _hours(hours: tuple[ComparedHour, ...], words: Words) -> Table:
    def n(value: float | None) -> Cell:
        return MISSING if value is None else count(value)

    rows = []
    for hour in hours:
        mark: Mark | None = "shaded" if hour.shaded else None
        both = hour.before_v85_kmh is not None and hour.after_v85_kmh is not None
        change = (hour.after_v85_kmh or 0.0) - (hour.before_v85_kmh or 0.0) if both else None
        rows.append(
            (
                text(words.hour(hour.hour)), n(hour.before_n), n(hour.after_n),
                number(hour.before_v85_kmh, 1, mark=mark), number(hour.after_v85_kmh, 1, mark=mark),
                number(change, 1, signed=True, mark=mark),
            )
        )  # fmt: skip
    columns = (
        Column(words("Hour"), "start", width=10), Column(words("Vehicles before"), width=16),
        Column(words("Vehicles after"), width=16), Column(words("V85 before"), width=13),
        Column(words("V85 after"), width=13), Column(words("Change"), width=11),
    )  # fmt: skip
    note = words("Grey: fewer than 50 vehicles in either period.")
    return Table("compared_hours", words("Hour by hour, before and after"), columns, tuple(rows), notes=(note,))
