"""The newest reading of each sensor, and whether it is still worth anything: a silent sensor says that it is silent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bypuls.store.protocol import Store
from bypuls.store.registry import Sensor
from bypuls.wire import Reading, TrafficBin, format_time, to_us

# Where the registry names no interval: after this long without a reading a sensor of the kind is silent [s].
SILENT_AFTER_S = {
    "lamp": 900.0,
    "passage": 7200.0,
    "traffic_bin": 10_800.0,
    "meter": 900.0,
    "cabinet": 900.0,
    "weather": 1800.0,
    "health": 300.0,
}
_INTERVALS = 3.0

State = Literal["current", "silent", "never"]


@dataclass(frozen=True, slots=True)
class Latest:
    """A sensor's newest reading. state : never = the store knows no reading of it."""

    sensor: Sensor
    reading: Reading | None
    age_s: float | None
    silent_after_s: float

    @property
    def state(self) -> State:
        """Whether the reading speaks of now."""
        if self.age_s is None:
            return "never"
        return "silent" if self.age_s > self.silent_after_s else "current"

    @property
    def current(self) -> Reading | None:
        """The reading, while it speaks of now."""
        return self.reading if self.state == "current" else None


def silent_after_s(sensor: Sensor) -> float:
    """After how long without a reading `sensor` counts as silent [s]: three intervals, else its kind's default."""
    if sensor.interval_s is None:
        return SILENT_AFTER_S[sensor.kind]
    return _INTERVALS * sensor.interval_s


def latest_of(store: Store, sensors: Iterable[Sensor], now: datetime) -> list[Latest]:
    """The newest reading of each sensor, in their order."""
    by_kind: dict[str, list[str]] = {}
    listed = list(sensors)
    for sensor in listed:
        by_kind.setdefault(sensor.kind, []).append(sensor.id)
    found: dict[str, dict[str, Reading]] = {kind: store.latest(kind, ids) for kind, ids in by_kind.items()}
    result = []
    for sensor in listed:
        reading = found[sensor.kind].get(sensor.id)
        age_s = None
        if reading is not None and reading.t is not None:
            # A count speaks of a whole period; a clock that runs ahead by a moment gives no negative age.
            period_s = reading.period_s if isinstance(reading, TrafficBin) else 0
            age_s = max(0.0, (to_us(now) - to_us(reading.t)) / 1e6 - period_s)
        result.append(Latest(sensor, reading, age_s, silent_after_s(sensor)))
    return result


def told(latest: Latest, *, passages: bool) -> dict[str, Any]:
    """What an answer says of it. Without `passages` a single vehicle isn't told: neither its speed nor its moment."""
    sensor = latest.sensor
    asset = sensor.asset
    entry: dict[str, Any] = {
        "sensor": sensor.id,
        "kind": sensor.kind,
        "name": sensor.name,
        "asset_kind": asset[0] if asset else None,
        "asset": asset[1] if asset else None,
        "medium": sensor.medium,
        "state": latest.state,
        "stale": latest.state != "current",
        "t": None,
        "age_s": latest.age_s,
        "silent_after_s": latest.silent_after_s,
        "withheld": False,
        "values": None,
        "last_values": None,
    }
    reading = latest.reading
    if reading is None or reading.t is None:
        return entry
    if sensor.kind == "passage" and not passages:
        minute = reading.t.replace(second=0, microsecond=0)
        entry |= {"t": format_time(minute), "withheld": True, "age_s": round((latest.age_s or 0.0) / 60.0) * 60.0}
        return entry
    entry["t"] = format_time(reading.t)
    # What a silent sensor said last is never shown as what is.
    entry["values" if latest.state == "current" else "last_values"] = reading.values()
    return entry
