"""Two accounts side by side: of one year before and after a restatement, or of two years, part by part."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bypuls.analysis.climate.decomposition import Decomposition, Emitted, decompose
from bypuls.analysis.climate.uncertainty import Part as Uncertain
from bypuls.analysis.climate.uncertainty import combined_kg
from bypuls.api.accounts.account import Accounts, Question
from bypuls.api.accounts.factors import FactorUse, newest_versions
from bypuls.api.accounts.model import Line, YearAccount
from bypuls.api.accounts.to_json import factor_id, told_reasons, told_total
from bypuls.api.directory import Directory

LEAST_COVERAGE = 0.90
"""Measured share of both years, below which a change would be one of the gaps."""
_SAME = 1e-9
_PARTS = ("change_kg", "activity_kg", "weather_kg", "rest_kg", "factor_kg", "timing_kg")


def previous_pins(accounts: Accounts, directory: Directory) -> tuple[tuple[str, str], ...]:
    """Each set that has several versions, with the one before its newest."""
    versions = newest_versions(accounts.factors(directory).factors)
    return tuple((name, found[-2]) for name, found in versions.items() if len(found) > 1)


def restatement(accounts: Accounts, directory: Directory, before: Question, after: Question) -> dict[str, Any]:
    """What a year's account was with older factors, what it is now, and which factors made the difference."""
    old, new = accounts.year(directory, before), accounts.year(directory, after)
    was = {_key(line): line for line in old.lines}
    lines = []
    causes: dict[str, dict[str, Any]] = {}
    for line in new.lines:
        earlier = was.get(_key(line))
        if earlier is None or _same(earlier, line):
            continue
        lines.append(
            {
                "id": line.id,
                "name": line.name,
                "domain": line.domain,
                "carrier": line.carrier,
                "before_kg": earlier.emitted_kg,
                "after_kg": line.emitted_kg,
                "change_kg": _less(line.emitted_kg, earlier.emitted_kg),
                "before_factor": factor_id(earlier.factor) if earlier.factor else None,
                "after_factor": factor_id(line.factor) if line.factor else None,
                "reasons": told_reasons(line.reasons),
            }
        )
        if line.factor is not None:
            causes.setdefault(factor_id(line.factor), _cause(earlier.factor, line.factor))
    return {
        "year": after.year,
        "view": after.view,
        "gas": after.gas,
        "before": {"factors": _pinned(before), "total": told_total(old.total)},
        "after": {"factors": _pinned(after), "total": told_total(new.total)},
        "change_t": _less(new.total.known_t, old.total.known_t),
        "causes": list(causes.values()),
        "lines": lines,
    }


def _key(line: Line) -> tuple[str, str, str]:
    return line.kind, line.id, line.carrier


def _pinned(question: Question) -> list[str]:
    return [f"{name}:{version}" for name, version in question.pins]


def _same(a: Line, b: Line) -> bool:
    if a.emitted_kg is None or b.emitted_kg is None:
        return a.emitted_kg is b.emitted_kg
    return abs(a.emitted_kg - b.emitted_kg) <= _SAME * max(abs(a.emitted_kg), 1.0) and _versions(a) == _versions(b)


def _versions(line: Line) -> tuple[str, ...]:
    return line.factor.versions if line.factor else ()


def _less(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _cause(before: FactorUse | None, after: FactorUse) -> dict[str, Any]:
    """Which factors changed, in how many steps, and by how much on average."""
    told: dict[str, Any] = {
        "factor_set": after.factor_set,
        "carrier": after.carrier,
        "before_versions": list(before.versions) if before else [],
        "after_versions": list(after.versions),
        "before_mean_kg_per_unit": before.mean if before else None,
        "after_mean_kg_per_unit": after.mean,
        "sources": list(after.sources),
        "steps": len(after.kg_per_unit),
        "steps_changed": None,
        "steps_new": None,
    }
    if before is not None and before.kg_per_unit.shape == after.kg_per_unit.shape:
        had, has = ~np.isnan(before.kg_per_unit), ~np.isnan(after.kg_per_unit)
        both = had & has
        changed = np.abs(after.kg_per_unit[both] - before.kg_per_unit[both]) > _SAME
        told |= {"steps_changed": int(changed.sum()), "steps_new": int((has & ~had).sum())}
    return told


def decomposition(
    accounts: Accounts,
    directory: Directory,
    question: Question,
    *,
    before_year: int,
    normal: Mapping[tuple[int, str], float] | None = None,
) -> dict[str, Any]:
    """The change from `before_year` to the question's year, per meter and carrier, and added up.

    normal : activity at normal weather by (year, meter), where it is known.
    """
    old = accounts.year(directory, replace(question, year=before_year))
    new = accounts.year(directory, question)
    was = {_key(line): line for line in old.lines if line.kind != "moved"}
    now = {_key(line): line for line in new.lines if line.kind != "moved"}
    lines, left_out = [], []
    sums = dict.fromkeys(_PARTS, 0.0)
    weather_known = True
    for key in dict.fromkeys((*was, *now)):
        a, b = was.get(key), now.get(key)
        shown = b or a
        assert shown is not None
        about = {"id": shown.id, "name": shown.name, "domain": shown.domain, "carrier": shown.carrier}
        reason = _not_comparable(a, b, before_year, question.year)
        if a is None or b is None or reason is not None:
            left_out.append(about | {"before_kg": _kg(a), "after_kg": _kg(b), "reason": reason})
            continue
        found = _decomposed(a, b, normal or {}, before_year, question.year)
        parts = {name: getattr(found, name) for name in _PARTS}
        weather_known = weather_known and found.rest_kg is not None
        for name in _PARTS:
            sums[name] += parts[name] or 0.0
        lines.append(about | {"before_kg": a.emitted_kg, "after_kg": b.emitted_kg, **parts})
    if not weather_known or not lines:
        sums |= {"weather_kg": None, "rest_kg": None}  # type: ignore[dict-item]
    return {
        "before_year": before_year,
        "after_year": question.year,
        "view": question.view,
        "gas": question.gas,
        "before": told_total(old.total),
        "after": told_total(new.total),
        "total": sums if lines else dict.fromkeys(_PARTS),
        "lines": lines,
        "left_out": left_out,
    }


def _kg(line: Line | None) -> float | None:
    return None if line is None else line.emitted_kg


def _not_comparable(a: Line | None, b: Line | None, before: int, after: int) -> dict[str, str] | None:
    for line, year in ((a, before), (b, after)):
        if line is None:
            return {"code": "not there", "found": f"not in {year}", "expected": "both years"}
        if line.emitted_kg is None or line.factor is None:
            reason = next(iter(line.reasons), None)
            found = str(reason.found) if reason is not None else f"no factor in {year}"
            return {"code": "unknown", "found": found, "expected": f"a known emission in {year}"}
        # Of the whole year: a meter that came in November has no year to compare.
        share = line.with_factor_s / ((366 if isleap(year) else 365) * 86_400.0) if line.kind != "activity" else 1.0
        if share < LEAST_COVERAGE:
            return {"code": "gaps", "found": f"{share:.1%} of {year}", "expected": f"at least {LEAST_COVERAGE:.0%}"}
    assert a is not None
    assert b is not None
    if a.factor is not None and b.factor is not None and a.factor.unit != b.factor.unit:
        return {"code": "unit", "found": f"{a.factor.unit} and {b.factor.unit}", "expected": "one unit in both years"}
    return None


def _decomposed(a: Line, b: Line, normal: Mapping[tuple[int, str], float], before: int, after: int) -> Decomposition:
    def emitted(line: Line, year: int) -> Emitted:
        assert line.factor is not None
        mean = line.factor.mean
        assert mean is not None
        return Emitted(line.amount or 0.0, mean, line.emitted_kg or 0.0, normal.get((year, line.id)))

    return decompose(emitted(a, before), emitted(b, after))


def uncertainty_t(account: YearAccount, activity_share: float | None, factor_share: float | None) -> float | None:
    """The uncertainty of the known total [t]: of the meters independent, of a shared factor linear. None where nobody
    says how uncertain these are."""
    if activity_share is None and factor_share is None:
        return None
    parts = [
        Uncertain(
            line.emitted_kg,
            activity_share or 0.0,
            factor_share or 0.0,
            line.factor.factor_set + line.factor.carrier if line.factor else line.id,
        )
        for line in account.lines
        if line.kind != "moved" and line.emitted_kg is not None
    ]
    return combined_kg(parts) / 1000.0 if parts else None
