"""Which emission factors a carrier's hours are multiplied by, or why none. Two that differ in what they count are never
mixed, and never chosen between by chance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from bypuls.api.accounts.frame import HOUR_US, Floats, Frame
from bypuls.store.registry import Factor, FactorChoice, Registry, hourly_factors, version_order
from bypuls.wire import to_us

View: TypeAlias = Literal["location", "market"]
VIEWS: tuple[View, ...] = ("location", "market")
Code: TypeAlias = Literal[
    "no factor", "several factors", "scenario", "factor hours", "no reading", "gaps", "basis", "unit", "also measured",
    "no contract",
]  # fmt: skip
Pins: TypeAlias = tuple[tuple[str, str], ...]

_SCOPES: Mapping[View, tuple[str, ...]] = {"location": ("1", "2-location"), "market": ("1", "2-market", "2-location")}
_UNITS = {"kWh": "kg/kWh", "m3": "kg/m3", "l": "kg/l"}
_ONE_METHOD = "combustion"
"""Burning a fuel has only one method: it goes with every target's."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a figure is unknown, or not the whole: a code to translate, what was found and what was expected."""

    code: Code
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.code}: {self.found}; expected {self.expected}"


@dataclass(frozen=True, slots=True, eq=False)
class FactorUse:
    """The factors of one carrier over a year.

    kg_per_unit : (n,) of the frame's steps, NaN = unknown.  versions : those that had a part, the oldest first.
    constant : the one value of all steps; None where they differ or some are unknown.
    fingerprint : the same for the same values.
    """

    factor_set: str
    versions: tuple[str, ...]
    carrier: str
    scope: str
    method: str
    area: str
    gas: str
    unit: str
    basis: str | None
    loss_included: bool | None
    steps: tuple[str, ...]
    sources: tuple[str, ...]
    kg_per_unit: Floats = field(repr=False)
    constant: float | None
    fingerprint: str

    @property
    def mean(self) -> float | None:
        """The unweighted mean of the steps that are known."""
        if self.constant is not None:
            return self.constant
        known = self.kg_per_unit[~np.isnan(self.kg_per_unit)]
        return float(known.mean()) if known.size else None

    @property
    def known_share(self) -> float:
        """Share of the steps with a factor, 0 … 1."""
        return float((~np.isnan(self.kg_per_unit)).mean())


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for. method : of the target, followed where any factor has it.  pins : set and newest version that
    may be used, for accounts as they were."""

    view: View
    gas: str
    method: str | None = None
    pins: Pins = ()


class FactorBook:
    """The registry's factors of one version of the registry; hours are read once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._factors = registry.factors()
        self._choices = {(one.view, one.carrier): one for one in registry.factor_choices()}
        self._found: dict[tuple[Wish, str, str, int, str], FactorUse | Reason] = {}

    @property
    def factors(self) -> Sequence[Factor]:
        """All of them."""
        return self._factors

    def find(self, wish: Wish, carrier: str, unit: str, frame: Frame) -> FactorUse | Reason:
        """The factors of a carrier whose amounts are in `unit` (kWh, m3, l), or why there are none."""
        key = (wish, carrier, unit, frame.year, frame.zone.key)
        if key not in self._found:
            self._found[key] = self._find(wish, carrier, unit, frame)
        return self._found[key]

    def _find(self, wish: Wish, carrier: str, unit: str, frame: Frame) -> FactorUse | Reason:
        what = f"{wish.gas} of {carrier} in {frame.year}"
        choice = self._choices.get((wish.view, carrier))
        in_time = [one for one in self._factors if one.carrier == carrier and _overlaps(one, frame)]
        of_gas = [one for one in in_time if one.gas == wish.gas]
        chosen = _chosen(of_gas, choice, wish)
        usable = [one for one in chosen if one.purpose == "accounts"]
        if not usable:
            if chosen:
                sets = ", ".join(sorted({one.factor_set for one in chosen}))
                return Reason("scenario", f"{what}: only {sets}, made for scenarios", "factors for accounts")
            if wish.view == "market" and carrier == "electricity":
                return Reason("no contract", f"no market-based factor for {what}", "the contract's or the residual mix")
            return Reason("no factor", f"none for {what}", _asked_for(choice, wish))
        fitting = [one for one in usable if one.unit == _UNITS.get(unit)]
        if not fitting:
            units = ", ".join(sorted({one.unit for one in usable}))
            return Reason("unit", f"{what} in {units}", f"a factor for amounts in {unit}")
        groups = _by_kind(fitting)
        if len(groups) > 1:
            told = "; ".join(sorted(f"{k[0]} ({k[2]}, {k[3]})" for k in groups))
            return Reason("several factors", f"{what}: {told}", "a row of factor_choice that says which")
        ((_, rows),) = groups.items()
        return self._column(rows, wish, frame)

    def _column(self, rows: list[Factor], wish: Wish, frame: Frame) -> FactorUse:
        column = np.full(len(frame.t_us), np.nan)
        whose = np.full(len(frame.t_us), -1)
        # Coarser steps first, older versions first: what is finer and newer lies on top.
        order = {"year": 0, "month": 1, "hour": 2}
        rows = sorted(rows, key=lambda one: (version_order(one.version), order[one.step], one.valid_from))
        pinned = dict(wish.pins)
        for at, one in enumerate(rows):
            if one.factor_set in pinned and version_order(one.version) > version_order(pinned[one.factor_set]):
                continue
            if one.value is not None:
                last_us = to_us(one.valid_to) if one.valid_to is not None else frame.end_us
                part = (frame.t_us >= to_us(one.valid_from)) & (frame.t_us < last_us)
                column[part], whose[part] = one.value, at
                continue
            t_us, g_per_kwh = hourly_factors(self._registry, one, frame.start_us - HOUR_US, frame.end_us)
            hours = _of_hours(frame, t_us, g_per_kwh / 1000.0)
            part = ~np.isnan(hours)
            column[part], whose[part] = hours[part], at
        used = [rows[at] for at in sorted(set(whose.tolist()) - {-1})] or rows[:1]
        first = used[0]
        known = column[~np.isnan(column)]
        constant = float(known[0]) if len(known) == len(column) and (known == known[0]).all() else None
        return FactorUse(
            factor_set=first.factor_set,
            versions=tuple(sorted({one.version for one in used}, key=version_order)),
            carrier=first.carrier,
            scope=first.scope,
            method=first.method,
            area=first.area,
            gas=first.gas,
            unit=first.unit,
            basis=first.basis,
            loss_included=first.loss_included,
            steps=tuple(sorted({one.step for one in used}, key=lambda step: order[step])),
            sources=tuple(dict.fromkeys(one.source for one in used)),
            kg_per_unit=column,
            constant=constant,
            fingerprint=hashlib.blake2b(column.tobytes(), digest_size=12).hexdigest(),
        )


def _overlaps(one: Factor, frame: Frame) -> bool:
    ends = one.valid_to is None or to_us(one.valid_to) > frame.start_us
    return to_us(one.valid_from) < frame.end_us and ends


def _chosen(factors: Iterable[Factor], choice: FactorChoice | None, wish: Wish) -> list[Factor]:
    """Those that the choice names, or that fit the view; of these, those of the target's method where there are any."""
    found = list(factors)
    if choice is not None:
        found = [
            one
            for one in found
            if one.factor_set == choice.factor_set
            and (choice.method is None or one.method == choice.method)
            and (choice.area is None or one.area == choice.area)
        ]
        # A choice that names a method means its scope, too: well-to-wheel has one of its own.
        scopes: tuple[str, ...] = _SCOPES[wish.view] if choice.method is None else ()
    else:
        scopes = _SCOPES[wish.view]
    if scopes:
        kept = [one for one in found if one.scope in scopes or one.purpose == "scenario"]
        found = kept
    if wish.view == "market":
        bought = [one for one in found if one.scope == "2-market"]
        if bought or any(one.carrier == "electricity" for one in found):
            found = bought
    accounts = [one for one in found if one.purpose == "accounts"]
    stated = [one for one in accounts if wish.method is not None and one.method == wish.method]
    burnt = [one for one in accounts if one.method == _ONE_METHOD]
    return stated or burnt or accounts or found


def _by_kind(factors: Iterable[Factor]) -> dict[tuple[object, ...], list[Factor]]:
    found: dict[tuple[object, ...], list[Factor]] = {}
    for one in factors:
        key = (one.factor_set, one.scope, one.method, one.area, one.basis, one.loss_included)
        found.setdefault(key, []).append(one)
    return found


def _of_hours(frame: Frame, t_us: np.typing.NDArray[np.int64], values: Floats) -> Floats:
    """Hourly values on the frame's steps."""
    if frame.step_s == 3600:
        return frame.column(t_us, values)
    if not len(t_us):
        return np.full(len(frame.t_us), np.nan)
    hour_us = frame.t_us - frame.t_us % HOUR_US
    at = np.minimum(np.searchsorted(t_us, hour_us), len(t_us) - 1)
    return np.where(t_us[at] == hour_us, values[at], np.nan)


def _asked_for(choice: FactorChoice | None, wish: Wish) -> str:
    if choice is None:
        return f"one in the registry, {wish.view}-based"
    named = [choice.factor_set, *(word for word in (choice.method, choice.area) if word is not None)]
    return f"one of {', '.join(named)}, as factor_choice says"


def newest_versions(factors: Iterable[Factor]) -> dict[str, list[str]]:
    """Each set's versions, the oldest first."""
    found: dict[str, set[str]] = {}
    for one in factors:
        found.setdefault(one.factor_set, set()).add(one.version)
    return {name: sorted(versions, key=version_order) for name, versions in sorted(found.items())}
