"""Accounts as JSON: units in the names, unknown is null, every number with the factor and version that it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from bypuls.api.accounts.account import Question
from bypuls.api.accounts.factors import FactorUse, Pins, Reason
from bypuls.api.accounts.model import Line, Total, YearAccount
from bypuls.api.accounts.normal_weather import NormalWeather
from bypuls.api.accounts.registers import MeterRegisters

_PER = {"kg/kWh": "kWh", "kg/m3": "m3", "kg/l": "l"}


def told_account(
    question: Question,
    accounts: Sequence[YearAccount],
    *,
    registers: Mapping[str, MeterRegisters] | None = None,
    uncertainty_t: Mapping[str, float | None] | None = None,
    weather: Mapping[str, NormalWeather] | None = None,
) -> dict[str, Any]:
    """A year with its views side by side, the lines of each, and the factors that they name."""
    uses: dict[str, FactorUse] = {}
    for account in accounts:
        for line in account.lines:
            if line.factor is not None:
                uses[factor_id(line.factor)] = line.factor
    shown = {
        "year": question.year,
        "gas": question.gas,
        "method": question.method,
        "part": {"kind": question.part.kind, "id": question.part.id},
        "pinned": [{"factor_set": name, "version": version} for name, version in question.pins],
        "reproduce": reproduction(uses.values()),
        "views": {
            account.view: _view(account, registers, (uncertainty_t or {}).get(account.view))
            | {"at_normal_weather": weather[account.view].to_json(account) if weather else None}
            for account in accounts
        },
        "factors": {name: _factor(use) for name, use in sorted(uses.items())},
    }
    return shown | {"fingerprint": hashlib.sha256(orjson.dumps(shown, option=orjson.OPT_SERIALIZE_NUMPY)).hexdigest()}


def reproduction(uses: Any) -> list[str]:
    """The parameters `factors=` that give the same factors again, whatever is restated later."""
    newest: dict[str, str] = {}
    for use in uses:
        newest[use.factor_set] = use.versions[-1]
    return [f"{name}:{version}" for name, version in sorted(newest.items())]


def factor_id(use: FactorUse) -> str:
    """A name for the factors of a year, unlike that of any other."""
    return f"{use.factor_set} {'+'.join(use.versions)}, {use.carrier}, {use.method}, {use.area}"


def told_reasons(reasons: Sequence[Reason]) -> list[dict[str, str]]:
    """Reasons as objects."""
    return [{"code": one.code, "found": one.found, "expected": one.expected} for one in reasons]


def told_total(total: Total) -> dict[str, Any]:
    """A total and what it is a total of."""
    return {
        "emitted_t": total.emitted_t,
        "known_t": total.known_t,
        "kwh": total.kwh,
        "lines": total.lines,
        "unaccounted_lines": total.unaccounted_lines,
        "completeness": total.completeness,
        "with_factor": total.with_factor,
        "avoided_t": total.avoided_t,
    }


def _view(
    account: YearAccount, registers: Mapping[str, MeterRegisters] | None, uncertainty_t: float | None
) -> dict[str, Any]:
    return {
        "total": told_total(account.total),
        "uncertainty_t": uncertainty_t,
        "by_domain": {name: told_total(total) for name, total in account.by_domain.items()},
        "by_carrier": {name: told_total(total) for name, total in account.by_carrier.items()},
        "by_place": {name: told_total(total) for name, total in account.by_place.items()},
        "months_t": [float(kg) / 1000.0 for kg in _months(account)],
        "lines": [_line(line, registers) for line in account.lines],
    }


def _months(account: YearAccount) -> Any:
    return sum(line.months for line in account.lines if line.kind != "moved") if account.lines else []


def _line(line: Line, registers: Mapping[str, MeterRegisters] | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": line.kind,
        "id": line.id,
        "name": line.name,
        "domain": line.domain,
        "moved_from": line.moved_from,
        "place_kind": line.place[0] if line.place else None,
        "place": line.place[1] if line.place else None,
        "carrier": line.carrier,
        "sign": line.sign,
        "amount": line.amount,
        "unit": line.unit,
        "coverage": line.coverage,
        "with_factor": min(line.with_factor_s / line.asked_s, 1.0) if line.asked_s else None,
        "factor": factor_id(line.factor) if line.factor else None,
        "mean_kg_per_unit": line.factor.mean if line.factor else None,
        "emitted_kg": line.emitted_kg,
        "gap_amount": line.gap_amount or None,
        "gap_kg": line.gap_kg,
        "export_kwh": line.export_kwh or None,
        "avoided_kg": line.avoided_kg,
        "source": line.source,
        "reasons": told_reasons(line.reasons),
    }
    if registers is not None:
        found = registers.get(line.id)
        told["registers"] = found.to_json() if found is not None else None
    return told


def _factor(use: FactorUse) -> dict[str, Any]:
    return {
        "factor_set": use.factor_set,
        "versions": list(use.versions),
        "carrier": use.carrier,
        "scope": use.scope,
        "gas": use.gas,
        "method": use.method,
        "area": use.area,
        "per": _PER.get(use.unit, use.unit),
        "basis": use.basis,
        "loss_included": use.loss_included,
        "steps": list(use.steps),
        "mean_kg_per_unit": use.mean,
        "known_share": use.known_share,
        "fingerprint": use.fingerprint,
        "sources": list(use.sources),
    }


def pins_of(words: Sequence[str]) -> Pins:
    """`set:version` of a request. Raises ValueError."""
    pins: dict[str, str] = {}
    for word in words:
        name, colon, version = word.partition(":")
        if not colon or not name or not version:
            raise ValueError(f"factors: {word!r}; expected a set and its version, like energinet-hourly:1")
        pins[name] = version
    return tuple(sorted(pins.items()))
