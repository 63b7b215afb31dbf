"""A scenario over the registry's lamps: kWh, CO₂, money, payback and light, in total and by street, cabinet or type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from bypuls.analysis.lighting.what_if import (
    LevelHours,
    class_reached,
    hours_at_levels,
    payback_years,
    year_kwh,
)
from bypuls.api.accounts.factors import FactorBook, FactorUse, Wish
from bypuls.api.accounts.frame import frame_of
from bypuls.api.directory import Directory
from bypuls.api.lighting_plan.scenario import (
    LED,
    LED_BASE_SHARE,
    NOMINAL_LM,
    OTHER_BASE_SHARE,
    Burning,
    Scenario,
    profile_of,
)
from bypuls.api.lighting_plan.sun_hours import SunHours, sun_hours
from bypuls.store.registry import Lamp, Target

By: TypeAlias = Literal["street", "cabinet", "group", "type"]
State: TypeAlias = Literal["kept", "lower", "unknown"]
_YEARS_BACK = 5
STATES: tuple[State, ...] = ("kept", "lower", "unknown")


@dataclass(frozen=True, slots=True)
class LampPlan:
    """One light point. now_w, then_w : at full level with the gear [W].  now_kwh, then_kwh : a year; None = unknown.
    replaced : whether it gets LED; None = unknown.  light : of what it gives at full level.
    class_then, class_dimmed : None = unknown or below the lowest class.
    light_share : light at full level over what the street needs to be lit as now; None = unknown."""

    lamp: Lamp
    now_w: float | None
    then_w: float | None
    now_kwh: float | None
    then_kwh: float | None
    replaced: bool | None
    luminaires: int | None
    light: State
    class_state: State
    class_then: str | None
    class_dimmed: str | None
    light_share: float | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """What a kilowatt-hour costs [DKK] and emits [kg]; None = unknown, `why` says why."""

    dkk_per_kwh: float | None
    kg_per_kwh: float | None
    gas: str
    factor: str | None
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The scenario's lamps, with the hours and prices that they were counted with."""

    scenario: Scenario
    year: int
    lamps: Sequence[LampPlan]
    burning_h: float
    place: tuple[float, float]
    money: Money

    def totals(self, lamps: Iterable[LampPlan] | None = None) -> dict[str, Any]:
        """Sums over the lamps whose energy is known both now and then; what is unknown is counted beside it."""
        chosen = list(self.lamps if lamps is None else lamps)
        known = [one for one in chosen if one.now_kwh is not None and one.then_kwh is not None]
        now, then = sum(one.now_kwh or 0.0 for one in known), sum(one.then_kwh or 0.0 for one in known)
        saved = now - then
        replaced = [one for one in known if one.replaced]
        cost = self.scenario.cost_dkk
        counted = all(one.luminaires is not None for one in replaced)
        invested = cost * sum(one.luminaires or 0 for one in replaced) if cost is not None and counted else None
        price, factor = self.money.dkk_per_kwh, self.money.kg_per_kwh
        saved_dkk = saved * price if known and price is not None else None
        pays = invested is not None and saved_dkk is not None
        return {
            "lamps": len(chosen),
            "unknown_lamps": len(chosen) - len(known),
            "replaced_lamps": len(replaced),
            "replaced_luminaires": sum(one.luminaires or 0 for one in replaced) if counted else None,
            "now_kw": sum(one.now_w or 0.0 for one in known) / 1000.0 if known else None,
            "then_kw": sum(one.then_w or 0.0 for one in known) / 1000.0 if known else None,
            "now_kwh": now if known else None,
            "then_kwh": then if known else None,
            "saved_kwh": saved if known else None,
            "saved_share": saved / now if now > 0.0 else None,
            "now_co2_kg": now * factor if known and factor is not None else None,
            "saved_co2_kg": saved * factor if known and factor is not None else None,
            "now_dkk": now * price if known and price is not None else None,
            "saved_dkk": saved_dkk,
            "investment_dkk": invested,
            "payback_years": payback_years(invested or 0.0, saved_dkk or 0.0) if pays else None,
            **{f"light_{state}": sum(one.light == state for one in chosen) for state in STATES},
            **{
                f"class_{state}": sum(one.class_state == state for one in chosen)
                for state in ("kept", "lower", "unknown")
            },
        }

    def classes(self) -> list[dict[str, Any]]:
        """How many lamps go from which lighting class to which, at full level and at the lowest that is burnt."""
        found = Counter(
            (one.lamp.lighting_class, one.class_then, one.class_dimmed)
            for one in self.lamps
            if one.class_state != "unknown"
        )
        names = ("class_now", "class_then", "class_dimmed")
        ordered = sorted(found.items(), key=lambda pair: tuple(str(word) for word in pair[0]))
        return [dict(zip(names, key, strict=True)) | {"lamps": count} for key, count in ordered]

    def groups(self, directory: Directory, by: By) -> list[dict[str, Any]]:
        """`totals` of each street, cabinet, group or type, what saves most first; None = the register doesn't say."""
        pick: Mapping[By, Callable[[Lamp], str | None]] = {
            "street": lambda lamp: lamp.street or (directory.sites[lamp.site].name if lamp.site else None),
            "cabinet": lambda lamp: lamp.cabinet,
            "group": lambda lamp: lamp.lamp_group,
            "type": lambda lamp: lamp.lamp_type,
        }
        parts: dict[str | None, list[LampPlan]] = {}
        for one in self.lamps:
            parts.setdefault(pick[by](one.lamp), []).append(one)
        rows = [{by: name} | self.totals(lamps) for name, lamps in parts.items()]
        return sorted(rows, key=lambda row: (-(row["saved_kwh"] or 0.0), str(row[by])))


def plan_of(
    directory: Directory,
    scenario: Scenario,
    *,
    now: datetime,
    zone: ZoneInfo,
    lamps: Iterable[Lamp] | None = None,
    place: tuple[float, float] | None = None,
) -> Plan:
    """The scenario over lamps (all by default) for the calendar year of `now`.

    place : (lat, lon) for the sun; None = the middle of the lamps.  Raises ValueError where no place is known;
    FileProblem where the sun doesn't sink far enough there."""
    local = now.astimezone(zone)
    chosen = list(directory.lamps.values() if lamps is None else lamps)
    spot = place or _middle(chosen)
    hours = sun_hours(local.year, zone, *spot, scenario.burning)
    profiles = _Profiles(directory, hours, local.date(), scenario)
    plans = [_planned(lamp, scenario, profiles) for lamp in chosen]
    money = _money(directory, local.date(), zone, spot, scenario.burning)
    return Plan(scenario, local.year, plans, hours.total_h, spot, money)


def _middle(lamps: Iterable[Lamp]) -> tuple[float, float]:
    places = [(one.lat, one.lon) for one in lamps if one.lat is not None and one.lon is not None]
    if not places:
        raise ValueError("lat, lon: no lamp has a position; expected a place for the sun")
    # To a hundredth of a degree: a minute of sun, and the hours are computed once.
    return round(sum(lat for lat, _ in places) / len(places), 2), round(sum(lon for _, lon in places) / len(places), 2)


class _Profiles:
    """Hours at each level, by the profile that a lamp has on the day, and by the scenario's own schedule."""

    def __init__(self, directory: Directory, hours: SunHours, day: date, scenario: Scenario) -> None:
        self._directory, self._hours, self._day, self._scenario = directory, hours, day, scenario
        self._found: dict[str | None, LevelHours] = {}

    def now(self, lamp: Lamp) -> LevelHours:
        """As the lamp is dimmed today; full all night where neither it nor its group has a profile."""
        return self._of(self._directory.schedule_of(lamp, self._day))

    def then(self, lamp: Lamp) -> LevelHours:
        """As an LED of that lamp is dimmed in the scenario."""
        return self.now(lamp) if self._scenario.schedule is None else self._of(self._scenario.schedule)

    def _of(self, schedule: str | None) -> LevelHours:
        if schedule not in self._found:
            self._found[schedule] = hours_at_levels(self._hours.lit_h, *profile_of(schedule))
        return self._found[schedule]


def _planned(lamp: Lamp, scenario: Scenario, profiles: _Profiles) -> LampPlan:
    count, kind = lamp.luminaires, lamp.lamp_type
    replaced = scenario.replaces(kind)
    now_hours = profiles.now(lamp)
    watt = None if lamp.watt is None else lamp.watt * (1.0 + scenario.gear.get(kind or "", 0.0))
    now_kwh = _kwh(watt, now_hours.full_load_h(_base(kind)))
    each = None if lamp.watt is None else lamp.watt / (count or 1)
    if replaced:
        new = None if each is None else scenario.new_watt(each)
        then_watt = None if new is None else new * (count or 1)
    else:
        then_watt = None if replaced is None else watt
    led = bool(replaced) or kind == LED
    then_hours = profiles.then(lamp) if led else now_hours
    then_kwh = None if replaced is None else _kwh(then_watt, then_hours.full_load_h(_base(LED if led else kind)))
    share = _light_share(lamp, scenario, each, then_watt, replaced)
    light: State = "unknown" if share is None else "kept" if share >= 1.0 else "lower"
    then_class = dimmed = None
    state: State = "unknown"
    if share is not None and lamp.lighting_class is not None:
        try:
            then_class = class_reached(lamp.lighting_class, share)
            dimmed = class_reached(lamp.lighting_class, share * then_hours.lowest)
            state = "kept" if share >= 1.0 else "lower"
            if then_class is not None and then_class == lamp.lighting_class.strip().upper():
                state = "kept"
        except ValueError:
            state = "unknown"  # a class of another system: nothing is known of its levels
    return LampPlan(lamp, watt, then_watt, now_kwh, then_kwh, replaced, count, light, state, then_class, dimmed, share)


def _kwh(watt: float | None, hours: float) -> float | None:
    return None if watt is None else float(year_kwh([watt], [hours])[0])


def _base(kind: str | None) -> float:
    return LED_BASE_SHARE if kind == LED else OTHER_BASE_SHARE


def _light_share(
    lamp: Lamp, scenario: Scenario, each: float | None, then_watt: float | None, replaced: bool | None
) -> float | None:
    """Light afterwards over what the street needs to be lit as now, both at full level; None = unknown."""
    if replaced is False:
        return 1.0
    nominal = None if each is None else NOMINAL_LM.get((lamp.lamp_type or "", each))
    now_lm = lamp.flux_lm if lamp.flux_lm is not None else None if nominal is None else nominal * (lamp.luminaires or 1)
    if replaced is None or now_lm is None or then_watt is None or scenario.efficacy_lm_w is None:
        return None
    return then_watt * scenario.efficacy_lm_w / (now_lm * scenario.useful_share)


def _money(directory: Directory, day: date, zone: ZoneInfo, place: tuple[float, float], burning: Burning) -> Money:
    why = []
    prices = [
        row.value
        for row in directory.prices
        if row.medium == "electricity"
        and row.unit == "dkk_per_kwh"
        and row.valid_from <= day
        and (row.valid_to is None or day < row.valid_to)
    ]
    if not prices:
        why.append(f"money: no price of electricity on {day}; expected a row of price in dkk_per_kwh")
    target = _target(directory.targets.values())
    gas = target.gas if target is not None else "CO2e"
    wish = Wish("location", gas, target.method if target is not None else None)
    book, told = FactorBook(directory.registry), ""
    # A year's factors come after it: the newest year that has them all stands for the plan's.
    for year in range(day.year, day.year - _YEARS_BACK - 1, -1):
        found = book.find(wish, "electricity", "kWh", frame_of(year, zone))
        if isinstance(found, FactorUse):
            lit_h = sun_hours(year, zone, *place, burning).step_h
            weights, values = lit_h[lit_h > 0.0], found.kg_per_unit[lit_h > 0.0]
            if np.isfinite(values).all():
                # By the hours that lamps burn: the grid at night is another one than by day.
                factor = float(values @ weights / weights.sum())
                label = f"{found.factor_set} {', '.join(found.versions)} ({year})"
                return Money(prices[-1] if prices else None, factor, gas, label, tuple(why))
        told = told or str(found) if not isinstance(found, FactorUse) else told or f"hours of {year} are missing"
    why.append(f"CO₂: {told}; nor in the {_YEARS_BACK} years before")
    return Money(prices[-1] if prices else None, None, gas, None, tuple(why))


def _target(targets: Iterable[Target]) -> Target | None:
    rank = {"lighting": 0, "organisation": 1, "geography": 2}
    fitting = [one for one in targets if one.kind in rank]
    return min(fitting, key=lambda one: (rank[one.kind], one.id), default=None)
