"""Where a target's accounts stand: status, budget, required rate, trend. Whatever isn't known is None, with the reason.

A year counts for budget, rate and trend only where it is whole: known, complete, of nearly all the scope, and on the
target's basis. What a part of the meters or of the scope emitted would look like a reduction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import numpy as np

from bypuls.analysis.climate import targets as accounts
from bypuls.analysis.climate.forecast import Trend, forecast, projected_year, trend
from bypuls.api.directory import Directory
from bypuls.store.registry import Target

_UNSTATED = "not stated"
_BURNT = ("combustion", "tank-to-wheel")  # what a fuel emits where it burns has no allocation that could differ

_UNKNOWN: dict[str, Any] = {
    "status": "insufficient data",
    "status_year": None,
    "completeness": None,
    "scope_share": None,
    "reached_reduction": None,
    "trajectory": None,
    "constant_rate_share_per_year": None,
    "target_t": None,
    "full_budget_t": None,
    "remaining_budget_t": None,
    "required_share_per_year": None,
    "required_t_per_year": None,
    "projected_year": None,
    "forecast": None,
    "whole_years": [],
    "reasons": [],
}


def standing(target: Target, years: Sequence[dict[str, Any]], this_year: int) -> dict[str, Any]:
    """The target's standing by its finished `years`, rising, each with year, emitted_t, completeness, scope_share (all
    may be None but the year) and methods."""
    last = years[-1] if years else None
    known = dict(_UNKNOWN)
    if last is not None:
        known |= {name: last[name] for name in ("completeness", "scope_share")} | {"status_year": last["year"]}
    goal = goal_of(target)
    emitted = _whole_years(target, goal, years)
    known["whole_years"] = [year for year, tonnes in emitted.items() if tonnes is not None]
    found = trend(emitted)
    if found is not None:
        last_year = max(emitted)
        known["forecast"] = {
            "years_used": found.years,
            "t_per_year": found.slope_t,
            "t_per_year_low": found.slope_low_t,
            "t_per_year_high": found.slope_high_t,
            "falling": found.falling,
            "confidence": found.confidence,
            **_columns(found, last_year + 1, max(target.target_year, last_year + 1, this_year)),
        }
    if goal is None:
        missing = "base_year" if target.base_year is None else "base_tonnes"
        reason = {"code": "baseline", "found": f"no {missing}", "expected": "the registry's value, with its source"}
        return known | {"reasons": [reason, *_other_reasons(target, years)]}
    status = accounts.status(goal, [_account(target, one) for one in years])
    lined = np.arange(goal.baseline_year, max(goal.target_year, this_year) + 1)
    known |= {
        "status": status.state,
        "trajectory": {
            "year": lined,
            "tonnes": accounts.trajectory(goal, lined),
            "constant_rate_t": accounts.constant_rate_trajectory(goal, lined),
        },
        "constant_rate_share_per_year": accounts.constant_rate(goal),
        "target_t": goal.target_t,
        "full_budget_t": accounts.full_budget(goal),
        "remaining_budget_t": accounts.remaining_budget(goal, emitted),
        "projected_year": projected_year(goal, emitted),
        "reasons": [{"code": r.code, "found": r.found, "expected": r.expected} for r in status.reasons],
    }
    actual = emitted.get(last["year"]) if last is not None else None
    if last is not None and actual is not None:
        rate = accounts.required_rate(goal, actual, last["year"])
        known |= {
            "reached_reduction": 1.0 - actual / goal.baseline_t,
            "required_share_per_year": rate.share_per_year if rate else None,
            "required_t_per_year": rate.t_per_year if rate else None,
        }
    return known


def _other_reasons(target: Target, years: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """What, beside the missing baseline, keeps the last year from being held against one."""
    if not years:
        return []
    found = accounts.status(_any_goal(target), [_account(target, one) for one in years])
    kept = ("emission unknown", "completeness", "scope share")
    return [{"code": r.code, "found": r.found, "expected": r.expected} for r in found.reasons if r.code in kept]


def _any_goal(target: Target) -> accounts.Target:
    """A goal of the target's basis alone: what counts as a whole year needs nothing else."""
    return accounts.Target(1, 1.0, 2, 1.0, _basis(target, target.method))


def ranked_targets(directory: Directory) -> list[Target]:
    """The targets, first the one that a visitor means: with a baseline, of the widest reach."""
    reach = ("geography", "organisation", "lighting", "building")
    return sorted(
        directory.targets.values(),
        key=lambda one: (one.base_tonnes is None or one.base_year is None, reach.index(one.kind), one.id),
    )


def goal_of(target: Target) -> accounts.Target | None:
    """The target as the analysis knows it; None without a baseline."""
    if target.base_year is None or target.base_tonnes is None:
        return None
    return accounts.Target(
        target.base_year, target.base_tonnes, target.target_year, target.reduction, _basis(target, target.method)
    )


def _basis(target: Target, method: str | None) -> accounts.Basis:
    gas = cast(Literal["CO2", "CO2e"], target.gas)
    return accounts.Basis(gas, method or _UNSTATED, target.scope or target.id)


def _account(target: Target, one: dict[str, Any]) -> accounts.Account:
    completeness = one["completeness"]
    if completeness is None and one["emitted_t"] is not None:
        completeness = 1.0  # an imported account without meters: there was nothing to measure
    return accounts.Account(
        one["year"],
        one["emitted_t"],
        min(completeness, 1.0) if completeness is not None else None,
        one["scope_share"],
        _basis(target, _method(target, one["methods"])),
    )


def _whole_years(
    target: Target, goal: accounts.Target | None, years: Sequence[dict[str, Any]]
) -> dict[int, float | None]:
    # Without a baseline there is still a trend.
    held = goal or _any_goal(target)
    made = [_account(target, one) for one in years]
    return {one.year: one.emitted_t if accounts.whole(held, one) else None for one in made}


def _columns(found: Trend, first: int, last: int) -> dict[str, Any]:
    made = forecast(found, np.arange(first, last + 1))
    return {"year": made.year, "tonnes": made.tonnes, "low_t": made.low_t, "high_t": made.high_t}


def _method(target: Target, methods: list[str]) -> str:
    """The method of an account: that of the grid and heat declarations; burning a fuel has only one."""
    declared = [method for method in methods if method not in _BURNT]
    if not declared:
        return target.method or _UNSTATED
    return " + ".join(declared)
