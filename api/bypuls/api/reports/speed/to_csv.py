"""A report as CSV for a spreadsheet: sections one under the other. Danish: `;` and decimal comma; English: `,` and
point.

UTF-8 with a byte order mark, which spreadsheets need to tell it; text that would be a formula there is text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType

from bypuls.api.reports.layout.inert import inert
from bypuls.api.reports.speed.model import Cell, LightEffect, SpeedReport, Statistics, Traffic, Volumes

Value = str | int | float | None
NOT_WATCHED = "N/A"
_FIGURES = (
    "n", "mean_kmh", "s_kmh", "v15_kmh", "v50_kmh", "v85_kmh", "v95_kmh", "v98_kmh", "max_kmh", "limit_kmh",
    "mean_over_kmh", "verdict", "calibration_kmh",
)  # fmt: skip
_DANISH: Mapping[str, str] = MappingProxyType(
    {
        "site": "sted", "period": "periode", "figure": "størrelse", "all": "alle", "n": "antal",
        "mean_kmh": "middel km/t", "s_kmh": "s km/t", "v15_kmh": "V15 km/t", "v50_kmh": "V50 km/t",
        "v85_kmh": "V85 km/t", "v95_kmh": "V95 km/t", "v98_kmh": "V98 km/t", "max_kmh": "maks km/t",
        "limit_kmh": "hastighedsgrænse km/t", "mean_over_kmh": "middel af dem over km/t", "verdict": "vurdering",
        "calibration_kmh": "kalibrering ± km/t", "pace_from_kmh": "pace fra km/t", "pace_to_kmh": "pace til km/t",
        "pace_n": "pace antal", "pace_share": "pace andel", "over_limit_n": "over grænsen antal",
        "over_limit_share": "over grænsen andel", "over_limit_30_pct_share": "mere end 30 % over andel",
        "over_by": "over med km/t", "v85_low_kmh": "V85 nedre km/t", "v85_high_kmh": "V85 øvre km/t",
        "hours": "timer", "hour": "time", "direction": "retning", "total": "i alt", "days": "døgn", "date": "dato",
        "weekday": "ugedag", "holiday": "helligdag", "full": "helt døgn", "left_out": "udeladt",
        "coverage": "dækning", "volumes": "trafik", "average_day": "gennemsnitsdøgn", "hdt": "HDT", "jdt": "JDT",
        "value": "værdi", "uncertainty": "usikkerhed", "reason": "grund", "quality": "datakvalitet",
        "lines": "linjer", "used": "brugt", "dropped": "udeladt", "out_of_order": "ude af rækkefølge",
        "comparison": "sammenligning", "before": "før", "after": "efter", "change": "ændring", "low": "nedre",
        "high": "øvre", "effect": "effekt", "conclusion": "konklusion", "software": "program", "methods": "metoder",
        "share": "andel", "statistics": "statistik", "estimates": "skøn", "yes": "ja", "no": "nej", "name": "navn",
        "model": "model", "source": "kilde", "refused": "afvist", "vehicles_per_day": "køretøjer pr. døgn",
        "light_and_speed": "lys og hastighed", "level_pct": "lysniveau %", "reference_pct": "sammenlignet med %",
        "reference_mean_kmh": "middel km/t, sammenlignet", "mean_change_kmh": "ændring af middel km/t",
        "mean_low_kmh": "ændring af middel, nedre", "mean_high_kmh": "ændring af middel, øvre",
        "reference_v85_kmh": "V85 km/t, sammenlignet", "v85_change_kmh": "ændring af V85 km/t",
        "nights": "nætter", "reference_nights": "nætter, sammenlignet", "vehicles": "køretøjer",
        "reference_vehicles": "køretøjer, sammenlignet",
        "ok": "i orden", "assess": "vurderes", "measures": "tiltag", "uncertain": "usikker", "none": "ingen",
    }
)  # fmt: skip


def to_csv(report: SpeedReport, lang: str, *, delimiter: str | None = None, decimal: str | None = None) -> bytes:
    """The report's numbers as CSV.

    lang : `da` or `en`.  delimiter, decimal : other signs than the language's."""
    danish = lang == "da"
    sign = decimal or ("," if danish else ".")
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter or (";" if danish else ","), lineterminator="\r\n")
    for row in _rows(report):
        writer.writerow([_shown(value, danish, sign) for value in row])
    return text.getvalue().encode("utf-8-sig")


def _shown(value: Value, danish: bool, sign: str) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        shown = f"{value:.4f}".rstrip("0").rstrip(".") if value % 1.0 else f"{value:.0f}"
        return shown.replace(".", sign)
    if isinstance(value, str):
        return inert(_DANISH.get(value, value) if danish else value)
    return str(value)


def _rows(report: SpeedReport) -> Iterable[Sequence[Value]]:
    yield ("site", report.site.name)
    yield ("period", report.period.start or "", report.period.end or "", report.period.timezone)
    yield ("software", f"{report.software.name} {report.software.version}")
    yield ()
    yield from _statistics(report)
    yield from _hours(report)
    yield from _days(report)
    yield from _volumes(report)
    yield from _quality(report)
    yield from _light(report)
    yield from _comparison(report)
    yield ("methods",)
    yield from report.methods.items()


def _statistics(report: SpeedReport) -> Iterable[Sequence[Value]]:
    columns = [report.statistics.all, *report.statistics.directions.values()]
    yield ("statistics",)
    yield ("figure", "all", *report.statistics.directions)
    told = [dict(_figures(column)) for column in columns]
    for name in told[0]:
        yield (name, *(column[name] for column in told))
    bands = [column.bands for column in columns]
    for at, band in enumerate(bands[0] or ()):
        upper = "" if band.to_kmh is None else f"{band.to_kmh:g}"
        yield (f"over_limit {band.from_kmh:g}-{upper}", *(None if part is None else part[at].n for part in bands))
    yield ()


def _figures(one: Statistics) -> Iterable[tuple[str, Value]]:
    for name in _FIGURES:
        yield name, getattr(one, name)
    v85 = one.intervals.get("v85_kmh")
    yield "v85_low_kmh", None if v85 is None else v85.low
    yield "v85_high_kmh", None if v85 is None else v85.high
    for name in ("from_kmh", "to_kmh", "n", "share"):
        yield f"pace_{name}", None if one.pace is None else getattr(one.pace, name)
    over = one.over_limit
    yield "over_limit_n", None if over is None else over.n
    yield "over_limit_share", None if over is None else over.share
    yield "over_limit_30_pct_share", None if over is None else over.share_30_pct


def _hours(report: SpeedReport) -> Iterable[Sequence[Value]]:
    if not report.hours:
        return
    labels = [column.label for column in report.speed_bins]
    yield ("hours",)
    yield ("direction", "hour", *labels, "total", "v50_kmh", "v85_kmh", "v95_kmh")
    for row in report.hours:
        yield ("all", row.hour, *_cell(row, len(labels)))
    for name in report.statistics.directions:
        for row in report.hours:
            yield (name, row.hour, *_cell(row.directions[name], len(labels)))
    yield ()


def _cell(cell: Cell, columns: int) -> Sequence[Value]:
    if cell.n is None:
        return (*(None for _ in range(columns)), NOT_WATCHED, NOT_WATCHED, NOT_WATCHED, NOT_WATCHED)
    return (*(cell.bins or (None,) * columns), cell.n, cell.v50_kmh, cell.v85_kmh, cell.v95_kmh)


def _days(report: SpeedReport) -> Iterable[Sequence[Value]]:
    if not report.days:
        return
    yield ("days",)
    yield ("date", "weekday", "holiday", "n", "mean_kmh", "v50_kmh", "v85_kmh", "v95_kmh", "over_limit_share",
           "coverage", "full", "left_out")  # fmt: skip
    for day in report.days:
        n: Value = NOT_WATCHED if day.n is None else day.n
        yield (day.date.isoformat(), day.weekday, day.holiday, n, day.mean_kmh, day.v50_kmh, day.v85_kmh, day.v95_kmh,
               day.over_limit_share, day.coverage, "yes" if day.full else "no", day.left_out)  # fmt: skip
    yield ()


def _volumes(report: SpeedReport) -> Iterable[Sequence[Value]]:
    yield ("volumes",)
    yield ("direction", "name", "value", "uncertainty", "low", "high", "days", "reason")
    parts: Mapping[str, Volumes] = {"all": report.volumes.all, **report.volumes.directions}
    for name, volumes in parts.items():
        for day in (volumes.average_day, volumes.hdt, volumes.jdt):
            yield (name, *_average(day))
        for span in ("12h", "16h", "18h", "24h"):
            yield (name, f"total_{span}", getattr(volumes, f"total_{span}"))
        for peak_name, peak in (("morning_peak", volumes.morning_peak), ("evening_peak", volumes.evening_peak)):
            if peak is not None:
                yield (name, f"{peak_name} {peak.hour:02d}:00", peak.n)
                yield (name, f"{peak_name} phf", peak.phf)
    yield ()


def _average(day: Traffic) -> Sequence[Value]:
    return (day.name, day.value, day.uncertainty, day.low, day.high, day.days, day.reason)


def _quality(report: SpeedReport) -> Iterable[Sequence[Value]]:
    quality = report.quality
    yield ("quality",)
    yield ("lines", quality.lines)
    yield ("used", quality.used)
    for reason, n in quality.dropped.items():
        yield ("dropped", reason, n, " ".join(quality.examples.get(reason, ())))
    yield ("out_of_order", quality.out_of_order)
    yield ()


def _light(report: SpeedReport) -> Iterable[Sequence[Value]]:
    found = report.light
    if found is None:
        return
    yield ("light_and_speed",)
    if found.why is not None:
        yield ("reason", found.why)
    names = [one.name for one in fields(LightEffect)]
    if found.effects:
        yield names
    for effect in found.effects:
        yield [getattr(effect, name) for name in names]
    yield ()


def _comparison(report: SpeedReport) -> Iterable[Sequence[Value]]:
    found = report.comparison
    if found is None:
        return
    yield ("comparison", found.design)
    if found.refused:
        yield ("refused", *found.reasons)
    else:
        yield (
            "figure",
            "before",
            "after",
            "change",
            "low",
            "high",
            "conclusion",
            "effect",
            "low",
            "high",
            "conclusion",
        )
        for name, change in found.changes.items():
            effect = found.effects[name]
            yield (name, change.before, change.after, change.change, change.low, change.high, change.conclusion,
                   effect.change, effect.low, effect.high, effect.conclusion)  # fmt: skip
        yield ("estimates", "value", "low", "high", "model", "source")
        for estimate in found.estimates:
            yield (estimate.name, estimate.value, estimate.low, estimate.high, estimate.model, estimate.source)
    for warning in found.warnings:
        yield ("warning", warning)
    yield ()
