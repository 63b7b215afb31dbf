"""The town's lights in one answer: states, what is open and costs, how fast faults are found and repaired."""

from __future__ import annotations

from typing import Any

from bypuls.api.alarms.telling import moment
from bypuls.api.context import ApiContext
from bypuls.api.lighting.lamps_now import place_of
from bypuls.api.lighting.night import night_us
from bypuls.api.lighting.safety import delays, last_year
from bypuls.api.lighting.town import Town, by_state, cabinet_entry, stretches


def figures_now(town: Town) -> dict[str, Any]:
    """Of the summary what every reading may change: quick to add up."""
    lamps = list(town.lamps.values())
    power = [one.power_w for one in lamps if one.power_w is not None]
    return {
        "lamps": len(lamps),
        "states": by_state(town, lamps),
        "newest": moment(max((one.spoke_us for one in lamps if one.spoke_us is not None), default=None)),
        "power_w": sum(power) if power else None,
        "lamps_with_power": len(power),
    }


def summary(context: ApiContext, town: Town) -> dict[str, Any]:
    """What `/api/v1/lighting` answers."""
    lamps = list(town.lamps.values())
    cabinets = [cabinet_entry(town, id) for id in town.directory.cabinets]
    skies = {one.sky.night for one in lamps if one.sky is not None}
    return {
        "t": moment(town.now_us),
        "night": skies.pop() if len(skies) == 1 else None,
        **figures_now(town),
        "cabinets": len(cabinets),
        "cabinets_with_faults": sum(one["state"] == "fault" for one in cabinets),
        "open": open_faults(context, town),
        "dark_stretches": stretches(town),
        **delays(context, last_year(context, context.settings.zone)),
    }


def open_faults(context: ApiContext, town: Town) -> dict[str, Any]:
    """What the open faults cost and darken. Amounts add up what is known."""
    living = [one for one in town.alarms if one.part_of is None]
    amounts: dict[str, float | None] = {}
    for name in ("kwh_per_day", "kg_co2_per_day", "dkk_per_day"):
        known = [float(one.cost[name]) for one in living if one.cost.get(name) is not None]
        amounts[name] = sum(known) if known else None
    out = [id for id in town.lamps if town.dark(id)]
    hours = [_night_h(context, town, id) for id in out]
    by_meter = [one for one in living if one.kind == "lamps-out" and one.state != "unknown"]
    for alarm in by_meter:
        fed = next((id for id, one in town.lamps.items() if one.lamp.cabinet == alarm.subject), None)
        hours += [None if fed is None else _night_h(context, town, fed)] * int(alarm.facts.get("lamps_out") or 1)
    known_h = [one for one in hours if one is not None]
    return {
        "alarms": len(living),
        "acknowledged": sum(one.state == "acknowledged" for one in living),
        "unknown": sum(one.state == "unknown" for one in living),
        "lamps_out": len(hours),
        "dark_lamp_hours_per_night": sum(known_h) if known_h or not hours else None,
        **{f"wasted_{name}": value for name, value in amounts.items()},
    }


def _night_h(context: ApiContext, town: Town, lamp: str) -> float | None:
    lat, lon = place_of(town.directory, town.lamps[lamp].lamp)
    if lat is None or lon is None:
        return None
    day = context.clock().astimezone(context.settings.zone).date()
    found = night_us(round(lat, 1), round(lon, 1), day)
    return 0.0 if found is None else (found[1] - found[0]) / 3.6e9
