"""Where the town stands against a target: the accounts of its finished years."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bypuls.api.accounts.account import Accounts, Question
from bypuls.api.accounts.factors import FactorUse
from bypuls.api.accounts.frame import frame_of
from bypuls.api.accounts.meters import WHOLE, Part
from bypuls.api.accounts.model import Line, YearAccount
from bypuls.api.directory import Directory
from bypuls.api.targets.scope import covered_parts, scope_share
from bypuls.api.targets.standing import standing
from bypuls.store.registry import Target

_MOST_YEARS = 50
_UNSTATED_YEARS = 10  # shown of a target without a baseline


def part_of(target: Target) -> Part:
    """What of the town a target is held against."""
    if target.kind == "building":
        return Part("building", target.scope)
    return Part("domain", "lighting") if target.kind == "lighting" else WHOLE


def question_of(target: Target, year: int) -> Question:
    """The account that a target's year is judged by: location-based, in the target's gas and method."""
    return Question(year, part_of(target), gas=target.gas, method=target.method)


def against_road(view: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """What the year that a target is judged by emitted, and what its trajectory allows then [t]; None = unknown."""
    year, path = view["status_year"], view["trajectory"]
    emitted = next((one["emitted_t"] for one in view["accounts"] if one["year"] == year), None)
    if path is None:
        return emitted, None
    return emitted, dict(zip(path["year"].tolist(), path["tonnes"].tolist(), strict=True)).get(year)


def target_view(
    directory: Directory, accounts: Accounts, target: Target, now: datetime, zone: ZoneInfo
) -> dict[str, Any]:
    """A target with its trajectory, its finished years and its status. Unknown is None, with the reason."""
    this_year = now.astimezone(zone).year
    measured, meters = [], 0
    first = target.base_year + 1 if target.base_year is not None else this_year - _UNSTATED_YEARS
    for year in range(max(first, this_year - _MOST_YEARS), this_year):
        account = accounts.year(directory, question_of(target, year))
        meters = sum(line.kind == "meter" for line in account.lines)
        if any(line.covered_s > 0.0 or line.kind == "activity" for line in account.lines):
            covered = covered_parts(account.lines, frame_of(year, zone).length_s)
            measured.append(_told(account) | {"scope_share": scope_share(directory, target, covered)})
    view = {
        "target": target.id,
        "name": target.name,
        "kind": target.kind,
        "scope": target.scope,
        "gas": target.gas,
        "method": target.method,
        "base_year": target.base_year,
        "base_tonnes": target.base_tonnes,
        "reduction": target.reduction,
        "target_year": target.target_year,
        "source": target.source,
        "note": target.note,
        "meters": meters,
        "accounts": measured,
    }
    return view | standing(target, measured, this_year)


def _told(account: YearAccount) -> dict[str, Any]:
    """A year in short. Where hours have no factor, they count as not measured: their tonnes are as unknown."""
    media: dict[str, Any] = {}
    for carrier, total in account.by_carrier.items():
        lines = [line for line in account.lines if line.carrier == carrier and line.kind != "moved"]
        uses = {line.factor for line in lines if line.factor is not None}
        use: FactorUse | None = next(iter(uses)) if len(uses) == 1 else None
        kwh = total.kwh if any(line.unit == "kWh" and line.amount is not None for line in lines) else None
        media[carrier] = {
            "kwh": kwh,
            "coverage": total.completeness,
            # Of hourly factors the unweighted mean.
            "factor_kg_per_kwh": use.mean if use is not None and use.unit == "kg/kWh" else None,
            "factor_set": use.factor_set if use else None,
            "factor_version": ", ".join(use.versions) if use else None,
            "factor_method": use.method if use else None,
            "factor_source": "; ".join(use.sources) if use else None,
            "emitted_t": total.emitted_t,
            **_why(lines, total.emitted_t),
        }
    total = account.total
    accounted = sum((line.amount or 0.0) for line in account.lines if line.kind != "moved" and _in_kwh(line))
    return {
        "year": account.year,
        "emitted_t": total.emitted_t,
        "emitted_known_t": total.known_t,
        "kwh": total.kwh,
        "kwh_with_factor_share": accounted / total.kwh if total.kwh else None,
        "completeness": _completeness(account),
        "methods": sorted({one.factor.method for one in account.lines if one.factor and one.emitted_kg is not None}),
        "media": media,
    }


def _in_kwh(line: Line) -> bool:
    return line.unit == "kWh" and line.emitted_kg is not None


def _completeness(account: YearAccount) -> float | None:
    """The measured share; where hours of a carrier that has factors lack one, the share with both."""
    total = account.total
    missing = sum(line.covered_s - line.with_factor_s for line in account.lines if line.kind == "meter" and line.factor)
    asked_s = sum(line.asked_s for line in account.lines if line.kind == "meter")
    if total.completeness is None or not asked_s:
        return total.completeness
    return max(total.completeness - missing / asked_s, 0.0)


def _why(lines: list[Line], emitted_t: float | None) -> dict[str, str | None]:
    """Why a carrier's tonnes are unknown: a code to translate, and what was found."""
    if emitted_t is not None:
        return {"reason": None, "reason_code": None}
    reasons = [reason for line in lines if line.emitted_kg is None for reason in line.reasons]
    first = next((one for one in reasons if one.code not in ("gaps", "no reading")), None)
    chosen = first or next(iter(reasons), None)
    if chosen is None:
        return {"reason": "unknown", "reason_code": None}
    return {"reason": chosen.found, "reason_code": chosen.code}
