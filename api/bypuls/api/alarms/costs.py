"""What a waste costs a day, by the registry's price and factor of today; what is missing is named."""

from __future__ import annotations

from typing import Any

from bypuls.api.accounts.factors import FactorUse, Wish
from bypuls.api.accounts.frame import frame_of
from bypuls.api.alarms.finding import Cost
from bypuls.api.alarms.scene import Scene
from bypuls.api.buildings.money import price_days, target_of
from bypuls.api.buildings.source import Days
from bypuls.store.registry import Sensor, Target


def price_today(scene: Scene, medium: str) -> tuple[float | None, bool]:
    """Today's price [DKK/kWh, DKK/m³], and whether it is per m³."""
    today = scene.source.today
    found, per_m3 = price_days(scene.source, medium, Days(scene.zone, today, today))
    return (None if found[0] != found[0] else float(found[0])), per_m3


def cost_of_energy(scene: Scene, meter: Sensor, kwh_per_day: float, how: str) -> Cost:
    """The cost of so much energy a day. kroner are unknown without a price per kWh, CO₂ without a single factor."""
    medium = meter.medium or ""
    price, per_m3 = price_today(scene, medium)
    target = target_of(scene.source, meter.building or "")
    return _cost(scene, medium, kwh_per_day, how, None if per_m3 else price, target)


def _cost(scene: Scene, medium: str, kwh_per_day: float, how: str, price: float | None, target: Target | None) -> Cost:
    basis: dict[str, Any] = {}
    missing = []
    if price is None:
        missing.append("price")
    else:
        basis |= {"price": price, "price_unit": "dkk_per_kwh"}
    factor = _factor(scene, target, medium)
    if factor is None or factor.mean is None:
        missing.append("factor")
    else:
        basis |= {
            "factor_kg_per_kwh": round(factor.mean, 6),
            "factor": f"{factor.factor_set} {factor.versions[-1]}, {factor.gas}, {factor.method}",
            "factor_source": factor.sources[-1],
        }
    if missing:
        basis["missing"] = missing
    mean = factor.mean if factor is not None else None
    return Cost(
        kwh_per_day=kwh_per_day,
        kg_co2_per_day=None if mean is None else kwh_per_day * mean,
        dkk_per_day=None if price is None else kwh_per_day * price,
        how=how,
        basis=basis,
    )


def cost_of_light(scene: Scene, kwh_per_day: float, how: str) -> Cost:
    """The cost of so much light a day."""
    price, per_m3 = price_today(scene, "electricity")
    target = target_of(scene.source, "")
    return _cost(scene, "electricity", kwh_per_day, how, None if per_m3 else price, target)


def cost_of_water(scene: Scene, m3_per_day: float, how: str) -> Cost:
    """The cost of so much water a day."""
    price, per_m3 = price_today(scene, "water")
    if price is None or not per_m3:
        return Cost(how=how, basis={"m3_per_day": round(m3_per_day, 3), "missing": ["price"]})
    basis = {"m3_per_day": round(m3_per_day, 3), "price": price, "price_unit": "dkk_per_m3"}
    return Cost(dkk_per_day=m3_per_day * price, how=how, basis=basis)


def _factor(scene: Scene, target: Target | None, medium: str) -> FactorUse | None:
    """This year's factors of a carrier as the target's accounts use them; None where there are none, or several."""
    if target is None:
        return None
    frame = frame_of(scene.source.today.year, scene.zone)
    found = scene.accounts.factors(scene.directory).find(
        Wish("location", target.gas, target.method), medium, "kWh", frame
    )  # fmt: skip
    return found if isinstance(found, FactorUse) else None
