"""Figures as plain data for answers: NaN is null, days are ISO dates, reasons are code and text; and as tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from bypuls.api.buildings.cooling import CoolingMonth
from bypuls.api.buildings.portfolio import PortfolioRow
from bypuls.api.buildings.reasons import Reason
from bypuls.api.buildings.report import BuildingReport
from bypuls.api.buildings.signatures import SignatureFigures
from bypuls.api.buildings.source import Days
from bypuls.api.reports.layout.inert import inert
from bypuls.api.tables import table_of
from bypuls.store.registry.base import Base

_REGISTERED = ("id", "name", "kind", "use", "address", "built_year", "date", "note")


def plain(value: Any) -> Any:
    """`value` and what it holds as dicts, lists, texts and numbers; columns stay arrays."""
    if isinstance(value, Reason):
        return value.told()
    if isinstance(value, Days):
        return {"first": value.first.isoformat(), "last": value.last.isoformat()}
    if isinstance(value, Base):
        return {name: plain(getattr(value, name)) for name in _REGISTERED if hasattr(value, name)}
    if isinstance(value, np.ndarray):
        return value.astype(str).tolist() if value.dtype.kind in "MU" else np.ascontiguousarray(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, np.generic):
        return value.item()
    return value


def figures_json(report: BuildingReport) -> dict[str, Any]:
    """A report without its hours, which have routes of their own."""
    told: dict[str, Any] = plain(report) | {"cost_dkk": report.cost_dkk, "co2_kg": report.co2_kg}
    for shown, one in zip(told["media"], report.media, strict=True):
        load = one.load
        shown |= {
            "change": one.change,
            "peak": plain(load.peak),
            "night_base": load.night_base,
            "night_reason": plain(load.night_reason),
        }
        del shown["load"], shown["before"]
        if one.same_weekday is not None:
            shown["same_weekday"]["change"] = one.same_weekday.change
    return told


def signature_table(one: SignatureFigures, *, danish: bool) -> bytes:
    """The days that a signature was fitted to as CSV, and what its model says of them. Unknown is empty."""
    days = np.arange(np.datetime64(one.first, "D"), np.datetime64(one.last, "D") + 1)
    unknown = np.full(len(days), np.nan)
    columns = {
        "mean_c": one.mean_c,
        "use_kwh": one.use,
        "modelled_kwh": unknown if one.model is None else one.model.predict(one.mean_c, one.day_type),
        "free_day": one.day_type,
    }
    return table_of(days.astype(str).tolist(), columns, danish=danish, first="day")


def cooling_table(months: Sequence[CoolingMonth], *, danish: bool) -> bytes:
    """The cooling month by month as CSV; each month by its first day among the period's. Unknown is empty."""
    names = ("cooling_k", "flow_c", "return_c", "heat_kwh", "volume_m3")
    columns = {name: np.array([getattr(month, name) for month in months], dtype=np.float64) for name in names}
    return table_of([str(month.first) for month in months], columns, danish=danish, first="month")


def portfolio_table(rows: Sequence[PortfolioRow], *, danish: bool) -> bytes:
    """The buildings as CSV; Danish with semicolons, decimal commas and a byte order mark. Unknown is empty."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if danish else ",", lineterminator="\r\n")
    writer.writerow(
        ["rank", "building", "name", "use", "area_m2", "eui_kwh_m2", "eui_corrected_kwh_m2", "typical_kwh_m2", "ratio",
         "excess_kwh", "excess_dkk", "cost_dkk", "night_w_m2", "deviation_share", "coverage", "used_kwh",
         "used_coverage", "reasons"]
    )  # fmt: skip
    for row in rows:
        figures = (
            row.area_m2, row.eui.raw, row.eui.corrected, row.typical, row.ratio, row.excess_kwh, row.excess_dkk,
            row.cost_dkk, row.night_w_m2, row.deviation.share if row.deviation else None, row.coverage,
            row.used_kwh, row.used_coverage,
        )  # fmt: skip
        cells = ["" if one is None else f"{one:.10g}" for one in figures]
        why = "; ".join(f"{name}: {reason}" for name, reason in row.reasons.items())
        writer.writerow(
            [row.rank, row.building, inert(row.name), row.use,
             *(cell.replace(".", ",") if danish else cell for cell in cells), inert(why)]
        )  # fmt: skip
    return text.getvalue().encode("utf-8-sig" if danish else "utf-8")
