"""What a crew should look at, the riskiest first: the alarms that live, with where they are and what they darken."""

from __future__ import annotations

from typing import Any

from bypuls.api.alarms.telling import moment, name_of
from bypuls.api.alarms.words import AlarmWords
from bypuls.api.lighting.lamps_now import place_of
from bypuls.api.lighting.town import Town, alarm_faults, lamp_entry, stretches
from bypuls.store.book import Alarm, AlarmBook

REASONS = {"dark-stretch": 8, "school-way": 4, "cycle-path": 2, "traffic-road": 1}
"""What makes a fault urgent, and its weight: each outweighs all that follow."""
_DAY_US = 86_400_000_000
_UNKNOWN_PLACE = (None, None)


def work_list(town: Town, book: AlarmBook, words: AlarmWords) -> list[dict[str, Any]]:
    """The entries by risk, of equal ones the oldest first. Alarms that another one says already are in that one."""
    dark = {lamp for one in stretches(town) for lamp in one["lamps"]}
    found = [_entry(town, book, words, one, dark) for one in town.alarms if one.part_of is None]
    return sorted(found, key=lambda one: (-one["risk"], one["began"], one["alarm"]))


def _entry(town: Town, book: AlarmBook, words: AlarmWords, alarm: Alarm, dark: set[str]) -> dict[str, Any]:
    directory = town.directory
    sensor = directory.sensors.get(alarm.subject)
    lamp = sensor.lamp if sensor is not None else None
    cabinet = alarm.subject if alarm.subject_kind == "cabinet" else sensor.cabinet if sensor is not None else None
    if lamp in directory.lamps:
        lamps, cabinet = [str(lamp)], directory.lamps[str(lamp)].cabinet
        lat, lon = place_of(directory, directory.lamps[str(lamp)])
    else:
        lamps = [one.id for one in directory.lamps.values() if one.cabinet == cabinet]
        row = directory.cabinets.get(cabinet or "")
        lat, lon = (row.lat, row.lon) if row is not None else _UNKNOWN_PLACE
        if alarm.kind != "feeder-out":
            lamps = []
    # Which of a cabinet's lamps are out its meter doesn't tell: any of them may be.
    perhaps = (
        [one.id for one in directory.lamps.values() if one.cabinet == cabinet] if alarm.kind == "lamps-out" else []
    )
    told = [lamp_entry(town, one) for one in lamps or perhaps if one in town.lamps]
    darkens = alarm.kind in ("lamp-out", "lamps-out", "feeder-out")
    tests = {
        "dark-stretch": darkens and any(one in dark for one in lamps),
        "school-way": any(one["school_way"] for one in told),
        "cycle-path": any(one["cycle_path"] for one in told),
        "traffic-road": any((one["lighting_class"] or "").upper().startswith("M") for one in told),
    }
    reasons = [name for name, met in tests.items() if met]
    # What burns too long is waste, not a danger.
    risk = sum(REASONS[name] for name in reasons) if darkens else 0
    site = next((one["site"] for one in told if one["site"]), alarm.place if alarm.place_kind == "site" else None)
    notes = [one for one in book.events(alarm.id) if one.note]
    return {
        "alarm": alarm.id, "kind": alarm.kind, "title": words.kind(alarm.kind), "text": words.sentence(alarm),
        "faults": alarm_faults(alarm), "state": alarm.state, "severity": alarm.severity,
        "acknowledged_by": alarm.acknowledged_by, "began": moment(alarm.began_us), "since": moment(alarm.since_us),
        "age_days": round(max(0, town.now_us - alarm.began_us) / _DAY_US, 2), "risk": risk, "reasons": reasons,
        "lamp": lamp, "lamps": lamps, "cabinet": cabinet, "site": site,
        "name": name_of(directory, "lamp", lamp) if lamp else name_of(directory, "cabinet", cabinet),
        "street": name_of(directory, "site", site) or None, "lat": lat, "lon": lon, "geo": geo(lat, lon),
        "lamp_type": told[0]["lamp_type"] if len(told) == 1 else None,
        "watt": told[0]["watt"] if len(told) == 1 else None,
        "wasted_kwh_per_day": alarm.cost.get("kwh_per_day"), "wasted_dkk_per_day": alarm.cost.get("dkk_per_day"),
        "notes": [{"t": moment(one.t_us), "actor": one.actor, "text": one.note} for one in notes],
    }  # fmt: skip


def geo(lat: float | None, lon: float | None) -> str | None:
    """A place as a link that telephones open in their own map (RFC 5870): no stranger's server is named."""
    return None if lat is None or lon is None else f"geo:{lat:.6f},{lon:.6f}"
