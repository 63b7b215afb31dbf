"""The town's lights now: lamps and cabinets with what is wrong, and stretches of street that are dark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bypuls.analysis.lighting.figures import dark_stretches
from bypuls.api.alarms.telling import moment
from bypuls.api.context import ApiContext
from bypuls.api.directory import Directory
from bypuls.api.geometry import on_plane_km
from bypuls.api.latest import Latest, latest_of
from bypuls.api.lighting.cabinet_meters import main_meters, power_now, sees_lamps
from bypuls.api.lighting.lamps_now import STATES, Judging, LampNow, LampState, lamps_now, place_of
from bypuls.api.lighting.night import Profiles
from bypuls.api.lighting_watch.view import WatchedCabinet, Watching
from bypuls.store.book import LIVING, Alarm, AlarmBook, AlarmFilter, LightingWatchBook
from bypuls.store.registry import Lamp, Sensor
from bypuls.wire import Cabinet, from_us, to_us

DARK_KINDS = ("lamp-out", "feeder-out")
TALQ_OF = {
    "lamp-out": "lampFailure", "lamps-out": "lampFailure", "lamp-day-burner": "lampUnexpectedOn",
    "lamps-day-burning": "lampUnexpectedOn", "feeder-out": "supplyLoss",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Town:
    """One moment. lamps : by lamp.  alarms : those of lighting that live.  by_lamp, by_cabinet : the same by place.
    watching : what is inferred."""

    directory: Directory
    now_us: int
    lamps: Mapping[str, LampNow]
    latest: Mapping[str, Latest]
    alarms: Sequence[Alarm]
    by_lamp: Mapping[str, Sequence[Alarm]]
    by_cabinet: Mapping[str, Sequence[Alarm]]
    watching: Watching

    def state(self, lamp: str) -> LampState:
        """A lamp's state: an alarm that lives is a fault also by day, when nothing of it can be seen."""
        now = self.lamps[lamp]
        if now.state == "unknown" or not any(one.state != "unknown" for one in self.by_lamp.get(lamp, ())):
            return now.state
        return "fault"

    def dark(self, lamp: str) -> bool:
        """Whether it is known to be out, now or when it last had to burn."""
        if self.lamps[lamp].out:
            return True
        told = self.by_lamp.get(lamp, ())
        return any(one.kind in DARK_KINDS and one.state != "unknown" for one in told)


def town_now(context: ApiContext, directory: Directory) -> Town:
    """The town's lights as they are."""
    now = context.clock()
    asked = [one for one in directory.sensors.values() if one.lamp or one.cabinet]
    latest = {one.sensor.id: one for one in latest_of(context.store, asked, now)}
    watching = Watching.of(LightingWatchBook(context.registry).told())
    judging = Judging(directory, Profiles(directory, context.settings.zone), now, watching)
    _, alarms = AlarmBook(context.registry).listed(AlarmFilter(LIVING, domain="lighting"))
    by_lamp: dict[str, list[Alarm]] = {}
    by_cabinet: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        sensor = directory.sensors.get(alarm.subject)
        if alarm.subject_kind == "cabinet":
            by_cabinet.setdefault(alarm.subject, []).append(alarm)
            if alarm.kind == "feeder-out":
                for lamp in directory.lamps.values():
                    if lamp.cabinet == alarm.subject:
                        by_lamp.setdefault(lamp.id, []).append(alarm)
        elif sensor is not None and sensor.lamp is not None:
            by_lamp.setdefault(sensor.lamp, []).append(alarm)
        elif sensor is not None and sensor.cabinet is not None:
            by_cabinet.setdefault(sensor.cabinet, []).append(alarm)
    found = lamps_now(judging, directory.lamps.values(), latest)
    return Town(directory, to_us(now), found, latest, alarms, by_lamp, by_cabinet, watching)


def alarm_faults(alarm: Alarm) -> list[str]:
    """The TALQ names that an alarm stands for."""
    if alarm.kind in TALQ_OF:
        return [TALQ_OF[alarm.kind]]
    return [str(name) for name in alarm.facts.get("names") or ()]


def lamp_entry(town: Town, lamp: str) -> dict[str, Any]:
    """A lamp for machines."""
    now = town.lamps[lamp]
    row = now.lamp
    lat, lon = row.lat, row.lon
    alarms = town.by_lamp.get(lamp, ())
    state = town.state(lamp)
    began = [one.began_us for one in alarms if one.state != "unknown"]
    return {
        "lamp": row.id, "name": row.name, "cabinet": row.cabinet, "site": row.site, "lat": lat, "lon": lon,
        "watt": row.watt, "lamp_type": row.lamp_type, "lighting_class": row.lighting_class,
        "road_class": row.road_class, "school_way": _way(town.directory, row), "cycle_path": row.cycle_path,
        "installed": row.installed, "sensor": now.sensor.id if now.sensor is not None else None,
        "state": state, "lit": now.lit,
        "since": moment(min(began) if state == "fault" and began else now.spoke_us if state == "unknown" else None),
        "power_w": now.power_w, "expected_w": now.expected_w, "level_pct": now.level_pct,
        "inferred": _inferred_of(now),
        "faults": list(dict.fromkeys((*now.faults, *(name for one in alarms for name in alarm_faults(one))))),
        "alarms": [one.id for one in alarms],
    }  # fmt: skip


def cabinet_entry(town: Town, cabinet: str) -> dict[str, Any]:
    """A cabinet for machines: its lamps by state, what its meter sees, what it should."""
    row = town.directory.cabinets[cabinet]
    mine = [one for one in town.lamps.values() if one.lamp.cabinet == cabinet]
    alarms = town.by_cabinet.get(cabinet, ())
    meters = main_meters(town.directory, cabinet, from_us(town.now_us))
    power_w = power_now(meters, town.latest)
    expected = [one.expected_w for one in mine]
    contacts = [one.current for one in _heard(town, cabinet, "cabinet")]
    door = next((one.door_open for one in contacts if isinstance(one, Cabinet) and one.door_open is not None), None)
    on = next((one.contactor_on for one in contacts if isinstance(one, Cabinet) and one.contactor_on is not None), None)
    lost = sees_lamps(mine, power_w) is False
    if lost or any(one.state != "unknown" for one in alarms):
        state = "fault"
    elif power_w is None and all(one.lit is None for one in mine):
        state = "unknown"
    else:
        lit = any(one.lit for one in mine) or (power_w or 0.0) > 0.2 * sum(one.lamp.watt or 0.0 for one in mine) > 0.0
        state = "ok" if lit else "off"
    whole = bool(expected) and all(one is not None for one in expected)
    return {
        "cabinet": row.id, "name": row.name, "site": row.site, "lat": row.lat, "lon": row.lon, "state": state,
        "lamps": by_state(town, mine), "lamps_registered": row.lamp_count, "power_w": power_w,
        "power_at": moment(_spoke_us(town, meters)),
        "expected_w": sum(one or 0.0 for one in expected) if whole else None,
        "learned": _learned(town.watching.cabinets.get(cabinet)),
        "door_open": door, "contactor_on": on,
        "faults": list(dict.fromkeys((
            *([TALQ_OF["feeder-out"]] if lost else []), *(name for one in alarms for name in alarm_faults(one)),
        ))),
        "alarms": [one.id for one in alarms],
    }  # fmt: skip


def _inferred_of(lamp: LampNow) -> list[dict[str, Any]]:
    told = () if lamp.watched is None else lamp.watched.faults
    return [{"name": name, "since": moment(since), "lamps": 1, "confidence": None} for name, since in told]


def _learned(known: WatchedCabinet | None) -> dict[str, Any] | None:
    """What a cabinet's meter should draw, and what it tells of the lamps."""
    if known is None:
        return None
    inferred = [
        {"name": "lampFailure", "since": moment(one.from_us), "lamps": one.lamps, "confidence": one.confidence}
        for one in known.steps
    ]
    for name, since_us, lamps in (
        ("lampUnexpectedOn", known.day_burning_us, known.day_lamps),
        ("supplyLoss", known.supply_lost_us, known.lamps_n),
    ):
        if since_us is not None:
            told = None if lamps is None else round(lamps)
            inferred.append({"name": name, "since": moment(since_us), "lamps": told, "confidence": None})
    return {
        "until": moment(known.until_us), "power_w": known.power_w, "expected_w": known.expected_w,
        "learned": known.learned, "nights_n": known.nights_n, "nights_needed": known.nights_needed,
        "detectable_lamps": known.detectable_lamps, "inferred": inferred,
    }  # fmt: skip


def by_state(town: Town, lamps: Iterable[LampNow]) -> dict[str, int]:
    """How many lamps are in each state."""
    counts = Counter(town.state(one.lamp.id) for one in lamps)
    return {state: counts[state] for state in STATES}


def stretches(town: Town) -> list[dict[str, Any]]:
    """Neighbouring lamps of a street that are known to be out, the most important road first."""
    streets: dict[str, list[Lamp]] = {}
    for lamp in town.directory.lamps.values():
        if lamp.site is not None and lamp.lat is not None and lamp.lon is not None:
            streets.setdefault(lamp.site, []).append(lamp)
    found = []
    for site, lamps in streets.items():
        if sum(town.dark(one.id) for one in lamps) < 2:
            continue
        ordered, chainage_m = along(lamps)
        for stretch in dark_stretches(chainage_m, [town.dark(one.id) for one in ordered]):
            part = ordered[stretch.first : stretch.last + 1]
            found.append({
                "site": site, "name": town.directory.sites[site].name if site in town.directory.sites else site,
                "lamps": [one.id for one in part], "length_m": round(stretch.length_m, 1),
                "road_class": part[0].road_class, "school_way": any(_way(town.directory, one) for one in part),
                "cycle_path": any(one.cycle_path for one in part),
                "line": [[one.lat, one.lon] for one in part],
            })  # fmt: skip
    return sorted(found, key=lambda one: (not one["school_way"], not one["cycle_path"], -one["length_m"]))


def along(lamps: Sequence[Lamp]) -> tuple[list[Lamp], list[float]]:
    """A street's lamps in their order along its longest direction, and where each stands along the line through them
    [m]. Good for a street; one that turns back on itself has no such order."""
    origin = (float(lamps[0].lon or 0.0), float(lamps[0].lat or 0.0))
    points = np.array([on_plane_km((one.lon or 0.0, one.lat or 0.0), origin) for one in lamps]) * 1000.0
    _, _, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    order = np.argsort(points @ axes[0], kind="stable")
    steps = np.linalg.norm(np.diff(points[order], axis=0), axis=1)
    return [lamps[i] for i in order.tolist()], np.concatenate(([0.0], np.cumsum(steps))).tolist()


def _way(directory: Directory, lamp: Lamp) -> bool | None:
    """Whether a lamp stands on a school way: by its own row, else by its street's."""
    site = directory.sites.get(lamp.site or "")
    return lamp.school_way if lamp.school_way is not None else (site.school_way if site is not None else None)


def _heard(town: Town, cabinet: str, kind: str) -> list[Latest]:
    return [one for one in town.latest.values() if one.sensor.cabinet == cabinet and one.sensor.kind == kind]


def _spoke_us(town: Town, meters: Sequence[Sensor]) -> int | None:
    heard = (town.latest[one.id].reading for one in meters if one.id in town.latest)
    return max((to_us(one.t) for one in heard if one is not None and one.t is not None), default=None)


__all__ = ["Town", "along", "by_state", "cabinet_entry", "lamp_entry", "place_of", "stretches", "town_now"]
