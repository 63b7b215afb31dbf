"""Tables of speeds, hours, days and volumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bypuls.api.reports.layout.cells import (
    MISSING,
    UNKNOWN,
    Cell,
    Column,
    Mark,
    Table,
    count,
    day,
    label,
    number,
    share,
    text,
)
from bypuls.api.reports.speed.model import Band, DayRow, HourRow, PeakHour, SpeedReport, Statistics, Volumes
from bypuls.api.reports.speed.model import Cell as Figures
from bypuls.api.reports.speed.render.labels import direction, heading, named, verdict
from bypuls.api.reports.speed.render.words import DASH, Words


def speed(value: float | None, *, mark: Mark | None = None) -> Cell:
    """A speed [km/h], one decimal."""
    return number(value, 1, mark=mark)


def statistics(report: SpeedReport, words: Words) -> Table:
    """Every figure of all vehicles, of each direction, and of the parts that can be told apart."""
    whole = report.statistics.all
    samples = [(words("All"), whole)]
    if len(report.statistics.directions) > 1:
        samples += [(heading(name, words), found) for name, found in report.statistics.directions.items()]
    if whole.free_flow is not None:
        samples.append((words("All, free flow"), whole.free_flow))
    if whole.motor_vehicles is not None:
        samples.append((words("All, motor vehicles"), whole.motor_vehicles))
    rows = [(label(title), *(figure(found) for _, found in samples)) for title, figure in _figures(whole, words)]
    rows = [row for row in rows if any(cell.kind != "unknown" for cell in row[1:])]
    columns = (
        Column(words("Speeds in km/h"), "start", wide=True, width=34),
        *(Column(title, width=16) for title, _ in samples),
    )
    notes = []
    if whole.free_flow is not None:
        how = report.methods.get("free_flow")
        said = words("Free flow: {method}, in the same direction.", method=named(how, words) if how else DASH)
        notes.append(said if how else words("Free flow: vehicles at some distance from the one before them."))
    return Table("statistics", words("Figures"), columns, tuple(rows), notes=tuple(notes))


def _figures(whole: Statistics, words: Words) -> list[tuple[str, Callable[[Statistics], Cell]]]:
    found: list[tuple[str, Callable[[Statistics], Cell]]] = [
        (words("Vehicles"), lambda s: count(s.n)),
        (words("Posted limit"), lambda s: number(s.limit_kmh, 0)),
        (words("Mean speed"), lambda s: speed(s.mean_kmh)),
        (words("Standard deviation"), lambda s: speed(s.s_kmh)),
        ("V15", lambda s: speed(s.v15_kmh)),
        (words("V50 (median)"), lambda s: speed(s.v50_kmh)),
        (words("V85 (85th percentile)"), lambda s: speed(s.v85_kmh)),
        (words("  95 % interval"), lambda s: _interval(s, "v85_kmh", words)),
        (words("  uncertainty of the mounting angle, ±"), lambda s: speed(s.calibration_kmh)),
        ("V95", lambda s: speed(s.v95_kmh)),
        ("V98", lambda s: speed(s.v98_kmh)),
        (words("Highest speed"), lambda s: speed(s.max_kmh)),
        (words("Pace (10 km/h with most vehicles)"), lambda s: _pace(s, words)),
        (words("  share in the pace"), lambda s: share(s.pace.share if s.pace else None)),
        (words("Over the limit"), lambda s: count(s.over_limit.n if s.over_limit else None)),
        (words("  share"), lambda s: share(s.over_limit.share if s.over_limit else None)),
    ]
    for at, band in enumerate(whole.bands or ()):
        found.append((words("  by {band}", band=_band(band, words)), _of_band(at)))
    found += [
        (
            words("  more than 30 % over the limit"),
            lambda s: share(s.over_limit.share_30_pct if s.over_limit else None),
        ),
        (words("Mean speed of those over the limit"), lambda s: speed(s.mean_over_kmh)),
        (
            words("Vehicles needed for V85 ± {kmh}", kmh=words.limit(whole.least_sample.tolerance_kmh)),
            lambda s: count(s.least_sample.v85_n),
        ),
        (words("Verdict"), lambda s: text(*verdict(s.verdict, words))),
    ]
    return found


def _of_band(at: int) -> Callable[[Statistics], Cell]:
    return lambda s: share(s.bands[at].share if s.bands and at < len(s.bands) else None)


def _band(band: Band, words: Words) -> str:
    if band.to_kmh is None:
        return words("more than {kmh}", kmh=words.limit(band.from_kmh))
    return f"{words.span(band.from_kmh, band.to_kmh, 0)} {words('km/h')}"


def _interval(found: Statistics, name: str, words: Words) -> Cell:
    interval = found.intervals.get(name)
    if interval is None or interval.low is None or interval.high is None:
        return UNKNOWN
    return text(words.span(interval.low, interval.high))


def _pace(found: Statistics, words: Words) -> Cell:
    return UNKNOWN if found.pace is None else text(words.span(found.pace.from_kmh, found.pace.to_kmh, 0))


def hour_tables(report: SpeedReport, words: Words) -> tuple[Table, ...]:
    """The hourly table in total and per direction, with the bins of speed."""
    found = [_hour_table(report, None, words)]
    if len(report.statistics.directions) > 1:
        found += [_hour_table(report, name, words) for name in report.statistics.directions]
    return tuple(found)


def _hour_table(report: SpeedReport, name: str | None, words: Words) -> Table:
    columns = (
        Column(words("Hour"), "start", width=8),
        *(Column(bin_.label.replace("-", DASH), width=8) for bin_ in report.speed_bins),
        Column(words("Total"), width=12),
        Column("V50", width=8),
        Column("V85", width=8),
        Column("V95", width=8),
    )
    parts: list[tuple[HourRow, Figures | None]] = [
        (row, row if name is None else row.directions.get(name)) for row in report.hours
    ]
    rows = [(text(words.hour(row.hour)), *_hour_cells(part, len(report.speed_bins))) for row, part in parts]
    seen = [part for _, part in parts if part is not None and part.n is not None]
    statistics_found = report.statistics.all if name is None else report.statistics.directions[name]
    volumes = report.volumes.all if name is None else report.volumes.directions.get(name)
    title = words("All vehicles") if name is None else direction(name, words)
    return Table(
        "hours" if name is None else f"hours.{name}",
        words("By hour: {part}", part=title),
        columns,
        tuple(rows),
        strong=_totals(seen, len(report.speed_bins), statistics_found, words),
        notes=(
            *_peaks(volumes, words),
            words("Vehicles per hour of the day over the whole period; columns: km/h. N/A: nobody watched. "
                  "Grey: fewer than 50 vehicles."),
        ),
        dense=True,
    )  # fmt: skip


def _hour_cells(part: Figures | None, bins: int) -> tuple[Cell, ...]:
    if part is None or part.n is None:
        return (MISSING,) * (bins + 4)
    mark: Mark | None = "shaded" if part.shaded else None
    counts = tuple(count(n) for n in part.bins) if part.bins is not None else (UNKNOWN,) * bins
    return (*counts, count(part.n), *(speed(v, mark=mark) for v in (part.v50_kmh, part.v85_kmh, part.v95_kmh)))


def _totals(seen: Sequence[Figures], bins: int, found: Statistics, words: Words) -> tuple[tuple[Cell, ...], ...]:
    n = sum(part.n or 0 for part in seen)
    if not seen or any(part.bins is None for part in seen):
        return ((text(words("Total")), *(UNKNOWN,) * bins, count(n), *_speeds(found)),)
    sums = [sum(part.bins[at] for part in seen if part.bins is not None) for at in range(bins)]
    total = (text(words("Total")), *(count(value) for value in sums), count(n), *_speeds(found))
    if not n:
        return (total,)
    return (
        total,
        (text("%"), *(share(value / n) for value in sums), share(1.0, 0), *(text(""),) * 3),
    )


def _speeds(found: Statistics) -> tuple[Cell, Cell, Cell]:
    return speed(found.v50_kmh), speed(found.v85_kmh), speed(found.v95_kmh)


def _peaks(volumes: Volumes | None, words: Words) -> tuple[str, ...]:
    if volumes is None:
        return ()
    found = []
    for name, peak in ((words("Morning peak"), volumes.morning_peak), (words("Evening peak"), volumes.evening_peak)):
        if peak is not None:
            found.append(_peak(name, peak, words))
    return (words("Average working day: {peaks}.", peaks="; ".join(found)),) if found else ()


def _peak(name: str, peak: PeakHour, words: Words) -> str:
    factor = "" if peak.phf is None else words(", peak hour factor {phf}", phf=words.num(peak.phf, 2))
    return words("{name} {hour}: {n} vehicles/h", name=name, hour=words.hour(peak.hour), n=words.num(peak.n)) + factor


def day_tables(report: SpeedReport, words: Words) -> tuple[Table, ...]:
    """The days one by one."""
    if not report.days:
        return ()
    rows = tuple(_day_row(row, words) for row in report.days)
    columns = (
        Column(words("Date"), width=14), Column(words("Weekday"), "start", width=12), Column(words("Vehicles")),
        Column(words("Mean")), Column("V50"), Column("V85"), Column(words("Over the limit")),
        Column(words("Watched")), Column(words("Remarks"), "start", wide=True, width=44),
    )  # fmt: skip
    note = words("Days left out of volumes and intervals carry a reason. Grey: fewer than 50 vehicles.")
    return (Table("days", words("Day by day"), columns, rows, notes=(note,)),)


def _day_row(row: DayRow, words: Words) -> tuple[Cell, ...]:
    mark: Mark | None = "shaded" if row.shaded else None
    remarks = [row.holiday] if row.holiday else []
    if row.length_h != 24:
        remarks.append(words("{hours} hours: the clock changes", hours=words.num(row.length_h)))
    if row.left_out:
        remarks.append(words("left out: {reason}", reason=named(row.left_out, words)))
    figures = (
        (MISSING,) * 5
        if row.n is None
        else (
            count(row.n), speed(row.mean_kmh, mark=mark), speed(row.v50_kmh, mark=mark),
            speed(row.v85_kmh, mark=mark), share(row.over_limit_share, mark=mark),
        )
    )  # fmt: skip
    return (
        day(row.date), text(words.weekday(row.weekday, short=True)), *figures,
        share(row.coverage, 0), text("; ".join(remarks)),
    )  # fmt: skip
