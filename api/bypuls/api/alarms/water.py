"""Alarms of pipes: water that never stops, district heating that isn't cooled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from bypuls.analysis.alarms import Seen
from bypuls.api.alarms.costs import cost_of_water, price_today
from bypuls.api.alarms.finding import Asked, Cost, Finding
from bypuls.api.alarms.meter_history import end_us
from bypuls.api.alarms.scene import Scene
from bypuls.api.buildings.cooling import Cooling, cooling_of
from bypuls.api.buildings.meters import medium_days
from bypuls.api.buildings.source import DAY

_HOUR_US = 3_600_000_000
_LATE_US = 1_800_000_000
_KNOWN = 0.9
_BAND_K = 1.0


def never_zero(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Water meters that counted in every hour of the last day. One known hour without flow is evidence of the
    contrary."""
    end = (scene.now_us - _LATE_US) // _HOUR_US * _HOUR_US
    names = ("volume_m3_delta", "volume_m3_covered_s")
    for id, parameters in asked.items():
        hours = int(parameters["hours"] or 24)
        table = scene.store.bins("meter", [id], end - hours * _HOUR_US, end, names, every_s=3600)
        known = np.nan_to_num(table.columns[names[1]]) >= _KNOWN * 3600.0
        flow_l_h = table.columns[names[0]][known] * 1000.0
        least = parameters["least_l_h"] or 0.0
        if flow_l_h.size and float(flow_l_h.min()) < least / 2.0:
            yield Finding(id, "absent", evidence_us=end)
        elif flow_l_h.size < _KNOWN * hours:
            yield Finding(id, "unknown")
        elif float(flow_l_h.min()) < least:
            yield Finding(id, "holding", evidence_us=end)
        else:
            lowest = float(flow_l_h.min())
            # Rounded coarsely: the least hour differs from day to day by chance.
            facts = {"hours": hours, "least_l_h": float(f"{lowest:.2g}")}
            cost = cost_of_water(scene, float(f"{lowest:.2g}") * 24.0 / 1000.0, "least-flow")
            yield Finding(id, "present", end - hours * _HOUR_US, end, facts, cost)


def _cooled(scene: Scene, id: str, days: int, required_k: float, share_per_k: float) -> Cooling | None:
    """The last days' cooling; None where less than seven tenths of them are measured."""
    history = scene.meter_history
    heat = medium_days("heat", [history.meters[id]], history.days)
    first = history.days.last - (days - 1) * DAY
    found = cooling_of(
        scene.source, heat, first, history.days.last, required_k=required_k, share_per_k=share_per_k
    )  # fmt: skip
    return found if found.cooling_k is not None and found.days >= 0.7 * days else None


def poor_cooling(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Heat meters whose water was cooled less than the utility asks for."""
    history = scene.meter_history
    newest, price = end_us(history.days, history.days.count - 1), price_today(scene, "heat")
    for id, parameters in asked.items():
        days, least = int(parameters["days"] or 7), parameters["least_k"] or 30.0
        tariff = parameters["tariff_pct_per_k"]
        found = _cooled(scene, id, days, least, (tariff or 0.0) / 100.0)
        if found is None or found.cooling_k is None:
            yield Finding(id, "unknown")
            continue
        if found.cooling_k >= least:
            seen: Seen = "absent" if found.cooling_k >= least + _BAND_K else "holding"
            yield Finding(id, seen, evidence_us=newest)
            continue
        facts = {"cooling_k": round(found.cooling_k, 1), "least_k": least, "days": days}
        spent = found.cost_dkk / found.days if found.cost_dkk is not None and tariff is not None else None
        basis = {} if price[0] is None else {"price": price[0], "price_unit": "dkk_per_kwh"}
        missing = ["tariff"] if tariff is None else ["price"] if spent is None else []
        cost = Cost(dkk_per_day=spent, how="tariff", basis=basis | ({"missing": missing} if missing else {}))
        yield Finding(id, "present", newest - days * 24 * _HOUR_US, newest, facts, cost)


def warm_returns(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Heat meters whose water went back too warm, by their registers. Where cooling is poor, that says it already."""
    history = scene.meter_history
    newest = end_us(history.days, history.days.count - 1)
    for id, parameters in asked.items():
        days, most = int(parameters["days"] or 7), parameters["most_c"] or 45.0
        found = _cooled(scene, id, days, 30.0, 0.0)
        if found is None or found.return_c is None:
            yield Finding(id, "unknown")
            continue
        if found.return_c <= most:
            seen: Seen = "absent" if found.return_c <= most - _BAND_K else "holding"
            yield Finding(id, seen, evidence_us=newest)
            continue
        facts = {"return_c": round(found.return_c, 1), "most_c": most, "days": days}
        since_us = newest - int(timedelta(days=days).total_seconds() * 1e6)
        yield Finding(id, "present", since_us, newest, facts, within=("poor-cooling", id))
