"""Where, when and with what was measured; what became of the data; how the figures were made."""

from __future__ import annotations

from bypuls.api.reports.layout.cells import Block, Cell, Column, Mark, Paragraphs, Table, count, label, text
from bypuls.api.reports.speed.model import CountCheck, Limit, Quality, Sensor, SpeedReport
from bypuls.api.reports.speed.render.labels import compass, direction, named, noted, road_class
from bypuls.api.reports.speed.render.words import DASH, Words

Fact = tuple[str, str, Mark | None]


def facts(report: SpeedReport, words: Words) -> Table:
    """Site, period, limits, sensors, surveyor as a list of names and values."""
    found = [*_site(report, words), *_period(report, words)]
    found += [(words("Posted limit"), _limit(limit, words), None) for limit in report.limits]
    for sensor in report.sensors:
        found += _sensor(sensor, words)
    if report.surveyor:
        found.append((words("Surveyor"), report.surveyor, None))
    return _list("facts", words("Site and measurement"), found)


def _list(id_: str, title: str, found: list[Fact]) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple((label(name), text(value, mark)) for name, value, mark in found)
    return Table(id_, title, (Column("", "start", width=30), Column("", "start", wide=True, width=70)), rows)


def _site(report: SpeedReport, words: Words) -> list[Fact]:
    site = report.site
    found: list[Fact] = [(words("Site"), site.name if not site.id else f"{site.name} ({site.id})", None)]
    names = [direction(name, words) for name in report.statistics.directions]
    if names:
        found.append((words("Directions"), ", ".join(names), None))
    if site.road_class:
        found.append((words("Road class"), road_class(site.road_class, words), None))
    if site.traffic_type:
        found.append((words("Type of traffic"), named(site.traffic_type, words), None))
    if site.lanes is not None:
        found.append((words("Lanes"), str(site.lanes), None))
    if site.school_way is not None:
        found.append((words("School way"), words("yes") if site.school_way else words("no"), None))
    if site.lat is not None and site.lon is not None:
        found.append((words("Position"), f"{words.num(site.lat, 5)}° N, {words.num(site.lon, 5)}° {words('E')}", None))
    for done in site.interventions:
        note = f": {done.note}" if done.note else ""
        found.append((words("Intervention"), f"{words.day(done.date)}, {named(done.kind, words)}{note}", None))
    if site.note:
        found.append((words("Note"), site.note, None))
    return found


def _period(report: SpeedReport, words: Words) -> list[Fact]:
    period = report.period
    if period.first_day is None:
        return [(words("Period"), words("unknown: the data carry no times"), None)]
    found: list[Fact] = [(words("Period"), f"{words.days(period.first_day, period.last_day)}, {period.timezone}", None)]
    weekdays = [f"{words.weekday(int(iso), short=True)} {n}" for iso, n in sorted(period.weekdays.items()) if n]
    if weekdays:
        found.append((words("Days with vehicles"), ", ".join(weekdays), None))
    coverage = words("unknown: the sensor does not say") if period.coverage is None else words.share(period.coverage)
    found.append((words("Coverage (time watched)"), coverage, None))
    return found


def _limit(limit: Limit, words: Words) -> str:
    where = direction(limit.direction, words)
    shown = f"{words.limit(limit.limit_kmh)}, {where}"
    if limit.valid_from is not None:
        shown += words(", from {day}", day=words.day(limit.valid_from))
    if limit.valid_to is not None:
        shown += words(", until before {day}", day=words.day(limit.valid_to))
    return shown


def _sensor(sensor: Sensor, words: Words) -> list[Fact]:
    found: list[Fact] = [(words("Sensor"), sensor.id if not sensor.name else f"{sensor.name} ({sensor.id})", None)]
    if sensor.angle_deg is not None:
        angle = f"{words.num(sensor.angle_deg, 1)}°"
        if sensor.angle_uncertainty_deg is not None:
            angle += f" ± {words.num(sensor.angle_uncertainty_deg, 1)}°"
        if sensor.relative_uncertainty is not None:
            angle += words(" (± {share} of the speed)", share=words.share(sensor.relative_uncertainty, 2))
        found.append((words("  mounting angle"), angle, None))
    if sensor.bearing_deg is not None:
        found.append(
            (words("  looks towards"), f"{words.num(sensor.bearing_deg)}° ({compass(sensor.bearing_deg, words)})", None)
        )
    if sensor.reference:
        found.append((words("  reference run"), sensor.reference, None))
    found.append(_calibration(sensor, words))
    if sensor.count_check is not None:
        found += _count_check(sensor.count_check, words)
    elif sensor.manual_count is not None and sensor.counted is not None:
        ratio = words.share(sensor.counted / sensor.manual_count) if sensor.manual_count else words.share(None)
        accuracy = words(
            "{counted} counted by the sensor, {manual} by hand ({share})",
            counted=words.num(sensor.counted), manual=words.num(sensor.manual_count), share=ratio,
        )  # fmt: skip
        found.append((words("  counting accuracy"), accuracy, None))
    return found


def _count_check(check: CountCheck, words: Words) -> list[Fact]:
    """How many the sensor counts, against a count by hand."""
    interval = ""
    if check.low is not None and check.high is not None:
        interval = words(
            "; 95 % interval {low}{dash}{high}",
            low=words.num(check.low * 100.0, 1), dash=DASH, high=words.share(check.high),
        )  # fmt: skip
    elif check.reason is not None:
        interval = words("; no interval: {reason}", reason=named(check.reason, words))
    shown = words(
        "{share} of the vehicles ({counted} of {manual} counted by hand{interval})",
        share=words.share(check.ratio), counted=words.num(check.sensor_n), manual=words.num(check.manual_n),
        interval=interval,
    )  # fmt: skip
    of = words.plural("{n} interval compared, {days}", "{n} intervals compared, {days}", check.intervals,
                      days=words.days(check.first_day, check.last_day))  # fmt: skip
    if check.deviation is not None:
        of += words("; they differ by {share} on average", share=words.share(check.deviation))
    if check.left_out:
        of += words("; {n} left out, not watched whole", n=words.num(check.left_out))
    return [(words("  counting accuracy"), shown, None), (words("  manual count"), of, None)]


def _calibration(sensor: Sensor, words: Words) -> Fact:
    name = words("  calibration")
    if sensor.calibrated is None and sensor.expires is None:
        return name, words("none is registered"), "warn"
    shown = words.day(sensor.calibrated)
    if sensor.expires is not None:
        shown += words(", valid until {day}", day=words.day(sensor.expires))
    return (name, f"{shown} {DASH} {words('EXPIRED')}", "bad") if sensor.expired else (name, shown, None)


def warnings(report: SpeedReport, words: Words) -> tuple[str, ...]:
    """What must not be overlooked."""
    return tuple(
        words(
            "The calibration of {sensor} expired on {day}, before the period ended.",
            sensor=sensor.name or sensor.id, day=words.day(sensor.expires),
        )
        for sensor in report.sensors
        if sensor.expired
    )  # fmt: skip


def quality(report: SpeedReport, fingerprint: str, words: Words) -> tuple[Block, ...]:
    """What became of the lines, and by which methods the figures were made."""
    return (_lines(report.quality, words), *_methods(report, fingerprint, words))


def _lines(found: Quality, words: Words) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (label(words("Lines in the data")), count(found.lines), text("")),
        (label(words("  used")), count(found.used), text("")),
    ]
    for reason, n in found.dropped.items():
        examples = found.examples.get(reason, ())
        where = words("line {lines}", lines=", ".join(examples)) if examples else ""
        rows.append((label(words("  dropped: {reason}", reason=named(reason, words))), count(n), text(where)))
    also = (
        (words("Out of order: sorted and kept"), found.out_of_order, "out_of_order"),
        (
            words("Local times of the doubled hour, told apart by the order of lines"),
            found.times_assumed,
            "times_assumed",
        ),
        (words("Lines before the table"), found.skipped_before_table, ""),
        (words("Empty lines"), found.empty, ""),
    )
    for title, n, reason in also:
        examples = found.examples.get(reason, ())
        if n or reason == "out_of_order":
            where = words("line {lines}", lines=", ".join(examples)) if examples else ""
            rows.append((text(title), count(n), text(where)))
    notes = []
    if found.lowest_kmh is not None and found.highest_kmh is not None:
        notes.append(
            words("Speeds outside {low}–{high} km/h count as impossible.",
                  low=words.num(found.lowest_kmh), high=words.num(found.highest_kmh))
        )  # fmt: skip
    if found.duplicates_dropped is not None:
        notes.append(
            words("Exact duplicate lines are dropped.") if found.duplicates_dropped
            else words("Duplicate lines are kept.")
        )  # fmt: skip
    if found.files:
        notes.append(words("Files: {files}.", files=", ".join(found.files)))
    columns = (
        Column(words("What became of the data"), "start", width=48),
        Column(words("Lines")),
        Column(words("Examples"), "start", wide=True, width=40),
    )
    return Table("quality", words("Data"), columns, tuple(rows), notes=tuple(notes))


def _methods(report: SpeedReport, fingerprint: str, words: Words) -> tuple[Block, ...]:
    merged = {**report.statistics.all.methods, **report.methods}
    found: list[Fact] = [(capital_name(name, words), named(method, words), None) for name, method in merged.items()]
    found.append((words("Software"), f"{report.software.name} {report.software.version}", None))
    found.append((words("Fingerprint of the figures (SHA-256)"), fingerprint, None))
    blocks: list[Block] = [_list("methods", words("Methods"), found)]
    if report.notes:
        blocks.append(Paragraphs(tuple(noted(note, words) for note in report.notes)))
    return tuple(blocks)


def capital_name(name: str, words: Words) -> str:
    """What a method is for, with a capital letter."""
    shown = named(name, words)
    return shown[:1].upper() + shown[1:]
