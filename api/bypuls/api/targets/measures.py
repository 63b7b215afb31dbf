"""A target's measures: what they are planned to save, what that comes to in its year, and the gap that remains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bypuls.analysis.climate.measures import Plan, falling_factor, root_sum_square
from bypuls.api.directory import Directory
from bypuls.api.targets.measured import is_running
from bypuls.store.registry import Factor, Measure, Target

_LIGHTING_KINDS = ("led", "dimming")


@dataclass(frozen=True, slots=True)
class Rates:
    """Factors that turn planned energy into tonnes. now : kg/kWh by carrier, of the account of `year`.  course : by
    carrier, the scenario's kg/kWh by year, of which only the course is used."""

    year: int
    now: Mapping[str, float]
    course: Mapping[str, Mapping[int, float]]
    course_source: str | None

    def kg_per_kwh(self, carrier: str, year: int) -> float | None:
        """The accounts' factor, falling from its year on as the scenario's; without one as it is. None = none."""
        now = self.now.get(carrier)
        if now is None:
            return None
        fallen = falling_factor(now, self.year, self.course.get(carrier, {}), year)
        return now if fallen is None else fallen


def rates_of(account: Mapping[str, Any] | None, factors: Iterable[Factor], this_year: int, zone: ZoneInfo) -> Rates:
    """The factors of the last account, and the course of the scenario factors (BR18) in the registry: for scenarios
    alone, never for accounts."""
    course: dict[str, dict[int, float]] = {}
    sources: dict[str, str] = {}
    listed = [one for one in factors if one.purpose == "scenario" and one.step == "year" and one.unit == "kg/kWh"]
    newest = max(((one.factor_set, one.version) for one in listed), default=None)
    for one in listed:
        if (one.factor_set, one.version) == newest and one.value is not None:
            year = (one.valid_from.astimezone(zone) + timedelta(days=1)).year
            course.setdefault(one.carrier, {})[year] = one.value
            sources[one.carrier] = one.factor_set
    now = {
        carrier: float(medium["factor_kg_per_kwh"])
        for carrier, medium in (account["media"].items() if account else ())
        if medium.get("factor_kg_per_kwh") is not None
    }
    return Rates(account["year"] if account else this_year - 1, now, course, next(iter(sources.values()), None))


def measures_of(directory: Directory, target: Target) -> list[Measure]:
    """The measures that a target counts, by their start."""
    mine = [one for one in directory.measures.values() if _counts(target, one)]
    return sorted(mine, key=lambda one: (one.start, one.id))


def _counts(target: Target, measure: Measure) -> bool:
    if target.kind == "building":
        return measure.building is not None and measure.building == target.scope
    if target.kind == "lighting":
        return measure.cabinet is not None or (measure.building is None and measure.kind in _LIGHTING_KINDS)
    return True


def measure_view(
    directory: Directory,
    target: Target,
    measure: Measure,
    rates: Rates,
    measured: Mapping[str, Sequence[dict[str, Any]]],
    today: date,
) -> dict[str, Any]:
    """A measure with its planned effects, in whole years and in the target's, and what was measured of it."""
    place = measure.place
    names: Mapping[str, Mapping[str, Any]] = {
        "building": directory.buildings,
        "cabinet": directory.cabinets,
        "site": directory.sites,
    }
    effects: list[dict[str, Any]] = [
        {
            "carrier": effect.carrier,
            "kwh_per_year": effect.kwh_per_year,
            "t_per_year": effect.t_per_year
            if effect.t_per_year is not None
            else _tonnes(effect.kwh_per_year, rates.now.get(effect.carrier)),
            "t_in_target_year": plan_of(measure, effect).tonnes(
                target.target_year, rates.kg_per_kwh(effect.carrier, target.target_year)
            ),
            "factor_kg_per_kwh": None if effect.t_per_year is not None else rates.now.get(effect.carrier),
            "factor_year": None if effect.t_per_year is not None else rates.year,
        }
        for effect in directory.effects.get(measure.id, ())
    ]
    row = names[place[0]].get(place[1]) if place else None
    return {
        "id": measure.id,
        "name": measure.name,
        "kind": measure.kind,
        "place_kind": place[0] if place else None,
        "place": place[1] if place else None,
        "place_name": row.name if row is not None else None,
        "start": measure.start,
        "state": "running" if is_running(measure, today) else "planned",
        "certainty": measure.certainty,
        "cost_dkk": measure.cost_dkk,
        "intervention": measure.intervention,
        "source": measure.source,
        "note": measure.note,
        "effects": effects,
        "t_per_year": _sum(effect["t_per_year"] for effect in effects),
        "t_in_target_year": _sum(effect["t_in_target_year"] for effect in effects),
        "measured": list(measured.get(measure.id, ())),
    }


def plan_of(measure: Measure, effect: Any) -> Plan:
    """A measure's effect as the analysis knows it."""
    return Plan(measure.start, effect.kwh_per_year, effect.t_per_year)


def gap_of(view: Mapping[str, Any], measures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What lies between where the accounts lead and the target in its year, and what of it the measures would close
    that haven't started yet. Running ones add nothing: the accounts have them. `view` is the target's."""
    planned = [one for one in measures if one["state"] == "planned"]
    forecast, accounts = view["forecast"], view["accounts"]
    base_t, basis, year = None, None, view["target_year"]
    if forecast is not None and year in list(forecast["year"]):
        base_t, basis = float(forecast["tonnes"][list(forecast["year"]).index(year)]), "forecast"
    elif view["reached_reduction"] is not None and accounts:
        base_t, basis = float(accounts[-1]["emitted_t"]), "last account"
    known = [one for one in planned if one["t_in_target_year"] is not None]
    planned_t = sum(one["t_in_target_year"] for one in known)
    weighed = [one["t_in_target_year"] * one["certainty"] for one in known if one["certainty"] is not None]
    gap_t = None if base_t is None or view["target_t"] is None else base_t - view["target_t"]
    return {
        "year": year,
        "basis": basis,
        "basis_t": base_t,
        "target_t": view["target_t"],
        "gap_t": gap_t,
        "planned": len(planned),
        "planned_unknown": len(planned) - len(known),
        "planned_t": planned_t,
        "planned_weighed_t": sum(weighed) if len(weighed) == len(known) else None,
        "planned_cost_dkk": _sum(one["cost_dkk"] for one in planned),
        "left_t": None if gap_t is None else gap_t - planned_t,
    }


def measured_together(measures: Sequence[Mapping[str, Any]], rates: Rates) -> dict[str, Any]:
    """What all measured effects come to a year, those that are told jointly once; savings of different meters are
    independent of each other, so their half-widths add by their squares. It is in the accounts already."""
    once: dict[tuple[str, frozenset[str]], Mapping[str, Any]] = {}
    refused = 0
    for one in measures:
        for found in one["measured"]:
            if found["kwh_per_year"] is None:
                refused += 1
            else:
                once[found["carrier"], frozenset((one["id"], *found["jointly_with"]))] = found
    carriers = []
    for carrier in sorted({carrier for carrier, _ in once}):
        mine = [found for (name, _), found in once.items() if name == carrier]
        kwh = sum(found["kwh_per_year"] for found in mine)
        half = root_sum_square([(found["kwh_per_year_high"] - found["kwh_per_year_low"]) / 2.0 for found in mine])
        carriers.append(
            {
                "carrier": carrier,
                "kwh_per_year": kwh,
                "kwh_per_year_low": kwh - half,
                "kwh_per_year_high": kwh + half,
                "t_per_year": _tonnes(kwh, rates.now.get(carrier)),
            }
        )
    return {
        "carriers": carriers,
        "t_per_year": _sum(one["t_per_year"] for one in carriers),
        "factor_year": rates.year,
        "effects": len(once),
        "refused": refused,
    }


def _tonnes(kwh: float | None, kg_per_kwh: float | None) -> float | None:
    return None if kwh is None or kg_per_kwh is None else kwh * kg_per_kwh / 1000.0


def _sum(values: Iterable[float | None]) -> float | None:
    """Σ; None where one is unknown or there are none."""
    listed = list(values)
    known = [one for one in listed if one is not None]
    return sum(known) if listed and len(known) == len(listed) else None
