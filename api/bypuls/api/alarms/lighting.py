"""Alarms of street lights: lamps that are out, burn by day or tell of something else, feeders without power, cabinets.

A lamp is judged by its own diagnosis and by its power. One that is silent is unknown: no alarm ends by that. Lamps of a
cabinet that are all dark are one alarm, that of their feeder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bypuls.analysis.lighting.lamp_rules import LampLimits
from bypuls.api.alarms.cabinet_voltage import VOLTAGES
from bypuls.api.alarms.costs import cost_of_light
from bypuls.api.alarms.finding import UNKNOWN_COST, Asked, Cost, Finding
from bypuls.api.alarms.scene import Scene
from bypuls.api.lighting.cabinet_meters import main_meters, power_now, sees_lamps
from bypuls.api.lighting.lamps_now import DAY_BURNER, OUT, LampNow, place_of
from bypuls.api.lighting.night import night_us
from bypuls.api.lighting_watch.view import LATE_US, WatchedCabinet
from bypuls.store.book import LIVING, AlarmFilter
from bypuls.wire import Cabinet, to_us
from bypuls.wire.bins import QUARTER_US

_LIMITS = LampLimits()
_BACK_US = 30 * 86_400_000_000
_DAY_H = 24.0
_SILENT_US = 3_600_000_000


def dark_lamps(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Lamps that are dark at night, or say so: `lampFailure`. By day nothing is learnt of a lamp that is off."""
    for id in asked:
        lamp = scene.lamps.get(id)
        if lamp is None or lamp.lit is None:
            yield Finding(id, "unknown")
        elif OUT in lamp.faults:
            found = _said(scene, id, lamp, (OUT,))
            within = None if lamp.lamp.cabinet is None else ("feeder-out", lamp.lamp.cabinet)
            yield replace(found, within=within)
        elif lamp.lit:
            yield Finding(id, "absent", evidence_us=lamp.spoke_us)
        else:
            yield Finding(id, "holding")


def day_burners(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Lamps that burn in daylight, or say so: `lampUnexpectedOn`. It ends when one is seen off by day."""
    for id in asked:
        lamp = scene.lamps.get(id)
        if lamp is None or lamp.lit is None:
            yield Finding(id, "unknown")
        elif DAY_BURNER in lamp.faults:
            yield replace(_said(scene, id, lamp, (DAY_BURNER,)), cost=_wasted(scene, lamp))
        elif lamp.sky is not None and lamp.sky.day and not lamp.lit:
            yield Finding(id, "absent", evidence_us=lamp.spoke_us)
        else:
            yield Finding(id, "holding")


def other_faults(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Whatever else a lamp's own diagnosis names, or is inferred from what it draws. It ends when the lamp speaks and
    neither is so; what was inferred is judged by what had been learned when it began, or not at all."""
    _, living = scene.alarms.listed(AlarmFilter(LIVING, kind="lamp-fault"))
    inferred_us = {one.subject: one.began_us for one in living if not one.facts.get("said", True)}
    for id in asked:
        lamp = scene.lamps.get(id)
        if lamp is None or lamp.state == "unknown":
            yield Finding(id, "unknown")
            continue
        names = tuple(name for name in lamp.said if name not in (OUT, DAY_BURNER))
        watched = lamp.watched
        late = watched is None or scene.now_us - watched.until_us > LATE_US
        # A voltage that is wrong at many lamps of a cabinet is said of the cabinet.
        of_cabinet = None if lamp.lamp.cabinet is None else ("cabinet-voltage", lamp.lamp.cabinet)
        if names:
            within = of_cabinet if set(names) <= set(VOLTAGES) else None
            yield replace(_said(scene, id, lamp, names), within=within)
        elif watched is not None and not late and watched.faults:
            facts = {"names": [name for name, _ in watched.faults], "said": False, "watt": lamp.lamp.watt}
            since_us = min(since for _, since in watched.faults)
            within = of_cabinet if {name for name, _ in watched.faults} <= set(VOLTAGES) else None
            yield Finding(id, "present", since_us, watched.until_us, facts, within=within)
        elif id in inferred_us and late:
            yield Finding(id, "holding")
        elif id in inferred_us and watched is not None and inferred_us[id] < watched.begun_us:
            yield Finding(id, "unknown")
        else:
            yield Finding(id, "absent", evidence_us=lamp.spoke_us)


def lamps_out(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Cabinets of which lamps went out, as their meters' nights show: `lampFailure` of so many. It ends when the power
    is back; a meter that is silent, or that learns anew, says nothing of it."""
    _, living = scene.alarms.listed(AlarmFilter(LIVING, kind="lamps-out"))
    began_us = {one.subject: one.began_us for one in living}
    out = Counter(one.lamp.cabinet for one in scene.lamps.values() if one.out)
    for cabinet in asked:
        watched = scene.watching.cabinets.get(cabinet)
        if watched is None or scene.now_us - watched.until_us > LATE_US:
            yield Finding(cabinet, "holding")
        elif _mute(watched) or watched.judged_us is None:
            yield Finding(cabinet, "unknown")
        elif watched.steps:
            known = [one.lamps for one in watched.steps if one.lamps is not None]
            lamps = sum(known) if len(known) == len(watched.steps) else None
            facts = {"lamps_out": lamps, "lamps_n": watched.lamps_n,
                     "confidence": max(one.confidence for one in watched.steps)}  # fmt: skip
            # Lamps that tell for themselves have alarms of their own.
            said_already = lamps is not None and out[cabinet] >= lamps
            yield Finding(
                cabinet, "holding" if said_already else "present", min(one.from_us for one in watched.steps),
                watched.judged_us, facts, within=("feeder-out", cabinet),
            )  # fmt: skip
        elif cabinet in began_us and began_us[cabinet] < watched.begun_us:
            yield Finding(cabinet, "unknown")
        else:
            yield Finding(cabinet, "absent", evidence_us=watched.judged_us)


def lamps_burning_by_day(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Cabinets of which lamps burn in daylight, as their meters show: `lampUnexpectedOn` of so many."""
    burning = {one.lamp.cabinet for one in scene.lamps.values() if DAY_BURNER in one.faults}
    for cabinet in asked:
        watched = scene.watching.cabinets.get(cabinet)
        if watched is None or scene.now_us - watched.until_us > LATE_US:
            yield Finding(cabinet, "holding")
        elif _mute(watched) or not watched.learned:
            yield Finding(cabinet, "unknown")
        elif watched.day_burning_us is not None:
            lamps = None if watched.day_lamps is None else round(watched.day_lamps)
            watt = None if lamps is None or watched.lamp_w is None else lamps * watched.lamp_w
            facts = {"lamps_burning": lamps, "lamps_n": watched.lamps_n}
            yield Finding(
                cabinet, "holding" if cabinet in burning else "present", watched.day_burning_us, watched.until_us,
                facts, _day_cost(scene, *_place_of_cabinet(scene, cabinet), watt),
            )  # fmt: skip
        else:
            yield Finding(cabinet, "absent", evidence_us=watched.spoke_us)


def _mute(watched: WatchedCabinet) -> bool:
    """Whether a cabinet's meter has been silent for too long to say anything of now."""
    return watched.spoke_us is None or watched.until_us - watched.spoke_us > _SILENT_US


def _place_of_cabinet(scene: Scene, cabinet: str) -> tuple[float | None, float | None]:
    row = scene.directory.cabinets[cabinet]
    if row.lat is not None and row.lon is not None:
        return row.lat, row.lon
    lamps = (one for one in scene.directory.lamps.values() if one.cabinet == cabinet)
    return next((place_of(scene.directory, one) for one in lamps), (None, None))


def dead_feeders(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Cabinets of which nearly every lamp that speaks is dark at night, or whose meter sees no load: `supplyLoss`."""
    telling = {one.lamp.cabinet for one in scene.lamps.values()}
    for cabinet in asked:
        watched = scene.watching.cabinets.get(cabinet)
        if watched is None or cabinet in telling or not watched.learned:
            yield _feeder(scene, cabinet, scene.fed.get(cabinet, []))
        else:
            yield _feeder_by_meter(scene, cabinet, watched)


def _feeder_by_meter(scene: Scene, cabinet: str, watched: WatchedCabinet) -> Finding:
    """A cabinet none of whose lamps tells for itself, once it is known what it draws."""
    if scene.now_us - watched.until_us > LATE_US:
        return Finding(cabinet, "holding")
    if _mute(watched):
        return Finding(cabinet, "unknown")
    if watched.supply_lost_us is not None:
        facts = {"dark_n": watched.lamps_n, "lamps_n": watched.lamps_n}
        return Finding(cabinet, "present", watched.supply_lost_us, watched.until_us, facts)
    return Finding(cabinet, "absent", evidence_us=watched.spoke_us)


def _feeder(scene: Scene, cabinet: str, lamps: list[LampNow]) -> Finding:
    night = any(one.sky is not None and one.sky.night for one in lamps)
    heard = [one for one in lamps if one.lit is not None]
    meters = main_meters(scene.directory, cabinet, scene.now)
    power_w = power_now(meters, scene.latest)
    load = sees_lamps(lamps, power_w)
    spoke_us = [one.spoke_us for one in heard if one.spoke_us is not None]
    said = [scene.latest[one.id].current for one in meters if one.id in scene.latest]
    spoke_us += [to_us(one.t) for one in said if one is not None and one.t is not None]
    if not heard and load is None:
        return Finding(cabinet, "unknown")
    if not night:
        return Finding(cabinet, "holding")
    dark = sum(one.out is True for one in heard)
    facts: dict[str, Any] = {"dark_n": dark, "lamps_n": len(lamps)}
    if load is False:
        facts |= {"power_w": power_w, "expected_w": sum(one.expected_w or 0.0 for one in lamps)}
    by_lamps = len(heard) >= _LIMITS.cabinet_lamps and dark >= _LIMITS.cabinet_share * len(heard)
    if load is False or (load is None and by_lamps):
        return Finding(cabinet, "present", None, max(spoke_us, default=None), facts)
    if (load or dark < _LIMITS.cabinet_share * len(heard)) and spoke_us:
        return Finding(cabinet, "absent", evidence_us=max(spoke_us))
    return Finding(cabinet, "holding")


def cabinet_faults(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """What a cabinet's contacts and its controller say: an open door, leakage, a contactor that sticks."""
    for id in asked:
        heard = scene.latest[id]
        reading = heard.current
        if not isinstance(reading, Cabinet) or reading.t is None:
            yield Finding(id, "unknown")
            continue
        names = list(reading.faults or ())
        if reading.door_open and "cabinetDoorOpen" not in names:
            names.append("cabinetDoorOpen")
        at_us = to_us(reading.t)
        if names:
            yield Finding(id, "present", None, at_us, {"names": names, "said": True})
        elif reading.faults is None and reading.door_open is None:
            yield Finding(id, "unknown")
        else:
            yield Finding(id, "absent", evidence_us=at_us)


def _said(scene: Scene, id: str, lamp: LampNow, names: tuple[str, ...]) -> Finding:
    said = any(name in lamp.said for name in names)
    since_us = min((at for at in (_since_us(scene, id, name) for name in names) if at is not None), default=None)
    facts = {"names": list(names), "said": said, "watt": lamp.lamp.watt}
    return Finding(id, "present", since_us if said else None, lamp.spoke_us, facts)


def _since_us(scene: Scene, sensor: str, name: str) -> int | None:
    """Since when a lamp names a fault without a break, as its bins tell; looked up once for as long as it lasts."""
    held = scene.memory.lamp_faults.get((sensor, name))
    if held is not None and held[1] >= scene.now_us - 2 * QUARTER_US:
        scene.memory.lamp_faults[sensor, name] = (held[0], scene.now_us)
        return held[0]
    end_us = scene.now_us // QUARTER_US * QUARTER_US + QUARTER_US
    table = scene.store.bins("lamp", [sensor], end_us - _BACK_US // QUARTER_US * QUARTER_US, end_us, ["faults", "n"])
    since_us = None
    for row in range(len(table) - 1, -1, -1):
        named, at_us = table.columns["faults"][row], table.t_us[row]
        # A quarter in which it said nothing breaks nothing.
        if not table.columns["n"][row] > 0.0:
            continue
        if name not in str(named or "").split(","):
            break
        since_us = int(at_us)
    scene.memory.lamp_faults[sensor, name] = (since_us, scene.now_us)
    return since_us


def _wasted(scene: Scene, lamp: LampNow) -> Cost:
    """What a lamp that never goes out uses in the hours of light of this day."""
    watt = lamp.lamp.watt if lamp.lamp.watt is not None else lamp.power_w
    return UNKNOWN_COST if lamp.power_w is None else _day_cost(scene, *place_of(scene.directory, lamp.lamp), watt)


def _day_cost(scene: Scene, lat: float | None, lon: float | None, watt: float | None) -> Cost:
    if watt is None or lat is None or lon is None:
        return UNKNOWN_COST
    dark = night_us(round(lat, 1), round(lon, 1), scene.now.astimezone(scene.zone).date())
    dark_h = 0.0 if dark is None else (dark[1] - dark[0]) / 3.6e9
    return cost_of_light(scene, watt * (_DAY_H - dark_h) / 1000.0, "day-burning")
