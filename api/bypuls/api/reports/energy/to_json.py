"""An energy report as JSON: every field under its own name, dates as ISO 8601, what is unknown as null."""

from __future__ import annotations

from typing import Any

from bypuls.analysis.energy.change_point import ChangePointModel
from bypuls.analysis.energy.signature import FitQuality, Signature
from bypuls.api.reports.energy.model import EnergyReport, HourlyModel, Reason
from bypuls.api.reports.plain_values import plain

DAY_TYPES = {None: "all", 0: "working_day", 1: "free_day"}
OF_DAYS_ALONE = Reason(
    "model of hours", "coefficients, balance_temperatures, parts and bic are of a signature of days", "--model daily"
)


def to_json(report: EnergyReport) -> dict[str, Any]:
    """The report as values of JSON, numbers rounded to 6 decimals.

    Raises ValueError for a number that isn't finite: what is unknown is None."""
    found: dict[str, Any] = plain(
        {
            "title": report.title,
            "software": report.software,
            "area_m2": report.area_m2,
            "quality": report.quality,
            "model": _model(report),
            "savings": report.savings,
            "degree_days": report.degree_days,
            "figures": report.figures,
            "daily": report.daily,
            "notes": report.notes,
            "methods": report.methods,
        }
    )
    return found


def kind_of(model: Signature) -> str:
    """The kind of a signature; of one split by day types the kind of each, working days first: `3PH/1P`."""
    kinds = [part.model.kind for part in model.parts]
    return kinds[0] if len(set(kinds)) == 1 else "/".join(kinds)


def _model(report: EnergyReport) -> dict[str, Any]:
    model = report.model
    if model is None:
        return {"kind": None, "of": report.model_of, "refused": report.model_refused}
    if isinstance(model, HourlyModel):
        return {
            "kind": model.kind,
            "of": report.model_of,
            "software": model.software,
            "step": "hour",
            "coefficients": None,
            "balance_temperatures": None,
            "parts": None,
            "null_because": (OF_DAYS_ALONE,),
            **_quality(model.quality),
            "lowest_c": model.lowest_c,
            "highest_c": model.highest_c,
            "warnings": model.warnings,
            "refused": (),
        }
    first = model.parts[0].model
    return {
        "kind": kind_of(model),
        "of": report.model_of,
        "software": report.software,
        "step": "day",
        "coefficients": coefficients(first) if not model.split else None,
        "balance_temperatures": {"heating_c": first.heating_balance_c, "cooling_c": first.cooling_balance_c},
        "parts": [
            {"day_type": DAY_TYPES.get(part.day_type, str(part.day_type)), "kind": part.model.kind, "n": part.model.n}
            | coefficients(part.model)
            for part in model.parts
        ],
        "null_because": (),
        **_quality(model.quality),
        "lowest_c": model.lowest_c,
        "highest_c": model.highest_c,
        "warnings": (),
        "refused": (),
    }


def _quality(quality: FitQuality) -> dict[str, float | None]:
    return {
        "cv_rmse": quality.cv_rmse,
        "nmbe": quality.nmbe,
        "r2": quality.r2,
        "adjusted_r2": quality.adjusted_r2,
        "pnrmse": quality.pnrmse,
        "rmse_kwh": quality.rmse,
        "autocorrelation": quality.autocorrelation,
        "bic": quality.bic if quality.bic is not None and quality.bic > float("-inf") else None,
        "n": quality.n,
        "p": quality.p,
    }


def coefficients(model: ChangePointModel) -> dict[str, float | None]:
    """Base load [kWh/d], slopes [kWh/(d·K)] and balance temperatures [°C]."""
    return {
        "base_kwh_per_day": model.base,
        "heating_kwh_per_day_k": model.heating_slope,
        "cooling_kwh_per_day_k": model.cooling_slope,
        "heating_balance_c": model.heating_balance_c,
        "cooling_balance_c": model.cooling_balance_c,
    }
