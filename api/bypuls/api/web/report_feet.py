"""What stands below each chart of a street's and of a building's report on their pages: its data, source, method
and coverage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from markupsafe import Markup

from bypuls.api.buildings.report import BuildingReport
from bypuls.api.reports.speed.model import SpeedReport
from bypuls.api.web.language import environment
from bypuls.api.web.period import Period

Foot = Callable[[str], Markup]


def street_foot(
    site: str, question: str, period: Period, direction: str | None, sensors: list[str], report: SpeedReport, lang: str,
    zone: ZoneInfo,
) -> Foot:  # fmt: skip
    """Of a street's charts by their ids. question : the report's own, `report?…` or `compare?…`.  sensors : names."""
    root, told = f"/api/v1/traffic/{site}", {"format": "csv", "lang": lang}
    way = {"direction": direction} if direction else {}
    hours = urlencode({"every": "hour", **way, **told})
    addresses = {
        "histogram": f"{root}/histogram?{period.api()}&{urlencode(way | told)}",
        "week": f"{root}/series?{period.api()}&{hours}",
        "light": f"/api/v1/lighting/light-and-speed/{site}?{period.api()}&{urlencode(told)}",
    }

    def foot(chart: str) -> Markup:
        csv = addresses.get(chart, f"{root}/{question}&{urlencode(told)}")
        return Markup(_feet(lang, zone).street(chart, csv, sensors, report.period.coverage))

    return foot


def building_foot(report: BuildingReport, names: dict[str, str], lang: str, zone: ZoneInfo) -> Foot:
    """Of a building's charts by their ids, `kind-medium`. names : of its meters by their ids."""
    root, period = f"/api/v1/buildings/{report.building.id}", Period(report.first, report.last)
    media = {one.medium: one for one in report.media}
    models = {one.medium: one for one in report.signatures}

    def foot(chart: str) -> Markup:
        kind, _, medium = chart.partition("-")
        figures = media[medium or "heat"]
        more: dict[str, Any] = {"medium": medium} if kind in ("carpet", "duration", "signature") else {}
        told = urlencode({**more, "format": "csv", "lang": lang})
        csv = f"{root}/{'report' if kind == 'use' else kind}?{period.api()}&{told}"
        days, station = None, None
        if kind == "signature":
            # The model is of the year up to the period's end, whenever that begins.
            csv = f"{root}/signature?{urlencode({'to': period.api_end})}&{told}"
            days, station = (models[medium].known, len(models[medium].use)), models[medium].station
        if kind == "cooling" and report.cooling is not None:
            days = (report.cooling.days, period.days)
        meters = [names.get(meter, meter) for meter in figures.meters]
        known = figures.amount.measured_coverage
        return Markup(_feet(lang, zone).building(kind, csv, meters, known, days, station))

    return foot


def _feet(lang: str, zone: ZoneInfo) -> Any:
    return environment(lang, zone).get_template("_chart_foot.html").module
