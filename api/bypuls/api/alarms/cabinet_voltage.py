"""A voltage that is wrong at many lamps of one cabinet: one alarm of the cabinet, not one of each lamp."""

from __future__ import annotations

from collections.abc import Iterator

from bypuls.analysis.lighting.lamp_rules import LampLimits
from bypuls.api.alarms.finding import Asked, Finding
from bypuls.api.alarms.scene import Scene
from bypuls.api.lighting.lamps_now import LampNow
from bypuls.api.lighting_watch.view import LATE_US
from bypuls.wire import Lamp as LampReading

VOLTAGES = ("lampVoltageTooLow", "lampVoltageTooHigh")
SHARE = 0.5
"""Of the lamps that tell their voltage: those next to the cabinet may be within the limits while its far end isn't."""
_LEAST = LampLimits().cabinet_lamps


def wrong_voltages(scene: Scene, asked: Asked) -> Iterator[Finding]:
    """Cabinets of which half the lamps that tell their voltage, three at least, tell of one too low or too high, by
    their own diagnosis or as inferred. Lamps that are silent say nothing: it ends when those that speak tell better."""
    lamps: dict[str, list[LampNow]] = {}
    for one in scene.lamps.values():
        lamps.setdefault(one.lamp.cabinet or "", []).append(one)
    for cabinet in asked:
        mine = lamps.get(cabinet, [])
        heard = [one for one in mine if one.state != "unknown"]
        telling = [one for one in heard if _tells(scene, one)]
        if not telling:
            # The watch may still be catching up.
            yield Finding(cabinet, "holding" if heard else "unknown")
            continue
        by_name = {name: [one for one in telling if name in one.faults] for name in VOLTAGES}
        wrong = {
            name: many for name, many in by_name.items() if len(many) >= max(_LEAST, SHARE * len(telling))
        }  # fmt: skip
        evidence_us = max((at for one in telling if (at := _evidence_us(one)) is not None), default=None)
        if not wrong:
            yield Finding(cabinet, "absent", evidence_us=evidence_us)
            continue
        since = [at for name, many in wrong.items() for one in many if (at := _since_us(one, name)) is not None]
        facts = {"names": list(wrong), "lamps_wrong": max(map(len, wrong.values())), "lamps_n": len(mine)}
        yield Finding(cabinet, "present", min(since, default=None), evidence_us, facts)


def _tells(scene: Scene, lamp: LampNow) -> bool:
    """Whether a lamp says something of its voltage: itself, or by readings that have been judged."""
    if any(name in lamp.said for name in VOLTAGES):
        return True
    reading = scene.latest[lamp.sensor.id].current if lamp.sensor is not None else None
    judged = lamp.watched is not None and scene.now_us - lamp.watched.until_us <= LATE_US
    return judged and isinstance(reading, LampReading) and reading.voltage_v is not None


def _since_us(lamp: LampNow, name: str) -> int | None:
    told = dict(lamp.watched.faults) if lamp.watched is not None else {}
    return told.get(name)


def _evidence_us(lamp: LampNow) -> int | None:
    return lamp.spoke_us if lamp.watched is None else max(lamp.watched.until_us, lamp.spoke_us or 0)
