"""What an OPS243 radar says, line by line. Pure: bytes in, reports out.

Source: OmniPreSense AN-010 (API interface) and OPS243 user manual UM-003: units U…, JSON OJ, magnitude OM (reported
before the speed), time OT (before both), several reports per line On, object messages OC. Positive = inbound.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from bypuls.edge.drivers.patience import BadFrame
from bypuls.wire.errors import shown

Way = Literal["inbound", "outbound"]

# km/h per unit, in both spellings: of a report ("kmph") and of the answer to U? ("km-per-hr"). Mile: 1,609.344 m.
KMH_PER_UNIT: Mapping[str, float] = MappingProxyType(
    {
        "kmph": 1.0,
        "km-per-hr": 1.0,
        "mps": 3.6,
        "m-per-sec": 3.6,
        "cmps": 0.036,
        "cm-per-sec": 0.036,
        "fps": 1.09728,
        "ft-per-sec": 1.09728,
        "mph": 1.609344,
    }
)
# Twice what the fastest sampling of the radar is used for on roads: above, the line is damaged.
HIGHEST_KMH = 400.0
MAX_LINE = 2048


@dataclass(frozen=True, slots=True)
class SpeedReport:
    """One speed of one moment: `speed_kmh` [km/h], signed as the radar says it; `way` where the radar names it."""

    speed_kmh: float
    magnitude: float | None = None
    way: Way | None = None


@dataclass(frozen=True, slots=True)
class ObjectReport:
    """One object that the radar tracked itself: `speed_kmh` is its highest, [km/h], unsigned; `length_m` [m]."""

    speed_kmh: float
    way: Way
    magnitude: float | None = None
    length_m: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the radar tells about itself: settings, version, time, range."""

    values: Mapping[str, object]


Report = SpeedReport | ObjectReport | Answer


class LineSplitter:
    """Lines out of a byte stream. 2,049 bytes without a line end are handed on as a line, which no decoder takes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines completed by `data`, without their ends; blank ones are left out."""
        *lines, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        if len(self._rest) > MAX_LINE:
            lines.append(self._rest)
            self._rest = b""
        return [line for line in lines if line.strip()]


def decode_line(line: bytes, *, unit: str = "kmph") -> tuple[Report, ...]:
    """The reports of one line; several where the radar was told to report several speeds, none where it is blank.

    unit : what a line without a unit of its own is in.
    Raises BadFrame.  Source: OmniPreSense AN-010.
    """
    if len(line) > MAX_LINE:
        raise BadFrame(f"{shown(line)} — expected lines of at most {MAX_LINE} bytes")
    try:
        text = line.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise BadFrame(f"{shown(line)} — expected ASCII") from error
    if not text:
        return ()
    if text[0] in "{[":
        return _json(text, unit)
    return _plain(text, unit)


def _json(text: str, unit: str) -> tuple[Report, ...]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"{shown(text)} — expected JSON") from error
    items = value if isinstance(value, list) else [value]
    reports: list[Report] = []
    for item in items:
        if not isinstance(item, dict):
            raise BadFrame(f"{shown(text)} — expected an object, or a list of them")
        reports.extend(_object(item, unit))
    return tuple(reports)


def _object(item: dict[str, Any], unit: str) -> tuple[Report, ...]:
    if "classifier" in item:
        return (_tracked(item),)
    if "speed" not in item:
        return (Answer(MappingProxyType(item)),)
    factor = _factor(item.get("unit", unit))
    speeds = _numbers("speed", item["speed"])
    magnitudes = _numbers("magnitude", item["magnitude"]) if "magnitude" in item else ()
    if magnitudes and len(magnitudes) != len(speeds):
        raise BadFrame(f"magnitude: {shown(item['magnitude'])} — expected one for each of {len(speeds)} speeds")
    way = _way(item["direction"]) if "direction" in item else None
    return tuple(
        _speed(speed * factor, magnitudes[index] if magnitudes else None, way) for index, speed in enumerate(speeds)
    )


def _tracked(item: dict[str, Any]) -> ObjectReport:
    classifier = item["classifier"]
    for prefix in ("object_", ""):
        if classifier in (f"{prefix}inbound", f"{prefix}outbound"):
            way: Way = "inbound" if classifier.endswith("inbound") else "outbound"
            break
    else:
        raise BadFrame(f"classifier: {shown(classifier)} — expected object_inbound or object_outbound")
    for suffix in ("mps", "kmph", "mph", "fps", "cmps"):
        if f"max_speed_{suffix}" in item:
            (speed,) = _numbers("max_speed", item[f"max_speed_{suffix}"], most=1)
            return ObjectReport(
                speed_kmh=_plausible(abs(speed * KMH_PER_UNIT[suffix])),
                way=way,
                magnitude=_maybe(item, "max_magnitude"),
                length_m=_maybe(item, "length_m"),
            )
    raise BadFrame(f"object {shown(sorted(item))} — expected max_speed_mps or max_speed_ with another unit")


def _plain(text: str, unit: str) -> tuple[Report, ...]:
    """`[unit,][[time,]magnitude,]speed`, the form without JSON."""
    parts = [part.strip() for part in text.split(",")]
    if parts[0].startswith('"') and parts[0].endswith('"'):
        unit = parts.pop(0).strip('"')
    factor = _factor(unit)
    if not 1 <= len(parts) <= 3:
        raise BadFrame(f"{shown(text)} — expected [time,][magnitude,]speed")
    numbers = [_numbers("speed", part, most=1)[0] for part in parts]
    return (_speed(numbers[-1] * factor, numbers[-2] if len(numbers) > 1 else None, None),)


def _speed(speed_kmh: float, magnitude: float | None, way: Way | None) -> SpeedReport:
    _plausible(abs(speed_kmh))
    if magnitude is not None and magnitude < 0:
        raise BadFrame(f"magnitude: {magnitude!r} — expected a number from 0")
    return SpeedReport(speed_kmh, magnitude, way)


def _plausible(speed_kmh: float) -> float:
    if speed_kmh > HIGHEST_KMH:
        raise BadFrame(f"speed: {speed_kmh:g} km/h — expected at most {HIGHEST_KMH:g}")
    return speed_kmh


def _factor(unit: object) -> float:
    factor = KMH_PER_UNIT.get(unit) if isinstance(unit, str) else None
    if factor is None:
        raise BadFrame(f"unit: {shown(unit)} — expected one of {', '.join(KMH_PER_UNIT)}")
    return factor


def _way(value: object) -> Way:
    if value == "inbound":
        return "inbound"
    if value == "outbound":
        return "outbound"
    raise BadFrame(f"direction: {shown(value)} — expected inbound or outbound")


def _maybe(item: Mapping[str, Any], name: str) -> float | None:
    return _numbers(name, item[name], most=1)[0] if name in item else None


def _numbers(name: str, value: object, *, most: int = 9) -> tuple[float, ...]:
    """Numbers as the radar writes them: bare, in quotes, or several in a list."""
    items = value if isinstance(value, list) else [value]
    if not 1 <= len(items) <= most:
        raise BadFrame(f"{name}: {shown(value)} — expected 1 to {most} numbers")
    numbers: list[float] = []
    for item in items:
        number = math.nan
        if isinstance(item, str | int | float) and not isinstance(item, bool):
            try:
                number = float(item)
            except (ValueError, OverflowError):
                number = math.nan  # told below like any other that is no number
        if not math.isfinite(number):
            raise BadFrame(f"{name}: {shown(item)} — expected a number")
        numbers.append(number)
    return tuple(numbers)
