"""What each lamp is doing now, judged by its own word and by its power. Silence is unknown: neither well nor repaired.

Source of the thresholds: the rules of `bypuls.analysis.lighting.lamp_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from bypuls.analysis.lighting.lamp_rules import LampLimits
from bypuls.api.directory import Directory, there
from bypuls.api.latest import Latest
from bypuls.api.lighting.night import FULL_PCT, Profiles, Sky, sky_at
from bypuls.api.lighting_watch.view import LATE_US, NOTHING, WatchedLamp, Watching
from bypuls.store.registry import Lamp, Sensor
from bypuls.wire import Lamp as LampReading
from bypuls.wire import to_us

LampState: TypeAlias = Literal["ok", "dimmed", "off", "fault", "unknown"]
STATES: tuple[LampState, ...] = ("fault", "unknown", "ok", "dimmed", "off")
OUT, DAY_BURNER = "lampFailure", "lampUnexpectedOn"
_LIMITS = LampLimits()


@dataclass(frozen=True, slots=True)
class LampNow:
    """One lamp. state : off = not lit, as it should be.  since_us : when it spoke last, where it is unknown.

    said : TALQ names of its own diagnosis.  inferred : names that its power tells.  out, lit : None = unknown.
    expected_w : what it should draw now, also of one that is silent: as learned, else by wattage and level; None where
    none of that is known.
    watched : what the watch knows of it; None = nothing yet.
    """

    lamp: Lamp
    sensor: Sensor | None
    state: LampState
    spoke_us: int | None = None
    power_w: float | None = None
    level_pct: float | None = None
    expected_w: float | None = None
    said: tuple[str, ...] = ()
    inferred: tuple[str, ...] = ()
    lit: bool | None = None
    sky: Sky | None = None
    watched: WatchedLamp | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """Every name, once."""
        return tuple(dict.fromkeys((*self.said, *self.inferred)))

    @property
    def out(self) -> bool | None:
        """Whether it is dark where it should burn; None = unknown."""
        return None if self.state == "unknown" else OUT in self.faults


@dataclass(frozen=True, slots=True)
class Judging:
    """What judging lamps needs beside them."""

    directory: Directory
    profiles: Profiles
    now: datetime
    watching: Watching = NOTHING
    limits: LampLimits = field(default=_LIMITS)


def lamp_sensors(directory: Directory, now: datetime) -> dict[str, Sensor]:
    """The sensor that each lamp has now, by lamp."""
    return {
        row.lamp: row for row in directory.sensors.values()
        if row.kind == "lamp" and row.lamp is not None and there(row, now)
    }  # fmt: skip


def lamps_now(judging: Judging, lamps: Iterable[Lamp], latest: Mapping[str, Latest]) -> dict[str, LampNow]:
    """Every lamp's state, by lamp. latest : by sensor."""
    sensors = lamp_sensors(judging.directory, judging.now)
    return {lamp.id: _judged(judging, lamp, sensors.get(lamp.id), latest) for lamp in lamps}


def place_of(directory: Directory, lamp: Lamp) -> tuple[float | None, float | None]:
    """Where a lamp stands; where its own place isn't known, its cabinet's, else its street's."""
    site = directory.sites.get(lamp.site or "")
    for row in (lamp, directory.cabinets.get(lamp.cabinet or ""), site):
        if row is not None and row.lat is not None and row.lon is not None:
            return row.lat, row.lon
    return None, None


def _judged(judging: Judging, lamp: Lamp, sensor: Sensor | None, latest: Mapping[str, Latest]) -> LampNow:
    heard = latest.get(sensor.id) if sensor is not None else None
    spoke_us = None if heard is None or heard.reading is None or heard.reading.t is None else to_us(heard.reading.t)
    said_now = None if heard is None or spoke_us is None else heard.current
    reading = said_now if isinstance(said_now, LampReading) else None
    sky = sky_at(*place_of(judging.directory, lamp), judging.now)
    watched = judging.watching.lamps.get(lamp.id)
    level, expected_w = _wanted(judging, lamp, reading, sky, watched)
    if reading is None:
        return LampNow(lamp, sensor, "unknown", spoke_us, expected_w=expected_w, sky=sky)
    lit = _lit(judging.limits, lamp, reading)
    said = tuple(reading.faults or ())
    nominal_w = expected_w if lamp.watt is None or level is None else lamp.watt * level / 100.0
    inferred = _inferred(judging.limits, lamp, reading, sky, lit, level, nominal_w)
    if watched is not None and to_us(judging.now) - watched.until_us < LATE_US:
        inferred += tuple(name for name, _ in watched.faults)
    state: LampState
    if said or inferred:
        state = "fault"
    elif lit is None:
        state = "unknown"
    elif not lit:
        state = "off"
    else:
        state = "dimmed" if reading.level_pct is not None and reading.level_pct < FULL_PCT else "ok"
    return LampNow(
        lamp, sensor, state, spoke_us, reading.power_w, reading.level_pct, expected_w, said, inferred, lit, sky,
        watched,
    )  # fmt: skip


def _wanted(
    judging: Judging, lamp: Lamp, reading: LampReading | None, sky: Sky | None, watched: WatchedLamp | None
) -> tuple[float | None, float | None]:
    """The level [%] that it should have now, and the power [W] of it: as learned, else by its wattage."""
    if sky is None:
        return None, None
    if sky.day:
        return 0.0, 0.0
    if not sky.night:
        return None, None
    level = judging.profiles.level_pct(lamp, judging.now)
    if level is None:
        said = None if reading is None or not reading.on else reading.level_pct
        level = FULL_PCT if said is None else said
    learned_w = None if watched is None else watched.expected_w(level)
    by_register_w = None if lamp.watt is None else lamp.watt * level / 100.0
    return level, by_register_w if learned_w is None else learned_w


def _lit(limits: LampLimits, lamp: Lamp, reading: LampReading) -> bool | None:
    """Whether light comes out of it: by its power where that says it, else by its own word."""
    if reading.power_w is not None and lamp.watt is not None:
        commanded = 1.0 if reading.level_pct is None or not reading.on else max(reading.level_pct, 1.0) / 100.0
        return reading.power_w >= limits.out_below * lamp.watt * commanded
    return reading.on


def _inferred(
    limits: LampLimits, lamp: Lamp, reading: LampReading, sky: Sky | None, lit: bool | None, level: float | None,
    expected_w: float | None,
) -> tuple[str, ...]:  # fmt: skip
    if sky is None or lit is None:
        return ()
    if sky.night and level:
        dark = not lit if expected_w is None or reading.power_w is None else (
            reading.power_w < limits.out_below * expected_w
        )  # fmt: skip
        return (OUT,) if dark else ()
    if sky.day:
        burns = lit if reading.power_w is None or lamp.watt is None else (
            reading.power_w > limits.day_above * lamp.watt
        )  # fmt: skip
        return (DAY_BURNER,) if burns else ()
    return ()
