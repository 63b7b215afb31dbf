"""Tables of volumes: average days, kinds of days, classes of vehicles."""

from __future__ import annotations

from bypuls.api.reports.layout.cells import Cell, Column, Paragraphs, Table, count, share, text
from bypuls.api.reports.speed.model import SpeedReport, Traffic
from bypuls.api.reports.speed.render.labels import heading, named
from bypuls.api.reports.speed.render.tables import speed
from bypuls.api.reports.speed.render.words import DASH, Words


def volume_tables(report: SpeedReport, words: Words) -> tuple[Table | Paragraphs, ...]:
    """Average days, totals of the day, and working days beside the others."""
    samples = [(words("All"), report.volumes.all)]
    if len(report.volumes.directions) > 1:
        samples += [(heading(name, words), found) for name, found in report.volumes.directions.items()]
    rows: list[tuple[Cell, ...]] = []
    notes: list[str] = []
    for attribute in ("average_day", "hdt", "jdt"):
        cells: list[Traffic] = [getattr(found, attribute) for _, found in samples]
        if any(cell.value is not None for cell in cells):
            rows.append((text(named(cells[0].name, words)), *(count(cell.value) for cell in cells)))
            notes += _traffic_notes(cells[0], words)
        elif cells[0].reason:
            notes.append(f"{named(cells[0].name, words)}: {named(cells[0].reason, words)}.")
    for title, attribute in (
        (words("12 hours, 07–19"), "total_12h"),
        (words("16 hours, 06–22"), "total_16h"),
        (words("18 hours, 06–24"), "total_18h"),
        (words("24 hours"), "total_24h"),
    ):
        values = [getattr(found, attribute) for _, found in samples]
        if any(value is not None for value in values):
            rows.append((text(title), *(count(value) for value in values)))
    columns = (
        Column(words("Vehicles per day"), "start", wide=True, width=44),
        *(Column(title, width=16) for title, _ in samples),
    )
    found: list[Table | Paragraphs] = []
    if not rows and notes:
        found.append(Paragraphs(tuple(notes)))
    if rows:
        notes.append(words("From full days only; never scaled by the time watched."))
        found.append(Table("volumes", words("Average days"), columns, tuple(rows), notes=tuple(notes)))
    found += _groups(report, words)
    found += _classes(report, words)
    return tuple(found)


def _traffic_notes(cell: Traffic, words: Words) -> list[str]:
    if cell.low is None or cell.high is None or cell.uncertainty is None:
        return []
    note = words(
        "{name}: {low}–{high} (± {share} of the step from the count to the year)",
        name=named(cell.name, words), low=words.num(cell.low), high=words.num(cell.high),
        share=words.share(cell.uncertainty, 0),
    )  # fmt: skip
    if cell.factor is not None:
        note += words("; factor {factor}", factor=words.num(cell.factor, 3))
    return [f"{note}{f', {cell.factor_source}' if cell.factor_source else ''}."]


def _groups(report: SpeedReport, words: Words) -> list[Table]:
    if not report.day_groups:
        return []
    rows = tuple(
        (
            text(named(name, words)), count(group.days), count(group.n), count(group.n_per_full_day),
            speed(group.mean_kmh), speed(group.v50_kmh), speed(group.v85_kmh), share(group.over_limit_share),
        )
        for name, group in report.day_groups.items()
    )  # fmt: skip
    columns = (
        Column("", "start", wide=True, width=30), Column(words("Days")), Column(words("Vehicles")),
        Column(words("Per full day")), Column(words("Mean")), Column("V50"), Column("V85"),
        Column(words("Over the limit")),
    )  # fmt: skip
    return [Table("day_groups", words("Working days and other days"), columns, rows)]


def _classes(report: SpeedReport, words: Words) -> list[Table]:
    if not report.classes:
        return []
    rows = tuple(
        (
            text(named(found.name, words)),
            text(_lengths(found.from_m, found.to_m, words)),
            count(found.n), share(found.share), speed(found.v85_kmh),
        )
        for found in report.classes
    )  # fmt: skip
    columns = (
        Column(words("Class"), "start", wide=True, width=24), Column(words("Length"), "start", width=16),
        Column(words("Vehicles")), Column(words("Share")), Column("V85"),
    )  # fmt: skip
    return [Table("classes", words("Vehicle classes"), columns, rows)]


def _lengths(from_m: float | None, to_m: float | None, words: Words) -> str:
    if from_m is None and to_m is None:
        return DASH
    if to_m is None:
        return f"> {words.num(from_m, 1)} m"
    return f"{words.num(from_m or 0.0, 1)}{DASH}{words.num(to_m, 1)} m"
