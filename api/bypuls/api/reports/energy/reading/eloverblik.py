"""Eloverblik's JSON of time series: MyEnergyData_MarketDocument, an extract of IEC 62325.

A period starts at a moment in UTC; the values within it are numbered from 1 in steps of its resolution. Days and months
are those of Copenhagen, so that a day of the clock change has 23 or 25 positions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bypuls.api.reports.energy.reading.columns import unit_of
from bypuls.api.reports.reading.errors import FileProblem
from bypuls.api.reports.reading.table import bytes_of

DOCUMENT = "MyEnergyData_MarketDocument"
QUALITIES: Mapping[str, str] = {
    "A01": "adjusted",
    "A02": "not available",
    "A03": "estimated",
    "A04": "measured",
    "A05": "incomplete",
}
"""Marks of a value. Source: ENTSO-E code list, quality type; A04 is 'as provided'. A02 has no value."""
_DAY_S, _MONTH_S = 86_400.0, 2_629_800.0
_STEPS: Mapping[str, float] = {"PT15M": 900.0, "PT1H": 3600.0, "PT1D": _DAY_S, "P1D": _DAY_S, "P1M": _MONTH_S}
_CPH = ZoneInfo("Europe/Copenhagen")


@dataclass(frozen=True, slots=True)
class Point:
    """One value. series : number of its time series.  place : where it stands, for people."""

    series: int
    t_us: int
    value: float | None
    quality: str
    place: str


@dataclass(frozen=True, slots=True)
class MarketDocument:
    """points : of all series, in their order.  meters : by number of the series.  steps_s : resolutions [s]."""

    points: tuple[Point, ...]
    meters: tuple[str, ...]
    unit: str | None
    steps_s: frozenset[float]


def is_market_document(path: Path) -> bool:
    """Whether a file begins as JSON does. Raises FileProblem, OSError."""
    return bytes_of(path)[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def market_document(raw: bytes, name: str) -> MarketDocument:
    """The time series of an answer of Eloverblik, or of one document.  Raises FileProblem."""
    try:
        found = json.loads(raw.decode("utf-8-sig"))
    except ValueError as error:
        raise FileProblem(f"{name}: {error}; expected JSON of Eloverblik ({DOCUMENT}), or a CSV file") from error
    points: list[Point] = []
    meters: list[str] = []
    units: set[str] = set()
    steps: set[float] = set()
    for document in _documents(found, name):
        for series in _listed(document, "TimeSeries", name):
            meters.append(_meter(series))
            units.add(str(series.get("measurement_Unit.name") or ""))
            for period in _listed(series, "Period", name):
                step_s, made = _points(period, len(meters) - 1, meters[-1], name)
                steps.add(step_s)
                points += made
    units.discard("")
    if not points:
        raise FileProblem(f"{name}: {DOCUMENT} without values; expected TimeSeries with Period and Point")
    if len(units) > 1:
        raise FileProblem(f"{name}: several units ({', '.join(sorted(units))}); export them one by one")
    unit = next(iter(units), None)
    known = unit_of(unit) if unit else None
    if unit and known is None:
        raise FileProblem(f"{name}: measurement_Unit.name {unit!r}; expected KWH or another unit of energy")
    return MarketDocument(tuple(points), tuple(meters), known, frozenset(steps))


def _documents(found: Any, name: str) -> list[Mapping[str, Any]]:
    results = found.get("result", [found]) if isinstance(found, dict) else found
    documents: list[Mapping[str, Any]] = []
    for result in results if isinstance(results, list) else []:
        if isinstance(result, dict) and result.get("success") is False:
            raise FileProblem(
                f"{name}: Eloverblik answered {result.get('errorCode')} {result.get('errorText')!r} for "
                f"{result.get('id')}; expected an answer with values: ask for it again"
            )
        document = result.get(DOCUMENT) if isinstance(result, dict) else None
        if isinstance(document, dict):
            documents.append(document)
    if not documents:
        raise FileProblem(f"{name}: JSON without {DOCUMENT}; expected an export of time series from Eloverblik")
    return documents


def _listed(found: Mapping[str, Any], key: str, name: str) -> list[Mapping[str, Any]]:
    listed = found.get(key) or []
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise FileProblem(f"{name}: {key} {str(listed)[:60]!r}; expected a list of objects")
    return listed


def _meter(series: Mapping[str, Any]) -> str:
    point = series.get("MarketEvaluationPoint")
    named = point.get("mRID", {}) if isinstance(point, dict) else {}
    return str((named.get("name") if isinstance(named, dict) else None) or series.get("mRID") or "")


def _points(period: Mapping[str, Any], series: int, meter: str, name: str) -> tuple[float, list[Point]]:
    resolution = str(period.get("resolution"))
    step_s = _STEPS.get(resolution)
    if step_s is None:
        raise FileProblem(f"{name}: resolution {resolution!r}; expected one of {', '.join(_STEPS)}")
    interval = period.get("timeInterval")
    text = str(interval.get("start") if isinstance(interval, dict) else None)
    try:
        start = datetime.fromisoformat(text)
        if start.tzinfo is None:
            raise ValueError("without an offset")
    except ValueError as error:
        raise FileProblem(
            f"{name}: timeInterval.start {text!r}; expected a time in UTC like 2026-03-28T23:00:00Z"
        ) from error
    made = []
    for point in _listed(period, "Point", name):
        place = f"{meter} {text} position {point.get('position')}"
        try:
            position = int(str(point.get("position")))
            quality = str(point.get("out_Quantity.quality") or "")
            told = point.get("out_Quantity.quantity")
            value = None if told in (None, "") or quality == "A02" else float(str(told).replace(",", "."))
        except ValueError as error:
            raise FileProblem(f"{name}: {place}: {error}; expected a whole position and a quantity") from error
        if not 1 <= position <= 100_000:
            raise FileProblem(f"{name}: {place}; expected a position from 1 on")
        made.append(Point(series, _moment_us(start, step_s, position), value, quality, place))
    return step_s, made


def _moment_us(start: datetime, step_s: float, position: int) -> int:
    if step_s < _DAY_S:
        return round((start.timestamp() + (position - 1) * step_s) * 1e6)
    local = start.astimezone(_CPH)
    day = local.date()
    if step_s == _DAY_S:
        day += timedelta(days=position - 1)
    else:
        month = day.year * 12 + day.month - 1 + position - 1
        day = day.replace(year=month // 12, month=month % 12 + 1)
    moved = datetime(day.year, day.month, day.day, local.hour, local.minute, tzinfo=_CPH)
    return round(moved.timestamp() * 1e6)
