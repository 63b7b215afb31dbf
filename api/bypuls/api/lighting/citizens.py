"""Reports of citizens: checked, matched to the lamps near by, and shown in the crew's list."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

from bypuls.api.alarms.telling import moment
from bypuls.api.alarms.words import AlarmWords
from bypuls.api.context import ApiContext
from bypuls.api.directory import Directory
from bypuls.api.geometry import apart_km
from bypuls.api.lighting.work_list import geo
from bypuls.api.problems import bad_parameter
from bypuls.store.book import CitizenReport, CitizenReports
from bypuls.store.registry import Lamp

Category: TypeAlias = Literal["dark", "flickering", "burns-by-day", "damaged", "unsafe"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
_NEAR_M = 75.0
_TOWN_KM = 10.0
_JOINERS = "\u200c\u200d\xad"
"""Signs without a shape that words and emoji are written with."""
_MOST_NEAR = 3
_MINUTE_US = 60_000_000
_DAY_US = 86_400_000_000


def taken(
    context: ApiContext, directory: Directory, category: str, text: str, address: str, lamp: str,
    lat: float | None, lon: float | None,
) -> CitizenReport | None:  # fmt: skip
    """Keeps a report; None where too many wait. A lamp goes by its id or its name.  Raises Problem (422)."""
    if category not in CATEGORIES:
        bad_parameter("category", category, f"one of {', '.join(CATEGORIES)}")
    text, address = _plain("text", text, 500), _plain("address", address, 200)
    named = _named(directory, _plain("lamp", lamp, 200)) if lamp.strip() else []
    found = named[0] if len(named) == 1 else None
    if len(named) > 1 and not address:
        address = named[0].name  # which one of them is for the crew to see
    if (lat is None) != (lon is None):
        bad_parameter("lat" if lat is None else "lon", None, "both lat and lon, or neither")
    if found is not None:
        lat, lon = found.lat, found.lon
    elif lat is None and not address:
        bad_parameter("address", address, "a place: a lamp's number, an address, or lat and lon")
    elif lat is not None and lon is not None and not _in_town(directory, (lon, lat)):
        bad_parameter("lat", lat, f"a place within {_TOWN_KM:g} km of a lamp of the registry; lon is {lon:g}")
    now_us = context.now_us()
    reports = CitizenReports(context.registry)
    report = CitizenReport(
        0, now_us // _MINUTE_US * _MINUTE_US, category, text, address, found.id if found is not None else None, lat, lon
    )
    return report if reports.add(report) is not None else None


def near(directory: Directory, report: CitizenReport) -> list[Lamp]:
    """The lamps that a report may mean: the one that it names, else those near by, the nearest first; without a place
    those whose name is the address."""
    if report.lamp in directory.lamps:
        return [directory.lamps[report.lamp or ""]]
    if report.lat is None or report.lon is None:
        name = report.address.casefold()
        return [row for row in directory.lamps.values() if name and row.name.casefold() == name][:_MOST_NEAR]
    here = (report.lon, report.lat)
    apart_m = {
        row.id: apart_km((row.lon, row.lat), here) * 1000.0 for row in directory.lamps.values()
        if row.lat is not None and row.lon is not None
    }  # fmt: skip
    nearest = sorted((id for id, m in apart_m.items() if m <= _NEAR_M), key=lambda id: apart_m[id])
    return [directory.lamps[id] for id in nearest[:_MOST_NEAR]]


def entries(context: ApiContext, directory: Directory, words: AlarmWords) -> list[dict[str, Any]]:
    """The waiting reports as entries of the crew's list. What people say is neither believed nor doubted: it weighs as
    the road does on which it lies. What is older than its retention is shown no more."""
    since_us = context.now_us() - context.settings.citizen_reports_days * _DAY_US
    waiting = CitizenReports(context.registry).waiting()
    return [_entry(context, directory, words, one) for one in waiting if one.t_us >= since_us]


def _entry(context: ApiContext, directory: Directory, words: AlarmWords, report: CitizenReport) -> dict[str, Any]:
    lamps = near(directory, report)
    site = directory.sites.get(next((row.site for row in lamps if row.site), None) or "")
    school = any(row.school_way for row in lamps) or bool(site is not None and site.school_way)
    cycle = any(row.cycle_path for row in lamps)
    first = lamps[0] if lamps else None
    at = moment(report.t_us)
    return {
        "alarm": None, "report": report.id, "kind": "citizen-report", "title": words.category(report.category),
        "text": report.text, "faults": [], "state": "open", "severity": "minor", "acknowledged_by": None,
        "began": at, "since": at, "age_days": round((context.now_us() - report.t_us) / _DAY_US, 2),
        "risk": 4 * school + 2 * cycle,
        "reasons": ["reported", *(["school-way"] if school else []), *(["cycle-path"] if cycle else [])],
        "lamp": first.id if first is not None else None, "lamps": [row.id for row in lamps],
        "cabinet": first.cabinet if first is not None else None, "site": site.id if site is not None else None,
        "name": report.address or (first.name if first is not None else words("A place on the map")),
        "street": site.name if site is not None else None, "lat": report.lat, "lon": report.lon,
        "geo": geo(report.lat, report.lon), "lamp_type": None, "watt": None, "wasted_kwh_per_day": None,
        "wasted_dkk_per_day": None, "notes": [],
    }  # fmt: skip


def merged(alarms: Sequence[dict[str, Any]], reports: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One list by risk, of equal ones the oldest first."""
    whole = [{"report": None, **one} for one in alarms] + list(reports)
    return sorted(whole, key=lambda one: (-one["risk"], one["began"], one["alarm"] or 0, one["report"] or 0))


def _named(directory: Directory, text: str) -> list[Lamp]:
    """The lamp of that id, or all those of that name: registers give some names twice."""
    wanted = text.casefold()
    if wanted in directory.lamps:
        return [directory.lamps[wanted]]
    found = [row for row in directory.lamps.values() if row.name.casefold() == wanted]
    if not found:
        bad_parameter("lamp", text, "the number of a lamp, as on its pole")
    return found


def _in_town(directory: Directory, here: tuple[float, float]) -> bool:
    places = [(row.lon, row.lat) for row in directory.lamps.values() if row.lat is not None and row.lon is not None]
    return not places or any(apart_km(place, here) <= _TOWN_KM for place in places)


def _plain(field: str, value: str, most: int) -> str:
    text = " ".join(value.split())
    if len(text) > most:
        bad_parameter(field, f"{len(text)} characters", f"at most {most} characters")
    if any(
        unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn")
        or (unicodedata.category(sign) == "Cf" and sign not in _JOINERS)
        for sign in text
    ):
        bad_parameter(field, text, "plain text without control characters or marks that reorder it")
    return text
